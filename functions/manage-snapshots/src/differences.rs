//! `GET /api/user-snapshots/{id}/diff`: what changed between two revisions.

use std::fmt;
use std::str::FromStr;

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::domain::diff::{self, DescribedChange, ItemChange, RenamedAgent, Summary};
use shared::domain::rights::Action;
use shared::domain::{Violation, Work};
use shared::http::bounded::{MAX_LIST_BYTES, sent_json_bytes};
use shared::http::{Answer, ApiError, Cursor, FieldError, Query, route};
use shared::store::Revisions;
use utoipa::ToSchema;

use crate::call::Call;
use crate::detail::Place;
use crate::revisions::{Row, stored};

/// A place in a list of changes: of which revisions, and where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PlaceBetween {
    from: u32,
    to: u32,
    place: Place,
}

impl fmt::Display for PlaceBetween {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}#{}#{}", self.from, self.to, self.place)
    }
}

impl FromStr for PlaceBetween {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        let malformed = || Violation::malformed("this is no place in a list of changes");
        let mut parts = text.splitn(3, '#');
        let mut next = || parts.next().ok_or_else(malformed);
        let (from, to, place) = (next()?, next()?, next()?);
        let revision = |text: &str| route::parse_revision(text).map_err(|_| malformed());
        Ok(Self { from: revision(from)?, to: revision(to)?, place: place.parse()? })
    }
}

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
    /// Agents that the automations refer to and that have another name now; left out where there is none. At most 200.
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
    let caller = call.caller(Action::Edit)?;
    let id = call.context.path_id("id")?;
    let query = Query::of(call.request, &["from", "to", "limit", "cursor"])?;
    let (from, to) = (query.get("from", parse_revision)?, query.get("to", parse_revision)?);
    let (limit, after) = (query.limit()?, query.cursor::<PlaceBetween>()?);
    let is_of_others =
        |after: PlaceBetween| from.is_some_and(|from| from != after.from) || to.is_some_and(|to| to != after.to);
    if after.is_some_and(is_of_others) {
        let detail = "the parameter \"cursor\" is of a page about other revisions than \"from\" and \"to\" name";
        return Err(ApiError::InvalidQuery(vec![FieldError::new("", detail)]));
    }
    let snapshot = stored(call, &caller, id).await?;
    // Without parameters the next page is about what the first one was, whatever was made since.
    let to = after.map(|after| after.to).or(to).unwrap_or(snapshot.snapshot.revision);
    let from = after.map(|after| after.from).or(from).unwrap_or((to - 1).max(1));
    let revisions = Revisions::new(call.table);
    let (from, to) = tokio::join!(revisions.load(&snapshot, from), revisions.load(&snapshot, to));
    let (from, to) = (from?.ok_or(ApiError::RevisionNotFound)?, to?.ok_or(ApiError::RevisionNotFound)?);
    let (before, now) = (from.content()?, to.content()?);
    let work = Work::unlimited();
    let all = diff::compare(&before, &now, &work)?;
    let rest: Vec<&ItemChange<'_>> =
        all.iter().filter(|change| after.is_none_or(|after| after.place < Place::of(change))).collect();
    let changes = described(&rest, limit, &work)?;
    let last = rest[..changes.len()].last().filter(|_| changes.len() < rest.len()).map(|change| PlaceBetween {
        from: from.revision.number,
        to: to.revision.number,
        place: Place::of(change),
    });
    let answer = Differences {
        from: Row::from(&from.revision),
        to: Row::from(&to.revision),
        summary: Summary::of(&all),
        agents: diff::renamed_agents(&before, &now),
        changes,
        next_cursor: last.as_ref().map(Cursor::write),
    };
    let body = serde_json::to_string(&answer).map_err(ApiError::internal)?;
    Ok(Answer::json_text(StatusCode::OK, body))
}

/// The first changes, as many as fit an answer. What does not is not looked into.
fn described<'a>(changes: &[&ItemChange<'a>], limit: usize, work: &Work) -> Result<Vec<DescribedChange<'a>>, ApiError> {
    let mut bytes = 0;
    let mut described = Vec::new();
    for change in changes.iter().take(limit) {
        let change = change.describe(work)?;
        bytes += sent_json_bytes(&change) + 1;
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
        let place: PlaceBetween = text.parse().unwrap();
        assert_eq!((place.from, place.to, place.to_string().as_str()), (3, 4, text));
        for bad in
            ["", "3#4", "0#4#prompt#64eea1110000000000000201", "3#x#prompt#64eea1110000000000000201", "3#4#prompt"]
        {
            assert!(bad.parse::<PlaceBetween>().is_err(), "{bad}");
        }
    }
}
