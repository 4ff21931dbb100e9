//! The one table: a thin layer over the SDK that names the table, counts what calls consume and reads their outcome.

pub(super) mod change;
pub(super) mod meter;
pub(super) mod outcome;
pub(super) mod retry;
pub(super) mod schema;
pub(super) mod size;
pub(super) mod transaction;

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, DeleteRequest, Get, KeysAndAttributes, ReturnConsumedCapacity, ReturnValue,
    ReturnValuesOnConditionCheckFailure, TransactGetItem, TransactWriteItem, WriteRequest,
};
use futures_util::future::try_join_all;

use self::change::Change;
use self::meter::Meter;
use self::outcome::{CallFailure, Item};
use self::retry::{Budget, Pauses};
use self::transaction::met_item;
use crate::capacity::Consumed;
use crate::domain::{Fault, ObjectId};
use crate::ids::{Randomness, SystemRandomness};
use crate::store::keys::{self, IndexKeys, Key, PK, SK};
use crate::store::record::TYPE;

/// The most items in one batch of reads, DynamoDB's own limit.
const MAX_BATCH_GET: usize = 100;
/// The most items in one batch of writes, DynamoDB's own limit.
const MAX_BATCH_WRITE: usize = 25;

/// A handle on the table. Clones share the connection; [`Table::for_request`] gives one with a count and an end of its own.
#[derive(Clone)]
pub struct Table {
    client: Client,
    pub(in crate::store) name: Arc<str>,
    meter: Arc<Meter>,
    budget: Budget,
}

/// Which part of a partition a query reads.
pub(in crate::store) struct Part<'a> {
    pub(in crate::store) pk: String,
    /// What the sort keys start with.
    pub(in crate::store) sk_prefix: Option<&'a str>,
    /// The attributes to give, `a.b` being `b` within the map `a`; all when absent. `PK` and `SK` are not added.
    pub(in crate::store) attributes: Option<&'a [&'a str]>,
}

/// Which part of a partition a query reads between two sort keys.
pub(in crate::store) struct RangePart<'a> {
    pub(in crate::store) pk: &'a str,
    /// The first and the last sort key of the part.
    pub(in crate::store) between: (&'a str, &'a str),
    /// The attributes to give.
    pub(in crate::store) attributes: &'a [&'a str],
    /// The most items to read.
    pub(in crate::store) limit: usize,
    /// Whether it begins with the last one.
    pub(in crate::store) backwards: bool,
}

/// Which part of an index a query reads.
pub(in crate::store) struct IndexPart<'a> {
    pub(in crate::store) index: &'a IndexKeys,
    pub(in crate::store) pk: &'a str,
    pub(in crate::store) range: Range<'a>,
    /// The most items to read.
    pub(in crate::store) limit: usize,
}

/// Which sort keys of an index's partition are read, and in which order.
pub(in crate::store) enum Range<'a> {
    /// The latest first; only what sorts before this, where there is one.
    LatestFirst(Option<&'a str>),
    /// The earliest first.
    EarliestFirst {
        /// Only what does not sort before this.
        from: Option<&'a str>,
        /// Only what sorts before this.
        to: &'a str,
    },
}

impl Table {
    /// A handle on the table of this name.
    pub fn new(client: Client, name: &str) -> Self {
        Self { client, name: name.into(), meter: Arc::default(), budget: Budget::UNLIMITED }
    }

    /// The same table for one request: counting from zero, and giving up once `time_left` is over.
    #[must_use]
    pub fn for_request(&self, time_left: Duration) -> Self {
        Self { meter: Arc::default(), budget: Budget::of(time_left), ..self.clone() }
    }

    /// The same table with so much time from now on, however much there was; what it consumes still counts here.
    #[must_use]
    pub(in crate::store) fn given(&self, time_left: Duration) -> Self {
        Self { budget: Budget::of(time_left), ..self.clone() }
    }

    /// What the calls through this handle and its clones consumed.
    pub fn consumed(&self) -> Consumed {
        self.meter.total()
    }

