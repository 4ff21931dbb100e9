//! Rows about bodies, lists of answers, and what is loaded into the table.

use std::collections::HashMap;
use std::hint::black_box;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value, json};
use shared::http::JsonBody;
use shared::http::bounded::{BoundedList, count_that_fit, sent_json_bytes, written};
use shared::store::{check_storable, stored_bytes};

use super::captures::small_fields;
use super::{Row, Run, row, run, unmetered};

/// Only the loader asks what can be stored, so that has no meter.
pub(crate) const ROWS: &[Row] = &[
    row("a body with many keys", 1_000, |size| reads(json!({"m": small_fields(size)}).to_string())),
    row("a body with a long key in front of many", 500, |size| {
        reads(json!({"k".repeat(size * 5): small_fields(size)}).to_string())
    }),
    row("a body with a byte order mark", 1_000, |size| reads(format!("\u{feff}{}", json!({"list": vec!["a"; size]})))),
    row("a body of numbers", 1_000, |size| reads(format!(r#"{{"list":[{}0]}}"#, "1.50e3,".repeat(size)))),
    row("a body of long numbers", 100, |size| {
        reads(format!(r#"{{"list":[{}0]}}"#, ("1".repeat(70) + ",").repeat(size)))
    }),
    row("a body of open lists", 2_000, |size| refused("[".repeat(size))),
    row("a body with a key twice", 1_000, |size| {
        let fields: String = (0..size).map(|number| format!(r#""k{number}":1,"#)).collect();
        refused(format!(r#"{{{fields}"k0":1}}"#))
    }),
    row("a list that fits an answer", 1_000, |size| {
        run(size * 30, move |work| {
            let mut list = BoundedList::new(10_000);
            (0..size).try_for_each(|number| list.add(format!("{number:030}"), work)).unwrap();
            black_box(list.finish());
        })
    }),
    row("the size of an answer", 1_000, |size| {
        let list = vec!["\u{1}\"\\".to_owned(); size];
        run(size * 20, move |work| {
            black_box((sent_json_bytes(&list, work).unwrap(), count_that_fit(&list, work).unwrap()));
        })
    }),
    row("the JSON of an answer", 1_000, |size| {
        let list = vec!["\u{1}\"\\".to_owned(); size];
        run(size * 20, move |work| drop(black_box(written(&list, work).unwrap())))
    }),
    unmetered("what can be stored", 1_000, |size| stores(json!({"fields": small_fields(size)}))),
    unmetered("what can be stored below a long key", 300, |size| {
        stores(json!({"k".repeat(size * 5): vec![json!({"a": 1}); size]}))
    }),
    unmetered("what can be stored of long numbers", 500, |size| stores(json!({"list": vec![1.5e10; size]}))),
    unmetered("the size of an item", 1_000, |size| {
        let item = stored(&json!({"fields": small_fields(size)}));
        run(size * 12, move |_| {
            black_box(stored_bytes(&item));
        })
    }),
];

/// An item with this document, as it is stored.
pub(crate) fn stored(document: &Value) -> HashMap<String, AttributeValue> {
    [("document".to_owned(), attribute(document))].into()
}

fn attribute(value: &Value) -> AttributeValue {
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(*value),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text.clone()),
        Value::Array(values) => AttributeValue::L(values.iter().map(attribute).collect()),
        Value::Object(fields) => {
            AttributeValue::M(fields.iter().map(|(name, value)| (name.clone(), attribute(value))).collect())
        }
    }
}

fn request(text: String) -> lambda_http::Request {
    let mut request = http::Request::new(lambda_http::Body::Text(text));
    request.headers_mut().insert(http::header::CONTENT_TYPE, http::HeaderValue::from_static("application/json"));
    request
}

fn reads(text: String) -> Run {
    let (input, request) = (text.len(), request(text));
    run(input, move |work| {
        let body = JsonBody::of(&request).unwrap();
        drop(black_box(body.read::<Map<String, Value>>(work).unwrap()));
    })
}

fn refused(text: String) -> Run {
    let (input, request) = (text.len(), request(text));
    run(input, move |work| {
        let body = JsonBody::of(&request).unwrap();
        drop(black_box(body.read::<Map<String, Value>>(work).unwrap_err()));
    })
}

fn stores(document: Value) -> Run {
    run(document.to_string().len(), move |_| check_storable(&document).unwrap())
}
