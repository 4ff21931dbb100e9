//! Schedules: setting them, what is due, and what each message of the queue comes to.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use local::event_source::Delivery;
use local::scheduler::SHARE;
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::domain::rights::Action;
use shared::domain::{ItemKind, ObjectId, Principal, RefreshPeriod, Schedule, ScheduleChange, SetupItem};
use shared::store::{
    DueRow, EditOutcome, Schedules, SetupChange, SnapshotAccess, SnapshotEdit, SnapshotEditor, SnapshotReader,
};
use tests::{ACME, ALEX, BEGINNING, CallerState, GLOBEX, Item, Logs, PAT, SAM, TestApp, json, numbered_id, snapshot};

const HOUR: Duration = Duration::from_secs(60 * 60);
const PERIOD: Duration = Duration::from_secs(6 * 60 * 60);

/// The first time of a schedule that was set at the beginning, with a period of six hours.
const FIRST: &str = "2026-05-15T15:00:00.000Z";

/// A snapshot of Alex's setup, with a schedule of six hours.
async fn scheduled(app: &TestApp) -> String {
    let id = snapshot(app).await;
    app.rename(&app.token(PAT), &id, &json!({"refresh": {"every": "PT6H"}})).await.expect(200);
    id
}

async fn state(app: &TestApp, id: &str) -> Option<Item> {
    app.item(&format!("SNAPSHOT#{id}"), "REFRESH").await
}

async fn attribute(app: &TestApp, id: &str, name: &str) -> Value {
    state(app, id).await.and_then(|item| item.get(name).map(json)).unwrap_or_default()
}

/// Adds a prompt to Alex's setup.
async fn edit(app: &TestApp, number: usize) {
    let alex = &app.member(ALEX).user;
    let document = serde_json::from_value(json!({"name": format!("New {number}"), "prompt": "Hi."})).unwrap();
    let change = SetupChange::Put(ItemKind::Prompt, SetupItem { id: numbered_id(0xb0, number), document });
    tests::change_setup(app.table(), &alex.organization, &alex.id, &[change], BEGINNING).await.unwrap();
}

/// Runs the schedule and serves what it sent. The results, as the log has them.
async fn play(app: &TestApp) -> Vec<String> {
    let logs = Logs::new();
    app.run_schedule().await;
    app.drain_queue().await;
    results(&logs)
}

