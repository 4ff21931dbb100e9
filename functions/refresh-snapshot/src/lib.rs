//! Refreshes the snapshots that the schedule found to be due, one message of the queue each. The queue hands over one message at a
//! time, so that whatever a message does to this process it costs itself alone; where a batch should have several all the same, each
//! is judged by itself, and only those that failed come back. A message may come twice, and late.

mod message;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::LambdaEvent;
use shared::clock::{Clock, end_of_work};
use shared::domain::Timestamp;
use shared::store::Table;

use self::message::{Outcome, serve};

/// How long before Lambda ends the function a message has to be done with, as a request has.
const RESERVE: Duration = Duration::from_secs(4);
/// How long a message may take where no Lambda sets a deadline: 29 s, less the reserve.
const BUDGET: Duration = Duration::from_secs(25);

/// What this function works with.
#[derive(Clone)]
pub struct App {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The table.
    pub table: Table,
    /// How many revisions of a snapshot are kept, the current one counted.
    pub revisions_kept: u32,
}

/// Serves a batch of messages, one after the other, and tells which have to come again. It never fails as a whole: then all of
/// them would.
pub async fn handle(app: &App, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Infallible> {
    let started = app.clock.now();
    let end = end_of_work(event.context.deadline, started, RESERVE, BUDGET);
    let messages = event.payload.records.len();
    let mut answer = SqsBatchResponse::default();
    let mut refreshed = 0;
    for message in event.payload.records {
        let id = message.message_id.clone().unwrap_or_default();
        match apart(app, message, end).await {
            Outcome::Refreshed => refreshed += 1,
            Outcome::Nothing => {}
            // Without an id, which SQS never leaves out, this makes the whole batch come again.
            Outcome::Failed => answer.add_failure(id),
        }
    }
    let failed = answer.batch_item_failures.len();
    tracing::info!(
        messages,
        refreshed,
        failed,
        duration_ms = u64::try_from(app.clock.now().since(started).as_millis()).unwrap_or(u64::MAX),
        "batch"
    );
    Ok(answer)
}

/// Serves one message in a task of its own: a panic ends that task, and fails no other message.
async fn apart(app: &App, message: SqsMessage, end: Timestamp) -> Outcome {
    if app.clock.now() >= end {
        tracing::warn!(message = message.message_id, "no time is left for this message; it comes again");
        return Outcome::Failed;
    }
    let app = app.clone();
    tokio::spawn(async move { serve(&app, &message, end).await }).await.unwrap_or(Outcome::Failed)
}
