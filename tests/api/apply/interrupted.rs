//! Interrupted applies: later requests find no part of a user, or all of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use local::scheduler::Pace;
use serde_json::{Value, json};
use tests::{
    Answer, Element, Fault, GIL, GLOBEX, GRACE, Gate, LEASE, Loss, PAT, SAM, SETTLING, TableItems, TestApp, apply_body,
    mapped_body, rounds, setup_of, snapshot, snapshot_of, table_items,
};

const EMAIL: &str = "new@globex.example";
/// So many items take four stages.
const ITEMS: usize = 300;
const STAGES: u64 = 4;

/// A service with a snapshot that takes many transactions to apply.
struct Bench {
    app: Arc<TestApp>,
    id: String,
    before: TableItems,
}

async fn bench() -> Bench {
    let app = Arc::new(TestApp::start().await);
    let id = snapshot_of(&app, ITEMS).await;
    let before = table_items(&app).await;
    Bench { app, id, before }
}

fn body() -> Value {
    mapped_body(EMAIL, setup_of(ITEMS).items.automations.len())
}

impl Bench {
    async fn apply(&self, key: &str) -> Answer {
        self.app.apply_once(&self.app.token(SAM), key, &self.id, &body()).await
    }

    /// An apply in the background, to be held somewhere.
    fn begin(&self, key: &'static str) -> tokio::task::JoinHandle<Answer> {
        let (app, id) = (self.app.clone(), self.id.clone());
        tokio::spawn(async move { app.apply_once(&app.token(SAM), key, &id, &body()).await })
    }

    /// The state of the one apply that there is a record of.
    async fn state(&self) -> String {
        let records = self.app.items().await.into_iter().filter(|item| item["type"].as_s().unwrap() == "apply");
        let mut states: Vec<_> = records.map(|record| record["state"].as_s().unwrap().clone()).collect();
        assert_eq!(states.len(), 1, "{states:?}");
        states.remove(0)
    }

    /// That nobody sees anything of the new user.
    async fn expect_invisible(&self) {
        let app = &self.app;
        app.login(EMAIL, "TempPass!2026").await.expect_problem(401, "invalid_credentials");
        let users = app.list_users(&app.token(GIL), GLOBEX, "").await;
        assert!(!users.text.contains(EMAIL), "{}", users.text);
    }

    /// That the new user is whole and there once.
    async fn expect_whole(&self) {
        self.app.sign_in(EMAIL, "TempPass!2026").await;
        let now = table_items(&self.app).await;
        assert_eq!(now.len(), self.before.len() + ITEMS + 3, "claim, profile, switches and the clones");
        assert!(self.before.iter().all(|(key, item)| now.get(key) == Some(item)));
    }

    /// That the table is as it was before.
    async fn expect_nothing(&self) {
        let now = table_items(&self.app).await;
        let left: Vec<_> = now.keys().filter(|key| !self.before.contains_key(key)).collect();
        assert!(left.is_empty(), "{left:?}");
        assert_eq!(now, self.before);
    }
}

#[tokio::test]
async fn an_apply_that_breaks_off_under_a_key_is_carried_on_by_the_next_request() {
    for n in [1, 2, STAGES] {
        let bench = bench().await;
        bench.app.fail_stages_from(n);
        let broken = bench.apply("k").await;
        broken.expect_problem(503, "unavailable");
        assert_eq!(broken.header("retry-after"), Some("1"));
        bench.app.faults().clear();
        bench.expect_invisible().await;
        bench.apply("another").await.expect_problem(409, "in_progress");
        bench.apply("k").await.expect(201);
        bench.expect_whole().await;
        assert_eq!(bench.apply("k").await.header("idempotent-replayed"), Some("true"));
    }
}

#[tokio::test]
async fn an_apply_that_breaks_off_without_a_key_is_cleared_away() {
    let bench = bench().await;
    let (app, sam) = (&bench.app, bench.app.token(SAM));
    bench.app.fail_stages_from(2);
    let broken = app.apply(&sam, &bench.id, &body()).await;
    broken.expect_problem(503, "unavailable");
    assert_eq!(broken.header("retry-after"), Some("120"));
    app.faults().clear();
    bench.expect_invisible().await;
    assert_eq!(app.sweep().await["cleared"], 0, "its last writes may still land");
    app.clock().advance(SETTLING);
    let swept = app.sweep().await;
    assert_eq!((&swept["cleared"], &swept["items"]), (&json!(1), &json!(99)));
    bench.expect_nothing().await;
    app.apply(&app.token(SAM), &bench.id, &body()).await.expect(201);
    bench.expect_whole().await;
}