    /// Opens a connection, so that the first request does not wait for one. A failure is only logged: the first
    /// request finds out for itself.
    pub async fn warm_up(&self) {
        if let Err(error) = self.get(&keys::organization(&ObjectId::NOBODY), None).await {
            tracing::warn!(%error, "no connection to the table yet");
        }
    }

    /// Reads one item, consistently.
    pub(in crate::store) async fn get(&self, key: &Key, attributes: Option<&[&str]>) -> Result<Option<Item>, Fault> {
        let mut call = self
            .client
            .get_item()
            .table_name(&*self.name)
            .set_key(Some(key_item(key)))
            .consistent_read(true)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        for (name, attribute) in names(attributes.unwrap_or_default()) {
            call = call.expression_attribute_names(name, attribute);
        }
        let call = call.set_projection_expression(attributes.map(projection));
        let answer = self.budget.attempt(|| call.clone().send()).await?;
        self.meter.read(answer.consumed_capacity());
        Ok(answer.item)
    }

    /// Reads one page of a partition, consistently, and tells where the next one starts.
    pub(in crate::store) async fn query(
        &self,
        part: &Part<'_>,
        start: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), Fault> {
        self.query_up_to(part, start, None).await
    }

    /// The same, reading at most `limit` items.
    pub(in crate::store) async fn query_up_to(
        &self,
        part: &Part<'_>,
        start: Option<Item>,
        limit: Option<usize>,
    ) -> Result<(Vec<Item>, Option<Item>), Fault> {
        let mut call = self
            .client
            .query()
            .table_name(&*self.name)
            .consistent_read(true)
            .set_limit(limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)))
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
            .expression_attribute_names("#pk", PK)
            .expression_attribute_values(":pk", AttributeValue::S(part.pk.clone()))
            .set_exclusive_start_key(start);
        call = match part.sk_prefix {
            None => call.key_condition_expression("#pk = :pk"),
            Some(prefix) => call
                .key_condition_expression("#pk = :pk AND begins_with(#sk, :sk)")
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":sk", AttributeValue::S(prefix.to_owned())),
        };
        for (name, attribute) in names(part.attributes.unwrap_or_default()) {
            call = call.expression_attribute_names(name, attribute);
        }
        let call = call.set_projection_expression(part.attributes.map(projection));
        let answer = self.budget.attempt(|| call.clone().send()).await?;
        self.meter.read(answer.consumed_capacity());
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
    }

    /// Reads a whole partition, or the part of it that `part` names.
    pub(in crate::store) async fn query_all(&self, part: &Part<'_>) -> Result<Vec<Item>, Fault> {
        let (mut items, mut next) = self.query(part, None).await?;
        while next.is_some() {
            let (page, after) = self.query(part, next).await?;
            items.extend(page);
            next = after;
        }
        Ok(items)
    }

    /// Reads one page of a part of a partition, consistently, and tells whether there is more.
    pub(in crate::store) async fn query_range(&self, part: &RangePart<'_>) -> Result<(Vec<Item>, bool), Fault> {
        let (first, last) = part.between;
        let mut call = self
            .client
            .query()
            .table_name(&*self.name)
            .consistent_read(true)
            .scan_index_forward(!part.backwards)
            .limit(i32::try_from(part.limit).unwrap_or(i32::MAX))
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
            .key_condition_expression("#pk = :pk AND #sk BETWEEN :first AND :last")
            .expression_attribute_names("#pk", PK)
            .expression_attribute_names("#sk", SK)
            .expression_attribute_values(":pk", AttributeValue::S(part.pk.to_owned()))
            .expression_attribute_values(":first", AttributeValue::S(first.to_owned()))
            .expression_attribute_values(":last", AttributeValue::S(last.to_owned()))
            .projection_expression(projection(part.attributes));
        for (placeholder, name) in names(part.attributes) {
            call = call.expression_attribute_names(placeholder, name);
        }
        let answer = self.budget.attempt(|| call.clone().send()).await?;
        self.meter.read(answer.consumed_capacity());
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key.is_some()))
    }

    /// Reads one page of a partition of an index, and tells whether there is more. An index lags behind
    /// the table by moments, and no read of it is consistent.
    pub(in crate::store) async fn query_index(&self, part: &IndexPart<'_>) -> Result<(Vec<Item>, bool), Fault> {
        let mut call = self
            .client
            .query()
            .table_name(&*self.name)
            .index_name(part.index.name)
            .scan_index_forward(matches!(part.range, Range::EarliestFirst { .. }))
            .limit(i32::try_from(part.limit).unwrap_or(i32::MAX))
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
            .expression_attribute_names("#pk", part.index.pk)
            .expression_attribute_values(":pk", AttributeValue::S(part.pk.to_owned()));
        let (condition, from, to) = match part.range {
            Range::LatestFirst(None) => ("#pk = :pk", None, None),
            Range::LatestFirst(Some(to)) | Range::EarliestFirst { from: None, to } => {
                ("#pk = :pk AND #sk < :to", None, Some(to))
            }
            Range::EarliestFirst { from, to } => ("#pk = :pk AND #sk BETWEEN :from AND :to", from, Some(to)),
        };
        if to.is_some() {
            call = call.expression_attribute_names("#sk", part.index.sk);
        }
        for (name, bound) in [(":from", from), (":to", to)] {
            if let Some(bound) = bound {
                call = call.expression_attribute_values(name, AttributeValue::S(bound.to_owned()));
            }
        }
        let call = call.key_condition_expression(condition);
        let answer = self.budget.attempt(|| call.clone().send()).await?;
        self.meter.read(answer.consumed_capacity());
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key.is_some()))
    }

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

    /// Reads one page of the whole table, consistently: those items that have `attribute` and are of this type. Where it
    /// ends comes with it, for the next page. Only for an operator's command: no function has the right.
    pub(in crate::store) async fn scan(
        &self,
        kind: &str,
        attribute: &str,
        attributes: &[&str],
        start: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), Fault> {
        let mut call = self
            .client
            .scan()
            .table_name(&*self.name)
            .consistent_read(true)
            .filter_expression("#type = :type AND attribute_exists(#attribute)")
            .expression_attribute_names("#type", TYPE)
            .expression_attribute_names("#attribute", attribute)
            .expression_attribute_values(":type", AttributeValue::S(kind.to_owned()))
            .projection_expression(projection(attributes))
            .set_exclusive_start_key(start)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        for (name, attribute) in names(attributes) {
            call = call.expression_attribute_names(name, attribute);
        }
        let answer = self.budget.attempt(|| call.clone().send()).await?;
        self.meter.read(answer.consumed_capacity());
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
    }

    /// Reads one item as part of a transaction: it fails as contended while a transaction writes the item.
    pub(in crate::store) async fn get_settled(&self, key: &Key, attribute: &str) -> Result<Option<Item>, CallFailure> {
        let get = Get::builder()
            .table_name(&*self.name)
            .set_key(Some(key_item(key)))
            .projection_expression("#a")
            .expression_attribute_names("#a", attribute)
            .build()
            .map_err(|error| CallFailure::Invalid(error.to_string()))?;
        let call = self
            .client
            .transact_get_items()
            .transact_items(TransactGetItem::builder().get(get).build())
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let answer = self.budget.attempt(|| call.clone().send()).await?;
        self.meter.read(answer.consumed_capacity());
        Ok(answer.responses.and_then(|responses| responses.into_iter().next()).and_then(|response| response.item))
    }

    /// Writes an item that must not exist yet.
    pub(in crate::store) async fn put_new(&self, item: Item) -> Result<(), CallFailure> {
        let call = self
            .client
            .put_item()
            .table_name(&*self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(PK)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let answer = self.budget.attempt(|| call.clone().send()).await?;
        self.meter.wrote(answer.consumed_capacity());
        Ok(())
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

    /// Starts an update of one item; hand it to [`Table::run_update`].
    pub(in crate::store) fn update(&self, key: &Key) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&*self.name)
            .set_key(Some(key_item(key)))
            .return_values_on_condition_check_failure(met_item(&key.pk, &key.sk))
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
    }

    /// Changes one item, or meets one that does not fulfil the condition.
    pub(in crate::store) async fn change(&self, key: &Key, change: &Change) -> Result<(), CallFailure> {
        let update = self
            .update(key)
            .set_update_expression(change.expression())
            .set_condition_expression(change.condition())
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(change.values());
        self.run_update(update).await
    }

    /// Carries out an update.
    pub(in crate::store) async fn run_update(&self, update: UpdateItemFluentBuilder) -> Result<(), CallFailure> {
        let answer = self.budget.attempt(|| update.clone().send()).await?;
        self.meter.wrote(answer.consumed_capacity());
        Ok(())
    }

    /// Carries out an update and gives the item as it is then.
    pub(in crate::store) async fn run_update_for(&self, update: UpdateItemFluentBuilder) -> Result<Item, CallFailure> {
        let update = update.return_values(ReturnValue::AllNew);
        let answer = self.budget.attempt(|| update.clone().send()).await?;
        self.meter.wrote(answer.consumed_capacity());
        Ok(answer.attributes.unwrap_or_default())
    }

    /// Writes all items or none. Every try carries one token, by which DynamoDB tells for ten minutes that it is the same
    /// transaction; so a try after a lost answer is answered with success where the first one has landed.
    pub(in crate::store) async fn transact(&self, items: Vec<TransactWriteItem>) -> Result<(), CallFailure> {
        let call = self
            .client
            .transact_write_items()
            .set_transact_items(Some(items))
            .client_request_token(token())
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let answer = self.budget.attempt(|| call.clone().send()).await?;
        self.meter.wrote(answer.consumed_capacity());
        Ok(())
    }
}

