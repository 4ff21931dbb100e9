//! A healthy table in which every kind of item is there, finished and unfinished.

use serde_json::json;
use tests::{
    ACME, ALEX, GLOBEX, NEW_PASSWORD, PAT, SAM, TestApp, apply_body, apply_id, capture, edit_prompt, incompressible,
    mapped_body, refresh, setup_of, snapshot, snapshot_of, user_with_setup,
};

/// So many items take two stages.
pub(crate) const STAGED_ITEMS: usize = 120;

/// A service with that table, and what tests name of it.
pub(crate) struct HealthyTable {
    pub(crate) app: TestApp,
    /// A shared snapshot of two revisions with a schedule.
    pub(crate) small: String,
    /// A snapshot of two revisions in chunks.
    pub(crate) chunked: String,
    /// A deleted snapshot that no sweep has seen.
    pub(crate) deleted: String,
    /// The users of applies: as it was made, one who signed in, one of an unfinished apply, one of an unfinished undo.
    pub(crate) untouched: String,
    pub(crate) touched: String,
    pub(crate) staged: String,
    pub(crate) undoing: String,
}

impl HealthyTable {
    pub(crate) async fn start() -> Self {
        let app = TestApp::start().await;
        let (pat, sam) = (app.token(PAT), app.token(SAM));
        let small = snapshot(&app).await;
        app.assign(&sam, &small, &json!({"assignedOrgIds": [ACME, GLOBEX], "isGlobal": true})).await.expect(200);
        edit_prompt(&app, "Another text.").await;
        refresh(&app, PAT, &small).await.expect(200);
        app.assign(&sam, &small, &json!({"revision": 2})).await.expect(200);
        app.rename(&pat, &small, &json!({"refresh": {"every": "PT6H"}})).await.expect(200);

        let chunked_user = user_with_setup(&app, 1, &incompressible(20, 30_000)).await;
        let chunked = capture(&app, chunked_user).await;
        let refreshed = json!({"fullName": "Another name"});
        change_name(&app, chunked_user, refreshed["fullName"].as_str().unwrap()).await;
        add_prompt(&app, chunked_user).await;
        refresh(&app, PAT, &chunked).await.expect(200);

        let deleted = snapshot(&app).await;
        app.assign(&sam, &deleted, &json!({"assignedOrgIds": [ACME, GLOBEX]})).await.expect(200);
        edit_prompt(&app, "A third text.").await;
        refresh(&app, PAT, &deleted).await.expect(200);
        app.delete_snapshot(&pat, &deleted).await.expect(200);

        let body = |email: &str| {
            let mut body = apply_body();
            body["newUser"]["email"] = json!(email);
            body
        };
        let untouched = app.apply(&sam, &small, &body("untouched@globex.example")).await;
        let touched = app.apply(&sam, &small, &body("touched@globex.example")).await;
        app.sign_in("touched@globex.example", NEW_PASSWORD).await;

        // Refused: the address is Alex's.
        app.apply(&sam, &small, &body(ALEX)).await.expect_problem(409, "email_taken");

        let large = snapshot_of(&app, STAGED_ITEMS).await;
        let failing = app.fail_stages_from(2);
        let staged_body = mapped_body("staged@globex.example", setup_of(STAGED_ITEMS).items.automations.len());
        app.apply_once(&sam, "staged", &large, &staged_body).await.expect_problem(503, "unavailable");
        assert!(failing.count() > 0);
        app.faults().clear();

        let undone = app.apply(&sam, &small, &body("undone@globex.example")).await;
        app.undo(&sam, &small, &apply_id(&undone), None).await.expect(200);
        let undoing = app.apply(&sam, &small, &body("undoing@globex.example")).await;
        app.faults().drop_request().of("BatchWriteItem").always();
        app.undo(&sam, &small, &apply_id(&undoing), None).await.expect_problem(503, "unavailable");
        app.faults().clear();

        let user = |answer: &tests::Answer| answer.expect(201)["result"]["userId"].as_str().unwrap().to_owned();
        let staged = user_of_staged(&app).await;
        let (untouched, touched, undoing) = (user(&untouched), user(&touched), user(&undoing));
        Self { app, small, chunked, deleted, untouched, touched, staged, undoing }
    }
}

async fn user_of_staged(app: &TestApp) -> String {
    let is_staged = |item: &tests::Item| item.get("state").is_some_and(|state| state.as_s().unwrap() == "STAGING");
    let record = app.items().await.into_iter().find(is_staged).unwrap();
    record["userId"].as_s().unwrap().clone()
}

async fn change_name(app: &TestApp, user: shared::domain::ObjectId, name: &str) {
    let key = format!("ORG#{ACME}#USER#{user}");
    let mut profile = app.item(&key, "#META").await.unwrap();
    profile.insert("fullName".to_owned(), aws_sdk_dynamodb::types::AttributeValue::S(name.to_owned()));
    let put = app.database().client().put_item().table_name("snapshots").set_item(Some(profile));
    put.send().await.unwrap();
}

async fn add_prompt(app: &TestApp, user: shared::domain::ObjectId) {
    use shared::domain::{ItemKind, SetupItem};
    let document = serde_json::from_value(json!({"name": "One more", "prompt": "Hi."})).unwrap();
    let item = SetupItem { id: tests::numbered_id(9, 9), document };
    let change = shared::store::SetupChange::Put(ItemKind::Prompt, item);
    tests::change_setup(app.table(), &ACME.parse().unwrap(), &user, &[change], tests::BEGINNING).await.unwrap();
}
