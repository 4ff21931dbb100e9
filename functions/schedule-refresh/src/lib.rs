//! Sends a message for each due snapshot, then sets its next due time. It runs on a schedule, ignores its event, and
//! may run twice at once: a message that is sent twice is refreshed once.

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
use shared::function::EventFunction;
use shared::logging::invocation;
use shared::queue::{RefreshMessage, RefreshQueue};
use shared::store::{DueSnapshot, Schedules, Table};
use tracing::Instrument;

use self::due::DueShares;

pub use self::sqs::SqsQueue;

/// How long before Lambda ends the function it starts nothing new.
const RESERVE: Duration = Duration::from_secs(10);
/// How long a run takes at most without Lambda.
const BUDGET: Duration = Duration::from_secs(60);
/// The most snapshots of one organization that a run sends. With ten messages handled at once, each received at most
/// four times and stopped after 29 s, an organization whose every message hangs occupies 7.7 of the ten places; the
/// others have the rest.
pub const SHARE: usize = 4;
/// How many snapshots are sent and then rescheduled at a time: one batch of SQS. A snapshot that was sent but not
/// rescheduled when the function dies is sent again.
const AT_ONCE: usize = 10;

/// The settings and clients of this function.
#[derive(Clone)]
pub struct App {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The table.
    pub table: Table,
    /// The queue of `refresh-snapshot`.
    pub queue: Arc<dyn RefreshQueue>,
    /// The most snapshots of one organization that a run sends: [`SHARE`].
    pub share: usize,
}

/// The result of a run: the function's answer, and the fields of its log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Messages that the queue accepted.
    pub sent: usize,
    /// Snapshots whose next due time was set.
    pub moved: usize,
    /// Snapshots that were sent but not rescheduled, because another run was faster or their schedule has changed.
    pub met: usize,
    /// Snapshots that failed. They are still due, so the next run tries again.
    pub failed: usize,
    /// Due snapshots that are left to the next runs, because their organization had its share of this one.
    pub deferred: usize,
    /// Whether everything that was due was read; otherwise the time was over, and the next run continues.
    pub is_done: bool,
}

/// Why a run counts as failed.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    /// Some snapshots could not be sent or rescheduled.
    #[error("{} due snapshots could not be sent or rescheduled; see the log", .0.failed)]
    Some(Report),
    /// The due snapshots could not be read.
    #[error("the due snapshots cannot be read: {0}")]
    Unreadable(#[from] Fault),
}

/// Runs the schedule once. The event may be anything.
pub async fn handle(app: &App, event: LambdaEvent<Value>) -> Result<Report, ScheduleError> {
    let span = invocation(EventFunction::ScheduleRefresh.package(), Some(&event.context));
    run(app, event).instrument(span).await
}

async fn run(app: &App, event: LambdaEvent<Value>) -> Result<Report, ScheduleError> {
    let started = app.clock.now();
    let end = end_of_work(event.context.deadline, started, RESERVE, BUDGET);
    let table = app.table.for_request(end.since(started));
    let run = ScheduleRun { app, schedules: Schedules::new(&table), now: started, end };
    let (report, longest_wait) = run.all().await?;
    let consumed = table.consumed();
    tracing::info!(
        sent = report.sent,
        moved = report.moved,
        met = report.met,
        failed = report.failed,
        deferred = report.deferred,
        is_done = report.is_done,
        oldest_due_seconds = longest_wait.as_secs(),
        read_units = consumed.read_units,
        write_units = consumed.write_units,
        table_calls = consumed.calls,
        duration_ms = u64::try_from(app.clock.now().since(started).as_millis()).unwrap_or(u64::MAX),
        "schedule"
    );
    if report.failed == 0 { Ok(report) } else { Err(ScheduleError::Some(report)) }
}

/// One run.
struct ScheduleRun<'r> {
    app: &'r App,
    schedules: Schedules<'r>,
    /// The time at which snapshots are due.
    now: Timestamp,
    end: Timestamp,
}

impl ScheduleRun<'_> {
    /// Reads everything that is due, and sends each organization's share, the organizations in turn. Counts failures
    /// and continues. Returns, too, for how long the first of what was sent had been due.
    async fn all(&self) -> Result<(Report, Duration), Fault> {
        // The found snapshots must be sent in this run, so reading takes at most half of it.
        let middle = self.now.plus(self.end.since(self.now) / 2);
        let found = DueShares::find(&self.schedules, self.app, self.now, middle).await?;
        let mut report =
            Report { failed: found.unreadable, deferred: found.deferred, is_done: found.is_whole, ..Report::default() };
        let mut longest_wait = Duration::ZERO;
        for due in found.in_turn().chunks(AT_ONCE) {
            let waits = due.iter().map(|due| self.now.since(due.schedule.due_at));
            longest_wait = waits.fold(longest_wait, Duration::max);
            if self.app.clock.now() >= self.end {
                report.is_done = false;
                break;
            }
            self.send_and_reschedule(due, &mut report).await;
        }
        Ok((report, longest_wait))
    }

    /// Sends messages, and reschedules what the queue accepted. In the other order, a failed message would be lost.
    async fn send_and_reschedule(&self, due: &[DueSnapshot], report: &mut Report) {
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
                report.fail(due, &fault, "a due snapshot cannot be sent");
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
                    report.fail(due, &fault, "a sent snapshot cannot be rescheduled, so it will be sent again")
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

/// Converts the error for Lambda.
impl From<ScheduleError> for Diagnostic {
    fn from(failed: ScheduleError) -> Self {
        Self { error_type: "ScheduleFailed".to_owned(), error_message: failed.to_string() }
    }
}
