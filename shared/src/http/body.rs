//! Request bodies: strict JSON, then the typed shape, then the values one by one.

use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use lambda_http::{Body, Request};
use serde::de::DeserializeOwned;
use serde_path_to_error::Segment;

use super::strict_json::{self, NotStrict, Object};
use super::{ApiError, FieldError, MAX_LISTED};
use crate::domain::{Violation, ViolationKind, pointer};

/// The most bytes that a body may have.
pub const MAX_BYTES: usize = 1_048_576;

/// Reads the body as a `T`, which should deny unknown fields, take optional ones as `Option`, so that null is as
/// absent, and structs within it as [`Object`].
///
/// A byte order mark of UTF-8 in front is skipped. Fails with 415 unless the content type is JSON in UTF-8 and nothing is
/// compressed, 413 over [`MAX_BYTES`], 400 `invalid_json`, or 400 `invalid_body` with a pointer to what does not fit. No answer repeats a value: it may be a password.
pub fn parse<T: DeserializeOwned>(request: &Request) -> Result<T, ApiError> {
    if !is_json(request) || is_compressed(request) {
        return Err(ApiError::UnsupportedMediaType);
    }
    let text: &[u8] = match request.body() {
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => &[],
    };
    if text.len() > MAX_BYTES {
        return Err(ApiError::BodyTooLarge);
    }
    let text = utf8(text)?.as_bytes();
    strict_json::check(text).map_err(|refusal| match refusal {
        NotStrict::Syntax(why) => ApiError::InvalidJson(why),
        NotStrict::DuplicateKey(pointer) => {
            ApiError::InvalidBody(vec![FieldError::new(pointer, "this key stands in its object more than once")])
        }
    })?;
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let Object(body) = serde_path_to_error::deserialize(&mut deserializer).map_err(shape_error)?;
    Ok(body)
}

/// The byte order mark of UTF-8.
const MARK: char = '\u{feff}';

/// The text of a body, less a byte order mark. JSON has no NUL, so a text with one is UTF-16 or UTF-32.
fn utf8(bytes: &[u8]) -> Result<&str, ApiError> {
    let refused = |at: usize| {
        ApiError::InvalidJson(format!(
            "the body is not UTF-8 at byte {}; send UTF-8, uncompressed",
            at.saturating_add(1)
        ))
    };
    let text = std::str::from_utf8(bytes).map_err(|error| refused(error.valid_up_to()))?;
    match text.find('\0') {
        Some(at) => Err(refused(at)),
        None => Ok(text.strip_prefix(MARK).unwrap_or(text)),
    }
}

/// Whether a `Content-Encoding` says more than `identity`.
fn is_compressed(request: &Request) -> bool {
    let values = request.headers().get_all(CONTENT_ENCODING).iter();
    let mut codings = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b',')).map(<[u8]>::trim_ascii);
    codings.any(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
}

/// Exactly one content type, `application/json`, with no parameter but a charset of UTF-8.
fn is_json(request: &Request) -> bool {
    let mut values = request.headers().get_all(CONTENT_TYPE).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return false };
    let Ok(value) = value.to_str() else { return false };
    let mut parts = value.split(';').map(str::trim);
    parts.next().is_some_and(|media_type| media_type.eq_ignore_ascii_case("application/json"))
        && parts.all(|parameter| {
            parameter.split_once('=').is_some_and(|(name, value)| {
                name.eq_ignore_ascii_case("charset") && value.trim_matches('"').eq_ignore_ascii_case("utf-8")
            })
        })
}

/// Serde's message in the words of JSON, without the value that was there, and with a pointer to the place.
fn shape_error(error: serde_path_to_error::Error<serde_json::Error>) -> ApiError {
    let mut path: Vec<String> = error
        .path()
        .iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect();
    let message = error.into_inner().to_string();
    let message = message.rsplit_once(" at line ").map_or(message.as_str(), |(message, _)| message);
    let detail = if let Some(field) = quoted_after(message, "missing field ") {
        path.push(field.to_owned());
        "this field is required".to_owned()
    } else if message.starts_with("unknown field ") {
        // The path leads to the field itself already, other than for a missing one.
        match message.rsplit_once("`, expected ") {
            Some((_, allowed)) => format!("there is no such field; allowed: {}", allowed.trim_start_matches("one of ")),
            None => "there is no such field; none is allowed here".to_owned(),
        }
    } else if let Some((found, expected)) = mismatch(message) {
        format!("expected {expected}, found {found}")
    } else {
        message.to_owned()
    };
    ApiError::InvalidBody(vec![FieldError::new(pointer(&path), detail)])
}

