//! Writes the items of an export into a table, each only where no item stands.

use futures_util::future::try_join_all;

use super::attribute_json::{read_item, write_item};
use crate::domain::Fault;
use crate::store::keys::{self, ItemKey, META};
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

    /// Returns whether other items are of use only with this one: it is written after them.
    pub(super) fn is_head(&self) -> bool {
        self.key.sk == META && keys::parse_chunk(&self.key.pk).is_none()
    }
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
