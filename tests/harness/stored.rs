//! Reads stored attributes without the service's own code.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};

/// The most bytes that are unpacked.
const MAX_BYTES: usize = 1 << 24;

/// What answers are compressed with whose first byte is 1.
const ANSWER_DICTIONARY_1: &[u8] = include_bytes!("../../shared/src/store/applies/answer_dictionary_1.txt");

/// Unpacks an attribute, with the dictionary that its first byte names. Returns `None` for one that is not compressed.
pub fn unpacked(attribute: &AttributeValue) -> Option<Vec<u8>> {
    let AttributeValue::B(bytes) = attribute else { return None };
    let (dictionary, compressed) = match bytes.as_ref() {
        [1, compressed @ ..] => (ANSWER_DICTIONARY_1, compressed),
        compressed => (&[][..], compressed),
    };
    zstd::bulk::Decompressor::with_dictionary(dictionary).ok()?.decompress(compressed, MAX_BYTES).ok()
}

/// Returns a stored value as JSON, with numbers as they are written and binary as its length.
pub fn json(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::S(text) => json!(text),
        AttributeValue::N(number) => serde_json::from_str(number).expect("a number is a JSON number"),
        AttributeValue::Bool(flag) => json!(flag),
        AttributeValue::Null(_) => Value::Null,
        AttributeValue::B(bytes) => json!({"bytes": bytes.as_ref().len()}),
        AttributeValue::L(values) => values.iter().map(json).collect(),
        AttributeValue::M(fields) => fields.iter().map(|(name, value)| (name.clone(), json(value))).collect(),
        AttributeValue::Ss(texts) => json!(texts),
        other => panic!("nothing here writes {other:?}"),
    }
}
