//! Why a setup was not captured.

use crate::domain::OverBudget;
use crate::domain::identity;
use crate::domain::redaction::LimitError;

/// Why a setup was not captured.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CaptureFailure {
    /// It is larger than a snapshot can be; says by what.
    #[error("{0}")]
    TooLarge(String),
    /// The time is over.
    #[error(transparent)]
    OverBudget(#[from] OverBudget),
}

impl CaptureFailure {
    /// The failure of looking for places of identity.
    pub(crate) fn too_many_places(stopped: LimitError) -> Self {
        identity::excess(stopped).map_or_else(Self::from, Self::TooLarge)
    }
}
