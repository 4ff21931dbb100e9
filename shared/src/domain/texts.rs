//! Walks every text of a document, the keys of objects among them.

use serde_json::Value;

use super::work::{OverBudget, Work};
use super::{Document, pointer};

/// Tells `see` each text with the JSON pointer of its place, in document order; a key stands at the place of its value. Fails once
/// the time of `work` is over.
pub(super) fn visit(document: &Document, work: &Work, see: &mut dyn FnMut(&str, &str)) -> Result<(), OverBudget> {
    TextWalk { pointer: String::new(), work, see }.value(document.as_value())
}

struct TextWalk<'w> {
    pointer: String,
    work: &'w Work,
    see: &'w mut dyn FnMut(&str, &str),
}

impl TextWalk<'_> {
    fn value(&mut self, value: &Value) -> Result<(), OverBudget> {
        self.work.spend(1)?;
        match value {
            Value::Object(fields) => fields.iter().try_for_each(|(key, value)| {
                self.at(key, |walk| {
                    walk.text(key)?;
                    walk.value(value)
                })
            }),
            Value::Array(values) => values
                .iter()
                .enumerate()
                .try_for_each(|(index, value)| self.at(&index.to_string(), |walk| walk.value(value))),
            Value::String(text) => self.text(text),
            Value::Number(_) | Value::Bool(_) | Value::Null => Ok(()),
        }
    }

    fn text(&mut self, text: &str) -> Result<(), OverBudget> {
        self.work.spend(text.len())?;
        (self.see)(&self.pointer, text);
        Ok(())
    }

    fn at(&mut self, segment: &str, visit: impl FnOnce(&mut Self) -> Result<(), OverBudget>) -> Result<(), OverBudget> {
        let length = self.pointer.len();
        pointer::push(&mut self.pointer, segment);
        let result = visit(self);
        self.pointer.truncate(length);
        result
    }
}
