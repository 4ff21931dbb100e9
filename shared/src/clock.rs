//! The clock.

use std::time::Duration;

use crate::domain::Timestamp;

/// The time, as an argument: a test passes a clock that it sets.
pub trait Clock: Send + Sync {
    /// Returns the current time, to the millisecond.
    fn now(&self) -> Timestamp;
}

/// Returns the time at which work that started at `started` must start nothing new: `reserve` before Lambda ends the
/// function (`lambda_deadline`, in milliseconds since 1970), or `budget` after the start without Lambda.
pub fn end_of_work(lambda_deadline: u64, started: Timestamp, reserve: Duration, budget: Duration) -> Timestamp {
    match i64::try_from(lambda_deadline) {
        Ok(millis @ 1..) => Timestamp::from_millis(millis).minus(reserve),
        _ => started.plus(budget),
    }
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> Timestamp {
        let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}
