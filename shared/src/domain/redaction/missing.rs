//! Shows a stored document without its secrets, and tells which secrets it lacks since a capture removed them.

use std::collections::HashSet;

use serde_json::Value;

use super::place;
use super::value_place::ValuePlace;
use super::{Allowance, PLACEHOLDER, redact_within, webhook};
use crate::domain::{Document, OverBudget, Work, pointer};

/// The places of secrets in a document, as JSON pointers in document order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SecretPlaces {
    /// Values that are stored and were replaced just now.
    pub hidden: Vec<String>,
    /// Values that a capture removed and that are still empty.
    pub missing: Vec<String>,
}

/// Replaces every secret of a stored document, as a capture does, and returns where secrets are and where one is missing. One is missing
/// where a placeholder is stored and, in a clone, where the address of a webhook is scheme and host alone, because a capture leaves no
/// more of it.
pub fn hide(document: &mut Document, is_clone: bool, work: &Work) -> Result<SecretPlaces, OverBudget> {
    work.spend(document.size())?;
    let stored = document.clone();
    // Without limits it stops only if the time is over.
    let hidden = redact_within(document, &mut Allowance::UNLIMITED.clone(), work).map_err(|_| OverBudget)?;
    let mut walk = MissingSecrets { pointer: String::new(), missing: Vec::new(), is_clone, work };
    walk.value(document.as_value(), ValuePlace::Ordinary)?;
    let replaced: HashSet<&str> = hidden.iter().map(String::as_str).collect();
    let mut missing = walk.missing;
    // What was replaced just now is missing only if the stored text was incomplete before.
    missing.retain(|pointer| {
        let before = || stored.as_value().pointer(pointer).and_then(Value::as_str);
        !replaced.contains(pointer.as_str()) || before().is_some_and(|text| text.contains(PLACEHOLDER))
    });
    Ok(SecretPlaces { hidden, missing })
}

/// Walks a value and notes the places where a secret is missing.
struct MissingSecrets<'a> {
    pointer: String,
    missing: Vec<String>,
    is_clone: bool,
    work: &'a Work,
}

