//! One route: its purpose, parameters, answers, and a form to try it.

use maud::{Markup, html};

use super::schema::{Side, fields, kind, words};
use super::{Route, inline, markdown, method};
use crate::openapi::Json;

/// What the page knows of the whole description when it shows one route.
#[derive(Clone, Copy)]
pub(super) struct Page<'d> {
    /// The description.
    pub(super) document: &'d Json,
    /// The names of the parameters that every route takes. The top of the page shows them once.
    pub(super) common: &'d [&'d str],
}

pub(super) fn article(page: Page<'_>, route: &Route<'_>) -> Markup {
    let (document, operation) = (page.document, route.operation);
    let id = operation.text("operationId");
    let is_public = operation.elements("security").is_empty();
    html! {
        article id=(id) {
            h3 { a href={ "#" (id) } { (operation.text("summary")) } }
            p .route {
                (method(route.method)) " " code { (route.path) }
                span .access { @if is_public { "no token" } @else { "token" } }
            }
            div .columns {
                div {
                    (markdown(operation.text("description")))
                    (parameters(page, operation))
                    @if let Some(body) = json_content(operation.get("requestBody")) {
                        h4 { "Body" }
                        p .hint { (operation.get("requestBody").map_or("", |body| body.text("description"))) }
                        @if let Some(schema) = body.get("schema") { (fields(document, schema, Side::Request)) }
                    }
                    (answers(document, operation))
                    (refusals(operation))
                }
                div .examples { (request_example(route)) (answer_example(operation)) (attempt(page, route)) }
            }
        }
    }
}

fn parameters(page: Page<'_>, operation: &Json) -> Markup {
    let own = own_parameters(page, operation);
    html! {
        @if !own.is_empty() {
            h4 { "Parameters" }
            dl .fields {
                @for parameter in own {
                    @let schema = parameter.get("schema").unwrap_or(parameter);
                    dt {
                        code .name { (parameter.text("name")) } " "
                        span .type { (parameter.text("in")) " · " (kind(page.document, schema)) }
                        @if parameter.get("required") == Some(&Json::Bool(true)) { " " em { "required" } }
                    }
                    dd { (inline(parameter.text("description"))) " " (words(page.document, schema)) }
                }
            }
        }
    }
}

/// Returns the parameters of this route beyond those of every route.
fn own_parameters<'d>(page: Page<'_>, operation: &'d Json) -> Vec<&'d Json> {
    let all = operation.elements("parameters").iter();
    all.filter(|parameter| !page.common.contains(&parameter.text("name"))).collect()
}

fn answers(document: &Json, operation: &Json) -> Markup {
    html! {
        @for (status, response) in operation.members("responses").filter(|(status, _)| is_good(status)) {
            h4 { "Answer " span class="status good" { (status) } }
            p {
                (inline(response.text("description")))
                @for name in telling_headers(response) { " " code .header { (name) } }
            }
            @if let Some(schema) = json_content(Some(response)).and_then(|content| content.get("schema")) {
                (fields(document, schema, Side::Answer))
            }
        }
    }
}

/// Renders every error by status and code, with the words of the answer.
fn refusals(operation: &Json) -> Markup {
    let refused = || operation.members("responses").filter(|(status, _)| !is_good(status));
    html! {
        @if refused().next().is_some() {
            h4 { "Errors" }
            table .errors {
                thead { tr { th scope="col" { "Status" } th scope="col" { "Code" } th scope="col" { "For example" } } }
                tbody {
                    @for (status, response) in refused() {
                        @for (code, example) in response.members("content").flat_map(|(_, content)| content.members("examples")) {
                            tr {
                                td { span class="status bad" { (status) } }
                                td { code { (code) } }
                                td {
                                    (example.get("value").map_or("", |value| value.text("detail")))
                                    @if has_header(response, code, "Retry-After") { " " code .header { "Retry-After" } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Returns whether an answer with this code has a header. A header that some answers of the status lack names its codes.
fn has_header(response: &Json, code: &str, name: &str) -> bool {
    let header = response.get("headers").and_then(|headers| headers.get(name));
    header.is_some_and(|header| {
        let words = header.text("description");
        !words.starts_with("With `") || words.contains(&format!("`{code}`"))
    })
}

fn request_example(route: &Route<'_>) -> Markup {
    let mut lines = vec![format!("curl -X {} $API{}", route.method.to_ascii_uppercase(), route.path)];
    if !route.operation.elements("security").is_empty() {
        lines.push("  -H \"Authorization: Bearer $TOKEN\"".to_owned());
    }
    if let Some(example) = example_of(route.operation.get("requestBody")) {
        lines.push("  -H 'Content-Type: application/json'".to_owned());
        lines.push(format!("  -d '{example}'"));
    }
    html! { h4 { "Request" } (code(&lines.join(" \\\n"))) }
}

fn answer_example(operation: &Json) -> Markup {
    html! {
        @for (status, response) in operation.members("responses").filter(|(status, _)| is_good(status)) {
            @if let Some(example) = example_of(Some(response)) {
                h4 { "Answer " span class="status good" { (status) } }
                (code(&example))
            }
        }
    }
}

fn code(text: &str) -> Markup {
    html! { pre { code { (text) } } }
}

/// Renders a form that sends the request. The script shows it, because it needs the script.
fn attempt(page: Page<'_>, route: &Route<'_>) -> Markup {
    html! {
        form .attempt data-method=(route.method.to_ascii_uppercase()) data-path=(route.path) hidden {
            h4 { "Try it" }
            @for parameter in own_parameters(page, route.operation) {
                label {
                    (parameter.text("name"))
                    input name=(parameter.text("name")) data-in=(parameter.text("in")) autocomplete="off" spellcheck="false"
                        data-value=(value_name(route, parameter))
                        required[parameter.get("required") == Some(&Json::Bool(true))];
                }
            }
            @if let Some(example) = example_of(route.operation.get("requestBody")) {
                label { "Body" textarea name="body" rows="10" spellcheck="false" autocomplete="off" { (example) } }
            }
            button { "Send" }
            output {}
        }
    }
}

/// The name of the value that a parameter takes, as answers name it: `snapshotId` for the `id` in `/user-snapshots/{id}`.
fn value_name(route: &Route<'_>, parameter: &Json) -> String {
    let name = parameter.text("name");
    let before = route.path.split_once("/{id}").and_then(|(before, _)| before.rsplit(['/', '-']).next());
    match (name, before) {
        ("id", Some(things)) => format!("{}Id", things.trim_end_matches('s')),
        ("from" | "to", _) => "revision".to_owned(),
        _ => name.to_owned(),
    }
}

/// The example of a body: its only one, or the first of several.
fn example_of(holder: Option<&Json>) -> Option<String> {
    let content = json_content(holder)?;
    let first = || content.members("examples").find_map(|(_, example)| example.get("value"));
    content.get("example").or_else(first).map(pretty)
}

fn json_content(holder: Option<&Json>) -> Option<&Json> {
    holder?.get("content")?.get("application/json")
}

/// The headers of every answer.
const EVERYWHERE: [&str; 4] = ["X-Request-Id", "Cache-Control", "X-Content-Type-Options", "Strict-Transport-Security"];

/// Returns the headers of an answer that belong to this route in particular.
fn telling_headers(response: &Json) -> impl Iterator<Item = &str> {
    response.members("headers").map(|(name, _)| name).filter(|name| !EVERYWHERE.contains(name))
}

fn is_good(status: &str) -> bool {
    status.starts_with(['2', '3'])
}

fn pretty(value: &Json) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
