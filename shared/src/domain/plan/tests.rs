mod destinations;
mod identity;
mod keys;
mod left_out;
mod ordinary;
mod outside;
mod outside_names;
mod properties;
mod shapes;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::domain::capture::capture;
use crate::domain::{Agent, PerKind, Pipeline, Setup, SetupItem, Stage, Timestamp};

/// Every kind is applied.
const ALL: PerKind<bool> = PerKind { automations: true, prompts: true, templates: true };

fn id(number: u8) -> ObjectId {
    ObjectId::from_bytes([number; 12])
}

fn items(first_id: u8, documents: Vec<Value>) -> Vec<SetupItem> {
    (first_id..)
        .zip(documents)
        .map(|(number, document)| SetupItem { id: id(number), document: serde_json::from_value(document).unwrap() })
        .collect()
}

fn organization(stages: &[&str], agents: &[(u8, &str)]) -> Organization {
    let stages =
        stages.iter().map(|name| Stage { name: (*name).into(), color: None, rest: Default::default() }).collect();
    let agent = |(number, name): &(u8, &str)| Agent {
        id: id(*number),
        name: (*name).into(),
        description: None,
        rest: Default::default(),
    };
    Organization {
        id: id(200),
        name: "Somewhere".into(),
        pipelines: vec![Pipeline {
            id: id(201),
            name: "Sales".into(),
            kind: "Contact".into(),
            stages,
            rest: Default::default(),
        }],
        agents: agents.iter().map(agent).collect(),
        trusted_destinations: Vec::new(),
        left_out: Vec::new(),
    }
}

fn source() -> Organization {
    organization(&["New Lead", "Contacted"], &[(60, "Warm-up Agent"), (61, "Closer")])
}

fn target() -> Organization {
    organization(&["New Lead", "Reached Out"], &[(70, "Default Agent"), (71, "Twin"), (72, "Twin"), (73, "Closer")])
}

fn content(automations: Vec<Value>, prompts: Vec<Value>, templates: Vec<Value>) -> Content {
    let setup = Setup::from(PerKind {
        automations: items(1, automations),
        prompts: items(20, prompts),
        templates: items(40, templates),
    });
    capture(setup, &source(), &Work::unlimited()).unwrap().content().unwrap()
}

fn mover() -> Value {
    json!({"name": "Mover", "sourceStatuses": ["New Lead"], "actions": {"targetStage": "Contacted"}})
}

fn across(content: &Content, choices: &Choices) -> Plan {
    plan(content, &Scope::OtherOrganization, &target(), choices, &Work::unlimited()).unwrap()
}

fn stages(entries: &[(&str, &str, &str)]) -> Choices {
    let mut choices = Choices::default();
    for (automation, from, to) in entries {
        choices.pipeline_mapping.entry((*automation).into()).or_default().insert((*from).into(), (*to).into());
    }
    choices
}

fn agents(entries: &[(&str, &str, u8)]) -> Choices {
    let mut choices = Choices::default();
    for (automation, from, to) in entries {
        choices.agent_mapping.entry((*automation).into()).or_default().insert((*from).into(), id(*to));
    }
    choices
}

fn pointers(plan: &Plan) -> Vec<&str> {
    plan.refusals.iter().map(|refusal| refusal.pointer.as_str()).collect()
}

#[test]
fn a_mapped_stage_arrives_under_its_new_name_and_the_automation_stays_on() {
    let plan = across(&content(vec![mover()], vec![], vec![]), &stages(&[("Mover", "Contacted", "Reached Out")]));
    assert_eq!(plan.refusals, []);
    assert_eq!(plan.warnings, []);
    assert_eq!(plan.clones[0].document.as_value()["actions"]["targetStage"], "Reached Out");
    assert_eq!(plan.clones[0].document.as_value()["sourceStatuses"], json!(["New Lead"]));
    assert_eq!(plan.clones[0].enabled, Some(true));
}