#[tokio::test]
async fn an_apply_that_dies_is_nobodys_until_its_lease_is_over() {
    let bench = bench().await;
    bench.app.fail_stages_from(3);
    // It cannot even stop in order.
    let stop = bench.app.faults().drop_request().of("UpdateItem").always();
    bench.apply("k").await.expect_problem(503, "unavailable");
    assert!(stop.count() > 0);
    bench.app.faults().clear();
    bench.apply("k").await.expect_problem(409, "in_progress");
    assert_eq!(bench.app.sweep().await["givenUp"], 0);
    bench.app.clock().advance(LEASE);
    assert_eq!(bench.app.sweep().await["givenUp"], 0, "its client may still carry it on");
    bench.apply("k").await.expect(201);
    bench.expect_whole().await;
    bench.app.clock().advance(GRACE + SETTLING);
    let swept = bench.app.sweep().await;
    assert_eq!((&swept["givenUp"], &swept["cleared"]), (&json!(0), &json!(0)));
    bench.expect_whole().await;
}

#[tokio::test]
async fn an_apply_that_nobody_carries_on_is_given_up_and_cleared_away_for_good() {
    let bench = bench().await;
    let app = &bench.app;
    bench.app.fail_stages_from(3);
    bench.apply("k").await.expect_problem(503, "unavailable");
    app.faults().clear();
    app.clock().advance(LEASE + GRACE);
    assert_eq!(app.sweep().await["givenUp"], 1);
    let waiting = bench.apply("k").await;
    waiting.expect_problem(409, "in_progress");
    assert_eq!(waiting.header("retry-after"), Some("70"));
    bench.apply("other").await.expect_problem(409, "in_progress");
    assert_eq!(app.sweep().await["cleared"], 0);
    app.clock().advance(SETTLING);
    assert_eq!(app.sweep().await["cleared"], 1);
    bench.expect_nothing().await;
    bench.apply("k").await.expect_problem(409, "apply_aborted");
    let again = app.sweep().await;
    assert_eq!(
        again,
        json!({"givenUp": 0, "cleared": 0, "undone": 0, "removed": 0, "emptied": 0, "listed": 0, "items": 0, "failed": 0, "isDone": true})
    );
    bench.apply("other").await.expect(201);
    bench.expect_whole().await;
}

/// Runs the schedules as `local` does, at the pace of a test.
#[tokio::test]
async fn an_apply_that_dies_on_one_machine_frees_its_address_without_anybody_asking() {
    let bench = bench().await;
    let app = &bench.app;
    app.fail_stages_from(3);
    app.faults().drop_request().of("UpdateItem").first(u64::MAX);
    bench.apply("k").await.expect_problem(503, "unavailable");
    app.faults().clear();
    bench.apply("other").await.expect_problem(409, "in_progress");

    let playing = app.scheduler().play(Duration::from_millis(1), Pace::AsDue);
    app.clock().advance(LEASE + GRACE);
    until(async || bench.state().await == "ABORTING").await;
    app.clock().advance(SETTLING);
    until(async || bench.state().await == "ABORTED").await;
    drop(playing);
    bench.expect_nothing().await;
    bench.apply("other").await.expect(201);
    bench.expect_whole().await;
}

/// Asks again until it is so, as what runs beside the test brings it about.
async fn until(is_so: impl AsyncFn() -> bool) {
    let asking = async {
        while !is_so().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), asking).await.unwrap();
}

/// Breaks an apply off, changes the world, and repeats the request.
async fn interrupted_while(change: impl AsyncFnOnce(&Bench)) {
    let bench = bench().await;
    let app = &bench.app;
    bench.app.fail_stages_from(2);
    bench.apply("k").await.expect_problem(503, "unavailable");
    app.faults().clear();
    change(&bench).await;
    let after = table_items(app).await;
    bench.apply("k").await.expect_problem(409, "world_moved");
    bench.apply("k").await.expect_problem(409, "in_progress");
    app.clock().advance(SETTLING);
    assert_eq!(app.sweep().await["cleared"], 1);
    bench.apply("k").await.expect_problem(409, "apply_aborted");
    let left = table_items(app)
        .await
        .into_keys()
        .filter(|(pk, _)| pk.contains("#USER#") && !bench.before.keys().any(|(known, _)| known == pk));
    assert_eq!(left.count(), 0);
    assert!(after.len() > table_items(app).await.len());
    bench.expect_invisible().await;
}

