use serde_json::{Value, json};

use super::*;
use crate::domain::content::SourceTerms;
use crate::domain::{Document, OverBudget, Work};

const AGENT: &str = "64eea1110000000000000061";
const TEMPLATE: &str = "64ee000000000000000000aa";

fn document(value: Value) -> Document {
    serde_json::from_value(value).unwrap()
}

fn terms() -> SourceTerms {
    serde_json::from_value(json!({
        "agents": [{"id": AGENT, "name": "Warm-up Agent"}],
        "pipelines": [{"id": "64eea1110000000000000011", "name": "Sales", "type": "Contact", "stages": [
            {"name": "Contacted", "ids": ["3f2b8c1e-0d4a-4b6f-9a57-1c2d3e4f5a6b"]}, {"name": "sms"}]}]
    }))
    .unwrap()
}

fn found_in(value: Value) -> Vec<(String, String, RefType, bool)> {
    let (terms, document) = (terms(), document(value));
    let mut lookup = Lookup::of_terms(&terms, &Work::unlimited()).unwrap();
    lookup.add_items(ItemKind::Template, [TEMPLATE.parse().unwrap()].into_iter());
    let sites = lookup.sites(ItemKind::Automation, &document);
    sites.into_iter().map(|site| (site.pointer, site.value.into_owned(), site.ref_type, site.suspected)).collect()
}

fn at(pointer: &str, value: &str, ref_type: RefType, suspected: bool) -> Vec<(String, String, RefType, bool)> {
    vec![(pointer.into(), value.into(), ref_type, suspected)]
}

fn automation() -> Document {
    document(json!({
        "name": "Everything",
        "sourceStatuses": ["New Lead", "", 7, "Contacted"],
        "conditions": [
            {"field": "status", "op": "eq", "value": "Closed Won"},
            {"source": "lead", "field": "agentId", "operator": "in", "value": [AGENT, "Bea"], "logicalOperator": "and"},
            {"field": "city", "op": "eq", "value": "Contacted"},
            "not an object"
        ],
        "actions": {
            "targetStage": "Contacted", "changeToStatus": "Won", "agent": "Warm-up Agent", "agentId": AGENT,
            "templateId": TEMPLATE, "prompt": "Default warm-up prompt", "promptId": "64ee000000000000000000bb",
            "sendMessage": [{"template": "Intro", "channel": "sms"}, {"channel": "sms"}, {"template": ""}]
        }
    }))
}

#[test]
fn every_place_that_is_certain_is_found_once() {
    let document = automation();
    let found: Vec<_> = Lookup::default()
        .sites(ItemKind::Automation, &document)
        .into_iter()
        .map(|site| (site.pointer, site.value.into_owned(), site.ref_type))
        .collect();
    use RefType::{Agent, PipelineStage, Prompt, Template};
    let expected = [
        ("/sourceStatuses/0", "New Lead", PipelineStage),
        ("/sourceStatuses/2", "7", PipelineStage),
        ("/sourceStatuses/3", "Contacted", PipelineStage),
        ("/actions/agent", "Warm-up Agent", Agent),
        ("/actions/agentId", AGENT, Agent),
        ("/actions/changeToStatus", "Won", PipelineStage),
        ("/actions/prompt", "Default warm-up prompt", Prompt),
        ("/actions/promptId", "64ee000000000000000000bb", Prompt),
        ("/actions/sendMessage/0/template", "Intro", Template),
        ("/actions/targetStage", "Contacted", PipelineStage),
        ("/actions/templateId", TEMPLATE, Template),
        ("/conditions/0/value", "Closed Won", PipelineStage),
        ("/conditions/1/value/0", AGENT, Agent),
        ("/conditions/1/value/1", "Bea", Agent),
    ];
    assert_eq!(found, expected.map(|(pointer, value, kind)| (pointer.to_owned(), value.to_owned(), kind)));
}

