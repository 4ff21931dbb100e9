//! Reads and deletions of many items in batches.

use std::collections::HashSet;

use aws_sdk_dynamodb::types::{DeleteRequest, KeysAndAttributes, ReturnConsumedCapacity, WriteRequest};
use futures_util::future::try_join_all;

use super::outcome::Item;
use super::projection::{names, projection};
use super::retry::Pauses;
use super::{Table, key_item};
use crate::domain::Fault;
use crate::store::keys::ItemKey;

/// The most items in one batch of reads, DynamoDB's own limit.
const MAX_BATCH_GET: usize = 100;
/// The most items in one batch of writes, DynamoDB's own limit.
const MAX_BATCH_WRITE: usize = 25;

impl Table {
    /// Reads the items that exist, in no order: these attributes, or all if none is named. An eventually consistent read may be a moment
    /// old, and costs half.
    pub(in crate::store) async fn batch_get(
        &self,
        keys: &[ItemKey],
        attributes: &[&str],
        consistent: bool,
    ) -> Result<Vec<Item>, Fault> {
        let keys = distinct(keys);
        let batches = keys.chunks(MAX_BATCH_GET).map(|batch| self.batch_get_once(batch, attributes, consistent));
        Ok(try_join_all(batches).await?.into_iter().flatten().collect())
    }

    /// Reads one batch. Repeats the call for keys that DynamoDB left unprocessed.
    async fn batch_get_once(
        &self,
        keys: &[ItemKey],
        attributes: &[&str],
        consistent: bool,
    ) -> Result<Vec<Item>, Fault> {
        let mut wanted = KeysAndAttributes::builder()
            .consistent_read(consistent)
            .set_keys(Some(keys.iter().map(key_item).collect()))
            .set_projection_expression((!attributes.is_empty()).then(|| projection(attributes)));
        for (name, attribute) in names(attributes) {
            wanted = wanted.expression_attribute_names(name, attribute);
        }
        let mut wanted = wanted.build().map_err(|error| Fault::Corrupt(error.to_string()))?;
        let mut items = Vec::with_capacity(keys.len());
        let mut pauses = Pauses::default();
        loop {
            let call = self
                .client
                .batch_get_item()
                .request_items(&*self.name, wanted)
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
            let mut answer = self.budget.attempt(|| call.clone().send()).await?;
            self.meter.read(answer.consumed_capacity());
            items.extend(answer.responses.as_mut().and_then(|tables| tables.remove(&*self.name)).unwrap_or_default());
            match answer.unprocessed_keys.as_mut().and_then(|tables| tables.remove(&*self.name)) {
                Some(left) if !left.keys().is_empty() => wanted = left,
                _ => return Ok(items),
            }
            if !self.budget.pause(&mut pauses).await {
                return Err(Fault::Unavailable("a batch of reads was left unfinished again and again".into()));
            }
        }
    }

    /// Deletes the items that exist. A failure may leave some of them.
    pub(in crate::store) async fn batch_delete(&self, keys: Vec<ItemKey>) -> Result<(), Fault> {
        for batch in distinct(&keys).chunks(MAX_BATCH_WRITE) {
            let requests = batch.iter().map(delete_request).collect::<Result<Vec<_>, Fault>>()?;
            self.batch_write_once(requests).await?;
        }
        Ok(())
    }

    /// Writes one batch. Repeats the call for requests that DynamoDB left unprocessed.
    async fn batch_write_once(&self, mut requests: Vec<WriteRequest>) -> Result<(), Fault> {
        let mut pauses = Pauses::default();
        loop {
            let call = self
                .client
                .batch_write_item()
                .request_items(&*self.name, requests)
                .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
            let mut answer = self.budget.attempt(|| call.clone().send()).await?;
            self.meter.wrote(answer.consumed_capacity());
            match answer.unprocessed_items.as_mut().and_then(|tables| tables.remove(&*self.name)) {
                Some(left) if !left.is_empty() => requests = left,
                _ => return Ok(()),
            }
            if !self.budget.pause(&mut pauses).await {
                return Err(Fault::Unavailable("a batch of writes was left unfinished again and again".into()));
            }
        }
    }
}

/// Returns each key once, in order. DynamoDB refuses a batch that names a key twice, and an index may show an item at its old and at its
/// new place.
fn distinct(keys: &[ItemKey]) -> Vec<ItemKey> {
    let mut seen = HashSet::with_capacity(keys.len());
    keys.iter().filter(|key| seen.insert(*key)).cloned().collect()
}

fn delete_request(key: &ItemKey) -> Result<WriteRequest, Fault> {
    let delete = DeleteRequest::builder().set_key(Some(key_item(key))).build();
    let delete = delete.map_err(|error| Fault::Corrupt(error.to_string()))?;
    Ok(WriteRequest::builder().delete_request(delete).build())
}
