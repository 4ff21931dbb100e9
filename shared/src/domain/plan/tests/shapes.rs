//! References in the shapes that automations of many systems have. None of them may arrive switched on and unsaid.

use super::*;

pub(super) const AGENT: &str = "3c3c3c3c3c3c3c3c3c3c3c3c";
const OTHER_AGENT: &str = "3d3d3d3d3d3d3d3d3d3d3d3d";
pub(super) const PIPELINE: &str = "c9c9c9c9c9c9c9c9c9c9c9c9";
pub(super) const PROMPT: &str = "141414141414141414141414";
pub(super) const TEMPLATE: &str = "282828282828282828282828";
pub(super) const OTHER_TEMPLATE: &str = "292929292929292929292929";
pub(super) const SELF: &str = "010101010101010101010101";
pub(super) const OTHER: &str = "020202020202020202020202";
pub(super) const STAGE: &str = "7b0f6a5e-2c1d-4e8f-9a3b-5d6c7e8f9a0b";
pub(super) const GONE: &str = "64ee9a8b1e7f2a00aabbccdd";
pub(super) const GONE_UUID: &str = "0b9d1f0c-5a3e-4d2b-8c7f-6e5d4c3b2a19";

/// Returns the name of each shape, the fields of its automation, and the values that may not stay without a warning.
fn shapes() -> Vec<(&'static str, Value, Vec<&'static str>)> {
    let mut shapes = vec![];
    shapes.extend(by_place());
    shapes.extend(nested());
    shapes.extend(by_id());
    shapes.extend(lists_and_objects());
    shapes.extend(conditions());
    shapes.extend(of_other_systems());
    shapes.extend(beside_what_is_ordinary());
    shapes
}

pub(super) type Shape = (&'static str, Value, Vec<&'static str>);

fn by_place() -> Vec<Shape> {
    vec![
        ("target stage", json!({"actions": {"targetStage": "Contacted"}}), vec!["Contacted"]),
        ("changed status", json!({"actions": {"changeToStatus": "Contacted"}}), vec!["Contacted"]),
        ("snake case", json!({"actions": {"target_stage": "Contacted"}}), vec!["Contacted"]),
        ("a stage nobody knows", json!({"actions": {"targetStage": "Gone Stage"}}), vec!["Gone Stage"]),
        ("source statuses", json!({"sourceStatuses": ["Contacted"]}), vec!["Contacted"]),
        ("source statuses of a step", json!({"steps": [{"sourceStatuses": ["Contacted"]}]}), vec!["Contacted"]),
        ("one source status", json!({"sourceStatuses": "Contacted"}), vec!["Contacted"]),
        ("agent by name", json!({"actions": {"agent": "Warm-up Agent"}}), vec!["Warm-up Agent"]),
        ("agent by id", json!({"actions": {"agentId": AGENT}}), vec![AGENT]),
        ("agents by id", json!({"actions": {"agentIds": [AGENT, OTHER_AGENT]}}), vec![AGENT, OTHER_AGENT]),
        ("prompt by id", json!({"actions": {"promptId": PROMPT}}), vec![PROMPT]),
        ("prompt nobody has", json!({"actions": {"promptId": GONE}}), vec![GONE]),
        ("template by id", json!({"actions": {"templateId": TEMPLATE}}), vec![TEMPLATE]),
        (
            "templates by id",
            json!({"actions": {"templateIds": [TEMPLATE, OTHER_TEMPLATE]}}),
            vec![TEMPLATE, OTHER_TEMPLATE],
        ),
        ("template of a message", json!({"actions": {"sendMessage": [{"template": "Gone text"}]}}), vec!["Gone text"]),
        ("template of an action", json!({"actions": {"template": "Gone text"}}), vec!["Gone text"]),
        ("prompt of an action", json!({"actions": [{"prompt": "Gone prompt"}]}), vec!["Gone prompt"]),
        ("notification", json!({"userSmsNotification": {"enabled": true, "templateId": TEMPLATE}}), vec![TEMPLATE]),
        ("notification nobody has", json!({"userSmsNotification": {"templateId": GONE}}), vec![GONE]),
        ("template by number", json!({"actions": {"templateId": 4711}}), vec!["4711"]),
        ("stage as an object", json!({"actions": {"targetStage": {"name": "Contacted"}}}), vec!["Contacted"]),
        ("agent as an object", json!({"actions": {"agent": {"id": AGENT, "name": "Warm-up Agent"}}}), vec![AGENT]),
        (
            "agent action",
            json!({"actions": [{"type": "assign_agent", "value": "Warm-up Agent"}]}),
            vec!["Warm-up Agent"],
        ),
        ("agent parameters", json!({"actions": [{"type": "assignAgent", "params": {"name": "Gone"}}]}), vec!["Gone"]),
        ("agent field", json!({"actions": {"assignToAgent": "Gone"}}), vec!["Gone"]),
    ]
}

