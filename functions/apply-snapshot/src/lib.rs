//! Applying a snapshot, and telling beforehand what that would do.
//!
//! - `POST /api/user-snapshots/{id}/apply` makes a new user in the caller's organization with the setup of a snapshot.
//! - `POST /api/user-snapshots/{id}/plan` takes the same body and writes nothing.

mod answer;
mod apply;
mod dry_run;
mod judge;
mod operations;
mod repeat;
mod request;

use std::convert::Infallible;

use lambda_http::{Body, Request, Response};
use shared::http::{Edge, respond, route};
use shared::password_hash::PasswordHasher;
use shared::store::Table;

pub use self::operations::operations;
pub use self::request::EXAMPLE;

/// What this function works with.
#[derive(Clone)]
pub struct App {
    /// The edge.
    pub edge: Edge,
    /// The table.
    pub table: Table,
    /// Hashes the new user's password.
    pub hasher: PasswordHasher,
}

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    respond(&app.edge, request, async |context, request| {
        let table = app.table.for_request(context.time_left());
        let outcome = match context.route().map(|route| route.path) {
            Some("/api/user-snapshots/{id}/apply") => apply::apply(app, &table, context, request).await,
            Some("/api/user-snapshots/{id}/plan") => dry_run::plan(&app.edge, &table, context, request).await,
            _ => Err(route::no_route(request.method(), route::path_of(request))),
        };
        context.record_consumed(table.consumed());
        outcome
    })
    .await
}
