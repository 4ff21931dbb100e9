//! The queue on SQS.

use aws_sdk_sqs::Client;
use aws_sdk_sqs::error::DisplayErrorContext;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use shared::config::{QueueConfig, sdk_config};
use shared::domain::Fault;
use shared::queue::{RefreshMessage, RefreshQueue, Sending};

/// The most messages in one call, SQS's own limit.
const MAX_BATCH: usize = 10;

/// A queue of SQS. The SDK tries each call a few times; a message may therefore arrive twice.
#[derive(Debug, Clone)]
pub struct SqsQueue {
    client: Client,
    url: String,
}

impl SqsQueue {
    /// The queue of the settings.
    pub async fn connect(config: &QueueConfig) -> Self {
        Self::new(Client::new(&sdk_config(config.sqs_endpoint.as_deref()).await), &config.url)
    }

    /// The queue at `url`, through this client.
    pub fn new(client: Client, url: &str) -> Self {
        Self { client, url: url.to_owned() }
    }

    /// At most [`MAX_BATCH`] messages, in one call.
    async fn send_batch(&self, messages: &[RefreshMessage]) -> Result<Vec<Result<(), Fault>>, Fault> {
        let entries = messages.iter().enumerate().map(|(place, message)| entry(place, message));
        let call = self.client.send_message_batch().queue_url(&self.url);
        let call = call.set_entries(Some(entries.collect::<Result<_, Fault>>()?));
        let answer = call.send().await.map_err(|error| Fault::Unavailable(DisplayErrorContext(&error).to_string()))?;
        let accepted: Vec<_> = answer.successful().iter().map(|entry| entry.id()).collect();
        let verdict = |place: usize| {
            let id = place.to_string();
            if accepted.contains(&id.as_str()) {
                return Ok(());
            }
            let refused = answer.failed().iter().find(|failed| failed.id() == id);
            Err(Fault::Unavailable(match refused {
                Some(failed) => format!("{}: {}", failed.code(), failed.message().unwrap_or_default()),
                None => "the answer does not tell what became of it".to_owned(),
            }))
        };
        Ok((0..messages.len()).map(verdict).collect())
    }
}

impl RefreshQueue for SqsQueue {
    fn send<'a>(&'a self, messages: &'a [RefreshMessage]) -> Sending<'a> {
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

/// A message under its place in the batch, by which the answer tells of it.
fn entry(place: usize, message: &RefreshMessage) -> Result<SendMessageBatchRequestEntry, Fault> {
    let wrong = |error: &dyn std::fmt::Display| Fault::Corrupt(error.to_string());
    let body = serde_json::to_string(message).map_err(|error| wrong(&error))?;
    let entry = SendMessageBatchRequestEntry::builder().id(place.to_string()).message_body(body);
    entry.build().map_err(|error| wrong(&error))
}
