//! Reads the entries of a file, and notes every place that cannot be read.

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use serde_path_to_error::Segment;
use shared::domain::ObjectId;
use utoipa::ToSchema;

use super::fields::{Entry, FieldVisitor, ListEntry, Presence};

/// A JSON pointer, and what is wrong there.
pub(super) type PlacedReason = (String, String);

/// Reads the entry that the whole file is.
pub(super) fn read<E: Entry>(value: &Value, refusals: &mut Vec<PlacedReason>) -> Option<E> {
    read_entry(value, String::new(), refusals)
}

fn read_entry<E: Entry>(value: &Value, pointer: String, refusals: &mut Vec<PlacedReason>) -> Option<E> {
    let Value::Object(fields) = value else {
        refusals.push((pointer, format!("an object belongs here, not {}", noun(value))));
        return None;
    };
    let mut reader = ObjectReader { pointer, fields, known: Vec::new(), is_open: false, refusals };
    let entry = E::visit(&mut reader);
    reader.refuse_unknown();
    entry
}

/// Reads the fields of one object.
struct ObjectReader<'a> {
    pointer: String,
    fields: &'a Map<String, Value>,
    known: Vec<&'static str>,
    is_open: bool,
    refusals: &'a mut Vec<PlacedReason>,
}

impl<'a> ObjectReader<'a> {
    /// Returns the value of a field; `None` without one, and for null if the field is optional.
    fn value(&mut self, name: &'static str, presence: Presence) -> Option<&'a Value> {
        self.known.push(name);
        let value = self.fields.get(name).filter(|value| presence == Presence::Required || !value.is_null());
        if value.is_none() && presence == Presence::Required {
            self.refuse(String::new(), format!("`{name}` is missing"));
        }
        value
    }

    fn read<T: DeserializeOwned>(&mut self, name: &'static str, presence: Presence) -> Option<T> {
        let value = self.value(name, presence)?;
        match serde_path_to_error::deserialize(value) {
            Ok(read) => Some(read),
            Err(error) => {
                self.refuse(segment(name) + &pointer_of(error.path()), error.inner().to_string());
                None
            }
        }
    }

    fn refuse(&mut self, below: String, reason: String) {
        self.refusals.push((format!("{}{below}", self.pointer), reason));
    }

    fn refuse_unknown(&mut self) {
        let unknown = self.fields.keys().filter(|name| !self.is_open && !self.known.contains(&name.as_str()));
        for name in unknown {
            let reason = format!("unknown field `{name}`; the fields here are {}", self.known.join(", "));
            self.refusals.push((format!("{}{}", self.pointer, segment(name)), reason));
        }
    }
}

impl FieldVisitor for ObjectReader<'_> {
    fn required<T: DeserializeOwned + ToSchema>(&mut self, name: &'static str, _: &str) -> Option<T> {
        self.read(name, Presence::Required)
    }

    fn optional<T: DeserializeOwned + ToSchema>(&mut self, name: &'static str, _: &str) -> Option<T> {
        self.read(name, Presence::Optional)
    }

    fn elements<E: Entry>(&mut self, name: &'static str, _: &str, presence: Presence) -> Vec<ListEntry<E>> {
        let Some(value) = self.value(name, presence) else { return Vec::new() };
        let Value::Array(values) = value else {
            self.refuse(segment(name), format!("an array belongs here, not {}", noun(value)));
            return Vec::new();
        };
        let mut read = Vec::with_capacity(values.len());
        for (index, value) in values.iter().enumerate() {
            let pointer = format!("{}{}/{index}", self.pointer, segment(name));
            if let Some(entry) = read_entry(value, pointer.clone(), self.refusals) {
                read.push(ListEntry { pointer, entry });
            }
        }
        read
    }

    fn id_or_name(&mut self) -> Option<ObjectId> {
        let id = self.read("_id", Presence::Optional);
        let has_id = self.fields.get("_id").is_some_and(|id| !id.is_null());
        let has_name = self.fields.get("name").and_then(Value::as_str).is_some_and(|name| !name.is_empty());
        if !has_id && !has_name {
            self.refuse(String::new(), "give an `_id`, or a `name` of which the id is made".to_owned());
        }
        id
    }

    fn rest(&mut self) -> Map<String, Value> {
        self.is_open = true;
        let rest = self.fields.iter().filter(|(name, _)| !self.known.contains(&name.as_str()));
        rest.map(|(name, value)| (name.clone(), value.clone())).collect()
    }
}

fn noun(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// Returns the part of a JSON pointer for a key.
pub(super) fn segment(key: &str) -> String {
    format!("/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// Returns the JSON pointer of a path.
pub(super) fn pointer_of(path: &serde_path_to_error::Path) -> String {
    path.iter()
        .map(|place| match place {
            Segment::Seq { index } => format!("/{index}"),
            Segment::Map { key } => segment(key),
            Segment::Enum { variant } => segment(variant),
            Segment::Unknown => String::new(),
        })
        .collect()
}
