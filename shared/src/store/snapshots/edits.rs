//! Changes a snapshot's own fields: name, description, sharing. Deletes snapshots.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::revision_record::schedule_change;
use super::shared_record::{keep_shared, write_shares};
use super::snapshot_record::read_snapshot;
use super::visibility::{self, Visibility};
use crate::domain::snapshot::Shares;
use crate::domain::{Description, Fault, ObjectId, ScheduleChange, Sharing, Snapshot, SnapshotName, Timestamp};
use crate::store::MAX_TRANSACTION_ITEMS;
use crate::store::attributes::{
    ASSIGNED_ORGANIZATIONS, CONTENT, CONTENT_HASH, COUNTS, CREATED_BY_NAME, CREATED_BY_ORG_ID, CREATED_BY_ROLE,
    DELETED_AT, DELETED_BY, DESCRIPTION, FOLLOW, IS_GLOBAL, NAME, OLDEST_KEPT, RESTORED_FROM, REVISED_AT, REVISION,
    SHARED, SHARED_BEFORE, SOURCE_ORGANIZATION_NAME, SOURCE_USER_EMAIL, SOURCE_USER_ID, SOURCE_USER_NAME, UPDATED_AT,
    VERSION,
};
use crate::store::keys::{self, ALL, LIST};
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::change::{Change, number, text};
use crate::store::table::outcome::{CallFailure, Item};

/// The outcome of a change of a snapshot.
#[derive(Debug, PartialEq)]
pub enum EditOutcome {
    /// The change is written. Contains the snapshot after it; after a deletion, the snapshot before it.
    Done(Box<Snapshot>),
    /// The snapshot was changed or deleted since it was read. Nothing is written.
    Conflict,
}

/// A change of name, description or schedule.
#[derive(Debug, Clone, Default)]
pub struct SnapshotEdit {
    /// The new name; `None` keeps the name.
    pub name: Option<SnapshotName>,
    /// The new description; `None` keeps the description.
    pub description: Option<Description>,
    /// The change of the schedule.
    pub schedule: ScheduleChange,
}

/// Changes snapshots. Each change makes the next version, on the condition that the snapshot is not deleted and has the
/// version that was read.
pub struct SnapshotEditor<'a>(&'a Table);

