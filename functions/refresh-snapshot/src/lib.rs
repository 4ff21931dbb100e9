//! Refreshes due snapshots, one queue message each. The queue delivers one message at a time, so that a message that
//! ends the process fails alone. If a batch has several all the same, each is handled by itself, and only those that
//! failed are delivered again. A message may arrive twice, and late.

mod message;

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use lambda_runtime::LambdaEvent;
use shared::clock::{Clock, end_of_work};
use shared::domain::Timestamp;
use shared::function::EventFunction;
use shared::logging::invocation;
use shared::store::Table;
use tracing::Instrument;

use self::message::{Disposition, handle_message};

/// How long before Lambda ends the function a message must be done, as for a request.
const RESERVE: Duration = Duration::from_secs(4);
/// How long a message may take without Lambda: 29 s, less the reserve.
const BUDGET: Duration = Duration::from_secs(25);

/// The settings and clients of this function.
#[derive(Clone)]
pub struct App {
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// The table.
    pub table: Table,
    /// The number of revisions that are kept, the current one included.
    pub revisions_kept: u32,
}

/// Handles a batch of messages in order. Returns those that must be delivered again. Never fails as a whole: then all
/// of them would be.
pub async fn handle(app: &App, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Infallible> {
    let span = invocation(EventFunction::RefreshSnapshot.package(), Some(&event.context));
    run(app, event).instrument(span).await
}

async fn run(app: &App, event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Infallible> {
    let started = app.clock.now();
    let end = end_of_work(event.context.deadline, started, RESERVE, BUDGET);
    let messages = event.payload.records.len();
    let mut answer = SqsBatchResponse::default();
    let mut refreshed = 0;
    for message in event.payload.records {
        let id = message.message_id.clone().unwrap_or_default();
        match serve_in_task(app, message, end).await {
            Disposition::Refreshed => refreshed += 1,
            Disposition::Nothing => {}
            // Without an id, which SQS always sets, the whole batch is delivered again.
            Disposition::Failed => answer.add_failure(id),
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

/// Handles one message in its own task: a panic fails no other message.
async fn serve_in_task(app: &App, message: SqsMessage, end: Timestamp) -> Disposition {
    if app.clock.now() >= end {
        tracing::warn!(message = message.message_id, "no time is left for this message; it will be delivered again");
        return Disposition::Failed;
    }
    let app = app.clone();
    let handled = async move { handle_message(&app, &message, end).await };
    tokio::spawn(handled.in_current_span()).await.unwrap_or(Disposition::Failed)
}
