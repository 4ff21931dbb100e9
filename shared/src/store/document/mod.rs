//! Converts documents between DynamoDB's values and JSON. Keeps the value of every number and the types of sets and
//! binary.

pub(super) mod storable;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value};

use crate::domain::content::{MAX_POINTER_BYTES, MAX_TYPED_PLACES};
use crate::domain::values::{self, NUMBER_KEY, RAW_VALUE_KEY, TypeTree, TypedPlace, ValueType};
use crate::domain::{Document, pointer};

/// The most levels of lists and maps in an item, the document included (DynamoDB quotas).
pub(in crate::store) const MAX_DEPTH: usize = 32;

/// The keys that serde_json reserves: it reads an object with one of them as something else.
const KEPT_KEYS: [&str; 2] = [NUMBER_KEY, RAW_VALUE_KEY];

/// The reason and the place for which a document cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct UnreadableDocument {
    /// The JSON pointer of the place; empty for the whole document.
    pub(in crate::store) pointer: String,
    /// What is wrong there.
    pub(in crate::store) reason: String,
}

/// How many typed places may still be recorded, and how many bytes of pointers to them.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct TypeBudget {
    places: usize,
    pointer_bytes: usize,
}

impl Default for TypeBudget {
    /// Returns the limits of one snapshot.
    fn default() -> Self {
        Self { places: MAX_TYPED_PLACES, pointer_bytes: MAX_POINTER_BYTES }
    }
}

/// Reads a document. Converts sets to arrays in canonical order and binary to base64, and records their types in the
/// document.
pub(in crate::store) fn read(value: AttributeValue, room: &mut TypeBudget) -> Result<Document, UnreadableDocument> {
    let mut reading = DocumentReader { pointer: String::new(), types: Vec::new(), room, depth: 0 };
    match reading.value(value)? {
        Value::Object(fields) => Ok(Document::new(fields).with_types(reading.types)),
        _ => Err(reading.unreadable("the document is not a map".to_owned())),
    }
}

struct DocumentReader<'r> {
    pointer: String,
    types: Vec<TypedPlace>,
    room: &'r mut TypeBudget,
    /// The number of lists and maps around the current place.
    depth: usize,
}

