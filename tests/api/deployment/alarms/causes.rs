//! Makes the cause of each alarm.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::function::{EventFunction, Function, HttpFunction};
use tests::{
    ACME, Answer, Denial, Gate, Logs, PAT, SAM, TestApp, Throttling, incompressible, mapped_body, recorded_event,
    snapshot, user_with_setup,
};

use super::{MINUTE, Story, check, check_each};
use crate::deployment::grants::template;

const SWEEP: Function = Function::Event(EventFunction::SweepApplies);
const SCHEDULE: Function = Function::Event(EventFunction::ScheduleRefresh);
const REFRESH: Function = Function::Event(EventFunction::RefreshSnapshot);

const API: &[(&str, &str)] = &[("ApiId", "SnapshotApi")];
const TABLE: (&str, &str) = ("TableName", "SnapshotTable");

/// A function that answers requests, and a recorded event of it that reads the table.
const REQUESTS: [(HttpFunction, &str); 4] = [
    (HttpFunction::CreateSnapshot, "create-snapshot"),
    (HttpFunction::ApplySnapshot, "apply-snapshot"),
    (HttpFunction::SignIn, "sign-in-login"),
    (HttpFunction::ManageSnapshots, "manage-snapshots-list"),
];

/// A snapshot that is refreshed every six hours.
async fn scheduled(app: &TestApp) -> String {
    let id = snapshot(app).await;
    app.rename(&app.token(PAT), &id, &json!({"refresh": {"every": "PT6H"}})).await.expect(200);
    id
}

/// Runs `work`, whose first call to the table takes so long by the clock of the service.
async fn with_slow_table<T>(app: &TestApp, time: Duration, work: impl Future<Output = T>) -> T {
    let gate = Gate::closed();
    app.faults().hold_request(&gate).nth(1);
    let slow = async {
        gate.arrived(1).await;
        app.clock().advance(time);
        gate.open();
    };
    let (done, ()) = tokio::join!(work, slow);
    app.faults().clear();
    done
}

/// Asks for a snapshot, so many times at once.
async fn ask(app: &TestApp, id: &str, times: usize) -> Vec<Answer> {
    let sam = app.token(SAM);
    join_all((0..times).map(|_| app.snapshot(&sam, id))).await
}

/// Adds the answers of the API that are errors of the server.
fn put_answers(story: &mut Story, answers: &[Answer]) {
    for answer in answers.iter().filter(|answer| answer.status >= 500) {
        assert!(answer.body["code"].is_string(), "{}", answer.text);
        story.put("AWS/ApiGateway", "5xx", API, 1.0);
    }
}

#[tokio::test]
async fn a_function_ends_without_an_answer() {
    let app = TestApp::start().await;
    let mut stories = Vec::new();
    for function in Function::all() {
        let mut story = Story::new();
        let (event, times) = match function {
            // No event of an API, and none of a queue.
            Function::Http(_) | REFRESH => (json!(7), 1),
            Function::Event(_) => (json!({}), 3),
        };
        for _ in 0..times {
            app.faults().deny(Denial::Right).always();
            let ended = app.invoke_by_name(function.logical_name(), &event).await;
            app.faults().clear();
            assert_eq!(ended.header("x-amz-function-error"), Some("Unhandled"), "{function:?}: {}", ended.text);
            story.put_lambda("Errors", function, 1.0);
            story.now += MINUTE;
        }
        stories.push((function, story));
    }
    check_each(
        "a function fails: its event is none, or the table denies what the sweep and the schedule look for",
        stories,
    );
}

#[tokio::test]
async fn a_run_takes_nearly_as_long_as_it_may() {
    let app = TestApp::start().await;
    let id = scheduled(&app).await;
    app.clock().advance(Duration::from_secs(6 * 60 * 60));
    let due = app.item(&format!("SNAPSHOT#{id}"), "REFRESH").await.unwrap()["dueAt"].as_s().unwrap().clone();
    let message = json!({"snapshotId": id, "dueAt": due}).to_string();
    let mut stories = Vec::new();
    let logs = Logs::new();
    for function in Function::all() {
        let name = function.logical_name();
        logs.take();
        match function {
            Function::Http(function) => {
                let (_, recorded) = REQUESTS.into_iter().find(|request| request.0 == function).unwrap();
                let event = recorded_event(recorded, &app.token(PAT), &id);
                with_slow_table(&app, Duration::from_secs(27), app.invoke_by_name(name, &event)).await.expect(200);
            }
            REFRESH => {
                app.scheduler().queue().send_text(&message);
                with_slow_table(&app, Duration::from_secs(27), app.drain_queue()).await;
            }
            Function::Event(_) => {
                with_slow_table(&app, Duration::from_secs(280), app.invoke_by_name(name, &json!({}))).await.expect(200);
            }
        }
        let lines = logs.take();
        let own = lines.iter().filter(|line| line["service"] == function.package());
        let longest = own.filter_map(|line| line["duration_ms"].as_f64()).fold(0.0, f64::max);
        let mut story = Story::new();
        story.put_lambda("Duration", function, longest);
        stories.push((function, story));
    }
    check_each("a call to the table takes 27 seconds, or 280 in the sweep and in the schedule", stories);
}