/// The name between the backticks that follow `prefix`.
fn quoted_after<'m>(message: &'m str, prefix: &str) -> Option<&'m str> {
    message.strip_prefix(prefix)?.strip_prefix('`')?.strip_suffix('`')
}

/// What was there and what should be, from `invalid type: string "secret", expected a boolean`.
fn mismatch(message: &str) -> Option<(&str, &str)> {
    let rest = message.strip_prefix("invalid type: ").or_else(|| message.strip_prefix("invalid value: "))?;
    let (found, expected) = rest.rsplit_once(", expected ")?;
    let kind = found.split(['`', '"']).next().unwrap_or_default().trim();
    Some((in_json_words(kind), in_json_words(expected)))
}

fn in_json_words(rust: &str) -> &str {
    match rust {
        "map" | "a map" => "an object",
        "sequence" | "a sequence" => "an array",
        "string" | "str" => "a string",
        "boolean" | "bool" => "a boolean",
        "integer" => "an integer",
        "floating point" => "a number",
        "u8" | "u16" | "u32" | "u64" | "usize" => "a whole number",
        "i8" | "i16" | "i32" | "i64" | "isize" => "an integer",
        "f32" | "f64" => "a number",
        other if other.starts_with("struct ") => "an object",
        other if other.starts_with("option") => "a value",
        other => other,
    }
}

/// Collects what is wrong with the values of a body, so that one answer names all of it.
///
/// ```text
/// let mut fields = Fields::default();
/// let name = fields.take("/name", SnapshotName::parse(body.name));
/// let user = fields.take("/sourceUserId", body.source_user_id.parse::<ObjectId>());
/// let (Some(name), Some(user)) = (name, user) else { return Err(fields.into_error()) };
/// fields.finish()?;
/// ```
#[derive(Debug, Default)]
pub struct Fields {
    errors: Vec<FieldError>,
    malformed: bool,
}

impl Fields {
    /// The value, or nothing after noting what is wrong at `pointer`.
    pub fn take<T>(&mut self, pointer: impl Into<String>, outcome: Result<T, Violation>) -> Option<T> {
        outcome.map_err(|violation| self.note(pointer, violation)).ok()
    }

    /// The value parsed where there is one. The outer option is empty when it was there and wrong.
    pub fn take_optional<S, T>(
        &mut self,
        pointer: impl Into<String>,
        value: Option<S>,
        parse: impl FnOnce(S) -> Result<T, Violation>,
    ) -> Option<Option<T>> {
        self.take(pointer, value.map(parse).transpose())
    }

    /// Notes a violation at `pointer`.
    pub fn note(&mut self, pointer: impl Into<String>, violation: Violation) {
        self.malformed |= violation.kind == ViolationKind::Malformed;
        if self.errors.len() < MAX_LISTED {
            self.errors.push(FieldError::new(pointer, violation.detail));
        }
    }

    /// The same for one of many places: its pointer is made only where an answer has room for it.
    pub fn note_at(&mut self, segments: &[&str], violation: Violation) {
        let place = if self.errors.len() < MAX_LISTED { pointer(segments) } else { String::new() };
        self.note(place, violation);
    }

    /// Fails with 400 `invalid_body` when anything noted was malformed, with 422 `refused` when anything was refused.
    /// All pointers go into the answer either way.
    pub fn finish(self) -> Result<(), ApiError> {
        if self.errors.is_empty() { Ok(()) } else { Err(self.into_error()) }
    }

    /// What was refused, for an answer that lists it. Fails with 400 `invalid_body` when anything noted was malformed.
    pub fn into_refusals(self) -> Result<Vec<FieldError>, ApiError> {
        if self.malformed { Err(self.into_error()) } else { Ok(self.errors) }
    }

    /// The error of [`Fields::finish`], for a place where something is known to be wrong.
    pub fn into_error(self) -> ApiError {
        match (self.errors.is_empty(), self.malformed) {
            (true, _) => ApiError::internal("a value of the body is missing, but nothing was noted against it"),
            (false, true) => ApiError::InvalidBody(self.errors),
            (false, false) => ApiError::Refused(self.errors),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;
    use crate::domain::{ObjectId, Password, SnapshotName};

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields, rename_all = "camelCase")]
    struct Sample {
        name: String,
        count: Option<u32>,
        apply: Option<bool>,
        nested: Option<Object<Nested>>,
        list: Option<Vec<Object<Nested>>>,
        map: Option<std::collections::BTreeMap<String, bool>>,
        password: Option<Password>,
        id: Option<ObjectId>,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nested {
        value: String,
    }

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Empty {}

