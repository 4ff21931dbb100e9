//! What is known about a request while it is being answered, and what the log will say of it.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use lambda_http::request::RequestContext as Gateway;
use lambda_http::{Request, RequestExt};

use super::route::{self, RouteMatch};
use super::{ApiError, AuditTargets, Caller, Edge, FunctionOperation, Route, authenticate};
use crate::capacity::ConsumedUnits;
use crate::clock::{Clock, end_of_work};
use crate::compute::Deadline;
use crate::domain::{ObjectId, Timestamp};

/// How long before Lambda ends the function it should have answered.
const RESERVE: Duration = Duration::from_secs(4);
/// How long a request may take where no Lambda sets a deadline: 29 s, less the reserve.
const BUDGET: Duration = Duration::from_secs(25);

/// One request: its id, its route, its time, and what becomes known on the way.
pub struct RequestContext {
    /// Ours: API Gateway's, or made.
    pub(super) request_id: String,
    /// The client's own, where it sent a good one.
    pub(super) client_request_id: Option<String>,
    pub(super) route: Option<RouteMatch>,
    pub(super) started: Timestamp,
    clock: Arc<dyn Clock>,
    deadline: Timestamp,
    pub(super) caller: OnceLock<(ObjectId, ObjectId)>,
    acting: OnceLock<ObjectId>,
    made_snapshot: OnceLock<ObjectId>,
    made_apply: OnceLock<ObjectId>,
    audit: AuditTargets,
    consumed: Mutex<ConsumedUnits>,
}

impl RequestContext {
    pub(super) fn new(edge: &Edge, request: &Request) -> Self {
        let started = edge.clock.now();
        let given = request.lambda_context_ref().map_or(0, |context| context.deadline);
        Self {
            request_id: gateway_id(request).unwrap_or_else(|| edge.randomness.object_id(started).to_string()),
            client_request_id: client_id(request),
            route: route::find(request.method(), route::path_of(request)),
            started,
            clock: Arc::clone(&edge.clock),
            deadline: end_of_work(given, started, RESERVE, BUDGET),
            caller: OnceLock::new(),
            acting: OnceLock::new(),
            made_snapshot: OnceLock::new(),
            made_apply: OnceLock::new(),
            audit: AuditTargets::default(),
            consumed: Mutex::default(),
        }
    }

    /// The id that the answer carries: the client's own, or ours. The log has both, so that a client that sends the id of
    /// somebody else's request hides nothing.
    pub fn request_id(&self) -> &str {
        self.client_request_id.as_deref().unwrap_or(&self.request_id)
    }

    /// When the request arrived. Whatever it makes carries this one time.
    pub fn now(&self) -> Timestamp {
        self.started
    }

    /// How long it may take, from its arrival on.
    pub fn time_left(&self) -> Duration {
        self.deadline.since(self.started)
    }

    /// When it should be answered, for what computes and waits.
    pub fn deadline(&self) -> Deadline {
        Deadline::new(Arc::clone(&self.clock), self.deadline)
    }

