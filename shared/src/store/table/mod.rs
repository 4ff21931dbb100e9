//! The one table: a thin layer over the SDK that names the table, counts what calls consume and reads their outcome.

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
    AttributeValue, Get, ReturnConsumedCapacity, ReturnValue, ReturnValuesOnConditionCheckFailure, TransactGetItem,
    TransactWriteItem,
};

use self::change::Change;
use self::meter::Meter;
use self::outcome::{CallFailure, Item};
use self::projection::{names, projection};
use self::retry::Budget;
use self::transaction::met_item;
use crate::capacity::Consumed;
use crate::domain::{Fault, ObjectId};
use crate::ids::{Randomness, SystemRandomness};
use crate::store::attributes::TYPE;
use crate::store::keys::{self, Key, PK, SK};

/// A handle on the table. Clones share the connection; [`Table::for_request`] gives one with a count and an end of its own.
#[derive(Clone)]
pub struct Table {
    client: Client,
    pub(in crate::store) name: Arc<str>,
    meter: Arc<Meter>,
    budget: Budget,
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
