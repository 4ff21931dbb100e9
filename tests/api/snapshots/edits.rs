//! Changes of a snapshot: rename, delete, and what two changes at once come to.

use std::sync::Arc;

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::{Value, json};
use shared::domain::{ObjectId, Sharing, SnapshotName};
use shared::store::{EditOutcome, SnapshotEdit, SnapshotEditor};
use tests::{ACME, Answer, BEGINNING, GIL, GLOBEX, PAT, SAM, TestApp, apply_body, create_body, json, snapshot};

use crate::snapshots::assign::visibility;
use crate::snapshots::lists::{new_snapshot, store};

/// `PATCH`, `PATCH …/assign` and `DELETE` of one snapshot, each by somebody who may, with an If-Match header.
async fn each_change(app: &TestApp, id: &str, if_match: &str) -> [Answer; 3] {
    let path = format!("/api/user-snapshots/{id}");
    let send = async |method, path: &str, body: Option<Value>| {
        let mut request = app.request(method, path).bearer_auth(app.token(SAM)).header("if-match", if_match);
        if let Some(body) = body {
            request = request.json(&body);
        }
        app.send(request).await
    };
    [
        send(Method::PATCH, &path, Some(json!({"name": "New"}))).await,
        send(Method::PATCH, &format!("{path}/assign"), Some(json!({"isGlobal": true}))).await,
        send(Method::DELETE, &path, None).await,
    ]
}

#[tokio::test]
async fn a_rename_changes_the_name_and_the_description_and_nothing_else() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let before = app.snapshot(&app.token(PAT), &id).await.body["snapshot"].clone();
    app.clock().advance(std::time::Duration::from_secs(60));
    let answer = app.rename(&app.token(PAT), &id, &json!({"name": "  Q3 ✨ ", "description": "Better."})).await;
    let body = answer.expect(200);
    assert_eq!((body["message"].as_str(), answer.header("etag")), (Some("Snapshot updated"), Some("\"2.1\"")));
    let mut expected = app.snapshot(&app.token(PAT), &id).await.body["snapshot"].clone();
    for (field, value) in before.as_object().unwrap() {
        let changed = ["name", "description", "updatedAt", "version"].contains(&field.as_str());
        assert_eq!(expected[field] != *value, changed, "{field}");
    }
    for more in ["automations", "prompts", "templates", "sourcePipelineStageRefs"] {
        expected.as_object_mut().unwrap().remove(more);
    }
    assert_eq!(body["snapshot"], expected);
    assert_eq!(expected["version"], "2.1");
    assert_eq!(expected["name"], "  Q3 ✨ ");
    assert_eq!(expected["updatedAt"], "2026-05-15T09:01:00.000Z");
    assert_eq!(app.list_snapshots(&app.token(PAT), "").await.body["snapshots"][0]["name"], "  Q3 ✨ ");

    app.rename(&app.token(PAT), &id, &json!({"description": "", "name": null})).await.expect(200);
    let after = app.snapshot(&app.token(PAT), &id).await;
    assert_eq!(
        (&after.body["snapshot"]["name"], &after.body["snapshot"]["description"]),
        (&json!("  Q3 ✨ "), &json!(""))
    );
    assert_eq!(after.header("etag"), Some("\"3.1\""));
}

#[tokio::test]
async fn a_rename_has_something_to_rename_to_within_the_limits() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let pat = app.token(PAT);
    for body in [json!({}), json!({"name": null, "description": null})] {
        let answer = app.rename(&pat, &id, &body).await;
        answer.expect_problem(422, "refused");
        assert_eq!(answer.pointers(), [""]);
    }
    for (field, length, status) in [
        ("name", 0, 422),
        ("name", 119, 200),
        ("name", 120, 200),
        ("name", 121, 422),
        ("description", 499, 200),
        ("description", 500, 200),
        ("description", 501, 422),
    ] {
        let answer = app.rename(&pat, &id, &json!({field: "ß".repeat(length)})).await;
        answer.expect(status);
        if status == 422 {
            assert_eq!(answer.pointers(), [format!("/{field}")]);
        }
    }
    for (body, pointer) in [(json!({"name": 1}), "/name"), (json!({"isGlobal": true}), "/isGlobal"), (json!([]), "")] {
        let answer = app.rename(&pat, &id, &body).await;
        answer.expect_problem(400, "invalid_body");
        assert_eq!(answer.pointers(), [pointer]);
    }
}

