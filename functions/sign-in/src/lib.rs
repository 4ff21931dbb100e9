//! `POST /api/auth/login` and `GET /api/auth/verify-token`: a password for a token, and whether a token is good.

mod login;
mod operations;
pub mod signing_key;
#[cfg(test)]
mod tests;

use std::convert::Infallible;

use lambda_http::{Body, Request, Response};
use serde::Serialize;
use shared::call::serve;
use shared::http::{Answer, ApiError, Edge, SignInOperation, TokenSigner, TrustedHops};
use shared::password_hash::PasswordHasher;
use shared::store::Table;
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

/// One request of this function.
pub(crate) type Call<'a> = shared::call::Call<'a, App>;

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    serve(app, &app.edge, &app.table, request, answer).await
}

async fn answer(call: &Call<'_>, operation: SignInOperation) -> Result<Answer, ApiError> {
    match operation {
        SignInOperation::Login => login::login(call).await,
        SignInOperation::VerifyToken => verify_token(call).await,
    }
}

/// A token is good when it is accepted and the stored user is still who it says.
async fn verify_token(call: &Call<'_>) -> Result<Answer, ApiError> {
    call.confirm(&call.begin()?).await?;
    Answer::ok(&Good { message: "Token is good" })
}

#[derive(Serialize, ToSchema)]
#[schema(as = TokenGood)]
struct Good {
    /// `Token is good`.
    message: &'static str,
}
