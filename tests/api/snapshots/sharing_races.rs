//! Sharing beside everything else that changes a snapshot: a receiver never sees content, a name or a description that no
//! SUPERADMIN shared.

use std::sync::Mutex;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tests::{
    ACME, Answer, DAY, GIL, GLOBEX, Gate, PAT, SAM, TestApp, capture, edit_prompt, mapped_body, refresh, restore,
    setup_of, user_with_setup,
};

use crate::snapshots::assign::{organizations, visibility};
use crate::snapshots::revisions::with_revisions;
use crate::snapshots::sharing::{assign, shared};

/// Whether a call changes a snapshot's own item, this attribute of it among others.
fn changes(request: &Value, attribute: &str) -> bool {
    let update = match request["TransactItems"][0].get("Update") {
        Some(update) => update,
        None => request,
    };
    let names = update["ExpressionAttributeNames"].as_object();
    update["Key"]["SK"]["S"] == "#META" && names.is_some_and(|names| names.values().any(|name| name == attribute))
}

/// Whether a call writes rows of lists that did not fit the transaction of an assignment.
fn writes_rows(request: &Value) -> bool {
    ["Update", "ConditionCheck"].iter().any(|kind| request["TransactItems"][0][kind]["Key"]["SK"]["S"] == "SHARING")
}

const RIVALS: [&str; 5] = ["refresh", "rename", "restore", "assign", "delete"];

async fn rival(app: &TestApp, id: &str, rival: &str) -> Answer {
    match rival {
        "refresh" => {
            edit_prompt(app, "Say what nobody has read.").await;
            refresh(app, PAT, id).await
        }
        "rename" => app.rename(&app.token(PAT), id, &json!({"name": "Unseen", "description": "Unseen"})).await,
        "restore" => restore(app, PAT, id, 1).await,
        "assign" => assign(app, id, json!({"assignedOrgIds": [ACME], "follow": false})).await,
        _ => app.delete_snapshot(&app.token(SAM), id).await,
    }
}

/// An assignment under an If-Match header.
async fn assign_if(app: &TestApp, id: &str, tag: &str, body: &Value) -> Answer {
    let request = app.request(Method::PATCH, &format!("/api/user-snapshots/{id}/assign")).bearer_auth(app.token(SAM));
    app.send(request.header("if-match", tag).json(body)).await
}

#[tokio::test]
async fn an_assignment_shares_what_was_looked_at_or_nothing() {
    for name in RIVALS {
        let app = TestApp::start().await;
        let id = with_revisions(&app, 2).await;
        let gate = Gate::closed();
        app.faults().hold_request(&gate).of("TransactWriteItems").when(|it| changes(it, "assignedOrgIds")).nth(1);
        let change = async {
            gate.arrived(1).await;
            let answer = rival(&app, &id, name).await;
            gate.open();
            answer
        };
        let body = json!({"assignedOrgIds": [ACME, GLOBEX]});
        let (assigned, other) = tokio::join!(assign_if(&app, &id, "\"1.2\"", &body), change);
        other.expect(200);
        match name {
            "delete" => drop(assigned.expect_problem(404, "snapshot_not_found")),
            _ => drop(assigned.expect_problem(412, "precondition_failed")),
        }
        app.snapshot(&app.token(GIL), &id).await.expect_problem(404, "snapshot_not_found");
        assert_eq!(app.list_snapshots(&app.token(GIL), "").await.expect(200)["snapshots"], json!([]), "{name}");
    }
}

#[tokio::test]
async fn an_assignment_that_names_a_revision_shares_that_one_whatever_comes_between() {
    for name in RIVALS {
        let app = TestApp::start().await;
        let id = with_revisions(&app, 2).await;
        let gate = Gate::closed();
        app.faults().hold_request(&gate).of("TransactWriteItems").when(|it| changes(it, "assignedOrgIds")).nth(1);
        let change = async {
            gate.arrived(1).await;
            let answer = rival(&app, &id, name).await;
            gate.open();
            answer
        };
        let body = json!({"assignedOrgIds": [ACME, GLOBEX], "revision": 2});
        let (assigned, other) = tokio::join!(assign(&app, &id, body), change);
        other.expect(200);
        let found = app.snapshot(&app.token(GIL), &id).await;
        if name == "delete" {
            assigned.expect_problem(404, "snapshot_not_found");
            found.expect_problem(404, "snapshot_not_found");
            continue;
        }
        assert_eq!(assigned.expect(200)["snapshot"]["sharedRevision"], 2, "{name}");
        assert_eq!(found.expect(200)["snapshot"]["revision"], 2, "{name}");
        let items = app.snapshot_items(&app.token(GIL), &id, "").await.text;
        assert!(items.contains("Revision 2.") && !items.contains("nobody has read"), "{name}");
    }
}

