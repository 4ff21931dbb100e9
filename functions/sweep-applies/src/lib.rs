//! Clears away what nobody will finish: interrupted applies and undos, and what deleted snapshots leave behind. It runs on a schedule,
//! looks at no part of its event, and may run twice at once.

use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::{Diagnostic, LambdaEvent};
use serde::Serialize;
use serde_json::Value;
use shared::clock::{Clock, end_of_work};
use shared::domain::{Fault, Timestamp};
use shared::store::{SweepOutcome, Sweeps, Table};

/// How long before Lambda ends the function it begins nothing new.
const RESERVE: Duration = Duration::from_secs(10);
/// How long it goes on where no Lambda sets a deadline.
const BUDGET: Duration = Duration::from_secs(60);

/// What this function works with.
#[derive(Clone)]
pub struct App {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The table.
    pub table: Table,
}

/// What a sweep did. It is the function's answer, and the fields of its log line.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Interrupted applies that were given up. A later sweep clears them away.
    pub given_up: usize,
    /// Applies that were cleared away and ended.
    pub cleared: usize,
    /// Undos that were carried on, or looked at a second time.
    pub undone: usize,
    /// Deleted snapshots of which nothing but a tombstone is left.
    pub emptied: usize,
    /// Sharings of snapshots whose rows of lists were written.
    pub listed: usize,
    /// Items that were deleted on the way.
    pub items: usize,
    /// Things about which nothing could be done because a call failed. The next sweep tries again.
    pub failed: usize,
    /// Whether everything that was due was looked at; otherwise the time was over, and the next sweep goes on.
    pub is_done: bool,
}

/// Why a sweep counts as failed, although it did what it could.
#[derive(Debug, thiserror::Error)]
pub enum SweepFailed {
    /// Some things could not be swept.
    #[error("{} of what was due could not be swept; the log tells why", .0.failed)]
    Some(Report),
    /// What is due could not be read.
    #[error("what is due cannot be read: {0}")]
    Unreadable(#[from] Fault),
}

/// Sweeps once. The event may be anything.
pub async fn handle(app: &App, event: LambdaEvent<Value>) -> Result<Report, SweepFailed> {
    let started = app.clock.now();
    let deadline = end_of_work(event.context.deadline, started, RESERVE, BUDGET);
    let table = app.table.for_request(deadline.since(started));
    let report = sweep(&*app.clock, &table, deadline).await?;
    let consumed = table.consumed();
    tracing::info!(
        given_up = report.given_up,
        cleared = report.cleared,
        undone = report.undone,
        emptied = report.emptied,
        listed = report.listed,
        items = report.items,
        failed = report.failed,
        is_done = report.is_done,
        read_units = consumed.read_units,
        write_units = consumed.write_units,
        table_calls = consumed.calls,
        duration_ms = u64::try_from(app.clock.now().since(started).as_millis()).unwrap_or(u64::MAX),
        "sweep"
    );
    if report.failed == 0 { Ok(report) } else { Err(SweepFailed::Some(report)) }
}

/// Goes through everything that is due. What fails is counted and keeps nothing else from being swept.
async fn sweep(clock: &dyn Clock, table: &Table, deadline: Timestamp) -> Result<Report, Fault> {
    let sweeps = Sweeps::new(table);
    let now = clock.now();
    let mut report = Report { is_done: true, ..Report::default() };
    for shard in Sweeps::shards() {
        let mut last = None;
        loop {
            let (due, more) = sweeps.due(&shard, now, last.as_ref()).await?;
            for due in &due {
                // Each by its own time: what a long sweep read long ago says nothing about how long something was left alone.
                let now = clock.now();
                if now >= deadline {
                    report.is_done = false;
                    return Ok(report);
                }
                report.note(sweeps.sweep(due, now).await);
            }
            last = due.into_iter().last();
            if !more || last.is_none() {
                break;
            }
        }
    }
    Ok(report)
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
            Ok(SweepOutcome::Emptied { items }) => {
                self.emptied += 1;
                self.items += items;
            }
            Ok(SweepOutcome::Listed) => self.listed += 1,
            Ok(SweepOutcome::Nothing) => {}
            Err(fault) => {
                tracing::error!(%fault, "something that is due cannot be swept");
                self.failed += 1;
            }
        }
    }
}

/// How Lambda is told.
impl From<SweepFailed> for Diagnostic {
    fn from(failed: SweepFailed) -> Self {
        Self { error_type: "SweepFailed".to_owned(), error_message: failed.to_string() }
    }
}
