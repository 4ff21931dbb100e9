//! A person is erased from the whole table, also by an erasure that is interrupted at any write.

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::json;
use shared::domain::{Email, Fault, ObjectId};
use shared::store::{ErasureReport, PersonErasure};
use tests::{
    ACME, ALEX, Denial, GLOBEX, Item, NEW_PASSWORD, PAT, SAM, TestApp, apply_body, apply_id, edit_prompt, refresh,
    snapshot, unpacked,
};

use crate::copies::{check, copy, lines, paste};
use crate::healthy::HealthyTable;

async fn erase(app: &TestApp, email: &str) -> Result<ErasureReport, Fault> {
    let email = Email::parse(email).unwrap();
    PersonErasure::new(app.table(), &email, &[], app.clock()).without_pause().run(&mut |_| {}).await
}

/// Erases a person while the n-th write is refused. Returns `false`, with everything erased, if there are fewer writes.
async fn is_interrupted(app: &TestApp, email: &str, n: u64) -> bool {
    let denied = app.faults().deny(Denial::Right).of_writes().nth(n);
    let outcome = erase(app, email).await;
    app.faults().clear();
    assert_eq!(outcome.is_err(), denied.count() > 0, "{email}: write {n}");
    denied.count() > 0
}

async fn plan(app: &TestApp, email: &str, users: &[ObjectId]) -> ErasureReport {
    let email = Email::parse(email).unwrap();
    PersonErasure::new(app.table(), &email, users, app.clock()).plan(&mut |_| {}).await.unwrap()
}

/// Returns the items in which one of the texts stands: in a key, an attribute of this service, or the answer of an apply. What people
/// wrote into a setup, a captured content, an agent, or the name and description of a snapshot is left.
async fn mentions(app: &TestApp, texts: &[&str]) -> Vec<String> {
    const OF_PEOPLE: [&str; 4] = ["document", "content", "description", "name"];
    let text = |item: &Item| {
        let own = item.iter().filter(|(name, _)| !OF_PEOPLE.contains(&name.as_str()));
        let answer = item.get("answer").map(|packed| unpacked(packed).unwrap());
        format!("{:?} {:?}", own.collect::<Vec<_>>(), answer.map(|bytes| String::from_utf8(bytes).unwrap()))
    };
    let names = |item: &Item| texts.iter().any(|name| text(item).to_lowercase().contains(&name.to_lowercase()));
    app.items().await.iter().filter(|item| names(item)).map(text).collect()
}

fn keys(notes: &[shared::store::ErasureNote]) -> Vec<String> {
    notes.iter().map(|note| format!("{} {}: {}", note.partition_key(), note.sort_key(), note.detail)).collect()
}

#[tokio::test]
async fn after_an_erasure_address_and_name_stand_nowhere_and_the_table_is_whole() {
    let healthy = HealthyTable::start().await;
    let app = &healthy.app;
    let login = json!({"email": ALEX, "password": "Wrong-Pass-2026!"});
    app.send(app.request(Method::POST, "/api/auth/login").json(&login)).await.expect(401);
    let before = copy(app).await;
    assert!(lines(&check(app).await.defects).is_empty(), "{:?}", check(app).await.defects);
    for (email, name) in [(ALEX, "Alex Rep"), (PAT, "Pat Admin"), ("untouched@globex.example", "untouched@")] {
        paste(app, &before).await;
        assert!(!mentions(app, &[email, name]).await.is_empty(), "{email}");
        let planned = plan(app, email, &[]).await;
        assert_eq!(copy(app).await, before, "a plan writes nothing");
        let report = erase(app, email).await.unwrap();
        assert_eq!(keys(&report.erased), keys(&planned.erased), "{email}");
        assert!(!report.is_busy);
        let left = mentions(app, &[email, name]).await;
        assert!(left.is_empty(), "{email}: {left:#?}");
        assert_eq!(keys(&plan(app, email, &[]).await.erased), [""; 0], "{email}");
        let defects = check(app).await.defects;
        assert!(defects.is_empty(), "{email}: {:?}", lines(&defects));
    }
}

