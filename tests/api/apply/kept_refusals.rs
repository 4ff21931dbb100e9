//! Refused applies in the history of an organization: what is kept of them, and what keeping them never does.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::domain::Email;
use shared::store::{MAX_REFUSALS, PersonErasure};
use tests::{ACME, Answer, CASEY, CallerState, DAY, GIL, GLOBEX, Logs, PAT, SAM, TestApp, apply_body, snapshot};

const HOUR: Duration = Duration::from_secs(60 * 60);
const SECOND: Duration = Duration::from_secs(1);
/// An id that nothing has.
const NOBODY: &str = "64ee9a8b1e7f2a00112233ff";

/// A body that the plan refuses.
fn unplannable(email: &str) -> Value {
    let mut body = apply_body();
    body["newUser"]["email"] = json!(email);
    body["pipelineMapping"] = json!({"No such automation": {"a": "b"}});
    body
}

async fn listed(app: &TestApp, token: &str, query: &str) -> Vec<Value> {
    app.history(token, query).await.expect(200)["applies"].as_array().unwrap().clone()
}

/// The codes of the refusals, the latest first.
async fn codes(app: &TestApp, token: &str) -> Vec<String> {
    let refused = listed(app, token, "state=refused").await;
    refused.iter().map(|entry| entry["reason"]["code"].as_str().unwrap().to_owned()).collect()
}

/// A service with a snapshot that both organizations see.
async fn shared_snapshot() -> (TestApp, String) {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    app.assign(&app.token(SAM), &id, &json!({"assignedOrgIds": [ACME, GLOBEX]})).await.expect(200);
    (app, id)
}

