//! The names and ids of an organization that a setup may refer to, as content keeps them.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::lookup::Positions;
use super::{Lookup, RefType, is_id};
use crate::domain::content::KnownAgent;
use crate::domain::{ObjectId, Organization, Stage};

/// Agents and pipelines of the source organization, as far as a setup uses them.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SourceTerms {
    /// Agents that are used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub agents: Vec<KnownAgent>,
    /// Pipelines that are used, or of which a stage is.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pipelines: Vec<KnownPipeline>,
}

/// A pipeline of the source organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownPipeline {
    /// Its id.
    pub id: ObjectId,
    /// Its name.
    pub name: String,
    /// Its stages, as far as they are used.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<KnownStage>,
    /// Its type.
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

impl Stage {
    /// The ids that the CRM keeps on it, where they have the shape of one: what is short may be anything.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let named = ["_id", "id"].into_iter().filter_map(|field| self.rest.get(field)?.as_str());
        named.filter(|id| is_id(id) || id.len() >= 8 && id.bytes().any(|byte| byte.is_ascii_digit()))
    }
}

impl From<&Organization> for SourceTerms {
    /// All that the organization has.
    fn from(organization: &Organization) -> Self {
        let stage = |stage: &Stage| {
            let mut ids: Vec<String> = stage.ids().map(str::to_owned).collect();
            ids.dedup();
            KnownStage { ids, name: stage.name.clone() }
        };
        Self {
            agents: organization
                .agents
                .iter()
                .map(|agent| KnownAgent { id: agent.id, name: agent.name.clone() })
                .collect(),
            pipelines: organization
                .pipelines
                .iter()
                .map(|pipeline| KnownPipeline {
                    id: pipeline.id,
                    name: pipeline.name.clone(),
                    stages: pipeline.stages.iter().map(stage).collect(),
                    kind: pipeline.kind.clone(),
                })
                .collect(),
        }
    }
}

impl SourceTerms {
    /// Whether nothing is used.
    pub fn is_empty(&self) -> bool {
        self.agents.is_empty() && self.pipelines.is_empty()
    }
}

/// Notes which terms a setup uses.
pub(in crate::domain) struct Usage {
    /// What was noted before: many terms may have one name.
    seen: HashSet<(RefType, String)>,
    agents: Vec<bool>,
    /// For each pipeline whether it is used itself, and which of its stages are.
    pipelines: Vec<(bool, Vec<bool>)>,
}

impl Usage {
    pub(in crate::domain) fn of(terms: &SourceTerms) -> Self {
        let pipelines = terms.pipelines.iter().map(|pipeline| (false, vec![false; pipeline.stages.len()]));
        Self { seen: HashSet::new(), agents: vec![false; terms.agents.len()], pipelines: pipelines.collect() }
    }

    /// Notes what a reference names.
    pub(in crate::domain) fn note(&mut self, lookup: &Lookup<'_>, ref_type: RefType, value: &str) {
        if !self.seen.insert((ref_type, value.to_owned())) {
            return;
        }
        let Positions { agents, pipelines, stages } = lookup.positions(ref_type, value);
        agents.into_iter().for_each(|at| self.agents[at] = true);
        pipelines.into_iter().for_each(|at| self.pipelines[at].0 = true);
        stages.into_iter().for_each(|(at, stage)| self.pipelines[at].1[stage] = true);
    }

    /// What was noted, without the agents for which `is_known` holds.
    pub(in crate::domain) fn used(self, terms: &SourceTerms, is_known: impl Fn(&KnownAgent) -> bool) -> SourceTerms {
        let agents = terms.agents.iter().zip(self.agents).filter(|(agent, used)| *used && !is_known(agent));
        let pipelines = terms.pipelines.iter().zip(self.pipelines).filter_map(|(pipeline, (used, stages))| {
            let stages: Vec<_> =
                pipeline.stages.iter().zip(stages).filter(|(_, used)| *used).map(|(stage, _)| stage.clone()).collect();
            (used || !stages.is_empty()).then(|| KnownPipeline { stages, ..pipeline.clone() })
        });
        SourceTerms { agents: agents.map(|(agent, _)| agent.clone()).collect(), pipelines: pipelines.collect() }
    }
}
