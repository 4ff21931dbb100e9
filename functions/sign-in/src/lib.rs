//! `POST /api/auth/login` and `GET /api/auth/verify-token`: a password for a token, and whether a token is good.

mod login;
mod operations;
pub mod signing_key;
#[cfg(test)]
mod tests;

use std::convert::Infallible;

use lambda_http::{Body, Request, Response};
use serde::Serialize;
use shared::http::{Answer, ApiError, Edge, RequestContext, TokenSigner, TrustedHops, respond, route};
use shared::password_hash::PasswordHasher;
use shared::store::{Callers, Table};
use utoipa::ToSchema;

pub use self::operations::operations;

/// What this function works with.
#[derive(Clone)]
pub struct App {
    /// The edge.
    pub edge: Edge,
    /// The table.
    pub table: Table,
    /// Checks passwords.
    pub hasher: PasswordHasher,
    /// Signs the tokens. No other function has one.
    pub signer: TokenSigner,
    /// How many proxies stand in front of the API.
    pub trusted_hops: TrustedHops,
}

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    respond(&app.edge, request, async |context, request| {
        let table = app.table.for_request(context.time_left());
        let outcome = answer(app, &table, context, request).await;
        context.record_consumed(table.consumed());
        outcome
    })
    .await
}

async fn answer(app: &App, table: &Table, context: &RequestContext, request: &Request) -> Result<Answer, ApiError> {
    match context.route().map(|route| route.path) {
        Some("/api/auth/login") => login::login(app, table, context, request).await,
        Some("/api/auth/verify-token") => verify_token(app, table, context, request).await,
        _ => Err(route::no_route(request.method(), route::path_of(request))),
    }
}

/// A token is good when it is accepted and the stored user is still who it says.
async fn verify_token(
    app: &App,
    table: &Table,
    context: &RequestContext,
    request: &Request,
) -> Result<Answer, ApiError> {
    let caller = context.authenticate(&app.edge, request)?;
    caller.confirm(Callers::new(table).load(caller.organization, caller.user).await?)?;
    Answer::ok(&Good { message: "Token is good" })
}

#[derive(Serialize, ToSchema)]
#[schema(as = TokenGood)]
struct Good {
    /// `Token is good`.
    message: &'static str,
}