fn results(logs: &Logs) -> Vec<String> {
    let lines = logs.take();
    let refreshes = lines.iter().filter(|line| line["message"] == "refresh");
    refreshes.map(|line| line["result"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_schedule_is_set_kept_changed_and_switched_off() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let pat = app.token(PAT);
    let set = async |refresh: Value| app.rename(&pat, &id, &json!({"refresh": refresh})).await;
    let shown = |every: &str, next: &str| json!({"every": every, "nextAt": next});

    let answer = set(json!({"every": "P1D"})).await;
    assert_eq!(answer.expect(200)["snapshot"]["refresh"], shown("P1D", "2026-05-16T09:00:00.000Z"));
    assert_eq!(answer.header("etag"), Some("\"2.1\""));

    // The same length of time stays due when it was, however it is written.
    app.clock().advance(HOUR);
    let answer = set(json!({"every": "PT24H"})).await;
    assert_eq!(answer.expect(200)["snapshot"]["refresh"], shown("PT24H", "2026-05-16T09:00:00.000Z"));
    assert_eq!(answer.header("etag"), Some("\"3.1\""));

    let answer = set(json!({"every": "PT6H"})).await;
    assert_eq!(answer.expect(200)["snapshot"]["refresh"], shown("PT6H", "2026-05-15T16:00:00.000Z"));

    // A rename leaves it alone, and tells it.
    let answer = app.rename(&pat, &id, &json!({"name": "x"})).await;
    assert_eq!(answer.expect(200)["snapshot"]["refresh"], shown("PT6H", "2026-05-15T16:00:00.000Z"));
    assert_eq!(answer.header("etag"), Some("\"5.1\""));

    let answer = app.rename(&pat, &id, &json!({"name": "y", "refresh": null})).await;
    assert_eq!(answer.expect(200)["snapshot"].get("refresh"), None);
    assert_eq!((&answer.body["snapshot"]["name"], answer.header("etag")), (&json!("y"), Some("\"6.1\"")));
    let item = state(&app, &id).await.unwrap();
    let mut left: Vec<_> = item.keys().map(String::as_str).collect();
    left.sort_unstable();
    assert_eq!(left, ["PK", "SK", "type"]);

    // Off already.
    assert_eq!(set(Value::Null).await.header("etag"), Some("\"7.1\""));
}

#[tokio::test]
async fn switching_off_what_never_was_makes_no_item() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    app.rename(&app.token(PAT), &id, &json!({"refresh": null})).await.expect(200);
    assert_eq!(state(&app, &id).await, None);
}

#[tokio::test]
async fn a_period_is_judged_field_by_field_and_nothing_is_written() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let pat = app.token(PAT);
    for (refresh, status, code, pointer) in [
        (json!({"every": "PT5H59M59S"}), 422, "refused", "/refresh/every"),
        (json!({"every": "P30DT1S"}), 422, "refused", "/refresh/every"),
        (json!({"every": "P1M"}), 422, "refused", "/refresh/every"),
        (json!({"every": "six hours"}), 400, "invalid_body", "/refresh/every"),
        (json!({"every": ""}), 400, "invalid_body", "/refresh/every"),
        (json!({"every": 6}), 400, "invalid_body", "/refresh/every"),
        (json!({"every": null}), 400, "invalid_body", "/refresh/every"),
        (json!({}), 400, "invalid_body", "/refresh/every"),
        (json!({"every": "PT6H", "nextAt": FIRST}), 400, "invalid_body", "/refresh/nextAt"),
        (json!("PT6H"), 400, "invalid_body", "/refresh"),
        (json!(["PT6H"]), 400, "invalid_body", "/refresh"),
        (json!(false), 400, "invalid_body", "/refresh"),
    ] {
        let answer = app.rename(&pat, &id, &json!({"name": "x", "refresh": refresh})).await;
        answer.expect_problem(status, code);
        assert_eq!(answer.pointers(), [pointer], "{refresh}");
    }
    // The answer lists all problems at once.
    let answer = app.rename(&pat, &id, &json!({"name": " ", "refresh": {"every": "P31D"}})).await;
    answer.expect_problem(422, "refused");
    assert_eq!(answer.pointers(), ["/name", "/refresh/every"]);
    assert_eq!(app.snapshot(&pat, &id).await.header("etag"), Some("\"1.1\""));
    assert_eq!(state(&app, &id).await, None);
}

#[tokio::test]
async fn a_stale_version_keeps_its_schedule() {
    let app = TestApp::start().await;
    let id = scheduled(&app).await;
    let before = state(&app, &id).await;
    let request = app.request(Method::PATCH, &format!("/api/user-snapshots/{id}")).bearer_auth(app.token(PAT));
    let answer = app.send(request.header("if-match", "\"1\"").json(&json!({"refresh": null}))).await;
    answer.expect_problem(412, "precondition_failed");
    assert_eq!(state(&app, &id).await, before);
}

#[tokio::test]
async fn a_schedule_is_stored_beside_what_is_known_of_refreshes() {
    let app = TestApp::start().await;
    let id = scheduled(&app).await;
    let shard = id.parse::<ObjectId>().unwrap().as_bytes()[11] % 8;
    let stored = |item: Item| -> Value {
        item.iter().map(|(name, value)| (name.clone(), json(value))).collect::<serde_json::Map<_, _>>().into()
    };
    assert_eq!(
        stored(state(&app, &id).await.unwrap()),
        json!({
            "PK": format!("SNAPSHOT#{id}"), "SK": "REFRESH", "type": "refresh", "every": "PT6H", "dueAt": FIRST,
            "ALLPK": format!("REFRESH#{shard}"), "ALLSK": format!("{FIRST}#{id}#{ACME}"),
        })
    );
    app.clock().advance(PERIOD);
    play(&app).await;
    assert_eq!(
        stored(state(&app, &id).await.unwrap()),
        json!({
            "PK": format!("SNAPSHOT#{id}"), "SK": "REFRESH", "type": "refresh", "every": "PT6H",
            "dueAt": "2026-05-15T21:00:00.000Z",
            "ALLPK": format!("REFRESH#{shard}"), "ALLSK": format!("2026-05-15T21:00:00.000Z#{id}#{ACME}"),
            "lastRefreshedAt": FIRST, "refreshStatus": "unchanged", "servedSlot": FIRST,
        })
    );
}