#[test]
fn an_unmapped_stage_switches_the_automation_off_and_says_so() {
    let plan = across(&content(vec![mover()], vec![], vec![]), &Choices::default());
    assert_eq!(plan.clones[0].enabled, Some(false));
    assert_eq!(plan.warnings.len(), 1);
    assert_eq!(plan.warnings[0].code, WarningCode::UnmappedReference);
    assert_eq!(plan.warnings[0].automation_name, "Mover");
    assert_eq!(plan.warnings[0].references.listed[0].value, "Contacted");
}

#[test]
fn an_unmapped_stage_is_refused_where_the_request_says_so() {
    let choices = Choices { on_unmapped: OnUnmapped::Reject, ..Choices::default() };
    let plan = across(&content(vec![mover()], vec![], vec![]), &choices);
    assert_eq!(pointers(&plan), ["/pipelineMapping/Mover/Contacted"]);
}

#[test]
fn every_wrong_entry_of_a_mapping_is_refused_with_its_place() {
    let mut choices = stages(&[
        ("No/Such", "Contacted", "Reached Out"),
        ("Mover", "Closed", "Reached Out"),
        ("Mover", "Contacted", "Nowhere"),
    ]);
    choices.source_statuses_mapping.insert("Mover".into(), vec!["New Lead".into(), "Gone".into()]);
    choices.agent_mapping.insert("Mover".into(), BTreeMap::from([("Bea".into(), id(70))]));
    let plan = across(&content(vec![mover()], vec![], vec![]), &choices);
    assert_eq!(
        pointers(&plan),
        [
            "/pipelineMapping/No~1Such",
            "/pipelineMapping/Mover/Closed",
            "/pipelineMapping/Mover/Contacted",
            "/sourceStatusesMapping/Mover/1",
            "/agentMapping/Mover/Bea",
        ]
    );
}

#[test]
fn an_automation_is_named_by_its_id_too_and_a_name_names_all_that_have_it() {
    let plan =
        across(&content(vec![mover(), mover()], vec![], vec![]), &stages(&[("Mover", "Contacted", "Reached Out")]));
    assert!(plan.clones.iter().all(|clone| clone.enabled == Some(true)));
    let plan = across(
        &content(vec![mover(), mover()], vec![], vec![]),
        &stages(&[(&id(2).to_string(), "Contacted", "Reached Out")]),
    );
    assert_eq!(plan.clones.iter().map(|clone| clone.enabled).collect::<Vec<_>>(), [Some(false), Some(true)]);
}

#[test]
fn two_entries_for_one_place_must_agree() {
    let by_id = id(1).to_string();
    let content = content(vec![mover()], vec![], vec![]);
    let agree = stages(&[("Mover", "Contacted", "Reached Out"), (&by_id, "Contacted", "Reached Out")]);
    assert_eq!(across(&content, &agree).refusals, []);
    let differ = stages(&[("Mover", "Contacted", "Reached Out"), (&by_id, "Contacted", "New Lead")]);
    assert_eq!(across(&content, &differ).refusals.len(), 1);
}

#[test]
fn source_statuses_are_replaced_as_a_whole_and_win_over_the_stage_mapping() {
    let automation = json!({"name": "Mover", "sourceStatuses": ["Contacted", "Elsewhere"], "actions": {}});
    for replacement in [vec![], vec!["New Lead".to_owned(), "Reached Out".to_owned()]] {
        let mut choices = stages(&[("Mover", "Contacted", "New Lead")]);
        choices.source_statuses_mapping.insert("Mover".into(), replacement.clone());
        let plan = across(&content(vec![automation.clone()], vec![], vec![]), &choices);
        assert_eq!(plan.refusals, []);
        assert_eq!(plan.clones[0].document.as_value()["sourceStatuses"], json!(replacement));
        assert_eq!(plan.clones[0].enabled, Some(true));
    }
}

#[test]
fn source_statuses_cannot_be_given_to_an_automation_that_has_none() {
    let mut choices = Choices::default();
    choices.source_statuses_mapping.insert("Bare".into(), vec!["New Lead".into()]);
    let plan = across(&content(vec![json!({"name": "Bare"})], vec![], vec![]), &choices);
    assert_eq!(pointers(&plan), ["/sourceStatusesMapping/Bare"]);
}

