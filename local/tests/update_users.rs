//! `load --update` where others write at the same time, and where users have no id in the file or change places.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "all of this is tests, the functions that they share included")]

mod operator;
#[path = "operator/workspaces.rs"]
mod workspaces;

use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};
use shared::store::{SetupChange, SetupEdit, SetupWriter};
use tests::{ACME, ALEX, PASSWORD, PAT, TestApp};
use workspaces::{ACME_ENTRY, ALEX_ENTRY, load, load_with, update_beside, user_entry, workspace};

#[tokio::test(flavor = "multi_thread")]
async fn a_new_automation_that_is_off_is_not_written_while_its_switch_cannot_be() {
    let app = TestApp::start().await;
    let automation = json!({"_id": "64eea11100000000000001ff", "name": "New"});
    let file = workspace(&[
        (&format!("{ALEX_ENTRY}/automations/-"), automation),
        (&format!("{ALEX_ENTRY}/preferences/64eea11100000000000001ff"), json!(false)),
    ]);
    let switch = async || {
        let alex = &app.member(ALEX).user;
        let writer = SetupWriter::new(app.table());
        let change = SetupChange::Switch("64eea1110000000000000101".parse().unwrap(), false);
        let seen = writer.see(&alex.organization, &alex.id, &change).await.unwrap();
        let edit = SetupEdit { change, seen };
        writer.write(&alex.organization, &alex.id, &[edit], SystemClock.now()).await.unwrap();
    };
    let refused = update_beside(&app, &file, switch).await;
    assert!(!refused.succeeded && refused.stderr.contains("automation 64eea11100000000000001ff"), "{refused:?}");
    let alex = &app.member(ALEX).user;
    let partition = format!("ORG#{ACME}#USER#{}", alex.id);
    assert_eq!(app.item(&partition, "AUTOMATION#64eea11100000000000001ff").await, None);
    let again = load(&app, &file, &["--update"]).await;
    assert!(again.succeeded, "{again:?}");
    let switches = app.item(&partition, "PREFERENCES").await.unwrap();
    assert_eq!(switches["enabled"].as_m().unwrap()["64eea11100000000000001ff"].as_bool(), Ok(&false));
    assert!(app.item(&partition, "AUTOMATION#64eea11100000000000001ff").await.is_some());
}

/// A colleague of Acme without an `_id`.
fn colleague(email: &str, role: &str) -> Value {
    json!({"email": email, "fullName": "Eve New", "accessRole": role})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_without_an_id_is_the_user_who_has_its_address() {
    let app = TestApp::start().await;
    let users = format!("{ACME_ENTRY}/users/-");
    let eve = workspace(&[(&users, colleague("eve@acme.example", "SALES_REP"))]);
    let first = load_with(&app, &eve, &["--missing"], Some(PASSWORD)).await;
    assert!(first.succeeded, "{first:?}");
    let claim = |email: &str| format!("EMAIL#{email}");
    let id = app.item(&claim("eve@acme.example"), "#META").await.unwrap()["userId"].as_s().unwrap().clone();

    // She gets another address, and somebody new has hers: the file must not make her that person.
    let moved = app.change_user_by(&app.token(PAT), &id, &json!({"email": "eva@acme.example"})).await;
    moved.expect(200);
    let file = workspace(&[(&users, colleague("eve@acme.example", "ADMIN"))]);
    let refused = load_with(&app, &file, &["--update"], Some(PASSWORD)).await;
    assert!(!refused.succeeded, "{refused:?}");
    let reason = "is of a user whose address is eva@acme.example now; give it another `_id`";
    assert!(refused.stderr.contains(reason), "{refused:?}");
    let profile = app.item(&format!("ORG#{ACME}#USER#{id}"), "#META").await.unwrap();
    assert_eq!(profile["accessRole"].as_s().unwrap(), "SALES_REP");

    // An entry under the new address is she, under her own id.
    let file = workspace(&[(&users, colleague("eva@acme.example", "DEPARTMENT_HEAD"))]);
    let changed = load(&app, &file, &["--update"]).await;
    assert!(changed.succeeded && changed.stdout.contains(&format!("({id}): ")), "{changed:?}");
    let profile = app.item(&format!("ORG#{ACME}#USER#{id}"), "#META").await.unwrap();
    assert_eq!(profile["accessRole"].as_s().unwrap(), "DEPARTMENT_HEAD");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_user_whose_address_another_one_frees_in_the_same_load_gets_a_password_first() {
    let app = TestApp::start().await;
    let (alex, globex) = (ALEX_ENTRY, "/organizations/1/users/-");
    let mut newcomer = colleague(ALEX, "SALES_REP");
    newcomer["_id"] = json!("64ee9a8b1e7f2a00112233f9");
    let file = workspace(&[(&format!("{alex}/email"), json!("alexander@acme.example")), (globex, newcomer)]);
    let first = load_with(&app, &file, &["--update"], Some(PASSWORD)).await;
    assert!(!first.succeeded && first.stderr.contains("not free when passwords were asked for"), "{first:?}");
    assert_eq!(app.item(&format!("EMAIL#{ALEX}"), "#META").await, None);
    let second = load_with(&app, &file, &["--update"], Some(PASSWORD)).await;
    assert!(second.succeeded, "{second:?}");
    assert!(app.item(&format!("EMAIL#{ALEX}"), "#META").await.unwrap().contains_key("passwordHash"));
}

#[tokio::test(flavor = "multi_thread")]
async fn administration_is_handed_over_in_any_order() {
    let app = TestApp::start().await;
    let [pat, alex] = [PAT, ALEX].map(|email| format!("{}/accessRole", user_entry(email)));
    let file = workspace(&[(&pat, json!("SALES_REP")), (&alex, json!("ADMIN"))]);
    let changed = load(&app, &file, &["--update"]).await;
    assert!(changed.succeeded && changed.stdout.contains("Changed: 2."), "{changed:?}");
    let back = load(&app, &workspace(&[]), &["--update"]).await;
    assert!(back.succeeded && back.stdout.contains("Changed: 2."), "{back:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_transaction_takes_is_written_for_a_user_who_exists() {
    let app = TestApp::start().await;
    let mut file = workspace(&[]);
    let prompts = file.pointer_mut(&format!("{ALEX_ENTRY}/prompts")).unwrap().as_array_mut().unwrap();
    prompts.extend((0..12).map(|number| json!({"name": format!("Long {number}"), "prompt": "word ".repeat(76_000)})));
    let updated = load(&app, &file, &["--update"]).await;
    assert!(updated.succeeded && updated.stdout.contains("12 items of the file"), "{updated:?}");
    let again = load(&app, &file, &["--update"]).await;
    assert!(again.succeeded && again.stdout.contains("Added: 0. Changed: 0."), "{again:?}");
}