#[tokio::test]
async fn more_runs_are_held_than_are_kept_for_a_function() {
    let template = template();
    let mut stories = Vec::new();
    for (function, parameter, event) in [
        (Function::Http(HttpFunction::SignIn), "SignInConcurrency", recorded_event("sign-in-login", "", "")),
        (SWEEP, "SweepConcurrency", json!({})),
        (SCHEDULE, "ScheduleConcurrency", json!({})),
    ] {
        let kept = template["Parameters"][parameter]["Default"].as_u64().unwrap();
        let reserved = &template["Resources"][function.logical_name()]["Properties"]["ReservedConcurrentExecutions"];
        assert_eq!(reserved[1], parameter);
        let app = TestApp::start().await;
        let gate = Gate::closed();
        let is_first = |request: &Value| request.get("IndexName").is_some() || request["Key"]["SK"]["S"] == "#META";
        app.faults().hold_request(&gate).when(is_first).always();
        let all = join_all((0..=kept).map(|_| app.invoke_by_name(function.logical_name(), &event)));
        tokio::select! {
            ended = all => panic!("{function:?} is held: {}", ended.len()),
            () = gate.arrived(kept + 1) => {}
        }
        // All of them are held at once, so Lambda would not have started the last one. It comes again in the next minutes.
        let mut story = Story::new();
        story.put_lambda("Throttles", function, 1.0);
        stories.push((function, story.repeat(3, MINUTE)));
    }
    check_each("one more sign-in, sweep or run of the schedule than are kept for it is held by the table", stories);
}

#[test]
fn nothing_starts_the_sweep_and_the_schedule() {
    let without = |function| {
        let others = Function::all().filter(|other| *other != function).collect();
        (function, Story { others, ..Story::new() })
    };
    check_each("nothing starts the sweep, or the schedule, for ten minutes", vec![without(SWEEP), without(SCHEDULE)]);
}

#[tokio::test]
async fn a_sweep_and_a_run_of_the_schedule_do_not_get_through() {
    for (function, cause) in [
        (SWEEP, "each of ten sweeps in a row ends before it has swept what is due"),
        (SCHEDULE, "each of ten runs of the schedule in a row ends before it has sent what is due"),
    ] {
        let app = TestApp::start().await;
        scheduled(&app).await;
        let gone = snapshot(&app).await;
        app.delete_snapshot(&app.token(PAT), &gone).await.expect(200);
        app.clock().advance(Duration::from_secs(6 * 60 * 60));
        let mut story = Story::new();
        let logs = Logs::new();
        let event = json!({});
        let run = app.invoke_by_name(function.logical_name(), &event);
        let ended = with_slow_table(&app, Duration::from_secs(300), run).await;
        assert_eq!(ended.expect(200)["isDone"], false, "{}", ended.text);
        story.take(&logs);
        check(cause, story.repeat(10, MINUTE));
    }
}

#[tokio::test]
async fn an_organization_has_more_due_than_its_share() {
    let app = TestApp::start().await;
    for _ in 0..5 {
        scheduled(&app).await;
    }
    app.clock().advance(Duration::from_secs(6 * 60 * 60));
    let mut story = Story::new();
    let logs = Logs::new();
    assert_eq!(app.run_schedule().await["deferred"], 1);
    story.take(&logs);
    check("five snapshots of one organization are due, in each of six hours", story.repeat(6, 60 * MINUTE));
}

#[tokio::test]
async fn an_apply_is_given_up() {
    let app = TestApp::start().await;
    let (pat, sam) = (app.token(PAT), app.token(SAM));
    let user = user_with_setup(&app, 1, &incompressible(200, 3_500)).await;
    let body = json!({"name": "Large", "sourceOrgId": ACME, "sourceUserId": user.to_string()});
    let created = app.create_snapshot(&pat, &body).await;
    let id = created.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    app.faults().drop_request().of("TransactWriteItems").writing("user").always();
    app.apply_once(&sam, "k", &id, &mapped_body("never@globex.example", 0)).await.expect(503);
    app.faults().clear();
    app.clock().advance(Duration::from_secs(600));
    let mut story = Story::new();
    let logs = Logs::new();
    assert_eq!(app.sweep().await["givenUp"], 1);
    story.take(&logs);
    check(
        "an apply is interrupted and nobody continues it, in each of three quarters of an hour",
        story.repeat(3, 15 * MINUTE),
    );
}

