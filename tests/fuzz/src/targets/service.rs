//! The whole service over HTTP. An input is a request as people write it down: a line with method and path, header lines, an
//! empty line, the body. The answer must be one that the description has, and no failure of the service's own.

use std::sync::{LazyLock, Mutex, PoisonError};

use http::{HeaderName, HeaderValue, Method};
use serde_json::{Value, json};
use tests::{ACME, GIL, PAT, SAM, TestApp, create_body};
use tokio::runtime::Runtime;

use crate::Target;

/// A request. `$SNAPSHOT` in it is the id of one that there is, `$SAM`, `$PAT` and `$GIL` are tokens.
pub const SERVICE: Target = Target { name: "service", run, seeds: good };

/// Alex Rep of Acme, whom Pat administers.
const COLLEAGUE: &str = "64ee9a8b1e7f2a0011223399";
/// After so many cases everything is new: a table that only grows would make the later ones slow.
const CASES_PER_SERVICE: usize = 1_500;
/// After so many cases there is a new snapshot, as a case may have deleted the one before.
const CASES_PER_SNAPSHOT: usize = 20;
/// What API Gateway answers in its own words stays out: a header section above 10,240 bytes, in any spelling.
const MAX_HEADER_BYTES: usize = 3_000;
/// Headers that say how a message travels are the HTTP client's to write.
const OF_THE_CLIENT: [&str; 9] =
    ["host", "content-length", "transfer-encoding", "connection", "expect", "upgrade", "te", "trailer", "keep-alive"];

static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().expect("a runtime starts"));
static SERVICE_UNDER_TEST: Mutex<Option<Service>> = Mutex::new(None);

struct Service {
    app: TestApp,
    snapshot: String,
    cases: usize,
}

fn run(input: &[u8]) {
    let mut kept = SERVICE_UNDER_TEST.lock().unwrap_or_else(PoisonError::into_inner);
    RUNTIME.block_on(async {
        if kept.as_ref().is_none_or(|service| service.cases >= CASES_PER_SERVICE) {
            *kept = Some(Service { app: TestApp::start().await, snapshot: String::new(), cases: 0 });
        }
        let Some(service) = kept.as_mut() else { return };
        if service.cases.is_multiple_of(CASES_PER_SNAPSHOT) {
            let created = service.app.create_snapshot(&service.app.token(PAT), &create_body()).await;
            service.snapshot = created.expect(201)["snapshot"]["_id"].as_str().expect("an id").to_owned();
        }
        service.cases += 1;
        service.app.forget_calls();
        if send(service, input).await {
            service.cases = CASES_PER_SERVICE;
        }
    });
}

/// Sends a request. Returns whether it removed a user, whom later cases may need.
async fn send(service: &Service, input: &[u8]) -> bool {
    let Some(request) = RequestText::read(&service.filled_in(input)) else { return false };
    let is_of_users = request.method == Method::DELETE && request.path.starts_with("/api/users/");
    let mut builder = service.app.request(request.method, &request.path);
    for (name, value) in request.headers {
        builder = builder.header(name, value);
    }
    // Holds the answer against the description, and the body, too, where it went through.
    let answer = service.app.send(builder.body(request.body)).await;
    assert!(answer.status < 500, "{} {}", answer.status, answer.text);
    if answer.status >= 400 {
        let code = answer.body["code"].as_str().unwrap_or_default();
        answer.expect_problem(answer.status, code);
    }
    is_of_users && answer.status == 200
}

impl Service {
    fn filled_in(&self, input: &[u8]) -> Vec<u8> {
        let token = |email| self.app.token(email);
        let values =
            [("$SNAPSHOT", self.snapshot.clone()), ("$SAM", token(SAM)), ("$PAT", token(PAT)), ("$GIL", token(GIL))];
        values.iter().fold(input.to_vec(), |text, (name, value)| replace(&text, name.as_bytes(), value.as_bytes()))
    }
}

fn replace(text: &[u8], name: &[u8], value: &[u8]) -> Vec<u8> {
    let mut replaced = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(place) = rest.windows(name.len()).position(|window| window == name) {
        replaced.extend(&rest[..place]);
        replaced.extend(value);
        rest = &rest[place + name.len()..];
    }
    replaced.extend(rest);
    replaced
}

