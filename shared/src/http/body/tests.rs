use serde::Deserialize;

use super::*;
use crate::domain::{ObjectId, Password, SnapshotName};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
struct Sample {
    name: String,
    count: Option<u32>,
    apply: Option<bool>,
    nested: Option<Object<NestedSample>>,
    list: Option<Vec<Object<NestedSample>>>,
    map: Option<std::collections::BTreeMap<String, bool>>,
    password: Option<Password>,
    id: Option<ObjectId>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct NestedSample {
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

/// Reads a body as a request brings it.
fn parse<T: DeserializeOwned>(request: &Request) -> Result<T, ApiError> {
    JsonBody::of(request)?.read(&Work::unlimited())
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
    for (length, good) in [(MAX_REQUEST_BYTES - 1, true), (MAX_REQUEST_BYTES, true), (MAX_REQUEST_BYTES + 1, false)] {
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
        (r#"{"name":"a","list":[{"value":"x"},{"value":[]}]}"#, "/list/1/value", "expected a string, found an array"),
        (r#"{"name":"a","map":{"x/y":1}}"#, "/map/x~1y", "expected a boolean, found an integer"),
    ];
    for (body, pointer, detail) in cases {
        assert_eq!(place(body), (pointer.to_owned(), detail.to_owned()), "{body}");
    }
}

#[test]
fn the_error_for_an_unknown_field_lists_the_allowed_ones() {
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
