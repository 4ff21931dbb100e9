//! What is wrong with a value that came from outside.

/// Which class of refusal a value earned. The HTTP edge turns it into a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViolationKind {
    /// The value does not have the right form at all (an id that is not 24 hex digits, an unknown role).
    Malformed,
    /// The form is right, but a limit or a rule refuses it.
    Refused,
}

/// One reason for which a value was not taken, in words that tell the caller what to change.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Violation {
    /// The class.
    pub kind: ViolationKind,
    /// What was there and what is allowed. Never carries a secret.
    pub detail: String,
}

impl Violation {
    /// A value of the wrong form.
    pub fn malformed(detail: impl Into<String>) -> Self {
        Self { kind: ViolationKind::Malformed, detail: detail.into() }
    }

    /// A value over a limit, or refused by a rule.
    pub fn refused(detail: impl Into<String>) -> Self {
        Self { kind: ViolationKind::Refused, detail: detail.into() }
    }
}
