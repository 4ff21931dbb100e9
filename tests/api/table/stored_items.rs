//! The items as they are stored, attribute for attribute: what another system reads, and what every byte of costs.

use serde_json::{Value, json};
use shared::store::stored_bytes;
use tests::{ALEX, GLOBEX, Item, SAM, TestApp, apply_body, setup_items, snapshot, unpacked};

/// An item as JSON, with its size as DynamoDB counts it.
fn shown(item: &Item) -> (Value, usize) {
    let fields = item.iter().map(|(name, value)| (name.clone(), tests::json(value))).collect();
    (Value::Object(fields), stored_bytes(item))
}

async fn casey(app: &TestApp) -> (String, Value) {
    let id = snapshot(app).await;
    let answer = app.apply(&app.token(SAM), &id, &apply_body()).await;
    (id, answer.expect(201).clone())
}

#[tokio::test]
async fn a_claim_says_who_owns_the_address_and_has_the_argon2id_hash_of_the_password() {
    let app = TestApp::start().await;
    let (_, answer) = casey(&app).await;
    let item = app.item("EMAIL#casey@acme.example", "#META").await.unwrap();
    let hash = item["passwordHash"].as_s().unwrap();
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    let expected = json!({
        "PK": "EMAIL#casey@acme.example", "SK": "#META", "type": "email",
        "organizationId": GLOBEX, "userId": answer["result"]["userId"], "passwordHash": hash
    });
    assert_eq!(shown(&item), (expected, 219));
}

#[tokio::test]
async fn a_new_user_has_a_profile_without_a_hash_and_is_listed_in_the_organization() {
    let app = TestApp::start().await;
    let (snapshot, answer) = casey(&app).await;
    let user = answer["result"]["userId"].as_str().unwrap();
    let item = app.item(&format!("ORG#{GLOBEX}#USER#{user}"), "#META").await.unwrap();
    let expected = json!({
        "PK": format!("ORG#{GLOBEX}#USER#{user}"), "SK": "#META", "type": "user",
        "LISTPK": format!("ORG#{GLOBEX}#USERS"), "LISTSK": format!("2026-05-15T09:00:00.000Z#{user}"),
        "email": "casey@acme.example", "fullName": "Casey New", "accessRole": "SALES_REP", "loginDisabled": false,
        "setupVersion": 1, "clonedFrom": format!("{snapshot}:{}", answer["result"]["applyId"].as_str().unwrap()),
        "createdAt": "2026-05-15T09:00:00.000Z", "updatedAt": "2026-05-15T09:00:00.000Z"
    });
    assert_eq!(shown(&item), (expected, 382));
}

#[tokio::test]
async fn an_organization_is_in_the_list_of_all_and_keeps_the_fingerprint_of_its_request() {
    let app = TestApp::start().await;
    let made = app.create_organization_once(&app.token(SAM), "k", &json!({"name": "Initech"})).await;
    let id = made.expect(201)["organization"]["_id"].as_str().unwrap();
    let item = app.item(&format!("ORG#{id}"), "#META").await.unwrap();
    let fingerprint = item["fingerprint"].as_s().unwrap();
    assert_eq!(fingerprint.len(), 64);
    let expected = json!({
        "PK": format!("ORG#{id}"), "SK": "#META", "type": "organization", "LISTPK": "ORGANIZATIONS", "LISTSK": id,
        "name": "Initech", "fingerprint": fingerprint
    });
    assert_eq!(shown(&item), (expected, 188));
}

#[tokio::test]
async fn a_clone_is_its_document_and_where_it_came_from() {
    let app = TestApp::start().await;
    let (snapshot, answer) = casey(&app).await;
    let user = answer["result"]["userId"].as_str().unwrap();
    let [_, _, templates, ..] = setup_items(&app, GLOBEX, user).await;
    let (id, document) = templates.iter().find(|(_, document)| document["name"] == "Intro - new lead").unwrap();
    let source =
        app.member(ALEX).setup.items.templates.iter().find(|it| it.document.name() == "Intro - new lead").unwrap();
    assert_eq!(document, source.document.as_value());

    let item = app.item(&format!("ORG#{GLOBEX}#USER#{user}"), &format!("TEMPLATE#{id}")).await.unwrap();
    let expected = json!({
        "PK": format!("ORG#{GLOBEX}#USER#{user}"), "SK": format!("TEMPLATE#{id}"), "type": "template",
        "document": document, "setupVersion": 1, "clonedFrom": format!("{snapshot}:1:{}", source.id)
    });
    let (json, bytes) = shown(&item);
    assert_eq!(json, expected);
    // What a clone has beyond its document, so that a source of 900 bytes stays below 1,024.
    assert_eq!(bytes - document_bytes(&item), 182);
}

