//! Rows of the table of growth about this function's answers.

#[path = "../../../shared/tests/growth/measure.rs"]
#[expect(dead_code, reason = "not every row of this function needs all of it")]
mod measure;
#[path = "../../../shared/tests/growth/shapes.rs"]
#[expect(dead_code, reason = "not every row of this function needs all of it")]
mod shapes;

use std::hint::black_box;

use lambda_http::http::StatusCode;
use serde_json::{Value, json};
use shared::domain::diff;
use shared::domain::{Counts, Document, Email, ItemKind, Organization, SnapshotName};
use shared::http::Answer;
use shared::http::bounded::written;
use shared::store::{Page, SetupEntry, SetupPage, SetupPosition, SnapshotRow, StoredSetupItem};

use self::measure::{Row, Run, hold, row, run};
use self::shapes::{Shape, agents, automation, automations, fields, id, organization, pipeline, prompt, target, texts};
use crate::detail::Holdings;
use crate::differences::described;
use crate::references::ApplyReferences;
use crate::{items, lists, setup};

const ROWS: &[Row] = &[
    row("the detail of long names", 100, |size| {
        details(&automations(size, &"n".repeat(300), |_| json!({"triggerType": "t".repeat(60)})))
    }),
    row("the detail of names that take seven bytes a character", 100, |size| {
        details(&automations(size, &"\u{1}".repeat(60), |_| json!({})))
    }),
    row("the detail of many stages", 300, |size| details(&automation(json!({"sourceStatuses": texts(size)})))),
    row("a page of many items", 60, |size| {
        pages(&automations(size, "A", |_| json!({"actions": {"agent": "Agent 1", "note": "x".repeat(100)}})))
    }),
    row("a page of removed secrets", 200, |size| {
        pages(&automation(json!({"webhookPayload": fields(size, |n| format!("f{n:06}"), &json!("v"))})))
    }),
    row("a page of hidden text", 300, |size| pages(&prompt(json!({"list": vec!["\u{E0041}"; size]})))),
    row("a page of references", 300, |size| pages(&automation(json!({"sourceStatuses": texts(size)})))),
    row("the references of a content", 200, |size| {
        refers(&automation(json!({"sourceStatuses": texts(size)})), target())
    }),
    row("the references by one name", 200, |size| {
        refers(&automation(json!({"sourceStatuses": vec!["Won"; size]})), target())
    }),
    row("targets of references: agents", 200, |size| {
        let here = organization(agents(size, |n| format!("Agent {n}")), Vec::new());
        refers(&automation(json!({"actions": {"agent": "Agent 1"}})), here)
    }),
    row("targets of references: stages", 200, |size| {
        let here = organization(Vec::new(), vec![pipeline(0, "Contact".into(), &texts(size))]);
        refers(&automation(json!({"sourceStatuses": ["Won"]})), here)
    }),
    row("a page of changes", 60, |size| {
        compares(["a", "b"].map(|end| automations(size, "A", |_| json!({"note": end.repeat(100)}))))
    }),
    row("a page of one change of many fields", 300, |size| {
        compares([0, 1].map(|value| prompt(fields(size, |n| format!("{n:05x}"), &json!(value)))))
    }),
    row("a page of snapshots", 50, lists_snapshots),
    row("a page of a setup", 60, |size| {
        let item = json!({"name": "A", "prompt": "Be kind. ".repeat(100)});
        shows_setup(vec![item; size])
    }),
    row("a page of a setup of many secrets that are missing", 300, |size| {
        shows_setup(vec![json!({"values": vec!["[removed secret]"; size]})])
    }),
    row("a page of a setup of many secrets that are hidden", 100, |size| {
        shows_setup(vec![json!({"webhookPayload": fields(size, |n| format!("f{n:06}"), &json!("v"))})])
    }),
];

fn shows_setup(documents: Vec<Value>) -> Run {
    let bytes = documents.iter().map(|document| document.to_string().len()).sum();
    let documents: Vec<Document> =
        documents.into_iter().map(|document| serde_json::from_value(document).unwrap()).collect();
    run(bytes, move |work| {
        let entry = |(number, document): (usize, &Document)| {
            let place = SetupPosition { kind: ItemKind::Prompt, id: id(1, number) };
            let document = document.clone();
            SetupEntry::Item(StoredSetupItem { place, enabled: None, origin: None, document })
        };
        let page = SetupPage { entries: documents.iter().enumerate().map(entry).collect(), next: None };
        drop(black_box(setup::answer(page, 1, None, work).unwrap()));
    })
}

fn details(shape: &Shape) -> Run {
    let content = shape.content();
    run(shape.bytes(), move |work| {
        black_box(Holdings::written(&content, work, |holdings| written(&holdings, work)).unwrap());
    })
}

fn pages(shape: &Shape) -> Run {
    let content = shape.content();
    run(shape.bytes(), move |work| drop(black_box(items::page(&content, 1, None, 200, None, work).unwrap())))
}

fn refers(shape: &Shape, targets: Organization) -> Run {
    let content = shape.content();
    let stages = targets.pipelines.iter().map(|pipeline| pipeline.stages.len()).sum::<usize>();
    run(shape.bytes() + (targets.agents.len() + stages) * 30, move |work| {
        let references = ApplyReferences::new(&content, &targets, work).unwrap();
        black_box(Answer::metered(StatusCode::OK, &references, work).unwrap());
    })
}

fn compares([before, now]: [Shape; 2]) -> Run {
    let (input, before, now) = (before.bytes() + now.bytes(), before.content(), now.content());
    run(input, move |work| {
        let changes = diff::compare(&before, &now, work).unwrap();
        let page = described(&changes.iter().collect::<Vec<_>>(), 200, work).unwrap();
        black_box(Answer::metered(StatusCode::OK, &page, work).unwrap());
    })
}

fn lists_snapshots(size: usize) -> Run {
    let row = |number| SnapshotRow {
        id: id(1, number),
        name: SnapshotName::parse("n".repeat(100)).unwrap(),
        source_organization_name: "\u{1}".repeat(300),
        source_user_email: Email::parse("sam@bücher.example").unwrap(),
        counts: Counts::default(),
        is_global: false,
    };
    let rows: Vec<SnapshotRow> = (0..size).map(row).collect();
    run(size * 500, move |work| drop(black_box(lists::answer(Page { rows, next: None }, work).unwrap())))
}

#[test]
fn answers_grow_as_fast_as_what_they_show() {
    hold(ROWS);
}

#[test]
fn a_row_that_grows_faster_is_seen() {
    let squared = row("squared", 100, |size| {
        let list: Value = vec!["x".repeat(size); size].into();
        run(size, move |work| drop(black_box(written(&list, work).unwrap())))
    });
    assert!(!squared.faults().is_empty());
}
