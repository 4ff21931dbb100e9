//! Faults between the SDK and the database: those of a network and of a busy DynamoDB, which the embedded database never has.
//!
//! They act at the SDK's HTTP connector, so they hit attempts and not calls: the store sends a dropped request again, up to eight
//! times in all. They also hit a test's own calls to the database, so call [`Faults::clear`] before those.

mod course;
mod fault;
mod gate;
mod request;
mod rule;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use serde_json::Value;

pub use fault::{AnswerChoice, Denial, ElementFilter, Fault, Loss, Reason, Reasons, Rewriter, Throttling};
pub use gate::Gate;
pub use request::Element;
pub use rule::{Hits, Rule};

use crate::recording::Recording;
use crate::second_database;
use course::{Course, faulty};
use rule::{ActiveRule, Choices};

/// The faults of one client, at first none. Clones share them.
#[derive(Clone, Default)]
pub struct Faults(Arc<Mutex<Vec<Arc<ActiveRule>>>>);

impl Faults {
    /// Returns an HTTP client for the SDK, without TLS, with these faults. `recording` shows what really went over the wire: a dropped
    /// request with status 0, a refused one with its refusal.
    pub fn http_client(&self, recording: &Recording) -> SharedHttpClient {
        let (faults, recording, plain) = (self.clone(), recording.clone(), Builder::new().build_http());
        http_client_fn(move |settings: &HttpConnectorSettings, components| {
            let database = second_database::connector(plain.http_connector(settings, components));
            faulty(&faults, &recording, database)
        })
    }

    /// Returns the same connection to the database for clients other than the SDK.
    pub(crate) fn connector(&self, recording: &Recording) -> SharedHttpConnector {
        faulty(self, recording, SharedHttpConnector::new(Connector::builder().build_http()))
    }

    /// Ends all faults. Held calls wait until their gate opens.
    pub fn clear(&self) {
        self.with(Vec::clear);
    }

    /// Returns a rule for this fault.
    pub fn inject(&self, fault: Fault) -> Rule {
        Rule::new(self, Choices::One(fault))
    }

    /// Returns a rule with one of these faults or none, each with its probability, equal for equal seeds:
    /// `any_of(7, [(0.15, a), (0.15, b)])` hits three calls in ten.
    pub fn any_of(&self, seed: u64, choices: impl Into<Vec<(f64, Fault)>>) -> Rule {
        Rule::new(self, Choices::Drawn(seed, choices.into()))
    }

    /// The connection breaks before the request is sent.
    pub fn drop_request(&self) -> Rule {
        self.inject(Fault::DropRequest(Loss::Io))
    }

    /// The request is carried out, and the connection breaks before its answer comes.
    pub fn drop_answer(&self) -> Rule {
        self.inject(Fault::DropAnswer(Loss::Io))
    }

    /// The connection breaks at once; the request is carried out when the gate opens.
    pub fn land_late(&self, gate: &Gate) -> Rule {
        self.inject(Fault::LandLate(gate.clone(), Loss::Io))
    }

    /// The request waits at the gate before it is sent.
    pub fn hold_request(&self, gate: &Gate) -> Rule {
        self.inject(Fault::HoldRequest(gate.clone()))
    }

    /// The request is carried out, and its answer waits at the gate.
    pub fn hold_answer(&self, gate: &Gate) -> Rule {
        self.inject(Fault::HoldAnswer(gate.clone()))
    }

    /// The request is carried out twice.
    pub fn duplicate(&self, answered: AnswerChoice) -> Rule {
        self.inject(Fault::Duplicate(answered))
    }

    /// DynamoDB throttles the request.
    pub fn throttle(&self, throttling: Throttling) -> Rule {
        self.inject(Fault::Throttle(throttling))
    }

    /// DynamoDB says that another transaction works on the item.
    pub fn conflict(&self) -> Rule {
        self.inject(Fault::Conflict)
    }

    /// DynamoDB cancels the transaction for these reasons, in the order of its items. Later items have no reason.
    pub fn cancel(&self, reasons: impl Into<Vec<Reason>>) -> Rule {
        self.inject(Fault::Cancel(Reasons::listed(reasons)))
    }

    /// DynamoDB cancels the transaction with the reason that `reason` returns for each item.
    pub fn cancel_by(&self, reason: impl Fn(Element<'_>) -> Reason + Send + Sync + 'static) -> Rule {
        self.inject(Fault::Cancel(Reasons::by(reason)))
    }

    /// DynamoDB says that the same transaction is still in progress.
    pub fn in_progress(&self) -> Rule {
        self.inject(Fault::InProgress)
    }

    /// DynamoDB fails with 500 or 503.
    pub fn fail(&self, status: u16) -> Rule {
        self.inject(Fault::Fail(status))
    }

    /// DynamoDB refuses the caller, not the request.
    pub fn deny(&self, denial: Denial) -> Rule {
        self.inject(Fault::Deny(denial))
    }

    /// Removes the conditions of the elements that `chosen` selects, including those of checks.
    pub fn strip_conditions(&self, chosen: impl Fn(Element<'_>) -> bool + Send + Sync + 'static) -> Rule {
        self.inject(Fault::StripConditions(ElementFilter(Arc::new(move |_, element| chosen(element)))))
    }

    /// Removes the condition of the element at this position, counted from 0.
    pub fn strip_condition(&self, place: usize) -> Rule {
        self.inject(Fault::StripConditions(ElementFilter(Arc::new(move |at, _| at == place))))
    }

    /// Changes the request, as JSON, with `rewriter`, which returns whether it changed it. This tests protocols that nobody would
    /// write.
    pub fn rewrite(&self, rewriter: impl Fn(&mut Value) -> bool + Send + Sync + 'static) -> Rule {
        self.inject(Fault::Rewrite(Rewriter(Arc::new(rewriter))))
    }

    fn with<T>(&self, change: impl FnOnce(&mut Vec<Arc<ActiveRule>>) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns what happens to this call; without a fault, nothing.
    fn course(&self, request: &HttpRequest) -> Option<Course> {
        self.with(|rules| {
            if rules.is_empty() {
                return None;
            }
            let mut course = Course::new(request);
            for rule in rules.iter() {
                if let Some(fault) = rule.draw(&course.operation, &course.request)
                    && course.take(fault)
                {
                    rule.hit();
                }
            }
            course.is_hit().then_some(course)
        })
    }
}

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faults")
    }
}