#[tokio::test]
async fn an_etag_stands_on_every_snapshot_answer_and_every_change_makes_the_next() {
    let app = TestApp::start().await;
    let created = app.create_snapshot(&app.token(PAT), &create_body()).await;
    assert_eq!(created.header("etag"), Some("\"1.1\""));
    let id = created.body["snapshot"]["_id"].as_str().unwrap();
    assert_eq!(app.rename(&app.token(PAT), id, &json!({"name": "x"})).await.header("etag"), Some("\"2.1\""));
    assert_eq!(app.assign(&app.token(SAM), id, &json!({"isGlobal": true})).await.header("etag"), Some("\"3.1\""));
    assert_eq!(app.snapshot(&app.token(PAT), id).await.header("etag"), Some("\"3.1\""));
}

#[tokio::test]
async fn a_change_of_a_version_that_is_gone_is_412_and_changes_nothing() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    app.rename(&app.token(PAT), &id, &json!({"description": "again"})).await.expect(200);
    let before = app.item(&format!("SNAPSHOT#{id}"), "#META").await;
    for stale in [
        "\"1\"",
        "\"3\"",
        "W/\"2\"",
        "\"02\"",
        "\"\"",
        "\"1\", \"3\"",
        "\"1.1\"",
        "\"2.01\"",
        "\"2.\"",
        "\"s2\"",
        "1.1",
    ] {
        for answer in each_change(&app, &id, stale).await {
            answer.expect_problem(412, "precondition_failed");
        }
    }
    for malformed in ["2!", "", "\"2", "*, \"2\"", "\"2\" \"3\""] {
        for answer in each_change(&app, &id, malformed).await {
            answer.expect_problem(400, "invalid_header");
        }
    }
    assert_eq!(app.item(&format!("SNAPSHOT#{id}"), "#META").await, before);
    // The version that is there, a list that has it, a star, and the version as the body has it.
    let put = async |if_match: &str| {
        let request = app.request(Method::PATCH, &format!("/api/user-snapshots/{id}")).bearer_auth(app.token(PAT));
        app.send(request.header("if-match", if_match).json(&json!({"name": "y"}))).await
    };
    for (if_match, etag) in [("\"2.1\"", "\"3.1\""), ("\"9\", \"3\"", "\"4.1\""), ("*", "\"5.1\""), ("5.1", "\"6.1\"")]
    {
        assert_eq!(put(if_match).await.header("etag"), Some(etag), "{if_match}");
    }
    let [rename, assign, delete] = each_change(&app, &id, "*").await;
    for answer in [rename, assign, delete] {
        answer.expect(200);
    }
    for answer in each_change(&app, &id, "\"1\"").await {
        answer.expect_problem(404, "snapshot_not_found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_renames_at_once_lose_nothing() {
    let app = Arc::new(TestApp::start().await);
    for round in 0..20 {
        let id = snapshot(&app).await;
        let change = |body: Value| {
            let (app, id) = (app.clone(), id.clone());
            tokio::spawn(async move { app.rename(&app.token(PAT), &id, &body).await })
        };
        let changes = [change(json!({"name": "by one"})), change(json!({"description": "by the other"}))];
        for change in changes {
            change.await.unwrap().expect(200);
        }
        let after = app.snapshot(&app.token(PAT), &id).await;
        let shown = &after.expect(200)["snapshot"];
        assert_eq!((&shown["name"], &shown["description"]), (&json!("by one"), &json!("by the other")), "{round}");
        assert_eq!(after.header("etag"), Some("\"3.1\""));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_renames_of_one_version_one_is_made_and_the_others_are_412() {
    let app = Arc::new(TestApp::start().await);
    let id = snapshot(&app).await;
    let renames = (0..8).map(|number| {
        let (app, id) = (app.clone(), id.clone());
        tokio::spawn(async move {
            let request = app.request(Method::PATCH, &format!("/api/user-snapshots/{id}")).bearer_auth(app.token(PAT));
            app.send(request.header("if-match", "\"1\"").json(&json!({"name": format!("number {number}")}))).await
        })
    });
    let mut statuses = Vec::new();
    for rename in renames.collect::<Vec<_>>() {
        statuses.push(rename.await.unwrap().status);
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [&[200][..], &[412; 7]].concat());
    assert_eq!(app.snapshot(&app.token(PAT), &id).await.header("etag"), Some("\"2.1\""));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_an_assignment_and_a_deletion_at_once_no_half_remains() {
    let app = Arc::new(TestApp::start().await);
    for round in 0..20 {
        let id = snapshot(&app).await;
        let assign = {
            let (app, id) = (app.clone(), id.clone());
            tokio::spawn(async move {
                app.assign(&app.token(SAM), &id, &json!({"assignedOrgIds": [GLOBEX], "isGlobal": true})).await
            })
        };
        let delete = {
            let (app, id) = (app.clone(), id.clone());
            tokio::spawn(async move { app.delete_snapshot(&app.token(PAT), &id).await })
        };
        let (assigned, deleted) = (assign.await.unwrap(), delete.await.unwrap());
        deleted.expect(200);
        if assigned.status != 200 {
            assigned.expect_problem(404, "snapshot_not_found");
        }
        let tombstone = app.item(&format!("SNAPSHOT#{id}"), "#META").await.unwrap();
        for gone in ["assignedOrgIds", "isGlobal", "name", "content", "LISTPK", "LISTSK", "updatedAt"] {
            assert!(!tombstone.contains_key(gone), "{round}: {gone}");
        }
        for email in [PAT, GIL, SAM] {
            app.snapshot(&app.token(email), &id).await.expect_problem(404, "snapshot_not_found");
            assert_eq!(app.list_snapshots(&app.token(email), "").await.expect(200)["snapshots"], json!([]));
        }
    }
}

#[tokio::test]
async fn a_deleted_snapshot_is_a_tombstone_and_every_route_calls_it_missing() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let pat = app.token(PAT);
    app.clock().advance(std::time::Duration::from_secs(1));
    app.forget_calls();
    let answer = app.delete_snapshot(&pat, &id).await;
    assert_eq!(*answer.expect(200), json!({"message": "Snapshot deleted"}));
    assert_eq!(app.recorded().of("UpdateItem").len(), 1);
    assert_eq!(app.recorded().round_trips(), 2);

    let item = app.item(&format!("SNAPSHOT#{id}"), "#META").await.unwrap();
    let shown: Value =
        item.iter().map(|(name, value)| (name.clone(), json(value))).collect::<serde_json::Map<_, _>>().into();
    let shard = format!("SWEEP#{}", id.parse::<ObjectId>().unwrap().as_bytes()[11] % 8);
    assert_eq!(
        shown,
        json!({
            "PK": format!("SNAPSHOT#{id}"), "SK": "#META", "type": "snapshot", "revision": 1, "version": 2,
            "createdAt": "2026-05-15T09:00:00.000Z", "createdBy": app.member(PAT).user.id.to_string(), "sourceOrgId": ACME,
            "deletedAt": "2026-05-15T09:00:01.000Z", "deletedBy": app.member(PAT).user.id.to_string(),
            "ALLPK": shard, "ALLSK": format!("2026-05-15T09:00:01.000Z#{id}")
        })
    );

    let missing = |answer: Answer| drop(answer.expect_problem(404, "snapshot_not_found").clone());
    for email in [PAT, SAM] {
        let token = app.token(email);
        missing(app.snapshot(&token, &id).await);
        missing(app.snapshot_items(&token, &id, "").await);
        missing(app.apply_refs(&token, &id).await);
        missing(app.rename(&token, &id, &json!({"name": "x"})).await);
        missing(app.delete_snapshot(&token, &id).await);
        missing(app.apply(&token, &id, &apply_body()).await);
        assert_eq!(app.list_snapshots(&token, "").await.body["snapshots"], json!([]));
    }
    missing(app.assign(&app.token(SAM), &id, &json!({"isGlobal": true})).await);
    assert_eq!(app.item(&format!("SNAPSHOT#{id}"), "#META").await, Some(item), "nothing wakes it");
}

#[tokio::test]
async fn a_tombstone_is_not_changed_even_at_the_version_that_was_read() {
    let app = TestApp::start().await;
    let id: ObjectId = ObjectId::from_bytes([0x77; 12]);
    let snapshot = new_snapshot(id, ACME, app.member(PAT).user.id, BEGINNING);
    store(&app, &snapshot, &[ACME], false).await;
    // Deleted as by a program that leaves the version as it was.
    let pk = format!("SNAPSHOT#{id}");
    let mut item = app.item(&pk, "#META").await.unwrap();
    item.insert("deletedAt".to_owned(), AttributeValue::S(BEGINNING.to_string()));
    let put = app.database().client().put_item().table_name("snapshots").set_item(Some(item.clone()));
    put.send().await.unwrap();

    let editor = SnapshotEditor::new(app.table());
    let renaming = SnapshotEdit { name: Some(SnapshotName::parse("x").unwrap()), ..SnapshotEdit::default() };
    assert_eq!(editor.rename(&snapshot, &renaming, BEGINNING).await.unwrap(), EditOutcome::Conflict);
    let sharing = Sharing { assigned: vec![GLOBEX.parse().unwrap()], is_global: true };
    let shares = snapshot.shares_when(&sharing, None, snapshot.creator.id, BEGINNING);
    assert_eq!(editor.share(&snapshot, sharing, shares, BEGINNING).await.unwrap(), EditOutcome::Conflict);
    assert_eq!(editor.delete(&snapshot, snapshot.creator.id, BEGINNING).await.unwrap(), EditOutcome::Conflict);
    assert_eq!(app.item(&pk, "#META").await, Some(item));
    assert_eq!(visibility(&app, &id.to_string()).await.len(), 0);
}

#[tokio::test]
async fn an_admin_deletes_what_it_made_and_renames_what_comes_from_its_organization() {
    let app = TestApp::start().await;
    let by_pat = snapshot(&app).await;
    let by_sam =
        app.create_snapshot(&app.token(SAM), &create_body()).await.body["snapshot"]["_id"].as_str().unwrap().to_owned();
    let everywhere = json!({"isGlobal": true});
    for id in [&by_pat, &by_sam] {
        app.assign(&app.token(SAM), id, &everywhere).await.expect(200);
        // Gil sees both, and neither is his.
        app.snapshot(&app.token(GIL), id).await.expect(200);
        app.rename(&app.token(GIL), id, &json!({"name": "mine"})).await.expect_problem(403, "forbidden");
        app.delete_snapshot(&app.token(GIL), id).await.expect_problem(403, "forbidden");
        app.rename(&app.token(PAT), id, &json!({"name": "ours"})).await.expect(200);
    }
    app.delete_snapshot(&app.token(PAT), &by_sam).await.expect_problem(403, "forbidden");
    app.delete_snapshot(&app.token(PAT), &by_pat).await.expect(200);
    app.delete_snapshot(&app.token(SAM), &by_sam).await.expect(200);
}

#[tokio::test]
async fn changes_take_two_round_trips() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let (pat, sam) = (app.token(PAT), app.token(SAM));
    app.forget_calls();
    app.rename(&pat, &id, &json!({"name": "x"})).await.expect(200);
    assert_eq!(app.recorded().round_trips(), 2);
    app.forget_calls();
    app.assign(&sam, &id, &json!({"assignedOrgIds": [ACME, GLOBEX]})).await.expect(200);
    assert_eq!(app.recorded().round_trips(), 2, "{:?}", app.recorded().operations());
    app.forget_calls();
    // Its row in the list of the other organization goes after it.
    app.delete_snapshot(&pat, &id).await.expect(200);
    assert_eq!(app.recorded().round_trips(), 3);
}
