//! A refresh that is overtaken at its last step: what it found out about one revision is not said of another.

use serde_json::json;
use shared::domain::ItemKind;
use shared::store::SetupChange;
use tests::{ACME, Gate, PAT, TestApp, edit_prompt, refresh, restore, snapshot};

use crate::snapshots::revisions::with_revisions;

/// Whether a call writes the state of a snapshot's refreshes and nothing else.
fn is_note(request: &serde_json::Value) -> bool {
    request["Key"]["SK"]["S"] == "REFRESH"
}

#[tokio::test]
async fn a_refresh_that_a_restore_overtakes_does_not_say_that_the_old_content_is_what_the_source_has() {
    let app = TestApp::start().await;
    let id = with_revisions(&app, 3).await;
    let gate = Gate::closed();
    app.faults().hold_request(&gate).of("UpdateItem").when(is_note).nth(1);
    let restored = async {
        gate.arrived(1).await;
        let restored = restore(&app, PAT, &id, 1).await;
        gate.open();
        restored
    };
    // It finds the third revision to be what the source has, and then the restore makes the fourth.
    let (refreshed, restored) = tokio::join!(refresh(&app, PAT, &id), restored);
    assert_eq!(restored.expect(200)["snapshot"]["revision"], 4);
    let refreshed = &refreshed.expect(200)["snapshot"];
    assert_eq!((&refreshed["revision"], &refreshed["refreshStatus"]), (&json!(5), &json!("fresh")));
    let shown = app.snapshot(&app.token(PAT), &id).await.expect(200)["snapshot"].clone();
    assert_eq!(shown["revision"], 5, "it captured what the source has, and so it may say it");
}

#[tokio::test]
async fn a_late_failure_is_not_said_of_a_newer_revision() {
    let app = TestApp::start().await;
    let id = with_revisions(&app, 2).await;
    let alex = app.member(tests::ALEX).user.clone();
    let huge = |bytes: usize| {
        let document = serde_json::from_value(json!({"name": "Huge", "prompt": "x".repeat(bytes)})).unwrap();
        SetupChange::Put(ItemKind::Prompt, shared::domain::SetupItem { id: tests::numbered_id(5, 1), document })
    };
    let write = async |change| {
        tests::change_setup(app.table(), &ACME.parse().unwrap(), &alex.id, &[change], tests::BEGINNING).await.unwrap()
    };
    write(huge(392_000)).await;
    let gate = Gate::closed();
    app.faults().hold_request(&gate).of("UpdateItem").when(is_note).nth(1);
    let other = async {
        gate.arrived(1).await;
        write(huge(10)).await;
        let refreshed = refresh(&app, PAT, &id).await;
        gate.open();
        refreshed
    };
    let (overtaken, other) = tokio::join!(refresh(&app, PAT, &id), other);
    assert_eq!(other.expect(200)["snapshot"]["revision"], 3);
    // It looks again, and finds the source as it is now.
    overtaken.expect_problem(413, "setup_too_large");
    let shown = app.snapshot(&app.token(PAT), &id).await.expect(200)["snapshot"].clone();
    assert_eq!((&shown["revision"], &shown["refreshStatus"]), (&json!(3), &json!("fresh")));
}

#[tokio::test]
async fn a_rename_whose_answer_is_lost_is_done_although_a_refresh_comes_between() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    edit_prompt(&app, "Say less.").await;
    let gate = Gate::closed();
    let is_rename = |request: &serde_json::Value| request["Key"]["SK"]["S"] == "#META";
    app.faults().drop_answer().of("UpdateItem").when(is_rename).nth(1);
    app.faults().hold_request(&gate).of("UpdateItem").when(is_rename).nth(2);
    let token = app.token(PAT);
    let rename = app.request(http::Method::PATCH, &format!("/api/user-snapshots/{id}")).header("if-match", "\"1\"");
    let rename = app.send(rename.bearer_auth(&token).json(&json!({"name": "Renamed"})));
    let other = async {
        gate.arrived(1).await;
        let refreshed = refresh(&app, PAT, &id).await;
        gate.open();
        refreshed
    };
    let (renamed, refreshed) = tokio::join!(rename, other);
    refreshed.expect(200);
    let snapshot = &renamed.expect(200)["snapshot"];
    assert_eq!((&snapshot["name"], &snapshot["revision"]), (&json!("Renamed"), &json!(2)));
    assert_eq!(renamed.header("etag"), Some("\"2.2\""));
}

#[tokio::test]
async fn a_restore_whose_answers_are_lost_makes_one_revision() {
    let app = TestApp::start().await;
    let id = with_revisions(&app, 3).await;
    app.faults().drop_answer().of("TransactWriteItems").first(3);
    assert_eq!(restore(&app, PAT, &id, 1).await.expect(200)["snapshot"]["revision"], 4);
    app.faults().drop_answer().of("TransactWriteItems").always();
    let answer = restore(&app, PAT, &id, 2).await;
    answer.expect_problem(503, "unavailable");
    app.faults().clear();
    assert_eq!(restore(&app, PAT, &id, 2).await.expect(200)["snapshot"]["revision"], 5, "it had landed");
}
