//! The headers that are read: `If-Match`, `If-None-Match`, `Idempotency-Key`.

use http::header::{IF_MATCH, IF_NONE_MATCH};
use http::{HeaderName, HeaderValue};
use lambda_http::{Body, Request};
use shared::domain::{ObjectId, Principal, Role};
use shared::http::{IdempotencyKey, IfMatch, IfNoneMatch, MAX_KEY, etag};

use super::seeds;
use crate::Target;

/// The value of a header, read as each of them; a line feed begins another one of the same name.
pub const HEADERS: Target = Target { name: "headers", run, seeds: good };

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

fn run(input: &[u8]) {
    let values: Option<Vec<HeaderValue>> =
        input.split(|byte| *byte == b'\n').map(|value| HeaderValue::from_bytes(value).ok()).collect();
    let Some(values) = values else { return };
    condition(&values);
    let known = IfNoneMatch::of(&with(IF_NONE_MATCH, &values));
    if values.iter().all(|value| !value.as_bytes().contains(&b'3') && !value.as_bytes().contains(&b'*')) {
        assert!(!known.names(&etag(3)), "a tag is named that is not there");
    }
    key(&values);
}

fn condition(values: &[HeaderValue]) {
    let Ok(condition) = IfMatch::of(&with(IF_MATCH, values)) else { return };
    assert_eq!(condition.check(3).is_ok() && condition.check(4).is_ok(), both_or_any(&condition));
    let IfMatch::Tags(tags) = &condition else { return };
    // Written as one list, it says the same.
    let list = HeaderValue::from_bytes(tags.join(", ").as_bytes()).expect("tags are header values");
    assert_eq!(IfMatch::of(&with(IF_MATCH, &[list])).ok().as_ref(), Some(&condition));
}

fn both_or_any(condition: &IfMatch) -> bool {
    match condition {
        IfMatch::Any => true,
        IfMatch::Tags(tags) => ["\"3\"", "\"4\""].iter().all(|wanted| tags.iter().any(|tag| tag == wanted)),
    }
}

fn key(values: &[HeaderValue]) {
    let request = with(IDEMPOTENCY_KEY, values);
    let Ok(Some(key)) = IdempotencyKey::of(&request) else { return };
    let [value] = values else { panic!("a key that stands {} times is taken", values.len()) };
    let text = value.to_str().expect("a key is ASCII").trim().trim_matches('"');
    assert!((1..=MAX_KEY).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()));
    let quoted = HeaderValue::from_str(&format!("\"{text}\"")).expect("a key is a header value");
    let quoted = with(IDEMPOTENCY_KEY, &[quoted]);
    let id = |request: &Request| key.derive_id(&somebody(), request);
    assert_eq!(IdempotencyKey::of(&quoted).ok().flatten().as_ref(), Some(&key));
    assert_eq!(id(&request), id(&quoted), "quotes make another request of it");
}

fn somebody() -> Principal {
    Principal { user: ObjectId::NOBODY, organization: ObjectId::NOBODY, role: Role::Admin }
}

fn with(name: HeaderName, values: &[HeaderValue]) -> Request {
    let mut request = http::Request::new(Body::Empty);
    for value in values {
        request.headers_mut().append(&name, value.clone());
    }
    request
}

fn good() -> Vec<Vec<u8>> {
    seeds(&[
        "*",
        "\"3\"",
        "\"3\", W/\"4\",, \"4\"",
        "\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"",
        "\"2\"\n\"3\"",
        "8e03978e-40d5-43e8-bc93-6894a57f9324",
        "\"8e03978e-40d5-43e8-bc93-6894a57f9324\"",
        " \t\"3\"\u{a0}",
    ])
}
