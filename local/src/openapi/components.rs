//! Components: what stands in several places of the description is written once, and the places refer to it.

use std::collections::HashMap;

use http::StatusCode;
use indexmap::IndexMap;

use super::Json;

/// A section of `components`.
#[derive(Clone, Copy)]
enum Section {
    Responses,
    Parameters,
    Examples,
}

impl Section {
    fn name(self) -> &'static str {
        match self {
            Self::Responses => "responses",
            Self::Parameters => "parameters",
            Self::Examples => "examples",
        }
    }

    /// Returns the name of a component by the key under which it stands: the codes of a problem's answer, a parameter's name, an
    /// example's code.
    fn component(self, key: &str, value: &Json) -> String {
        let words = match self {
            Self::Parameters => return pascal(value.text("name")),
            Self::Examples => return pascal(key),
            Self::Responses => value.members("content").flat_map(|(_, content)| content.members("examples")),
        };
        let codes: Vec<String> = words.map(|(code, _)| pascal(code)).collect();
        let status = StatusCode::from_bytes(key.as_bytes()).ok().and_then(|status| status.canonical_reason());
        if codes.is_empty() { pascal(status.unwrap_or(key)) } else { codes.join("Or") }
    }

    /// Calls `see` with each place of the section: the operation it belongs to, its key and its value.
    fn visit(self, document: &mut Json, see: &mut dyn FnMut(&str, &str, &mut Json)) {
        for operation in operations(document) {
            let id = pascal(operation.text("operationId"));
            match (self, operation) {
                (Self::Responses, Json::Object(operation)) => entries(operation.get_mut("responses"), &id, see),
                (Self::Parameters, Json::Object(operation)) => {
                    if let Some(Json::Array(parameters)) = operation.get_mut("parameters") {
                        parameters.iter_mut().for_each(|parameter| see(&id, "", parameter));
                    }
                }
                (Self::Examples, operation) => examples(operation, &id, see),
                _ => {}
            }
        }
        if let (Self::Examples, Some(components)) = (self, member(document, "components")) {
            examples(components, "", see);
        }
    }
}

/// Moves responses, parameters and examples that stand in several places to `components`.
pub(super) fn share(document: &mut Json) {
    // Answers first: their examples need no component where the answer has become one.
    for section in [Section::Responses, Section::Parameters, Section::Examples] {
        let mut counts: HashMap<String, usize> = HashMap::new();
        section.visit(document, &mut |_, _, value| *counts.entry(identity(value)).or_default() += 1);
        let mut names: HashMap<String, String> = HashMap::new();
        let mut components: IndexMap<String, Json> = IndexMap::new();
        section.visit(document, &mut |operation, key, value| {
            let identity = identity(value);
            if value.get("$ref").is_some() || counts.get(&identity).copied().unwrap_or_default() < 2 {
                return;
            }
            let name = names.entry(identity).or_insert_with(|| {
                let name = section.component(key, value);
                // Another one has the name already: this one is named after the operation that has it first.
                if components.contains_key(&name) { format!("{name}Of{operation}") } else { name }
            });
            let reference = Json::String(format!("#/components/{}/{name}", section.name()));
            let whole = std::mem::replace(value, Json::Object(IndexMap::from([("$ref".to_owned(), reference)])));
            components.insert(name.clone(), whole);
        });
        add(document, section, components);
    }
}

/// Two values that read the same are the same.
fn identity(value: &Json) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn add(document: &mut Json, section: Section, more: IndexMap<String, Json>) {
    let Some(Json::Object(components)) = member(document, "components") else { return };
    let section = components.entry(section.name().to_owned()).or_insert_with(|| Json::Object(IndexMap::new()));
    if let Json::Object(members) = section {
        members.extend(more);
        members.sort_keys();
    }
}

fn operations(document: &mut Json) -> impl Iterator<Item = &mut Json> {
    values(member(document, "paths")).flat_map(|item| values(Some(item)))
}

