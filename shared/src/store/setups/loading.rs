//! What the writers of whole organizations and users share.
//!
//! A load that breaks off leaves items whose organization or user is not there. They are written over or deleted when that one
//! is made, so that what appears has exactly the items that it was made with.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::TransactWriteItem;

use crate::domain::Fault;
use crate::store::MAX_TRANSACTION_ITEMS;
use crate::store::keys::{self, Key};
use crate::store::record;
use crate::store::table::change::Change;
use crate::store::table::outcome::{CallFailure, Item};
use crate::store::table::{Part, Table};

impl Table {
    /// Returns the sort keys of a partition.
    pub(in crate::store) async fn sort_keys(&self, pk: &str) -> Result<BTreeSet<String>, Fault> {
        let part = Part { pk: pk.to_owned(), sk_prefix: None, attributes: Some(&[keys::SK]) };
        let items = self.query_all(&part).await?;
        Ok(items.iter().map(|item| record::sort_key(item).to_owned()).collect())
    }

    /// Writes items of an owner that does not exist yet, in one transaction; `false` where it does.
    pub(in crate::store) async fn stage(&self, owner: &Key, items: Vec<Item>) -> Result<bool, Fault> {
        self.write_beside(self.check_absent(owner)?, items).await
    }

    /// Deletes what an earlier load left of an owner that does not exist yet and `wanted` does not have; `false` where the
    /// owner exists.
    pub(in crate::store) async fn delete_leftovers(&self, owner: &Key, wanted: &[Item]) -> Result<bool, Fault> {
        let mut leftovers = self.sort_keys(&owner.pk).await?;
        if leftovers.contains(&owner.sk) {
            return Ok(false);
        }
        for item in wanted {
            leftovers.remove(record::sort_key(item));
        }
        let leftovers: Vec<_> = leftovers.into_iter().map(|sk| Key { pk: owner.pk.clone(), sk }).collect();
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

    /// Writes items beside a write with a condition; `false` where that does not hold.
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

    fn check_absent(&self, owner: &Key) -> Result<TransactWriteItem, Fault> {
        self.check_in_transaction(owner, &Change::default().when_absent(keys::PK))
    }

    /// Carries out a transaction; `false` where one of its conditions does not hold.
    async fn holds(&self, writes: Vec<TransactWriteItem>) -> Result<bool, Fault> {
        match self.transact(writes).await {
            Ok(()) => Ok(true),
            Err(CallFailure::Cancelled(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }
}
