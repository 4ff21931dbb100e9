//! Reads the metrics of a log line as CloudWatch Logs does, and refuses a line that breaks a rule of the embedded metric format:
//! CloudWatch passes over such a line without a word.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use shared::logging::METRICS;

/// The most dimensions of a metric, metrics of a directive, and characters of a dimension's value, of a metric's name and of a namespace.
const MAX_DIMENSIONS: usize = 30;
const MAX_METRICS: usize = 100;
const MAX_VALUE: usize = 1_024;
const MAX_NAME: usize = 255;
const MAX_NAMESPACE: usize = 255;
/// The most bytes of a line.
const MAX_LINE: usize = 262_144;
/// Every unit that CloudWatch knows.
const UNITS: [&str; 27] = [
    "Seconds",
    "Microseconds",
    "Milliseconds",
    "Bytes",
    "Kilobytes",
    "Megabytes",
    "Gigabytes",
    "Terabytes",
    "Bits",
    "Kilobits",
    "Megabits",
    "Gigabits",
    "Terabits",
    "Percent",
    "Count",
    "Bytes/Second",
    "Kilobytes/Second",
    "Megabytes/Second",
    "Gigabytes/Second",
    "Terabytes/Second",
    "Bits/Second",
    "Kilobits/Second",
    "Megabits/Second",
    "Gigabits/Second",
    "Terabits/Second",
    "Count/Second",
    "None",
];
/// The years 2020 to 2100 in milliseconds: a time in seconds or in microseconds is outside.
const MILLISECONDS: std::ops::Range<i64> = 1_577_836_800_000..4_102_444_800_000;

/// One value of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// The namespace.
    pub namespace: String,
    /// The metric.
    pub name: String,
    /// Its dimensions.
    pub dimensions: BTreeMap<String, String>,
    /// The value.
    pub value: f64,
    /// The unit.
    pub unit: String,
}

/// Returns the metrics of a line; none if it has no `_aws`. Panics if the line breaks a rule of the format, or names a metric that
/// [`METRICS`] does not have.
pub fn samples(line: &Value) -> Vec<Sample> {
    let Some(document) = line.get("_aws") else { return Vec::new() };
    read(line, document).unwrap_or_else(|rule| panic!("{rule}: {line}"))
}

fn read(line: &Value, document: &Value) -> Result<Vec<Sample>, String> {
    holds(line.to_string().len() <= MAX_LINE, "a line has at most 256 kB")?;
    only(document, &["Timestamp", "CloudWatchMetrics"])?;
    let timestamp = document["Timestamp"].as_i64();
    holds(timestamp.is_some_and(|time| MILLISECONDS.contains(&time)), "the time is in milliseconds")?;
    let mut samples = Vec::new();
    let mut seen = BTreeSet::new();
    for directive in list(&document["CloudWatchMetrics"], "CloudWatchMetrics is a list")? {
        only(directive, &["Namespace", "Dimensions", "Metrics"])?;
        let namespace = directive["Namespace"].as_str().unwrap_or_default();
        holds((1..=MAX_NAMESPACE).contains(&namespace.len()), "a namespace is a text")?;
        let metrics = list(&directive["Metrics"], "Metrics is a list")?;
        holds((1..=MAX_METRICS).contains(&metrics.len()), "a directive has 1 to 100 metrics")?;
        for set in list(&directive["Dimensions"], "Dimensions is a list")? {
            let dimensions = dimensions(line, list(set, "a set of dimensions is a list")?)?;
            for metric in metrics {
                let sample = sample(line, namespace, &dimensions, metric)?;
                holds(seen.insert((sample.name.clone(), dimensions.clone())), "no metric comes twice")?;
                samples.push(sample);
            }
        }
    }
    Ok(samples)
}

fn dimensions(line: &Value, names: &[Value]) -> Result<BTreeMap<String, String>, String> {
    holds(names.len() <= MAX_DIMENSIONS, "a set has at most 30 dimensions")?;
    let mut dimensions = BTreeMap::new();
    for name in names {
        let name = name.as_str().ok_or("the name of a dimension is a text")?;
        let value = line[name].as_str().ok_or_else(|| format!("the dimension {name} is a text of the line"))?;
        holds((1..=MAX_VALUE).contains(&value.len()), "the value of a dimension has 1 to 1,024 characters")?;
        holds(
            value.is_ascii() && !value.starts_with(':'),
            "the value of a dimension is ASCII and begins with no colon",
        )?;
        dimensions.insert(name.to_owned(), value.to_owned());
    }
    Ok(dimensions)
}

