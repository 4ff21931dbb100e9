//! `GET /api/user-snapshots/{id}/apply-refs`: the references of a snapshot, and their possible targets in the caller's
//! organization.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use lambda_http::http::StatusCode;
use serde::Serialize;
use shared::domain::content::Content;
use shared::domain::reference::{KnownId, Lookup, RefType, Reference};
use shared::domain::suggestion::{Suggester, Suggestion};
use shared::domain::{ObjectId, Organization, OverBudget, Work};
use shared::http::{Answer, ApiError, TargetAgent, TargetStage};
use shared::store::{Organizations, SnapshotReader};
use utoipa::ToSchema;

use crate::Call;
use crate::detail::{revision_choice, visible};
use shared::http::bounded::{BoundedList, MAX_LIST_BYTES, first_that_fit, sent_json_bytes};

/// The references of a snapshot, and their possible targets in your organization.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ApplyReferences<'a> {
    /// Every place of an automation that names a stage; as many as fit 1 MB.
    stage_refs: Vec<SuggestedReference<'a>>,
    /// The total number; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    stage_refs_total: Option<usize>,
    /// Every place of an automation that names an agent; as many as fit 1 MB.
    agent_refs: Vec<SuggestedReference<'a>>,
    /// The total number; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    agent_refs_total: Option<usize>,
    /// Every place of an automation that holds the id of a pipeline, or an id that neither the snapshot nor its source organization
    /// knows; as many as fit 1 MB.
    other_refs: Vec<SuggestedReference<'a>>,
    /// The total number; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    other_refs_total: Option<usize>,
    /// Your organization's pipelines with their stages; as many as fit 1 MB.
    target_pipelines: Vec<TargetPipeline<'a>>,
    /// The total number of pipelines; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    target_pipelines_total: Option<usize>,
    /// Your organization's agents; as many as fit 1 MB.
    target_agents: Vec<TargetAgent<'a>>,
    /// The total number of agents; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    target_agents_total: Option<usize>,
}

/// A reference and its suggested targets in your organization.
#[derive(Serialize, ToSchema)]
struct SuggestedReference<'a> {
    #[serde(flatten)]
    reference: Reference,
    /// Targets with the same or a similar name in your organization, the best first; at most five.
    suggestions: Vec<Suggestion<'a>>,
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

pub(crate) async fn get(call: &Call<'_>) -> Result<Answer, ApiError> {
    let caller = call.begin()?;
    let id = call.context.path_id("id")?;
    let choice = revision_choice(&call.query(&["revision"])?)?;
    let principal = caller.principal();
    let (organizations, snapshots) = (Organizations::new(call.table), SnapshotReader::new(call.table));
    let (confirmed, organization, snapshot) = tokio::join!(
        call.confirm(&caller),
        organizations.load(&principal.organization),
        snapshots.load(id, &principal, choice),
    );
    confirmed?;
    let snapshot = visible(snapshot?)?;
    let targets = organization?.ok_or(ApiError::Unauthenticated("the caller's organization does not exist"))?;
    call.compute(move |work| {
        let content = snapshot.content::<ApiError>(work)?;
        Answer::metered(StatusCode::OK, &ApplyReferences::new(&content, &targets, work)?, work)
    })
    .await
}

impl<'a> ApplyReferences<'a> {
    pub(crate) fn new(content: &Content, targets: &'a Organization, work: &Work) -> Result<Self, OverBudget> {
        let lookup = Lookup::of(content, work)?;
        let agents = targets.agents.iter().map(|agent| (Some(agent.id), agent.name.as_str()));
        let pipelines_here = targets.pipelines.iter().map(|pipeline| (Some(pipeline.id), pipeline.name.as_str()));
        let mut stage_refs = SuggestionList::new(targets.stage_names().map(|name| (None, name)));
        let mut agent_refs = SuggestionList::new(agents);
        let mut other_refs = SuggestionList::new(pipelines_here);
        lookup.each_reference::<OverBudget>(content, work, |reference| {
            work.spend(1 + reference.value.len())?;
            let name = match lookup.known(&reference.value) {
                Some(KnownId::Agent(name) | KnownId::Stage { name, .. } | KnownId::Pipeline { name, .. }) => Some(name),
                _ => None,
            };
            match reference.ref_type {
                RefType::PipelineStage => stage_refs.add(reference, name, work),
                RefType::Agent => agent_refs.add(reference, name, work),
                RefType::Pipeline | RefType::Unknown => other_refs.add(reference, name, work),
                RefType::Template | RefType::Prompt | RefType::Automation => Ok(()),
            }
        })?;
        let (stage_refs, stage_refs_total) = stage_refs.list.finish();
        let (agent_refs, agent_refs_total) = agent_refs.list.finish();
        let (other_refs, other_refs_total) = other_refs.list.finish();
        let (target_pipelines, target_pipelines_total) = first_that_fit(pipelines(targets), work)?;
        let (target_agents, target_agents_total) = first_that_fit(agents_of(targets), work)?;
        Ok(Self {
            stage_refs,
            stage_refs_total,
            agent_refs,
            agent_refs_total,
            other_refs,
            other_refs_total,
            target_pipelines,
            target_pipelines_total,
            target_agents,
            target_agents_total,
        })
    }
}

/// The references of one list with their suggestions. Computes those of each value once, and only for references that
/// fit the answer.
struct SuggestionList<'a> {
    suggester: Suggester<'a>,
    known: HashMap<String, (Vec<Suggestion<'a>>, usize)>,
    list: BoundedList<SuggestedReference<'a>>,
}

impl<'a> SuggestionList<'a> {
    fn new(targets: impl IntoIterator<Item = (Option<ObjectId>, &'a str)>) -> Self {
        Self { suggester: Suggester::new(targets), known: HashMap::new(), list: BoundedList::new(MAX_LIST_BYTES) }
    }

    /// Adds a reference. `name` is the name of its target in the source organization; without one, the value itself is
    /// looked up.
    fn add(&mut self, reference: Reference, name: Option<&str>, work: &Work) -> Result<(), OverBudget> {
        let bytes = sent_json_bytes(&reference, work)?;
        if !self.list.has_room_for(bytes) {
            self.list.leave_out();
            return Ok(());
        }
        let (suggestions, more) = match self.known.entry(reference.value.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(first) => {
                // An unknown id may refer to anything.
                let suggestions = match reference.ref_type {
                    RefType::Unknown => Vec::new(),
                    _ => self.suggester.suggest(name.unwrap_or(&reference.value), work)?,
                };
                let bytes = sent_json_bytes(&suggestions, work)? + SUGGESTIONS_BYTES;
                first.insert((suggestions, bytes))
            }
        };
        // Copies only what fits.
        if self.list.has_room_for(bytes + *more) {
            let suggestions = suggestions.clone();
            self.list.add_sized(SuggestedReference { reference, suggestions }, bytes + *more);
        } else {
            self.list.leave_out();
        }
        Ok(())
    }
}

/// The bytes of `,"suggestions":`, as Lambda counts them.
const SUGGESTIONS_BYTES: usize = 17;

fn pipelines(targets: &Organization) -> Vec<TargetPipeline<'_>> {
    let pipelines = targets.pipelines.iter();
    pipelines
        .map(|pipeline| TargetPipeline {
            id: pipeline.id,
            name: &pipeline.name,
            stages: pipeline.stages.iter().map(TargetStage::from).collect(),
        })
        .collect()
}

fn agents_of(targets: &Organization) -> Vec<TargetAgent<'_>> {
    targets.agents.iter().map(TargetAgent::from).collect()
}
