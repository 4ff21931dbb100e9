//! What a busy DynamoDB answers is waited out while there is time, and told as 503 where it does not pass.

use serde_json::json;
use tests::{ACME, Answer, PAT, Reason, Rule, SAM, TestApp, Throttling, apply_body, create_body, snapshot};

/// Everything that DynamoDB may say of a call that succeeds a moment later.
fn passing(app: &TestApp) -> Vec<Rule> {
    let faults = app.faults();
    vec![
        faults.conflict(),
        faults.throttle(Throttling::Provisioned),
        faults.throttle(Throttling::OnDemand),
        faults.in_progress(),
        faults.fail(500),
        faults.fail(503),
        faults.drop_request(),
        faults.drop_answer(),
    ]
}

async fn apply(app: &TestApp, id: &str, number: usize) -> Answer {
    let mut body = apply_body();
    body["newUser"]["email"] = json!(format!("new{number}@globex.example"));
    app.apply(&app.token(SAM), id, &body).await
}

#[tokio::test]
async fn a_transaction_that_cannot_happen_now_is_tried_again_until_it_can() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    for (number, rule) in passing(&app).into_iter().enumerate() {
        let hits = rule.of("TransactWriteItems").first(3);
        apply(&app, &id, number).await.expect(201);
        assert_eq!(hits.count(), 3, "fault {number}");
        app.faults().clear();
    }
}

#[tokio::test]
async fn reads_and_single_writes_are_tried_again_as_well() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let pat = app.token(PAT);
    for operation in ["GetItem", "Query", "PutItem", "UpdateItem", "BatchGetItem", "TransactGetItems"] {
        let hits = app.faults().fail(500).of(operation).first(2);
        app.create_snapshot(&pat, &create_body()).await.expect(201);
        app.rename(&pat, &id, &json!({"name": operation})).await.expect(200);
        app.assign(&app.token(SAM), &id, &json!({"assignedOrgIds": [ACME]})).await.expect(200);
        app.list_snapshots(&pat, "").await.expect(200);
        app.faults().clear();
        assert_eq!(hits.count(), 2, "{operation}");
    }
}

#[tokio::test]
async fn a_lost_answer_of_a_rename_or_a_create_is_no_conflict_with_oneself() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let pat = app.token(PAT);
    let lost = app.faults().drop_answer().of("UpdateItem").first(1);
    let request = app.request(http::Method::PATCH, &format!("/api/user-snapshots/{id}")).header("if-match", "\"1\"");
    app.send(request.bearer_auth(&pat).json(&json!({"name": "Once"}))).await.expect(200);
    let put = app.faults().drop_answer().of("PutItem").first(1);
    app.create_snapshot(&pat, &create_body()).await.expect(201);
    assert_eq!((lost.count(), put.count()), (1, 1));
}

#[tokio::test]
async fn of_several_reasons_the_worst_counts() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    // A condition that failed does not pass, whatever else came together with it.
    let cancelled = app.faults().cancel([Reason::Conflict, Reason::ConditionFailed(None)]);
    let hits = cancelled.of("TransactWriteItems").always();
    // The address is free when its holder is read, so a later request can have it.
    apply(&app, &id, 1).await.expect_problem(409, "in_progress");
    assert_eq!(hits.count(), 1);
}

#[tokio::test]
async fn what_does_not_pass_is_503_and_leaves_nothing() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let before = app.items().await.len();
    let hits = app.faults().conflict().of("TransactWriteItems").always();
    let refused = apply(&app, &id, 1).await;
    refused.expect_problem(503, "unavailable");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(hits.count(), 8);
    app.faults().clear();
    assert_eq!(app.items().await.len(), before);
}
