pub(crate) mod corpus;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::corpus::{Case, hostile, ordinary};
use super::*;
use crate::domain::Document;
use crate::domain::ItemKind;
use crate::domain::ObjectId;

fn document(value: &Value) -> Document {
    serde_json::from_value(value.clone()).unwrap()
}

fn found(kind: ItemKind, value: &Value) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    visit(kind, &document(value), &Work::unlimited(), &mut |_, sighting| {
        if let AddressUse::Destination(destination) = sighting {
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

#[test]
fn every_destination_of_a_content_is_listed_once_even_if_no_automation_uses_it() {
    use crate::domain::capture::capture;
    use crate::domain::{Organization, PerKind, Setup, SetupItem};
    let item =
        |number: u8, value: Value| SetupItem { id: ObjectId::from_bytes([number; 12]), document: document(&value) };
    let send = json!({"name": "a", "actions": {"url": "https://one.example/in", "forwardTo": "Eve@Two.example"}});
    let setup = Setup::from(PerKind {
        automations: vec![item(1, send.clone()), item(2, send)],
        prompts: vec![item(3, json!({"name": "p", "tools": [{"url": "https://three.example/t"}]}))],
        templates: vec![item(4, json!({"name": "t", "template": "https://link.example", "bcc": "eve@four.example"}))],
    });
    let organization = Organization {
        id: ObjectId::from_bytes([9; 12]),
        name: "Acme".into(),
        pipelines: vec![],
        agents: vec![],
        trusted_destinations: vec![],
        left_out: Vec::new(),
    };
    let content = capture(setup, &organization, &Work::unlimited()).unwrap().content().unwrap();
    let all = of_content(&content, &Work::unlimited()).unwrap();
    let expected = ["eve@four.example", "eve@two.example", "https://one.example/in", "https://three.example/t"];
    assert!(all.iter().eq(expected), "{all:?}");
    assert_eq!(of_content(&content, &Work::until(|| true)), Err(OverBudget));
}

#[test]
fn links_in_texts_are_listed_and_are_no_destinations() {
    let template = json!({"name": "t", "template": "See https://a.example/x?c={{id}}, (http://b.example). {{x}}"});
    let mut links = Vec::new();
    visit(ItemKind::Template, &document(&template), &Work::unlimited(), &mut |pointer, sighting| match sighting {
        AddressUse::Link(link) => links.push((pointer.to_owned(), link.to_owned())),
        AddressUse::Destination(destination) => panic!("{destination:?}"),
    })
    .unwrap();
    let at = |link: &str| ("/template".to_owned(), link.to_owned());
    assert_eq!(links, [at("https://a.example/x?c="), at("http://b.example")]);
}

#[test]
fn a_host_with_letters_that_pass_for_others_is_given_in_ascii_as_well() {
    for (text, host) in [
        ("https://аpple.example/in", Some("xn--pple-43d.example")),
        ("аpple.example:8443/in", Some("xn--pple-43d.example")),
        ("https://apple.example/in", None),
        ("https://{{ä}}.example", None),
    ] {
        let destination = Destination { text: text.to_owned(), kind: DestinationKind::Url };
        assert_eq!(destination.ascii_host().as_deref(), host, "{text}");
    }
}

/// Texts that are as hard to judge as any of their length.
fn hard(length: usize) -> Vec<Value> {
    let repeat = |text: &str| text.repeat(length / text.len());
    let texts = [
        repeat("{{ "),
        repeat("{a"),
        repeat("%a"),
        repeat("<a@b.example>,"),
        repeat("a@b.example,"),
        repeat("https://a.example "),
        repeat("a."),
        repeat("@"),
        repeat("'a\""),
        repeat("[\"[\\\"\","),
        repeat("+1415 "),
        repeat("é"),
        repeat("ü."),
        format!("https://{}", repeat("ü")),
        format!("fetch('{}')", repeat("a://")),
        format!("{}@{}", repeat("a"), repeat("b.")),
    ];
    let mut values: Vec<Value> =
        texts.iter().map(|text| json!({"actions": {"to": text, "url": text, "code": text}})).collect();
    values.push(json!({"actions": {repeat("aB"): {repeat("aC"): "https://a.example"}}}));
    values.push(json!({"actions": vec!["https://a.example"; length / 20]}));
    values.push(json!({"actions": vec![json!({"url": "x", "payload": {"url": "https://a.example"}}); length / 50]}));
    values
}

#[test]
fn the_work_is_linear_in_what_is_looked_at() {
    let work_of = |value: &Value| {
        let work = Work::unlimited();
        visit(ItemKind::Automation, &document(value), &work, &mut |_, _| {}).unwrap();
        work.done()
    };
    for (number, ((one, two), four)) in hard(4_000).iter().zip(&hard(8_000)).zip(&hard(16_000)).enumerate() {
        let (one, two, four) = (work_of(one), work_of(two), work_of(four));
        assert!(two * 10 <= one * 24 && four * 10 <= two * 24, "{number}: {one}, {two}, {four}");
    }
}
