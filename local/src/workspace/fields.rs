//! What an entry of the file is, in one place for both who need it: the reader of files and the writer of the JSON Schema.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use shared::domain::{
    MAX_TRUSTED_DESTINATIONS, ObjectId, Preferences, TrustedDestination, Violation, check_trusted_destinations,
};
use utoipa::openapi::schema::{ArrayBuilder, ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// Visits the fields of one object of the file. It goes on after a field that cannot be read, so that all errors come at once.
pub(super) trait FieldVisitor {
    /// Visits a field that must be there. Returns `None` if it cannot be read.
    fn required<T: DeserializeOwned + ToSchema>(&mut self, name: &'static str, about: &str) -> Option<T>;

    /// Visits a field that may be absent. Null is as absent.
    fn optional<T: DeserializeOwned + ToSchema>(&mut self, name: &'static str, about: &str) -> Option<T>;

    /// Visits a list of objects, which is empty if it is absent.
    fn elements<E: Entry>(&mut self, name: &'static str, about: &str, presence: Presence) -> Vec<ListEntry<E>>;

    /// Visits `_id` of an object whose other fields are open. Without it there must be a `name`, of which the id is made.
    fn id_or_name(&mut self) -> Option<ObjectId>;

    /// Takes all fields that were not visited: the object is open.
    fn rest(&mut self) -> Map<String, Value>;
}

/// Whether a field must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Required,
    Optional,
}

/// An object of the file.
pub(super) trait Entry: Sized {
    /// Visits each field. Returns `None` if one cannot be read, but only after it has visited all.
    fn visit(fields: &mut impl FieldVisitor) -> Option<Self>;
}

/// An entry of a list, with its JSON pointer.
#[derive(Debug)]
pub(super) struct ListEntry<E> {
    pub(super) pointer: String,
    pub(super) entry: E,
}

/// A text of the file, under the rules for requests.
#[derive(Deserialize)]
#[serde(try_from = "String", bound = "T: TryFrom<String, Error = Violation>")]
pub(super) struct ParsedText<T>(pub(super) T);

impl<T: TryFrom<String, Error = Violation>> TryFrom<String> for ParsedText<T> {
    type Error = Violation;

    fn try_from(text: String) -> Result<Self, Violation> {
        T::try_from(text).map(Self)
    }
}

impl<T: PartialSchema> PartialSchema for ParsedText<T> {
    fn schema() -> RefOr<Schema> {
        T::schema()
    }
}

impl<T: ToSchema> ToSchema for ParsedText<T> {}

/// The destinations that an organization trusts.
#[derive(Deserialize)]
#[serde(try_from = "Vec<ParsedText<TrustedDestination>>")]
pub(super) struct TrustedList(pub(super) Vec<String>);

impl TryFrom<Vec<ParsedText<TrustedDestination>>> for TrustedList {
    type Error = Violation;

    fn try_from(list: Vec<ParsedText<TrustedDestination>>) -> Result<Self, Violation> {
        let list: Vec<_> = list.into_iter().map(|destination| destination.0).collect();
        check_trusted_destinations(&list)?;
        Ok(Self(list.iter().map(ToString::to_string).collect()))
    }
}

impl PartialSchema for TrustedList {
    fn schema() -> RefOr<Schema> {
        ArrayBuilder::new()
            .items(TrustedDestination::schema())
            .max_items(Some(MAX_TRUSTED_DESTINATIONS))
            .description(Some("Where automations of others may send, as a plan lists it."))
            .into()
    }
}

impl ToSchema for TrustedList {}

/// The switches of automations.
#[derive(Deserialize)]
#[serde(transparent)]
pub(super) struct SwitchMap(pub(super) Preferences);

impl PartialSchema for SwitchMap {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Object)
            .description(Some("Whether each automation is on, by its id. One that is absent is on."))
            .property_names(id_schema())
            .additional_properties(Some(bool::schema()))
            .into()
    }
}

impl ToSchema for SwitchMap {}

/// Returns the schema of an id, without a reference.
fn id_schema() -> Option<Schema> {
    match ObjectId::schema() {
        RefOr::T(schema) => Some(schema),
        RefOr::Ref(_) => None,
    }
}
