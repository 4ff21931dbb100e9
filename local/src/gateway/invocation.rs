//! Lambda's Invoke API for the functions of this machine: `aws lambda invoke --endpoint-url` runs any function by its logical
//! name, on any event.

use std::time::Duration;

use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode};
use serde_json::{Value, json};

use super::{MAX_ANSWER, MAX_ASYNCHRONOUS_EVENT, MAX_EVENT};
use crate::guard::GuardRefusal;

/// The error that a function ended with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionError {
    /// Its type.
    pub error_type: String,
    /// Its message.
    pub error_message: String,
}

impl FunctionError {
    /// The function panicked.
    pub(super) fn panicked() -> Self {
        Self {
            error_type: "Panic".to_owned(),
            error_message: "the function panicked; its log has the place".to_owned(),
        }
    }

    /// Lambda ended the function, in Lambda's words.
    pub(super) fn timed_out(time: Duration) -> Self {
        let error_message = format!("Task timed out after {:.2} seconds", time.as_secs_f64());
        Self { error_type: "Sandbox.Timedout".to_owned(), error_message }
    }

    /// Lambda does not pass the answer on, in Lambda's words.
    pub(super) fn answer_too_large() -> Self {
        let error_message =
            format!("Response payload size exceeded maximum allowed payload size ({MAX_ANSWER} bytes).");
        Self { error_type: "Function.ResponseSizeTooLarge".to_owned(), error_message }
    }
}

/// The outcome of an invocation.
pub type InvocationResult = Result<Value, FunctionError>;

/// Set if the function failed; the body is then the error.
const FUNCTION_ERROR: HeaderName = HeaderName::from_static("x-amz-function-error");
/// Lambda's name for the kind of an error of its own.
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
/// The version that ran.
const EXECUTED_VERSION: HeaderName = HeaderName::from_static("x-amz-executed-version");
/// `RequestResponse`, `Event` or `DryRun`.
const INVOCATION_TYPE: &str = "x-amz-invocation-type";

/// Returns the name of the function that a request invokes; `None` for any other request.
pub(super) fn invoked_function(parts: &Parts) -> Option<&str> {
    let name = parts.uri.path().strip_prefix("/2015-03-31/functions/")?.strip_suffix("/invocations")?;
    (parts.method == Method::POST).then_some(name)
}

/// How a function is to be invoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InvocationType {
    /// Run it and return its answer.
    RequestResponse,
    /// Run it and answer at once.
    Event,
    /// Check only whether it could run.
    DryRun,
}

impl InvocationType {
    /// Reads the type from the request; `None` if it is not one of the three.
    pub(super) fn of(parts: &Parts) -> Option<Self> {
        match parts.headers.get(INVOCATION_TYPE).map(HeaderValue::as_bytes) {
            None | Some(b"RequestResponse") => Some(Self::RequestResponse),
            Some(b"Event") => Some(Self::Event),
            Some(b"DryRun") => Some(Self::DryRun),
            Some(_) => None,
        }
    }

    /// Returns the most bytes of an event.
    pub(super) fn max_event(self) -> usize {
        if self == Self::Event { MAX_ASYNCHRONOUS_EVENT } else { MAX_EVENT }
    }
}

/// Reads the event in the body of a request; an empty body is an empty event.
pub(super) fn payload(body: &[u8]) -> Option<Value> {
    if body.is_empty() { Some(json!({})) } else { serde_json::from_slice(body).ok() }
}

/// Returns the answer to an invocation that ran.
pub(super) fn answer(invoked: InvocationResult) -> Response<Vec<u8>> {
    match invoked {
        Ok(value) => json_response(StatusCode::OK, &value, None),
        Err(FunctionError { error_type, error_message }) => {
            let error = json!({"errorType": error_type, "errorMessage": error_message});
            json_response(StatusCode::OK, &error, Some((FUNCTION_ERROR, "Unhandled")))
        }
    }
}

/// Returns the answer without a run: 202 for an event, 204 for a dry run.
pub(super) fn accepted(status: StatusCode) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = status;
    response
}

/// Returns the refusal of an unknown name. `known` lists the functions.
pub(super) fn unknown(name: &str, known: &[&str]) -> Response<Vec<u8>> {
    let message = format!("Function not found: {name}. The functions are: {}", known.join(", "));
    refused(StatusCode::NOT_FOUND, "ResourceNotFoundException", &message)
}

/// Returns the refusal of a web page or of another access key.
pub(super) fn forbidden(refused: GuardRefusal) -> Response<Vec<u8>> {
    self::refused(StatusCode::FORBIDDEN, refused.error_type(), &refused.to_string())
}

/// Returns the refusal of a body that is not JSON.
pub(super) fn malformed() -> Response<Vec<u8>> {
    refused(StatusCode::BAD_REQUEST, "InvalidRequestContentException", "Could not parse request body into json")
}

/// Returns the refusal of an event that is too large.
pub(super) fn too_large(bytes: usize, kind: InvocationType) -> Response<Vec<u8>> {
    let limit = kind.max_event();
    let message = format!("{bytes} byte payload is too large for the {kind:?} invocation type (limit {limit} bytes)");
    refused(StatusCode::PAYLOAD_TOO_LARGE, "RequestTooLargeException", &message)
}

/// Returns the refusal of an unknown invocation type.
pub(super) fn unknown_type() -> Response<Vec<u8>> {
    let message = "X-Amz-Invocation-Type is RequestResponse, Event or DryRun";
    refused(StatusCode::BAD_REQUEST, "InvalidParameterValueException", message)
}

fn refused(status: StatusCode, error_type: &'static str, message: &str) -> Response<Vec<u8>> {
    json_response(status, &json!({"Type": "User", "Message": message}), Some((ERROR_TYPE, error_type)))
}

fn json_response(status: StatusCode, body: &Value, header: Option<(HeaderName, &'static str)>) -> Response<Vec<u8>> {
    let mut response = Response::new(body.to_string().into_bytes());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(EXECUTED_VERSION, HeaderValue::from_static("$LATEST"));
    headers.extend(header.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}
