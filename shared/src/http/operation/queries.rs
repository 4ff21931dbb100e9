//! The parameters of query strings.

use utoipa::ToSchema;
use utoipa::openapi::Required;
use utoipa::openapi::path::{ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};

use super::{Operation, invalid_query, named, optional, parameter, revision_number};
use crate::http::query::{MAX_CURSOR, MOMENT};
use crate::http::{ApiError, MAX_PAGE};

impl Operation {
    /// [`crate::http::Query::get`] with the number of a revision.
    #[must_use]
    pub fn revision_query(mut self, name: &str, description: &str) -> Self {
        self.builder = self.builder.parameter(optional(name, ParameterIn::Query, description, revision_number()));
        self.refuses([ApiError::RevisionNotFound])
    }

    /// [`crate::http::Query::get`] with `shared` for the revision that is shared.
    #[must_use]
    pub fn shared_query(mut self) -> Self {
        let shared = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["shared"]));
        let description = "`shared` for the revision that other organizations see. Without it, the current one where you see it, \
                           else the shared one.";
        self.builder = self.builder.parameter(optional("revision", ParameterIn::Query, description, shared));
        self.refuses([invalid_query("the parameter \"revision\" is shared, or left out"), ApiError::RevisionNotFound])
    }

    /// [`crate::http::Query::of`] with no parameters.
    #[must_use]
    pub fn no_query(self) -> Self {
        self.refuses([invalid_query("there is no parameter \"verbose\" here; none is taken")])
    }

    /// [`crate::http::Query::limit`] and [`crate::http::Query::cursor`].
    #[must_use]
    pub fn paged(mut self) -> Self {
        let limit = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(MAX_PAGE));
        let at_most = format!("How many entries the page has at most; {MAX_PAGE} when absent.");
        let cursor = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some("^[A-Za-z0-9_-]+$"))
            .min_length(Some(1))
            .max_length(Some(MAX_CURSOR));
        self.builder =
            self.builder.parameter(optional("limit", ParameterIn::Query, &at_most, limit)).parameter(optional(
                "cursor",
                ParameterIn::Query,
                "Where the page starts: the `nextCursor` of the page before, unchanged. Without it, the first page.",
                cursor,
            ));
        self.refuses([invalid_query(&format!("the parameter \"limit\" is a whole number from 1 to {MAX_PAGE}"))])
    }

    /// [`crate::http::Query::get`] with one of the values of `T`, which is an enumeration.
    #[must_use]
    pub fn filtered_by<T: ToSchema>(mut self, name: &str, description: &str) -> Self {
        let parameter = ParameterBuilder::from(parameter::<T>(name, ParameterIn::Query, description));
        self.builder = self.builder.parameter(parameter.required(Required::False));
        self.schemas.push(named::<T>());
        self
    }

    /// [`crate::http::Query::moment`].
    #[must_use]
    pub fn moment(mut self, name: &str, description: &str) -> Self {
        let moment = ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples(["2026-05-15T09:00:00.000Z"]);
        self.builder = self.builder.parameter(optional(name, ParameterIn::Query, description, moment));
        self.refuses([invalid_query(&format!("the parameter {name:?} {MOMENT}"))])
    }

    /// [`crate::http::Query::flag`].
    #[must_use]
    pub fn flag(mut self, name: &str, description: &str) -> Self {
        let flag = ObjectBuilder::new().schema_type(Type::Boolean);
        self.builder = self.builder.parameter(optional(name, ParameterIn::Query, description, flag));
        self.refuses([invalid_query(&format!("the parameter {name:?} is true or false"))])
    }
}
