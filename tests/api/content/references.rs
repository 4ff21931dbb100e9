//! What an automation refers to is mapped as the request says, or the automation arrives off and the answers say where and why.

mod cases;
mod limits;

use std::collections::{BTreeMap, BTreeSet};

use local::workspace::Workspace;
use serde_json::{Map, Value, json};
use shared::domain::{Agent, ObjectId, PerKind, Pipeline, Setup, SetupItem, Stage};
use tests::{GLOBEX, PAT, SAM, TestApp, apply_body, capture, numbered_id, setup_items, user_with_setup};

use self::cases::*;

fn id(text: &str) -> ObjectId {
    text.parse().unwrap()
}

fn pipeline(key: &str, name: &str, kind: &str, stages: &[(&str, Option<&str>)]) -> Pipeline {
    let stage = |(name, id): &(&str, Option<&str>)| {
        let rest = id.iter().map(|id| ("_id".to_owned(), json!(id))).collect();
        Stage { name: (*name).to_owned(), color: None, rest }
    };
    let stages = stages.iter().map(stage).collect();
    Pipeline { id: id(key), name: name.to_owned(), kind: kind.to_owned(), stages, rest: Map::new() }
}

fn agent(key: &str, name: &str) -> Agent {
    Agent { id: id(key), name: name.to_owned(), description: None, rest: Map::new() }
}

/// The demo, with a few more pipelines and agents on either side.
fn workspace() -> Workspace {
    let mut workspace = Workspace::demo().unwrap();
    let [acme, globex] = &mut workspace.organizations[..] else { unreachable!() };
    acme.organization.pipelines.extend([
        pipeline(RENEWALS, "Renewals", "Contact", &[("Due", Some(DUE))]),
        pipeline(ADMISSIONS, "Admissions", "Application", &[("Interview", None), ("Offer", Some(OFFER))]),
    ]);
    acme.organization.agents.push(agent(TWIN, "Twin"));
    globex.organization.pipelines.extend([
        pipeline(RENEWALS_HERE, "Renewals", "Contact", &[("Due", Some(DUE_HERE))]),
        pipeline(ADMISSIONS_HERE, "Admissions", "Contact", &[("Interview", None)]),
    ]);
    globex.organization.agents.extend([agent(TWIN_HERE, "Twin"), agent(OTHER_TWIN_HERE, "Twin")]);
    workspace
}

fn items(kind: u8, documents: Vec<Value>) -> Vec<SetupItem> {
    let item = |(number, document)| SetupItem {
        id: numbered_id(kind, number),
        document: serde_json::from_value(document).unwrap(),
    };
    documents.into_iter().enumerate().map(item).collect()
}

/// A service, and a snapshot of a user of Acme with this setup.
async fn start(automations: Vec<Value>, prompts: Vec<Value>, templates: Vec<Value>) -> (TestApp, String) {
    let app = TestApp::with_workspace(workspace()).await;
    let setup = Setup::from(PerKind {
        automations: items(1, automations),
        prompts: items(2, prompts),
        templates: items(3, templates),
    });
    let user = user_with_setup(&app, 0, &setup).await;
    let id = capture(&app, user).await;
    (app, id)
}

fn body(email: &str) -> Value {
    let mut body = apply_body();
    body["newUser"]["email"] = json!(email);
    body["pipelineMapping"] = json!({});
    body
}

/// The automations that an apply brought, by name, each with whether it is on.
async fn arrived(app: &TestApp, result: &Value) -> BTreeMap<String, (Value, bool)> {
    let user = result["userId"].as_str().unwrap();
    let switches = app.item(&format!("ORG#{GLOBEX}#USER#{user}"), "PREFERENCES").await.unwrap();
    let switches = tests::json(&switches["enabled"]);
    let [automations, ..] = setup_items(app, GLOBEX, user).await;
    let named = automations.into_iter().map(|(id, document)| {
        let name = document["name"].as_str().unwrap().to_owned();
        (name, (document, switches[&id].as_bool().unwrap()))
    });
    named.collect()
}

fn warnings<'a>(result: &'a Value, code: &'a str) -> impl Iterator<Item = &'a Value> {
    result["warnings"].as_array().unwrap().iter().filter(move |warning| warning["code"] == code)
}

async fn start_with(cases: &[Case]) -> (TestApp, String) {
    start(cases.iter().map(Case::automation).collect(), vec![], vec![]).await
}

