//! The description for tools that do not read OpenAPI 3.1 says the same as the other one, in the words of 3.0.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

/// The keywords of a schema in OpenAPI 3.0.3.
const KEYWORDS: [&str; 35] = [
    "title",
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "maxLength",
    "minLength",
    "pattern",
    "maxItems",
    "minItems",
    "uniqueItems",
    "maxProperties",
    "minProperties",
    "required",
    "enum",
    "type",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "items",
    "properties",
    "additionalProperties",
    "description",
    "format",
    "default",
    "nullable",
    "discriminator",
    "readOnly",
    "writeOnly",
    "xml",
    "externalDocs",
    "example",
    "deprecated",
];

fn parsed(text: Result<String, serde_json::Error>) -> Value {
    serde_json::from_str(&text.unwrap()).unwrap()
}

/// Collects what 3.0 does not have, each with its place.
#[derive(Default)]
struct Findings {
    found: Vec<String>,
    schemas: usize,
}

impl Findings {
    fn outside(&mut self, place: &str, value: &Value) {
        match value {
            Value::Object(members) => {
                self.lone_reference(place, members);
                for (name, member) in members {
                    let place = format!("{place}/{name}");
                    match name.as_str() {
                        "webhooks" | "jsonSchemaDialect" | "pathItems" | "identifier" => self.found.push(place),
                        "schema" => self.schema(&place, member),
                        "schemas" => self.named_schemas(&place, member),
                        "example" | "examples" => {}
                        _ => self.outside(&place, member),
                    }
                }
            }
            Value::Array(elements) => elements.iter().for_each(|element| self.outside(place, element)),
            _ => {}
        }
    }

    fn named_schemas(&mut self, place: &str, named: &Value) {
        for (name, schema) in named.as_object().unwrap() {
            self.schema(&format!("{place}/{name}"), schema);
        }
    }

    fn schema(&mut self, place: &str, schema: &Value) {
        let Some(members) = schema.as_object() else { return self.found.push(format!("{place} is {schema}")) };
        self.schemas += 1;
        self.lone_reference(place, members);
        for (name, member) in members {
            let is_good = match name.as_str() {
                "$ref" => true,
                "type" => member.as_str().is_some_and(|name| name != "null"),
                "exclusiveMinimum" | "exclusiveMaximum" | "nullable" => member.is_boolean(),
                name => KEYWORDS.contains(&name) || name.starts_with("x-"),
            };
            if !is_good {
                self.found.push(format!("{place}/{name}: {member}"));
            }
            let place = format!("{place}/{name}");
            match (name.as_str(), member) {
                ("properties", named) => self.named_schemas(&place, named),
                ("items" | "not", schema) => self.schema(&place, schema),
                ("additionalProperties", schema) if !schema.is_boolean() => self.schema(&place, schema),
                ("allOf" | "oneOf" | "anyOf", Value::Array(parts)) => {
                    parts.iter().for_each(|part| self.schema(&place, part));
                }
                _ => {}
            }
        }
        if members.get("type").is_some_and(|name| name == "array") && !members.contains_key("items") {
            self.found.push(format!("{place} is an array without items"));
        }
    }

    fn lone_reference(&mut self, place: &str, members: &Map<String, Value>) {
        if members.contains_key("$ref") && members.len() > 1 {
            self.found.push(format!("{place}: something stands beside a reference"));
        }
    }
}

fn findings(description: &Value) -> Findings {
    let mut findings = Findings::default();
    findings.outside("", description);
    findings
}

#[test]
fn the_description_in_3_0_has_nothing_that_only_3_1_has() {
    let description = parsed(local::openapi::text_3_0());
    assert_eq!(description["openapi"], "3.0.3");
    let findings = findings(&description);
    assert!(findings.found.is_empty(), "{:#?}", findings.found);
    assert!(findings.schemas > 500, "{}", findings.schemas);
    // The check sees what 3.1 has.
    let of_3_1 = self::findings(&parsed(local::openapi::text())).found.join("\n");
    for form in ["propertyNames", "identifier", "[\"string\",\"null\"]", "/examples", "beside a reference"] {
        assert!(of_3_1.contains(form), "{form}");
    }
}

#[test]
fn both_descriptions_have_the_same_operations_and_components() {
    let [newer, older] = [local::openapi::text(), local::openapi::text_3_0()].map(parsed);
    let names = |value: &Value| -> BTreeSet<String> { value.as_object().unwrap().keys().cloned().collect() };
    assert_eq!(names(&newer["paths"]), names(&older["paths"]));
    for (path, item) in newer["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let other = &older["paths"][path][method];
            for word in ["operationId", "summary", "description", "tags", "security"] {
                assert_eq!(operation[word], other[word], "{method} {path} {word}");
            }
            assert_eq!(names(&operation["responses"]), names(&other["responses"]), "{method} {path}");
        }
    }
    assert_eq!(names(&newer["components"]), names(&older["components"]));
    for section in names(&newer["components"]) {
        assert_eq!(names(&newer["components"][&section]), names(&older["components"][&section]), "{section}");
    }
}
