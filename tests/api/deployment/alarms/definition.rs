//! The alarms of template.yaml, judged by the points of metrics as CloudWatch judges them: each period has the value of a statistic over
//! the points of exactly these dimensions, or none, which counts as the alarm says; an alarm goes off when every period breaches.

use std::collections::BTreeMap;

use ::tests::{NAMESPACE, Sample};
use serde_json::Value;

/// A value of a metric, with its second.
#[derive(Debug, Clone)]
pub(super) struct Point {
    pub(super) second: u64,
    pub(super) sample: Sample,
}

/// A metric, and what is taken of its points.
#[derive(Debug)]
struct Series {
    namespace: String,
    name: String,
    dimensions: BTreeMap<String, String>,
    statistic: String,
}

/// An alarm.
#[derive(Debug)]
pub(super) struct Alarm {
    /// One series, or several whose sum counts.
    series: Vec<Series>,
    /// The seconds of a period.
    period: u64,
    /// How many periods in a row must breach.
    periods: u64,
    threshold: f64,
    comparison: String,
    missing: String,
}

impl Alarm {
    /// Reads the properties of an alarm. Fails where they are something that this does not judge.
    pub(super) fn read(template: &Value, properties: &Value) -> Self {
        let metrics = properties["Metrics"].as_array();
        let (series, period) = match metrics {
            None => (vec![Series::read(properties, properties)], properties["Period"].as_u64().unwrap()),
            Some(metrics) => {
                let (sums, stats): (Vec<_>, Vec<_>) =
                    metrics.iter().partition(|metric| metric.get("Expression").is_some());
                let [sum] = &sums[..] else { panic!("one expression: {metrics:?}") };
                assert_eq!(sum["Expression"], "SUM(METRICS())");
                assert!(sum.get("ReturnData").is_none() && stats.iter().all(|stat| stat["ReturnData"] == false));
                assert!(stats.len() <= 10, "an alarm takes ten metrics");
                let periods: Vec<_> = stats.iter().map(|stat| stat["MetricStat"]["Period"].as_u64().unwrap()).collect();
                assert!(periods.iter().all(|period| *period == periods[0]));
                let read = |stat: &&Value| Series::read(&stat["MetricStat"]["Metric"], &stat["MetricStat"]);
                (stats.iter().map(read).collect(), periods[0])
            }
        };
        assert!(properties.get("DatapointsToAlarm").is_none(), "every period must breach");
        let threshold = &properties["Threshold"];
        let threshold = threshold.as_str().map_or(threshold, |name| &template["Parameters"][name]["Default"]);
        Self {
            series,
            period,
            periods: properties["EvaluationPeriods"].as_u64().unwrap(),
            threshold: threshold.as_f64().unwrap(),
            comparison: properties["ComparisonOperator"].as_str().unwrap().to_owned(),
            missing: properties["TreatMissingData"].as_str().unwrap().to_owned(),
        }
    }

    /// Whether the alarm is on at `now`.
    pub(super) fn is_on(&self, points: &[Point], now: u64) -> bool {
        (0..self.periods).all(|before| {
            let end = now - before * self.period;
            let values: Vec<f64> =
                self.series.iter().filter_map(|series| series.value(points, end - self.period..end)).collect();
            match (&values[..], self.missing.as_str()) {
                ([], missing) => missing == "breaching",
                (values, _) => self.breaches(values.iter().sum()),
            }
        })
    }

    fn breaches(&self, value: f64) -> bool {
        match self.comparison.as_str() {
            "GreaterThanOrEqualToThreshold" => value >= self.threshold,
            "LessThanThreshold" => value < self.threshold,
            other => panic!("{other} is not judged"),
        }
    }
}

