//! Each alarm of template.yaml goes off at the cause that it stands for, and at no other. A test makes the cause; the metrics are those
//! of the functions' own lines, and those that AWS documents for what happened. docs/OPERATIONS.md has the table.

#![expect(clippy::panic, reason = "what fails in a test fails the test")]

mod causes;
mod definition;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use shared::function::{EventFunction, Function};
use tests::{Logs, NAMESPACE, Sample, samples};

use self::definition::{Alarm, Point};
use crate::deployment::grants::template;
use crate::deployment::template::{of_type, rows};

/// The section of docs/OPERATIONS.md with a row for each cause.
const CAUSES: &str = "How each alarm was seen to go off";

/// A time at which every alarm has as many periods behind it as it looks at.
const BEGINNING: u64 = 12 * 60 * 60;
const MINUTE: u64 = 60;

/// What a test made, as points of metrics.
struct Story {
    points: Vec<Point>,
    /// The second of the next point.
    now: u64,
    /// What runs beside it, as on any day: each of these functions once a minute.
    others: Vec<Function>,
}

impl Story {
    fn new() -> Self {
        Self { points: Vec::new(), now: BEGINNING, others: Function::all().collect() }
    }

    /// Adds a value of a metric of AWS.
    fn put(&mut self, namespace: &str, name: &str, dimensions: &[(&str, &str)], value: f64) {
        let sample = Sample {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            dimensions: dimensions.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            value,
            unit: "None".to_owned(),
        };
        self.points.push(Point { second: self.now, sample });
    }

    /// Adds a value of a metric of Lambda for a function.
    fn put_lambda(&mut self, name: &str, function: Function, value: f64) {
        self.put("AWS/Lambda", name, &[("FunctionName", function.logical_name())], value);
    }

    /// Adds what the lines say, and returns them.
    fn take(&mut self, logs: &Logs) -> Vec<Value> {
        let lines = logs.take();
        let now = self.now;
        self.points.extend(lines.iter().flat_map(samples).map(|sample| Point { second: now, sample }));
        lines
    }

    /// Repeats the points so far, so many times in all, each time so many seconds later.
    fn repeat(mut self, times: u64, seconds: u64) -> Self {
        let made = std::mem::take(&mut self.points);
        for time in 0..times {
            let later = made.iter().map(|point| Point { second: point.second + time * seconds, ..point.clone() });
            self.points.extend(later);
        }
        self.now += (times - 1) * seconds;
        self
    }

    /// Returns every alarm that is on at any minute until a few minutes after the last point.
    fn alarms(mut self, template: &Value) -> BTreeSet<String> {
        let end = self.now + 60 * MINUTE;
        for second in (BEGINNING - 30 * MINUTE..end).step_by(60) {
            self.now = second;
            for function in self.others.clone() {
                self.put_lambda("Invocations", function, 1.0);
                // Together they take longer than one may, each for itself does not.
                let is_long = [EventFunction::SweepApplies, EventFunction::ScheduleRefresh]
                    .map(Function::Event)
                    .contains(&function);
                self.put_lambda("Duration", function, if is_long { 60_000.0 } else { 6_000.0 });
            }
        }
        let minutes = || (BEGINNING..=end).step_by(60);
        let is_on = |alarm: &Alarm| minutes().any(|minute| alarm.is_on(&self.points, minute));
        let all = of_type(template, "AWS::CloudWatch::Alarm");
        let on = all.into_iter().filter(|(_, properties)| is_on(&Alarm::read(template, properties)));
        on.map(|(name, _)| name.clone()).collect()
    }
}

/// The row of the table for a cause: the alarms that go off at it.
fn row_of(cause: &str) -> BTreeSet<String> {
    let of_cause: Vec<_> = rows(CAUSES).into_iter().filter(|row| row[1] == cause).collect();
    let [row] = &of_cause[..] else { panic!("one row of docs/OPERATIONS.md has the cause: {cause}") };
    row[0].split(", ").map(|name| name.trim_matches('`').to_owned()).collect()
}

/// Checks that exactly the alarms of the row go off.
fn check(cause: &str, story: Story) {
    assert_eq!(story.alarms(&template()), row_of(cause), "{cause}");
}

/// Checks that each story makes alarms of its own function alone go off, and all together those of the row.
fn check_each(cause: &str, stories: Vec<(Function, Story)>) {
    let mut all = BTreeSet::new();
    for (function, story) in stories {
        let own = story.alarms(&template());
        let name = function.logical_name().trim_end_matches("Function");
        assert!(!own.is_empty() && own.iter().all(|alarm| alarm.starts_with(name)), "{name}: {own:?}");
        all.extend(own);
    }
    assert_eq!(all, row_of(cause), "{cause}");
}

