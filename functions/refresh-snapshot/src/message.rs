//! Handles one message: parses it, refreshes the snapshot unless the message is too old, and logs the outcome.

use std::sync::Arc;

use aws_lambda_events::sqs::SqsMessage;
use shared::compute::Deadline;
use shared::domain::{Fault, RefreshStatus, Schedule, Timestamp};
use shared::queue::RefreshMessage;
use shared::refresh::{Refresh, RefreshOutcome, RefreshTrigger};
use shared::store::{SnapshotAccess, Table};

use crate::App;

/// Whether a message is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Disposition {
    /// The refresh has an outcome. The message is done.
    Refreshed,
    /// Nothing was due. The message is done.
    Nothing,
    /// The message must be delivered again.
    Failed,
}

/// Handles a message until `end`, and logs one line.
pub(crate) async fn handle_message(app: &App, message: &SqsMessage, end: Timestamp) -> Disposition {
    let now = app.clock.now();
    let Some(request) = message.body.as_deref().and_then(|body| serde_json::from_str::<RefreshMessage>(body).ok())
    else {
        // Without its text, which may be anything.
        tracing::error!(message = message.message_id, "this is not a refresh message");
        return Disposition::Failed;
    };
    let table = app.table.for_request(end.since(now));
    let refreshed = refresh(app, &table, &request, sent_at(message), now, end).await;
    let (outcome, result) = match &refreshed {
        Ok(refreshed) => disposition(refreshed),
        Err(_) => (Disposition::Failed, "fault"),
    };
    let cause = match &refreshed {
        Ok(_) => None,
        Err(fault) => Some(shared::logging::without_values(&fault.to_string())),
    };
    let consumed = table.consumed();
    tracing::info!(
        snapshot = %request.snapshot_id,
        organization = request.organization_id.map(|organization| organization.to_string()),
        due_at = %request.due_at,
        result,
        comes_again = outcome == Disposition::Failed,
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

/// The outcome of a valid message.
#[derive(Debug)]
enum MessageOutcome {
    /// The outcome of the refresh.
    Ran(RefreshOutcome),
    /// The queue had it for a whole period, so the schedule has sent the next one.
    TooOld,
}

async fn refresh(
    app: &App,
    table: &Table,
    request: &RefreshMessage,
    sent_at: Option<Timestamp>,
    now: Timestamp,
    end: Timestamp,
) -> Result<MessageOutcome, Fault> {
    let refresh = Refresh {
        table,
        snapshot: request.snapshot_id,
        trigger: RefreshTrigger::Schedule { slot: request.due_at },
        now,
        revisions_kept: app.revisions_kept,
        deadline: Deadline::new(Arc::clone(&app.clock), end),
    };
    let found = refresh.load().await?;
    if let SnapshotAccess::Allowed(loaded) = &found
        && loaded.schedule().is_some_and(|schedule| is_too_old(sent_at, schedule, now))
    {
        return Ok(MessageOutcome::TooOld);
    }
    Ok(MessageOutcome::Ran(refresh.run(found).await?))
}

/// Returns when SQS received the message. A late schedule does not count: a time that is served late is served.
fn sent_at(message: &SqsMessage) -> Option<Timestamp> {
    let millis = message.attributes.get("SentTimestamp")?.parse().ok()?;
    Some(Timestamp::from_millis(millis))
}

fn is_too_old(sent_at: Option<Timestamp>, schedule: &Schedule, now: Timestamp) -> bool {
    sent_at.is_some_and(|sent| now.since(sent) >= schedule.every.length())
}

/// Returns whether the message is done, and the outcome for the log.
fn disposition(refreshed: &MessageOutcome) -> (Disposition, &'static str) {
    match refreshed {
        MessageOutcome::TooOld => (Disposition::Nothing, "too_old"),
        MessageOutcome::Ran(RefreshOutcome::Done { state, .. }) => (Disposition::Refreshed, status(state.status)),
        // The schedule cannot change this. It is stored as the outcome of this time.
        MessageOutcome::Ran(RefreshOutcome::TooLarge(_)) => (Disposition::Refreshed, "too_large"),
        MessageOutcome::Ran(RefreshOutcome::NotDue) => (Disposition::Nothing, "not_due"),
        MessageOutcome::Ran(RefreshOutcome::Missing) => (Disposition::Nothing, "missing"),
        // Never returned for a schedule, which ends once its creator may not refresh.
        MessageOutcome::Ran(RefreshOutcome::Forbidden) => (Disposition::Nothing, "forbidden"),
        MessageOutcome::Ran(RefreshOutcome::SourceBusy) => (Disposition::Failed, "source_busy"),
        MessageOutcome::Ran(RefreshOutcome::Contended) => (Disposition::Failed, "contended"),
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
