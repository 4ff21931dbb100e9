//! The description for tools that do not read OpenAPI 3.1: the same document, converted to OpenAPI 3.0.3.
//!
//! OpenAPI 3.1 uses JSON Schema unchanged, and OpenAPI 3.0 has its own dialect. Each rule below replaces one form of 3.1. A test fails if
//! the document has a keyword that 3.0 lacks, so a new form needs a new rule.

use indexmap::IndexMap;
use serde_json::Number;

use super::Json;

type Members = IndexMap<String, Json>;

/// Keywords of a 3.1 schema that only narrow or annotate it and have no form in 3.0.
const DROPPED: [&str; 4] = ["propertyNames", "$schema", "$comment", "$id"];

/// Sections and fields of a 3.1 document that 3.0 does not have.
const DROPPED_SECTIONS: [&str; 3] = ["webhooks", "jsonSchemaDialect", "pathItems"];

/// Returns the 3.0.3 form of a 3.1 document.
pub(super) fn convert(document: &Json) -> Json {
    let mut members = object(document);
    members.insert("openapi".to_owned(), Json::String("3.0.3".to_owned()));
    if let Some(info) = members.get_mut("info") {
        *info = convert_info(info);
    }
    outside(&Json::Object(members))
}

/// 3.1 names a licence by its SPDX identifier, 3.0 only by an address.
fn convert_info(info: &Json) -> Json {
    let mut info = object(info);
    info.shift_remove("summary");
    if let Some(Json::Object(license)) = info.get_mut("license")
        && let Some(Json::String(identifier)) = license.shift_remove("identifier")
    {
        license.insert("url".to_owned(), Json::String(format!("https://spdx.org/licenses/{identifier}.html")));
    }
    Json::Object(info)
}

/// Converts what is not a schema, and the schemas within it.
fn outside(value: &Json) -> Json {
    match value {
        // 3.0 allows nothing beside a reference.
        Json::Object(members) if members.contains_key("$ref") => Json::Object(only(members, "$ref")),
        Json::Object(members) => {
            let members = members.iter().filter(|(name, _)| !DROPPED_SECTIONS.contains(&name.as_str()));
            let converted = members.map(|(name, value)| {
                let value = match name.as_str() {
                    "schema" => schema(value),
                    "schemas" => schemas(value),
                    // Data, not description.
                    "example" => value.clone(),
                    "examples" => examples(value),
                    _ => outside(value),
                };
                (name.clone(), value)
            });
            Json::Object(converted.collect())
        }
        Json::Array(elements) => Json::Array(elements.iter().map(outside).collect()),
        other => other.clone(),
    }
}

/// Converts named examples; their values stay.
fn examples(value: &Json) -> Json {
    let Json::Object(named) = value else { return value.clone() };
    let reference = |example: &Json| match example {
        Json::Object(members) if members.contains_key("$ref") => Json::Object(only(members, "$ref")),
        other => other.clone(),
    };
    Json::Object(named.iter().map(|(name, example)| (name.clone(), reference(example))).collect())
}

/// Converts each of several named schemas.
fn schemas(value: &Json) -> Json {
    let Json::Object(named) = value else { return value.clone() };
    Json::Object(named.iter().map(|(name, value)| (name.clone(), schema(value))).collect())
}

/// Converts a schema and the schemas within it.
fn schema(value: &Json) -> Json {
    let mut members = match value {
        Json::Object(members) => members.clone(),
        Json::Bool(false) => return Json::Object(member("not", Json::Object(Members::new()))),
        _ => return Json::Object(Members::new()),
    };
    for name in DROPPED {
        members.shift_remove(name);
    }
    replace(&mut members, "const", |value| ("enum", Json::Array(vec![value])));
    replace(&mut members, "examples", |values| match values {
        Json::Array(values) => ("example", values.into_iter().next().unwrap_or(Json::Null)),
        other => ("example", other),
    });
    replace(&mut members, "contentEncoding", |_| ("format", Json::String("byte".to_owned())));
    members.shift_remove("contentMediaType");
    exclusive(&mut members, "exclusiveMinimum", "minimum", |new, old| new >= old);
    exclusive(&mut members, "exclusiveMaximum", "maximum", |new, old| new <= old);
    types(&mut members);
    alternatives(&mut members, "oneOf");
    alternatives(&mut members, "anyOf");
    beside_a_reference(&mut members);
    for (name, within) in &mut members {
        *within = match (name.as_str(), &*within) {
            ("properties", named) => schemas(named),
            ("items" | "not", one) => schema(one),
            ("additionalProperties", one @ Json::Object(_)) => schema(one),
            ("allOf" | "oneOf" | "anyOf", Json::Array(parts)) => Json::Array(parts.iter().map(schema).collect()),
            (_, other) => other.clone(),
        };
    }
    Json::Object(members)
}

