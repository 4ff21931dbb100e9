//! Bodies whose fields are all optional, and of which one is needed all the same.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde_json::{Value, json};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// The schema of `T`, for a body that has at least one of its fields, and not as null.
pub struct AtLeastOne<T>(PhantomData<T>);

impl<T: ToSchema> PartialSchema for AtLeastOne<T> {
    fn schema() -> RefOr<Schema> {
        let RefOr::T(Schema::Object(mut object)) = T::schema() else { return T::schema() };
        let given = |name: &String| json!({"required": [name], "properties": {name: {"not": {"type": "null"}}}});
        let one_of_them: Vec<Value> = object.properties.keys().map(given).collect();
        // This version of the library has no field for it; extensions are written out as they are.
        object.extensions = Some(Extensions::from_iter([("anyOf", one_of_them)]));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(ToSchema)]
    #[expect(dead_code, reason = "only its schema is looked at")]
    struct Change {
        name: Option<String>,
        count: Option<u32>,
    }

    #[test]
    fn one_field_is_needed_and_null_is_none() {
        let schema = serde_json::to_value(AtLeastOne::<Change>::schema()).unwrap();
        let given = |name: &str| json!({"required": [name], "properties": {name: {"not": {"type": "null"}}}});
        assert_eq!(schema["anyOf"], json!([given("name"), given("count")]));
        assert_eq!(schema["properties"].as_object().map(serde_json::Map::len), Some(2));
        assert_eq!(AtLeastOne::<Change>::name(), Change::name());
    }
}
