//! What an answer must be, and how it differs.

use serde_json::Value;
use shared::domain::{ObjectId, Timestamp};

/// Stands in an expectation for any id.
const ANY_ID: &str = "<id>";
/// Stands in an expectation for any time as the API writes it.
const ANY_TIME: &str = "<time>";
/// Stands in an expectation for any token: three parts of a JWT.
const ANY_TOKEN: &str = "<token>";

/// The places at which `actual` is not as expected, in words. An object may have more fields than expected: the contract
/// lets the service add some.
pub(super) fn differences(expected: &Value, actual: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(expected, actual, "", &mut found);
    found
}

fn compare(expected: &Value, actual: &Value, pointer: &str, found: &mut Vec<String>) {
    let fits = match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            for (name, expected) in expected {
                let actual = actual.get(name).unwrap_or(&Value::Null);
                compare(expected, actual, &format!("{pointer}/{name}"), found);
            }
            true
        }
        (Value::String(form), Value::String(text)) if form == ANY_ID => is_id(text),
        (Value::String(form), Value::String(text)) if form == ANY_TIME => is_time(text),
        (Value::String(form), Value::String(text)) if form == ANY_TOKEN => is_token(text),
        _ => expected == actual,
    };
    if !fits {
        let place = if pointer.is_empty() { "the answer" } else { pointer };
        found.push(format!("{place} is {actual}, not {expected}"));
    }
}

fn is_id(text: &str) -> bool {
    text.parse::<ObjectId>().is_ok_and(|id| id.to_string() == text)
}

fn is_token(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    parts.len() == 3 && parts.iter().all(|part| !part.is_empty())
}

fn is_time(text: &str) -> bool {
    text.parse::<Timestamp>().is_ok_and(|time| time.to_string() == text)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_as_expected_makes_no_difference() {
        let expected = json!({"_id": ANY_ID, "at": ANY_TIME, "token": ANY_TOKEN, "list": ["a"], "n": {"m": 1}});
        let actual = json!({
            "_id": "665f1a0c0e0a4b001a2c9f80", "at": "2026-05-15T09:00:00.000Z", "token": "a.b.c", "list": ["a"],
            "n": {"m": 1, "more": true}, "more": null
        });
        assert_eq!(differences(&expected, &actual), Vec::<String>::new());
    }

    #[test]
    fn every_difference_is_named_with_its_place() {
        let expected =
            json!({"_id": ANY_ID, "at": ANY_TIME, "list": ["a"], "n": {"m": 1}, "gone": false, "token": ANY_TOKEN});
        let actual = json!({
            "_id": "665F1A0C0E0A4B001A2C9F80", "at": "2026-05-15T09:00:00Z", "list": ["a", "b"], "n": {"m": "1"}, "token": "a.b."
        });
        assert_eq!(
            differences(&expected, &actual),
            [
                "/_id is \"665F1A0C0E0A4B001A2C9F80\", not \"<id>\"",
                "/at is \"2026-05-15T09:00:00Z\", not \"<time>\"",
                "/gone is null, not false",
                "/list is [\"a\",\"b\"], not [\"a\"]",
                "/n/m is \"1\", not 1",
                "/token is \"a.b.\", not \"<token>\"",
            ]
        );
        assert_eq!(differences(&json!({"a": 1}), &json!([])), ["the answer is [], not {\"a\":1}"]);
    }
}
