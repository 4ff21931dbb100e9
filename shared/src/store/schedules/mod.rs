//! The schedules of refreshes. A snapshot's `REFRESH` item has its period, its next due time and, while it has a
//! period, the key under which the index `ALL` lists it. The outcome of refreshes is in the same item; this module does
//! not write it.

use std::collections::HashMap;

use crate::domain::{Fault, ObjectId, RefreshState, Schedule, Timestamp};
use crate::store::attributes::{DUE_AT, EVERY, SOURCE_ORGANIZATION};
use crate::store::keys::{self, ALL, PK, SK};
use crate::store::record;
use crate::store::snapshots::revision_record::{RefreshRecord, due_at};
use crate::store::table::Table;
use crate::store::table::change::{Change, text};
use crate::store::table::outcome::{CallFailure, Item};
use crate::store::table::query::PartitionQuery;

/// The number of snapshots in one page: as many as one batch reads.
const PAGE: usize = 100;

/// A row of the index: a snapshot that was due when the row was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueRow {
    /// The snapshot.
    pub id: ObjectId,
    /// The source organization; `None` if it is unknown.
    pub organization: Option<ObjectId>,
}

/// A snapshot that is due.
#[derive(Debug, Clone, PartialEq)]
pub struct DueSnapshot {
    /// The snapshot.
    pub id: ObjectId,
    /// The source organization; `None` if it is unknown.
    pub organization: Option<ObjectId>,
    /// Its schedule.
    pub schedule: Schedule,
}

/// One page of the index.
#[derive(Debug, PartialEq)]
pub struct DuePage {
    /// The rows, longest due first.
    pub rows: Vec<DueRow>,
    /// The start of the next page; `None` at the end. A page may be empty and still not be the last.
    pub next: Option<String>,
}

/// The schedules of some rows.
#[derive(Debug, Default, PartialEq)]
pub struct DueSchedules {
    /// The due ones, in the order of the rows.
    pub due: Vec<DueSnapshot>,
    /// The number of schedules that cannot be read, because another system wrote them wrongly. They do not hold up the
    /// others.
    pub unreadable: usize,
}

/// Finds due snapshots, and sets their next due time.
pub struct Schedules<'a>(&'a Table);

impl<'a> Schedules<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Returns the partitions that hold scheduled snapshots.
    pub fn shards() -> Vec<String> {
        keys::refresh_shards().collect()
    }

    /// Reads one page of the snapshots in a partition that are due at `now`, starting at `from`, which is `next` of the
    /// page before. The index may be stale, so the rows are only hints. One read; one more if a row does not tell its
    /// organization.
    pub async fn page(&self, shard: &str, now: Timestamp, from: Option<&str>) -> Result<DuePage, Fault> {
        // Text order is time order, and this sorts after everything of that moment.
        let to = after(&now.to_string());
        let query = PartitionQuery::of_index(&ALL, shard).at_most(PAGE);
        let query = match from {
            None => query.before(to.as_str()),
            Some(from) => query.between(from, &to),
        };
        let (items, more) = self.0.query(query).await?;
        let next = items.last().filter(|_| more.is_some()).map(|item| after(record::key_attribute(item, ALL.sk)));
        let row = |item: &Item| {
            let id = keys::parse_snapshot(record::partition_key(item))?;
            Some(DueRow { id, organization: keys::parse_due_organization(record::key_attribute(item, ALL.sk)) })
        };
        let mut rows: Vec<DueRow> = items.iter().filter_map(row).collect();
        self.add_organizations(&mut rows).await?;
        Ok(DuePage { rows, next })
    }

    /// Reads the schedules of at most one page of rows, and returns those that are due at `now`. One read.
    pub async fn load(&self, rows: &[DueRow], now: Timestamp) -> Result<DueSchedules, Fault> {
        let ids: Vec<_> = rows.iter().map(|row| row.id).collect();
        let (mut schedules, unreadable) = self.read(&ids).await?;
        let due = rows.iter().filter_map(|row| {
            let schedule = schedules.remove(&row.id).filter(|schedule| schedule.due_at <= now)?;
            Some(DueSnapshot { id: row.id, organization: row.organization, schedule })
        });
        Ok(DueSchedules { due: due.collect(), unreadable })
    }

    /// Sets the next due time of a snapshot, unless its schedule was changed or ended. Returns whether it was set.
    pub async fn reschedule(&self, due: &DueSnapshot, to: Timestamp) -> Result<bool, Fault> {
        let unchanged = Change::of_existing().when(DUE_AT, text(due.schedule.due_at));
        let moved = due_at(unchanged, &due.id, due.organization.as_ref(), to);
        match self.0.change(&keys::refresh(&due.id), &moved).await {
            Ok(()) => Ok(true),
            // Another run set it, or a retry after a lost answer finds its own write. Either way it is set once.
            Err(CallFailure::ConditionFailed(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// Looks up the organization of rows without one. The next due time adds it to the row.
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

    /// Returns the schedules of these snapshots, and the number of those that cannot be read.
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

/// Returns the schedule in a `REFRESH` item; `None` if it has none.
fn schedule(item: Item) -> Result<Option<Schedule>, Fault> {
    Ok(RefreshState::from(record::read::<RefreshRecord>(item)?).schedule)
}

/// Returns the text that sorts right after everything with this prefix.
fn after(position: &str) -> String {
    format!("{position}~")
}
