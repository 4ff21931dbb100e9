//! Changes of a snapshot: `PATCH` and `DELETE /api/user-snapshots/{id}`, `PATCH /api/user-snapshots/{id}/assign`.

use std::collections::HashSet;
use std::time::Duration;

use lambda_http::http::header::ETAG;
use serde::{Deserialize, Serialize};
use shared::domain::rights::Action;
use shared::domain::{Description, ObjectId, Sharing, Snapshot, SnapshotName, Violation};
use shared::http::{Answer, ApiError, Caller, FieldError, Fields, IfMatch, SnapshotDocument, body, etag};
use shared::store::{Edited, Found, MAX_SHARING_CHANGES, Organizations, Renaming, SnapshotEditor, SnapshotReader};
use utoipa::ToSchema;

use crate::call::Call;

/// How often a change starts over because another one came first.
const ATTEMPTS: u32 = 6;
/// The most organizations that a snapshot is assigned to.
const MAX_ASSIGNED: usize = 500;

/// Why an ADMIN is refused what is about the snapshots of others.
pub(crate) const FOREIGN: &str =
    "an ADMIN changes only the snapshots of its own organization, and sees only their history";

/// A change that was authorized by role and whose path and condition were read.
struct Change<'a> {
    call: &'a Call<'a>,
    caller: Caller,
    action: Action,
    id: ObjectId,
    if_match: IfMatch,
}

impl<'a> Change<'a> {
    fn begin(call: &'a Call<'a>, action: Action) -> Result<Self, ApiError> {
        let caller = call.caller(action)?;
        let id = call.context.path_id("id")?;
        call.no_parameters()?;
        Ok(Self { call, caller, action, id, if_match: IfMatch::of(call.request)? })
    }

    /// The snapshot, where the caller is still who the token says and may change it.
    async fn read(&self) -> Result<Box<Snapshot>, ApiError> {
        let (confirmed, found) = tokio::join!(self.call.confirm(&self.caller), self.find());
        confirmed?;
        found
    }

    async fn find(&self) -> Result<Box<Snapshot>, ApiError> {
        let reader = SnapshotReader::new(self.call.table);
        match reader.find(self.id, &self.caller.principal(), self.action).await? {
            Found::Allowed(snapshot) => Ok(snapshot),
            Found::Missing => Err(ApiError::SnapshotNotFound),
            Found::Forbidden => Err(ApiError::Forbidden(
                match self.action {
                    Action::Delete => "an ADMIN deletes only the snapshots that it created",
                    _ => FOREIGN,
                }
                .into(),
            )),
        }
    }

    /// Makes the change to the snapshot as it was read, and again to what it has become where another change came first:
    /// unless the caller said which version it means, it is meant for any. Gives the snapshot as it is then.
    async fn make(&self, mut snapshot: Box<Snapshot>, wanted: Wanted<'_>) -> Result<Box<Snapshot>, ApiError> {
        for _ in 0..ATTEMPTS {
            self.if_match.check(snapshot.version)?;
            match self.write(&snapshot, &wanted).await? {
                Edited::Done(done) => return Ok(done),
                Edited::Moved => snapshot = self.find().await?,
            }
        }
        Err(ApiError::InProgress { retry_after: Duration::from_secs(1) })
    }

    async fn write(&self, snapshot: &Snapshot, wanted: &Wanted<'_>) -> Result<Edited, ApiError> {
        let (editor, now) = (SnapshotEditor::new(self.call.table), self.call.context.now());
        Ok(match wanted {
            Wanted::Rename(renaming) => editor.rename(snapshot, renaming, now).await?,
            Wanted::Share(assignment, existing) => {
                let sharing = assignment.judge(snapshot, existing)?;
                editor.share(snapshot, sharing, now).await?
            }
            Wanted::Delete => editor.delete(snapshot, self.caller.user, now).await?,
        })
    }
}

/// What is to become of a snapshot.
enum Wanted<'w> {
    Rename(&'w Renaming),
    /// With the organizations of the request that exist.
    Share(&'w Assignment, &'w HashSet<ObjectId>),
    Delete,
}

const NOTHING_TO_RENAME: &str = "there is nothing to change; give a name, a description, or both";

/// What is to be changed; at least one of both.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RenameSnapshot)]
pub(crate) struct RenameBody {
    /// The new name.
    #[schema(value_type = Option<SnapshotName>)]
    name: Option<String>,
    /// The new description; it may be empty.
    #[schema(value_type = Option<Description>)]
    description: Option<String>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = SnapshotUpdated)]
pub(crate) struct Renamed<'a> {
    /// `Snapshot updated`.
    message: &'static str,
    snapshot: SnapshotDocument<'a>,
}

