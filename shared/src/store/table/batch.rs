//! Reads and deletions of many items in batches.

use aws_sdk_dynamodb::types::{DeleteRequest, KeysAndAttributes, ReturnConsumedCapacity, WriteRequest};
use futures_util::future::try_join_all;

use super::outcome::Item;
use super::projection::{names, projection};
use super::retry::Pauses;
use super::{Table, key_item};
use crate::domain::Fault;
use crate::store::keys::Key;

/// The most items in one batch of reads, DynamoDB's own limit.
const MAX_BATCH_GET: usize = 100;
/// The most items in one batch of writes, DynamoDB's own limit.
const MAX_BATCH_WRITE: usize = 25;

impl Table {
    /// Reads many items at once, those that exist, in no order. Other than a consistent read, one may be a moment old, for
    /// half the price.
    pub(in crate::store) async fn batch_get(
        &self,
        keys: &[Key],
        attributes: &[&str],
        consistent: bool,
    ) -> Result<Vec<Item>, Fault> {
        let batches = keys.chunks(MAX_BATCH_GET).map(|batch| self.batch_get_once(batch, attributes, consistent));
        Ok(try_join_all(batches).await?.into_iter().flatten().collect())
    }

    /// Reads one batch, again and again for what was left out of the answer because it was too much at once.
    async fn batch_get_once(&self, keys: &[Key], attributes: &[&str], consistent: bool) -> Result<Vec<Item>, Fault> {
        let mut wanted = KeysAndAttributes::builder()
            .consistent_read(consistent)
            .set_keys(Some(keys.iter().map(key_item).collect()))
            .projection_expression(projection(attributes));
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

    /// Deletes many items, those that exist. Not all at once: after a failure some are gone.
    pub(in crate::store) async fn batch_delete(&self, keys: Vec<Key>) -> Result<(), Fault> {
        for batch in keys.chunks(MAX_BATCH_WRITE) {
            let requests = batch.iter().map(delete_request).collect::<Result<Vec<_>, Fault>>()?;
            self.batch_write_once(requests).await?;
        }
        Ok(())
    }

    /// Writes one batch, again and again for what was left undone because it was too much at once.
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

fn delete_request(key: &Key) -> Result<WriteRequest, Fault> {
    let delete = DeleteRequest::builder().set_key(Some(key_item(key))).build();
    let delete = delete.map_err(|error| Fault::Corrupt(error.to_string()))?;
    Ok(WriteRequest::builder().delete_request(delete).build())
}