#[tokio::test]
async fn a_reference_without_an_answer_switches_its_automation_off_and_is_named() {
    let cases = cases();
    let (app, id) = start_with(&cases).await;
    let answer = app.apply(&app.token(SAM), &id, &body("casey@globex.example")).await;
    let result = &answer.expect(201)["result"];
    let arrived = arrived(&app, result).await;
    for case in &cases {
        let (document, is_on) = &arrived[case.name];
        assert!(!is_on, "{}", case.name);
        assert_eq!(document.pointer(case.pointer), Some(&json!(case.value)), "{}", case.name);
        let warning = warnings(result, "unmapped_reference").find(|it| it["automationName"] == case.name).unwrap();
        let references = warning["references"].as_array().unwrap();
        assert!(references.len() == 1 && case.is(&references[0]), "{}: {warning}", case.name);
        let names_keep_values = warning["detail"].as_str().unwrap().contains(KEEP);
        assert_eq!(names_keep_values, case.suspected, "{warning}");
    }
}

#[tokio::test]
async fn every_way_to_answer_a_reference_lets_its_automation_arrive_on_with_what_was_answered() {
    let cases = cases();
    let (app, id) = start_with(&cases).await;
    let rounds = cases.iter().map(|case| case.answers.len()).max().unwrap();
    for round in 0..rounds {
        let mut answering = body(&format!("casey{round}@globex.example"));
        for (number, case) in cases.iter().enumerate() {
            let (field, entry, _) = &case.answers[round % case.answers.len()];
            // By its id every second time.
            let key = if round % 2 == 0 { case.name.to_owned() } else { numbered_id(1, number).to_string() };
            answering[field][&key] = entry.clone();
        }
        answering["onUnmapped"] = json!("reject");
        let answer = app.apply(&app.token(SAM), &id, &answering).await;
        let result = &answer.expect(201)["result"];
        assert_eq!(warnings(result, "unmapped_reference").count(), 0, "{result}");
        let arrived = arrived(&app, result).await;
        for case in &cases {
            let (field, entry, written) = &case.answers[round % case.answers.len()];
            let (document, is_on) = &arrived[case.name];
            assert_eq!(document.pointer(case.pointer), Some(&json!(written)), "{} {field} {entry}", case.name);
            assert!(is_on, "{} {field} {entry}", case.name);
        }
    }
}

#[tokio::test]
async fn under_reject_each_reference_is_refused_at_the_key_that_answers_it() {
    let cases = cases();
    let (app, id) = start_with(&cases).await;
    let mut rejecting = body("casey@globex.example");
    rejecting["onUnmapped"] = json!("reject");
    let answer = app.apply(&app.token(SAM), &id, &rejecting).await;
    let problem = answer.expect_problem(422, "refused");
    assert_eq!(answer.pointers().len(), cases.len(), "{problem}");
    for case in &cases {
        let (field, source) = match case.ref_type {
            "agent" => (AGENTS, case.value),
            "unknown" => (IDS, case.value),
            _ => (STAGES, case.value),
        };
        let source = if case.suspected { case.pointer } else { source };
        let pointer = shared::domain::pointer([field, case.name, source]);
        let refusal = problem["errors"].as_array().unwrap().iter().find(|error| error["pointer"] == pointer.as_str());
        let detail = refusal.unwrap_or_else(|| panic!("{pointer} is not in {problem}"))["detail"].as_str().unwrap();
        assert!(detail.contains(case.value), "{detail}");
        // What may be no reference has two ways out.
        assert!(detail.contains("map it to"), "{detail}");
        assert_eq!(detail.contains(KEEP), case.suspected || case.ref_type == "unknown", "{detail}");
        assert_eq!(detail.contains("by this pointer"), case.suspected, "{detail}");
        assert!(!case.suspected || detail.contains(case.pointer), "{detail}");
        // The key of the refusal answers it.
        let (.., written) = case.answers[0];
        let target = case.answers[0].1.as_object().unwrap().values().next().unwrap().clone();
        let mut answering = body("casey@globex.example");
        answering[field] = json!({case.name: {source: target}});
        let plan = app.plan(&app.token(SAM), &id, &answering).await.expect(200)["plan"].clone();
        let clone = plan["clones"].as_array().unwrap().iter().find(|clone| clone["name"] == case.name).unwrap().clone();
        assert_eq!(clone["mappedReferences"][0]["target"], written, "{clone}");
        assert!(case.is(&clone["mappedReferences"][0]), "{clone}");
        assert_eq!(clone["enabled"], true);
    }
}

