//! References as exports of other systems have them: HighLevel, HubSpot, Zoho, Pipedrive, n8n, Make, Zapier, Retell, Vapi, Twilio and
//! MongoDB. They were written down before anything looked for them.

use super::shapes::{AGENT, GONE, GONE_UUID, OTHER, OTHER_TEMPLATE, PIPELINE, PROMPT, SELF, STAGE, Shape, TEMPLATE};
use super::*;

const STAGE_BARE: &str = "7b0f6a5e2c1d4e8f9a3b5d6c7e8f9a0b";
const GONE_BARE: &str = "0b9d1f0c5a3e4d2b8c7f6e5d4c3b2a19";

pub(super) fn shapes() -> Vec<Shape> {
    let mut shapes = high_level();
    shapes.extend(hub_spot_and_pipedrive());
    shapes.extend(zoho_and_others());
    shapes.extend(n8n_and_make());
    shapes.extend(voices());
    shapes.extend(databases());
    shapes.extend(super::outside_names::names());
    shapes.extend(super::outside_names::code());
    shapes
}

fn high_level() -> Vec<Shape> {
    vec![
        (
            "HL create opportunity",
            json!({"actions": [{"type": "create_opportunity", "name": "Opp", "attributes": {"pipelineId": PIPELINE, "stageId": STAGE}}]}),
            vec![PIPELINE, STAGE],
        ),
        (
            "HL filter in brackets",
            json!({"triggers": [{"type": "opportunity", "filter": format!("[{PIPELINE}]")}]}),
            vec![PIPELINE],
        ),
        ("HL custom value", json!({"actions": [{"assignee": format!("user:{GONE}")}]}), vec![GONE]),
        (
            "HL path of an opportunity",
            json!({"actions": [{"navigate": format!("/opportunities/list?pipeline={PIPELINE}")}]}),
            vec![PIPELINE],
        ),
        ("HL deep link", json!({"actions": [{"open": format!("app://pipelines/{PIPELINE}/board")}]}), vec![PIPELINE]),
        (
            "HL assign round robin",
            json!({"actions": [{"type": "assign_user", "users": {GONE: 50, "64ee9a8b1e7f2a00aabbccde": 50}}]}),
            vec![GONE],
        ),
        ("HL calendars", json!({"actions": [{"calendars": format!("{GONE} , {GONE_UUID}")}]}), vec![GONE]),
        ("HL goto", json!({"actions": [{"goto": format!("workflow/{OTHER}")}]}), vec![OTHER]),
        ("HL remove from workflow", json!({"actions": [{"workflow": format!("#{OTHER}")}]}), vec![OTHER]),
        ("HL if else", json!({"branches": [{"expr": format!("opportunity.stage_id == \"{STAGE}\"")}]}), vec![STAGE]),
        (
            "HL trigger stage by name",
            json!({"triggers": [{"conditions": [{"field": "opportunity.pipelineStageName", "value": "contacted"}]}]}),
            vec!["contacted"],
        ),
        (
            "HL stage id of another form",
            json!({"actions": [{"pipelineStageId": "kX3bWq9TzL0rVn5Yp7Ae"}]}),
            vec!["kX3bWq9TzL0rVn5Yp7Ae"],
        ),
        (
            "HL pipeline id of another form",
            json!({"actions": [{"pipeline_id": "ocQHyuzHvysMo5N5VsXc"}]}),
            vec!["ocQHyuzHvysMo5N5VsXc"],
        ),
        (
            "HL two of three are known",
            json!({"actions": [{"steps": format!("{TEMPLATE} {GONE_UUID} {PROMPT}")}]}),
            vec![TEMPLATE, GONE_UUID],
        ),
        ("HL template key", json!({"sms": {format!("template:{TEMPLATE}"): {"weight": 1}}}), vec![TEMPLATE]),
    ]
}

