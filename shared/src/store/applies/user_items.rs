//! The items of a new user that are not visible before the user exists: switches and clones.

use crate::domain::plan::{Arrival, ClonedItem};
use crate::domain::{Fault, OverBudget, User, Work};
use crate::store::keys;
use crate::store::record::{self, FIRST_VERSION, PreferencesRecord, SetupRecord};
use crate::store::table::batches::Batches;
use crate::store::table::outcome::Item;
use crate::store::table::size::{MAX_STORED_BYTES, stored_bytes};
use crate::store::{MAX_TRANSACTION_BYTES, MAX_TRANSACTION_ITEMS};

/// Switches and clones as they are stored, in batches that fit one transaction each.
#[derive(Default)]
pub struct UserItems {
    batches: Batches,
    count: usize,
    bytes: usize,
    largest: usize,
}

impl UserItems {
    /// Returns the items of `user`. Spends about one unit for a byte.
    pub fn of<E: From<Fault> + From<OverBudget>>(user: &User, arrival: Arrival, work: &Work) -> Result<Self, E> {
        let preferences = PreferencesRecord { enabled: arrival.preferences, setup_version: FIRST_VERSION };
        let key = keys::preferences(&user.organization, &user.id);
        let mut items = Self::default();
        items.add(record::item(&key, &preferences)?, work)?;
        for clone in arrival.items {
            work.spend(clone.document.size())?;
            items.add(clone_item(user, &clone)?, work)?;
        }
        Ok(items)
    }

    fn add(&mut self, item: Item, work: &Work) -> Result<(), OverBudget> {
        let bytes = stored_bytes(&item);
        work.spend(bytes)?;
        self.count += 1;
        self.bytes += bytes;
        self.largest = self.largest.max(bytes);
        self.batches.add(item, bytes);
        Ok(())
    }

    /// Returns why an item cannot be stored; `None` if all can.
    pub(super) fn excess(&self) -> Option<String> {
        let Self { largest, .. } = self;
        (*largest > MAX_STORED_BYTES).then(|| {
            format!("an item of the new user would have {largest} bytes; it may have at most {MAX_STORED_BYTES}")
        })
    }

    /// Returns whether all items fit one transaction together with `others`.
    pub(super) fn fit_beside(&self, others: &[Item]) -> bool {
        let bytes = self.bytes + others.iter().map(stored_bytes).sum::<usize>();
        self.count + others.len() <= MAX_TRANSACTION_ITEMS && bytes <= MAX_TRANSACTION_BYTES
    }

    /// Returns the items in their order, in batches that fit one transaction beside a check.
    pub(super) fn batches(self) -> Vec<Vec<Item>> {
        self.batches.finish()
    }
}

fn clone_item(user: &User, clone: &ClonedItem) -> Result<Item, Fault> {
    let key = keys::setup_item(&user.organization, &user.id, clone.kind, &clone.id);
    let cloned_from = clone.cloned_from.to_string();
    let record = SetupRecord { setup_version: FIRST_VERSION, cloned_from: Some(&cloned_from) };
    record::setup_item(&key, clone.kind, &clone.document, &record)
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    /// Returns an item of exactly this size.
    fn item(bytes: usize) -> Item {
        Item::from([("a".to_owned(), AttributeValue::S("x".repeat(bytes - 1)))])
    }

    fn items(all: Vec<Item>) -> UserItems {
        let mut items = UserItems::default();
        all.into_iter().for_each(|item| items.add(item, &Work::unlimited()).unwrap());
        items
    }

    #[test]
    fn one_transaction_has_at_most_100_items() {
        for (count, fit) in [(96, true), (97, true), (98, false)] {
            assert_eq!(items(vec![item(10); count]).fit_beside(&vec![item(10); 3]), fit, "{count}");
        }
    }

    #[test]
    fn one_transaction_has_at_most_4_mb() {
        for (last, fit) in [(99_999, true), (100_000, true), (100_001, false)] {
            assert_eq!(items(vec![item(390_000); 10]).fit_beside(&[item(last)]), fit, "{last}");
        }
    }

    #[test]
    fn an_item_has_at_most_400_kib() {
        assert_eq!(items(vec![item(409_599)]).excess(), None);
        assert_eq!(items(vec![item(409_600)]).excess(), None);
        assert!(items(vec![item(409_601), item(1)]).excess().unwrap().contains("409601 bytes"));
    }

    #[test]
    fn making_the_items_stops_at_the_next_one_once_the_time_is_over() {
        let (mut all, over) = (UserItems::default(), Work::until(|| true));
        assert_eq!(all.add(item(10), &over), Err(OverBudget));
        assert_eq!(all.count, 0);
    }
}
