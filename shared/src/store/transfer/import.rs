//! Writes the items of an export into a table, each only where no item stands.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::future::try_join_all;

use super::attribute_json::{read_item, write_item};
use crate::domain::{Fault, ObjectId};
use crate::store::attributes::{ORGANIZATION_ID, SOURCE_ORGANIZATION};
use crate::store::keys::{self, ALL, ItemKey, LIST, META};
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::outcome::{CallFailure, Item};

/// How many items are read or written at once.
const AT_ONCE: usize = 25;

/// An item of an export.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ExportedItem {
    key: ItemKey,
    item: Item,
}

/// What stands in the place of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemPresence {
    /// Nothing.
    Absent,
    /// The same item: it was imported before.
    Same,
    /// Another item.
    Different,
}

impl ExportedItem {
    /// Reads a line. Fails with what is wrong.
    pub(super) fn read(line: &str) -> Result<Self, String> {
        let item = read_item(line)?;
        let key = ItemKey { pk: record::partition_key(&item).to_owned(), sk: record::sort_key(&item).to_owned() };
        match key.pk.is_empty() || key.sk.is_empty() {
            true => Err("the item has no PK or no SK".to_owned()),
            false => Ok(Self { key, item }),
        }
    }

    /// Returns the partition key.
    pub(super) fn partition_key(&self) -> &str {
        &self.key.pk
    }

    /// Returns the sort key.
    pub(super) fn sort_key(&self) -> &str {
        &self.key.sk
    }

    /// Returns when the item is written.
    pub(super) fn phase(&self) -> ImportPhase {
        if self.key.sk == META && keys::parse_chunk(&self.key.pk).is_none() {
            ImportPhase::Heads
        } else if self.item.contains_key(ALL.pk) || self.item.contains_key(LIST.pk) {
            ImportPhase::Listed
        } else {
            ImportPhase::Parts
        }
    }
}

/// The order in which items are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ImportPhase {
    /// What belongs to a user, a snapshot or the organization.
    Parts,
    /// Users with their claims, snapshots, the organization: with them, their parts are seen.
    Heads,
    /// What lists of others, the sweep and the schedule find: they look for the heads at once.
    Listed,
}

impl ImportPhase {
    /// Every phase, in order.
    pub(super) const IN_ORDER: [Self; 3] = [Self::Parts, Self::Heads, Self::Listed];
}

/// Checks that all items of a file are of one organization.
pub(super) struct Tenancy {
    organization: ObjectId,
    /// The snapshots that the file has items of, each with the first of them.
    named: BTreeMap<ObjectId, ItemKey>,
    /// The snapshots whose source is the organization.
    own: BTreeSet<ObjectId>,
}

impl Tenancy {
    /// Returns the check for an organization.
    pub(super) fn of(organization: ObjectId) -> Self {
        Self { organization, named: BTreeMap::new(), own: BTreeSet::new() }
    }

    /// Notes an item. Fails if it is another organization's.
    pub(super) fn note(&mut self, item: &ExportedItem) -> Result<(), String> {
        let ExportedItem { key, item } = item;
        let partition = keys::organization_partition(&self.organization);
        let is_of = |attribute| names(item, attribute, &self.organization);
        let snapshot = keys::parse_chunk(&key.pk).map(|(snapshot, ..)| snapshot).or(keys::parse_snapshot(&key.pk));
        if let Some(snapshot) = snapshot {
            self.named.entry(snapshot).or_insert_with(|| key.clone());
            if keys::parse_snapshot(&key.pk).is_some() && key.sk == META && is_of(SOURCE_ORGANIZATION) {
                self.own.insert(snapshot);
            }
            return Ok(());
        }
        let is_own_claim = keys::is_claim(&key.pk, &key.sk) && is_of(ORGANIZATION_ID);
        match key.pk == partition || key.pk.starts_with(&format!("{partition}#")) || is_own_claim {
            true => Ok(()),
            false => Err(self.foreign(key)),
        }
    }

    /// Returns the organization. Fails if the file has items of a snapshot that comes from another one.
    pub(super) fn finish(&self) -> Result<ObjectId, String> {
        let foreign = self.named.iter().find(|(snapshot, _)| !self.own.contains(snapshot));
        foreign.map_or(Ok(self.organization), |(_, key)| Err(self.foreign(key)))
    }

    fn foreign(&self, key: &ItemKey) -> String {
        format!("{} {} is no item of the organization {}", key.pk, key.sk, self.organization)
    }
}

/// Returns whether the attribute of an item names the organization.
pub(super) fn names(item: &Item, attribute: &str, organization: &ObjectId) -> bool {
    item.get(attribute).and_then(|id| id.as_s().ok()).is_some_and(|id| *id == organization.to_string())
}

/// Writes the items of an export.
pub(super) struct OrganizationImport<'a>(&'a Table);

impl<'a> OrganizationImport<'a> {
    /// Returns the import into this table.
    pub(super) fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Returns what stands in the place of each item.
    pub(super) async fn look(&self, items: &[ExportedItem]) -> Result<Vec<ItemPresence>, Fault> {
        let mut all = Vec::new();
        for some in items.chunks(AT_ONCE) {
            all.extend(try_join_all(some.iter().map(|item| self.presence(item))).await?);
        }
        Ok(all)
    }

    async fn presence(&self, item: &ExportedItem) -> Result<ItemPresence, Fault> {
        Ok(match self.0.get(&item.key, None).await? {
            None => ItemPresence::Absent,
            Some(existing) if is_same(&existing, &item.item) => ItemPresence::Same,
            Some(_) => ItemPresence::Different,
        })
    }

    /// Writes the items that are absent. Returns what stood in the place of each; it leaves an item that is there.
    pub(super) async fn write(&self, items: &[ExportedItem]) -> Result<Vec<ItemPresence>, Fault> {
        let mut all = Vec::new();
        for some in items.chunks(AT_ONCE) {
            let writes = some.iter().map(async |item| match self.0.put_new(item.item.clone()).await {
                Ok(()) => Ok(ItemPresence::Absent),
                Err(CallFailure::ConditionFailed(_)) => self.presence(item).await,
                Err(other) => Err(Fault::from(other)),
            });
            all.extend(try_join_all(writes).await?);
        }
        Ok(all)
    }
}

/// Compares items. A set has no order, so the texts are compared, which have one.
fn is_same(one: &Item, other: &Item) -> bool {
    let texts = (write_item(one), write_item(other));
    matches!(texts, (Ok(one), Ok(other)) if one == other)
}
