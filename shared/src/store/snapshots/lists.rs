//! Lists of snapshots, newest first, page by page.

use std::collections::HashMap;

use serde::Deserialize;

use super::snapshot_record::{SNAPSHOT_ATTRIBUTES, read_snapshot};
use crate::domain::rights::{Action, Reach, reach};
use crate::domain::sharing::RevisionChoice;
use crate::domain::{Counts, Email, Fault, ObjectId, Principal, Snapshot, SnapshotName};
use crate::store::keys::{self, ALL, LIST, PK};
use crate::store::listing::merge::{ListPartition, ListRange, ListRow, PartitionMerge};
use crate::store::listing::position::{Page, Position, page};
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::outcome::Item;

/// How often a page reads more rows in place of dropped ones. After that it ends short, so that rows of many deleted
/// snapshots cannot keep a list from answering.
const ROUNDS: usize = 20;
/// The fewest rows that a further round reads.
const FURTHER_ROWS: usize = 100;

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
        let partitions = sources(principal);
        let rows = rows_of_each(limit + 1, partitions.len());
        let mut merge = PartitionMerge::new(self.0, partitions, ListRange { start, ..ListRange::default() });
        // One more row tells whether there is a next page.
        let mut visible: Vec<(Position, SnapshotRow)> = Vec::with_capacity(limit + 1);
        let mut wanted = limit + 1;
        let mut last = start;
        for _ in 0..ROUNDS {
            let entries = merge.take(wanted, rows).await?;
            let at_end = entries.len() < wanted;
            last = entries.last().map(|(position, _)| *position).or(last);
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
        entries: Vec<(Position, IndexEntry)>,
    ) -> Result<Vec<(Position, SnapshotRow)>, Fault> {
        let without_row = entries.iter().filter(|(_, entry)| entry.row.is_none());
        let pointers: Vec<_> = without_row.map(|(_, entry)| keys::snapshot(&entry.id)).collect();
        let mut rows = HashMap::new();
        if !pointers.is_empty() {
            for item in self.0.batch_get(&pointers, &[&[PK], &SNAPSHOT_ATTRIBUTES[..]].concat(), false).await? {
                rows.extend(visible_row(principal, item)?.map(|row| (row.id, row)));
            }
        }
        Ok(entries
            .into_iter()
            .filter_map(|(position, entry)| Some((position, entry.row.or_else(|| rows.remove(&entry.id))?)))
            .collect())
    }
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

/// Returns how many rows one read of a partition takes for a list that shows `wanted`.
fn rows_of_each(wanted: usize, partitions: usize) -> usize {
    // Each of two partitions may hold the whole page. Of many, each holds about its share, because the last byte of
    // the id decides. Three standard deviations more make a second read rare, and the page costs a fifth.
    let share = if partitions > 2 { wanted / partitions + wanted.isqrt() + 1 } else { wanted };
    share.min(wanted)
}

/// Returns the partitions that together hold every snapshot a principal may see.
fn sources(principal: &Principal) -> Vec<ListPartition> {
    match reach(principal.role, Action::Use) {
        // All shards: one partition alone would take every write and every list of a SUPERADMIN.
        Reach::Everything => keys::shards().map(|shard| ListPartition::of_index(&ALL, shard)).collect(),
        Reach::AssignedOrGlobal => {
            let partitions = [keys::listed_for(&principal.organization), keys::GLOBAL.to_owned()];
            partitions.into_iter().map(|pk| ListPartition::of_index(&LIST, pk)).collect()
        }
        Reach::Nothing | Reach::OwnSource | Reach::Creator | Reach::OwnApplies | Reach::OwnUsers => Vec::new(),
    }
}

/// One row of an index: a snapshot's own, a visibility item, or an older one without fields.
struct IndexEntry {
    id: ObjectId,
    row: Option<SnapshotRow>,
    /// Whether it is the snapshot's own row. Only a principal who sees the current revision lists it.
    is_own: bool,
    /// Whether it lists the snapshot for all organizations.
    is_of_all: bool,
}

impl ListRow for IndexEntry {
    fn read(_: &ListPartition, _: Position, item: Item) -> Result<Self, Fault> {
        let (pk, sk) = (record::partition_key(&item), record::sort_key(&item));
        let id = keys::parse_snapshot(pk).ok_or_else(|| Fault::Corrupt(format!("{pk} is listed as a snapshot")))?;
        let (is_own, is_of_all) = (sk == keys::snapshot(&id).sk, sk == keys::GLOBAL);
        let row = match is_own || item.contains_key("name") {
            true => Some(record::read::<RowRecord>(item)?.into_row(id)),
            false => None,
        };
        Ok(Self { id, row, is_own, is_of_all })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Role;

    #[test]
    fn each_role_lists_from_the_partitions_that_its_rights_reach() {
        let organization = ObjectId::from_bytes([1; 12]);
        let pks = |role| {
            let principal = Principal { user: ObjectId::from_bytes([2; 12]), organization, role };
            let name = |source: ListPartition| format!("{} {}", source.index.unwrap().name, source.pk);
            sources(&principal).into_iter().map(name).collect::<Vec<_>>()
        };
        assert_eq!(pks(Role::Admin), [format!("LIST ORG#{organization}"), "LIST GLOBAL".to_owned()]);
        assert_eq!(pks(Role::Superadmin), (0..8).map(|shard| format!("ALL ALL#{shard}")).collect::<Vec<_>>());
        assert!(pks(Role::DepartmentHead).is_empty() && pks(Role::SalesRep).is_empty());
    }
}
