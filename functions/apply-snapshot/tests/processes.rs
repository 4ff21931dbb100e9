//! The function's own binary, run as Lambda runs it: what it leaves behind wherever its process is killed or frozen.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "all of this is tests, the functions that they share included")]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};
use tests::{Gate, Item, PAT, Process, Proxy, SAM, TestApp, apply_body, create_body, recorded_event};
use tokio::sync::OnceCell;

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
    let process = app.spawn(env!("CARGO_BIN_EXE_apply-snapshot"), &proxy).await;
    let before = table(&app).await;
    Bench { app, proxy, process, snapshot, before }
}

async fn table(app: &TestApp) -> Table {
    let text = |item: &Item, name: &str| item[name].as_s().unwrap().clone();
    let items = app.items().await.into_iter().map(|item| ((text(&item, "PK"), text(&item, "SK")), item));
    items.filter(|((_, sk), _)| sk != "FAILURES").collect()
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

/// What becomes of the write at which the process is killed.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Write {
    /// It never comes to the table.
    Lost,
    /// It was on its way, and comes to the table when the process is gone.
    Late,
    /// It is done, and the process does not hear of it.
    Done,
}

impl Write {
    const ALL: [Self; 3] = [Self::Lost, Self::Late, Self::Done];
}

/// Kills the process at its `n`-th write, and returns when the write has met its fate.
async fn killed_at(n: u64, write: Write) -> Bench {
    let mut bench = bench().await;
    let (gate, faults) = (Gate::closed(), bench.proxy.faults());
    let held = if write == Write::Done { faults.hold_answer(&gate) } else { faults.hold_request(&gate) };
    let held = held.of_writes().nth(n);
    let _ = bench.process.invoke(&bench.event());
    gate.arrived(1).await;
    bench.process.kill().await;
    if write == Write::Late {
        gate.open();
        gate.landed(1).await;
    } else {
        gate.lose();
    }
    assert_eq!(held.count(), 1);
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
    assert_eq!(answer.expect(201)["result"]["cloned"], json!({"automations": 5, "prompts": 8, "templates": 12}));
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
        let gate = Gate::closed();
        let held = bench.proxy.faults().hold_request(&gate).of_writes().nth(n);
        let invocation = bench.process.invoke(&bench.event());
        gate.arrived(1).await;
        bench.process.freeze().await;
        bench.apply_elsewhere().await.expect(201);
        // The write lands while the process sleeps, which reads the answer when it wakes.
        gate.open();
        gate.landed(1).await;
        assert!(bench.process.is_frozen());
        bench.process.thaw().await;
        invocation.answer().await.expect_problem(409, "email_taken");
        assert!(bench.has_casey().await);
        assert_eq!(held.count(), 1);
    }
    println!("{writes} trials: frozen before each of {writes} writes of an apply, overtaken, woken");
}

#[tokio::test]
async fn frozen_after_its_last_write_it_answers_when_it_wakes() {
    let writes = writes_of_an_apply().await;
    let bench = bench().await;
    let gate = Gate::closed();
    let held = bench.proxy.faults().hold_answer(&gate).of_writes().nth(writes);
    let invocation = bench.process.invoke(&bench.event());
    gate.arrived(1).await;
    bench.process.freeze().await;
    assert!(bench.has_casey().await);
    bench.apply_elsewhere().await.expect_problem(409, "email_taken");
    gate.open();
    assert!(bench.process.is_frozen());
    bench.process.thaw().await;
    invocation.answer().await.expect(201);
    assert!(bench.has_casey().await);
    assert_eq!(held.count(), 1);
}
