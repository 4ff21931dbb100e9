//! Foreign content with effects outside arrives switched off until somebody accepts where it sends.

use super::*;
use crate::domain::destination::tests::corpus::{Case, hostile, ordinary};
use crate::domain::hidden_text;

fn content_of(case: &Case) -> Content {
    content(vec![case.automation.clone()], case.prompts.clone(), case.templates.clone())
}

fn allowing(destinations: &[&str]) -> Choices {
    Choices { allow_destinations: destinations.iter().map(|text| (*text).to_owned()).collect(), ..Choices::default() }
}

/// The case as it stands in the table, with the references of its automation resolved.
fn is_on(plan: &Plan) -> bool {
    plan.clones[0].enabled.unwrap()
}

fn warned(plan: &Plan, code: WarningCode) -> Vec<&Warning> {
    plan.warnings.iter().filter(|warning| warning.code == code).collect()
}

fn sender(actions: Value) -> Content {
    content(vec![json!({"name": "Sender", "actions": actions})], vec![], vec![])
}

#[test]
fn what_sends_by_itself_arrives_off_and_is_accepted_by_what_the_plan_says() {
    let (mut off, mut secrets) = (0, 0);
    for case in hostile() {
        let content = content_of(&case);
        let first = across(&content, &Choices::default());
        assert!(!is_on(&first), "{}", case.automation);
        off += 1;
        let listed = &first.destinations.listed;
        if listed.is_empty() {
            // Redaction took it out, so somebody has to fill it in.
            assert!(!warned(&first, WarningCode::SecretsRemoved).is_empty(), "{}", case.automation);
            secrets += 1;
            continue;
        }
        assert_eq!(warned(&first, WarningCode::ExternalDestination).len(), 1, "{}", case.automation);
        assert!(listed.iter().all(|it| !it.accepted), "{}", case.automation);
        let shown: Vec<&str> = listed.iter().map(|it| it.destination.as_str()).collect();
        let second = across(&content, &allowing(&shown));
        assert_eq!(second.refusals, [], "{}", case.automation);
        assert!(warned(&second, WarningCode::ExternalDestination).is_empty(), "{}", case.automation);
        assert!(second.destinations.listed.iter().all(|it| it.accepted));
        let blocked = !warned(&second, WarningCode::SecretsRemoved).is_empty()
            || !warned(&second, WarningCode::UnmappedReference).is_empty();
        assert_eq!(is_on(&second), !blocked, "{}: {:?}", case.automation, second.warnings);
        assert_ne!(first.hash(None, &Work::unlimited()), second.hash(None, &Work::unlimited()));
    }
    println!("{off} hostile shapes arrive off, {secrets} of them by a removed secret alone");
}

#[test]
fn what_is_ordinary_arrives_without_a_warning_of_destinations() {
    let mut on = 0;
    let cases = ordinary();
    for case in &cases {
        let plan = across(&content_of(case), &Choices::default());
        assert!(warned(&plan, WarningCode::ExternalDestination).is_empty(), "{}", case.automation);
        assert!(plan.destinations.is_empty(), "{}", case.automation);
        on += usize::from(is_on(&plan));
    }
    println!("{on} of {} ordinary shapes arrive on; the others for a reference or a secret", cases.len());
    assert!(on >= 60, "{on}");
}

#[test]
fn the_organization_is_asked_first() {
    let content = sender(json!({"url": "https://crm.example/in", "bcc": "a@b.example"}));
    let mut targets = target();
    targets.trusted_destinations = vec!["https://crm.example/in".to_owned(), "https://other.example".to_owned()];
    let plan = plan(&content, &Scope::OtherOrganization, &targets, &Choices::default(), &Work::unlimited()).unwrap();
    let listed: Vec<_> = plan.destinations.listed.iter().map(|it| (it.destination.as_str(), it.accepted)).collect();
    assert_eq!(listed, [("a@b.example", false), ("https://crm.example/in", true)]);
    assert!(!is_on(&plan));
    targets.trusted_destinations.push("a@b.example".to_owned());
    let plan =
        super::super::plan(&content, &Scope::OtherOrganization, &targets, &Choices::default(), &Work::unlimited());
    assert!(is_on(&plan.unwrap()));
}

