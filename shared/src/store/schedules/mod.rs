//! When snapshots are to be captured again. A snapshot's `REFRESH` item carries its period, when it is due next, and, as long as
//! it has a period, the key under which the index `ALL` finds what is due. What came of a refresh stands in the same item and
//! is written by others: nothing here touches that.

use std::collections::HashMap;

use crate::domain::{Fault, ObjectId, RefreshState, Schedule, ScheduleChange, Snapshot, Timestamp};
use crate::store::keys::{self, ALL, PK, SK};
use crate::store::record::{self, Record, TYPE};
use crate::store::snapshots::revision_record::{DUE_AT, EVERY, REFRESH_DETAIL, RefreshRecord, unscheduled};
use crate::store::table::change::{Change, text};
use crate::store::table::outcome::{CallFailure, Item};
use crate::store::table::{IndexPart, Range, Table};

/// How many snapshots one page of what is due has: as many as one batch reads.
const PAGE: usize = 100;
/// The attribute of a snapshot's own item that names the organization it was captured in.
const SOURCE_ORGANIZATION: &str = "sourceOrgId";

/// A row of the index: a snapshot that was due when the row was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueRow {
    /// The snapshot.
    pub id: ObjectId,
    /// The organization that it is captured in; `None` where nothing tells.
    pub organization: Option<ObjectId>,
}

/// A snapshot that is due.
#[derive(Debug, Clone, PartialEq)]
pub struct DueSnapshot {
    /// The snapshot.
    pub id: ObjectId,
    /// The organization that it is captured in; `None` where nothing tells.
    pub organization: Option<ObjectId>,
    /// Its schedule.
    pub schedule: Schedule,
}

/// One page of the index.
#[derive(Debug, PartialEq)]
pub struct DuePage {
    /// The rows, longest due first.
    pub rows: Vec<DueRow>,
    /// Where the next page begins; `None` where there is none. A page may be empty and still not be the last.
    pub next: Option<String>,
}

/// What rows of the index come to.
#[derive(Debug, Default, PartialEq)]
pub struct LoadedSchedules {
    /// Those that are due, in the order of the rows.
    pub due: Vec<DueSnapshot>,
    /// How many schedules could not be read, since somebody else wrote them wrongly. The others do not wait for that.
    pub unreadable: usize,
}

/// Finds what is due, and moves it on.
pub struct Schedules<'a>(&'a Table);

