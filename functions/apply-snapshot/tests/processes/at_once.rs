//! An apply of one transaction.

use std::collections::BTreeMap;

use serde_json::Value;
use shared::clock::{Clock, SystemClock};
use tests::{Item, PAT, Process, Proxy, SAM, Side, TestApp, Write, apply_body, counts, create_body, recorded_event};
use tokio::sync::OnceCell;

use crate::BINARY;

/// Whom the customer's request makes.
const CASEY: &str = "casey@acme.example";
/// What one apply writes: record, claim, profile, switches and 25 clones.
const WRITTEN_ITEMS: usize = 29;

/// A table with a snapshot in it, and the function on it.
struct Bench {
    app: TestApp,
    proxy: Proxy,
    process: Process,
    snapshot: String,
    before: Table,
}

/// All items by key, but for counts of failed sign-ins: the tests sign in themselves.
type Table = BTreeMap<(String, String), Item>;

async fn bench() -> Bench {
    let app = TestApp::start().await;
    app.clock().set(SystemClock.now());
    let answer = app.create_snapshot(&app.token(PAT), &create_body()).await;
    let snapshot = answer.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    let proxy = Proxy::start(app.database().endpoint()).await;
    let process = app.spawn(BINARY, &proxy).await;
    let before = table(&app).await;
    Bench { app, proxy, process, snapshot, before }
}

async fn table(app: &TestApp) -> Table {
    let text = |item: &Item, name: &str| item[name].as_s().unwrap().clone();
    let items = app.items().await.into_iter().map(|item| ((text(&item, "PK"), text(&item, "SK")), item));
    // What another apply was refused is in the history.
    items.filter(|((pk, sk), _)| !sk.starts_with("FAILURES") && !pk.ends_with("#REFUSALS")).collect()
}

impl Bench {
    /// The customer's apply, as the gateway hands it over.
    fn event(&self) -> Value {
        recorded_event("apply-snapshot", &self.app.token(SAM), &self.snapshot)
    }

    /// The same apply by another process of the function, which no fault hits.
    async fn apply_elsewhere(&self) -> tests::Answer {
        self.app.apply(&self.app.token(SAM), &self.snapshot, &apply_body()).await
    }

    /// Whether the user is there, who is whole then; otherwise nothing is.
    async fn has_casey(&self) -> bool {
        let now = table(&self.app).await;
        if now == self.before {
            return false;
        }
        let login = self.app.login(CASEY, apply_body()["newUser"]["password"].as_str().unwrap()).await;
        let user = login.expect(200)["user"]["id"].as_str().unwrap().to_owned();
        let added = now.keys().filter(|key| !self.before.contains_key(key)).collect::<Vec<_>>();
        assert_eq!(added.len(), WRITTEN_ITEMS, "{added:?}");
        let users = added.iter().filter(|(pk, sk)| pk.contains("#USER#") && sk == "#META").collect::<Vec<_>>();
        assert!(matches!(&users[..], [(pk, _)] if pk.ends_with(&user)), "{users:?}");
        assert!(self.before.iter().all(|(key, item)| now.get(key) == Some(item)), "an apply changed what was there");
        true
    }
}

/// Kills the process at its `n`-th write, and returns when the write has met its fate.
async fn killed_at(n: u64, write: Write) -> Bench {
    let mut bench = bench().await;
    let event = bench.event();
    bench.process.kill_at(&bench.proxy, n, write, &event).await;
    bench
}

/// How many writes an apply makes that nothing disturbs; at least one.
async fn writes_of_an_apply() -> u64 {
    static WRITES: OnceCell<u64> = OnceCell::const_new();
    let probe = WRITES.get_or_init(|| async {
        let bench = bench().await;
        bench.process.invoke(&bench.event()).answer().await.expect(201);
        bench.proxy.recorded().writes().len().try_into().unwrap()
    });
    let writes = *probe.await;
    assert!(writes > 0);
    writes
}

#[tokio::test]
async fn the_binary_answers_the_customers_apply() {
    let bench = bench().await;
    let answer = bench.process.invoke(&bench.event()).answer().await;
    assert_eq!(answer.expect(201)["result"]["cloned"], counts(5, 8, 12));
    assert!(bench.has_casey().await);
    // It lives on, and takes the next event.
    bench.process.invoke(&bench.event()).answer().await.expect_problem(409, "email_taken");
    assert!(bench.process.log().contains("apply"), "{}", bench.process.log());
}

#[tokio::test]
async fn killed_at_any_write_it_leaves_the_whole_user_or_nothing() {
    let writes = writes_of_an_apply().await;
    let mut trials = 0;
    for n in 1..=writes {
        for write in Write::ALL {
            let bench = killed_at(n, write).await;
            let is_committed = n == writes && write != Write::Lost;
            assert_eq!(bench.has_casey().await, is_committed, "write {n} of {writes}, {write:?}");
            let again = bench.apply_elsewhere().await;
            if is_committed {
                again.expect_problem(409, "email_taken");
            } else {
                again.expect(201);
            }
            assert!(bench.has_casey().await, "write {n} of {writes}, {write:?}");
            trials += 1;
        }
    }
    println!("{trials} trials: killed at each of {writes} writes of an apply, the write lost, late or done");
}

#[tokio::test]
async fn frozen_before_a_write_while_another_apply_takes_the_address_it_makes_no_second_user() {
    let writes = writes_of_an_apply().await;
    for n in 1..=writes {
        let bench = bench().await;
        let frozen = bench.process.freeze_at(&bench.proxy, n, Side::Before, &bench.event()).await;
        bench.apply_elsewhere().await.expect(201);
        frozen.land(&bench.process).await;
        frozen.wake(&bench.process).await.answer().await.expect_problem(409, "email_taken");
        assert!(bench.has_casey().await);
    }
    println!("{writes} trials: frozen before each of {writes} writes of an apply, overtaken, woken");
}

#[tokio::test]
async fn frozen_after_its_last_write_it_answers_when_it_wakes() {
    let writes = writes_of_an_apply().await;
    let bench = bench().await;
    let frozen = bench.process.freeze_at(&bench.proxy, writes, Side::After, &bench.event()).await;
    assert!(bench.has_casey().await);
    bench.apply_elsewhere().await.expect_problem(409, "email_taken");
    frozen.land(&bench.process).await;
    frozen.wake(&bench.process).await.answer().await.expect(201);
    assert!(bench.has_casey().await);
}