#[test]
fn a_place_in_another_shape_is_found_and_one_that_cannot_be_read_says_so() {
    let found = |value: Value| -> Vec<(String, bool)> {
        let document = document(value);
        let sites = Lookup::default().sites(ItemKind::Automation, &document);
        sites.into_iter().map(|site| (site.pointer, site.is_readable)).collect()
    };
    let at = |pointer: &str, is_readable| vec![(pointer.to_owned(), is_readable)];
    assert_eq!(found(json!({"actions": {"targetStage": {"name": "Won"}}})), at("/actions/targetStage/name", true));
    assert_eq!(found(json!({"actions": {"targetStage": {"x": 1}}})), at("/actions/targetStage", false));
    assert_eq!(found(json!({"actions": {"agentId": 7}})), at("/actions/agentId", false));
    assert_eq!(found(json!({"actions": [{"agent": "Bea"}]})), at("/actions/0/agent", true));
    let message = json!({"actions": {"sendMessage": {"template": "x"}}});
    assert_eq!(found(message), at("/actions/sendMessage/template", true));
    assert_eq!(found(json!({"conditions": {"field": "status", "value": "x"}})), at("/conditions/value", true));
    assert_eq!(found(json!({"sourceStatuses": [["New Lead"]]})), at("/sourceStatuses/0/0", true));
    assert_eq!(found(json!({"actions": {"agent": true, "targetStage": null, "prompt": " ", "promptId": {}}})), []);
}

#[test]
fn an_id_is_a_reference_anywhere() {
    use RefType::{Agent, Pipeline, PipelineStage, Template, Unknown};
    assert_eq!(found_in(json!({"x": {"y": [AGENT]}})), at("/x/y/0", AGENT, Agent, false));
    let pipeline = "64eea1110000000000000011";
    assert_eq!(found_in(json!({"pipelineId": pipeline})), at("/pipelineId", pipeline, Pipeline, false));
    let stage = "3f2b8c1e-0d4a-4b6f-9a57-1c2d3e4f5a6b";
    assert_eq!(found_in(json!({"x": stage})), at("/x", stage, PipelineStage, false));
    let unknown = "64ee000000000000000000ff";
    assert_eq!(found_in(json!({"x": unknown})), at("/x", unknown, Unknown, false));
    assert_eq!(
        found_in(json!({"weights": {TEMPLATE: 1}})),
        at(&format!("/weights/{TEMPLATE}"), TEMPLATE, Template, false)
    );
    let list = found_in(json!({"x": format!("{TEMPLATE}, {unknown}")}));
    assert_eq!(list, [at("/x", TEMPLATE, Template, false), at("/x", unknown, Unknown, false)].concat());
}

#[test]
fn what_a_document_defines_itself_is_no_unknown_id() {
    let (a, b) = ("64ee000000000000000000ff", "3f2b8c1e-0d4a-4b6f-9a57-1c2d3e4f5a6c");
    assert_eq!(found_in(json!({"steps": [{"_id": a, "next": b}, {"key": b, "next": a}]})), []);
    assert_eq!(found_in(json!({"nodes": {a: {"next": a}}})), []);
    assert_eq!(found_in(json!({"organizationId": a, "userId": b, "createdBy": a, "copiedFromId": a})), []);
}

#[test]
fn a_name_is_suspected_where_anything_may_stand_and_not_in_closed_words_or_in_what_is_sent() {
    let suspected = |pointer: &str| at(pointer, "Contacted", RefType::PipelineStage, true);
    assert_eq!(found_in(json!({"actions": {"moveTo": "Contacted"}})), suspected("/actions/moveTo"));
    assert_eq!(found_in(json!({"flow": {"then": ["Contacted"]}})), suspected("/flow/then/0"));
    let condition = json!({"conditions": [{"field": "custom.deal_phase", "value": "Contacted"}]});
    assert_eq!(found_in(condition), suspected("/conditions/0/value"));
    let agent = found_in(json!({"actions": {"owner": "Warm-up Agent"}}));
    assert_eq!(agent, at("/actions/owner", "Warm-up Agent", RefType::Agent, true));
    for closed in [
        json!({"name": "Contacted", "event": "Contacted", "timerLogic": {"unit": "Contacted"}}),
        json!({"actions": {"channel": "sms", "type": "sms", "channels": ["sms"], "webhookMethod": "sms"}}),
        json!({"actions": {"webhookPayload": {"stage": "Contacted"}, "tags": ["Contacted"], "text": "Contacted"}}),
        json!({"actions": [{"type": "add_tag", "value": "Contacted"}]}),
        json!({"conditions": [{"source": "sms", "field": "message.channel", "operator": "Contacted", "value": "sms"}]}),
        json!({"actions": {"prompt": "{{stage}}", "moveTo": "{{ stage }}"}, "x": "{{contact.stage}}"}),
    ] {
        assert_eq!(found_in(closed.clone()), [], "{closed}");
    }
}

