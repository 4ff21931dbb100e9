//! `load --update`, `--missing` and `--dry-run` on a table that has things already.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "all of this is tests, the functions that they share included")]

mod operator;
#[path = "operator/workspaces.rs"]
mod workspaces;

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::json;
use shared::clock::{Clock, SystemClock};
use shared::domain::{ItemKind, SetupItem};
use shared::store::{SetupChange, SetupEdit, SetupWriter};
use tests::{ACME, ALEX, Census, DANA, GIL, PASSWORD, PAT, TestApp};
use workspaces::{ACME_ENTRY, ALEX_ENTRY, load, update_beside, user_entry, workspace};

async fn number(app: &TestApp, email: &str, attribute: &str) -> u64 {
    let profile = app.profile_of(email).await;
    profile.get(attribute).map_or(0, |value| value.as_n().unwrap().parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_is_planned_then_written_then_has_nothing_to_do() {
    let app = TestApp::start().await;
    let changed = workspace(&[
        (&format!("{ACME_ENTRY}/name"), json!("Acme Inc")),
        (&format!("{ACME_ENTRY}/pipelines/0/name"), json!("Sales")),
        (&format!("{ACME_ENTRY}/agents/-"), json!({"name": "Closing Agent"})),
        (&format!("{ALEX_ENTRY}/designation"), json!("Head of Sales")),
        (&format!("{ALEX_ENTRY}/prompts/0/temperature"), json!(0.25)),
        (&format!("{ALEX_ENTRY}/templates/-"), json!({"name": "Follow-up", "type": "sms", "template": "Hi"})),
        (&format!("{ALEX_ENTRY}/preferences/64eea1110000000000000101"), json!(false)),
    ]);
    let before = Census::of(&app).await;
    let planned = load(&app, &changed, &["--update", "--dry-run"]).await;
    assert!(planned.succeeded, "{planned:?}");
    let lines: Vec<&str> = planned.stdout.lines().collect();
    assert!(lines[0].starts_with("would add     1 items of the file (agent "), "{planned:?}");
    assert!(lines[1].starts_with("would add     1 items of the file (template "), "{planned:?}");
    assert_eq!(
        lines[2],
        format!("would change  organization Acme Inc ({ACME}): name, pipeline 64eea1110000000000000011")
    );
    let alex = "user alex@acme.example (64ee9a8b1e7f2a0011223399)";
    let prompt = "prompt 64eea1110000000000000201";
    let switch = "switch of automation 64eea1110000000000000101";
    assert_eq!(lines[3], format!("would change  {alex}: designation, {prompt}, {switch}"));
    assert!(lines[4..9].iter().all(|line| line.starts_with("left          ")), "{planned:?}");
    assert_eq!(lines[9], "Nothing is written. It would add: 2. Change: 2. Left: 5.");
    assert_eq!(Census::of(&app).await.items().collect::<Vec<_>>(), before.items().collect::<Vec<_>>());

    let written = load(&app, &changed, &["--update"]).await;
    assert!(written.succeeded, "{written:?}");
    let done = |line: &&str| line.replace("would add   ", "added       ").replace("would change", "changed     ");
    let expected: Vec<_> = lines[..9].iter().map(done).collect();
    assert_eq!(written.stdout.lines().take(9).collect::<Vec<_>>(), expected);
    // The profile, the template, the prompt and the switch are four writes.
    assert_eq!(number(&app, ALEX, "setupVersion").await, 5);
    assert_eq!(number(&app, ALEX, "credentialVersion").await, 0);
    let after = Census::of(&app).await;

    let again = load(&app, &changed, &["--update"]).await;
    assert!(again.succeeded && again.stdout.contains("Added: 0. Changed: 0. Left: 7."), "{again:?}");
    assert_eq!(Census::of(&app).await.items().collect::<Vec<_>>(), after.items().collect::<Vec<_>>());
    let former = load(&app, &workspace(&[]), &["--update"]).await;
    let kept = "A load removes nothing: 2 items stay that the file does not name.\n";
    assert!(former.succeeded && former.stdout.ends_with(kept), "{former:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn another_role_and_a_disabling_end_tokens_and_what_the_file_does_not_name_stays() {
    let app = TestApp::start().await;
    let (gil, pat) = (app.token(GIL), app.token(PAT));
    let demoted = workspace(&[(&format!("{}/accessRole", user_entry(GIL)), json!("SALES_REP"))]);
    let result = load(&app, &demoted, &["--update"]).await;
    assert!(result.succeeded && result.stdout.contains(": accessRole (if somebody else administers"), "{result:?}");
    assert_eq!((number(&app, GIL, "credentialVersion").await, number(&app, GIL, "setupVersion").await), (1, 1));
    let verify = |token: &str| app.request(Method::GET, "/api/auth/verify-token").bearer_auth(token);
    app.send(verify(&gil)).await.expect_problem(401, "unauthenticated");

    let last = workspace(&[(&format!("{}/loginDisabled", user_entry(PAT)), json!(true))]);
    let refused = load(&app, &last, &["--update"]).await;
    assert!(
        !refused.succeeded && refused.stderr.contains("nobody else could administer the organization"),
        "{refused:?}"
    );
    app.send(verify(&pat)).await.expect(200);

    let both = workspace(&[
        (&format!("{}/loginDisabled", user_entry(PAT)), json!(true)),
        (&format!("{}/accessRole", user_entry(DANA)), json!("ADMIN")),
    ]);
    // Pat stands before Dana, so it takes a second run.
    load(&app, &both, &["--update"]).await;
    let result = load(&app, &both, &["--update"]).await;
    assert!(result.succeeded, "{result:?}");
    app.send(verify(&pat)).await.expect_problem(401, "unauthenticated");
    let silent =
        load(&app, &workspace(&[(&format!("{}/accessRole", user_entry(DANA)), json!("ADMIN"))]), &["--update"]).await;
    assert!(silent.succeeded, "{silent:?}");
    assert_eq!(
        app.profile_of(PAT).await["loginDisabled"].as_bool(),
        Ok(&true),
        "nobody is let in by a file that is silent"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_moves_with_its_password_and_a_taken_one_is_refused_by_name() {
    let app = TestApp::start().await;
    let entry = user_entry(DANA);
    let moved = workspace(&[(&format!("{entry}/email"), json!("dana.head@acme.example"))]);
    let result = load(&app, &moved, &["--update"]).await;
    assert!(
        result.succeeded && result.stdout.contains("dana.head@acme.example (64ee9a8b1e7f2a00112233a3): email"),
        "{result:?}"
    );
    app.sign_in("dana.head@acme.example", PASSWORD).await;
    assert!(app.item("EMAIL#dana@acme.example", "#META").await.is_none());

    let mut taken = workspace(&[]);
    taken["organizations"][1]["users"].as_array_mut().unwrap().clear();
    *taken.pointer_mut(&format!("{entry}/email")).unwrap() = json!(GIL);
    let before = Census::of(&app).await;
    for options in [&["--update", "--dry-run"][..], &["--update"]] {
        let refused = load(&app, &taken, options).await;
        let reason = "user gil@globex.example (64ee9a8b1e7f2a00112233a3): another user has the e-mail address\n";
        assert!(!refused.succeeded && refused.stderr.ends_with(reason), "{refused:?}");
        assert_eq!(Census::of(&app).await.items().collect::<Vec<_>>(), before.items().collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_leaves_what_differs_and_asks_for_no_password_where_nobody_is_new() {
    let app = TestApp::start().await;
    let file = workspace(&[
        (&format!("{ALEX_ENTRY}/designation"), json!("Head of Sales")),
        (&format!("{ALEX_ENTRY}/automations/-"), json!({"_id": "64eea11100000000000001ff", "name": "New"})),
        (&format!("{ALEX_ENTRY}/preferences/64eea11100000000000001ff"), json!(false)),
        (&format!("{ALEX_ENTRY}/preferences/64eea1110000000000000101"), json!(false)),
    ]);
    let result = load(&app, &file, &["--missing"]).await;
    assert!(result.succeeded, "{result:?}");
    let differs =
        "with other values of designation, switch of automation 64eea1110000000000000101, which --update writes";
    assert!(result.stdout.contains(differs), "{result:?}");
    let alex = &app.member(ALEX).user;
    let switches = app.item(&format!("ORG#{ACME}#USER#{}", alex.id), "PREFERENCES").await.unwrap();
    let enabled = switches["enabled"].as_m().unwrap();
    assert_eq!(enabled["64eea11100000000000001ff"].as_bool(), Ok(&false), "a new automation comes with its switch");
    assert_eq!(enabled["64eea1110000000000000101"].as_bool(), Ok(&true), "the switch of another one stays");

    let more = workspace(&[(
        &format!("{ACME_ENTRY}/users/-"),
        json!({"email": "new@acme.example", "fullName": "New", "accessRole": "SALES_REP"}),
    )]);
    let asked = load(&app, &more, &["--missing"]).await;
    assert!(!asked.succeeded && asked.stderr.contains("set LOAD_PASSWORD"), "{asked:?}");
    let planned = load(&app, &more, &["--missing", "--dry-run"]).await;
    assert!(planned.succeeded && planned.stdout.contains("would add     user new@acme.example ("), "{planned:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_who_was_removed_or_is_elsewhere_is_named_and_nothing_is_written() {
    let app = TestApp::start().await;
    let dana = app.member(DANA).user.id.to_string();
    let path = format!("/api/users/{dana}");
    app.send(app.request(Method::DELETE, &path).bearer_auth(app.token(PAT))).await.expect(200);
    let removed = load(&app, &workspace(&[]), &["--update"]).await;
    let reason = format!("user {DANA} ({dana}): it was removed, and its id never comes back; give it another `_id`\n");
    assert!(!removed.succeeded && removed.stderr.ends_with(&reason), "{removed:?}");
    let mut elsewhere = workspace(&[]);
    let gil = elsewhere["organizations"][1]["users"][0].take();
    elsewhere["organizations"][1]["users"] = json!([]);
    elsewhere["organizations"][0]["users"] = json!([gil]);
    let refused = load(&app, &elsewhere, &["--update"]).await;
    let reason = "it is in organization 64ee9a8b1e7f2a0011223345, and a load moves nobody to another one\n";
    assert!(!refused.succeeded && refused.stderr.ends_with(reason), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_others_change_between_reading_and_writing_stays_and_is_named() {
    let app = TestApp::start().await;
    let file = workspace(&[
        (&format!("{ALEX_ENTRY}/prompts/0/temperature"), json!(0.25)),
        (&format!("{ALEX_ENTRY}/prompts/1/temperature"), json!(0.25)),
    ]);
    let edit = async || {
        let alex = &app.member(ALEX).user;
        let id = "64eea1110000000000000201".parse().unwrap();
        let writer = SetupWriter::new(app.table());
        let mut open = writer.read(&alex.organization, &alex.id, ItemKind::Prompt, &id).await.unwrap().unwrap();
        open.document.fields_mut().unwrap().insert("temperature".to_owned(), json!(0.9));
        let change = SetupChange::Put(ItemKind::Prompt, SetupItem { id, document: open.document });
        let edit = SetupEdit { change, seen: open.seen };
        writer.write(&alex.organization, &alex.id, &[edit], SystemClock.now()).await.unwrap();
    };
    let refused = update_beside(&app, &file, edit).await;
    let reason = "others changed prompt 64eea1110000000000000201 meanwhile; run this again\n";
    assert!(!refused.succeeded && refused.stderr.ends_with(reason), "{refused:?}");
    assert!(refused.stdout.contains("(64ee9a8b1e7f2a0011223399): prompt 64eea1110000000000000202\n"), "{refused:?}");
    let again = load(&app, &file, &["--update"]).await;
    assert!(again.succeeded && again.stdout.contains("Changed: 1."), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pipeline_that_others_change_between_reading_and_writing_stays_and_is_named() {
    let app = TestApp::start().await;
    let file = workspace(&[(&format!("{ACME_ENTRY}/pipelines/0/name"), json!("Sales"))]);
    let (pk, sk) = (format!("ORG#{ACME}"), "PIPELINE#64eea1110000000000000011");
    let rename = async || {
        let mut pipeline = app.item(&pk, sk).await.unwrap();
        let mut document = pipeline["document"].as_m().unwrap().clone();
        document.insert("name".to_owned(), AttributeValue::S("Theirs".to_owned()));
        pipeline.insert("document".to_owned(), AttributeValue::M(document));
        app.store(pipeline).await;
    };
    let refused = update_beside(&app, &file, rename).await;
    let reason = "others changed pipeline 64eea1110000000000000011 meanwhile; run this again\n";
    assert!(!refused.succeeded && refused.stderr.ends_with(reason), "{refused:?}");
    let stored = app.item(&pk, sk).await.unwrap();
    assert_eq!(stored["document"].as_m().unwrap()["name"].as_s().unwrap(), "Theirs");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_whom_others_change_between_reading_and_writing_stays_unless_only_the_setup_changed() {
    let app = TestApp::start().await;
    let file = workspace(&[(&format!("{ALEX_ENTRY}/designation"), json!("Chief of Sales"))]);
    let alex = &app.member(ALEX).user;
    let path = format!("/api/users/{}", alex.id);
    let rename = async || {
        let rename = app.request(Method::PATCH, &path).bearer_auth(app.token(PAT));
        app.send(rename.json(&json!({"departmentId": ACME}))).await.expect(200);
    };
    let refused = update_beside(&app, &file, rename).await;
    let reason = "user alex@acme.example (64ee9a8b1e7f2a0011223399): others changed it meanwhile; run this again\n";
    assert!(!refused.succeeded && refused.stderr.ends_with(reason), "{refused:?}");
    assert_eq!(app.profile_of(ALEX).await["departmentId"].as_s().unwrap(), ACME);

    let switch = async || {
        let writer = SetupWriter::new(app.table());
        let change = SetupChange::Switch("64eea1110000000000000102".parse().unwrap(), false);
        let seen = writer.see(&alex.organization, &alex.id, &change).await.unwrap();
        writer.write(&alex.organization, &alex.id, &[SetupEdit { change, seen }], SystemClock.now()).await.unwrap();
    };
    let result = update_beside(&app, &file, switch).await;
    assert!(result.stdout.contains("(64ee9a8b1e7f2a0011223399): "), "{result:?}");
    let profile = app.profile_of(ALEX).await;
    assert_eq!(profile["designation"].as_s().unwrap(), "Chief of Sales");
}
