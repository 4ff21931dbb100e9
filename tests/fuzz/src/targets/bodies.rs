//! Bodies: taken exactly when they are one JSON object that can be read in one way only.

use std::fmt;

use http::header::CONTENT_TYPE;
use lambda_http::Body;
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};
use shared::domain::Work;
use shared::domain::values::{NUMBER_KEY, RAW_VALUE_KEY};
use shared::http::{ApiError, JsonBody, MAX_REQUEST_BYTES};

use super::seeds;
use crate::Target;

/// A body as it comes.
pub const BODIES: Target = Target { name: "bodies", run, seeds: good };

/// The most arrays and objects within one another that are taken.
const MAX_DEPTH: usize = 64;

fn run(input: &[u8]) {
    let mut request = http::Request::new(Body::Binary(input.to_vec()));
    request.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    let taken = JsonBody::of(&request).and_then(|body| body.read::<Map<String, Value>>(&Work::unlimited()));
    match (&taken, expected(input)) {
        (Ok(fields), Some(expected)) => {
            assert_eq!(*fields, expected);
            let again = Value::Object(fields.clone()).to_string();
            let again: Value = serde_json::from_str(&again).expect("what was read can be written");
            assert_eq!(again, Value::Object(expected), "it reads differently once written");
        }
        (Ok(_), None) => panic!("a body is accepted that is not an object or has more than one meaning"),
        (Err(error), expected) => {
            assert!(expected.is_none(), "a good body is refused: {error:?}");
            let known = matches!(error, ApiError::InvalidJson(_) | ApiError::InvalidBody(_) | ApiError::BodyTooLarge);
            assert!(known, "{error:?}");
        }
    }
}

/// The byte order mark of UTF-8, which one body may begin with.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// What a body says, by another way than the service's: parsed loosely, then counted.
fn expected(input: &[u8]) -> Option<Map<String, Value>> {
    let text = input.strip_prefix(MARK).unwrap_or(input);
    let value: Value = serde_json::from_slice(text).ok()?;
    let Members(written) = serde_json::from_slice(text).ok()?;
    let is_strict = written == members(&value) && depth(&value) <= MAX_DEPTH && input.len() <= MAX_REQUEST_BYTES;
    match value {
        Value::Object(fields) if is_strict => Some(fields),
        _ => None,
    }
}

fn members(value: &Value) -> usize {
    match value {
        Value::Object(fields) => fields.len() + fields.values().map(members).sum::<usize>(),
        Value::Array(values) => values.iter().map(members).sum(),
        _ => 0,
    }
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or(0),
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

/// How many members all objects of a text have as they are written, so that equal keys count twice.
struct Members(usize);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(MemberCount)
    }
}

struct MemberCount;

impl<'de> Visitor<'de> for MemberCount {
    type Value = Members;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Members, E> {
        Ok(Members(0))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Members, E> {
        Ok(Members(0))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Members, E> {
        Ok(Members(0))
    }

    fn visit_u64<E>(self, _: u64) -> Result<Members, E> {
        Ok(Members(0))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Members, E> {
        Ok(Members(0))
    }

    fn visit_str<E>(self, _: &str) -> Result<Members, E> {
        Ok(Members(0))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Members, A::Error> {
        let mut count = 0;
        while let Some(Members(within)) = elements.next_element()? {
            count += within;
        }
        Ok(Members(count))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Members, A::Error> {
        let mut count = 0;
        while let Some(key) = members.next_key::<String>()? {
            if key == NUMBER_KEY {
                let number = members.next_value::<String>()?;
                let is_finite = number.parse::<f64>().is_ok_and(f64::is_finite);
                return if is_finite { Ok(Members(0)) } else { Err(A::Error::custom("a number out of range")) };
            }
            if key == RAW_VALUE_KEY {
                return Err(A::Error::custom("a reserved key"));
            }
            let Members(within) = members.next_value()?;
            count += 1 + within;
        }
        Ok(Members(count))
    }
}

fn good() -> Vec<Vec<u8>> {
    let mut all = seeds(&[
        r#"{"name":"Q2","sourceOrgId":"64ee9a8b1e7f2a0011223344","sourceUserId":"64ee9a8b1e7f2a0011223399"}"#,
        r#"{"newUser":{"email":"casey@acme.example","password":"TempPass!2026"},"pipelineMapping":{"A":{"B":"C"}}}"#,
        r#"{"assignedOrgIds":["64ee9a8b1e7f2a0011223344"],"isGlobal":false}"#,
        r#"{"a":"\u0041\ud83d\ude00","b":[1,-2,3.5e7,null,true],"c":{"a":{"a":{}}}}"#,
        r#"{"a":1,"a":2}"#,
        "\u{feff}{\"a\":1e308}",
        r#"{"a":1e309}"#,
        r#"{"a":1,"\u0061":2}"#,
        r#"{"$serde_json::private::RawValue":"Q2","a":1}"#,
        r#"{"a":{"$serde_json::private::RawValue":"{\"b\":1}"}}"#,
        r#"{"a":{"$serde_json::private::Number":"1.5"}}"#,
    ]);
    for depth in [MAX_DEPTH - 2, MAX_DEPTH - 1, MAX_DEPTH] {
        all.push(format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth)).into_bytes());
        all.push(format!("{}{{}}{}", "{\"a\":".repeat(depth), "}".repeat(depth)).into_bytes());
    }
    all
}