fn nested() -> Vec<Shape> {
    vec![
        (
            "if and else",
            json!({"actions": {"ifElse": {"then": {"targetStage": "Contacted"}, "else": {}}}}),
            vec!["Contacted"],
        ),
        ("else alone", json!({"actions": {"ifElse": {"else": {"changeToStatus": "Contacted"}}}}), vec!["Contacted"]),
        ("branches", json!({"branches": [{"actions": {"targetStage": "Contacted"}}]}), vec!["Contacted"]),
        ("steps in steps", json!({"steps": [{"steps": [{"targetStage": "Contacted"}]}]}), vec!["Contacted"]),
        ("groups", json!({"groups": {"a": {"b": {"c": {"targetStage": "Contacted"}}}}}), vec!["Contacted"]),
        (
            "parallel paths",
            json!({"actions": [[{"targetStage": "Contacted"}], [{"agent": "Gone"}]]}),
            vec!["Contacted", "Gone"],
        ),
        ("switch", json!({"switch": {"cases": [{"when": "yes", "do": {"agentId": AGENT}}]}}), vec![AGENT]),
        ("wait and then", json!({"wait": {"days": 2, "then": "Contacted"}}), vec!["Contacted"]),
        ("on reply", json!({"actions": {"onReply": {"moveTo": "Contacted"}}}), vec!["Contacted"]),
        ("on reply, shortly", json!({"actions": {"onReply": "Contacted"}}), vec!["Contacted"]),
        ("fallback agent", json!({"actions": {"fallback": {"owner": "Warm-up Agent"}}}), vec!["Warm-up Agent"]),
        ("escalation", json!({"escalation": {"levels": [{"to": "Warm-up Agent"}]}}), vec!["Warm-up Agent"]),
        (
            "actions of a branch",
            json!({"branches": {"yes": {"actions": [{"template": "Gone text"}]}}}),
            vec!["Gone text"],
        ),
        ("messages of a branch", json!({"yes": {"sendMessage": {"template": "Gone text"}}}), vec!["Gone text"]),
        ("keys that are stages", json!({"byStage": {"Contacted": {"delay": 1}}}), vec!["Contacted"]),
    ]
}

