//! Changes of a snapshot's own fields: its name, who sees it, its end.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::revision_record::CONTENT_HASH;
use super::shared_record::{FOLLOW, OLDEST_KEPT, SHARED, SHARED_BEFORE, keep_shared, write_shares};
use super::snapshot_record::{DELETED_AT, DELETED_BY, is_tombstone, read_snapshot};
use super::visibility::{self, Visibility};
use crate::domain::sharing::Shares;
use crate::domain::{Description, Fault, ObjectId, ScheduleChange, Sharing, Snapshot, SnapshotName, Timestamp};
use crate::store::MAX_TRANSACTION_ITEMS;
use crate::store::keys::{self, ALL, LIST};
use crate::store::record;
use crate::store::schedules;
use crate::store::table::Table;
use crate::store::table::change::{Change, number, text};
use crate::store::table::outcome::{CallFailure, Item};

/// What came of a change that relies on a snapshot as it was read.
#[derive(Debug, PartialEq)]
pub enum Edited {
    /// It is written. What the snapshot is now; after a deletion, what it was.
    Done(Box<Snapshot>),
    /// Somebody changed or deleted the snapshot since it was read. Nothing is written.
    Moved,
}

/// A new name, a new description, another schedule, or several of them.
#[derive(Debug, Clone, Default)]
pub struct Renaming {
    /// The name; stays as it is where absent.
    pub name: Option<SnapshotName>,
    /// The description; stays as it is where absent.
    pub description: Option<Description>,
    /// What becomes of the schedule.
    pub schedule: ScheduleChange,
}

/// Changes snapshots. Every change is conditioned on the version that was read and on the snapshot not being deleted, and
/// makes the next version.
pub struct SnapshotEditor<'a>(&'a Table);

impl<'a> SnapshotEditor<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Gives `snapshot` another name, description or schedule. One conditional update, or one transaction where the schedule,
    /// which stands in an item of its own, changes.
    pub async fn rename(&self, snapshot: &Snapshot, renaming: &Renaming, now: Timestamp) -> Result<Edited, Fault> {
        let mut renamed = next(snapshot, now);
        let mut change = keep_shared(next_version(snapshot).set("updatedAt", text(now)), snapshot)?;
        if let Some(name) = &renaming.name {
            change = change.set("name", text(name));
            renamed.name = name.clone();
        }
        if let Some(description) = &renaming.description {
            change = change.set("description", text(description));
            renamed.description = Some(description.clone());
        }
        if let Some(schedule) = schedules::changed(snapshot, &renaming.schedule) {
            let own = self.0.change_in_transaction(&keys::snapshot(&snapshot.id), &change)?;
            let schedule = self.0.change_in_transaction(&keys::refresh(&snapshot.id), &schedule)?;
            return self.run_all(vec![own, schedule], renamed).await;
        }
        match self.run(snapshot, change).await? {
            Ran::Done => Ok(Edited::Done(Box::new(renamed))),
            // The SDK repeated an update whose answer was lost, and met its own work.
            Ran::Met(Some(met)) if !is_tombstone(&met) => {
                let met = read_snapshot(snapshot.id, met)?;
                // A refresh may have come between: of what it writes nothing is compared.
                let own = |it: &Snapshot| (it.version, it.updated_at, it.name.clone(), it.description.clone());
                Ok(if own(&met) == own(&renamed) { Edited::Done(Box::new(met)) } else { Edited::Moved })
            }
            Ran::Met(_) => Ok(Edited::Moved),
        }
    }

    /// Shares `snapshot` as `sharing` says, and of it what `shares` says. One transaction where what makes it visible fits;
    /// where it does not, that follows.
    pub async fn share(
        &self,
        snapshot: &Snapshot,
        sharing: Sharing,
        shares: Shares,
        now: Timestamp,
    ) -> Result<Edited, Fault> {
        let id = &snapshot.id;
        let Sharing { assigned, is_global } = sharing;
        let then = Snapshot { assigned, is_global, shares, ..next(snapshot, now) };
        // A revision that came meanwhile was not looked at.
        let own = next_version(snapshot)
            .when("revision", number(snapshot.revision.into()))
            .set("updatedAt", text(now))
            .set("assignedOrgIds", AttributeValue::L(then.assigned.iter().map(text).collect()))
            .set("isGlobal", AttributeValue::Bool(then.is_global));
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
        if let (Edited::Done(then), true) = (&edited, rows.is_partial)
            && let Err(error) = rows_of_lists.settle(then, visibility::mark(then)).await
        {
            tracing::warn!(snapshot = %id, %error, "rows of lists are left to the sweep");
        }
        Ok(edited)
    }

    /// Turns `snapshot` into a tombstone: nothing of what it showed or held, only what tells that it was there, and a key
    /// under which the rest is found and swept. One conditional update, and one more call where other organizations list it.
    pub async fn delete(&self, snapshot: &Snapshot, by: ObjectId, now: Timestamp) -> Result<Edited, Fault> {
        let tombstone = next_version(snapshot)
            .set(DELETED_AT, text(now))
            .set(DELETED_BY, text(by))
            .list(&ALL, keys::sweep_shard(&snapshot.id), keys::by_time(now, &snapshot.id))
            .unlist(&LIST);
        let change = GONE.into_iter().fold(tombstone, Change::remove);
        match self.run(snapshot, change).await? {
            Ran::Done => {}
            // Again the SDK's own repetition: deleted by this user at this very time.
            Ran::Met(Some(met))
                if met.get(DELETED_AT) == Some(&text(now)) && met.get(DELETED_BY) == Some(&text(by)) => {}
            Ran::Met(_) => return Ok(Edited::Moved),
        }
        if let Err(error) = Visibility::new(self.0).drop_all(snapshot).await {
            tracing::warn!(snapshot = %snapshot.id, %error, "rows of lists are left to the sweep");
        }
        Ok(Edited::Done(Box::new(snapshot.clone())))
    }

    /// Carries out a transaction that makes a snapshot what it is `then`.
    async fn run_all(&self, items: Vec<TransactWriteItem>, then: Snapshot) -> Result<Edited, Fault> {
        match self.0.transact(items).await {
            Ok(()) => Ok(Edited::Done(Box::new(then))),
            Err(CallFailure::Cancelled(_)) => Ok(Edited::Moved),
            Err(other) => Err(other.into()),
        }
    }

    async fn run(&self, snapshot: &Snapshot, change: Change) -> Result<Ran, Fault> {
        match self.0.change(&keys::snapshot(&snapshot.id), &change).await {
            Ok(()) => Ok(Ran::Done),
            Err(CallFailure::ConditionFailed(met)) => Ok(Ran::Met(met)),
            Err(other) => Err(other.into()),
        }
    }
}

