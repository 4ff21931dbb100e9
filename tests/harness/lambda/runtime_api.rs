//! Lambda's Runtime API, version 2018-06-01, for one function's process.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::Value;
use shared::clock::{Clock, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;

const ARN: &str = "arn:aws:lambda:eu-central-1:123456789012:function:function-under-test";
const TRACE: &str = "Root=1-6a06e090-000000000000000000000003;Parent=0000000000000003;Sampled=0";

/// How an invocation ended: with an answer, or with an error of the runtime.
pub(super) type Outcome = Result<Value, Value>;

/// The server. It ends when it is dropped.
pub(super) struct RuntimeApi {
    address: SocketAddr,
    desk: Arc<EventDesk>,
    events: mpsc::UnboundedSender<Event>,
    server: JoinHandle<std::io::Result<()>>,
}

/// Events to deliver, and those who wait for them.
struct EventDesk {
    events: tokio::sync::Mutex<mpsc::UnboundedReceiver<Event>>,
    waiting: Mutex<HashMap<String, oneshot::Sender<Outcome>>>,
    /// How often the function has asked for an event.
    asked: watch::Sender<u64>,
    invocations: AtomicU64,
}

struct Event {
    id: String,
    body: Vec<u8>,
    /// In milliseconds since 1970.
    deadline: i64,
}

impl RuntimeApi {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port of the loopback address");
        let address = listener.local_addr().expect("a listener has an address");
        let (events, receiver) = mpsc::unbounded_channel();
        let desk = Arc::new(EventDesk {
            events: tokio::sync::Mutex::new(receiver),
            waiting: Mutex::default(),
            asked: watch::Sender::new(0),
            invocations: AtomicU64::new(0),
        });
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(init_error))
            .with_state(Arc::clone(&desk));
        let server = tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, desk, events, server }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Waits until the function asks for an event for the first time: then its start is over.
    pub(super) async fn asked(&self) {
        // It cannot fail while `self` keeps the channel open.
        drop(self.desk.asked.subscribe().wait_for(|asked| *asked > 0).await);
    }

    /// Gives the function an event when it asks for one, to be answered within `time` from now.
    pub(super) fn hand_over(&self, event: &Value, time: Duration) -> oneshot::Receiver<Outcome> {
        let number = self.desk.invocations.fetch_add(1, Ordering::SeqCst) + 1;
        let id = format!("00000000-0000-4000-8000-{number:012}");
        let (sender, outcome) = oneshot::channel();
        self.desk.with_waiting(|waiting| waiting.insert(id.clone(), sender));
        let deadline = SystemClock.now().plus(time).as_millis();
        // The receiver lives as long as `self` does.
        let _ = self.events.send(Event { id, body: event.to_string().into_bytes(), deadline });
        outcome
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl EventDesk {
    fn with_waiting<T>(&self, change: impl FnOnce(&mut HashMap<String, oneshot::Sender<Outcome>>) -> T) -> T {
        change(&mut self.waiting.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn end(&self, id: &str, outcome: Outcome) -> StatusCode {
        match self.with_waiting(|waiting| waiting.remove(id)) {
            Some(sender) => {
                // A test that does not need the answer has dropped the receiver.
                let _ = sender.send(outcome);
                StatusCode::ACCEPTED
            }
            None => StatusCode::BAD_REQUEST,
        }
    }
}

async fn next(State(desk): State<Arc<EventDesk>>) -> Response {
    desk.asked.send_modify(|asked| *asked += 1);
    let Some(event) = desk.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let headers = [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", event.id),
        ("lambda-runtime-deadline-ms", event.deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", ARN.to_owned()),
        ("lambda-runtime-trace-id", TRACE.to_owned()),
    ];
    (headers, event.body).into_response()
}

async fn response(State(desk): State<Arc<EventDesk>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    desk.end(&id, Ok(json(&body)))
}

async fn error(State(desk): State<Arc<EventDesk>>, Path(id): Path<String>, body: Bytes) -> StatusCode {
    desk.end(&id, Err(json(&body)))
}

/// The function ends after this, and the test sees its end.
async fn init_error() -> StatusCode {
    StatusCode::ACCEPTED
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}
