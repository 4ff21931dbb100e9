//! What a mapping's keys name, and how much a plan holds.

use super::*;

/// Two automations of one name, and an entry for one of them by its id.
#[test]
fn an_id_is_a_key_of_every_mapping_beside_the_name() {
    let automation = || json!({"name": "Both", "sourceStatuses": ["Contacted"], "actions": {"targetStage": "Contacted", "agent": "Closer"}});
    let content = content(vec![automation(), automation()], vec![], vec![]);
    let upper = id(1).to_string().to_uppercase();
    for key in [id(1).to_string(), upper] {
        let mut choices = stages(&[(&key, "Contacted", "Reached Out")]);
        choices.source_statuses_mapping.insert(key.clone(), vec!["New Lead".into()]);
        choices.agent_mapping.insert(key.clone(), BTreeMap::from([("Closer".into(), id(70))]));
        let plan = across(&content, &choices);
        assert_eq!(plan.refusals, []);
        let actions = |at: usize| plan.clones[at].document.as_value()["actions"].clone();
        assert_eq!(actions(0), json!({"targetStage": "Reached Out", "agent": "Default Agent"}));
        assert_eq!(plan.clones[0].document.as_value()["sourceStatuses"], json!(["New Lead"]));
        assert_eq!(actions(1), json!({"targetStage": "Contacted", "agent": "Closer"}));
        let reference = &plan.clones[0].mapped.listed[0].reference;
        assert_eq!((reference.automation_id, reference.automation_name.as_str()), (id(1), "Both"));
        assert_eq!(plan.warnings[0].automation_id, Some(id(2)));
    }
}

#[test]
fn entries_by_name_and_by_id_agree_or_are_refused() {
    let content = content(vec![mover()], vec![], vec![]);
    let by_id = id(1).to_string();
    for (target, refused) in [("Reached Out", false), ("New Lead", true)] {
        let choices = stages(&[("Mover", "Contacted", "Reached Out"), (&by_id, "Contacted", target)]);
        assert_eq!(pointers(&across(&content, &choices)).len(), usize::from(refused), "{target}");
    }
    // An id in two spellings is one key.
    let letters = content_with_id("abcdefabcdefabcdefabcdef");
    let (lower, upper) = ("abcdefabcdefabcdefabcdef", "ABCDEFABCDEFABCDEFABCDEF");
    for (target, refused) in [("Reached Out", false), ("New Lead", true)] {
        let choices = stages(&[(lower, "Contacted", "Reached Out"), (upper, "Contacted", target)]);
        assert_eq!(pointers(&across(&letters, &choices)).len(), usize::from(refused), "{target}");
    }
}

fn content_with_id(id: &str) -> Content {
    let mut content = content(vec![mover()], vec![], vec![]);
    content.automations[0].item.id = id.parse().unwrap();
    content
}

#[test]
fn a_list_in_a_plan_has_at_most_200_entries_and_the_number_of_all() {
    for count in [199, 200, 201] {
        let statuses: Vec<String> = (0..count).map(|number| format!("Gone {number}")).collect();
        let plan = across(
            &content(vec![json!({"name": "Many", "sourceStatuses": statuses})], vec![], vec![]),
            &Choices::default(),
        );
        let references = &plan.warnings[0].references;
        assert_eq!((references.listed.len(), references.total), (count.min(200), count));
    }
}

#[test]
fn what_a_mapping_writes_has_at_most_16_mb() {
    let long = "L".repeat(100_000);
    let targets = organization(&[&long], &[]);
    for (automations, refused) in [(159, false), (160, false), (161, true)] {
        let content = content(vec![mover(); automations], vec![], vec![]);
        let plan = plan(
            &content,
            &Scope::OtherOrganization,
            &targets,
            &stages(&[("Mover", "Contacted", &long)]),
            &Work::unlimited(),
        );
        assert_eq!(plan.unwrap().refusals.len(), usize::from(refused), "{automations}");
    }
}