#[tokio::test]
async fn nothing_is_due_before_its_time_and_what_was_missed_is_made_up_for_once() {
    let app = TestApp::start().await;
    let id = scheduled(&app).await;
    app.clock().advance(PERIOD - Duration::from_millis(1));
    assert_eq!(app.run_schedule().await["sent"], 0);
    app.clock().advance(Duration::from_millis(1));
    let report = app.run_schedule().await;
    assert_eq!(report, json!({"sent": 1, "moved": 1, "met": 0, "failed": 0, "deferred": 0, "isDone": true}));
    assert_eq!(app.run_schedule().await["sent"], 0);
    // Three times pass without anybody looking, and the message of the first one waits all the time.
    app.clock().advance(PERIOD * 3 + HOUR);
    assert_eq!(play(&app).await, ["too_old", "unchanged"]);
    assert_eq!(attribute(&app, &id, "servedSlot").await, "2026-05-15T21:00:00.000Z");
    assert_eq!(attribute(&app, &id, "dueAt").await, "2026-05-16T15:00:00.000Z");
    assert!(play(&app).await.is_empty());
}

#[tokio::test]
async fn a_change_of_the_source_arrives_as_a_new_revision_with_the_next_refresh() {
    let app = TestApp::start().await;
    let id = scheduled(&app).await;
    edit(&app, 1).await;
    app.clock().advance(PERIOD);
    assert_eq!(play(&app).await, ["fresh"]);
    let meta = app.item(&format!("SNAPSHOT#{id}"), "#META").await.unwrap();
    assert_eq!((json(&meta["revision"]), json(&meta["counts"])["prompts"].clone()), (json!(2), json!(9)));
    assert_eq!(attribute(&app, &id, "refreshStatus").await, "fresh");
}

#[tokio::test]
async fn a_message_that_comes_again_is_served_once() {
    let app = TestApp::start().await;
    let id = scheduled(&app).await;
    app.clock().advance(PERIOD);
    let message = json!({"snapshotId": id, "dueAt": FIRST}).to_string();
    (0..3).for_each(|_| app.scheduler().queue().send_text(&message));
    let logs = Logs::new();
    app.drain_queue().await;
    assert_eq!(results(&logs), ["unchanged", "not_due", "not_due"]);
    drop(logs);
    // One that was overtaken by a later time.
    app.clock().advance(PERIOD);
    play(&app).await;
    let logs = Logs::new();
    app.scheduler().queue().send_text(&message);
    app.drain_queue().await;
    assert_eq!(results(&logs), ["not_due"]);
    assert_eq!(app.scheduler().queue().waiting(), 0);
}

#[tokio::test]
async fn what_cannot_be_served_comes_again_and_the_rest_of_the_batch_does_not() {
    let app = TestApp::start().await;
    let queue = app.scheduler().queue();
    for n in 1..=10 {
        for k in 0..=n {
            let id = scheduled(&app).await;
            let due = attribute(&app, &id, "dueAt").await;
            app.clock().advance(PERIOD);
            let good = json!({"snapshotId": id, "dueAt": due}).to_string();
            let poisons = ["{}", "", "[]", "{\"snapshotId\": \"x\", \"dueAt\": 7}"];
            let dead = queue.dead_letters().len();
            (0..n).for_each(|place| queue.send_text(if place < k { poisons[place % 4] } else { &good }));
            let failed = |served: &[Delivery]| served.iter().filter(|delivered| !delivered.failed.is_empty()).count();
            let served = app.drain_queue().await;
            assert_eq!((served.len(), failed(&served)), (n, k), "{k} of {n}");
            assert_eq!(attribute(&app, &id, "servedSlot").await == due, k < n, "{k} of {n}");
            for _ in 0..4 {
                app.clock().advance(local::event_source::VISIBILITY_TIMEOUT);
                let served = app.drain_queue().await;
                assert_eq!(failed(&served), served.len(), "{k} of {n}: {served:?}");
            }
            assert_eq!((queue.waiting(), queue.dead_letters().len() - dead), (0, k), "{k} of {n}");
        }
    }
}

