//! A collection for Postman (v2.1), made of the description: every operation once, in the order of the job.
//!
//! Scripts pass ids and the token on from one answer to the next requests, so that the collection runs from its first request to its last
//! as it is, also under newman.

mod links;

use indexmap::IndexMap;
use shared::http::{Authorization, OperationId, Route, Tag};

use self::links::{Links, SETTINGS, links, of_path};
use crate::docs_page::job;
use crate::openapi::{self, Json};

const SCHEMA: &str = "https://schema.getpostman.com/json/collection/v2.1.0/collection.json";

const ABOUT: &str = "\
Every operation of the API, in the order of the job. Run the collection from top to bottom, or send `login` first and then what you need: \
scripts keep the token and the ids of each answer in variables of the collection. The variables fit a service that was started with \
`cargo run`; change `baseUrl`, `email`, `password` and `sourceOrgId` for another one. The last request deletes the snapshot that the first \
ones made.";

/// The collection as `docs/postman.json` has it: JSON, indented, with a final newline.
pub fn text() -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(&collection()?)? + "\n")
}

fn collection() -> Result<Json, serde_json::Error> {
    let document = openapi::document()?;
    let mut folders: IndexMap<&str, Vec<Json>> = IndexMap::new();
    for id in in_order() {
        let route = id.route();
        folders.entry(folder(id)).or_default().push(request(&document, route)?);
    }
    let folders =
        folders.into_iter().map(|(name, items)| object([("name", text_of(name)), ("item", Json::Array(items))]));
    let settings = SETTINGS.iter().map(|(key, value, about)| {
        object([("key", text_of(key)), ("value", text_of(value)), ("description", text_of(about))])
    });
    let info = object([
        ("name", text_of(&format!("{} API", document.get("info").map_or("", |info| info.text("title"))))),
        ("description", text_of(ABOUT)),
        ("schema", text_of(SCHEMA)),
    ]);
    let token = object([("key", text_of("token")), ("value", text_of("{{token}}")), ("type", text_of("string"))]);
    Ok(object([
        ("info", info),
        ("auth", object([("type", text_of("bearer")), ("bearer", Json::Array(vec![token]))])),
        ("variable", Json::Array(settings.collect())),
        ("item", Json::Array(folders.collect())),
    ]))
}

/// The order of the job, except that the snapshot is deleted last.
fn in_order() -> impl Iterator<Item = OperationId> {
    let last = OperationId::DeleteSnapshot;
    job().into_iter().filter(move |id| *id != last).chain([last])
}

fn folder(id: OperationId) -> &'static str {
    match (id, id.route().tag) {
        (OperationId::DeleteSnapshot, _) => "Clean up",
        (
            _,
            tag @ (Tag::SignIn
            | Tag::Users
            | Tag::Organizations
            | Tag::Snapshots
            | Tag::Applies
            | Tag::Revisions
            | Tag::Service),
        ) => tag.name(),
    }
}

fn request(document: &Json, route: &Route) -> Result<Json, serde_json::Error> {
    let operation = document
        .get("paths")
        .and_then(|paths| paths.get(route.path)?.get(&route.method.as_str().to_ascii_lowercase()))
        .unwrap_or(&Json::Null);
    let links = links(route.id);
    let parameters: Vec<&Json> = operation.elements("parameters").iter().map(|it| it.resolved(document)).collect();
    let mut request: IndexMap<String, Json> = IndexMap::new();
    let mut add = |name: &str, value| request.insert(name.to_owned(), value);
    add("method", text_of(route.method.as_str()));
    if route.authorization == Authorization::Public {
        add("auth", object([("type", text_of("noauth"))]));
    }
    let mut headers: Vec<Json> =
        parameters.iter().filter(|it| it.text("in") == "header").map(|it| header(it, &links)).collect();
    if let Some(body) = body(document, operation, &links)? {
        headers.push(object([("key", text_of("Content-Type")), ("value", text_of("application/json"))]));
        let options = object([("raw", object([("language", text_of("json"))]))]);
        add("body", object([("mode", text_of("raw")), ("raw", Json::String(body)), ("options", options)]));
    }
    add("header", Json::Array(headers));
    add("url", url(route, &parameters, &links));
    add("description", text_of(operation.text("description")));
    let script = object([("type", text_of("text/javascript")), ("exec", Json::Array(script(operation, &links)))]);
    Ok(object([
        ("name", text_of(operation.text("summary"))),
        ("id", text_of(operation.text("operationId"))),
        ("event", Json::Array(vec![object([("listen", text_of("test")), ("script", script)])])),
        ("request", Json::Object(request)),
    ]))
}