#[tokio::test]
async fn a_change_that_lands_after_an_assignment_shows_receivers_nothing() {
    for name in RIVALS.into_iter().filter(|name| *name != "assign") {
        let app = TestApp::start().await;
        let id = with_revisions(&app, 2).await;
        let gate = Gate::closed();
        let attribute = match name {
            "rename" => "name",
            "delete" => "deletedBy",
            _ => "revisedAt",
        };
        app.faults().hold_request(&gate).of_writes().when(move |it| changes(it, attribute)).nth(1);
        let shares = async {
            gate.arrived(1).await;
            let answer = assign(&app, &id, json!({"assignedOrgIds": [ACME, GLOBEX]})).await;
            gate.open();
            answer
        };
        let (changed, assigned) = tokio::join!(rival(&app, &id, name), shares);
        changed.expect(200);
        assert_eq!(assigned.expect(200)["snapshot"]["sharedRevision"], 2, "{name}");
        let found = app.snapshot(&app.token(GIL), &id).await;
        if name == "delete" {
            found.expect_problem(404, "snapshot_not_found");
            assert_eq!(visibility(&app, &id).await.len(), 0);
            continue;
        }
        let shown = &found.expect(200)["snapshot"];
        assert_eq!(
            (&shown["revision"], &shown["name"]),
            (&json!(2), &json!("Top performer baseline 2026-05")),
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_refresh_that_follows_shares_nothing_once_nobody_follows_any_more() {
    for stop in [json!({"follow": false}), json!({"assignedOrgIds": [ACME]}), json!({"revision": 1, "follow": false})] {
        let app = TestApp::start().await;
        let id = shared(&app).await;
        assign(&app, &id, json!({"follow": true})).await.expect(200);
        let gate = Gate::closed();
        app.faults().hold_request(&gate).of("TransactWriteItems").when(|it| changes(it, "revisedAt")).nth(1);
        let stopped = async {
            gate.arrived(1).await;
            let answer = assign(&app, &id, stop.clone()).await;
            gate.open();
            answer
        };
        let (refreshed, stopped) = tokio::join!(rival(&app, &id, "refresh"), stopped);
        stopped.expect(200);
        assert_eq!(refreshed.expect(200)["snapshot"]["revision"], 2, "it is made without being shared");
        let found = app.snapshot(&app.token(GIL), &id).await;
        match stop.get("assignedOrgIds") {
            Some(_) => drop(found.expect_problem(404, "snapshot_not_found")),
            None => assert_eq!(found.expect(200)["snapshot"]["revision"], 1, "{stop}"),
        }
    }
}

#[tokio::test]
async fn a_revision_that_is_shared_while_a_newer_one_is_made_is_not_dropped() {
    let app = TestApp::keeping_revisions(2).await;
    let id = with_revisions(&app, 3).await;
    app.clock().advance(DAY);
    let gate = Gate::closed();
    app.faults().hold_request(&gate).of("TransactWriteItems").when(|it| changes(it, "revisedAt")).nth(1);
    let shares = async {
        gate.arrived(1).await;
        let answer = assign(&app, &id, json!({"assignedOrgIds": [ACME, GLOBEX], "revision": 2})).await;
        gate.open();
        answer
    };
    let (refreshed, assigned) = tokio::join!(rival(&app, &id, "refresh"), shares);
    assert_eq!(refreshed.expect(200)["snapshot"]["revision"], 4);
    assigned.expect(200);
    assert_eq!(app.snapshot(&app.token(GIL), &id).await.expect(200)["snapshot"]["revision"], 2);
    let items = app.snapshot_items(&app.token(GIL), &id, "").await.text;
    assert!(items.contains("Revision 2."), "{items}");
}

#[tokio::test]
async fn a_revision_that_is_being_dropped_cannot_be_shared() {
    let app = TestApp::keeping_revisions(2).await;
    let id = with_revisions(&app, 3).await;
    app.clock().advance(DAY);
    let gate = Gate::closed();
    app.faults().hold_request(&gate).of("BatchWriteItem").nth(1);
    let shares = async {
        gate.arrived(1).await;
        let answer = assign(&app, &id, json!({"assignedOrgIds": [ACME, GLOBEX], "revision": 2})).await;
        gate.open();
        answer
    };
    let (refreshed, assigned) = tokio::join!(rival(&app, &id, "refresh"), shares);
    refreshed.expect(200);
    assigned.expect_problem(422, "refused");
    assert_eq!(assigned.pointers(), ["/revision"]);
    assert!(app.item(&format!("SNAPSHOT#{id}"), "REV#0000000002").await.is_none());
}

/// Shares again and again what it looked at, and notes it before.
async fn review(app: &TestApp, id: &str, reviewed: &Mutex<Vec<(Value, Value, Value)>>, rounds: usize) {
    for _ in 0..rounds {
        let found = app.snapshot(&app.token(SAM), id).await;
        let shown = &found.expect(200)["snapshot"];
        let triple = (shown["revision"].clone(), shown["name"].clone(), shown["description"].clone());
        let body = json!({"assignedOrgIds": [ACME, GLOBEX], "revision": triple.0});
        reviewed.lock().unwrap().push(triple);
        let answer = assign_if(app, id, found.header("etag").unwrap(), &body).await;
        assert!([200, 412].contains(&answer.status), "{}", answer.text);
    }
}

#[tokio::test]
async fn in_a_storm_of_changes_a_receiver_sees_only_what_was_reviewed() {
    let app = TestApp::start().await;
    let id = with_revisions(&app, 2).await;
    let reviewed = Mutex::new(Vec::new());
    let source = async {
        for round in 0..6 {
            edit_prompt(&app, &format!("Round {round}.")).await;
            let renaming = json!({"name": format!("Name {round}"), "description": format!("{round}")});
            let (pat, text) = (app.token(PAT), renaming);
            let (refreshed, renamed) = tokio::join!(refresh(&app, PAT, &id), app.rename(&pat, &id, &text));
            assert!([200, 409].contains(&refreshed.status) && [200, 409].contains(&renamed.status));
            restore(&app, PAT, &id, 1).await;
        }
    };
    let watch = async {
        let mut seen = Vec::new();
        for _ in 0..40 {
            let found = app.snapshot(&app.token(GIL), &id).await;
            if found.status == 200 {
                let shown = &found.body["snapshot"];
                seen.push((shown["revision"].clone(), shown["name"].clone(), shown["description"].clone()));
            }
            tokio::task::yield_now().await;
        }
        seen
    };
    let (_, _, seen) = tokio::join!(source, review(&app, &id, &reviewed, 12), watch);
    let reviewed = reviewed.into_inner().unwrap();
    for triple in &seen {
        assert!(reviewed.contains(triple), "{triple:?} was never reviewed: {reviewed:?}");
    }
    println!("{} looks of a receiver, {} reviews", seen.len(), reviewed.len());
    assert!(!seen.is_empty());
}

#[tokio::test]
async fn an_interrupted_apply_goes_on_with_its_revision_although_another_is_shared() {
    for is_taken in [false, true] {
        let app = TestApp::start().await;
        let user = user_with_setup(&app, 1, &setup_of(200)).await;
        let id = capture(&app, user).await;
        assign(&app, &id, json!({"assignedOrgIds": [ACME, GLOBEX]})).await.expect(200);
        let body = mapped_body("new@globex.example", setup_of(200).items.automations.len());
        app.fail_stages_from(2);
        app.apply_once(&app.token(GIL), "k", &id, &body).await.expect(503);
        app.faults().clear();
        for revision in 2..=3 {
            crate::snapshots::revisions::change_prompt(&app, &user, revision).await;
            refresh(&app, PAT, &id).await.expect(200);
            assign(&app, &id, json!({"revision": revision})).await.expect(200);
        }
        if is_taken {
            assign(&app, &id, json!({"assignedOrgIds": [ACME]})).await.expect(200);
            app.apply_once(&app.token(GIL), "k", &id, &body).await.expect_problem(409, "world_moved");
            continue;
        }
        let answer = app.apply_once(&app.token(GIL), "k", &id, &body).await;
        assert_eq!(answer.expect(201)["result"]["snapshotRevision"], 1);
    }
}

/// The lists that show a snapshot are those of these organizations.
async fn expect_rows(app: &TestApp, id: &str, ids: &[String], name: &str) {
    let expected = ids.iter().map(|id| format!("ORG#{id}")).collect();
    assert_eq!(visibility(app, id).await, expected);
    for organization in ids {
        let row = app.item(&format!("SNAPSHOT#{id}"), &format!("ORG#{organization}")).await.unwrap();
        assert_eq!(row["name"].as_s().unwrap(), name);
    }
}

#[tokio::test]
async fn rows_that_an_assignment_left_are_written_by_the_sweep() {
    let app = TestApp::start().await;
    let id = with_revisions(&app, 1).await;
    let others = organizations(&app, 150).await;
    app.faults().drop_request().of("TransactWriteItems").when(writes_rows).always();
    assign(&app, &id, json!({"assignedOrgIds": others})).await.expect(200);
    app.faults().clear();
    assert_eq!(visibility(&app, &id).await.len(), 0);
    assert_eq!(app.sweep().await["listed"], 0, "the request may still be at work");
    // A smaller change comes between, and a name that nobody shared.
    assign(&app, &id, json!({"assignedOrgIds": others[..140]})).await.expect(200);
    app.rename(&app.token(PAT), &id, &json!({"name": "Unseen"})).await.expect(200);
    app.clock().advance(Duration::from_secs(61));
    assert_eq!(app.sweep().await["listed"], 1);
    expect_rows(&app, &id, &others[..140], "Top performer baseline 2026-05").await;
    assert_eq!(app.sweep().await["listed"], 0);
}

#[tokio::test]
async fn a_late_batch_of_rows_neither_adds_nor_changes_what_a_newer_sharing_says() {
    for (left, revision) in [(0, 1), (1, 1), (120, 2)] {
        let app = TestApp::start().await;
        let id = with_revisions(&app, 2).await;
        let others = organizations(&app, 150).await;
        let gate = Gate::closed();
        app.faults().hold_request(&gate).of("TransactWriteItems").when(writes_rows).nth(1);
        let newer = async {
            gate.arrived(1).await;
            app.rename(&app.token(PAT), &id, &json!({"name": "Newer"})).await.expect(200);
            let body = json!({"assignedOrgIds": others[..left], "revision": revision});
            let answer = assign(&app, &id, body).await;
            gate.open();
            answer
        };
        let (older, newer) = tokio::join!(assign(&app, &id, json!({"assignedOrgIds": others})), newer);
        older.expect(200);
        newer.expect(200);
        app.clock().advance(Duration::from_secs(61));
        app.sweep().await;
        expect_rows(&app, &id, &others[..left], "Newer").await;
    }
}

#[tokio::test]
async fn a_follow_with_more_receivers_than_a_transaction_holds_leaves_their_rows_to_the_sweep() {
    let app = TestApp::start().await;
    let id = with_revisions(&app, 1).await;
    let others = organizations(&app, 120).await;
    assign(&app, &id, json!({"assignedOrgIds": others, "follow": true})).await.expect(200);
    edit_prompt(&app, "Two.").await;
    assert_eq!(refresh(&app, PAT, &id).await.expect(200)["snapshot"]["sharedRevision"], 2);
    app.clock().advance(Duration::from_secs(61));
    assert_eq!(app.sweep().await["listed"], 1);
    for organization in &others {
        let row = app.item(&format!("SNAPSHOT#{id}"), &format!("ORG#{organization}")).await.unwrap();
        assert_eq!(row["revision"].as_n().unwrap(), "2");
    }
}
