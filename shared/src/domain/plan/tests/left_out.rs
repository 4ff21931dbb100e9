//! The names of pipelines and agents that cannot be read still count.

use super::*;
use crate::domain::{LeftOut, LeftOutKind, LeftOutTarget};

/// Returns the readable parts of a pipeline or an agent of the CRM.
fn left_out(kind: LeftOutKind, document: &Value) -> LeftOutTarget {
    LeftOutTarget::read(LeftOut::new(kind, "odd"), document)
}

fn agent(name: &str) -> LeftOutTarget {
    left_out(LeftOutKind::Agent, &json!({"_id": "3f2b8c1e-5d64-4b7a-9a3e-0c1d2e3f4a5b", "name": name}))
}

fn pipeline(name: &str, kind: Option<&str>, stages: &[&str]) -> LeftOutTarget {
    let stages: Vec<_> = stages.iter().map(|name| json!({"name": name})).collect();
    left_out(LeftOutKind::Pipeline, &json!({"_id": "odd", "name": name, "type": kind, "stages": stages}))
}

fn captured_at(source: &Organization, automation: Value) -> Content {
    let setup = Setup::from(PerKind { automations: items(1, vec![automation]), ..PerKind::default() });
    capture(setup, source, &Work::unlimited()).unwrap().content().unwrap()
}

fn arrives_on(content: &Content, here: &Organization) -> bool {
    let plan = plan(content, &Scope::OtherOrganization, here, &Choices::default(), &Work::unlimited()).unwrap();
    plan.clones[0].enabled == Some(true)
}

#[test]
fn a_name_of_what_was_left_out_at_the_source_is_suspected() {
    let rows = [
        (agent("Eva"), json!({"name": "A", "actions": {"handOver": "Eva"}}), "Eva"),
        (
            pipeline("Sales", Some("Contact"), &["Prospect"]),
            json!({"name": "A", "actions": {"moveTo": "Prospect"}}),
            "Prospect",
        ),
        (pipeline("Sales", None, &["Prospect"]), json!({"name": "A", "actions": {"moveTo": "Prospect"}}), "Prospect"),
        (
            left_out(LeftOutKind::Pipeline, &json!({"stages": ["Prospect", null]})),
            json!({"name": "A", "actions": {"moveTo": "Prospect"}}),
            "Prospect",
        ),
    ];
    for (target, automation, name) in rows {
        let with = Organization { left_out: vec![target], ..source() };
        let content = captured_at(&with, automation.clone());
        let source_json = serde_json::to_string(&content.source).unwrap();
        assert!(source_json.contains(name), "{source_json}");
        let read: Content = serde_json::from_slice(&content.canonical_json()).unwrap();
        assert_eq!(read, content);
        assert!(!arrives_on(&content, &organization(&["Elsewhere"], &[])), "{automation}");
        // Without it nothing is suspected, and where the name exists nothing is missing.
        assert!(arrives_on(&captured_at(&source(), automation.clone()), &organization(&["Elsewhere"], &[])));
        assert!(arrives_on(&content, &organization(&["Prospect"], &[(70, "Eva")])), "{automation}");
    }
}

#[test]
fn an_agent_that_was_left_out_here_makes_its_name_one_of_two() {
    let content = captured_at(&source(), json!({"name": "A", "actions": {"agent": "Closer"}}));
    let here = organization(&[], &[(73, "Closer")]);
    assert!(arrives_on(&content, &here));
    let with = Organization { left_out: vec![agent("Closer")], ..here };
    assert!(!arrives_on(&content, &with));
    let plan = plan(&content, &Scope::OtherOrganization, &with, &Choices::default(), &Work::unlimited()).unwrap();
    let detail = &plan.warnings[0].detail;
    assert!(detail.contains(r#"2 agents named "Closer", and only an id tells them apart"#), "{detail}");
    // Nothing can arrive at what was left out.
    let without = Organization { left_out: vec![agent("Closer")], ..organization(&[], &[]) };
    assert!(!arrives_on(&content, &without));
}

#[test]
fn a_pipeline_that_was_left_out_here_makes_its_name_and_type_one_of_two() {
    let pipeline_id = source().pipelines[0].id.to_string();
    let content = captured_at(&source(), json!({"name": "A", "actions": {"pipelineId": pipeline_id}}));
    let here = organization(&[], &[]);
    assert!(arrives_on(&content, &here));
    let with = |target| Organization { left_out: vec![target], ..here.clone() };
    assert!(!arrives_on(&content, &with(pipeline("Sales", Some("Contact"), &[]))));
    for other in [pipeline("Sales", Some("Application"), &[]), pipeline("Sales", None, &[]), pipeline("", None, &[])] {
        assert!(arrives_on(&content, &with(other)));
    }
}

#[test]
fn a_stage_of_a_pipeline_whose_type_cannot_be_read_is_not_told_as_one_of_another_type() {
    let mut here = organization(&["Prospect"], &[]);
    here.pipelines[0].kind = "Application".to_owned();
    let automation = json!({"name": "A", "actions": {"targetStage": "Prospect"}});
    for (kind, is_listed) in [(None, false), (Some("Application"), false), (Some("Contact"), true)] {
        let source = Organization { left_out: vec![pipeline("Odd", kind, &["Prospect"])], ..source() };
        let content = captured_at(&source, automation.clone());
        let plan = plan(&content, &Scope::OtherOrganization, &here, &Choices::default(), &Work::unlimited()).unwrap();
        let warns = plan.warnings.iter().any(|warning| warning.code == WarningCode::StageOfAnotherType);
        assert_eq!(warns, is_listed, "{kind:?}");
    }
}
