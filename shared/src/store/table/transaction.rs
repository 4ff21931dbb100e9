//! Builds the items of a transaction for [`Table::transact`]. If a condition fails, DynamoDB returns the existing item
//! with the reason, unless it is a claim on an e-mail address.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{ConditionCheck, Delete, Put, TransactWriteItem, Update};

use super::change::Change;
use super::outcome::{Item, partition_key, return_existing, sort_key};
use super::{Table, key_item};
use crate::domain::Fault;
use crate::store::keys::ItemKey;

impl Table {
    /// Returns the put of an item that must not exist. The existing item comes with the reason of a failure.
    pub(in crate::store) fn put_new_in_transaction(&self, item: Item) -> Result<TransactWriteItem, Fault> {
        let returned = return_existing(partition_key(&item), sort_key(&item));
        let put = Put::builder()
            .condition_expression("attribute_not_exists(PK)")
            .table_name(&*self.name)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(returned)
            .build()
            .map_err(|error| Fault::Corrupt(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Returns the put of an item that replaces one, on the condition of `change`.
    pub(in crate::store) fn replace_in_transaction(
        &self,
        item: Item,
        change: &Change,
    ) -> Result<TransactWriteItem, Fault> {
        let put = Put::builder()
            .table_name(&*self.name)
            .set_condition_expression(change.condition())
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(change.values())
            .return_values_on_condition_check_failure(return_existing(partition_key(&item), sort_key(&item)))
            .set_item(Some(item))
            .build()
            .map_err(|error| Fault::Corrupt(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Returns the put of an item that may exist.
    pub(in crate::store) fn put_in_transaction(&self, item: Item) -> Result<TransactWriteItem, Fault> {
        let put = Put::builder()
            .table_name(&*self.name)
            .set_item(Some(item))
            .build()
            .map_err(|error| Fault::Corrupt(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Returns an unconditional deletion.
    pub(in crate::store) fn delete_in_transaction(&self, key: &ItemKey) -> Result<TransactWriteItem, Fault> {
        self.delete_when_in_transaction(key, &Change::default())
    }

    /// Returns a change of one item.
    pub(in crate::store) fn change_in_transaction(
        &self,
        key: &ItemKey,
        change: &Change,
    ) -> Result<TransactWriteItem, Fault> {
        let update = Update::builder()
            .set_update_expression(change.expression())
            .set_condition_expression(change.condition())
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(change.values());
        self.update_in_transaction(key, update)
    }

    /// Returns a check of the condition of `change`, which leaves the item as it is.
    pub(in crate::store) fn check_in_transaction(
        &self,
        key: &ItemKey,
        change: &Change,
    ) -> Result<TransactWriteItem, Fault> {
        let check = ConditionCheck::builder()
            .table_name(&*self.name)
            .set_key(Some(key_item(key)))
            .set_condition_expression(change.condition())
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(change.values())
            .return_values_on_condition_check_failure(return_existing(&key.pk, &key.sk))
            .build()
            .map_err(|error| Fault::Corrupt(error.to_string()))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// Returns a deletion on the condition of `change`.
    pub(in crate::store) fn delete_when_in_transaction(
        &self,
        key: &ItemKey,
        change: &Change,
    ) -> Result<TransactWriteItem, Fault> {
        let delete = Delete::builder()
            .table_name(&*self.name)
            .set_key(Some(key_item(key)))
            .set_condition_expression(change.condition())
            .set_expression_attribute_names(change.condition().map(|_| change.names()))
            .set_expression_attribute_values(change.values())
            .return_values_on_condition_check_failure(return_existing(&key.pk, &key.sk))
            .build()
            .map_err(|error| Fault::Corrupt(error.to_string()))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// Returns an update. `update` has the expression, condition, names and values.
    pub(in crate::store) fn update_in_transaction(
        &self,
        key: &ItemKey,
        update: UpdateBuilder,
    ) -> Result<TransactWriteItem, Fault> {
        let update = update
            .table_name(&*self.name)
            .set_key(Some(key_item(key)))
            .return_values_on_condition_check_failure(return_existing(&key.pk, &key.sk))
            .build()
            .map_err(|error| Fault::Corrupt(error.to_string()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}