fn hub_spot_and_pipedrive() -> Vec<Shape> {
    vec![
        (
            "HS set property",
            json!({"actions": [{"actionTypeId": "0-5", "fields": {"property_name": "dealstage", "value": {"staticValue": "Contacted"}}}]}),
            vec!["Contacted"],
        ),
        (
            "HS list of stages",
            json!({"enrollmentCriteria": {"filters": [{"property": "dealstage", "operation": {"values": "Contacted;New Lead"}}]}}),
            vec!["Contacted;New Lead"],
        ),
        ("HS enrol", json!({"actions": [{"enroll": format!("flows/{OTHER}/enrollments")}]}), vec![OTHER]),
        ("HS owner", json!({"actions": [{"rotate": {"hubspot_owner": "warm-up agent"}}]}), vec!["warm-up agent"]),
        ("HS stage in capitals", json!({"actions": [{"dealstage": "CONTACTED"}]}), vec!["CONTACTED"]),
        (
            "HS branch by value",
            json!({"listBranches": [{"filterBranch": {"filters": [{"property": "pipeline_stage", "operation": {"operator": "IS_ANY_OF", "values": ["contacted"]}}]}}]}),
            vec!["contacted"],
        ),
        ("HS associations", json!({"actions": [{"objectKey": format!("deal-stage:{STAGE}")}]}), vec![STAGE]),
        (
            "HS stage of a pipeline",
            json!({"pipeline": {"stages": [{"label": "Contacted", "displayOrder": 1}]}}),
            vec!["Contacted"],
        ),
        ("HS stage as an object", json!({"deal": {"stage": {"name": "Contacted"}}}), vec!["Contacted"]),
        ("HS stage with white space", json!({"deal": {"moveTo": "  Contacted\n"}}), vec!["Contacted"]),
        ("PD stage by number", json!({"actions": [{"stage_id": 14}]}), vec!["14"]),
        ("PD pipeline by number", json!({"actions": [{"set": {"pipeline_id": "2"}}]}), vec!["\"2\""]),
        (
            "PD filter",
            json!({"filter": {"conditions": [{"object": "deal", "field_id": "stage_id", "operator": "=", "value": STAGE}]}}),
            vec![STAGE],
        ),
        ("PD key and value", json!({"set": "stage=Contacted"}), vec!["Contacted"]),
        ("PD owner", json!({"actions": [{"owner": {"name": "Warm-up Agent", "active": true}}]}), vec!["Warm-up Agent"]),
        ("PD owner in an array", json!({"actions": [{"owners": [{"label": "Closer"}]}]}), vec!["Closer"]),
    ]
}

fn zoho_and_others() -> Vec<Shape> {
    vec![
        (
            "Zoho criteria",
            json!({"criteria": "((Stage:equals:Contacted) and (Amount:greater_than:100))"}),
            vec!["Contacted"],
        ),
        ("Zoho criteria with quotes", json!({"rule": "(Lead_Status == 'Contacted')"}), vec!["Contacted"]),
        (
            "Zoho picklist",
            json!({"field_update": {"api_name": "Stage", "value": {"display_value": "Contacted"}}}),
            vec!["Contacted"],
        ),
        (
            "Zoho assignment",
            json!({"assignment": {"rule": {"assigned_to": {"name": "warm-up agent"}}}}),
            vec!["warm-up agent"],
        ),
        (
            "Zoho function",
            json!({"function": {"script_text_args": format!("deal.update(\"{PIPELINE}\")")}}),
            vec![PIPELINE],
        ),
        ("Zoho Deluge", json!({"deluge": "if(lead.get(\"Stage\") == \"Contacted\") { x(); }"}), vec!["Contacted"]),
        ("Zoho template", json!({"email": {"template": {"id": TEMPLATE, "name": "Intro"}}}), vec![TEMPLATE]),
        ("Salesforce formula", json!({"formula": "ISPICKVAL(StageName, \"Contacted\")"}), vec!["Contacted"]),
        ("Salesforce record type", json!({"recordType": format!("'{GONE}'")}), vec![GONE]),
        (
            "Salesforce flow",
            json!({"flow": {"assignments": [{"assignToReference": "$Record.StageName", "value": {"stringValue": "Contacted"}}]}}),
            vec!["Contacted"],
        ),
        (
            "ActiveCampaign",
            json!({"blocks": [{"type": "updatestage", "params": {"dealstage": "Contacted|New Lead"}}]}),
            vec!["Contacted|New Lead"],
        ),
        (
            "ActiveCampaign goal",
            json!({"goal": {"segment_logic": format!("stage in ('{STAGE}','{GONE_UUID}')")}}),
            vec![STAGE, GONE_UUID],
        ),
        ("Intercom", json!({"assign": {"teammate": {"type": "agent", "name": "Closer"}}}), vec!["Closer"]),
        (
            "Freshsales",
            json!({"events": [{"name": "x", "conditions": [{"nested": {"deal_stage": {"is": "contacted"}}}]}]}),
            vec!["contacted"],
        ),
        ("Close", json!({"query": format!("status_in({GONE},{GONE_UUID})")}), vec![GONE]),
        ("monday", json!({"columns": [{"status": {"label": "Contacted"}}]}), vec!["Contacted"]),
        ("monday JSON", json!({"column_values": "{\"status\": {\"label\": \"Contacted\"}}"}), vec!["Contacted"]),
        ("Notion", json!({"database": GONE_BARE}), vec![GONE_BARE]),
        ("Airtable", json!({"filterByFormula": "{Stage} = 'Contacted'"}), vec!["Contacted"]),
        ("German", json!({"aktionen": [{"verschieben": {"stage": " Contacted "}}]}), vec!["Contacted"]),
        ("Spanish", json!({"acciones": [{"moverA": "Contacted"}]}), vec!["Contacted"]),
        ("Russian", json!({"действия": [{"этап": "Contacted"}]}), vec!["Contacted"]),
    ]
}