/// 3.1 gives the limit itself, 3.0 a `minimum` and whether it is excluded. Keeps the narrower of two limits.
fn exclusive(members: &mut Members, keyword: &str, limit: &str, is_narrower: fn(f64, f64) -> bool) {
    let Some(Json::Number(excluded)) = members.get(keyword).cloned() else { return };
    let included = match members.get(limit) {
        Some(Json::Number(number)) => number.as_f64(),
        _ => None,
    };
    let narrows = |new: &Number| Some(is_narrower(new.as_f64()?, included?));
    if narrows(&excluded) == Some(false) {
        members.shift_remove(keyword);
    } else {
        members.insert(limit.to_owned(), Json::Number(excluded));
        members.insert(keyword.to_owned(), Json::Bool(true));
    }
}

/// 3.1 may list several types, `null` among them; 3.0 has one type, and `nullable` beside it.
fn types(members: &mut Members) {
    let listed: Vec<Json> = match members.get("type") {
        Some(Json::Array(types)) => types.clone(),
        Some(null) if null.as_str() == Some("null") => vec![null.clone()],
        _ => return,
    };
    let mut others: Vec<Json> = listed.iter().filter(|it| it.as_str() != Some("null")).cloned().collect();
    let is_nullable = others.len() < listed.len();
    match others.len() {
        0 => {
            // 3.0 cannot say "null" alone: this is an object, null allowed, and of all values only null.
            members.insert("type".to_owned(), Json::String("object".to_owned()));
            members.insert("enum".to_owned(), Json::Array(vec![Json::Null]));
        }
        1 => {
            members.insert("type".to_owned(), others.remove(0));
        }
        _ => {
            members.shift_remove("type");
            let nullable = |mut of_type: Members| {
                if is_nullable {
                    of_type.insert("nullable".to_owned(), Json::Bool(true));
                }
                Json::Object(of_type)
            };
            let types: Vec<Json> = others.into_iter().map(|it| nullable(member("type", it))).collect();
            members.insert("anyOf".to_owned(), Json::Array(types));
            return;
        }
    }
    if is_nullable {
        members.insert("nullable".to_owned(), Json::Bool(true));
    }
}

/// `null` as one of several alternatives becomes `nullable`. A single alternative that is left takes the place of the list.
fn alternatives(members: &mut Members, keyword: &str) {
    let Some(Json::Array(parts)) = members.get(keyword) else { return };
    let others: Vec<Json> = parts.iter().filter(|part| part.text("type") != "null").cloned().collect();
    if others.len() == parts.len() {
        return;
    }
    members.shift_remove(keyword);
    members.insert("nullable".to_owned(), Json::Bool(true));
    match others.as_slice() {
        [Json::Object(only)] if only.keys().all(|name| name == "description" || !members.contains_key(name)) => {
            only.iter().for_each(|(name, value)| {
                members.entry(name.clone()).or_insert_with(|| value.clone());
            });
        }
        _ => {
            members.insert(keyword.to_owned(), Json::Array(others));
        }
    }
}

/// 3.0 ignores what stands beside a reference, so the reference moves into an `allOf`.
fn beside_a_reference(members: &mut Members) {
    if members.len() > 1 && members.contains_key("$ref") {
        let reference = only(members, "$ref");
        members.shift_remove("$ref");
        members.insert("allOf".to_owned(), Json::Array(vec![Json::Object(reference)]));
    }
}

