//! Splits items into batches that fit one transaction beside a check.

use super::outcome::Item;
use super::size::stored_bytes;
use crate::store::{MAX_TRANSACTION_BYTES, MAX_TRANSACTION_ITEMS};

/// The most bytes in one batch: DynamoDB takes 4 MB, and the check of the record needs some of it.
const MAX_BATCH_BYTES: usize = MAX_TRANSACTION_BYTES - 500_000;

/// Items in their order, in batches that fit one transaction beside the check.
#[derive(Default)]
pub(in crate::store) struct Batches {
    batches: Vec<Vec<Item>>,
    /// The bytes of the last batch.
    bytes: usize,
}

impl Batches {
    /// Adds an item of this size.
    pub(in crate::store) fn add(&mut self, item: Item, size: usize) {
        match self.batches.last_mut() {
            Some(batch) if batch.len() < MAX_TRANSACTION_ITEMS - 1 && self.bytes + size <= MAX_BATCH_BYTES => {
                self.bytes += size;
                batch.push(item);
            }
            _ => {
                self.bytes = size;
                self.batches.push(vec![item]);
            }
        }
    }

    /// Returns the batches.
    pub(in crate::store) fn finish(self) -> Vec<Vec<Item>> {
        self.batches
    }
}

/// Returns the items in their order, in batches that fit one transaction beside the check.
pub(in crate::store) fn batches(items: Vec<Item>) -> Vec<Vec<Item>> {
    let mut batches = Batches::default();
    for item in items {
        let size = stored_bytes(&item);
        batches.add(item, size);
    }
    batches.finish()
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    fn lengths(count: usize, bytes: usize) -> Vec<usize> {
        let item = Item::from([("a".to_owned(), AttributeValue::S("x".repeat(bytes - 1)))]);
        batches(vec![item; count]).iter().map(Vec::len).collect()
    }

    #[test]
    fn a_batch_has_at_most_99_items() {
        assert_eq!(lengths(0, 10), [0; 0]);
        assert_eq!(lengths(98, 10), [98]);
        assert_eq!(lengths(99, 10), [99]);
        assert_eq!(lengths(100, 10), [99, 1]);
        assert_eq!(lengths(250, 10), [99, 99, 52]);
    }

    #[test]
    fn a_batch_has_at_most_3_5_mb() {
        assert_eq!(lengths(10, 350_000), [10]);
        assert_eq!(lengths(10, 350_001), [9, 1]);
        assert_eq!(lengths(11, 350_000), [10, 1]);
    }
}
