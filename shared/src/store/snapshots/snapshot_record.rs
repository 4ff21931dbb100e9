//! A snapshot's own item: who it belongs to and who sees it, what is shared of it, and where its content stands.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::packing::Packed;
use super::revision_record::{CONTENT_HASH, Held, take_hash};
use super::shared_record::{self, FOLLOW, OLDEST_KEPT, SHARED, SHARED_BEFORE};
use crate::domain::sharing::{ContentAddress, Shares};
use crate::domain::{
    Counts, Creator, Description, Email, Fault, Fingerprint, FullName, ObjectId, Role, Snapshot, SnapshotName, Source,
    Timestamp,
};
use crate::store::keys;
use crate::store::record::{self, CHUNKS, CONTENT, Record, index};
use crate::store::table::outcome::Item;

/// A snapshot, its content aside.
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
    /// Absent on snapshots that were made before it was kept; then it is the source's.
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
    /// Absent on snapshots that were made before they had revisions; then it is when they were made.
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

/// The attributes of a snapshot's own record, for reads that leave the content aside. DynamoDB charges for the whole item
/// all the same; what is saved is the way.
pub(in crate::store) const SNAPSHOT_ATTRIBUTES: [&str; 28] = [
    "name",
    "description",
    "sourceOrgId",
    "sourceOrgName",
    "sourceUserId",
    "sourceUserEmail",
    "sourceUserName",
    "counts",
    "createdBy",
    "createdByOrgId",
    "createdByName",
    "createdByRole",
    "isGlobal",
    "assignedOrgIds",
    "createdAt",
    "updatedAt",
    "revision",
    "revisedAt",
    "restoredFrom",
    "version",
    CHUNKS,
    CONTENT_HASH,
    SHARED,
    SHARED_BEFORE,
    FOLLOW,
    OLDEST_KEPT,
    DELETED_AT,
    DELETED_BY,
];

/// When a snapshot was deleted. An item that has it is a tombstone: every read treats it as missing, every write is
/// conditioned on its absence.
pub(in crate::store) const DELETED_AT: &str = "deletedAt";
/// The user who deleted a snapshot.
pub(in crate::store) const DELETED_BY: &str = "deletedBy";

/// Whether a snapshot's item stands for one that was deleted.
pub(in crate::store) fn is_tombstone(item: &Item) -> bool {
    item.contains_key(DELETED_AT)
}

/// Reads the item of a snapshot that is no tombstone; its content is left aside.
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

/// What the request asked for that made a snapshot under an Idempotency-Key.
pub(in crate::store) const FINGERPRINT: &str = "fingerprint";

/// The item of a new snapshot, listed for its source organization and among all snapshots: with its content, or with the
/// number of the chunks that hold it.
pub(in crate::store) fn snapshot_item(
    snapshot: &Snapshot,
    packed: &Packed,
    fingerprint: Option<&Fingerprint>,
) -> Result<Item, Fault> {
    let mut item = record::item(&keys::snapshot(&snapshot.id), &SnapshotRecord::new(snapshot))?;
    let (attribute, content) = Held::of(packed).attribute();
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
