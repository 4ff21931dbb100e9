//! The answers of the routes that read snapshots.

use serde_json::{Value, json};
use shared::domain::{ItemKind, ObjectId, SetupItem};
use shared::store::SetupChange;
use tests::{ACME, ALEX, BEGINNING, GIL, GLOBEX, PAT, SAM, TestApp, counts, create_body, snapshot};

/// An id that nothing has.
const NOBODY: &str = "64ee9a8b1e7f2a00112233ff";

#[tokio::test]
async fn a_list_shows_the_published_fields_and_no_others() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    for email in [PAT, SAM] {
        let answer = app.list_snapshots(&app.token(email), "").await;
        assert_eq!(
            *answer.expect(200),
            json!({"snapshots": [{
                "_id": id, "name": "Top performer baseline 2026-05", "sourceOrgName": "Acme Corp",
                "sourceUserEmail": "alex@acme.example", "counts": counts(5, 8, 12),
                "isGlobal": false
            }]})
        );
    }
    assert_eq!(*app.list_snapshots(&app.token(GIL), "").await.expect(200), json!({"snapshots": []}));
}

#[tokio::test]
async fn a_detail_is_the_document_with_what_the_snapshot_holds_by_name() {
    let app = TestApp::start().await;
    let created = app.create_snapshot(&app.token(PAT), &create_body()).await;
    let id = created.body["snapshot"]["_id"].as_str().unwrap().to_owned();
    let answer = app.snapshot(&app.token(PAT), &id).await;
    let detail = answer.expect(200)["snapshot"].clone();
    assert_eq!(answer.header("etag"), Some("\"1.1\""));
    for (field, value) in created.body["snapshot"].as_object().unwrap() {
        assert_eq!(detail[field], *value, "{field}");
    }
    let more = ["automations", "prompts", "templates", "sourcePipelineStageRefs"];
    assert_eq!(detail.as_object().unwrap().len(), created.body["snapshot"].as_object().unwrap().len() + more.len());

    let setup = &app.member(ALEX).setup;
    let named = |kind: ItemKind| -> Vec<Value> {
        let typed = match kind {
            ItemKind::Automation => Some("triggerType"),
            ItemKind::Prompt => None,
            ItemKind::Template => Some("type"),
        };
        setup
            .items
            .get(kind)
            .iter()
            .map(|item| {
                let mut shown = json!({"_id": item.id.to_string(), "name": item.document.name()});
                if let Some(text) = typed.and_then(|field| item.document.text(field)) {
                    shown["type"] = json!(text);
                }
                if kind == ItemKind::Automation {
                    shown["enabled"] = json!(setup.preferences.get(&item.id).copied().unwrap_or(true));
                }
                shown
            })
            .collect()
    };
    assert_eq!(detail["automations"], json!(named(ItemKind::Automation)));
    assert_eq!(detail["prompts"], json!(named(ItemKind::Prompt)));
    assert_eq!(detail["templates"], json!(named(ItemKind::Template)));
    let stages = detail["sourcePipelineStageRefs"].as_array().unwrap();
    assert!(stages.contains(&json!({
        "automationName": "Move to Contacted on first reply", "field": "targetStage", "value": "Contacted",
        "automationId": "64eea1110000000000000101", "refType": "pipelineStage", "fieldLocation": "actions",
        "pointer": "/actions/targetStage", "suspected": false
    })));
    assert!(stages.iter().all(|reference| reference["refType"] == "pipelineStage"));
}

