//! Names and notes as requests send them and as they are stored: the rules are for requests, and what is stored is shown as it is.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::domain::User;
use tests::{ACME, Answer, GIL, GLOBEX, PASSWORD, PAT, SAM, TestApp, apply_body, create_body, snapshot, table_items};

/// Names that show nothing, or that hold controls.
const REFUSED: [&str; 21] = [
    "",
    " \u{3000}\u{2003}",
    "\u{200b}",
    "\u{feff}\u{2060}",
    "\u{ad}",
    "\u{3164}",
    "\u{2800}\u{2800}",
    "\u{200e}\u{200f}",
    "\u{e0041}\u{e0042}",
    "Q2\0",
    "Q2\u{7}",
    "Q2\u{1b}[31m",
    "Q2\u{7f}",
    "Q2\u{9b}31m",
    "Q2\u{202e}gpj.exe",
    "\u{2066}Q2\u{2069}",
    "Q2\u{202a}",
    "Q2\tplan",
    "Q2\nQ3",
    "Q2\u{85}Q3",
    "Q2\u{2028}Q3",
];

/// Names that only look as if they were of that kind.
const TAKEN: [&str; 6] = [
    " Q2 ",
    "\u{200f}\u{5e9}\u{5dc}\u{5d5}\u{5dd}\u{200e} Q2",
    "\u{645}\u{6cc}\u{200c}\u{62e}\u{648}\u{627}\u{647}\u{645}",
    "\u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} 1\u{fe0f}\u{20e3}",
    "\u{1f3f4}\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
    "cafe\u{301} \u{202f}!",
];

/// Sends a name at every place where a request has one; each answer with the pointer of the name.
async fn sent(app: &TestApp, id: &str, name: &str, number: usize) -> Vec<(&'static str, Answer)> {
    let (pat, sam) = (app.token(PAT), app.token(SAM));
    let mut create = create_body();
    create["name"] = json!(name);
    let apply = |field: &str| {
        let mut body = apply_body();
        body["newUser"]["email"] = json!(format!("{field}{number}@globex.example"));
        body["newUser"][field] = json!(name);
        body
    };
    vec![
        ("/name", app.create_snapshot(&pat, &create).await),
        ("/name", app.rename(&pat, id, &json!({"name": name})).await),
        ("/newUser/fullName", app.apply(&sam, id, &apply("fullName")).await),
        ("/newUser/designation", app.apply(&sam, id, &apply("designation")).await),
        ("/newUser/fullName", app.plan(&sam, id, &apply("fullName")).await),
        ("/newUser/designation", app.plan(&sam, id, &apply("designation")).await),
    ]
}

#[tokio::test]
async fn a_name_that_shows_nothing_or_holds_controls_is_refused_wherever_it_is_sent() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let before = table_items(&app).await;
    for name in REFUSED {
        for (pointer, answer) in sent(&app, &id, name, 0).await {
            match answer.status {
                200 => {
                    let refusals = answer.body["plan"]["refusals"].as_array().unwrap();
                    assert!(refusals.iter().any(|refusal| refusal["pointer"] == pointer), "{name:?}: {}", answer.text);
                }
                _ => {
                    answer.expect_problem(422, "refused");
                    assert_eq!(answer.pointers(), [pointer], "{name:?}: {}", answer.text);
                }
            }
            // A refusal names the code point and does not repeat the name.
            assert!(name.trim().is_empty() || !answer.text.contains(&json!(name).to_string()), "{}", answer.text);
        }
        assert!(table_items(&app).await == before, "{name:?}");
    }
}

#[tokio::test]
async fn a_name_with_marks_joiners_and_emoji_is_taken_and_comes_back_as_sent() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    for (number, name) in TAKEN.into_iter().enumerate() {
        for (pointer, answer) in sent(&app, &id, name, number).await {
            assert!(matches!(answer.status, 200 | 201), "{name:?} {pointer}: {}", answer.text);
            assert!(pointer != "/name" || answer.body["snapshot"]["name"] == name, "{name:?}: {}", answer.text);
            assert!(answer.body["plan"]["refusals"].as_array().is_none_or(Vec::is_empty), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_description_may_have_lines_and_no_other_controls() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let pat = app.token(PAT);
    let notes = "First line\r\n\tsecond line\u{2029}third";
    let renamed = app.rename(&pat, &id, &json!({"description": notes})).await;
    assert_eq!(renamed.expect(200)["snapshot"]["description"], notes);
    app.rename(&pat, &id, &json!({"description": ""})).await.expect(200);
    for refused in ["\n", "\u{200b}", "a\0", "a\u{b}b", "a\u{85}b", "\u{202e}a", "a\u{2067}b"] {
        let mut create = create_body();
        create["description"] = json!(refused);
        for answer in
            [app.create_snapshot(&pat, &create).await, app.rename(&pat, &id, &json!({"description": refused})).await]
        {
            answer.expect_problem(422, "refused");
            assert_eq!(answer.pointers(), ["/description"], "{refused:?}: {}", answer.text);
        }
    }
}

/// A name that no request may send any more.
const OLD: &str = "Old\u{202e}\n\u{0}name";

/// Writes the name over those of a snapshot and of its creator, its source and Sam, as an earlier version or another system may have.
async fn old_names(app: &TestApp, id: &str) {
    let old = AttributeValue::S(OLD.to_owned());
    for email in [PAT, SAM, GIL] {
        let user: User = app.member(email).user.clone();
        app.set_attribute(&user, "fullName", old.clone()).await;
        app.set_attribute(&user, "designation", AttributeValue::S(String::new())).await;
        app.set_attribute(&user, "phoneNumber", AttributeValue::S("0800-CALL".to_owned())).await;
    }
    let mut item = app.item(&format!("SNAPSHOT#{id}"), "#META").await.unwrap();
    for name in ["name", "description", "sourceUserName", "createdByName"] {
        item.insert(name.to_owned(), old.clone());
    }
    let put = app.database().client().put_item().table_name("snapshots").set_item(Some(item));
    put.send().await.unwrap();
}

#[tokio::test]
async fn what_is_stored_is_read_and_shown_as_it_is() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    app.assign(&app.token(SAM), &id, &json!({"assignedOrgIds": [ACME, GLOBEX]})).await.expect(200);
    old_names(&app, &id).await;
    let (pat, sam) = (app.token(PAT), app.token(SAM));
    let document: Value = app.snapshot(&pat, &id).await.expect(200)["snapshot"].clone();
    for name in ["name", "description", "sourceUserName", "createdByName"] {
        assert_eq!(document[name], OLD, "{document}");
    }
    assert_eq!(app.list_snapshots(&sam, "").await.expect(200)["snapshots"][0]["name"], OLD);
    let users = app.list_users(&sam, GLOBEX, "").await;
    assert!(users.expect(200)["users"].as_array().unwrap().iter().any(|user| user["fullName"] == OLD));
    let applied = app.apply(&sam, &id, &apply_body()).await;
    applied.expect(201);
    assert_eq!(app.list_applies(&sam, &id, "").await.expect(200)["applies"][0]["appliedByName"], OLD);
    assert_eq!(app.login(GIL, PASSWORD).await.expect(200)["user"]["fullName"], OLD);
    // A change of something else leaves the name as it is.
    let renamed = app.rename(&pat, &id, &json!({"description": "New notes"})).await;
    assert_eq!(renamed.expect(200)["snapshot"]["name"], OLD);
    app.create_snapshot(&pat, &create_body()).await.expect(201);
}
