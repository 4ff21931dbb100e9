//! The course of one call under faults.

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::http::StatusCode;
use aws_smithy_types::body::SdkBody;
use serde_json::Value;

use super::Faults;
use super::fault::{AnswerChoice, Fault, Loss, Refusal, refusal};
use super::gate::Gate;
use super::request::strip_conditions;
use crate::recording::{Recording, operation};

/// The course of one call: changed, held, decided by at most one fault, held again.
#[derive(Debug)]
pub(super) struct Course {
    pub(super) operation: String,
    pub(super) request: Value,
    is_changed: bool,
    before: Vec<Gate>,
    fate: Option<CallOutcome>,
    after: Vec<Gate>,
}

#[derive(Debug)]
enum CallOutcome {
    DropRequest(Loss),
    DropAnswer(Loss),
    LandLate(Gate, Loss),
    Duplicate(AnswerChoice),
    Refused(Refusal),
}

impl Course {
    pub(super) fn new(request: &HttpRequest) -> Self {
        let operation = operation(request);
        let request = request.body().bytes().and_then(|body| serde_json::from_slice(body).ok()).unwrap_or_default();
        Self { operation, request, is_changed: false, before: Vec::new(), fate: None, after: Vec::new() }
    }

    /// Adds this fault, and returns whether it can happen: a refused request is not dropped too.
    pub(super) fn take(&mut self, fault: &Fault) -> bool {
        let fate = match fault {
            Fault::HoldRequest(gate) => {
                self.before.push(gate.clone());
                return true;
            }
            Fault::HoldAnswer(gate) => {
                self.after.push(gate.clone());
                return true;
            }
            Fault::StripConditions(chosen) => {
                let is_changed =
                    strip_conditions(&self.operation, &mut self.request, |place, element| (chosen.0)(place, element));
                self.is_changed |= is_changed;
                return is_changed;
            }
            Fault::Rewrite(rewriter) => {
                let is_changed = (rewriter.0)(&mut self.request);
                self.is_changed |= is_changed;
                return is_changed;
            }
            _ if self.fate.is_some() => None,
            Fault::DropRequest(loss) => Some(CallOutcome::DropRequest(*loss)),
            Fault::DropAnswer(loss) => Some(CallOutcome::DropAnswer(*loss)),
            Fault::LandLate(gate, loss) => Some(CallOutcome::LandLate(gate.clone(), *loss)),
            Fault::Duplicate(answered) => Some(CallOutcome::Duplicate(*answered)),
            refused => refusal(refused, &self.operation, &self.request).map(CallOutcome::Refused),
        };
        let is_taken = fate.is_some();
        self.fate = self.fate.take().or(fate);
        is_taken
    }

    pub(super) fn is_hit(&self) -> bool {
        self.is_changed || self.fate.is_some() || !self.before.is_empty() || !self.after.is_empty()
    }

    async fn run(self, mut request: HttpRequest, wire: Wire) -> Result<HttpResponse, ConnectorError> {
        if self.is_changed {
            let body = self.request.to_string();
            request.headers_mut().insert("content-length", body.len().to_string());
            *request.body_mut() = SdkBody::from(body);
        }
        for gate in &self.before {
            if !gate.pass().await {
                wire.recording.unsent(&request, 0, Value::Null);
                return Err(Loss::Io.error());
            }
        }
        let answer = match self.fate {
            None => wire.send(request).await,
            Some(fate) => fate.meet(request, wire).await,
        };
        for gate in &self.before {
            gate.land();
        }
        for gate in &self.after {
            if !gate.pass().await {
                return Err(Loss::Io.error());
            }
            gate.land();
        }
        answer
    }
}

impl CallOutcome {
    async fn meet(self, request: HttpRequest, wire: Wire) -> Result<HttpResponse, ConnectorError> {
        match self {
            Self::DropRequest(loss) => {
                wire.recording.unsent(&request, 0, Value::Null);
                Err(loss.error())
            }
            Self::DropAnswer(loss) => {
                // The database's answer is lost.
                let _ = wire.send(request).await;
                Err(loss.error())
            }
            Self::LandLate(gate, loss) => {
                tokio::spawn(async move {
                    if gate.pass().await {
                        let _ = wire.send(request).await;
                        gate.land();
                    }
                });
                Err(loss.error())
            }
            Self::Duplicate(answered) => {
                let copy = copy_of(&request)?;
                let first = wire.send(request).await;
                let second = wire.send(copy).await;
                match answered {
                    AnswerChoice::First => first,
                    AnswerChoice::Second => second,
                }
            }
            Self::Refused(refusal) => {
                wire.recording.unsent(&request, refusal.status, refusal.body.clone());
                respond(&refusal)
            }
        }
    }
}

fn copy_of(request: &HttpRequest) -> Result<HttpRequest, ConnectorError> {
    request.try_clone().ok_or_else(|| ConnectorError::user("a request without a body in memory".into()))
}

/// Returns an answer as DynamoDB sends it.
fn respond(refusal: &Refusal) -> Result<HttpResponse, ConnectorError> {
    let status = StatusCode::try_from(refusal.status).map_err(|error| ConnectorError::user(error.into()))?;
    let body = refusal.body.to_string();
    let length = body.len().to_string();
    let mut response = HttpResponse::new(status, SdkBody::from(body));
    let headers = response.headers_mut();
    headers.insert("content-type", "application/x-amz-json-1.0");
    headers.insert("content-length", length);
    headers.insert("x-amzn-requestid", "FAULT0000000000000000000000000000000000000000000000");
    Ok(response)
}

/// The connection to the database, with its recording.
#[derive(Debug, Clone)]
struct Wire {
    inner: SharedHttpConnector,
    recording: Recording,
}

impl Wire {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        self.inner.call(request).await
    }
}

/// A connector that applies `faults` on the way to `inner`.
pub(super) fn faulty(faults: &Faults, recording: &Recording, inner: SharedHttpConnector) -> SharedHttpConnector {
    let wire = Wire { inner: recording.connector(inner), recording: recording.clone() };
    SharedHttpConnector::new(FaultyConnector { wire, faults: faults.clone() })
}

#[derive(Debug)]
struct FaultyConnector {
    wire: Wire,
    faults: Faults,
}

impl HttpConnector for FaultyConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Some(course) = self.faults.course(&request) else { return self.wire.inner.call(request) };
        let wire = self.wire.clone();
        HttpConnectorFuture::new(async move {
            // A sent request arrives, even if nobody waits for the answer any more.
            let run = tokio::spawn(course.run(request, wire));
            run.await.unwrap_or_else(|error| Err(ConnectorError::user(error.into())))
        })
    }
}