/// What a tombstone does not keep.
const GONE: [&str; 21] = [
    record::CONTENT,
    CONTENT_HASH,
    "name",
    "description",
    "sourceOrgName",
    "sourceUserId",
    "sourceUserEmail",
    "sourceUserName",
    "counts",
    "createdByOrgId",
    "createdByName",
    "createdByRole",
    "assignedOrgIds",
    "isGlobal",
    "updatedAt",
    "revisedAt",
    "restoredFrom",
    SHARED,
    SHARED_BEFORE,
    FOLLOW,
    OLDEST_KEPT,
];

enum Ran {
    Done,
    /// The condition did not hold; the item that was met.
    Met(Option<Item>),
}

/// The snapshot as a change at `now` leaves it, what the change is about aside.
fn next(snapshot: &Snapshot, now: Timestamp) -> Snapshot {
    Snapshot { updated_at: now, version: snapshot.version + 1, ..snapshot.clone() }
}

/// A change that makes the next version, on the condition that the snapshot is as it was read. A tombstone keeps its
/// version, hence the second part.
fn next_version(snapshot: &Snapshot) -> Change {
    Change::of_existing()
        .when_absent(DELETED_AT)
        .when("version", number(snapshot.version))
        .set("version", number(snapshot.version + 1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::content::Content;
    use crate::domain::sharing::ContentAddress;
    use crate::domain::{Counts, Creator, Email, FullName, Role, Source};
    use crate::store::snapshots::packing::Packed;
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

    /// The item of a snapshot with every attribute that one may have.
    fn whole_item() -> Item {
        let packed = Packed::pack(&Content::default()).unwrap();
        let mut item = snapshot_item(&snapshot(), &packed, None).unwrap();
        for name in [SHARED, SHARED_BEFORE, FOLLOW, OLDEST_KEPT] {
            item.insert(name.to_owned(), number(1));
        }
        item
    }

    #[test]
    fn a_tombstone_keeps_of_a_whole_snapshot_only_what_tells_that_it_was_there() {
        let item = whole_item();
        let mut kept: Vec<_> = item.keys().map(String::as_str).filter(|name| !GONE.contains(name)).collect();
        kept.sort_unstable();
        let keys = ["ALLPK", "ALLSK", "LISTPK", "LISTSK", "PK", "SK"];
        assert_eq!(
            kept,
            [&keys[..], &["createdAt", "createdBy", "revision", "sourceOrgId", "type", "version"]].concat()
        );
        assert!(GONE.iter().all(|name| item.contains_key(*name)), "something is removed that no snapshot has");
    }

    #[test]
    fn a_read_without_content_reads_every_other_attribute() {
        let item = whole_item();
        let aside = ["ALLPK", "ALLSK", "LISTPK", "LISTSK", "PK", "SK", "type", "content"];
        let mut expected: Vec<_> = item.keys().map(String::as_str).filter(|name| !aside.contains(name)).collect();
        expected.extend([record::CHUNKS, DELETED_AT, DELETED_BY]);
        expected.sort_unstable();
        let mut read = SNAPSHOT_ATTRIBUTES;
        read.sort_unstable();
        assert_eq!(read[..], expected[..]);
    }
}
