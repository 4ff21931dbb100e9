//! The sweep's own binary, run as Lambda runs it, killed or frozen at each of its writes.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "all of this is tests, the functions that they share included")]

use std::time::Duration;

use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};
use tests::{
    Bench, Census, Finding, GLOBEX, PAT, Process, Proxy, SAM, SETTLING, Side, Tally, Trial, Write, create_body,
};
use tokio::sync::OnceCell;

/// So many items take two stages, of which the first is written.
const ITEMS: usize = 99;
/// To give up one apply; to clear another one away, four batches and its end; to empty a tombstone, a batch and its end.
const WRITES: u64 = 8;
/// Everything is due that happened so long ago.
const LONG_AGO: Duration = Duration::from_secs(3600);

/// A table in which there is something of every kind to be swept.
struct LitteredTable {
    bench: Bench,
    litter: Census,
    tombstone: String,
    proxy: Proxy,
}

/// One trial: an apply that nobody carries on, and one that was given up long ago.
struct SweepBench<'b> {
    interrupted: Trial<'b>,
    given_up: Trial<'b>,
}

async fn littered() -> LitteredTable {
    let bench = Bench::start(ITEMS).await;
    let app = bench.app();
    app.clock().set(SystemClock.now().minus(LONG_AGO));
    // Both stop in order, the first before it has staged anything: with a key its lease ends, without one the apply does.
    let swept = SweepBench::of(&bench);
    swept.interrupted.break_off(1).await.expect_problem(500, "internal");
    swept.given_up.break_off(2).await.expect_problem(500, "internal");
    let sam = app.token(SAM);
    let created = app.create_snapshot(&app.token(PAT), &create_body()).await;
    let tombstone = created.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    app.assign(&sam, &tombstone, &json!({"assignedOrgIds": [GLOBEX], "isGlobal": true})).await.expect(200);
    // What is known of its refreshes stays behind; a deletion takes the rows of lists along.
    let refresh = app.request("POST".parse().unwrap(), &format!("/api/user-snapshots/{tombstone}/refresh"));
    app.send(refresh.bearer_auth(&sam)).await.expect(200);
    app.delete_snapshot(&sam, &tombstone).await.expect(200);
    let litter = bench.made().await;
    let proxy = Proxy::start(app.database().endpoint()).await;
    bench.restore(&litter).await;
    LitteredTable { bench, litter, tombstone, proxy }
}

impl<'b> SweepBench<'b> {
    fn of(bench: &'b Bench) -> Self {
        Self { interrupted: bench.trial("interrupted", true), given_up: bench.trial("given.up", false) }
    }

    /// That nobody sees either of the two.
    async fn expect_nobody(&mut self) {
        for trial in [&mut self.interrupted, &mut self.given_up] {
            if trial.look().await {
                trial.note(Finding::WrongAnswer("a user is there whom nobody made".to_owned()));
            }
        }
    }
}

impl LitteredTable {
    async fn spawn(&self) -> Process {
        self.bench.app().spawn(env!("CARGO_BIN_EXE_sweep-applies"), &self.proxy).await
    }

    /// Lets everything end, and restores the litter.
    async fn end(&self, swept: SweepBench<'_>) -> Vec<Finding> {
        let mut findings = swept.interrupted.end().await;
        findings.extend(swept.given_up.conclude().await);
        let left = self.bench.made().await.partitions(|pk| pk.contains(&self.tombstone));
        let left: Vec<_> = left.items().collect();
        let is_swept = matches!(left[..], [meta] if meta.contains_key("deletedAt") && !meta.contains_key("ALLPK"));
        if !is_swept {
            findings.push(Finding::Unfinished(format!("{} items of a deleted snapshot", left.len())));
        }
        self.proxy.faults().clear();
        self.proxy.forget_calls();
        self.bench.restore(&self.litter).await;
        findings
    }
}

#[tokio::test]
async fn killed_at_any_write_of_a_sweep_it_leaves_what_the_next_sweep_clears_away() {
    let (littered, mut tally) = (littered().await, Tally::default());
    for n in 1..=WRITES {
        for write in Write::ALL {
            let mut swept = SweepBench::of(&littered.bench);
            let mut process = littered.spawn().await;
            process.kill_at(&littered.proxy, n, write, &json!({})).await;
            swept.expect_nobody().await;
            tally.note(format!("write {n} of {WRITES}, killed, {write:?}"), littered.end(swept).await);
        }
    }
    tally.expect_nothing("A sweep, killed");
}

#[tokio::test]
async fn frozen_at_any_write_of_a_sweep_and_woken_after_another_one_it_changes_nothing() {
    let (littered, mut tally) = (littered().await, Tally::default());
    let process = littered.spawn().await;
    for n in 1..=WRITES {
        for side in Side::ALL {
            let mut swept = SweepBench::of(&littered.bench);
            let frozen = process.freeze_at(&littered.proxy, n, side, &json!({})).await;
            swept.expect_nobody().await;
            swept.interrupted.sweep().await;
            swept.interrupted.wait(SETTLING);
            swept.interrupted.sweep().await;
            swept.expect_nobody().await;
            // The address is free, so its next owner is there when the other sweep wakes.
            let answer = swept.given_up.apply().await;
            swept.given_up.expect(&answer, 201, "");
            frozen.land(&process).await;
            let report = frozen.wake(&process).await.result().await;
            assert_eq!((&report["failed"], &report["isDone"]), (&json!(0), &json!(true)), "{report}");
            if !swept.given_up.look().await {
                swept.given_up.note(Finding::WrongAnswer("a late sweep took a user away".to_owned()));
            }
            tally.note(format!("write {n} of {WRITES}, frozen, {side:?}"), littered.end(swept).await);
        }
    }
    tally.expect_nothing("A sweep, frozen");
}

/// Which write of an undisturbed sweep gives the interrupted apply up.
async fn giving_up(littered: &LitteredTable) -> u64 {
    static PLACE: OnceCell<u64> = OnceCell::const_new();
    let probe = PLACE.get_or_init(|| async {
        littered.spawn().await.invoke(&json!({})).result().await;
        let recorded = littered.proxy.recorded();
        let writes = recorded.writes();
        assert_eq!(writes.len() as u64, WRITES);
        let gives_up = |request: &Value| request["ExpressionAttributeValues"].to_string().contains("ABORTING");
        let place = writes.iter().position(|call| call.operation == "UpdateItem" && gives_up(&call.request));
        littered.proxy.forget_calls();
        littered.bench.restore(&littered.litter).await;
        place.unwrap() as u64 + 1
    });
    *probe.await
}

#[tokio::test]
async fn frozen_while_it_gives_an_apply_up_it_does_not_touch_what_its_client_carries_on() {
    let (littered, mut tally) = (littered().await, Tally::default());
    let n = giving_up(&littered).await;
    let process = littered.spawn().await;
    for side in Side::ALL {
        let mut swept = SweepBench::of(&littered.bench);
        let frozen = process.freeze_at(&littered.proxy, n, side, &json!({})).await;
        let answer = swept.interrupted.apply().await;
        let is_made = side == Side::Before;
        if is_made {
            swept.interrupted.expect(&answer, 201, "");
        } else {
            swept.interrupted.expect(&answer, 409, "in_progress");
        }
        frozen.land(&process).await;
        frozen.wake(&process).await.result().await;
        if swept.interrupted.look().await != is_made {
            swept.interrupted.note(Finding::WrongAnswer(format!("the user is there: {}", !is_made)));
        }
        tally.note(format!("frozen while giving up, {side:?}"), littered.end(swept).await);
    }
    tally.expect_nothing("A sweep and a client");
}