#[test]
fn a_place_that_held_a_name_gets_the_name_and_one_that_held_an_id_the_id() {
    let by_id = id(60).to_string();
    let automation = json!({"name": "Caller", "actions": {"agent": "Warm-up Agent", "agentId": by_id}});
    // Either key means both places, because the source organization has an agent of that id and name.
    for key in ["Warm-up Agent", &by_id] {
        let plan = across(&content(vec![automation.clone()], vec![], vec![]), &agents(&[("Caller", key, 70)]));
        assert_eq!(plan.refusals, []);
        let expected = json!({"agent": "Default Agent", "agentId": id(70)});
        assert_eq!(plan.clones[0].document.as_value()["actions"], expected, "{key}");
    }
    let differ = agents(&[("Caller", "Warm-up Agent", 70), ("Caller", &by_id, 73)]);
    assert!(!across(&content(vec![automation], vec![], vec![]), &differ).refusals.is_empty());
}

#[test]
fn an_agent_of_the_same_name_needs_no_mapping_but_one_by_id_or_with_a_twin_does() {
    for (value, on) in [("Closer", true), ("closer", false), ("Twin", false), (id(73).to_string().as_str(), false)] {
        let automation = json!({"name": "Caller", "actions": {"agent": value}});
        let plan = across(&content(vec![automation], vec![], vec![]), &Choices::default());
        assert_eq!(plan.clones[0].enabled, Some(on), "{value}");
    }
}

#[test]
fn a_name_cannot_be_mapped_to_an_agent_whose_name_is_not_its_own() {
    let automation = json!({"name": "Caller", "actions": {"agent": "Warm-up Agent"}});
    let plan = across(&content(vec![automation], vec![], vec![]), &agents(&[("Caller", "Warm-up Agent", 71)]));
    assert_eq!(pointers(&plan), ["/agentMapping/Caller/Warm-up Agent"]);
    let unknown = json!({"name": "Caller", "actions": {"agent": "Warm-up Agent"}});
    let plan = across(&content(vec![unknown], vec![], vec![]), &agents(&[("Caller", "Warm-up Agent", 99)]));
    assert_eq!(pointers(&plan), ["/agentMapping/Caller/Warm-up Agent"]);
}

fn messenger() -> Content {
    content(
        vec![json!({"name": "Messenger", "actions": {
            "sendMessage": [{"template": "Intro"}], "templateId": id(40), "prompt": "Talk", "promptId": id(20)
        }})],
        vec![json!({"name": "Talk"})],
        vec![json!({"name": "Intro"})],
    )
}

#[test]
fn references_to_templates_and_prompts_lead_to_the_clones() {
    let plan = across(&messenger(), &Choices::default());
    assert_eq!(plan.clones[0].enabled, Some(true));
    let origin = Origin { apply: id(9), snapshot: id(8), revision: 3, at: Timestamp::from_millis(0) };
    let arrival = plan.arrive(&origin, &identity::new_user(None), &Work::unlimited()).unwrap();
    let [automation, prompt, template] = &arrival.items[..] else { panic!("{arrival:?}") };
    let actions = &automation.document.as_value()["actions"];
    assert_eq!(actions["templateId"], template.id.to_string());
    assert_eq!(actions["promptId"], prompt.id.to_string());
    assert_eq!(actions["sendMessage"][0]["template"], "Intro");
    assert_eq!(template.cloned_from.to_string(), format!("{}:3:{}", id(8), id(40)));
    assert_eq!(arrival.preferences, BTreeMap::from([(automation.id, true)]));
    assert_eq!(Ok(arrival), plan.arrive(&origin, &identity::new_user(None), &Work::unlimited()));
}

#[test]
fn what_a_flag_leaves_out_is_counted_and_leaves_references_dangling() {
    let choices = Choices { apply: PerKind { templates: false, prompts: false, ..ALL }, ..Choices::default() };
    let plan = across(&messenger(), &choices);
    let outcome = json!({
        "cloned": {"automations": 1, "prompts": 0, "templates": 0}, "mapped": {"prompts": 0},
        "skipped": {"automations": 0, "templates": 1}
    });
    assert_eq!(serde_json::to_value(plan.outcome).unwrap(), outcome);
    assert_eq!(plan.clones[0].enabled, Some(false));
    assert_eq!(plan.warnings[0].references.total, 4);
    let rejected = across(&messenger(), &Choices { on_unmapped: OnUnmapped::Reject, ..choices });
    assert_eq!(pointers(&rejected), ["/applyPrompts", "/applyPrompts", "/applyTemplates", "/applyTemplates"]);
}