#[test]
fn a_place_that_lost_a_secret_or_holds_the_source_person_is_no_reference() {
    let item = crate::domain::content::CapturedItem {
        enabled: None,
        document: document(json!({"a": AGENT, "b": AGENT, "c": AGENT})),
        id: ObjectId::NOBODY,
        identity: serde_json::from_value(json!([{"pointer": "/b", "kind": "userId"}])).unwrap(),
        removed_secrets: vec!["/a".into()],
    };
    let mut found = Vec::new();
    let walk = Lookup::default().each_site::<OverBudget>(ItemKind::Prompt, &item, &Work::unlimited(), |site| {
        found.push(site.pointer);
        Ok(())
    });
    assert_eq!((walk, found), (Ok(()), vec!["/c".to_owned()]));
}

#[test]
fn prompts_and_templates_refer_by_id_and_not_in_their_own_text() {
    let document =
        document(json!({"prompt": AGENT, "name": AGENT, "tools": [{"agent": "Warm-up Agent", "use": AGENT}]}));
    let sites = Lookup::default().sites(ItemKind::Prompt, &document);
    assert_eq!(sites.iter().map(|site| site.pointer.as_str()).collect::<Vec<_>>(), ["/tools/0/use"]);
}

#[test]
fn a_reference_is_shown_in_the_published_shape() {
    let document = document(json!({"actions": {"targetStage": "Contacted"}}));
    let id = ObjectId::from_bytes([7; 12]);
    let sites = Lookup::default().sites(ItemKind::Automation, &document);
    let shown = |name: &str| serde_json::to_value(sites[0].describe(id, name)).unwrap();
    let name = "Move to Contacted on first reply";
    assert_eq!(
        shown(name),
        json!({"automationName": name, "automationId": id, "field": "targetStage", "value": "Contacted",
               "refType": "pipelineStage", "fieldLocation": "actions", "pointer": "/actions/targetStage", "suspected": false})
    );
    for (length, cut) in [(119, false), (120, false), (121, true)] {
        let shown = shown(&"\u{1}".repeat(length));
        assert_eq!(shown.get("automationNameCut").is_some(), cut, "{length}");
        assert_eq!(shown["automationName"].as_str().unwrap().chars().count(), length.min(120));
    }
}

#[test]
fn a_rewrite_changes_what_it_is_given_and_nothing_else() {
    let before = automation();
    let mut after = before.clone();
    let sites = Lookup::default().sites(ItemKind::Automation, &before);
    let contacted = sites.iter().filter(|site| site.value == "Contacted");
    rewrite(&mut after, contacted.map(|site| site.replaced_by("Reached Out".to_owned())).collect());
    let mut expected = automation();
    *expected.pointer_mut("/sourceStatuses/3").unwrap() = json!("Reached Out");
    *expected.pointer_mut("/actions/targetStage").unwrap() = json!("Reached Out");
    assert_eq!(after, expected);
    rewrite(&mut after, Vec::new());
    assert_eq!(after, expected);
}

#[test]
fn each_id_of_a_list_is_rewritten_by_itself() {
    let (a, b) = ("64ee000000000000000000f1", "64ee000000000000000000f2");
    let before = document(json!({"x": format!("{a};{b} {a}")}));
    let mut after = before.clone();
    let sites = Lookup::default().sites(ItemKind::Automation, &before);
    let long =
        |site: &Site<'_>| site.replaced_by(if site.value == a { "longer than before".into() } else { "b".into() });
    rewrite(&mut after, sites.iter().map(long).collect());
    assert_eq!(after.as_value()["x"], "longer than before;b longer than before");
    let mut text = format!("{a},{b}");
    rewire(&mut text, &[(a.parse().unwrap(), b.parse().unwrap())].into());
    assert_eq!(text, format!("{b},{b}"));
}
