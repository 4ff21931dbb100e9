//! `POST /api/user-snapshots/{id}/applies/{applyId}/undo`: deletes the user and all clones, and frees the e-mail
//! address.

use serde::{Deserialize, Serialize};
use shared::domain::Work;
use shared::domain::rights::{Action, Verdict};
use shared::domain::usage::traces;
use shared::http::{Answer, ApiError, Caller, body};
use shared::store::{ApplyState, StoredApply, UndoRequest, UndoStart, Undos};
use utoipa::ToSchema;

use crate::Call;
use crate::apply_document::{ApplyDocument, StoredResult, stored_result};
use crate::execution::WAIT;
use crate::history::find;

/// How to undo the apply. An absent body is an empty object.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UndoApply)]
pub(crate) struct UndoBody {
    /// Whether to undo it even if the user has changed since; false when absent. Needs the role SUPERADMIN.
    #[schema(nullable = false)]
    force: Option<bool>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ApplyUndone)]
pub(crate) struct UndoAnswer {
    /// `Apply undone`.
    message: &'static str,
    apply: ApplyDocument,
}

/// One request to undo an apply.
struct UndoExecution<'a> {
    call: &'a Call<'a>,
    caller: Caller,
    is_forced: bool,
}

/// Authorizes, reads the record, deletes the user, deletes the rest. Finishes an interrupted undo.
pub(crate) async fn undo(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let ids = (call.context.path_id("id")?, call.context.path_id("applyId")?);
    let is_forced = is_forced(call).await?;
    let action = if is_forced { Action::ForceUndo } else { Action::Undo };
    if !caller.principal().may_ever(action) {
        return Err(ApiError::Forbidden(action.requirement().to_owned()));
    }
    let apply = find(call, &caller, ids).await?;
    call.context.audit().record_user(apply.user(), caller.organization);
    if caller.principal().judge_apply(action, apply.made_user()) != Verdict::Allowed {
        return Err(ApiError::Forbidden(action.refusal().to_owned()));
    }
    UndoExecution { call, caller, is_forced }.answer(apply).await
}

/// Returns whether the body forces the undo. An absent body does not.
async fn is_forced(call: &Call<'_>) -> Result<bool, ApiError> {
    if body::is_absent(call.request) {
        return Ok(false);
    }
    call.read_body(|body: UndoBody| Ok(body.force.unwrap_or_default())).await
}

impl UndoExecution<'_> {
    async fn answer(&self, apply: StoredApply) -> Result<Answer, ApiError> {
        // One answer is less than a piece (`MAX_WARNING_BYTES`), and a late undo goes on.
        let result = stored_result(&apply, &Work::unlimited())?;
        let apply = match apply.state() {
            ApplyState::Committed if apply.user_removed().is_some() => return Err(ApiError::UserRemoved),
            ApplyState::Committed => self.begin(apply, result.as_ref()).await?,
            _ => apply,
        };
        let undone = match apply.state() {
            ApplyState::Undone => apply,
            // A new reading of the clock: it must be later than the user's last writes.
            ApplyState::Undoing => Undos::new(self.call.table).finish(&apply, self.call.edge.clock.now()).await?.0,
            ApplyState::Staging | ApplyState::Committed => return Err(ApiError::InProgress { retry_after: WAIT }),
            ApplyState::Aborting | ApplyState::Aborted => return Err(ApiError::ApplyAborted),
        };
        let apply = ApplyDocument::with_result(&undone, result.as_ref());
        Answer::ok(&UndoAnswer { message: "Apply undone", apply })
    }

    /// Deletes the user. Returns the apply after it, or as another request changed it since.
    async fn begin(&self, apply: StoredApply, result: Option<&StoredResult>) -> Result<StoredApply, ApiError> {
        let result = result.ok_or_else(|| ApiError::internal("a committed apply has no answer"))?;
        let email = result.user_email.as_ref().ok_or_else(|| ApiError::internal("a committed apply has no address"))?;
        let (by, now) = (self.caller.user, self.call.context.now());
        let undo = UndoRequest { apply: &apply, email, by, is_forced: self.is_forced, now };
        let undos = Undos::new(self.call.table);
        match undos.begin(&undo).await? {
            UndoStart::Started(apply) | UndoStart::NotCommitted(apply) => Ok(*apply),
            UndoStart::UserRemoved => Err(ApiError::UserRemoved),
            UndoStart::Busy => Err(ApiError::InProgress { retry_after: WAIT }),
            UndoStart::InUse => {
                Err(ApiError::SetupInUse(traces(undos.usage(&apply, email).await?, result.counts.cloned)))
            }
        }
    }
}
