//! Which tokens still hold: a counter of the user's credentials ends the earlier ones.
//!
//! The counter is raised with the password, the role and the organization, and when the user is disabled. A token of this service
//! carries the counter and holds while the two are equal. Another issuer's token carries none, so the time of its issue is compared.

use std::time::Duration;

use super::Timestamp;

/// How far another issuer's clock may be ahead of ours.
const CLOCK_DIFFERENCE: Duration = Duration::from_secs(5);

/// What a token says of the credentials for which it was issued.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenCredentials {
    /// The counter, in a token of this service.
    Version(u64),
    /// The second of the issue, in a token of another issuer.
    IssuedAt(Timestamp),
}

impl TokenCredentials {
    /// Returns the moment before which the credentials changed last, for a token of another issuer that was issued in this second and
    /// holds.
    pub fn latest_change(second: Timestamp) -> Timestamp {
        second.minus(CLOCK_DIFFERENCE)
    }
}

impl Default for TokenCredentials {
    fn default() -> Self {
        Self::Version(0)
    }
}

/// The stored credentials of a user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct StoredCredentials {
    /// The counter.
    pub version: u64,
    /// When the counter was last raised.
    pub changed_at: Option<Timestamp>,
}

impl StoredCredentials {
    /// Returns whether a token holds. If the times do not tell, it does not: a second is as early as it can be, by a clock that is
    /// ahead.
    pub fn admit(self, token: TokenCredentials) -> bool {
        match (token, self.changed_at) {
            (TokenCredentials::Version(version), _) => version == self.version,
            (TokenCredentials::IssuedAt(second), Some(changed_at)) => {
                TokenCredentials::latest_change(second) > changed_at
            }
            (TokenCredentials::IssuedAt(_), None) => self.version == 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Timestamp = Timestamp::from_millis(1_778_835_600_000);

    #[test]
    fn a_token_of_this_service_holds_at_its_own_counter_alone() {
        for changed_at in [None, Some(AT)] {
            let stored = StoredCredentials { version: 7, changed_at };
            let held = [0, 6, 7, 8, u64::MAX].map(|version| stored.admit(TokenCredentials::Version(version)));
            assert_eq!(held, [false, false, true, false, false]);
        }
        assert!(StoredCredentials::default().admit(TokenCredentials::default()));
    }

    #[test]
    fn a_token_of_another_issuer_holds_if_it_was_certainly_issued_after_the_last_change() {
        let token = TokenCredentials::IssuedAt(AT);
        for (changed_at, holds) in [
            (AT.minus(Duration::from_millis(5_001)), true),
            (AT.minus(Duration::from_millis(5_000)), false),
            (AT.minus(Duration::from_millis(999)), false),
            (AT, false),
            (AT.plus(Duration::from_millis(1)), false),
        ] {
            let stored = StoredCredentials { version: 1, changed_at: Some(changed_at) };
            assert_eq!(stored.admit(token), holds, "{changed_at}");
        }
        assert!(StoredCredentials { version: 0, changed_at: None }.admit(token), "nothing was changed yet");
        assert!(!StoredCredentials { version: 1, changed_at: None }.admit(token), "nobody knows when");
    }
}
