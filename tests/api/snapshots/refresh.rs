//! A snapshot captured again: what a refresh creates, keeps and costs, also beside other writers.

use serde_json::{Value, json};
use shared::clock::Clock;
use shared::domain::{Document, ItemKind, SetupItem};
use shared::store::{SetupChange, stored_bytes};
use tests::{
    ACME, ALEX, BEGINNING, DAY, Fault, GIL, Loss, PAT, SAM, TestApp, apply_body, change_alex, create_body, edit_prompt,
    refresh, snapshot,
};

use crate::snapshots::revisions::content;

fn document_of(value: Value) -> Document {
    serde_json::from_value(value).unwrap()
}

async fn delete_alex(app: &TestApp) {
    let alex = &app.member(ALEX).user;
    let (pk, sk) = (format!("ORG#{}#USER#{}", alex.organization, alex.id), "#META");
    let key = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let delete = app.database().client().delete_item().table_name("snapshots").key("PK", key(&pk)).key("SK", key(sk));
    delete.send().await.unwrap();
}

#[tokio::test]
async fn a_refresh_captures_what_changed_as_a_new_revision_and_keeps_the_old_one() {
    let app = TestApp::start().await;
    let token = app.token(PAT);
    let made = app.create_snapshot(&token, &create_body()).await.expect(201)["snapshot"].clone();
    let id = made["_id"].as_str().unwrap();
    assert_eq!((&made["revision"], &made["revisedAt"]), (&json!(1), &made["createdAt"]));
    edit_prompt(&app, "Say less.").await;
    app.clock().advance(DAY);
    let answer = refresh(&app, PAT, id).await;
    let refreshed = &answer.expect(200)["snapshot"];
    assert_eq!(answer.body["message"], "Snapshot refreshed");
    let now = "2026-05-16T09:00:00.000Z";
    let mut expected = made.clone();
    for (field, value) in [
        ("revision", json!(2)),
        ("revisedAt", json!(now)),
        ("lastRefreshedAt", json!(now)),
        ("refreshStatus", json!("fresh")),
        ("version", json!("1.2")),
    ] {
        expected[field] = value;
    }
    assert_eq!(*refreshed, expected);
    assert_eq!(answer.header("etag"), Some("\"1.2\""), "name, description and access are as they were");

    let token = app.token(PAT);
    let shown = app.snapshot(&token, id).await.expect(200)["snapshot"].clone();
    for (field, value) in expected.as_object().unwrap() {
        assert_eq!(shown[field], *value, "{field}");
    }
    let items = app.snapshot_items(&token, id, "kind=prompt").await.text;
    assert!(items.contains("Say less."), "{items}");
    let result = app.apply(&app.token(SAM), id, &apply_body()).await.expect(201)["result"].clone();
    assert_eq!(result["snapshotRevision"], 2);
    // What was there is kept to the byte.
    let first = app.item(&format!("SNAPSHOT#{id}"), "REV#0000000001").await.unwrap();
    assert_eq!((&first["type"], &first["revisedAt"]), (&text("revision"), &text("2026-05-15T09:00:00.000Z")));
}

fn text(text: &str) -> aws_sdk_dynamodb::types::AttributeValue {
    aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned())
}

#[tokio::test]
async fn a_refresh_that_finds_no_change_costs_what_reading_costs_and_one_write_unit() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let before = app.item(&format!("SNAPSHOT#{id}"), "#META").await;
    for time in 1..=3 {
        app.clock().advance(DAY);
        app.forget_calls();
        let answer = refresh(&app, PAT, &id).await;
        let recorded = app.recorded();
        let units = recorded.write_units();
        assert_eq!(units, 1.0, "{time}");
        assert!(recorded.round_trips() <= 5, "{:?}", recorded.operations());
        println!("refresh {time}: {units} write units, {} round trips", recorded.round_trips());
        assert_eq!(answer.expect(200)["message"], "Snapshot unchanged");
        let snapshot = &answer.body["snapshot"];
        assert_eq!((&snapshot["refreshStatus"], &snapshot["revision"]), (&json!("unchanged"), &json!(1)));
        assert_eq!(snapshot["lastRefreshedAt"], app.clock().now().to_string());
    }
    assert_eq!(app.item(&format!("SNAPSHOT#{id}"), "#META").await, before);
}

#[tokio::test]
async fn a_refresh_that_finds_a_change_costs_twice_the_two_revisions() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    edit_prompt(&app, "Say less.").await;
    let units = async |sk| {
        let item = app.item(&format!("SNAPSHOT#{id}"), sk).await;
        item.map_or(0, |item| 2 * stored_bytes(&item).div_ceil(1024))
    };
    let before = units("#META").await;
    app.forget_calls();
    refresh(&app, PAT, &id).await.expect(200);
    let recorded = app.recorded();
    // DynamoDB counts the larger of what an update meets and what it leaves.
    let expected = before.max(units("#META").await) + units("REV#0000000001").await + units("REFRESH").await;
    assert_eq!(recorded.write_units(), expected as f64);
    assert_eq!(recorded.round_trips(), 4, "{:?}", recorded.operations());
    println!("{expected} write units");
}

