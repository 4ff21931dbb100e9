//! The headers of answers, and the parameter that every route takes.

use http::HeaderName;
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, ETAG, RETRY_AFTER, WWW_AUTHENTICATE};
use utoipa::openapi::Ref;
use utoipa::openapi::extensions::Extensions;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};

use super::optional;
use crate::http::answer::IDEMPOTENT_REPLAYED;

/// The header with an answer's id.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// The header of every answer that tells a client something. What only browsers and caches read is said once, in the words at the
/// head of the description.
const ALWAYS: [HeaderName; 1] = [REQUEST_ID];

/// Adds headers that are always there: these, and those of every answer.
pub(super) fn with_headers(response: ResponseBuilder, more: &[HeaderName]) -> ResponseBuilder {
    ALWAYS.iter().chain(more).fold(response, |response, name| {
        let reference = Ref::new(format!("#/components/headers/{}", component(name)));
        response.header_ref(header_name(name), reference)
    })
}

/// The headers that answers refer to, by name: each of them is there whenever an answer refers to it.
pub fn headers() -> impl Iterator<Item = (String, Header)> {
    let sometimes = [ETAG, CACHE_CONTROL, RETRY_AFTER, WWW_AUTHENTICATE, CONTENT_SECURITY_POLICY];
    ALWAYS.into_iter().chain(sometimes).map(|name| {
        let mut header = header(&name);
        // This version of the library has no field for it; extensions are written out as they are.
        header.extensions = Some(Extensions::from_iter([("required", true)]));
        (component(&name), header)
    })
}

/// The parameter that every route takes, by its name under `parameters`.
pub fn request_id_parameter() -> (&'static str, Parameter) {
    // Without a pattern: what does not fit is no mistake, so a request with it is a good one.
    let id = ObjectBuilder::new().schema_type(Type::String).examples(["665f1a0c0e0a4b001a2c9f80"]);
    let description = "Your own id for this request, of 1 to 64 letters, digits, dots, hyphens and underscores: the answer \
                       carries it, and the service's log has it beside an id of its own. Any other text is passed over, \
                       and the answer carries the service's id.";
    ("XRequestId", optional(header_name(&REQUEST_ID), ParameterIn::Header, description, id).build())
}

pub(super) fn header(name: &HeaderName) -> Header {
    let text = ObjectBuilder::new().schema_type(Type::String);
    let (description, schema) = if *name == REQUEST_ID {
        ("The id of this answer: yours, or one that the service made.", text.pattern(Some("^[A-Za-z0-9._=-]{1,64}$")))
    } else if *name == CACHE_CONTROL {
        ("How long the answer may be kept.", text)
    } else if *name == ETAG {
        (
            "What this is the current state of, with its quotes: send it as `If-Match` or `If-None-Match`.",
            text.pattern(Some("^\"[!#-~]+\"$")).examples(["\"3\""]),
        )
    } else if *name == RETRY_AFTER {
        (
            "After how many seconds it is sensible to try again.",
            ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1)),
        )
    } else if *name == IDEMPOTENT_REPLAYED {
        ("The answer was given before, to a request with the same `Idempotency-Key`.", text.enum_values(Some(["true"])))
    } else if *name == WWW_AUTHENTICATE {
        ("How to say who is calling: `Bearer`.", text.enum_values(Some(["Bearer"])))
    } else {
        ("What the page may do: nothing but ask this service.", text)
    };
    HeaderBuilder::new().description(Some(description)).schema(Some(schema)).build()
}

/// A header's name as people write it.
pub(super) fn header_name(name: &HeaderName) -> String {
    match name.as_str() {
        "etag" => "ETag".to_owned(),
        "www-authenticate" => "WWW-Authenticate".to_owned(),
        other => other.split('-').map(capitalized).collect::<Vec<_>>().join("-"),
    }
}

fn component(name: &HeaderName) -> String {
    header_name(name).replace('-', "")
}

fn capitalized(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    first.to_ascii_uppercase() + rest
}
