//! The HTTP API of the template, on this machine. It turns a request into the event that AWS would send, runs the function of the
//! route table on it through `lambda_http`'s own adapter, and turns the answer into HTTP again.

mod answer;
mod event;
mod invocation;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use axum::body::{Body as HttpBody, HttpBody as _};
use axum::extract::{ConnectInfo, State};
use http::request::Parts;
use http::{Request, Response, StatusCode};
use lambda_http::request::LambdaRequest;
use lambda_http::{Adapter, BoxFuture, Context, LambdaEvent, Service, service_fn};
use shared::clock::Clock;
use shared::domain::Timestamp;
use shared::function::HttpFunction;
use shared::http::route;
use shared::ids::Randomness;
use tokio::task::JoinHandle;

use crate::guard::{Credentials, Guard};
use answer::{FunctionAnswer, Refusal};
pub use event::decoded_path;
use event::{Arrival, Event};
pub use invocation::{FunctionError, InvocationResult};
use invocation::{InvocationType, invoked_function};

/// The largest body of an HTTP API; a fixed quota of API Gateway.
const MAX_BODY: usize = 10 * 1024 * 1024;
/// How much of a too large body is read and dropped, so that the client sees the answer.
const MAX_DISCARDED: usize = 64 * 1024 * 1024;
/// The most bytes of request line and header values together (API Gateway quotas).
const MAX_HEADERS: usize = 10_240;
/// The largest event of a synchronous invocation, in bytes of JSON (Lambda quotas: 6 MB).
const MAX_EVENT: usize = 6_291_456;
/// The largest event of an asynchronous invocation (Lambda quotas: 1 MB).
const MAX_ASYNCHRONOUS_EVENT: usize = 1_048_576;
/// The largest answer of a function, in bytes of JSON: 6 MB and 100 bytes, according to Lambda's own error.
const MAX_ANSWER: usize = 6_291_556;
/// The functions' timeout in the template.
const FUNCTION_TIMEOUT: Duration = Duration::from_secs(29);
/// How long an HTTP API waits for a function; a fixed quota of API Gateway.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs a function on a request, as `lambda_http::service_fn` would.
pub type Dispatch = dyn Fn(HttpFunction, lambda_http::Request) -> AnswerFuture + Send + Sync;
/// The future answer of a function. An expected failure is an answer too, so there is no other outcome.
pub type AnswerFuture = BoxFuture<'static, Result<Response<lambda_http::Body>, Infallible>>;

/// Runs any function, by its logical name, on any event.
pub struct Invoker {
    /// The logical names.
    pub names: Vec<&'static str>,
    /// Runs the function with one of these names.
    pub run: Box<Invoke>,
}

type Invoke = dyn Fn(&'static str, serde_json::Value, Context) -> BoxFuture<'static, InvocationResult> + Send + Sync;

/// The gateway. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    dispatch: Arc<Dispatch>,
    invoker: Arc<Invoker>,
    clock: Arc<dyn Clock>,
    randomness: Arc<dyn Randomness>,
    host: Arc<str>,
    function_timeout: Duration,
    integration_timeout: Duration,
    access_log: Arc<AtomicBool>,
    guard: Guard,
    is_ready: Arc<AtomicBool>,
}

impl Gateway {
    /// Creates a gateway that listens on `address` and runs functions with `dispatch`.
    pub fn new(
        address: SocketAddr,
        clock: Arc<dyn Clock>,
        randomness: Arc<dyn Randomness>,
        dispatch: Arc<Dispatch>,
        invoker: Arc<Invoker>,
    ) -> Self {
        let host = address.to_string().into();
        Self {
            dispatch,
            invoker,
            clock,
            randomness,
            host,
            function_timeout: FUNCTION_TIMEOUT,
            integration_timeout: INTEGRATION_TIMEOUT,
            access_log: Arc::default(),
            guard: Guard::new(address, &[], Credentials::generate()),
            is_ready: Arc::new(AtomicBool::new(true)),
        }
    }

    /// Replaces the guard.
    #[must_use]
    pub fn with_guard(self, guard: Guard) -> Self {
        Self { guard, ..self }
    }

    /// Replaces the template's timeout. On AWS every request has its own processor; a thousand requests on two processors need more
    /// time.
    #[must_use]
    pub fn with_function_timeout(self, time: Duration) -> Self {
        Self { function_timeout: time, integration_timeout: time + (INTEGRATION_TIMEOUT - FUNCTION_TIMEOUT), ..self }
    }

