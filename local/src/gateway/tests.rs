//! The gateway around a function that tells what reached it.

use std::sync::Mutex;

use lambda_http::{Body, RequestExt};
use serde_json::{Value, json};

use super::*;

struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(1_778_835_600_000)
    }
}

struct Counting(Mutex<u8>);

impl Randomness for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        let mut count = self.0.lock().unwrap();
        *count += 1;
        bytes.fill(*count);
    }
}

fn gateway(dispatch: impl Fn(HttpFunction, lambda_http::Request) -> Answering + Send + Sync + 'static) -> Gateway {
    let randomness = Arc::new(Counting(Mutex::new(0)));
    let address = "127.0.0.1:3000".parse().unwrap();
    Gateway::new(address, Arc::new(FixedClock), randomness, Arc::new(dispatch), Arc::new(invoker()))
}

/// A function that gives its event back, one that fails and one that panics.
fn invoker() -> Invoker {
    let run = |name: &'static str, event: Value, context: Context| -> BoxFuture<'static, Invoked> {
        Box::pin(async move {
            match name {
                "MirrorFunction" => Ok(json!({"event": event, "deadline": context.deadline})),
                "FailingFunction" => {
                    Err(FunctionError { error_type: "Tired".to_owned(), error_message: "not today".to_owned() })
                }
                _ => panic!("a function that panics"),
            }
        })
    };
    Invoker { names: vec!["MirrorFunction", "FailingFunction", "PanickingFunction"], run: Box::new(run) }
}

async fn invoke(name: &str, kind: Option<&str>, event: &str) -> Response<Vec<u8>> {
    let kind = kind.map(|kind| ("x-amz-invocation-type", kind));
    invoke_with(name, event, |key| {
        [Some(("authorization", key.to_owned())), kind.map(own)].into_iter().flatten().collect()
    })
    .await
}

fn own((name, value): (&'static str, &str)) -> (&'static str, String) {
    (name, value.to_owned())
}

/// Invokes with headers that are made from the `Authorization` of a program that has the access key.
async fn invoke_with(
    name: &str,
    event: &str,
    headers: impl FnOnce(&str) -> Vec<(&'static str, String)>,
) -> Response<Vec<u8>> {
    let gateway = mirror();
    let id = gateway.guard.credentials().access_key_id().to_owned();
    let key =
        format!("AWS4-HMAC-SHA256 Credential={id}/20260515/local/lambda/aws4_request, SignedHeaders=host, Signature=0");
    let mut request = Request::post(format!("/2015-03-31/functions/{name}/invocations"));
    for (name, value) in headers(&key) {
        request = request.header(name, value);
    }
    answered(&gateway, request, event.to_owned()).await
}

/// The `Host` of a request that names none.
const HOST: &str = "127.0.0.1:3000";

async fn answered(gateway: &Gateway, request: http::request::Builder, body: impl Into<HttpBody>) -> Response<Vec<u8>> {
    let mut request = request.body(body.into()).unwrap();
    request.headers_mut().entry("host").or_insert(http::HeaderValue::from_static(HOST));
    gateway.answer("10.1.2.3:49152".parse().unwrap(), request).await
}

fn header<'r>(response: &'r Response<Vec<u8>>, name: &str) -> Option<&'r str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_function_is_invoked_by_its_logical_name_on_any_event() {
    for (event, seen) in [(r#"{"a": [1]}"#, json!({"a": [1]})), ("", json!({})), ("7", json!(7))] {
        let response = invoke("MirrorFunction", None, event).await;
        assert_eq!(response.status(), 200);
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body, json!({"event": seen, "deadline": 1_778_835_629_000_u64}));
        assert_eq!(header(&response, "x-amz-function-error"), None);
    }
}

#[tokio::test]
async fn a_function_that_fails_is_told_apart_from_one_that_cannot_be_invoked() {
    for (name, error_type) in [("FailingFunction", "Tired"), ("PanickingFunction", "Panic")] {
        let response = invoke(name, None, "{}").await;
        assert_eq!((response.status().as_u16(), header(&response, "x-amz-function-error")), (200, Some("Unhandled")));
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body["errorType"], error_type);
    }
    let unknown = invoke("NoFunction", None, "{}").await;
    assert_eq!(unknown.status(), 404);
    assert_eq!(header(&unknown, "x-amzn-errortype"), Some("ResourceNotFoundException"));
    assert!(String::from_utf8_lossy(unknown.body()).contains("MirrorFunction, FailingFunction"));
    assert_eq!(invoke("MirrorFunction", None, "{").await.status(), 400);
    assert_eq!(invoke("MirrorFunction", Some("Whatever"), "{}").await.status(), 400);
}