impl Series {
    fn read(metric: &Value, statistic: &Value) -> Self {
        // Of `!If [MakesTable, …]` the table that the stack makes.
        let text = |value: &Value| value.as_str().or(value[1].as_str()).unwrap().to_owned();
        let pair = |dimension: &Value| (text(&dimension["Name"]), text(&dimension["Value"]));
        let statistic = ["Statistic", "ExtendedStatistic", "Stat"].iter().find_map(|name| statistic.get(*name));
        let namespace = text(&metric["Namespace"]);
        Self {
            // The functions' own metrics stand in the namespace of the stack's name.
            namespace: if namespace == "AWS::StackName" { NAMESPACE.to_owned() } else { namespace },
            name: text(&metric["MetricName"]),
            dimensions: metric["Dimensions"].as_array().into_iter().flatten().map(pair).collect(),
            statistic: text(statistic.unwrap()),
        }
    }

    fn value(&self, points: &[Point], period: std::ops::Range<u64>) -> Option<f64> {
        let is_mine = |point: &&Point| {
            let Sample { namespace, name, dimensions, .. } = &point.sample;
            period.contains(&point.second)
                && (namespace, name, dimensions) == (&self.namespace, &self.name, &self.dimensions)
        };
        let mut values: Vec<f64> = points.iter().filter(is_mine).map(|point| point.sample.value).collect();
        values.sort_by(f64::total_cmp);
        let largest = *values.last()?;
        match self.statistic.as_str() {
            "Sum" => Some(values.iter().sum()),
            "Maximum" => Some(largest),
            "p99" => Some(values[(values.len() * 99).div_ceil(100) - 1]),
            other => panic!("{other} is not judged"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn alarm(changed: Value) -> Alarm {
        let mut properties = json!({
            "Namespace": "AWS::StackName", "MetricName": "problems", "Dimensions": [{"Name": "code", "Value": "internal"}],
            "Statistic": "Sum", "Period": 300, "EvaluationPeriods": 2, "Threshold": 3,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold", "TreatMissingData": "notBreaching",
        });
        properties.as_object_mut().unwrap().extend(changed.as_object().unwrap().clone());
        Alarm::read(&json!({"Parameters": {"At": {"Default": 3}}}), &properties)
    }

    fn points(of: &[(u64, f64)]) -> Vec<Point> {
        let sample = |value| Sample {
            namespace: NAMESPACE.to_owned(),
            name: "problems".to_owned(),
            dimensions: [("code".to_owned(), "internal".to_owned())].into(),
            value,
            unit: "Count".to_owned(),
        };
        of.iter().map(|(second, value)| Point { second: *second, sample: sample(*value) }).collect()
    }

    #[test]
    fn an_alarm_is_on_when_every_period_breaches() {
        let both = points(&[(3_000, 1.0), (3_299, 2.0), (3_300, 3.0)]);
        for (changed, points, expected) in [
            (json!({}), &both[..], true),
            (json!({"Threshold": "At"}), &both, true),
            (json!({"Threshold": 4}), &both, false),
            (json!({"EvaluationPeriods": 3}), &both, false),
            (json!({"Period": 60}), &both, false),
            (json!({"Statistic": "Maximum"}), &both, false),
            (json!({"MetricName": "other"}), &both, false),
            (json!({"Namespace": "AWS/Lambda"}), &both, false),
            (json!({"Dimensions": []}), &both, false),
            (json!({"Dimensions": [{"Name": "code", "Value": "unavailable"}]}), &both, false),
            (json!({"ComparisonOperator": "LessThanThreshold"}), &both, false),
            (json!({}), &both[1..], false),
            (json!({"TreatMissingData": "breaching"}), &[], true),
            (json!({"TreatMissingData": "breaching"}), &both[2..], true),
        ] {
            assert_eq!(alarm(changed.clone()).is_on(points, 3_600), expected, "{changed}");
        }
    }

    #[test]
    fn the_99th_percentile_of_a_hundred_is_the_second_largest() {
        let slow = |times: usize| points(&[vec![(3_599, 1.0); 100 - times], vec![(3_599, 9.0); times]].concat());
        let alarm = alarm(json!({"EvaluationPeriods": 1, "ExtendedStatistic": "p99", "Statistic": "p99"}));
        assert!(!alarm.is_on(&slow(1), 3_600) && alarm.is_on(&slow(2), 3_600));
    }
}