pub(crate) async fn rename(call: &Call<'_>) -> Result<Answer, ApiError> {
    let change = Change::begin(call, Action::Edit)?;
    let renaming = parse_renaming(call)?;
    let snapshot = change.read().await?;
    let renamed = change.make(snapshot, Wanted::Rename(&renaming)).await?;
    let updated = Answer::ok(&Renamed { message: "Snapshot updated", snapshot: (&*renamed).into() })?;
    Ok(updated.with_header(ETAG, etag(renamed.version)))
}

fn parse_renaming(call: &Call<'_>) -> Result<Renaming, ApiError> {
    let body: RenameBody = body::parse(call.request)?;
    if body.name.is_none() && body.description.is_none() {
        return Err(ApiError::refused("", NOTHING_TO_RENAME));
    }
    let mut fields = Fields::default();
    let name = fields.take_optional("/name", body.name, SnapshotName::parse);
    let description = fields.take_optional("/description", body.description, Description::parse);
    match (name, description) {
        (Some(name), Some(description)) => Ok(Renaming { name, description }),
        _ => Err(fields.into_error()),
    }
}

pub(crate) async fn delete(call: &Call<'_>) -> Result<Answer, ApiError> {
    let change = Change::begin(call, Action::Delete)?;
    let snapshot = change.read().await?;
    change.make(snapshot, Wanted::Delete).await?;
    Answer::ok(&Deleted { message: "Snapshot deleted" })
}

#[derive(Serialize, ToSchema)]
#[schema(as = SnapshotDeleted)]
pub(crate) struct Deleted {
    /// `Snapshot deleted`.
    message: &'static str,
}

/// Who is to see the snapshot; at least one of both. What is absent stays as it is.
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
}

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
}

/// Who is to see the snapshot; what is absent stays as it is.
struct Assignment {
    /// Each organization once, with its place in the request.
    assigned: Option<Vec<(usize, ObjectId)>>,
    is_global: Option<bool>,
}

pub(crate) async fn assign(call: &Call<'_>) -> Result<Answer, ApiError> {
    let change = Change::begin(call, Action::Assign)?;
    let assignment = Assignment::parse(call)?;
    let ids: Vec<ObjectId> = assignment.assigned.iter().flatten().map(|(_, id)| *id).collect();
    let organizations = Organizations::new(call.table);
    let (snapshot, existing) = tokio::join!(change.read(), organizations.existing(&ids));
    let (snapshot, existing) = (snapshot?, existing?);
    let shared = change.make(snapshot, Wanted::Share(&assignment, &existing)).await?;
    let snapshot = Access { id: shared.id, assigned_org_ids: &shared.assigned, is_global: shared.is_global };
    let updated = Answer::ok(&Assigned { message: "Snapshot access updated", snapshot })?;
    Ok(updated.with_header(ETAG, etag(shared.version)))
}

impl Assignment {
    fn parse(call: &Call<'_>) -> Result<Self, ApiError> {
        let body: AssignBody = body::parse(call.request)?;
        if body.assigned_org_ids.is_none() && body.is_global.is_none() {
            return Err(ApiError::refused("", "there is nothing to change; give assignedOrgIds, isGlobal, or both"));
        }
        let mut fields = Fields::default();
        let assigned = body.assigned_org_ids.map(|ids| parse_organizations(&ids, &mut fields));
        fields.finish()?;
        Ok(Self { assigned, is_global: body.is_global })
    }

    /// What the snapshot's sharing becomes, or why it cannot.
    fn judge(&self, snapshot: &Snapshot, existing: &HashSet<ObjectId>) -> Result<Sharing, ApiError> {
        let kept: HashSet<&ObjectId> = snapshot.assigned.iter().collect();
        // An organization that is on the list already may be gone by now; it must not keep others from being changed.
        let unknown = |(_, id): &&(usize, ObjectId)| !existing.contains(id) && !kept.contains(id);
        let errors: Vec<FieldError> = self
            .assigned
            .iter()
            .flatten()
            .filter(unknown)
            .map(|(place, _)| {
                FieldError::new(format!("/assignedOrgIds/{place}"), "there is no organization with this id")
            })
            .collect();
        if !errors.is_empty() {
            return Err(ApiError::Refused(errors));
        }
        let assigned = match &self.assigned {
            Some(assigned) => assigned.iter().map(|(_, id)| *id).collect(),
            None => snapshot.assigned.clone(),
        };
        let sharing = Sharing { assigned, is_global: self.is_global.unwrap_or(snapshot.is_global) };
        match snapshot.sharing_changes(&sharing).count() {
            count if count > MAX_SHARING_CHANGES => Err(ApiError::refused(
                "/assignedOrgIds",
                format!(
                    "this changes access in {count} places; at most {MAX_SHARING_CHANGES} change at once, so do it in steps"
                ),
            )),
            _ => Ok(sharing),
        }
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
