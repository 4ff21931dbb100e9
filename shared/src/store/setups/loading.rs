//! Helps to load whole organizations and users.
//!
//! An interrupted load leaves items whose organization or user does not exist. A later load overwrites or deletes them,
//! so that the created organization or user has exactly its own items.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::domain::Fault;
use crate::store::MAX_TRANSACTION_ITEMS;
use crate::store::keys::{self, ItemKey};
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::change::Change;
use crate::store::table::outcome::{CallFailure, Item};
use crate::store::table::query::PartitionQuery;

impl Table {
    /// Returns the sort keys of a partition.
    pub(in crate::store) async fn sort_keys(&self, pk: &str) -> Result<BTreeSet<String>, Fault> {
        let items = self.query_all(PartitionQuery::of(pk).only(&[keys::SK])).await?;
        Ok(items.iter().map(|item| record::sort_key(item).to_owned()).collect())
    }

    /// Writes items of an owner that does not exist yet, in one transaction. Returns `false` if it exists.
    pub(in crate::store) async fn stage(&self, owner: &ItemKey, items: Vec<Item>) -> Result<bool, Fault> {
        self.write_beside(self.check_absent(owner)?, items).await
    }

    /// Deletes items that an earlier load left of an owner and that `wanted` does not contain. Returns `false` if the
    /// owner exists.
    pub(in crate::store) async fn delete_leftovers(&self, owner: &ItemKey, wanted: &[Item]) -> Result<bool, Fault> {
        let mut leftovers = self.sort_keys(&owner.pk).await?;
        if leftovers.contains(&owner.sk) {
            return Ok(false);
        }
        for item in wanted {
            leftovers.remove(record::sort_key(item));
        }
        let leftovers: Vec<_> = leftovers.into_iter().map(|sk| ItemKey { pk: owner.pk.clone(), sk }).collect();
        for batch in leftovers.chunks(MAX_TRANSACTION_ITEMS - 1) {
            let mut writes = vec![self.check_absent(owner)?];
            for key in batch {
                writes.push(self.delete_when_in_transaction(key, &Change::default())?);
            }
            if !self.holds(writes).await? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Writes items together with a conditional write. Returns `false` if its condition does not hold.
    pub(in crate::store) async fn write_beside(
        &self,
        first: TransactWriteItem,
        items: Vec<Item>,
    ) -> Result<bool, Fault> {
        let mut writes = vec![first];
        for item in items {
            writes.push(self.put_in_transaction(item)?);
        }
        self.holds(writes).await
    }

    fn check_absent(&self, owner: &ItemKey) -> Result<TransactWriteItem, Fault> {
        self.check_in_transaction(owner, &Change::default().when_absent(keys::PK))
    }

    /// Runs a transaction. Returns `false` if a condition does not hold.
    async fn holds(&self, writes: Vec<TransactWriteItem>) -> Result<bool, Fault> {
        match self.transact(writes).await {
            Ok(()) => Ok(true),
            Err(CallFailure::Cancelled(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }
}
