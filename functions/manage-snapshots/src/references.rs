//! `GET /api/user-snapshots/{id}/apply-refs`: what a snapshot refers to, and what that can be mapped to here.

use std::collections::HashMap;

use serde::Serialize;
use shared::domain::content::Content;
use shared::domain::reference::{RefType, Reference};
use shared::domain::rights::Action;
use shared::domain::suggestion::{Suggester, Suggestion};
use shared::domain::{ObjectId, Organization};
use shared::http::{Answer, ApiError, Query};
use shared::store::{Organizations, SnapshotReader};
use utoipa::ToSchema;

use crate::call::Call;
use crate::detail::{revision_choice, seen};
use shared::http::bounded::first_that_fit;

/// What a snapshot refers to, and what that can be mapped to in your organization.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplyReferences<'a> {
    /// Every place of an automation that names a stage; as many as fit 1 MB.
    stage_refs: Vec<SuggestedReference<'a>>,
    /// How many there are, where not all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    stage_refs_total: Option<usize>,
    /// Every place of an automation that names an agent; as many as fit 1 MB.
    agent_refs: Vec<SuggestedReference<'a>>,
    /// How many there are, where not all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    agent_refs_total: Option<usize>,
    /// Your organization's pipelines with their stages.
    target_pipelines: Vec<TargetPipeline<'a>>,
    /// Your organization's agents.
    target_agents: Vec<TargetAgent<'a>>,
}

/// A reference, and what it may mean in your organization.
#[derive(Serialize, ToSchema)]
struct SuggestedReference<'a> {
    #[serde(flatten)]
    reference: &'a Reference,
    /// What has the same or a similar name in your organization, the best first; at most five.
    suggestions: Vec<Suggestion>,
}

/// A pipeline of your organization.
#[derive(Serialize, ToSchema)]
struct TargetPipeline<'a> {
    /// Its id.
    #[serde(rename = "_id")]
    id: ObjectId,
    /// Its name.
    name: &'a str,
    /// Its stages, in order.
    stages: Vec<TargetStage<'a>>,
}

/// A stage: what `pipelineMapping` maps to, by name.
#[derive(Serialize, ToSchema)]
struct TargetStage<'a> {
    /// Its name.
    name: &'a str,
    /// The colour that it is shown in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    color: Option<&'a str>,
}

/// An agent: what `agentMapping` maps to, by `_id`.
#[derive(Serialize, ToSchema)]
struct TargetAgent<'a> {
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

pub(crate) async fn get(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.caller(Action::Use)?;
    let id = call.context.path_id("id")?;
    let choice = revision_choice(&Query::of(call.request, &["revision"])?)?;
    let principal = caller.principal();
    let (organizations, snapshots) = (Organizations::new(call.table), SnapshotReader::new(call.table));
    let (confirmed, organization, snapshot) = tokio::join!(
        call.confirm(&caller),
        organizations.load(&principal.organization),
        snapshots.load(id, &principal, choice),
    );
    confirmed?;
    let content = seen(snapshot?)?.content()?;
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
