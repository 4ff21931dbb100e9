use serde_json::{Value, json};

use super::*;
use crate::domain::content::{MAX_REFERENCE_POINTER_BYTES, MAX_REFERENCES};
use crate::domain::{Agent, LeftOutKind, PerKind};

fn organization(agents: &[(u8, &str)]) -> Organization {
    let agent = |(number, name): &(u8, &str)| Agent {
        id: id(*number),
        name: (*name).into(),
        description: None,
        rest: Default::default(),
    };
    let agents = agents.iter().map(agent).collect();
    Organization {
        id: id(200),
        name: "Acme".into(),
        pipelines: vec![],
        agents,
        trusted_destinations: Vec::new(),
        left_out: Vec::new(),
    }
}

fn id(number: u8) -> ObjectId {
    ObjectId::from_bytes([number; 12])
}

fn items(documents: Vec<Value>) -> Vec<SetupItem> {
    let item = |(number, document)| SetupItem { id: id(number), document: serde_json::from_value(document).unwrap() };
    (1..).zip(documents).map(item).collect()
}

fn captured(automations: Vec<Value>, prompts: Vec<Value>) -> Result<Capture, CaptureFailure> {
    let setup = Setup::from(PerKind { automations: items(automations), prompts: items(prompts), ..PerKind::default() });
    capture(setup, &organization(&[]), &Work::unlimited())
}

fn expect_too_large(captured: Result<Capture, CaptureFailure>, figure: &str) {
    match captured {
        Err(CaptureFailure::TooLarge(why)) => assert!(why.contains(figure), "{why}"),
        other => panic!("{:?}", other.map(|capture| capture.counts())),
    }
}

#[test]
fn a_capture_has_at_most_100_000_references() {
    let setup = |count: usize| {
        let half = |count: usize| json!({"name": "A", "sourceStatuses": vec!["a"; count]});
        captured(vec![half(50_000), half(count - 50_000)], vec![])
    };
    assert!(setup(MAX_REFERENCES - 1).is_ok() && setup(MAX_REFERENCES).is_ok());
    expect_too_large(setup(MAX_REFERENCES + 1), "100000");
}

#[test]
fn the_pointers_to_references_have_at_most_16_mb() {
    // A thousand pointers: the long key, an index, "/targetStage". And one more that fills up what is left.
    let stage = || json!({"targetStage": "Won"});
    let length = MAX_REFERENCE_POINTER_BYTES / 1_000 - 17;
    let digits: usize = (0..1_000_usize).map(|index| index.to_string().len()).sum();
    let thousand = 1_000 * (length + "///targetStage".len()) + digits;
    let left = MAX_REFERENCE_POINTER_BYTES - thousand - "//targetStage".len();
    let setup = |left: usize| {
        let list: Vec<_> = (0..1_000).map(|_| stage()).collect();
        captured(vec![json!({"name": "A", "k".repeat(length): list, "l".repeat(left): stage()})], vec![])
    };
    assert!(setup(left - 1).is_ok() && setup(left).is_ok());
    expect_too_large(setup(left + 1), "16000000 bytes; use shorter names");
}

fn payload(fields: usize) -> Value {
    json!({"webhookPayload": (0..fields).map(|field| (format!("{field:05}"), json!(1))).collect::<Value>()})
}

#[test]
fn a_capture_removes_secrets_from_at_most_20_000_places() {
    let setup = |count: usize| captured(vec![payload(10_000)], vec![payload(count - 10_000)]);
    assert!(setup(MAX_REMOVED_SECRETS - 1).is_ok() && setup(MAX_REMOVED_SECRETS).is_ok());
    expect_too_large(setup(MAX_REMOVED_SECRETS + 1), "20000");
}

#[test]
fn the_pointers_to_removed_secrets_have_at_most_4_mb() {
    // A thousand pointers: a slash, the key, "/apiKey".
    let setup = |key: usize| {
        let list: Vec<_> = (0..1_000).map(|_| json!({"password": "hunter22"})).collect();
        captured(vec![], vec![json!({"k".repeat(key): list})])
    };
    let rest = "//999/password".len();
    let lengths = MAX_POINTER_BYTES / 1_000 - rest;
    assert!(setup(lengths).is_ok());
    expect_too_large(setup(lengths + 1), "4000000");
}

