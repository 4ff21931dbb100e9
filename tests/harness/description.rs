//! Compares every answer that a test gets with the API's description. An answer that is not described fails the test.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use http::Method;
use jsonschema::{Draft, Validator};
use serde_json::{Map, Value, json};
use shared::http::route;

use crate::Answer;

/// The description from the code. Another test compares it with the committed file.
static DESCRIPTION: LazyLock<Value> = LazyLock::new(|| {
    let text = local::openapi::text().expect("there is a description");
    serde_json::from_str(&text).expect("the description is JSON")
});

/// Compiled validators, by the position of the schema.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);

/// Headers with a meaning for clients. If an answer has one, the description must list it. [`check_always`] compares those that every
/// answer has for browsers and caches.
const TELLING: [&str; 7] =
    ["etag", "retry-after", "allow", "www-authenticate", "content-security-policy", "x-request-id", "location"];

/// Fails the test unless the description has this answer to `method` and `path`: status, headers, content type and body and, for a
/// problem, its code. The body of a successful request must be described too.
#[track_caller]
pub(crate) fn check(method: &Method, path: &str, sent: Option<&Value>, answer: &Answer) {
    check_always(method, path, answer);
    let Some(found) = route::find(method, path) else { return check_unknown(method, path, answer) };
    let template = found.route.path;
    let place = format!("{method} {template} {}", answer.status);
    let operation = &DESCRIPTION["paths"][template][method.as_str().to_ascii_lowercase()];
    let response = resolved(&operation["responses"][answer.status.to_string()]);
    assert!(response.is_object(), "{place} is not described: {}", answer.text);
    check_headers(&place, response, answer);
    check_body(&place, response, answer);
    let refusals = answer.body.pointer("/plan/refusals").and_then(Value::as_array).is_some_and(|all| !all.is_empty());
    let schema = operation.pointer("/requestBody/content/application~1json/schema");
    // The body of a request that takes none is ignored.
    if let (Some(sent), Some(schema), 200..=299, false) = (sent, schema, answer.status, refusals) {
        // Null has a meaning of its own in some bodies.
        let place = format!("{place}, the request");
        if !compile(schema).is_valid(sent) {
            validate(&place, schema, &without_nulls(sent));
        }
    }
}

/// Checks the headers of every answer, also of an unknown path and of a preflight.
#[track_caller]
fn check_always(method: &Method, path: &str, answer: &Answer) {
    let place = format!("{method} {path} {}", answer.status);
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"), "{place}");
    assert_eq!(answer.header("strict-transport-security"), Some("max-age=63072000"), "{place}");
    let kept = answer.header("cache-control");
    let is_for_all =
        ["/", "/docs", "/openapi.json", "/openapi-3.0.json"].contains(&path) && [200, 304].contains(&answer.status);
    assert_eq!(kept, Some(if is_for_all { "public, max-age=300" } else { "no-store" }), "{place}");
}

/// Checks an answer without a route. The description states these once for all paths, in words.
#[track_caller]
fn check_unknown(method: &Method, path: &str, answer: &Answer) {
    let allowed = route::allowed_methods(path);
    if *method == Method::OPTIONS && answer.status == 204 {
        // A preflight, which the CORS protocol describes.
        return;
    }
    let expected = if allowed.is_empty() { (404, "not_found") } else { (405, "method_not_allowed") };
    let code = answer.body["code"].as_str().unwrap_or_default();
    assert_eq!((answer.status, code), expected, "{method} {path}: {}", answer.text);
    assert_eq!(answer.header("allow").is_some(), answer.status == 405, "{method} {path}");
    validate("any problem", &json!({"$ref": "#/components/schemas/Problem"}), &answer.body);
}

/// What was sent without the fields that are null: the description says once for every body that null is as absent, unless it
/// describes null itself.
fn without_nulls(sent: &Value) -> Value {
    match sent {
        Value::Object(fields) => {
            let given = fields.iter().filter(|(name, value)| !value.is_null() || *name == "refresh");
            given.map(|(name, value)| (name.clone(), without_nulls(value))).collect()
        }
        other => other.clone(),
    }
}

