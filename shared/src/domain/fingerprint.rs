//! A digest of what a request asked for. It distinguishes a repeated request from another one.

use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::canonical::canonical_json;

/// SHA-256 of a parsed request body, its password left out, as 64 hex digits. The order of fields, white space, and whether
/// an optional field is null or absent do not change it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl Fingerprint {
    /// The fingerprint of `body`, which leaves passwords out of its JSON form.
    pub fn of(body: &impl Serialize) -> Self {
        // A body of text, numbers and flags always has a JSON form.
        let body = serde_json::to_value(body).map(without_nulls).unwrap_or_default();
        Self(hex::encode(Sha256::digest(canonical_json(&body))))
    }
}

fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let there = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(there.map(|(name, value)| (name, without_nulls(value))).collect())
        }
        other => other,
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn neither_the_order_of_fields_nor_null_changes_a_fingerprint_and_every_value_does() {
        let of = |text: &str| Fingerprint::of(&serde_json::from_str::<serde_json::Value>(text).unwrap());
        assert_eq!(of(r#"{"a": 1, "b": {"c": 2, "d": 3}}"#), of(r#"{"b":{"d":3,"c":2},"a":1}"#));
        assert_eq!(of(r#"{"a": {"b": 1, "c": null}, "d": null}"#), of(r#"{"a": {"b": 1}}"#));
        assert_ne!(of(r#"{"a": [1, 2]}"#), of(r#"{"a": [2, 1]}"#));
        assert_ne!(of(r#"{"a": 1}"#), of(r#"{"a": "1"}"#));
        assert_eq!(Fingerprint::of(&json!({})).to_string().len(), 64);
    }
}
