//! The source person's values in what arrives.

use super::*;
use crate::domain::identity::{NewIdentity, SourceIdentity};
use crate::domain::{Email, PhoneNumber, Role, User};

const PHONE: &str = "+14155550101";

fn captured(automations: Vec<Value>, prompts: Vec<Value>, templates: Vec<Value>) -> Content {
    let setup = Setup::from(PerKind {
        automations: items(1, automations),
        prompts: items(20, prompts),
        templates: items(40, templates),
    });
    let email = Email::parse("alex@acme.example").unwrap();
    let owner = Some(SourceIdentity::new(id(200), id(210), Some(&email), Some(PHONE)));
    let setup = crate::domain::capture::SourceSetup { owner, ..setup.into() };
    capture(setup, &source(), &Work::unlimited()).unwrap().content().unwrap()
}

pub(super) fn new_user(phone: Option<&str>) -> NewIdentity {
    NewIdentity::of(&User {
        id: id(0xaa),
        organization: id(0xbb),
        department: None,
        email: Email::parse("casey@globex.example").unwrap(),
        full_name: None,
        phone_number: phone.map(|phone| PhoneNumber::parse(phone).unwrap()),
        designation: None,
        role: Role::SalesRep,
        login_disabled: false,
        created_at: Timestamp::from_millis(0),
        updated_at: Timestamp::from_millis(0),
    })
}

fn choices(has_phone: bool) -> Choices {
    Choices { new_user: KnownUser { has_email: true, has_phone }, ..Choices::default() }
}

fn arrival(plan: &Plan, phone: Option<&str>) -> Vec<Value> {
    let origin = Origin { apply: id(9), snapshot: id(8), revision: 1, at: Timestamp::from_millis(0) };
    let arrival = plan.arrive(&origin, &new_user(phone), &Work::unlimited()).unwrap();
    arrival.items.into_iter().map(|item| item.document.as_value().clone()).collect()
}

fn codes(plan: &Plan) -> Vec<WarningCode> {
    plan.warnings.iter().map(|warning| warning.code).collect()
}

/// An item that holds every value, at its top and below.
fn item(name: &str) -> Value {
    json!({
        "name": name, "organizationId": id(200), "userId": id(210), "createdBy": id(210), "createdAt": "2026-01-01",
        "settings": {"assignTo": id(210), "org": id(200), "owner": "mailto:Alex@acme.example", "list": [[id(210)]]}
    })
}

fn item_of_the_new_user(name: &str) -> Value {
    json!({
        "name": name, "organizationId": id(0xbb), "userId": id(0xaa),
        "settings": {"assignTo": id(0xaa), "org": id(0xbb), "owner": "mailto:casey@globex.example", "list": [[id(0xaa)]]}
    })
}

#[test]
fn every_kind_of_item_becomes_the_new_users_within_and_across_organizations() {
    let content = captured(vec![item("a")], vec![item("p")], vec![item("t")]);
    let plan = across(&content, &choices(false));
    assert_eq!(codes(&plan), []);
    assert_eq!(arrival(&plan, None), ["a", "p", "t"].map(item_of_the_new_user));
    assert_eq!(plan.clones[0].enabled, Some(true));
    let within = Scope::SameOrganization { automations: BTreeSet::new() };
    let plan = super::plan(&content, &within, &source(), &choices(false), &Work::unlimited()).unwrap();
    assert_eq!(arrival(&plan, None), [item_of_the_new_user("p")]);
    assert_eq!(codes(&plan), []);
}

#[test]
fn a_number_that_the_new_user_lacks_is_left_out_and_switches_off_what_needs_it() {
    let automations = vec![
        json!({"name": "Caller", "actions": {"from": "tel:+1 415 555 0101"}}),
        json!({"name": "By name", "actions": {"prompt": "p"}}),
        json!({"name": "By id", "actions": {"sendMessage": [{"template": id(40)}]}}),
        json!({"name": "Other", "actions": {"prompt": "q"}}),
    ];
    let prompts = vec![json!({"name": "p", "tools": [{"from": PHONE}]}), json!({"name": "q"})];
    let content = captured(automations, prompts, vec![json!({"name": "t", "replyTo": PHONE})]);
    let on = |plan: &Plan| plan.clones.iter().filter_map(|clone| clone.enabled).collect::<Vec<_>>();
    let with = across(&content, &choices(true));
    assert_eq!((on(&with), codes(&with)), (vec![true; 4], vec![]));
    assert_eq!(arrival(&with, Some("+442079460018"))[0]["actions"]["from"], "tel:+442079460018");
    let without = across(&content, &choices(false));
    assert_eq!(on(&without), [false, false, false, true]);
    assert_eq!(codes(&without), [WarningCode::SourcePersonRemoved; 5]);
    assert_eq!(without.warnings[0].automation_id, Some(id(1)));
    assert_eq!(without.warnings[0].pointers.listed, ["/actions/from"]);
    assert_eq!(without.warnings[3].pointers.listed, ["/tools/0/from"]);
    let arrived = arrival(&without, None);
    assert_eq!(arrived[0], json!({"name": "Caller", "actions": {}}));
    assert_eq!(arrived[4], json!({"name": "p", "tools": [{}]}));
    assert_eq!(arrived[6], json!({"name": "t"}));
}