    /// Sets whether each request writes a line to standard error: method, path, status, milliseconds.
    pub fn log_requests(&self, on: bool) {
        self.access_log.store(on, Ordering::Relaxed);
    }

    /// Sets whether the service is ready. `/health` answers 503 until it is.
    pub fn set_ready(&self, is_ready: bool) {
        self.is_ready.store(is_ready, Ordering::Relaxed);
    }

    /// Returns the router for `axum::serve`.
    pub fn into_router(self) -> axum::Router {
        axum::Router::new().fallback(answer).with_state(self)
    }

    /// Runs a function on a request that needs no conversion, such as a recorded event.
    pub fn run(&self, function: HttpFunction, request: lambda_http::Request) -> AnswerFuture {
        (self.dispatch)(function, request)
    }

    /// Answers one request.
    async fn answer(&self, peer: SocketAddr, request: Request<HttpBody>) -> Response<Vec<u8>> {
        let at = self.clock.now();
        let (parts, body) = request.into_parts();
        let response = match self.ask(peer, at, &parts, body).await {
            Ok(response) => response,
            Err(refusal) => refusal.into_response(),
        };
        if self.access_log.load(Ordering::Relaxed) {
            let millis = self.clock.now().since(at).as_millis();
            eprintln!("{} {} {} {millis} ms", parts.method, parts.uri.path(), response.status().as_u16());
        }
        response
    }

    async fn ask(
        &self,
        peer: SocketAddr,
        at: Timestamp,
        parts: &Parts,
        body: HttpBody,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        if header_bytes(parts) > MAX_HEADERS {
            return Err(Refusal::HeadersTooLarge);
        }
        if !parts.uri.path().starts_with('/') {
            return Err(Refusal::BadRequest);
        }
        let body = read_body(body).await?;
        self.guard.admit(parts).map_err(|_| Refusal::ForeignHost)?;
        if decoded_path(parts.uri.path()) == "/health" && !self.is_ready.load(Ordering::Relaxed) {
            return Err(Refusal::ServiceUnavailable);
        }
        if let Some(name) = invoked_function(parts) {
            return Ok(self.invoke_by_name(name, parts, &body).await);
        }
        let matched = route::find(&parts.method, &decoded_path(parts.uri.path()));
        let function = matched.as_ref().map_or(HttpFunction::DEFAULT, |found| found.route.function);
        let request_id = self.randomness.object_id(at).to_string();
        let arrival = Arrival { host: &self.host, peer, request_id: request_id.clone(), at };
        let event = Event::new(parts, &body, matched.as_ref(), &arrival);
        self.invoke(function, &event, context(request_id, at.plus(self.function_timeout))).await
    }

    /// Answers a request to Lambda's Invoke API.
    async fn invoke_by_name(&self, name: &str, parts: &Parts, body: &[u8]) -> Response<Vec<u8>> {
        if let Err(refused) = self.guard.admit_program(parts) {
            return invocation::forbidden(refused);
        }
        let Some(name) = self.invoker.names.iter().find(|known| **known == name) else {
            return invocation::unknown(name, &self.invoker.names);
        };
        let Some(kind) = InvocationType::of(parts) else { return invocation::unknown_type() };
        if body.len() > kind.max_event() {
            return invocation::too_large(body.len(), kind);
        }
        let Some(event) = invocation::payload(body) else { return invocation::malformed() };
        if kind == InvocationType::DryRun {
            return invocation::accepted(StatusCode::NO_CONTENT);
        }
        let running = self.start(name, event, self.function_timeout);
        if kind == InvocationType::Event {
            return invocation::accepted(StatusCode::ACCEPTED);
        }
        invocation::answer(ended(running).await)
    }

    /// Runs the function of this name, one of [`Invoker::names`], for at most `time`.
    pub async fn invoke_function(
        &self,
        name: &'static str,
        event: serde_json::Value,
        time: Duration,
    ) -> InvocationResult {
        ended(self.start(name, event, time)).await
    }

    fn start(&self, name: &'static str, event: serde_json::Value, time: Duration) -> JoinHandle<InvocationResult> {
        let at = self.clock.now();
        let context = context(self.randomness.object_id(at).to_string(), at.plus(time));
        started((self.invoker.run)(name, event, context), time)
    }

