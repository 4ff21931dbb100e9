//! How many items an apply makes, uses and leaves out.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::domain::Counts;

/// The counts of an apply, as its answer shows them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// Items that are cloned.
    pub cloned: Counts,
    /// Items that exist already and are used as they are.
    pub mapped: MappedCounts,
    /// Items that are left out.
    pub skipped: SkippedCounts,
}

/// Items that exist already and are used as they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MappedCounts {
    /// Prompts.
    pub prompts: usize,
}

/// Items that are left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SkippedCounts {
    /// Automations.
    pub automations: usize,
    /// Templates.
    pub templates: usize,
}

impl From<Counts> for SkippedCounts {
    /// Prompts that are left out are not counted.
    fn from(Counts { automations, prompts: _, templates }: Counts) -> Self {
        Self { automations, templates }
    }
}
