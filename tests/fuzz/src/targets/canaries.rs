//! Canaries among other things: a secret that is found in a document is found whatever else the document holds.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};
use shared::domain::Document;
use shared::domain::redaction::redact;

use crate::Target;
use crate::canaries::{Canary, plant};

/// Two bytes choose a canary; the rest is what stands beside it: an object's fields, or a text.
pub const CANARIES: Target = Target { name: "canaries", run, seeds: good };

static PLANTED: LazyLock<Vec<Canary>> = LazyLock::new(|| plant(None));

fn run(input: &[u8]) {
    let [high, low, beside @ ..] = input else { return };
    let canary = &PLANTED[usize::from(u16::from_be_bytes([*high, *low])) % PLANTED.len()];
    let Value::Object(mut fields) = canary.document.clone() else { return };
    let others = match serde_json::from_slice(beside) {
        Ok(Value::Object(others)) => others,
        Ok(other) => Map::from_iter([("beside".to_owned(), other)]),
        Err(_) => Map::from_iter([("beside".to_owned(), json!(String::from_utf8_lossy(beside)))]),
    };
    let beside = Value::Object(others.clone()).to_string();
    for (name, value) in others {
        fields.entry(name).or_insert(value);
    }
    let mut document = Document::new(fields);
    redact(&mut document);
    let left = document.as_value().to_string();
    for needle in canary.needles.iter().filter(|needle| !beside.contains(*needle)) {
        assert!(!left.contains(needle), "{}: {needle} is still in {left}", canary.label);
    }
}

fn good() -> Vec<Vec<u8>> {
    let beside = [
        r#"{"note":"Call back on Monday","value":"x","key":"password","name":"n","type":"url"}"#,
        r#"{"password":{"token":["a",1,null]},"webhookUrl":"https://hooks.acme.example/a/b","headers":{"a":"b"}}"#,
        r#""a text with { and \\\" and [removed secret] in it""#,
    ];
    (0..PLANTED.len())
        .zip(beside.iter().cycle())
        .filter_map(|(number, beside)| {
            Some([&u16::try_from(number).ok()?.to_be_bytes()[..], beside.as_bytes()].concat())
        })
        .collect()
}
