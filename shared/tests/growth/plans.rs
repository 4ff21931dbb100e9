//! Rows about planning, and about making the items of a new user.

use std::hint::black_box;

use serde_json::{Value, json};
use shared::domain::identity::NewIdentity;
use shared::domain::plan::{Choices, KnownUser, OnUnmapped, Origin, Scope, plan};
use shared::domain::{Fault, Organization, Timestamp};
use shared::store::UserItems;

use super::captures::{ids, named_statuses};
use super::shapes::{
    Shape, agents, automation, automations, id, new_user, organization, pipeline, prompt, prompts, target, texts,
};
use super::{Row, Run, row, run};

pub(crate) const ROWS: &[Row] = &[
    row("a plan with mappings of agents that nothing uses", 100, |size| {
        let shape = automations(size, "A", |n| json!({"actions": {"agent": format!("Agent {}", n % 50)}}));
        plans(shape, agent_choices((0..size / 5).map(|n| ("A".to_owned(), format!("Nobody {n}")))))
    }),
    row("a plan with mappings of stages that nothing uses", 100, |size| {
        let shape = automations(size, "A", |_| json!({"sourceStatuses": ["x"]}));
        let unused = (0..size).map(|n| (format!("Nobody {n}"), "Won".to_owned())).collect();
        plans(shape, Choices { pipeline_mapping: [("A".to_owned(), unused)].into(), ..Choices::default() })
    }),
    row("a plan with mappings of stages that nothing uses below a long name", 1_100, |size| {
        let (name, unused) = ("n".repeat(size), (0..size).map(|n| (format!("{n}"), "Won".to_owned())).collect());
        let shape = automations(1, &name, |_| json!({"sourceStatuses": ["x"]}));
        plans(shape, Choices { pipeline_mapping: [(name, unused)].into(), ..Choices::default() })
    }),
    row("a plan with a stage for each reference", 200, |size| {
        let mapping = texts(size).into_iter().map(|text| (text, "Won".to_owned())).collect();
        let choices = Choices { pipeline_mapping: [("A".to_owned(), mapping)].into(), ..Choices::default() };
        plans(automation(json!({"sourceStatuses": texts(size)})), choices)
    }),
    row("a plan with an id in many spellings", 60, spelled_ids),
    row("a plan with agents by name and by id", 60, |size| {
        let shape = Shape {
            agents: agents(size, |_| "Bea".to_owned()),
            ..automations(size, "A", |n| json!({"actions": [{"agent": "Bea"}, {"agentId": id(9, n)}]}))
        };
        let sources = (0..size).map(|n| id(9, n).to_string()).chain(["Bea".to_owned()]);
        plans(shape, agent_choices(sources.map(|source| ("A".to_owned(), source))))
    }),
    row("a plan with unknown ids that are mapped", 100, |size| {
        let unknown = |n: usize| id(0xab, n).to_string();
        let mapping = (0..size).map(|n| (unknown(n), id(7, n).to_string())).collect();
        let list = (0..size).map(unknown).collect::<Vec<_>>();
        let choices = Choices { id_mapping: [("A".to_owned(), mapping)].into(), ..Choices::default() };
        plans(automation(json!({"actions": {"list": list}})), choices)
    }),
    row("a plan with places that are mapped", 100, |size| {
        let unknown = (0..size).map(|n| id(0xab, n).to_string()).collect::<Vec<_>>();
        let mapping = (0..size).map(|n| (format!("/actions/list/{n}"), id(7, n).to_string())).collect();
        let choices = Choices { id_mapping: [("A".to_owned(), mapping)].into(), ..Choices::default() };
        plans(automation(json!({"actions": {"list": unknown}})), choices)
    }),
    row("a plan that keeps one value again and again", 100, |size| {
        let shape = automations(size, "A", |_| json!({"actions": {"x": id(0xab, 0)}}));
        let values = vec![id(0xab, 0).to_string(); size];
        plans(shape, Choices { keep_values: [("A".to_owned(), values)].into(), ..Choices::default() })
    }),
    row("a plan that keeps many values", 100, |size| {
        let shape = automations(size, "A", |n| json!({"actions": {"x": id(0xab, n)}}));
        let values = (0..size).map(|n| id(0xab, n).to_string()).collect();
        plans(shape, Choices { keep_values: [("A".to_owned(), values)].into(), ..Choices::default() })
    }),
    row("a plan that accepts destinations", 100, |size| {
        let url = |n: usize| format!("https://h{n}.example");
        let actions = (0..size).map(|n| json!({"url": url(n)})).collect::<Value>();
        let choices = Choices { allow_destinations: (0..size).map(url).collect(), ..Choices::default() };
        plans(automation(json!({"actions": actions})), choices)
    }),
    row("a plan that refuses destinations", 100, |size| {
        let shape = automations(size, "A", |n| json!({"actions": {"url": format!("https://h{n}.example")}}));
        plans(shape, Choices { on_unmapped: OnUnmapped::Reject, ..Choices::default() })
    }),
    row("a plan of a long name in front of many references", 500, |size| {
        plans(named_statuses(size), Choices::default())
    }),
    row("a plan of one stage of many types", 200, |size| {
        let pipelines = |kind: &'static str| {
            (0..size).map(move |n| pipeline(n, format!("{kind} {n}"), &["Won".into()])).collect::<Vec<_>>()
        };
        let shape = automation(json!({"sourceStatuses": vec!["Won"; size]}));
        let here = organization(Vec::new(), pipelines("Here"));
        plans_to(Shape { pipelines: pipelines("There"), ..shape }, Choices::default(), here)
    }),
    row("a plan of references by id", 100, |size| {
        let actions = (0..size).map(|n| json!({"promptId": id(2, n)})).collect::<Value>();
        plans(Shape { prompts: prompts(size), ..automation(json!({"actions": actions})) }, Choices::default())
    }),
    row("a plan of one prompt that many automations use", 100, |size| {
        let shape = automations(size, "A", |_| json!({"actions": {"promptId": id(2, 0)}}));
        plans(Shape { prompts: prompts(1), ..shape }, Choices::default())
    }),
    row("a plan of lists of ids", 200, |size| plans(automation(json!({"note": ids(size)})), Choices::default())),
    row("a plan of prompts that lost secrets", 100, |size| {
        plans(Shape { prompts: prompts(size), ..Shape::default() }, Choices::default())
    }),
    row("a plan of the source person's values", 200, |size| {
        plans(automation(json!({"list": vec!["+14155550142"; size]})), Choices::default())
    }),
    row("a plan of the source person's address", 200, |size| {
        let new_user = KnownUser { has_email: true, has_phone: true };
        let shape = automation(json!({"list": vec!["sam@acme.example"; size]}));
        plans(shape, Choices { new_user, ..Choices::default() })
    }),
    row("a plan of texts", 200, |size| {
        plans(prompt(json!({"prompt": "plain words. ".repeat(size)})), Choices::default())
    }),
    row("a plan of selected prompts", 100, |size| {
        let shape = Shape { prompts: prompts(size), ..Shape::default() };
        let names = (0..size).map(|n| format!("Prompt {}", n * 2)).collect();
        let scope = Scope::SameOrganization { automations: (0..size).map(|n| id(1, n)).collect() };
        planned(shape, Choices { selected_prompt_names: Some(names), ..Choices::default() }, scope, target())
    }),
];

