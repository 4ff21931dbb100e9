//! Names of stages and agents as exports of other systems have them: alone, in lists, in expressions and in code.

use super::shapes::Shape;
use super::*;

pub(super) fn names() -> Vec<Shape> {
    let contacted = |name, fields| (name, fields, vec!["ontacted"]);
    vec![
        contacted("lower case after a reply", json!({"onReply": "contacted"})),
        contacted("lower case of a move", json!({"moveTo": "contacted"})),
        contacted("name of a stage", json!({"then": {"stage": {"name": "Contacted"}}})),
        contacted("title of a stage", json!({"then": {"stage": {"title": "Contacted"}}})),
        contacted("name of stages", json!({"then": {"stages": [{"name": "Contacted", "color": "red"}]}})),
        contacted("type and name", json!({"goal": {"type": "stage", "name": "Contacted"}})),
        contacted("stage after a colon", json!({"goal": "stage:Contacted"})),
        contacted("comma list", json!({"exclude": "Contacted, New Lead"})),
        contacted("comma list of a stage field", json!({"excludeStages": "Contacted, Somewhere"})),
        contacted("padded in a list", json!({"exclude": ["  Contacted  "]})),
        contacted("list in lower case", json!({"skipStages": ["contacted", "new lead"]})),
        contacted("slug", json!({"stage": "contacted"})),
        ("slug of two words", json!({"step": {"stage": "new_lead"}}), vec!["new_lead"]),
        ("kebab of two words", json!({"step": {"agentSlug": "warm-up-agent"}}), vec!["warm-up-agent"]),
        ("agent in lower case anywhere", json!({"escalation": {"to": "warm-up agent"}}), vec!["warm-up agent"]),
        ("agent in capitals", json!({"owner": "CLOSER"}), vec!["CLOSER"]),
    ]
}

pub(super) fn code() -> Vec<Shape> {
    let contacted = |name, fields| (name, fields, vec!["Contacted"]);
    vec![
        contacted("JavaScript", json!({"when": "contact.stage === \"Contacted\" && contact.score > 5"})),
        contacted("in an array", json!({"when": "['New', 'Contacted'].includes(contact.stage)"})),
        contacted("SQL", json!({"where": "stage = 'Contacted' OR city = 'X'"})),
        contacted("Liquid", json!({"condition": "{% if contact.stage == 'Contacted' %}1{% endif %}"})),
        contacted("Handlebars", json!({"condition": "{{#if (eq stage \"Contacted\")}}1{{/if}}"})),
        contacted("JSON logic", json!({"rule": {"==": [{"var": "stage"}, "Contacted"]}})),
        contacted("Mongo", json!({"match": {"stage": {"$in": ["Contacted"]}}})),
        contacted("the value first", json!({"when": "'Contacted' == contact.stage"})),
        contacted("call", json!({"run": "setStage(\"Contacted\")"})),
        contacted("without quotes", json!({"when": "stage is Contacted"})),
        contacted("switch", json!({"run": "switch (stage) { case 'Contacted': go(); }"})),
        contacted("query", json!({"search": "limit=5&stage=Contacted"})),
    ]
}
