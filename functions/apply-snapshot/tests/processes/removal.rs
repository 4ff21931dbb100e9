//! Kills a removal at its writes. The same caller's next request or a sweep finishes it.

use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};
use tests::{
    GIL, GLOBEX, LEASE, PAT, Process, Proxy, SAM, SETTLING, TestApp, Write, apply_body, create_body, recorded_event,
    rounds,
};

use crate::BINARY;
use crate::staged::FollowUp;
use crate::undo::{UndoTable, table};

/// What a removal of 25 items writes: the tombstone, the items and the switches, the end.
const WRITES: u64 = 28;

/// A table in which a snapshot was applied, and the function on it.
struct RemovalBench {
    app: TestApp,
    proxy: Proxy,
    process: Process,
    user: String,
    /// Before the apply.
    before: UndoTable,
}

async fn bench() -> RemovalBench {
    let app = TestApp::start().await;
    app.clock().set(SystemClock.now());
    let answer = app.create_snapshot(&app.token(PAT), &create_body()).await;
    let snapshot = answer.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    let before = table(&app).await;
    let applied = app.apply(&app.token(SAM), &snapshot, &apply_body()).await;
    let user = applied.expect(201)["result"]["userId"].as_str().unwrap().to_owned();
    let proxy = Proxy::start(app.database().endpoint()).await;
    let process = app.spawn(BINARY, &proxy).await;
    RemovalBench { app, proxy, process, user, before }
}

impl RemovalBench {
    /// The removal, as the gateway hands it over.
    fn event(&self) -> Value {
        let mut event = recorded_event("apply-snapshot", &self.app.token(SAM), &self.user);
        let (path, route) = (format!("/api/users/{}", self.user), "DELETE /api/users/{userId}");
        (event["routeKey"], event["requestContext"]["routeKey"]) = (json!(route), json!(route));
        (event["rawPath"], event["requestContext"]["http"]["path"]) = (json!(path), json!(path));
        event["requestContext"]["http"]["method"] = json!("DELETE");
        event["pathParameters"] = json!({"userId": self.user});
        event.as_object_mut().unwrap().remove("body");
        event
    }

    /// The table without the tombstone.
    async fn rest(&self) -> UndoTable {
        let mut items = table(&self.app).await;
        items.retain(|_, item| item["type"].as_s().unwrap() != "removedUser");
        items
    }

    async fn is_seen(&self) -> bool {
        self.app.list_users(&self.app.token(GIL), GLOBEX, "").await.text.contains("casey@acme.example")
    }

    async fn expect_nothing_left(&self) {
        assert_eq!(self.rest().await, self.before);
        self.app.clock().set(SystemClock.now().plus(LEASE + SETTLING));
        self.app.sweep().await;
        assert_eq!(self.rest().await, self.before);
        let tombstone = self.app.item(&format!("ORG#{GLOBEX}#USER#{}", self.user), "#META").await.unwrap();
        assert!(!tombstone.contains_key("ALLPK") && !tombstone.contains_key("secondLookAt"));
    }
}

#[tokio::test]
async fn killed_at_a_write_of_a_removal_it_shows_the_whole_user_or_nothing_and_the_next_one_ends_it() {
    let short = [1, 2, 14, WRITES - 1, WRITES];
    let mut trials = 0;
    for n in (1..=WRITES).filter(|n| rounds(0, 1) == 1 || short.contains(n)) {
        for write in Write::ALL {
            for then in [FollowUp::Retry, FollowUp::Sweep] {
                let mut bench = bench().await;
                let whole = table(&bench.app).await;
                let event = bench.event();
                bench.process.kill_at(&bench.proxy, n, write, &event).await;
                let has_begun = n > 1 || write != Write::Lost;
                assert_eq!(bench.is_seen().await, !has_begun, "write {n}, {write:?}");
                assert_eq!(table(&bench.app).await == whole, !has_begun, "write {n}, {write:?}");
                if then == FollowUp::Sweep && has_begun {
                    bench.app.clock().set(SystemClock.now().plus(LEASE));
                    bench.app.sweep().await;
                    bench.app.clock().set(SystemClock.now());
                }
                let again = bench.app.remove_user(&bench.app.token(SAM), &bench.user).await;
                // A removed user is as unknown.
                assert!([200, 404].contains(&again.status), "write {n}, {write:?}: {}", again.text);
                bench.expect_nothing_left().await;
                trials += 1;
            }
        }
    }
    println!("{trials} trials: killed at a write of a removal, the write lost, late or done");
}

#[tokio::test]
async fn a_removal_makes_as_many_writes_as_are_tried() {
    let bench = bench().await;
    bench.process.invoke(&bench.event()).answer().await.expect(200);
    assert_eq!(bench.proxy.recorded().writes().len() as u64, WRITES);
    bench.expect_nothing_left().await;
}
