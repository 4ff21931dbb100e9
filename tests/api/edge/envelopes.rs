//! Answers as Lambda passes them on: at most 6 MB, whatever a setup holds.

use lambda_http::http::Method;
use serde_json::{Value, json};
use shared::domain::{ItemKind, ObjectId, PerKind, Setup, SetupItem};
use shared::http::bounded::{MAX_BODY_BYTES, sent_bytes};
use shared::store::SetupChange;
use tests::{ACME, Answer, BEGINNING, SAM, TestApp, apply_body, capture, change_setup, numbered_id, user_with_setup};

/// A name of 4 kB, every character of which takes seven bytes in an answer.
fn nasty_name(number: usize) -> String {
    format!("{number:05}{}", "\u{1}".repeat(4_000))
}

fn item(kind: u8, number: usize, document: Value) -> SetupItem {
    SetupItem { id: numbered_id(kind, number), document: serde_json::from_value(document).unwrap() }
}

/// Automations that name what nobody has, under names that are as long as they are unreadable; among them one with the longest
/// value, and one with secrets in thousands of places; and so many items that there are 5,000.
fn nasty_setup() -> Setup {
    let long = |number: usize| {
        let document = json!({
            "name": nasty_name(number), "triggerType": "\u{1}".repeat(100),
            "sourceStatuses": (0..5).map(|at| format!("\u{1}{at}")).collect::<Vec<_>>(),
            "actions": {"targetStage": "Contacted", "agent": "\u{1}Nobody"},
        });
        item(1, number, document)
    };
    let value = item(1, 300, json!({"name": nasty_name(300), "actions": {"targetStage": "\u{1}".repeat(300_000)}}));
    let payload: Value = (0..4_000).map(|at| (format!("\u{1}{at}"), json!("x"))).collect();
    let secrets = item(1, 301, json!({"name": nasty_name(301), "webhookPayload": payload}));
    let short = |number| item(2, number, json!({"name": "\u{1}".repeat(60), "type": "\u{1}".repeat(60)}));
    Setup::from(PerKind {
        automations: (0..300).map(long).chain([value, secrets]).collect(),
        prompts: (0..4_698).map(short).collect(),
        ..PerKind::default()
    })
}

fn expect_passed_on(what: &str, answer: &Answer) {
    let bytes = sent_bytes(answer.text.as_bytes());
    println!("{what}: {} {bytes}", answer.status);
    assert!(answer.status < 500, "{what}: {} {}", answer.status, &answer.text[..answer.text.len().min(500)]);
    assert!(bytes <= MAX_BODY_BYTES, "{what}: {bytes}");
}

/// Writes the names of a hundred automations and thousands of fields anew.
async fn edit(app: &TestApp, user: ObjectId) {
    let organization = ACME.parse().unwrap();
    for chunk in (0..100).collect::<Vec<usize>>().chunks(50) {
        let changes: Vec<SetupChange> = chunk
            .iter()
            .map(|number| {
                let fields: Value = (0..100).map(|at| (format!("\u{1}{at}"), json!("\u{1}\n".repeat(20)))).collect();
                let document = json!({"name": nasty_name(number + 1), "sourceStatuses": fields});
                SetupChange::Put(ItemKind::Automation, item(1, *number, document))
            })
            .collect();
        change_setup(app.table(), &organization, &user, &changes, BEGINNING).await.unwrap();
    }
}

#[tokio::test]
async fn no_answer_exceeds_the_6_mb_that_lambda_passes_on() {
    let app = TestApp::patient(std::time::Duration::from_secs(600)).await;
    let sam = app.token(SAM);
    let user = user_with_setup(&app, 1, &nasty_setup()).await;
    let id = capture(&app, user).await;
    let path = format!("/api/user-snapshots/{id}");

    expect_passed_on("list", &app.list_snapshots(&sam, "limit=100").await);
    expect_passed_on("detail", &app.snapshot(&sam, &id).await);
    expect_passed_on("apply-refs", &app.apply_refs(&sam, &id).await);
    let mut cursor = String::new();
    for page in 0..20 {
        let items = app.snapshot_items(&sam, &id, &format!("kind=automation&limit=100{cursor}")).await;
        expect_passed_on(&format!("items, page {page}"), &items);
        match items.expect(200)["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }

    let plan = app.plan(&sam, &id, &apply_body_of(json!({}))).await;
    expect_passed_on("plan of what leads nowhere", &plan);
    assert_eq!(plan.expect(200)["plan"]["warningsTotal"], 303);
    let by_id: Value =
        (0..300).map(|number| (numbered_id(1, number).to_string(), json!({"Contacted": "Reached Out"}))).collect();
    let mapped = apply_body_of(by_id);
    let plan = app.plan(&sam, &id, &mapped).await;
    expect_passed_on("plan of what is mapped", &plan);
    let clone = &plan.expect(200)["plan"]["clones"][0];
    let reference = &clone["mappedReferences"][0];
    assert_eq!(reference["automationId"], clone["sourceId"]);
    assert_eq!((&reference["automationNameCut"], &reference["value"]), (&json!(true), &json!("Contacted")));
    let mut rejected = apply_body_of(json!({}));
    rejected["onUnmapped"] = json!("reject");
    expect_passed_on("plan that is refused", &app.plan(&sam, &id, &rejected).await);
    expect_passed_on("refused apply", &app.apply(&sam, &id, &rejected).await);
    let mut wrong = apply_body_of(json!({}));
    wrong["pipelineMapping"] =
        (0..100).map(|at| (format!("{at}{}", "\u{1}".repeat(1_000)), json!({"a": "b"}))).collect();
    expect_passed_on("apply with wrong keys", &app.apply(&sam, &id, &wrong).await);

    let applied = app.apply(&sam, &id, &mapped).await;
    expect_passed_on("apply", &applied);
    let apply = applied.expect(201)["result"]["applyId"].as_str().unwrap().to_owned();
    expect_passed_on("applies", &app.list_applies(&sam, &id, "limit=100").await);
    expect_passed_on("history", &app.history(&sam, "limit=100").await);
    expect_passed_on("apply's detail", &app.apply_detail(&sam, &id, &apply, "limit=100").await);

    edit(&app, user).await;
    let refresh = app.request(Method::POST, &format!("{path}/refresh")).bearer_auth(&sam);
    expect_passed_on("refresh", &app.send(refresh).await);
    expect_passed_on("revisions", &app.get(&sam, &format!("{path}/revisions")).await);
    expect_passed_on("revision", &app.get(&sam, &format!("{path}/revisions/1")).await);
    expect_passed_on("diff", &app.get(&sam, &format!("{path}/diff?limit=100")).await);
    expect_passed_on("undo", &app.undo(&sam, &id, &apply, None).await);
    expect_passed_on("users", &app.list_users(&sam, ACME, "limit=100").await);
}

fn apply_body_of(pipeline_mapping: Value) -> Value {
    let mut body = apply_body();
    body["pipelineMapping"] = pipeline_mapping;
    body["agentMapping"] = json!({});
    body["sourceStatusesMapping"] = json!({});
    body
}
