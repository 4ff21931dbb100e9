//! `POST /api/user-snapshots/{id}/applies/{applyId}/undo`: deletes the user and all clones, and frees the e-mail
//! address.

use lambda_http::http::StatusCode;
use serde::{Deserialize, Serialize};
use shared::domain::rights::{Action, Verdict};
use shared::domain::usage::traces;
use shared::domain::{Email, Work};
use shared::http::{Actor, Answer, ApiError, body};
use shared::store::{ApplyState, StoredApply, UndoRequest, UndoStart, Undos};
use utoipa::ToSchema;

use crate::Call;
use crate::apply_document::{ApplyDocument, StoredResult, stored_result};
use crate::execution::WAIT;
use crate::history::find;
use crate::undo_plan::UndoPlan;

/// How to undo the apply. An absent body is an empty object.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = UndoApply)]
pub(crate) struct UndoBody {
    /// Whether to undo it even if the user has changed since; false when absent. Needs the role SUPERADMIN, in your organization.
    #[schema(nullable = false)]
    force: Option<bool>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = ApplyUndone)]
pub(crate) struct UndoAnswer<'a> {
    /// `Apply undone`; `Nothing undone` for a dry run.
    message: &'static str,
    apply: ApplyDocument,
    /// What the undo would do; for a dry run alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    plan: Option<UndoPlan<'a>>,
}

/// One request to undo an apply.
struct UndoExecution<'a> {
    call: &'a Call<'a>,
    caller: Actor,
    is_forced: bool,
}

/// Authorizes, reads the record, deletes the user, deletes the rest. Finishes an interrupted undo. A dry run writes nothing.
pub(crate) async fn undo(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let ids = (call.context.path_id("id")?, call.context.path_id("applyId")?);
    let is_dry_run = call.query(&["dryRun"])?.flag("dryRun")?;
    if is_dry_run {
        call.context.audit().record_dry_run();
    }
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
    let execution = UndoExecution { call, caller, is_forced };
    if is_dry_run { execution.plan(apply).await } else { execution.answer(apply).await }
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
        Answer::ok(&UndoAnswer { message: "Apply undone", apply, plan: None })
    }

    /// Returns what the undo would do now. Writes nothing.
    async fn plan(&self, apply: StoredApply) -> Result<Answer, ApiError> {
        let result = stored_result(&apply, &Work::unlimited())?;
        let cloned = result.as_ref().map(|result| result.counts.cloned).unwrap_or_default();
        let usage = match apply.state() {
            ApplyState::Committed if apply.user_removed().is_some() => return Err(ApiError::UserRemoved),
            ApplyState::Committed => {
                let email = address(result.as_ref())?;
                Some(Undos::new(self.call.table).usage(&apply, email).await?.ok_or(ApiError::UserRemoved)?)
            }
            // The user is deleted already, and nobody sees anything of the rest.
            ApplyState::Undoing | ApplyState::Undone => None,
            ApplyState::Staging => return Err(ApiError::InProgress { retry_after: WAIT }),
            ApplyState::Aborting | ApplyState::Aborted => return Err(ApiError::ApplyAborted),
        };
        let is_forced = self.is_forced;
        let planning = self.call.compute(move |work| {
            let apply = ApplyDocument::with_result(&apply, result.as_ref());
            UndoPlan::answered(usage, cloned, is_forced, work, |plan| {
                let answer = UndoAnswer { message: "Nothing undone", apply, plan: Some(plan) };
                Answer::metered(StatusCode::OK, &answer, work)
            })
        });
        planning.await
    }

    /// Deletes the user. Returns the apply after it, or as another request changed it since.
    async fn begin(&self, apply: StoredApply, result: Option<&StoredResult>) -> Result<StoredApply, ApiError> {
        let result = result.ok_or_else(|| ApiError::internal("a committed apply has no answer"))?;
        let email = address(Some(result))?;
        let (by, now) = (self.caller.user, self.call.context.now());
        let undo = UndoRequest { apply: &apply, email, by, is_forced: self.is_forced, now };
        let undos = Undos::new(self.call.table);
        match undos.begin(&undo).await? {
            UndoStart::Started(apply) | UndoStart::NotCommitted(apply) => Ok(*apply),
            UndoStart::UserRemoved => Err(ApiError::UserRemoved),
            UndoStart::Busy => Err(ApiError::InProgress { retry_after: WAIT }),
            UndoStart::InUse => {
                let usage = undos.usage(&apply, email).await?.ok_or(ApiError::UserRemoved)?;
                Err(ApiError::SetupInUse(traces(usage, result.counts.cloned)))
            }
        }
    }
}

/// Returns the address that a committed apply gave its user.
fn address(result: Option<&StoredResult>) -> Result<&Email, ApiError> {
    let email = result.and_then(|result| result.user_email.as_ref());
    email.ok_or_else(|| ApiError::internal("a committed apply has no address"))
}
