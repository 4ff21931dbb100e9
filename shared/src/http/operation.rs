//! What the API's description (OpenAPI 3.1) says of one route.
//!
//! A handler is a row of steps, and each step that can refuse a request has its method here: it adds what the step reads
//! and how it refuses. When a handler gets one more step, its function's `operations.rs` calls the method of that step,
//! or [`Operation::refuses`] for a refusal that only this handler has. The code that answers an error also renders its
//! description, so the two cannot differ.

mod headers;
mod queries;

use std::collections::BTreeMap;

use http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_MATCH, IF_NONE_MATCH};
use http::{HeaderName, StatusCode};
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required};

use self::headers::{header, header_name, with_headers};
pub use self::headers::{headers, request_id_parameter};
use super::actor::no_such_organization;
use super::answer::IDEMPOTENT_REPLAYED;
use super::idempotency::IDEMPOTENCY_KEY;
use super::problem::{Problem, render};
use super::query::NO_ORGANIZATION_ID;
use super::{
    ActingPlace, ApiError, Authorization, FieldError, FunctionOperation, MAX_REQUEST_BYTES, ORGANIZATION_ID, Route,
};

/// The name of the way to say who is calling, under `securitySchemes`.
pub const BEARER: &str = "bearer";
/// The id of the answers in examples.
const EXAMPLE_REQUEST_ID: &str = "665f1a0c0e0a4b001a2c9f80";

/// A description of one route, to be put together step by step.
pub struct Operation {
    route: &'static Route,
    builder: OperationBuilder,
    schemas: Vec<(String, RefOr<Schema>)>,
    answers: Vec<(StatusCode, ResponseBuilder)>,
    refusals: Vec<ApiError>,
    replays: bool,
}

/// A finished description, with the schemas that it refers to.
pub struct OperationDescription {
    /// The operation's line in the table.
    pub route: &'static Route,
    /// The operation as an OpenAPI document has it.
    pub operation: utoipa::openapi::path::Operation,
    /// By name, each as often as something refers to it.
    pub schemas: Vec<(String, RefOr<Schema>)>,
}

impl Operation {
    /// Begins the description of an operation with its line of the table: the name in generated clients, the group, and how
    /// [`crate::call::Call::begin`] refuses.
    pub fn new(operation: impl FunctionOperation) -> Self {
        let route = operation.route();
        let builder = OperationBuilder::new()
            .operation_id(Some(route.id.name()))
            .tag(route.tag.name())
            .parameter_ref(Ref::new("#/components/parameters/XRequestId"));
        let begun =
            Self { route, builder, schemas: Vec::new(), answers: Vec::new(), refusals: Vec::new(), replays: false };
        let begun = match route.authorization {
            Authorization::Public => Self { builder: begun.builder.securities(Some([])), ..begun },
            Authorization::Token => begun.token(),
            Authorization::Action(action) => begun.token().refuses([ApiError::Forbidden(action.refusal().to_owned())]),
        };
        match route.id.acting_place() {
            ActingPlace::Query => begun.acting(),
            ActingPlace::Body | ActingPlace::Nowhere => begun,
        }
    }

    /// [`crate::call::Call::begin`] where the query string names the organization to act in.
    fn acting(mut self) -> Self {
        let parameter = ParameterBuilder::from(parameter::<crate::domain::ObjectId>(
            ORGANIZATION_ID,
            ParameterIn::Query,
            "The organization that a SUPERADMIN acts in; your own when absent. Another one is 403 for anybody else.",
        ));
        self.builder = self.builder.parameter(parameter.required(Required::False));
        self.schemas.push(named::<crate::domain::ObjectId>());
        self.refuses([invalid_query(NO_ORGANIZATION_ID), no_such_organization(ActingPlace::Query)])
    }

    /// What it does: in a few words, and then at the length that somebody needs who uses it for the first time
    /// (CommonMark).
    #[must_use]
    pub fn does(mut self, summary: &str, description: &str) -> Self {
        self.builder = self.builder.summary(Some(summary)).description(Some(description));
        self
    }

    /// [`super::RequestContext::authenticate`].
    fn token(mut self) -> Self {
        self.builder = self.builder.security(SecurityRequirement::new(BEARER, [] as [&str; 0]));
        self.refuses([ApiError::Unauthenticated("")])
    }

    /// [`super::RequestContext::path_id`].
    #[must_use]
    pub fn path_id(mut self, name: &str, description: &str) -> Self {
        self.builder =
            self.builder.parameter(parameter::<crate::domain::ObjectId>(name, ParameterIn::Path, description));
        self.schemas.push(named::<crate::domain::ObjectId>());
        let Err(malformed) = super::route::parse_id("my-snapshot") else { return self };
        self.refuses([malformed])
    }

