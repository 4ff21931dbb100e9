//! What a request or a command says of an organization and its parts: checked before it is stored.

use std::collections::HashSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::Map;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{
    Agent, AgentName, Description, ObjectId, Organization, OrganizationName, OverBudget, Pipeline, PipelineName, Stage,
    StageColor, StageName, TrustedDestination, Violation, Work,
};

/// The most stages of a pipeline.
pub const MAX_STAGES: usize = 100;
/// The most destinations that an organization trusts.
pub const MAX_TRUSTED_DESTINATIONS: usize = 200;

/// What moves through a pipeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub enum PipelineType {
    /// Contacts.
    Contact,
    /// Applications.
    Application,
}

crate::every! {
    /// Every type.
    pub PipelineType: Contact, Application
}

impl PipelineType {
    /// Returns the name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "Contact",
            Self::Application => "Application",
        }
    }
}

impl FromStr for PipelineType {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        let found = Self::ALL.into_iter().find(|kind| kind.as_str() == text);
        found.ok_or_else(|| Violation::malformed("the type of a pipeline is Contact or Application"))
    }
}

impl fmt::Display for PipelineType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A pipeline that is to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewPipeline {
    name: PipelineName,
    kind: PipelineType,
    stages: Vec<NewStage>,
}

/// A stage that is to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewStage {
    /// The name.
    pub name: StageName,
    /// The colour that it is shown in.
    pub color: Option<StageColor>,
}

impl NewPipeline {
    /// Returns the pipeline. Fails over [`MAX_STAGES`], and if two stages have one name: automations refer to stages by name.
    pub fn new(name: PipelineName, kind: PipelineType, stages: Vec<NewStage>) -> Result<Self, Violation> {
        if stages.len() > MAX_STAGES {
            let count = stages.len();
            return Err(Violation::refused(format!("there are {count} stages; at most {MAX_STAGES} are allowed")));
        }
        let mut names = HashSet::new();
        match stages.iter().find(|stage| !names.insert(stage.name.as_str())) {
            Some(twice) => {
                Err(Violation::refused(format!("two stages have the name \"{}\"; give each its own", twice.name)))
            }
            None => Ok(Self { name, kind, stages }),
        }
    }

    /// Returns the pipeline with this id. It keeps the fields of `before`, and of its stages of the same names, that requests do
    /// not have.
    pub fn with_id(&self, id: ObjectId, before: Option<&Pipeline>) -> Pipeline {
        let kept = |stage: &NewStage| {
            let mut stages = before.into_iter().flat_map(|before| &before.stages);
            stages.find(|other| other.name == stage.name.as_str()).map(|other| other.rest.clone())
        };
        let stages = self.stages.iter().map(|stage| Stage {
            name: stage.name.to_string(),
            color: stage.color.as_ref().map(ToString::to_string),
            rest: kept(stage).unwrap_or_default(),
        });
        Pipeline {
            id,
            name: self.name.to_string(),
            kind: self.kind.to_string(),
            stages: stages.collect(),
            rest: before.map(|before| before.rest.clone()).unwrap_or_default(),
        }
    }
}

/// An agent that is to be written.
#[derive(Debug, Clone, PartialEq)]
pub struct NewAgent {
    /// The name; two agents may share one.
    pub name: AgentName,
    /// What it does.
    pub description: Option<Description>,
}

impl NewAgent {
    /// Returns the agent with this id. It keeps the fields of `before` that requests do not have.
    pub fn with_id(&self, id: ObjectId, before: Option<&Agent>) -> Agent {
        Agent {
            id,
            name: self.name.to_string(),
            description: self.description.as_ref().map(ToString::to_string),
            rest: before.map(|before| before.rest.clone()).unwrap_or_default(),
        }
    }
}

/// Fails over [`MAX_TRUSTED_DESTINATIONS`].
pub fn check_trusted_destinations(destinations: &[TrustedDestination]) -> Result<(), Violation> {
    let count = destinations.len();
    match count > MAX_TRUSTED_DESTINATIONS {
        false => Ok(()),
        true => Err(Violation::refused(format!(
            "there are {count} destinations; at most {MAX_TRUSTED_DESTINATIONS} are allowed"
        ))),
    }
}

/// The fields of an organization to change. An absent one stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OrganizationChange {
    /// The name.
    pub name: Option<OrganizationName>,
    /// All destinations that it trusts.
    pub trusted_destinations: Option<Vec<TrustedDestination>>,
}

impl OrganizationChange {
    /// Returns the organization after this change.
    pub fn of(&self, before: &Organization) -> Organization {
        let mut after = before.clone();
        if let Some(name) = &self.name {
            after.name = name.to_string();
        }
        if let Some(destinations) = &self.trusted_destinations {
            after.trusted_destinations = destinations.iter().map(ToString::to_string).collect();
        }
        after
    }
}

