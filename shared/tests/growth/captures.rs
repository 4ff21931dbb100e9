//! Rows about capturing, packing and reading contents.

use std::hint::black_box;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::domain::capture::{Capture, capture};
use shared::domain::content::Content;
use shared::domain::{Fault, Work};
use shared::store::{CanonicalContent, SetupReading};

use super::bodies::stored;
use super::shapes::{Shape, agents, automation, automations, fields, id, pipeline, prompt, texts};
use super::{Row, Run, row, run, unmetered};

pub(crate) const ROWS: &[Row] = &[
    row("capture of a long name in front of many references", 1_000, |size| captures(named_statuses(size))),
    row("capture of many small fields", 500, |size| captures(prompt(small_fields(size)))),
    row("capture of many items", 60, |size| captures(automations(size, "A", |_| json!({"actions": {"agent": "Bea"}})))),
    row("capture of agents of one name", 60, |size| {
        let shape = automations(size, "A", |n| json!({"actions": [{"agent": "Bea"}, {"agentId": id(9, n)}]}));
        captures(Shape { agents: agents(size, |_| "Bea".to_owned()), ..shape })
    }),
    row("capture of one stage of many pipelines", 300, |size| {
        let pipelines = (0..size).map(|n| pipeline(n, format!("Kind {n}"), &["Won".into()])).collect();
        captures(Shape { pipelines, ..automation(json!({"sourceStatuses": vec!["Won"; size]})) })
    }),
    row("capture of lists of ids", 300, |size| captures(automation(json!({"note": ids(size)})))),
    row("capture of the source person's values", 300, |size| {
        captures(automation(json!({"list": vec!["+1 415 555 0142"; size]})))
    }),
    row("the JSON of a capture", 2_000, |size| {
        of_capture(&prompt(small_fields(size)), |capture, work| drop(black_box(capture.json(work).unwrap())))
    }),
    row("the hash of a capture with findings", 300, |size| {
        let shape = automation(json!({"list": vec!["+1 415 555 0142"; size]}));
        of_capture(&shape, |capture, work| {
            black_box(capture.hash(work).unwrap());
        })
    }),
    row("the earlier forms", 2_000, |size| {
        of_capture(&automation(json!({"sourceStatuses": texts(size)})), |capture, work| {
            assert!(!capture.was_stored_as(&[0; 32], work).unwrap());
        })
    }),
    row("packing", 10_000, |size| {
        of_capture(&automation(json!({"sourceStatuses": texts(size)})), |capture, work| {
            drop(black_box(CanonicalContent::of(capture, work).unwrap().pack(work).unwrap().unwrap()));
        })
    }),
    row("unpacking small fields", 2_000, |size| unpacks(&prompt(small_fields(size)))),
    row("unpacking many items", 300, |size| unpacks(&automations(size, "A", |_| json!({"actions": {"agent": "B"}})))),
    row("reading a content", 2_000, |size| {
        let json = prompt(small_fields(size)).content().canonical_json();
        run(json.len(), move |work| drop(black_box(Content::read(&json, work).unwrap().unwrap())))
    }),
    row("reading a setup from the table", 1_000, |size| {
        reads_setup(json!({"name": "A", "fields": small_fields(size), "list": texts(size)}))
    }),
    row("reading long keys from the table", 200, |size| {
        reads_setup(json!({"k".repeat(size * 5): vec![json!({"a": 1}); size]}))
    }),
    row("reading sets of texts from the table", 300, |size| reads_values(AttributeValue::Ss(texts(size)), size * 6)),
    row("reading sets of numbers from the table", 300, |size| {
        reads_values(AttributeValue::Ns((0..size).map(|n| format!("{n}.5")).collect()), size * 6)
    }),
    row("reading sets of binary values from the table", 300, |size| {
        reads_values(AttributeValue::Bs((0..size).map(|n| Blob::new(format!("{n:06}"))).collect()), size * 6)
    }),
    row("reading binary from the table", 3_000, |size| {
        reads_values(AttributeValue::B(Blob::new("b".repeat(size))), size)
    }),
    row("reading many binary values from the table", 300, |size| {
        reads_values(AttributeValue::L(vec![AttributeValue::B(Blob::new("b")); size]), size * 6)
    }),
    row("reading what cannot be read", 200, |size| {
        run(size * 40, move |work| {
            let mut reading = SetupReading::default();
            for number in 0..size {
                reading.add([("SK".to_owned(), text(format!("AUTOMATION#bad{number:05}")))].into(), work).unwrap();
            }
            assert_eq!(reading.finish().left_out.len(), size);
        })
    }),
    unmetered("what was left out and is held", 500, |size| {
        let content = automations(size, "A", |_| json!({})).content();
        let left_out: Vec<shared::domain::LeftOut> = (0..size)
            .map(|n| json!({"kind": "automation", "key": id(3, n), "reason": ""}))
            .map(|left_out| serde_json::from_value(left_out).unwrap())
            .collect();
        run(size * 100, move |_| assert_eq!(content.first_held(&left_out), None))
    }),
];

fn text(text: String) -> AttributeValue {
    AttributeValue::S(text)
}

/// An automation whose name is long and stands in front of as many references.
pub(crate) fn named_statuses(size: usize) -> Shape {
    automations(1, &"n".repeat(size), |_| json!({"sourceStatuses": texts(size)}))
}

pub(crate) fn small_fields(size: usize) -> Value {
    fields(size, |number| format!("{number:05x}"), &json!(0))
}

/// A text that is a list of ids of the setup's own automation.
pub(crate) fn ids(size: usize) -> String {
    (0..size).map(|_| id(1, 0).to_string() + ",").collect()
}

fn captures(shape: Shape) -> Run {
    let (setup, organization) = (shape.setup(), shape.organization());
    run(shape.bytes(), move |work| drop(black_box(capture(setup, &organization, work).unwrap())))
}

fn of_capture(shape: &Shape, look: fn(&Capture, &Work)) -> Run {
    let captured = capture(shape.setup(), &shape.organization(), &Work::unlimited()).unwrap();
    run(shape.bytes(), move |work| look(&captured, work))
}

fn unpacks(shape: &Shape) -> Run {
    let work = Work::unlimited();
    let captured = capture(shape.setup(), &shape.organization(), &work).unwrap();
    let packed = CanonicalContent::of(&captured, &work).unwrap().pack(&work).unwrap().unwrap().content();
    run(shape.bytes(), move |work| drop(black_box(packed.content::<Fault>(work).unwrap())))
}

/// Reads a document with one value.
fn reads_values(value: AttributeValue, input: usize) -> Run {
    let document = AttributeValue::M([("x".to_owned(), value)].into());
    let sk = text(format!("AUTOMATION#{}", id(1, 0)));
    let item = [("SK".to_owned(), sk), ("document".to_owned(), document)].into();
    run(input, move |work| {
        let mut reading = SetupReading::default();
        reading.add(item, work).unwrap();
        assert_eq!(reading.excess(), None);
        black_box(reading.finish());
    })
}

fn reads_setup(document: Value) -> Run {
    let input = document.to_string().len();
    let mut item = stored(&document);
    item.insert("SK".to_owned(), text(format!("AUTOMATION#{}", id(1, 0))));
    run(input, move |work| {
        let mut reading = SetupReading::default();
        reading.add(item, work).unwrap();
        assert_eq!(reading.excess(), None);
        black_box(reading.finish());
    })
}
