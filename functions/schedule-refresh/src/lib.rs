//! Finds the snapshots that are due, hands each to the queue, and then moves it on to its next time. It runs on a schedule, looks
//! at no part of its event, and may run twice at once: a message that is sent twice is refreshed once.

mod due;
mod sqs;

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use lambda_runtime::{Diagnostic, LambdaEvent};
use serde::Serialize;
use serde_json::Value;
use shared::clock::{Clock, end_of_work};
use shared::domain::{Fault, Timestamp};
use shared::queue::{RefreshMessage, RefreshQueue};
use shared::store::{DueSnapshot, Schedules, Table};

use self::due::Due;

pub use self::sqs::SqsQueue;

/// How long before Lambda ends the function it begins nothing new.
const RESERVE: Duration = Duration::from_secs(10);
/// How long it goes on where no Lambda sets a deadline.
const BUDGET: Duration = Duration::from_secs(60);
/// How many snapshots of one organization a run sends at most. With ten messages served at once, each received four times at most and
/// stopped after 29 s, an organization whose every message hangs keeps 7.7 of the ten places busy, and all others have the rest.
pub const SHARE: usize = 4;
/// How many snapshots are sent and then moved on at once: one batch of SQS. What is sent and not yet moved when the function
/// dies is sent again.
const AT_ONCE: usize = 10;

/// What this function works with.
#[derive(Clone)]
pub struct App {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The table.
    pub table: Table,
    /// The queue of `refresh-snapshot`.
    pub queue: Arc<dyn RefreshQueue>,
    /// The most snapshots of one organization that a run sends: [`SHARE`].
    pub share: usize,
}

/// What a run did. It is the function's answer, and the fields of its log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Messages that the queue has accepted.
    pub sent: usize,
    /// Snapshots that were moved on to their next time.
    pub moved: usize,
    /// Snapshots that were sent and did not have to be moved: another run was faster, or their schedule has changed since.
    pub met: usize,
    /// Snapshots about which something failed. They are still due, so the next run tries again.
    pub failed: usize,
    /// Snapshots that are due and were left to the next runs, because their organization has had its share of this one.
    pub deferred: usize,
    /// Whether everything that was due was looked at; otherwise the time was over, and the next run goes on.
    pub is_done: bool,
}

/// Why a run counts as failed, although it did what it could.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleFailed {
    /// Some snapshots could not be sent or moved on.
    #[error("{} of what was due could not be handed on; the log tells why", .0.failed)]
    Some(Report),
    /// What is due could not be read.
    #[error("what is due cannot be read: {0}")]
    Unreadable(#[from] Fault),
}

/// Runs the schedule once. The event may be anything.
pub async fn handle(app: &App, event: LambdaEvent<Value>) -> Result<Report, ScheduleFailed> {
    let started = app.clock.now();
    let end = end_of_work(event.context.deadline, started, RESERVE, BUDGET);
    let table = app.table.for_request(end.since(started));
    let run = Run { app, schedules: Schedules::new(&table), now: started, end };
    let report = run.all().await?;
    let consumed = table.consumed();
    tracing::info!(
        sent = report.sent,
        moved = report.moved,
        met = report.met,
        failed = report.failed,
        deferred = report.deferred,
        is_done = report.is_done,
        read_units = consumed.read_units,
        write_units = consumed.write_units,
        table_calls = consumed.calls,
        duration_ms = u64::try_from(app.clock.now().since(started).as_millis()).unwrap_or(u64::MAX),
        "schedule"
    );
    if report.failed == 0 { Ok(report) } else { Err(ScheduleFailed::Some(report)) }
}

/// One run.
struct Run<'r> {
    app: &'r App,
    schedules: Schedules<'r>,
    /// What is due is due at this moment.
    now: Timestamp,
    end: Timestamp,
}

impl Run<'_> {
    /// Looks through everything that is due, and hands each organization's share of it to the queue, the organizations in turn.
    /// What fails is counted and keeps nothing else from being refreshed.
    async fn all(&self) -> Result<Report, Fault> {
        // What was found has to be sent in this run, so looking takes half of it at most.
        let middle = self.now.plus(self.end.since(self.now) / 2);
        let found = Due::find(&self.schedules, self.app, self.now, middle).await?;
        let mut report =
            Report { failed: found.unreadable, deferred: found.deferred, is_done: found.is_whole, ..Report::default() };
        for due in found.in_turn().chunks(AT_ONCE) {
            if self.app.clock.now() >= self.end {
                report.is_done = false;
                break;
            }
            self.hand_on(due, &mut report).await;
        }
        Ok(report)
    }

    /// Sends messages, and moves on what the queue has accepted. Never the other way round: what is moved and not sent would
    /// be left out.
    async fn hand_on(&self, due: &[DueSnapshot], report: &mut Report) {
        let message = |due: &DueSnapshot| RefreshMessage {
            snapshot_id: due.id,
            organization_id: due.organization,
            due_at: due.schedule.due_at,
        };
        let messages: Vec<_> = due.iter().map(message).collect();
        let verdicts = self.app.queue.send(&messages).await;
        let sent = due.iter().zip(verdicts).filter_map(|(due, verdict)| match verdict {
            Ok(()) => Some(due),
            Err(fault) => {
                report.fail(due, &fault, "a snapshot that is due cannot be sent");
                None
            }
        });
        let moves: Vec<_> = sent.map(async |due| (due, self.reschedule(due).await)).collect();
        report.sent += moves.len();
        for (due, outcome) in join_all(moves).await {
            match outcome {
                Ok(true) => report.moved += 1,
                Ok(false) => report.met += 1,
                Err(fault) => {
                    report.fail(due, &fault, "a snapshot that was sent cannot be moved on, so it is sent again")
                }
            }
        }
    }

    async fn reschedule(&self, due: &DueSnapshot) -> Result<bool, Fault> {
        let next = due.schedule.every.next_after(due.schedule.due_at, self.now);
        self.schedules.reschedule(due, next).await
    }
}

impl Report {
    fn fail(&mut self, due: &DueSnapshot, fault: &Fault, what: &str) {
        tracing::error!(snapshot = %due.id, %fault, "{what}");
        self.failed += 1;
    }
}

/// How Lambda is told.
impl From<ScheduleFailed> for Diagnostic {
    fn from(failed: ScheduleFailed) -> Self {
        Self { error_type: "ScheduleFailed".to_owned(), error_message: failed.to_string() }
    }
}
