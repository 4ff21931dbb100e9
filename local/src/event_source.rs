//! The queue between the schedule and the refreshes: SQS and Lambda's event source mapping in one. Each visible message goes to the
//! function in an invocation of its own. A message that fails becomes visible again after its visibility timeout. A message that
//! failed too often goes to the dead-letter queue. Several are served at once, and tenants with few messages in flight come first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::Clock;
use shared::domain::{Fault, Timestamp};
use shared::queue::{RefreshMessage, RefreshQueue, SendFuture};

use crate::gateway::InvocationResult;

/// The most messages in one batch, as in the template: a message that ends the function's process ends no other message.
pub const BATCH_SIZE: usize = 1;
/// The most batches served at once, as in the template.
pub const MAXIMUM_CONCURRENCY: usize = 10;
/// How long a received message stays invisible, as in the template.
pub const VISIBILITY_TIMEOUT: Duration = Duration::from_secs(1_800);
/// How often a message is received before it goes to the dead-letter queue, as in the template.
pub const MAX_RECEIVES: u32 = 4;

/// The queue and its dead-letter queue. Clones are the same.
#[derive(Clone)]
pub struct EventSource {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    sent: u64,
    messages: Vec<Message>,
    dead: Vec<Message>,
}

#[derive(Clone)]
struct Message {
    id: String,
    body: String,
    /// Its tenant. A message without one is a tenant of its own.
    group: Option<String>,
    sent_at: Timestamp,
    receives: u32,
    visible_at: Timestamp,
}

/// The outcome of one batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Delivery {
    /// The bodies of the messages, in their order.
    pub messages: Vec<String>,
    /// The positions of those that come again.
    pub failed: Vec<usize>,
}

impl EventSource {
    /// Creates an empty queue on this clock.
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, state: Arc::default() }
    }

    /// Accepts a message with any text, without a tenant.
    pub fn send_text(&self, body: &str) {
        self.take(body, None);
    }

    fn take(&self, body: &str, group: Option<String>) {
        let now = self.clock.now();
        let mut state = self.state();
        state.sent += 1;
        // The form of SQS's own ids, in order.
        let id = format!("00000000-0000-4000-8000-{:012x}", state.sent);
        let body = body.to_owned();
        state.messages.push(Message { id, body, group, sent_at: now, receives: 0, visible_at: now });
    }

    /// Passes one batch of visible messages to `function` and deletes those that it does not report as failed; `None` if no message
    /// is visible.
    pub async fn deliver(&self, function: impl AsyncFnOnce(Value) -> InvocationResult) -> Option<Delivery> {
        let batch = self.receive();
        if batch.is_empty() {
            return None;
        }
        let answer = function(event(&batch)).await;
        let failed = failed(&batch, &answer);
        let is_done = |message: &Message| {
            let place = batch.iter().position(|received| received.id == message.id);
            place.is_some_and(|place| !failed.contains(&place))
        };
        self.state().messages.retain(|message| !is_done(message));
        Some(Delivery { messages: batch.into_iter().map(|message| message.body).collect(), failed })
    }

    /// Returns how many messages are in the queue, visible or not.
    pub fn waiting(&self) -> usize {
        self.state().messages.len()
    }

    /// Returns the bodies of the messages in the dead-letter queue.
    pub fn dead_letters(&self) -> Vec<String> {
        self.state().dead.iter().map(|message| message.body.clone()).collect()
    }

    /// Receives visible messages, which become invisible for a time. Messages that were received too often go to the dead-letter queue.
    fn receive(&self) -> Vec<Message> {
        let now = self.clock.now();
        let mut state = self.state();
        let (dead, kept) = std::mem::take(&mut state.messages)
            .into_iter()
            .partition(|message: &Message| message.visible_at <= now && message.receives >= MAX_RECEIVES);
        state.messages = kept;
        for message in dead {
            tracing::error!(message = message.id, receives = message.receives, "to the dead-letter queue");
            state.dead.push(message);
        }
        let mut received = Vec::new();
        while received.len() < BATCH_SIZE
            && let Some(place) = state.next(now)
        {
            let message = &mut state.messages[place];
            message.receives += 1;
            message.visible_at = now.plus(VISIBILITY_TIMEOUT);
            received.push(message.clone());
        }
        received
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Returns the position of the next message: the oldest of the tenant with the fewest messages in flight. SQS's fair queues also
    /// prefer tenants with few busy consumers.
    fn next(&self, now: Timestamp) -> Option<usize> {
        let mut in_flight: HashMap<&str, usize> = HashMap::new();
        for group in self
            .messages
            .iter()
            .filter(|message| message.visible_at > now)
            .filter_map(|message| message.group.as_deref())
        {
            *in_flight.entry(group).or_default() += 1;
        }
        let busy =
            |message: &Message| message.group.as_deref().and_then(|group| in_flight.get(group)).copied().unwrap_or(0);
        let visible = self.messages.iter().enumerate().filter(|(_, message)| message.visible_at <= now);
        visible.min_by_key(|(place, message)| (busy(message), *place)).map(|(place, _)| place)
    }
}

