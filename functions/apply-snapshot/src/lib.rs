//! Plans, applies and undoes snapshots, removes users, and makes and changes organizations.
//!
//! - `POST /api/user-snapshots/{id}/apply` creates a user in the caller's organization with the setup of a snapshot.
//! - `POST /api/user-snapshots/{id}/plan` takes the same body and writes nothing.
//! - `GET /api/user-snapshots/{id}/applies` and `…/{applyId}` return the history.
//! - `GET /api/applies` returns that of the organization, across snapshots.
//! - `POST /api/user-snapshots/{id}/applies/{applyId}/undo` deletes the created user again, with everything.
//! - `DELETE /api/users/{userId}` removes a user in the same way, however it was made.
//! - `POST /api/organizations` and `PATCH /api/organizations/{orgId}` are here because this function may write organizations.

mod answer;
mod apply;
mod apply_document;
mod dry_run;
mod execution;
#[cfg(test)]
mod growth;
mod history;
mod operations;
mod organizations;
mod planning;
mod refusal;
mod removal;
mod repeat;
mod request;
mod revision_body;
mod timeline;
mod timeline_document;
mod undo;
mod undo_plan;

use std::convert::Infallible;

use lambda_http::{Body, Request, Response};
use shared::call::serve;
use shared::http::{Answer, ApiError, ApplyOperation, Edge};
use shared::password_hash::PasswordHasher;
use shared::store::Table;

pub use self::operations::operations;
pub use self::request::EXAMPLE;

/// The settings and clients of this function.
#[derive(Clone)]
pub struct App {
    /// The edge: keys, clock, randomness and CORS.
    pub edge: Edge,
    /// The table.
    pub table: Table,
    /// Hashes the new user's password.
    pub hasher: PasswordHasher,
}

/// One request of this function.
pub(crate) type Call<'a> = shared::call::Call<'a, App>;

/// Answers one request.
pub async fn handle(app: &App, request: Request) -> Result<Response<Body>, Infallible> {
    serve(app, &app.edge, &app.table, request, answer_operation).await
}

async fn answer_operation(call: &Call<'_>, operation: ApplyOperation) -> Result<Answer, ApiError> {
    match operation {
        ApplyOperation::ApplySnapshot => apply::apply(call).await,
        ApplyOperation::PlanSnapshot => dry_run::plan(call).await,
        ApplyOperation::ListApplies => history::list(call).await,
        ApplyOperation::GetApply => history::get(call).await,
        ApplyOperation::ListOrganizationApplies => timeline::list(call).await,
        ApplyOperation::UndoApply => undo::undo(call).await,
        ApplyOperation::RemoveUser => removal::remove(call).await,
        ApplyOperation::CreateOrganization => organizations::create(call).await,
        ApplyOperation::ChangeOrganization => organizations::change(call).await,
    }
}
