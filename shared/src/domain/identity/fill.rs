//! Puts the new user's values where those of the source person stood.

use std::collections::HashSet;

use serde_json::Value;

use super::{IdentityKind, TopField, dress, list, top_field};
use crate::domain::values::{TypedPlace, ValueType};
use crate::domain::{Document, ObjectId, PhoneNumber, User};

/// What the new user has in the place of the source person's values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIdentity {
    organization: ObjectId,
    user: ObjectId,
    email: String,
    phone: Option<String>,
}

impl NewIdentity {
    /// The values of this user.
    pub fn of(user: &User) -> Self {
        Self {
            organization: user.organization,
            user: user.id,
            email: user.email.as_str().to_owned(),
            phone: user.phone_number.as_ref().map(PhoneNumber::as_str).map(str::to_owned),
        }
    }

    fn value(&self, kind: IdentityKind) -> Option<String> {
        match kind {
            IdentityKind::OrganizationId => Some(self.organization.to_string()),
            IdentityKind::UserId => Some(self.user.to_string()),
            IdentityKind::UserEmail => Some(self.email.clone()),
            IdentityKind::UserPhone => self.phone.clone(),
        }
    }
}

/// A place that gets a value of the new user: where, which value, and which bytes of the text, where not all of it.
pub type PlaceToFill<'a> = (&'a str, IdentityKind, Option<[usize; 2]>);

/// Makes `document` an item of the new user: fills in the values at `places`, which stand in document order, gives it its owner at the
/// top, and leaves out who made the source's item. A field for which there is no value is left out, and so is a member of a set or of a
/// list in a text; in an array an empty text takes its place, so that every other pointer leads where it led.
pub fn fill_in<'a>(document: &mut Document, places: impl IntoIterator<Item = PlaceToFill<'a>>, new: &NewIdentity) {
    let places: Vec<PlaceToFill<'a>> = places.into_iter().collect();
    let is_lost = |(_, kind, _): &PlaceToFill<'a>| new.value(*kind).is_none();
    let sets = if places.iter().any(is_lost) { sets(document) } else { HashSet::new() };
    // Members of a set are taken out from its end, and values of a text are replaced from its end: what stands before stays in place.
    for of_one_place in places.chunk_by(|one, next| one.0 == next.0).rev() {
        for (pointer, kind, part) in of_one_place.iter().rev() {
            let Some(place) = document.pointer_mut(pointer) else { continue };
            let is_gone = match (new.value(*kind), part) {
                (Some(value), None) => put(place, *kind, &value),
                (value, Some(part)) => {
                    !place.as_str().and_then(|text| with_part(text, *part, value)).is_some_and(|text| {
                        *place = Value::String(text);
                        true
                    })
                }
                (None, None) => true,
            };
            if is_gone {
                take_out(document, pointer, &sets);
            }
        }
    }
    let Some(fields) = document.fields_mut() else { return };
    fields.retain(|key, _| top_field(key) != Some(TopField::History));
    for (key, value) in fields.iter_mut().filter(|(_, value)| !value.is_null()) {
        if let Some(TopField::Owner(kind)) = top_field(key)
            && let Some(new) = new.value(kind)
        {
            *value = Value::String(new);
        }
    }
}

/// The pointers to the sets of a document.
fn sets(document: &Document) -> HashSet<String> {
    let is_set = |place: &&TypedPlace| matches!(place.kind, ValueType::Texts | ValueType::Numbers);
    document.types().iter().filter(is_set).map(|place| place.pointer.clone()).collect()
}

/// Puts a value at a place; gives whether the place has to go, which it never has.
fn put(place: &mut Value, kind: IdentityKind, new: &str) -> bool {
    *place = match place {
        Value::String(text) => {
            let at = dress::bare(text, kind);
            Value::String(format!("{}{new}{}", &text[..at.start], &text[at.end..]))
        }
        // A number stays one: E.164 without its plus.
        _ => new.trim_start_matches('+').parse().map_or_else(|_| new.into(), |number: u64| number.into()),
    };
    false
}

/// The text with a new value in the place of a part, or without the part; `None` where nothing is left of it.
fn with_part(text: &str, [start, end]: [usize; 2], value: Option<String>) -> Option<String> {
    let (before, behind) = (text.get(..start)?, text.get(end..)?);
    let is_in_link = dress::is_in_link(text, start);
    let Some(value) = value else {
        return if is_in_link { None } else { list::without(before, behind) };
    };
    let value = if is_in_link { value.trim_start_matches('+') } else { &value };
    Some(format!("{before}{value}{behind}"))
}

fn take_out(document: &mut Document, pointer: &str, sets: &HashSet<String>) {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return };
    let container = match parent {
        "" => document.fields_mut(),
        parent => document.pointer_mut(parent).and_then(Value::as_object_mut),
    };
    if let Some(fields) = container {
        fields.remove(&key.replace("~1", "/").replace("~0", "~"));
    } else if sets.contains(parent) {
        take_out_member(document, parent, key, sets);
    } else if let Some(element) = document.pointer_mut(pointer) {
        *element = if element.is_string() { Value::String(String::new()) } else { Value::Null };
    }
}

/// Takes a member out of a set, and with the last one the set: DynamoDB has no empty one.
fn take_out_member(document: &mut Document, set: &str, index: &str, sets: &HashSet<String>) {
    let Some(members) = document.pointer_mut(set).and_then(Value::as_array_mut) else { return };
    if let Some(index) = index.parse().ok().filter(|index| *index < members.len()) {
        members.remove(index);
    }
    if members.is_empty() {
        take_out(document, set, sets);
    }
}
