//! Walks a document and takes the secrets out of it.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::shape::digits;
use super::value_place::ValuePlace;
use super::{Allowance, LimitError, PLACEHOLDER, place, text};
use crate::domain::{OverBudget, Work, pointer};

/// Walks a value.
pub(super) struct Redactor<'a> {
    /// How many coats may still be taken off a text.
    layers: usize,
    places: Places<'a>,
    work: &'a Work,
}

/// The places where a secret was: a pointer to each, within an allowance.
struct Places<'a> {
    pointer: String,
    removed: Vec<String>,
    allowance: &'a mut Allowance,
    /// Whether a place that the allowance has no room for goes without a name, instead of stopping the redaction.
    is_lenient: bool,
}

impl Places<'_> {
    /// Notes the current place. A place is named once, also where both key and value had to go.
    fn note(&mut self) -> Result<(), LimitError> {
        let Self { pointer, removed, allowance, is_lenient } = self;
        if *is_lenient && (allowance.places == 0 || allowance.pointer_bytes < pointer.len()) {
            return Ok(());
        }
        if removed.last() == Some(pointer) {
            return Ok(());
        }
        allowance.places = allowance.places.checked_sub(1).ok_or(LimitError::TooManyPlaces)?;
        allowance.pointer_bytes = allowance.pointer_bytes.checked_sub(pointer.len()).ok_or(LimitError::LongPointers)?;
        removed.push(pointer.clone());
        Ok(())
    }
}

impl<'a> Redactor<'a> {
    pub(super) fn new(layers: usize, allowance: &'a mut Allowance, work: &'a Work) -> Self {
        Self {
            layers,
            places: Places { pointer: String::new(), removed: Vec::new(), allowance, is_lenient: false },
            work,
        }
    }

    /// The same, which names the places that there is room for and goes on.
    pub(super) fn lenient(self) -> Self {
        Self { places: Places { is_lenient: true, ..self.places }, ..self }
    }

    pub(super) fn run_fields(mut self, fields: &mut Map<String, Value>) -> Result<Vec<String>, LimitError> {
        self.fields(fields, ValuePlace::Ordinary)?;
        Ok(self.places.removed)
    }

    fn fields(&mut self, fields: &mut Map<String, Value>, around: ValuePlace) -> Result<(), LimitError> {
        self.clean_keys(fields)?;
        let views: Vec<_> = fields.iter().map(|(key, value)| (key.as_str(), value)).collect();
        let places = place::of_fields(&views, around);
        for ((key, value), place) in fields.iter_mut().zip(places) {
            self.work.spend(key.len())?;
            self.at(key, |redactor| redactor.value(value, place))?;
        }
        Ok(())
    }

    /// Replaces the keys that are secrets. Two that become alike are numbered, so that no value is lost.
    fn clean_keys(&mut self, fields: &mut Map<String, Value>) -> Result<(), LimitError> {
        let mut cleaned: HashMap<String, String> = HashMap::new();
        for key in fields.keys() {
            if let Some(clean) = text::clean(key, ValuePlace::Ordinary, self.layers, self.work)? {
                cleaned.insert(key.clone(), clean);
            }
        }
        if cleaned.is_empty() {
            return Ok(());
        }
        let mut left = Map::new();
        // The numbers below these are taken, so that nobody looks for a free one from the start again.
        let mut numbers: HashMap<String, usize> = HashMap::new();
        for (key, value) in std::mem::take(fields) {
            let clean = cleaned.remove(&key);
            let is_cleaned = clean.is_some();
            let mut name = clean.unwrap_or(key);
            if left.contains_key(&name) {
                name = numbered(&left, name, &mut numbers, self.work)?;
            }
            if is_cleaned {
                self.at(&name, |redactor| redactor.places.note())?;
            }
            left.insert(name, value);
        }
        *fields = left;
        Ok(())
    }

    fn value(&mut self, value: &mut Value, place: ValuePlace) -> Result<(), LimitError> {
        self.work.spend(1)?;
        match value {
            Value::Object(fields) => self.fields(fields, place),
            Value::Array(values) => {
                let places = place::of_elements(&values.iter().collect::<Vec<_>>(), place);
                for (index, (value, place)) in values.iter_mut().zip(places).enumerate() {
                    self.at(&index.to_string(), |redactor| redactor.value(value, place))?;
                }
                Ok(())
            }
            Value::String(text) => {
                let Some(cleaned) = text::clean(text, place, self.layers, self.work)? else { return Ok(()) };
                *text = cleaned;
                self.places.note()
            }
            Value::Number(number) if place.takes_number(digits(&number.to_string())) => {
                *value = Value::String(PLACEHOLDER.to_owned());
                self.places.note()
            }
            Value::Number(_) | Value::Bool(_) | Value::Null => Ok(()),
        }
    }

    fn at(&mut self, segment: &str, visit: impl FnOnce(&mut Self) -> Result<(), LimitError>) -> Result<(), LimitError> {
        let length = self.places.pointer.len();
        pointer::push(&mut self.places.pointer, segment);
        visit(self)?;
        self.places.pointer.truncate(length);
        Ok(())
    }
}

/// `name` with the first number behind it that makes it another key than those of `taken`.
fn numbered(
    taken: &Map<String, Value>,
    name: String,
    numbers: &mut HashMap<String, usize>,
    work: &Work,
) -> Result<String, OverBudget> {
    let mut number = numbers.get(&name).copied().unwrap_or(2);
    loop {
        let candidate = format!("{name} {number}");
        work.spend(candidate.len())?;
        number += 1;
        if !taken.contains_key(&candidate) {
            numbers.insert(name, number);
            return Ok(candidate);
        }
    }
}
