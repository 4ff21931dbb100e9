//! A snapshot as the API shows it.

use std::borrow::Cow;

use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::sharing::SnapshotTag;
use crate::domain::{
    Counts, Description, Email, FullName, ObjectId, RefreshPeriod, RefreshState, RefreshStatus, Role, Schedule,
    Snapshot, SnapshotName, Timestamp,
};

/// A snapshot: what was captured, from whom, by whom, and who sees it. A field that has no value is left out.
// Names are texts of any kind here: rules for names are rules of requests, and what is stored is shown as it is.
// Field for field in the order of the customer's page.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Snapshot)]
pub struct SnapshotDocument<'a> {
    /// Its id, for the path of every other route.
    #[serde(rename = "_id")]
    id: ObjectId,
    /// What it is called in a snapshot picker. Two snapshots may have one name.
    #[schema(value_type = String)]
    name: &'a SnapshotName,
    /// What it captures, in somebody's words.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    description: Option<&'a Description>,
    /// The organization of the user who was captured.
    source_org_id: ObjectId,
    /// That organization's name when the setup was last captured.
    source_org_name: &'a str,
    /// The address of the user who was captured.
    #[schema(value_type = Email)]
    source_user_email: Cow<'a, str>,
    /// That user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    source_user_name: Option<&'a FullName>,
    /// How many items it holds.
    counts: Counts,
    /// Who made the snapshot.
    created_by: ObjectId,
    /// That user's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    created_by_name: Option<&'a FullName>,
    /// That user's role when the snapshot was made.
    created_by_role: Role,
    /// Whether every organization sees it.
    is_global: bool,
    /// The organizations that see it; the source's own only while it is among them.
    assigned_org_ids: &'a [ObjectId],
    /// When it was made.
    created_at: Timestamp,
    /// When its name, description or access last changed.
    updated_at: Timestamp,
    /// Which state of the snapshot this is, as in the `ETag` of the answer: send it as `If-Match` with a change.
    version: String,
    /// Which revision its content is; the first is 1.
    revision: u32,
    /// When that revision was made.
    revised_at: Timestamp,
    /// The revision that other organizations see; left out where they see none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    shared_revision: Option<u32>,
    /// When that was shared; left out where none is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    shared_at: Option<Timestamp>,
    /// True where each further revision is shared as soon as it is made; left out where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    follow: Option<bool>,
    /// The schedule of its automatic refreshes; left out if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refresh: Option<ScheduleDocument>,
    /// When its content was last found to be, or made to be, what the source user has; left out before the first refresh.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_refreshed_at: Option<Timestamp>,
    /// What the last refresh came to; left out before the first one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refresh_status: Option<RefreshStatus>,
    /// The same in words, where there is something to say.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    refresh_detail: Option<String>,
}

/// A snapshot's schedule.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = RefreshSchedule)]
struct ScheduleDocument {
    /// How often, as it was sent.
    every: RefreshPeriod,
    /// When next. It happens some minutes later.
    next_at: Timestamp,
}

impl<'a> SnapshotDocument<'a> {
    /// Returns the snapshot as somebody sees it for whom `tag` tells its states apart.
    pub fn new(snapshot: &'a Snapshot, tag: SnapshotTag) -> Self {
        let Snapshot { source, creator, .. } = snapshot;
        let shared = snapshot.shared();
        Self {
            id: snapshot.id,
            name: &snapshot.name,
            description: snapshot.description.as_ref(),
            source_org_id: source.organization,
            source_org_name: &source.organization_name,
            source_user_email: source.user_email.shown(),
            source_user_name: source.user_name.as_ref(),
            counts: snapshot.counts,
            created_by: creator.id,
            created_by_name: creator.name.as_ref(),
            created_by_role: creator.role,
            is_global: snapshot.is_global,
            assigned_org_ids: &snapshot.assigned,
            created_at: snapshot.created_at,
            updated_at: snapshot.updated_at,
            version: tag.to_string(),
            revision: snapshot.revision,
            revised_at: snapshot.revised_at,
            shared_revision: shared.as_ref().map(|shared| shared.revision),
            shared_at: shared.as_ref().map(|shared| shared.at),
            follow: snapshot.shares.follow.then_some(true),
            refresh: None,
            last_refreshed_at: None,
            refresh_status: None,
            refresh_detail: None,
        }
    }

    /// With what is known of the snapshot's refreshes.
    #[must_use]
    pub fn refreshed(self, state: Option<RefreshState>) -> Self {
        let state = state.unwrap_or_default();
        let schedule = |schedule: Schedule| ScheduleDocument { every: schedule.every, next_at: schedule.due_at };
        Self {
            refresh: state.schedule.map(schedule),
            last_refreshed_at: state.last_refreshed_at,
            refresh_status: state.status,
            refresh_detail: state.detail,
            ..self
        }
    }
}