    /// [`super::RequestContext::path_revision`].
    #[must_use]
    pub fn path_revision(mut self) -> Self {
        let parameter = optional("revision", ParameterIn::Path, "The number of a revision.", revision_number());
        self.builder = self.builder.parameter(parameter.required(Required::True));
        let Err(malformed) = super::route::parse_revision("latest") else { return self };
        self.refuses([malformed, ApiError::RevisionNotFound])
    }

    /// [`super::IfMatch`].
    #[must_use]
    pub fn if_match(mut self, description: &str) -> Self {
        let tags =
            ObjectBuilder::new().schema_type(Type::String).pattern(Some(super::etag::PATTERN)).examples(["\"3.1\""]);
        self.builder = self.builder.parameter(optional(header_name(&IF_MATCH), ParameterIn::Header, description, tags));
        let malformed = ApiError::InvalidHeader(super::etag::MALFORMED.to_owned());
        self.refuses([malformed, ApiError::Stale])
    }

    /// [`super::IdempotencyKey`], whose answers may be marked by [`super::Answer::replayed`].
    #[must_use]
    pub fn idempotency_key(mut self, description: &str) -> Self {
        let key = ObjectBuilder::new()
            .schema_type(Type::String)
            .pattern(Some(super::idempotency::PATTERN))
            .examples(["8e03978e-40d5-43e8-bc93-6894a57f9324"]);
        let name = header_name(&IDEMPOTENCY_KEY);
        self.builder = self.builder.parameter(optional(name, ParameterIn::Header, description, key));
        self.replays = true;
        self.refuses([super::idempotency::malformed(), ApiError::KeyReused])
    }

    /// [`super::body::JsonBody`]. `example` is JSON, and `wrong` something that somebody might get wrong.
    #[must_use]
    pub fn body<T: ToSchema>(self, example: &str, wrong: FieldError) -> Self {
        self.body_where::<T>(Required::True, "", example, wrong)
    }

    /// The same, where no body at all is as `{}`.
    #[must_use]
    pub fn optional_body<T: ToSchema>(self, example: &str, wrong: FieldError) -> Self {
        self.body_where::<T>(Required::False, " No body at all is as `{}`.", example, wrong)
    }

    fn body_where<T: ToSchema>(mut self, required: Required, more: &str, example: &str, wrong: FieldError) -> Self {
        // What is no JSON stays a text, which then is no example of the schema.
        let example = serde_json::from_str(example).unwrap_or_else(|_| json!(example));
        let content = ContentBuilder::new().schema(Some(reference::<T>())).example(Some(example)).build();
        let body = RequestBodyBuilder::new()
            .description(Some(format!(
                "JSON in UTF-8 of at most {} bytes. Fields that are not listed are refused; null for an optional field is \
                 as absent.{more}",
                MAX_REQUEST_BYTES
            )))
            .required(Some(required))
            .content("application/json", content);
        self.builder = self.builder.request_body(Some(body.build()));
        self.refer::<T>();
        self.refuses([
            ApiError::InvalidJson("expected `,` or `}` at line 3 column 3".to_owned()),
            ApiError::InvalidBody(vec![wrong]),
            ApiError::BodyTooLarge,
            ApiError::UnsupportedMediaType,
        ])
    }

    /// Anything that asks the table, or makes something that can fail inside.
    #[must_use]
    pub fn works(self) -> Self {
        let retry_after = std::time::Duration::from_secs(1);
        self.refuses([
            ApiError::Internal { cause: String::new() },
            ApiError::Unavailable { retry_after, cause: String::new() },
        ])
    }

    /// Further ways in which it refuses a request, each as it may be answered.
    #[must_use]
    pub fn refuses(mut self, errors: impl IntoIterator<Item = ApiError>) -> Self {
        self.refusals.extend(errors);
        self
    }

    /// [`super::Answer::json`]: what comes when all goes well, with its headers beyond those that every answer has.
    #[must_use]
    pub fn answers<T: ToSchema>(
        mut self,
        status: StatusCode,
        description: &str,
        headers: &[HeaderName],
        example: Value,
    ) -> Self {
        self.refer::<T>();
        let content = ContentBuilder::new().schema(Some(reference::<T>())).example(Some(example)).build();
        let response = ResponseBuilder::new().description(description).content("application/json", content);
        let mut response = with_headers(response, headers);
        if self.replays {
            response = response.header(header_name(&IDEMPOTENT_REPLAYED), header(&IDEMPOTENT_REPLAYED));
        }
        self.answers.push((status, response));
        self
    }