    /// The route that fits method and path.
    pub fn route(&self) -> Option<&'static Route> {
        self.route.as_ref().map(|found| found.route)
    }

    /// The operation of the request's route; 404 or 405 where no route of the function fits.
    pub fn operation<O: FunctionOperation>(&self, request: &Request) -> Result<O, ApiError> {
        let operation = self.route().and_then(|route| O::of(route.id));
        operation.ok_or_else(|| route::no_route(request.method(), route::path_of(request)))
    }

    /// The id in the place of `{name}` in the route's path, or 400 `invalid_id`.
    pub fn path_id(&self, name: &str) -> Result<ObjectId, ApiError> {
        route::parse_id(self.segment(name)?)
    }

    /// The number in the place of `{revision}` in the route's path, or 400 `invalid_id`.
    pub fn path_revision(&self) -> Result<u32, ApiError> {
        route::parse_revision(self.segment("revision")?)
    }

    fn segment(&self, name: &str) -> Result<&str, ApiError> {
        let parameters = self.route.as_ref().map_or(&[][..], |found| &found.parameters);
        let segment = parameters.iter().find(|(parameter, _)| *parameter == name);
        let (_, segment) = segment.ok_or_else(|| ApiError::internal(format!("the route has no {{{name}}}")))?;
        Ok(segment)
    }

    /// Who is calling, or 401; the log line will say it.
    pub fn authenticate(&self, edge: &Edge, request: &Request) -> Result<Caller, ApiError> {
        let caller = authenticate(edge, request)?;
        self.record_caller(caller.user, caller.organization);
        Ok(caller)
    }

    /// Names the user and the organization in the log line; the first names count.
    pub fn record_caller(&self, user: ObjectId, organization: ObjectId) {
        // A second caller within one request would be a mistake, but none worth failing for.
        let _ = self.caller.set((user, organization));
    }

    /// Names the other organization that the caller acts in, if there is one, in the log line.
    pub fn record_acting(&self, organization: Option<ObjectId>) {
        if let Some(organization) = organization {
            let _ = self.acting.set(organization);
        }
    }

    /// Returns the other organization that the caller acts in.
    pub(super) fn acting(&self) -> Option<ObjectId> {
        self.acting.get().copied()
    }

    /// Names the snapshot that the request makes in the log line; the first name counts.
    pub fn record_snapshot(&self, id: ObjectId) {
        let _ = self.made_snapshot.set(id);
    }

    /// Names the apply that the request makes or continues in the log line; the first name counts.
    pub fn record_apply(&self, id: ObjectId) {
        let _ = self.made_apply.set(id);
    }

    /// Returns the snapshot that the request makes, or names in its path.
    pub(super) fn snapshot(&self) -> Option<ObjectId> {
        self.made_snapshot.get().copied().or_else(|| self.path_id("id").ok())
    }

    /// Returns the apply that the request makes, or names in its path.
    pub(super) fn apply(&self) -> Option<ObjectId> {
        self.made_apply.get().copied().or_else(|| self.path_id("applyId").ok())
    }

    /// Returns where the targets of an audited request are noted for the log line.
    pub fn audit(&self) -> &AuditTargets {
        &self.audit
    }

    /// Returns the user to whom it is done, and that user's organization: the recorded one, or the user in the path, who is of the
    /// organization that the caller acts in. Without a user, the organization that is made or that the path names.
    pub(super) fn target_user(&self) -> (Option<ObjectId>, Option<ObjectId>) {
        match (self.audit.user(), self.path_id("userId").ok()) {
            (Some((user, organization)), _) => (Some(user), Some(organization)),
            (None, None) => (None, self.audit.organization().or_else(|| self.path_id("orgId").ok())),
            (None, user) => (user, self.acting().or(self.caller.get().map(|(_, organization)| *organization))),
        }
    }

    /// Adds capacity that calls to the table consumed to the log line.
    pub fn record_consumed(&self, consumed: ConsumedUnits) {
        *self.consumed.lock().unwrap_or_else(PoisonError::into_inner) += consumed;
    }

    pub(super) fn consumed(&self) -> ConsumedUnits {
        *self.consumed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// API Gateway's id for the request: its access log has it, and so has the header `Apigw-Requestid` that it adds to answers.
fn gateway_id(request: &Request) -> Option<String> {
    let Gateway::ApiGatewayV2(context) = request.request_context_ref()? else { return None };
    let id = context.request_id.as_deref()?;
    is_plain(id, b"._-=").then(|| id.to_owned())
}

/// The client's own id for the request, where it is one that may stand in a log: `[A-Za-z0-9._-]{1,64}`, once.
fn client_id(request: &Request) -> Option<String> {
    let mut values = request.headers().get_all("x-request-id").iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let value = value.to_str().ok()?;
    is_plain(value, b"._-").then(|| value.to_owned())
}

/// Whether `id` has 1 to 64 letters, digits and `symbols`.
fn is_plain(id: &str, symbols: &[u8]) -> bool {
    (1..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || symbols.contains(&byte))
}

#[cfg(test)]
mod tests {
    use http::Method;
    use lambda_http::{Body, Context};

    use super::*;
    use crate::http::testing::{NOW, edge};

    fn context(method: Method, path: &str, request_ids: &[&str]) -> RequestContext {
        let mut request = http::Request::builder().method(method).uri(path).body(Body::Empty).unwrap();
        for value in request_ids {
            request.headers_mut().append("x-request-id", value.parse().unwrap());
        }
        RequestContext::new(&edge(), &request)
    }

    #[test]
    fn a_plain_request_id_is_kept_beside_ours_and_any_other_replaced() {
        let longest = "x".repeat(64);
        for good in ["a", "req-1_2.3", &longest] {
            let context = context(Method::GET, "/health", &[good]);
            assert_eq!((context.request_id(), context.client_request_id.as_deref()), (good, Some(good)));
            assert!(context.request_id.parse::<ObjectId>().is_ok(), "{}", context.request_id);
        }
        let too_long = "x".repeat(65);
        for bad in [&[""][..], &["a b"], &["a\"b"], &["a,b"], &[&too_long], &["a", "a"], &[]] {
            let made = context(Method::GET, "/health", bad).request_id().to_owned();
            assert!(made.parse::<ObjectId>().is_ok(), "{bad:?}: {made}");
        }
    }

    #[test]
    fn an_id_in_the_path_is_read_or_refused() {
        let found = context(Method::POST, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/apply", &[]);
        assert_eq!(found.path_id("id").unwrap().to_string(), "665f1a0c0e0a4b001a2c9f80");
        let malformed = context(Method::POST, "/api/user-snapshots/nope/apply", &[]);
        assert!(matches!(malformed.path_id("id"), Err(ApiError::InvalidId(_))));
        assert!(matches!(malformed.path_id("other"), Err(ApiError::Internal { .. })));
    }

    #[test]
    fn the_deadline_leaves_four_seconds_of_lambdas_own() {
        let mut lambda = Context::default();
        lambda.deadline = u64::try_from(NOW.as_millis()).unwrap() + 29_000;
        let request = http::Request::new(Body::Empty).with_lambda_context(lambda);
        assert_eq!(RequestContext::new(&edge(), &request).time_left(), Duration::from_secs(25));
        assert_eq!(context(Method::GET, "/health", &[]).time_left(), BUDGET);
    }
}
