//! Applying a snapshot, telling beforehand what that would do and afterwards what it did, and taking it back.
//!
//! - `POST /api/user-snapshots/{id}/apply` makes a new user in the caller's organization with the setup of a snapshot.
//! - `POST /api/user-snapshots/{id}/plan` takes the same body and writes nothing.
//! - `GET /api/user-snapshots/{id}/applies` and `…/{applyId}` tell who applied it, and what came of it.
//! - `POST /api/user-snapshots/{id}/applies/{applyId}/undo` takes the new user away again, with everything.

mod answer;
mod apply;
mod apply_document;
mod applying;
mod dry_run;
mod history;
mod judge;
mod operations;
mod repeat;
mod request;
mod revision_body;
mod undo;

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
            Some("/api/user-snapshots/{id}/applies") => history::list(&app.edge, &table, context, request).await,
            Some("/api/user-snapshots/{id}/applies/{applyId}") => {
                history::get(&app.edge, &table, context, request).await
            }
            Some("/api/user-snapshots/{id}/applies/{applyId}/undo") => {
                undo::undo(&app.edge, &table, context, request).await
            }
            _ => Err(route::no_route(request.method(), route::path_of(request))),
        };
        context.record_consumed(table.consumed());
        outcome
    })
    .await
}