#[test]
fn an_automation_whose_secrets_were_removed_arrives_switched_off() {
    let automation = json!({"name": "Hook", "actions": {"webhookUrl": "https://h.example/secret"}});
    let plan = across(&content(vec![automation], vec![], vec![]), &Choices::default());
    assert_eq!(plan.clones[0].enabled, Some(false));
    assert_eq!(plan.warnings[0].code, WarningCode::SecretsRemoved);
    assert!(plan.warnings[0].detail.contains("/actions/webhookUrl"), "{}", plan.warnings[0].detail);
}

fn within(content: &Content, existing: &[u8], choices: &Choices) -> Plan {
    let scope = Scope::SameOrganization { automations: existing.iter().map(|number| id(*number)).collect() };
    plan(content, &scope, &source(), choices, &Work::unlimited()).unwrap()
}

fn three_prompts() -> Content {
    content(
        vec![mover(), mover()],
        vec![json!({"name": "a"}), json!({"name": "b"}), json!({"name": "b"})],
        vec![json!({"name": "t"})],
    )
}

#[test]
fn within_one_organization_prompts_are_cloned_and_the_rest_is_there_already() {
    let plan = within(&three_prompts(), &[2], &Choices::default());
    let outcome = json!({
        "cloned": {"automations": 0, "prompts": 3, "templates": 0}, "mapped": {"prompts": 0},
        "skipped": {"automations": 2, "templates": 1}
    });
    assert_eq!(serde_json::to_value(plan.outcome).unwrap(), outcome);
    assert_eq!(plan.kept_preferences, [(id(2), true)]);
}

#[test]
fn selected_prompts_are_cloned_with_all_of_their_name_and_the_others_are_mapped() {
    for (names, cloned) in [(vec![], 0), (vec!["a"], 1), (vec!["b"], 2), (vec!["a", "b", "a"], 3)] {
        let selected = Some(names.iter().map(|name| (*name).to_owned()).collect());
        let plan = within(&three_prompts(), &[], &Choices { selected_prompt_names: selected, ..Choices::default() });
        assert_eq!((plan.outcome.cloned.prompts, plan.outcome.mapped.prompts), (cloned, 3 - cloned), "{names:?}");
    }
    let selected = Some(vec!["a".to_owned(), "c".to_owned()]);
    let choices = Choices { selected_prompt_names: selected, ..Choices::default() };
    assert_eq!(pointers(&within(&three_prompts(), &[], &choices)), ["/selectedPromptNames/1"]);
}

#[test]
fn prompts_are_selected_only_within_the_source_organization() {
    let selected = |names: &[&str]| Choices {
        selected_prompt_names: Some(names.iter().map(|name| (*name).to_owned()).collect()),
        ..Choices::default()
    };
    assert_eq!(pointers(&across(&three_prompts(), &selected(&["a"]))), ["/selectedPromptNames"]);
    assert_eq!(across(&three_prompts(), &selected(&[])), across(&three_prompts(), &Choices::default()));
}

#[test]
fn without_prompts_a_selection_has_no_effect_and_all_are_mapped() {
    let choices = Choices {
        apply: PerKind { prompts: false, ..ALL },
        selected_prompt_names: Some(vec!["zzz".into()]),
        ..Choices::default()
    };
    let plan = within(&three_prompts(), &[], &choices);
    assert_eq!((plan.outcome.cloned.prompts, plan.outcome.mapped.prompts), (0, 3));
    assert_eq!(plan.warnings[0].code, WarningCode::SelectionIgnored);
    assert_eq!(plan.refusals, []);
}

