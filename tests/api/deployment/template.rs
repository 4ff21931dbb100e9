//! template.yaml says the same as the code: routes, functions and the table.

use std::collections::BTreeSet;
use std::time::Duration;

use local::event_source::{BATCH_SIZE, MAX_RECEIVES, MAXIMUM_CONCURRENCY, VISIBILITY_TIMEOUT};
use local::scheduler;
use serde_json::Value;
use shared::function::{EventFunction, Function, HttpFunction};
use shared::http::ROUTES;

use crate::deployment::grants::{role, template};

#[test]
fn every_route_of_the_code_is_a_route_of_the_template_and_the_other_way_round() {
    let template = template();
    let mut routed = BTreeSet::new();
    for (name, resource) in template["Resources"].as_object().unwrap() {
        for event in resource["Properties"]["Events"].as_object().into_iter().flat_map(|events| events.values()) {
            let properties = &event["Properties"];
            let function = Function::named(name).unwrap();
            if let Function::Event(function) = function {
                let expected = if function == EventFunction::SweepApplies { "Schedule" } else { "ScheduleV2" };
                assert_eq!(event["Type"], expected, "{name}");
                assert!(
                    expected == "Schedule" || properties["OmitName"] == true,
                    "{name}: a second stack has this name"
                );
                continue;
            }
            assert_eq!(event["Type"], "HttpApi", "{name}");
            assert_eq!(properties["PayloadFormatVersion"], "2.0", "{name}");
            let text = |field: &str| properties[field].as_str().unwrap().to_owned();
            assert!(routed.insert((text("Method"), text("Path"), name.clone())));
        }
    }
    let mut expected: BTreeSet<_> = ROUTES
        .iter()
        .map(|route| (route.method.to_string(), route.path.to_owned(), route.function.logical_name().to_owned()))
        .collect();
    expected.insert(("ANY".to_owned(), "$default".to_owned(), HttpFunction::DEFAULT.logical_name().to_owned()));
    let left_out: Vec<_> = expected.difference(&routed).collect();
    assert!(left_out.is_empty(), "template.yaml has no event for {left_out:?}");
    let unknown: Vec<_> = routed.difference(&expected).collect();
    assert!(unknown.is_empty(), "template.yaml has {unknown:?}, which the code does not have");
}

#[test]
fn every_function_of_the_code_is_in_the_template_with_its_own_log_group() {
    let template = template();
    for name in Function::all().map(Function::logical_name) {
        let properties = &template["Resources"][name]["Properties"];
        let group = properties["LoggingConfig"]["LogGroup"].as_str().unwrap();
        assert!(template["Resources"][group]["Properties"]["RetentionInDays"].is_string(), "{group}");
    }
}

#[test]
fn every_function_writes_to_its_own_log_group_and_nowhere_else() {
    let template = template();
    for function in Function::all().map(Function::logical_name) {
        let properties = role(&template, function);
        let statements = properties["Policies"].as_array().unwrap().iter();
        let statements = statements.flat_map(|policy| policy["PolicyDocument"]["Statement"].as_array().unwrap());
        let logs: Vec<_> = statements.filter(|statement| statement["Action"].to_string().contains("logs:")).collect();
        assert_eq!(logs.len(), 1, "{function}");
        let group = template["Resources"][function]["Properties"]["LoggingConfig"]["LogGroup"].as_str().unwrap();
        assert_eq!(logs[0]["Resource"], format!("{group}.Arn"), "{function}");
        assert!(
            !properties.to_string().contains("AWSLambdaBasicExecutionRole"),
            "{function}: it writes to every group"
        );
    }
}

#[test]
fn the_schedule_starts_its_function_by_a_role_that_no_other_account_and_no_other_group_can_use() {
    let resources = &template()["Resources"];
    let name = EventFunction::ScheduleRefresh.logical_name();
    let event = &resources[name]["Properties"]["Events"]["EveryMinute"]["Properties"];
    let starter = event["RoleArn"].as_str().unwrap().strip_suffix(".Arn").unwrap();
    let starter = &resources[starter]["Properties"];
    let trust = &starter["AssumeRolePolicyDocument"]["Statement"][0];
    assert_eq!(trust["Principal"]["Service"], "scheduler.amazonaws.com");
    assert_eq!(trust["Condition"]["StringEquals"]["aws:SourceAccount"], "AWS::AccountId");
    let group = trust["Condition"]["ArnEquals"]["aws:SourceArn"].as_str().unwrap().strip_suffix(".Arn");
    assert_eq!(group, event["GroupName"].as_str());
    let [statement] = &starter["Policies"][0]["PolicyDocument"]["Statement"].as_array().unwrap()[..] else { panic!() };
    assert_eq!(
        (&statement["Action"], &statement["Resource"]),
        (&"lambda:InvokeFunction".into(), &format!("{name}.Alias").into())
    );
}