fn by_id() -> Vec<Shape> {
    vec![
        ("another automation", json!({"actions": {"enrollIn": OTHER}}), vec![OTHER]),
        ("workflow id", json!({"actions": {"workflowId": OTHER}}), vec![OTHER]),
        ("itself", json!({"restart": {"automation": SELF}}), vec![SELF]),
        ("workflow nobody has", json!({"actions": {"workflowId": GONE}}), vec![GONE]),
        ("template anywhere", json!({"actions": {"sms": {"content": TEMPLATE}}}), vec![TEMPLATE]),
        ("prompt anywhere", json!({"ai": {"persona": PROMPT}}), vec![PROMPT]),
        ("agent anywhere", json!({"actions": {"owner": AGENT}}), vec![AGENT]),
        (
            "agent in capitals",
            json!({"actions": {"owner": "3C3C3C3C3C3C3C3C3C3C3C3C"}}),
            vec!["3C3C3C3C3C3C3C3C3C3C3C3C"],
        ),
        ("pipeline", json!({"actions": {"pipelineId": PIPELINE}}), vec![PIPELINE]),
        ("pipeline of a trigger", json!({"trigger": {"pipeline": PIPELINE}}), vec![PIPELINE]),
        ("stage by its id", json!({"actions": {"stageId": STAGE}}), vec![STAGE]),
        ("stage by its id at its place", json!({"actions": {"targetStage": STAGE}}), vec![STAGE]),
        ("custom field", json!({"actions": {"updateField": {"fieldId": GONE, "to": "x"}}}), vec![GONE]),
        ("calendar", json!({"actions": {"calendarId": GONE_UUID}}), vec![GONE_UUID]),
        ("form of a trigger", json!({"trigger": {"formId": GONE}}), vec![GONE]),
        ("department", json!({"departmentId": GONE}), vec![GONE]),
        ("a user of the organization", json!({"actions": {"assignTo": GONE}}), vec![GONE]),
        ("key of an object", json!({"weights": {TEMPLATE: 50}}), vec![TEMPLATE]),
        ("white space", json!({"actions": {"template": format!(" {TEMPLATE} ")}}), vec![TEMPLATE]),
    ]
}

fn lists_and_objects() -> Vec<Shape> {
    vec![
        (
            "commas",
            json!({"actions": {"templates": format!("{TEMPLATE},{OTHER_TEMPLATE}")}}),
            vec![TEMPLATE, OTHER_TEMPLATE],
        ),
        ("semicolons", json!({"x": format!("{TEMPLATE}; {GONE}")}), vec![TEMPLATE, GONE]),
        ("bars", json!({"x": format!("{AGENT}|{OTHER_AGENT}")}), vec![AGENT, OTHER_AGENT]),
        ("lines", json!({"x": format!("{AGENT}\n{GONE_UUID}")}), vec![AGENT, GONE_UUID]),
        ("array of ids", json!({"exclude": [OTHER, GONE]}), vec![OTHER, GONE]),
        ("array of names", json!({"exclude": ["Contacted", "Warm-up Agent"]}), vec!["Contacted", "Warm-up Agent"]),
        ("array of objects", json!({"agents": [{"id": AGENT, "weight": 1}]}), vec![AGENT]),
        ("id and name", json!({"stage": {"id": STAGE, "label": "Contacted"}}), vec![STAGE]),
        ("value of an option", json!({"moveTo": {"label": "Reached", "value": "Contacted"}}), vec!["Contacted"]),
        ("option of an agent", json!({"owner": {"value": AGENT, "label": "Warm-up Agent"}}), vec![AGENT]),
        ("matrix", json!({"rows": [["Contacted", 1], ["New Lead", 2]]}), vec!["Contacted"]),
    ]
}

fn conditions() -> Vec<Shape> {
    let condition = |field: &str, value: Value| json!({"conditions": [{"field": field, "op": "eq", "value": value}]});
    vec![
        ("status", condition("status", json!("Contacted")), vec!["Contacted"]),
        ("status nobody has", condition("stage", json!("Gone")), vec!["Gone"]),
        ("status of the contact", condition("contact.status", json!("Gone")), vec!["Gone"]),
        ("stage of the opportunity", condition("opportunity.pipelineStage", json!("Gone")), vec!["Gone"]),
        ("stage in snake case", condition("deal.pipeline_stage", json!("Gone")), vec!["Gone"]),
        ("one of", condition("lead.stage", json!(["Contacted", "Gone"])), vec!["Contacted", "Gone"]),
        ("application", condition("Application.Status", json!("Gone")), vec!["Gone"]),
        ("agent", condition("contact.agent", json!("Gone")), vec!["Gone"]),
        ("custom field", condition("custom.deal_phase", json!("Contacted")), vec!["Contacted"]),
        ("previous stage", condition("previousStage", json!("Contacted")), vec!["Contacted"]),
        ("owner", condition("owner", json!("Warm-up Agent")), vec!["Warm-up Agent"]),
        ("pipeline", condition("pipelineId", json!(PIPELINE)), vec![PIPELINE]),
        ("all of", json!({"conditions": {"all": [{"any": [{"field": "status", "value": "Gone"}]}]}}), vec!["Gone"]),
        ("groups", json!({"conditionGroups": [{"conditions": [{"field": "stage", "value": "Gone"}]}]}), vec!["Gone"]),
        ("of a branch", json!({"branches": [{"if": {"field": "contact.status", "value": "Gone"}}]}), vec!["Gone"]),
        ("values", json!({"filters": [{"field": "status", "values": ["Gone"]}]}), vec!["Gone"]),
    ]
}

