pub(crate) mod corpus;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::corpus::{Case, hostile, ordinary};
use super::*;
use crate::domain::Document;

fn document(value: &Value) -> Document {
    serde_json::from_value(value.clone()).unwrap()
}

fn found(kind: ItemKind, value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    visit(kind, &document(value), &Work::unlimited(), &mut |_, sighting| {
        if let Sighting::Destination(destination) = sighting {
            found.insert(destination.text);
        }
    })
    .unwrap();
    found
}

fn found_in(case: &Case) -> BTreeSet<String> {
    let mut all = found(ItemKind::Automation, &case.automation);
    all.extend(case.prompts.iter().flat_map(|prompt| found(ItemKind::Prompt, prompt)));
    all.extend(case.templates.iter().flat_map(|template| found(ItemKind::Template, template)));
    all
}

fn mistakes(cases: &[Case]) -> Vec<String> {
    let wrong = |case: &&Case| !found_in(case).iter().eq(case.destinations.iter());
    let describe = |case: &Case| {
        format!(
            "{} {:?} {:?}: found {:?}, expected {:?}",
            case.automation,
            case.prompts,
            case.templates,
            found_in(case),
            case.destinations
        )
    };
    cases.iter().filter(wrong).map(describe).collect()
}

#[test]
fn what_sends_by_itself_is_found_in_every_shape() {
    let cases = hostile();
    assert!(cases.len() >= 60, "{}", cases.len());
    let missed = mistakes(&cases);
    assert!(missed.is_empty(), "{} of {}:\n{}", missed.len(), cases.len(), missed.join("\n"));
    println!("{} shapes found", cases.len());
}

#[test]
fn what_is_ordinary_has_no_destination() {
    let cases = ordinary();
    assert!(cases.len() >= 60, "{}", cases.len());
    let wrong = mistakes(&cases);
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
    println!("{} ordinary shapes have none", cases.len());
}
