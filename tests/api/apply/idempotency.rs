//! A repeated request with the same `Idempotency-Key` happens once, whatever became of the first one.

use serde_json::{Value, json};
use tests::{Answer, GIL, PAT, SAM, TestApp, apply_body, create_body, snapshot};

fn is_replay(answer: &Answer) -> bool {
    answer.header("idempotent-replayed") == Some("true")
}

fn with_email(email: &str) -> Value {
    let mut body = apply_body();
    body["newUser"]["email"] = json!(email);
    body
}

#[tokio::test]
async fn a_repeated_apply_gets_the_first_answer_byte_for_byte_and_writes_nothing() {
    let app = TestApp::start().await;
    let (id, sam) = (snapshot(&app).await, app.token(SAM));
    let first = app.apply_once(&sam, "k-1", &id, &apply_body()).await;
    first.expect(201);
    assert!(!is_replay(&first));
    let before = app.items().await.len();
    app.forget_calls();
    for key in ["k-1", "\"k-1\""] {
        let again = app.apply_once(&sam, key, &id, &apply_body()).await;
        assert_eq!((again.status, &again.text), (201, &first.text));
        assert!(is_replay(&again));
    }
    assert_eq!(app.recorded().write_units(), 0.0);
    assert_eq!(app.items().await.len(), before);
    // Null is as absent, and the order of fields tells nothing.
    let mut body = apply_body();
    body["onUnmapped"] = Value::Null;
    assert_eq!(app.apply_once(&sam, "k-1", &id, &body).await.text, first.text);
}

#[tokio::test]
async fn the_first_answer_stays_whatever_changes_after_it() {
    let app = TestApp::start().await;
    let (id, sam, pat) = (snapshot(&app).await, app.token(SAM), app.token(PAT));
    let first = app.apply_once(&sam, "k", &id, &apply_body()).await;
    first.expect(201);
    let again = async || app.apply_once(&sam, "k", &id, &apply_body()).await;

    app.rename(&pat, &id, &json!({"name": "Another"})).await.expect(200);
    assert_eq!(again().await.text, first.text);
    app.sign_in("casey@acme.example", "TempPass!2026").await;
    assert_eq!(again().await.text, first.text);
    app.assign(&sam, &id, &json!({"assignedOrgIds": [], "isGlobal": false})).await.expect(200);
    assert_eq!(again().await.text, first.text);
    app.delete_snapshot(&pat, &id).await;
    app.delete_snapshot(&sam, &id).await;
    app.snapshot(&sam, &id).await.expect_problem(404, "snapshot_not_found");
    assert_eq!(again().await.text, first.text);
}

#[tokio::test]
async fn a_key_belongs_to_its_body_its_path_its_user_and_its_organization() {
    let app = TestApp::start().await;
    let (id, other, sam) = (snapshot(&app).await, snapshot(&app).await, app.token(SAM));
    app.assign(&sam, &id, &json!({"isGlobal": true})).await.expect(200);
    let first = app.apply_once(&sam, "k", &id, &apply_body()).await;
    first.expect(201);
    let own = first.body["result"]["applyId"].clone();

    let mut renamed = apply_body();
    renamed["newUser"]["fullName"] = json!("Somebody Else");
    app.apply_once(&sam, "k", &id, &renamed).await.expect_problem(422, "idempotency_key_reused");
    app.apply_once(&sam, "k", &id, &with_email("else@acme.example"))
        .await
        .expect_problem(422, "idempotency_key_reused");
    let mut password = apply_body();
    password["newUser"]["password"] = json!("Another-Pass-2026!");
    app.apply_once(&sam, "k", &id, &password).await.expect_problem(422, "idempotency_key_reused");

    // Elsewhere the same key is another one: the address is taken there, and the first answer is not shown.
    for (token, path) in [(&sam, &other), (&app.token(GIL), &id), (&app.token(PAT), &id)] {
        app.apply_once(token, "k", path, &apply_body()).await.expect_problem(409, "email_taken");
        let email = format!("{}@acme.example", app.items().await.len());
        let apart = app.apply_once(token, "k", path, &with_email(&email)).await;
        assert_ne!(apart.expect(201)["result"]["applyId"], own);
        assert!(!is_replay(&apart));
    }
    // A key of a create is none of an apply.
    assert!(!is_replay(&app.create_once(&app.token(PAT), "k", &create_body()).await));
}