fn document_bytes(item: &Item) -> usize {
    stored_bytes(&Item::from([("document".to_owned(), item["document"].clone())]))
}

#[tokio::test]
async fn the_record_of_an_apply_tells_who_did_what_and_keeps_the_answer() {
    let app = TestApp::start().await;
    let (snapshot, answer) = casey(&app).await;
    let result = &answer["result"];
    let apply = result["applyId"].as_str().unwrap();
    let item = app.item(&format!("ORG#{GLOBEX}#SNAPSHOT#{snapshot}"), &format!("APPLY#{apply}")).await.unwrap();
    let kept: Value = serde_json::from_slice(&unpacked(&item["answer"]).unwrap()).unwrap();
    assert_eq!(kept, answer);
    let (mut record, bytes) = shown(&item);
    record["answer"] = json!(null);
    let plan_hash = record["planHash"].as_str().unwrap().to_owned();
    assert_eq!(plan_hash.len(), 64);
    assert_eq!(
        record,
        json!({
            "PK": format!("ORG#{GLOBEX}#SNAPSHOT#{snapshot}"), "SK": format!("APPLY#{apply}"), "type": "apply",
            "state": "COMMITTED", "revision": 1, "planHash": plan_hash, "userId": result["userId"],
            "appliedBy": app.member(SAM).user.id.to_string(), "appliedByRole": "SUPERADMIN",
            "accessRole": "SALES_REP", "createdAt": "2026-05-15T09:00:00.000Z", "answer": null
        })
    );
    assert!(bytes <= 1024, "{bytes}");

    // Undone, it tells that as well, and until the second look when to look.
    let pk = format!("ORG#{GLOBEX}#SNAPSHOT#{snapshot}");
    let sweep_key = |record: &Value| (record["ALLPK"].is_string(), record["ALLSK"].clone());
    app.undo(&app.token(SAM), &snapshot, apply, None).await.expect(200);
    let (mut undone, bytes) = shown(&app.item(&pk, &format!("APPLY#{apply}")).await.unwrap());
    assert_eq!(sweep_key(&undone), (true, json!(format!("2026-05-15T09:00:35.000Z#{apply}"))));
    assert_eq!(undone["secondLookAt"], "2026-05-15T09:01:10.000Z");
    assert!(bytes <= 2048, "{bytes}");
    // The counts stay, the address goes.
    let item = app.item(&pk, &format!("APPLY#{apply}")).await.unwrap();
    let packed = unpacked(&item["answer"]).unwrap();
    let mut expected = answer.clone();
    expected["result"].as_object_mut().unwrap().remove("userEmail");
    assert_eq!(serde_json::from_slice::<Value>(&packed).unwrap(), expected);
    assert!(!format!("{item:?}").contains("casey"), "{item:?}");
    app.clock().advance(tests::SETTLING);
    app.sweep().await;
    (undone, _) = shown(&app.item(&pk, &format!("APPLY#{apply}")).await.unwrap());
    undone["answer"] = json!(null);
    (record["state"], record["undoneAt"]) = (json!("UNDONE"), json!("2026-05-15T09:00:00.000Z"));
    record["undoneBy"] = json!(app.member(SAM).user.id.to_string());
    // Its user led to it, and is gone.
    record["LISTPK"] = json!(format!("ORG#{GLOBEX}#APPLIES"));
    record["LISTSK"] = json!(format!("2026-05-15T09:00:00.000Z#{}", result["userId"].as_str().unwrap()));
    assert_eq!(undone, record);
}