#[tokio::test]
async fn what_is_left_of_an_erased_person_is_named_and_works() {
    let app = TestApp::start().await;
    let sam = app.token(SAM);
    let id = snapshot(&app).await;
    app.assign(&sam, &id, &json!({"assignedOrgIds": [ACME, GLOBEX]})).await.expect(200);
    let report = erase(&app, &ALEX.to_uppercase()).await.unwrap();
    let left: Vec<&str> = report.left.iter().map(shared::store::ErasureNote::partition_key).collect();
    assert_eq!(left, [format!("SNAPSHOT#{id}")]);
    for (email, path) in [(PAT, ""), (SAM, ""), (SAM, "?revision=shared")] {
        let shown = app
            .send(app.request(Method::GET, &format!("/api/user-snapshots/{id}{path}")).bearer_auth(app.token(email)))
            .await;
        assert_eq!(shown.expect(200)["snapshot"]["sourceUserEmail"], Email::ERASED, "{email}");
        assert!(shown.body["snapshot"].get("sourceUserName").is_none(), "{}", shown.body);
    }
    let listed = app.list_snapshots(&app.token(tests::GIL), "").await;
    assert_eq!(listed.expect(200)["snapshots"][0]["sourceUserEmail"], Email::ERASED);
    // The setup can still be applied, and a refresh finds that the source is gone.
    app.apply(&sam, &id, &apply_body()).await.expect(201);
    assert_eq!(refresh(&app, PAT, &id).await.expect(200)["snapshot"]["refreshStatus"], "source_missing");
    // A person of this address is somebody else from now on.
    assert_eq!(keys(&plan(&app, ALEX, &[]).await.erased), [""; 0]);
}

#[tokio::test]
async fn an_apply_whose_user_was_erased_cannot_be_undone_and_its_key_is_used_up() {
    let app = TestApp::start().await;
    let sam = app.token(SAM);
    let id = snapshot(&app).await;
    let answer = app.apply_once(&sam, "once", &id, &apply_body()).await;
    let email = answer.expect(201)["result"]["userEmail"].as_str().unwrap().to_owned();
    erase(&app, &email).await.unwrap();
    app.undo(&sam, &id, &apply_id(&answer), None).await.expect_problem(409, "user_removed");
    app.apply_once(&sam, "once", &id, &apply_body()).await.expect_problem(409, "user_removed");
    app.apply_once(&sam, "again", &id, &apply_body()).await.expect(201);
}

#[tokio::test]
async fn somebody_else_with_a_former_address_of_a_living_user_is_not_erased() {
    let app = TestApp::start().await;
    let pat = app.token(PAT);
    let alex = app.member(ALEX).user.clone();
    let id = snapshot(&app).await;
    let change = app.request(Method::PATCH, &format!("/api/users/{}", alex.id));
    app.send(change.bearer_auth(&pat).json(&json!({"email": "lex@acme.example"}))).await.expect(200);
    let report = erase(&app, ALEX).await.unwrap();
    assert_eq!(keys(&report.erased), [format!("SNAPSHOT#{id} #META: address and name of the source user")]);
    assert!(app.item(&format!("ORG#{ACME}#USER#{}", alex.id), "#META").await.unwrap().contains_key("email"));
    // Under the present address everything of the user goes, whatever the snapshots say.
    erase(&app, "lex@acme.example").await.unwrap();
    assert!(mentions(&app, &["lex@acme.example", ALEX, "Alex Rep"]).await.is_empty());
}