#[tokio::test]
async fn a_refresh_that_changes_the_counts_writes_the_rows_of_the_lists_too() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let extra = SetupItem { id: tests::numbered_id(5, 1), document: document_of(json!({"name": "n", "prompt": "p"})) };
    change_alex(&app, SetupChange::Put(ItemKind::Prompt, extra)).await;
    let units = async |sk| {
        let item = app.item(&format!("SNAPSHOT#{id}"), sk).await;
        item.map_or(0, |item| 2 * stored_bytes(&item).div_ceil(1024))
    };
    let before = units("#META").await;
    app.forget_calls();
    refresh(&app, PAT, &id).await.expect(200);
    let items = before.max(units("#META").await) + units("REV#0000000001").await + units("REFRESH").await;
    // One row in LIST and one in ALL.
    assert_eq!(app.recorded().write_units(), (items + 2) as f64);
    let listed = app.list_snapshots(&app.token(PAT), "").await.expect(200)["snapshots"][0].clone();
    assert_eq!(listed["counts"]["prompts"], 9);
}

#[tokio::test]
async fn a_source_that_is_gone_leaves_the_snapshot_what_it_has() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    refresh(&app, PAT, &id).await.expect(200);
    delete_alex(&app).await;
    app.clock().advance(DAY);
    let answer = refresh(&app, PAT, &id).await;
    let snapshot = &answer.expect(200)["snapshot"];
    assert_eq!(answer.body["message"], "Source missing, snapshot kept");
    assert_eq!((&snapshot["refreshStatus"], &snapshot["revision"]), (&json!("source_missing"), &json!(1)));
    assert_eq!(snapshot["lastRefreshedAt"], "2026-05-15T09:00:00.000Z", "the last time that it was as its source");
    assert!(snapshot["refreshDetail"].as_str().unwrap().contains("deleted"));
    app.apply(&app.token(SAM), &id, &apply_body()).await.expect(201);
}

#[tokio::test]
async fn a_source_that_became_too_large_is_413_and_leaves_the_snapshot_what_it_has() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let token = app.token(PAT);
    edit_prompt(&app, &"x".repeat(392_000)).await;
    let answer = refresh(&app, PAT, &id).await;
    let detail = answer.expect_problem(413, "setup_too_large")["detail"].clone();
    let snapshot = app.snapshot(&token, &id).await.expect(200)["snapshot"].clone();
    assert_eq!((&snapshot["refreshStatus"], &snapshot["refreshDetail"]), (&json!("failed"), &detail));
    assert_eq!(snapshot["revision"], 1);
}

#[tokio::test]
async fn only_who_may_change_a_snapshot_refreshes_it() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    refresh(&app, GIL, &id).await.expect_problem(404, "snapshot_not_found");
    app.assign(&app.token(SAM), &id, &json!({"isGlobal": true})).await.expect(200);
    refresh(&app, GIL, &id).await.expect_problem(403, "forbidden");
    refresh(&app, SAM, &id).await.expect(200);
    app.delete_snapshot(&app.token(SAM), &id).await.expect(200);
    refresh(&app, SAM, &id).await.expect_problem(404, "snapshot_not_found");
}

#[tokio::test]
async fn a_refresh_and_a_rename_at_once_lose_nothing_of_one_another() {
    for round in 0..20 {
        let app = TestApp::start().await;
        let id = snapshot(&app).await;
        let token = app.token(PAT);
        edit_prompt(&app, &format!("Round {round}.")).await;
        let name = json!({"name": format!("Renamed {round}")});
        let (sam, global) = (app.token(SAM), json!({"isGlobal": true}));
        let (refreshed, renamed, assigned) =
            tokio::join!(refresh(&app, PAT, &id), app.rename(&token, &id, &name), app.assign(&sam, &id, &global),);
        refreshed.expect(200);
        renamed.expect(200);
        assigned.expect(200);
        let shown = app.snapshot(&token, &id).await.expect(200)["snapshot"].clone();
        assert_eq!((&shown["name"], &shown["isGlobal"], &shown["revision"]), (&name["name"], &json!(true), &json!(2)));
    }
}