#[tokio::test]
async fn the_items_of_a_snapshot_come_whole_and_page_by_page() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let token = app.token(PAT);
    let all = app.snapshot_items(&token, &id, "").await.expect(200)["items"].as_array().unwrap().clone();
    let kinds: Vec<_> = all.iter().map(|item| item["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, [&["automation"; 5][..], &["prompt"; 8], &["template"; 12]].concat());
    let source = &app.member(ALEX).setup.items.prompts[0];
    let prompt = all.iter().find(|item| item["_id"] == source.id.to_string()).unwrap();
    assert_eq!(
        *prompt,
        json!({"_id": source.id.to_string(), "kind": "prompt", "document": source.document.as_value()})
    );

    let hook = all.iter().find(|item| item["document"]["actions"].get("webhookUrl").is_some()).unwrap();
    assert!(!hook["removedSecrets"].as_array().unwrap().is_empty());
    assert!(all[..5].iter().all(|item| item["enabled"].is_boolean()));

    for limit in [1, 7, 24, 25, 26] {
        let mut paged: Vec<Value> = Vec::new();
        let mut cursor = None;
        loop {
            let query = cursor.map_or(format!("limit={limit}"), |cursor| format!("limit={limit}&cursor={cursor}"));
            let page = app.snapshot_items(&token, &id, &query).await;
            let items = page.expect(200)["items"].as_array().unwrap();
            paged.extend(items.iter().cloned());
            cursor = page.body["nextCursor"].as_str().map(str::to_owned);
            if cursor.is_none() {
                break;
            }
            assert_eq!(items.len(), limit);
        }
        assert_eq!(paged, all, "{limit}");
    }
    let templates = app.snapshot_items(&token, &id, "kind=template&limit=11").await;
    assert_eq!(templates.expect(200)["items"], json!(all[13..24]));
    let cursor = templates.body["nextCursor"].as_str().unwrap();
    let rest = app.snapshot_items(&token, &id, &format!("kind=template&cursor={cursor}")).await;
    assert_eq!(*rest.expect(200), json!({"items": all[24..]}));
}

/// Gives Alex a prompt of this many bytes.
async fn add_prompt(app: &TestApp, number: u8, bytes: usize) {
    let alex = &app.member(ALEX).user;
    let document = serde_json::from_value(json!({"name": format!("Long {number}"), "prompt": "x".repeat(bytes)}));
    let item = SetupItem { id: ObjectId::from_bytes([number; 12]), document: document.unwrap() };
    let change = SetupChange::Put(ItemKind::Prompt, item);
    tests::change_setup(app.table(), &alex.organization, &alex.id, &[change], BEGINNING).await.unwrap();
}

#[tokio::test]
async fn a_page_of_items_ends_at_one_megabyte() {
    let app = TestApp::start().await;
    for number in 1..=4 {
        add_prompt(&app, number, 300_000).await;
    }
    let id = snapshot(&app).await;
    let token = app.token(PAT);
    let first = app.snapshot_items(&token, &id, "kind=prompt").await;
    assert_eq!(first.expect(200)["items"].as_array().unwrap().len(), 3, "three of the four long ones");
    assert!(first.text.len() < 1_000_100);
    let cursor = first.body["nextCursor"].as_str().unwrap();
    let second = app.snapshot_items(&token, &id, &format!("kind=prompt&cursor={cursor}")).await;
    assert_eq!(second.expect(200)["items"].as_array().unwrap().len(), 9);
    assert!(second.body.get("nextCursor").is_none());
}

#[tokio::test]
async fn a_detail_of_5000_long_names_stays_below_what_lambda_lets_through() {
    let app = TestApp::start().await;
    let alex = &app.member(ALEX).user;
    // 25 items are there already.
    let items: Vec<_> = (0..4_975_u32)
        .map(|number| {
            let mut bytes = [0xee; 12];
            bytes[..4].copy_from_slice(&number.to_be_bytes());
            // The worst that a name can be: each code point takes seven bytes in the answer to Lambda.
            let document = json!({"name": "\u{1}".repeat(300), "type": "\u{1}".repeat(100)});
            let document = serde_json::from_value(document).unwrap();
            SetupChange::Put(ItemKind::Template, SetupItem { id: ObjectId::from_bytes(bytes), document })
        })
        .collect();
    for batch in items.chunks(99) {
        tests::change_setup(app.table(), &alex.organization, &alex.id, batch, BEGINNING).await.unwrap();
    }
    let id = snapshot(&app).await;
    let answer = app.snapshot(&app.token(PAT), &id).await;
    let templates = answer.expect(200)["snapshot"]["templates"].as_array().unwrap();
    assert_eq!(templates.len(), 4_987);
    assert_eq!(templates[0]["name"].as_str().unwrap().chars().count(), 50);
    let escaped = serde_json::to_string(&answer.text).unwrap().len();
    println!("{} bytes, {escaped} in the answer to Lambda", answer.text.len());
    assert!(escaped < 5_000_000, "{escaped}");
}

#[tokio::test]
async fn a_long_name_is_cut_in_a_detail_and_whole_among_the_items() {
    let app = TestApp::start().await;
    let alex = &app.member(ALEX).user;
    for (number, length) in [(1, 199), (2, 200), (3, 201)] {
        let document = serde_json::from_value(json!({"name": "é".repeat(length), "prompt": "x"})).unwrap();
        let change = SetupChange::Put(ItemKind::Prompt, SetupItem { id: ObjectId::from_bytes([number; 12]), document });
        tests::change_setup(app.table(), &alex.organization, &alex.id, &[change], BEGINNING).await.unwrap();
    }
    let id = snapshot(&app).await;
    let detail = app.snapshot(&app.token(PAT), &id).await;
    let name = |index: usize| detail.body["snapshot"]["prompts"][index]["name"].as_str().unwrap();
    assert_eq!([name(0), name(1), name(2)], ["é".repeat(199), "é".repeat(200), "é".repeat(199) + "…"]);
    let items = app.snapshot_items(&app.token(PAT), &id, "kind=prompt&limit=3").await;
    assert_eq!(items.body["items"][2]["document"]["name"], "é".repeat(201));
}

#[tokio::test]
async fn apply_refs_are_the_references_with_the_callers_own_targets_and_suggestions() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    app.assign(&app.token(SAM), &id, &json!({"assignedOrgIds": [ACME, GLOBEX]})).await.expect(200);
    let answer = app.apply_refs(&app.token(GIL), &id).await;
    let refs = answer.expect(200);
    assert_eq!(
        refs["targetPipelines"],
        json!([{"_id": "64eea1110000000000000010", "name": "Sales Funnel", "stages": [
            {"name": "New Lead", "color": "#3B82F6"}, {"name": "Reached Out", "color": "#8B5CF6"},
            {"name": "Closed Won", "color": "#10B981"}
        ]}])
    );
    assert_eq!(
        refs["targetAgents"],
        json!([{"_id": "64eea1110000000000000060", "name": "Default Agent",
                "description": "Answers what nobody else answers."}])
    );
    let stages = refs["stageRefs"].as_array().unwrap();
    let contacted = stages.iter().find(|it| it["value"] == "Contacted").unwrap();
    assert_eq!(contacted["suggestions"], json!([]));
    let new_lead = stages.iter().find(|it| it["value"] == "New Lead").unwrap();
    assert_eq!(new_lead["suggestions"], json!([{"name": "New Lead", "reason": "sameName"}]));
    let agents = refs["agentRefs"].as_array().unwrap();
    assert!(agents.iter().all(|it| it["refType"] == "agent" && it["suggestions"] == json!([])), "{agents:?}");
    assert!(!agents.is_empty());

    // In the source's own organization everything has its own name, and the agent its own id.
    let own = app.apply_refs(&app.token(PAT), &id).await;
    let own = own.expect(200);
    for reference in own["stageRefs"].as_array().unwrap() {
        assert_eq!(reference["suggestions"][0], json!({"name": reference["value"], "reason": "sameName"}));
    }
    assert_eq!(
        own["agentRefs"][0]["suggestions"],
        json!([{"_id": "64eea1110000000000000061", "name": "Warm-up Agent", "reason": "sameName"}])
    );
}