    fn request(content_type: &[&str], body: impl Into<Body>) -> Request {
        let mut request = http::Request::new(body.into());
        for value in content_type {
            request.headers_mut().append(CONTENT_TYPE, value.parse().unwrap());
        }
        request
    }

    fn read(body: &str) -> Result<Sample, ApiError> {
        parse(&request(&["application/json"], body))
    }

    fn place(body: &str) -> (String, String) {
        match read(body) {
            Err(ApiError::InvalidBody(errors)) => {
                assert_eq!(errors.len(), 1);
                (errors[0].pointer.clone(), errors[0].detail.clone())
            }
            other => panic!("{body}: {other:?}"),
        }
    }

    #[test]
    fn an_answer_lists_at_most_200_errors_and_one_beyond_them_still_counts() {
        for (refused, listed) in [(199, 199), (200, 200), (201, 200)] {
            let mut fields = Fields::default();
            for _ in 0..refused {
                fields.note_at(&["a"], Violation::refused("no"));
            }
            assert!(matches!(fields.finish(), Err(ApiError::Refused(errors)) if errors.len() == listed));
        }
        let mut fields = Fields::default();
        for _ in 0..200 {
            fields.note("/a", Violation::refused("no"));
        }
        fields.note("/b", Violation::malformed("no"));
        assert!(matches!(fields.finish(), Err(ApiError::InvalidBody(_))));
    }

    #[test]
    fn a_body_of_the_right_shape_is_read_whether_text_or_binary() {
        let body = r#"{"name":"Q2","count":3,"apply":false}"#;
        assert_eq!(read(body).unwrap().name, "Q2");
        let sample: Sample = parse(&request(&["application/json"], body.as_bytes().to_vec())).unwrap();
        assert_eq!((sample.count, sample.apply), (Some(3), Some(false)));
    }