#[tokio::test]
async fn an_apply_that_would_bring_something_else_by_now_is_given_up() {
    interrupted_while(async |bench| {
        // The pipeline with "Reached Out", which every automation is mapped to, is gone.
        let client = bench.app.database().client();
        let delete = client.delete_item().table_name("snapshots").key("PK", AttributeValue::S(format!("ORG#{GLOBEX}")));
        delete.key("SK", AttributeValue::S("PIPELINE#64eea1110000000000000010".to_owned())).send().await.unwrap();
    })
    .await;
    interrupted_while(async |bench| {
        bench.app.delete_snapshot(&bench.app.token(PAT), &bench.id).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn a_commit_whose_answers_are_all_lost_has_happened() {
    for n in [1, 8] {
        let bench = bench().await;
        let lost = bench.app.faults().drop_answer().of("TransactWriteItems").writing("user").first(n);
        bench.apply("k").await.expect(201);
        assert_eq!(lost.count(), n);
        bench.app.faults().clear();
        bench.expect_whole().await;
    }
}

#[tokio::test]
async fn an_admission_and_stages_whose_answers_are_lost_go_on() {
    let bench = bench().await;
    let lost = bench.app.faults().drop_answer().of("TransactWriteItems").first(7);
    bench.apply("k").await.expect(201);
    assert_eq!(lost.count(), 7);
    bench.app.faults().clear();
    bench.expect_whole().await;
}

/// Whether stages check the epoch of their record.
#[derive(PartialEq)]
enum Fence {
    Standing,
    Stripped,
}

/// Holds a stage on its way, lets `meanwhile` happen, and then lets the stage land.
async fn with_a_stage_held_up(fence: Fence, meanwhile: impl AsyncFnOnce(&Bench)) -> (Bench, Answer) {
    let bench = bench().await;
    let gate = Gate::closed();
    if fence == Fence::Stripped {
        let is_check = |element: Element<'_>| element.action == "ConditionCheck";
        bench.app.faults().strip_conditions(is_check).of("TransactWriteItems").always();
    }
    let held = bench.app.faults().hold_request(&gate).of("TransactWriteItems").nth(3);
    let first = bench.begin("k");
    gate.arrived(1).await;
    meanwhile(&bench).await;
    gate.open();
    let answer = first.await.unwrap();
    assert_eq!(held.count(), 1);
    (bench, answer)
}

#[tokio::test]
async fn a_run_that_was_taken_over_writes_nothing_any_more_and_gives_the_same_answer() {
    let mut taken_over = String::new();
    let (bench, late) = with_a_stage_held_up(Fence::Standing, async |bench| {
        bench.app.clock().advance(LEASE);
        let answer = bench.apply("k").await;
        answer.expect(201);
        taken_over = answer.text;
        bench.expect_whole().await;
    })
    .await;
    assert_eq!((late.status, late.text), (201, taken_over));
    bench.expect_whole().await;
}

async fn swept_away(bench: &Bench) {
    bench.app.clock().advance(LEASE + GRACE);
    assert_eq!(bench.app.sweep().await["givenUp"], 1);
    bench.app.clock().advance(SETTLING);
    assert_eq!(bench.app.sweep().await["cleared"], 1);
}

#[tokio::test]
async fn a_run_that_was_swept_away_writes_nothing_any_more() {
    let (bench, late) = with_a_stage_held_up(Fence::Standing, swept_away).await;
    late.expect_problem(409, "apply_aborted");
    bench.expect_nothing().await;
}

#[tokio::test]
async fn without_its_fence_the_same_run_leaves_orphans() {
    let (bench, _) = with_a_stage_held_up(Fence::Stripped, swept_away).await;
    bench.app.faults().clear();
    let orphans = table_items(&bench.app).await.len() - bench.before.len();
    assert!(orphans > 0, "the check of the epoch is what keeps a late run from writing");
    println!("{orphans} orphans without the fence");
}

#[tokio::test]
async fn two_sweeps_at_once_do_what_one_does() {
    let bench = bench().await;
    let app = &bench.app;
    bench.app.fail_stages_from(3);
    bench.apply("k").await.expect_problem(503, "unavailable");
    app.faults().clear();
    app.clock().advance(LEASE + GRACE);
    let (one, other) = tokio::join!(app.sweep(), app.sweep());
    assert!(one["givenUp"].as_u64().unwrap() + other["givenUp"].as_u64().unwrap() >= 1);
    app.clock().advance(SETTLING);
    let (one, other) = tokio::join!(app.sweep(), app.sweep());
    assert!(one["cleared"].as_u64().unwrap() + other["cleared"].as_u64().unwrap() >= 1);
    bench.expect_nothing().await;
    bench.apply("k").await.expect_problem(409, "apply_aborted");
}

#[tokio::test]
async fn what_a_deleted_snapshot_leaves_is_swept_and_its_tombstone_stays() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let sam = app.token(SAM);
    app.assign(&sam, &id, &json!({"assignedOrgIds": [GLOBEX], "isGlobal": true})).await.expect(200);
    app.faults().drop_request().of("BatchWriteItem").always();
    app.delete_snapshot(&sam, &id).await.expect(200);
    app.faults().clear();
    assert_eq!(app.sweep().await["emptied"], 0, "what was written beside it may still land");
    app.clock().advance(SETTLING);
    let swept = app.sweep().await;
    assert_eq!((&swept["emptied"], &swept["items"]), (&json!(1), &json!(3)));
    let left: Vec<_> = app.items().await.into_iter().filter(|item| item["PK"].as_s().unwrap().contains(&id)).collect();
    assert_eq!(left.len(), 1);
    assert!(left[0].contains_key("deletedAt") && !left[0].contains_key("ALLPK"));
    assert_eq!(app.sweep().await["emptied"], 0);
}

#[tokio::test]
async fn a_sweep_goes_through_all_pages_of_what_is_due() {
    const TOMBSTONES: u16 = 250;
    let app = TestApp::start().await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    for number in 0..TOMBSTONES {
        let id = format!("{number:022x}00");
        app.put_item([
            ("PK", text(&format!("SNAPSHOT#{id}"))),
            ("SK", text("#META")),
            ("type", text("snapshot")),
            ("deletedAt", text("2026-05-15T08:00:00.000Z")),
            // All at one moment in one partition, of which a page has 100.
            ("ALLPK", text("SWEEP#0")),
            ("ALLSK", text(&format!("2026-05-15T08:00:00.000Z#{id}"))),
        ])
        .await;
    }
    assert_eq!(app.sweep().await["emptied"], TOMBSTONES);
    assert_eq!(app.sweep().await["emptied"], 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_three_calls_in_ten_failing_applies_succeed_or_show_nothing() {
    let count = rounds(100, 500);
    let app = Arc::new(TestApp::start().await);
    let id = snapshot(&app).await;
    let token = app.token(SAM);
    let users = table_items(&app).await.len();
    // Half of what fails was carried out, and only its answer is lost.
    let failures = [(0.15, Fault::DropRequest(Loss::Io)), (0.15, Fault::DropAnswer(Loss::Io))];
    let failed = app.faults().any_of(7, failures).always();
    let mut answers = BTreeMap::new();
    let numbers: Vec<usize> = (0..count).collect();
    for together in numbers.chunks(10) {
        let applies = together.iter().map(async |number| {
            let mut body = apply_body();
            body["newUser"]["email"] = json!(format!("new{number}@globex.example"));
            app.apply_once(&token, &format!("k{number}"), &id, &body).await
        });
        for answer in join_all(applies).await {
            assert!([201, 503].contains(&answer.status), "{}", answer.text);
            *answers.entry(answer.status).or_insert(0) += 1;
        }
    }
    let failed = failed.count();
    app.faults().clear();
    println!("{failed} calls failed; answers: {answers:?}");
    assert!(answers[&201] * 1_000 >= count * 990, "{answers:?}");
    // Claim, profile, switches and 25 clones for each that succeeded; one that was answered 503 may have, too.
    let new = table_items(&app).await.len() - users;
    assert_eq!(new % 28, 0);
    assert!((answers[&201]..=count).contains(&(new / 28)));
}
