//! A thin layer over the SDK: it names the table, counts the consumed capacity and reads the outcome of calls.

pub(super) mod batch;
pub(super) mod batches;
pub(super) mod change;
pub(super) mod meter;
pub(super) mod outcome;
mod projection;
pub(super) mod query;
pub(super) mod retry;
pub(super) mod schema;
pub(super) mod size;
pub(super) mod transaction;

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, Get, ReturnConsumedCapacity, ReturnValue, TransactGetItem, TransactWriteItem,
};

use self::change::Change;
use self::meter::Meter;
use self::outcome::{CallFailure, Item, partition_key, return_existing, sort_key};
use self::projection::{names, projection};
use self::retry::Budget;
use crate::capacity::ConsumedUnits;
use crate::domain::{Fault, ObjectId};
use crate::ids::{Randomness, SystemRandomness};
use crate::store::attributes::TYPE;
use crate::store::keys::{self, ItemKey, PK, SK};

/// A handle on the table. Clones share the connection. [`Table::for_request`] returns one with its own count and
/// deadline.
#[derive(Clone)]
pub struct Table {
    client: Client,
    pub(in crate::store) name: Arc<str>,
    meter: Arc<Meter>,
    budget: Budget,
}

impl Table {
    /// Returns a handle on the table of this name.
    pub fn new(client: Client, name: &str) -> Self {
        Self { client, name: name.into(), meter: Arc::default(), budget: Budget::UNLIMITED }
    }

    /// Returns the same table for one request. It counts from zero and fails once `time_left` is over.
    #[must_use]
    pub fn for_request(&self, time_left: Duration) -> Self {
        Self { meter: Arc::default(), budget: Budget::of(time_left), ..self.clone() }
    }

    /// Returns the same table with a new deadline, `time_left` from now. Its capacity still counts here.
    #[must_use]
    pub(in crate::store) fn given(&self, time_left: Duration) -> Self {
        Self { budget: Budget::of(time_left), ..self.clone() }
    }

    /// Returns the capacity that the calls through this handle and its clones consumed.
    pub fn consumed(&self) -> ConsumedUnits {
        self.meter.total()
    }

    /// Opens a connection, so that the first request does not wait for one. Only logs a failure: the first request
    /// reports it.
    pub async fn warm_up(&self) {
        if let Err(error) = self.get(&keys::organization(&ObjectId::NOBODY), None).await {
            tracing::warn!(%error, "no connection to the table yet");
        }
    }

    /// Reads one item, consistently.
    pub(in crate::store) async fn get(
        &self,
        key: &ItemKey,
        attributes: Option<&[&str]>,
    ) -> Result<Option<Item>, Fault> {
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

    /// Reads one page of the whole table, consistently: the items of this type that have `attribute`. Returns them with
    /// the start of the next page. Only for an operator's command: no function has the right to scan.
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

    /// Reads one page of the whole table, consistently, all items or these attributes of them. Returns it with the start of
    /// the next page. Only for an operator's command: no function has the right to scan.
    pub(in crate::store) async fn scan_page(
        &self,
        attributes: Option<&[&str]>,
        start: Option<Item>,
    ) -> Result<(Vec<Item>, Option<Item>), Fault> {
        let mut call = self
            .client
            .scan()
            .table_name(&*self.name)
            .consistent_read(true)
            .set_projection_expression(attributes.map(projection))
            .set_exclusive_start_key(start)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        for (name, attribute) in names(attributes.unwrap_or_default()) {
            call = call.expression_attribute_names(name, attribute);
        }
        let answer = self.budget.attempt(|| call.clone().send()).await?;
        self.meter.read(answer.consumed_capacity());
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
    }

    /// Reads one item in a transaction. Fails as contended while another transaction writes the item.
    pub(in crate::store) async fn get_settled(
        &self,
        key: &ItemKey,
        attribute: &str,
    ) -> Result<Option<Item>, CallFailure> {
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

    /// Writes an item. Fails if it exists.
    pub(in crate::store) async fn put_new(&self, item: Item) -> Result<(), CallFailure> {
        let returned = return_existing(partition_key(&item), sort_key(&item));
        let call = self
            .client
            .put_item()
            .table_name(&*self.name)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(PK)")
            .return_values_on_condition_check_failure(returned)
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let answer = self.budget.attempt(|| call.clone().send()).await?;
        self.meter.wrote(answer.consumed_capacity());
        Ok(())
    }

    /// Deletes an item on the condition of `change`.
    pub(in crate::store) async fn delete_when(&self, key: &ItemKey, change: &Change) -> Result<(), CallFailure> {
        let call = self
            .client
            .delete_item()
            .table_name(&*self.name)
            .set_key(Some(key_item(key)))
            .set_condition_expression(change.condition())
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(change.values())
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let answer = self.budget.attempt(|| call.clone().send()).await?;
        self.meter.wrote(answer.consumed_capacity());
        Ok(())
    }

    /// Starts an update of one item, for [`Table::run_update`].
    pub(in crate::store) fn update(&self, key: &ItemKey) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&*self.name)
            .set_key(Some(key_item(key)))
            .return_values_on_condition_check_failure(return_existing(&key.pk, &key.sk))
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes)
    }

    /// Changes one item. Fails if the condition does not hold.
    pub(in crate::store) async fn change(&self, key: &ItemKey, change: &Change) -> Result<(), CallFailure> {
        let update = self
            .update(key)
            .set_update_expression(change.expression())
            .set_condition_expression(change.condition())
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(change.values());
        self.run_update(update).await
    }

    /// Runs an update.
    pub(in crate::store) async fn run_update(&self, update: UpdateItemFluentBuilder) -> Result<(), CallFailure> {
        let answer = self.budget.attempt(|| update.clone().send()).await?;
        self.meter.wrote(answer.consumed_capacity());
        Ok(())
    }

    /// Runs an update and returns the item after it.
    pub(in crate::store) async fn run_update_for(&self, update: UpdateItemFluentBuilder) -> Result<Item, CallFailure> {
        let update = update.return_values(ReturnValue::AllNew);
        let answer = self.budget.attempt(|| update.clone().send()).await?;
        self.meter.wrote(answer.consumed_capacity());
        Ok(answer.attributes.unwrap_or_default())
    }

    /// Writes all items or none. Every try carries the same token, which DynamoDB remembers for ten minutes. A try
    /// after a lost answer therefore succeeds if the first one was written.
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

/// Returns a key in DynamoDB's form.
pub(in crate::store) fn key_item(key: &ItemKey) -> Item {
    Item::from([(PK.to_owned(), AttributeValue::S(key.pk.clone())), (SK.to_owned(), AttributeValue::S(key.sk.clone()))])
}

/// Returns a unique token for a transaction. DynamoDB takes at most 36 characters.
fn token() -> String {
    let mut random = [0; 16];
    SystemRandomness.fill(&mut random);
    hex::encode(random)
}
