//! A load that breaks off: what is there is whole, and a second run writes the rest.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use local::loader::{Load, LoadError, LoadMode, LoadReport, PasswordHashes};
use local::workspace::Workspace;
use serde_json::{Value, json};
use shared::domain::Timestamp;
use shared::store::{Organizations, Table};
use tests::{Item, TestApp, setup_of};

const ORGANIZATION: &str = "64ee9a8b1e7f2a0011223349";
const USERS: [&str; 2] = ["64ee9a8b1e7f2a00112233b1", "64ee9a8b1e7f2a00112233b2"];
/// So many take three transactions, and so do the pipelines.
const ITEMS: usize = 250;

fn workspace() -> Workspace {
    let setup = setup_of(ITEMS);
    let items = |items: &[shared::domain::SetupItem]| -> Vec<Value> {
        let whole = items.iter().map(|item| {
            let mut whole = item.document.as_value().clone();
            whole["_id"] = json!(item.id);
            whole
        });
        whole.collect()
    };
    let user = |(place, id): (usize, &&str)| {
        json!({
            "_id": id, "email": format!("user{place}@third.example"), "fullName": "Ann", "accessRole": "ADMIN",
            "createdAt": "2026-01-01T00:00:00.000Z", "automations": items(&setup.items.automations),
            "prompts": items(&setup.items.prompts), "templates": items(&setup.items.templates),
        })
    };
    let pipelines: Vec<_> = (0..ITEMS)
        .map(|number| json!({"_id": format!("{number:024x}"), "name": "P", "type": "Contact", "stages": []}))
        .collect();
    let users: Vec<_> = USERS.iter().enumerate().map(user).collect();
    let organization = json!({"_id": ORGANIZATION, "name": "Third", "pipelines": pipelines, "users": users});
    let workspace = json!({"organizations": [organization]}).to_string();
    Workspace::parse("w.json", &workspace, Timestamp::from_millis(0)).unwrap()
}

/// What stands in the table of the workspace's organization, its people and their addresses.
async fn table(app: &TestApp) -> BTreeMap<(String, String), Item> {
    let text = |item: &Item, name: &str| item[name].as_s().unwrap().clone();
    let items = app.items().await.into_iter().map(|item| ((text(&item, "PK"), text(&item, "SK")), item));
    items.filter(|((pk, _), _)| pk.contains(ORGANIZATION) || pk.contains("@third.example")).collect()
}

/// Loads, and loses every transaction from the nth on.
async fn load_until(app: &TestApp, workspace: &Workspace, n: u64) -> bool {
    let count = AtomicU64::new(0);
    let is_late = move |_: &Value| count.fetch_add(1, Ordering::SeqCst) + 1 >= n;
    app.faults().drop_request().of("TransactWriteItems").when(is_late).always();
    // Retries of what is lost on purpose would take ten seconds.
    let table = app.table().for_request(Duration::from_secs(2));
    let loaded = load(&table, workspace, LoadMode::Report).await;
    app.faults().clear();
    loaded.is_ok()
}

async fn load(table: &Table, workspace: &Workspace, mode: LoadMode) -> Result<LoadReport, LoadError> {
    let load = Load { table, workspace, mode, is_dry: false, now: Timestamp::from_millis(0) };
    load.run(&PasswordHashes::same(workspace, "$argon2id$")).await
}

