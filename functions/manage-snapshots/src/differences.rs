//! `GET /api/user-snapshots/{id}/diff`: what changed between two revisions.

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::domain::diff::{self, DescribedChange, ItemChange, Summary};
use shared::domain::rights::Action;
use shared::http::bounded::MAX_LIST_BYTES;
use shared::http::{Answer, ApiError, Cursor, Query, route};
use shared::store::Revisions;
use utoipa::ToSchema;

use crate::call::Call;
use crate::detail::Place;
use crate::revisions::{Row, stored};

/// What is not the same in two revisions.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RevisionDiff)]
pub(crate) struct Differences<'a> {
    /// The revision that is compared.
    from: Row,
    /// The revision that it is compared with.
    to: Row,
    /// How many items changed in all, on whatever page they are.
    summary: Summary,
    /// The items that changed: automations, prompts, templates, each kind in the order of its ids. At most 1 MB, but at
    /// least one.
    changes: Vec<DescribedChange<'a>>,
    /// The `cursor` of the next page; left out on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

pub(crate) async fn compare(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.caller(Action::Edit)?;
    let id = call.context.path_id("id")?;
    let query = Query::of(call.request, &["from", "to", "limit", "cursor"])?;
    let (from, to) = (query.get("from", parse_revision)?, query.get("to", parse_revision)?);
    let (limit, after) = (query.limit()?, query.cursor::<Place>()?);
    let snapshot = stored(call, &caller, id).await?;
    let to = to.unwrap_or(snapshot.snapshot.revision);
    let from = from.unwrap_or((to - 1).max(1));
    let revisions = Revisions::new(call.table);
    let (from, to) = tokio::join!(revisions.load(&snapshot, from), revisions.load(&snapshot, to));
    let (from, to) = (from?.ok_or(ApiError::RevisionNotFound)?, to?.ok_or(ApiError::RevisionNotFound)?);
    let (before, now) = (from.content()?, to.content()?);
    let all = diff::compare(&before, &now);
    let rest: Vec<&ItemChange<'_>> =
        all.iter().filter(|change| after.is_none_or(|after| after < Place::of(change))).collect();
    let changes = described(&rest, limit)?;
    let last = rest[..changes.len()].last().filter(|_| changes.len() < rest.len()).map(|change| Place::of(change));
    let answer = Differences {
        from: Row::from(&from.revision),
        to: Row::from(&to.revision),
        summary: Summary::of(&all),
        changes,
        next_cursor: last.as_ref().map(Cursor::write),
    };
    let body = serde_json::to_string(&answer).map_err(ApiError::internal)?;
    Ok(Answer::json_text(StatusCode::OK, body))
}

/// The first changes, as many as fit an answer. What does not is not looked into.
fn described<'a>(changes: &[&ItemChange<'a>], limit: usize) -> Result<Vec<DescribedChange<'a>>, ApiError> {
    let mut bytes = 0;
    let mut described = Vec::new();
    for change in changes.iter().take(limit) {
        let change = change.describe();
        bytes += serde_json::to_vec(&change).map_err(ApiError::internal)?.len() + 1;
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
