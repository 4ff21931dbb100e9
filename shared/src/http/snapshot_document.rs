//! A snapshot as the API shows it.

use serde::Serialize;

use crate::domain::{Counts, Description, Email, FullName, ObjectId, Role, Snapshot, SnapshotName, Timestamp};

/// The snapshot document, field for field in the order of the customer's page. What is absent is left out.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SnapshotDocument<'a> {
    #[serde(rename = "_id")]
    id: ObjectId,
    name: &'a SnapshotName,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a Description>,
    source_org_id: ObjectId,
    source_org_name: &'a str,
    source_user_email: &'a Email,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_user_name: Option<&'a FullName>,
    counts: Counts,
    created_by: ObjectId,
    #[serde(skip_serializing_if = "Option::is_none")]
    created_by_name: Option<&'a FullName>,
    created_by_role: Role,
    is_global: bool,
    assigned_org_ids: &'a [ObjectId],
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl<'a> From<&'a Snapshot> for SnapshotDocument<'a> {
    fn from(snapshot: &'a Snapshot) -> Self {
        let Snapshot { source, creator, .. } = snapshot;
        Self {
            id: snapshot.id,
            name: &snapshot.name,
            description: snapshot.description.as_ref(),
            source_org_id: source.organization,
            source_org_name: &source.organization_name,
            source_user_email: &source.user_email,
            source_user_name: source.user_name.as_ref(),
            counts: snapshot.counts,
            created_by: creator.id,
            created_by_name: creator.name.as_ref(),
            created_by_role: creator.role,
            is_global: snapshot.is_global,
            assigned_org_ids: &snapshot.assigned,
            created_at: snapshot.created_at,
            updated_at: snapshot.updated_at,
        }
    }
}