#[test]
fn a_mapping_for_automations_that_are_not_cloned_is_ignored_with_a_warning() {
    let mapping = stages(&[("Whatever", "x", "y")]);
    let off = Choices { apply: PerKind { automations: false, ..ALL }, ..mapping.clone() };
    for plan in [within(&three_prompts(), &[], &mapping), across(&three_prompts(), &off)] {
        assert_eq!(plan.refusals, []);
        assert_eq!(plan.warnings.len(), 1);
        assert_eq!(plan.warnings[0].code, WarningCode::MappingIgnored);
        assert_eq!(plan.warnings[0].automation_name, "Whatever");
    }
}

#[test]
fn the_hash_tells_outcomes_apart_and_nothing_else() {
    let content = messenger();
    let first = across(&content, &Choices::default());
    let hash = |plan: Plan| plan.hash(None, &Work::unlimited()).unwrap();
    let without_templates = Choices { apply: PerKind { templates: false, ..ALL }, ..Choices::default() };
    assert_eq!(hash(first), hash(across(&content, &Choices::default())));
    assert_ne!(hash(across(&content, &Choices::default())), hash(across(&content, &without_templates)));
}

#[test]
fn a_plan_collects_at_most_200_refusals() {
    for (wrong, collected) in [(199, 199), (200, 200), (201, 200)] {
        let names: Vec<String> = (0..wrong).map(|number| number.to_string()).collect();
        let entries: Vec<_> = names.iter().map(|name| ("Mover", name.as_str(), "New Lead")).collect();
        let plan = across(&content(vec![mover()], vec![], vec![]), &stages(&entries));
        assert_eq!(plan.refusals.len(), collected);
        let choices = Choices { selected_prompt_names: Some(names), ..Choices::default() };
        assert_eq!(within(&three_prompts(), &[], &choices).refusals.len(), collected);
    }
}

#[test]
fn one_name_cannot_multiply_source_statuses_beyond_100_000() {
    let many = |count| content(vec![json!({"name": "Many", "sourceStatuses": []}); count], vec![], vec![]);
    let content = many(100);
    for (length, good) in [(999, true), (1_000, true), (1_001, false)] {
        let mut choices = Choices::default();
        choices.source_statuses_mapping.insert("Many".into(), vec!["New Lead".into(); length]);
        assert_eq!(across(&content, &choices).refusals.is_empty(), good, "{length}");
    }
}

#[test]
fn an_automation_that_uses_a_template_without_its_secret_arrives_switched_off() {
    let content = content(
        vec![json!({"name": "Sender", "actions": {"sendMessage": [{"template": "Offer"}]}})],
        vec![],
        vec![json!({"name": "Offer", "template": "Log in with password: hunter22"})],
    );
    let plan = across(&content, &Choices::default());
    assert_eq!(plan.clones[0].enabled, Some(false));
    let warned: Vec<_> = plan.warnings.iter().map(|warning| warning.automation_name.as_str()).collect();
    assert_eq!(warned, ["Sender", ""]);
    assert!(plan.warnings[1].detail.contains("/template of the template \"Offer\""), "{}", plan.warnings[1].detail);
}

#[test]
fn mappings_and_selections_have_at_most_5000_entries() {
    for (length, good) in [(MAX_ENTRIES - 1, true), (MAX_ENTRIES, true), (MAX_ENTRIES + 1, false)] {
        let names: Vec<String> = (0..length).map(|number| number.to_string()).collect();
        let stages: BTreeMap<String, String> = names.iter().map(|name| (name.clone(), name.clone())).collect();
        let ids: BTreeMap<String, ObjectId> = names.iter().map(|name| (name.clone(), id(1))).collect();
        for choices in [
            Choices { pipeline_mapping: BTreeMap::from([("a".into(), stages)]), ..Choices::default() },
            Choices { source_statuses_mapping: BTreeMap::from([("a".into(), names.clone())]), ..Choices::default() },
            Choices { agent_mapping: BTreeMap::from([("a".into(), ids)]), ..Choices::default() },
            Choices { selected_prompt_names: Some(names), ..Choices::default() },
        ] {
            assert_eq!(choices.check_size().is_ok(), good, "{length}");
        }
    }
}
