//! Records every call of the service to DynamoDB, in order, with the consumed units.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use serde_json::Value;

/// The operations that write.
pub(crate) const WRITES: [&str; 5] = ["PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems", "BatchWriteItem"];

/// One call to DynamoDB.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The operation, such as `TransactWriteItems`.
    pub operation: String,
    /// The request as it went over the wire.
    pub request: Value,
    /// The answer, error or not; null without one.
    pub response: Value,
    /// The answer's status; 0 without an answer.
    pub status: u16,
    /// When it started, counted in starts and ends of calls.
    pub started: u64,
    /// When it ended, on the same count; `u64::MAX` while it runs.
    pub ended: u64,
    /// Read units of the answer, indexes included.
    pub read_units: f64,
    /// Write units of the answer, indexes included. A refused write has none.
    pub write_units: f64,
}

/// Calls in the order of their starts, with their totals.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RecordedCalls {
    /// The calls.
    pub calls: Vec<Call>,
}

impl RecordedCalls {
    /// The operations, in the order of their starts.
    pub fn operations(&self) -> Vec<&str> {
        self.calls.iter().map(|call| call.operation.as_str()).collect()
    }

    /// The calls of one operation.
    pub fn of(&self, operation: &str) -> Vec<&Call> {
        self.calls.iter().filter(|call| call.operation == operation).collect()
    }

    /// The calls that write.
    pub fn writes(&self) -> Vec<&Call> {
        self.calls.iter().filter(|call| WRITES.contains(&call.operation.as_str())).collect()
    }

    /// All read units.
    pub fn read_units(&self) -> f64 {
        self.calls.iter().map(|call| call.read_units).sum()
    }

    /// All write units.
    pub fn write_units(&self) -> f64 {
        self.calls.iter().map(|call| call.write_units).sum()
    }

    /// The dependent round trips: the length of the longest chain of calls in which each starts after the one before
    /// ended. Calls that overlap count once.
    pub fn round_trips(&self) -> usize {
        let mut longest = BTreeMap::<u64, usize>::new();
        // Calls are in the order of their starts, so all that ended before this one started are counted already.
        for call in &self.calls {
            let before = longest.range(..call.started).map(|(_, length)| *length).max().unwrap_or(0);
            longest.entry(call.ended).and_modify(|length| *length = (*length).max(before + 1)).or_insert(before + 1);
        }
        longest.values().copied().max().unwrap_or(0)
    }
}

/// The record of a connector. Clones share it.
#[derive(Clone, Default)]
pub struct Recording(Arc<Mutex<CallLog>>);

#[derive(Default)]
struct CallLog {
    counter: u64,
    calls: Vec<Call>,
}

impl Recording {
    /// Returns a connector that records every call that it passes to `inner`.
    pub(crate) fn connector(&self, inner: SharedHttpConnector) -> SharedHttpConnector {
        SharedHttpConnector::new(RecordingConnector { inner, recording: self.clone() })
    }

    /// Returns the calls so far.
    pub fn recorded(&self) -> RecordedCalls {
        RecordedCalls { calls: self.with(|state| state.calls.clone()) }
    }

    /// Forgets the calls so far.
    pub fn clear(&self) {
        self.with(|state| state.calls.clear());
    }

    fn with<T>(&self, change: impl FnOnce(&mut CallLog) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Records the start of a call; the number names it until it ends.
    fn start(&self, request: &HttpRequest) -> u64 {
        let call = Call {
            operation: operation(request),
            request: request.body().bytes().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default(),
            response: Value::Null,
            status: 0,
            started: 0,
            ended: u64::MAX,
            read_units: 0.0,
            write_units: 0.0,
        };
        self.with(|state| {
            state.counter += 1;
            state.calls.push(Call { started: state.counter, ..call });
            state.counter
        })
    }

    /// Records a call that never reached the database, with the answer that it got; status 0 without one.
    pub(crate) fn unsent(&self, request: &HttpRequest, status: u16, response: Value) {
        let started = self.start(request);
        self.end(started, status, response);
    }

    fn end(&self, started: u64, status: u16, response: Value) {
        self.with(|state| {
            state.counter += 1;
            let ended = state.counter;
            // The call is missing when the recording was cleared in between.
            if let Some(call) = state.calls.iter_mut().find(|call| call.started == started) {
                call.ended = ended;
                call.status = status;
                (call.read_units, call.write_units) = consumed(&call.operation, &response);
                call.response = response;
            }
        });
    }
}

/// Returns the operation of a request, such as `TransactWriteItems`.
pub(crate) fn operation(request: &HttpRequest) -> String {
    let target = request.headers().get("x-amz-target").unwrap_or_default();
    target.rsplit('.').next().unwrap_or_default().to_owned()
}

impl fmt::Debug for Recording {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Recording")
    }
}

