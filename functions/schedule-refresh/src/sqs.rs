//! The queue as SQS.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::operation::send_message_batch::SendMessageBatchOutput;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use shared::config::{QueueConfig, function_settings};
use shared::domain::Fault;
use shared::queue::{RefreshMessage, RefreshQueue, SendFuture};

/// The most messages in one call, SQS's own limit.
const MAX_BATCH: usize = 10;

/// An SQS queue. The SDK tries each call a few times, so a message may arrive twice.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// Returns the queue of the settings.
    pub async fn connect(config: &QueueConfig) -> Self {
        Self::new(Client::new(&function_settings(config.sqs_endpoint.as_deref()).await), &config.url)
    }

    /// Returns the queue at `url`, with this client.
    pub fn new(client: Client, url: &str) -> Self {
        Self { client, url: url.to_owned() }
    }

    /// Sends at most [`MAX_BATCH`] messages in one call.
    async fn send_batch(&self, messages: &[RefreshMessage]) -> Result<Vec<Result<(), Fault>>, Fault> {
        let entries = messages.iter().enumerate().map(|(place, message)| entry(place, message));
        let call = self.client.send_message_batch().queue_url(&self.url);
        let call = call.set_entries(Some(entries.collect::<Result<_, Fault>>()?));
        let answer = call.send().await.map_err(|error| Fault::Unavailable(DisplayErrorContext(&error).to_string()))?;
        Ok(verdicts(messages.len(), &answer))
    }
}

/// Returns the result of each message.
fn verdicts(messages: usize, answer: &SendMessageBatchOutput) -> Vec<Result<(), Fault>> {
    let verdict = |place: usize| {
        let id = place.to_string();
        if answer.successful().iter().any(|accepted| accepted.id() == id) {
            return Ok(());
        }
        let refused = answer.failed().iter().find(|failed| failed.id() == id);
        Err(Fault::Unavailable(match refused {
            Some(failed) => format!("{}: {}", failed.code(), failed.message().unwrap_or_default()),
            None => "the answer has no result for this message".to_owned(),
        }))
    };
    (0..messages).map(verdict).collect()
}

impl RefreshQueue for SqsQueue {
    fn send<'a>(&'a self, messages: &'a [RefreshMessage]) -> SendFuture<'a> {
        Box::pin(async move {
            let mut verdicts = Vec::with_capacity(messages.len());
            for batch in messages.chunks(MAX_BATCH) {
                match self.send_batch(batch).await {
                    Ok(batch) => verdicts.extend(batch),
                    Err(fault) => verdicts.extend(batch.iter().map(|_| Err(fault.clone()))),
                }
            }
            verdicts
        })
    }
}

/// Returns the entry of a message. Its index is the id by which the answer refers to it.
fn entry(place: usize, message: &RefreshMessage) -> Result<SendMessageBatchRequestEntry, Fault> {
    let wrong = |error: &dyn std::fmt::Display| Fault::Corrupt(error.to_string());
    let body = serde_json::to_string(message).map_err(|error| wrong(&error))?;
    let entry = SendMessageBatchRequestEntry::builder().id(place.to_string()).message_body(body);
    // The tenant for SQS's fair queues: a tenant that keeps more than a tenth of the queue busy yields to the others.
    let entry = entry.set_message_group_id(message.organization_id.map(|organization| organization.to_string()));
    entry.build().map_err(|error| wrong(&error))
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::types::{BatchResultErrorEntry, SendMessageBatchResultEntry};

    use super::*;

    #[test]
    fn each_message_gets_its_result_by_index_whatever_the_order_of_the_answer() {
        let accepted = |id: &str| {
            let entry = SendMessageBatchResultEntry::builder().id(id).message_id("m").md5_of_message_body("5");
            entry.build().unwrap()
        };
        let failed =
            BatchResultErrorEntry::builder().id("1").sender_fault(false).code("InternalError").build().unwrap();
        let answer = SendMessageBatchOutput::builder();
        let answer = answer.successful(accepted("9")).successful(accepted("0")).failed(failed).build().unwrap();
        let verdicts = verdicts(11, &answer);
        let accepted: Vec<_> = (0..11).filter(|place| verdicts[*place].is_ok()).collect();
        assert_eq!(accepted, [0, 9]);
        assert!(verdicts[1].as_ref().unwrap_err().to_string().contains("InternalError"));
        assert!(verdicts[10].as_ref().unwrap_err().to_string().contains("has no result"));
    }
}