    /// Runs the function on a request. If it fails or takes too long, the client gets the answer of an HTTP API.
    async fn invoke(
        &self,
        function: HttpFunction,
        event: &Event,
        context: Context,
    ) -> Result<Response<Vec<u8>>, Refusal> {
        let event = serde_json::to_string(event).map_err(|_| Refusal::InternalServerError)?;
        if event.len() > MAX_EVENT {
            return Err(Refusal::EntityTooLarge);
        }
        let dispatch = Arc::clone(&self.dispatch);
        let running = run_http(event, context, move |request| dispatch(function, request));
        let ended = ended(started(running, self.function_timeout));
        let Ok(ended) = tokio::time::timeout(self.integration_timeout, ended).await else {
            return Err(Refusal::ServiceUnavailable);
        };
        let answer = ended.ok().and_then(|answer| serde_json::from_value::<FunctionAnswer>(answer).ok());
        answer.and_then(FunctionAnswer::into_response).ok_or(Refusal::InternalServerError)
    }
}

/// Returns the context that Lambda gives a function beside the event.
fn context(request_id: String, deadline: Timestamp) -> Context {
    let mut context = Context::default();
    context.request_id = request_id;
    context.deadline = u64::try_from(deadline.as_millis()).unwrap_or(u64::MAX);
    context
}

/// Runs a function as Lambda does: for at most `time`, then ends it, and with an answer of at most [`MAX_ANSWER`] bytes. It has a task
/// of its own, so a client that disconnects does not stop it, and a function that never yields still gets an answer.
fn started(
    running: impl Future<Output = InvocationResult> + Send + 'static,
    time: Duration,
) -> JoinHandle<InvocationResult> {
    let mut running = tokio::spawn(running);
    tokio::spawn(async move {
        let Ok(ended) = tokio::time::timeout(time, &mut running).await else {
            running.abort();
            return Err(FunctionError::timed_out(time));
        };
        let answer = ended.unwrap_or_else(|_| Err(FunctionError::panicked()))?;
        match serde_json::to_string(&answer) {
            Ok(text) if text.len() > MAX_ANSWER => Err(FunctionError::answer_too_large()),
            _ => Ok(answer),
        }
    })
}

/// The outcome of an invocation.
async fn ended(running: JoinHandle<InvocationResult>) -> InvocationResult {
    running.await.unwrap_or_else(|_| Err(FunctionError::panicked()))
}

/// Runs a function on an event of an HTTP API, with the crate's own adapter in both directions.
pub(crate) async fn run_http(
    event: String,
    context: Context,
    function: impl FnMut(lambda_http::Request) -> AnswerFuture + Send,
) -> InvocationResult {
    let failed = |error_type: &str, error: &dyn std::fmt::Display| FunctionError {
        error_type: error_type.to_owned(),
        error_message: error.to_string(),
    };
    // From text, because the crate reads a part of the event as raw JSON.
    let event: LambdaRequest = serde_json::from_str(&event).map_err(|error| failed("InvalidEvent", &error))?;
    let mut adapter = Adapter::from(service_fn(function));
    let answer = adapter.call(LambdaEvent::new(event, context)).await.map_err(|error| failed("Error", &error))?;
    serde_json::to_value(answer).map_err(|error| failed("InvalidAnswer", &error))
}

async fn answer(
    State(gateway): State<Gateway>,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request<HttpBody>,
) -> Response<HttpBody> {
    gateway.answer(peer, request).await.map(HttpBody::from)
}

fn header_bytes(parts: &Parts) -> usize {
    let request_line = parts.method.as_str().len() + parts.uri.path_and_query().map_or(0, |path| path.as_str().len());
    request_line + parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum::<usize>()
}

/// Reads the whole body. Reads on beyond the limit up to a point, because a client that is interrupted while it sends often reports
/// a broken connection instead of the answer.
async fn read_body(mut body: HttpBody) -> Result<Vec<u8>, Refusal> {
    let mut read = Vec::new();
    let mut length = 0_usize;
    while let Some(frame) = std::future::poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let Ok(chunk) = frame.map_err(|_| Refusal::BadRequest)?.into_data() else { continue };
        length = length.saturating_add(chunk.len());
        if length <= MAX_BODY {
            read.extend_from_slice(&chunk);
        } else if length > MAX_DISCARDED {
            break;
        }
    }
    if length > MAX_BODY { Err(Refusal::EntityTooLarge) } else { Ok(read) }
}

#[cfg(test)]
mod tests;
