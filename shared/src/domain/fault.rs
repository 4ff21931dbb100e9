//! What can go wrong behind a port, in the domain's words. The store makes these, the HTTP edge answers them.

use super::OverBudget;

/// A failure that is nobody's mistake in the request. What it says is for the log, never for the caller.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// The store did not answer in time, throttled, kept reporting conflicts, or denied this service the right to ask. Trying again is
    /// sensible, in the last case once an operator mended it.
    #[error("the store is unavailable: {0}")]
    Unavailable(String),
    /// The store answered with something that this program cannot have written, or refused a call as invalid.
    #[error("the store and this program disagree: {0}")]
    Corrupt(String),
}

impl From<OverBudget> for Fault {
    fn from(over: OverBudget) -> Self {
        Self::Unavailable(over.to_string())
    }
}