#[tokio::test]
async fn a_password_that_was_changed_since_is_not_compared_any_more() {
    let app = TestApp::start().await;
    let (id, sam) = (snapshot(&app).await, app.token(SAM));
    let first = app.apply_once(&sam, "k", &id, &apply_body()).await;
    first.expect(201);
    app.copy_hash(PAT, "casey@acme.example").await;
    let mut body = apply_body();
    body["newUser"]["password"] = json!("Any-Other-Pass-2026!");
    assert_eq!(app.apply_once(&sam, "k", &id, &body).await.text, first.text);
}

#[tokio::test]
async fn a_refusal_before_anything_is_written_leaves_the_key_free() {
    let app = TestApp::start().await;
    let (id, sam) = (snapshot(&app).await, app.token(SAM));
    let mut refused = apply_body();
    refused["pipelineMapping"] = json!({"Move to Contacted on first reply": {"Contacted": "No Such Stage"}});
    app.apply_once(&sam, "k", &id, &refused).await.expect_problem(422, "refused");
    app.apply_once(&sam, "k", &id, &with_email("pat@acme.example")).await.expect_problem(409, "email_taken");
    let applied = app.apply_once(&sam, "k", &id, &apply_body()).await;
    applied.expect(201);
    assert!(!is_replay(&applied));
}

#[tokio::test]
async fn a_malformed_key_is_400_and_a_key_has_at_most_255_characters() {
    let app = TestApp::start().await;
    let (id, sam, pat) = (snapshot(&app).await, app.token(SAM), app.token(PAT));
    for bad in ["", "\"", "a b", &"k".repeat(256)] {
        app.apply_once(&sam, bad, &id, &apply_body()).await.expect_problem(400, "invalid_header");
        app.create_once(&pat, bad, &create_body()).await.expect_problem(400, "invalid_header");
    }
    app.apply_once(&sam, &"k".repeat(255), &id, &apply_body()).await.expect(201);
}

#[tokio::test]
async fn a_repeated_create_gets_the_snapshot_as_it_is_now() {
    let app = TestApp::start().await;
    let (pat, sam) = (app.token(PAT), app.token(SAM));
    let first = app.create_once(&pat, "k", &create_body()).await;
    let id = first.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    let before = app.items().await.len();
    let again = app.create_once(&pat, "k", &create_body()).await;
    assert_eq!((again.status, &again.text), (201, &first.text));
    assert!(is_replay(&again) && !is_replay(&first));

    app.rename(&pat, &id, &json!({"name": "Renamed since"})).await.expect(200);
    let again = app.create_once(&pat, "k", &create_body()).await;
    assert_eq!(again.expect(201)["snapshot"]["name"], "Renamed since");
    assert_eq!(again.header("etag"), Some("\"2.1\""));
    assert_eq!(app.items().await.len(), before);

    let mut other = create_body();
    other["name"] = json!("Other");
    app.create_once(&pat, "k", &other).await.expect_problem(422, "idempotency_key_reused");
    assert_ne!(app.create_once(&sam, "k", &create_body()).await.expect(201)["snapshot"]["_id"], id.as_str());

    app.delete_snapshot(&pat, &id).await.expect(200);
    app.create_once(&pat, "k", &create_body()).await.expect_problem(409, "snapshot_deleted");
    app.create_once(&pat, "k", &other).await.expect_problem(422, "idempotency_key_reused");
}
