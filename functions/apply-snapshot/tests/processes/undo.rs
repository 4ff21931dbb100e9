//! Kills or freezes an undo at each of its writes. The next request or sweep finishes it, and a late write has no
//! effect.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};
use tests::{
    Answer, GIL, GLOBEX, Item, LEASE, PAT, Process, Proxy, SAM, SETTLING, Side, TestApp, Write, apply_body,
    create_body, recorded_event,
};

use crate::BINARY;
use crate::staged::FollowUp;

/// What an undo of 25 items writes: the user goes, two batches of what it had, the address goes.
const WRITES: u64 = 4;

/// All items by key, but for the records of applies and counts of failed sign-ins.
pub(crate) type UndoTable = BTreeMap<(String, String), Item>;

/// A table in which a snapshot was applied, and the function on it.
struct UndoBench {
    app: TestApp,
    proxy: Proxy,
    process: Process,
    snapshot: String,
    apply: String,
    /// Before the apply.
    before: UndoTable,
}

async fn bench() -> UndoBench {
    let app = TestApp::start().await;
    app.clock().set(SystemClock.now());
    let answer = app.create_snapshot(&app.token(PAT), &create_body()).await;
    let snapshot = answer.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    let before = table(&app).await;
    let applied = app.apply(&app.token(SAM), &snapshot, &apply_body()).await;
    let apply = applied.expect(201)["result"]["applyId"].as_str().unwrap().to_owned();
    let proxy = Proxy::start(app.database().endpoint()).await;
    let process = app.spawn(BINARY, &proxy).await;
    UndoBench { app, proxy, process, snapshot, apply, before }
}

pub(crate) async fn table(app: &TestApp) -> UndoTable {
    let text = |item: &Item, name: &str| item[name].as_s().unwrap().clone();
    let items = app.items().await.into_iter().map(|item| ((text(&item, "PK"), text(&item, "SK")), item));
    items.filter(|((_, sk), _)| !sk.starts_with("FAILURES") && !sk.starts_with("APPLY#")).collect()
}

impl UndoBench {
    /// The undo, as the gateway hands it over.
    fn event(&self) -> Value {
        let mut event = recorded_event("apply-snapshot", &self.app.token(SAM), &self.snapshot);
        let path = format!("/api/user-snapshots/{}/applies/{}/undo", self.snapshot, self.apply);
        let route = "POST /api/user-snapshots/{id}/applies/{applyId}/undo";
        (event["routeKey"], event["requestContext"]["routeKey"]) = (json!(route), json!(route));
        (event["rawPath"], event["requestContext"]["http"]["path"]) = (json!(path), json!(path));
        event["pathParameters"] = json!({"id": self.snapshot, "applyId": self.apply});
        event["body"] = json!("{}");
        event
    }

    /// The same by another process of the function, which no fault hits.
    async fn undo_elsewhere(&self) -> Answer {
        self.app.undo(&self.app.token(SAM), &self.snapshot, &self.apply, None).await
    }

    /// Whether somebody sees the user.
    async fn is_seen(&self) -> bool {
        self.app.list_users(&self.app.token(GIL), GLOBEX, "").await.text.contains("casey@acme.example")
    }

    /// What comes after a process that is gone or stands still.
    async fn go_on(&self, then: FollowUp) {
        if then == FollowUp::Sweep {
            self.app.clock().set(SystemClock.now().plus(LEASE));
            self.app.sweep().await;
            self.app.clock().set(SystemClock.now());
        }
        // Where the undo had not begun, a sweep knows nothing of it.
        self.undo_elsewhere().await.expect(200);
    }

    /// Lets a second look come; the table is as it was before the apply, and nothing is to be swept.
    async fn expect_nothing_left(&self) {
        assert_eq!(table(&self.app).await, self.before);
        self.app.clock().set(SystemClock.now().plus(LEASE + SETTLING));
        self.app.sweep().await;
        assert_eq!(table(&self.app).await, self.before);
        let pk = format!("ORG#{GLOBEX}#SNAPSHOT#{}", self.snapshot);
        let record = self.app.item(&pk, &format!("APPLY#{}", self.apply)).await.unwrap();
        assert_eq!(record["state"].as_s().unwrap(), "UNDONE");
        assert!(!record.contains_key("ALLPK") && !record.contains_key("secondLookAt"));
    }
}

#[tokio::test]
async fn killed_at_any_write_of_an_undo_it_shows_the_whole_user_or_nothing_and_the_next_one_ends_it() {
    let mut trials = 0;
    for n in 1..=WRITES {
        for write in Write::ALL {
            for then in [FollowUp::Retry, FollowUp::Sweep] {
                let mut bench = bench().await;
                let whole = table(&bench.app).await;
                let event = bench.event();
                bench.process.kill_at(&bench.proxy, n, write, &event).await;
                let has_begun = n > 1 || write != Write::Lost;
                assert_eq!(bench.is_seen().await, !has_begun, "write {n}, {write:?}");
                assert_eq!(table(&bench.app).await == whole, !has_begun, "write {n}, {write:?}");
                bench.go_on(then).await;
                bench.expect_nothing_left().await;
                trials += 1;
            }
        }
    }
    println!("{trials} trials: killed at each of {WRITES} writes of an undo, the write lost, late or done");
}

#[tokio::test]
async fn frozen_at_any_write_of_an_undo_and_woken_after_the_address_has_passed_on_it_changes_nothing() {
    let mut trials = 0;
    for n in 1..=WRITES {
        for side in Side::ALL {
            for then in [FollowUp::Retry, FollowUp::Sweep] {
                let bench = bench().await;
                let frozen = bench.process.freeze_at(&bench.proxy, n, side, &bench.event()).await;
                bench.go_on(then).await;
                let first = bench.undo_elsewhere().await;
                let heir = bench.app.apply(&bench.app.token(SAM), &bench.snapshot, &apply_body()).await;
                let heir = heir.expect(201)["result"]["applyId"].as_str().unwrap().to_owned();
                let with_heir = table(&bench.app).await;
                frozen.land(&bench.process).await;
                assert_eq!(table(&bench.app).await, with_heir, "write {n}, {side:?}, {then:?}");
                let answer = frozen.wake(&bench.process).await.answer().await;
                assert_eq!((answer.status, &answer.text), (200, &first.text), "write {n}, {side:?}, {then:?}");
                assert_eq!(table(&bench.app).await, with_heir, "write {n}, {side:?}, {then:?}");
                bench.app.undo(&bench.app.token(SAM), &bench.snapshot, &heir, None).await.expect(200);
                bench.expect_nothing_left().await;
                trials += 1;
            }
        }
    }
    println!("{trials} trials: frozen on either side of each of {WRITES} writes of an undo, overtaken, woken");
}

#[tokio::test]
async fn an_undo_makes_as_many_writes_as_are_tried() {
    let bench = bench().await;
    bench.process.invoke(&bench.event()).answer().await.expect(200);
    assert_eq!(bench.proxy.recorded().writes().len() as u64, WRITES);
    bench.expect_nothing_left().await;
}
