//! Rows about comparing revisions and suggesting targets.

use std::hint::black_box;

use serde_json::{Value, json};
use shared::domain::suggestion::Suggester;
use shared::domain::{diff, sharing};

use super::captures::small_fields;
use super::shapes::{agents, automation, automations, fields, id, prompt};
use super::{Row, Run, row, run};

pub(crate) const ROWS: &[Row] = &[
    // Names are compared pair by pair, up to a number of letters that is the same for every request: one list at a time grows.
    row("suggestions for many references", 100, |size| suggests(size, 20, 10)),
    row("suggestions among many targets", 100, |size| suggests(10, size, 10)),
    row("suggestions for names that fold alike", 200, |size| {
        let names: Vec<String> = (0..size).map(|n| " ".repeat(n % 50) + "a" + &" ".repeat(n / 50)).collect();
        run(names.iter().map(String::len).sum::<usize>() * 2, move |work| {
            let mut suggester =
                Suggester::new(names.iter().enumerate().map(|(n, name)| (Some(id(9, n)), name.as_str())));
            for name in &names {
                black_box(suggester.suggest(name, work).unwrap());
            }
        })
    }),
    row("a diff of many fields", 1_000, |size| {
        diffs(&small_fields(size), &fields(size, |n| format!("{n:05x}"), &json!(1)))
    }),
    row("a diff of many items", 200, |size| {
        let [before, after] = ["a", "b"].map(|end| automations(size, "A", |_| json!({"note": end})));
        let (input, before, after) = (before.bytes() + after.bytes(), before.content(), after.content());
        run(input, move |work| {
            let changes = diff::compare(&before, &after, work).unwrap();
            changes.iter().for_each(|change| drop(black_box(change.describe(work).unwrap())));
        })
    }),
    row("a diff of many lines", 800, |size| diffs(&lines(size, "a"), &lines(size, "b"))),
    row("a diff of one long line", 2_000, |size| {
        diffs(&json!({"prompt": "word, ".repeat(size)}), &json!({"prompt": "ward, ".repeat(size)}))
    }),
    row("a diff of white space", 2_000, |size| {
        diffs(
            &json!({"prompt": format!("a{}b", " ".repeat(size))}),
            &json!({"prompt": format!("c{}d", " ".repeat(size))}),
        )
    }),
    row("a diff of lists of unequal length", 300, |size| {
        let list = |count: usize| json!({"list": vec![json!({"a": "x"}); count]});
        diffs(&list(size), &list(size + 1))
    }),
    row("a diff of removed secrets", 200, |size| {
        let payload =
            |from: usize| json!({"webhookPayload": fields(size, |n| format!("f{:06}", n + from), &json!("v"))});
        diffs(&payload(0), &payload(size))
    }),
    row("a diff of agents that were renamed", 300, |size| {
        let shape = |name: &'static str| {
            let shape =
                automation(json!({"actions": (0..size).map(|n| json!({"agentId": id(9, n)})).collect::<Value>()}));
            super::shapes::Shape { agents: agents(size, |n| format!("{name} {n}")), ..shape }
        };
        let (input, before, after) = (shape("A").bytes() * 2, shape("A").content(), shape("B").content());
        run(input, move |work| {
            drop(black_box(diff::compare(&before, &after, work).unwrap()));
            drop(black_box(diff::renamed_agents(&before, &after)));
        })
    }),
    row("what a sharing follows", 300, |size| {
        let actions = (0..size).map(|n| json!({"url": format!("https://h{n}.example")})).collect::<Value>();
        let shape = automation(json!({"actions": actions}));
        let (input, shared, next) = (shape.bytes() * 2, shape.content(), shape.content());
        run(input, move |work| assert_eq!(sharing::unfollowed(&shared, &next, work), None))
    }),
];

fn lines(size: usize, end: &str) -> Value {
    json!({"prompt": (0..size).map(|number| format!("line {number} {end}\n")).collect::<String>()})
}

fn suggests(references: usize, targets: usize, length: usize) -> Run {
    let name = |letter: char| move |number: usize| format!("{letter}{number:0>length$}");
    let names: Vec<String> = (0..references).map(name('a')).collect();
    let targets: Vec<String> = (0..targets).map(name('b')).collect();
    run((names.len() + targets.len()) * (length + 1), move |work| {
        let mut suggester = Suggester::new(targets.iter().map(|name| (None, name.as_str())));
        for name in &names {
            black_box(suggester.suggest(name, work).unwrap());
        }
    })
}

fn diffs(before: &Value, after: &Value) -> Run {
    let [before, after] = [before, after].map(|document| prompt(document.clone()));
    let (input, before, after) = (before.bytes() + after.bytes(), before.content(), after.content());
    run(input, move |work| {
        let changes = diff::compare(&before, &after, work).unwrap();
        changes.iter().for_each(|change| drop(black_box(change.describe(work).unwrap())));
    })
}
