//! The history of applies: who applied a snapshot, and the outcome.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::domain::{Document, ItemKind, ObjectId, Role, SetupItem};
use shared::store::SetupChange;
use tests::{
    ACME, Answer, GIL, GLOBEX, PASSWORD, PAT, SAM, SETTLING, TestApp, apply_body, apply_id, capture, mapped_body,
    numbered_id, setup_of, snapshot, snapshot_of, user_with_setup,
};

/// An id that nothing has.
const NOBODY: &str = "64ee9a8b1e7f2a00112233ff";

/// The customer's apply to another address, with another role.
fn body(email: &str, role: &str) -> Value {
    let mut body = apply_body();
    body["newUser"]["email"] = json!(email);
    body["newUser"]["accessRole"] = json!(role);
    body
}

/// The id of the apply that this is the answer of.
fn ids(answer: &Answer) -> Vec<&str> {
    answer.expect(200)["applies"].as_array().unwrap().iter().map(|apply| apply["_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_apply_is_listed_with_caller_time_and_outcome() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let sam = app.token(SAM);
    let applied = app.apply(&sam, &id, &apply_body()).await;
    let result = applied.expect(201)["result"].clone();
    let row = json!({
        "_id": result["applyId"],
        "state": "applied",
        "appliedBy": app.member(SAM).user.id.to_string(),
        "appliedByName": "Sam Super",
        "appliedByRole": "SUPERADMIN",
        "appliedAt": "2026-05-15T09:00:00.000Z",
        "snapshotRevision": 1,
        "userId": result["userId"],
        "userEmail": "casey@acme.example",
        "accessRole": "SALES_REP",
        "result": {"cloned": result["cloned"], "mapped": result["mapped"], "skipped": result["skipped"]},
    });
    app.forget_calls();
    let listed = app.list_applies(&sam, &id, "").await;
    assert_eq!(listed.expect(200), &json!({"applies": [row]}));
    let recorded = app.recorded();
    assert_eq!((recorded.round_trips(), recorded.of("Query").len()), (2, 1), "{:?}", recorded.operations());

    let shown = app.apply_detail(&sam, &id, result["applyId"].as_str().unwrap(), "").await;
    assert_eq!((&shown.expect(200)["apply"], &shown.body["result"]), (&row, &result));
    let clones = shown.body["clones"].as_array().unwrap();
    assert_eq!((clones.len(), shown.body.get("nextCursor")), (25, None));
    let items = app.snapshot_items(&sam, &id, "").await.body["items"].clone();
    let captured: BTreeSet<_> = items
        .as_array()
        .unwrap()
        .iter()
        .map(|item| (item["kind"].clone().to_string(), item["_id"].clone().to_string()))
        .collect();
    let sources: BTreeSet<_> =
        clones.iter().map(|clone| (clone["kind"].to_string(), clone["sourceId"].to_string())).collect();
    assert_eq!(sources, captured);
    for clone in clones {
        let sk = format!("{}#{}", clone["kind"].as_str().unwrap().to_uppercase(), clone["cloneId"].as_str().unwrap());
        let item = app.item(&format!("ORG#{GLOBEX}#USER#{}", result["userId"].as_str().unwrap()), &sk).await.unwrap();
        assert!(item["clonedFrom"].as_s().unwrap().ends_with(clone["sourceId"].as_str().unwrap()));
        assert_eq!(clone["name"], *item["document"].as_m().unwrap()["name"].as_s().unwrap());
    }
}

#[tokio::test]
async fn a_history_outlives_its_snapshot_and_says_no_more_of_one_that_never_was() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let (sam, gil, pat) = (app.token(SAM), app.token(GIL), app.token(PAT));
    let apply = apply_id(&app.apply(&sam, &id, &apply_body()).await);
    // Gil does not see the snapshot; the apply was made in Gil's organization all the same.
    app.snapshot(&gil, &id).await.expect(404);
    assert_eq!(ids(&app.list_applies(&gil, &id, "").await), [apply.as_str()]);
    app.delete_snapshot(&sam, &id).await.expect(200);
    app.forget_calls();
    assert_eq!(ids(&app.list_applies(&gil, &id, "").await), [apply.as_str()]);
    app.apply_detail(&gil, &id, &apply, "").await.expect(200);
    assert!(!json!(app.recorded().operations()).to_string().contains("SNAPSHOT"));
    // Of another organization there is nothing to see: as for a snapshot that nobody has applied, or that never was.
    for id in [id.as_str(), NOBODY] {
        let empty = app.list_applies(&pat, id, "").await;
        assert_eq!(empty.expect(200), &json!({"applies": []}));
    }
    app.apply_detail(&pat, &id, &apply, "").await.expect_problem(404, "apply_not_found");
}

#[tokio::test]
async fn applies_and_clones_come_in_pages_of_any_size_each_once() {
    const APPLIES: usize = 7;
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let sam = app.token(SAM);
    let mut made = BTreeSet::new();
    for number in 0..APPLIES {
        let role = if number % 3 == 0 { "SUPERADMIN" } else { "ADMIN" };
        made.insert(apply_id(&app.apply(&sam, &id, &body(&format!("new{number}@globex.example"), role)).await));
    }
    for limit in [1, 2, 6, 7, 8, 200] {
        for (token, expected) in [(&sam, APPLIES), (&app.token(GIL), 4)] {
            let (mut seen, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
            loop {
                let page = app.list_applies(token, &id, &format!("limit={limit}{cursor}")).await;
                assert!(ids(&page).len() <= limit);
                seen.extend(ids(&page).into_iter().map(str::to_owned));
                pages += 1;
                let Some(next) = page.body["nextCursor"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(pages, APPLIES.div_ceil(limit), "{limit}");
            assert_eq!(seen.len(), expected, "{limit}");
            assert!(seen.is_sorted() && seen.iter().all(|id| made.contains(id)), "{limit}");
        }
    }
    let apply = made.first().unwrap();
    let mut sizes = BTreeMap::new();
    for limit in [1, 5, 24, 25, 26] {
        let (mut seen, mut cursor, mut pages) = (BTreeSet::new(), String::new(), 0);
        loop {
            let page = app.apply_detail(&sam, &id, apply, &format!("limit={limit}{cursor}")).await;
            let clones = page.expect(200)["clones"].as_array().unwrap();
            assert!(clones.iter().all(|clone| seen.insert(clone["cloneId"].to_string())), "one clone twice");
            pages += 1;
            let Some(next) = page.body["nextCursor"].as_str() else { break };
            assert_eq!(clones.len(), limit, "only the last page is short");
            cursor = format!("&cursor={next}");
        }
        sizes.insert(limit, (seen.len(), pages));
    }
    assert_eq!(sizes, BTreeMap::from([(1, (25, 25)), (5, (25, 5)), (24, (25, 2)), (25, (25, 1)), (26, (25, 1))]));
    for bad in ["limit=0", "limit=201", "cursor=x", "kind=prompt"] {
        app.list_applies(&sam, &id, bad).await.expect_problem(400, "invalid_query");
        app.apply_detail(&sam, &id, apply, bad).await.expect_problem(400, "invalid_query");
    }
}

#[tokio::test]
async fn what_a_user_adds_is_no_clone_and_a_clone_that_is_edited_stays_one() {
    let app = TestApp::start().await;
    let user = user_with_setup(&app, 1, &setup_of(3)).await;
    let id = capture(&app, user).await;
    let sam = app.token(SAM);
    let applied = app.apply(&sam, &id, &mapped_body("new@globex.example", 1)).await;
    let apply = apply_id(&applied);
    let mut before = app.apply_detail(&sam, &id, &apply, "").await.expect(200)["clones"].clone();
    let new: ObjectId = applied.body["result"]["userId"].as_str().unwrap().parse().unwrap();
    let clone: ObjectId = before[1]["cloneId"].as_str().unwrap().parse().unwrap();
    let document: Document = serde_json::from_value(json!({"name": "Mine"})).unwrap();
    let put = |kind, id| SetupChange::Put(kind, SetupItem { id, document: document.clone() });
    let mut changes: Vec<SetupChange> =
        (0..20).map(|number| put(ItemKind::Automation, numbered_id(9, number))).collect();
    changes.push(put(ItemKind::Prompt, clone));
    tests::change_setup(app.table(), &GLOBEX.parse().unwrap(), &new, &changes, tests::BEGINNING).await.unwrap();
    before[1]["name"] = json!("Mine");
    for limit in [1, 2, 3, 200] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = app.apply_detail(&sam, &id, &apply, &format!("limit={limit}{cursor}")).await;
            seen.extend(page.expect(200)["clones"].as_array().unwrap().clone());
            let Some(next) = page.body["nextCursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(json!(seen), before, "{limit}");
    }
}

#[tokio::test]
async fn every_state_of_an_apply_has_a_word_and_shows_what_it_has() {
    let app = TestApp::start().await;
    let id = snapshot_of(&app, 99).await;
    let (sam, body) = (app.token(SAM), mapped_body("new@globex.example", 33));
    let row = async |app: &TestApp| app.list_applies(&sam, &id, "").await.expect(200)["applies"][0].clone();
    app.fail_stages_from(2);
    app.apply(&sam, &id, &body).await.expect(503);
    app.faults().clear();
    let aborting = row(&app).await;
    assert_eq!((&aborting["state"], &aborting["userEmail"]), (&json!("aborting"), &json!("new@globex.example")));
    let apply = aborting["_id"].as_str().unwrap();
    let shown = app.apply_detail(&sam, &id, apply, "").await;
    assert_eq!(shown.expect(200).get("result"), None);
    assert_eq!(aborting.get("result"), None);
    app.undo(&sam, &id, apply, None).await.expect_problem(409, "apply_aborted");
    app.clock().advance(SETTLING);
    app.sweep().await;
    let aborted = row(&app).await;
    assert_eq!((&aborted["state"], aborted.get("userEmail")), (&json!("aborted"), None));
    app.undo(&sam, &id, apply, None).await.expect_problem(409, "apply_aborted");

    let app = TestApp::start().await;
    let id = snapshot_of(&app, 99).await;
    let row = async |app: &TestApp| app.list_applies(&sam, &id, "").await.expect(200)["applies"][0].clone();
    app.fail_stages_from(2);
    app.apply_once(&sam, "k", &id, &body).await.expect(503);
    app.faults().clear();
    let staging = row(&app).await;
    assert_eq!((&staging["state"], &staging["accessRole"]), (&json!("in_progress"), &json!("SALES_REP")));
    let apply = staging["_id"].as_str().unwrap();
    let busy = app.undo(&sam, &id, apply, None).await;
    busy.expect_problem(409, "in_progress");
    assert_eq!(busy.header("retry-after"), Some("1"));
    app.apply_once(&sam, "k", &id, &body).await.expect(201);
    assert_eq!(row(&app).await["state"], "applied");
    // The first transaction is done, and nothing after it.
    app.faults().drop_request().of("BatchWriteItem").always();
    app.undo(&sam, &id, apply, None).await.expect_problem(503, "unavailable");
    app.faults().clear();
    let undoing = row(&app).await;
    assert_eq!((&undoing["state"], undoing["undoneBy"].is_string()), (&json!("undoing"), true));
    assert_eq!(undoing["undoneByName"], "Sam Super");
    app.undo(&sam, &id, apply, None).await.expect(200);
    assert_eq!(row(&app).await["state"], "undone");
}

#[tokio::test]
async fn an_apply_whose_record_does_not_tell_the_role_counts_as_the_highest_that_it_can_be() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    app.assign(&app.token(SAM), &id, &json!({"assignedOrgIds": [ACME, GLOBEX]})).await.expect(200);
    for (caller, email, seen) in [(SAM, "by.sam@globex.example", false), (GIL, "by.gil@globex.example", true)] {
        let apply = apply_id(&app.apply(&app.token(caller), &id, &body(email, "SALES_REP")).await);
        let mut item = app.item(&format!("ORG#{GLOBEX}#SNAPSHOT#{id}"), &format!("APPLY#{apply}")).await.unwrap();
        assert_eq!(item.remove("accessRole").unwrap().as_s().unwrap(), &Role::SalesRep.to_string());
        let put = app.database().client().put_item().table_name("snapshots").set_item(Some(item));
        put.send().await.unwrap();
        let shown = app.apply_detail(&app.token(GIL), &id, &apply, "").await;
        assert_eq!(shown.status, if seen { 200 } else { 404 }, "{}", shown.text);
        app.apply_detail(&app.token(SAM), &id, &apply, "").await.expect(200);
    }
    // None of this changes the password.
    app.sign_in(GIL, PASSWORD).await;
}
