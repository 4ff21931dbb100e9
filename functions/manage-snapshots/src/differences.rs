//! `GET /api/user-snapshots/{id}/diff`: compares two revisions.

use std::fmt;
use std::str::FromStr;

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::domain::diff::{self, DescribedChange, ItemChange, RenamedAgent, Summary};
use shared::domain::rights::Action;
use shared::domain::snapshot::SharedRevision;
use shared::domain::{ObjectId, Revision, Violation, Work};
use shared::http::bounded::{MAX_LIST_BYTES, sent_json_bytes};
use shared::http::{Actor, Answer, ApiError, Cursor, FieldError, route};
use shared::store::{RevisionWithContent, Revisions, SnapshotAccess, SnapshotReader, StoredSnapshot};
use utoipa::ToSchema;

use crate::Call;
use crate::items::ItemPosition;
use crate::revisions::ListedRevision;

/// A position in a list of changes, with the compared revisions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DiffPosition {
    from: u32,
    to: u32,
    place: ItemPosition,
}

impl fmt::Display for DiffPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}#{}", self.from, self.to, self.place)
    }
}

impl FromStr for DiffPosition {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        let malformed = || Violation::malformed("this is not a position in a list of changes");
        let mut parts = text.splitn(3, '#');
        let mut next = || parts.next().ok_or_else(malformed);
        let (from, to, place) = (next()?, next()?, next()?);
        let revision = |text: &str| route::parse_revision(text).map_err(|_| malformed());
        Ok(Self { from: revision(from)?, to: revision(to)?, place: place.parse()? })
    }
}

/// The differences between two revisions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RevisionDiff)]
pub(crate) struct RevisionDiff<'a> {
    /// The older side of the comparison.
    from: ListedRevision,
    /// The newer side of the comparison.
    to: ListedRevision,
    /// The number of changed items on all pages.
    summary: Summary,
    /// Agents that the automations refer to and whose name changed; left out if empty. At most 200.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    agents: Vec<RenamedAgent<'a>>,
    /// The items that changed: automations, prompts, templates, each kind in the order of its ids. At most 1 MB, but at
    /// least one.
    changes: Vec<DescribedChange<'a>>,
    /// The `cursor` of the next page; left out on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

pub(crate) async fn compare(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let id = call.context.path_id("id")?;
    let query = call.query(&["from", "to", "limit", "cursor"])?;
    let (from, to) = (query.get("from", parse_revision)?, query.get("to", parse_revision)?);
    let (limit, after) = (query.limit()?, query.cursor::<DiffPosition>()?);
    let is_of_others =
        |after: DiffPosition| from.is_some_and(|from| from != after.from) || to.is_some_and(|to| to != after.to);
    if after.is_some_and(is_of_others) {
        let detail = "the parameter \"cursor\" belongs to other revisions than \"from\" and \"to\"";
        return Err(ApiError::InvalidQuery(vec![FieldError::new("", detail)]));
    }
    // Without parameters a next page compares the same revisions as the first one.
    let (from, to) = (after.map(|after| after.from).or(from), after.map(|after| after.to).or(to));
    let diff_source = diff_source(call, &caller, id).await?;
    let (from, to) = diff_source.pair(from, to).ok_or(ApiError::RevisionNotFound)?;
    let revisions = Revisions::new(call.table);
    let (from, to) = tokio::join!(revisions.load(&diff_source.stored, from), revisions.load(&diff_source.stored, to));
    let (from, to) = (from?.ok_or(ApiError::RevisionNotFound)?, to?.ok_or(ApiError::RevisionNotFound)?);
    call.compute(move |work| page(&diff_source, &from, &to, after, limit, work)).await
}

/// Returns one page of changes.
fn page(
    diff_source: &DiffSource,
    from: &RevisionWithContent,
    to: &RevisionWithContent,
    after: Option<DiffPosition>,
    limit: usize,
    work: &Work,
) -> Result<Answer, ApiError> {
    let shown = |revision: &RevisionWithContent| revision.content_shown::<ApiError>(diff_source.is_foreign, work);
    let (before, now) = (shown(from)?, shown(to)?);
    let all = diff::compare(&before, &now, work)?;
    let rest: Vec<&ItemChange<'_>> =
        all.iter().filter(|change| after.is_none_or(|after| after.place < ItemPosition::of(change))).collect();
    let changes = described(&rest, limit, work)?;
    let (first, second) = (from.revision.number, to.revision.number);
    let last = rest[..changes.len()].last().filter(|_| changes.len() < rest.len());
    let last = last.map(|change| DiffPosition { from: first, to: second, place: ItemPosition::of(change) });
    let answer = RevisionDiff {
        from: ListedRevision::from(&diff_source.shown(from.revision.clone())),
        to: ListedRevision::from(&diff_source.shown(to.revision.clone())),
        summary: Summary::of(&all),
        agents: diff::renamed_agents(&before, &now),
        changes,
        next_cursor: last.as_ref().map(Cursor::write),
    };
    Answer::metered(StatusCode::OK, &answer, work)
}