/// A key as DynamoDB takes it.
pub(in crate::store) fn key_item(key: &Key) -> Item {
    Item::from([(PK.to_owned(), AttributeValue::S(key.pk.clone())), (SK.to_owned(), AttributeValue::S(key.sk.clone()))])
}

/// A token that no other transaction has: 36 characters are the most that DynamoDB takes.
fn token() -> String {
    let mut random = [0; 16];
    SystemRandomness.fill(&mut random);
    hex::encode(random)
}

fn delete_request(key: &Key) -> Result<WriteRequest, Fault> {
    let delete = DeleteRequest::builder().set_key(Some(key_item(key))).build();
    let delete = delete.map_err(|error| Fault::Corrupt(error.to_string()))?;
    Ok(WriteRequest::builder().delete_request(delete).build())
}

/// The steps of the way to each attribute, each behind a placeholder of its own, because some names are reserved words.
fn names<'a>(attributes: &'a [&'a str]) -> impl Iterator<Item = (String, &'a str)> {
    let steps = |(index, path): (usize, &'a &'a str)| {
        path.split('.').enumerate().map(move |(depth, step)| (placeholder(index, depth), step))
    };
    attributes.iter().enumerate().flat_map(steps)
}

fn placeholder(index: usize, depth: usize) -> String {
    format!("#p{index}_{depth}")
}

fn projection(attributes: &[&str]) -> String {
    let path = |(index, path): (usize, &&str)| {
        let steps: Vec<String> = (0..path.split('.').count()).map(|depth| placeholder(index, depth)).collect();
        steps.join(".")
    };
    attributes.iter().enumerate().map(path).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_step_of_a_projection_is_a_placeholder_that_stands_for_a_name() {
        let attributes = ["SK", "document.name"];
        assert_eq!(projection(&attributes), "#p0_0, #p1_0.#p1_1");
        let named: Vec<_> = names(&attributes).map(|(name, attribute)| format!("{name}={attribute}")).collect();
        assert_eq!(named, ["#p0_0=SK", "#p1_0=document", "#p1_1=name"]);
    }
}
