//! A snapshot's own item: source, access, sharing, and the location of its content.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::packing::PackedContent;
use super::revision_record::{ContentLocation, take_hash};
use super::shared_record;
use crate::domain::snapshot::{ContentAddress, Shares};
use crate::domain::{
    Counts, Creator, Description, Email, Fault, Fingerprint, FullName, ObjectId, Role, Snapshot, SnapshotName, Source,
    Timestamp,
};
use crate::store::attributes::{
    ASSIGNED_ORGANIZATIONS, CHUNKS, CONTENT, CONTENT_HASH, COUNTS, CREATED_AT, CREATED_BY, CREATED_BY_NAME,
    CREATED_BY_ORG_ID, CREATED_BY_ROLE, DELETED_AT, DELETED_BY, DESCRIPTION, FINGERPRINT, FOLLOW, IS_GLOBAL, NAME,
    OLDEST_KEPT, RESTORED_FROM, REVISED_AT, REVISION, SHARED, SHARED_BEFORE, SOURCE_ORGANIZATION,
    SOURCE_ORGANIZATION_NAME, SOURCE_USER_EMAIL, SOURCE_USER_ID, SOURCE_USER_NAME, UPDATED_AT, VERSION,
};
use crate::store::keys;
use crate::store::record::{self, Record, index};
use crate::store::table::outcome::Item;

/// A snapshot without its content.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SnapshotRecord {
    name: SnapshotName,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    description: Option<Description>,
    source_org_id: ObjectId,
    source_org_name: String,
    source_user_id: ObjectId,
    source_user_email: Email,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    source_user_name: Option<FullName>,
    counts: Counts,
    created_by: ObjectId,
    /// Absent on snapshots from before it was stored. Then it is the source's organization.
    #[serde(default)]
    created_by_org_id: Option<ObjectId>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    created_by_name: Option<FullName>,
    created_by_role: Role,
    is_global: bool,
    assigned_org_ids: Vec<ObjectId>,
    created_at: Timestamp,
    updated_at: Timestamp,
    revision: u32,
    /// Absent on snapshots from before there were revisions. Then it is the time of creation.
    #[serde(default)]
    revised_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    restored_from: Option<u32>,
    version: u64,
}

impl Record for SnapshotRecord {
    const TYPE: &'static str = "snapshot";
}

impl SnapshotRecord {
    fn new(snapshot: &Snapshot) -> Self {
        let Snapshot { source, creator, .. } = snapshot;
        Self {
            name: snapshot.name.clone(),
            description: snapshot.description.clone(),
            source_org_id: source.organization,
            source_org_name: source.organization_name.clone(),
            source_user_id: source.user,
            source_user_email: source.user_email.clone(),
            source_user_name: source.user_name.clone(),
            counts: snapshot.counts,
            created_by: creator.id,
            created_by_org_id: Some(creator.organization),
            created_by_name: creator.name.clone(),
            created_by_role: creator.role,
            is_global: snapshot.is_global,
            assigned_org_ids: snapshot.assigned.clone(),
            created_at: snapshot.created_at,
            updated_at: snapshot.updated_at,
            revision: snapshot.revision,
            revised_at: Some(snapshot.revised_at),
            restored_from: snapshot.restored_from,
            version: snapshot.version,
        }
    }

    fn into_snapshot(self, id: ObjectId, content: ContentAddress, shares: Shares) -> Snapshot {
        Snapshot {
            id,
            name: self.name,
            description: self.description,
            source: Source {
                organization: self.source_org_id,
                organization_name: self.source_org_name,
                user: self.source_user_id,
                user_email: self.source_user_email,
                user_name: self.source_user_name,
            },
            counts: self.counts,
            creator: Creator {
                id: self.created_by,
                organization: self.created_by_org_id.unwrap_or(self.source_org_id),
                name: self.created_by_name,
                role: self.created_by_role,
            },
            is_global: self.is_global,
            assigned: self.assigned_org_ids,
            created_at: self.created_at,
            updated_at: self.updated_at,
            revision: self.revision,
            revised_at: self.revised_at.unwrap_or(self.created_at),
            restored_from: self.restored_from,
            version: self.version,
            content,
            shares,
        }
    }
}

/// The attributes of a snapshot's own record, for reads without content. DynamoDB charges for the whole item all the
/// same; only the transfer is saved.
pub(in crate::store) const SNAPSHOT_ATTRIBUTES: [&str; 28] = [
    NAME,
    DESCRIPTION,
    SOURCE_ORGANIZATION,
    SOURCE_ORGANIZATION_NAME,
    SOURCE_USER_ID,
    SOURCE_USER_EMAIL,
    SOURCE_USER_NAME,
    COUNTS,
    CREATED_BY,
    CREATED_BY_ORG_ID,
    CREATED_BY_NAME,
    CREATED_BY_ROLE,
    IS_GLOBAL,
    ASSIGNED_ORGANIZATIONS,
    CREATED_AT,
    UPDATED_AT,
    REVISION,
    REVISED_AT,
    RESTORED_FROM,
    VERSION,
    CHUNKS,
    CONTENT_HASH,
    SHARED,
    SHARED_BEFORE,
    FOLLOW,
    OLDEST_KEPT,
    DELETED_AT,
    DELETED_BY,
];

/// Reads the item of a snapshot without its content. The item must not be a tombstone.
pub(in crate::store) fn read_snapshot(id: ObjectId, mut item: Item) -> Result<Snapshot, Fault> {
    item.remove(CONTENT);
    let chunks = match item.remove(CHUNKS) {
        Some(AttributeValue::N(count)) => {
            Some(count.parse().map_err(|_| Fault::Corrupt(format!("{id}: {count} chunks")))?)
        }
        _ => None,
    };
    let content = ContentAddress { hash: take_hash(&mut item)?, chunks };
    let shares = shared_record::take_shares(&mut item)?;
    Ok(record::read::<SnapshotRecord>(item)?.into_snapshot(id, content, shares))
}

/// Returns the item of a new snapshot with its content or the number of its chunks. Lists it for its source
/// organization and among all snapshots.
pub(in crate::store) fn snapshot_item(
    snapshot: &Snapshot,
    packed: &PackedContent,
    fingerprint: Option<&Fingerprint>,
) -> Result<Item, Fault> {
    let mut item = record::item(&keys::snapshot(&snapshot.id), &SnapshotRecord::new(snapshot))?;
    let (attribute, content) = ContentLocation::of(packed).attribute();
    item.insert(attribute.to_owned(), content);
    item.insert(CONTENT_HASH.to_owned(), AttributeValue::B(Blob::new(packed.hash)));
    item.extend(fingerprint.map(|fingerprint| (FINGERPRINT.to_owned(), AttributeValue::S(fingerprint.to_string()))));
    let by_time = keys::by_time(snapshot.created_at, &snapshot.id);
    if snapshot.is_seen_by_its_source() {
        index(&mut item, &keys::LIST, keys::listed_for(&snapshot.source.organization), by_time.clone());
    }
    index(&mut item, &keys::ALL, keys::shard(&snapshot.id), by_time);
    Ok(item)
}