#[tokio::test]
async fn a_snapshot_whose_refresh_fails_inside_holds_up_no_other() {
    let app = TestApp::start().await;
    let ids = [scheduled(&app).await, scheduled(&app).await, scheduled(&app).await];
    // This program never writes such an item, so every reader fails.
    let key = |name: &str, value: &str| (name.to_owned(), AttributeValue::S(value.to_owned()));
    let broken = Item::from([key("PK", &format!("SNAPSHOT#{}", ids[1])), key("SK", "#META"), key("type", "snapshot")]);
    let put = app.database().client().put_item().table_name("snapshots").set_item(Some(broken));
    put.send().await.unwrap();
    app.clock().advance(PERIOD);
    assert_eq!(app.run_schedule().await["sent"], 3);
    let served = app.drain_queue().await;
    let failed: Vec<_> = served.iter().filter(|delivered| !delivered.failed.is_empty()).collect();
    assert!(matches!(failed[..], [delivered] if delivered.messages[0].contains(&ids[1])), "{served:?}");
    for id in [&ids[0], &ids[2]] {
        assert_eq!(attribute(&app, id, "refreshStatus").await, "unchanged");
    }
}

#[tokio::test]
async fn a_schedule_that_somebody_wrote_wrongly_holds_up_no_other() {
    let app = TestApp::start().await;
    let (good, bad) = (scheduled(&app).await, scheduled(&app).await);
    let mut item = state(&app, &bad).await.unwrap();
    item.insert("every".to_owned(), AttributeValue::S("often".to_owned()));
    app.database().client().put_item().table_name("snapshots").set_item(Some(item)).send().await.unwrap();
    app.clock().advance(PERIOD);
    let error = app.scheduler().run().await.unwrap_err();
    assert_eq!(error.error_type, "ScheduleFailed");
    app.drain_queue().await;
    assert_eq!(attribute(&app, &good, "servedSlot").await, FIRST);
    assert_eq!(attribute(&app, &bad, "servedSlot").await, Value::Null);
}

#[tokio::test]
async fn a_deleted_snapshot_ends_its_schedule_and_nothing_brings_it_back() {
    let app = TestApp::start().await;
    let id = scheduled(&app).await;
    app.clock().advance(PERIOD);
    app.delete_snapshot(&app.token(PAT), &id).await.expect(200);
    assert_eq!(play(&app).await, ["missing"]);
    let item = state(&app, &id).await.unwrap();
    assert!(!item.contains_key("every") && !item.contains_key("dueAt") && !item.contains_key("ALLPK"), "{item:?}");
    app.clock().advance(PERIOD);
    assert!(play(&app).await.is_empty());
    app.rename(&app.token(PAT), &id, &json!({"refresh": {"every": "PT6H"}})).await.expect(404);
    app.sweep().await;
    assert_eq!(state(&app, &id).await, None);
    // A message that was on its way all the time.
    app.scheduler().queue().send_text(&json!({"snapshotId": id, "dueAt": FIRST}).to_string());
    app.drain_queue().await;
    assert_eq!((state(&app, &id).await, app.scheduler().queue().waiting()), (None, 0));
}

