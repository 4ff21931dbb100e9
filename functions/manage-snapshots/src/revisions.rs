//! The revisions of a snapshot: `GET /api/user-snapshots/{id}/revisions`, `GET …/revisions/{revision}`, and
//! `POST …/revisions/{revision}/restore`.

use std::time::Duration;

use lambda_http::http::StatusCode;
use lambda_http::http::header::ETAG;
use serde::Serialize;
use shared::domain::rights::Action;
use shared::domain::{Counts, ObjectId, RefreshState, Revision, RevisionOrigin, Snapshot, Timestamp};
use shared::http::bounded::written;
use shared::http::{Actor, Answer, ApiError, Cursor, IfMatch, SnapshotDocument, etag};
use shared::refresh::{drop_old, unfollowed};
use shared::store::{Refreshes, ReplaceOutcome, RevisionOptions, Revisions, SnapshotReader, StoredSnapshot};
use utoipa::ToSchema;

use crate::Call;
use crate::change::allowed;
use crate::detail::Holdings;

/// How often a restore starts over because another revision was made.
const ATTEMPTS: u32 = 6;

/// One page of revisions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RevisionPage)]
pub(crate) struct RevisionPage {
    /// The revisions, newest first. The first of all is the current one.
    revisions: Vec<ListedRevision>,
    /// The `cursor` of the next page; left out on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// A revision in a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ListedRevision)]
pub(crate) struct ListedRevision {
    /// Its number; the first is 1.
    revision: u32,
    /// Whether it is the current one, which an apply uses.
    is_current: bool,
    /// How it was made.
    origin: RevisionOrigin,
    /// The older revision that it restored; left out otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    restored_from: Option<u32>,
    /// How many items it holds.
    counts: Counts,
    /// When it was made.
    revised_at: Timestamp,
    /// When a newer one replaced it; left out for the current one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    replaced_at: Option<Timestamp>,
}

impl From<&Revision> for ListedRevision {
    fn from(revision: &Revision) -> Self {
        Self {
            revision: revision.number,
            is_current: revision.replaced_at.is_none(),
            origin: revision.origin(),
            restored_from: revision.restored_from,
            counts: revision.counts,
            revised_at: revision.made_at,
            replaced_at: revision.replaced_at,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = RevisionFound)]
pub(crate) struct RevisionAnswer<'a> {
    revision: RevisionDetail<'a>,
}

/// A revision with the names of its items.
#[derive(Serialize, ToSchema)]
struct RevisionDetail<'a> {
    #[serde(flatten)]
    row: ListedRevision,
    #[serde(flatten)]
    holdings: Holdings<'a>,
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RevisionRestored)]
pub(crate) struct RestoreAnswer<'a> {
    /// `Revision restored`.
    message: &'static str,
    /// Whether this request ended a schedule, which would have captured over the restored revision.
    schedule_switched_off: bool,
    snapshot: SnapshotDocument<'a>,
}

pub(crate) async fn list(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let id = call.context.path_id("id")?;
    let query = call.query(&["limit", "cursor"])?;
    let (limit, before) = (query.limit()?, query.cursor::<u32>()?);
    let principal = caller.principal();
    let reader = SnapshotReader::new(call.table);
    let (confirmed, found) = tokio::join!(call.confirm(&caller), reader.find(id, &principal, Action::Revise));
    confirmed?;
    let snapshot = allowed(Action::Revise, found?)?;
    // Read after the snapshot, so that every older revision is there.
    let (older, more) = Revisions::new(call.table).older(id, before.or(Some(snapshot.revision)), limit).await?;
    let current = before.is_none().then(|| snapshot.current_revision());
    let all = older.len() + usize::from(current.is_some());
    let rows: Vec<ListedRevision> = current.iter().chain(&older).take(limit).map(ListedRevision::from).collect();
    let last = rows.last().filter(|_| more || all > limit).map(|row| row.revision);
    let page = RevisionPage { next_cursor: last.as_ref().map(Cursor::write), revisions: rows };
    call.compute(move |work| Answer::metered(StatusCode::OK, &page, work)).await
}

pub(crate) async fn get(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let (id, number) = (call.context.path_id("id")?, call.context.path_revision()?);
    call.no_parameters()?;
    let stored = stored(call, &caller, id).await?;
    let found = Revisions::new(call.table).load(&stored, number).await?.ok_or(ApiError::RevisionNotFound)?;
    let is_foreign = caller.principal().organization != stored.snapshot.source.organization;
    let writing = call.compute(move |work| {
        Holdings::written(&found.content_shown::<ApiError>(is_foreign, work)?, work, |holdings| {
            let row = ListedRevision::from(&found.revision);
            written(&RevisionAnswer { revision: RevisionDetail { row, holdings } }, work)
        })
    });
    Ok(Answer::json_text(StatusCode::OK, writing.await?))
}

pub(crate) async fn restore(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let (id, number) = (call.context.path_id("id")?, call.context.path_revision()?);
    call.context.audit().record_revision(number);
    call.no_parameters()?;
    let if_match = IfMatch::of(call.request)?;
    let mut snapshot = stored(call, &caller, id).await?;
    let (revisions, refreshes) = (Revisions::new(call.table), Refreshes::new(call.table));
    for _ in 0..ATTEMPTS {
        if_match.check_snapshot(&snapshot.snapshot)?;
        let (old, state) = tokio::join!(revisions.load(&snapshot, number), refreshes.state(id));
        let (old, state) = (old?.ok_or(ApiError::RevisionNotFound)?, state?);
        let was_scheduled = state.as_ref().is_some_and(|state| state.schedule.is_some());
        let restored = if old.hash == snapshot.hash {
            // The current revision has this content already, for example after a repeated request.
            if was_scheduled {
                refreshes.end_schedule(id, None).await?;
            }
            ReplaceOutcome::Done(Box::new(snapshot.snapshot.clone()))
        } else {
            let follows = unfollowed(call.table, &snapshot, &call.context.deadline(), old.content()).await?.is_none();
            let version = (if_match != IfMatch::Any).then_some(snapshot.snapshot.version);
            let options = RevisionOptions { kept: call.app.revisions_kept, follows, version };
            refreshes.restore(&snapshot, &old, call.context.now(), options).await?
        };
        match restored {
            ReplaceOutcome::Conflict => snapshot = self::stored(call, &caller, id).await?,
            ReplaceOutcome::Done(restored) => {
                drop_old(call.table, &restored, call.context.now()).await;
                let state = state.map(|state| RefreshState { schedule: None, ..state });
                let document = SnapshotDocument::new(&restored, restored.tag()).refreshed(state);
                return answer(&restored, was_scheduled, document);
            }
        }
    }
    Err(ApiError::InProgress { retry_after: Duration::from_secs(1) })
}

fn answer(
    snapshot: &Snapshot,
    schedule_switched_off: bool,
    document: SnapshotDocument<'_>,
) -> Result<Answer, ApiError> {
    let restored = RestoreAnswer { message: "Revision restored", schedule_switched_off, snapshot: document };
    Ok(Answer::ok(&restored)?.with_header(ETAG, etag(snapshot.tag())))
}

/// Returns the stored snapshot. Fails unless the stored caller matches the token and sees its history.
async fn stored(call: &Call<'_>, caller: &Actor, id: ObjectId) -> Result<Box<StoredSnapshot>, ApiError> {
    let (reader, principal) = (SnapshotReader::new(call.table), caller.principal());
    let (confirmed, found) = tokio::join!(call.confirm(caller), reader.find_stored(id, &principal, Action::Revise));
    confirmed?;
    allowed(Action::Revise, found?)
}