#[tokio::test]
async fn a_person_who_was_removed_before_is_found_by_the_id() {
    let app = TestApp::start().await;
    let pat = app.member(PAT).user.clone();
    snapshot(&app).await;
    erase(&app, PAT).await.unwrap();
    let id = app.items().await.iter().find_map(|item| Some(item.get("createdBy")?.as_s().unwrap().clone())).unwrap();
    assert_eq!(id, pat.id.to_string());
    // As if the name had been written since.
    let mut item = app.items().await.into_iter().find(|item| item.contains_key("createdBy")).unwrap();
    item.insert("createdByName".to_owned(), AttributeValue::S("Pat Admin".to_owned()));
    app.database().client().put_item().table_name("snapshots").set_item(Some(item)).send().await.unwrap();
    assert_eq!(keys(&plan(&app, PAT, &[]).await.erased), [""; 0]);
    assert_eq!(plan(&app, PAT, &[pat.id]).await.erased.len(), 1);
}

#[tokio::test]
async fn an_erasure_that_is_interrupted_at_any_write_ends_the_same_when_it_is_run_again() {
    let app = TestApp::start().await;
    let sam = app.token(SAM);
    let id = snapshot(&app).await;
    app.assign(&sam, &id, &json!({"assignedOrgIds": [ACME, GLOBEX], "isGlobal": true})).await.expect(200);
    edit_prompt(&app, "Another text.").await;
    refresh(&app, PAT, &id).await.expect(200);
    let made = app.apply(&sam, &id, &apply_body()).await;
    let email = made.expect(201)["result"]["userEmail"].as_str().unwrap().to_owned();
    app.sign_in(&email, NEW_PASSWORD).await;
    let before = copy(&app).await;
    for email in [ALEX, PAT, &email] {
        paste(&app, &before).await;
        erase(&app, email).await.unwrap();
        let erased = copy(&app).await;
        let mut interruptions = 0;
        for n in 1.. {
            paste(&app, &before).await;
            if !is_interrupted(&app, email, n).await {
                break;
            }
            interruptions += 1;
            erase(&app, email).await.unwrap();
            assert_eq!(copy(&app).await, erased, "{email}: write {n}");
        }
        assert!(interruptions >= 2, "{email}: {interruptions}");
    }
}

/// The operator may stop the command, or the user move to another address, before its user is removed.
#[tokio::test]
async fn a_user_who_is_not_removed_yet_is_not_said_to_be() {
    let app = TestApp::start().await;
    let sam = app.token(SAM);
    let id = snapshot(&app).await;
    let made = app.apply(&sam, &id, &apply_body()).await;
    let result = made.expect(201)["result"].clone();
    let email = result["userEmail"].as_str().unwrap();
    app.login(email, "Wrong-Pass-2026!").await.expect(401);
    let before = copy(&app).await;
    let (mut living, mut removed) = (0, 0);
    for n in 1.. {
        paste(&app, &before).await;
        if !is_interrupted(&app, email, n).await {
            break;
        }
        let user = format!("ORG#{GLOBEX}#USER#{}", result["userId"].as_str().unwrap());
        let is_removed = app.item(&user, "#META").await.unwrap().contains_key("deletedAt");
        let record = format!("APPLY#{}", apply_id(&made));
        let record = app.item(&format!("ORG#{GLOBEX}#SNAPSHOT#{id}"), &record).await.unwrap();
        assert_eq!(record.contains_key("userRemovedAt"), is_removed, "write {n}");
        *(if is_removed { &mut removed } else { &mut living }) += 1;
    }
    assert!(living >= 2 && removed >= 2, "{living} and {removed}");
}

#[tokio::test]
async fn what_a_refresh_writes_meanwhile_is_erased_too() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    for round in 0..10 {
        edit_prompt(&app, &format!("Text {round}.")).await;
        let before = copy(&app).await;
        let (erased, refreshed) = tokio::join!(erase(&app, ALEX), refresh(&app, PAT, &id));
        assert!(!erased.unwrap().is_busy);
        // The refresh may have ended after the last scan, which the command waits for.
        assert!(!erase(&app, ALEX).await.unwrap().is_busy);
        assert!([200, 409].contains(&refreshed.status), "{}", refreshed.text);
        let left = mentions(&app, &[ALEX, "Alex Rep"]).await;
        assert!(left.is_empty(), "{left:#?}");
        paste(&app, &before).await;
    }
}
