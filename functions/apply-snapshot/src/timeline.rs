//! `GET /api/applies`: the applies of the caller's organization in the order of time, across snapshots.

use std::collections::HashSet;

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::domain::rights::{Action, MadeUser, Verdict};
use shared::domain::{Email, ObjectId, Principal, Timestamp, Work};
use shared::http::{Actor, Answer, ApiError, Cursor, MAX_PAGE};
use shared::store::{
    ApplyHistory, ApplyTimeline, ListRange, Position, REFUSAL_LIFETIME, StoredApply, StoredRefusal, TimelineChoice,
    TimelineEntry, TimelineEvent,
};
use utoipa::ToSchema;

use crate::Call;
use crate::apply_document::{shown_address, stored_result};
use crate::history::is_seen;
use crate::timeline_document::{TimelineDocument, TimelineState};

/// The most rows that one request looks at. If they do not fill the page it is short, and the next one goes on.
pub(crate) const MAX_ROWS: usize = 1_000;
/// How many rows each step after the first looks at.
const FURTHER_ROWS: usize = MAX_PAGE;

/// One page of the history of an organization.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = HistoryPage)]
pub(crate) struct TimelinePage {
    /// The applies, the latest first.
    applies: Vec<TimelineDocument>,
    /// The `cursor` of the next page; left out on the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    next_cursor: Option<String>,
}

/// What a request asks for.
#[derive(Debug, Clone)]
struct TimelineFilter {
    range: ListRange,
    state: Option<TimelineState>,
    email: Option<Email>,
    snapshot: Option<ObjectId>,
    limit: usize,
}

/// Lists the applies that the caller sees. Reads them while the caller is confirmed.
pub(crate) async fn list(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let filter = TimelineFilter::of(call)?;
    let (confirmed, page) = tokio::join!(call.confirm(&caller), filter.page(call, &caller));
    confirmed?;
    let (entries, next) = page?;
    let people: HashSet<ObjectId> = entries.iter().flat_map(TimelineDocument::people).collect();
    let names = ApplyHistory::new(call.table).names(&caller.organization, &people).await?;
    call.compute(move |work| {
        let applies = entries.into_iter().map(|entry| entry.named(&names)).collect();
        let next_cursor = next.as_ref().map(Cursor::write);
        Answer::metered(StatusCode::OK, &TimelinePage { applies, next_cursor }, work)
    })
    .await
}

impl TimelineFilter {
    /// Reads the query string.
    fn of(call: &Call<'_>) -> Result<Self, ApiError> {
        let query = call.query(&["from", "to", "state", "userEmail", "snapshotId", "limit", "cursor"])?;
        let range = ListRange { from: query.moment("from")?, to: query.moment("to")?, start: query.cursor()? };
        Ok(Self {
            range,
            state: query.get("state", TimelineState::parse)?,
            email: query
                .get("userEmail", |text| Email::parse(text).map_err(|wrong| format!("is no address: {wrong}")))?,
            snapshot: query.get("snapshotId", |text| text.parse().map_err(|_| "is 24 hex digits".to_owned()))?,
            limit: query.limit()?,
        })
    }

    /// Returns the entries of one page, and the position after which the next page starts.
    async fn page(
        &self,
        call: &Call<'_>,
        caller: &Actor,
    ) -> Result<(Vec<TimelineDocument>, Option<Position>), ApiError> {
        let mut timeline = ApplyTimeline::new(call.table, caller.organization, self.choice(), self.range);
        let mut entries: Vec<(Position, TimelineDocument)> = Vec::new();
        // One more than the page has tells whether there is a next one.
        let (mut count, mut left) = (self.limit + 1, MAX_ROWS);
        loop {
            let rows = timeline.next(count).await?;
            let (is_at_end, last) = (rows.len() < count, rows.last().map(|(position, _)| *position));
            left -= rows.len();
            let (filter, principal, now) = (self.clone(), caller.principal(), call.context.now());
            entries.extend(call.compute(move |work| filter.entries(rows, &principal, now, work)).await?);
            if entries.len() > self.limit {
                entries.truncate(self.limit);
                let next = entries.last().map(|(position, _)| *position);
                return Ok((without_positions(entries), next));
            }
            if is_at_end || left == 0 {
                return Ok((without_positions(entries), last.filter(|_| !is_at_end)));
            }
            count = FURTHER_ROWS.min(left);
        }
    }

