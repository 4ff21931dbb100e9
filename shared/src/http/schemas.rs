//! Schemas of request and answer types that the derived ones do not say.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde_json::json;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The schema of `T`, for a body whose fields are all optional and that has at least one of them.
pub struct AtLeastOne<T>(PhantomData<T>);

impl<T: ToSchema> PartialSchema for AtLeastOne<T> {
    fn schema() -> RefOr<Schema> {
        let RefOr::T(Schema::Object(mut object)) = T::schema() else { return T::schema() };
        // This version of the library has no field for it; extensions are written out as they are.
        object.extensions = Some(Extensions::from_iter([("minProperties", 1)]));
        RefOr::T(Schema::Object(object))
    }
}

impl<T: ToSchema> ToSchema for AtLeastOne<T> {
    fn name() -> Cow<'static, str> {
        T::name()
    }

    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        T::schemas(schemas);
    }
}

/// Returns the schema of a field with a code of `T`, which is an enumeration, for an answer: a text, so that a client takes a code that is
/// new. The codes of today stand in `x-extensible-enum`.
pub fn open_codes<T: ToSchema>() -> RefOr<Schema> {
    let RefOr::T(Schema::Object(mut object)) = T::schema() else { return T::schema() };
    let codes = object.enum_values.take().unwrap_or_default();
    let words = object.description.take().unwrap_or_default();
    object.description = Some(format!("{words} There may be more."));
    object.extensions = Some(Extensions::from_iter([("x-extensible-enum", json!(codes))]));
    RefOr::T(Schema::Object(object))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(ToSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct ChangeBody {
        name: Option<String>,
        count: Option<u32>,
    }

    /// The kinds.
    #[derive(ToSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    enum Code {
        One,
        Two,
    }

    #[test]
    fn one_field_is_needed() {
        let schema = serde_json::to_value(AtLeastOne::<ChangeBody>::schema()).unwrap();
        assert_eq!(schema["minProperties"], 1);
        assert_eq!(schema["properties"].as_object().map(serde_json::Map::len), Some(2));
        assert_eq!(AtLeastOne::<ChangeBody>::name(), ChangeBody::name());
    }

    #[test]
    fn codes_are_named_and_open() {
        let schema = serde_json::to_value(open_codes::<Code>()).unwrap();
        let expected = json!({
            "type": "string", "description": "The kinds. There may be more.", "x-extensible-enum": ["One", "Two"]
        });
        assert_eq!(schema, expected);
    }
}
