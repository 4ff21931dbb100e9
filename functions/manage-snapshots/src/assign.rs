//! `PATCH /api/user-snapshots/{id}/assign`: which organizations see a snapshot, and which revision of it.

use std::collections::HashSet;

use lambda_http::http::header::ETAG;
use serde::{Deserialize, Serialize};
use shared::domain::rights::Action;
use shared::domain::sharing::{SharedRevision, Shares};
use shared::domain::{ObjectId, Sharing, Snapshot, Timestamp, Violation};
use shared::http::{Answer, ApiError, FieldError, Fields, OptionalFields, RevisionNumber, body, etag};
use shared::store::{Organizations, Revisions};
use utoipa::ToSchema;

use crate::Call;
use crate::edits::{Change, Wanted};

/// The most organizations that a snapshot is assigned to.
const MAX_ASSIGNED: usize = 500;

const NOTHING_TO_CHANGE: &str =
    "there is nothing to change; give assignedOrgIds, isGlobal, revision, follow, or several of them";

/// Who is to see the snapshot, and what of it; at least one of the fields. What is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = AssignSnapshot)]
pub(crate) struct AssignBody {
    /// The organizations that see the snapshot, in place of those before; at most 500. The source's own sees it only while
    /// it is among them.
    #[schema(value_type = Option<Vec<ObjectId>>)]
    assigned_org_ids: Option<Vec<String>>,
    /// Whether every organization sees it.
    is_global: Option<bool>,
    /// The revision that other organizations see from now on, with the snapshot's name and description of now. Absent, they
    /// go on seeing what they see; where they see nothing yet, they get the current one.
    #[schema(value_type = Option<u32>, minimum = 1, maximum = 4_294_967_295_i64)]
    revision: Option<RevisionNumber>,
    /// Whether each further revision is shared with them as soon as it is made, without anybody looking at it.
    follow: Option<bool>,
}

impl OptionalFields for AssignBody {}

#[derive(Serialize, ToSchema)]
#[schema(as = SnapshotAssigned)]
pub(crate) struct Assigned<'a> {
    /// `Snapshot access updated`.
    message: &'static str,
    snapshot: Access<'a>,
}

/// Who sees a snapshot.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SnapshotAccess)]
struct Access<'a> {
    /// The snapshot.
    #[serde(rename = "_id")]
    id: ObjectId,
    /// The organizations that see it.
    assigned_org_ids: &'a [ObjectId],
    /// Whether every organization sees it.
    is_global: bool,
    /// The revision that other organizations see; left out where they see none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    shared_revision: Option<u32>,
    /// When it was shared; left out where none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    shared_at: Option<Timestamp>,
    /// True where each further revision is shared as soon as it is made; left out where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    follow: Option<bool>,
}

/// Who is to see the snapshot, and what of it; what is absent stays as it is.
pub(crate) struct Assignment {
    /// Each organization once, with its place in the request.
    assigned: Option<Vec<(usize, ObjectId)>>,
    is_global: Option<bool>,
    revision: Option<u32>,
    follow: Option<bool>,
}

pub(crate) async fn assign(call: &Call<'_>) -> Result<Answer, ApiError> {
    let change = Change::begin(call, Action::Assign)?;
    let assignment = Assignment::parse(call)?;
    let ids: Vec<ObjectId> = assignment.assigned.iter().flatten().map(|(_, id)| *id).collect();
    let organizations = Organizations::new(call.table);
    let (snapshot, existing) = tokio::join!(change.read(), organizations.existing(&ids));
    let (snapshot, existing) = (snapshot?, existing?);
    let shared = change.make(snapshot, Wanted::Share(&assignment, &existing)).await?;
    let seen = shared.shared();
    let snapshot = Access {
        id: shared.id,
        assigned_org_ids: &shared.assigned,
        is_global: shared.is_global,
        shared_revision: seen.as_ref().map(|seen| seen.revision),
        shared_at: seen.as_ref().map(|seen| seen.at),
        follow: shared.shares.follow.then_some(true),
    };
    let updated = Answer::ok(&Assigned { message: "Snapshot access updated", snapshot })?;
    Ok(updated.with_header(ETAG, etag(shared.tag())))
}

impl Assignment {
    fn parse(call: &Call<'_>) -> Result<Self, ApiError> {
        let body: AssignBody = body::parse(call.request)?;
        let AssignBody { assigned_org_ids, is_global, revision, follow } = body;
        if assigned_org_ids.is_none() && is_global.is_none() && revision.is_none() && follow.is_none() {
            return Err(ApiError::refused("", NOTHING_TO_CHANGE));
        }
        let mut fields = Fields::default();
        let assigned = assigned_org_ids.map(|ids| parse_organizations(&ids, &mut fields));
        fields.finish()?;
        Ok(Self { assigned, is_global, revision: revision.map(|RevisionNumber(number)| number), follow })
    }

    /// What the snapshot's sharing becomes, or why it cannot.
    pub(crate) async fn judge(
        &self,
        change: &Change<'_>,
        snapshot: &Snapshot,
        existing: &HashSet<ObjectId>,
    ) -> Result<(Sharing, Shares), ApiError> {
        self.judge_organizations(snapshot, existing)?;
        let assigned = match &self.assigned {
            Some(assigned) => assigned.iter().map(|(_, id)| *id).collect(),
            None => snapshot.assigned.clone(),
        };
        let sharing = Sharing { assigned, is_global: self.is_global.unwrap_or(snapshot.is_global) };
        let chosen = match self.revision {
            Some(revision) => Some(choose(change, snapshot, revision).await?),
            None => None,
        };
        let shares = snapshot.shares_when(&sharing, chosen, change.caller.user, change.call.context.now());
        Ok((sharing, Shares { follow: self.follow.unwrap_or(shares.follow), ..shares }))
    }

    fn judge_organizations(&self, snapshot: &Snapshot, existing: &HashSet<ObjectId>) -> Result<(), ApiError> {
        let kept: HashSet<&ObjectId> = snapshot.assigned.iter().collect();
        // An organization that is on the list already may be gone by now; it must not keep others from being changed.
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

/// Returns the sharing of this revision, or 422 where it is not kept.
async fn choose(change: &Change<'_>, snapshot: &Snapshot, revision: u32) -> Result<SharedRevision, ApiError> {
    let (call, by) = (change.call, change.caller.user);
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

/// The organizations, each at its first place.
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
