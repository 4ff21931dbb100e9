//! JSON that keeps the order of its keys, because people read the description too.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::Number;

/// A JSON value. Unlike [`serde_json::Value`], it does not sort the keys of an object.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Json {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number.
    Number(Number),
    /// A text.
    String(String),
    /// An array.
    Array(Vec<Self>),
    /// An object.
    Object(IndexMap<String, Self>),
}

impl Json {
    /// Returns the value of a key; `None` for a missing key and for other values.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.as_object()?.get(key)
    }

    /// Returns the text of a key; empty without one.
    pub fn text(&self, key: &str) -> &str {
        self.get(key).and_then(Self::as_str).unwrap_or_default()
    }

    /// Returns the members of the object under a key; empty without one.
    pub fn members(&self, key: &str) -> impl Iterator<Item = (&str, &Self)> {
        self.get(key).and_then(Self::as_object).into_iter().flatten().map(|(name, value)| (name.as_str(), value))
    }

    /// Returns the elements of the array under a key; empty without one.
    pub fn elements(&self, key: &str) -> &[Self] {
        match self.get(key) {
            Some(Self::Array(elements)) => elements,
            _ => &[],
        }
    }

    /// Returns the text, if this is one.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the members, if this is an object.
    pub fn as_object(&self) -> Option<&IndexMap<String, Self>> {
        match self {
            Self::Object(members) => Some(members),
            _ => None,
        }
    }

    /// Returns the value at a JSON pointer, to change it. Keys with `~` are not found.
    pub fn pointer_mut(&mut self, pointer: &str) -> Option<&mut Self> {
        pointer.split('/').skip(1).try_fold(self, |place, key| match place {
            Self::Object(members) => members.get_mut(key),
            Self::Array(elements) => elements.get_mut(key.parse::<usize>().ok()?),
            _ => None,
        })
    }

    /// Returns the target of a reference within `document`, or this value if it is not a reference.
    pub fn resolved<'d>(&'d self, document: &'d Self) -> &'d Self {
        let Some(path) = self.get("$ref").and_then(Self::as_str).and_then(|path| path.strip_prefix("#/")) else {
            return self;
        };
        path.split('/').try_fold(document, |place, key| place.get(key)).unwrap_or(self)
    }
}

/// Sorts the keys of every example into the order of its schema, because examples are built from sorted values.
pub(super) fn arrange_examples(document: &mut Json) {
    let schemas = document.clone();
    arrange_within(document, &schemas);
}

/// Moves the description of a field that is an object or null beside the two alternatives, where generators read it.
pub(super) fn describe_nullable(place: &mut Json) {
    match place {
        Json::Object(members) => {
            if let Some(Json::Array(parts)) = members.get_mut("oneOf")
                && parts.iter().any(|part| part.text("type") == "null")
                && let [Json::Object(first), _] = parts.as_mut_slice()
                && let Some(description) = first.shift_remove("description")
            {
                members.entry("description".to_owned()).or_insert(description);
            }
            members.values_mut().for_each(describe_nullable);
        }
        Json::Array(elements) => elements.iter_mut().for_each(describe_nullable),
        _ => {}
    }
}

fn arrange_within(place: &mut Json, document: &Json) {
    match place {
        Json::Object(members) => {
            if let Some(schema) = members.get("schema").cloned() {
                let values = [members.get_mut("example")].into_iter().flatten();
                values.for_each(|example| arrange(example, &schema, document));
                if let Some(Json::Object(examples)) = members.get_mut("examples") {
                    let values = examples.values_mut().filter_map(|example| match example {
                        Json::Object(example) => example.get_mut("value"),
                        _ => None,
                    });
                    values.for_each(|example| arrange(example, &schema, document));
                }
            }
            members.values_mut().for_each(|member| arrange_within(member, document));
        }
        Json::Array(elements) => elements.iter_mut().for_each(|element| arrange_within(element, document)),
        _ => {}
    }
}

fn arrange(example: &mut Json, schema: &Json, document: &Json) {
    match example {
        Json::Object(members) => {
            let properties = properties(schema, document);
            members.sort_by_cached_key(|name, _| properties.get_index_of(name.as_str()).unwrap_or(usize::MAX));
            for (name, member) in members {
                if let Some(schema) = properties.get(name.as_str()) {
                    arrange(member, schema, document);
                }
            }
        }
        Json::Array(elements) => {
            if let Some(schema) = schema.resolved(document).get("items") {
                elements.iter_mut().for_each(|element| arrange(element, schema, document));
            }
        }
        _ => {}
    }
}

/// Returns the properties of a schema and of the schemas that it is composed of, in order.
pub fn properties<'d>(schema: &'d Json, document: &'d Json) -> IndexMap<&'d str, &'d Json> {
    let schema = schema.resolved(document);
    let parts = ["allOf", "oneOf"].into_iter().flat_map(|part| schema.elements(part));
    let mut all: IndexMap<&str, &Json> = parts.flat_map(|part| properties(part, document)).collect();
    for (name, property) in schema.members("properties") {
        all.entry(name).or_insert(property);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_may_be_null_has_its_description_beside_its_alternatives() {
        let text = r##"{"a": [{"oneOf": [{"$ref": "#/b", "description": "d"}, {"type": "null"}]}], "c": {"oneOf": [{"description": "d"}, {}]}}"##;
        let mut document: Json = serde_json::from_str(text).unwrap();
        describe_nullable(&mut document);
        let expected = r##"{"a":[{"oneOf":[{"$ref":"#/b"},{"type":"null"}],"description":"d"}],"c":{"oneOf":[{"description":"d"},{}]}}"##;
        assert_eq!(serde_json::to_string(&document).unwrap(), expected);
    }

    #[test]
    fn an_example_gets_the_order_of_its_schema_at_any_depth() {
        let text = r##"{
            "schema": {"allOf": [{"$ref": "#/components/b"}, {"properties": {"z": {"items": {"properties": {"q": {}, "p": {}}}}}}]},
            "example": {"a": 1, "b": {"x": 1}, "unknown": 2, "z": [{"p": 1, "q": 2}]},
            "components": {"b": {"properties": {"b": {}, "a": {}}}}
        }"##;
        let mut document: Json = serde_json::from_str(text).unwrap();
        arrange_examples(&mut document);
        let arranged = serde_json::to_string(document.get("example").unwrap()).unwrap();
        assert_eq!(arranged, r#"{"b":{"x":1},"a":1,"z":[{"q":2,"p":1}],"unknown":2}"#);
    }
}
