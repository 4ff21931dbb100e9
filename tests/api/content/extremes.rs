//! Huge requests: what they can make an answer grow to is bounded.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};
use tests::{SAM, TestApp, apply_body, snapshot};

/// Far below the 6 MB that a function may answer.
const SMALL: usize = 1_500_000;

#[tokio::test]
async fn no_problem_repeats_a_huge_key_as_it_came() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let huge = "/".repeat(1_000_000);
    let token = app.token(SAM);
    for (path, body) in [
        ("/api/user-snapshots".to_owned(), json!({&huge: 1})),
        ("/api/auth/login".to_owned(), json!({&huge: 1})),
        (format!("/api/user-snapshots/{id}/apply"), json!({&huge: 1})),
        (format!("/api/user-snapshots/{id}/apply"), {
            let mut body = apply_body();
            body["pipelineMapping"] = json!({&huge: {"a": "b"}});
            body
        }),
        (format!("/api/user-snapshots/{id}/plan"), {
            let mut body = apply_body();
            body["selectedPromptNames"] = json!([&huge]);
            body
        }),
    ] {
        let answer = app.send(app.request(Method::POST, &path).bearer_auth(&token).json(&body)).await;
        assert!(answer.status < 500, "{path}");
        assert!(answer.text.len() < 20_000, "{path}: {}", answer.text.len());
    }
}

#[tokio::test]
async fn of_thousands_of_wrong_entries_the_first_200_are_listed() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let long = "x".repeat(2_000);
    let entries = |count: usize, target: &str| -> Value {
        let entries: BTreeMap<String, &str> = (0..count).map(|number| (number.to_string(), target)).collect();
        json!({&long: entries})
    };
    for (field, body, status) in [
        ("agentMapping", entries(5_000, "no id"), 400),
        ("agentMapping", entries(5_001, "no id"), 400),
        ("pipelineMapping", entries(5_000, "New Lead"), 422),
        ("pipelineMapping", entries(5_001, "New Lead"), 422),
        ("selectedPromptNames", json!(vec!["x"; 5_001]), 422),
    ] {
        let mut request = apply_body();
        request[field] = body;
        let answer = app.apply(&app.token(SAM), &id, &request).await;
        answer.expect(status);
        assert!(answer.pointers().len() <= 200, "{field}");
        assert!(answer.text.len() < SMALL, "{field}: {}", answer.text.len());
    }
}
