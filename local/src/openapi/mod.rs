//! The API's description, put together from what each function says of its routes: OpenAPI 3.1.

mod components;
mod json;
mod version_3_0;

use std::collections::BTreeMap;

use http::Method;
use shared::http::Tag;
use shared::http::operation::{self, BEARER, OperationDescription};
use utoipa::openapi::path::{Operation, PathItem, Paths};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::server::ServerBuilder;
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{Components, InfoBuilder, License, OpenApi, OpenApiBuilder, RefOr, Schema};

pub use self::json::{Json, properties};

/// Where the description is kept, seen from the root of the repository: `docs/openapi.json`, which the service serves.
pub const FILE: &str = "docs/openapi.json";

const ABOUT: &str = "\
An administrator of a CRM picks the best performer, captures that user's **setup** (automations, prompts, message templates, with the \
pipeline stages and agents that they refer to) as a named **snapshot**, and applies it to a new colleague, often in another organization.

1. [Sign in](#login). Every route under `/api` but that one needs the token as `Authorization: Bearer <token>`.
2. [Find](#listCapturableUsers) the user whose setup is worth copying, and [capture](#createSnapshot) it.
3. [Ask](#getApplyReferences) what the snapshot refers to, and what that can be in your organization.
4. [Plan](#planSnapshot) with a mapping until nothing is refused, and [apply](#applySnapshot): the new user can sign in.

**Errors** are `application/problem+json` (RFC 9457): `code` for programs, `detail` for people, and `errors` with a JSON pointer to each \
place that is wrong. Each route lists the codes that it answers; more may come. A path that is not listed is 404 `not_found`, another method \
405 `method_not_allowed`. Try again after the seconds of a `Retry-After`. The gateway in front of the service refuses in a form of its own \
(`{\"message\": \"…\"}`): 413 above 10 MB, 429, 431, 503.

**Changes that meet**: send the `ETag` of a snapshot as `If-Match`, and a change is refused with 412 once somebody else has changed the \
snapshot.

**Headers**: `X-Request-Id` names every answer; tell it when you ask for help. Every answer has `X-Content-Type-Options: nosniff` and \
`Strict-Transport-Security`; unless its description says otherwise, `Cache-Control: no-store`.

A snapshot that you may not see is answered exactly like one that does not exist.";

/// The description of a group of operations.
fn about(tag: Tag) -> &'static str {
    match tag {
        Tag::SignIn => "A password for a token, whether a token is good, and another password.",
        Tag::Users => "See and change the users of your organization, and invite them.",
        Tag::Organizations => "Make, see and change organizations, with their pipelines and agents.",
        Tag::Snapshots => "Capture a setup, look at what was captured, and apply it.",
        Tag::Applies => "Who applied a snapshot, with which outcome, and how to take it back.",
        Tag::Revisions => "Capture a source again, see what has changed since, and bring back what was there before.",
        Tag::Service => "Whether it runs, and what it does. No token is needed.",
    }
}

/// The description as the service serves it and as `docs/openapi.json` has it: JSON, indented, with a final newline.
pub fn text() -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(&document()?)? + "\n")
}

/// The description for tools that do not read OpenAPI 3.1, as `docs/openapi-3.0.json` has it.
pub fn text_3_0() -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(&version_3_0::convert(&document()?))? + "\n")
}

/// The description as JSON in the order in which the code writes it.
pub fn document() -> Result<Json, serde_json::Error> {
    let mut document: Json = serde_json::from_str(&serde_json::to_string(&assemble())?)?;
    json::describe_nullable(&mut document);
    json::arrange_examples(&mut document);
    components::share(&mut document);
    Ok(document)
}

fn assemble() -> OpenApi {
    let mut described: Vec<OperationDescription> = sign_in::operations()
        .chain(create_snapshot::operations())
        .chain(apply_snapshot::operations())
        .chain(manage_snapshots::operations())
        .collect();
    // The order of the routes' table is the order in which the document names paths.
    described.sort_by_key(|described| described.route.id);
    let mut paths = Paths::new();
    let mut schemas: BTreeMap<String, RefOr<Schema>> = BTreeMap::new();
    for OperationDescription { route, operation, schemas: referred } in described {
        place(paths.paths.entry(route.path.to_owned()).or_default(), &route.method, operation);
        schemas.extend(referred);
    }
    let (parameter_name, parameter) = operation::request_id_parameter();
    let components = operation::headers()
        .fold(Components::builder(), |components, (name, header)| components.header(name, header))
        .schemas_from_iter(schemas)
        .parameter(parameter_name, parameter)
        .security_scheme(BEARER, bearer())
        .build();
    let tag = |tag: Tag| TagBuilder::new().name(tag.name()).description(Some(about(tag))).build();
    let info = InfoBuilder::new()
        .title("User snapshots")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(ABOUT))
        .license(Some(License::builder().name("Apache-2.0").identifier(Some("Apache-2.0")).build()));
    OpenApiBuilder::new()
        .info(info)
        .servers(Some([ServerBuilder::new().url("/").description(Some("Where this document came from.")).build()]))
        .tags(Some(Tag::ALL.map(tag)))
        .paths(paths)
        .components(Some(components))
        .build()
}

fn place(item: &mut PathItem, method: &Method, operation: Operation) {
    let slot = match *method {
        Method::GET => &mut item.get,
        Method::POST => &mut item.post,
        Method::PUT => &mut item.put,
        Method::PATCH => &mut item.patch,
        Method::DELETE => &mut item.delete,
        // No route has another one; a test compares the document with the routes.
        _ => return,
    };
    *slot = Some(operation);
}

fn bearer() -> SecurityScheme {
    let description =
        "The token that `POST /api/auth/login` gives, as `Authorization: Bearer <token>`. It is good for one hour.";
    let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").description(Some(description));
    SecurityScheme::Http(scheme.build())
}
