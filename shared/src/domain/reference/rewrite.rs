//! Puts other values at the places that a walk found.

use std::ops::Range;

use serde_json::Value;

use super::{Site, shape};
use crate::domain::{Document, ObjectId};

/// What takes the place of a reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replacement {
    pointer: String,
    part: Option<Range<usize>>,
    value: String,
}

impl Site<'_> {
    /// Another value at this place.
    pub fn replaced_by(&self, value: String) -> Replacement {
        Replacement { pointer: self.pointer.clone(), part: self.part.clone(), value }
    }
}

/// Carries out replacements, given in the order in which the walk found their places.
pub fn rewrite(document: &mut Document, replacements: Vec<Replacement>) {
    // From behind: what stands before a part of a text stays where it is.
    for Replacement { pointer, part, value } in replacements.into_iter().rev() {
        let Some(place) = document.pointer_mut(&pointer) else { continue };
        match (place, part) {
            (Value::String(text), Some(part)) if text.get(part.clone()).is_some() => text.replace_range(part, &value),
            (place, _) => *place = Value::String(value),
        }
    }
}

/// Puts `new` where `old` stands in a text that is this id or a list of ids.
pub fn rewire(text: &mut String, old: ObjectId, new: ObjectId) {
    for range in shape::ids(text).into_iter().rev() {
        if text[range.clone()].parse() == Ok(old) {
            text.replace_range(range, &new.to_string());
        }
    }
}