    /// Returns which rows can lead to what is asked for.
    fn choice(&self) -> TimelineChoice {
        let is_wanted = |wanted: fn(TimelineState) -> bool| self.state.is_none_or(wanted);
        TimelineChoice {
            users: is_wanted(|state| state == TimelineState::Applied),
            // Also applies whose users were removed.
            others: is_wanted(|state| state != TimelineState::Refused),
            refusals: is_wanted(|state| state == TimelineState::Refused),
            snapshot: self.snapshot,
        }
    }

    /// Returns the entries of what is asked for and the caller sees.
    fn entries(
        &self,
        rows: Vec<TimelineEntry>,
        principal: &Principal,
        now: Timestamp,
        work: &Work,
    ) -> Result<Vec<(Position, TimelineDocument)>, ApiError> {
        let mut entries = Vec::new();
        for (position, event) in rows {
            let entry = match event {
                Some(TimelineEvent::Apply(apply)) if is_seen(principal, &apply) => self.entry(&apply, work)?,
                Some(TimelineEvent::Refusal(refusal)) if is_refusal_seen(principal, &refusal, now) => {
                    let is_wanted = self.is_wanted(refusal.record.email.as_ref());
                    is_wanted.then(|| TimelineDocument::refused(refusal_for(principal, *refusal)))
                }
                _ => None,
            };
            entries.extend(entry.map(|entry| (position, entry)));
        }
        Ok(entries)
    }

    fn entry(&self, apply: &StoredApply, work: &Work) -> Result<Option<TimelineDocument>, ApiError> {
        // The row may be newer than the reading of the record.
        let Some(state) = TimelineState::of(apply.state()) else { return Ok(None) };
        if self.state.is_some_and(|wanted| wanted != state) {
            return Ok(None);
        }
        let result = stored_result(apply, work)?;
        let email = shown_address(apply, result.as_ref());
        Ok(self.is_wanted(email).then(|| TimelineDocument::of(apply, state, email)))
    }

    fn is_wanted(&self, email: Option<&Email>) -> bool {
        self.email.as_ref().is_none_or(|wanted| email.is_some_and(|email| email.key() == wanted.key()))
    }
}

/// Returns a refusal as this caller may see it. The pointers name automations, stages and agents. A caller of a higher role can apply a
/// snapshot that this organization does not see, so its pointers are left out.
fn refusal_for(principal: &Principal, mut refusal: StoredRefusal) -> StoredRefusal {
    if refusal.record.applied_by_role > principal.role {
        refusal.record.pointers.clear();
        refusal.record.pointers_total = None;
    }
    refusal
}

/// Returns whether the caller sees a refusal: as an apply that would have made the user, while it is kept. If the role is not known, assumes
/// the highest possible one.
fn is_refusal_seen(principal: &Principal, refusal: &StoredRefusal, now: Timestamp) -> bool {
    let StoredRefusal { at, record, .. } = refusal;
    let role = record.access_role.unwrap_or(record.applied_by_role);
    let made = MadeUser { organization: principal.organization, user: ObjectId::NOBODY, role };
    at.plus(REFUSAL_LIFETIME) > now && principal.judge_apply(Action::History, made) == Verdict::Allowed
}

fn without_positions(entries: Vec<(Position, TimelineDocument)>) -> Vec<TimelineDocument> {
    entries.into_iter().map(|(_, entry)| entry).collect()
}
