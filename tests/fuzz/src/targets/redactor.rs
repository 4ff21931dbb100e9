//! The redactor: it never fails, keeps the shape of a document, tells what it changed, and finds nothing more the second time.

use serde_json::{Map, Value, json};
use shared::domain::redaction::{redact, redact_text};
use shared::domain::reference::{Lookup, rewrite};
use shared::domain::{Document, ItemKind};

use crate::{Target, canaries};

/// A document, or a text.
pub const REDACTOR: Target = Target { name: "redactor", run, seeds: good };

fn run(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let fields = match serde_json::from_slice(input) {
        Ok(Value::Object(fields)) => fields,
        Ok(value) => Map::from_iter([("field".to_owned(), value)]),
        Err(_) => Map::from_iter([("field".to_owned(), json!(text))]),
    };
    let before = Document::new(fields);
    let mut once = before.clone();
    let removed = redact(&mut once);
    assert_eq!(removed.is_empty(), once == before, "changed and told differ: {removed:?}");
    assert!(same_shape(before.as_value(), once.as_value()), "{} became {}", before.as_value(), once.as_value());
    for place in &removed {
        assert!(once.as_value().pointer(place).is_some(), "{place} is no place of {}", once.as_value());
    }
    let mut twice = once.clone();
    assert_eq!((redact(&mut twice), &twice), (vec![], &once), "redacting again changes more");
    let cleaned = redact_text(&text);
    assert_eq!(redact_text(&cleaned), cleaned, "redacting a text again changes more");
    references(once);
}

/// The walker finds references in what is left of a document, and rewriting them with themselves changes nothing.
fn references(document: Document) {
    let found = Lookup::default().sites(ItemKind::Automation, &document);
    let readable = found.iter().filter(|site| site.is_readable && !site.is_key());
    let replacements = readable.map(|site| site.replaced_by(site.value.clone().into_owned())).collect();
    let mut rewritten = document.clone();
    rewrite(&mut rewritten, replacements);
    assert_eq!(rewritten, document);
}

/// The same objects and lists with as many entries, and the same leaves or a text in their place.
fn same_shape(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_none_or(|b| same_shape(a, b)))
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_shape(a, b)),
        (Value::String(_) | Value::Number(_), Value::String(_)) => true,
        (a, b) => a == b,
    }
}

fn good() -> Vec<Vec<u8>> {
    let workspace: Value = serde_json::from_str(include_str!("../../../../events/demo-workspace.json"))
        .expect("the demo workspace is JSON");
    let mut all: Vec<Vec<u8>> = Vec::new();
    collect(&workspace, &mut all);
    all.extend(canaries::plant(Some(1)).into_iter().map(|canary| canary.document.to_string().into_bytes()));
    all
}

/// Every automation, prompt and template of a workspace: an object with a name and something else.
fn collect(value: &Value, into: &mut Vec<Vec<u8>>) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("name") && fields.len() > 2 && !fields.contains_key("users") {
                into.push(value.to_string().into_bytes());
            }
            fields.values().for_each(|value| collect(value, into));
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, into)),
        _ => {}
    }
}