fn url(route: &Route, parameters: &[&Json], links: &Links) -> Json {
    let path: Vec<String> = route
        .path
        .split('/')
        .skip(1)
        .map(|part| match part.strip_prefix('{').and_then(|part| part.strip_suffix('}')) {
            Some(name) => format!(":{name}"),
            None => part.to_owned(),
        })
        .collect();
    let query = parameters.iter().filter(|it| it.text("in") == "query").map(|parameter| {
        let sent = links.query.iter().find(|(name, _)| *name == parameter.text("name"));
        entry(parameter, sent.map(|(_, variable)| variable_named(variable)))
    });
    let in_path = parameters
        .iter()
        .filter(|it| it.text("in") == "path")
        .map(|parameter| entry(parameter, Some(variable_named(of_path(parameter.text("name"))))));
    let sent: Vec<String> =
        links.query.iter().map(|(name, variable)| format!("{name}={}", variable_named(variable))).collect();
    let mut raw = format!("{{{{baseUrl}}}}/{}", path.join("/"));
    if !sent.is_empty() {
        raw += &format!("?{}", sent.join("&"));
    }
    object([
        ("raw", Json::String(raw)),
        ("host", Json::Array(vec![text_of("{{baseUrl}}")])),
        ("path", Json::Array(path.into_iter().map(Json::String).collect())),
        ("query", Json::Array(query.collect())),
        ("variable", Json::Array(in_path.collect())),
    ])
}

fn header(parameter: &Json, links: &Links) -> Json {
    entry(
        parameter,
        match parameter.text("name") {
            "If-Match" => links.if_match.map(variable_named),
            "Idempotency-Key" => Some("{{$guid}}".to_owned()),
            _ => None,
        },
    )
}

/// A parameter with its value. Without one it is there to be filled in, and not sent.
fn entry(parameter: &Json, value: Option<String>) -> Json {
    let mut members = IndexMap::from([
        ("key".to_owned(), text_of(parameter.text("name"))),
        ("value".to_owned(), Json::String(value.clone().unwrap_or_default())),
        ("description".to_owned(), text_of(parameter.text("description"))),
    ]);
    if value.is_none() {
        members.insert("disabled".to_owned(), Json::Bool(true));
    }
    Json::Object(members)
}

/// The example of the description with variables in it.
fn body(document: &Json, operation: &Json, links: &Links) -> Result<Option<String>, serde_json::Error> {
    let content =
        operation.get("requestBody").and_then(|it| it.resolved(document).get("content")?.get("application/json"));
    let Some(mut example) = content.and_then(|content| content.get("example")).cloned() else { return Ok(None) };
    for (pointer, variable) in links.body {
        if let Some(place) = example.pointer_mut(pointer) {
            let is_text = matches!(place, Json::String(_));
            let quoted = if is_text { variable_named(variable) } else { unquoted(variable) };
            *place = Json::String(quoted);
        }
    }
    let text = serde_json::to_string_pretty(&example)?;
    Ok(Some(links.body.iter().fold(text, |text, (_, variable)| {
        text.replace(&format!("\"{}\"", unquoted(variable)), &variable_named(variable))
    })))
}

/// Checks the status and keeps what later requests need.
fn script(operation: &Json, links: &Links) -> Vec<Json> {
    let status =
        operation.members("responses").map(|(status, _)| status).find(|it| it.starts_with('2')).unwrap_or("200");
    let mut lines = vec![format!("pm.test('{status}', () => pm.response.to.have.status({status}));")];
    if !links.keeps.is_empty() || !links.script.is_empty() {
        lines.push("const body = pm.response.json();".to_owned());
    }
    lines.extend(links.keeps.iter().map(|(name, value)| format!("pm.collectionVariables.set('{name}', {value});")));
    lines.extend(links.script.iter().map(|line| (*line).to_owned()));
    lines.into_iter().map(Json::String).collect()
}

fn variable_named(name: &str) -> String {
    format!("{{{{{name}}}}}")
}