#[test]
fn a_capture_has_at_most_16_mb_of_json_and_stops_there() {
    let text = |bytes: usize| json!({"name": "A", "text": "Be kind. ".repeat(bytes / 9)});
    let work = Work::unlimited();
    let setup = Setup::from(PerKind { prompts: items(vec![text(3_000_000); 9]), ..PerKind::default() });
    match capture(setup, &organization(&[]), &work) {
        Err(CaptureFailure::TooLarge(why)) => assert!(why.contains("16000000"), "{why}"),
        other => panic!("{:?}", other.map(|capture| capture.counts())),
    }
    let of_one = Work::unlimited();
    let setup = Setup::from(PerKind { prompts: items(vec![text(3_000_000)]), ..PerKind::default() });
    capture(setup, &organization(&[]), &of_one).unwrap();
    assert!(work.done() < 7 * of_one.done(), "{} {}", work.done(), of_one.done());
}

#[test]
fn a_capture_whose_time_is_over_stops_at_once() {
    let setup = Setup::from(PerKind { prompts: items(vec![payload(100); 50]), ..PerKind::default() });
    let over = capture(setup, &organization(&[]), &Work::until(|| true));
    assert_eq!(over.map(|capture| capture.counts()), Err(CaptureFailure::OverBudget(OverBudget)));
}

#[test]
fn agents_are_known_by_name_and_by_id_and_others_are_left_out() {
    let agents = [(1, "Bea"), (2, "Bea"), (3, "Cleo"), (4, "Dan")];
    let automation = json!({"name": "A", "actions": {"agent": "Bea", "agentId": id(3).to_string()}});
    let setup = Setup::from(PerKind { automations: items(vec![automation]), ..PerKind::default() });
    let capture = capture(setup, &organization(&agents), &Work::unlimited()).unwrap();
    let known: Vec<_> = capture.content().unwrap().agents.into_iter().map(|agent| agent.id).collect();
    assert_eq!(known, [id(1), id(2), id(3)]);
}

#[test]
fn the_stored_json_is_canonical_and_has_no_references() {
    let automation = json!({"name": "A", "sourceStatuses": ["Won"], "apiKey": "hunter22hunter22"});
    let capture = captured(vec![automation], vec![json!({"name": "P"})]).unwrap();
    let json = String::from_utf8(capture.json(&Work::unlimited()).unwrap()).unwrap();
    let expected = concat!(
        r#"{"agents":[],"automations":[{"enabled":true,"item":{"document":{"apiKey":"[removed secret]","name":"A","#,
        r#""sourceStatuses":["Won"]},"id":"010101010101010101010101","removedSecrets":["/apiKey"]}}],"#,
        r#""prompts":[{"document":{"name":"P"},"id":"010101010101010101010101"}],"templates":[]}"#,
    );
    assert_eq!(json, expected);
    assert_eq!(capture.content().unwrap().canonical_json(), json.as_bytes());
}

#[test]
fn the_hash_of_the_earlier_form_exists_up_to_the_size_that_could_be_stored() {
    let named = |name: usize| {
        captured(vec![json!({"name": "n".repeat(name), "sourceStatuses": vec!["a"; 1_000]})], vec![]).unwrap()
    };
    let form = forms::Form { with_references: true, as_floats: false, with_organization: false };
    let hash = |name| named(name).hash_of(form, &Work::unlimited()).unwrap();
    assert!(hash(15_000).is_some() && hash(15_000) != hash(15_001));
    assert_eq!(hash(16_000), None);
}

