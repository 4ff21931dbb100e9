//! Reads everything of one organization, one partition after the other.

use std::collections::BTreeSet;

use super::attribute_json::write_item;
use super::import::names;
use crate::domain::{Fault, ObjectId};
use crate::store::attributes::{ORGANIZATION_ID, SOURCE_ORGANIZATION};
use crate::store::keys::{self, META, PK, SK};
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::outcome::Item;
use crate::store::table::query::PartitionQuery;

/// A position in a partition.
pub(super) struct PageStart(Item);

/// Reads the items of an organization.
pub(super) struct OrganizationExport<'a> {
    table: &'a Table,
    organization: ObjectId,
}

impl<'a> OrganizationExport<'a> {
    /// Returns the export of an organization.
    pub(super) fn new(table: &'a Table, organization: ObjectId) -> Self {
        Self { table, organization }
    }

    /// Scans the keys of the table. Returns the partitions of the organization: its own, those of its users with their claims, of its
    /// applies, and of its snapshots with chunks. Calls `progress` with the number of items after each page.
    pub(super) async fn partitions(&self, progress: &mut dyn FnMut(u64)) -> Result<Vec<String>, Fault> {
        let (mut own, mut snapshots, mut chunks) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
        let (mut count, mut start) = (0, None);
        let partition = keys::organization_partition(&self.organization);
        let below = format!("{partition}#");
        loop {
            let attributes = [PK, SK, ORGANIZATION_ID, SOURCE_ORGANIZATION];
            let (items, next) = self.table.scan_page(Some(&attributes), start).await?;
            for item in items {
                count += 1;
                let (pk, sk) = (record::partition_key(&item), record::sort_key(&item));
                let is_of = |attribute| names(&item, attribute, &self.organization);
                if let Some((snapshot, ..)) = keys::parse_chunk(pk) {
                    chunks.push((snapshot, pk.to_owned()));
                } else if let Some(snapshot) = keys::parse_snapshot(pk) {
                    snapshots.extend((sk == META && is_of(SOURCE_ORGANIZATION)).then_some(snapshot));
                } else if pk == partition
                    || pk.starts_with(&below)
                    || (keys::is_claim(pk, sk) && is_of(ORGANIZATION_ID))
                {
                    own.insert(pk.to_owned());
                }
            }
            progress(count);
            start = next;
            if start.is_none() {
                break;
            }
        }
        let chunks = chunks.into_iter().filter(|(snapshot, _)| snapshots.contains(snapshot)).map(|(_, pk)| pk);
        own.extend(chunks.collect::<BTreeSet<_>>());
        own.extend(snapshots.iter().map(|snapshot| keys::snapshot(snapshot).pk));
        Ok(own.into_iter().collect())
    }

    /// Reads one page of a partition, each item as a line, and the start of the next page. Leaves out counted sign-ins and refusals, which expire, and a
    /// claim that another organization has got since the scan.
    pub(super) async fn page(
        &self,
        partition: &str,
        start: Option<PageStart>,
    ) -> Result<(Vec<String>, Option<PageStart>), Fault> {
        let query = PartitionQuery::of(partition).after(start.map(|PageStart(start)| start));
        let (items, next) = self.table.query(query).await?;
        let is_kept = |item: &&Item| {
            let (pk, sk) = (record::partition_key(item), record::sort_key(item));
            let is_foreign = keys::is_claim(pk, sk) && !names(item, ORGANIZATION_ID, &self.organization);
            !keys::is_sign_in_count(pk, sk) && !keys::is_refusal_count(pk, sk) && !is_foreign
        };
        let lines = items.iter().filter(is_kept).map(write_item).collect::<Result<_, _>>()?;
        Ok((lines, next.map(PageStart)))
    }
}