#[test]
fn the_lines_of_every_function_are_logged() {
    let filter = shared::logging::filter(tracing::level_filters::LevelFilter::INFO);
    for function in Function::all() {
        let name = function.package().replace('-', "_");
        assert!(filter.would_enable(&name, &tracing::Level::INFO), "{name}");
    }
}

#[test]
fn the_schedule_and_the_queue_of_the_template_are_those_of_this_machine() {
    let resources = &template()["Resources"];
    let properties = |name: &str| &resources[name]["Properties"];
    let [schedule, refresh] =
        [EventFunction::ScheduleRefresh, EventFunction::RefreshSnapshot].map(EventFunction::logical_name);
    let seconds = |time: Duration| Value::from(time.as_secs());
    let events = &properties(schedule)["Events"]["EveryMinute"]["Properties"];
    assert_eq!((&events["ScheduleExpression"], scheduler::EVERY), (&"rate(1 minute)".into(), Duration::from_secs(60)));
    assert_eq!(events["RetryPolicy"]["MaximumEventAgeInSeconds"], seconds(scheduler::EVERY));
    assert_eq!(properties(schedule)["Timeout"], seconds(scheduler::SCHEDULE_TIMEOUT));
    assert!(properties(refresh).get("Timeout").is_none(), "it has the timeout of all functions");
    assert_eq!(template()["Globals"]["Function"]["Timeout"], seconds(scheduler::REFRESH_TIMEOUT));
    let queue = properties("RefreshQueue");
    assert_eq!(queue["VisibilityTimeout"], seconds(VISIBILITY_TIMEOUT));
    assert!(VISIBILITY_TIMEOUT >= 6 * scheduler::REFRESH_TIMEOUT, "Lambda's own advice");
    assert_eq!(queue["RedrivePolicy"]["maxReceiveCount"], MAX_RECEIVES);
    assert_eq!(queue["RedrivePolicy"]["deadLetterTargetArn"], "RefreshDeadLetterQueue.Arn");
    let source = properties("RefreshEventSource");
    assert_eq!(
        (&source["EventSourceArn"], &source["FunctionName"]),
        (&"RefreshQueue.Arn".into(), &format!("{refresh}.Alias").into())
    );
    assert_eq!((&source["BatchSize"], BATCH_SIZE), (&1.into(), 1), "a message costs itself alone");
    assert_eq!(source["ScalingConfig"]["MaximumConcurrency"], MAXIMUM_CONCURRENCY);
    // An organization whose every message hangs until Lambda ends it, on each of its receives, leaves others a fifth of the places.
    let busy = scheduler::REFRESH_TIMEOUT * MAX_RECEIVES * u32::try_from(scheduler::SHARE).unwrap();
    assert!(busy * 10 <= scheduler::EVERY * u32::try_from(MAXIMUM_CONCURRENCY).unwrap() * 8, "{busy:?}");
    assert_eq!(source["FunctionResponseTypes"], serde_json::json!(["ReportBatchItemFailures"]));
    assert_eq!(properties(schedule)["Environment"]["Variables"]["REFRESH_QUEUE_URL"], "RefreshQueue");
    for queue in ["RefreshQueue", "RefreshDeadLetterQueue"] {
        // By a key of AWS, or one of the operator's.
        assert_eq!(properties(queue)["SqsManagedSseEnabled"], serde_json::json!(["HasKey", false, true]), "{queue}");
        assert_eq!(properties(queue)["KmsMasterKeyId"][1], "KmsKeyArn", "{queue}");
    }
}

#[test]
fn every_function_gets_the_origins_that_may_call_and_by_default_none_may() {
    let template = template();
    assert_eq!(template["Globals"]["Function"]["Environment"]["Variables"]["CORS_ORIGINS"], "CorsOrigins");
    assert_eq!(template["Parameters"]["CorsOrigins"]["Default"], "");
    // The answer is the functions' own: one of the API Gateway would come before it.
    assert!(template["Resources"]["SnapshotApi"]["Properties"].get("CorsConfiguration").is_none());
}