impl Organization {
    /// Returns a new organization. With a `source` it has copies of that one's pipelines and agents, with ids that the two ids
    /// derive: the same request makes the same ones again. Spends the bytes of what it copies.
    pub fn copied(
        id: ObjectId,
        name: &OrganizationName,
        source: Option<&Organization>,
        work: &Work,
    ) -> Result<Self, OverBudget> {
        let (mut pipelines, mut agents) = (Vec::new(), Vec::new());
        if let Some(source) = source {
            for pipeline in &source.pipelines {
                work.spend(1 + pipeline.stages.iter().map(|stage| 1 + stage.name.len()).sum::<usize>())?;
                pipelines.push(pipeline.copied(derived_id(id, pipeline.id)));
            }
            for agent in &source.agents {
                work.spend(1 + agent.name.len() + agent.description.as_ref().map_or(0, String::len))?;
                agents.push(agent.copied(derived_id(id, agent.id)));
            }
        }
        let (trusted_destinations, left_out) = (Vec::new(), Vec::new());
        Ok(Self { id, name: name.to_string(), pipelines, agents, trusted_destinations, left_out })
    }
}

/// Returns the id of the copy of something in an organization.
fn derived_id(organization: ObjectId, source: ObjectId) -> ObjectId {
    let digest = Sha256::new().chain_update(organization.as_bytes()).chain_update(source.as_bytes()).finalize();
    let mut bytes = [0; 12];
    bytes.copy_from_slice(&digest[..12]);
    ObjectId::from_bytes(bytes)
}

impl Pipeline {
    /// Returns a copy under another id, with name, type and stages: what else the CRM keeps may be a secret, or name something of
    /// the organization.
    pub fn copied(&self, id: ObjectId) -> Self {
        let stages = self.stages.iter();
        Self {
            id,
            stages: stages.map(|stage| Stage { rest: Map::new(), ..stage.clone() }).collect(),
            rest: Map::new(),
            ..self.clone()
        }
    }
}

impl Agent {
    /// Returns a copy under another id, with name and description alone.
    pub fn copied(&self, id: ObjectId) -> Self {
        Self { id, rest: Map::new(), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: ObjectId = ObjectId::from_bytes([7; 12]);

    fn stages(names: &[&str]) -> Vec<NewStage> {
        names.iter().map(|name| NewStage { name: StageName::parse(*name).unwrap(), color: None }).collect()
    }

    fn pipeline(stages: Vec<NewStage>) -> Result<NewPipeline, Violation> {
        NewPipeline::new(PipelineName::parse("Sales Funnel").unwrap(), PipelineType::Contact, stages)
    }

    #[test]
    fn a_type_reads_as_it_is_written() {
        for kind in PipelineType::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert!("contact".parse::<PipelineType>().is_err());
    }

    #[test]
    fn a_pipeline_has_up_to_100_stages_of_different_names() {
        for (count, accepted) in [(0, true), (1, true), (99, true), (100, true), (101, false)] {
            let names: Vec<String> = (0..count).map(|number| number.to_string()).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            assert_eq!(pipeline(stages(&names)).is_ok(), accepted, "{count}");
        }
        assert!(pipeline(stages(&["Lead", "lead"])).is_ok());
        let refused = pipeline(stages(&["Lead", "Won", "Lead"])).unwrap_err();
        assert_eq!(refused.detail, "two stages have the name \"Lead\"; give each its own");
    }

    #[test]
    fn an_organization_trusts_up_to_200_destinations() {
        for (count, accepted) in [(0, true), (199, true), (200, true), (201, false)] {
            let destinations = vec![TrustedDestination::parse("https://hooks.acme.example").unwrap(); count];
            assert_eq!(check_trusted_destinations(&destinations).is_ok(), accepted, "{count}");
        }
    }

    #[test]
    fn what_the_crm_keeps_beside_stays_with_a_replacement_and_not_with_a_copy() {
        let before: Pipeline = serde_json::from_value(json!({
            "_id": ID, "name": "Old", "type": "Application", "owner": "alex",
            "stages": [{"name": "Lead", "color": "red", "days": 3}, {"name": "Gone", "days": 4}]
        }))
        .unwrap();
        let after = pipeline(stages(&["New", "Lead"])).unwrap().with_id(ID, Some(&before));
        let expected = json!({
            "_id": ID, "name": "Sales Funnel", "type": "Contact", "owner": "alex",
            "stages": [{"name": "New"}, {"name": "Lead", "days": 3}]
        });
        assert_eq!(serde_json::to_value(&after).unwrap(), expected);
        let other = ObjectId::from_bytes([8; 12]);
        let copied = json!({
            "_id": other, "name": "Old", "type": "Application",
            "stages": [{"name": "Lead", "color": "red"}, {"name": "Gone"}]
        });
        assert_eq!(serde_json::to_value(before.copied(other)).unwrap(), copied);

        let before: Agent = serde_json::from_value(json!({"_id": ID, "name": "Old", "key": "sk_live"})).unwrap();
        let agent = NewAgent { name: AgentName::parse("New").unwrap(), description: None };
        let expected = json!({"_id": ID, "name": "New", "key": "sk_live"});
        assert_eq!(serde_json::to_value(agent.with_id(ID, Some(&before))).unwrap(), expected);
        assert_eq!(serde_json::to_value(before.copied(other)).unwrap(), json!({"_id": other, "name": "Old"}));
    }
}