/// Marks a variable that stands in JSON as it is: a number or an object.
fn unquoted(name: &str) -> String {
    format!("{{{{unquoted {name}}}}}")
}

fn text_of(text: &str) -> Json {
    Json::String(text.to_owned())
}

fn object<const N: usize>(members: [(&str, Json); N]) -> Json {
    Json::Object(members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use shared::http::ROUTES;

    use super::*;

    fn requests(collection: &Json) -> Vec<&Json> {
        collection.elements("item").iter().flat_map(|folder| folder.elements("item")).collect()
    }

    /// The variables in a text: `{{name}}`. Names that begin with `$` are Postman's own.
    fn variables(text: &str) -> impl Iterator<Item = &str> {
        let names = text.split("{{").skip(1).filter_map(|rest| rest.split_once("}}")).map(|(name, _)| name);
        names.filter(|name| !name.starts_with('$'))
    }

    #[test]
    fn each_operation_stands_there_once() {
        let collection = collection().unwrap();
        let mut names: Vec<&str> = requests(&collection).iter().map(|request| request.text("id")).collect();
        assert_eq!((names.first(), names.last()), (Some(&"login"), Some(&"deleteSnapshot")));
        names.sort_unstable();
        let mut operations: Vec<String> = ROUTES.iter().map(|route| route.id.name()).collect();
        operations.sort_unstable();
        assert_eq!(names, operations);
    }

    #[test]
    fn a_request_takes_only_variables_that_are_set_or_come_from_an_earlier_answer() {
        let collection = collection().unwrap();
        let mut known: BTreeSet<String> = SETTINGS.iter().map(|(name, ..)| (*name).to_owned()).collect();
        let (mut taken, mut tokens) = (0, 0);
        for request in requests(&collection) {
            let id = request.text("id");
            // The token that the collection sends unless a request is public.
            let sends_token = request.get("request").unwrap().get("auth").is_none();
            tokens += usize::from(sends_token);
            assert!(!sends_token || known.contains("token"), "{id} sends a token");
            let text = serde_json::to_string(request.get("request").unwrap()).unwrap();
            for name in variables(&text) {
                assert!(known.contains(name), "{id} takes {name}, and nothing before it gives that");
                taken += 1;
            }
            let script = serde_json::to_string(request.get("event").unwrap()).unwrap();
            let set = script.split("collectionVariables.set('").skip(1).filter_map(|rest| rest.split_once('\''));
            known.extend(set.map(|(name, _)| name.to_owned()));
        }
        assert!(taken > 40 && tokens > 15, "{taken} {tokens}");
    }

    #[test]
    fn every_field_and_parameter_that_takes_a_variable_is_described() {
        let document = openapi::document().unwrap();
        for route in ROUTES {
            let links = links(route.id);
            let path = document.get("paths").and_then(|paths| paths.get(route.path)).unwrap();
            let operation = path.get(&route.method.as_str().to_ascii_lowercase()).unwrap();
            let body = body(&document, operation, &links).unwrap().unwrap_or_default();
            for (pointer, variable) in links.body {
                assert!(body.contains(&variable_named(variable)), "{} {pointer}", route.name());
            }
            let names: Vec<&str> =
                operation.elements("parameters").iter().map(|it| it.resolved(&document).text("name")).collect();
            for name in links.query.iter().map(|(name, _)| *name).chain(links.if_match.map(|_| "If-Match")) {
                assert!(names.contains(&name), "{} {name}", route.name());
            }
        }
    }

    #[test]
    fn a_number_and_an_object_stand_in_the_body_without_quotation_marks() {
        let collection = collection().unwrap();
        let body = |id: &str| -> String {
            let request = requests(&collection).into_iter().find(|request| request.text("id") == id).unwrap();
            request.get("request").and_then(|it| it.get("body")).unwrap().text("raw").to_owned()
        };
        assert!(body("assignSnapshot").contains("\"revision\": {{revision}}"), "{}", body("assignSnapshot"));
        assert!(body("planSnapshot").contains("\"pipelineMapping\": {{pipelineMapping}},"), "{}", body("planSnapshot"));
        assert!(body("planSnapshot").contains("\"email\": \"{{newUserEmail}}\""), "{}", body("planSnapshot"));
        assert!(!serde_json::to_string(&collection).unwrap().contains("unquoted"));
    }
}
