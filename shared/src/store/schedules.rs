//! When snapshots are to be captured again. A snapshot's `REFRESH` item carries its period, when it is due next, and, as long as
//! it has a period, the key under which the index `ALL` finds what is due. What came of a refresh stands in the same item and
//! is written by others: nothing here touches that.

use std::collections::HashMap;

use super::change::{Change, text};
use super::keys::{self, ALL, PK, SK};
use super::outcome::{CallFailure, Item};
use super::record::{self, Record, TYPE};
use super::revision_record::{DUE_AT, EVERY, REFRESH_DETAIL, RefreshRecord, unscheduled};
use super::table::{IndexPart, Range, Table};
use crate::domain::{Fault, ObjectId, RefreshState, Schedule, ScheduleChange, Timestamp};

/// How many snapshots one page of what is due has: as many as one batch reads.
const PAGE: usize = 100;

/// A snapshot that is due.
#[derive(Debug, Clone, PartialEq)]
pub struct DueSnapshot {
    /// The snapshot.
    pub id: ObjectId,
    /// Its schedule.
    pub schedule: Schedule,
}

/// One page of what is due.
#[derive(Debug, PartialEq)]
pub struct DuePage {
    /// The snapshots, longest due first.
    pub due: Vec<DueSnapshot>,
    /// Where the next page begins; `None` where there is none. A page may be empty and still not be the last.
    pub next: Option<String>,
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

    /// One page of what is due in a partition at `now`, from where the page before said that this one begins. The index tells
    /// only where to look, since it may be a moment old. Two reads.
    pub async fn due(&self, shard: &str, now: Timestamp, from: Option<&str>) -> Result<DuePage, Fault> {
        // Text order is time order, and this sorts after everything of that very moment.
        let to = after(&now.to_string());
        let range = Range::EarliestFirst { from, to: &to };
        let (items, more) = self.0.query_index(&IndexPart { index: &ALL, pk: shard, range, limit: PAGE }).await?;
        let ids: Vec<_> = items.iter().filter_map(|item| keys::parse_snapshot(record::partition_key(item))).collect();
        let next = items.last().filter(|_| more).map(|item| after(record::key_attribute(item, ALL.sk)));
        let (mut schedules, unreadable) = self.read(&ids).await?;
        let due = ids.into_iter().filter_map(|id| Some(DueSnapshot { id, schedule: schedules.remove(&id)? }));
        Ok(DuePage { due: due.filter(|due| due.schedule.due_at <= now).collect(), next, unreadable })
    }

    /// Moves a snapshot that was due on to the moment `to`, unless its schedule is another one by now, or gone. Whether it was
    /// moved.
    pub async fn move_on(&self, due: &DueSnapshot, to: Timestamp) -> Result<bool, Fault> {
        let moved = due_at(Change::of_existing().when(DUE_AT, text(due.schedule.due_at)), &due.id, to);
        match self.0.change(&keys::refresh(&due.id), &moved).await {
            Ok(()) => Ok(true),
            // Somebody else moved it, or a repeated try met its own work: either way it is moved, but not twice.
            Err(CallFailure::ConditionFailed(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
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
pub(super) fn changed(id: &ObjectId, change: &ScheduleChange) -> Option<Change> {
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
            Some(due_at(set, id, *due))
        }
        ScheduleChange::End => Some(unscheduled(Change::of_existing())),
    }
}

fn due_at(change: Change, id: &ObjectId, due: Timestamp) -> Change {
    change.set(DUE_AT, text(due)).list(&ALL, keys::refresh_shard(id), keys::by_time(due, id))
}

/// The schedule in a `REFRESH` item; `None` where it has none.
fn schedule(item: Item) -> Result<Option<Schedule>, Fault> {
    Ok(RefreshState::from(record::read::<RefreshRecord>(item)?).schedule)
}

/// What sorts right after everything that begins with this.
fn after(position: &str) -> String {
    format!("{position}~")
}
