//! Time that stands still and randomness that repeats.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::{self, ThreadId};
use std::time::Duration;

use shared::clock::Clock;
use shared::domain::Timestamp;
use shared::ids::Randomness;

/// A clock that a test sets.
#[derive(Debug)]
pub struct SettableClock {
    now: AtomicI64,
    /// The thread of the test, on which its service runs.
    home: ThreadId,
    /// How often other threads looked: those that compute.
    looks_elsewhere: AtomicU64,
    jump: Mutex<Option<Jump>>,
}

/// A future jump.
#[derive(Debug)]
struct Jump {
    /// After how many more looks.
    looks: u64,
    by: Duration,
    /// The signal that the look waits for.
    gate: Option<mpsc::Receiver<()>>,
}

impl SettableClock {
    /// Creates a clock that shows `now`.
    pub fn at(now: Timestamp) -> Self {
        Self {
            now: AtomicI64::new(now.as_millis()),
            home: thread::current().id(),
            looks_elsewhere: AtomicU64::new(0),
            jump: Mutex::default(),
        }
    }

    /// Sets the time to `now`.
    pub fn set(&self, now: Timestamp) {
        self.now.store(now.as_millis(), Ordering::SeqCst);
    }

    /// Moves the time forward by `duration` after so many more looks, as if the work between two looks had taken so long.
    pub fn jump_after(&self, looks: u64, duration: Duration) {
        self.set_jump(Some(Jump { looks, by: duration, gate: None }));
    }

    /// The same, and that look also blocks until the sender is used or dropped.
    pub fn hold_after(&self, looks: u64, duration: Duration) -> mpsc::Sender<()> {
        let (sender, gate) = mpsc::channel();
        self.set_jump(Some(Jump { looks, by: duration, gate: Some(gate) }));
        sender
    }

    /// Returns how often threads other than the test's own looked at the clock since the last call.
    pub fn take_looks_elsewhere(&self) -> u64 {
        self.looks_elsewhere.swap(0, Ordering::SeqCst)
    }

    /// Cancels the jump.
    pub fn jump_never(&self) {
        self.set_jump(None);
    }

    /// Returns whether a jump is still to come.
    pub fn is_to_jump(&self) -> bool {
        self.jump.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    fn set_jump(&self, jump: Option<Jump>) {
        *self.jump.lock().unwrap_or_else(PoisonError::into_inner) = jump;
    }

    /// Returns the jump, if this look triggers it.
    fn look(&self) -> Option<Jump> {
        let mut jump = self.jump.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *jump {
            Some(Jump { looks: 0, .. }) => jump.take(),
            Some(Jump { looks, .. }) => {
                *looks -= 1;
                None
            }
            None => None,
        }
    }

    /// Moves the time forward by `duration`.
    pub fn advance(&self, duration: Duration) {
        self.set(self.now().plus(duration));
    }
}

impl Clock for SettableClock {
    fn now(&self) -> Timestamp {
        if thread::current().id() != self.home {
            self.looks_elsewhere.fetch_add(1, Ordering::SeqCst);
        }
        if let Some(Jump { by, gate, .. }) = self.look() {
            // An error means that the sender was dropped.
            let _ = gate.map(|gate| gate.recv());
            self.now.fetch_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
        Timestamp::from_millis(self.now.load(Ordering::SeqCst))
    }
}

/// The same bytes for the same seed, in the order in which they are asked for. SplitMix64: every value comes once.
#[derive(Debug)]
pub struct SeededRandomness(Mutex<u64>);

impl SeededRandomness {
    /// Creates a generator that starts at `seed`.
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Randomness for SeededRandomness {
    fn fill(&self, bytes: &mut [u8]) {
        let mut state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(STEP);
            chunk.copy_from_slice(&mixed(*state).to_be_bytes()[..chunk.len()]);
        }
    }
}

/// How far apart the states of SplitMix64 are.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

fn mixed(state: u64) -> u64 {
    let state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// Returns the `n`-th number of a seed, at least 0 and below 1, independent of earlier calls.
pub(crate) fn unit_interval(seed: u64, n: u64) -> f64 {
    // The upper 53 bits, as many as an f64 keeps.
    let bits = mixed(mixed(seed).wrapping_add(n.wrapping_mul(STEP))) >> 11;
    bits as f64 / (1_u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_repeats_and_its_values_differ() {
        let ids = |seed| {
            let randomness = SeededRandomness::new(seed);
            [0, 1, 2].map(|_| randomness.object_id(Timestamp::from_millis(0)).to_string())
        };
        assert_eq!(ids(1), ids(1));
        assert_ne!(ids(1)[0], ids(1)[1]);
        assert_ne!(ids(1), ids(2));
    }

    #[test]
    fn the_clock_moves_only_when_a_test_moves_it() {
        let clock = SettableClock::at(Timestamp::from_millis(1000));
        clock.advance(Duration::from_millis(5));
        assert_eq!(clock.now().as_millis(), 1005);
        clock.set(Timestamp::from_millis(7));
        assert_eq!(clock.now().as_millis(), 7);
        clock.jump_after(2, Duration::from_millis(10));
        assert_eq!([0; 4].map(|_| clock.now().as_millis()), [7, 7, 17, 17]);
    }
}
