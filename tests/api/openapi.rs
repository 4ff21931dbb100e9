//! The API's description says what the code does, and the committed one is what the code says.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use shared::http::ROUTES;
use tests::{TestApp, validate};

fn description() -> Value {
    serde_json::from_str(&local::openapi::text().unwrap()).unwrap()
}

/// Every operation, with its method and path.
fn operations(description: &Value) -> Vec<(Method, String, &Value)> {
    let paths = description["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| (method.to_ascii_uppercase().parse().unwrap(), path.clone(), operation))
    });
    operations.collect()
}

#[test]
fn the_committed_description_is_what_the_code_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/openapi.json");
    let committed = std::fs::read_to_string(path).unwrap();
    let same = committed == local::openapi::text().unwrap();
    assert!(same, "docs/openapi.json is not what the code says; run: cargo run -- openapi > docs/openapi.json");
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let description = description();
    let described: BTreeSet<_> =
        operations(&description).into_iter().map(|(method, path, _)| (method.to_string(), path)).collect();
    let routes: BTreeSet<_> = ROUTES.iter().map(|route| (route.method.to_string(), route.path.to_owned())).collect();
    assert_eq!(described, routes);
    // Template and table are compared in template.rs.
}

#[test]
fn every_operation_has_a_name_of_its_own_words_and_a_group_that_is_described() {
    let description = description();
    let groups: Vec<&str> =
        description["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations(&description) {
        assert!(names.insert(operation["operationId"].as_str().unwrap()), "{method} {path}");
        for words in ["summary", "description"] {
            assert!(operation[words].as_str().is_some_and(|text| text.len() > 5), "{method} {path} {words}");
        }
        let tags = operation["tags"].as_array().unwrap();
        assert!(tags.len() == 1 && groups.contains(&tags[0].as_str().unwrap()), "{method} {path}");
        let parameters = operation["parameters"].as_array().unwrap();
        let in_path: BTreeSet<_> =
            parameters.iter().filter(|it| it["in"] == "path").map(|it| it["name"].as_str().unwrap()).collect();
        let in_route: BTreeSet<_> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(in_path, in_route, "{method} {path}");
    }
    // Descriptions link to operations.
    let text = description.to_string();
    for link in text.split("](#").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        assert!(names.contains(link), "a link leads to {link}");
    }
}

#[tokio::test]
async fn a_route_asks_for_a_token_where_the_description_says_so() {
    let app = TestApp::start().await;
    let description = description();
    assert_eq!(description["servers"], json!([{"url": "/", "description": "Where this document came from."}]));
    assert_eq!(description["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    for (method, path, operation) in operations(&description) {
        let sample = path.replace("{id}", "665f1a0c0e0a4b001a2c9f80").replace("{orgId}", "64ee9a8b1e7f2a0011223344");
        let answer = app.send(app.request(method.clone(), &sample)).await;
        let is_refused = answer.body["code"] == "unauthenticated";
        let expected = if is_refused { json!([{"bearer": []}]) } else { json!([]) };
        assert_eq!(operation["security"], expected, "{method} {path}");
    }
}

#[test]
fn every_example_is_as_its_schema_says() {
    let description = description();
    let mut examples = 0;
    for (method, path, operation) in operations(&description) {
        let bodies =
            operation["responses"].as_object().unwrap().iter().map(|(status, response)| (status.as_str(), response));
        for (what, body) in bodies.chain([("request", &operation["requestBody"])]) {
            for content in body["content"].as_object().into_iter().flat_map(|contents| contents.values()) {
                let many =
                    content["examples"].as_object().into_iter().flat_map(|all| all.values()).map(|it| &it["value"]);
                for example in many.chain(content.get("example")) {
                    validate(&format!("{method} {path} {what} example"), &content["schema"], example);
                    examples += 1;
                }
            }
        }
    }
    println!("{examples} examples");
    assert!(examples > 100);
}

#[test]
fn the_customers_requests_and_answers_are_as_described() {
    let description = description();
    let create = &description["paths"]["/api/user-snapshots"]["post"];
    let apply = &description["paths"]["/api/user-snapshots/{id}/apply"]["post"];
    let request = |operation: &Value| operation["requestBody"]["content"]["application/json"].clone();
    assert_eq!(request(create)["example"], tests::create_body());
    assert_eq!(request(apply)["example"], tests::apply_body());
    // The second example of a new user on the customer's page.
    let mut body = tests::apply_body();
    body["newUser"]["phoneNumber"] = json!("+14155550177");
    body["newUser"]["designation"] = json!("Account Executive");
    validate("the customer's new user", &request(apply)["schema"], &body);
    let snapshot = &create["responses"]["201"]["content"]["application/json"]["example"];
    assert_eq!(snapshot["message"], "Snapshot created");
    assert_eq!(snapshot["snapshot"]["assignedOrgIds"], json!(["64ee9a8b1e7f2a0011223344"]));
}
