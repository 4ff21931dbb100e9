//! Documents between DynamoDB's values and JSON: every number with its value, sets and binary with their types.

pub(super) mod storable;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Number, Value};

use self::storable::MAX_DEPTH;
use crate::domain::content::{MAX_POINTER_BYTES, MAX_TYPED_PLACES};
use crate::domain::values::{self, NUMBER_KEY, TypeTree, TypedPlace, ValueType};
use crate::domain::{Document, pointer};

/// The keys that serde_json keeps for itself: an object that has one is read back as something else.
const KEPT_KEYS: [&str; 2] = [NUMBER_KEY, "$serde_json::private::RawValue"];

/// Why a document cannot be read, and where in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Unreadable {
    /// The JSON pointer of the place; empty for the whole document.
    pub(in crate::store) pointer: String,
    /// What is wrong there.
    pub(in crate::store) reason: String,
}

/// How many typed places there is room for, and for how many bytes of their pointers.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct TypeRoom {
    places: usize,
    pointer_bytes: usize,
}

impl Default for TypeRoom {
    /// As much as a snapshot has.
    fn default() -> Self {
        Self { places: MAX_TYPED_PLACES, pointer_bytes: MAX_POINTER_BYTES }
    }
}

/// Reads a document. A set becomes an array in canonical order, and binary base64; the document lists both as types.
pub(in crate::store) fn read(value: AttributeValue, room: &mut TypeRoom) -> Result<Document, Unreadable> {
    let mut reading = Reading { pointer: String::new(), types: Vec::new(), room, depth: 0 };
    match reading.value(value)? {
        Value::Object(fields) => Ok(Document::new(fields).with_types(reading.types)),
        _ => Err(reading.unreadable("the document is no map".to_owned())),
    }
}

struct Reading<'r> {
    pointer: String,
    types: Vec<TypedPlace>,
    room: &'r mut TypeRoom,
    /// How many lists and maps stand around the place.
    depth: usize,
}

impl Reading<'_> {
    fn value(&mut self, value: AttributeValue) -> Result<Value, Unreadable> {
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
    ) -> Result<Map<String, Value>, Unreadable> {
        let mut fields: Vec<_> = fields.into_iter().collect();
        // Types are listed in the order of the names, so that the same document gives the same bytes.
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

    fn number(&self, text: &str) -> Result<Number, Unreadable> {
        values::number(text).ok_or_else(|| self.unreadable("this is no number".to_owned()))
    }

    fn note(&mut self, kind: ValueType) -> Result<(), Unreadable> {
        let left = |room: usize, used| room.checked_sub(used);
        match (left(self.room.places, 1), left(self.room.pointer_bytes, self.pointer.len())) {
            (Some(places), Some(pointer_bytes)) => *self.room = TypeRoom { places, pointer_bytes },
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

    fn at<T>(&mut self, segment: &str, read: impl FnOnce(&mut Self) -> Result<T, Unreadable>) -> Result<T, Unreadable> {
        let length = self.pointer.len();
        self.pointer.push_str(&pointer([segment]));
        self.depth += 1;
        let value = read(self)?;
        self.depth -= 1;
        self.pointer.truncate(length);
        Ok(value)
    }

    fn unreadable(&self, reason: String) -> Unreadable {
        Unreadable { pointer: self.pointer.clone(), reason }
    }
}

/// The value of a document in DynamoDB, with the types that it had there. Equal members of a set are one.
///
/// Where a value does not fit its type any more, because a secret or a person's value was taken out of it, it is written as what it
/// is now: a set as a list, binary as a text.
pub(in crate::store) fn write(document: &Document) -> AttributeValue {
    let tree = TypeTree::of(document.types());
    write_value(document.as_value(), Some(&tree))
}

/// The value of JSON in DynamoDB.
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
        // An index is a segment only where something is typed.
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

/// A value as this type; `None` where it does not fit, or nothing is left of a set: DynamoDB has no empty one.
fn typed(value: &Value, kind: ValueType) -> Option<AttributeValue> {
    if kind == ValueType::Binary {
        return bytes(value).map(AttributeValue::B);
    }
    // In a set of numbers a null stands where a person's number was taken out.
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
