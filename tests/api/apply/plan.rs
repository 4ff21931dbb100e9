use serde_json::{Value, json};
use shared::ids::Randomness;
use tests::{
    ALEX, GIL, GLOBEX, PAT, SAM, SeededRandomness, TestApp, apply_body, counts, setup_items, snapshot, table_items,
};

#[tokio::test]
async fn a_plan_tells_every_clone_with_its_mapped_references_and_writes_nothing() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    app.forget_calls();
    let answer = app.plan(&app.token(SAM), &id, &apply_body()).await;
    let plan = answer.expect(200)["plan"].clone();
    assert_eq!(app.recorded().write_units(), 0.0);
    assert_eq!(app.recorded().round_trips(), 1);
    assert_eq!(plan["cloned"], counts(5, 8, 12));
    assert_eq!(plan["refusals"], json!([]));
    assert_eq!(plan["warnings"].as_array().unwrap().len(), 4);
    assert_eq!(plan["destinations"][0]["destination"], "https://billing.acme.example");
    let clones = plan["clones"].as_array().unwrap();
    assert_eq!(clones.len(), 25);
    let mover = clones.iter().find(|clone| clone["name"] == "Move to Contacted on first reply").unwrap();
    assert_eq!(
        mover["mappedReferences"],
        json!([{
            "automationName": "Move to Contacted on first reply", "field": "targetStage", "value": "Contacted",
            "automationId": "64eea1110000000000000101", "refType": "pipelineStage", "fieldLocation": "actions",
            "pointer": "/actions/targetStage", "suspected": false, "target": "Reached Out"
        }])
    );
    assert_eq!(mover["enabled"], true);
    assert_eq!(answer.header("etag"), Some(format!("\"{}\"", plan["planHash"].as_str().unwrap()).as_str()));
}

#[tokio::test]
async fn a_plan_needs_neither_an_address_nor_a_password() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let full = app.plan(&app.token(SAM), &id, &apply_body()).await.expect(200)["plan"]["planHash"].clone();
    for new_user in [json!(null), json!({}), json!({"fullName": "Casey New"})] {
        let mut body = apply_body();
        body["newUser"] = new_user;
        assert_eq!(app.plan(&app.token(SAM), &id, &body).await.expect(200)["plan"]["planHash"], full);
        app.apply(&app.token(SAM), &id, &body).await.expect_problem(400, "invalid_body");
    }
}

#[tokio::test]
async fn a_plan_tells_all_at_once_what_would_be_refused() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let mut body = apply_body();
    body["newUser"]["email"] = json!("casey");
    body["newUser"]["password"] = json!("short");
    body["pipelineMapping"] =
        json!({"No such": {"a": "b"}, "Move to Contacted on first reply": {"Contacted": "Nowhere"}});
    body["selectedPromptNames"] = json!(["x"]);
    body["onUnmapped"] = json!("reject");
    let answer = app.plan(&app.token(SAM), &id, &body).await;
    let refusals = answer.expect(200)["plan"]["refusals"].as_array().unwrap().clone();
    let pointers: Vec<_> = refusals.iter().map(|refusal| refusal["pointer"].as_str().unwrap()).collect();
    for expected in [
        "/newUser/email",
        "/newUser/password",
        "/selectedPromptNames",
        "/pipelineMapping/No such",
        "/pipelineMapping/Move to Contacted on first reply/Contacted",
    ] {
        assert!(pointers.contains(&expected), "{expected} is not in {pointers:?}");
    }
    assert!(pointers.iter().any(|pointer| pointer.starts_with("/agentMapping/")), "{pointers:?}");
    // For programs: whose mapping it is, of what, and to what.
    let about = |start: &str| {
        let refusal = refusals.iter().find(|refusal| refusal["pointer"].as_str().unwrap().starts_with(start)).unwrap();
        ["automationName", "reference", "value"].map(|name| refusal[name].as_str())
    };
    let move_on = Some("Move to Contacted on first reply");
    assert_eq!(about("/pipelineMapping/Move"), [move_on, Some("Contacted"), Some("Nowhere")]);
    assert_eq!(about("/pipelineMapping/No such"), [Some("No such"), None, None]);
    assert_eq!(about("/agentMapping/")[1..], [Some("Warm-up Agent"), None]);
    assert!(about("/agentMapping/")[0].is_some());
    assert_eq!(about("/selectedPromptNames"), [None; 3]);
    assert_eq!(about("/newUser/email"), [None; 3]);
}

