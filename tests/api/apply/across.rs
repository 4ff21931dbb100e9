use serde_json::json;
use tests::{
    ALEX, DANA, GIL, GLOBEX, PAT, SAM, TestApp, apply_body, counts, setup_items, skipped_counts, snapshot, table_items,
};

#[tokio::test]
async fn the_customers_request_makes_casey_with_the_whole_setup() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let answer = app.apply(&app.token(SAM), &id, &apply_body()).await;
    let body = answer.expect(201);
    assert_eq!(body["message"], "Snapshot applied");
    let result = &body["result"];
    assert_eq!(result["userEmail"], "casey@acme.example");
    assert_eq!(result["cloned"], counts(5, 8, 12));
    assert_eq!(result["mapped"], json!({"prompts": 0}));
    assert_eq!(result["skipped"], skipped_counts(0, 0));
    assert_eq!(result["snapshotRevision"], 1);

    let casey = app.login("casey@acme.example", "TempPass!2026").await;
    let user = casey.expect(200)["user"].clone();
    assert_eq!(
        user,
        json!({"id": result["userId"], "email": "casey@acme.example", "fullName": "Casey New",
               "organizationId": GLOBEX, "accessRole": "SALES_REP"})
    );
    app.verify_token(casey.body["token"].as_str().unwrap()).await.expect(200);

    let [automations, prompts, templates, ..] = setup_items(&app, GLOBEX, user["id"].as_str().unwrap()).await;
    assert_eq!((automations.len(), prompts.len(), templates.len()), (5, 8, 12));
}

#[tokio::test]
async fn a_mapped_automation_arrives_on_and_one_without_its_agent_arrives_off_with_a_warning() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let answer = app.apply(&app.token(SAM), &id, &apply_body()).await;
    let result = answer.expect(201)["result"].clone();
    let user = result["userId"].as_str().unwrap();

    let [automations, ..] = setup_items(&app, GLOBEX, user).await;
    let (moved, document) =
        automations.iter().find(|(_, it)| it["name"] == "Move to Contacted on first reply").unwrap();
    assert_eq!(document["actions"]["targetStage"], "Reached Out");
    assert_eq!(document["sourceStatuses"], json!(["New Lead"]));
    let (handed, _) = automations.iter().find(|(_, document)| document["actions"]["agent"] == "Warm-up Agent").unwrap();
    let (hooked, _) = automations.iter().find(|(_, document)| document["actions"].get("webhookUrl").is_some()).unwrap();

    let preferences = app.item(&format!("ORG#{GLOBEX}#USER#{user}"), "PREFERENCES").await.unwrap();
    let enabled = tests::json(&preferences["enabled"]);
    assert_eq!(enabled[moved], true);
    assert_eq!(enabled[handed], false);
    assert_eq!(enabled[hooked], false);
    // One of Alex's automations is off, and arrives off.
    assert_eq!(enabled.as_object().unwrap().len(), 5);

    let warnings = result["warnings"].as_array().unwrap();
    let codes: Vec<_> = warnings.iter().map(|warning| warning["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"unmapped_reference") && codes.contains(&"secrets_removed"), "{warnings:?}");
    let unmapped = warnings.iter().find(|warning| warning["code"] == "unmapped_reference").unwrap();
    assert_eq!(unmapped["references"][0]["value"], "Warm-up Agent");
    assert_eq!(unmapped["references"][0]["refType"], "agent");
}

#[tokio::test]
async fn the_agent_can_be_mapped_by_its_name_or_its_id() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let alex = app.member(ALEX).user.id.to_string();
    let [automations, ..] = setup_items(&app, tests::ACME, &alex).await;
    let name = automations
        .iter()
        .find_map(|(_, it)| {
            (it["actions"]["agent"] == "Warm-up Agent").then(|| it["name"].as_str().unwrap().to_owned())
        })
        .unwrap();
    for (number, source) in ["Warm-up Agent", "64eea1110000000000000061"].into_iter().enumerate() {
        let mut body = apply_body();
        body["newUser"]["email"] = json!(format!("casey{number}@acme.example"));
        body["agentMapping"] = json!({&name: {source: "64eea1110000000000000060"}});
        let answer = app.apply(&app.token(SAM), &id, &body).await;
        let result = answer.expect(201)["result"].clone();
        let [automations, ..] = setup_items(&app, GLOBEX, result["userId"].as_str().unwrap()).await;
        assert!(automations.iter().any(|(_, it)| it["actions"]["agent"] == "Default Agent"));
        assert!(result["warnings"].as_array().unwrap().iter().all(|it| it["code"] != "unmapped_reference"));
    }
}

