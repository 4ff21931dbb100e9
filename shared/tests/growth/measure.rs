//! What a row of the table of growth measures, and when it fails.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use allocation_counter::{AllocationInfo, measure};
use shared::domain::Work;

/// What a row measures: how many bytes come in, and what is done with them.
pub(crate) struct Run {
    input: usize,
    run: Box<dyn FnOnce(&Work)>,
}

pub(crate) fn run(input: usize, run: impl FnOnce(&Work) + 'static) -> Run {
    Run { input, run: Box::new(run) }
}

/// A row of the table.
pub(crate) struct Row {
    name: &'static str,
    /// The smallest size.
    size: usize,
    /// Makes the run for a size.
    at: fn(usize) -> Run,
    /// Whether the run reports its work to a meter. A run without a meter has a small limit of its own, or runs only on a developer's
    /// machine.
    is_metered: bool,
}

pub(crate) const fn row(name: &'static str, size: usize, at: fn(usize) -> Run) -> Row {
    Row { name, size, at, is_metered: true }
}

pub(crate) const fn unmetered(name: &'static str, size: usize, at: fn(usize) -> Run) -> Row {
    Row { name, size, at, is_metered: false }
}

/// What one run took.
#[derive(Debug)]
struct Measurement {
    input: u64,
    units: u64,
    bytes: u64,
    allocations: u64,
    time: Duration,
}

impl Row {
    #[expect(clippy::disallowed_methods, reason = "the time is printed, and no test depends on it")]
    fn take(&self, times: usize) -> Measurement {
        let Run { input, run } = (self.at)(self.size * times);
        let work = Work::unlimited();
        let begun = Instant::now();
        let AllocationInfo { bytes_total, count_total, .. } = measure(|| run(&work));
        let (time, input) = (begun.elapsed(), input as u64);
        Measurement { input, units: work.done(), bytes: bytes_total, allocations: count_total, time }
    }

    /// What is wrong with it.
    pub(crate) fn faults(&self) -> Vec<String> {
        // The first run makes regular expressions and the room that they work in.
        self.take(4);
        let taken = [1, 2, 4].map(|times| self.take(times));
        let [once, _, four] = &taken;
        let slower = four.time.as_secs_f64() / once.time.as_secs_f64().max(1e-6);
        println!("{}: time x {slower:.1}, {taken:?}", self.name);
        let mut faults = Vec::new();
        for (small, large) in [(0, 1), (0, 2), (1, 2)].map(|(small, large)| (&taken[small], &taken[large])) {
            for (what, of) in MEASURES {
                if !grows_with_the_input((small.input, of(small)), (large.input, of(large))) {
                    faults.push(format!("{}: {what} of {small:?} become {large:?}", self.name));
                }
            }
        }
        if self.is_metered && once.units * 8 < once.input {
            faults.push(format!("{}: it spends too little: {once:?}", self.name));
        }
        faults
    }
}

type Measure = (&'static str, fn(&Measurement) -> u64);

const MEASURES: [Measure; 3] = [
    ("units", |taken| taken.units),
    ("bytes", |taken| taken.bytes),
    // A hundred of them are noise.
    ("allocations", |taken| taken.allocations.max(100) * 10),
];

/// Whether `large` is at most 1.2 times as much more than `small` as the input is. A thousand bytes are noise.
fn grows_with_the_input(small: (u64, u64), large: (u64, u64)) -> bool {
    let ((small_input, small), (large_input, large)) = (small, large);
    u128::from(large) * 10 * u128::from(small_input) <= u128::from(small.max(1_000)) * 12 * u128::from(large_input)
}

/// Tables are measured one after the other. Two threads that run one regular expression at once each get room of their own to work in,
/// and a run that had to make it would count it.
static TURN: Mutex<()> = Mutex::new(());

pub(crate) fn hold(rows: &[Row]) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let faults: Vec<String> = rows.iter().flat_map(Row::faults).collect();
    assert!(faults.is_empty(), "{faults:#?}");
}
