//! The saved queries of template.yaml read what the functions log.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tests::{ACME, Denial, Logs, SAM, TestApp, apply_body, snapshot};

use crate::deployment::grants::template;
use crate::deployment::template::of_type;

/// Collects the names of all fields as Logs Insights names them: those of an object with the object's name and a dot.
fn fields(value: &Value, prefix: &str, names: &mut BTreeSet<String>) {
    for (name, value) in value.as_object().unwrap().iter().filter(|(_, value)| !value.is_null()) {
        let name = format!("{prefix}{name}");
        if value.is_object() {
            fields(value, &format!("{name}."), names);
        } else {
            names.insert(name);
        }
    }
}

#[tokio::test]
async fn what_queries_read_is_what_the_functions_log() {
    let app = TestApp::start().await;
    let logs = Logs::new();
    app.faults().deny(Denial::Right).always();
    let sam = app.token(SAM);
    let request = app.request(http::Method::GET, "/api/user-snapshots").header("x-request-id", "r-1");
    app.send(request.bearer_auth(&sam)).await.expect(503);
    app.faults().clear();
    let id = snapshot(&app).await;
    app.apply(&sam, &id, &apply_body()).await.expect(201);
    app.list_snapshots(&sam, "").await.expect(200);
    let assignment = json!({"assignedOrgIds": [ACME], "revision": 1});
    let request = app.request(http::Method::PATCH, &format!("/api/user-snapshots/{id}/assign"));
    app.send(request.bearer_auth(&sam).json(&assignment)).await.expect(200);
    app.run_schedule().await;
    app.sweep().await;
    let mut logged: BTreeSet<String> = ["@timestamp"].map(str::to_owned).into();
    for line in logs.take() {
        fields(&line, "", &mut logged);
    }
    let template = template();
    let queries = of_type(&template, "AWS::Logs::QueryDefinition");
    assert_eq!(queries.len(), 5);
    // What a query makes itself stands after `as`.
    const WORDS: [&str; 20] = [
        "fields",
        "filter",
        "sort",
        "limit",
        "stats",
        "by",
        "asc",
        "desc",
        "or",
        "as",
        "ispresent",
        "sum",
        "count",
        "pct",
        "max",
        "put",
        "the",
        "id",
        "here",
        "and",
    ];
    for (name, query) in queries {
        let text = query["QueryString"].as_str().unwrap();
        let words = || text.split(|letter: char| !(letter.is_alphanumeric() || "_@.".contains(letter)));
        let own: BTreeSet<&str> =
            words().zip(words().skip(1)).filter(|(before, _)| *before == "as").map(|pair| pair.1).collect();
        for word in words().filter(|word| word.starts_with(|first: char| first.is_ascii_alphabetic() || first == '@')) {
            assert!(logged.contains(word) || own.contains(word) || WORDS.contains(&word), "{name}: {word}");
        }
    }
}
