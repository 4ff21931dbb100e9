//! The gateway around a function that returns the request that reached it.

mod invocations;
mod limits;
mod time;

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

struct CountedBytes(Mutex<u8>);

impl Randomness for CountedBytes {
    fn fill(&self, bytes: &mut [u8]) {
        let mut count = self.0.lock().unwrap();
        *count += 1;
        bytes.fill(*count);
    }
}

fn gateway(dispatch: impl Fn(HttpFunction, lambda_http::Request) -> AnswerFuture + Send + Sync + 'static) -> Gateway {
    let randomness = Arc::new(CountedBytes(Mutex::new(0)));
    let address = "127.0.0.1:3000".parse().unwrap();
    Gateway::new(address, Arc::new(FixedClock), randomness, Arc::new(dispatch), Arc::new(invoker()))
}

/// A function that returns its event, one that fails and one that panics.
fn invoker() -> Invoker {
    let run = |name: &'static str, event: Value, context: Context| -> BoxFuture<'static, InvocationResult> {
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

/// Invokes with headers derived from the `Authorization` of a program that has the access key.
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

/// The `Host` of a request without one.
const HOST: &str = "127.0.0.1:3000";

async fn answered(gateway: &Gateway, request: http::request::Builder, body: impl Into<HttpBody>) -> Response<Vec<u8>> {
    let mut request = request.body(body.into()).unwrap();
    request.headers_mut().entry("host").or_insert(http::HeaderValue::from_static(HOST));
    gateway.answer("10.1.2.3:49152".parse().unwrap(), request).await
}

fn header<'r>(response: &'r Response<Vec<u8>>, name: &str) -> Option<&'r str> {
    response.headers().get(name).map(|value| value.to_str().unwrap())
}

/// Answers with its own request.
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
