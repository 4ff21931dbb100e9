//! One message: what it asks for, whether it still counts, and what came of it.

use std::sync::Arc;

use aws_lambda_events::sqs::SqsMessage;
use shared::compute::Deadline;
use shared::domain::{Fault, RefreshStatus, Schedule, Timestamp};
use shared::queue::RefreshMessage;
use shared::refresh::{Refresh, RefreshOutcome, RefreshTrigger};
use shared::store::{SnapshotAccess, Table};

use crate::App;

/// What becomes of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The snapshot is refreshed, whatever that came to. The message is done.
    RefreshOutcome,
    /// There was nothing to do. The message is done.
    Nothing,
    /// It has to come again.
    Failed,
}

/// Serves a message until `end`, and writes a line about it.
pub(crate) async fn serve(app: &App, message: &SqsMessage, end: Timestamp) -> Outcome {
    let now = app.clock.now();
    let Some(wanted) = message.body.as_deref().and_then(|body| serde_json::from_str::<RefreshMessage>(body).ok())
    else {
        // Not its text, which may be anything.
        tracing::error!(message = message.message_id, "this message is none of ours");
        return Outcome::Failed;
    };
    let table = app.table.for_request(end.since(now));
    let told = refresh(app, &table, &wanted, sent_at(message), now, end).await;
    let (outcome, result) = match &told {
        Ok(told) => judge(told),
        Err(_) => (Outcome::Failed, "fault"),
    };
    let cause = match &told {
        Ok(_) => None,
        Err(fault) => Some(shared::logging::without_values(&fault.to_string())),
    };
    let consumed = table.consumed();
    tracing::info!(
        snapshot = %wanted.snapshot_id,
        organization = wanted.organization_id.map(|organization| organization.to_string()),
        due_at = %wanted.due_at,
        result,
        comes_again = outcome == Outcome::Failed,
        received = message.attributes.get("ApproximateReceiveCount"),
        cause,
        read_units = consumed.read_units,
        write_units = consumed.write_units,
        table_calls = consumed.calls,
        duration_ms = u64::try_from(app.clock.now().since(now).as_millis()).unwrap_or(u64::MAX),
        "refresh"
    );
    outcome
}

/// What came of a message that is one.
#[derive(Debug)]
enum Told {
    /// What a refresh says.
    Ran(RefreshOutcome),
    /// The queue had it for as long as a period: by now the schedule has sent the next one.
    TooOld,
}

async fn refresh(
    app: &App,
    table: &Table,
    wanted: &RefreshMessage,
    sent_at: Option<Timestamp>,
    now: Timestamp,
    end: Timestamp,
) -> Result<Told, Fault> {
    let refresh = Refresh {
        table,
        snapshot: wanted.snapshot_id,
        trigger: RefreshTrigger::Schedule { slot: wanted.due_at },
        now,
        revisions_kept: app.revisions_kept,
        deadline: Deadline::new(Arc::clone(&app.clock), end),
    };
    let found = refresh.load().await?;
    if let SnapshotAccess::Allowed(loaded) = &found
        && loaded.schedule().is_some_and(|schedule| is_too_old(sent_at, schedule, now))
    {
        return Ok(Told::TooOld);
    }
    Ok(Told::Ran(refresh.run(found).await?))
}

/// When SQS got the message. How late the schedule itself was does not count: a time that is served late is served.
fn sent_at(message: &SqsMessage) -> Option<Timestamp> {
    let millis = message.attributes.get("SentTimestamp")?.parse().ok()?;
    Some(Timestamp::from_millis(millis))
}

fn is_too_old(sent_at: Option<Timestamp>, schedule: &Schedule, now: Timestamp) -> bool {
    sent_at.is_some_and(|sent| now.since(sent) >= schedule.every.length())
}

/// Whether the message is done with, and the word for the log.
fn judge(told: &Told) -> (Outcome, &'static str) {
    match told {
        Told::TooOld => (Outcome::Nothing, "too_old"),
        Told::Ran(RefreshOutcome::Done { state, .. }) => (Outcome::Refreshed, status(state.status)),
        // What the schedule cannot change is written down as this time's result, and done.
        Told::Ran(RefreshOutcome::TooLarge(_)) => (Outcome::Refreshed, "too_large"),
        Told::Ran(RefreshOutcome::NotDue) => (Outcome::Nothing, "not_due"),
        Told::Ran(RefreshOutcome::Missing) => (Outcome::Nothing, "missing"),
        // No schedule is refused so: it ends where its maker may not refresh any more.
        Told::Ran(RefreshOutcome::Forbidden) => (Outcome::Nothing, "forbidden"),
        Told::Ran(RefreshOutcome::SourceBusy) => (Outcome::Failed, "source_busy"),
        Told::Ran(RefreshOutcome::Contended) => (Outcome::Failed, "contended"),
    }
}

fn status(status: Option<RefreshStatus>) -> &'static str {
    match status {
        Some(RefreshStatus::Fresh) => "fresh",
        Some(RefreshStatus::Unchanged) => "unchanged",
        Some(RefreshStatus::SourceMissing) => "source_missing",
        Some(RefreshStatus::SourceBusy) => "source_busy",
        Some(RefreshStatus::Failed) | None => "failed",
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use shared::domain::RefreshPeriod;

    use super::*;

    #[test]
    fn a_message_is_too_old_once_the_queue_has_had_it_for_a_period() {
        let sent = Timestamp::from_millis(1_778_835_600_000);
        let schedule = Schedule { every: RefreshPeriod::parse("PT6H").unwrap(), due_at: sent };
        for (millis, expected) in [(0, false), (21_599_999, false), (21_600_000, true), (21_600_001, true)] {
            let now = sent.plus(Duration::from_millis(millis));
            assert_eq!(is_too_old(Some(sent), &schedule, now), expected, "{millis} ms");
            assert!(!is_too_old(None, &schedule, now));
        }
    }
}
