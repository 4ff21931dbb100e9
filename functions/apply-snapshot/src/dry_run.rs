//! `POST /api/user-snapshots/{id}/plan`: returns what an apply would do, and writes nothing.

use std::borrow::Cow;

use lambda_http::http::StatusCode;
use lambda_http::http::header::ETAG;
use serde::Serialize;
use shared::domain::plan::{
    Assumption, IdentityRewire, MappedCounts, MappedReference, Outcome, Plan, PlannedClone, PlannedDestination,
    PlannedLink, SkippedCounts,
};
use shared::domain::reference::MAX_REFERENCE_NAME;
use shared::domain::{Counts, ItemKind, ObjectId, Work};
use shared::http::bounded::first_listed;
use shared::http::bounded::{cut, first_that_fit};
use shared::http::{Answer, ApiError, FieldError, etag};
use utoipa::ToSchema;

use crate::Call;
use crate::answer::{ListedWarning, listed};
use crate::planning::{ApplyRequest, PlannedApply};
use crate::request::PlanParameters;

/// Authorizes, reads, plans, answers. Only an apply checks whether the e-mail address is taken.
pub(crate) async fn plan(call: &Call<'_>) -> Result<Answer, ApiError> {
    let request = ApplyRequest::begin(call)?;
    call.no_parameters()?;
    let PlanParameters { organization, choices, revision, role, mut refusals } =
        call.read_body(PlanParameters::parse).await?;
    let request = request.acting(call, organization)?;
    request.may_grant(role)?;
    request.may_choose(revision)?;
    let inputs = request.read(call, revision).await?;
    let PlannedApply { snapshot, plan, hash } = inputs.plan(call.table, &choices, &call.context.deadline()).await?;
    call.compute(move |work| {
        refusals.extend(plan.refusals.iter().map(FieldError::from));
        let tag = etag(&hash);
        let planned = PlanAnswer { plan: PlanDocument::new(&plan, hash, snapshot.revision, refusals, work)? };
        Ok(Answer::metered(StatusCode::OK, &planned, work)?.with_header(ETAG, tag))
    })
    .await
}

#[derive(Serialize, ToSchema)]
#[schema(as = SnapshotPlanned)]
pub(crate) struct PlanAnswer<'a> {
    plan: PlanDocument<'a>,
}

/// What an apply with the same body would do now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Plan)]
pub(crate) struct PlanDocument<'a> {
    /// A hash of the outcome: clones, switches, counts and warnings. It is also the `ETag` of this answer.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    plan_hash: String,
    /// Which revision of the snapshot would be applied.
    snapshot_revision: u32,
    /// Items that would be cloned.
    cloned: Counts,
    /// Items that exist already and would be used.
    mapped: MappedCounts,
    /// Items that would be left out.
    skipped: SkippedCounts,
    /// The items that would be cloned, automations first; as many as fit 1 MB.
    clones: Vec<PlannedCloneDocument<'a>>,
    /// The total number of clones; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    clones_total: Option<usize>,
    /// The warnings of an apply; at most 200 are listed.
    warnings: Vec<ListedWarning<'a>>,
    /// The total number of warnings; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    warnings_total: Option<usize>,
    /// The destinations to which cloned automations send by themselves. Those that are not accepted stand first. At most
    /// 200, and as many as fit 1 MB.
    destinations: Vec<&'a PlannedDestination>,
    /// The total number of destinations; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    destinations_total: Option<usize>,
    /// URLs in cloned texts, which are sent or read; at most 200, and as many as fit 1 MB.
    links: Vec<&'a PlannedLink>,
    /// The total number of URLs; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    links_total: Option<usize>,
    /// What the plan assumes about the new user, because the outcome depends on it and `newUser` does not say it; left
    /// out if it assumes nothing.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    assumes: &'a [Assumption],
    /// The reasons for which an apply would be refused with 422; empty if it would succeed.
    refusals: Vec<FieldError>,
}

/// An item that would be cloned.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PlannedClone)]
struct PlannedCloneDocument<'a> {
    kind: ItemKind,
    /// Its name; empty if it has none. A very long one ends in an ellipsis.
    #[schema(value_type = String)]
    name: Cow<'a, str>,
    /// The id of the source item.
    source_id: ObjectId,
    /// Whether it would be switched on; automations only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    enabled: Option<bool>,
    /// Stages and agents that would be mapped; left out if empty. At most 200 are listed.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    mapped_references: &'a [MappedReference],
    /// The total number of stages and agents that would be mapped; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    mapped_references_total: Option<usize>,
    /// Places that would get a value of the new user in place of one of the source user; left out if empty. At
    /// most 200 are listed.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    identity: &'a [IdentityRewire],
    /// The total number of such places; left out if all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    identity_total: Option<usize>,
}

impl<'a> PlanDocument<'a> {
    pub(crate) fn new(
        plan: &'a Plan,
        plan_hash: String,
        snapshot_revision: u32,
        refusals: Vec<FieldError>,
        work: &Work,
    ) -> Result<Self, ApiError> {
        let warnings = listed(plan.told(), work)?;
        let Outcome { cloned, mapped, skipped } = plan.outcome;
        let (destinations, _) = first_that_fit(plan.destinations.listed.iter(), work)?;
        let (links, _) = first_that_fit(plan.links.listed.iter(), work)?;
        let (clones, clones_total) = first_that_fit(plan.clones.iter().map(listed_clone), work)?;
        Ok(Self {
            plan_hash,
            snapshot_revision,
            cloned,
            mapped,
            skipped,
            clones,
            clones_total,
            warnings_total: (warnings.len() < plan.told().count()).then(|| plan.told().count()),
            warnings,
            destinations_total: plan.destinations.total_beyond(destinations.len()),
            destinations,
            links_total: plan.links.total_beyond(links.len()),
            links,
            assumes: &plan.assumes,
            refusals,
        })
    }
}

fn listed_clone(clone: &PlannedClone) -> PlannedCloneDocument<'_> {
    let (identity, identity_total) = first_listed(&clone.identity);
    PlannedCloneDocument {
        kind: clone.kind,
        name: cut(clone.document.name(), MAX_REFERENCE_NAME),
        source_id: clone.source_id,
        enabled: clone.enabled,
        mapped_references: &clone.mapped.listed,
        mapped_references_total: clone.mapped.total_beyond(clone.mapped.listed.len()),
        identity,
        identity_total,
    }
}