#[tokio::test]
async fn an_agent_that_is_named_by_its_id_is_suggested_by_its_name() {
    let app = TestApp::start().await;
    let alex = &app.member(ALEX).user;
    let document = json!({"name": "By id", "actions": {"agentId": "64eea1110000000000000061"}});
    let document = serde_json::from_value(document).unwrap();
    let change = SetupChange::Put(ItemKind::Automation, SetupItem { id: ObjectId::from_bytes([1; 12]), document });
    tests::change_setup(app.table(), &alex.organization, &alex.id, &[change], BEGINNING).await.unwrap();
    let id = snapshot(&app).await;
    let answer = app.apply_refs(&app.token(PAT), &id).await;
    let agents = answer.expect(200)["agentRefs"].as_array().unwrap();
    let by_id = agents.iter().find(|it| it["automationName"] == "By id").unwrap();
    assert_eq!(by_id["value"], "64eea1110000000000000061");
    assert_eq!(by_id["suggestions"][0]["name"], "Warm-up Agent");
}

#[tokio::test]
async fn the_users_of_an_organization_are_listed_newest_first_and_page_by_page() {
    let app = TestApp::start().await;
    let all = app.list_users(&app.token(PAT), ACME, "").await.expect(200)["users"].as_array().unwrap().clone();
    assert_eq!(
        all[0],
        json!({"_id": "64ee9a8b1e7f2a0011223399", "fullName": "Alex Rep", "email": "alex@acme.example",
               "accessRole": "SALES_REP"})
    );
    assert_eq!(all.len(), 3);
    assert_eq!(app.list_users(&app.token(SAM), ACME, "").await.expect(200)["users"], json!(all));
    for limit in 1..=4 {
        let mut paged: Vec<Value> = Vec::new();
        let mut query = format!("limit={limit}");
        loop {
            let page = app.list_users(&app.token(PAT), ACME, &query).await;
            paged.extend(page.expect(200)["users"].as_array().unwrap().iter().cloned());
            let Some(cursor) = page.body["nextCursor"].as_str() else { break };
            assert_eq!(paged.len() % limit, 0);
            query = format!("limit={limit}&cursor={cursor}");
        }
        assert_eq!(paged, all, "{limit}");
    }
}