fn of_other_systems() -> Vec<Shape> {
    vec![
        // HighLevel
        (
            "opportunity",
            json!({"actions": [{"type": "create_opportunity", "attributes": {"pipeline_id": PIPELINE,
            "pipeline_stage_id": STAGE}}]}),
            vec![PIPELINE, STAGE],
        ),
        (
            "workflow",
            json!({"actions": [{"type": "add_to_workflow", "attributes": {"workflow_id": [OTHER]}}]}),
            vec![OTHER],
        ),
        (
            "trigger",
            json!({"triggers": [{"type": "pipeline_stage_updated", "conditions": [
            {"field": "opportunity.pipelineStageId", "value": GONE}]}]}),
            vec![GONE],
        ),
        // HubSpot
        ("deal stage", json!({"actions": [{"propertyName": "dealstage", "newValue": "Contacted"}]}), vec!["Contacted"]),
        (
            "property filter",
            json!({"filters": [{"property": "hs_pipeline_stage", "operator": "EQ", "value": "Contacted"}]}),
            vec!["Contacted"],
        ),
        ("flow", json!({"actions": [{"actionTypeId": "0-35", "fields": {"flow_id": OTHER}}]}), vec![OTHER]),
        // Pipedrive
        ("stage of a deal", json!({"actions": [{"object": "deal", "set": {"stage": "Contacted"}}]}), vec!["Contacted"]),
        ("owner of a deal", json!({"actions": [{"object": "deal", "set": {"owner_id": {"id": AGENT}}}]}), vec![AGENT]),
        // Zoho
        (
            "field update",
            json!({"actions": {"field_updates": [{"field": {"api_name": "Stage"}, "value": "Contacted"}]}}),
            vec!["Contacted"],
        ),
        (
            "assignment rule",
            json!({"rules": [{"criteria": {"field": "Lead_Stage", "value": "Contacted"},
            "assign_to": "Warm-up Agent"}]}),
            vec!["Contacted", "Warm-up Agent"],
        ),
        // ActiveCampaign, n8n, Make
        ("block", json!({"blocks": [{"type": "updatestage", "params": {"to": "Contacted"}}]}), vec!["Contacted"]),
        (
            "node",
            json!({"nodes": [{"id": "n1", "parameters": {"options": {"stage": "Contacted"}}}]}),
            vec!["Contacted"],
        ),
        (
            "module",
            json!({"flow": [{"mapper": {"pipeline": PIPELINE, "phase": "Contacted"}}]}),
            vec![PIPELINE, "Contacted"],
        ),
        (
            "tool settings",
            json!({"tools": [{"name": "move", "parameters": {"default": "Contacted"}}]}),
            vec!["Contacted"],
        ),
    ]
}

