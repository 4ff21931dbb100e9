//! Who can sign in, and how: everything that reads or writes a claim on an address beside an apply.
//!
//! - `POST /api/auth/login` and `GET /api/auth/verify-token` sign in with a password, and check tokens.
//! - `POST /api/auth/password` and `POST /api/auth/accept-invitation` set a password.
//! - `PATCH /api/users/{userId}` and `POST /api/users/{userId}/invitation` are for administrators.

mod acceptance;
mod invitations;
mod login;
mod operations;
mod password;
pub mod signing_key;
#[cfg(test)]
mod tests;
mod users;

use std::convert::Infallible;

use lambda_http::{Body, Request, Response};
use serde::Serialize;
use shared::call::serve;
use shared::domain::NetworkMark;
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

impl App {
    /// Returns the mark of the client's network, for attempts that are counted by `subject`.
    pub(crate) fn network_mark(&self, subject: &str, request: &Request) -> NetworkMark {
        self.signer.network_marks().mark(subject, self.trusted_hops.network_of(request))
    }

    /// Returns four random bytes, which tell the places of attempts apart.
    pub(crate) fn place(&self) -> [u8; 4] {
        let mut random = [0; 4];
        self.edge.randomness.fill(&mut random);
        random
    }
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
        SignInOperation::ChangeUser => users::change(call).await,
        SignInOperation::InviteUser => invitations::invite(call).await,
        SignInOperation::AcceptInvitation => acceptance::accept(call).await,
        SignInOperation::ChangePassword => password::change(call).await,
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
