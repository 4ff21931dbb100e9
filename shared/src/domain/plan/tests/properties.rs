//! What holds for every automation and every mapping.

use proptest::prelude::*;

use super::*;
use crate::domain::reference::{self, Lookup, RefType};
use crate::domain::{Document, ItemKind};

/// Values that references take in the property tests: some exist in the target organization, some do not.
fn a_value() -> impl Strategy<Value = Value> {
    let names =
        ["New Lead", "Contacted", "Reached Out", "Warm-up Agent", "Closer", "Twin", "Talk", "Intro", "Nobody", ""];
    prop_oneof![
        6 => proptest::sample::select(names.to_vec()).prop_map(Value::from),
        2 => proptest::sample::select(vec![20_u8, 40, 60, 61, 73]).prop_map(|number| json!(id(number))),
        1 => Just(json!(null)),
        1 => Just(json!(7)),
    ]
}

prop_compose! {
    fn an_automation()(
        name in "[ab]",
        statuses in proptest::option::of(proptest::collection::vec(a_value(), 0..3)),
        actions in proptest::collection::btree_map(
            proptest::sample::select(vec![
                "targetStage", "changeToStatus", "agent", "agentId", "templateId", "prompt", "promptId", "other"]),
            a_value(), 0..5),
        messages in proptest::collection::vec(a_value(), 0..3),
        conditions in proptest::collection::vec(
            (proptest::sample::select(vec!["status", "stage", "agent", "city"]), a_value(), any::<bool>()), 0..3),
    ) -> Value {
        let mut actions = serde_json::to_value(actions).unwrap();
        actions["sendMessage"] = messages.iter().map(|template| json!({"template": template, "channel": "sms"})).collect();
        let conditions: Vec<Value> = conditions
            .into_iter()
            .map(|(field, value, many)| json!({"field": field, "value": if many { json!([value]) } else { value }}))
            .collect();
        let mut automation = json!({"name": name, "actions": actions, "conditions": conditions, "kept": {"as": ["is", 1.5]}});
        if let Some(statuses) = statuses {
            automation["sourceStatuses"] = statuses.into();
        }
        automation
    }
}

prop_compose! {
    fn some_content()(automations in proptest::collection::vec(an_automation(), 0..4)) -> Content {
        content(automations, vec![json!({"name": "Talk"})], vec![json!({"name": "Intro"})])
    }
}

prop_compose! {
    fn some_choices()(
        targets in proptest::collection::vec(
            (proptest::sample::select(vec!["a", "b"]), proptest::sample::select(vec!["New Lead", "Contacted"]),
             proptest::sample::select(vec!["New Lead", "Reached Out"])), 0..3),
        agent in proptest::option::of(proptest::sample::select(vec![70_u8, 73])),
        flags in any::<[bool; 3]>(),
    ) -> Choices {
        let mut choices = stages(&targets);
        if let Some(agent) = agent {
            choices.agent_mapping.insert("a".into(), BTreeMap::from([("Warm-up Agent".into(), id(agent))]));
        }
        [choices.apply.automations, choices.apply.prompts, choices.apply.templates] = flags;
        choices
    }
}

/// Whether a reference of a clone leads somewhere for the new user.
fn leads_somewhere(site: &reference::Site, arrival: &Arrival) -> bool {
    if !site.is_readable {
        return false;
    }
    let targets = target();
    let cloned = |kind| {
        arrival
            .items
            .iter()
            .any(|item| item.kind == kind && (item.id.to_string() == site.value || item.document.name() == site.value))
    };
    // The id of an agent is one wherever it stands.
    if targets.agents.iter().any(|agent| agent.id.to_string() == site.value) {
        return true;
    }
    match site.ref_type {
        RefType::PipelineStage => targets.has_stage(&site.value),
        RefType::Agent => targets.only_agent_named(&site.value).is_some(),
        RefType::Template => cloned(ItemKind::Template),
        RefType::Prompt => cloned(ItemKind::Prompt),
        RefType::Automation => cloned(ItemKind::Automation),
        RefType::Pipeline | RefType::Unknown => false,
    }
}

proptest! {
    #[test]
    fn rewriting_with_an_empty_mapping_changes_nothing(automation in an_automation()) {
        let before: Document = serde_json::from_value(automation).unwrap();
        let mut after = before.clone();
        reference::rewrite(&mut after, Vec::new());
        prop_assert_eq!(&after, &before);
        let sites = Lookup::default().sites(ItemKind::Automation, &before);
        let readable = sites.iter().filter(|site| site.is_readable);
        reference::rewrite(&mut after, readable.map(|site| site.replaced_by(site.value.clone().into_owned())).collect());
        prop_assert_eq!(&after, &before);
    }

    #[test]
    fn no_reference_is_lost_and_none_is_left_dangling_and_switched_on(content in some_content(), choices in some_choices()) {
        let plan = across(&content, &choices);
        let arrival = plan.arrive(
            &Origin { apply: id(9), snapshot: id(8), revision: 1, at: Timestamp::from_millis(0) },
            &identity::new_user(None),
            &Work::unlimited(),
        );
        let arrival = arrival.unwrap();
        if !choices.apply.automations {
            prop_assert!(arrival.items.iter().all(|item| item.kind != ItemKind::Automation));
            return Ok(());
        }
        for (source, clone) in content.items.automations.iter().zip(&arrival.items) {
            let mut here = Lookup::default();
            here.add_items(ItemKind::Prompt, arrival.items.iter().filter(|item| item.kind == ItemKind::Prompt).map(|item| item.id));
            here.add_items(ItemKind::Template, arrival.items.iter().filter(|item| item.kind == ItemKind::Template).map(|item| item.id));
            let lookup = Lookup::of(&content, &Work::unlimited()).unwrap();
            let before: Vec<_> = lookup.sites(ItemKind::Automation, &source.document);
            let before: Vec<_> = before.into_iter().filter(|site| !site.suspected).collect();
            let after = here.sites(ItemKind::Automation, &clone.document);
            let after: Vec<_> = after.into_iter().filter(|site| before.iter().any(|it| it.pointer == site.pointer)).collect();
            let places = |sites: &[reference::Site<'_>]| sites.iter().map(|site| site.pointer.clone()).collect::<Vec<_>>();
            prop_assert_eq!(places(&before), places(&after));
            prop_assert_eq!(&clone.document.as_value()["kept"], &source.document.as_value()["kept"]);
            let on = arrival.preferences[&clone.id];
            prop_assert!(!on || after.iter().all(|site| leads_somewhere(site, &arrival)), "{:?}", clone);
            let warned = plan.warnings.iter().any(|warning| {
                warning.code == WarningCode::UnmappedReference && warning.automation_name == clone.document.name()
            });
            prop_assert!(on || warned, "{:?} {:?}", clone, plan.warnings);
        }
    }
}
