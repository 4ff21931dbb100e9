//! Puts other values at the places that a walk found.

use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use serde_json::Value;

use super::Site;
use crate::domain::{Document, ObjectId, id_shape};

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
        let value = id_shape::dressed_as(&self.value, value);
        Replacement { pointer: self.pointer.clone(), part: self.part.clone(), value }
    }
}

/// Carries out replacements, given in the order in which the walk found their places.
pub fn rewrite(document: &mut Document, replacements: Vec<Replacement>) {
    // The parts of one text follow each other. All of them are replaced in one pass.
    for of_one_place in replacements.chunk_by(|one, next| one.pointer == next.pointer).rev() {
        let Some(first) = of_one_place.first() else { continue };
        match document.pointer_mut(&first.pointer) {
            Some(Value::String(text)) if first.part.is_some() => {
                let parts = of_one_place.iter().filter_map(|replacement| {
                    Some((replacement.part.clone()?, Cow::Borrowed(replacement.value.as_str())))
                });
                *text = with_parts(text, parts);
            }
            Some(place) => *place = Value::String(first.value.clone()),
            None => {}
        }
    }
}

/// Puts new ids where old ones stand in a text. `new` says which becomes which.
pub fn rewire(text: &mut String, new: &HashMap<ObjectId, ObjectId>) {
    let found = id_shape::ids(text).into_iter().filter_map(|id_shape::EmbeddedId { range, .. }| {
        let old: ObjectId = text[range.clone()].parse().ok()?;
        Some((range, Cow::Owned(new.get(&old)?.to_string())))
    });
    *text = with_parts(text, found);
}

/// `text` with other texts at `parts`, which are in order. A part that the text does not have is passed over.
fn with_parts<'p>(text: &str, parts: impl Iterator<Item = (Range<usize>, Cow<'p, str>)>) -> String {
    let mut written = String::with_capacity(text.len());
    let mut at = 0;
    for (part, value) in parts {
        if let (Some(before), Some(_)) = (text.get(at..part.start), text.get(part.clone())) {
            written.push_str(before);
            written.push_str(&value);
            at = part.end;
        }
    }
    written.push_str(&text[at..]);
    written
}
