use serde_json::{Value, json};
use tests::{ACME, ALEX, PAT, TestApp, apply_body, counts, setup_items, skipped_counts, snapshot};

fn body(email: &str) -> Value {
    let mut body = apply_body();
    body["newUser"]["email"] = json!(email);
    body
}

#[tokio::test]
async fn within_the_source_organization_only_prompts_are_cloned() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let answer = app.apply(&app.token(PAT), &id, &body("casey.two@acme.example")).await;
    let result = answer.expect(201)["result"].clone();
    assert_eq!(result["cloned"], counts(0, 8, 0));
    assert_eq!(result["mapped"], json!({"prompts": 0}));
    assert_eq!(result["skipped"], skipped_counts(5, 12));
    // The customer's mapping names an automation that is not cloned.
    assert_eq!(result["warnings"][0]["code"], "mapping_ignored");
    assert_eq!(result["warnings"][0]["automationName"], "Move to Contacted on first reply");

    let user = result["userId"].as_str().unwrap();
    let [automations, prompts, templates, ..] = setup_items(&app, ACME, user).await;
    assert_eq!((automations.len(), prompts.len(), templates.len()), (0, 8, 0));

    // Alex's switches are the new user's switches.
    let alex = app.member(ALEX).user.id.to_string();
    let [automations, ..] = setup_items(&app, ACME, &alex).await;
    let item = app.item(&format!("ORG#{ACME}#USER#{user}"), "PREFERENCES").await.unwrap();
    let enabled = tests::json(&item["enabled"]);
    assert_eq!(enabled.as_object().unwrap().len(), automations.len());
    assert_eq!(enabled.as_object().unwrap().values().filter(|on| **on == false).count(), 1);
    assert!(automations.iter().all(|(id, _)| enabled[id].is_boolean()));
}

#[tokio::test]
async fn prompts_can_be_selected_by_name() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    for (number, (selected, cloned)) in
        [(json!(["Default warm-up prompt"]), 1), (json!([]), 0), (json!(null), 8)].into_iter().enumerate()
    {
        let mut body = body(&format!("casey{number}@acme.example"));
        body["selectedPromptNames"] = selected;
        let answer = app.apply(&app.token(PAT), &id, &body).await;
        let result = &answer.expect(201)["result"];
        assert_eq!(result["cloned"]["prompts"], cloned);
        assert_eq!(result["mapped"]["prompts"], 8 - cloned);
    }
    let mut body = body("casey@acme.example");
    body["selectedPromptNames"] = json!(["Default warm-up prompt", "No such prompt"]);
    let answer = app.apply(&app.token(PAT), &id, &body).await;
    answer.expect_problem(422, "refused");
    assert_eq!(answer.pointers(), ["/selectedPromptNames/1"]);
}

#[tokio::test]
async fn an_automation_that_was_deleted_since_is_no_switch_of_the_new_user() {
    use shared::store::{SetupChange, SetupWriteOutcome};
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let alex = &app.member(ALEX).user;
    let [automations, ..] = setup_items(&app, ACME, &alex.id.to_string()).await;
    let gone = automations[0].0.clone();
    let change = SetupChange::Remove(shared::domain::ItemKind::Automation, gone.parse().unwrap());
    let written = tests::change_setup(app.table(), &alex.organization, &alex.id, &[change], tests::BEGINNING).await;
    assert_eq!(written.unwrap(), SetupWriteOutcome::Version(2));

    let answer = app.apply(&app.token(PAT), &id, &body("casey@acme.example")).await;
    let user = answer.expect(201)["result"]["userId"].as_str().unwrap().to_owned();
    let item = app.item(&format!("ORG#{ACME}#USER#{user}"), "PREFERENCES").await.unwrap();
    let enabled = tests::json(&item["enabled"]);
    assert_eq!(enabled.as_object().unwrap().len(), 4);
    assert_eq!(enabled.get(&gone), None);
}