impl<'a> Schedules<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// The partitions in which scheduled snapshots are found.
    pub fn shards() -> Vec<String> {
        keys::refresh_shards().collect()
    }

    /// Reads one page of what is due in a partition at `now`, from where the page before said that this one begins. The index tells
    /// only where to look, since it may be a moment old. One read, and one more where a row does not tell its organization.
    pub async fn page(&self, shard: &str, now: Timestamp, from: Option<&str>) -> Result<DuePage, Fault> {
        // Text order is time order, and this sorts after everything of that very moment.
        let to = after(&now.to_string());
        let range = Range::EarliestFirst { from, to: &to };
        let (items, more) = self.0.query_index(&IndexPart { index: &ALL, pk: shard, range, limit: PAGE }).await?;
        let next = items.last().filter(|_| more).map(|item| after(record::key_attribute(item, ALL.sk)));
        let row = |item: &Item| {
            let id = keys::parse_snapshot(record::partition_key(item))?;
            Some(DueRow { id, organization: keys::parse_due_organization(record::key_attribute(item, ALL.sk)) })
        };
        let mut rows: Vec<DueRow> = items.iter().filter_map(row).collect();
        self.add_organizations(&mut rows).await?;
        Ok(DuePage { rows, next })
    }

    /// Reads the schedules of these rows, at most a page of them, and keeps those that are due at `now`. One read.
    pub async fn load(&self, rows: &[DueRow], now: Timestamp) -> Result<LoadedSchedules, Fault> {
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let (mut schedules, unreadable) = self.read(&ids).await?;
        let due = rows.iter().filter_map(|row| {
            let schedule = schedules.remove(&row.id).filter(|schedule| schedule.due_at <= now)?;
            Some(DueSnapshot { id: row.id, organization: row.organization, schedule })
        });
        Ok(LoadedSchedules { due: due.collect(), unreadable })
    }

    /// Moves a snapshot that was due on to the moment `to`, unless its schedule is another one by now, or gone. Whether it was
    /// moved.
    pub async fn move_on(&self, due: &DueSnapshot, to: Timestamp) -> Result<bool, Fault> {
        let unchanged = Change::of_existing().when(DUE_AT, text(due.schedule.due_at));
        let moved = due_at(unchanged, &due.id, due.organization.as_ref(), to);
        match self.0.change(&keys::refresh(&due.id), &moved).await {
            Ok(()) => Ok(true),
            // Somebody else moved it, or a repeated try met its own work: either way it is moved, but not twice.
            Err(CallFailure::ConditionFailed(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// Looks up the organization of rows that do not tell it. They tell it once they are moved on.
    async fn add_organizations(&self, rows: &mut [DueRow]) -> Result<(), Fault> {
        let silent = rows.iter().filter(|row| row.organization.is_none());
        let keys: Vec<_> = silent.map(|row| keys::snapshot(&row.id)).collect();
        if keys.is_empty() {
            return Ok(());
        }
        let items = self.0.batch_get(&keys, &[PK, SOURCE_ORGANIZATION], false).await?;
        let organization = |item: &Item| {
            let id = keys::parse_snapshot(record::partition_key(item))?;
            Some((id, record::key_attribute(item, SOURCE_ORGANIZATION).parse::<ObjectId>().ok()?))
        };
        let known: HashMap<_, _> = items.iter().filter_map(organization).collect();
        for row in rows.iter_mut().filter(|row| row.organization.is_none()) {
            row.organization = known.get(&row.id).copied();
        }
        Ok(())
    }

    /// The schedules of those of these snapshots that have one, and how many cannot be read.
    async fn read(&self, ids: &[ObjectId]) -> Result<(HashMap<ObjectId, Schedule>, usize), Fault> {
        let keys: Vec<_> = ids.iter().map(keys::refresh).collect();
        let items = self.0.batch_get(&keys, &[PK, SK, EVERY, DUE_AT], true).await?;
        let (mut schedules, mut unreadable) = (HashMap::new(), 0);
        for item in items {
            let id = keys::parse_snapshot(record::partition_key(&item));
            match schedule(item) {
                Ok(schedule) => schedules.extend(id.zip(schedule)),
                Err(fault) => {
                    tracing::error!(%fault, "a schedule cannot be read");
                    unreadable += 1;
                }
            }
        }
        Ok((schedules, unreadable))
    }
}

/// What becomes of the `REFRESH` item when a schedule is changed, as part of the transaction that makes the snapshot's next
/// version; `None` where that item stays as it is.
pub(in crate::store) fn changed(snapshot: &Snapshot, change: &ScheduleChange) -> Option<Change> {
    match change {
        ScheduleChange::Keep => None,
        // It is the schedule that was read: it may have been stopped since, or be another one.
        ScheduleChange::Rewrite { was, every } => {
            Some(Change::of_existing().when(EVERY, text(was)).set(EVERY, text(every)))
        }
        ScheduleChange::Set(Schedule { every, due_at: due }) => {
            // Why there was none before is of no interest any more.
            let set =
                Change::default().set(TYPE, text(RefreshRecord::TYPE)).set(EVERY, text(every)).remove(REFRESH_DETAIL);
            Some(due_at(set, &snapshot.id, Some(&snapshot.source.organization), *due))
        }
        ScheduleChange::End => Some(unscheduled(Change::of_existing())),
    }
}

fn due_at(change: Change, id: &ObjectId, organization: Option<&ObjectId>, due: Timestamp) -> Change {
    change.set(DUE_AT, text(due)).list(&ALL, keys::refresh_shard(id), keys::due_by(due, id, organization))
}

/// The schedule in a `REFRESH` item; `None` where it has none.
fn schedule(item: Item) -> Result<Option<Schedule>, Fault> {
    Ok(RefreshState::from(record::read::<RefreshRecord>(item)?).schedule)
}

/// What sorts right after everything that begins with this.
fn after(position: &str) -> String {
    format!("{position}~")
}
