//! DynamoDB's protocol in front of the embedded database. The database's own server answers web pages too and takes no layer in
//! front of it. So this module reads and admits requests and passes them to its engine.

use std::sync::{Arc, PoisonError, RwLock};

use axum::body::{Body, to_bytes};
use axum::extract::State;
use dynoxide::DynoxideError;
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::guard::Guard;

/// DynamoDB takes requests of at most 16 MB.
const MAX_REQUEST: usize = 16 << 20;
const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("application/x-amz-json-1.0");
const TARGET: &str = "x-amz-target";
/// The prefix of the operation in that header.
const API: &str = "DynamoDB_20120810.";

/// The engine behind a guard. Clones are the same.
#[derive(Clone)]
pub(super) struct Endpoint {
    guard: Guard,
    engine: Arc<RwLock<Option<dynoxide::Database>>>,
}

impl Endpoint {
    pub(super) fn new(guard: Guard, engine: dynoxide::Database) -> Self {
        Self { guard, engine: Arc::new(RwLock::new(Some(engine))) }
    }

    /// Returns the router for `axum::serve`.
    pub(super) fn router(&self) -> axum::Router {
        axum::Router::new().fallback(answer).with_state(self.clone())
    }

    /// Closes the database once running calls are done, even if clients stay connected.
    pub(super) fn close(&self) {
        self.engine.write().unwrap_or_else(PoisonError::into_inner).take();
    }

    fn engine(&self) -> Option<dynoxide::Database> {
        self.engine.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn answer(&self, request: Request<Body>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        if let Err(refused) = self.guard.admit_program(&parts) {
            return problem(StatusCode::FORBIDDEN, refused.error_type(), &refused.to_string());
        }
        let Some(operation) = operation(&parts) else {
            return problem(StatusCode::BAD_REQUEST, "UnknownOperationException", "There is no such operation.");
        };
        let Ok(body) = to_bytes(body, MAX_REQUEST).await else {
            let message = "The request is larger than 16 MB, or was interrupted.";
            return problem(StatusCode::PAYLOAD_TOO_LARGE, "RequestEntityTooLargeException", message);
        };
        let Some(engine) = self.engine() else {
            return problem(StatusCode::SERVICE_UNAVAILABLE, "InternalServerError", "The database is closed.");
        };
        match run(&engine, operation, &body) {
            Ok(answer) => json_response(StatusCode::OK, answer),
            Err(error) => {
                tracing::warn!(target: "dynoxide", operation, %error, "error response");
                let status = StatusCode::from_u16(error.status_code()).unwrap_or(StatusCode::BAD_REQUEST);
                json_response(status, error.to_json())
            }
        }
    }
}

async fn answer(State(endpoint): State<Endpoint>, request: Request<Body>) -> Response<Body> {
    endpoint.answer(request).await
}

/// Returns the operation that a request names; `None` if it does not speak DynamoDB's protocol.
fn operation(parts: &Parts) -> Option<&str> {
    let target = parts.headers.get(TARGET)?.to_str().ok()?;
    (parts.method == Method::POST && parts.uri.path() == "/").then(|| target.strip_prefix(API)).flatten()
}

/// Runs each operation with the engine's method of that name.
macro_rules! operations {
    ($($name:literal => $method:ident,)*) => {
        fn run(engine: &dynoxide::Database, operation: &str, body: &[u8]) -> Result<String, DynoxideError> {
            match operation {
                $($name => written(&engine.$method(read(body)?).map_err(untagged)?),)*
                _ => Err(DynoxideError::ValidationException(format!("{operation} is not an operation of this database"))),
            }
        }
    };
}

operations! {
    "BatchExecuteStatement" => batch_execute_statement,
    "BatchGetItem" => batch_get_item,
    "BatchWriteItem" => batch_write_item,
    "CreateTable" => create_table,
    "DeleteItem" => delete_item,
    "DeleteTable" => delete_table,
    "DescribeTable" => describe_table,
    "DescribeTimeToLive" => describe_time_to_live,
    "ExecuteStatement" => execute_statement,
    "ExecuteTransaction" => execute_transaction,
    "GetItem" => get_item,
    "ListTables" => list_tables,
    "ListTagsOfResource" => list_tags_of_resource,
    "PutItem" => put_item,
    "Query" => query,
    "Scan" => scan,
    "TagResource" => tag_resource,
    "TransactGetItems" => transact_get_items,
    "TransactWriteItems" => transact_write_items,
    "UntagResource" => untag_resource,
    "UpdateItem" => update_item,
    "UpdateTable" => update_table,
    "UpdateTimeToLive" => update_time_to_live,
}

/// Reads a request. The engine's types begin each refusal with the kind of the error, such as `VALIDATION:…`.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, DynoxideError> {
    serde_json::from_slice(body).map_err(|error| {
        let words = error.to_string();
        match words.split_once(':') {
            Some((kind, refused)) if kind.starts_with("VALIDATION") => {
                DynoxideError::ValidationException(without_position(refused))
            }
            Some((kind, refused)) if kind.starts_with("SERIALIZATION") => {
                DynoxideError::SerializationException(without_position(refused))
            }
            _ => DynoxideError::SerializationException(words),
        }
    })
}

fn without_position(words: &str) -> String {
    words.rsplit_once(" at line ").map_or(words, |(words, _)| words).to_owned()
}

fn written(answer: &impl Serialize) -> Result<String, DynoxideError> {
    serde_json::to_string(answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// A kind of error that the engine does not export.
fn untagged(error: DynoxideError) -> DynoxideError {
    match error {
        DynoxideError::EnvelopedValidation(words) => DynoxideError::ValidationException(words),
        other => other,
    }
}

/// Returns an error in DynamoDB's form.
fn problem(status: StatusCode, kind: &str, message: &str) -> Response<Body> {
    let body = json!({"__type": format!("com.amazonaws.dynamodb.v20120810#{kind}"), "message": message});
    json_response(status, body.to_string())
}

fn json_response(status: StatusCode, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, MEDIA_TYPE);
    response
}
