//! An organization as the API shows it, and the parts that references are mapped to.

use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::ApiError;
use super::bounded::{first_listed, first_that_fit, written};
use crate::domain::{Agent, LeftOut, LeftOutTarget, ObjectId, Organization, Pipeline, Stage, Work};

/// An organization with its pipelines and agents.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Organization)]
pub struct OrganizationDocument<'a> {
    /// Its id.
    #[serde(rename = "_id")]
    id: ObjectId,
    /// Its name. A very long one ends in an ellipsis.
    name: &'a str,
    /// The destinations to which automations of other organizations may send here, as `destinations` of a plan has them.
    trusted_destinations: &'a [String],
    /// Its pipelines with their stages; as many as fit 1 MB.
    pipelines: Vec<PipelineDocument<'a>>,
    /// The total number of pipelines; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pipelines_total: Option<usize>,
    /// Its agents; as many as fit 1 MB.
    agents: Vec<TargetAgent<'a>>,
    /// The total number of agents; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    agents_total: Option<usize>,
    /// The pipelines and agents that cannot be read; left out if empty. At most 200 are listed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(nullable = false)]
    left_out: Vec<&'a LeftOut>,
    /// The total number; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    left_out_total: Option<usize>,
}

/// A pipeline.
#[derive(Serialize, ToSchema)]
#[schema(as = Pipeline)]
struct PipelineDocument<'a> {
    /// Its id.
    #[serde(rename = "_id")]
    id: ObjectId,
    /// Its name.
    name: &'a str,
    /// What moves through it: `Contact` or `Application`.
    #[serde(rename = "type")]
    kind: &'a str,
    /// Its stages, in order.
    stages: Vec<TargetStage<'a>>,
}

/// A stage: a target of `pipelineMapping`, by name.
#[derive(Serialize, ToSchema)]
pub struct TargetStage<'a> {
    /// Its name.
    name: &'a str,
    /// The colour that it is shown in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    color: Option<&'a str>,
}

/// An agent: a target of `agentMapping`, by `_id`.
#[derive(Serialize, ToSchema)]
pub struct TargetAgent<'a> {
    /// Its id.
    #[serde(rename = "_id")]
    id: ObjectId,
    /// Its name; two agents may share one.
    name: &'a str,
    /// What it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    description: Option<&'a str>,
}

impl<'a> From<&'a Stage> for TargetStage<'a> {
    fn from(stage: &'a Stage) -> Self {
        Self { name: &stage.name, color: stage.color.as_deref() }
    }
}

impl<'a> From<&'a Agent> for TargetAgent<'a> {
    fn from(agent: &'a Agent) -> Self {
        Self { id: agent.id, name: &agent.name, description: agent.description.as_deref() }
    }
}

impl<'a> From<&'a Pipeline> for PipelineDocument<'a> {
    fn from(pipeline: &'a Pipeline) -> Self {
        let stages = pipeline.stages.iter().map(TargetStage::from).collect();
        Self { id: pipeline.id, name: &pipeline.name, kind: &pipeline.kind, stages }
    }
}

/// Everything of an organization that answers show, uncut.
#[derive(Serialize)]
struct WholeOrganization<'a> {
    name: &'a str,
    trusted_destinations: &'a [String],
    pipelines: Vec<PipelineDocument<'a>>,
    agents: Vec<TargetAgent<'a>>,
    left_out: Vec<&'a LeftOut>,
}

impl<'a> OrganizationDocument<'a> {
    /// Returns the document.
    pub fn of(organization: &'a Organization, work: &Work) -> Result<Self, ApiError> {
        let (pipelines, pipelines_total) =
            first_that_fit(organization.pipelines.iter().map(PipelineDocument::from), work)?;
        let (agents, agents_total) = first_that_fit(organization.agents.iter().map(TargetAgent::from), work)?;
        let (left_out, left_out_total) = first_listed(&organization.left_out);
        Ok(Self {
            id: organization.id,
            name: &organization.name,
            trusted_destinations: &organization.trusted_destinations,
            pipelines,
            pipelines_total,
            agents,
            agents_total,
            left_out: left_out.iter().map(|target| &target.left_out).collect(),
            left_out_total,
        })
    }

    /// Returns the entity tag of an organization: 16 hex digits of the SHA-256 of everything that answers show, also of what is cut.
    pub fn tag(organization: &Organization, work: &Work) -> Result<String, ApiError> {
        let whole = WholeOrganization {
            name: &organization.name,
            trusted_destinations: &organization.trusted_destinations,
            pipelines: organization.pipelines.iter().map(PipelineDocument::from).collect(),
            agents: organization.agents.iter().map(TargetAgent::from).collect(),
            left_out: organization.left_out.iter().map(|LeftOutTarget { left_out, .. }| left_out).collect(),
        };
        Ok(hex::encode(&Sha256::digest(written(&whole, work)?)[..8]))
    }
}