fn n8n_and_make() -> Vec<Shape> {
    vec![
        (
            "n8n if",
            json!({"nodes": [{"id": "a", "parameters": {"conditions": {"string": [{"value1": "={{ $json.stage }}", "value2": "Contacted"}]}}}]}),
            vec!["Contacted"],
        ),
        (
            "n8n expression",
            json!({"nodes": [{"parameters": {"value": "={{ $json.stage === 'Contacted' ? 1 : 2 }}"}}]}),
            vec!["Contacted"],
        ),
        (
            "n8n id in an expression",
            json!({"nodes": [{"parameters": {"value": format!("={{{{ $json.pipeline == '{PIPELINE}' }}}}")}}]}),
            vec![PIPELINE],
        ),
        (
            "n8n resource locator",
            json!({"nodes": [{"parameters": {"workflowId": {"__rl": true, "value": OTHER, "mode": "id"}}}]}),
            vec![OTHER],
        ),
        (
            "n8n cached url",
            json!({"nodes": [{"parameters": {"workflowId": {"cachedResultUrl": format!("/workflow/{OTHER}")}}}]}),
            vec![OTHER],
        ),
        ("n8n switch", json!({"nodes": [{"parameters": {"rules": {"rules": [{"value2": STAGE}]}}}]}), vec![STAGE]),
        (
            "n8n code",
            json!({"nodes": [{"parameters": {"jsCode": format!("const agent = \"{AGENT}\";\nreturn agent;")}}]}),
            vec![AGENT],
        ),
        (
            "n8n code of an unknown id",
            json!({"nodes": [{"parameters": {"jsCode": format!("const calendar = '{GONE_UUID}';\nreturn calendar;")}}]}),
            vec![GONE_UUID],
        ),
        (
            "n8n JSON body",
            json!({"nodes": [{"parameters": {"jsonBody": format!("={{\"pipelineId\": \"{PIPELINE}\"}}")}}]}),
            vec![PIPELINE],
        ),
        (
            "n8n query",
            json!({"nodes": [{"parameters": {"queryString": format!("pipeline_id={PIPELINE}&limit=5")}}]}),
            vec![PIPELINE],
        ),
        ("n8n sub-workflow", json!({"settings": {"errorWorkflow": GONE}}), vec![GONE]),
        (
            "n8n JSON parameters",
            json!({"nodes": [{"parameters": {"additional": format!("{{\"calendar\":\"{GONE}\"}}")}}]}),
            vec![GONE],
        ),
        (
            "n8n escaped JSON",
            json!({"nodes": [{"parameters": {"raw": format!("\"{{\\\"calendar\\\":\\\"{GONE}\\\"}}\"")}}]}),
            vec![GONE],
        ),
        ("Make mapper", json!({"flow": [{"mapper": {"stage": {"label": "Contacted", "value": STAGE}}}]}), vec![STAGE]),
        (
            "Make filter",
            json!({"flow": [{"filter": {"conditions": [[{"a": "{{1.stage}}", "b": "Contacted", "o": "text:equal"}]]}}]}),
            vec!["Contacted"],
        ),
        (
            "Make filter in lower case",
            json!({"flow": [{"filter": {"conditions": [[{"a": "{{1.stage}}", "b": "contacted", "o": "text:equal:ci"}]]}}]}),
            vec!["contacted"],
        ),
        (
            "Make formula",
            json!({"flow": [{"mapper": {"next": "{{if(1.stage = \"Contacted\"; 1; 2)}}"}}]}),
            vec!["Contacted"],
        ),
        (
            "Make switch",
            json!({"flow": [{"mapper": {"to": format!("{{{{switch(1.s; \"a\"; \"{TEMPLATE}\")}}}}")}}]}),
            vec![TEMPLATE],
        ),
        ("Zapier", json!({"steps": [{"params": {"stage": format!("{STAGE}-Contacted")}}]}), vec![STAGE]),
        ("Zapier label", json!({"steps": [{"params": {"pipeline_stage__label": "Contacted"}}]}), vec!["Contacted"]),
        (
            "Zapier filter",
            json!({"steps": [{"filter_criteria": [{"key": "stage", "match": "exact", "value": "contacted"}]}]}),
            vec!["contacted"],
        ),
        (
            "Zapier code",
            json!({"steps": [{"code": "if (inputData.stage.trim() == 'Contacted') return {};"}]}),
            vec!["Contacted"],
        ),
        ("Pabbly", json!({"steps": [{"map": {"stage[]": ["Contacted "]}}]}), vec!["Contacted"]),
        (
            "Power Automate",
            json!({"definition": {"expression": "@equals(triggerBody()?['stage'], 'Contacted')"}}),
            vec!["Contacted"],
        ),
        (
            "Power Automate condition",
            json!({"definition": {"expression": {"and": [{"equals": ["@triggerBody()?['stage']", "Contacted"]}]}}}),
            vec!["Contacted"],
        ),
    ]
}

