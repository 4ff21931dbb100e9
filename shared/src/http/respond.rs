//! The frame around every function's own work: context in, one answer and one log line out.

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt;
use http::header::{CACHE_CONTROL, STRICT_TRANSPORT_SECURITY, X_CONTENT_TYPE_OPTIONS};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use lambda_http::{Body, Request, RequestExt, Response};
use tracing::Instrument;

use super::bounded::cut;
use super::{Answer, ApiError, AuditTargets, Edge, RequestContext, Route, problem};
use crate::domain::ObjectId;
use crate::function::HttpFunction;
use crate::logging;

/// The most code points of a cause in the log: an error of the SDK can repeat whole items.
const MAX_CAUSE: usize = 1_000;

/// How long after its deadline a request is still waited for: an apply that stops in time writes that down. A second before Lambda
/// ends the function, whatever hangs is left alone and answered.
const GRACE: Duration = Duration::from_secs(3);
/// For two years browsers come by https alone, as the list of hosts that browsers ship asks for at least one. Without
/// `includeSubDomains`: what other hosts the operator has is not known here. Over plain HTTP, as `local` speaks it, browsers
/// pass over the header (RFC 6797, section 8.1).
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=63072000");
/// A browser takes an answer for what its Content-Type says, whatever a tenant's text in it looks like.
const NO_SNIFFING: HeaderValue = HeaderValue::from_static("nosniff");

fn hung() -> ApiError {
    ApiError::Unavailable { retry_after: Duration::from_secs(1), cause: "the request ran out of time".to_owned() }
}

/// Runs `answer` on the request and turns its outcome, an answer or an error, into a response. An expected failure is a
/// response like any other: an `Err` would be for Lambda's runtime, which answers it with a bare 502.
pub async fn respond<F>(edge: &Edge, request: Request, answer: F) -> Result<Response<Body>, Infallible>
where
    F: AsyncFnOnce(&RequestContext, &Request) -> Result<Answer, ApiError>,
{
    let context = RequestContext::new(edge, &request);
    let function = context.route().map_or(HttpFunction::DEFAULT, |route| route.function);
    let span = logging::invocation(function.package(), request.lambda_context_ref());
    span.record(logging::API_REQUEST_ID, &context.request_id);
    respond_within(edge, context, request, answer).instrument(span).await
}

async fn respond_within<F>(
    edge: &Edge,
    context: RequestContext,
    request: Request,
    answer: F,
) -> Result<Response<Body>, Infallible>
where
    F: AsyncFnOnce(&RequestContext, &Request) -> Result<Answer, ApiError>,
{
    let outcome = match edge.cors_origins.preflight(&request) {
        Some(preflight) => Ok(preflight),
        None => {
            let longest = context.time_left() + GRACE;
            tokio::time::timeout(longest, caught(answer(&context, &request))).await.unwrap_or_else(|_| Err(hung()))
        }
    };
    let (status, mut headers, body) = match &outcome {
        Ok(answer) => (answer.status, answer.headers.clone(), answer.body.clone()),
        Err(error) => problem::render(error, context.request_id()),
    };
    headers.extend(edge.cors_origins.headers(&request));
    log(edge, &context, status, outcome.as_ref().err());
    Ok(response(&context, status, headers, body))
}

/// Returns the outcome of `work`, or a 500 where it panics. Lambda's runtime would catch the panic as well, but log its
/// message, which may hold anything. Here the log says only that something panicked, and [`logging::init`] adds where.
async fn caught(work: impl Future<Output = Result<Answer, ApiError>>) -> Result<Answer, ApiError> {
    // Nothing of the request is used again but its context, which holds plain values.
    match AssertUnwindSafe(work).catch_unwind().await {
        Ok(outcome) => outcome,
        Err(_) => Err(ApiError::internal("the function panicked")),
    }
}

