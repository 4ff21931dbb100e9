//! The recorded events that `sam local invoke` takes: each is answered as events/README.md says.

use shared::function::{EventFunction, HttpFunction};
use std::time::Duration;

use serde_json::{Value, json};
use tests::{BEGINNING, Logs, PAT, SAM, TestApp, recorded_event, snapshot};

#[tokio::test]
async fn every_recorded_event_is_answered_as_promised() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    for (name, function, email, status, code) in [
        ("create-snapshot", HttpFunction::CreateSnapshot, PAT, 201, None),
        ("create-snapshot-without-token", HttpFunction::CreateSnapshot, PAT, 401, Some("unauthenticated")),
        ("apply-snapshot", HttpFunction::ApplySnapshot, SAM, 201, None),
        ("apply-snapshot-unknown-field", HttpFunction::ApplySnapshot, SAM, 400, Some("invalid_body")),
        ("sign-in-login", HttpFunction::SignIn, SAM, 200, None),
        ("sign-in-wrong-password", HttpFunction::SignIn, SAM, 401, Some("invalid_credentials")),
        ("sign-in-verify-token-missing", HttpFunction::SignIn, SAM, 401, Some("unauthenticated")),
        ("manage-snapshots-list", HttpFunction::ManageSnapshots, PAT, 200, None),
        ("manage-snapshots-rename-stale", HttpFunction::ManageSnapshots, PAT, 412, Some("precondition_failed")),
        ("manage-snapshots-health", HttpFunction::ManageSnapshots, SAM, 200, None),
        ("manage-snapshots-preflight", HttpFunction::ManageSnapshots, SAM, 405, Some("method_not_allowed")),
        ("manage-snapshots-unknown-route", HttpFunction::ManageSnapshots, SAM, 404, Some("not_found")),
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
        ("create-snapshot", HttpFunction::CreateSnapshot, PAT, 201),
        ("apply-snapshot", HttpFunction::ApplySnapshot, SAM, 201),
        ("sign-in-login", HttpFunction::SignIn, SAM, 200),
        ("manage-snapshots-list", HttpFunction::ManageSnapshots, PAT, 200),
    ] {
        let event = recorded_event(name, &app.token(email), &id);
        let invoked = app.invoke_by_name(function.logical_name(), &event).await;
        assert_eq!(invoked.expect(200)["statusCode"], status, "{name}: {}", invoked.text);
    }
    let swept =
        app.invoke_by_name(EventFunction::SweepApplies.logical_name(), &recorded_event("sweep-applies", "", "")).await;
    assert_eq!(swept.expect(200)["isDone"], true);
    let scheduled = app
        .invoke_by_name(EventFunction::ScheduleRefresh.logical_name(), &recorded_event("schedule-refresh", "", ""))
        .await;
    assert_eq!(
        scheduled.expect(200),
        &json!({"sent": 0, "moved": 0, "met": 0, "failed": 0, "deferred": 0, "isDone": true})
    );
    let refreshed = app
        .invoke_by_name(EventFunction::RefreshSnapshot.logical_name(), &recorded_event("refresh-snapshot", "", &id))
        .await;
    assert_eq!(refreshed.expect(200), &json!({"batchItemFailures": []}));
    let failed = app.invoke_by_name(EventFunction::RefreshSnapshot.logical_name(), &json!({"detail": {}})).await;
    assert_eq!((failed.status, failed.header("x-amz-function-error")), (200, Some("Unhandled")));
    // What is no event of an HTTP API fails the function, not the service.
    let failed = app.invoke_by_name(HttpFunction::ALL[0].logical_name(), &Value::from(7)).await;
    assert_eq!((failed.status, failed.header("x-amz-function-error")), (200, Some("Unhandled")));
    app.invoke_by_name("NoSuchFunction", &Value::Null).await.expect(404);
}

#[tokio::test]
async fn every_recorded_batch_is_served_as_promised() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    app.clock().set(BEGINNING.minus(Duration::from_secs(6 * 3600)));
    app.rename(&app.token(PAT), &id, &json!({"refresh": {"every": "PT6H"}})).await.expect(200);
    app.clock().set(BEGINNING);
    for (name, results, failures) in [
        ("refresh-snapshot-malformed", &["unchanged"][..], &["059f36b4-87a3-44ab-83d2-661970000002"][..]),
        ("refresh-snapshot", &["not_due"], &[]),
        ("refresh-snapshot-twice", &["not_due", "not_due"], &[]),
    ] {
        let logs = Logs::new();
        let answer =
            app.invoke_by_name(EventFunction::RefreshSnapshot.logical_name(), &recorded_event(name, "", &id)).await;
        let failed: Vec<_> = failures.iter().map(|id| json!({"itemIdentifier": id})).collect();
        assert_eq!(answer.expect(200), &json!({"batchItemFailures": failed}), "{name}");
        let lines = logs.take();
        let refreshes = lines.iter().filter(|line| line["message"] == "refresh");
        assert_eq!(refreshes.map(|line| line["result"].as_str().unwrap()).collect::<Vec<_>>(), results, "{name}");
    }
}

#[test]
fn no_event_file_is_left_without_a_test() {
    let source = include_str!("events.rs");
    for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../events")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        if let Some(event) = name.strip_suffix(".json").filter(|name| !["demo-workspace", "main-job"].contains(name)) {
            assert!(source.contains(&format!("\"{event}\"")), "{name}");
        }
    }
}
