//! Schemas as lists of fields.

use maud::{Markup, html};

use super::inline;
use crate::openapi::{Json, properties};

/// Who writes the fields, which decides what to show about them.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// The client: show which fields it must send.
    Request,
    /// The service: show which fields may be left out.
    Answer,
}

/// Renders the fields of an object, or of the objects of an array, with inner fields folded.
pub(super) fn fields(document: &Json, schema: &Json, side: Side) -> Markup {
    let object = object_within(document, schema);
    let all = properties(object, document);
    let required = required(object, document);
    html! {
        @if !all.is_empty() {
            dl .fields {
                @for (name, property) in all {
                    dt {
                        code .name { (name) } " "
                        span .type { (kind(document, property)) }
                        @match (side, required.contains(&name)) {
                            (Side::Request, true) => { " " em { "required" } }
                            (Side::Answer, false) => { " " span .type { "· not always" } }
                            _ => {}
                        }
                    }
                    dd {
                        (words(document, property))
                        @let within = object_within(document, property);
                        @if !properties(within, document).is_empty() {
                            details { summary { "Its fields" } (fields(document, within, side)) }
                        }
                    }
                }
            }
        }
    }
}

/// Renders the description of a value, or that of its type, and its limits.
pub(super) fn words(document: &Json, schema: &Json) -> Markup {
    let actual = not_null(document, schema);
    let own =
        [schema, first_of(schema), actual].into_iter().map(|it| it.text("description")).find(|text| !text.is_empty());
    let of_type = Some(actual.text("description")).filter(|text| Some(*text) != own && is_text(actual));
    html! {
        @if let Some(own) = own { (inline(own)) }
        @if let Some(of_type) = of_type { " " span .of-type { (inline(of_type)) } }
        @for limit in limits(actual) { " " code .limit { (limit) } }
    }
}

/// Returns the type of a value in a word or two.
pub(super) fn kind(document: &Json, schema: &Json) -> String {
    let actual = not_null(document, schema);
    let name = schema_name(schema).or_else(|| schema_name(first_of(schema)));
    let base = match actual.get("type") {
        Some(Json::String(name)) => name.as_str(),
        Some(Json::Array(names)) => {
            names.iter().filter_map(Json::as_str).find(|name| *name != "null").unwrap_or("value")
        }
        _ => "object",
    };
    match (base, actual.get("items"), actual.get("additionalProperties")) {
        ("array", Some(items), _) => format!("array of {}", kind(document, items)),
        ("object", _, Some(values @ Json::Object(_))) => format!("map of {}", kind(document, values)),
        ("object", ..) => "object".to_owned(),
        (base, ..) => name.map_or_else(|| base.to_owned(), |name| format!("{base} · {name}")),
    }
}

fn limits(schema: &Json) -> Vec<String> {
    let mut limits = Vec::new();
    let values = ["enum", "x-extensible-enum"].into_iter().flat_map(|name| schema.elements(name));
    let values: Vec<&str> = values.filter_map(Json::as_str).collect();
    if !values.is_empty() {
        limits.push(values.join(" | "));
    }
    for (low, high, unit) in [
        ("minimum", "maximum", ""),
        ("minLength", "maxLength", " characters"),
        ("minItems", "maxItems", " entries"),
        ("minProperties", "maxProperties", " fields"),
    ] {
        match (number(schema, low), number(schema, high)) {
            (Some(low), Some(high)) => limits.push(format!("{low} to {high}{unit}")),
            (None, Some(high)) => limits.push(format!("at most {high}{unit}")),
            // A count is never negative.
            (Some(low), None) if low != "0" => limits.push(format!("at least {low}{unit}")),
            _ => {}
        }
    }
    limits
}

fn number(schema: &Json, name: &str) -> Option<String> {
    match schema.get(name) {
        Some(Json::Number(number)) => Some(number.to_string()),
        _ => None,
    }
}

fn is_text(schema: &Json) -> bool {
    schema.text("type") == "string"
}

fn schema_name(schema: &Json) -> Option<&str> {
    schema.get("$ref").and_then(Json::as_str).and_then(|path| path.rsplit('/').next())
}

/// Returns the first alternative of a schema; for a value that may be null, the other one.
fn first_of(schema: &Json) -> &Json {
    schema.elements("oneOf").first().unwrap_or(schema)
}

fn not_null<'d>(document: &'d Json, schema: &'d Json) -> &'d Json {
    first_of(schema).resolved(document)
}

/// Returns the schema whose fields are shown: that of the elements of an array, or of the values of a map.
fn object_within<'d>(document: &'d Json, schema: &'d Json) -> &'d Json {
    let actual = not_null(document, schema);
    match (actual.get("items"), actual.get("additionalProperties")) {
        (Some(within), _) | (None, Some(within @ Json::Object(_))) => object_within(document, within),
        _ => actual,
    }
}

/// Returns the names of the required fields, including those of the schemas that this one is composed of.
fn required<'d>(schema: &'d Json, document: &'d Json) -> Vec<&'d str> {
    let schema = schema.resolved(document);
    let own = schema.elements("required").iter().filter_map(Json::as_str);
    own.chain(schema.elements("allOf").iter().flat_map(|part| required(part, document))).collect()
}
