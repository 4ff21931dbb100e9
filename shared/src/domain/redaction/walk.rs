//! Walks a document and takes the secrets out of it.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::place::{self, Place, place_of, value_named_beside};
use super::{Allowance, PLACEHOLDER, Stopped, text};
use crate::domain::{OverBudget, Work, pointer};

/// Walks a value.
pub(super) struct Redactor<'a> {
    /// How many coats may still be taken off a text.
    layers: usize,
    places: Places<'a>,
    work: &'a Work,
}

/// What is noted of the places where a secret was.
pub(super) enum Places<'a> {
    /// Whether there is one: for a text that is JSON, whose inner places have no name.
    Counted(bool),
    /// A pointer to each, within an allowance.
    Named { pointer: String, removed: Vec<String>, allowance: &'a mut Allowance },
}

impl<'a> Places<'a> {
    /// To be named within `allowance`.
    pub(super) fn named(allowance: &'a mut Allowance) -> Self {
        Self::Named { pointer: String::new(), removed: Vec::new(), allowance }
    }

    /// Notes the current place. A place is named once, also where both key and value had to go.
    fn note(&mut self) -> Result<(), Stopped> {
        let (pointer, removed, allowance) = match self {
            Self::Counted(any) => {
                *any = true;
                return Ok(());
            }
            Self::Named { pointer, removed, allowance } => (pointer, removed, allowance),
        };
        if removed.last() == Some(pointer) {
            return Ok(());
        }
        allowance.places = allowance.places.checked_sub(1).ok_or(Stopped::TooManyPlaces)?;
        allowance.pointer_bytes = allowance.pointer_bytes.checked_sub(pointer.len()).ok_or(Stopped::LongPointers)?;
        removed.push(pointer.clone());
        Ok(())
    }
}

impl<'a> Redactor<'a> {
    pub(super) fn new(layers: usize, places: Places<'a>, work: &'a Work) -> Self {
        Self { layers, places, work }
    }

    /// Whether anything in `value` had to go. Names no place.
    pub(super) fn changes(value: &mut Value, layers: usize, work: &'a Work) -> Result<bool, OverBudget> {
        let mut redactor = Self::new(layers, Places::Counted(false), work);
        // Without an allowance only the time can end it.
        redactor.value(value, Place::Ordinary).map_err(|_| OverBudget)?;
        Ok(matches!(redactor.places, Places::Counted(true)))
    }

    pub(super) fn run_fields(mut self, fields: &mut Map<String, Value>) -> Result<Vec<String>, Stopped> {
        self.fields(fields, Place::Ordinary)?;
        Ok(match self.places {
            Places::Counted(_) => Vec::new(),
            Places::Named { removed, .. } => removed,
        })
    }

    fn fields(&mut self, fields: &mut Map<String, Value>, around: Place) -> Result<(), Stopped> {
        self.clean_keys(fields)?;
        let named_beside = value_named_beside(fields);
        for (key, value) in fields {
            self.work.spend(key.len())?;
            let place = if named_beside == Some(key.as_str()) { Place::Secret } else { place_of(key, value, around) };
            self.at(key, |redactor| redactor.value(value, place))?;
        }
        Ok(())
    }

    /// Replaces the keys that are secrets. Two that become alike are numbered, so that no value is lost.
    fn clean_keys(&mut self, fields: &mut Map<String, Value>) -> Result<(), Stopped> {
        let mut cleaned: HashMap<String, String> = HashMap::new();
        for key in fields.keys() {
            if let Some(clean) = text::clean(key, self.layers, self.work)? {
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

    fn value(&mut self, value: &mut Value, place: Place) -> Result<(), Stopped> {
        self.work.spend(1)?;
        match value {
            Value::Object(fields) => {
                let around = if place == Place::WebhookUrl { Place::Webhook } else { place };
                self.fields(fields, around)
            }
            Value::Array(values) => {
                for (index, value) in values.iter_mut().enumerate() {
                    self.at_index(index, |redactor| redactor.value(value, place))?;
                }
                Ok(())
            }
            Value::String(text) => {
                let Some(cleaned) = place::clean(text, place, self.layers, self.work)? else { return Ok(()) };
                *text = cleaned;
                self.places.note()
            }
            Value::Number(_) if place == Place::Secret => {
                *value = Value::String(PLACEHOLDER.to_owned());
                self.places.note()
            }
            Value::Number(_) | Value::Bool(_) | Value::Null => Ok(()),
        }
    }

    fn at_index(&mut self, index: usize, visit: impl FnOnce(&mut Self) -> Result<(), Stopped>) -> Result<(), Stopped> {
        match self.places {
            Places::Counted(_) => visit(self),
            Places::Named { .. } => self.at(&index.to_string(), visit),
        }
    }

    fn at(&mut self, segment: &str, visit: impl FnOnce(&mut Self) -> Result<(), Stopped>) -> Result<(), Stopped> {
        let length = match &mut self.places {
            Places::Counted(_) => return visit(self),
            Places::Named { pointer, .. } => {
                let length = pointer.len();
                pointer::push(pointer, segment);
                length
            }
        };
        visit(self)?;
        if let Places::Named { pointer, .. } = &mut self.places {
            pointer.truncate(length);
        }
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