fn response(context: &RequestContext, status: StatusCode, headers: HeaderMap, body: String) -> Response<Body> {
    let mut response = Response::new(Body::Text(body));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response.headers_mut().entry(CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response.headers_mut().insert(STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
    response.headers_mut().insert(X_CONTENT_TYPE_OPTIONS, NO_SNIFFING);
    // An id is plain ASCII, so it always is a header value.
    if let Ok(id) = HeaderValue::from_str(context.request_id()) {
        response.headers_mut().insert(HeaderName::from_static("x-request-id"), id);
    }
    response
}

/// The one line of a request. Never a body, a token, a password or an e-mail address.
fn log(edge: &Edge, context: &RequestContext, status: StatusCode, error: Option<&ApiError>) {
    let route = context.route().map_or("$default".to_owned(), Route::name);
    let consumed = context.consumed();
    let (user, organization) = match context.caller.get() {
        Some((user, organization)) => (Some(user.to_string()), Some(organization.to_string())),
        None => (None, None),
    };
    let id = |id: Option<ObjectId>| id.map(|id| id.to_string());
    let (snapshot, apply, acting_in) = (id(context.snapshot()), id(context.apply()), id(context.acting()));
    let audited = context.route().filter(|route| route.id.is_audited() && !context.audit().is_dry_run());
    let targets = audited.map(|_| context.audit());
    let (target_user, target_organization) = audited.map(|_| context.target_user()).unwrap_or_default();
    let cause = error.and_then(ApiError::cause).map(|cause| logging::without_values(&cut(cause, MAX_CAUSE)));
    let duration = edge.clock.now().since(context.started);
    macro_rules! line {
        ($level:ident) => {
            tracing::$level!(
                client_request_id = context.client_request_id,
                route,
                status = status.as_u16(),
                code = error.map(ApiError::code),
                user,
                organization,
                acting_in,
                snapshot,
                apply,
                audit.action = audited.map(|route| route.id.name()),
                audit.actor.user = audited.and(user.as_deref()),
                audit.actor.organization = audited.and(organization.as_deref()),
                audit.snapshot = audited.and(snapshot.as_deref()),
                audit.apply = audited.and(apply.as_deref()),
                audit.user = id(target_user),
                audit.organization = id(target_organization),
                audit.fields = targets.and_then(AuditTargets::fields),
                audit.organizations = targets.and_then(AuditTargets::organizations),
                audit.revision = targets.and_then(AuditTargets::revision),
                read_units = consumed.read_units,
                write_units = consumed.write_units,
                table_calls = consumed.calls,
                duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
                cause,
                "request"
            )
        };
    }
    if status.is_server_error() { line!(error) } else { line!(info) }
}

#[cfg(test)]
mod tests {
    use http::Method;
    use serde_json::{Value, json};

    use super::*;
    use crate::capacity::ConsumedUnits;
    use crate::domain::Fault;
    use crate::http::testing::edge;
    use crate::logging;

    fn request(method: Method, path: &str) -> Request {
        let mut request =
            http::Request::builder().method(method).uri(path).body(Body::from("the secret body")).unwrap();
        request.headers_mut().insert("x-request-id", HeaderValue::from_static("req-1"));
        request.headers_mut().insert("authorization", HeaderValue::from_static("Bearer the-token"));
        request
    }

    fn fixed(outcome: Result<Answer, ApiError>) -> (Response<Body>, Vec<Value>) {
        let lines = logging::testing::capture(async {
            respond(&edge(), request(Method::POST, "/api/auth/login"), async |context, _| {
                context.record_consumed(ConsumedUnits { read_units: 1.5, write_units: 2.0, calls: 3 });
                context.record_caller(ObjectId::from_bytes([1; 12]), ObjectId::from_bytes([2; 12]));
                outcome
            })
            .await
        });
        let (Ok(response), lines) = lines;
        (response, lines)
    }

    fn body(response: &Response<Body>) -> Value {
        let Body::Text(text) = response.body() else { panic!("the body is not text") };
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn an_answer_carries_its_id_and_is_not_to_be_stored() {
        let (response, _) = fixed(Answer::created(&json!({"a": 1})));
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["x-request-id"], "req-1");
        assert_eq!(response.headers()["cache-control"], "no-store");
        assert_eq!(response.headers()["x-content-type-options"], "nosniff");
        assert_eq!(response.headers()["strict-transport-security"], "max-age=63072000");
        assert_eq!(response.headers()["content-type"], "application/json");
        assert_eq!(*response.body(), Body::from(r#"{"a":1}"#));
    }

    #[test]
    fn a_request_is_one_line_in_the_log() {
        let (_, lines) = fixed(Answer::ok(&json!({"answer": "also secret"})));
        let [line] = &lines[..] else { panic!("{lines:?}") };
        let expected = json!({
            "service": "sign-in", "version": env!("CARGO_PKG_VERSION"), "cold_start": line["cold_start"],
            "api_request_id": line["api_request_id"], "client_request_id": "req-1", "route": "POST /api/auth/login", "status": 200, "level": "INFO",
            "user": "01".repeat(12), "organization": "02".repeat(12), "read_units": 1.5, "write_units": 2.0,
            "table_calls": 3, "duration_ms": 0, "message": "request", "target": "shared::http::respond",
            "timestamp": line["timestamp"],
        });
        assert_eq!(*line, expected);
        assert!(line["api_request_id"].as_str().unwrap().parse::<ObjectId>().is_ok(), "{line}");
    }

    #[tokio::test(start_paused = true)]
    async fn what_hangs_is_answered_before_lambda_ends_it() {
        let request = request(Method::GET, "/health");
        let Ok(response) = respond(&edge(), request, async |_, _| std::future::pending().await).await;
        assert_eq!((response.status().as_u16(), response.headers()["retry-after"].to_str().unwrap()), (503, "1"));
        assert_eq!(body(&response)["code"], "unavailable");
    }

    #[test]
    fn a_failure_inside_tells_the_log_everything_and_the_caller_nothing() {
        let fault = Fault::Corrupt("attribute passwordHash of EMAIL#x".to_owned());
        let (response, lines) = fixed(Err(fault.into()));
        assert_eq!(response.status(), 500);
        let told = body(&response).to_string();
        assert!(!told.contains("passwordHash") && !told.contains("EMAIL"), "{told}");
        assert_eq!(lines[0]["level"], "ERROR");
        assert_eq!(lines[0]["code"], "internal");
        assert!(lines[0]["cause"].as_str().unwrap().contains("attribute passwordHash"));
    }

    #[test]
    fn a_cause_is_logged_without_the_values_that_it_repeats() {
        let address = "EMAIL#Pat%2Bx@acme.example #META: missing field `userId`";
        let item =
            format!("{:?}", ("passwordHash", "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$aGFzaGhhc2g", "Pat \"Admin\""));
        for (cause, expected) in [
            (address.to_owned(), "[address] #META: missing field `userId`"),
            (item, "(\"…\", \"…\", \"…\")"),
            (
                "no answer with password=Fake-Pass-4711 from pat%40acme.example".to_owned(),
                "no answer with password=[removed secret] from [address]",
            ),
        ] {
            let (_, lines) = fixed(Err(Fault::Corrupt(cause).into()));
            assert_eq!(lines[0]["cause"], format!("the store and this program disagree: {expected}"));
        }
        let (_, lines) = fixed(Err(Fault::Corrupt("x ".repeat(5_000)).into()));
        assert_eq!(lines[0]["cause"].as_str().unwrap().chars().count(), MAX_CAUSE);
    }

    #[test]
    fn a_panic_is_answered_like_any_failure_inside_and_what_it_said_is_not_logged() {
        let (Ok(response), lines) = logging::testing::capture(async {
            respond(&edge(), request(Method::GET, "/health"), async |context, _| {
                if context.request_id() == "req-1" {
                    panic!("with the secret of {}", "somebody")
                }
                Err(ApiError::NotFound)
            })
            .await
        });
        assert_eq!((response.status().as_u16(), &body(&response)["code"]), (500, &json!("internal")));
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!(
            (&line["cause"], &line["level"], &line["status"]),
            (&json!("the function panicked"), &json!("ERROR"), &json!(500))
        );
        assert!(!line.to_string().contains("somebody") && !body(&response).to_string().contains("somebody"));
    }

    #[test]
    fn the_log_has_neither_bodies_nor_tokens() {
        for outcome in [Answer::ok(&json!({"answer": "also secret"})), Err(ApiError::refused("/email", "a@b.example"))]
        {
            let (_, lines) = fixed(outcome);
            let line = lines[0].to_string();
            assert!(!line.contains("secret") && !line.contains("the-token") && !line.contains("a@b"), "{line}");
        }
    }

    #[test]
    fn a_path_without_a_route_is_logged_as_the_default_route_not_as_itself() {
        let (_, lines) = logging::testing::capture(async {
            let request = request(Method::GET, "/api/some/Secret?token=x");
            respond(&edge(), request, async |context, _| {
                assert!(context.route().is_none());
                Err(ApiError::NotFound)
            })
            .await
        });
        assert_eq!(lines[0]["route"], "$default");
        assert!(!lines[0].to_string().contains("Secret"));
    }

    #[test]
    fn a_handler_that_awaits_can_be_served_by_the_runtime() {
        async fn work(context: &RequestContext, request: &Request, table: &str) -> Result<Answer, ApiError> {
            tokio::task::yield_now().await;
            Answer::ok(&[context.request_id(), table, request.uri().path()])
        }
        async fn handle(app: &(Edge, String), request: Request) -> Result<Response<Body>, Infallible> {
            respond(&app.0, request, async |context, request| work(context, request, &app.1).await).await
        }
        fn served<S>(_: S)
        where
            S: lambda_http::Service<Request, Response = Response<Body>, Error = Infallible>,
            S::Future: Send,
        {
        }
        let app = (edge(), "table".to_owned());
        served(lambda_http::service_fn(|request| handle(&app, request)));
    }
}