#[tokio::test]
async fn an_item_is_broken() {
    let app = TestApp::start().await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let id = "64ee9a8b1e7f2a00112233ee";
    app.put_item([("PK", text(&format!("SNAPSHOT#{id}"))), ("SK", text("#META")), ("type", text("snapshot"))]).await;
    let mut story = Story::new();
    let logs = Logs::new();
    let answers = ask(&app, id, 1).await;
    answers[0].expect_problem(500, "internal");
    put_answers(&mut story, &answers);
    story.take(&logs);
    check("somebody asks for a snapshot whose item is broken", story);
}

#[tokio::test]
async fn the_table_refuses() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let logs = Logs::new();
    let refused = async |hold: &dyn Fn(&TestApp) -> tests::Hits| {
        logs.take();
        let hits = hold(&app);
        let answers = ask(&app, &id, 10).await;
        app.faults().clear();
        assert!(answers.iter().all(|answer| answer.status == 503));
        let mut story = Story::new();
        put_answers(&mut story, &answers);
        story.take(&logs);
        (story, hits.count())
    };
    let (story, _) = refused(&|app| app.faults().deny(Denial::Right).always()).await;
    check("a right on the table is taken away, and ten requests come", story);

    let (mut story, throttled) =
        refused(&|app| app.faults().throttle(Throttling::OnDemand).of("GetItem").always()).await;
    (0..throttled).for_each(|_| story.put("AWS/DynamoDB", "ReadThrottleEvents", &[TABLE], 1.0));
    check("the table throttles every read, and ten requests come, each of which tries eight times", story);

    let (mut story, failed) = refused(&|app| app.faults().fail(500).of("GetItem").always()).await;
    let dimensions = [TABLE, ("Operation", "GetItem")];
    (0..failed).for_each(|_| story.put("AWS/DynamoDB", "SystemErrors", &dimensions, 1.0));
    check("the table fails at every read, and ten requests come, each of which tries eight times", story);
}

#[tokio::test]
async fn callers_wait() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let sam = app.token(SAM);
    let mut story = Story::new();
    let logs = Logs::new();
    with_slow_table(&app, Duration::from_secs(5), app.snapshot(&sam, &id)).await.expect(200);
    let waited = story.take(&logs)[0]["duration_ms"].as_f64().unwrap();
    story.put("AWS/ApiGateway", "Latency", API, waited);
    check("a call to the table takes five seconds, in each of three periods", story.repeat(3, 5 * MINUTE));
}

#[tokio::test]
async fn a_message_waits_and_another_fails() {
    let app = TestApp::start().await;
    scheduled(&app).await;
    app.clock().advance(Duration::from_secs(6 * 60 * 60));
    assert_eq!(app.run_schedule().await["sent"], 1);
    let sent = shared::clock::Clock::now(app.clock());
    app.clock().advance(Duration::from_secs(2 * 60 * 60));
    let queue = app.scheduler().queue();
    assert_eq!(queue.waiting(), 1);
    let age = Duration::as_secs_f64(&shared::clock::Clock::now(app.clock()).since(sent));
    let mut story = Story::new();
    story.put("AWS/SQS", "ApproximateAgeOfOldestMessage", &[("QueueName", "RefreshQueue.QueueName")], age);
    check("nothing receives a message of the queue for two hours", story);

    app.drain_queue().await;
    queue.send_text("{}");
    for _ in 0..=local::event_source::MAX_RECEIVES {
        app.drain_queue().await;
        app.clock().advance(local::event_source::VISIBILITY_TIMEOUT);
    }
    let mut story = Story::new();
    #[expect(clippy::cast_precision_loss, reason = "it is one")]
    let dead = queue.dead_letters().len() as f64;
    let name = [("QueueName", "RefreshDeadLetterQueue.QueueName")];
    story.put("AWS/SQS", "ApproximateNumberOfMessagesVisible", &name, dead);
    check("a message fails four times", story);
}

/// What no test can make here: the metric is the one that AWS documents, with the value at which the alarm is to go off.
#[test]
fn the_account_is_full() {
    let throttled = |function| {
        let mut story = Story::new();
        story.put_lambda("Throttles", function, 1.0);
        (function, story)
    };
    let http = [HttpFunction::CreateSnapshot, HttpFunction::ApplySnapshot, HttpFunction::ManageSnapshots];
    let functions = http.map(Function::Http).into_iter().chain([REFRESH]);
    check_each("the account has no execution left for a function", functions.map(throttled).collect());
    let limit = template()["Parameters"]["ConcurrencyAlarmAt"]["Default"].as_f64().unwrap();
    let mut story = Story::new();
    story.put("AWS/Lambda", "ConcurrentExecutions", &[], limit);
    check("all functions of the account together reach `ConcurrencyAlarmAt`", story);
}
