//! How much work a long computation does, and whether it may go on.
//!
//! Whatever grows with a content or a body spends units of work while it runs: about one for a byte or a value that it looks at.
//! The count says in tests how work grows with its input. Now and then the meter asks whether the time is over; who makes the
//! meter knows the clock.

use std::cell::Cell;
use std::fmt;

/// How many units are spent between two looks at the clock: some milliseconds of the most expensive work, the search for secrets.
const LOOK_EVERY: u64 = 32 * 1024;

/// The computation has to stop: its time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the work took longer than the time that it had")]
pub struct OverBudget;

/// A meter of work. It belongs to one computation and can be sent to another thread with it.
pub struct Work {
    done: Cell<u64>,
    next_look: Cell<u64>,
    is_over: Option<Box<dyn Fn() -> bool + Send>>,
}

impl Work {
    /// A meter without a limit, for what is small and for tests.
    pub fn unlimited() -> Self {
        Self { done: Cell::new(0), next_look: Cell::new(u64::MAX), is_over: None }
    }

    /// A meter that stops the computation once `is_over` says so.
    pub fn until(is_over: impl Fn() -> bool + Send + 'static) -> Self {
        Self { done: Cell::new(0), next_look: Cell::new(0), is_over: Some(Box::new(is_over)) }
    }

    /// Counts `units` of work. Fails if the time is over; from then on every call fails.
    pub fn spend(&self, units: usize) -> Result<(), OverBudget> {
        let done = self.done.get().saturating_add(u64::try_from(units).unwrap_or(u64::MAX));
        self.done.set(done);
        if done < self.next_look.get() {
            return Ok(());
        }
        if self.is_over.as_ref().is_some_and(|is_over| is_over()) {
            self.next_look.set(0);
            return Err(OverBudget);
        }
        self.next_look.set(done.saturating_add(LOOK_EVERY));
        Ok(())
    }

    /// The units of work that were spent so far.
    pub fn done(&self) -> u64 {
        self.done.get()
    }
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Work").field("done", &self.done()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    #[test]
    fn work_is_counted_exactly() {
        let work = Work::unlimited();
        for units in [3, 0, 39] {
            assert_eq!(work.spend(units), Ok(()));
        }
        assert_eq!(work.done(), 42);
    }

    #[test]
    fn the_clock_is_looked_at_now_and_then_and_time_that_is_over_stays_over() {
        let looks = Arc::new(AtomicU64::new(0));
        let seen = Arc::clone(&looks);
        let work = Work::until(move || seen.fetch_add(1, Ordering::Relaxed) == 3);
        let steps = (0..).take_while(|_| work.spend(1_024).is_ok()).count();
        assert_eq!(steps, 3 * 32, "the first step looks, and every 32 after it");
        assert_eq!(looks.load(Ordering::Relaxed), 4);
        let over = Work::until(|| true);
        assert_eq!([over.spend(0), over.spend(1)], [Err(OverBudget); 2]);
    }

    #[test]
    fn a_meter_goes_to_another_thread_with_its_computation() {
        let work = Work::until(|| false);
        let work = std::thread::spawn(move || work.spend(7).map(|()| work)).join().unwrap().unwrap();
        assert_eq!(work.done(), 7);
    }
}
