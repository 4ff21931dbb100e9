//! `PATCH /api/user-snapshots/{id}/assign`: changes which organizations see a snapshot, and which revision.

use std::collections::HashSet;

use lambda_http::http::header::ETAG;
use serde::{Deserialize, Serialize};
use shared::domain::rights::Action;
use shared::domain::snapshot::{SharedRevision, Shares};
use shared::domain::{ObjectId, Sharing, Snapshot, SnapshotName, Timestamp, Violation};
use shared::http::{Answer, ApiError, AuditField, AuditTargets, FieldError, Fields, IfMatch, RevisionNumber, etag};
use shared::store::{EditOutcome, Organizations, Revisions, SnapshotEditor};
use utoipa::ToSchema;

use crate::Call;
use crate::change::{ChangeRequest, SnapshotChange};

/// The most organizations of an assignment.
const MAX_ASSIGNED: usize = 500;

const NOTHING_TO_CHANGE: &str =
    "there is nothing to change; give assignedOrgIds, isGlobal, revision, follow, or several of them";

/// The organizations that see the snapshot, and the revision that they see; at least one field. Absent fields keep
/// their value.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = AssignSnapshot)]
pub(crate) struct AssignBody {
    /// The organizations that see the snapshot, replacing the present ones; at most 500. The source's own organization
    /// sees it only if it is among them.
    #[schema(nullable = false, value_type = Option<Vec<ObjectId>>)]
    assigned_org_ids: Option<Vec<String>>,
    /// Whether every organization sees it.
    #[schema(nullable = false)]
    is_global: Option<bool>,
    /// The revision that other organizations see from now on, with the snapshot's present name and description. If
    /// absent, they keep seeing the same revision; if they saw none, they see the current one.
    #[schema(nullable = false, value_type = Option<u32>, minimum = 1, maximum = 4_294_967_295_i64)]
    revision: Option<RevisionNumber>,
    /// Whether every new revision is shared with them at once, without a review.
    #[schema(nullable = false)]
    follow: Option<bool>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SnapshotAssigned)]
pub(crate) struct AssignAnswer<'a> {
    /// `Snapshot access updated`.
    message: &'static str,
    snapshot: Access<'a>,
}

/// The access to a snapshot.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SnapshotAccess)]
struct Access<'a> {
    /// The snapshot.
    #[serde(rename = "_id")]
    id: ObjectId,
    /// What it is called.
    #[schema(value_type = String)]
    name: &'a SnapshotName,
    /// Which state of the snapshot this is, as in the `ETag` of the answer: send it as `If-Match` with a change.
    version: String,
    /// The organizations that see it.
    assigned_org_ids: &'a [ObjectId],
    /// Whether every organization sees it.
    is_global: bool,
    /// The revision that other organizations see; left out if they see none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    shared_revision: Option<u32>,
    /// When it was shared; left out if none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    shared_at: Option<Timestamp>,
    /// True if every new revision is shared at once; left out otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    follow: Option<bool>,
}

/// The parsed body of an assignment. Absent fields keep their value.
struct Assignment {
    /// Each organization once, with its index in the request.
    assigned: Option<Vec<(usize, ObjectId)>>,
    is_global: Option<bool>,
    revision: Option<u32>,
    follow: Option<bool>,
}

pub(crate) async fn assign(call: &Call<'_>) -> Result<Answer, ApiError> {
    let request = ChangeRequest::begin(call, Action::Assign)?;
    let assignment = call.read_body(Assignment::parse).await?;
    let ids: Vec<ObjectId> = assignment.assigned.iter().flatten().map(|(_, id)| *id).collect();
    assignment.record(call.context.audit(), &ids);
    let organizations = Organizations::new(call.table);
    let (snapshot, existing) = tokio::join!(request.read(), organizations.existing(&ids));
    let (snapshot, existing) = (snapshot?, existing?);
    let shared = request.execute(snapshot, &mut CheckedAssignment { assignment, existing }).await?;
    let seen = shared.shared();
    let snapshot = Access {
        id: shared.id,
        name: &shared.name,
        version: shared.tag().to_string(),
        assigned_org_ids: &shared.assigned,
        is_global: shared.is_global,
        shared_revision: seen.as_ref().map(|seen| seen.revision),
        shared_at: seen.as_ref().map(|seen| seen.at),
        follow: shared.shares.follow.then_some(true),
    };
    let updated = Answer::ok(&AssignAnswer { message: "Snapshot access updated", snapshot })?;
    Ok(updated.with_header(ETAG, etag(shared.tag())))
}

/// An assignment, and which organizations of it exist.
struct CheckedAssignment {
    assignment: Assignment,
    existing: HashSet<ObjectId>,
}

impl SnapshotChange for CheckedAssignment {
    /// Compares the whole snapshot: a caller who shares a revision has looked at its content.
    fn check(&self, if_match: &IfMatch, snapshot: &Snapshot) -> Result<(), ApiError> {
        if_match.check_snapshot(snapshot)
    }