#[tokio::test]
async fn an_apply_under_a_plans_hash_goes_through_only_while_the_outcome_is_the_same() {
    use shared::domain::ItemKind;
    use shared::store::{SetupChange, SetupWriteOutcome};
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let apply = async |hash: &str, email: &str| {
        let mut body = apply_body();
        body["newUser"]["email"] = json!(email);
        let request = app.request(http::Method::POST, &format!("/api/user-snapshots/{id}/apply"));
        app.send(request.bearer_auth(app.token(PAT)).header("if-match", hash).json(&body)).await
    };
    let plan = app.plan(&app.token(PAT), &id, &apply_body()).await;
    let hash = plan.header("etag").unwrap().to_owned();
    assert_eq!(plan.body["plan"]["planHash"], hash.trim_matches('"'));
    apply(hash.trim_matches('"'), "casey0@acme.example").await.expect(201);
    // The address and the password are no part of the outcome.
    apply(&hash, "casey1@acme.example").await.expect(201);
    // An automation of the source goes, so its switch does not come along any more.
    let alex = app.member(ALEX);
    let gone = SetupChange::Remove(ItemKind::Automation, alex.setup.items.automations[0].id);
    let (organization, user) = (alex.user.organization, alex.user.id);
    let written = tests::change_setup(app.table(), &organization, &user, &[gone], tests::BEGINNING).await;
    assert_eq!(written.unwrap(), SetupWriteOutcome::Version(2));
    let before = table_items(&app).await.len();
    apply(&hash, "casey2@acme.example").await.expect_problem(412, "precondition_failed");
    assert_eq!(table_items(&app).await.len(), before);
    apply("\"no-such-hash\"", "casey2@acme.example").await.expect_problem(412, "precondition_failed");
    apply(hash.trim_matches('"'), "casey2@acme.example").await.expect_problem(412, "precondition_failed");
    apply("un quoted", "casey2@acme.example").await.expect_problem(400, "invalid_header");
    apply("*", "casey2@acme.example").await.expect(201);
}

#[tokio::test]
async fn a_plan_is_for_those_who_may_apply() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    app.plan(&app.token(GIL), &id, &apply_body()).await.expect_problem(404, "snapshot_not_found");
    app.plan(&app.token(ALEX), &id, &apply_body()).await.expect_problem(403, "forbidden");
    app.plan("x", &id, &apply_body()).await.expect_problem(401, "unauthenticated");
    app.plan(&app.token(SAM), "x", &apply_body()).await.expect_problem(400, "invalid_id");
    let mut body = apply_body();
    body["newUser"]["accessRole"] = json!("SUPERADMIN");
    app.plan(&app.token(PAT), &id, &body).await.expect_problem(403, "forbidden");
}

/// A body with some mappings and flags, drawn from `randomness`; some of it is wrong.
fn some_body(randomness: &SeededRandomness, number: usize) -> Value {
    let draw = |among: u8| {
        let mut byte = [0];
        randomness.fill(&mut byte);
        byte[0] % among
    };
    let mut body = apply_body();
    body["newUser"]["email"] = json!(format!("casey{number}@acme.example"));
    let target = ["Reached Out", "New Lead", "Nowhere"][usize::from(draw(3))];
    body["pipelineMapping"] = match draw(3) {
        0 => json!({}),
        1 => json!({"Move to Contacted on first reply": {"Contacted": target}}),
        _ => json!({"Move to Contacted on first reply": {"New Lead": target}}),
    };
    if draw(3) == 0 {
        body["sourceStatusesMapping"] = json!({"Move to Contacted on first reply": [target]});
    }
    if draw(3) == 0 {
        body["agentMapping"] =
            json!({"Hand warm leads to the warm-up agent": {"Warm-up Agent": "64eea1110000000000000060"}});
    }
    for flag in ["applyAutomations", "applyPrompts", "applyTemplates"] {
        body[flag] = json!(draw(4) != 0);
    }
    body["onUnmapped"] = json!(if draw(4) == 0 { "reject" } else { "switchOff" });
    body["selectedPromptNames"] = match draw(5) {
        0 => json!(["Default warm-up prompt"]),
        1 => json!([]),
        _ => json!(null),
    };
    body
}

#[tokio::test]
async fn a_plan_predicts_the_apply_exactly() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let randomness = SeededRandomness::new(7);
    let (mut applied, mut refused) = (0, 0);
    for number in 0..60 {
        let body = some_body(&randomness, number);
        let (token, organization) =
            if number % 3 == 0 { (app.token(PAT), tests::ACME) } else { (app.token(SAM), GLOBEX) };
        let plan = app.plan(&token, &id, &body).await.expect(200)["plan"].clone();
        let answer = app.apply(&token, &id, &body).await;
        if plan["refusals"] != json!([]) {
            assert_eq!(answer.expect_problem(422, "refused")["errors"], plan["refusals"], "{body}");
            refused += 1;
            continue;
        }
        let result = &answer.expect(201)["result"];
        for field in ["cloned", "mapped", "skipped", "warnings", "snapshotRevision"] {
            assert_eq!(result[field], plan[field], "{field} of {body}");
        }
        let user = result["userId"].as_str().unwrap();
        let names = |kind: &str| {
            let clones = plan["clones"].as_array().unwrap().iter().filter(|clone| clone["kind"] == kind);
            let mut names: Vec<_> = clones.map(|clone| clone["name"].as_str().unwrap().to_owned()).collect();
            names.sort();
            names
        };
        for (items, kind) in
            setup_items(&app, organization, user).await.iter().zip(["automation", "prompt", "template"])
        {
            let made: Vec<_> = items.iter().map(|(_, it)| it["name"].as_str().unwrap().to_owned()).collect();
            assert_eq!(made, names(kind), "{body}");
        }
        applied += 1;
    }
    println!("{applied} applied, {refused} refused");
    assert!(applied > 10 && refused > 10, "{applied} applied, {refused} refused");
}
