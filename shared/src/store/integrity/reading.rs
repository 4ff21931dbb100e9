//! The second look at what a scan suspects: reads all items of one group until two readings are equal. Nothing changed
//! between them then, so the second one is a state that the table had.

use std::collections::{BTreeMap, BTreeSet};

use super::inventory::attributes;
use super::snapshot_group::SnapshotGroup;
use super::user_group::{ApplyFacts, ClaimHolder, UserGroup};
use crate::domain::{Fault, ObjectId};
use crate::store::keys::{self, ALL, ItemKey, PK, SK};
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::query::PartitionQuery;

/// How often a group is read until two readings are equal.
const READINGS: u32 = 6;

/// Reads groups.
pub(super) struct GroupReader<'a> {
    table: &'a Table,
    attributes: Vec<&'static str>,
    /// The applies that sweeps find: those that began after the scan are among them.
    unfinished: Vec<(ObjectId, ApplyFacts)>,
}

impl<'a> GroupReader<'a> {
    /// Returns a reader. Reads the index of what is to be swept.
    pub(super) async fn new(table: &'a Table) -> Result<Self, Fault> {
        let attributes = attributes();
        let mut unfinished = Vec::new();
        for shard in keys::sweep_shards() {
            for item in table.query_all(PartitionQuery::of_index(&ALL, &shard).only(&[PK, SK])).await? {
                let (pk, sk) = (record::partition_key(&item).to_owned(), record::sort_key(&item).to_owned());
                let Some(parsed) = keys::parse_apply(&pk, &sk) else { continue };
                let Some(item) = table.get(&ItemKey { pk, sk }, Some(&attributes)).await? else { continue };
                unfinished.extend(ApplyFacts::read(parsed, item).ok().map(|apply| (parsed.2, apply)));
            }
        }
        Ok(Self { table, attributes, unfinished })
    }

    /// Returns a user's group as it is now; `None` if it changed all the time.
    pub(super) async fn user(&self, seed: &UserGroup) -> Result<Option<UserGroup>, Fault> {
        let mut before = self.read_user(seed).await?;
        for _ in 1..READINGS {
            let now = self.read_user(&before).await?;
            if now == before {
                return Ok(Some(now));
            }
            before = now;
        }
        Ok(None)
    }

    /// Returns a snapshot's group as it is now; `None` if it changed all the time.
    pub(super) async fn snapshot(&self, seed: &SnapshotGroup) -> Result<Option<SnapshotGroup>, Fault> {
        let mut before = self.read_snapshot(seed).await?;
        for _ in 1..READINGS {
            let now = self.read_snapshot(&before).await?;
            if now == before {
                return Ok(Some(now));
            }
            before = now;
        }
        Ok(None)
    }

    async fn read_user(&self, seed: &UserGroup) -> Result<UserGroup, Fault> {
        let mut group = UserGroup::new(seed.id);
        for organization in seed.named_organizations() {
            let pk = keys::user_partition(&organization, &seed.id);
            for item in self.table.query_all(PartitionQuery::of(&pk).only(&self.attributes)).await? {
                group.add_item(organization, item);
            }
            let key = keys::organization(&organization);
            if group.partitions.contains_key(&organization) && self.table.get(&key, Some(&[PK])).await?.is_some() {
                group.organizations.insert(organization);
            }
        }
        group.applies = self.applies(seed, &group).await?;
        let named: BTreeSet<String> = seed.claims.keys().cloned().chain(group.named_claims()).collect();
        for pk in named {
            let key = ItemKey { pk: pk.clone(), sk: keys::META.to_owned() };
            if let Some(item) = self.table.get(&key, Some(&self.attributes)).await? {
                group.add_claim(pk, ClaimHolder::read(item)?);
            }
        }
        Ok(group)
    }

    /// Returns the applies of a user: the known ones, those that sweeps find, and without any those of the snapshots that
    /// its clones name.
    async fn applies(&self, seed: &UserGroup, group: &UserGroup) -> Result<BTreeMap<ObjectId, ApplyFacts>, Fault> {
        let reserved: BTreeSet<ObjectId> = seed.claims.values().filter_map(|claim| claim.reserved_by).collect();
        let is_own = |id: &ObjectId, user: &ObjectId| *user == seed.id || reserved.contains(id);
        let unfinished = self.unfinished.iter().filter(|(id, apply)| is_own(id, &apply.user));
        let known = seed.applies.values().chain(unfinished.map(|(_, apply)| apply));
        let keys: BTreeSet<(&str, &str)> = known.map(|apply| (&*apply.key.pk, &*apply.key.sk)).collect();
        let mut items = Vec::new();
        for (pk, sk) in &keys {
            let key = ItemKey { pk: (*pk).to_owned(), sk: (*sk).to_owned() };
            items.extend(self.table.get(&key, Some(&self.attributes)).await?);
        }
        if keys.is_empty() {
            for (organization, partition) in &group.partitions {
                for snapshot in &partition.snapshots {
                    let pk = keys::applies_partition(organization, snapshot);
                    let query = PartitionQuery::of(&pk).starting_with(keys::APPLY).only(&self.attributes);
                    items.extend(self.table.query_all(query).await?);
                }
            }
        }
        let mut applies = BTreeMap::new();
        for item in items {
            let Some(parsed) = keys::parse_apply(record::partition_key(&item), record::sort_key(&item)) else {
                continue;
            };
            let Ok(apply) = ApplyFacts::read(parsed, item) else { continue };
            if is_own(&parsed.2, &apply.user) {
                applies.insert(parsed.2, apply);
            }
        }
        Ok(applies)
    }

    async fn read_snapshot(&self, seed: &SnapshotGroup) -> Result<SnapshotGroup, Fault> {
        let mut group = SnapshotGroup::new(seed.id);
        let pk = keys::snapshot(&seed.id).pk;
        for item in self.table.query_all(PartitionQuery::of(&pk).only(&self.attributes)).await? {
            group.add_item(item);
        }
        let chunks = seed.chunk_keys().into_iter().chain(group.chunk_keys());
        let chunks: Vec<ItemKey> =
            chunks.map(|(revision, number)| keys::chunk(&seed.id, revision, number as usize)).collect();
        for item in self.table.batch_get(&chunks, &[PK], true).await? {
            if let Some((_, revision, number)) = keys::parse_chunk(record::partition_key(&item)) {
                group.add_chunk(revision, number);
            }
        }
        Ok(group)
    }
}