    /// A file that is the same for everybody, with its entity tag, and 304 for a client that has it already.
    #[must_use]
    pub fn serves(mut self, content_type: &str, description: &str, schema: ObjectBuilder, more: &[HeaderName]) -> Self {
        let tags = ObjectBuilder::new().schema_type(Type::String);
        self.builder = self.builder.parameter(optional(
            header_name(&IF_NONE_MATCH),
            ParameterIn::Header,
            "The `ETag` of the copy that you have: the answer is 304 while it is the current one.",
            tags,
        ));
        let content = ContentBuilder::new().schema(Some(schema)).build();
        let response = ResponseBuilder::new().description(description).content(content_type, content);
        let headers: Vec<HeaderName> = [ETAG, CACHE_CONTROL].into_iter().chain(more.iter().cloned()).collect();
        self.answers.push((StatusCode::OK, with_headers(response, &headers)));
        let unchanged = ResponseBuilder::new().description("Your copy is the current one; there is no body.");
        self.answers.push((StatusCode::NOT_MODIFIED, with_headers(unchanged, &headers)));
        self
    }

    /// The finished description.
    pub fn build(mut self) -> OperationDescription {
        let mut by_status: BTreeMap<StatusCode, Vec<&ApiError>> = BTreeMap::new();
        for error in &self.refusals {
            by_status.entry(error.status()).or_default().push(error);
        }
        let mut builder = self.builder;
        for (status, response) in self.answers {
            builder = builder.response(status.as_str(), response);
        }
        for (status, errors) in &by_status {
            builder = builder.response(status.as_str(), problem(errors));
        }
        if !by_status.is_empty() {
            self.schemas.push(named::<Problem<'static>>());
            Problem::schemas(&mut self.schemas);
        }
        OperationDescription { route: self.route, operation: builder.build(), schemas: self.schemas }
    }

    fn refer<T: ToSchema>(&mut self) {
        self.schemas.push(named::<T>());
        T::schemas(&mut self.schemas);
    }
}

/// Returns the answer of every error with one status. Its examples name the codes; no schema closes their list, so that a client
/// takes a code that is new.
fn problem(errors: &[&ApiError]) -> ResponseBuilder {
    let mut codes: Vec<&str> = Vec::new();
    let mut lines = Vec::new();
    let mut examples = Vec::new();
    let mut occurrences: Vec<(HeaderName, Vec<&str>)> = Vec::new();
    for error in errors {
        let kind = error.kind();
        if codes.contains(&kind.code) {
            continue;
        }
        codes.push(kind.code);
        lines.push(format!("`{}`: {}.", kind.code, kind.title));
        let (_, headers, body) = render(error, EXAMPLE_REQUEST_ID);
        let body = serde_json::from_str(&body).unwrap_or(Value::Null);
        examples.push((kind.code, ExampleBuilder::new().summary(kind.title).value(Some(body)).build()));
        for name in headers.keys().filter(|name| *name != CONTENT_TYPE) {
            match occurrences.iter_mut().find(|(known, _)| known == name) {
                Some((_, with)) => with.push(kind.code),
                None => occurrences.push((name.clone(), vec![kind.code])),
            }
        }
    }
    let content = ContentBuilder::new().schema(Some(reference::<Problem<'static>>())).examples_from_iter(examples);
    let response =
        ResponseBuilder::new().description(lines.join("\n\n")).content("application/problem+json", content.build());
    let (always, sometimes): (Vec<_>, Vec<_>) = occurrences.into_iter().partition(|(_, with)| *with == codes);
    let always: Vec<HeaderName> = always.into_iter().map(|(name, _)| name).collect();
    sometimes.into_iter().fold(with_headers(response, &always), |response, (name, with)| {
        let mut header = header(&name);
        let meaning = header.description.unwrap_or_default();
        header.description = Some(format!("With `{}`. {meaning}", with.join("`, `")));
        response.header(header_name(&name), header)
    })
}

fn parameter<T: ToSchema>(name: &str, place: ParameterIn, description: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .description(Some(description))
        .schema(Some(reference::<T>()))
        .required(Required::True)
        .build()
}

fn optional(name: impl Into<String>, place: ParameterIn, description: &str, schema: ObjectBuilder) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .description(Some(description))
        .schema(Some(schema))
        .required(Required::False)
}

fn reference<T: ToSchema>() -> Ref {
    Ref::from_schema_name(T::name())
}

fn named<T: ToSchema>() -> (String, RefOr<Schema>) {
    (T::name().into_owned(), T::schema())
}

fn revision_number() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)).maximum(Some(u32::MAX)).examples([2])
}

fn invalid_query(detail: &str) -> ApiError {
    ApiError::InvalidQuery(vec![FieldError::new("", detail)])
}