/// The cells of every row of the tables below a heading of docs/OPERATIONS.md, up to the next heading.
pub(crate) fn rows(heading: &str) -> Vec<Vec<String>> {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/OPERATIONS.md")).unwrap();
    let (_, section) = text.split_once(&format!("\n## {heading}\n")).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let cells = |row: &str| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect();
    section.lines().filter(|line| line.starts_with("| `")).map(cells).collect()
}

#[test]
fn every_parameter_has_its_line_in_the_document_with_its_default() {
    let written = rows("Parameters").into_iter().flat_map(|row| {
        let list = |cell: &str| cell.split(", ").map(|part| part.trim_matches('`').to_owned()).collect::<Vec<_>>();
        let (names, defaults) = (list(&row[0]), list(&row[1]));
        assert_eq!(names.len(), defaults.len(), "{row:?}");
        assert!(!row[2].is_empty(), "{row:?}");
        names.into_iter().zip(defaults)
    });
    let template = template();
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let expected = template["Parameters"].as_object().unwrap().iter().map(|(name, parameter)| {
        let default = match parameter.get("Default").map(text) {
            None => String::new(),
            Some(default) if default.is_empty() => "none".to_owned(),
            Some(default) => default,
        };
        (name.clone(), default)
    });
    assert_eq!(written.collect::<BTreeSet<_>>(), expected.collect::<BTreeSet<_>>());
}

/// The resources of a type, by their logical ids.
pub(crate) fn of_type<'t>(template: &'t Value, kind: &str) -> Vec<(&'t String, &'t Value)> {
    let all = template["Resources"].as_object().unwrap().iter();
    all.filter(|(_, resource)| resource["Type"] == kind)
        .map(|(name, resource)| (name, &resource["Properties"]))
        .collect()
}

#[test]
fn every_alarm_acts_and_has_its_line_that_tells_what_it_means_and_what_to_do() {
    let mut written = BTreeSet::new();
    for row in rows("Alarms") {
        let [names, meaning, what_to_do] = &row[..] else { panic!("{row:?}") };
        assert!(!meaning.is_empty() && !what_to_do.is_empty(), "{row:?}");
        for name in names.split(", ") {
            assert!(written.insert(name.trim_matches('`').to_owned()), "{name} stands twice");
        }
    }
    let template = template();
    let alarms = of_type(&template, "AWS::CloudWatch::Alarm");
    assert_eq!(written, alarms.iter().map(|(name, _)| (*name).clone()).collect());
    for (name, alarm) in alarms {
        assert_eq!(alarm["AlarmActions"][0], "HasAlarmTopic", "{name}");
        let is_of_silence = name.ends_with("NotRunAlarm");
        assert_eq!(alarm["TreatMissingData"], if is_of_silence { "breaching" } else { "notBreaching" }, "{name}");
    }
}

#[test]
fn every_function_has_alarms_for_errors_throttles_and_a_duration_below_its_time_out() {
    let template = template();
    let resources = &template["Resources"];
    for function in Function::all().map(Function::logical_name) {
        let short = function.strip_suffix("Function").unwrap();
        for (suffix, metric) in [("Errors", "Errors"), ("Throttles", "Throttles"), ("Duration", "Duration")] {
            let alarm = &resources[format!("{short}{suffix}Alarm")]["Properties"];
            assert_eq!((&alarm["MetricName"], &alarm["Namespace"]), (&metric.into(), &"AWS/Lambda".into()), "{short}");
            assert_eq!(alarm["Dimensions"][0]["Value"], *function, "{short}");
        }
        let timeout = resources[function]["Properties"].get("Timeout");
        let timeout = timeout.unwrap_or(&template["Globals"]["Function"]["Timeout"]).as_u64().unwrap() * 1_000;
        let threshold = resources[format!("{short}DurationAlarm")]["Properties"]["Threshold"].as_u64().unwrap();
        assert!((timeout * 9 / 10..timeout).contains(&threshold), "{short}: {threshold} of {timeout}");
    }
}

#[test]
fn the_dashboard_has_eight_graphs_of_resources_that_there_are() {
    let template = template();
    let [(_, dashboard)] = of_type(&template, "AWS::CloudWatch::Dashboard")[..] else { panic!("one dashboard") };
    let (text, own) = (dashboard["DashboardBody"][0].as_str().unwrap(), &dashboard["DashboardBody"][1]);
    let body: Value = serde_json::from_str(text).unwrap();
    assert_eq!(body["widgets"].as_array().unwrap().len(), 8);
    for reference in text.split("${").skip(1) {
        let name = reference.split(['}', '.']).next().unwrap();
        assert!(name.starts_with("AWS::") || template["Resources"].get(name).or(own.get(name)).is_some(), "{name}");
    }
}

