//! What the two calls cost, counted exactly: dependent round trips and write units.

use serde_json::{Value, json};
use shared::domain::{ItemKind, SetupItem};
use shared::store::{SetupChange, stored_bytes};
use tests::{ALEX, BEGINNING, PAT, SAM, TestApp, apply_body, create_body, snapshot};

#[tokio::test]
async fn a_create_takes_three_round_trips_and_the_write_units_of_its_one_item() {
    let app = TestApp::start().await;
    let token = app.token(PAT);
    app.forget_calls();
    let answer = app.create_snapshot(&token, &create_body()).await;
    let id = answer.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    let recorded = app.recorded();
    assert_eq!(recorded.round_trips(), 3, "{:?}", recorded.operations());

    let item = app.item(&format!("SNAPSHOT#{id}"), "#META").await.unwrap();
    let units = stored_bytes(&item).div_ceil(1024) + 2;
    assert_eq!(recorded.write_units(), units as f64);
    assert!(units <= 13, "{units}");
}

#[tokio::test]
async fn the_demo_setup_packs_to_less_than_two_sevenths() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let item = app.item(&format!("SNAPSHOT#{id}"), "#META").await.unwrap();
    let packed = item["content"].as_b().unwrap().as_ref().len();
    let raw = zstd::bulk::decompress(item["content"].as_b().unwrap().as_ref(), 1 << 24).unwrap().len();
    println!("{raw} bytes of JSON pack to {packed}");
    assert!(packed * 7 < raw * 2, "{raw} bytes of JSON pack to {packed}");
}

/// Makes Alex's one long prompt short, so that every clone has at most 1,024 bytes.
pub(crate) async fn shorten_the_long_prompt(app: &TestApp) {
    let alex = app.member(ALEX);
    let prompts = &alex.setup.items.prompts;
    let longest = prompts.iter().max_by_key(|it| it.document.text("prompt").map(str::len)).unwrap();
    let mut document: Value = longest.document.as_value().clone();
    document["prompt"] = json!("<prompt>Be brief.</prompt>");
    let short = SetupItem { id: longest.id, document: serde_json::from_value(document).unwrap() };
    let (organization, user) = (alex.user.organization, alex.user.id);
    let change = SetupChange::Put(ItemKind::Prompt, short);
    tests::change_setup(app.table(), &organization, &user, &[change], BEGINNING).await.unwrap();
}

/// Gives Alex's automations, but those that the customer's apply maps by name, names of 40 letters. Warnings repeat them.
pub(crate) async fn lengthen_names(app: &TestApp) {
    let alex = app.member(ALEX);
    let mapped = apply_body()["pipelineMapping"].clone();
    for automation in &alex.setup.items.automations {
        let mut document: Value = automation.document.as_value().clone();
        let name = document["name"].as_str().unwrap().to_owned();
        if mapped.get(&name).is_some() {
            continue;
        }
        document["name"] = json!(format!("{name:x<40}"));
        let longer = SetupItem { id: automation.id, document: serde_json::from_value(document).unwrap() };
        let change = SetupChange::Put(ItemKind::Automation, longer);
        tests::change_setup(app.table(), &alex.user.organization, &alex.user.id, &[change], BEGINNING).await.unwrap();
    }
}

#[tokio::test]
async fn an_apply_of_25_items_takes_two_round_trips_and_59_write_units() {
    let app = TestApp::start().await;
    shorten_the_long_prompt(&app).await;
    let id = snapshot(&app).await;
    let token = app.token(SAM);
    app.forget_calls();
    let answer = app.apply(&token, &id, &apply_body()).await;
    let user = answer.expect(201)["result"]["userId"].as_str().unwrap().to_owned();
    let recorded = app.recorded();
    assert_eq!(recorded.round_trips(), 2, "{:?}", recorded.operations());
    assert_eq!(recorded.of("TransactWriteItems").len(), 1);
    assert_eq!(recorded.write_units(), 59.0);

    let largest =
        app.items().await.iter().filter(|item| item["PK"].as_s().unwrap().ends_with(&user)).map(stored_bytes).max();
    assert!(largest.unwrap() <= 1024, "{largest:?}");
}

#[tokio::test]
async fn an_apply_within_the_source_organization_takes_three_round_trips() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let token = app.token(PAT);
    app.forget_calls();
    app.apply(&token, &id, &apply_body()).await.expect(201);
    let recorded = app.recorded();
    assert_eq!(recorded.round_trips(), 3, "{:?}", recorded.operations());
}

#[tokio::test]
async fn a_refused_apply_writes_what_the_history_shows_of_it_for_six_units_and_a_refused_plan_nothing() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let mut body = apply_body();
    body["pipelineMapping"] = json!({"No such automation": {"a": "b"}});
    app.forget_calls();
    app.plan(&app.token(SAM), &id, &body).await.expect(200);
    assert_eq!(app.recorded().write_units(), 0.0);
    app.forget_calls();
    app.apply(&app.token(SAM), &id, &body).await.expect_problem(422, "refused");
    let recorded = app.recorded();
    // A count, a check of the caller and the refusal, in one transaction after the reads.
    assert_eq!((recorded.write_units(), recorded.round_trips()), (6.0, 2), "{:?}", recorded.operations());
}

/// The bytes for which AWS charges storage: 100 for each item beside its own, and as much again for each index that has it, but not the
/// content. <https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html>
async fn charged_bytes(app: &TestApp) -> usize {
    const OF_AN_ITEM: usize = 100;
    let bytes = |mut item: tests::Item| {
        let own = stored_bytes(&item);
        item.remove("content");
        let indexes = ["LISTPK", "ALLPK"].iter().filter(|key| item.contains_key(**key)).count();
        own + OF_AN_ITEM + (stored_bytes(&item) + OF_AN_ITEM) * indexes
    };
    app.items().await.into_iter().map(bytes).sum()
}

#[tokio::test]
async fn a_snapshot_and_a_new_user_take_the_storage_that_the_document_says() {
    let app = TestApp::start().await;
    let before = charged_bytes(&app).await;
    let id = snapshot(&app).await;
    let with_snapshot = charged_bytes(&app).await;
    app.apply(&app.token(SAM), &id, &apply_body()).await.expect(201);
    let with_user = charged_bytes(&app).await;
    let kilobytes = |bytes: usize| bytes.div_ceil(1000);
    let (one, other) = (kilobytes(with_snapshot - before), kilobytes(with_user - with_snapshot));
    let document = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/OPERATIONS.md")).unwrap();
    let said = format!("The demo's snapshot takes {one} kB, and a new user with its setup {other} kB");
    assert!(document.contains(&said), "docs/OPERATIONS.md, Costs: {said}");
}
