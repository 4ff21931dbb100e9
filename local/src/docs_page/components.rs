//! What routes share: the description keeps it once and refers to it.

use crate::openapi::Json;

/// Returns `place` with every shared response, example, parameter, header and request body in the place of the reference to it.
/// References to schemas stay, because a schema may contain itself.
pub(super) fn expanded(place: &Json, document: &Json) -> Json {
    match place {
        Json::Array(elements) => Json::Array(elements.iter().map(|element| expanded(element, document)).collect()),
        Json::Object(members) => {
            let within = members.iter().map(|(name, member)| (name.clone(), expanded(member, document)));
            match shared(place, document).map(|target| expanded(target, document)) {
                // What stands beside a reference is said of this place (OpenAPI 3.1, "Reference Object").
                Some(Json::Object(target)) => {
                    Json::Object(target.into_iter().chain(within.filter(|(name, _)| name != "$ref")).collect())
                }
                Some(target) => target,
                None => Json::Object(within.collect()),
            }
        }
        plain => plain.clone(),
    }
}

/// The component that a reference leads to; `None` where this is no reference, or one to a schema.
fn shared<'d>(place: &'d Json, document: &'d Json) -> Option<&'d Json> {
    let path = place.get("$ref").and_then(Json::as_str)?;
    let is_component = path.starts_with("#/components/") && !path.starts_with("#/components/schemas/");
    is_component.then(|| place.resolved(document)).filter(|target| *target != place)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reference_to_anything_but_a_schema_gives_way_to_what_it_leads_to() {
        let text = r##"{
            "paths": {"/a": {"get": {
                "parameters": [{"$ref": "#/components/parameters/Id"}],
                "requestBody": {"$ref": "#/components/requestBodies/A"},
                "responses": {"404": {"$ref": "#/components/responses/Missing", "description": "No such a."}}
            }}},
            "components": {
                "parameters": {"Id": {"name": "id", "in": "path", "schema": {"$ref": "#/components/schemas/Id"}}},
                "requestBodies": {"A": {"content": {}}},
                "responses": {"Missing": {
                    "description": "Missing.",
                    "headers": {"X-Request-Id": {"$ref": "#/components/headers/XRequestId"}},
                    "content": {"application/problem+json": {"examples": {"gone": {"$ref": "#/components/examples/gone"}}}}
                }},
                "headers": {"XRequestId": {"description": "An id."}},
                "examples": {"gone": {"value": {"detail": "It is gone"}}},
                "schemas": {"Id": {"type": "string"}}
            }
        }"##;
        let document: Json = serde_json::from_str(text).unwrap();
        let expected = r##"{"/a":{"get":{"parameters":[{"name":"id","in":"path","schema":{"$ref":"#/components/schemas/Id"}}],"requestBody":{"content":{}},"responses":{"404":{"description":"No such a.","headers":{"X-Request-Id":{"description":"An id."}},"content":{"application/problem+json":{"examples":{"gone":{"value":{"detail":"It is gone"}}}}}}}}}}"##;
        let paths = expanded(document.get("paths").unwrap(), &document);
        assert_eq!(serde_json::to_string(&paths).unwrap(), expected);
    }

    #[test]
    fn a_reference_that_leads_nowhere_stays() {
        let document: Json = serde_json::from_str(r##"{"a": {"$ref": "#/components/headers/None"}}"##).unwrap();
        assert_eq!(expanded(&document, &document), document);
    }
}