#[tokio::test]
async fn a_refused_apply_is_one_item_beside_a_count() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let mut body = apply_body();
    body["pipelineMapping"] = json!({"No such automation": {"a": "b"}});
    let sam = app.member(SAM).user.id.to_string();
    app.apply(&app.token(SAM), &id, &body).await.expect_problem(422, "refused");
    let mut refusals: Vec<Item> = app.items().await;
    refusals.retain(|item| item["PK"].as_s().unwrap() == &format!("ORG#{GLOBEX}#REFUSALS"));
    refusals.sort_by_key(|item| item["SK"].as_s().unwrap().clone());
    let [count, refusal] = &refusals[..] else { panic!("{refusals:?}") };
    let expected = json!({
        "PK": format!("ORG#{GLOBEX}#REFUSALS"), "SK": format!("COUNT#{sam}#2026-05-15T09"), "type": "refusalCount",
        "refusals": 1, "expiresAt": 1_778_842_800
    });
    assert_eq!(shown(count), (expected, 125));
    let (mut refusal, bytes) = shown(refusal);
    assert!(refusal["SK"].as_str().unwrap().starts_with("REFUSED#2026-05-15T09:00:00.000Z#"), "{refusal}");
    assert!(refusal["requestId"].is_string());
    (refusal["SK"], refusal["requestId"]) = (json!(null), json!(null));
    assert_eq!(
        refusal,
        json!({
            "PK": format!("ORG#{GLOBEX}#REFUSALS"), "SK": null, "type": "refusal", "snapshotId": id,
            "appliedBy": sam, "appliedByRole": "SUPERADMIN", "accessRole": "SALES_REP", "email": "casey@acme.example",
            "code": "refused", "pointers": ["/pipelineMapping/No such automation"], "requestId": null,
            "expiresAt": 1_786_611_600
        })
    );
    assert!(bytes <= 1_024, "{bytes}");
}

#[tokio::test]
async fn a_snapshot_is_one_item_listed_twice() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let item = app.item(&format!("SNAPSHOT#{id}"), "#META").await.unwrap();
    let mut names: Vec<_> = item.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "ALLPK",
            "ALLSK",
            "LISTPK",
            "LISTSK",
            "PK",
            "SK",
            "assignedOrgIds",
            "content",
            "contentHash",
            "counts",
            "createdAt",
            "createdBy",
            "createdByName",
            "createdByOrgId",
            "createdByRole",
            "description",
            "isGlobal",
            "name",
            "revisedAt",
            "revision",
            "sourceOrgId",
            "sourceOrgName",
            "sourceUserEmail",
            "sourceUserId",
            "sourceUserName",
            "type",
            "updatedAt",
            "version"
        ]
    );
    assert_eq!(item["LISTPK"].as_s().unwrap(), &format!("ORG#{}", tests::ACME));
    assert_eq!(item["LISTSK"].as_s().unwrap(), &format!("2026-05-15T09:00:00.000Z#{id}"));
    assert!(item["ALLPK"].as_s().unwrap().starts_with("ALL#"));
}

/// Everything that is stored, the content of snapshots unpacked.
fn stored_text(item: &Item) -> String {
    let mut text = format!("{item:?}");
    if let Some(content) = item.get("content") {
        let json = zstd::bulk::decompress(content.as_b().unwrap().as_ref(), 1 << 24).unwrap();
        text.push_str(&String::from_utf8(json).unwrap());
    }
    text
}

#[tokio::test]
async fn the_webhook_secret_is_nowhere_but_in_the_sources_own_item() {
    let app = TestApp::start().await;
    let alex = app.member(ALEX);
    let hook =
        alex.setup.items.automations.iter().find(|it| it.document.as_value()["actions"].get("webhookUrl").is_some());
    let hook = hook.unwrap();
    let actions = &hook.document.as_value()["actions"];
    let path = actions["webhookUrl"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let header = actions["webhookHeaders"]["Authorization"].as_str().unwrap().rsplit(' ').next().unwrap().to_owned();
    assert!(path.len() > 8 && header.len() > 8);

    let (_, answer) = casey(&app).await;
    assert!(!answer.to_string().contains(&path) && !answer.to_string().contains(&header));
    let own = format!("AUTOMATION#{}", hook.id);
    let mut found = 0;
    for item in app.items().await {
        let text = stored_text(&item);
        if text.contains(&path) || text.contains(&header) {
            assert_eq!(item["SK"].as_s().unwrap(), &own);
            found += 1;
        }
    }
    assert_eq!(found, 1);
}
