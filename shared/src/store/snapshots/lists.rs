//! Lists of snapshots, newest first, page by page.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::str::FromStr;

use futures_util::future::try_join_all;
use serde::Deserialize;

use super::snapshot_record::{SNAPSHOT_ATTRIBUTES, read_snapshot};
use crate::domain::rights::{Action, Reach, reach};
use crate::domain::sharing::RevisionChoice;
use crate::domain::{Counts, Email, Fault, ObjectId, Principal, Snapshot, SnapshotName, Timestamp, Violation};
use crate::store::keys::{self, ALL, IndexKeys, LIST, PK};
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::outcome::Item;
use crate::store::table::query::PartitionQuery;

/// How often a page reads more rows in place of dropped ones. After that it ends short, so that rows of many deleted
/// snapshots cannot keep a list from answering.
const ROUNDS: usize = 20;
/// The fewest rows that a further round reads.
const FURTHER_ROWS: usize = 100;

/// A position in a list. Lists are in the order of creation; the id breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    created_at: Timestamp,
    id: ObjectId,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&keys::by_time(self.created_at, &self.id))
    }
}

impl FromStr for Position {
    type Err = Violation;

    /// Reads what `Display` writes. Fails for any other spelling.
    fn from_str(text: &str) -> Result<Self, Violation> {
        let wrong = || Violation::malformed("this is not a position in a list");
        let (created_at, id) = text.split_once('#').ok_or_else(wrong)?;
        let position = Self { created_at: created_at.parse()?, id: id.parse()? };
        if position.to_string() == text { Ok(position) } else { Err(wrong()) }
    }
}

/// One page of a list.
#[derive(Debug, PartialEq)]
pub struct Page<T> {
    /// The rows, the newest first.
    pub rows: Vec<T>,
    /// The next page starts after this position. `None` at the end of the list.
    pub next: Option<Position>,
}

/// A snapshot as a list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct SnapshotRow {
    /// Its id.
    pub id: ObjectId,
    /// Its name.
    pub name: SnapshotName,
    /// The name of the organization that it comes from.
    pub source_organization_name: String,
    /// The address of the user whose setup it is.
    pub source_user_email: Email,
    /// How many items it holds.
    pub counts: Counts,
    /// Whether every organization sees it.
    pub is_global: bool,
}

/// A row of an index. A visibility item does not say whether the snapshot is global: it is if the row lists it for all
/// organizations.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::store) struct RowRecord {
    name: SnapshotName,
    source_org_name: String,
    source_user_email: Email,
    counts: Counts,
    #[serde(default)]
    is_global: bool,
}

impl RowRecord {
    fn into_row(self, id: ObjectId) -> SnapshotRow {
        SnapshotRow {
            id,
            name: self.name,
            source_organization_name: self.source_org_name,
            source_user_email: self.source_user_email,
            counts: self.counts,
            is_global: self.is_global,
        }
    }
}

impl From<Snapshot> for SnapshotRow {
    fn from(snapshot: Snapshot) -> Self {
        Self {
            id: snapshot.id,
            name: snapshot.name,
            source_organization_name: snapshot.source.organization_name,
            source_user_email: snapshot.source.user_email,
            counts: snapshot.counts,
            is_global: snapshot.is_global,
        }
    }
}

/// Lists snapshots.
pub struct SnapshotLists<'a>(&'a Table);

impl<'a> SnapshotLists<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Returns up to `limit` snapshots that `principal` sees, after `start`. A page is full unless the list ends with
    /// it. One round trip; one more for snapshots that were shared before visibility items were rows.
    pub async fn page(
        &self,
        principal: &Principal,
        start: Option<Position>,
        limit: usize,
    ) -> Result<Page<SnapshotRow>, Fault> {
        let mut merge = PartitionMerge::new(self.0, sources(principal), start, limit + 1);
        // One more row tells whether there is a next page.
        let mut visible: Vec<(Position, SnapshotRow)> = Vec::with_capacity(limit + 1);
        let mut wanted = limit + 1;
        let mut last = start;
        for _ in 0..ROUNDS {
            let entries = merge.take(wanted).await?;
            let at_end = entries.len() < wanted;
            last = entries.last().map(|entry| entry.position).or(last);
            visible.extend(self.resolve(principal, entries).await?);
            if at_end || visible.len() > limit {
                return Ok(page(visible, limit));
            }
            wanted = (limit + 1 - visible.len()).max(FURTHER_ROWS);
        }
        Ok(Page { rows: visible.into_iter().map(|(_, row)| row).collect(), next: last })
    }

    /// Reads the snapshots of entries without a row, which were written before visibility items were rows. Drops those
    /// that the principal does not see: an index may be stale.
    async fn resolve(
        &self,
        principal: &Principal,
        entries: Vec<IndexEntry>,
    ) -> Result<Vec<(Position, SnapshotRow)>, Fault> {
        let pointers: Vec<_> =
            entries.iter().filter(|entry| entry.row.is_none()).map(|entry| keys::snapshot(&entry.id)).collect();
        let mut rows = HashMap::new();
        if !pointers.is_empty() {
            for item in self.0.batch_get(&pointers, &[&[PK], &SNAPSHOT_ATTRIBUTES[..]].concat(), false).await? {
                rows.extend(visible_row(principal, item)?.map(|row| (row.id, row)));
            }
        }
        Ok(entries
            .into_iter()
            .filter_map(|entry| Some((entry.position, entry.row.or_else(|| rows.remove(&entry.id))?)))
            .collect())
    }
}