impl DocumentReader<'_> {
    fn value(&mut self, value: AttributeValue) -> Result<Value, UnreadableDocument> {
        if self.depth >= MAX_DEPTH {
            return Err(self.unreadable(format!("this is nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(match value {
            AttributeValue::S(text) => Value::String(text),
            AttributeValue::N(text) => Value::Number(self.number(&text)?),
            AttributeValue::Bool(value) => Value::Bool(value),
            AttributeValue::Null(_) => Value::Null,
            AttributeValue::M(fields) => Value::Object(self.map(fields)?),
            AttributeValue::L(values) => {
                let values = values.into_iter().enumerate();
                let read = values.map(|(index, value)| self.at(&index.to_string(), |reading| reading.value(value)));
                Value::Array(read.collect::<Result<_, _>>()?)
            }
            AttributeValue::B(bytes) => {
                self.note(ValueType::Binary)?;
                STANDARD.encode(bytes).into()
            }
            AttributeValue::Ss(mut texts) => {
                self.note(ValueType::Texts)?;
                texts.sort_unstable();
                texts.into()
            }
            AttributeValue::Ns(mut texts) => {
                self.note(ValueType::Numbers)?;
                texts.sort_by(|one, other| values::compare(one, other));
                let numbers = texts.iter().map(|text| self.number(text).map(Value::Number));
                Value::Array(numbers.collect::<Result<_, _>>()?)
            }
            AttributeValue::Bs(mut blobs) => {
                self.note(ValueType::Binaries)?;
                blobs.sort_unstable_by(|one, other| one.as_ref().cmp(other.as_ref()));
                Value::Array(blobs.into_iter().map(|bytes| STANDARD.encode(bytes).into()).collect())
            }
            _ => return Err(self.unreadable("this is of a type that a snapshot cannot hold".to_owned())),
        })
    }

    fn map(
        &mut self,
        fields: impl IntoIterator<Item = (String, AttributeValue)>,
    ) -> Result<Map<String, Value>, UnreadableDocument> {
        let mut fields: Vec<_> = fields.into_iter().collect();
        // Types are recorded in the order of names, so that equal documents give equal bytes.
        fields.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        let mut map = Map::new();
        for (name, value) in fields {
            let value = self.at(&name, |reading| match KEPT_KEYS.contains(&name.as_str()) {
                true => Err(reading.unreadable("a snapshot cannot hold a field of this name; rename it".to_owned())),
                false => reading.value(value),
            })?;
            map.insert(name, value);
        }
        Ok(map)
    }

    fn number(&self, text: &str) -> Result<Number, UnreadableDocument> {
        values::number(text).ok_or_else(|| self.unreadable("this is not a number".to_owned()))
    }

    fn note(&mut self, kind: ValueType) -> Result<(), UnreadableDocument> {
        let left = |room: usize, used| room.checked_sub(used);
        match (left(self.room.places, 1), left(self.room.pointer_bytes, self.pointer.len())) {
            (Some(places), Some(pointer_bytes)) => *self.room = TypeBudget { places, pointer_bytes },
            (None, _) => {
                return Err(
                    self.unreadable(format!("the setup has more than {MAX_TYPED_PLACES} sets and binary values"))
                );
            }
            (_, None) => {
                return Err(self.unreadable(format!(
                    "the JSON pointers to the sets and binary values of the setup have more than {MAX_POINTER_BYTES} bytes"
                )));
            }
        }
        self.types.push(TypedPlace { pointer: self.pointer.clone(), kind });
        Ok(())
    }

    fn at<T>(
        &mut self,
        segment: &str,
        read: impl FnOnce(&mut Self) -> Result<T, UnreadableDocument>,
    ) -> Result<T, UnreadableDocument> {
        let length = self.pointer.len();
        self.pointer.push_str(&pointer([segment]));
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        self.pointer.truncate(length);
        Ok(value)
    }

    fn unreadable(&self, reason: String) -> UnreadableDocument {
        UnreadableDocument { pointer: self.pointer.clone(), reason }
    }
}

/// Converts a document to DynamoDB, with its recorded types. Removes duplicate members of sets.
///
/// A value may no longer fit its type because a secret or a personal value was removed from it. Then a set is written
/// as a list, and binary as a text.
pub(in crate::store) fn write(document: &Document) -> AttributeValue {
    let tree = TypeTree::of(document.types());
    write_value(document.as_value(), Some(&tree))
}

/// Returns whether two stored documents are the same as JSON, however their numbers are written. One that cannot be read is like no other.
pub(in crate::store) fn is_same(one: &AttributeValue, other: &AttributeValue) -> bool {
    let read = |value: &AttributeValue| read(value.clone(), &mut TypeBudget::default()).ok();
    read(one).is_some_and(|one| read(other).is_some_and(|other| one.as_value() == other.as_value()))
}

/// Converts JSON to DynamoDB.
pub(in crate::store) fn write_json(value: &Value) -> AttributeValue {
    write_value(value, None)
}

fn write_value(value: &Value, types: Option<&TypeTree>) -> AttributeValue {
    if let Some(typed) = types.and_then(TypeTree::kind).and_then(|kind| typed(value, kind)) {
        return typed;
    }
    let below = |segment: &str| types.and_then(|types| types.at(segment));
    match value {
        Value::Null => AttributeValue::Null(true),
        Value::Bool(value) => AttributeValue::Bool(*value),
        Value::Number(number) => AttributeValue::N(number.to_string()),
        Value::String(text) => AttributeValue::S(text.clone()),
        // Indexes matter only for typed places.
        Value::Array(values) => AttributeValue::L(match types {
            Some(_) => {
                values.iter().enumerate().map(|(index, value)| write_value(value, below(&index.to_string()))).collect()
            }
            None => values.iter().map(write_json).collect(),
        }),
        Value::Object(fields) => AttributeValue::M(
            fields.iter().map(|(name, value)| (name.clone(), write_value(value, below(name)))).collect(),
        ),
    }
}

/// Converts a value to this type. Returns `None` if it does not fit, or if a set would be empty, which DynamoDB does
/// not store.
fn typed(value: &Value, kind: ValueType) -> Option<AttributeValue> {
    if kind == ValueType::Binary {
        return bytes(value).map(AttributeValue::B);
    }
    // In a set of numbers, null marks a removed personal number.
    let members = value.as_array()?.iter().filter(|member| !member.is_null());
    match kind {
        ValueType::Binary | ValueType::Texts => {
            let texts: Option<Vec<_>> = members.map(|member| member.as_str().map(str::to_owned)).collect();
            set(texts?, Ord::cmp).map(AttributeValue::Ss)
        }
        ValueType::Numbers => {
            let number = |member: &Value| member.as_number().map(ToString::to_string);
            set(members.map(number).collect::<Option<Vec<_>>>()?, |one, other| values::compare(one, other))
                .map(AttributeValue::Ns)
        }
        ValueType::Binaries => {
            let blobs: Option<Vec<_>> = members.map(bytes).collect();
            set(blobs?, |one, other| one.as_ref().cmp(other.as_ref())).map(AttributeValue::Bs)
        }
    }
}

fn set<T>(mut members: Vec<T>, compare: impl Fn(&T, &T) -> std::cmp::Ordering) -> Option<Vec<T>> {
    members.sort_by(&compare);
    members.dedup_by(|one, other| compare(one, other).is_eq());
    (!members.is_empty()).then_some(members)
}

fn bytes(value: &Value) -> Option<Blob> {
    STANDARD.decode(value.as_str()?).ok().map(Blob::new)
}

#[cfg(test)]
mod tests;