#[tokio::test]
async fn a_function_is_invoked_by_a_program_that_has_the_access_key_and_by_nobody_else() {
    let refused = async |headers: &[(&'static str, &str)], replaced: (&str, &str)| {
        let response = invoke_with("MirrorFunction", "{}", |key| {
            let key = key.replace(replaced.0, replaced.1);
            let key = (!key.is_empty()).then_some(("authorization", key));
            key.into_iter().chain(headers.iter().copied().map(own)).collect()
        });
        let response = response.await;
        let error_type = header(&response, "x-amzn-errortype").unwrap_or_default().to_owned();
        assert_eq!(header(&response, "access-control-allow-origin"), None);
        (response.status().as_u16(), error_type)
    };
    let (as_it_is, other) = (("", ""), ("Credential=", "Credential=0"));
    let denied = || (403, "AccessDeniedException".to_owned());
    assert_eq!(refused(&[], as_it_is).await, (200, String::new()));
    assert_eq!(refused(&[("host", "localhost")], as_it_is).await, (200, String::new()));
    for origin in ["https://evil.example", "null", "http://127.0.0.1:3000"] {
        assert_eq!(refused(&[("origin", origin)], as_it_is).await, denied(), "{origin}");
    }
    assert_eq!(refused(&[], other).await, (403, "UnrecognizedClientException".to_owned()));
    assert_eq!(refused(&[], ("AWS4", "Bearer")).await, (403, "MissingAuthenticationTokenException".to_owned()));
}

#[tokio::test]
async fn a_request_to_another_name_is_refused_on_every_route() {
    let message = "Forbidden: the Host header does not name this machine. Use its address or localhost, or start with \
                   --allow-host NAME.";
    for path in ["/health", "/docs", "/api/auth/login", "/nothing", "/2015-03-31/functions/MirrorFunction/invocations"]
    {
        for host in ["evil.example", "evil.example:3000", "localhost.evil.example", ""] {
            let request = Request::post(path).header("host", host);
            assert_eq!(send(&mirror(), request, "").await, (403, json!({"message": message})), "{path} {host}");
        }
    }
    let request = || Request::post("/api/auth/login").header("host", "table:3000");
    let named = Guard::new(HOST.parse().unwrap(), &["table".to_owned()], Credentials::generate());
    assert_eq!(send(&mirror().with_guard(named), request(), "").await.0, 200);
    assert_eq!(send(&mirror(), request(), "").await.0, 403);
}

#[tokio::test]
async fn health_is_503_until_the_service_can_do_its_work() {
    let gateway = mirror();
    for (is_ready, expected) in [(false, 503), (true, 200)] {
        gateway.set_ready(is_ready);
        assert_eq!(send(&gateway, Request::get("/health"), "").await.0, expected);
        assert_eq!(send(&gateway, Request::get("/docs"), "").await.0, 200);
    }
}

#[tokio::test]
async fn an_event_is_accepted_and_a_dry_run_runs_nothing() {
    assert_eq!(invoke("MirrorFunction", Some("Event"), "{}").await.status(), 202);
    assert_eq!(invoke("PanickingFunction", Some("DryRun"), "{}").await.status(), 204);
    assert_eq!(invoke("NoFunction", Some("DryRun"), "{}").await.status(), 404);
    assert_eq!(invoke("MirrorFunction", Some("RequestResponse"), "{}").await.status(), 200);
}

#[tokio::test]
async fn only_a_post_to_an_invocations_path_is_an_invocation() {
    let request = Request::get("/2015-03-31/functions/MirrorFunction/invocations");
    assert_eq!(send(&mirror(), request, "").await.1["function"], "ManageSnapshots");
    let request = Request::post("/2015-03-31/functions/MirrorFunction");
    assert_eq!(send(&mirror(), request, "").await.1["function"], "ManageSnapshots");
}

/// Answers with what it was given.
fn mirror() -> Gateway {
    gateway(|function, request| {
        Box::pin(async move {
            let seen = json!({
                "function": format!("{function:?}"),
                "method": request.method().as_str(),
                "uri": request.uri().to_string(),
                "rawPath": request.raw_http_path(),
                "id": request.path_parameters().first("id"),
                "deadline": request.lambda_context().deadline,
                "requestId": request.lambda_context().request_id,
                "odd": request.headers().get("x-odd").map(|value| value.as_bytes().to_vec()),
                "cookie": request.headers().get("cookie").map(|value| value.to_str().unwrap()),
                "body": match request.body() {
                    Body::Empty => json!(null),
                    Body::Text(text) => json!({"text": text}),
                    Body::Binary(bytes) => json!({"binary": bytes}),
                    _ => json!("another"),
                },
            });
            Ok(Response::new(Body::Text(seen.to_string())))
        })
    })
}

async fn send(gateway: &Gateway, request: http::request::Builder, body: impl Into<HttpBody>) -> (u16, Value) {
    let response = answered(gateway, request, body).await;
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap())
}

