//! `POST /api/auth/login` and `GET /api/auth/verify-token`: signs in with a password, and checks tokens.

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

/// The settings and clients of this function.
#[derive(Clone)]
pub struct App {
    /// The edge: keys, clock, randomness and CORS.
    pub edge: Edge,
    /// The table.
    pub table: Table,
    /// Checks passwords.
    pub hasher: PasswordHasher,
    /// Signs the tokens. No other function has one.
    pub signer: TokenSigner,
    /// The number of proxies in front of the API.
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

/// Checks a token: it must be accepted, and the stored user must match it.
async fn verify_token(call: &Call<'_>) -> Result<Answer, ApiError> {
    call.confirm(&call.begin()?).await?;
    Answer::ok(&TokenAnswer { message: "Token is good" })
}

#[derive(Serialize, ToSchema)]
#[schema(as = TokenGood)]
struct TokenAnswer {
    /// `Token is good`.
    message: &'static str,
}
