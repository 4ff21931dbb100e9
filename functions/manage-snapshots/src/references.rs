//! `GET /api/user-snapshots/{id}/apply-refs`: what a snapshot refers to, and what that can be mapped to here.

use std::collections::HashMap;

use serde::Serialize;
use shared::domain::content::Content;
use shared::domain::reference::{RefType, Reference};
use shared::domain::rights::Action;
use shared::domain::suggestion::{Suggester, Suggestion};
use shared::domain::{ObjectId, Organization};
use shared::http::{Answer, ApiError};
use shared::store::{Organizations, SnapshotReader};

use crate::call::Call;
use shared::http::bounded::first_that_fit;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ApplyReferences<'a> {
    stage_refs: Vec<SuggestedReference<'a>>,
    /// How many there are, where not all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    stage_refs_total: Option<usize>,
    agent_refs: Vec<SuggestedReference<'a>>,
    /// How many there are, where not all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_refs_total: Option<usize>,
    target_pipelines: Vec<TargetPipeline<'a>>,
    target_agents: Vec<TargetAgent<'a>>,
}

#[derive(Serialize)]
struct SuggestedReference<'a> {
    #[serde(flatten)]
    reference: &'a Reference,
    suggestions: Vec<Suggestion>,
}

#[derive(Serialize)]
struct TargetPipeline<'a> {
    #[serde(rename = "_id")]
    id: ObjectId,
    name: &'a str,
    stages: Vec<TargetStage<'a>>,
}

#[derive(Serialize)]
struct TargetStage<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    color: Option<&'a str>,
}

#[derive(Serialize)]
struct TargetAgent<'a> {
    #[serde(rename = "_id")]
    id: ObjectId,
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

pub(crate) async fn get(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.caller(Action::Use)?;
    let id = call.context.path_id("id")?;
    call.no_parameters()?;
    let principal = caller.principal();
    let (organizations, snapshots) = (Organizations::new(call.table), SnapshotReader::new(call.table));
    let (confirmed, organization, snapshot) = tokio::join!(
        call.confirm(&caller),
        organizations.load(&principal.organization),
        snapshots.load(id, &principal, Action::Use),
    );
    confirmed?;
    let content = snapshot?.ok_or(ApiError::SnapshotNotFound)?.content()?;
    let targets = organization?.ok_or(ApiError::Unauthenticated("the caller's organization is gone"))?;
    Answer::ok(&ApplyReferences::new(&content, &targets))
}

impl<'a> ApplyReferences<'a> {
    fn new(content: &'a Content, targets: &'a Organization) -> Self {
        let stages = targets.stage_names().map(|name| (None, name));
        let (stage_refs, stage_refs_total) = suggested(content, RefType::PipelineStage, Suggester::new(stages));
        let agents = targets.agents.iter().map(|agent| (Some(agent.id), agent.name.as_str()));
        let (agent_refs, agent_refs_total) = suggested(content, RefType::Agent, Suggester::new(agents));
        Self {
            stage_refs,
            stage_refs_total,
            agent_refs,
            agent_refs_total,
            target_pipelines: pipelines(targets),
            target_agents: agents_of(targets),
        }
    }
}

/// The references of one kind, each with its suggestions. What several places name is looked up once.
fn suggested(
    content: &Content,
    ref_type: RefType,
    mut suggester: Suggester,
) -> (Vec<SuggestedReference<'_>>, Option<usize>) {
    let mut known: HashMap<&str, Vec<Suggestion>> = HashMap::new();
    let references = content.automations.iter().flat_map(|automation| &automation.references);
    let suggested = references
        .filter(|reference| reference.ref_type == ref_type)
        .map(|reference| {
            let value = reference.value.as_str();
            let suggestions = known.entry(value).or_insert_with(|| suggester.suggest(name_behind(content, value)));
            SuggestedReference { reference, suggestions: suggestions.clone() }
        })
        .collect();
    first_that_fit(suggested)
}

/// The name of the agent whose id `value` is, where it is one; a stage or an agent named by name is called so.
fn name_behind<'a>(content: &'a Content, value: &'a str) -> &'a str {
    let id = value.parse::<ObjectId>().ok();
    let agent = content.agents.iter().find(|agent| Some(agent.id) == id);
    agent.map_or(value, |agent| &agent.name)
}

fn pipelines(targets: &Organization) -> Vec<TargetPipeline<'_>> {
    let pipelines = targets.pipelines.iter();
    pipelines
        .map(|pipeline| TargetPipeline {
            id: pipeline.id,
            name: &pipeline.name,
            stages: pipeline
                .stages
                .iter()
                .map(|stage| TargetStage { name: &stage.name, color: stage.color.as_deref() })
                .collect(),
        })
        .collect()
}

fn agents_of(targets: &Organization) -> Vec<TargetAgent<'_>> {
    let agents = targets.agents.iter();
    agents
        .map(|agent| TargetAgent { id: agent.id, name: &agent.name, description: agent.description.as_deref() })
        .collect()
}
