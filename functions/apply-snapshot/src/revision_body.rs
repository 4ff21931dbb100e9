//! The field `revision` of a body: a number, or `"shared"`.

use serde::de::{Deserialize, Deserializer, Error};
use serde::{Serialize, Serializer};
use serde_json::Value;
use shared::domain::sharing::RevisionChoice;
use shared::http::{RevisionNumber, unexpected};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

const SHARED: &str = "shared";

/// The field `revision` of a body.
pub(crate) struct RevisionBody(pub(crate) RevisionChoice);

impl<'de> Deserialize<'de> for RevisionBody {
    fn deserialize<D: Deserializer<'de>>(field: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(field)?;
        let revision = match &value {
            Value::String(text) => (text == SHARED).then_some(RevisionChoice::Shared),
            other => other
                .as_f64()
                .and_then(RevisionNumber::from_float)
                .and_then(|RevisionNumber(number)| (number > 0).then_some(RevisionChoice::Number(number))),
        };
        let expected = "the number of a revision or \"shared\"";
        revision.map(Self).ok_or_else(|| D::Error::invalid_value(unexpected(&value), &expected))
    }
}

/// Writes the form that a fingerprint covers.
impl Serialize for RevisionBody {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            RevisionChoice::Usual => serializer.serialize_none(),
            RevisionChoice::Shared => serializer.serialize_str(SHARED),
            RevisionChoice::Number(number) => serializer.serialize_u32(number),
        }
    }
}

impl PartialSchema for RevisionBody {
    fn schema() -> RefOr<Schema> {
        let number = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(u32::MAX));
        let shared = ObjectBuilder::new().schema_type(Type::String).enum_values(Some([SHARED]));
        let either = OneOfBuilder::new().item(number).item(shared);
        either.description(Some("The number of a revision, or `shared`.")).into()
    }
}

impl ToSchema for RevisionBody {
    fn name() -> std::borrow::Cow<'static, str> {
        "RevisionChoice".into()
    }
}
