//! Secrets never travel: what looks like a credential is taken out of a captured document, and its place is recorded.
//!
//! Two kinds of rule. A rule of place (`place.rs`, by the names in `names.rs`) removes by where a value stands: the path of
//! a webhook URL, webhook headers and payload values, a field called `apiKey`. A rule of form (`forms.rs`, with the
//! issuers' own formats in `formats.rs`) removes by what a value looks like, in any text, also when that text is JSON,
//! base64 or percent-encoded within another (`encoded.rs`). What a rule finds has to be credible (`credible.rs`), because
//! "Your password: required" is a sentence that has to arrive as it was written.

mod credible;
mod encoded;
mod formats;
mod forms;
mod names;
mod place;
mod text;

use std::borrow::Cow;

use serde_json::{Map, Value};

use self::place::{Place, place_of, value_named_beside};
use super::{Document, pointer};

/// What stands where a secret stood.
pub const PLACEHOLDER: &str = "[removed secret]";

/// Takes every secret out of `document` and gives the JSON pointers of the values that changed, in document order. A key
/// that is a secret itself is replaced as well, and the pointers have its new name. Doing it again changes nothing more.
pub fn redact(document: &mut Document) -> Vec<String> {
    document.fields_mut().map(|fields| Redactor::new(text::LAYERS).run_fields(fields)).unwrap_or_default()
}

/// The same for one text that is no document, such as a message for the log.
pub fn redact_text(text: &str) -> Cow<'_, str> {
    text::clean(text, text::LAYERS).map_or(Cow::Borrowed(text), Cow::Owned)
}

/// Walks a value.
struct Redactor {
    pointer: String,
    removed: Vec<String>,
    /// How many coats may still be taken off a text.
    layers: usize,
}

impl Redactor {
    fn new(layers: usize) -> Self {
        Self { pointer: String::new(), removed: Vec::new(), layers }
    }

    fn run(mut self, value: &mut Value) -> Vec<String> {
        self.value(value, Place::Ordinary);
        self.removed
    }

    fn run_fields(mut self, fields: &mut Map<String, Value>) -> Vec<String> {
        self.fields(fields, Place::Ordinary);
        self.removed
    }

    fn fields(&mut self, fields: &mut Map<String, Value>, around: Place) {
        self.clean_keys(fields);
        let named_beside = value_named_beside(fields);
        for (key, value) in fields {
            let place = if named_beside == Some(key.as_str()) { Place::Secret } else { place_of(key, value, around) };
            self.at(key, |redactor| redactor.value(value, place));
        }
    }

    /// Replaces the keys that are secrets. Two that become alike are numbered, so that no value is lost.
    fn clean_keys(&mut self, fields: &mut Map<String, Value>) {
        let clean = |key: &String| text::clean(key, self.layers).map(|cleaned| (key.clone(), cleaned));
        let renamed: Vec<(String, String)> = fields.keys().filter_map(clean).collect();
        if renamed.is_empty() {
            return;
        }
        let mut left = Map::new();
        for (key, value) in std::mem::take(fields) {
            let cleaned = renamed.iter().find(|(old, _)| *old == key).map(|(_, new)| new);
            let mut name = cleaned.unwrap_or(&key).clone();
            let mut number = 2;
            while left.contains_key(&name) {
                name = format!("{} {number}", cleaned.unwrap_or(&key));
                number += 1;
            }
            if cleaned.is_some() {
                self.at(&name, |redactor| redactor.removed.push(redactor.pointer.clone()));
            }
            left.insert(name, value);
        }
        *fields = left;
    }

    fn value(&mut self, value: &mut Value, place: Place) {
        match value {
            Value::Object(fields) => {
                let around = if place == Place::WebhookUrl { Place::Webhook } else { place };
                self.fields(fields, around);
            }
            Value::Array(values) => {
                for (index, value) in values.iter_mut().enumerate() {
                    self.at(&index.to_string(), |redactor| redactor.value(value, place));
                }
            }
            Value::String(text) => {
                if let Some(cleaned) = place::clean(text, place, self.layers) {
                    *text = cleaned;
                    self.remember();
                }
            }
            Value::Number(_) if place == Place::Secret => {
                *value = Value::String(PLACEHOLDER.to_owned());
                self.remember();
            }
            Value::Number(_) | Value::Bool(_) | Value::Null => {}
        }
    }

    /// A place is named once, also where both key and value had to go.
    fn remember(&mut self) {
        if self.removed.last() != Some(&self.pointer) {
            self.removed.push(self.pointer.clone());
        }
    }

    fn at(&mut self, segment: &str, visit: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        pointer::push(&mut self.pointer, segment);
        visit(self);
        self.pointer.truncate(length);
    }
}

#[cfg(test)]
mod tests;