#[test]
fn a_text_that_names_the_source_person_stays_and_is_named() {
    let automation = json!({"name": "Greeter", "actions": {"note": format!("Ask {} first", id(210))}});
    let template = json!({"name": "t", "template": "Call me: (415) 555-0101, or alex@acme.example"});
    let content = captured(vec![automation.clone()], vec![], vec![template.clone()]);
    let plan = across(&content, &choices(false));
    assert_eq!(codes(&plan), [WarningCode::SourcePersonNamed; 2]);
    assert_eq!(plan.warnings[0].automation_name, "Greeter");
    assert_eq!(plan.warnings[0].pointers.listed, ["/actions/note"]);
    assert_eq!(plan.warnings[1].pointers.listed, ["/template"]);
    assert!(!plan.warnings[1].detail.contains("alex@"), "{}", plan.warnings[1].detail);
    assert_eq!(plan.clones[0].enabled, Some(true));
    assert_eq!(arrival(&plan, None), [automation, template]);
}

#[test]
fn what_identity_rewrites_is_no_destination() {
    let automation =
        |to: &str| json!({"name": "Copy", "actions": {"bcc": to, "forwardTo": [PHONE], "sms": {"to": "4155550101"}}});
    let plan = across(&captured(vec![automation("Alex <alex@acme.example>")], vec![], vec![]), &choices(true));
    assert_eq!((codes(&plan), plan.destinations.total), (vec![], 0));
    let plan = across(&captured(vec![automation("bea@acme.example")], vec![], vec![]), &choices(true));
    assert_eq!((codes(&plan), plan.destinations.total), (vec![WarningCode::ExternalDestination], 1));
}

#[test]
fn what_is_somebody_elses_of_a_list_is_a_destination() {
    for (to, destinations) in [
        ("alex@acme.example, bob@acme.example", vec!["bob@acme.example"]),
        ("+14155550101; +14155550177", vec!["+14155550177"]),
        ("Alex <alex@acme.example>; (415) 555-0101", vec![]),
    ] {
        let automation = json!({"name": "Copy", "actions": {"forwardTo": to}});
        let plan = across(&captured(vec![automation], vec![], vec![]), &choices(true));
        let found: Vec<_> = plan.destinations.listed.iter().map(|it| it.destination.as_str()).collect();
        assert_eq!(found, destinations, "{to}");
        assert_eq!(plan.clones[0].enabled, Some(destinations.is_empty()));
        let arrived = arrival(&plan, Some("+442079460018"))[0]["actions"]["forwardTo"].to_string();
        assert!(!arrived.contains("alex@") && !arrived.contains("0101"), "{arrived}");
    }
}

#[test]
fn a_value_that_a_mapping_moved_is_filled_in_where_it_stands_then() {
    let owners = format!("agent/{} user/{} agent/{}", id(60), id(210), id(60));
    let automation = json!({"name": "Mover", "actions": {"owners": owners}});
    let content = captured(vec![automation], vec![], vec![]);
    let choices = Choices { new_user: choices(true).new_user, ..agents(&[("Mover", "Warm-up Agent", 70)]) };
    let owners = &arrival(&across(&content, &choices), None)[0]["actions"]["owners"];
    assert_eq!(owners, &json!(format!("agent/{} user/{} agent/{}", id(70), id(0xaa), id(70))));
}

#[test]
fn what_a_mapping_wrote_is_not_written_again() {
    let automation =
        json!({"name": "Mover", "sourceStatuses": [PHONE], "actions": {"targetStage": PHONE, "from": PHONE}});
    let content = captured(vec![automation], vec![], vec![]);
    let mut choices = Choices { new_user: choices(true).new_user, ..stages(&[("Mover", PHONE, "Reached Out")]) };
    choices.source_statuses_mapping.insert("Mover".into(), vec!["New Lead".into()]);
    let plan = across(&content, &choices);
    let expected = json!({
        "name": "Mover", "sourceStatuses": ["New Lead"],
        "actions": {"targetStage": "Reached Out", "from": "+442079460018"}
    });
    assert_eq!(arrival(&plan, Some("+442079460018")), [expected]);
}

#[test]
fn the_hash_covers_whether_there_is_a_number_and_no_value_of_the_new_user() {
    let hash = |content: &Content, choices: &Choices| across(content, choices).hash(None, &Work::unlimited()).unwrap();
    let with = captured(vec![json!({"name": "a", "actions": {"from": PHONE}})], vec![], vec![]);
    let unknown = Choices::default();
    assert_eq!(hash(&with, &unknown), hash(&with, &choices(false)));
    assert_ne!(hash(&with, &unknown), hash(&with, &choices(true)));
    let without = captured(vec![item("a")], vec![], vec![]);
    assert_eq!(hash(&without, &unknown), hash(&without, &choices(true)));
    // A place that is found is a part of the outcome.
    let mut unfound = without.clone();
    unfound.items.automations[0].identity.clear();
    assert_ne!(hash(&without, &unknown), hash(&unfound, &unknown));
}

#[test]
fn a_plan_says_what_it_takes_for_granted() {
    let assumed = |content: &Content, choices: &Choices| -> Vec<(&str, bool)> {
        across(content, choices).assumes.iter().map(|it| (it.pointer, it.given)).collect()
    };
    let content = captured(vec![json!({"name": "a", "x": [PHONE, "alex@acme.example"]})], vec![], vec![]);
    let phone_alone = Choices { new_user: KnownUser { has_email: false, has_phone: true }, ..Choices::default() };
    assert_eq!(assumed(&content, &Choices::default()), [("/newUser/email", true), ("/newUser/phoneNumber", false)]);
    assert_eq!(assumed(&content, &phone_alone), [("/newUser/email", true)]);
    assert_eq!(assumed(&content, &choices(false)), []);
    assert_eq!(assumed(&captured(vec![mover()], vec![], vec![]), &Choices::default()), []);
}