    async fn write(&mut self, request: &ChangeRequest<'_>, snapshot: &Snapshot) -> Result<EditOutcome, ApiError> {
        let (sharing, shares) = self.assignment.sharing(request, snapshot, &self.existing).await?;
        let editor = SnapshotEditor::new(request.call.table);
        Ok(editor.share(snapshot, sharing, shares, request.call.context.now()).await?)
    }
}

impl Assignment {
    fn parse(body: AssignBody) -> Result<Self, ApiError> {
        let AssignBody { assigned_org_ids, is_global, revision, follow } = body;
        if assigned_org_ids.is_none() && is_global.is_none() && revision.is_none() && follow.is_none() {
            return Err(ApiError::refused("", NOTHING_TO_CHANGE));
        }
        let mut fields = Fields::default();
        let assigned = assigned_org_ids.map(|ids| parse_organizations(&ids, &mut fields));
        fields.finish()?;
        Ok(Self { assigned, is_global, revision: revision.map(|RevisionNumber(number)| number), follow })
    }

    /// Notes for the log what the request names.
    fn record(&self, audit: &AuditTargets, organizations: &[ObjectId]) {
        let Self { assigned, is_global, revision, follow } = self;
        audit.record_fields([
            AuditField::named("assignedOrgIds", assigned.as_ref()),
            AuditField::with_value("isGlobal", is_global.as_ref()),
            AuditField::named("revision", revision.as_ref()),
            AuditField::with_value("follow", follow.as_ref()),
        ]);
        if assigned.is_some() {
            audit.record_organizations(organizations.iter().copied());
        }
        if let Some(revision) = revision {
            audit.record_revision(*revision);
        }
    }

    /// Returns the new sharing of the snapshot. Fails with 422 for an unknown organization or revision.
    async fn sharing(
        &self,
        request: &ChangeRequest<'_>,
        snapshot: &Snapshot,
        existing: &HashSet<ObjectId>,
    ) -> Result<(Sharing, Shares), ApiError> {
        self.check_organizations(snapshot, existing)?;
        let assigned = match &self.assigned {
            Some(assigned) => assigned.iter().map(|(_, id)| *id).collect(),
            None => snapshot.assigned.clone(),
        };
        let sharing = Sharing { assigned, is_global: self.is_global.unwrap_or(snapshot.is_global) };
        let chosen = match self.revision {
            Some(revision) => Some(choose(request, snapshot, revision).await?),
            None => None,
        };
        let shares = snapshot.shares_when(&sharing, chosen, request.caller.user, request.call.context.now());
        Ok((sharing, Shares { follow: self.follow.unwrap_or(shares.follow), ..shares }))
    }

    fn check_organizations(&self, snapshot: &Snapshot, existing: &HashSet<ObjectId>) -> Result<(), ApiError> {
        let kept: HashSet<&ObjectId> = snapshot.assigned.iter().collect();
        // An organization that was deleted since its assignment must not prevent other changes.
        let unknown = |(_, id): &&(usize, ObjectId)| !existing.contains(id) && !kept.contains(id);
        let unknown = self.assigned.iter().flatten().filter(unknown);
        let errors: Vec<FieldError> = unknown
            .map(|(place, _)| {
                FieldError::new(format!("/assignedOrgIds/{place}"), "there is no organization with this id")
            })
            .collect();
        if errors.is_empty() { Ok(()) } else { Err(ApiError::Refused(errors)) }
    }
}

/// Returns the sharing of a revision. Fails with 422 if it does not exist.
async fn choose(request: &ChangeRequest<'_>, snapshot: &Snapshot, revision: u32) -> Result<SharedRevision, ApiError> {
    let (call, by) = (request.call, request.caller.user);
    let gone = || {
        let oldest = snapshot.oldest_kept(call.app.revisions_kept);
        let detail = format!("there is no revision {revision}; this snapshot's are {oldest} to {}", snapshot.revision);
        ApiError::refused("/revision", detail)
    };
    if !snapshot.may_share(revision, call.app.revisions_kept) {
        return Err(gone());
    }
    let current = snapshot.as_shared(snapshot.sharing_time(call.context.now()), Some(by));
    if revision == snapshot.revision {
        return Ok(current);
    }
    match snapshot.shared() {
        Some(shared) if shared.revision == revision => {
            let SharedRevision { at, by, name, description, .. } = current;
            Ok(SharedRevision { at, by, name, description, ..shared })
        }
        _ => Revisions::new(call.table).as_shared(snapshot, revision, current.at, by).await?.ok_or_else(gone),
    }
}

/// Returns each organization with the first index in the request.
fn parse_organizations(ids: &[String], fields: &mut Fields) -> Vec<(usize, ObjectId)> {
    let mut seen = HashSet::new();
    let mut organizations = Vec::new();
    for (place, id) in ids.iter().enumerate() {
        let id = fields.take(format!("/assignedOrgIds/{place}"), id.parse::<ObjectId>());
        organizations.extend(id.filter(|id| seen.insert(*id)).map(|id| (place, id)));
    }
    if organizations.len() > MAX_ASSIGNED {
        let detail = format!(
            "there are {} organizations; a snapshot is assigned to at most {MAX_ASSIGNED}, or to all by isGlobal",
            organizations.len()
        );
        fields.note("/assignedOrgIds", Violation::refused(detail));
    }
    organizations
}