fn voices() -> Vec<Shape> {
    vec![
        ("Retell agent", json!({"actions": [{"retell": {"agent_id": "agent_7f3a9c2e"}}]}), vec!["agent_7f3a9c2e"]),
        ("Retell override", json!({"call": {"override_agent_id": format!("agent_{AGENT}")}}), vec![AGENT]),
        (
            "Retell edge",
            json!({"edges": [{"transition_condition": {"equations": [{"left": "{{stage}}", "operator": "==", "right": "Contacted"}]}}]}),
            vec!["Contacted"],
        ),
        ("Retell dynamic variables", json!({"call": {"dynamic": format!("agent={AGENT};lang=en")}}), vec![AGENT]),
        ("Vapi assistant", json!({"call": {"assistantId": GONE_UUID}}), vec![GONE_UUID]),
        ("Vapi squad", json!({"squad": {"members": [{"assistantId": format!("{{{GONE_UUID}}}")}]}}), vec![GONE_UUID]),
        ("Vapi URN", json!({"call": {"assistant": format!("urn:uuid:{GONE_UUID}")}}), vec![GONE_UUID]),
        (
            "Vapi transfer",
            json!({"destinations": [{"type": "assistant", "assistantName": "warm-up agent"}]}),
            vec!["warm-up agent"],
        ),
        (
            "Vapi phone number id",
            json!({"call": {"phoneNumberId": GONE_UUID.to_uppercase()}}),
            vec!["0B9D1F0C-5A3E-4D2B-8C7F-6E5D4C3B2A19"],
        ),
        (
            "Twilio flow",
            json!({"states": [{"type": "run-subflow", "properties": {"flow": format!("<{OTHER}>")}}]}),
            vec![OTHER],
        ),
        (
            "Twilio split",
            json!({"states": [{"transitions": [{"conditions": [{"arguments": ["{{contact.stage}}"], "type": "equal_to", "value": "Contacted"}]}]}]}),
            vec!["Contacted"],
        ),
        (
            "Twilio parameter",
            json!({"states": [{"properties": {"parameters": [{"key": "pipeline", "value": PIPELINE}]}}]}),
            vec![PIPELINE],
        ),
        ("Bland pathway", json!({"call": {"pathway": format!("pathway/{GONE_UUID}")}}), vec![GONE_UUID]),
        ("ElevenLabs", json!({"agents": format!("{AGENT},{GONE}")}), vec![AGENT, GONE]),
    ]
}

