//! A setup: what a user works with.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

use super::canonical::InOrder;
use super::values::TypedPlace;
use super::{ObjectId, PerKind};

/// An open JSON object: the fields that this program knows have accessors, all others travel along untouched.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    value: Value,
    /// What JSON does not show. No part of the JSON form.
    types: Vec<TypedPlace>,
}

/// How many values and bytes of text there are.
pub(super) fn size(value: &Value) -> usize {
    1 + match value {
        Value::String(text) => text.len(),
        Value::Array(values) => values.iter().map(size).sum(),
        Value::Object(fields) => fields.iter().map(|(key, value)| key.len() + size(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

impl Serialize for Document {
    /// With the keys of every object in order.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        InOrder(&self.value).serialize(serializer)
    }
}

impl Document {
    /// Wraps an object.
    pub fn new(fields: Map<String, Value>) -> Self {
        Self { value: Value::Object(fields), types: Vec::new() }
    }

    /// The same document, whose values at these places are of types that JSON does not have.
    #[must_use]
    pub fn with_types(self, types: Vec<TypedPlace>) -> Self {
        Self { types, ..self }
    }

    /// The places whose types JSON does not show, in document order.
    pub fn types(&self) -> &[TypedPlace] {
        &self.types
    }

    /// Changes the fields by `change`, which sees a null in the place of each binary value. A type is forgotten where its place is
    /// gone then.
    pub fn without_binaries<T>(&mut self, change: impl FnOnce(&mut Map<String, Value>) -> T) -> Option<T> {
        let mut binaries = Vec::new();
        for TypedPlace { pointer, .. } in self.types.iter().filter(|place| place.kind.is_binary()) {
            if let Some(place) = self.value.pointer_mut(pointer) {
                binaries.push((pointer, place.take()));
            }
        }
        let changed = self.value.as_object_mut().map(change);
        for (pointer, binary) in binaries {
            if let Some(place) = self.value.pointer_mut(pointer) {
                *place = binary;
            }
        }
        let value = &self.value;
        self.types.retain(|place| value.pointer(&place.pointer).is_some());
        changed
    }

    /// The item's name; empty when it has none.
    pub fn name(&self) -> &str {
        self.text("name").unwrap_or_default()
    }

    /// The value of a text field.
    pub fn text(&self, field: &str) -> Option<&str> {
        self.value.get(field).and_then(Value::as_str)
    }

    /// How many values and bytes of text it has: about the work of going through it once.
    pub fn size(&self) -> usize {
        size(&self.value)
    }

    /// The whole object.
    pub fn as_value(&self) -> &Value {
        &self.value
    }

    /// The value at a JSON pointer (RFC 6901), to be replaced.
    pub fn pointer_mut(&mut self, pointer: &str) -> Option<&mut Value> {
        // The empty pointer is the object itself, which must stay an object.
        if pointer.is_empty() { None } else { self.value.pointer_mut(pointer) }
    }

    /// The fields, to be changed.
    pub fn fields_mut(&mut self) -> Option<&mut Map<String, Value>> {
        self.value.as_object_mut()
    }
}

impl<'de> Deserialize<'de> for Document {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Map::deserialize(deserializer).map(Self::new)
    }
}

/// One automation, prompt or template.
#[derive(Debug, Clone, PartialEq)]
pub struct SetupItem {
    /// Its id, which the document does not contain.
    pub id: ObjectId,
    /// Everything else.
    pub document: Document,
}

/// Whether each automation is on, by its id. One that is absent is on.
pub type Preferences = BTreeMap<ObjectId, bool>;

/// All that one user works with, each kind in the order of its ids.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Setup {
    /// The user's items.
    pub items: PerKind<Vec<SetupItem>>,
    /// Which automations are on.
    pub preferences: Preferences,
}

impl From<PerKind<Vec<SetupItem>>> for Setup {
    /// A setup whose automations are all on.
    fn from(items: PerKind<Vec<SetupItem>>) -> Self {
        Self { items, preferences: Preferences::new() }
    }
}

impl Setup {
    /// How many items there are, preferences aside.
    pub fn len(&self) -> usize {
        self.items.each().count()
    }

    /// Whether there is no item at all.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
