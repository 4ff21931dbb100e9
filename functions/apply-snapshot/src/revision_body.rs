//! Which revision of a snapshot a body asks for: a number, or `"shared"`.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::{Serialize, Serializer};
use shared::domain::sharing::RevisionChoice;
use shared::http::RevisionNumber;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

const SHARED: &str = "shared";

/// The field `revision` of a body.
pub(crate) struct RevisionBody(pub(crate) RevisionChoice);

impl<'de> Deserialize<'de> for RevisionBody {
    fn deserialize<D: Deserializer<'de>>(field: D) -> Result<Self, D::Error> {
        field.deserialize_any(RevisionVisitor)
    }
}

struct RevisionVisitor;

impl Visitor<'_> for RevisionVisitor {
    type Value = RevisionBody;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the number of a revision or \"shared\"")
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<RevisionBody, E> {
        let revision = u32::try_from(number).ok().filter(|number| *number > 0);
        let wrong = || E::invalid_value(Unexpected::Unsigned(number), &self);
        revision.map(|number| RevisionBody(RevisionChoice::Number(number))).ok_or_else(wrong)
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<RevisionBody, E> {
        match RevisionNumber::from_float(number) {
            Some(RevisionNumber(whole)) => self.visit_u64(whole.into()),
            None => Err(E::invalid_value(Unexpected::Float(number), &self)),
        }
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<RevisionBody, E> {
        match text {
            SHARED => Ok(RevisionBody(RevisionChoice::Shared)),
            other => Err(E::invalid_value(Unexpected::Str(other), &self)),
        }
    }
}

/// For a fingerprint.
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