/// In options and other fields with words of their own, and in objects about another record.
fn beside_what_is_ordinary() -> Vec<Shape> {
    let rows = [
        ("of an option", json!({"options": [{"label": "Yes", "moveTo": "Contacted"}]})),
        ("of a button", json!({"buttons": [{"label": "Yes", "nextStage": "Contacted"}]})),
        ("of a menu", json!({"menu": {"1": {"moveTo": "Contacted"}, "2": "Help"}})),
        ("of a variant", json!({"abTest": {"variants": {"a": {"stage": "Contacted"}}}})),
        ("set by a message", json!({"actions": [{"type": "send_sms", "status": "Contacted"}]})),
        ("set by a call", json!({"actions": [{"type": "call", "params": {"status": "Contacted"}}]})),
        ("of the deal of a task", json!({"actions": [{"type": "create_task", "dealStatus": "Contacted"}]})),
        ("of the contact of a ticket", json!({"ticket": {"contact": {"status": "Contacted"}}})),
        ("after a task", json!({"onTaskDone": {"status": "Contacted"}})),
        ("after a task, shortly", json!({"actions": [{"type": "task_completed", "status": "Contacted"}]})),
        ("after a request", json!({"http": {"url": "https://acme.example", "onSuccess": "Contacted"}})),
        ("after a request, nested", json!({"http": {"onSuccess": {"moveTo": "Contacted"}}})),
        ("of an audience", json!({"audience": {"stages": ["Contacted"], "tags": ["x"]}})),
        ("goal", json!({"goal": "Contacted"})),
        ("field of a deal", json!({"actions": [{"object": "deal", "set": {"status": "Contacted"}}]})),
    ];
    rows.into_iter().map(|(name, fields)| (name, fields, vec!["Contacted"])).collect()
}

/// The organization that setups of this test come from: its stage keeps an id.
fn organization_with_ids() -> Organization {
    let mut source = source();
    source.pipelines[0].stages[1].rest.insert("_id".into(), STAGE.into());
    source
}

fn captured(fields: &Value) -> Content {
    let mut automation = fields.clone();
    automation["name"] = "Case".into();
    let setup = Setup::from(PerKind {
        automations: items(1, vec![automation, json!({"name": "Other", "actions": {}})]),
        prompts: items(20, vec![json!({"name": "Talk", "prompt": "Hi"})]),
        templates: items(
            40,
            vec![json!({"name": "Intro", "template": "Hi"}), json!({"name": "Bye", "template": "Bye"})],
        ),
    });
    capture(setup, &organization_with_ids(), &Work::unlimited()).unwrap().content().unwrap()
}

/// An organization that has nothing that a reference could mean by chance.
fn foreign() -> Organization {
    let mut foreign = organization(&["Elsewhere"], &[(70, "Nobody")]);
    foreign.pipelines[0].name = "Other".into();
    foreign
}

#[test]
fn every_shape_of_a_reference_arrives_mapped_or_off_or_is_refused() {
    let shapes: Vec<Shape> = shapes().into_iter().chain(outside::shapes()).collect();
    assert!(shapes.len() >= 240, "{}", shapes.len());
    let mut missed = Vec::new();
    for (name, fields, values) in &shapes {
        let content = captured(fields);
        let plan = |on_unmapped| {
            let choices = Choices { on_unmapped, ..Choices::default() };
            plan(&content, &Scope::OtherOrganization, &foreign(), &choices, &Work::unlimited()).unwrap()
        };
        let (off, reject) = (plan(OnUnmapped::SwitchOff), plan(OnUnmapped::Reject));
        let origin = Origin { apply: id(9), snapshot: id(8), revision: 1, at: Timestamp::from_millis(0) };
        let arrival = off.arrive(&origin, &identity::new_user(None), &Work::unlimited()).unwrap();
        let text = arrival.items[0].document.as_value().to_string();
        let is_left = values.iter().any(|value| text.contains(value));
        let is_reported =
            off.clones[0].enabled == Some(false) && !off.warnings.is_empty() && !reject.refusals.is_empty();
        // An automation that is only rewired arrives switched on. A value that is left is reported.
        if is_left && !is_reported {
            missed.push(name);
        }
    }
    println!("shapes found: {} of {}", shapes.len() - missed.len(), shapes.len());
    assert!(missed.is_empty(), "{missed:?}");
}