#[tokio::test]
async fn an_unmapped_reference_is_refused_where_the_request_says_so_and_nothing_is_written() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let before = table_items(&app).await.len();
    let mut body = apply_body();
    body["onUnmapped"] = json!("reject");
    let answer = app.apply(&app.token(SAM), &id, &body).await;
    answer.expect_problem(422, "refused");
    assert_eq!(answer.pointers().len(), 2, "{}", answer.text);
    assert!(answer.pointers()[0].starts_with("/agentMapping/"));
    assert_eq!(answer.pointers()[1], "/allowDestinations");
    assert_eq!(table_items(&app).await.len(), before);
    app.login("casey@acme.example", "TempPass!2026").await.expect_problem(401, "invalid_credentials");
}

#[tokio::test]
async fn a_flag_leaves_its_part_out() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    for (number, (flag, cloned, skipped)) in [
        ("applyAutomations", (0, 8, 12), (5, 0)),
        ("applyPrompts", (5, 0, 12), (0, 0)),
        ("applyTemplates", (5, 8, 0), (0, 12)),
    ]
    .into_iter()
    .enumerate()
    {
        let mut body = apply_body();
        body["newUser"]["email"] = json!(format!("casey{number}@acme.example"));
        body[flag] = json!(false);
        let answer = app.apply(&app.token(SAM), &id, &body).await;
        let result = &answer.expect(201)["result"];
        assert_eq!(result["cloned"], json!({"automations": cloned.0, "prompts": cloned.1, "templates": cloned.2}));
        assert_eq!(result["skipped"], skipped_counts(skipped.0, skipped.1));
        assert_eq!(result["mapped"], json!({"prompts": 0}));
    }
}

#[tokio::test]
async fn an_admin_does_not_see_a_snapshot_of_another_organization() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let invisible = app.apply(&app.token(GIL), &id, &apply_body()).await;
    let missing = app.apply(&app.token(GIL), "64ee9a8b1e7f2a00112233ff", &apply_body()).await;
    invisible.expect_problem(404, "snapshot_not_found");
    let without_id = |answer: &tests::Answer| answer.text.replace(answer.body["requestId"].as_str().unwrap(), "");
    assert_eq!(without_id(&invisible), without_id(&missing));
}

#[tokio::test]
async fn roles_below_admin_do_not_apply_and_nobody_grants_a_role_above_their_own() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    for email in [ALEX, DANA] {
        app.apply(&app.token(email), &id, &apply_body()).await.expect_problem(403, "forbidden");
    }
    let mut body = apply_body();
    for (number, (email, role, status)) in [
        (PAT, "SUPERADMIN", 403),
        (PAT, "ADMIN", 201),
        (PAT, "DEPARTMENT_HEAD", 201),
        (SAM, "SUPERADMIN", 201),
        (SAM, "OWNER", 400),
    ]
    .into_iter()
    .enumerate()
    {
        body["pipelineMapping"] = json!(null);
        body["newUser"]["accessRole"] = json!(role);
        body["newUser"]["email"] = json!(format!("casey{number}@acme.example"));
        app.apply(&app.token(email), &id, &body).await.expect(status);
    }
}

#[tokio::test]
async fn an_address_that_somebody_has_is_taken_in_any_spelling() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    for (address, status) in [
        ("casey@acme.example", 201),
        ("casey@acme.example", 409),
        ("CASEY@Acme.Example.", 409),
        ("alex@acme.example", 409),
    ] {
        let mut body = apply_body();
        body["newUser"]["email"] = json!(address);
        let answer = app.apply(&app.token(SAM), &id, &body).await;
        answer.expect(status);
        if status == 409 {
            answer.expect_problem(409, "email_taken");
        }
    }
}

#[tokio::test]
async fn every_field_of_a_new_user_is_kept() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let mut body = apply_body();
    body["newUser"] = json!({
        "email": "Casey@ACME.example", "password": "TempPass!2026", "fullName": "Casey New", "phoneNumber": "+14155550177",
        "designation": "Account Executive", "departmentId": "64ee9a8b1e7f2a00112233dd", "accessRole": "DEPARTMENT_HEAD"
    });
    let answer = app.apply(&app.token(SAM), &id, &body).await;
    let result = &answer.expect(201)["result"];
    assert_eq!(result["userEmail"], "Casey@ACME.example");
    let user = result["userId"].as_str().unwrap();
    let item = app.item(&format!("ORG#{GLOBEX}#USER#{user}"), "#META").await.unwrap();
    for (attribute, value) in [
        ("email", "Casey@ACME.example"),
        ("fullName", "Casey New"),
        ("phoneNumber", "+14155550177"),
        ("designation", "Account Executive"),
        ("departmentId", "64ee9a8b1e7f2a00112233dd"),
        ("accessRole", "DEPARTMENT_HEAD"),
    ] {
        assert_eq!(item[attribute].as_s().unwrap(), value);
    }
    app.login("casey@acme.example", "TempPass!2026").await.expect(200);
}