#[test]
fn every_alarm_has_its_cause_in_the_table_and_at_most_six_are_left_to_aws() {
    let template = template();
    let mut told = BTreeMap::new();
    for row in rows(CAUSES) {
        let [names, cause, origin] = &row[..] else { panic!("{row:?}") };
        assert!(!cause.is_empty(), "{row:?}");
        assert!(["lines", "happened", "AWS alone"].iter().any(|known| origin.starts_with(known)), "{row:?}");
        for name in names.split(", ") {
            told.entry(name.trim_matches('`').to_owned()).or_insert_with(Vec::new).push(origin.clone());
        }
    }
    let all = of_type(&template, "AWS::CloudWatch::Alarm").into_iter().map(|(name, _)| name.clone());
    assert_eq!(told.keys().cloned().collect::<BTreeSet<_>>(), all.collect());
    let left = told.values().filter(|origins| origins.iter().all(|origin| origin.starts_with("AWS alone"))).count();
    assert!((1..=6).contains(&left), "{left} alarms are left to AWS");
}

/// Every code of a problem is sent as a metric of its own.
const CODES: usize = 35;

#[test]
fn the_document_says_how_many_metrics_a_stack_sends_at_most() {
    let services = Function::all().count();
    let runs = [Function::Event(EventFunction::SweepApplies), Function::Event(EventFunction::ScheduleRefresh)].len();
    let most = shared::logging::METRICS.iter().map(|metric| match (metric.dimensions, metric.name) {
        (["service", "route"], _) => shared::http::ROUTES.len() + 1,
        (["code"], _) => CODES,
        (["service"], "given_up" | "deferred") => 1,
        (["service"], "behind" | "oldest_due_seconds") => runs,
        (["service"], _) => services,
        (other, _) => panic!("{other:?}"),
    });
    let most: usize = most.sum();
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/OPERATIONS.md")).unwrap();
    assert!(
        text.contains(&format!(
            "sends at most {most} and costs ${:.0} a month",
            f64::from(u32::try_from(most).unwrap()) * 0.3
        )),
        "{most}"
    );
}

#[test]
fn the_document_says_what_the_alarms_cost() {
    let template = template();
    let alarms = of_type(&template, "AWS::CloudWatch::Alarm");
    // CloudWatch charges ten cents a month for each metric that an alarm watches, and nothing for an expression.
    let watched = |alarm: &Value| match alarm["Properties"]["Metrics"].as_array() {
        Some(metrics) => metrics.iter().filter(|metric| metric.get("MetricStat").is_some()).count(),
        None => 1,
    };
    let metrics: usize = alarms.iter().map(|(_, alarm)| watched(alarm)).sum();
    let said = format!("| {} alarms watch {metrics} metrics | ${}.{}0 |", alarms.len(), metrics / 10, metrics % 10);
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/OPERATIONS.md")).unwrap();
    assert!(text.contains(&said), "docs/OPERATIONS.md, Costs: {said}");
}

#[test]
fn no_alarm_is_on_while_nothing_happens() {
    assert_eq!(Story::new().alarms(&template()), BTreeSet::new());
}

#[test]
fn every_metric_of_ours_that_the_template_names_is_one_that_the_functions_send() {
    let template = template();
    let known = |name: &Value, dimensions: BTreeSet<&str>| {
        shared::logging::METRICS.iter().any(|metric| {
            name == metric.name && metric.dimensions.iter().copied().collect::<BTreeSet<_>>() == dimensions
        })
    };
    let mut own = 0;
    for (name, alarm) in of_type(&template, "AWS::CloudWatch::Alarm") {
        if alarm["Namespace"] == "AWS::StackName" {
            let dimensions = alarm["Dimensions"].as_array().unwrap().iter().map(|it| it["Name"].as_str().unwrap());
            assert!(known(&alarm["MetricName"], dimensions.collect()), "{name}");
            own += 1;
        }
    }
    let [(_, dashboard)] = of_type(&template, "AWS::CloudWatch::Dashboard")[..] else { panic!("one dashboard") };
    let body: Value = serde_json::from_str(dashboard["DashboardBody"][0].as_str().unwrap()).unwrap();
    for widget in body["widgets"].as_array().unwrap() {
        for metric in widget["properties"]["metrics"].as_array().unwrap() {
            if metric[0] == "${AWS::StackName}" {
                let texts = metric.as_array().unwrap()[2..].iter().filter_map(Value::as_str);
                assert!(known(&metric[1], texts.step_by(2).collect()), "{metric}");
                own += 1;
            }
        }
    }
    assert_eq!(own, 12, "six alarms, and six lines of the dashboard");
    assert!(of_type(&template, "AWS::Logs::MetricFilter").is_empty(), "the lines say themselves what is a metric");
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
    assert_eq!(variables["POWERTOOLS_METRICS_NAMESPACE"], json!("AWS::StackName"));
    assert_ne!(NAMESPACE, "");
}
