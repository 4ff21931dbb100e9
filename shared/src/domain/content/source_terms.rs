//! The names and ids of the source organization that a setup uses.

use serde::{Deserialize, Serialize};

use crate::domain::ObjectId;

/// Agents and pipelines of the source organization, as far as a setup uses them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceTerms {
    /// Agents that are used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<NamedAgent>,
    /// Pipelines that are used, or of which a stage is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pipelines: Vec<KnownPipeline>,
}

/// An agent of the source organization, by its name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NamedAgent {
    /// Its id; `None` where it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ObjectId>,
    /// Its name.
    pub name: String,
}

/// A pipeline of the source organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownPipeline {
    /// Its id; `None` where it, or the name or the type, cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ObjectId>,
    /// Its name; empty where it cannot be read.
    pub name: String,
    /// Its stages, as far as they are used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<KnownStage>,
    /// Its type; empty where it cannot be read.
    #[serde(rename = "type")]
    pub kind: String,
}

/// A stage of a pipeline of the source organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownStage {
    /// The ids that the CRM keeps on it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<String>,
    /// Its name.
    pub name: String,
}

impl SourceTerms {
    /// Whether nothing is used.
    pub fn is_empty(&self) -> bool {
        self.agents.is_empty() && self.pipelines.is_empty()
    }
}