#[tokio::test]
async fn what_breaks_off_is_whole_or_unseen_and_a_second_load_completes_it() {
    let workspace = workspace();
    let reference = TestApp::start().await;
    load(reference.table(), &workspace, LoadMode::Report).await.unwrap();
    let whole = table(&reference).await;
    assert_eq!(whole.len(), (ITEMS + 1) + 2 * (ITEMS + 3));
    let mut n = 1;
    loop {
        let app = TestApp::start().await;
        let is_done = load_until(&app, &workspace, n).await;
        let now = table(&app).await;
        let organization = ORGANIZATION.parse().unwrap();
        if Organizations::new(app.table()).exists(&organization).await.unwrap() {
            let pipelines = now.keys().filter(|(_, sk)| sk.starts_with("PIPELINE#")).count();
            assert_eq!(pipelines, ITEMS, "after {n}");
        }
        for user in USERS {
            let partition = format!("ORG#{ORGANIZATION}#USER#{user}");
            if now.contains_key(&(partition.clone(), "#META".to_owned())) {
                assert_eq!(now.keys().filter(|(pk, _)| *pk == partition).count(), ITEMS + 2, "after {n}");
            }
        }
        let loaded = load(app.table(), &workspace, LoadMode::Report).await.unwrap();
        assert_eq!(table(&app).await, whole, "after {n}");
        assert_eq!(loaded.written.len() + loaded.found.len(), 1 + USERS.len());
        if is_done {
            break;
        }
        n += 1;
    }
    assert!(n >= 10, "three transactions for the organization and for each user, and one more that does not come: {n}");
}

#[tokio::test]
async fn a_user_whose_address_is_taken_is_reported() {
    let app = TestApp::start().await;
    let mut workspace = workspace();
    workspace.organizations[0].users[1].user.email = app.member(tests::ALEX).user.email.clone();
    let loaded = load(app.table(), &workspace, LoadMode::Report).await.unwrap();
    let missing = format!("user alex@acme.example ({}): another user has the e-mail address", USERS[1]);
    assert_eq!(loaded.missing, [missing]);
    assert!(table(&app).await.keys().all(|(pk, _)| !pk.contains(USERS[1])), "nothing of that user is left behind");
}

/// The load of an earlier version began with the user, so that a break left a user with a part of the items.
#[tokio::test]
async fn items_that_a_user_or_organization_lacks_are_reported_and_written_on_demand() {
    let workspace = workspace();
    let app = TestApp::start().await;
    load(app.table(), &workspace, LoadMode::Report).await.unwrap();
    let whole = table(&app).await;
    let lost: Vec<_> = whole.keys().filter(|(pk, sk)| is_lost(pk, sk)).cloned().collect();
    for (pk, sk) in &lost {
        let delete = app.database().client().delete_item().table_name("snapshots");
        let text = |value: &String| AttributeValue::S(value.clone());
        delete.key("PK", text(pk)).key("SK", text(sk)).send().await.unwrap();
    }
    let reported = load(app.table(), &workspace, LoadMode::Report).await.unwrap();
    assert_eq!((reported.written.len(), reported.found.len()), (0, 3));
    for said in ["items of the file (pipeline ", "items of the file (automation "] {
        assert!(reported.missing.iter().any(|line| line.contains(said)), "{:?}", reported.missing);
    }
    assert!(!lost.is_empty() && lost.iter().all(|key| whole.contains_key(key)));
    let written = load(app.table(), &workspace, LoadMode::Missing).await.unwrap();
    assert_eq!((written.written.len(), written.missing.len()), (2, 0));
    assert_eq!(table(&app).await.keys().collect::<Vec<_>>(), whole.keys().collect::<Vec<_>>());
}

fn is_lost(pk: &str, sk: &str) -> bool {
    (pk.ends_with(USERS[0]) && sk.starts_with("AUTOMATION#")) || sk.starts_with("PIPELINE#")
}

#[tokio::test]
async fn what_a_load_of_another_file_left_is_no_part_of_the_user() {
    let (first, app) = (workspace(), TestApp::start().await);
    assert!(!load_until(&app, &first, 8).await);
    let mut second = first.clone();
    second.organizations[0].organization.pipelines.truncate(1);
    for member in &mut second.organizations[0].users {
        member.setup.items.automations.truncate(1);
        member.setup.items.prompts.clear();
    }
    let reference = TestApp::start().await;
    load(reference.table(), &second, LoadMode::Report).await.unwrap();
    let user = |items: BTreeMap<(String, String), Item>| -> Vec<_> {
        items.into_keys().filter(|(pk, _)| pk.ends_with(USERS[1])).collect()
    };
    assert_ne!(user(table(&app).await), user(table(&reference).await), "something is left of the second user");
    load(app.table(), &second, LoadMode::Report).await.unwrap();
    assert_eq!(user(table(&app).await), user(table(&reference).await));
}