fn databases() -> Vec<Shape> {
    vec![
        ("ObjectId", json!({"actions": {"calendar": format!("ObjectId(\"{GONE}\")")}}), vec![GONE]),
        ("ObjectId in single quotes", json!({"actions": {"owner": format!("ObjectId('{AGENT}')")}}), vec![AGENT]),
        ("new ObjectId", json!({"actions": {"form": format!("new ObjectId('{GONE}')")}}), vec![GONE]),
        ("$oid", json!({"actions": {"form": {"$oid": GONE}}}), vec![GONE]),
        ("$oid of an agent", json!({"actions": {"owner": {"$oid": AGENT}}}), vec![AGENT]),
        ("$oid in a text", json!({"actions": {"form": format!("{{\"$oid\":\"{GONE}\"}}")}}), vec![GONE]),
        ("UUID of MongoDB", json!({"actions": {"form": format!("UUID(\"{GONE_UUID}\")")}}), vec![GONE_UUID]),
        ("UUID in braces", json!({"actions": {"form": format!("{{{GONE_UUID}}}")}}), vec![GONE_UUID]),
        ("UUID without dashes", json!({"actions": {"form": GONE_BARE}}), vec![GONE_BARE]),
        ("stage without dashes", json!({"actions": {"to": STAGE_BARE}}), vec![STAGE_BARE]),
        (
            "stage in capitals",
            json!({"actions": {"to": STAGE.to_uppercase()}}),
            vec!["7B0F6A5E-2C1D-4E8F-9A3B-5D6C7E8F9A0B"],
        ),
        ("quoted id", json!({"actions": {"form": format!("\"{GONE}\"")}}), vec![GONE]),
        ("id in backticks", json!({"actions": {"form": format!("`{GONE_UUID}`")}}), vec![GONE_UUID]),
        ("list in brackets", json!({"actions": {"forms": format!("[\"{GONE}\", \"{GONE_UUID}\"]")}}), vec![GONE]),
        ("unknown id as a key", json!({"weights": {GONE: 30, GONE_UUID: 70}}), vec![GONE]),
        ("unknown ids as keys of switches", json!({"enabledFor": {GONE_UUID: true}}), vec![GONE_UUID]),
        ("agent as a key", json!({"shares": {AGENT: 0.5}}), vec![AGENT]),
        ("JSON in a text", json!({"settings": format!("{{\"flow\":{{\"to\":\"{OTHER}\"}}}}")}), vec![OTHER]),
        (
            "JSON in JSON",
            json!({"settings": json!({"inner": json!({"pipeline": PIPELINE}).to_string()}).to_string()}),
            vec![PIPELINE],
        ),
        ("ARN", json!({"resource": format!("crm:acme:pipeline/{PIPELINE}")}), vec![PIPELINE]),
        ("GID", json!({"target": format!("gid://crm/Form/{GONE}")}), vec![GONE]),
        ("encoded query", json!({"filter": format!("%7B%22pipeline%22%3A%22{PIPELINE}%22%7D")}), vec![PIPELINE]),
        ("itself", json!({"audit": format!("automation {SELF} restarts")}), vec![SELF]),
        ("XML", json!({"config": format!("<form id=\"{GONE}\"/>")}), vec![GONE]),
        ("YAML", json!({"config": format!("form: {GONE_UUID}\nlang: en")}), vec![GONE_UUID]),
        ("SQL", json!({"where": format!("owner_id = '{GONE}' AND x = 1")}), vec![GONE]),
        ("CSV", json!({"rows": format!("name,template\nx,{OTHER_TEMPLATE}")}), vec![OTHER_TEMPLATE]),
        ("zero width", json!({"form": format!("\u{200b}{GONE}\u{feff}")}), vec![GONE]),
    ]
}
