//! What the description says of the routes about the service itself.

use lambda_http::http::StatusCode;
use lambda_http::http::header::CONTENT_SECURITY_POLICY;
use serde_json::json;
use shared::http::ManageOperation;
use shared::http::operation::{Operation, OperationDescription};
use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, Type};

use crate::Health;

pub(super) fn health() -> OperationDescription {
    const TEXT: &str = "Says that the service runs. It asks neither the table nor anything else.";
    Operation::new(ManageOperation::GetHealth)
        .does("Tell that the service runs", TEXT)
        .answers::<Health>(StatusCode::OK, "It runs.", &[], json!({"status": "ok"}))
        .build()
}

pub(super) fn description() -> OperationDescription {
    const TEXT: &str = "This description of the API, for generators and tools: OpenAPI 3.1.";
    document(ManageOperation::GetOpenApi, "Describe the API for programs", TEXT, "An OpenAPI 3.1 document.")
}

pub(super) fn description_3_0() -> OperationDescription {
    const TEXT: &str = "\
This description of the API for tools that do not read OpenAPI 3.1: OpenAPI 3.0. If your tool reads both, prefer \
[the newer one](#getOpenApi), which says a little more.";
    document(ManageOperation::GetOpenApi30, "Describe the API in OpenAPI 3.0", TEXT, "An OpenAPI 3.0 document.")
}

fn document(operation: ManageOperation, summary: &str, text: &str, content: &str) -> OperationDescription {
    let schema = ObjectBuilder::new()
        .schema_type(Type::Object)
        .description(Some(content))
        .required("openapi")
        .additional_properties(Some(AdditionalProperties::FreeForm(true)));
    Operation::new(operation).does(summary, text).serves("application/json", "The document.", schema, &[]).build()
}

pub(super) fn page() -> OperationDescription {
    const TEXT: &str = "This description of the API for people: one page that needs nothing else from anywhere.";
    let schema = ObjectBuilder::new().schema_type(Type::String).description(Some("A page in HTML."));
    Operation::new(ManageOperation::GetDocs)
        .does("Describe the API for people", TEXT)
        .serves("text/html; charset=utf-8", "The page.", schema, &[CONTENT_SECURITY_POLICY])
        .build()
}

pub(super) fn index() -> OperationDescription {
    const TEXT: &str =
        "A page of three links: to this description, for people and for programs, and to the health of the service.";
    let schema = ObjectBuilder::new().schema_type(Type::String).description(Some("A page in HTML."));
    Operation::new(ManageOperation::GetIndex)
        .does("Lead to the description", TEXT)
        .serves("text/html; charset=utf-8", "The page.", schema, &[CONTENT_SECURITY_POLICY])
        .build()
}
