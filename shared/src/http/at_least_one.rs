//! Bodies whose fields are all optional, and of which one is needed all the same.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde_json::{Value, json};
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A body whose fields are all optional.
pub trait OptionalFields: ToSchema {
    /// The fields in which null is a value of its own. In all others it is as absent.
    const NULL_COUNTS: &'static [&'static str] = &[];
}

/// The schema of `T`, for a body that has at least one of its fields, and not as null where that is as absent.
pub struct AtLeastOne<T>(PhantomData<T>);

impl<T: OptionalFields> PartialSchema for AtLeastOne<T> {
    fn schema() -> RefOr<Schema> {
        let RefOr::T(Schema::Object(mut object)) = T::schema() else { return T::schema() };
        let given = |name: &String| match T::NULL_COUNTS.contains(&name.as_str()) {
            true => json!({"required": [name]}),
            false => json!({"required": [name], "properties": {name: {"not": {"type": "null"}}}}),
        };
        let one_of_them: Vec<Value> = object.properties.keys().map(given).collect();
        // This version of the library has no field for it; extensions are written out as they are.
        object.extensions = Some(Extensions::from_iter([("anyOf", one_of_them)]));
        RefOr::T(Schema::Object(object))
    }
}

impl<T: OptionalFields> ToSchema for AtLeastOne<T> {
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
    struct EditableFields {
        name: Option<String>,
        count: Option<u32>,
        schedule: Option<Option<String>>,
    }

    impl OptionalFields for EditableFields {
        const NULL_COUNTS: &'static [&'static str] = &["schedule"];
    }

    #[test]
    fn one_field_is_needed_and_null_is_none_unless_it_is_a_value_of_its_own() {
        let schema = serde_json::to_value(AtLeastOne::<EditableFields>::schema()).unwrap();
        let given = |name: &str| json!({"required": [name], "properties": {name: {"not": {"type": "null"}}}});
        assert_eq!(schema["anyOf"], json!([given("name"), given("count"), {"required": ["schedule"]}]));
        assert_eq!(schema["properties"].as_object().map(serde_json::Map::len), Some(3));
        assert_eq!(AtLeastOne::<EditableFields>::name(), EditableFields::name());
    }
}