/// A snapshot whose revisions are compared.
struct DiffSource {
    stored: StoredSnapshot,
    /// Whether the caller belongs to another organization than the source.
    is_foreign: bool,
    /// The shared revisions, for a caller who sees no others.
    of_shared: Option<SharedRevisions>,
}

/// The revisions that another organization may compare.
struct SharedRevisions {
    now: SharedRevision,
    /// The revision that was shared before, if that organization saw it.
    before: Option<u32>,
}

/// Reads the snapshot. Fails unless the stored caller matches the token, and sees its history or a shared revision.
async fn diff_source(call: &Call<'_>, caller: &Actor, id: ObjectId) -> Result<DiffSource, ApiError> {
    let (reader, principal) = (SnapshotReader::new(call.table), caller.principal());
    let (confirmed, found) = tokio::join!(call.confirm(caller), reader.find_stored(id, &principal, Action::Revise));
    confirmed?;
    match found? {
        SnapshotAccess::Allowed(stored) => {
            let is_foreign = principal.organization != stored.snapshot.source.organization;
            return Ok(DiffSource { stored: *stored, is_foreign, of_shared: None });
        }
        SnapshotAccess::Missing => return Err(ApiError::SnapshotNotFound),
        SnapshotAccess::Forbidden => {}
    }
    let SnapshotAccess::Allowed(stored) = reader.find_stored(id, &principal, Action::Use).await? else {
        return Err(ApiError::SnapshotNotFound);
    };
    let now = stored.snapshot.shared().ok_or(ApiError::SnapshotNotFound)?;
    let earlier = stored.snapshot.shares.earlier.map(|earlier| earlier.revision);
    let before = if reader.saw_earlier(&stored.snapshot, &principal).await? { earlier } else { None };
    Ok(DiffSource { stored: *stored, is_foreign: true, of_shared: Some(SharedRevisions { now, before }) })
}

impl DiffSource {
    /// Returns the revisions to compare; `None` if the caller does not see one of them.
    fn pair(&self, from: Option<u32>, to: Option<u32>) -> Option<(u32, u32)> {
        let Some(SharedRevisions { now, before }) = &self.of_shared else {
            let to = to.unwrap_or(self.stored.snapshot.revision);
            return Some((from.unwrap_or((to - 1).max(1)), to));
        };
        let (from, to) = (from.or(*before).unwrap_or(now.revision), to.unwrap_or(now.revision));
        let is_seen = |number| number == now.revision || Some(number) == *before;
        (is_seen(from) && is_seen(to)).then_some((from, to))
    }

    /// Returns a revision as the caller sees it. For a shared one, leaves out later changes of the source.
    fn shown(&self, revision: Revision) -> Revision {
        let Some(SharedRevisions { now, .. }) = &self.of_shared else { return revision };
        let replaced_at = (revision.number != now.revision).then_some(now.at);
        Revision { replaced_at, restored_from: None, ..revision }
    }
}

/// Describes the first changes, as many as fit an answer.
pub(crate) fn described<'a>(
    changes: &[&ItemChange<'a>],
    limit: usize,
    work: &Work,
) -> Result<Vec<DescribedChange<'a>>, ApiError> {
    let mut bytes = 0;
    let mut described = Vec::new();
    for change in changes.iter().take(limit) {
        let change = change.describe(work)?;
        bytes += sent_json_bytes(&change, work)? + 1;
        if bytes > MAX_LIST_BYTES && !described.is_empty() {
            break;
        }
        described.push(change);
    }
    Ok(described)
}

fn parse_revision(text: &str) -> Result<u32, String> {
    route::parse_revision(text).map_err(|_| format!("is {}", route::REVISION))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_between_two_revisions_reads_as_it_is_written() {
        let text = "3#4#prompt#64eea1110000000000000201";
        let place: DiffPosition = text.parse().unwrap();
        assert_eq!((place.from, place.to, place.to_string().as_str()), (3, 4, text));
        for bad in
            ["", "3#4", "0#4#prompt#64eea1110000000000000201", "3#x#prompt#64eea1110000000000000201", "3#4#prompt"]
        {
            assert!(bad.parse::<DiffPosition>().is_err(), "{bad}");
        }
    }
}