#[tokio::test]
async fn a_schedule_set_while_its_snapshot_is_deleted_is_not_set() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let sam = app.member(SAM).user.clone();
    let principal = Principal { user: sam.id, organization: sam.organization, role: sam.role };
    let found = SnapshotReader::new(app.table()).find(id.parse().unwrap(), &principal, Action::Edit).await.unwrap();
    let SnapshotAccess::Allowed(read) = found else { panic!("{found:?}") };
    app.delete_snapshot(&app.token(PAT), &id).await.expect(200);
    let every = RefreshPeriod::parse("PT6H").unwrap();
    let schedule = ScheduleChange::Set(Schedule { every, due_at: BEGINNING });
    let renaming = SnapshotEdit { schedule, ..SnapshotEdit::default() };
    let outcome = SnapshotEditor::new(app.table()).rename(&read, &renaming, BEGINNING).await.unwrap();
    assert_eq!((outcome, state(&app, &id).await), (EditOutcome::Conflict, None));
}

#[tokio::test]
async fn a_disabled_demoted_moved_or_missing_creator_ends_the_schedule_and_the_snapshot_says_so() {
    use CallerState::{Deleted, Demoted, Disabled, Moved};
    for state in [Disabled, Demoted, Moved, Deleted] {
        let app = TestApp::start().await;
        let id = scheduled(&app).await;
        app.change_user(&app.member(PAT).user, state, GLOBEX).await;
        edit(&app, 1).await;
        app.clock().advance(PERIOD);
        assert_eq!(play(&app).await, ["not_due"]);
        let answer = app.rename(&app.token(SAM), &id, &json!({"name": "x"})).await;
        let document = &answer.expect(200)["snapshot"];
        assert_eq!((document.get("refresh"), &document["refreshStatus"]), (None, &json!("failed")), "{state:?}");
        assert!(document["refreshDetail"].as_str().unwrap().contains("switched off"), "{document}");
        app.clock().advance(PERIOD);
        assert!(play(&app).await.is_empty());
        let meta = app.item(&format!("SNAPSHOT#{id}"), "#META").await.unwrap();
        assert_eq!(json(&meta["revision"]), 1);
        // A new schedule starts with a clean sheet.
        let answer = app.rename(&app.token(SAM), &id, &json!({"refresh": {"every": "PT6H"}})).await;
        assert_eq!(answer.expect(200)["snapshot"].get("refreshDetail"), None);
    }
}

/// Puts what a schedule leaves in the table, as it was before it named the organization.
async fn put_scheduled(app: &TestApp, id: &ObjectId, shard: &str, due: &str) {
    let key = |name: &'static str, value: String| (name, AttributeValue::S(value));
    app.put_item([
        key("PK", format!("SNAPSHOT#{id}")),
        key("SK", "REFRESH".to_owned()),
        key("type", "refresh".to_owned()),
        key("every", "PT6H".to_owned()),
        key("dueAt", due.to_owned()),
        key("ALLPK", shard.to_owned()),
        key("ALLSK", format!("{due}#{id}")),
    ])
    .await;
}

/// Puts as much of a snapshot as tells its organization.
async fn put_source(app: &TestApp, id: &ObjectId, organization: &ObjectId) {
    let key = |name: &'static str, value: String| (name, AttributeValue::S(value));
    let sk = key("SK", "#META".to_owned());
    app.put_item([key("PK", format!("SNAPSHOT#{id}")), sk, key("sourceOrgId", organization.to_string())]).await;
}

/// What the queue has, which is taken out of it.
async fn take_messages(app: &TestApp) -> Vec<Value> {
    let mut sent = Vec::new();
    while let Some(batch) = app.scheduler().queue().deliver(async |_| Ok(Value::Null)).await {
        sent.extend(batch.messages.iter().map(|body| serde_json::from_str::<Value>(body).unwrap()));
    }
    sent
}