/// Calls `see` with each example that has a key, at any depth.
fn examples(place: &mut Json, operation: &str, see: &mut dyn FnMut(&str, &str, &mut Json)) {
    match place {
        Json::Object(members) if members.contains_key("schema") => entries(members.get_mut("examples"), operation, see),
        Json::Object(members) => members.values_mut().for_each(|member| examples(member, operation, see)),
        Json::Array(elements) => elements.iter_mut().for_each(|element| examples(element, operation, see)),
        _ => {}
    }
}

fn entries(object: Option<&mut Json>, operation: &str, see: &mut dyn FnMut(&str, &str, &mut Json)) {
    if let Some(Json::Object(members)) = object {
        members.iter_mut().for_each(|(key, value)| see(operation, key, value));
    }
}

fn member<'d>(object: &'d mut Json, key: &str) -> Option<&'d mut Json> {
    match object {
        Json::Object(members) => members.get_mut(key),
        _ => None,
    }
}

fn values(object: Option<&mut Json>) -> impl Iterator<Item = &mut Json> {
    let members = match object {
        Some(Json::Object(members)) => Some(members.values_mut()),
        _ => None,
    };
    members.into_iter().flatten()
}

/// `snapshot_not_found`, `If-Match` and `Not Modified` as names of components.
fn pascal(text: &str) -> String {
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(|word| word[..1].to_ascii_uppercase() + &word[1..]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_twice_is_referred_to_and_what_stands_once_stays() {
        let answer = |codes: &str| format!(r#"{{"content": {{"p": {{"schema": {{}}, "examples": {{{codes}}}}}}}}}"#);
        let gone = answer(r#""not_there": {"value": 1}"#);
        let refused = answer(r#""not_there": {"value": 1}, "refused": {"value": 2}"#);
        let other = answer(r#""refused": {"value": 2}, "more": {"value": 3}"#);
        let text = format!(
            r##"{{"paths": {{"/a": {{
                "get": {{"operationId": "getA", "parameters": [{{"name": "id", "in": "path"}}], "responses": {{"404": {gone}}}}},
                "put": {{"operationId": "putA", "parameters": [{{"name": "id", "in": "path"}}, {{"name": "b"}}], "responses": {{"404": {gone}, "422": {refused}}}}},
                "post": {{"operationId": "postA", "parameters": [{{"name": "id", "in": "query"}}, {{"name": "id", "in": "query"}}], "responses": {{"304": {{}}, "422": {other}}}}},
                "delete": {{"operationId": "deleteA", "responses": {{"304": {{}}}}}}
            }}}}, "components": {{}}}}"##
        );
        let mut document: Json = serde_json::from_str(&text).unwrap();
        let before = document.clone();
        share(&mut document);
        let components = document.get("components").unwrap();
        let names = |section: &str| -> Vec<&str> { components.members(section).map(|(name, _)| name).collect() };
        assert_eq!(names("responses"), ["NotModified", "NotThere"]);
        assert_eq!(names("parameters"), ["Id", "IdOfPostA"]);
        assert_eq!(names("examples"), ["NotThere", "Refused"]);
        let put = document.get("paths").and_then(|it| it.get("/a")?.get("put")).unwrap();
        assert_eq!(put.elements("parameters")[0].text("$ref"), "#/components/parameters/Id");
        assert_eq!(put.elements("parameters")[1].text("name"), "b");
        assert_eq!(whole(&document, &document), without_components(&before));
    }

    /// The document with every reference replaced by what it leads to.
    fn whole(place: &Json, document: &Json) -> Json {
        match place.resolved(document) {
            Json::Object(members) => Json::Object(
                members
                    .iter()
                    .filter(|(name, _)| *name != "components")
                    .map(|(name, value)| (name.clone(), whole(value, document)))
                    .collect(),
            ),
            Json::Array(elements) => Json::Array(elements.iter().map(|element| whole(element, document)).collect()),
            other => other.clone(),
        }
    }

    fn without_components(document: &Json) -> Json {
        whole(document, document)
    }
}
