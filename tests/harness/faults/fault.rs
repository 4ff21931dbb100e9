//! The faults of a call, and the answers that the embedded database never gives, in DynamoDB's form.

use std::fmt;
use std::sync::Arc;

use aws_smithy_runtime_api::client::result::ConnectorError;
use serde_json::{Value, json};

use super::gate::Gate;
use super::request::{Element, elements};

/// A fault of a call.
#[derive(Debug, Clone)]
pub enum Fault {
    /// The request is never sent.
    DropRequest(Loss),
    /// The request is carried out, and its answer is lost.
    DropAnswer(Loss),
    /// The connection breaks for the caller at once; the request is carried out when the gate opens.
    LandLate(Gate, Loss),
    /// The request waits at the gate before it is sent. It is also sent if the caller has given up.
    HoldRequest(Gate),
    /// The request is carried out; the answer waits at the gate.
    HoldAnswer(Gate),
    /// The request is carried out twice, one after the other.
    Duplicate(AnswerChoice),
    /// DynamoDB throttles it; transactions by the reason of their last item.
    Throttle(Throttling),
    /// Another transaction works on the item; in a transaction on the first one.
    Conflict,
    /// The transaction is cancelled.
    Cancel(Reasons),
    /// The same transaction, sent before, is still in progress.
    InProgress,
    /// 500 or 503.
    Fail(u16),
    /// DynamoDB refuses the caller, not the request.
    Deny(Denial),
    /// Conditions are removed before the request is sent.
    StripConditions(ElementFilter),
    /// The request is changed before it is sent.
    Rewrite(Rewriter),
}

/// How the SDK sees a lost connection. It tries again after both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// The connection breaks.
    Io,
    /// No answer comes in time.
    Timeout,
}

impl Loss {
    pub(super) fn error(self) -> ConnectorError {
        match self {
            Self::Io => ConnectorError::io("a fault broke the connection".into()),
            Self::Timeout => ConnectorError::timeout("a fault kept the answer back".into()),
        }
    }
}

/// Which of two answers the caller gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AnswerChoice {
    /// The first answer.
    First,
    /// The second answer.
    Second,
}

/// How DynamoDB throttles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Throttling {
    /// `ProvisionedThroughputExceededException`; in a transaction `ProvisionedThroughputExceeded`.
    Provisioned,
    /// `ThrottlingException`; in a transaction `ThrottlingError`.
    OnDemand,
}

/// Why DynamoDB refuses the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// No policy grants the action.
    Right,
    /// The key that the table is encrypted with is closed to the caller.
    Key,
    /// The credentials are over.
    ExpiredToken,
    /// The credentials are nobody's.
    UnknownToken,
    /// The signature is wrong, as with a secret of somebody else's.
    Signature,
}

shared::every! {
    /// All of them.
    pub Denial: Right, Key, ExpiredToken, UnknownToken, Signature
}

impl Denial {
    /// Returns the answer of DynamoDB to this operation. A transaction is refused by the action that it needs and does not have.
    fn refusal(self, operation: &str, request: &Value) -> Refusal {
        let element = request["TransactItems"][0].as_object().and_then(|item| item.keys().next());
        let action = element.map_or_else(|| operation.to_owned(), |kind| format!("{kind}Item"));
        let who = "User: arn:aws:sts::123456789012:assumed-role/snapshots-role/run is not authorized to perform:";
        let (code, message) = match self {
            Self::Right => {
                let table = "arn:aws:dynamodb:eu-central-1:123456789012:table/snapshots";
                let why = format!("because no identity-based policy allows the dynamodb:{action} action");
                ("AccessDeniedException", format!("{who} dynamodb:{action} on resource: {table} {why}"))
            }
            Self::Key => {
                let what = "kms:Decrypt on the resource associated with this ciphertext";
                ("AccessDeniedException", format!("KMS key access denied error: {who} {what}"))
            }
            Self::ExpiredToken => {
                ("ExpiredTokenException", "The security token included in the request is expired".to_owned())
            }
            Self::UnknownToken => {
                ("UnrecognizedClientException", "The security token included in the request is invalid.".to_owned())
            }
            Self::Signature => (
                "InvalidSignatureException",
                "The request signature we calculated does not match the signature you provided.".to_owned(),
            ),
        };
        error(400, "com.amazon.coral.service", code, &message)
    }
}

/// The reason of an item for the cancelled transaction.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// No reason.
    None,
    /// Another transaction works on it.
    Conflict,
    /// Its condition failed; with the existing item, in DynamoDB's JSON, if the request asks for it.
    ConditionFailed(Option<Value>),
    /// It is throttled.
    Throttled(Throttling),
}

/// Returns the reason of each item of a transaction. Without any reason the transaction is not cancelled.
#[derive(Clone)]
pub struct Reasons(Arc<Judge>);

/// Takes the position of an item, the number of items, and the item.
type Judge = dyn Fn(usize, usize, Element<'_>) -> Option<Reason> + Send + Sync;

/// Selects elements of a request.
#[derive(Clone)]
pub struct ElementFilter(pub(super) Arc<dyn Fn(usize, Element<'_>) -> bool + Send + Sync>);

/// Changes a request, and returns whether it did.
#[derive(Clone)]
pub struct Rewriter(pub(super) Arc<dyn Fn(&mut Value) -> bool + Send + Sync>);

impl Reasons {
    /// Returns these, and [`Reason::None`] for later items. A transaction with fewer items is not cancelled.
    pub fn listed(reasons: impl Into<Vec<Reason>>) -> Self {
        let reasons = reasons.into();
        Self(Arc::new(move |place, items, _| {
            (reasons.len() <= items).then(|| reasons.get(place).cloned().unwrap_or(Reason::None))
        }))
    }

    /// Returns the result of `reason` for each item.
    pub fn by(reason: impl Fn(Element<'_>) -> Reason + Send + Sync + 'static) -> Self {
        Self(Arc::new(move |_, _, element| Some(reason(element))))
    }
}

impl fmt::Debug for Reasons {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reasons")
    }
}

impl fmt::Debug for Rewriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Rewriter")
    }
}

impl fmt::Debug for ElementFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ElementFilter")
    }
}

