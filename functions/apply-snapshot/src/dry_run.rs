//! `POST /api/user-snapshots/{id}/plan`: what an apply would do, without doing it.

use lambda_http::Request;
use lambda_http::http::header::ETAG;
use serde::Serialize;
use shared::domain::plan::{MappedReference, Outcome, Plan, PlannedClone};
use shared::domain::{ItemKind, ObjectId};
use shared::http::bounded::first_that_fit;
use shared::http::{Answer, ApiError, Edge, FieldError, RequestContext, etag};
use shared::store::Table;

use crate::answer::{ListedWarning, listed};
use crate::judge::{Judged, authorize};
use crate::request::Considered;

/// Authorize, read, plan, tell. Whether the e-mail address is taken is told by apply alone.
pub(crate) async fn plan(
    edge: &Edge,
    table: &Table,
    context: &RequestContext,
    request: &Request,
) -> Result<Answer, ApiError> {
    let asked = authorize(edge, context, request)?;
    let Considered { choices, role, mut refusals } = Considered::parse(request)?;
    asked.may_grant(role)?;
    let Judged { snapshot, plan } = asked.read(table).await?.plan(table, &choices).await?;
    refusals.extend(plan.refusals.iter().map(|refusal| FieldError::new(&refusal.pointer, &refusal.detail)));
    let hash = plan.hash();
    let tag = etag(&hash);
    let planned = Planned { plan: PlanDocument::new(&plan, hash, snapshot.revision, refusals) };
    Ok(Answer::ok(&planned)?.with_header(ETAG, tag))
}

#[derive(Serialize)]
struct Planned<'a> {
    plan: PlanDocument<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlanDocument<'a> {
    plan_hash: String,
    snapshot_revision: u32,
    #[serde(flatten)]
    outcome: Outcome,
    clones: Vec<ListedClone<'a>>,
    /// How many clones there are, where not all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    clones_total: Option<usize>,
    warnings: Vec<ListedWarning<'a>>,
    /// How many warnings there are, where not all are listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings_total: Option<usize>,
    refusals: Vec<FieldError>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ListedClone<'a> {
    kind: ItemKind,
    name: &'a str,
    source_id: ObjectId,
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    mapped_references: &'a [MappedReference],
}

impl<'a> PlanDocument<'a> {
    fn new(plan: &'a Plan, plan_hash: String, snapshot_revision: u32, refusals: Vec<FieldError>) -> Self {
        let warnings = listed(&plan.warnings);
        let (clones, clones_total) = first_that_fit(plan.clones.iter().map(listed_clone).collect());
        Self {
            plan_hash,
            snapshot_revision,
            outcome: plan.outcome,
            clones,
            clones_total,
            warnings_total: (warnings.len() < plan.warnings.len()).then_some(plan.warnings.len()),
            warnings,
            refusals,
        }
    }
}

fn listed_clone(clone: &PlannedClone) -> ListedClone<'_> {
    ListedClone {
        kind: clone.kind,
        name: clone.document.name(),
        source_id: clone.source_id,
        enabled: clone.enabled,
        mapped_references: &clone.mapped,
    }
}