    #[test]
    fn a_struct_within_a_body_is_read() {
        let sample = read(r#"{"name":"Q2","nested":{"value":"x"},"list":[{"value":"y"}]}"#).unwrap();
        assert_eq!(sample.nested.unwrap().0.value, "x");
        assert_eq!(sample.list.unwrap()[0].0.value, "y");
    }

    #[test]
    fn null_for_an_optional_field_is_as_absent() {
        let sample = read(r#"{"name":"Q2","count":null,"apply":null,"nested":null,"list":null,"map":null}"#).unwrap();
        assert!(sample.count.is_none() && sample.apply.is_none() && sample.nested.is_none());
        assert!(sample.list.is_none() && sample.map.is_none() && sample.password.is_none() && sample.id.is_none());
    }

    #[test]
    fn the_content_type_is_json_in_utf8_and_stands_once() {
        let good = [
            "application/json",
            "Application/JSON",
            "application/json; charset=utf-8",
            "application/json;charset=UTF-8",
            "application/json; Charset=\"utf-8\"",
        ];
        for value in good {
            assert!(parse::<Sample>(&request(&[value], r#"{"name":"a"}"#)).is_ok(), "{value}");
        }
        let bad: [&[&str]; 9] = [
            &[],
            &[""],
            &["text/plain"],
            &["application/x-www-form-urlencoded"],
            &["application/jsonp"],
            &["application/problem+json"],
            &["application/json; charset=iso-8859-1"],
            &["application/json; boundary=x"],
            &["application/json", "application/json"],
        ];
        for values in bad {
            let outcome = parse::<Sample>(&request(values, r#"{"name":"a"}"#));
            assert_eq!(outcome.unwrap_err(), ApiError::UnsupportedMediaType, "{values:?}");
        }
    }

    #[test]
    fn a_body_has_at_most_a_mebibyte() {
        for (length, good) in [(MAX_BYTES - 1, true), (MAX_BYTES, true), (MAX_BYTES + 1, false)] {
            let name = "n".repeat(length - r#"{"name":""}"#.len());
            let outcome = read(&format!(r#"{{"name":"{name}"}}"#));
            assert_eq!(outcome.is_ok(), good, "{length}");
            assert!(good || outcome.unwrap_err() == ApiError::BodyTooLarge);
        }
    }

    #[test]
    fn what_is_not_json_is_invalid_json_with_its_place() {
        for body in [
            "",
            " ",
            "{",
            "{]",
            "nul",
            "{\"name\":\"a\"}x",
            "{\"name\":\"a\",}",
            "{'name':'a'}",
            "\u{feff}\u{feff}{}",
            "NaN",
        ] {
            let Err(ApiError::InvalidJson(detail)) = read(body) else { panic!("{body:?}") };
            assert!(detail.contains(" at line 1 column "), "{body:?}: {detail}");
        }
        let lone_surrogate = r#"{"name":"\ud800"}"#;
        assert!(matches!(read(lone_surrogate), Err(ApiError::InvalidJson(_))));
        let not_utf8 = parse::<Sample>(&request(&["application/json"], b"{\"name\":\"\xff\"}".to_vec()));
        assert!(matches!(not_utf8, Err(ApiError::InvalidJson(_))));
        assert!(matches!(read(r#"{"name":"a","count":1e999}"#), Err(ApiError::InvalidJson(_))));
    }

    #[test]
    fn a_body_is_utf8_with_or_without_a_byte_order_mark() {
        let body = r#"{"name":"Q2"}"#;
        for bytes in [body.as_bytes().to_vec(), format!("\u{feff}{body}").into_bytes()] {
            let read: Sample = parse(&request(&["application/json"], bytes)).unwrap();
            assert_eq!(read.name, "Q2");
        }
        assert_eq!(read(&format!("\u{feff}{body}")).unwrap().name, "Q2");
        let utf16 = |to_bytes: fn(u16) -> [u8; 2]| body.encode_utf16().flat_map(to_bytes).collect::<Vec<_>>();
        let marked = |mark: &[u8], rest: Vec<u8>| [mark, &rest].concat();
        for (bytes, at) in [
            (utf16(u16::to_le_bytes), 2),
            (utf16(u16::to_be_bytes), 1),
            (marked(b"\xff\xfe", utf16(u16::to_le_bytes)), 1),
            (marked(b"\xfe\xff", utf16(u16::to_be_bytes)), 1),
            (body.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(), 2),
            (b"{\"name\":\"M\xfcller\"}".to_vec(), 11),
            (b"\x1f\x8b\x08\x00".to_vec(), 2),
        ] {
            let refused = parse::<Sample>(&request(&["application/json"], bytes)).unwrap_err();
            let expected = format!("the body is not UTF-8 at byte {at}; send UTF-8, uncompressed");
            assert_eq!(refused, ApiError::InvalidJson(expected));
        }
    }

    #[test]
    fn a_body_is_not_compressed() {
        for (codings, good) in [
            (&["identity"][..], true),
            (&["Identity, identity"], true),
            (&[""], true),
            (&["gzip"], false),
            (&["br"], false),
            (&["identity, gzip"], false),
            (&["identity", "deflate"], false),
            (&["utf-8"], false),
        ] {
            let mut request = request(&["application/json"], r#"{"name":"a"}"#);
            for coding in codings {
                request.headers_mut().append(CONTENT_ENCODING, coding.parse().unwrap());
            }
            let outcome = parse::<Sample>(&request);
            assert_eq!(outcome.is_ok(), good, "{codings:?}");
            assert!(good || outcome.unwrap_err() == ApiError::UnsupportedMediaType);
        }
    }

    #[test]
    fn nesting_ends_at_64() {
        for (depth, good) in [(63, true), (64, true), (65, false), (5000, false)] {
            let body = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
            let is_syntax = matches!(read(&body), Err(ApiError::InvalidJson(_)));
            assert_eq!(is_syntax, !good, "{depth}");
        }
    }

    #[test]
    fn a_key_stands_once_at_any_depth() {
        assert_eq!(place(r#"{"name":"a","name":"b"}"#).0, "/name");
        assert_eq!(place(r#"{"name":"a","n\u0061me":"a"}"#).0, "/name");
        assert_eq!(place(r#"{"name":"a","list":[{"value":"x"},{"a/b~c":1,"a/b~c":1}]}"#).0, "/list/1/a~1b~0c");
        assert_eq!(place(r#"{"name":"a","map":{"":true,"":true}}"#).0, "/map/");
    }

    #[test]
    fn a_wrong_shape_is_named_by_its_place() {
        let cases = [
            (r#"[]"#, "", "expected an object, found an array"),
            (r#"null"#, "", "expected an object, found null"),
            (r#""a, expected b""#, "", "expected an object, found a string"),
            (r#"{}"#, "/name", "this field is required"),
            (r#"{"name":null}"#, "/name", "expected a string, found null"),
            (r#"{"name":1}"#, "/name", "expected a string, found an integer"),
            (r#"{"name":"a","count":"3"}"#, "/count", "expected a whole number, found a string"),
            (r#"{"name":"a","count":-3}"#, "/count", "expected a whole number, found an integer"),
            (r#"{"name":"a","count":1.5}"#, "/count", "expected a whole number, found a number"),
            (r#"{"name":"a","apply":"true"}"#, "/apply", "expected a boolean, found a string"),
            (r#"["a"]"#, "", "expected an object, found an array"),
            (r#"{"name":"a","nested":["x"]}"#, "/nested", "expected an object, found an array"),
            (r#"{"name":"a","list":[["x"]]}"#, "/list/0", "expected an object, found an array"),
            (r#"{"name":"a","nested":{}}"#, "/nested/value", "this field is required"),
            (
                r#"{"name":"a","list":[{"value":"x"},{"value":[]}]}"#,
                "/list/1/value",
                "expected a string, found an array",
            ),
            (r#"{"name":"a","map":{"x/y":1}}"#, "/map/x~1y", "expected a boolean, found an integer"),
        ];
        for (body, pointer, detail) in cases {
            assert_eq!(place(body), (pointer.to_owned(), detail.to_owned()), "{body}");
        }
    }

    #[test]
    fn an_unknown_field_is_told_what_is_allowed() {
        let (pointer, detail) = place(r#"{"name":"a","nmae":1}"#);
        assert_eq!(pointer, "/nmae");
        assert!(detail.starts_with("there is no such field; allowed: `name`, `count`"), "{detail}");
        let nested = place(r#"{"name":"a","nested":{"value":"x","a`b":2}}"#);
        assert_eq!(nested, ("/nested/a`b".to_owned(), "there is no such field; allowed: `value`".to_owned()));
        let Err(ApiError::InvalidBody(errors)) = parse::<Empty>(&request(&["application/json"], r#"{"x":1}"#)) else {
            panic!("an empty shape takes no field");
        };
        assert_eq!(errors[0], FieldError::new("/x", "there is no such field; none is allowed here"));
    }

    #[test]
    fn no_answer_repeats_a_value() {
        for value in ["7391", "[\"7391\"]", "{\"a\":\"7391\"}", "73.91", "true", "{\"7391\":1}"] {
            let (pointer, detail) = place(&format!(r#"{{"name":"a","password":{value}}}"#));
            assert!(pointer.starts_with("/password"), "{pointer}");
            assert!(!detail.contains("73"), "{detail}");
        }
    }

    #[test]
    fn an_id_of_the_wrong_form_says_what_an_id_is() {
        let (pointer, detail) = place(r#"{"name":"a","id":"xyz"}"#);
        assert_eq!(pointer, "/id");
        assert!(detail.contains("24 hex digits"), "{detail}");
    }

    #[test]
    fn all_refusals_go_into_one_answer() {
        let mut fields = Fields::default();
        assert!(fields.take("/name", SnapshotName::parse("")).is_none());
        assert!(fields.take("/other", SnapshotName::parse("fine")).is_some());
        assert_eq!(fields.take_optional("/absent", None::<String>, SnapshotName::parse), Some(None));
        assert!(fields.take_optional("/long", Some("x".repeat(121)), SnapshotName::parse).is_none());
        let Err(ApiError::Refused(errors)) = fields.finish() else { panic!("two values were refused") };
        assert_eq!(errors.iter().map(|error| error.pointer.as_str()).collect::<Vec<_>>(), ["/name", "/long"]);
    }

    #[test]
    fn one_malformed_value_makes_it_an_invalid_body() {
        let mut fields = Fields::default();
        fields.take("/name", SnapshotName::parse(""));
        fields.take("/id", "x".parse::<ObjectId>());
        let Err(ApiError::InvalidBody(errors)) = fields.finish() else { panic!("an id was malformed") };
        assert_eq!(errors.len(), 2);
        assert!(Fields::default().finish().is_ok());
    }
}
