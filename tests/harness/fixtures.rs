//! What most tests begin with or look at: a snapshot of Alex, its refresh, and what a user has.

use std::collections::BTreeMap;
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use shared::domain::{ItemKind, SetupItem};
use shared::store::{SetupChange, SetupWriteOutcome};

use crate::{ALEX, Answer, BEGINNING, Item, PAT, TestApp, change_setup, create_body};

/// Between two refreshes.
pub const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// The address of the new user in the customer's request.
pub const CASEY: &str = "casey@acme.example";
/// The password of the new user in the customer's request.
pub const NEW_PASSWORD: &str = "TempPass!2026";

/// Items by partition and sort key.
pub type TableItems = BTreeMap<(String, String), Item>;

/// Makes a snapshot of Alex, as Pat, and returns its id.
pub async fn snapshot(app: &TestApp) -> String {
    let answer = app.create_snapshot(&app.token(PAT), &create_body()).await;
    answer.expect(201)["snapshot"]["_id"].as_str().expect("an id").to_owned()
}

/// Refreshes a snapshot as this user, with a token of the test's present.
pub async fn refresh(app: &TestApp, email: &str, id: &str) -> Answer {
    let request = app.request(Method::POST, &format!("/api/user-snapshots/{id}/refresh"));
    app.send(request.bearer_auth(app.token(email))).await
}

/// Restores a revision as this user, with a token of the test's present.
pub async fn restore(app: &TestApp, email: &str, id: &str, number: u32) -> Answer {
    let request = app.request(Method::POST, &format!("/api/user-snapshots/{id}/revisions/{number}/restore"));
    app.send(request.bearer_auth(app.token(email))).await
}

/// Replaces the text of Alex's first prompt.
pub async fn edit_prompt(app: &TestApp, text: &str) {
    let prompt = &app.member(ALEX).setup.items.prompts[0];
    let mut document = prompt.document.as_value().clone();
    document["prompt"] = json!(text);
    let document = serde_json::from_value(document).expect("a document");
    change_alex(app, SetupChange::Put(ItemKind::Prompt, SetupItem { id: prompt.id, document })).await;
}

/// Changes Alex's setup as the CRM does.
pub async fn change_alex(app: &TestApp, change: SetupChange) {
    let alex = &app.member(ALEX).user;
    let written = change_setup(app.table(), &alex.organization, &alex.id, &[change], BEGINNING).await;
    assert!(matches!(written, Ok(SetupWriteOutcome::Version(_))), "{written:?}");
}

/// The id of the apply that made this answer.
pub fn apply_id(answer: &Answer) -> String {
    answer.expect(201)["result"]["applyId"].as_str().expect("an id").to_owned()
}

/// The items that a user has, one kind at a time, as (id, document), sorted by name.
pub async fn setup_items(app: &TestApp, organization: &str, user: &str) -> [Vec<(String, Value)>; ItemKind::ALL.len()] {
    let partition = format!("ORG#{organization}#USER#{user}");
    let items = table_items(app).await;
    ItemKind::ALL.map(|kind| {
        let prefix = format!("{}#", kind.as_str().to_uppercase());
        let own = items.iter().filter(|((pk, _), _)| *pk == partition);
        let mut found: Vec<_> = own
            .filter_map(|((_, sk), item)| Some((sk.strip_prefix(&prefix)?.to_owned(), crate::json(&item["document"]))))
            .collect();
        found.sort_by(|a, b| a.1["name"].as_str().cmp(&b.1["name"].as_str()));
        found
    })
}

/// All items but the history of applies and the counts of failed sign-ins.
pub async fn table_items(app: &TestApp) -> TableItems {
    let text = |item: &Item, name: &str| item[name].as_s().expect("a key is text").clone();
    let items = app.items().await.into_iter().map(|item| ((text(&item, "PK"), text(&item, "SK")), item));
    let is_history = |pk: &str, sk: &str| sk.starts_with("APPLY#") || pk.ends_with("#REFUSALS");
    items.filter(|((pk, sk), _)| !is_history(pk, sk) && !sk.starts_with("FAILURES")).collect()
}