/// A request as it is written down.
struct RequestText {
    method: Method,
    path: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Vec<u8>,
}

impl RequestText {
    /// The request, where it is one that an HTTP client can send and that gets past the gateway.
    fn read(text: &[u8]) -> Option<Self> {
        let (head, body) = match text.windows(2).position(|window| window == b"\n\n") {
            Some(end) => (&text[..end], &text[end + 2..]),
            None => (text, &[][..]),
        };
        let mut lines = head.split(|byte| *byte == b'\n');
        let (method, path) = std::str::from_utf8(lines.next()?).ok()?.split_once(' ')?;
        let method = Method::from_bytes(method.as_bytes()).ok()?;
        let is_sent = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE].contains(&method);
        let headers: Vec<(HeaderName, HeaderValue)> = lines.filter_map(header).collect();
        let is_short = path.len() + head.len() <= MAX_HEADER_BYTES;
        (is_sent && is_short && path.starts_with('/')).then(|| Self {
            method,
            path: path.to_owned(),
            headers,
            body: body.to_vec(),
        })
    }
}

fn header(line: &[u8]) -> Option<(HeaderName, HeaderValue)> {
    let colon = line.iter().position(|byte| *byte == b':')?;
    let name = HeaderName::from_bytes(&line[..colon]).ok()?;
    let value = HeaderValue::from_bytes(line[colon + 1..].trim_ascii()).ok()?;
    (!OF_THE_CLIENT.contains(&name.as_str())).then_some((name, value))
}

/// Every request of the description, with all that it can have and with as little as possible, so that a new route is fed as
/// soon as it is described.
fn good() -> Vec<Vec<u8>> {
    let text = local::openapi::text().expect("there is a description");
    let document: Value = serde_json::from_str(&text).expect("the description is JSON");
    let mut all = Vec::new();
    for (path, operations) in document["paths"].as_object().into_iter().flatten() {
        for (method, operation) in operations.as_object().into_iter().flatten() {
            for (token, is_whole) in [("$SAM", true), ("$PAT", false), ("$GIL", false)] {
                all.push(request(&document, method, path, operation, token, is_whole).into_bytes());
            }
        }
    }
    all
}

fn request(document: &Value, method: &str, path: &str, operation: &Value, token: &str, is_whole: bool) -> String {
    let (mut path, mut query, mut headers) =
        (path.to_owned(), Vec::new(), vec![format!("authorization: Bearer {token}")]);
    for parameter in operation["parameters"].as_array().into_iter().flatten() {
        let parameter = resolved(document, parameter);
        let (name, value) = (parameter["name"].as_str().unwrap_or_default(), example(document, &parameter["schema"]));
        match parameter["in"].as_str() {
            Some("path") => {
                let value = if name == "orgId" {
                    ACME
                } else if name == "userId" {
                    COLLEAGUE
                } else if name == "id" {
                    "$SNAPSHOT"
                } else {
                    &value
                };
                path = path.replace(&format!("{{{name}}}"), value);
            }
            Some("query") if is_whole => query.push(format!("{name}={value}")),
            Some("header") if is_whole => headers.push(format!("{name}: {value}")),
            _ => {}
        }
    }
    if !query.is_empty() {
        path = format!("{path}?{}", query.join("&"));
    }
    let body = &operation["requestBody"]["content"]["application/json"]["example"];
    if !body.is_null() {
        headers.push("content-type: application/json".to_owned());
    }
    let body = if body.is_null() { String::new() } else { body.to_string() };
    format!("{} {path}\n{}\n\n{body}", method.to_ascii_uppercase(), headers.join("\n"))
}

/// A value that a parameter may have.
fn example(document: &Value, schema: &Value) -> String {
    let schema = resolved(document, schema);
    let of = [&schema["examples"][0], &schema["default"], &schema["enum"][0], &schema["minimum"]];
    match of.into_iter().find(|value| !value.is_null()).unwrap_or(&json!("1")) {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn resolved<'d>(document: &'d Value, value: &'d Value) -> &'d Value {
    let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.and_then(|pointer| document.pointer(pointer)).unwrap_or(value)
}
