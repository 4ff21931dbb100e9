//! `POST /api/user-snapshots/{id}/refresh`: captures the source again.

use std::time::Duration;

use lambda_http::http::header::ETAG;
use serde::Serialize;
use shared::domain::rights::Action;
use shared::domain::{RefreshState, RefreshStatus, Snapshot};
use shared::http::{Answer, ApiError, SnapshotDocument, etag};
use shared::refresh::{Refresh, RefreshOutcome, RefreshTrigger};
use utoipa::ToSchema;

use crate::Call;

/// How long a client waits before it repeats a request that lost against others.
const WAIT: Duration = Duration::from_secs(1);

#[derive(Serialize, ToSchema)]
#[schema(as = SnapshotRefreshed)]
pub(crate) struct RefreshAnswer<'a> {
    /// The outcome: `Snapshot refreshed`, `Snapshot unchanged`, or `Source missing, snapshot kept`.
    message: &'static str,
    snapshot: SnapshotDocument<'a>,
}

pub(crate) async fn refresh(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let snapshot = call.context.path_id("id")?;
    call.no_parameters()?;
    let principal = caller.principal();
    let refresh = Refresh {
        table: call.table,
        snapshot,
        trigger: RefreshTrigger::Caller(&principal),
        now: call.context.now(),
        revisions_kept: call.app.revisions_kept,
        deadline: call.context.deadline(),
    };
    let (confirmed, found) = tokio::join!(call.confirm(&caller), refresh.load());
    confirmed?;
    match refresh.run(found?).await? {
        RefreshOutcome::Done { snapshot, state } => answer(&snapshot, state),
        RefreshOutcome::SourceBusy => Err(ApiError::SourceBusy { retry_after: WAIT }),
        RefreshOutcome::TooLarge(detail) => Err(ApiError::SetupTooLarge { detail }),
        RefreshOutcome::Contended => Err(ApiError::InProgress { retry_after: WAIT }),
        RefreshOutcome::Forbidden => Err(ApiError::Forbidden(Action::Revise.refusal().to_owned())),
        RefreshOutcome::Missing => Err(ApiError::SnapshotNotFound),
        RefreshOutcome::NotDue => Err(ApiError::internal("a requested refresh is always due")),
    }
}

fn answer(snapshot: &Snapshot, state: RefreshState) -> Result<Answer, ApiError> {
    let message = match state.status {
        Some(RefreshStatus::Fresh) => "Snapshot refreshed",
        Some(RefreshStatus::SourceMissing) => "Source missing, snapshot kept",
        _ => "Snapshot unchanged",
    };
    let document = SnapshotDocument::new(snapshot, snapshot.tag()).refreshed(Some(state));
    Ok(Answer::ok(&RefreshAnswer { message, snapshot: document })?.with_header(ETAG, etag(snapshot.tag())))
}
