//! Computing within the time of a request or a message: on a thread of its own, so that the runtime goes on, and no longer than
//! the time lasts, so that the core is free again.
//!
//! What is cut into pieces ([`Work::spend`]) stops at the next piece once the time is over, or once nobody waits for it any more.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::clock::Clock;
use crate::domain::{Timestamp, Work};

/// A computation that had this much time and is not done has too much to do: another try would come to the same. It is half of what
/// a request plans with.
const AMPLE: Duration = Duration::from_millis(12_500);

/// How much of the time is kept for writing down what came of it.
const WRITING: Duration = Duration::from_secs(2);

/// When a request or a message has to be done with computing.
#[derive(Clone)]
pub struct Deadline {
    clock: Arc<dyn Clock>,
    at: Timestamp,
}

/// Why there is no result.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfinished {
    /// It had ample time: the content is too large, or of a shape that takes too long.
    #[error("the content takes longer to process than there is time")]
    TooMuch,
    /// What came before left too little time: another try may do.
    #[error("too little time was left to process the content")]
    TooLate,
    /// The machine has no thread for it.
    #[error("nothing can be computed: {0}")]
    Impossible(String),
}

impl Deadline {
    /// Computing ends two seconds before all of it has to be done, at `end` of this clock.
    pub fn new(clock: Arc<dyn Clock>, end: Timestamp) -> Self {
        Self { clock, at: end.minus(WRITING) }
    }

    /// How much time is left.
    pub fn time_left(&self) -> Duration {
        self.at.since(self.clock.now())
    }

    /// Runs `work` on a thread of its own and gives its result. It has to end with the first [`Work::spend`] that fails, which is the
    /// first after the deadline or after the returned future was dropped; what it gives then is not used.
    pub async fn compute<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Work) -> T + Send + 'static,
    ) -> Result<T, Unfinished> {
        let had = self.time_left();
        if had.is_zero() {
            return Err(Unfinished::TooLate);
        }
        let (abandoned, stopped) = (Abandoned::default(), Arc::new(AtomicBool::default()));
        let (is_abandoned, stops, deadline) = (Arc::clone(&abandoned.0), Arc::clone(&stopped), self.clone());
        let meter = Work::until(move || {
            let is_over = is_abandoned.load(Ordering::Relaxed) || deadline.time_left().is_zero();
            stops.fetch_or(is_over, Ordering::Relaxed);
            is_over
        });
        let outcome = match tokio::task::spawn_blocking(move || work(&meter)).await {
            Ok(outcome) => outcome,
            // As if it had panicked here: whoever catches that answers it, and the log has where it was.
            Err(failed) if failed.is_panic() => resume_unwind(failed.into_panic()),
            Err(failed) => return Err(Unfinished::Impossible(failed.to_string())),
        };
        match stopped.load(Ordering::Relaxed) {
            false => Ok(outcome),
            true if had >= AMPLE => Err(Unfinished::TooMuch),
            true => Err(Unfinished::TooLate),
        }
    }
}

/// Tells a computation, when it is dropped, that nobody waits for it.
#[derive(Default)]
struct Abandoned(Arc<AtomicBool>);

impl Drop for Abandoned {
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

    /// A clock that goes on by a millisecond whenever somebody looks.
    #[derive(Default)]
    struct Ticking(AtomicI64);

    impl Clock for Ticking {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.fetch_add(1, Ordering::SeqCst))
        }
    }

    fn deadline_after(left: i64) -> Deadline {
        Deadline::new(Arc::new(Ticking(AtomicI64::new(23_000 - left))), END)
    }

    /// Tells through the channel that the thread has ended it, however it ended.
    struct Ended(mpsc::Sender<()>);

    impl Drop for Ended {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }

    fn endless(ended: Ended) -> impl FnOnce(&Work) + Send + 'static {
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
            (1, Unfinished::TooLate),
            (12_499, Unfinished::TooLate),
            (12_500, Unfinished::TooMuch),
            (12_501, Unfinished::TooMuch),
        ] {
            let (sender, ended) = mpsc::channel();
            assert_eq!(deadline_after(left).compute(endless(Ended(sender))).await, Err(expected), "{left}");
            ended.recv_timeout(Duration::from_secs(20)).unwrap();
        }
    }

    #[tokio::test]
    async fn where_no_time_is_left_nothing_begins() {
        for left in [0, -1] {
            let outcome = deadline_after(left).compute(|_| panic!("it began")).await;
            assert_eq!(outcome, Err::<(), _>(Unfinished::TooLate), "{left}");
        }
    }

    #[tokio::test]
    async fn what_nobody_waits_for_any_more_stops() {
        struct Standing;
        impl Clock for Standing {
            fn now(&self) -> Timestamp {
                Timestamp::from_millis(0)
            }
        }
        let deadline = Deadline::new(Arc::new(Standing), END);
        let (sender, ended) = mpsc::channel();
        let computing = deadline.compute(endless(Ended(sender)));
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
