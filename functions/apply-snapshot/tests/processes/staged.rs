//! An apply of many transactions, killed or frozen at each of its writes.

use tests::{Bench, Finding, LEASE, Proxy, Side, Tally, Write};

use crate::BINARY;

/// So many items take two stages.
const ITEMS: usize = 99;
/// To admit, two stages, to commit.
const WRITES: u64 = 4;

/// Who comes after a process that is gone or stands still.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Then {
    /// Its client, with the same key.
    Retry,
    /// A sweep.
    Sweep,
}

/// Whether the request has a key, and who comes then.
const COURSES: [(bool, Then); 3] = [(true, Then::Retry), (true, Then::Sweep), (false, Then::Sweep)];

#[tokio::test]
async fn killed_at_any_write_of_a_staged_apply_it_leaves_the_whole_user_or_nothing() {
    let (bench, mut tally) = (Bench::start(ITEMS).await, Tally::default());
    for n in 1..=WRITES {
        for (has_key, then) in COURSES {
            for write in Write::ALL {
                let kind = format!("write {n} of {WRITES}, key {has_key}, killed, {write:?}, {then:?}");
                tally.note(kind, killed(&bench, n, write, has_key, then).await);
            }
        }
    }
    tally.expect_nothing("A staged apply, killed");
}

async fn killed(bench: &Bench, n: u64, write: Write, has_key: bool, then: Then) -> Vec<Finding> {
    let mut trial = bench.trial(&format!("killed.{n}.{write:?}.{has_key}.{then:?}").to_lowercase(), has_key);
    let proxy = Proxy::start(bench.app().database().endpoint()).await;
    let mut process = bench.app().spawn(BINARY, &proxy).await;
    process.kill_at(&proxy, n, write, &trial.event()).await;
    let is_there = trial.look().await;
    if is_there != (n == WRITES && write != Write::Lost) {
        trial.note(Finding::WrongAnswer(format!("the user is there: {is_there}")));
    }
    if then == Then::Retry {
        trial.wait(LEASE);
        let answer = trial.apply().await;
        trial.expect(&answer, 201, "");
        trial.look().await;
    }
    trial.end().await
}

#[tokio::test]
async fn frozen_at_any_write_of_a_staged_apply_and_woken_after_somebody_else_it_changes_nothing() {
    let (bench, mut tally) = (Bench::start(ITEMS).await, Tally::default());
    let proxy = Proxy::start(bench.app().database().endpoint()).await;
    let process = bench.app().spawn(BINARY, &proxy).await;
    for n in 1..=WRITES {
        for (has_key, then) in COURSES {
            for side in Side::ALL {
                let kind = format!("write {n} of {WRITES}, key {has_key}, frozen, {side:?}, {then:?}");
                let mut trial = bench.trial(&format!("frozen.{n}.{side:?}.{has_key}.{then:?}").to_lowercase(), has_key);
                let frozen = process.freeze_at(&proxy, n, side, &trial.event()).await;
                trial.look().await;
                match then {
                    Then::Retry => {
                        trial.wait(LEASE);
                        let answer = trial.apply().await;
                        trial.expect(&answer, 201, "");
                    }
                    Then::Sweep => trial.sweep_away().await,
                }
                frozen.land(&process).await;
                trial.look().await;
                let answer = frozen.wake(&process).await.answer().await;
                // What was not admitted yet cannot be swept away, and what was committed neither.
                let is_first = n == 1 && side == Side::Before;
                let is_last = n == WRITES && side == Side::After;
                match then {
                    Then::Sweep if !is_first && !is_last && has_key => trial.expect(&answer, 409, "apply_aborted"),
                    Then::Sweep if !is_first && !is_last => trial.expect(&answer, 503, "unavailable"),
                    _ => trial.expect(&answer, 201, ""),
                }
                proxy.faults().clear();
                proxy.forget_calls();
                tally.note(kind, trial.end().await);
            }
        }
    }
    tally.expect_nothing("A staged apply, frozen");
}
