//! Two processes, requests in this one and sweeps, one after the other in an order that a seed draws, with pauses, freezes
//! and deaths in between.
//!
//! `PROCESS_TRIALS=500 cargo test --workspace --test processes -- --nocapture` makes so many trials instead of a few.

use std::ops::Range;
use std::time::Duration;

use shared::clock::{Clock, SystemClock};
use shared::ids::Randomness;
use tests::{
    Answer, Bench, Faults, Finding, FrozenProcess, GRACE, LEASE, Process, Proxy, SETTLING, SeededRandomness, Side,
    Tally, Trial, rounds,
};

use crate::BINARY;
use crate::staged::as_it_is;

/// So many items, and the writes that an apply of them makes: to admit, one to three stages, to commit.
const SIZES: [(usize, u64); 3] = [(97, 3), (99, 4), (250, 5)];
/// What happens in one trial before everything is left to end.
const LENGTH: usize = 10;
/// Trials where the environment names no number.
const TRIALS: u64 = 9;

/// Numbers that a seed draws.
struct Draw(SeededRandomness);

impl Draw {
    /// At least 0 and below `end`.
    fn below(&self, end: u64) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_be_bytes(bytes) % end
    }

    fn of<T: Copy>(&self, choices: &[T]) -> T {
        choices[usize::try_from(self.below(choices.len() as u64)).unwrap()]
    }
}

/// A process of the function, which works on nothing or stands still.
struct Actor {
    proxy: Proxy,
    process: Process,
    frozen: Option<FrozenProcess>,
}

#[derive(Debug, Clone, Copy)]
enum Step {
    /// A process begins, and comes to its end or stands still somewhere.
    Begin,
    /// A process that stands still goes on to its end.
    Wake,
    /// The write at which a process stands still lands.
    Land,
    /// A process that stands still dies, and another one comes in its place.
    Die,
    /// Some time later, a request comes to another process, which comes to its end or breaks off.
    Retry,
    /// Some time later, a sweep comes.
    Sweep,
}

const STEPS: [Step; 11] = [
    Step::Begin,
    Step::Begin,
    Step::Begin,
    Step::Wake,
    Step::Land,
    Step::Die,
    Step::Retry,
    Step::Sweep,
    Step::Sweep,
    Step::Sweep,
    Step::Sweep,
];

#[tokio::test]
async fn in_whatever_order_they_work_stand_still_and_die_the_user_is_whole_or_nothing_is_left() {
    let trials = rounds(TRIALS, 20 * TRIALS);
    drawn(0..trials, as_it_is).await.expect_nothing("Two processes, retries and sweeps in a drawn order");
}

/// One trial for each seed. `protocol` changes what comes to the table.
pub(crate) async fn drawn(seeds: Range<u64>, protocol: impl Fn(&Faults)) -> Tally {
    let mut tally = Tally::default();
    for (place, (items, writes)) in (0..).zip(SIZES) {
        let mut seeds = seeds.clone().filter(|seed| seed % SIZES.len() as u64 == place).peekable();
        if seeds.peek().is_none() {
            continue;
        }
        let bench = Bench::start(items).await;
        for seed in seeds {
            let (is_made, findings) = trial(&bench, writes, seed, &protocol).await;
            if !findings.is_empty() {
                println!("seed {seed}: {findings:?}");
            }
            tally
                .note(format!("{items} items, in the end {}", if is_made { "made" } else { "cleared away" }), findings);
        }
    }
    tally
}

async fn trial(bench: &Bench, writes: u64, seed: u64, protocol: impl Fn(&Faults)) -> (bool, Vec<Finding>) {
    let draw = Draw(SeededRandomness::new(seed));
    let mut trial = bench.trial("drawn", draw.below(4) > 0);
    let event = trial.event();
    let mut actors = [actor(bench).await, actor(bench).await];
    if draw.below(2) == 0 {
        // Then both processes may carry it on.
        bench.app().clock().set(SystemClock.now().minus(2 * LEASE));
        let broken = trial.break_off(1 + draw.below(writes - 2)).await;
        judge(&mut trial, &broken).await;
    }
    for _ in 0..LENGTH {
        let step = draw.of(&STEPS);
        let actor = &mut actors[usize::try_from(draw.below(2)).unwrap()];
        match (step, actor.frozen.take()) {
            (Step::Begin, None) => {
                actor.proxy.faults().clear();
                protocol(actor.proxy.faults());
                let (n, side) = (1 + draw.below(writes), draw.of(&Side::ALL));
                match actor.process.freeze_or_end(&actor.proxy, n, side, &event).await {
                    Ok(frozen) => actor.frozen = Some(frozen),
                    Err(result) => judge(&mut trial, &Answer::read(&result)).await,
                }
            }
            (Step::Wake, Some(frozen)) => wake(actor, frozen, &mut trial).await,
            (Step::Die, Some(frozen)) => {
                frozen.kill(&mut actor.process).await;
                actor.process = bench.app().spawn(BINARY, &actor.proxy).await;
            }
            (step, frozen) => {
                actor.frozen = frozen;
                match step {
                    Step::Land => {
                        if let Some(frozen) = &actor.frozen {
                            frozen.land(&actor.process).await;
                        }
                    }
                    Step::Retry => {
                        trial.wait(draw.of(&[Duration::ZERO, LEASE]));
                        let answer = match draw.below(2) {
                            0 => trial.apply().await,
                            _ => trial.break_off(1 + draw.below(writes - 2)).await,
                        };
                        judge(&mut trial, &answer).await;
                    }
                    Step::Sweep => {
                        trial.wait(draw.of(&[LEASE + GRACE, SETTLING]));
                        trial.sweep().await;
                    }
                    _ => {}
                }
            }
        }
        if trial.look().await && actors.iter().all(|actor| actor.frozen.is_none()) {
            break;
        }
    }
    for actor in &mut actors {
        if let Some(frozen) = actor.frozen.take() {
            wake(actor, frozen, &mut trial).await;
        }
    }
    let is_made = trial.look().await;
    let findings = trial.end().await;
    bench.clear().await;
    (is_made, findings)
}

async fn actor(bench: &Bench) -> Actor {
    let proxy = Proxy::start(bench.app().database().endpoint()).await;
    let process = bench.app().spawn(BINARY, &proxy).await;
    Actor { proxy, process, frozen: None }
}

async fn wake(actor: &Actor, frozen: FrozenProcess, trial: &mut Trial<'_>) {
    frozen.land(&actor.process).await;
    let answer = frozen.wake(&actor.process).await.answer().await;
    judge(trial, &answer).await;
}

/// Checks the answer: success means that the user is visible, and any other answer fits the state of the table.
async fn judge(trial: &mut Trial<'_>, answer: &Answer) {
    let is_there = trial.look().await;
    let code = answer.body["code"].as_str().unwrap_or_default();
    let is_right = match answer.status {
        201 => is_there,
        409 => ["in_progress", "apply_aborted", "email_taken"].contains(&code),
        // Without a key the user may be another request's.
        500 | 503 => !is_there || !trial.has_key(),
        _ => false,
    };
    if !is_right {
        trial.note(Finding::WrongAnswer(format!("the user is there: {is_there}: {}", answer.text)));
    }
}