impl<'a> SnapshotEditor<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Changes name, description or schedule. One conditional update, or one transaction if the schedule changes, which
    /// is stored in its own item.
    pub async fn rename(&self, snapshot: &Snapshot, edit: &SnapshotEdit, now: Timestamp) -> Result<EditOutcome, Fault> {
        let mut renamed = next(snapshot, now);
        let mut change = keep_shared(next_version(snapshot).set(UPDATED_AT, text(now)), snapshot)?;
        if let Some(name) = &edit.name {
            change = change.set(NAME, text(name));
            renamed.name = name.clone();
        }
        if let Some(description) = &edit.description {
            change = change.set(DESCRIPTION, text(description));
            renamed.description = Some(description.clone());
        }
        if let Some(schedule) = schedule_change(snapshot, &edit.schedule) {
            let own = self.0.change_in_transaction(&keys::snapshot(&snapshot.id), &change)?;
            let schedule = self.0.change_in_transaction(&keys::refresh(&snapshot.id), &schedule)?;
            return self.run_all(vec![own, schedule], renamed).await;
        }
        match self.run(snapshot, change).await? {
            UpdateOutcome::Done => Ok(EditOutcome::Done(Box::new(renamed))),
            // A retry after a lost answer finds its own write.
            UpdateOutcome::Refused(Some(existing)) if !record::is_tombstone(&existing) => {
                let existing = read_snapshot(snapshot.id, existing)?;
                // A refresh may have written since. Only fields that a refresh never writes are compared.
                let own = |it: &Snapshot| (it.version, it.updated_at, it.name.clone(), it.description.clone());
                Ok(if own(&existing) == own(&renamed) {
                    EditOutcome::Done(Box::new(existing))
                } else {
                    EditOutcome::Conflict
                })
            }
            UpdateOutcome::Refused(_) => Ok(EditOutcome::Conflict),
        }
    }

    /// Changes who sees `snapshot`, and which revision. One transaction if the visibility items fit it; otherwise
    /// further transactions write them.
    pub async fn share(
        &self,
        snapshot: &Snapshot,
        sharing: Sharing,
        shares: Shares,
        now: Timestamp,
    ) -> Result<EditOutcome, Fault> {
        let id = &snapshot.id;
        let Sharing { assigned, is_global } = sharing;
        let then = Snapshot { assigned, is_global, shares, ..next(snapshot, now) };
        // The caller has not seen a revision that was made since.
        let own = next_version(snapshot)
            .when(REVISION, number(snapshot.revision.into()))
            .set(UPDATED_AT, text(now))
            .set(ASSIGNED_ORGANIZATIONS, AttributeValue::L(then.assigned.iter().map(text).collect()))
            .set(IS_GLOBAL, AttributeValue::Bool(then.is_global));
        let own = match then.is_seen_by_its_source() {
            true => {
                let by_time = keys::by_time(snapshot.created_at, id);
                own.list(&LIST, keys::listed_for(&snapshot.source.organization), by_time)
            }
            false => own.unlist(&LIST),
        };
        let own = write_shares(own, &then.shares)?;
        let rows_of_lists = Visibility::new(self.0);
        let rows = rows_of_lists.writes(snapshot, &then, now, MAX_TRANSACTION_ITEMS - 1)?;
        let own = self.0.change_in_transaction(&keys::snapshot(id), &own)?;
        let edited = self.run_all([vec![own], rows.at_once].concat(), then).await?;
        if let (EditOutcome::Done(then), true) = (&edited, rows.is_partial)
            && let Err(error) = rows_of_lists.settle(then, visibility::sharing_mark(then)).await
        {
            tracing::warn!(snapshot = %id, %error, "a sweep will write the missing rows");
        }
        Ok(edited)
    }

    /// Deletes `snapshot`: leaves a tombstone with its ids and a sweep key, under which a sweep finds and deletes the
    /// rest. One conditional update, and one more call if other organizations list it.
    pub async fn delete(&self, snapshot: &Snapshot, by: ObjectId, now: Timestamp) -> Result<EditOutcome, Fault> {
        let tombstone = next_version(snapshot)
            .set(DELETED_AT, text(now))
            .set(DELETED_BY, text(by))
            .list(&ALL, keys::sweep_shard(&snapshot.id), keys::by_time(now, &snapshot.id))
            .unlist(&LIST);
        let change = REMOVED_ATTRIBUTES.into_iter().fold(tombstone, Change::remove);
        match self.run(snapshot, change).await? {
            UpdateOutcome::Done => {}
            // A retry after a lost answer finds its own deletion, by this user at this time.
            UpdateOutcome::Refused(Some(existing))
                if existing.get(DELETED_AT) == Some(&text(now)) && existing.get(DELETED_BY) == Some(&text(by)) => {}
            UpdateOutcome::Refused(_) => return Ok(EditOutcome::Conflict),
        }
        if let Err(error) = Visibility::new(self.0).delete_all(snapshot).await {
            tracing::warn!(snapshot = %snapshot.id, %error, "a sweep will write the missing rows");
        }
        Ok(EditOutcome::Done(Box::new(snapshot.clone())))
    }

    /// Runs a transaction after which the snapshot is `then`.
    async fn run_all(&self, items: Vec<TransactWriteItem>, then: Snapshot) -> Result<EditOutcome, Fault> {
        match self.0.transact(items).await {
            Ok(()) => Ok(EditOutcome::Done(Box::new(then))),
            Err(CallFailure::Cancelled(_)) => Ok(EditOutcome::Conflict),
            Err(other) => Err(other.into()),
        }
    }

    async fn run(&self, snapshot: &Snapshot, change: Change) -> Result<UpdateOutcome, Fault> {
        match self.0.change(&keys::snapshot(&snapshot.id), &change).await {
            Ok(()) => Ok(UpdateOutcome::Done),
            Err(CallFailure::ConditionFailed(existing)) => Ok(UpdateOutcome::Refused(existing)),
            Err(other) => Err(other.into()),
        }
    }
}