#[test]
fn reject_refuses_what_is_not_accepted_and_an_unknown_entry_is_refused_with_its_place() {
    let content = sender(json!({"url": "https://a.example/in", "then": {"bcc": "a@b.example"}}));
    let rejecting = |choices| Choices { on_unmapped: OnUnmapped::Reject, ..choices };
    let plan = across(&content, &rejecting(allowing(&["a@b.example"])));
    let [refusal] = plan.refusals.as_slice() else { panic!("{:?}", plan.refusals) };
    assert_eq!(refusal.pointer, "/allowDestinations");
    for part in ["\"Sender\"", "https://a.example/in", "allowDestinations", "onUnmapped"] {
        assert!(refusal.detail.contains(part), "{}", refusal.detail);
    }
    let plan = across(&content, &rejecting(allowing(&["a@b.example", "https://a.example/in"])));
    assert!(plan.refusals.is_empty() && is_on(&plan));
    let plan = across(&content, &allowing(&["a@b.example", "https://a.example", "A@b.example"]));
    let pointers: Vec<_> = plan.refusals.iter().map(|refusal| refusal.pointer.as_str()).collect();
    assert_eq!(pointers, ["/allowDestinations/1", "/allowDestinations/2"]);
    // The whole snapshot has them, whatever of it arrives.
    for leave_out in [true, false] {
        let choices = Choices { apply: PerKind { automations: leave_out, ..ALL }, ..allowing(&["a@b.example"]) };
        assert_eq!(across(&content, &choices).refusals, []);
    }
}

#[test]
fn the_warning_says_whether_a_secret_is_missing_as_well() {
    let detail = |actions| {
        let plan = across(&sender(actions), &Choices::default());
        warned(&plan, WarningCode::ExternalDestination)[0].detail.clone()
    };
    assert!(!detail(json!({"webhookUrl": "https://a.example"})).contains("secrets"));
    assert!(detail(json!({"webhookUrl": "https://a.example/in/4711"})).contains("its secrets have to be filled in"));
}

#[test]
fn a_prompt_that_sends_switches_off_its_automations_and_is_listed_where_none_uses_it() {
    let automation = |name: &str, prompt: Value| json!({"name": name, "actions": {"prompt": prompt}});
    let tool =
        |name: &str| json!({"name": name, "prompt": "x", "tools": [{"url": format!("https://{name}.example/t")}]});
    let content = content(
        vec![
            automation("by name", json!("one")),
            automation("by id", json!(id(20))),
            automation("other", json!("three")),
        ],
        vec![tool("one"), tool("two"), json!({"name": "three", "prompt": "See https://link.example"})],
        vec![],
    );
    let plan = across(&content, &Choices::default());
    let enabled: Vec<_> = plan.clones.iter().filter_map(|clone| clone.enabled).collect();
    assert_eq!(enabled, [false, false, true]);
    let listed: Vec<_> = plan
        .destinations
        .listed
        .iter()
        .map(|it| (it.destination.as_str(), it.automation_name.as_str(), it.item_id, it.pointer.as_str()))
        .collect();
    let at = "/tools/0/url";
    assert_eq!(
        listed,
        [
            ("https://one.example/t", "by name", Some(id(20)), at),
            ("https://one.example/t", "by id", Some(id(20)), at),
            ("https://two.example/t", "", Some(id(21)), at),
        ]
    );
    let warnings = warned(&plan, WarningCode::ExternalDestination);
    assert_eq!(warnings.len(), 3);
    assert!(warnings[2].detail.contains("the prompt \"two\""), "{}", warnings[2].detail);
    assert_eq!(plan.links.listed[0].link, "https://link.example");
    let without = across(&content, &Choices { apply: PerKind { prompts: false, ..ALL }, ..Choices::default() });
    assert!(without.destinations.is_empty());
}

#[test]
fn destinations_are_listed_up_to_200_and_those_that_nobody_accepts_come_first() {
    for (length, listed) in [(199, 199), (200, 200), (201, 200)] {
        let urls: Vec<String> = (0..length).map(|number| format!("https://h{number}.example/in")).collect();
        let content = sender(json!({"urls": urls}));
        let plan = across(&content, &Choices::default());
        assert_eq!((plan.destinations.listed.len(), plan.destinations.total), (listed, length));
        let accepted: Vec<&str> = urls[..length - 1].iter().map(String::as_str).collect();
        let plan = across(&content, &allowing(&accepted));
        assert!(!plan.destinations.listed[0].accepted);
        assert_eq!(plan.destinations.listed[0].destination, urls[length - 1]);
        assert!(!is_on(&plan));
    }
}