/// Returns the first `limit` of `rows`, with a next page if there are more.
pub(in crate::store) fn page<T>(mut rows: Vec<(Position, T)>, limit: usize) -> Page<T> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|(position, _)| *position);
    Page { rows: rows.into_iter().map(|(_, row)| row).collect(), next }
}

/// Returns the row of a snapshot's item if the principal sees the snapshot.
fn visible_row(principal: &Principal, item: Item) -> Result<Option<SnapshotRow>, Fault> {
    let id = keys::parse_snapshot(record::partition_key(&item));
    let Some(id) = id.filter(|_| !record::is_tombstone(&item)) else { return Ok(None) };
    let snapshot = read_snapshot(id, item)?;
    if !principal.may(Action::Use, snapshot.access()) {
        return Ok(None);
    }
    let visible = principal.visible_revision(&snapshot, RevisionChoice::Usual);
    Ok(visible.map(|visible| snapshot.seen_by(principal, &visible).into()))
}

/// Returns the partitions that together hold every snapshot a principal may see.
fn sources(principal: &Principal) -> Vec<(&'static IndexKeys, String)> {
    match reach(principal.role, Action::Use) {
        // All shards: one partition alone would take every write and every list of a SUPERADMIN.
        Reach::Everything => keys::shards().map(|shard| (&ALL, shard)).collect(),
        Reach::AssignedOrGlobal => {
            vec![(&LIST, keys::listed_for(&principal.organization)), (&LIST, keys::GLOBAL.to_owned())]
        }
        Reach::Nothing | Reach::OwnSource | Reach::Creator | Reach::OwnApplies | Reach::OwnUsers => Vec::new(),
    }
}

/// One row of an index: a snapshot's own, a visibility item, or an older one without fields.
struct IndexEntry {
    position: Position,
    id: ObjectId,
    row: Option<SnapshotRow>,
    /// Whether it is the snapshot's own row. Only a principal who sees the current revision lists it.
    is_own: bool,
    /// Whether it lists the snapshot for all organizations.
    is_of_all: bool,
}

impl IndexEntry {
    fn read(index: &IndexKeys, item: Item) -> Result<Self, Fault> {
        let position = position(index, &item)?;
        let (pk, sk) = (record::partition_key(&item), record::sort_key(&item));
        let id = keys::parse_snapshot(pk).ok_or_else(|| Fault::Corrupt(format!("{pk} is listed as a snapshot")))?;
        let (is_own, is_of_all) = (sk == keys::snapshot(&id).sk, sk == keys::GLOBAL);
        let row = match is_own || item.contains_key("name") {
            true => Some(record::read::<RowRecord>(item)?.into_row(id)),
            false => None,
        };
        Ok(Self { position, id, row, is_own, is_of_all })
    }

    /// Merges the entries of one snapshot.
    fn folded(entries: impl Iterator<Item = Self>) -> Option<Self> {
        let entries: Vec<Self> = entries.collect();
        let is_of_all = entries.iter().any(|entry| entry.is_of_all);
        let mut best = entries.into_iter().max_by_key(|entry| (entry.is_own, entry.row.is_some()))?;
        if let Some(row) = best.row.as_mut().filter(|_| !best.is_own) {
            row.is_global = is_of_all;
        }
        Some(best)
    }
}

/// Returns the position of a row of an index.
pub(in crate::store) fn position(index: &IndexKeys, item: &Item) -> Result<Position, Fault> {
    let sk = record::key_attribute(item, index.sk);
    sk.parse().map_err(|_| Fault::Corrupt(format!("{sk:?} is no sort key of the index {}", index.name)))
}

/// One partition of an index, read page by page.
struct PartitionReader<'a> {
    table: &'a Table,
    index: &'static IndexKeys,
    pk: String,
    read: VecDeque<IndexEntry>,
    /// The last position that was read, or the start of the list.
    before: Option<Position>,
    more: bool,
}