/// Automations that are all called by one id, which the mapping writes in as many ways.
fn spelled_ids(size: usize) -> Run {
    let name = "abcdefabcdefabcdefabcdef";
    let shape = automations(size, name, |_| json!({"actions": {"agent": "Agent 1"}, "sourceStatuses": ["x"]}));
    let spelled = (0..size).map(|number| {
        let letter = |(at, letter): (usize, char)| match number >> at & 1 {
            1 => letter.to_ascii_uppercase(),
            _ => letter,
        };
        name.chars().enumerate().map(letter).collect::<String>()
    });
    let mut choices = agent_choices(spelled.clone().map(|key| (key, "Agent 1".to_owned())));
    choices.source_statuses_mapping = spelled.map(|key| (key, vec!["Won".to_owned()])).collect();
    plans(shape, choices)
}

fn agent_choices(entries: impl Iterator<Item = (String, String)>) -> Choices {
    let mut choices = Choices::default();
    for (automation, source) in entries {
        choices.agent_mapping.entry(automation).or_default().insert(source, id(8, 0));
    }
    choices
}

fn plans(shape: Shape, choices: Choices) -> Run {
    plans_to(shape, choices, target())
}

fn plans_to(shape: Shape, choices: Choices, targets: Organization) -> Run {
    planned(shape, choices, Scope::OtherOrganization, targets)
}

/// Plans, hashes the plan, and makes the items.
fn planned(shape: Shape, choices: Choices, scope: Scope, targets: Organization) -> Run {
    let content = shape.content();
    let input = shape.bytes() + format!("{choices:?}").len() + targets.pipelines.len() * 60;
    run(input, move |work| {
        let plan = plan(&content, &scope, &targets, &choices, work).unwrap();
        black_box(plan.hash(None, work).unwrap());
        let origin = Origin { apply: id(7, 1), snapshot: id(7, 2), revision: 1, at: Timestamp::from_millis(0) };
        let user = new_user();
        let arrival = plan.arrive(&origin, &NewIdentity::of(&user), work).unwrap();
        black_box(UserItems::of::<Fault>(&user, arrival, work).unwrap());
    })
}