#[tokio::test]
async fn pages_of_what_is_due_go_on_until_all_of_it_is_sent() {
    let app = TestApp::start().await;
    // All in one shard, one more than a page has; due at one moment; and each of an organization of its own.
    let due: Vec<(ObjectId, ObjectId)> =
        (0..101).map(|number| (numbered_id(0xc0, number * 8), numbered_id(0xd0, number))).collect();
    for (id, organization) in &due {
        put_scheduled(&app, id, "REFRESH#0", FIRST).await;
        put_source(&app, id, organization).await;
    }
    app.clock().advance(PERIOD);
    let report = app.run_schedule().await;
    assert_eq!(report, json!({"sent": 101, "moved": 101, "met": 0, "failed": 0, "deferred": 0, "isDone": true}));
    let message = |(id, organization): &(ObjectId, ObjectId)| json!({"snapshotId": id, "organizationId": organization, "dueAt": FIRST});
    assert_eq!(take_messages(&app).await, due.iter().map(message).collect::<Vec<_>>());
    // From here on the row tells the organization.
    assert!(attribute(&app, &due[0].0.to_string(), "ALLSK").await.as_str().unwrap().ends_with(&due[0].1.to_string()));
    // A row of the index that is behind the table is not believed.
    let (schedules, now) = (Schedules::new(app.table()), app.clock().now());
    let rows: Vec<_> = due.iter().take(100).map(|(id, _)| DueRow { id: *id, organization: None }).collect();
    assert!(schedules.load(&rows, now).await.unwrap().due.is_empty());
    assert!(schedules.page("REFRESH#0", now, None).await.unwrap().rows.is_empty());
}

#[tokio::test]
async fn an_organization_with_500_due_snapshots_pushes_out_no_other() {
    let app = TestApp::start().await;
    let (large, small) = (numbered_id(0xd0, 1), [2, 3, 4].map(|number| numbered_id(0xd0, number)));
    // The large one is due first, and before all others in every shard.
    for number in 0..500 {
        let id = numbered_id(0xc0, number);
        put_scheduled(&app, &id, &format!("REFRESH#{}", number % 8), "2026-05-15T14:00:00.000Z").await;
        put_source(&app, &id, &large).await;
    }
    for (number, organization) in small.iter().enumerate() {
        let id = numbered_id(0xc1, number);
        put_scheduled(&app, &id, &format!("REFRESH#{number}"), FIRST).await;
        put_source(&app, &id, organization).await;
    }
    app.clock().advance(PERIOD);
    for run in 0..3 {
        let report = app.run_schedule().await;
        let others = if run == 0 { 3 } else { 0 };
        assert_eq!((&report["sent"], &report["isDone"]), (&json!(SHARE + others), &json!(true)), "{report}");
        assert_eq!(report["deferred"], 500 - (run + 1) * SHARE, "{report}");
        let messages = take_messages(&app).await;
        let organizations: Vec<_> =
            messages.iter().map(|message| message["organizationId"].as_str().unwrap()).collect();
        // The first of each organization comes before the second of any.
        let mut expected = vec![large.to_string(); SHARE];
        expected.splice(1..1, small.iter().take(others).map(ToString::to_string));
        assert_eq!(organizations, expected);
    }
}

#[tokio::test]
async fn a_schedule_costs_three_write_units_each_time_and_an_unchanged_refresh_one() {
    let app = TestApp::start().await;
    let id = scheduled(&app).await;
    app.clock().advance(PERIOD);
    app.forget_calls();
    app.run_schedule().await;
    let run = app.recorded();
    // The item, and its row of the index: deleted under the old key, put under the new one.
    assert_eq!(run.write_units(), 3.0, "{:?}", run.operations());
    assert_eq!(run.operations().len(), 8 + 1 + 1, "eight partitions, one batch of items, one move");
    app.forget_calls();
    app.drain_queue().await;
    let refresh = app.recorded();
    assert_eq!(refresh.write_units(), 1.0, "{:?}", refresh.operations());
    println!(
        "schedule: {} read and {} write units; unchanged refresh: {} and {}, {} round trips",
        run.read_units(),
        run.write_units(),
        refresh.read_units(),
        refresh.write_units(),
        refresh.round_trips()
    );
    assert_eq!(attribute(&app, &id, "refreshStatus").await, "unchanged");
    app.forget_calls();
    app.run_schedule().await;
    let idle = app.recorded();
    assert_eq!((idle.write_units(), idle.operations().len()), (0.0, 8));
    println!("schedule with nothing due: {} read units", idle.read_units());
}
