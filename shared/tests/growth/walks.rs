//! Rows about walks: references, identity, destinations, hidden text.

use std::hint::black_box;

use serde_json::{Value, json};
use shared::domain::identity::{self, find};
use shared::domain::reference::{Lookup, Replacement, each_earlier_site, rewire, rewrite};
use shared::domain::{ItemKind, OverBudget, Source, destination, hidden_text};

use super::captures::{ids, named_statuses};
use super::shapes::{Shape, agents, as_document, automation, fields, id, owner, pipeline, texts};
use super::{Row, Run, row, run, unmetered};

pub(crate) const ROWS: &[Row] = &[
    row("certain references", 1_000, |size| refers(&named_statuses(size))),
    row("references by id", 500, |size| refers(&automation(json!({"actions": vec![json!({"x": id(9, 7)}); size]})))),
    row("unknown ids", 500, |size| {
        let unknown = (0..size).map(|n| id(0xab, n).to_string()).collect::<Vec<_>>();
        refers(&automation(json!({"actions": {"list": unknown}})))
    }),
    row("ids that a document defines itself", 500, |size| {
        let own = (0..size).map(|n| json!({"id": id(0xab, n), "next": id(0xab, n + 1)})).collect::<Value>();
        refers(&automation(json!({"actions": own})))
    }),
    row("suspected names", 500, |size| {
        let shape = automation(json!({"actions": {"x": vec!["Bea"; size]}}));
        refers(&Shape { agents: agents(size, |_| "Bea".to_owned()), ..shape })
    }),
    row("lists of ids", 500, |size| refers(&automation(json!({"note": ids(size)})))),
    row("ids within a text", 300, |size| {
        let known = format!("x == \"{}\" && ", id(1, 0)).repeat(size);
        let unknown = format!("a/{} = '{}', ", id(0xab, 0), id(0xac, 0)).repeat(size);
        refers(&automation(json!({"actions": {"when": known, "then": unknown}})))
    }),
    row("ids that an automation defines in dress", 300, |size| {
        refers(&automation(json!({"actions": {"key": format!("ObjectId(\"{}\") ", id(0xab, 0)).repeat(size)}})))
    }),
    row("ids in keys", 300, |size| {
        refers(&automation(json!({"actions": fields(size, |n| format!("a:{}:{n}", id(1, 0)), &json!(1))})))
    }),
    row("names in an expression", 300, |size| {
        let shape = automation(json!({"actions": {"when": "owner == \"bea\" || 'Bea' != 'x' && ".repeat(size)}}));
        refers(&Shape { agents: agents(1, |_| "Bea".to_owned()), ..shape })
    }),
    row("quotation marks of an expression that end nowhere", 1_000, |size| {
        refers(&automation(json!({"actions": {"when": "a = \"' b: `".repeat(size)}})))
    }),
    row("names in a list", 300, |size| {
        let shape = automation(json!({"actions": {"owners": vec!["Bea, x; BEA |bea".to_owned(); size]}}));
        refers(&Shape { agents: agents(1, |_| "Bea".to_owned()), ..shape })
    }),
    row("references below keys", 500, |size| {
        refers(&automation(json!({"actions": fields(size, |n| format!("targetStage{n}"), &json!({"name": "Won"}))})))
    }),
    row("what is no reference that can be read", 500, |size| {
        refers(&automation(json!({"actions": vec![json!({"targetStage": {"x": 1}}); size]})))
    }),
    row("what is known of a content", 500, |size| {
        let pipelines = (0..size).map(|n| pipeline(n, format!("Kind {n}"), &["Won".into()])).collect();
        let shape = Shape { pipelines, ..automation(json!({"sourceStatuses": ["Won"]})) };
        let content = shape.content();
        run(size * 30, move |work| drop(black_box(Lookup::of(&content, work).unwrap())))
    }),
    unmetered("references as earlier content had them", 500, |size| {
        let document =
            as_document(json!({"sourceStatuses": texts(size), "actions": vec![json!({"agent": "B"}); size]}));
        run(size * 20, move |_| each_earlier_site::<OverBudget>(&document, |_| Ok(())).unwrap())
    }),
    unmetered("ids of a list that are replaced", 300, |size| {
        let mut document = as_document(json!({"note": ids(size)}));
        let mut lookup = Lookup::default();
        lookup.add_items(ItemKind::Automation, [id(1, 0)].into_iter());
        let sites = lookup.sites(ItemKind::Automation, &document);
        assert_eq!(sites.len(), size);
        let long = "a target of some length, which is longer than an id".to_owned();
        let replacements: Vec<Replacement> = sites.iter().map(|site| site.replaced_by(long.clone())).collect();
        drop(sites);
        run(size * 25, move |_| rewrite(&mut document, replacements))
    }),
    unmetered("ids of a list that are rewired", 300, |size| {
        let mut list = ids(size);
        run(size * 25, move |_| rewire(&mut list, &[(id(1, 0), id(7, 7))].into()))
    }),
    row("places of identity", 500, |size| finds(json!({"list": vec!["(415) 555-0142"; size]}))),
    row("people in lists", 300, |size| {
        finds(json!({"a": "Sam <sam@acme.example>, \"B, Bob\" <b@acme.example>; ".repeat(size)}))
    }),
    row("numbers in lists", 300, |size| finds(json!({"list": vec!["(415) 555-0142 x7, +1 415 555 0177"; size]}))),
    row("ids of the person within a text", 300, |size| {
        finds(json!({"a": format!("{{\"x\":\"{}\"}}", id(5, 1)).repeat(size)}))
    }),
    row("links that call", 300, |size| finds(json!({"list": vec!["https://wa.me/14155550142?text=Hi"; size]}))),
    row("quotation marks around nothing", 1_000, |size| {
        finds(json!({"a": format!("{}x{}", "\"".repeat(size), "\"".repeat(size))}))
    }),
    row("digits and separators", 1_000, |size| finds(json!({"a": "1-".repeat(size)}))),
    row("addresses and what is encoded", 300, |size| finds(json!({"a": "sam%40acme.example ".repeat(size)}))),
    row("identity in earlier content", 300, |size| {
        let shape = automation(json!({"list": vec!["sam@acme.example"; size]}));
        let mut content = shape.content();
        content.findings = 0;
        let source = Source {
            organization: id(5, 0),
            organization_name: "Acme".into(),
            user: id(5, 1),
            user_email: shared::domain::Email::parse("sam@acme.example").unwrap(),
            user_name: None,
        };
        run(shape.bytes(), move |work| identity::complete(&mut content, &source, work).unwrap())
    }),
    row("destinations", 300, |size| {
        sends(json!({"actions": (0..size).map(|n| json!({"url": format!("https://h{n}.example")})).collect::<Value>()}))
    }),
    row("schemes in front of each other", 8_000, |size| sends(json!({"actions": {"url": "a:".repeat(size) + "://x"}}))),
    row("lists of addresses", 300, |size| sends(json!({"actions": {"to": "bob@example.com, ".repeat(size)}}))),
    row("open merge tags", 1_000, |size| sends(json!({"actions": {"url": "{{".repeat(size)}}))),
    row("merge tags", 300, |size| sends(json!({"actions": {"url": "{{ x | default: 'h.example' }}".repeat(size)}}))),
    row("open quotation marks", 1_000, |size| {
        sends(json!({"actions": {"code": "fetch(".to_owned() + &"'\"".repeat(size)}}))
    }),
    row("JSON in a payload", 200, |size| {
        sends(json!({"actions": {"x": json!({"url": vec!["https://h.example"; size]}).to_string()}}))
    }),
    row("links", 300, |size| sends(json!({"actions": {"message": "https://h.example/x ".repeat(size)}}))),
    row("hidden text", 500, |size| hides("a\u{200B}\u{200B}\u{200B}\u{200B} b ".repeat(size))),
    row("open directions", 1_000, |size| hides("\u{202B}".repeat(size))),
    row("flags without a region", 500, |size| hides("\u{1F3F4}\u{E0067} ".repeat(size))),
    row("hidden text at many places", 300, |size| {
        let document = as_document(json!({"list": vec!["\u{E0041}"; size]}));
        run(size * 8, move |work| drop(black_box(hidden_text::find(&document, work).unwrap())))
    }),
];

fn refers(shape: &Shape) -> Run {
    let content = shape.content();
    run(shape.bytes(), move |work| {
        let lookup = Lookup::of(&content, work).unwrap();
        let mut count = 0;
        lookup
            .each_reference::<OverBudget>(&content, work, |reference| {
                count += reference.value.len();
                Ok(())
            })
            .unwrap();
        black_box(count);
    })
}

fn finds(value: Value) -> Run {
    let input = value.to_string().len();
    let document = as_document(value);
    run(input, move |work| {
        black_box(find(&document, &owner(), &mut identity::ALLOWANCE.clone(), work).unwrap());
    })
}

fn sends(value: Value) -> Run {
    let input = value.to_string().len();
    let document = as_document(value);
    run(input, move |work| {
        destination::visit(ItemKind::Automation, &document, work, &mut |_, sighting| drop(black_box(sighting)))
            .unwrap();
    })
}

fn hides(text: String) -> Run {
    let input = text.len();
    let document = as_document(json!({"prompt": text}));
    run(input, move |work| drop(black_box(hidden_text::find(&document, work).unwrap())))
}