impl MissingSecrets<'_> {
    fn value(&mut self, value: &Value, place: ValuePlace) -> Result<(), OverBudget> {
        self.work.spend(1)?;
        match value {
            Value::Object(fields) => {
                let views: Vec<_> = fields.iter().map(|(key, value)| (key.as_str(), value)).collect();
                let places = place::of_fields(&views, place);
                fields.iter().zip(places).try_for_each(|((key, value), place)| {
                    self.work.spend(key.len())?;
                    let is_named_so = key.contains(PLACEHOLDER);
                    self.at(key, is_named_so, value, place)
                })
            }
            Value::Array(values) => {
                let places = place::of_elements(&values.iter().collect::<Vec<_>>(), place);
                let mut elements = values.iter().zip(places).enumerate();
                elements.try_for_each(|(index, (value, place))| self.at(&index.to_string(), false, value, place))
            }
            Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null => Ok(()),
        }
    }

    fn at(&mut self, segment: &str, is_missing: bool, value: &Value, place: ValuePlace) -> Result<(), OverBudget> {
        let length = self.pointer.len();
        pointer::push(&mut self.pointer, segment);
        if is_missing || self.is_missing(value, place)? {
            self.work.spend(self.pointer.len())?;
            self.missing.push(self.pointer.clone());
        }
        self.value(value, place)?;
        self.pointer.truncate(length);
        Ok(())
    }

    fn is_missing(&self, value: &Value, place: ValuePlace) -> Result<bool, OverBudget> {
        let Value::String(text) = value else { return Ok(false) };
        self.work.spend(text.len())?;
        let is_address = self.is_clone && place == ValuePlace::WebhookUrl;
        Ok(text.contains(PLACEHOLDER)
            || is_address && webhook::scheme_and_host(text, self.work)?.as_ref() == Some(text))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::redaction::redact;

    fn hide_in(stored: &Value, is_clone: bool) -> (Value, SecretPlaces) {
        let mut document: Document = serde_json::from_value(stored.clone()).unwrap();
        let places = hide(&mut document, is_clone, &Work::unlimited()).unwrap();
        (document.as_value().clone(), places)
    }

    const KEY: &str = "sk_live_51HG8vLkQ9pXyZaBcDeFgHiJkLmNoPqRs";

    #[test]
    fn a_stored_secret_is_hidden_and_not_missing() {
        let stored = json!({
            "name": "Tell billing", "prompt": format!("Use {KEY} for it."),
            "webhook": {"url": "https://hooks.acme.example/T0/s3cr3t", "headers": {"Authorization": "Bearer abc.def-123"}},
        });
        for is_clone in [false, true] {
            let (shown, places) = hide_in(&stored, is_clone);
            assert_eq!(places.hidden, ["/prompt", "/webhook/headers/Authorization", "/webhook/url"]);
            assert_eq!(places.missing, [""; 0]);
            assert!(!shown.to_string().contains(KEY) && !shown.to_string().contains("s3cr3t"), "{shown}");
        }
    }

    #[test]
    fn what_a_capture_removed_is_missing_at_the_places_that_it_named() {
        let stored = json!({
            "name": "Tell billing", "token": "a8f5f167f44f4964e6c998dee827110c", KEY: "by its key",
            "steps": [{"text": format!("Use {KEY}.")}, {"text": "Be kind."}],
            "webhook": {"url": "https://hooks.acme.example/T0/s3cr3t", "headers": {"X-Key": "abcdef"}, "payload": {"a": 17}},
        });
        let mut captured: Document = serde_json::from_value(stored).unwrap();
        let removed = redact(&mut captured);
        assert!(removed.len() >= 6, "{removed:?}");
        let (shown, places) = hide_in(captured.as_value(), true);
        assert_eq!((&shown, places.hidden.len()), (captured.as_value(), 0));
        assert_eq!(places.missing, removed);
    }

    #[test]
    fn an_address_of_scheme_and_host_is_missing_in_a_clone_alone() {
        let stored =
            json!({"name": "A", "webhook": {"url": "https://hooks.acme.example"}, "site": "https://acme.example"});
        assert_eq!(hide_in(&stored, true).1.missing, ["/webhook/url"]);
        assert_eq!(hide_in(&stored, false).1, SecretPlaces::default());
    }

    #[test]
    fn a_text_that_lacks_one_secret_and_has_another_is_both() {
        let (shown, places) = hide_in(&json!({"prompt": format!("First {PLACEHOLDER}, then {KEY}.")}), false);
        assert_eq!(shown["prompt"], format!("First {PLACEHOLDER}, then {PLACEHOLDER}."));
        assert_eq!((places.hidden, places.missing), (vec!["/prompt".to_owned()], vec!["/prompt".to_owned()]));
    }

    #[test]
    fn a_place_below_a_secret_key_is_named_without_it() {
        let (_, places) = hide_in(&json!({KEY: {"a/b": PLACEHOLDER}}), false);
        assert_eq!(places.hidden, [format!("/{PLACEHOLDER}")]);
        assert_eq!(places.missing, [format!("/{PLACEHOLDER}/a~1b")]);
    }

    #[test]
    fn the_effort_grows_as_the_document_and_ends_with_the_time() {
        let document = |values: usize| -> Document {
            serde_json::from_value(json!({"values": vec![PLACEHOLDER; values]})).unwrap()
        };
        let effort = |values: usize| {
            let work = Work::unlimited();
            assert_eq!(hide(&mut document(values), false, &work).unwrap().missing.len(), values);
            work.done()
        };
        let (once, twice) = (effort(2_000), effort(4_000));
        assert!(once > 2_000 && twice * 10 <= once * 21, "{once}, then {twice}");
        assert_eq!(hide(&mut document(2_000), false, &Work::until(|| true)), Err(OverBudget));
    }
}
