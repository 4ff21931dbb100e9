//! template.yaml says the same as the code: routes, functions and the table.

use std::collections::BTreeSet;
use std::time::Duration;

use local::event_source::{BATCH_SIZE, MAX_RECEIVES, MAXIMUM_CONCURRENCY, VISIBILITY_TIMEOUT};
use local::scheduler;
use serde_json::Value;
use shared::function::{EventFunction, Function, HttpFunction};
use shared::http::ROUTES;

fn template() -> Value {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml")).unwrap();
    serde_saphyr::from_str(&text).unwrap()
}

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
    assert_eq!(routed, expected);
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
    assert_eq!((&source["EventSourceArn"], &source["FunctionName"]), (&"RefreshQueue.Arn".into(), &refresh.into()));
    assert_eq!((&source["BatchSize"], BATCH_SIZE), (&1.into(), 1), "a message costs itself alone");
    assert_eq!(source["ScalingConfig"]["MaximumConcurrency"], MAXIMUM_CONCURRENCY);
    // An organization whose every message hangs until Lambda ends it, on each of its receives, leaves others a fifth of the places.
    let busy = scheduler::REFRESH_TIMEOUT * MAX_RECEIVES * u32::try_from(scheduler::SHARE).unwrap();
    assert!(busy * 10 <= scheduler::EVERY * u32::try_from(MAXIMUM_CONCURRENCY).unwrap() * 8, "{busy:?}");
    assert_eq!(source["FunctionResponseTypes"], serde_json::json!(["ReportBatchItemFailures"]));
    assert_eq!(properties(schedule)["Environment"]["Variables"]["REFRESH_QUEUE_URL"], "RefreshQueue");
    for queue in ["RefreshQueue", "RefreshDeadLetterQueue"] {
        assert_eq!(properties(queue)["SqsManagedSseEnabled"], true, "{queue}");
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
    assert_eq!(table["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"], true);
    assert_eq!(table["TimeToLiveSpecification"]["AttributeName"], "expiresAt");
}
