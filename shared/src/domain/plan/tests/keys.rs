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
    content.items.automations[0].id = id.parse().unwrap();
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

/// References within texts, and what each text is after its own bytes were replaced.
#[test]
fn a_mapping_replaces_the_bytes_of_a_reference_and_no_others() {
    const STAGE: &str = "7b0f6a5e-2c1d-4e8f-9a3b-5d6c7e8f9a0b";
    const STAGE_HERE: &str = "8c0f6a5e-2c1d-4e8f-9a3b-5d6c7e8f9a0b";
    let bare = |id: &str| id.replace('-', "");
    let (agent, here, gone, known) = (id(60), id(70), id(0xee), id(0xdd));
    let rows = [
        (format!("owner == \"{agent}\" || x.form == '{gone}'"), format!("owner == \"{here}\" || x.form == '{known}'")),
        (format!("https://crm.example/agents/{agent}?x=1"), format!("https://crm.example/agents/{here}?x=1")),
        (format!("{{\"n\": 1.50, \"to\":\"{agent}\"}}"), format!("{{\"n\": 1.50, \"to\":\"{here}\"}}")),
        (format!("ObjectId(\"{gone}\")"), format!("ObjectId(\"{known}\")")),
        (format!("stages/{STAGE}"), format!("stages/{STAGE_HERE}")),
        (bare(STAGE), bare(STAGE_HERE)),
        (STAGE.to_uppercase(), STAGE_HERE.to_owned()),
        ("stage == \"Contacted\" && x".to_owned(), "stage == \"Reached Out\" && x".to_owned()),
        (" Contacted ".to_owned(), " Reached Out ".to_owned()),
        ("Contacted, New Lead".to_owned(), "Reached Out, Reached Out".to_owned()),
        (format!("stage is Contacted and owner is {agent}"), format!("stage is Reached Out and owner is {here}")),
    ];
    let (mut source, mut targets) = (source(), organization(&["Reached Out"], &[(70, "Default Agent")]));
    source.pipelines[0].stages[1].rest.insert("_id".into(), STAGE.into());
    targets.pipelines[0].stages[0].rest.insert("id".into(), STAGE_HERE.into());
    for (text, becomes) in rows {
        let setup = Setup::from(PerKind {
            automations: items(1, vec![json!({"name": "A", "onReply": text})]),
            ..PerKind::default()
        });
        let content = capture(setup, &source, &Work::unlimited()).unwrap().content().unwrap();
        let is_stage = text.contains("ontacted") || text.contains(STAGE) || !text.contains(' ') && !text.contains('(');
        let mut choices = Choices::default();
        if is_stage && !text.contains("agents/") {
            choices = stages(&[("A", "/onReply", "Reached Out")]);
        }
        if text.contains(&agent.to_string()) {
            choices.agent_mapping.insert("A".into(), BTreeMap::from([(agent.to_string(), here)]));
        }
        if text.contains(&gone.to_string()) {
            choices.id_mapping.insert("A".into(), BTreeMap::from([(gone.to_string(), known.to_string())]));
        }
        let plan = plan(&content, &Scope::OtherOrganization, &targets, &choices, &Work::unlimited()).unwrap();
        assert_eq!((plan.refusals.as_slice(), codes(&plan)), (&[][..], vec![]), "{text}");
        assert_eq!(plan.clones[0].document.as_value()["onReply"], becomes, "{text}");
        assert_eq!(plan.clones[0].enabled, Some(plan.warnings.is_empty()), "{text}");
    }
}

fn codes(plan: &Plan) -> Vec<WarningCode> {
    plan.warnings.iter().map(|warning| warning.code).filter(|code| *code != WarningCode::ExternalDestination).collect()
}