/// Twenty refreshes while the source is edited: in the end, after one more, the snapshot has what the source has, and every
/// revision in between is a capture that came after the one before.
#[tokio::test]
async fn refreshes_at_once_never_put_an_older_capture_over_a_newer_one() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let token = app.token(SAM);
    let edits = async {
        for number in 1..=30 {
            edit_prompt(&app, &format!("edit {number:03}")).await;
        }
    };
    let refreshes = futures_util::future::join_all((0..20).map(|_| async {
        let mut answers = Vec::new();
        for _ in 0..3 {
            answers.push(refresh(&app, PAT, &id).await);
        }
        answers
    }));
    let (answers, ()) = tokio::join!(refreshes, edits);
    for answer in answers.iter().flatten() {
        assert!(matches!(answer.status, 200 | 409), "{}", answer.text);
    }
    refresh(&app, PAT, &id).await.expect(200);
    let last = app.snapshot(&token, &id).await.expect(200)["snapshot"]["revision"].as_u64().unwrap();
    assert!(last > 2, "{last}");
    let first = app.member(ALEX).setup.items.prompts[0].id.to_string();
    let mut edits = Vec::new();
    for revision in 2..=last {
        let content = content(&app, &id, revision).await;
        let prompts = content["prompts"].as_array().unwrap();
        let prompt = prompts.iter().find(|prompt| prompt["id"] == first).unwrap();
        edits.push(prompt["document"]["prompt"].as_str().unwrap().to_owned());
    }
    assert!(edits.is_sorted_by(|a, b| a < b), "{edits:?}");
    assert_eq!(edits.last().map(String::as_str), Some("edit 030"));
    println!("{last} revisions of 60 refreshes and 30 edits");
}

#[tokio::test]
async fn a_snapshot_that_is_deleted_while_it_is_refreshed_stays_deleted_and_leaves_nothing() {
    for round in 0..20 {
        let app = TestApp::start().await;
        let id = snapshot(&app).await;
        let token = app.token(PAT);
        if round % 2 == 0 {
            edit_prompt(&app, "Say less.").await;
        }
        let (refreshed, deleted) = tokio::join!(refresh(&app, PAT, &id), app.delete_snapshot(&token, &id));
        assert!(matches!(refreshed.status, 200 | 404), "{}", refreshed.text);
        deleted.expect(200);
        app.snapshot(&token, &id).await.expect_problem(404, "snapshot_not_found");
        app.clock().advance(DAY);
        app.sweep().await;
        let left: Vec<_> =
            app.items().await.into_iter().filter(|item| item["PK"].as_s().unwrap().contains(&id)).collect();
        assert_eq!(left.len(), 1, "the tombstone alone: {left:?}");
    }
}

#[tokio::test]
async fn an_apply_that_was_interrupted_goes_on_with_the_revision_that_it_began_with() {
    let app = TestApp::start().await;
    let user = tests::user_with_setup(&app, 1, &tests::setup_of(300)).await;
    let id = tests::capture(&app, user).await;
    let sam = app.token(SAM);
    app.faults().drop_request().of("TransactWriteItems").writing("user").always();
    let body = tests::mapped_body("large@globex.example", 100);
    app.apply_once(&sam, "k", &id, &body).await.expect(503);
    app.faults().clear();
    let organization = ACME.parse().unwrap();
    let extra =
        SetupItem { id: tests::numbered_id(5, 1), document: document_of(json!({"name": "One more", "prompt": "p"})) };
    let changes = [SetupChange::Put(ItemKind::Prompt, extra)];
    tests::change_setup(app.table(), &organization, &user, &changes, BEGINNING).await.unwrap();
    let refreshed = refresh(&app, SAM, &id).await.expect(200)["snapshot"].clone();
    assert_eq!(refreshed["revision"], 2);
    let result = app.apply_once(&sam, "k", &id, &body).await.expect(201)["result"].clone();
    assert_eq!(result["snapshotRevision"], 1);
    let cloned = &result["cloned"];
    let total: u64 = ["automations", "prompts", "templates"].iter().map(|kind| cloned[*kind].as_u64().unwrap()).sum();
    assert_eq!(total, 300);
}

/// Three calls in ten fail, before or after they are carried out: every refresh that is sent until it is answered is done, and
/// nothing is lost or done twice.
#[tokio::test]
async fn with_three_calls_in_ten_failing_every_edit_becomes_one_revision() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    for number in 2..=25 {
        edit_prompt(&app, &format!("edit {number:03}")).await;
        let (lost, unanswered) = (Fault::DropRequest(Loss::Io), Fault::DropAnswer(Loss::Io));
        app.faults().any_of(number, [(0.15, lost), (0.15, unanswered)]).always();
        let mut answer = refresh(&app, PAT, &id).await;
        while answer.status == 503 {
            answer = refresh(&app, PAT, &id).await;
        }
        app.faults().clear();
        assert_eq!(answer.expect(200)["snapshot"]["revision"], number, "{}", answer.text);
        assert!(content(&app, &id, number).await.to_string().contains(&format!("edit {number:03}")));
    }
}
