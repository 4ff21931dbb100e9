//! The items of a transaction, to be handed to [`Table::transact`]. Each that has a condition tells, with the reason of a
//! refusal, the item that it met, unless that is a claim on an e-mail address.

use aws_sdk_dynamodb::types::builders::UpdateBuilder;
use aws_sdk_dynamodb::types::{
    ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem, Update,
};

use super::change::Change;
use super::outcome::Item;
use super::{Table, key_item};
use crate::domain::Fault;
use crate::store::keys::{self, Key};
use crate::store::record;

impl Table {
    /// A put, as part of a transaction, of an item that must not exist yet. The item it meets comes with the reason.
    pub(in crate::store) fn put_new_in_transaction(&self, item: Item) -> Result<TransactWriteItem, Fault> {
        let met = met_item(record::partition_key(&item), record::sort_key(&item));
        let put = Put::builder()
            .condition_expression("attribute_not_exists(PK)")
            .table_name(&*self.name)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(met)
            .build()
            .map_err(|error| Fault::Corrupt(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// A put, as part of a transaction, of an item that may exist already.
    pub(in crate::store) fn put_in_transaction(&self, item: Item) -> Result<TransactWriteItem, Fault> {
        let put = Put::builder()
            .table_name(&*self.name)
            .set_item(Some(item))
            .build()
            .map_err(|error| Fault::Corrupt(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// A deletion, as part of a transaction.
    pub(in crate::store) fn delete_in_transaction(&self, key: &Key) -> Result<TransactWriteItem, Fault> {
        self.delete_when_in_transaction(key, &Change::default())
    }

    /// A change of one item, as part of a transaction.
    pub(in crate::store) fn change_in_transaction(
        &self,
        key: &Key,
        change: &Change,
    ) -> Result<TransactWriteItem, Fault> {
        let update = Update::builder()
            .set_update_expression(change.expression())
            .set_condition_expression(change.condition())
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(change.values());
        self.update_in_transaction(key, update)
    }

    /// The condition of `change` alone, as part of a transaction: its item stays as it is.
    pub(in crate::store) fn check_in_transaction(
        &self,
        key: &Key,
        change: &Change,
    ) -> Result<TransactWriteItem, Fault> {
        let check = ConditionCheck::builder()
            .table_name(&*self.name)
            .set_key(Some(key_item(key)))
            .set_condition_expression(change.condition())
            .set_expression_attribute_names(Some(change.names()))
            .set_expression_attribute_values(change.values())
            .return_values_on_condition_check_failure(met_item(&key.pk, &key.sk))
            .build()
            .map_err(|error| Fault::Corrupt(error.to_string()))?;
        Ok(TransactWriteItem::builder().condition_check(check).build())
    }

    /// A deletion of an item that fulfils the condition of `change`, as part of a transaction.
    pub(in crate::store) fn delete_when_in_transaction(
        &self,
        key: &Key,
        change: &Change,
    ) -> Result<TransactWriteItem, Fault> {
        let delete = Delete::builder()
            .table_name(&*self.name)
            .set_key(Some(key_item(key)))
            .set_condition_expression(change.condition())
            .set_expression_attribute_names(change.condition().map(|_| change.names()))
            .set_expression_attribute_values(change.values())
            .return_values_on_condition_check_failure(met_item(&key.pk, &key.sk))
            .build()
            .map_err(|error| Fault::Corrupt(error.to_string()))?;
        Ok(TransactWriteItem::builder().delete(delete).build())
    }

    /// An update, as part of a transaction: `update` carries expression, condition, names and values.
    pub(in crate::store) fn update_in_transaction(
        &self,
        key: &Key,
        update: UpdateBuilder,
    ) -> Result<TransactWriteItem, Fault> {
        let update = update
            .table_name(&*self.name)
            .set_key(Some(key_item(key)))
            .return_values_on_condition_check_failure(met_item(&key.pk, &key.sk))
            .build()
            .map_err(|error| Fault::Corrupt(error.to_string()))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

/// Whether a refused write returns the item that it met: always, except that a claim holds somebody else's password hash.
pub(in crate::store) fn met_item(pk: &str, sk: &str) -> ReturnValuesOnConditionCheckFailure {
    if keys::is_claim(pk, sk) {
        ReturnValuesOnConditionCheckFailure::None
    } else {
        ReturnValuesOnConditionCheckFailure::AllOld
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Email;

    #[test]
    fn a_refused_write_returns_every_item_but_a_claim() {
        let email = Email::parse("a%#b@acme.example").unwrap();
        let (claim, failures) = (keys::email(email.key()), keys::sign_in_failures(email.key()));
        let user = keys::user(&crate::domain::ObjectId::NOBODY, &crate::domain::ObjectId::NOBODY);
        assert_eq!(met_item(&claim.pk, &claim.sk), ReturnValuesOnConditionCheckFailure::None);
        for key in [failures, user] {
            assert_eq!(met_item(&key.pk, &key.sk), ReturnValuesOnConditionCheckFailure::AllOld, "{key:?}");
        }
    }
}
