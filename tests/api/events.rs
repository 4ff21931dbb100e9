//! The recorded events that `sam local invoke` takes: each is answered as events/README.md says.

use local::stack::SWEEP_APPLIES;
use serde_json::Value;
use shared::http::Function;
use tests::{PAT, SAM, TestApp, recorded_event};

use crate::apply_across::snapshot;

#[tokio::test]
async fn every_recorded_event_is_answered_as_promised() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    for (name, function, email, status, code) in [
        ("create-snapshot", Function::CreateSnapshot, PAT, 201, None),
        ("create-snapshot-without-token", Function::CreateSnapshot, PAT, 401, Some("unauthenticated")),
        ("apply-snapshot", Function::ApplySnapshot, SAM, 201, None),
        ("apply-snapshot-unknown-field", Function::ApplySnapshot, SAM, 400, Some("invalid_body")),
        ("sign-in-login", Function::SignIn, SAM, 200, None),
        ("sign-in-wrong-password", Function::SignIn, SAM, 401, Some("invalid_credentials")),
        ("sign-in-verify-token-missing", Function::SignIn, SAM, 401, Some("unauthenticated")),
        ("manage-snapshots-list", Function::ManageSnapshots, PAT, 200, None),
        ("manage-snapshots-rename-stale", Function::ManageSnapshots, PAT, 412, Some("precondition_failed")),
        ("manage-snapshots-health", Function::ManageSnapshots, SAM, 200, None),
        ("manage-snapshots-preflight", Function::ManageSnapshots, SAM, 405, Some("method_not_allowed")),
        ("manage-snapshots-unknown-route", Function::ManageSnapshots, SAM, 404, Some("not_found")),
    ] {
        let answer = app.invoke(function, &recorded_event(name, &app.token(email), &id)).await;
        assert_eq!(answer.status, status, "{name}: {}", answer.text);
        assert_eq!(answer.body.get("code").and_then(Value::as_str), code, "{name}");
    }
}

#[tokio::test]
async fn every_function_is_invoked_by_its_logical_name() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    for (name, function, email, status) in [
        ("create-snapshot", Function::CreateSnapshot, PAT, 201),
        ("apply-snapshot", Function::ApplySnapshot, SAM, 201),
        ("sign-in-login", Function::SignIn, SAM, 200),
        ("manage-snapshots-list", Function::ManageSnapshots, PAT, 200),
    ] {
        let event = recorded_event(name, &app.token(email), &id);
        let invoked = app.invoke_by_name(function.logical_name(), &event).await;
        assert_eq!(invoked.expect(200)["statusCode"], status, "{name}: {}", invoked.text);
    }
    let swept = app.invoke_by_name(SWEEP_APPLIES, &recorded_event("sweep-applies", "", "")).await;
    assert_eq!(swept.expect(200)["isDone"], true);
    // What is no event of an HTTP API fails the function, not the service.
    let failed = app.invoke_by_name(Function::ALL[0].logical_name(), &Value::from(7)).await;
    assert_eq!((failed.status, failed.header("x-amz-function-error")), (200, Some("Unhandled")));
    app.invoke_by_name("NoSuchFunction", &Value::Null).await.expect(404);
}

#[test]
fn no_event_file_is_left_without_a_test() {
    let source = include_str!("events.rs");
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../events")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if let Some(event) = name.strip_suffix(".json").filter(|name| *name != "demo-workspace") {
            assert!(source.contains(&format!("\"{event}\"")), "{name}");
        }
    }
}
