//! Records a refused apply for the history of the organization.

use lambda_http::http::StatusCode;
use shared::http::{ApiError, ORGANIZATION_ID};
use shared::store::{ApplyRefusal, Refusals};

use crate::Call;
use crate::planning::ApplyRequest;
use crate::request::NewUser;

/// Records why an apply is refused, with the new user where the body could be read. The refusal is answered whatever comes of it.
pub(crate) async fn record(call: &Call<'_>, request: &ApplyRequest, new_user: Option<&NewUser>, error: &ApiError) {
    if !is_recorded(error) || names_no_organization(error) {
        return;
    }
    let (now, principal) = (call.context.now(), &request.principal);
    let refusal = ApplyRefusal {
        id: call.edge.randomness.object_id(now),
        at: now,
        caller: principal,
        home: request.caller.caller().organization,
        credentials: request.caller.caller().credentials,
        snapshot: request.snapshot,
        email: new_user.map(|user| &user.email).filter(|_| !is_of_a_former_apply(error)),
        role: new_user.map(|user| user.role),
        code: error.code(),
        pointers: error.pointers().collect(),
        request_id: call.context.request_id(),
    };
    Refusals::new(call.table).record(&refusal).await;
}

/// Returns whether the same request was carried out before and its user deleted since: the address must not come back.
fn is_of_a_former_apply(error: &ApiError) -> bool {
    matches!(error, ApiError::UserRemoved | ApiError::ApplyUndone | ApiError::ApplyAborted)
}

/// Returns whether the organization to act in does not exist. It has no history then.
fn names_no_organization(error: &ApiError) -> bool {
    error.pointers().any(|pointer| pointer.strip_prefix('/') == Some(ORGANIZATION_ID))
}

/// Returns whether the history shows this refusal: a conflict, a changed plan, a body that a rule refuses. Who is asked to wait is not
/// refused.
fn is_recorded(error: &ApiError) -> bool {
    let statuses = [StatusCode::CONFLICT, StatusCode::PRECONDITION_FAILED, StatusCode::UNPROCESSABLE_ENTITY];
    statuses.contains(&error.status()) && !matches!(error, ApiError::InProgress { .. })
}
