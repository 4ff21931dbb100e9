//! A tenant, and what its automations may refer to.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{LeftOutTarget, ObjectId};

/// The most code points of an organization's name. A snapshot has a copy of it, and a longer one is another system's mistake.
pub const MAX_ORGANIZATION_NAME: usize = 200;

/// A tenant with everything that a reference can be mapped to.
#[derive(Debug, Clone, PartialEq)]
pub struct Organization {
    /// Its id.
    pub id: ObjectId,
    /// Its display name, at most [`MAX_ORGANIZATION_NAME`] code points.
    pub name: String,
    /// Its pipelines, by id.
    pub pipelines: Vec<Pipeline>,
    /// Its agents, by id.
    pub agents: Vec<Agent>,
    /// The destinations to which automations of others may send here, as plan lists them.
    pub trusted_destinations: Vec<String>,
    /// Its pipelines and agents that cannot be read.
    pub left_out: Vec<LeftOutTarget>,
}

/// An ordered list of stages that a contact or an application moves through.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: ObjectId,
    /// Its display name.
    pub name: String,
    /// `Contact` or `Application`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Its stages, in order.
    pub stages: Vec<Stage>,
    /// Whatever else the CRM keeps.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// One stage of a pipeline. Automations refer to it by name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stage {
    /// Its name.
    pub name: String,
    /// The colour it is shown in, where it has one.
    #[serde(default, deserialize_with = "text_or_none", skip_serializing_if = "Option::is_none")]
    pub color: Option<String>,
    /// Whatever else the CRM keeps.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A conversational agent. Automations refer to it by name or by id.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Agent {
    /// Its id.
    #[serde(rename = "_id")]
    pub id: ObjectId,
    /// Its name; two agents may share one.
    pub name: String,
    /// What it does, where somebody wrote that down.
    #[serde(default, deserialize_with = "text_or_none", skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Whatever else the CRM keeps.
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A text; none where another system stored something else. Nothing is decided by it.
fn text_or_none<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(deserializer)? {
        Value::String(text) => Some(text),
        _ => None,
    })
}

impl Organization {
    /// Whether one of its pipelines has a stage of exactly this name.
    pub fn has_stage(&self, name: &str) -> bool {
        self.stage_names().any(|stage| stage == name)
    }

    /// The names of all stages of all pipelines, in order; a name may come twice.
    pub fn stage_names(&self) -> impl Iterator<Item = &str> {
        self.pipelines.iter().flat_map(|pipeline| &pipeline.stages).map(|stage| stage.name.as_str())
    }

    /// The agent with this id.
    pub fn agent(&self, id: &ObjectId) -> Option<&Agent> {
        self.agents.iter().find(|agent| agent.id == *id)
    }

    /// The agent of exactly this name, if there is one and only one.
    pub fn only_agent_named(&self, name: &str) -> Option<&Agent> {
        let mut named = self.agents.iter().filter(|agent| agent.name == name);
        named.next().filter(|_| named.next().is_none())
    }
}