impl PartitionReader<'_> {
    async fn fill(&mut self, limit: usize) -> Result<(), Fault> {
        while self.read.is_empty() && self.more {
            let before = self.before.map(|position| position.to_string());
            let query =
                PartitionQuery::of_index(self.index, &self.pk).before(before.as_deref()).backwards().at_most(limit);
            let (items, next) = self.table.query(query).await?;
            for item in items {
                self.read.push_back(IndexEntry::read(self.index, item)?);
            }
            self.more = next.is_some();
            self.before = self.read.back().map(|entry| entry.position).or(self.before);
        }
        Ok(())
    }
}

/// Merges several partitions into one list in order, each snapshot once.
struct PartitionMerge<'a> {
    streams: Vec<PartitionReader<'a>>,
    /// The number of rows that one read of a partition takes.
    limit: usize,
}

impl<'a> PartitionMerge<'a> {
    fn new(
        table: &'a Table,
        sources: Vec<(&'static IndexKeys, String)>,
        start: Option<Position>,
        wanted: usize,
    ) -> Self {
        // Each of two partitions may hold the whole page. Of many, each holds about its share, because the last byte of
        // the id decides. Three standard deviations more make a second read rare, and the page costs a fifth.
        let limit = if sources.len() > 2 { wanted / sources.len() + wanted.isqrt() + 1 } else { wanted };
        let streams = sources
            .into_iter()
            .map(|(index, pk)| PartitionReader { table, index, pk, read: VecDeque::new(), before: start, more: true })
            .collect();
        Self { streams, limit: limit.min(wanted) }
    }

    /// Returns the next entries; fewer than `count` only at the end.
    async fn take(&mut self, count: usize) -> Result<Vec<IndexEntry>, Fault> {
        let mut taken = Vec::with_capacity(count);
        while taken.len() < count {
            let limit = self.limit;
            if self.streams.iter().any(|stream| stream.read.is_empty() && stream.more) {
                try_join_all(self.streams.iter_mut().map(|stream| stream.fill(limit))).await?;
            }
            let fronts = self.streams.iter().filter_map(|stream| stream.read.front());
            let Some(newest) = fronts.map(|entry| entry.position).max() else { break };
            let same =
                self.streams.iter_mut().filter_map(|stream| stream.read.pop_front_if(|entry| entry.position == newest));
            taken.extend(IndexEntry::folded(same));
        }
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Role;

    #[test]
    fn a_position_reads_as_it_is_written_and_no_other_spelling_does() {
        let text = "2026-05-15T09:00:00.000Z#64ee9a8b1e7f2a0011223344";
        assert_eq!(text.parse::<Position>().unwrap().to_string(), text);
        for bad in [
            "",
            "#",
            "2026-05-15T09:00:00.000Z",
            "2026-05-15T09:00:00.000Z#",
            "2026-05-15T09:00:00Z#64ee9a8b1e7f2a0011223344",
            "2026-05-15T09:00:00.000+00:00#64ee9a8b1e7f2a0011223344",
            "2026-05-15T09:00:00.000Z#64EE9A8B1E7F2A0011223344",
            "2026-05-15T09:00:00.000Z#64ee9a8b1e7f2a0011223344#",
            "GLOBAL#64ee9a8b1e7f2a0011223344",
        ] {
            assert!(bad.parse::<Position>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_order_of_positions_is_the_order_of_their_texts() {
        let position =
            |millis, id| Position { created_at: Timestamp::from_millis(millis), id: ObjectId::from_bytes([id; 12]) };
        let ordered =
            [position(0, 9), position(1, 0), position(1, 1), position(1_778_835_600_000, 0), position(i64::MAX, 0)];
        assert!(ordered.is_sorted());
        assert!(ordered.map(|position| position.to_string()).is_sorted());
    }

    #[test]
    fn each_role_lists_from_the_partitions_that_its_rights_reach() {
        let organization = ObjectId::from_bytes([1; 12]);
        let pks = |role| {
            let principal = Principal { user: ObjectId::from_bytes([2; 12]), organization, role };
            sources(&principal).into_iter().map(|(index, pk)| format!("{} {pk}", index.name)).collect::<Vec<_>>()
        };
        assert_eq!(pks(Role::Admin), [format!("LIST ORG#{organization}"), "LIST GLOBAL".to_owned()]);
        assert_eq!(pks(Role::Superadmin), (0..8).map(|shard| format!("ALL ALL#{shard}")).collect::<Vec<_>>());
        assert!(pks(Role::DepartmentHead).is_empty() && pks(Role::SalesRep).is_empty());
    }
}