#[tokio::test]
async fn every_refused_apply_is_in_the_history_with_code_places_and_request() {
    let (app, id) = shared_snapshot().await;
    let gil = app.token(GIL);
    let mut weak = apply_body();
    weak["newUser"] = json!({"email": CASEY, "password": "short"});
    let mut taken = apply_body();
    taken["newUser"]["email"] = json!(PAT);
    app.apply(&gil, &id, &weak).await.expect_problem(422, "refused");
    app.clock().advance(SECOND);
    app.apply(&gil, &id, &unplannable(CASEY)).await.expect_problem(422, "refused");
    app.clock().advance(SECOND);
    let request = app.request(http::Method::POST, &format!("/api/user-snapshots/{id}/apply")).bearer_auth(&gil);
    let request = request.header("if-match", "\"0\"").header("x-request-id", "the-request").json(&apply_body());
    app.send(request).await.expect_problem(412, "precondition_failed");
    app.clock().advance(SECOND);
    app.apply(&gil, &id, &taken).await.expect_problem(409, "email_taken");
    app.clock().advance(SECOND);
    let applied = app.apply_once(&gil, "k", &id, &apply_body()).await;
    let applied = applied.expect(201)["result"]["applyId"].clone();
    app.clock().advance(SECOND);
    app.apply_once(&gil, "k", &id, &taken).await.expect_problem(422, "idempotency_key_reused");

    let history = listed(&app, &gil, "").await;
    let told: Vec<_> = history.iter().map(|entry| (&entry["state"], &entry["reason"]["code"])).collect();
    let refused = |code: &'static str| (json!("refused"), json!(code));
    let expected = [
        refused("idempotency_key_reused"),
        (json!("applied"), Value::Null),
        refused("email_taken"),
        refused("precondition_failed"),
        refused("refused"),
        refused("refused"),
    ];
    assert_eq!(told, expected.iter().map(|(state, code)| (state, code)).collect::<Vec<_>>());
    assert_eq!(history[1]["_id"], applied);
    let mut entry = history[4].clone();
    let entry = entry.as_object_mut().unwrap();
    assert!(entry.remove("_id").unwrap().is_string());
    assert!(entry["reason"].as_object_mut().unwrap().remove("requestId").unwrap().is_string());
    assert_eq!(
        json!(entry),
        json!({
            "state": "refused",
            "snapshotId": id,
            "appliedBy": app.member(GIL).user.id.to_string(),
            "appliedByName": "Gil Admin",
            "appliedByRole": "ADMIN",
            "appliedAt": "2026-05-15T09:00:01.000Z",
            "userEmail": CASEY,
            "accessRole": "SALES_REP",
            "reason": {"code": "refused", "pointers": ["/pipelineMapping/No such automation"]},
        })
    );
    assert_eq!(history[3]["reason"], json!({"code": "precondition_failed", "requestId": "the-request"}));
    // The body could not be read, so nothing is known of the user.
    assert_eq!((history[5].get("userEmail"), history[5].get("accessRole")), (None, None));
    assert_eq!(history[5]["reason"]["pointers"], json!(["/newUser/password"]));

    for (query, expected) in [
        ("state=refused".to_owned(), 5),
        ("state=applied".to_owned(), 1),
        (format!("state=refused&userEmail={}", PAT.to_uppercase()), 2),
        (format!("state=refused&snapshotId={id}"), 5),
        (format!("snapshotId={NOBODY}"), 0),
        ("state=refused&from=2026-05-15T09:00:01.000Z&to=2026-05-15T09:00:03.000Z".to_owned(), 2),
    ] {
        assert_eq!(listed(&app, &gil, &query).await.len(), expected, "{query}");
        let first = listed(&app, &gil, &format!("{query}&limit=1")).await;
        assert_eq!(first.len(), expected.min(1), "{query}");
    }
    // Another organization learns nothing, and the history of the snapshot has what was admitted.
    assert!(listed(&app, &app.token(PAT), "").await.is_empty());
    assert_eq!(app.list_applies(&gil, &id, "").await.expect(200)["applies"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_malformed_forbidden_unseen_or_to_wait_is_no_refusal() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let (sam, gil) = (app.token(SAM), app.token(GIL));
    app.apply(&gil, &id, &apply_body()).await.expect_problem(404, "snapshot_not_found");
    app.apply(&sam, &id, &json!({"newUser": 1})).await.expect_problem(400, "invalid_body");
    app.apply(&app.token(tests::DANA), &id, &apply_body()).await.expect_problem(403, "forbidden");
    let hold = [("PK", format!("EMAIL#{CASEY}")), ("SK", "#META".to_owned()), ("type", "email".to_owned())];
    let text = |text: String| aws_sdk_dynamodb::types::AttributeValue::S(text);
    let [pk, sk, kind] = hold.map(|(name, value)| (name, text(value)));
    let holder = [("organizationId", ACME), ("reservedBy", NOBODY)].map(|(name, value)| (name, text(value.to_owned())));
    let [organization, holder] = holder;
    app.put_item([pk, sk, kind, organization, holder]).await;
    app.apply(&sam, &id, &apply_body()).await.expect_problem(409, "in_progress");
    assert!(listed(&app, &sam, "").await.is_empty());
    assert!(app.items().await.iter().all(|item| !item["PK"].as_s().unwrap().ends_with("#REFUSALS")));
}

#[tokio::test]
async fn a_refusal_of_a_higher_role_is_seen_by_that_role() {
    let (app, id) = shared_snapshot().await;
    let (sam, gil) = (app.token(SAM), app.token(GIL));
    for role in ["SUPERADMIN", "ADMIN"] {
        let mut body = unplannable(CASEY);
        body["newUser"]["accessRole"] = json!(role);
        app.apply(&sam, &id, &body).await.expect(422);
    }
    // Of an unreadable body the role is not known: it could be the caller's.
    app.apply(&sam, &id, &json!({"newUser": {"email": CASEY, "password": "short"}})).await.expect(422);
    assert_eq!((codes(&app, &sam).await.len(), codes(&app, &gil).await.len()), (3, 1));
    // The pointers name parts of a snapshot that only the higher role may see here.
    let pointers =
        async |token| listed(&app, token, "").await.iter().filter(|it| !it["reason"]["pointers"].is_null()).count();
    assert_eq!((pointers(&sam).await, pointers(&gil).await), (3, 0));
}

#[tokio::test]
async fn an_hour_of_a_caller_keeps_a_known_number_of_refusals() {
    let (app, id) = shared_snapshot().await;
    let (sam, gil) = (app.token(SAM), app.token(GIL));
    for number in 1..=MAX_REFUSALS + 1 {
        app.forget_calls();
        app.apply(&gil, &id, &unplannable(CASEY)).await.expect_problem(422, "refused");
        // One transaction, and one round trip after the reads.
        let recorded = app.recorded();
        assert_eq!((recorded.round_trips(), recorded.writes().len()), (2, 1), "{:?}", recorded.operations());
        if number >= MAX_REFUSALS - 1 {
            assert_eq!(codes(&app, &gil).await.len() as u64, number.min(MAX_REFUSALS), "{number}");
        }
    }
    // Another caller has an own number, and so has another hour.
    app.apply(&sam, &id, &unplannable(CASEY)).await.expect(422);
    assert_eq!(codes(&app, &gil).await.len() as u64, MAX_REFUSALS + 1);
    app.clock().advance(HOUR - Duration::from_millis(1));
    app.apply(&gil, &id, &unplannable(CASEY)).await.expect(422);
    assert_eq!(codes(&app, &sam).await.len() as u64, MAX_REFUSALS + 1, "the hour began at nine");
    app.clock().advance(Duration::from_millis(1));
    app.apply(&app.token(GIL), &id, &unplannable(CASEY)).await.expect(422);
    assert_eq!(codes(&app, &app.token(SAM)).await.len() as u64, MAX_REFUSALS + 2);
}

#[tokio::test]
async fn refusals_at_once_are_kept_up_to_the_number_and_no_further() {
    let (app, id) = shared_snapshot().await;
    let gil = app.token(GIL);
    let body = unplannable(CASEY);
    for _ in 0..3 {
        let answers: Vec<Answer> = join_all((0..10).map(|_| app.apply(&gil, &id, &body))).await;
        assert!(answers.iter().all(|answer| answer.status == 422));
    }
    assert_eq!(codes(&app, &gil).await.len() as u64, MAX_REFUSALS);
}

#[tokio::test]
async fn a_refusal_that_cannot_be_kept_is_answered_all_the_same_and_logged() {
    let (app, id) = shared_snapshot().await;
    let gil = app.token(GIL);
    let logs = Logs::new();
    let lost = app.faults().drop_request().of("TransactWriteItems").always();
    let refused = app.apply(&gil, &id, &unplannable(CASEY)).await;
    refused.expect_problem(422, "refused");
    assert!(lost.count() > 0);
    app.faults().clear();
    let missing: Vec<_> = logs.take().into_iter().filter(|line| line["level"] == "WARN").collect();
    assert_eq!(missing.len(), 1, "{missing:?}");
    assert!(missing[0].to_string().contains("missing in the history") && !missing[0].to_string().contains(CASEY));
    assert!(codes(&app, &gil).await.is_empty());
    // A lost answer counts once.
    let lost = app.faults().drop_answer().of("TransactWriteItems").first(1);
    app.apply(&gil, &id, &unplannable(CASEY)).await.expect_problem(422, "refused");
    assert_eq!((lost.count(), codes(&app, &gil).await.len()), (1, 1));
}

#[tokio::test]
async fn nothing_is_kept_for_a_caller_who_is_not_as_the_token_says() {
    for state in CallerState::ALL {
        let (app, id) = shared_snapshot().await;
        let gil = app.token(GIL);
        let user = app.member(GIL).user.clone();
        if !state.is_possible(user.role) {
            continue;
        }
        app.change_user(&user, state, ACME).await;
        let weak = json!({"newUser": {"email": CASEY, "password": "short"}});
        app.apply(&gil, &id, &weak).await.expect_problem(422, "refused");
        let kept = app.items().await.iter().filter(|item| item["SK"].as_s().unwrap().starts_with("REFUSED#")).count();
        assert_eq!(kept == 1, state == CallerState::AsTheTokenSays, "{state:?}");
    }
}

#[tokio::test]
async fn a_retry_meets_nothing_of_a_refusal() {
    let (app, id) = shared_snapshot().await;
    let gil = app.token(GIL);
    app.apply_once(&gil, "k", &id, &unplannable(CASEY)).await.expect_problem(422, "refused");
    app.apply_once(&gil, "k", &id, &apply_body()).await.expect(201);
    let again = app.apply_once(&gil, "k", &id, &apply_body()).await;
    assert_eq!(again.expect(201)["message"], "Snapshot applied");
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    app.sign_in(CASEY, "TempPass!2026").await;
}

#[tokio::test]
async fn a_refusal_of_a_superadmin_is_in_the_history_of_the_organization_that_it_names() {
    let (app, id) = shared_snapshot().await;
    let (sam, pat) = (app.token(SAM), app.token(PAT));
    let mut body = apply_body();
    body["selectedPromptNames"] = json!(["No such prompt"]);
    for (organization, kept) in [(NOBODY, 0), (ACME, 1)] {
        body["organizationId"] = json!(organization);
        app.apply(&sam, &id, &body).await.expect_problem(422, "refused");
        assert_eq!(codes(&app, &pat).await.len(), kept, "{organization}");
        assert!(codes(&app, &sam).await.is_empty());
    }
    assert_eq!(listed(&app, &sam, &format!("organizationId={ACME}&state=refused")).await.len(), 1);
    let kept = app.items().await.iter().filter(|item| item["SK"].as_s().unwrap().starts_with("REFUSED#")).count();
    assert_eq!(kept, 1, "of an organization that does not exist there is no history");
}

#[tokio::test]
async fn a_refusal_is_shown_for_ninety_days() {
    let (app, id) = shared_snapshot().await;
    app.apply(&app.token(GIL), &id, &unplannable(CASEY)).await.expect(422);
    for (time, seen) in [(DAY * 90 - Duration::from_millis(1), 1), (Duration::from_millis(1), 0)] {
        app.clock().advance(time);
        assert_eq!(codes(&app, &app.token(GIL)).await.len(), seen);
    }
}

#[tokio::test]
async fn an_erasure_takes_the_address_out_of_refusals() {
    let (app, id) = shared_snapshot().await;
    let gil = app.token(GIL);
    app.apply(&gil, &id, &unplannable(CASEY)).await.expect(422);
    app.apply(&gil, &id, &unplannable("other@globex.example")).await.expect(422);
    let email = Email::parse(CASEY.to_uppercase()).unwrap();
    let erasure = PersonErasure::new(app.table(), &email, &[], app.clock()).without_pause();
    let report = erasure.run(&mut |_| {}).await.unwrap();
    assert_eq!((report.erased.len(), report.left.len(), report.is_busy), (1, 0, false));
    let left = listed(&app, &gil, "state=refused").await;
    assert_eq!(left.iter().filter(|entry| entry.get("userEmail").is_none()).count(), 1);
    assert!(!app.items().await.iter().any(|item| format!("{item:?}").to_lowercase().contains(CASEY)));
}

#[tokio::test]
async fn a_retry_after_its_user_was_removed_or_undone_does_not_bring_the_address_back() {
    let (app, id) = shared_snapshot().await;
    let gil = app.token(GIL);
    for (key, removes) in [("removed", true), ("undone", false)] {
        let applied = app.apply_once(&gil, key, &id, &apply_body()).await;
        let result = applied.expect(201)["result"].clone();
        match removes {
            true => app.remove_user(&gil, result["userId"].as_str().unwrap()).await.expect(200),
            false => app.undo(&gil, &id, result["applyId"].as_str().unwrap(), None).await.expect(200),
        };
        let again = app.apply_once(&gil, key, &id, &apply_body()).await;
        assert_eq!(again.status, 409, "{}", again.text);
        app.clock().advance(SECOND);
    }
    assert_eq!(codes(&app, &gil).await, ["apply_undone", "user_removed"]);
    for entry in listed(&app, &gil, "state=refused").await {
        assert!(entry.get("userEmail").is_none() && !entry.to_string().contains(CASEY), "{entry}");
    }
}
