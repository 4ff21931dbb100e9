//! Rows of the table of growth about this function's bodies, answers and writes.

#[path = "../../../shared/tests/growth/measure.rs"]
#[expect(dead_code, reason = "not every row of this function needs all of it")]
mod measure;
#[path = "../../../shared/tests/growth/shapes.rs"]
#[expect(dead_code, reason = "not every row of this function needs all of it")]
mod shapes;

use std::hint::black_box;

use lambda_http::http::{HeaderValue, StatusCode, header};
use lambda_http::{Body, Request};
use serde_json::{Value, json};
use shared::domain::plan::{Choices, Origin, Plan, Scope, plan};
use shared::domain::usage::{Usage, UsedItem};
use shared::domain::{Counts, ItemKind, Timestamp, Work};
use shared::http::{Answer, JsonBody};

use self::measure::{Row, Run, hold, row, run};
use self::shapes::{Shape, automation, automations, fields, id, new_user, prompts, target, texts};
use crate::apply::arrive;
use crate::dry_run::PlanDocument;
use crate::request::{ApplyBody, ApplyParameters, PlanParameters};
use crate::undo_plan::UndoPlan;

const ROWS: &[Row] = &[
    row("the body of an apply that maps stages", 200, |size| {
        parses(json!({"pipelineMapping": {"A": fields(size, |n| format!("S{n:05}"), &json!("Won"))}}), true)
    }),
    row("the body of an apply that maps many automations", 200, |size| {
        parses(json!({"sourceStatusesMapping": fields(size, |n| format!("A{n:05}"), &json!(["Won"]))}), true)
    }),
    row("the body of a plan with wrong targets", 200, |size| {
        parses(json!({"agentMapping": {"A": fields(size, |n| format!("S{n:05}"), &json!("x"))}}), false)
    }),
    row("the body of a plan with wrong ids below a long name", 400, |size| {
        let targets = fields(size, |n| format!("{n:05}"), &json!("x"));
        parses(json!({"idMapping": {"\u{1}~/".repeat(size): targets}}), false)
    }),
    row("the body of a plan that keeps values and allows destinations", 200, |size| {
        parses(json!({"keepValues": {"A": texts(size)}, "allowDestinations": texts(size)}), true)
    }),
    row("the plan of many clones", 60, |size| plans(automations(size, "A", |_| json!({"actions": {"x": "y"}})))),
    row("the plan of names that take seven bytes a character", 60, |size| {
        plans(automations(size, &"\u{1}".repeat(100), |_| json!({"actions": {"targetStage": "Won"}})))
    }),
    row("the plan of many references that lead nowhere", 200, |size| {
        plans(automation(json!({"sourceStatuses": texts(size)})))
    }),
    row("the plan of many destinations", 100, |size| {
        let url = |n: usize| json!({"url": format!("https://h{n:05}.example")});
        plans(automation(json!({"actions": (0..size).map(url).collect::<Value>()})))
    }),
    row("the writes of many clones", 60, |size| {
        arrives(automations(size, "A", |_| json!({"actions": {"x": "y"}, "sourceStatuses": ["Won"]})))
    }),
    row("the writes of small values", 500, |size| arrives(automation(json!({"list": vec![json!({"a": 0}); size]})))),
    row("the writes of switches and warnings", 60, |size| {
        arrives(automations(size, "A", |n| json!({"sourceStatuses": [format!("S{n}")]})))
    }),
    row("the writes of prompts that lost secrets", 60, |size| {
        arrives(Shape { prompts: prompts(size), ..Shape::default() })
    }),
    row("the plan of an undo of many edited items", 100, undoes),
];

/// Answers the dry run of an undo.
fn undoes(size: usize) -> Run {
    let item = |number| UsedItem {
        kind: ItemKind::Prompt,
        id: id(1, number),
        name: "n".repeat(300),
        is_clone: true,
        is_changed: true,
    };
    let usage = Usage { is_there: true, is_changed: true, items: (0..size).map(item).collect(), ..Usage::default() };
    run(size * 350, move |work| {
        let answer = |plan: UndoPlan<'_>| Answer::metered(StatusCode::OK, &plan, work);
        drop(black_box(UndoPlan::answered(Some(usage.clone()), Counts::default(), false, work, answer).unwrap()));
    })
}

fn request(body: &Value) -> Request {
    let mut request = lambda_http::http::Request::new(Body::Text(body.to_string()));
    request.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    request
}

/// Reads a body, as an apply and as a plan does.
fn parses(mut body: Value, is_good: bool) -> Run {
    body["newUser"] = json!({"email": "casey@globex.example", "password": "TempPass!2026"});
    let (input, request) = (body.to_string().len(), request(&body));
    run(input, move |work| {
        let read = || JsonBody::of(&request).unwrap().read::<ApplyBody>(work).unwrap();
        assert_eq!(ApplyParameters::parse(read()).is_ok(), is_good);
        assert_eq!(PlanParameters::parse(read()).is_ok(), is_good);
    })
}

fn planned(shape: &Shape) -> Plan {
    let choices = Choices::default();
    plan(&shape.content(), &Scope::OtherOrganization, &target(), &choices, &Work::unlimited()).unwrap()
}

/// Answers a plan.
fn plans(shape: Shape) -> Run {
    let plan = planned(&shape);
    run(shape.bytes(), move |work| {
        let document = PlanDocument::new(&plan, String::new(), 1, Vec::new(), work).unwrap();
        black_box(Answer::metered(StatusCode::OK, &document, work).unwrap());
    })
}

/// Makes all that an apply writes.
fn arrives(shape: Shape) -> Run {
    let plan = planned(&shape);
    run(shape.bytes(), move |work| {
        let origin = Origin { apply: id(7, 1), snapshot: id(7, 2), revision: 1, at: Timestamp::from_millis(0) };
        drop(black_box(arrive(&plan, origin, new_user(), None, work).unwrap()));
    })
}

#[test]
fn bodies_answers_and_writes_grow_as_fast_as_what_comes_in() {
    hold(ROWS);
}