#[test]
fn the_lacks_of_the_organization_are_listed_and_not_compared() {
    let captured = |left_out: &[(LeftOutKind, &str)], of_setup: &[(LeftOutKind, &str)]| {
        let told = |(kind, key): &(LeftOutKind, &str)| LeftOut::new(*kind, key);
        let target = |left_out| crate::domain::LeftOutTarget::read(told(left_out), &json!({"name": "Closer"}));
        let organization =
            Organization { left_out: left_out.iter().map(target).collect(), ..organization(&[(1, "Bea")]) };
        let automation = json!({"name": "A", "actions": {"handOver": "Closer"}});
        let mut setup =
            SourceSetup::from(Setup::from(PerKind { automations: items(vec![automation]), ..PerKind::default() }));
        setup.left_out = of_setup.iter().map(told).collect();
        capture(setup, &organization, &Work::unlimited()).unwrap()
    };
    use LeftOutKind::{Agent, Pipeline, Preferences, Prompt};
    let hash = |capture: &Capture| capture.hash(&Work::unlimited()).unwrap();
    let plain = captured(&[], &[]);
    let lacking = captured(&[(Agent, "a"), (Pipeline, "p")], &[]);
    assert_eq!(hash(&lacking), hash(&plain));
    assert_eq!(lacking.content().unwrap().left_out.len(), 2);
    assert_eq!(lacking.content().unwrap().without_findings(), plain.content().unwrap().without_findings());
    for of_setup in [(Prompt, "x"), (Preferences, "")] {
        let both = captured(&[(Agent, "a")], &[of_setup]);
        assert_ne!(hash(&both), hash(&plain), "{of_setup:?}");
        assert_eq!(hash(&both), hash(&captured(&[], &[of_setup])));
    }

    // Content that was stored while the organization's were compared is the same content still.
    let content = Content { source: SourceTerms::default(), ..lacking.content().unwrap() };
    let before: [u8; 32] =
        sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(content.canonical_json())).into();
    assert_ne!(before, hash(&lacking));
    assert!(lacking.was_stored_as(&before, &Work::unlimited()).unwrap());
    assert!(!plain.was_stored_as(&before, &Work::unlimited()).unwrap());
}

#[test]
fn content_of_floats_and_without_types_is_the_same_content_in_its_earlier_form() {
    let setup = |digits: &str| {
        let number = crate::domain::values::number(digits).unwrap();
        let automation = json!({"name": "A", "sourceStatuses": ["Won"], "big": number, "tags": ["a", "b"]});
        let mut setup = Setup::from(PerKind { automations: items(vec![automation]), ..PerKind::default() });
        setup.items.prompts = items(vec![json!({"name": "P", "sizes": [{"w": number}], "n": 1e25})]);
        let tags = TypedPlace { pointer: "/tags".into(), kind: crate::domain::values::ValueType::Texts };
        let document = setup.items.automations[0].document.clone().with_types(vec![tags]);
        setup.items.automations[0].document = document;
        capture(setup, &organization(&[]), &Work::unlimited()).unwrap()
    };
    let now = setup("12345678901234567890123");
    let json = String::from_utf8(now.json(&Work::unlimited()).unwrap()).unwrap();
    assert!(
        json.contains(r#""big":12345678901234567890123,"#)
            && json.contains(r#""types":[{"pointer":"/tags","type":"SS"}]"#)
    );
    let before = concat!(
        r#"{"agents":[],"automations":[{"enabled":true,"item":{"document":{"big":FLOAT,"name":"A","#,
        r#""sourceStatuses":["Won"],"tags":["a","b"]},"id":"010101010101010101010101"}REFERENCES}],"#,
        r#""prompts":[{"document":{"n":1e+25,"name":"P","sizes":[{"w":FLOAT}]},"id":"010101010101010101010101"}],"templates":[]}"#,
    );
    let references = concat!(
        r#","references":[{"automationName":"A","field":"sourceStatuses","fieldLocation":"sourceStatuses","#,
        r#""refType":"pipelineStage","value":"Won"}]"#,
    );
    for references in ["", references] {
        let before = before.replace("FLOAT", "1.2345678901234568e+22").replace("REFERENCES", references);
        let hash: [u8; 32] = sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(&before)).into();
        assert!(now.was_stored_as(&hash, &Work::unlimited()).unwrap(), "{before}");
        assert!(!setup("98345678901234567890123").was_stored_as(&hash, &Work::unlimited()).unwrap());
    }
}