/// Replaces a member in its place.
fn replace(members: &mut Members, name: &str, new: impl FnOnce(Json) -> (&'static str, Json)) {
    let Some((index, _, value)) = members.shift_remove_full(name) else { return };
    let (name, value) = new(value);
    members.shift_insert(index, name.to_owned(), value);
}

fn object(value: &Json) -> Members {
    value.as_object().cloned().unwrap_or_default()
}

fn only(members: &Members, name: &str) -> Members {
    members.get(name).map(|value| member(name, value.clone())).unwrap_or_default()
}

fn member(name: &str, value: Json) -> Members {
    Members::from([(name.to_owned(), value)])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Json {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn each_form_of_a_schema_that_only_3_1_has_becomes_one_of_3_0() {
        let a = r##""$ref": "#/components/schemas/A""##;
        for (of_3_1, of_3_0) in [
            (
                r#"{"type": ["string", "null"], "maxLength": 3}"#,
                r#"{"type": "string", "maxLength": 3, "nullable": true}"#,
            ),
            (r#"{"type": ["string"]}"#, r#"{"type": "string"}"#),
            (r#"{"type": ["string", "integer"]}"#, r#"{"anyOf": [{"type": "string"}, {"type": "integer"}]}"#),
            (
                r#"{"type": ["string", "integer", "null"]}"#,
                r#"{"anyOf": [{"type": "string", "nullable": true}, {"type": "integer", "nullable": true}]}"#,
            ),
            (r#"{"type": "null"}"#, r#"{"type": "object", "enum": [null], "nullable": true}"#),
            (r#"{"const": "a", "type": "string"}"#, r#"{"enum": ["a"], "type": "string"}"#),
            (r#"{"examples": [1, 2], "type": "integer"}"#, r#"{"example": 1, "type": "integer"}"#),
            (r#"{"exclusiveMinimum": 0}"#, r#"{"exclusiveMinimum": true, "minimum": 0}"#),
            (r#"{"exclusiveMaximum": 9, "maximum": 8}"#, r#"{"maximum": 8}"#),
            (r#"{"exclusiveMaximum": 9, "maximum": 9}"#, r#"{"exclusiveMaximum": true, "maximum": 9}"#),
            (r#"{"exclusiveMinimum": 1, "minimum": 0}"#, r#"{"exclusiveMinimum": true, "minimum": 1}"#),
            (r#"{"type": "string", "contentEncoding": "base64"}"#, r#"{"type": "string", "format": "byte"}"#),
            (r#"{"type": "object", "propertyNames": {"type": "string"}}"#, r#"{"type": "object"}"#),
            (r#"{"items": true, "type": "array"}"#, r#"{"items": {}, "type": "array"}"#),
            (r#"{"properties": {"a": false}}"#, r#"{"properties": {"a": {"not": {}}}}"#),
            (&format!("{{{a}}}"), &format!("{{{a}}}")),
            (&format!(r#"{{{a}, "description": "d"}}"#), &format!(r#"{{"description": "d", "allOf": [{{{a}}}]}}"#)),
            (
                &format!(r#"{{"oneOf": [{{{a}, "description": "d"}}, {{"type": "null"}}]}}"#),
                &format!(r#"{{"nullable": true, "description": "d", "allOf": [{{{a}}}]}}"#),
            ),
            (
                r#"{"oneOf": [{"type": "string", "description": "d"}, {"type": "null"}], "description": "o"}"#,
                r#"{"nullable": true, "type": "string", "description": "o"}"#,
            ),
            (
                r#"{"oneOf": [{"maxLength": 3}, {"type": "null"}], "maxLength": 2}"#,
                r#"{"nullable": true, "oneOf": [{"maxLength": 3}], "maxLength": 2}"#,
            ),
            (
                r#"{"anyOf": [{"type": "null"}, {"type": "string"}, {"const": 1}]}"#,
                r#"{"nullable": true, "anyOf": [{"type": "string"}, {"enum": [1]}]}"#,
            ),
            (
                r#"{"additionalProperties": {"const": 1}, "not": {"const": 2}, "allOf": [{"const": 3}]}"#,
                r#"{"additionalProperties": {"enum": [1]}, "not": {"enum": [2]}, "allOf": [{"enum": [3]}]}"#,
            ),
            // A property may have the name of a keyword.
            (r#"{"properties": {"const": {"const": 1}}}"#, r#"{"properties": {"const": {"enum": [1]}}}"#),
        ] {
            assert_eq!(schema(&json(of_3_1)), json(of_3_0), "{of_3_1}");
        }
    }

    #[test]
    fn outside_of_schemas_references_stand_alone_and_data_stays() {
        let document = json(
            r##"{
                "openapi": "3.1.0", "jsonSchemaDialect": "d", "webhooks": {"w": {}},
                "info": {"title": "t", "summary": "s", "license": {"name": "n", "identifier": "MIT"}},
                "paths": {"/a": {"get": {
                    "parameters": [{"$ref": "#/p", "description": "d"}, {"schema": {"const": 1}, "example": {"const": 1}}],
                    "responses": {"200": {"content": {"c": {
                        "schema": {"const": 1}, "examples": {"e": {"value": {"schema": {"const": 1}}}, "r": {"$ref": "#/e", "summary": "s"}}
                    }}}}
                }}},
                "components": {"schemas": {"A": {"const": 1}}, "pathItems": {}}
            }"##,
        );
        let expected = json(
            r##"{
                "openapi": "3.0.3",
                "info": {"title": "t", "license": {"name": "n", "url": "https://spdx.org/licenses/MIT.html"}},
                "paths": {"/a": {"get": {
                    "parameters": [{"$ref": "#/p"}, {"schema": {"enum": [1]}, "example": {"const": 1}}],
                    "responses": {"200": {"content": {"c": {
                        "schema": {"enum": [1]}, "examples": {"e": {"value": {"schema": {"const": 1}}}, "r": {"$ref": "#/e"}}
                    }}}}
                }}},
                "components": {"schemas": {"A": {"enum": [1]}}}
            }"##,
        );
        assert_eq!(convert(&document), expected);
    }
}
