//! The names and ids of an organization that a setup may refer to.

use crate::domain::content::{KnownPipeline, KnownStage, NamedAgent, SourceTerms};
use crate::domain::id_shape::is_id;
use crate::domain::{LeftOutKind, LeftOutTarget, Organization, Stage};

impl Stage {
    /// The ids that the CRM keeps on it, where they have the shape of one: what is short may be anything.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        let named = ["_id", "id"].into_iter().filter_map(|field| self.rest.get(field)?.as_str());
        named.filter(|id| is_id(id) || id.len() >= 8 && id.bytes().any(|byte| byte.is_ascii_digit()))
    }
}

impl From<&Organization> for SourceTerms {
    /// All that the organization has. What was left out of it counts by the names that can be read.
    fn from(organization: &Organization) -> Self {
        let stage = |stage: &Stage| {
            let mut ids: Vec<String> = stage.ids().map(str::to_owned).collect();
            ids.dedup();
            KnownStage { ids, name: stage.name.clone() }
        };
        let agents = organization.agents.iter();
        let agents = agents.map(|agent| NamedAgent { id: Some(agent.id), name: agent.name.clone() });
        let pipelines = organization.pipelines.iter().map(|pipeline| KnownPipeline {
            id: Some(pipeline.id),
            name: pipeline.name.clone(),
            stages: pipeline.stages.iter().map(stage).collect(),
            kind: pipeline.kind.clone(),
        });
        let left_out = || organization.left_out.iter();
        Self {
            agents: agents.chain(left_out().filter_map(NamedAgent::of_left_out)).collect(),
            pipelines: pipelines.chain(left_out().filter_map(KnownPipeline::of_left_out)).collect(),
        }
    }
}

impl NamedAgent {
    /// `None` where it has no name, and where it is a pipeline.
    fn of_left_out(target: &LeftOutTarget) -> Option<Self> {
        let name = target.name.clone().filter(|_| target.left_out.kind == LeftOutKind::Agent)?;
        Some(Self { id: None, name })
    }
}

impl KnownPipeline {
    /// `None` where it is an agent.
    fn of_left_out(target: &LeftOutTarget) -> Option<Self> {
        let LeftOutTarget { left_out, id, name, pipeline_type, stages } = target;
        let is_named = name.is_some() && pipeline_type.is_some();
        (left_out.kind == LeftOutKind::Pipeline).then(|| Self {
            id: id.filter(|_| is_named),
            name: name.clone().unwrap_or_default(),
            stages: stages.iter().map(|name| KnownStage { ids: Vec::new(), name: name.clone() }).collect(),
            kind: pipeline_type.clone().unwrap_or_default(),
        })
    }
}