/// The attributes that a deletion removes.
const REMOVED_ATTRIBUTES: [&str; 21] = [
    CONTENT,
    CONTENT_HASH,
    NAME,
    DESCRIPTION,
    SOURCE_ORGANIZATION_NAME,
    SOURCE_USER_ID,
    SOURCE_USER_EMAIL,
    SOURCE_USER_NAME,
    COUNTS,
    CREATED_BY_ORG_ID,
    CREATED_BY_NAME,
    CREATED_BY_ROLE,
    ASSIGNED_ORGANIZATIONS,
    IS_GLOBAL,
    UPDATED_AT,
    REVISED_AT,
    RESTORED_FROM,
    SHARED,
    SHARED_BEFORE,
    FOLLOW,
    OLDEST_KEPT,
];

enum UpdateOutcome {
    Done,
    /// The condition did not hold. Contains the existing item.
    Refused(Option<Item>),
}

/// Returns the snapshot with the next version and time of change.
fn next(snapshot: &Snapshot, now: Timestamp) -> Snapshot {
    Snapshot { updated_at: now, version: snapshot.version + 1, ..snapshot.clone() }
}

/// Returns a change to the next version, on the condition that the snapshot has the version that was read. A tombstone
/// keeps its version, so the absence of `deletedAt` is a condition, too.
fn next_version(snapshot: &Snapshot) -> Change {
    Change::of_existing()
        .when_absent(DELETED_AT)
        .when(VERSION, number(snapshot.version))
        .set(VERSION, number(snapshot.version + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::Content;
    use crate::domain::snapshot::ContentAddress;
    use crate::domain::{Counts, Creator, Email, FullName, Role, Source};
    use crate::store::snapshots::packing::PackedContent;
    use crate::store::snapshots::snapshot_record::{SNAPSHOT_ATTRIBUTES, snapshot_item};

    fn snapshot() -> Snapshot {
        let (organization, user) = (ObjectId::from_bytes([1; 12]), ObjectId::from_bytes([2; 12]));
        let name = FullName::parse("Alex").unwrap();
        Snapshot {
            id: ObjectId::from_bytes([3; 12]),
            name: SnapshotName::parse("Q2").unwrap(),
            description: Some(Description::parse("all of it").unwrap()),
            source: Source {
                organization,
                organization_name: "Acme".into(),
                user,
                user_email: Email::parse("alex@acme.example").unwrap(),
                user_name: Some(name.clone()),
            },
            counts: Counts::default(),
            creator: Creator { id: user, organization, name: Some(name), role: Role::Admin },
            is_global: false,
            assigned: vec![organization],
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
            revision: 2,
            revised_at: Timestamp::from_millis(0),
            restored_from: Some(1),
            version: 7,
            content: ContentAddress::default(),
            shares: Shares::default(),
        }
    }

    /// Returns the item of a snapshot with every possible attribute.
    fn whole_item() -> Item {
        let packed = PackedContent::pack(&Content::default()).unwrap();
        let mut item = snapshot_item(&snapshot(), &packed, None).unwrap();
        for name in [SHARED, SHARED_BEFORE, FOLLOW, OLDEST_KEPT] {
            item.insert(name.to_owned(), number(1));
        }
        item
    }

    #[test]
    fn a_tombstone_keeps_of_a_whole_snapshot_only_what_tells_that_it_was_there() {
        let item = whole_item();
        let mut kept: Vec<_> =
            item.keys().map(String::as_str).filter(|name| !REMOVED_ATTRIBUTES.contains(name)).collect();
        kept.sort_unstable();
        let keys = ["ALLPK", "ALLSK", "LISTPK", "LISTSK", "PK", "SK"];
        assert_eq!(
            kept,
            [&keys[..], &["createdAt", "createdBy", "revision", "sourceOrgId", "type", "version"]].concat()
        );
        assert!(
            REMOVED_ATTRIBUTES.iter().all(|name| item.contains_key(*name)),
            "something is removed that no snapshot has"
        );
    }

    #[test]
    fn a_read_without_content_reads_every_other_attribute() {
        let item = whole_item();
        let aside = ["ALLPK", "ALLSK", "LISTPK", "LISTSK", "PK", "SK", "type", "content"];
        let mut expected: Vec<_> = item.keys().map(String::as_str).filter(|name| !aside.contains(name)).collect();
        expected.extend([crate::store::attributes::CHUNKS, DELETED_AT, DELETED_BY]);
        expected.sort_unstable();
        let mut read = SNAPSHOT_ATTRIBUTES;
        read.sort_unstable();
        assert_eq!(read[..], expected[..]);
    }
}