#[tokio::test]
async fn refs_items_plan_and_apply_tell_the_same_references() {
    let cases = cases();
    let (app, id) = start_with(&cases).await;
    let mut told: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    let mut tell = |who, references: &Value| {
        for reference in references.as_array().unwrap() {
            let mut reference = reference.clone();
            reference.as_object_mut().unwrap().remove("suggestions");
            told.entry(who).or_default().insert(reference.to_string());
        }
    };
    let refs = app.apply_refs(&app.token(SAM), &id).await;
    for list in ["stageRefs", "agentRefs", "otherRefs"] {
        tell("refs", &refs.expect(200)[list]);
    }
    for item in app.snapshot_items(&app.token(SAM), &id, "").await.expect(200)["items"].as_array().unwrap() {
        tell("items", &item["references"]);
    }
    let plan = app.plan(&app.token(SAM), &id, &body("casey@globex.example")).await;
    for warning in warnings(&plan.expect(200)["plan"], "unmapped_reference") {
        tell("plan", &warning["references"]);
    }
    let applied = app.apply(&app.token(SAM), &id, &body("casey@globex.example")).await;
    for warning in warnings(&applied.expect(201)["result"], "unmapped_reference") {
        tell("apply", &warning["references"]);
    }
    assert_eq!(told.keys().copied().collect::<Vec<_>>(), ["apply", "items", "plan", "refs"]);
    for (who, references) in &told {
        assert_eq!(references, &told["refs"], "{who}");
        assert_eq!(references.len(), cases.len(), "{who}");
        for case in &cases {
            let is_listed = references.iter().any(|reference| case.is(&serde_json::from_str(reference).unwrap()));
            assert!(is_listed, "{who} does not list {}", case.name);
        }
    }
    // Suggestions say what a pipeline is called here.
    let pipeline = refs.body["otherRefs"].as_array().unwrap().iter().find(|it| it["refType"] == "pipeline").unwrap();
    assert_eq!(pipeline["suggestions"][0]["name"], "Admissions", "{pipeline}");
}

#[tokio::test]
async fn what_exists_here_by_the_same_name_needs_no_mapping() {
    let rows = [
        ("stage", json!({"actions": {"targetStage": "New Lead"}}), "/actions/targetStage", "New Lead", ""),
        ("suspected", json!({"actions": {"onReply": "New Lead"}}), "/actions/onReply", "New Lead", ""),
        ("pipeline", json!({"actions": {"pipelineId": RENEWALS}}), "/actions/pipelineId", RENEWALS_HERE, ""),
        ("pipeline of a trigger", json!({"trigger": [{"in": RENEWALS}]}), "/trigger/0/in", RENEWALS_HERE, ""),
        ("stage by id", json!({"actions": {"stageId": DUE}}), "/actions/stageId", DUE_HERE, ""),
        (
            "of another type",
            json!({"actions": {"targetStage": "Interview"}}),
            "/actions/targetStage",
            "Interview",
            "stage_of_another_type",
        ),
        (
            "compared with one of another type",
            json!({"conditions": [{"field": "application.status", "op": "equals", "value": "Interview"}]}),
            "/conditions/0/value",
            "Interview",
            "stage_of_another_type",
        ),
    ];
    let automations = rows.iter().map(|(name, fields, ..)| {
        let mut automation = fields.clone();
        automation["name"] = json!(name);
        automation
    });
    let (app, id) = start(automations.collect(), vec![], vec![]).await;
    let mut rejecting = body("casey@globex.example");
    rejecting["onUnmapped"] = json!("reject");
    let answer = app.apply(&app.token(SAM), &id, &rejecting).await;
    let result = &answer.expect(201)["result"];
    let arrived = arrived(&app, result).await;
    for (name, _, pointer, written, code) in rows {
        let (document, is_on) = &arrived[name];
        assert_eq!((document.pointer(pointer), *is_on), (Some(&json!(written)), true), "{name}");
        let about = result["warnings"].as_array().unwrap().iter().filter(|warning| warning["automationName"] == name);
        let about: Vec<_> = about.collect();
        let codes: Vec<_> = about.iter().map(|warning| warning["code"].as_str().unwrap()).collect();
        assert_eq!(codes, Vec::from_iter((!code.is_empty()).then_some(code)), "{name}");
        for warning in about {
            assert_eq!(warning["references"][0]["pointer"], pointer);
            assert!(warning["detail"].as_str().unwrap().contains(written), "{warning}");
        }
    }
    let of_another_type = warnings(result, "stage_of_another_type").count();
    assert_eq!(of_another_type, 2);
}