impl RefreshQueue for EventSource {
    fn send<'a>(&'a self, messages: &'a [RefreshMessage]) -> SendFuture<'a> {
        let send = |message: &RefreshMessage| {
            let text = serde_json::to_string(message).map_err(|error| Fault::Corrupt(error.to_string()))?;
            self.take(&text, message.organization_id.map(|organization| organization.to_string()));
            Ok(())
        };
        let verdicts = messages.iter().map(send).collect();
        Box::pin(std::future::ready(verdicts))
    }
}

/// Returns the event of a batch, as Lambda sends it.
fn event(batch: &[Message]) -> Value {
    let record = |message: &Message| {
        json!({
            "messageId": message.id,
            "receiptHandle": format!("{}#{}", message.id, message.receives),
            "body": message.body,
            "attributes": {
                "ApproximateReceiveCount": message.receives.to_string(),
                "SentTimestamp": message.sent_at.as_millis().to_string(),
                "SenderId": "local",
            },
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:local:000000000000:refresh",
            "awsRegion": "local",
        })
    };
    json!({"Records": batch.iter().map(record).collect::<Vec<_>>()})
}

/// Returns the positions of the failed messages of a batch, as Lambda reads an answer: all if the function failed or its report names
/// an unknown message, none without a report.
fn failed(batch: &[Message], answer: &InvocationResult) -> Vec<usize> {
    let all = || (0..batch.len()).collect();
    let report = match answer {
        Err(_) => return all(),
        Ok(Value::Null) => return Vec::new(),
        Ok(Value::Object(answer)) => answer.get("batchItemFailures").unwrap_or(&Value::Null),
        Ok(_) => return all(),
    };
    let place = |failure: &Value| {
        let id = failure.get("itemIdentifier")?.as_str()?;
        batch.iter().position(|message| message.id == id)
    };
    match report {
        Value::Null => Vec::new(),
        Value::Array(failures) => failures.iter().map(place).collect::<Option<Vec<_>>>().unwrap_or_else(all),
        _ => all(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use super::*;
    use crate::gateway::FunctionError;

    #[derive(Default)]
    struct StillClock(AtomicI64);

    impl StillClock {
        fn advance(&self, by: Duration) {
            self.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
        }
    }

    impl Clock for StillClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::SeqCst))
        }
    }

    const MILLISECOND: Duration = Duration::from_millis(1);

    fn source(messages: usize) -> (Arc<StillClock>, EventSource) {
        let clock = Arc::new(StillClock::default());
        let source = EventSource::new(clock.clone());
        (0..messages).for_each(|number| source.send_text(&number.to_string()));
        (clock, source)
    }

    /// Reports the messages with `poisoned` bodies as failed.
    fn report(event: &Value, poisoned: &[String]) -> Value {
        let records = event["Records"].as_array().unwrap().iter();
        let failed = records.filter(|record| poisoned.contains(&record["body"].as_str().unwrap().to_owned()));
        let failures: Vec<_> = failed.map(|record| json!({"itemIdentifier": record["messageId"]})).collect();
        json!({"batchItemFailures": failures})
    }

    #[tokio::test]
    async fn of_any_number_of_messages_with_poisoned_ones_only_those_come_again() {
        for n in 1..=10 {
            for k in 0..=n {
                let (clock, source) = source(n);
                let poisoned: Vec<String> = (n - k..n).map(|number| number.to_string()).collect();
                let function = async |event: Value| Ok(report(&event, &poisoned));
                let serve = async || {
                    let mut served = Vec::new();
                    while let Some(delivered) = source.deliver(function).await {
                        assert_eq!(delivered.messages.len(), BATCH_SIZE);
                        served.push((delivered.messages[0].clone(), delivered.failed.len()));
                    }
                    served
                };
                let first = serve().await;
                assert_eq!(first.iter().map(|(_, failed)| failed).sum::<usize>(), k, "{k} of {n}");
                assert_eq!(first.len(), n, "{k} of {n}");
                for receive in 2..=MAX_RECEIVES {
                    clock.advance(VISIBILITY_TIMEOUT - MILLISECOND);
                    assert_eq!(serve().await, [], "{k} of {n}");
                    clock.advance(MILLISECOND);
                    let expected: Vec<_> = poisoned.iter().map(|body| (body.clone(), 1)).collect();
                    assert_eq!(serve().await, expected, "{k} of {n}, receive {receive}");
                }
                assert!(source.dead_letters().is_empty());
                clock.advance(VISIBILITY_TIMEOUT);
                assert_eq!(serve().await, [], "{k} of {n}");
                assert_eq!((source.dead_letters(), source.waiting()), (poisoned, 0), "{k} of {n}");
            }
        }
    }

    #[tokio::test]
    async fn each_message_comes_alone_and_is_in_no_two_batches_at_once() {
        let (_, source) = source(11);
        let mut bodies = Vec::new();
        let all = Err(FunctionError { error_type: String::new(), error_message: String::new() });
        while let Some(batch) = source.deliver(async |_| all.clone()).await {
            bodies.push(batch.messages);
        }
        let expected: Vec<_> = (0..11).map(|number: usize| vec![number.to_string()]).collect();
        assert_eq!((bodies, source.waiting()), (expected, 11));
    }

    #[tokio::test]
    async fn a_tenant_with_messages_in_flight_gives_way_to_those_without() {
        let (_, source) = source(0);
        for (tenant, body) in [("a", "1"), ("a", "2"), ("a", "3"), ("b", "4"), ("b", "5")] {
            source.take(body, Some(tenant.to_owned()));
        }
        source.send_text("6");
        // A failed message stays in flight until it becomes visible again.
        let failed = Err(FunctionError { error_type: String::new(), error_message: String::new() });
        let mut order = Vec::new();
        while let Some(batch) = source.deliver(async |_| failed.clone()).await {
            order.extend(batch.messages);
        }
        assert_eq!(order, ["1", "4", "6", "2", "5", "3"]);
    }

    #[test]
    fn an_answer_is_read_as_lambda_reads_it() {
        let message = |number: u8| Message {
            id: format!("00000000-0000-4000-8000-{number:012x}"),
            body: String::new(),
            group: None,
            sent_at: Timestamp::from_millis(0),
            receives: 1,
            visible_at: Timestamp::from_millis(0),
        };
        let batch = [message(1), message(2), message(3)];
        let known = "00000000-0000-4000-8000-000000000002";
        let failure = |id: Value| json!({"batchItemFailures": [{"itemIdentifier": known}, {"itemIdentifier": id}]});
        for (answer, expected) in [
            (Value::Null, 0),
            (json!({}), 0),
            (json!({"batchItemFailures": null}), 0),
            (json!({"batchItemFailures": []}), 0),
            (json!({"batchItemFailures": [{"itemIdentifier": known}]}), 1),
            (failure(json!("")), 3),
            (failure(Value::Null), 3),
            (failure(json!("somebody else's")), 3),
            (json!({"batchItemFailures": [{"id": known}]}), 3),
            (json!({"batchItemFailures": 7}), 3),
            (json!("done"), 3),
        ] {
            assert_eq!(failed(&batch, &Ok(answer.clone())).len(), expected, "{answer}");
        }
    }

    #[tokio::test]
    async fn a_message_tells_when_it_was_sent_and_how_often_it_came() {
        let (clock, source) = source(1);
        for receive in 1..=3 {
            let delivered = source.deliver(async |event: Value| {
                let attributes = &event["Records"][0]["attributes"];
                assert_eq!(attributes["ApproximateReceiveCount"], receive.to_string());
                assert_eq!(attributes["SentTimestamp"], "0");
                Err(FunctionError { error_type: "Panic".to_owned(), error_message: String::new() })
            });
            assert_eq!(delivered.await.unwrap().failed, [0]);
            clock.advance(VISIBILITY_TIMEOUT);
        }
    }
}
