//! An apply of many transactions, killed or frozen at each of its writes.

use tests::{Bench, Faults, Finding, LEASE, Proxy, Side, Tally, Write};

use crate::BINARY;

/// So many items take two stages.
pub(crate) const ITEMS: usize = 99;
/// To admit, two stages, to commit.
pub(crate) const WRITES: u64 = 4;

/// Who comes after a process that is gone or stands still.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum FollowUp {
    /// Its client, with the same key.
    Retry,
    /// A sweep.
    Sweep,
}

/// Whether the request has a key, and who comes then.
const COURSES: [(bool, FollowUp); 3] = [(true, FollowUp::Retry), (true, FollowUp::Sweep), (false, FollowUp::Sweep)];

/// The protocol as it is.
pub(crate) fn as_it_is(_: &Faults) {}

#[tokio::test]
async fn killed_at_any_write_of_a_staged_apply_it_leaves_the_whole_user_or_nothing() {
    let (bench, mut tally) = (Bench::start(ITEMS).await, Tally::default());
    for n in 1..=WRITES {
        for (has_key, then) in COURSES {
            for write in Write::ALL {
                let findings = killed(&bench, n, write, has_key, then, as_it_is).await;
                tally.note(format!("write {n} of {WRITES}, key {has_key}, killed, {write:?}, {then:?}"), findings);
            }
        }
    }
    tally.expect_nothing("A staged apply, killed");
}

#[tokio::test]
async fn frozen_at_any_write_of_a_staged_apply_and_woken_after_somebody_else_it_changes_nothing() {
    let (bench, mut tally) = (Bench::start(ITEMS).await, Tally::default());
    for n in 1..=WRITES {
        for (has_key, then) in COURSES {
            for side in Side::ALL {
                let findings = frozen(&bench, n, side, has_key, then, as_it_is).await;
                tally.note(format!("write {n} of {WRITES}, key {has_key}, frozen, {side:?}, {then:?}"), findings);
            }
        }
    }
    tally.expect_nothing("A staged apply, frozen");
}

/// Kills the process at its `n`-th write. `protocol` changes what comes to the table.
pub(crate) async fn killed(
    bench: &Bench,
    n: u64,
    write: Write,
    has_key: bool,
    then: FollowUp,
    protocol: impl Fn(&Faults),
) -> Vec<Finding> {
    let mut trial = bench.trial("killed", has_key);
    let proxy = Proxy::start(bench.app().database().endpoint()).await;
    protocol(proxy.faults());
    let mut process = bench.app().spawn(BINARY, &proxy).await;
    process.kill_at(&proxy, n, write, &trial.event()).await;
    let is_there = trial.look().await;
    if is_there != (n == WRITES && write != Write::Lost) {
        trial.note(Finding::WrongAnswer(format!("the user is there: {is_there}")));
    }
    if then == FollowUp::Retry {
        trial.wait(LEASE);
        let answer = trial.apply().await;
        trial.expect(&answer, 201, "");
        trial.look().await;
    }
    let findings = trial.end().await;
    bench.clear().await;
    findings
}

/// Freezes the process at its `n`-th write, and wakes it when somebody else is done. `protocol` changes what comes to the
/// table.
pub(crate) async fn frozen(
    bench: &Bench,
    n: u64,
    side: Side,
    has_key: bool,
    then: FollowUp,
    protocol: impl Fn(&Faults),
) -> Vec<Finding> {
    let mut trial = bench.trial("frozen", has_key);
    let proxy = Proxy::start(bench.app().database().endpoint()).await;
    protocol(proxy.faults());
    let process = bench.app().spawn(BINARY, &proxy).await;
    let frozen = process.freeze_at(&proxy, n, side, &trial.event()).await;
    trial.look().await;
    match then {
        FollowUp::Retry => {
            trial.wait(LEASE);
            let answer = trial.apply().await;
            trial.expect(&answer, 201, "");
        }
        FollowUp::Sweep => trial.sweep_away().await,
    }
    frozen.land(&process).await;
    trial.look().await;
    let answer = frozen.wake(&process).await.answer().await;
    // What was not admitted yet cannot be swept away, and what was committed neither.
    let was_swept = then == FollowUp::Sweep && (n, side) != (1, Side::Before) && (n, side) != (WRITES, Side::After);
    match was_swept {
        false => trial.expect(&answer, 201, ""),
        true if has_key => trial.expect(&answer, 409, "apply_aborted"),
        true => trial.expect(&answer, 503, "unavailable"),
    }
    let findings = trial.end().await;
    bench.clear().await;
    findings
}