#[track_caller]
fn check_headers(place: &str, response: &Value, answer: &Answer) {
    let empty = Map::new();
    let described = response["headers"].as_object().unwrap_or(&empty);
    for (name, header) in described {
        let header = resolved(header);
        match answer.header(name) {
            Some(value) => {
                let schema = &header["schema"];
                let value = match schema["type"].as_str() {
                    Some("integer") => serde_json::from_str(value).unwrap_or_else(|_| json!(value)),
                    _ => json!(value),
                };
                validate(&format!("{place}, {name}"), schema, &value);
            }
            None => assert_ne!(header["required"], true, "{place} has no {name}"),
        }
    }
    for name in TELLING.into_iter().filter(|name| answer.headers.contains_key(*name)) {
        let is_described = described.keys().any(|known| known.eq_ignore_ascii_case(name));
        assert!(is_described, "{place}: nothing is said of {name}");
    }
}

#[track_caller]
fn check_body(place: &str, response: &Value, answer: &Answer) {
    let Some(contents) = response["content"].as_object() else {
        assert_eq!(answer.text, "", "{place} is described without a body");
        return;
    };
    let content_type = answer.header("content-type").unwrap_or_default();
    let content = contents.get(content_type).unwrap_or_else(|| panic!("{place}: nothing is said of {content_type:?}"));
    let text = json!(answer.text);
    let body = if content_type.ends_with("json") { &answer.body } else { &text };
    validate(place, &content["schema"], body);
    if content_type == "application/problem+json" {
        // The schema leaves the codes open; the examples name those that the service has.
        let code = body["code"].as_str().unwrap_or_default();
        assert!(content["examples"][code].is_object(), "{place}: nothing is said of the code {code:?}");
        assert_eq!(body["status"], answer.status, "{place}");
    }
}

/// Fails the test unless `value` fits `schema` and has only its fields.
#[track_caller]
pub fn validate(place: &str, schema: &Value, value: &Value) {
    let validator = {
        let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
        validators.entry(place.to_owned()).or_insert_with(|| Arc::new(compile(schema))).clone()
    };
    let errors: Vec<String> =
        validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{place} is not as described:\n{}", errors.join("\n"));
}

fn compile(schema: &Value) -> Validator {
    let mut root = closed(schema);
    root["components"] = without_strangers(&DESCRIPTION["components"]);
    // What somebody stored as another type comes as it is stored; what the CRM writes is compared in tests/api/edge/openapi.rs.
    root["components"]["schemas"]["Document"] = json!({"type": "object", "additionalProperties": true});
    let options = jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true);
    options.build(&root).expect("the schema is one")
}

/// Returns the schema of one place, closed for unknown fields. The description leaves answers open so that clients accept new fields,
/// but every field of today must be in it.
fn closed(schema: &Value) -> Value {
    let mut schema = without_strangers(schema);
    // A schema without a type allows any value, such as a field of an open object.
    let is_of_anything = |members: &serde_json::Map<String, Value>| members.keys().all(|name| name == "description");
    if !schema.as_object().is_some_and(is_of_anything) {
        schema["unevaluatedProperties"] = json!(false);
    }
    schema
}

/// Returns the schema, or object of schemas, with the places within it closed. Parts of a composition stay open, because each knows
/// only its own fields.
fn without_strangers(schema: &Value) -> Value {
    let Some(members) = schema.as_object() else {
        return schema.as_array().map_or_else(|| schema.clone(), |all| all.iter().map(without_strangers).collect());
    };
    let within = |(name, value): (&String, &Value)| {
        let value = match (name.as_str(), value) {
            ("properties", Value::Object(properties)) => {
                properties.iter().map(|(name, schema)| (name.clone(), closed(schema))).collect()
            }
            ("items" | "additionalProperties", Value::Object(_)) => closed(value),
            ("example" | "examples" | "enum" | "default" | "required", _) => value.clone(),
            // Clients take codes that are new; what is answered now is in the list.
            ("x-extensible-enum", _) => return ("enum".to_owned(), value.clone()),
            _ => without_strangers(value),
        };
        (name.clone(), value)
    };
    members.iter().map(within).collect()
}

/// Returns the target of a reference within the description, or the value itself if it is not a reference.
pub fn resolved(value: &Value) -> &Value {
    let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
    pointer.map_or(value, |pointer| DESCRIPTION.pointer(pointer).expect("a reference leads somewhere"))
}
