//! Deletes what no request will finish: interrupted applies, undos and removals, and the rest of deleted snapshots. It runs on a
//! schedule, ignores its event, and may run twice at once.

use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::{Diagnostic, LambdaEvent};
use serde::Serialize;
use serde_json::Value;
use shared::clock::{Clock, end_of_work};
use shared::domain::{Fault, Timestamp};
use shared::function::EventFunction;
use shared::logging::invocation;
use shared::store::{SweepOutcome, Sweeps, Table};
use tracing::Instrument;

/// How long before Lambda ends the function it starts nothing new.
const RESERVE: Duration = Duration::from_secs(10);
/// How long a sweep takes at most without Lambda.
const BUDGET: Duration = Duration::from_secs(60);

/// The settings and clients of this function.
#[derive(Clone)]
pub struct App {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The table.
    pub table: Table,
}

/// The result of a sweep: the function's answer, and the fields of its log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Interrupted applies that were abandoned. A later sweep deletes their items.
    pub given_up: usize,
    /// Abandoned applies whose items were deleted.
    pub cleared: usize,
    /// Undos that were finished, or whose late writes were deleted.
    pub undone: usize,
    /// Removals of users that were finished, or whose late writes were deleted.
    pub removed: usize,
    /// Deleted snapshots whose rest was deleted, except the tombstone.
    pub emptied: usize,
    /// Sharings whose missing rows were written.
    pub listed: usize,
    /// Deleted items in all.
    pub items: usize,
    /// Items whose sweep failed. The next sweep tries again.
    pub failed: usize,
    /// Whether everything that was due was swept; otherwise the time was over, and the next sweep continues.
    pub is_done: bool,
}

/// Why a sweep counts as failed.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// Some items could not be swept.
    #[error("{} due items could not be swept; see the log", .0.failed)]
    Some(Report),
    /// The due items could not be read.
    #[error("the due items cannot be read: {0}")]
    Unreadable(#[from] Fault),
}

/// Sweeps once. The event may be anything.
pub async fn handle(app: &App, event: LambdaEvent<Value>) -> Result<Report, SweepError> {
    let span = invocation(EventFunction::SweepApplies.package(), Some(&event.context));
    run(app, event).instrument(span).await
}

async fn run(app: &App, event: LambdaEvent<Value>) -> Result<Report, SweepError> {
    let started = app.clock.now();
    let deadline = end_of_work(event.context.deadline, started, RESERVE, BUDGET);
    let table = app.table.for_request(deadline.since(started));
    let (report, longest_wait) = sweep(&*app.clock, &table, deadline).await?;
    let consumed = table.consumed();
    tracing::info!(
        given_up = report.given_up,
        cleared = report.cleared,
        undone = report.undone,
        removed = report.removed,
        emptied = report.emptied,
        listed = report.listed,
        items = report.items,
        failed = report.failed,
        is_done = report.is_done,
        oldest_due_seconds = longest_wait.as_secs(),
        read_units = consumed.read_units,
        write_units = consumed.write_units,
        table_calls = consumed.calls,
        duration_ms = u64::try_from(app.clock.now().since(started).as_millis()).unwrap_or(u64::MAX),
        "sweep"
    );
    if report.failed == 0 { Ok(report) } else { Err(SweepError::Some(report)) }
}

/// Sweeps everything that is due. Counts failures and continues. Returns, too, for how long the first of it had been due.
async fn sweep(clock: &dyn Clock, table: &Table, deadline: Timestamp) -> Result<(Report, Duration), Fault> {
    let sweeps = Sweeps::new(table);
    let now = clock.now();
    let mut report = Report { is_done: true, ..Report::default() };
    let mut longest_wait = Duration::ZERO;
    for shard in Sweeps::shards() {
        let mut last = None;
        loop {
            let (due, more) = sweeps.due(&shard, now, last.as_ref()).await?;
            longest_wait = due.iter().map(|due| due.waited(now)).fold(longest_wait, Duration::max);
            for due in &due {
                // The time is read for each item, because a long sweep reads items long before it handles them.
                let now = clock.now();
                if now >= deadline {
                    report.is_done = false;
                    return Ok((report, longest_wait));
                }
                report.note(sweeps.sweep(due, now).await);
            }
            last = due.into_iter().last();
            if !more || last.is_none() {
                break;
            }
        }
    }
    Ok((report, longest_wait))
}

impl Report {
    fn note(&mut self, outcome: Result<SweepOutcome, Fault>) {
        match outcome {
            Ok(SweepOutcome::Abandoned) => self.given_up += 1,
            Ok(SweepOutcome::Cleared { items }) => {
                self.cleared += 1;
                self.items += items;
            }
            Ok(SweepOutcome::Undone { items }) => {
                self.undone += 1;
                self.items += items;
            }
            Ok(SweepOutcome::Removed { items }) => {
                self.removed += 1;
                self.items += items;
            }
            Ok(SweepOutcome::Emptied { items }) => {
                self.emptied += 1;
                self.items += items;
            }
            Ok(SweepOutcome::Listed) => self.listed += 1,
            Ok(SweepOutcome::Nothing) => {}
            Err(fault) => {
                tracing::error!(%fault, "a due item cannot be swept");
                self.failed += 1;
            }
        }
    }
}

/// Converts the error for Lambda.
impl From<SweepError> for Diagnostic {
    fn from(failed: SweepError) -> Self {
        Self { error_type: "SweepFailed".to_owned(), error_message: failed.to_string() }
    }
}
