//! The corpus of harmless values: what has to arrive as it was written. Templates and what fills them, and values written one by
//! one, in the shapes that come close to a rule.

mod code;
mod documents;
mod messages;
mod tags;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::redacted;

/// The fewest values that the corpus has.
const LEAST: usize = 2_000;

/// Every pattern with everything that fills it. A pattern has `{}` where that goes.
fn filled(patterns: &[&str], fillers: &[&str]) -> Vec<String> {
    patterns.iter().flat_map(|pattern| fillers.iter().map(move |filler| pattern.replace("{}", filler))).collect()
}

/// All values: texts stand in the template of an item, documents as they are.
fn corpus() -> Vec<Value> {
    let texts: Vec<String> = [tags::texts(), code::texts(), messages::texts()].concat();
    let texts = texts.into_iter().map(|text| json!({"name": "Intro", "template": text}));
    texts.chain(documents::documents()).collect()
}

#[test]
fn no_harmless_value_changes() {
    let corpus = corpus();
    let distinct: BTreeSet<String> = corpus.iter().map(Value::to_string).collect();
    let changed: Vec<String> = corpus
        .iter()
        .map(|value| (value, redacted(value.clone())))
        .filter(|(value, (left, removed))| left != *value || !removed.is_empty())
        .map(|(value, (left, _))| format!("{value}\n  became {left}"))
        .collect();
    println!("harmless values changed: {} of {}", changed.len(), distinct.len());
    assert!(distinct.len() >= LEAST, "{} values", distinct.len());
    assert!(changed.is_empty(), "{} of {} changed:\n{}", changed.len(), corpus.len(), changed.join("\n"));
}
