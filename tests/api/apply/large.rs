//! Setups and applies of any size: the same result, all or nothing, at a cost that grows with the items and with nothing else.

use std::collections::{HashMap, HashSet};

use serde_json::{Value, json};
use shared::domain::SetupItem;
use tests::{
    Answer, GLOBEX, PAT, SAM, TestApp, capture, incompressible, mapped_body, setup_items, setup_of, snapshot_of,
    user_with_setup,
};

/// The sizes at which something changes, and large ones. With 96 clones an apply writes 100 items, which is what one
/// transaction takes.
const SIZES: [usize; 9] = [0, 1, 25, 95, 96, 97, 250, 1_000, 5_000];

/// That the new user has every item, switch and mapping.
async fn expect_whole(app: &TestApp, answer: &Answer, items: usize) {
    let source = setup_of(items);
    let result = &answer.expect(201)["result"];
    assert_eq!(
        result["cloned"],
        json!({
            "automations": source.items.automations.len(), "prompts": source.items.prompts.len(), "templates": source.items.templates.len()
        })
    );
    // Nobody shared the snapshot; everything else goes without saying.
    let warnings = result["warnings"].as_array().unwrap();
    assert!(warnings.iter().all(|warning| warning["code"] == "unshared_revision"), "{items}: {warnings:?}");
    let user = result["userId"].as_str().unwrap();
    let [automations, prompts, templates, ..] = setup_items(app, GLOBEX, user).await;
    assert_eq!(automations.len() + prompts.len() + templates.len(), items);
    let prompts: HashMap<&str, &str> =
        prompts.iter().map(|(id, prompt)| (id.as_str(), prompt["name"].as_str().unwrap())).collect();
    let names: HashSet<&str> = templates.iter().map(|(_, template)| template["name"].as_str().unwrap()).collect();
    for (_, automation) in &automations {
        let actions = &automation["actions"];
        assert_eq!((&actions["targetStage"], &actions["agent"]), (&json!("Reached Out"), &json!("Default Agent")));
        let number = automation["name"].as_str().unwrap().strip_prefix("Automation ").unwrap();
        assert_eq!(prompts[actions["promptId"].as_str().unwrap()], format!("Prompt {number}"));
        assert!(names.contains(actions["sendMessage"][0]["template"].as_str().unwrap()));
    }
    let switches = app.item(&format!("ORG#{GLOBEX}#USER#{user}"), "PREFERENCES").await.unwrap();
    let switches = switches["enabled"].as_m().unwrap();
    assert_eq!(switches.len(), automations.len());
    let off = switches.values().filter(|on| !on.as_bool().unwrap()).count();
    assert_eq!(off, source.preferences.len());
}

#[tokio::test]
async fn an_apply_of_any_size_brings_the_same_result_at_a_cost_that_grows_with_its_items_alone() {
    let app = TestApp::start().await;
    let sam = app.token(SAM);
    let mut costs = Vec::new();
    println!("{:>6} {:>12} {:>12} {:>12} {:>9}", "items", "write units", "per item", "round trips", "ms");
    for items in SIZES {
        let id = snapshot_of(&app, items).await;
        let email = format!("new{items}@globex.example");
        app.forget_calls();
        let started = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap();
        let answer = app.apply(&sam, &id, &mapped_body(&email, setup_of(items).items.automations.len())).await;
        let took = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap() - started;
        let recorded = app.recorded();
        answer.expect(201);
        let (units, trips) = (recorded.write_units(), recorded.round_trips());
        let per_item = units / items.max(1) as f64;
        println!("{items:>6} {units:>12} {per_item:>12.3} {trips:>12} {:>9}", took.as_millis());
        expect_whole(&app, &answer, items).await;
        app.sign_in(&email, "TempPass!2026").await;
        costs.push((items, units, trips));
    }
    // Two round trips for what is read and written at once; beyond, one for every 99 items, one to admit, one to commit,
    // and one where the content takes chunks.
    for (items, units, trips) in &costs {
        let stages = if *items > 96 { (items + 1).div_ceil(99) + 3 } else { 1 };
        assert!(*trips <= 1 + stages, "{items} items take {trips} round trips");
        // Each clone costs two units, being below one kilobyte and part of a transaction. The switches grow with the
        // automations, 33 bytes each, the checks with the stages.
        let switches = 2 * (items / 3 * 33).div_ceil(1024);
        let expected = (2 * items + switches + 2 * stages) as f64 + 9.0;
        assert!(*units <= expected + 9.0, "{items} items cost {units}, expected about {expected}");
    }
    let per_item =
        |wanted: usize| costs.iter().find(|(items, ..)| *items == wanted).map(|(_, units, _)| units / wanted as f64);
    let (small, large) = (per_item(250).unwrap(), per_item(5_000).unwrap());
    assert!((large / small - 1.0).abs() < 0.10, "{small} units for each of 250 items, {large} for each of 5,000");
}

#[tokio::test]
async fn content_above_32_kib_is_stored_in_chunks_and_read_like_any_other() {
    let app = TestApp::start().await;
    let mut large = setup_of(3);
    large.items.prompts.extend(incompressible(7, 100_000).items.prompts);
    let user = user_with_setup(&app, 1, &large).await;
    let snapshot = capture(&app, user).await;
    let chunks: Vec<_> = app.items().await.into_iter().filter(|item| item["type"].as_s().unwrap() == "chunk").collect();
    assert!(chunks.len() >= 2, "{}", chunks.len());
    let meta = app.item(&format!("SNAPSHOT#{snapshot}"), "#META").await.unwrap();
    assert_eq!(meta["chunks"].as_n().unwrap(), &chunks.len().to_string());
    assert!(!meta.contains_key("content"));

    let pat = app.token(PAT);
    let listed = app.snapshot_items(&pat, &snapshot, "kind=prompt").await;
    let prompts: Vec<Value> = listed.expect(200)["items"].as_array().unwrap().clone();
    let sent: HashMap<String, &SetupItem> =
        large.items.prompts.iter().map(|item| (item.id.to_string(), item)).collect();
    for prompt in &prompts {
        let source = sent[prompt["_id"].as_str().unwrap()];
        assert_eq!(prompt["document"], serde_json::to_value(&source.document).unwrap());
    }
    let applied = app.apply(&app.token(SAM), &snapshot, &mapped_body("new@globex.example", 1)).await;
    assert_eq!(applied.expect(201)["result"]["cloned"]["prompts"], 8);
}
