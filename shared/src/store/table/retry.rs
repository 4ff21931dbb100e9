//! Repeats calls to DynamoDB. The SDK tries each call once; this module knows how much time the request has left.

use std::future::Future;
use std::time::Duration;

use aws_sdk_dynamodb::error::SdkError;
use tokio::time::Instant;

use super::outcome::{CallError, CallFailure, classify};
use crate::ids::{Randomness, SystemRandomness};

/// The most tries of one call. If three calls in ten fail, one in 15,000 fails eight times in a row.
const MAX_ATTEMPTS: u32 = 8;
/// The longest pause after the first failure, in milliseconds; it doubles from then on.
const FIRST_PAUSE_MILLIS: u64 = 25;
/// No pause is longer, in milliseconds.
const LONGEST_PAUSE_MILLIS: u64 = 1_000;

/// The deadline for the calls of one request.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Budget {
    ends: Option<Instant>,
}

impl Budget {
    /// No deadline. Each call still has a limited number of tries.
    pub(in crate::store) const UNLIMITED: Self = Self { ends: None };

    /// Returns a deadline `time_left` from now. It is real time even under a test's clock, because the calls take real
    /// time.
    #[expect(clippy::disallowed_methods, reason = "measures how long a call waits, and decides nothing that is stored")]
    pub(in crate::store) fn of(time_left: Duration) -> Self {
        Self { ends: Instant::now().checked_add(time_left) }
    }

    /// Makes a call and repeats it after a temporary failure, until it is answered, refused, or out of tries or time.
    /// `send` must be safe to repeat: a read, or a write with a condition or token that recognizes the repetition.
    pub(in crate::store) async fn attempt<T, E, F>(self, send: impl Fn() -> F) -> Result<T, CallFailure>
    where
        E: CallError,
        F: Future<Output = Result<T, SdkError<E>>>,
    {
        let mut pauses = Pauses::default();
        loop {
            // Boxed: the SDK's futures take tens of kilobytes each, and every caller's future would contain them.
            let failure = match self.within(Box::pin(send())).await {
                Some(Ok(answer)) => return Ok(answer),
                Some(Err(error)) => classify(error),
                None => return Err(CallFailure::Unavailable("the request ran out of time".into())),
            };
            if !failure.may_pass() || !self.pause(&mut pauses).await {
                return Err(failure);
            }
        }
    }

    /// Waits before the next try. Returns `false` if no try is left.
    pub(in crate::store) async fn pause(self, pauses: &mut Pauses) -> bool {
        match pauses.next() {
            Some(pause) => self.within(tokio::time::sleep(pause)).await.is_some(),
            None => false,
        }
    }

    async fn within<T>(self, work: impl Future<Output = T>) -> Option<T> {
        match self.ends {
            Some(ends) => tokio::time::timeout_at(ends, work).await.ok(),
            None => Some(work.await),
        }
    }
}

/// The pauses between the tries of one call. They double, and each is shortened by up to a half at random, so that
/// colliding calls spread out.
#[derive(Debug, Default)]
pub(in crate::store) struct Pauses {
    failed: u32,
}

impl Iterator for Pauses {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.failed += 1;
        if self.failed >= MAX_ATTEMPTS {
            return None;
        }
        let longest = (FIRST_PAUSE_MILLIS << (self.failed - 1)).min(LONGEST_PAUSE_MILLIS);
        let mut random = [0];
        SystemRandomness.fill(&mut random);
        Some(Duration::from_millis(longest - longest * u64::from(random[0]) / 512))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use aws_sdk_dynamodb::operation::get_item::GetItemError;
    use aws_sdk_dynamodb::types::error::ResourceNotFoundException;

    use super::*;

    fn lost() -> SdkError<GetItemError> {
        SdkError::timeout_error("lost")
    }

    #[test]
    fn the_pauses_double_up_to_a_second_and_are_cut_by_up_to_a_half() {
        let pauses: Vec<u64> = Pauses::default().map(|pause| pause.as_millis().try_into().unwrap()).collect();
        let longest = [25, 50, 100, 200, 400, 800, 1_000];
        assert_eq!(pauses.len(), longest.len());
        for (pause, longest) in pauses.iter().zip(longest) {
            assert!((longest / 2..=longest).contains(pause), "{pause} of {longest}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_fails_for_a_moment_is_made_again_until_it_is_answered() {
        let calls = AtomicU32::new(0);
        let answer = Budget::UNLIMITED
            .attempt(|| async { if calls.fetch_add(1, Ordering::Relaxed) < 7 { Err(lost()) } else { Ok("answer") } });
        assert_eq!(answer.await.unwrap(), "answer");
        assert_eq!(calls.into_inner(), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_made_at_most_eight_times() {
        let calls = AtomicU32::new(0);
        let outcome = Budget::UNLIMITED.attempt(|| async {
            calls.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(lost())
        });
        assert!(matches!(outcome.await, Err(CallFailure::Unavailable(_))));
        assert_eq!(calls.into_inner(), 8);
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_that_is_wrong_is_made_once() {
        let calls = AtomicU32::new(0);
        let outcome = Budget::UNLIMITED.attempt(|| async {
            calls.fetch_add(1, Ordering::Relaxed);
            let missing = GetItemError::ResourceNotFoundException(ResourceNotFoundException::builder().build());
            let raw = http::Response::builder().status(400).body("".into()).unwrap().try_into().unwrap();
            Err::<(), _>(SdkError::service_error(missing, raw))
        });
        assert!(matches!(outcome.await, Err(CallFailure::Invalid(_))));
        assert_eq!(calls.into_inner(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_waited_for_beyond_the_budget() {
        let calls = AtomicU32::new(0);
        let budget = Budget::of(Duration::from_millis(60));
        let outcome = budget.attempt(|| async {
            calls.fetch_add(1, Ordering::Relaxed);
            Err::<(), _>(lost())
        });
        assert!(matches!(outcome.await, Err(CallFailure::Unavailable(_))));
        assert!((2..=4).contains(&calls.into_inner()), "three tries take 37 to 75 ms");

        let never = Budget::of(Duration::from_millis(60)).attempt(|| async {
            std::future::pending::<()>().await;
            Ok::<(), SdkError<GetItemError>>(())
        });
        assert!(matches!(never.await, Err(CallFailure::Unavailable(_))), "a call that hangs is cut off");
    }
}