/// Sums `ConsumedCapacity`: one object or, for a call that may use several tables, a list.
fn consumed(operation: &str, response: &Value) -> (f64, f64) {
    let units = match &response["ConsumedCapacity"] {
        Value::Array(tables) => tables.iter().filter_map(|table| table["CapacityUnits"].as_f64()).sum(),
        one => one["CapacityUnits"].as_f64().unwrap_or(0.0),
    };
    if WRITES.contains(&operation) { (0.0, units) } else { (units, 0.0) }
}

#[derive(Debug)]
struct RecordingConnector {
    inner: SharedHttpConnector,
    recording: Recording,
}

impl HttpConnector for RecordingConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let started = self.recording.start(&request);
        let recording = self.recording.clone();
        let inner = self.inner.clone();
        HttpConnectorFuture::new(async move {
            // Parallel calls of the service must all start before the first of them ends, even on a fast loopback: yield to all
            // ready tasks first.
            for _ in 0..8 {
                tokio::task::yield_now().await;
            }
            let answered = inner.call(request).await;
            let answered = match answered {
                Ok(response) => whole(response).await,
                Err(error) => Err(error),
            };
            match &answered {
                Ok(response) => {
                    let body = response.body().bytes().and_then(|body| serde_json::from_slice(body).ok());
                    recording.end(started, response.status().as_u16(), body.unwrap_or_default());
                }
                Err(_) => recording.end(started, 0, Value::Null),
            }
            answered
        })
    }
}

/// Returns the response with its body in memory, so that both this recording and the SDK can read it.
async fn whole(mut response: HttpResponse) -> Result<HttpResponse, ConnectorError> {
    let body = std::mem::replace(response.body_mut(), SdkBody::taken());
    let collected = ByteStream::new(body).collect().await.map_err(|error| ConnectorError::io(error.into()))?;
    *response.body_mut() = SdkBody::from(collected.into_bytes());
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded(intervals: &[(u64, u64)]) -> RecordedCalls {
        let call = |(started, ended): &(u64, u64)| Call {
            operation: "Query".to_owned(),
            request: Value::Null,
            response: Value::Null,
            status: 200,
            started: *started,
            ended: *ended,
            read_units: 0.5,
            write_units: 0.0,
        };
        RecordedCalls { calls: intervals.iter().map(call).collect() }
    }

    #[test]
    fn calls_that_overlap_are_one_round_trip() {
        assert_eq!(recorded(&[]).round_trips(), 0);
        assert_eq!(recorded(&[(1, 4), (2, 3), (5, 6)]).round_trips(), 2);
        assert_eq!(recorded(&[(1, 6), (2, 3), (4, 5), (7, 8)]).round_trips(), 3);
        assert_eq!(recorded(&[(1, 2), (3, 4), (5, 6)]).round_trips(), 3);
    }

    #[test]
    fn consumed_capacity_is_counted_for_one_table_and_for_several() {
        let one = serde_json::json!({"ConsumedCapacity": {"CapacityUnits": 2.5}});
        assert_eq!(consumed("Query", &one), (2.5, 0.0));
        let list = serde_json::json!({"ConsumedCapacity": [{"CapacityUnits": 59.0}, {"CapacityUnits": 1.0}]});
        assert_eq!(consumed("TransactWriteItems", &list), (0.0, 60.0));
        assert_eq!(consumed("PutItem", &Value::Null), (0.0, 0.0));
    }
}