#[tokio::test]
async fn users_of_another_organization_are_a_superadmins_to_list() {
    let app = TestApp::start().await;
    let pat = app.token(PAT);
    app.forget_calls();
    for organization in [GLOBEX, NOBODY] {
        app.list_users(&pat, organization, "").await.expect_problem(403, "forbidden");
    }
    assert!(app.recorded().calls.is_empty(), "refused before any read");
    app.list_users(&app.token(SAM), NOBODY, "").await.expect_problem(404, "organization_not_found");
    app.list_users(&app.token(SAM), "nope", "").await.expect_problem(400, "invalid_id");
    assert_eq!(app.list_users(&app.token(SAM), GLOBEX, "").await.expect(200)["users"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_query_string_that_is_not_understood_is_400() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let pat = app.token(PAT);
    for query in ["limit=0", "limit=201", "limit=x", "limit=", "limit=1&limit=1", "cursor=", "cursor=x", "page=2", "x"]
    {
        app.list_snapshots(&pat, query).await.expect_problem(400, "invalid_query");
        app.snapshot_items(&pat, &id, query).await.expect_problem(400, "invalid_query");
        app.list_users(&pat, ACME, query).await.expect_problem(400, "invalid_query");
    }
    app.snapshot_items(&pat, &id, "kind=agent").await.expect_problem(400, "invalid_query");
    for path in ["", "/apply-refs"] {
        let answer = app.get(&pat, &format!("/api/user-snapshots/{id}{path}?limit=1")).await;
        answer.expect_problem(400, "invalid_query");
        assert!(answer.body["detail"].as_str().unwrap().contains("\"limit\""));
    }
    for limit in [1, 199, 200] {
        app.list_snapshots(&pat, &format!("limit={limit}")).await.expect(200);
    }
}

#[tokio::test]
async fn reads_take_as_few_round_trips_as_they_can() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let pat = app.token(PAT);
    for path in [
        format!("/api/user-snapshots/{id}"),
        format!("/api/user-snapshots/{id}/items"),
        format!("/api/user-snapshots/{id}/apply-refs"),
        format!("/api/user-snapshots/orgs/{ACME}/users"),
        "/api/user-snapshots".to_owned(),
    ] {
        app.forget_calls();
        app.get(&pat, &path).await.expect(200);
        let recorded = app.recorded();
        assert_eq!(recorded.round_trips(), 1, "{path} {:?}", recorded.operations());
        assert_eq!(recorded.write_units(), 0.0);
    }
}