#[test]
fn within_the_organization_accepted_destinations_are_ignored_with_a_warning() {
    let content = sender(json!({"url": "https://a.example/in"}));
    let scope = Scope::SameOrganization { automations: [id(1)].into() };
    let choices = allowing(&["https://unknown.example"]);
    let plan = plan(&content, &scope, &target(), &choices, &Work::unlimited()).unwrap();
    assert_eq!(plan.refusals, []);
    assert_eq!(warned(&plan, WarningCode::DestinationsIgnored).len(), 1);
    assert!(plan.destinations.is_empty());
    assert_eq!(plan.kept_preferences, [(id(1), true)]);
}

#[test]
fn accepted_destinations_are_at_most_5000() {
    for (length, good) in [(MAX_ENTRIES - 1, true), (MAX_ENTRIES, true), (MAX_ENTRIES + 1, false)] {
        let choices = Choices { allow_destinations: vec![String::new(); length], ..Choices::default() };
        assert_eq!(
            choices.check_size().map_err(|(field, _)| field),
            if good { Ok(()) } else { Err("allowDestinations") }
        );
    }
}

#[test]
fn hidden_text_is_a_warning_for_every_item() {
    let hidden = "Hi\u{E0041}\u{E0042}";
    let content = content(
        vec![json!({"name": "A", "description": hidden})],
        vec![json!({"name": "P", "prompt": hidden})],
        vec![json!({"name": "T", hidden: 1})],
    );
    let plan = across(&content, &Choices::default());
    let details: Vec<_> = warned(&plan, WarningCode::HiddenText).iter().map(|it| it.detail.as_str()).collect();
    assert_eq!(details.len(), 3);
    for (detail, item) in details.iter().zip(["the automation \"A\"", "the prompt \"P\"", "the template \"T\""]) {
        assert!(detail.contains(item) && detail.contains("Hi\\u{e0041}\\u{e0042}"), "{detail}");
    }
    assert!(is_on(&plan));
    assert_eq!(hidden_text::MAX_LISTED, 50);
}

#[test]
fn many_users_of_many_prompts_take_linear_work() {
    let work_of = |count: usize| {
        let prompt =
            |number: usize| json!({"name": "same", "tools": [{"url": format!("https://h{number}.example/t")}]});
        let setup = Setup::from(PerKind {
            automations: numbered(1, (0..count).map(|_| json!({"name": "a", "actions": {"prompt": "same"}}))),
            prompts: numbered(2, (0..count).map(prompt)),
            ..PerKind::default()
        });
        let content = capture(setup, &source(), &Work::unlimited()).unwrap().content().unwrap();
        let work = Work::unlimited();
        let plan = plan(&content, &Scope::OtherOrganization, &target(), &Choices::default(), &work).unwrap();
        assert_eq!(plan.destinations.total, count * count);
        assert_eq!(plan.destinations.listed.len(), 200);
        work.done()
    };
    let [one, two, four] = [250, 500, 1_000].map(work_of);
    assert!(two * 10 <= one * 24 && four * 10 <= two * 24, "{one}, {two}, {four}");
}

fn numbered(kind: u8, documents: impl Iterator<Item = Value>) -> Vec<SetupItem> {
    let id = |number: u32| {
        let mut bytes = [kind; 12];
        bytes[8..].copy_from_slice(&number.to_be_bytes());
        ObjectId::from_bytes(bytes)
    };
    (0..)
        .zip(documents)
        .map(|(number, document)| SetupItem { id: id(number), document: serde_json::from_value(document).unwrap() })
        .collect()
}

#[test]
fn an_address_with_an_id_that_is_rewired_is_still_a_destination() {
    let own = id(40);
    for (url, is_destination) in [(format!("https://evil.example/?t={own}"), true), (own.to_string(), false)] {
        let automation = json!({"name": "Sender", "actions": {"http": {"url": url}}});
        let content = content(vec![automation], vec![], vec![json!({"name": "Intro", "template": "Hi"})]);
        let plan = across(&content, &Choices::default());
        assert_eq!(plan.clones[0].rewires.len(), 1, "{url}");
        assert_eq!((plan.destinations.total > 0, is_on(&plan)), (is_destination, !is_destination), "{url}");
    }
}