/// An answer in DynamoDB's form that the database did not give.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) body: Value,
}

const DYNAMODB: &str = "com.amazonaws.dynamodb.v20120810";
const AVAILABILITY: &str = "com.amazon.coral.availability";

const CONFLICT: &str = "Transaction is ongoing for the item";
const ON_DEMAND: &str = "Throughput exceeds the current capacity of your table or index. DynamoDB is automatically scaling \
                         your table or index so please try again shortly. If exceptions persist, check if you have a hot key.";
const PROVISIONED: &str = "The level of configured provisioned throughput for the table was exceeded. Consider increasing \
                           your provisioning level with the UpdateTable API.";

/// Returns the refusal of this fault for this call; `None` if the fault is not a refusal, or if DynamoDB does not give it to such a
/// call.
pub(super) fn refusal(fault: &Fault, operation: &str, request: &Value) -> Option<Refusal> {
    let is_transaction = matches!(operation, "TransactWriteItems" | "TransactGetItems");
    match fault {
        Fault::Throttle(throttling) if is_transaction => {
            let reason = Reason::Throttled(*throttling);
            cancelled(request, &|place, items| if place + 1 == items { reason.clone() } else { Reason::None })
        }
        Fault::Throttle(Throttling::OnDemand) => Some(error(400, AVAILABILITY, "ThrottlingException", ON_DEMAND)),
        Fault::Throttle(Throttling::Provisioned) => {
            Some(error(400, DYNAMODB, "ProvisionedThroughputExceededException", PROVISIONED))
        }
        Fault::Deny(denial) => Some(denial.refusal(operation, request)),
        Fault::Conflict if is_transaction => {
            cancelled(request, &|place, _| if place == 0 { Reason::Conflict } else { Reason::None })
        }
        Fault::Conflict => matches!(operation, "PutItem" | "UpdateItem" | "DeleteItem")
            .then(|| error(400, DYNAMODB, "TransactionConflictException", CONFLICT)),
        Fault::Cancel(reasons) if operation == "TransactWriteItems" => {
            let elements = elements(operation, request);
            let reasons = elements
                .iter()
                .enumerate()
                .map(|(place, element)| (reasons.0)(place, elements.len(), *element))
                .collect::<Option<Vec<_>>>()?;
            cancelled(request, &|place, _| reasons.get(place).cloned().unwrap_or(Reason::None))
        }
        Fault::InProgress => (operation == "TransactWriteItems").then(|| {
            let message = "The transaction with the given request token is already in progress.";
            error(400, DYNAMODB, "TransactionInProgressException", message)
        }),
        Fault::Fail(503) => Some(error(503, DYNAMODB, "ServiceUnavailable", "DynamoDB is currently unavailable.")),
        Fault::Fail(status) => {
            let message = "The request processing has failed because of an unknown error, exception or failure.";
            Some(error(*status, DYNAMODB, "InternalServerError", message))
        }
        _ => None,
    }
}

fn error(status: u16, namespace: &str, kind: &str, message: &str) -> Refusal {
    Refusal { status, body: json!({"__type": format!("{namespace}#{kind}"), "message": message}) }
}

/// Returns the answer to a transaction that is cancelled for these reasons; `None` without any reason.
fn cancelled(request: &Value, reason: &dyn Fn(usize, usize) -> Reason) -> Option<Refusal> {
    let items = request["TransactItems"].as_array()?.len();
    let reasons = (0..items).map(|place| reason(place, items)).collect::<Vec<_>>();
    if reasons.iter().all(|reason| *reason == Reason::None) {
        return None;
    }
    let codes = reasons.iter().map(code).collect::<Vec<_>>().join(", ");
    let message = format!("Transaction cancelled, please refer cancellation reasons for specific reasons [{codes}]");
    let kind = format!("{DYNAMODB}#TransactionCanceledException");
    let reasons = reasons.iter().map(described).collect::<Value>();
    Some(Refusal { status: 400, body: json!({"__type": kind, "Message": message, "CancellationReasons": reasons}) })
}

fn code(reason: &Reason) -> &'static str {
    match reason {
        Reason::None => "None",
        Reason::Conflict => "TransactionConflict",
        Reason::ConditionFailed(_) => "ConditionalCheckFailed",
        Reason::Throttled(Throttling::OnDemand) => "ThrottlingError",
        Reason::Throttled(Throttling::Provisioned) => "ProvisionedThroughputExceeded",
    }
}

fn described(reason: &Reason) -> Value {
    let mut told = json!({"Code": code(reason)});
    match reason {
        Reason::None => {}
        Reason::Conflict => told["Message"] = json!(CONFLICT),
        Reason::ConditionFailed(met) => {
            told["Message"] = json!("The conditional request failed");
            if let Some(item) = met {
                told["Item"] = item.clone();
            }
        }
        Reason::Throttled(Throttling::OnDemand) => told["Message"] = json!(ON_DEMAND),
        Reason::Throttled(Throttling::Provisioned) => told["Message"] = json!(PROVISIONED),
    }
    told
}