#[test]
fn with_a_table_of_ones_own_nothing_refers_to_the_one_that_the_stack_would_make() {
    let template = template();
    assert_eq!(template["Resources"]["SnapshotTable"]["Condition"], "MakesTable");
    let mut parts = vec![&template];
    let mut references = 0;
    while let Some(part) = parts.pop() {
        match part {
            Value::Array(items) if items.first().is_some_and(|switch| switch == "MakesTable") => {
                assert!(items[2].to_string().contains("TableName"), "{part}");
                references += 1;
            }
            Value::Array(items) => parts.extend(items),
            Value::Object(fields) => parts.extend(fields.values()),
            // The first word of a reference, alone or in a text.
            Value::String(text) => assert!(!text.contains("SnapshotTable"), "{text} without a condition"),
            _ => {}
        }
    }
    assert!(references > 50, "{references}");
}

/// Every field that a saved query takes from the log is one that the functions log.
#[test]
fn every_resource_that_can_be_is_under_the_key_and_every_role_under_the_boundary() {
    let template = template();
    let (mut encrypted, mut roles) = (0, 0);
    for (name, resource) in template["Resources"].as_object().unwrap() {
        let properties = &resource["Properties"];
        let key = match resource["Type"].as_str().unwrap() {
            "AWS::Logs::LogGroup" => &properties["KmsKeyId"],
            "AWS::SQS::Queue" | "AWS::SNS::Topic" => &properties["KmsMasterKeyId"],
            "AWS::DynamoDB::Table" => &properties["SSESpecification"],
            "AWS::Serverless::Function" => &template["Globals"]["Function"]["KmsKeyArn"],
            "AWS::IAM::Role" => {
                roles += 1;
                assert_eq!(properties["PermissionsBoundary"][0], "HasPermissionsBoundary", "{name}");
                continue;
            }
            _ => continue,
        };
        encrypted += 1;
        assert_eq!(key[0], "HasKey", "{name}");
        assert!(key[1].to_string().contains("KmsKeyArn"), "{name}");
    }
    let functions = Function::all().count();
    assert_eq!(
        (encrypted, roles),
        (2 * functions + 5, functions + 2),
        "a log group each, that of the API, queues, topic, table"
    );
}

#[test]
fn a_text_parameter_says_what_it_may_be() {
    let template = template();
    for (name, parameter) in template["Parameters"].as_object().unwrap() {
        // Numbers have their type, and lists are checked item by item where they are used.
        let is_judged = ["AllowedValues", "AllowedPattern"].iter().any(|rule| parameter.get(rule).is_some());
        assert!(is_judged || parameter["Type"] != "String", "{name}");
    }
}

#[test]
fn the_table_of_the_template_is_the_table_of_the_code() {
    let template = template();
    let table = &template["Resources"]["SnapshotTable"]["Properties"];
    let keys = |schema: &Value| -> Vec<String> {
        schema.as_array().unwrap().iter().map(|key| key["AttributeName"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(keys(&table["KeySchema"]), ["PK", "SK"]);
    let indexes = table["GlobalSecondaryIndexes"].as_array().unwrap();
    assert_eq!(indexes.len(), shared::store::indexes().len());
    for (index, expected) in indexes.iter().zip(shared::store::indexes()) {
        assert_eq!(index["IndexName"], expected.name);
        assert_eq!(keys(&index["KeySchema"]), [expected.pk, expected.sk]);
        assert_eq!(index["Projection"]["ProjectionType"], "INCLUDE");
        let projected: Vec<_> = index["Projection"]["NonKeyAttributes"]
            .as_array()
            .unwrap()
            .iter()
            .map(|name| name.as_str().unwrap())
            .collect();
        assert_eq!(projected, expected.projected, "{}", expected.name);
    }
    let recovery = &table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"];
    assert_eq!(recovery, "PointInTimeRecovery");
    assert_eq!(template["Parameters"]["PointInTimeRecovery"]["Default"], "true");
    assert_eq!(table["TimeToLiveSpecification"]["AttributeName"], "expiresAt");
}

#[test]
fn a_release_unwinds_so_that_the_service_answers_when_a_request_panics() {
    let manifest = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml")).unwrap();
    let (_, release) = manifest.split_once("\n[profile.release]\n").unwrap();
    let release = release.split("\n[").next().unwrap();
    // Where the profile does not say it, `cargo lambda build` says `abort`.
    assert!(release.lines().any(|line| line == "panic = \"unwind\""), "{release}");
}
