//! Runs computations on their own thread within the time of a request or a message, so that the runtime continues and
//! the core is free again at the deadline.
//!
//! Work in pieces ([`Work::spend`]) stops at the next piece once the time is over, or once the caller has dropped the
//! future.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clock::Clock;
use crate::domain::{Timestamp, Work};

/// A computation that had this much time and did not finish is too large: a retry would not help. It is half of a
/// request's time.
const AMPLE_TIME: Duration = Duration::from_millis(12_500);

/// The part of the time that is reserved for writing the result.
const WRITE_RESERVE: Duration = Duration::from_secs(2);

/// The time at which the computations of a request or message must end.
#[derive(Clone)]
pub struct Deadline {
    clock: Arc<dyn Clock>,
    at: Timestamp,
}

/// Why a computation has no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ComputeError {
    /// There was ample time: the content is too large, or takes too long for its shape.
    #[error("the content takes longer to process than there is time")]
    TooMuch,
    /// Earlier steps left too little time. A retry may succeed.
    #[error("too little time was left to process the content")]
    TooLate,
    /// The machine has no free thread.
    #[error("nothing can be computed: {0}")]
    Impossible(String),
}

impl Deadline {
    /// Returns a deadline two seconds before `end` of this clock.
    pub fn new(clock: Arc<dyn Clock>, end: Timestamp) -> Self {
        Self { clock, at: end.minus(WRITE_RESERVE) }
    }

    /// Returns the time left.
    pub fn time_left(&self) -> Duration {
        self.at.since(self.clock.now())
    }

    /// Runs `work` on its own thread and returns its result. `work` must end at the first [`Work::spend`] that fails,
    /// which happens after the deadline or after this future was dropped. Its result is discarded then.
    pub async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Work) -> T + Send + 'static,
    ) -> Result<T, ComputeError> {
        let had = self.time_left();
        if had.is_zero() {
            return Err(ComputeError::TooLate);
        }
        let (abandoned, stopped) = (CancelOnDrop::default(), Arc::new(AtomicBool::default()));
        let (is_abandoned, stops, deadline) = (Arc::clone(&abandoned.0), Arc::clone(&stopped), self.clone());
        let meter = Work::until(move || {
            let is_over = is_abandoned.load(Ordering::Relaxed) || deadline.time_left().is_zero();
            stops.fetch_or(is_over, Ordering::Relaxed);
            is_over
        });
        let outcome = match tokio::task::spawn_blocking(move || work(&meter)).await {
            Ok(outcome) => outcome,
            // Panics here as well: the handler answers it, and the log has its place.
            Err(failed) if failed.is_panic() => resume_unwind(failed.into_panic()),
            Err(failed) => return Err(ComputeError::Impossible(failed.to_string())),
        };
        match stopped.load(Ordering::Relaxed) {
            false => Ok(outcome),
            true if had >= AMPLE_TIME => Err(ComputeError::TooMuch),
            true => Err(ComputeError::TooLate),
        }
    }
}

/// Stops a computation when its future is dropped.
#[derive(Default)]
struct CancelOnDrop(Arc<AtomicBool>);

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicI64;
    use std::sync::mpsc;

    use super::*;

    const END: Timestamp = Timestamp::from_millis(25_000);

    /// A clock that advances by a millisecond at each reading.
    #[derive(Default)]
    struct TickingClock(AtomicI64);

    impl Clock for TickingClock {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.fetch_add(1, Ordering::SeqCst))
        }
    }

    fn deadline_after(left: i64) -> Deadline {
        Deadline::new(Arc::new(TickingClock(AtomicI64::new(23_000 - left))), END)
    }

    /// Sends a message when the thread ends, however it ends.
    struct EndSignal(mpsc::Sender<()>);

    impl Drop for EndSignal {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }

    fn endless(ended: EndSignal) -> impl FnOnce(&Work) + Send + 'static {
        move |work| {
            let _ended = ended;
            while work.spend(1_000).is_ok() {}
        }
    }

    #[tokio::test]
    async fn what_is_done_in_time_gives_its_result() {
        let sum = |work: &Work| (0..100_usize).try_fold(0, |sum, number| work.spend(1_000).map(|()| sum + number));
        assert_eq!(deadline_after(1_000).compute(sum).await, Ok(Ok(4_950)));
        assert_eq!(deadline_after(20_000).compute(|_| Err::<(), _>("its own error")).await, Ok(Err("its own error")));
    }

    #[tokio::test]
    async fn what_never_ends_stops_when_its_time_is_over_and_its_thread_with_it() {
        for (left, expected) in [
            (1, ComputeError::TooLate),
            (12_499, ComputeError::TooLate),
            (12_500, ComputeError::TooMuch),
            (12_501, ComputeError::TooMuch),
        ] {
            let (sender, ended) = mpsc::channel();
            assert_eq!(deadline_after(left).compute(endless(EndSignal(sender))).await, Err(expected), "{left}");
            ended.recv_timeout(Duration::from_secs(20)).unwrap();
        }
    }

    #[tokio::test]
    async fn where_no_time_is_left_nothing_begins() {
        for left in [0, -1] {
            let outcome = deadline_after(left).compute(|_| panic!("it began")).await;
            assert_eq!(outcome, Err::<(), _>(ComputeError::TooLate), "{left}");
        }
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_stops() {
        struct FrozenClock;
        impl Clock for FrozenClock {
            fn now(&self) -> Timestamp {
                Timestamp::from_millis(0)
            }
        }
        let deadline = Deadline::new(Arc::new(FrozenClock), END);
        let (sender, ended) = mpsc::channel();
        let computing = deadline.compute(endless(EndSignal(sender)));
        assert!(tokio::time::timeout(Duration::from_millis(5), computing).await.is_err());
        ended.recv_timeout(Duration::from_secs(20)).unwrap();
    }

    #[tokio::test]
    async fn the_runtime_goes_on_while_something_computes() {
        let (sender, receiver) = mpsc::channel();
        let deadline = deadline_after(20_000);
        // On the one thread of this runtime the second would wait for the first for ever.
        let waiting = deadline.compute(move |_| receiver.recv());
        let (waited, ()) = tokio::join!(waiting, async move { sender.send(7).unwrap() });
        assert_eq!(waited, Ok(Ok(7)));
    }

    #[tokio::test]
    #[should_panic(expected = "as a test")]
    async fn a_panic_is_one_of_the_caller() {
        let _: Result<(), _> = deadline_after(1_000).compute(|_| panic!("as a test")).await;
    }
}
