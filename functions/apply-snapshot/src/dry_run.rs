//! `POST /api/user-snapshots/{id}/plan`: what an apply would do, without doing it.

use std::borrow::Cow;

use lambda_http::http::header::ETAG;
use serde::Serialize;
use shared::domain::plan::{
    Assumption, IdentityRewire, Mapped, MappedReference, Outcome, Plan, PlannedClone, PlannedDestination, PlannedLink,
    Skipped,
};
use shared::domain::reference::MAX_REFERENCE_NAME;
use shared::domain::{Counts, ItemKind, ObjectId};
use shared::http::bounded::first_listed;
use shared::http::bounded::{cut, first_that_fit};
use shared::http::{Answer, ApiError, FieldError, etag};
use utoipa::ToSchema;

use crate::Call;
use crate::answer::{ListedWarning, listed};
use crate::judge::{Asked, Judged};
use crate::request::Considered;

/// Authorize, read, plan, tell. Whether the e-mail address is taken is told by apply alone.
pub(crate) async fn plan(call: &Call<'_>) -> Result<Answer, ApiError> {
    let asked = Asked::begin(call)?;
    let Considered { choices, revision, role, mut refusals } = Considered::parse(call.request)?;
    asked.may_grant(role)?;
    asked.may_choose(revision)?;
    let found = asked.read(call, revision).await?;
    let Judged { snapshot, plan, hash } = found.plan(call.table, &choices, &call.context.deadline()).await?;
    refusals.extend(plan.refusals.iter().map(|refusal| FieldError::new(&refusal.pointer, &refusal.detail)));
    let tag = etag(&hash);
    let planned = Planned { plan: PlanDocument::new(&plan, hash, snapshot.revision, refusals) };
    Ok(Answer::ok(&planned)?.with_header(ETAG, tag))
}

#[derive(Serialize, ToSchema)]
#[schema(as = SnapshotPlanned)]
pub(crate) struct Planned<'a> {
    plan: PlanDocument<'a>,
}

/// What an apply of the same body would do now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Plan)]
struct PlanDocument<'a> {
    /// A hash of the outcome: clones, switches, counts and warnings. It is the `ETag` of this answer, too.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    plan_hash: String,
    /// Which revision of the snapshot would be applied.
    snapshot_revision: u32,
    /// Items that would be cloned.
    cloned: Counts,
    /// Items that exist already and would be used as they are.
    mapped: Mapped,
    /// Items that would be left out.
    skipped: Skipped,
    /// The items that would arrive, automations first; as many as fit 1 MB.
    clones: Vec<ListedClone<'a>>,
    /// How many clones there are, where not all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    clones_total: Option<usize>,
    /// What an apply would warn of; at most 200 are listed.
    warnings: Vec<ListedWarning<'a>>,
    /// How many warnings there are, where not all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    warnings_total: Option<usize>,
    /// To what the automations that would arrive send by themselves, what nobody accepts first; at most 200, and as many as fit 1 MB.
    destinations: Vec<&'a PlannedDestination>,
    /// How many destinations there are, where not all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    destinations_total: Option<usize>,
    /// URLs in texts that would arrive, which are made to be sent or read; at most 200, and as many as fit 1 MB.
    links: Vec<&'a PlannedLink>,
    /// How many URLs there are, where not all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    links_total: Option<usize>,
    /// What this takes for granted of the new user, because `newUser` does not say it and the outcome depends on it; left out where
    /// that is nothing.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    assumes: &'a [Assumption],
    /// Everything for which an apply would be refused with 422; empty where it would go through.
    refusals: Vec<FieldError>,
}

/// An item that would arrive.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PlannedClone)]
struct ListedClone<'a> {
    kind: ItemKind,
    /// Its name; empty where it has none. A very long one ends in an ellipsis.
    #[schema(value_type = String)]
    name: Cow<'a, str>,
    /// The id of the item that it is a clone of.
    source_id: ObjectId,
    /// Whether it would arrive switched on; automations only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    enabled: Option<bool>,
    /// Stages and agents that would be mapped; left out where there are none. At most 200 are listed.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    mapped_references: &'a [MappedReference],
    /// How many stages and agents would be mapped, where not all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    mapped_references_total: Option<usize>,
    /// Places that would get a value of the new user, because they hold one of the source user; left out where there are none. At
    /// most 200 are listed.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    identity: &'a [IdentityRewire],
    /// How many such places there are, where not all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    identity_total: Option<usize>,
}

impl<'a> PlanDocument<'a> {
    fn new(plan: &'a Plan, plan_hash: String, snapshot_revision: u32, refusals: Vec<FieldError>) -> Self {
        let warnings = listed(plan.told());
        let Outcome { cloned, mapped, skipped } = plan.outcome;
        let (destinations, _) = first_that_fit(plan.destinations.listed.iter());
        let (links, _) = first_that_fit(plan.links.listed.iter());
        let (clones, clones_total) = first_that_fit(plan.clones.iter().map(listed_clone));
        Self {
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
        }
    }
}

fn listed_clone(clone: &PlannedClone) -> ListedClone<'_> {
    let (identity, identity_total) = first_listed(&clone.identity);
    ListedClone {
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
