//! The metrics of a line, in CloudWatch's embedded metric format: CloudWatch Logs makes them of the line, without a call and without a
//! metric filter. A metric is a number of the line under its own name; `_aws` only says which numbers are metrics.

use serde_json::{Map, Value, json};

use crate::domain::Timestamp;

/// A number of a line that is a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name, which is the field's.
    pub name: &'static str,
    /// Its unit, by CloudWatch's name.
    pub unit: &'static str,
    /// The fields that tell its values apart. Each combination of their values costs as a metric of its own, so none holds an id.
    pub dimensions: &'static [&'static str],
    /// Whether a zero is a value, too. A sum needs none, and a metric without a value costs nothing.
    pub keeps_zero: bool,
}

const fn sum(name: &'static str, dimensions: &'static [&'static str]) -> Metric {
    Metric { name, unit: "Count", dimensions, keeps_zero: false }
}

/// Every metric. The durations of functions that answer no request are among Lambda's own.
pub const METRICS: &[Metric] = &[
    Metric { name: "duration_ms", unit: "Milliseconds", dimensions: &["service", "route"], keeps_zero: true },
    sum("read_units", &["service"]),
    sum("write_units", &["service"]),
    sum("table_calls", &["service"]),
    sum(COLD_STARTS, &["service"]),
    sum(PROBLEMS, &["code"]),
    sum("given_up", &["service"]),
    sum("deferred", &["service"]),
    sum(BEHIND, &["service"]),
    Metric { name: "oldest_due_seconds", unit: "Seconds", dimensions: &["service"], keeps_zero: false },
];

/// Powertools' metric of starts.
const COLD_STARTS: &str = "ColdStart";
/// Answers with a problem, by its code.
const PROBLEMS: &str = "problems";
/// Runs that left something due.
const BEHIND: &str = "behind";

/// Adds what makes the numbers of a line metrics. A line without the units of a request or a run stays as it is.
pub(super) fn add(line: &mut Map<String, Value>, namespace: &str, now: Timestamp) {
    if !line.contains_key("table_calls") {
        return;
    }
    let counted = [
        (COLD_STARTS, line.get("cold_start") == Some(&Value::Bool(true))),
        (PROBLEMS, line.contains_key("code")),
        (BEHIND, line.get("is_done") == Some(&Value::Bool(false))),
    ];
    line.extend(counted.into_iter().filter(|(_, is_so)| *is_so).map(|(name, _)| (name.to_owned(), 1.into())));
    let mut directives: Vec<(&[&str], Vec<Value>)> = Vec::new();
    for metric in METRICS.iter().filter(|metric| metric.is_in(line)) {
        let definition = json!({"Name": metric.name, "Unit": metric.unit});
        match directives.iter_mut().find(|(dimensions, _)| *dimensions == metric.dimensions) {
            Some((_, metrics)) => metrics.push(definition),
            None => directives.push((metric.dimensions, vec![definition])),
        }
    }
    let directives: Vec<Value> = directives
        .into_iter()
        .map(|(dimensions, metrics)| json!({"Namespace": namespace, "Dimensions": [dimensions], "Metrics": metrics}))
        .collect();
    if !directives.is_empty() {
        let document = json!({"Timestamp": now.as_millis(), "CloudWatchMetrics": directives});
        line.insert("_aws".to_owned(), document);
    }
}

impl Metric {
    fn is_in(&self, line: &Map<String, Value>) -> bool {
        let value = line.get(self.name).and_then(Value::as_f64);
        let is_sent = value.is_some_and(|value| self.keeps_zero || value > 0.0);
        is_sent && self.dimensions.iter().all(|dimension| line.get(*dimension).is_some_and(Value::is_string))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn added(line: &Value) -> Value {
        let mut line = line.as_object().unwrap().clone();
        add(&mut line, "stack", Timestamp::from_millis(1_778_835_600_000));
        Value::Object(line)
    }

    #[test]
    fn the_numbers_of_a_request_are_metrics_and_its_ids_are_no_dimensions() {
        let line = json!({
            "service": "apply-snapshot", "route": "POST /api/user-snapshots/{id}/apply", "snapshot": "665f1a0c0e0a4b001a2c9f80",
            "duration_ms": 0, "read_units": 2.5, "write_units": 0.0, "table_calls": 3, "code": "forbidden", "cold_start": true,
        });
        let expected = json!({"Timestamp": 1_778_835_600_000_i64, "CloudWatchMetrics": [
            {"Namespace": "stack", "Dimensions": [["service", "route"]], "Metrics": [{"Name": "duration_ms", "Unit": "Milliseconds"}]},
            {"Namespace": "stack", "Dimensions": [["service"]], "Metrics": [
                {"Name": "read_units", "Unit": "Count"}, {"Name": "table_calls", "Unit": "Count"}, {"Name": "ColdStart", "Unit": "Count"},
            ]},
            {"Namespace": "stack", "Dimensions": [["code"]], "Metrics": [{"Name": "problems", "Unit": "Count"}]},
        ]});
        let line = added(&line);
        assert_eq!(line["_aws"], expected);
        assert_eq!((&line["ColdStart"], &line["problems"]), (&json!(1), &json!(1)));
    }

    #[test]
    fn a_run_that_left_something_is_behind_and_one_that_found_nothing_costs_nothing() {
        let run = |is_done: bool| {
            json!({
                "service": "sweep-applies", "duration_ms": 9, "table_calls": 8, "read_units": 4.0, "write_units": 0.0,
                "given_up": 0, "is_done": is_done, "cold_start": false,
            })
        };
        let names = |line: &Value| line["_aws"]["CloudWatchMetrics"][0]["Metrics"].to_string();
        assert_eq!(
            names(&added(&run(true))),
            json!([{"Name": "read_units", "Unit": "Count"}, {"Name": "table_calls", "Unit": "Count"}]).to_string()
        );
        assert!(names(&added(&run(false))).contains("behind"));
    }

    #[test]
    fn a_warning_stays_as_it_is() {
        let warning = json!({"service": "sign-in", "cold_start": true, "message": "a password hash is not moved yet"});
        assert_eq!(added(&warning), warning);
    }
}