fn sample(
    line: &Value,
    namespace: &str,
    dimensions: &BTreeMap<String, String>,
    metric: &Value,
) -> Result<Sample, String> {
    only(metric, &["Name", "Unit", "StorageResolution"])?;
    let name = metric["Name"].as_str().filter(|name| (1..=MAX_NAME).contains(&name.len()));
    let name = name.ok_or("a metric has a name of 1 to 255 characters")?;
    let unit = metric["Unit"].as_str().unwrap_or("None");
    holds(UNITS.contains(&unit), "the unit is one of CloudWatch's")?;
    let value = line[name].as_f64().filter(|value| value.is_finite());
    let value = value.ok_or_else(|| format!("the metric {name} is a number of the line"))?;
    let declared = METRICS.iter().find(|declared| declared.name == name);
    let names: BTreeSet<&str> = dimensions.keys().map(String::as_str).collect();
    let is_declared = declared.is_some_and(|metric| {
        metric.unit == unit && metric.dimensions.iter().copied().collect::<BTreeSet<_>>() == names
    });
    holds(is_declared, "a metric has the unit and the dimensions of the list of metrics")?;
    Ok(Sample {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        dimensions: dimensions.clone(),
        value,
        unit: unit.to_owned(),
    })
}

fn list<'v>(value: &'v Value, rule: &str) -> Result<&'v [Value], String> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| rule.to_owned())
}

fn only(value: &Value, known: &[&str]) -> Result<(), String> {
    let members = value.as_object().ok_or("a directive and a metric are objects")?;
    holds(members.keys().all(|name| known.contains(&name.as_str())), "no other members are there")
}

fn holds(is_so: bool, rule: &str) -> Result<(), String> {
    if is_so { Ok(()) } else { Err(rule.to_owned()) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    type Breaking = Box<dyn FnOnce(&mut Value)>;

    /// A good line, and how a rule is broken.
    fn broken(by: impl FnOnce(&mut Value)) -> Result<Vec<Sample>, String> {
        let mut line = json!({
            "service": "sign-in", "route": "POST /api/auth/login", "duration_ms": 3,
            "_aws": {"Timestamp": 1_778_835_600_000_i64, "CloudWatchMetrics": [{
                "Namespace": "stack", "Dimensions": [["service", "route"]],
                "Metrics": [{"Name": "duration_ms", "Unit": "Milliseconds"}],
            }]},
        });
        by(&mut line);
        read(&line, &line["_aws"])
    }

    #[test]
    fn every_broken_rule_is_seen() {
        assert_eq!(broken(|_| {}).unwrap().len(), 1);
        let directive = |line: &mut Value| line["_aws"]["CloudWatchMetrics"][0].take();
        let cases: [(&str, Breaking); 13] = [
            ("milliseconds", Box::new(|line| line["_aws"]["Timestamp"] = json!(1_778_835_600))),
            ("milliseconds", Box::new(|line| line["_aws"]["Timestamp"] = json!("2026"))),
            ("namespace", Box::new(|line| line["_aws"]["CloudWatchMetrics"][0]["Namespace"] = json!(""))),
            ("dimension service", Box::new(|line| line["service"] = json!(7))),
            ("1 to 1,024", Box::new(|line| line["route"] = json!(""))),
            ("1 to 1,024", Box::new(|line| line["route"] = json!("x".repeat(1_025)))),
            ("ASCII", Box::new(|line| line["route"] = json!("GET /é"))),
            ("a number of the line", Box::new(|line| line["duration_ms"] = json!("3"))),
            ("unit", Box::new(|line| line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0]["Unit"] = json!("ms"))),
            (
                "list of metrics",
                Box::new(|line| line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = json!([["service"]])),
            ),
            (
                "at most 30",
                Box::new(|line| line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] = json!([vec!["service"; 31]])),
            ),
            (
                "1 to 100 metrics",
                Box::new(|line| {
                    let metric = line["_aws"]["CloudWatchMetrics"][0]["Metrics"][0].take();
                    line["_aws"]["CloudWatchMetrics"][0]["Metrics"] = json!(vec![metric; 101]);
                }),
            ),
            (
                "twice",
                Box::new(move |line| {
                    let one = directive(line);
                    line["_aws"]["CloudWatchMetrics"] = json!([one, one]);
                }),
            ),
        ];
        for (rule, breaks) in cases {
            let error = broken(breaks).unwrap_err();
            assert!(error.contains(rule), "{rule}: {error}");
        }
    }
}