#[tokio::test]
async fn of_two_agents_of_one_name_the_id_decides() {
    let by_name = json!({"name": "By name", "actions": {"agent": "Twin"}});
    let by_id = json!({"name": "By id", "actions": {"agentId": TWIN}});
    let (app, id) = start(vec![by_name, by_id], vec![], vec![]).await;
    let refs = app.apply_refs(&app.token(SAM), &id).await;
    let here = refs.expect(200)["targetAgents"].as_array().unwrap().iter().filter(|agent| agent["name"] == "Twin");
    assert_eq!(here.map(|agent| &agent["_id"]).collect::<Vec<_>>(), [TWIN_HERE, OTHER_TWIN_HERE]);
    let suggested = refs.body["agentRefs"][0]["suggestions"].as_array().unwrap();
    assert_eq!(suggested.iter().filter(|it| it["name"] == "Twin").count(), 2, "{suggested:?}");

    let plan = app.plan(&app.token(SAM), &id, &body("casey@globex.example")).await;
    let unmapped: Vec<_> = warnings(&plan.expect(200)["plan"], "unmapped_reference").cloned().collect();
    let named = unmapped.iter().find(|warning| warning["automationName"] == "By name").unwrap();
    let detail = named["detail"].as_str().unwrap();
    assert!(detail.contains("2 agents named \"Twin\"") && detail.contains("only an id tells them apart"), "{detail}");

    for (automation, status) in [("By name", 422), ("By id", 201)] {
        let mut answering = body("casey@globex.example");
        answering[AGENTS] = json!({automation: {"Twin": OTHER_TWIN_HERE}});
        let answer = app.apply(&app.token(SAM), &id, &answering).await;
        answer.expect(status);
        if status == 422 {
            assert_eq!(answer.pointers(), ["/agentMapping/By name/Twin"]);
            assert!(answer.text.contains("only an id tells them apart"), "{}", answer.text);
        } else {
            let (document, is_on) = &arrived(&app, &answer.body["result"]).await[automation];
            assert_eq!((&document["actions"]["agentId"], *is_on), (&json!(OTHER_TWIN_HERE), true));
        }
    }
}

#[tokio::test]
async fn an_unknown_id_of_a_prompt_or_a_template_switches_off_whatever_uses_it() {
    let prompt = |name: &str, tools: Value| json!({"name": name, "prompt": "Be kind.", "tools": tools});
    let prompts = vec![
        prompt("Clean", json!([{"text": "x"}])),
        prompt("Books", json!([{"settings": {"calendarId": GONE}}])),
        prompt("Asks", json!([{"next": numbered_id(2, 1)}])),
        prompt("Asks again", json!([{"next": numbered_id(2, 2)}])),
    ];
    let templates = vec![
        json!({"name": "Plain", "template": format!("See {GONE}")}),
        json!({"name": "Filed", "template": "Hi", "folder": GONE_UUID}),
        json!({"name": "Booked", "template": "Hi", "with": numbered_id(2, 1)}),
    ];
    let rows = [
        ("clean", json!({"actions": {"prompt": "Clean", "template": "Plain"}}), ""),
        ("by name", json!({"actions": {"prompt": "Books"}}), "Books"),
        ("by id", json!({"actions": {"promptId": numbered_id(2, 1)}}), "Books"),
        ("anywhere", json!({"ai": {"persona": numbered_id(2, 1)}}), "Books"),
        ("of a message", json!({"actions": {"sendMessage": [{"template": "Filed", "channel": "sms"}]}}), "Filed"),
        ("template by id", json!({"steps": [{"templateId": numbered_id(3, 1)}]}), "Filed"),
        ("of a prompt of a prompt", json!({"actions": {"prompt": "Asks again"}}), "Asks again"),
        ("of a template's prompt", json!({"actions": {"template": "Booked"}}), "Booked"),
    ];
    let automations = rows.iter().map(|(name, fields, _)| {
        let mut automation = fields.clone();
        automation["name"] = json!(name);
        automation
    });
    let (app, id) = start(automations.collect(), prompts, templates).await;
    let answer = app.apply(&app.token(SAM), &id, &body("casey@globex.example")).await;
    let result = &answer.expect(201)["result"];
    let arrived = arrived(&app, result).await;
    for (name, _, uses) in rows {
        assert_eq!(arrived[name].1, uses.is_empty(), "{name}");
        let warning = warnings(result, "unmapped_reference").find(|warning| warning["automationName"] == name);
        assert_eq!(warning.is_none(), uses.is_empty(), "{name}");
        let detail = warning.map_or("", |warning| warning["detail"].as_str().unwrap());
        assert!(detail.contains(uses), "{name}: {detail}");
    }
    // The items are named themselves, with the places.
    let of_items: Vec<_> = warnings(result, "unmapped_reference").filter(|it| it["automationName"] == "").collect();
    let details: Vec<_> = of_items.iter().map(|warning| warning["detail"].as_str().unwrap()).collect();
    assert_eq!(details.len(), 2, "{details:?}");
    assert!(details[0].contains("\"Books\"") && details[0].contains("/tools/0/settings/calendarId"), "{details:?}");
    assert!(details[1].contains("\"Filed\"") && details[1].contains("/folder"), "{details:?}");
    // At home the ids stay valid.
    let mut at_home = body("casey@acme.example");
    at_home["selectedPromptNames"] = json!(["Books"]);
    let answer = app.apply(&app.token(PAT), &id, &at_home).await;
    assert_eq!(warnings(&answer.expect(201)["result"], "unmapped_reference").count(), 0);
}