#[tokio::test]
async fn a_request_reaches_its_function_as_it_was_sent() {
    let request = Request::post("/api/user-snapshots/665f/apply?a=%20&b=1")
        .header("content-type", "application/json")
        .header("cookie", "a=1; b=2");
    let (status, seen) = send(&mirror(), request, r#"{"ü":1}"#).await;
    assert_eq!(status, 200);
    let expected = json!({
        "function": "ApplySnapshot",
        "method": "POST",
        "uri": "http://127.0.0.1:3000/api/user-snapshots/665f/apply?a=%20&b=1",
        "rawPath": "/api/user-snapshots/665f/apply",
        "id": "665f",
        "deadline": 1_778_835_629_000_u64,
        "requestId": "6a06e0900101010101010101",
        "odd": null,
        "cookie": "a=1; b=2",
        "body": {"text": "{\"ü\":1}"},
    });
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn an_empty_body_and_a_binary_one_arrive_as_such() {
    let (_, seen) = send(&mirror(), Request::post("/api/user-snapshots"), "").await;
    assert_eq!(seen["body"], json!(null));
    let (_, seen) = send(&mirror(), Request::post("/api/user-snapshots"), vec![0xff, 0, 7]).await;
    assert_eq!(seen["body"], json!({"binary": [255, 0, 7]}));
}

#[tokio::test]
async fn nothing_in_a_request_line_or_header_brings_the_gateway_down() {
    let odd = http::HeaderValue::from_bytes(b"\xc3\xa9\xff").unwrap();
    for path in [
        "/%00%0a%0d",
        "/%ff%fe",
        "/%23%3f%25",
        "/a%2e%2e/%2e%2e/b",
        "//x//",
        "/%5c%5c",
        "/[::1]",
        "/a|b^c`d",
        "/%",
        "/?%",
        "/?a=%ff&\"<>",
        "/%3c%3e%22%20",
        "/health?#",
    ] {
        let Ok(uri) = path.parse::<http::Uri>() else { continue };
        let request = || {
            let request = Request::get(uri.clone()).header("x-forwarded-proto", "::").header("x-amzn-trace-id", "");
            request.header("x-odd", odd.clone())
        };
        let (status, seen) = send(&mirror(), request(), "").await;
        assert_eq!(status, 200, "{path}");
        assert_eq!(seen["odd"], json!("Ã©ÿ".as_bytes()), "{path}");
        let (status, _) = send(&mirror(), request().header("host", "[not a host"), "").await;
        assert_eq!(status, 403, "{path}");
    }
    let (status, _) = send(&mirror(), Request::get("http://other.example:1/health"), "").await;
    assert_eq!(status, 403);
}

#[tokio::test]
async fn a_request_without_a_path_is_refused() {
    let (status, answer) = send(&mirror(), Request::options("*"), "").await;
    assert_eq!((status, answer), (400, json!({"message": "Bad Request"})));
}

#[tokio::test]
async fn an_event_of_6_mb_passes_and_one_byte_more_does_not() {
    // Of another type it would be base64.
    let posted = || Request::post("/api/user-snapshots").header("content-type", "application/json");
    let length_of_the_event = |body: usize| {
        let (parts, ()) = posted().body(()).unwrap().into_parts();
        let request_id = "6a06e0900101010101010101".to_owned();
        let at = Timestamp::from_millis(1_778_835_600_000);
        let arrival = Arrival { host: "127.0.0.1:3000", peer: "10.1.2.3:49152".parse().unwrap(), request_id, at };
        let matched = route::find(&parts.method, "/api/user-snapshots");
        serde_json::to_string(&Event::new(&parts, "x".repeat(body).as_bytes(), matched.as_ref(), &arrival))
            .unwrap()
            .len()
    };
    let around = length_of_the_event(1_000_000) - 1_000_000;
    for (length, expected) in [(MAX_EVENT - 1, 200), (MAX_EVENT, 200), (MAX_EVENT + 1, 413)] {
        let gateway = gateway(|_, request| {
            Box::pin(async move { Ok(Response::new(Body::Text(request.body().len().to_string()))) })
        });
        let body = length - around;
        assert_eq!(length_of_the_event(body), length);
        let (status, answer) = send(&gateway, posted(), "x".repeat(body)).await;
        assert_eq!(status, expected, "{length}");
        let expected = if status == 200 { json!(body) } else { json!({"message": "Request Entity Too Large"}) };
        assert_eq!(answer, expected);
    }
}

#[tokio::test]
async fn a_body_above_10_mb_is_refused_before_it_is_an_event() {
    for length in [MAX_BODY, MAX_BODY + 1] {
        let (status, answer) = send(&mirror(), Request::post("/api/user-snapshots"), "x".repeat(length)).await;
        assert_eq!((status, answer), (413, json!({"message": "Request Entity Too Large"})), "{length}");
    }
    for (length, fits) in [(MAX_BODY - 1, true), (MAX_BODY, true), (MAX_BODY + 1, false)] {
        assert_eq!(read_body(HttpBody::from("x".repeat(length))).await.is_ok(), fits, "{length}");
    }
}

#[tokio::test]
async fn lambda_takes_events_of_6_mb_and_of_1_mb_where_nobody_waits() {
    for (kind, limit) in [("RequestResponse", MAX_EVENT), ("Event", MAX_ASYNCHRONOUS_EVENT)] {
        for (length, fits) in [(limit - 1, true), (limit, true), (limit + 1, false)] {
            let response = invoke("FailingFunction", Some(kind), &format!("{}7", " ".repeat(length - 1))).await;
            assert_eq!(response.status() != 413, fits, "{kind}, {length}: {}", response.status());
            let error_type = header(&response, "x-amzn-errortype");
            assert_eq!(error_type, (!fits).then_some("RequestTooLargeException"), "{kind}, {length}");
        }
    }
}

#[tokio::test]
async fn an_answer_of_6_mb_passes_and_one_byte_more_does_not() {
    // A quote of the body is two bytes of the answer, and a control character is six, as Lambda gets them.
    for (filler, bytes) in [("x", 1), ("\"", 2), ("\u{1}", 6)] {
        let around = length_of_an_answer("").await;
        for (length, fits) in [(MAX_ANSWER - 1, true), (MAX_ANSWER, true), (MAX_ANSWER + 1, false)] {
            let body = filler.repeat((length - around) / bytes) + &"x".repeat((length - around) % bytes);
            assert_eq!(length_of_an_answer(&body).await, length);
            let response = send_for(&answering(&body)).await;
            if fits {
                assert_eq!((response.status().as_u16(), response.body().len()), (200, body.len()), "{length}");
            } else {
                assert_eq!(
                    (response.status().as_u16(), &response.body()[..]),
                    (500, &br#"{"message":"Internal Server Error"}"#[..])
                );
            }
        }
    }
}

/// A gateway whose functions answer with this body.
fn answering(body: &str) -> Gateway {
    let body = body.to_owned();
    gateway(move |_, _| {
        let body = body.clone();
        Box::pin(async move { Ok(Response::new(Body::Text(body))) })
    })
}

async fn send_for(gateway: &Gateway) -> Response<Vec<u8>> {
    answered(gateway, Request::get("/health"), HttpBody::empty()).await
}

/// How many bytes Lambda gets for an answer with this body.
async fn length_of_an_answer(body: &str) -> usize {
    let (body, context) = (body.to_owned(), Context::default());
    let (parts, ()) = Request::get("/health").body(()).unwrap().into_parts();
    let arrival = Arrival {
        host: "127.0.0.1:3000",
        peer: "10.1.2.3:49152".parse().unwrap(),
        request_id: "6a06e0900101010101010101".to_owned(),
        at: Timestamp::from_millis(0),
    };
    let event = serde_json::to_string(&Event::new(&parts, b"", None, &arrival)).unwrap();
    let answer = run_http(event, context, move |_| {
        let body = body.clone();
        Box::pin(async move { Ok(Response::new(Body::Text(body))) })
    });
    answer.await.unwrap().to_string().len()
}

#[tokio::test]
async fn an_answer_to_an_invocation_is_refused_above_6_mb() {
    let around = r#"{"event":"","deadline":1778835629000}"#.len();
    for (length, error) in [(MAX_ANSWER - 1, None), (MAX_ANSWER, None), (MAX_ANSWER + 1, Some("Unhandled"))] {
        let text = "x".repeat(length - around);
        let invoked =
            started(async move { Ok(json!({"event": text, "deadline": 1_778_835_629_000_u64})) }, FUNCTION_TIMEOUT);
        let response = invocation::answer(ended(invoked).await);
        assert_eq!((response.status().as_u16(), header(&response, "x-amz-function-error")), (200, error), "{length}");
        if error.is_some() {
            let body: Value = serde_json::from_slice(response.body()).unwrap();
            assert_eq!(body["errorType"], "Function.ResponseSizeTooLarge");
        }
    }
}

#[tokio::test]
async fn request_line_and_headers_have_at_most_10_240_bytes() {
    let fixed = "GET".len() + "/health".len() + "x-long".len() + "host".len() + HOST.len();
    for (length, expected) in [(MAX_HEADERS - 1, 200), (MAX_HEADERS, 200), (MAX_HEADERS + 1, 431)] {
        let request = Request::get("/health").header("x-long", "x".repeat(length - fixed));
        assert_eq!(send(&mirror(), request, "").await.0, expected, "{length}");
    }
}

/// A gateway whose functions answer after this time; tells through the channel when one of them is gone, done or ended.
fn slow(time: Duration) -> (Gateway, Arc<tokio::sync::Semaphore>) {
    let gone = Arc::new(tokio::sync::Semaphore::new(0));
    let permits = Arc::clone(&gone);
    let gateway = gateway(move |_, _| {
        let gone = Gone(Arc::clone(&permits));
        Box::pin(async move {
            tokio::time::sleep(time).await;
            drop(gone);
            Ok(Response::new(Body::Text("7".to_owned())))
        })
    });
    (gateway, gone)
}

struct Gone(Arc<tokio::sync::Semaphore>);

impl Drop for Gone {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

const MILLISECOND: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn a_function_is_ended_at_its_timeout_and_nothing_of_it_goes_on() {
    for (time, expected) in [
        (FUNCTION_TIMEOUT - MILLISECOND, (200, json!(7))),
        (FUNCTION_TIMEOUT + MILLISECOND, (500, json!({"message": "Internal Server Error"}))),
        (Duration::MAX, (500, json!({"message": "Internal Server Error"}))),
    ] {
        let (gateway, gone) = slow(time);
        assert_eq!(send(&gateway, Request::get("/health"), "").await, expected, "{time:?}");
        gone.acquire().await.unwrap().forget();
    }
}

#[tokio::test(start_paused = true)]
async fn an_http_api_waits_for_30_seconds_whatever_the_function_may_take() {
    for (time, expected) in [
        (INTEGRATION_TIMEOUT - MILLISECOND, (200, json!(7))),
        (INTEGRATION_TIMEOUT + MILLISECOND, (503, json!({"message": "Service Unavailable"}))),
    ] {
        let (gateway, _) = slow(time);
        let gateway = Gateway { function_timeout: Duration::from_secs(300), ..gateway };
        assert_eq!(send(&gateway, Request::get("/health"), "").await, expected, "{time:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_invocation_that_takes_too_long_is_told_as_lambda_tells_it() {
    let never = started(std::future::pending(), FUNCTION_TIMEOUT);
    let response = invocation::answer(ended(never).await);
    assert_eq!(header(&response, "x-amz-function-error"), Some("Unhandled"));
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(body, json!({"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 29.00 seconds"}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_function_that_never_yields_is_answered_for_all_the_same() {
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let running = started(
        async move {
            let _ = wait.lock().unwrap().recv();
            Ok(Value::Null)
        },
        Duration::from_millis(20),
    );
    assert_eq!(ended(running).await.unwrap_err().error_type, "Sandbox.Timedout");
    drop(done);
}

#[tokio::test]
async fn a_client_that_hangs_up_stops_nothing() {
    let (gateway, gone) = slow(Duration::from_millis(20));
    let answer = answered(&gateway, Request::get("/health"), HttpBody::empty());
    assert!(tokio::time::timeout(Duration::from_millis(5), answer).await.is_err());
    gone.acquire().await.unwrap().forget();
}

#[tokio::test]
async fn a_function_that_panics_is_an_internal_server_error() {
    let gateway = gateway(|_, _| Box::pin(async { panic!("as a test") }));
    let (status, answer) = send(&gateway, Request::get("/health"), "").await;
    assert_eq!((status, answer), (500, json!({"message": "Internal Server Error"})));
}

#[tokio::test]
async fn a_binary_answer_and_several_cookies_come_back_whole() {
    let gateway = gateway(|_, _| {
        Box::pin(async {
            let response = Response::builder()
                .status(418)
                .header("content-type", "image/png")
                .header("set-cookie", "a=1")
                .header("set-cookie", "b=2")
                .body(Body::Binary(vec![0xff, 0, 1]))
                .unwrap();
            Ok(response)
        })
    });
    let response = answered(&gateway, Request::get("/health"), "").await;
    assert_eq!(response.status(), 418);
    assert_eq!(response.headers().get_all("set-cookie").iter().count(), 2);
    assert_eq!(response.body(), &[0xff, 0, 1]);
}
