//! Deletes the items of a user who is not there any more: of an apply that was abandoned or undone, or a removed one.

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join_all;

use crate::domain::{Fault, ObjectId};
use crate::store::attributes::SETUP_VERSION;
use crate::store::keys::{self, ItemKey, PK, SK};
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::change::Change;
use crate::store::table::outcome::{CallFailure, Item};
use crate::store::table::query::PartitionQuery;

/// How many deletions with a condition are sent at once: as many as one batch without conditions has.
const AT_ONCE: usize = 25;

/// The state of the `#META` item of a user whose items are deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum FormerProfile {
    /// Nothing. Everything is deleted.
    Absent,
    /// A tombstone with this version of the setup. Items of a later version are left: another system made the user again.
    Tombstone(u64),
}

/// Deletes the items of a user without a profile until a consistent list is empty. Returns the number of deleted items.
/// Fails if there is a profile.
pub(in crate::store) async fn delete_user_items(
    table: &Table,
    organization: &ObjectId,
    user: &ObjectId,
    former: FormerProfile,
) -> Result<usize, Fault> {
    let pk = keys::user_partition(organization, user);
    let mut deleted = 0;
    loop {
        let left = table.query_all(PartitionQuery::of(&pk).only(&[PK, SK, SETUP_VERSION])).await?;
        let keys = match former {
            FormerProfile::Absent => left.iter().map(key).collect(),
            FormerProfile::Tombstone(version) => earlier_items(&left, version),
        };
        if keys.is_empty() {
            return Ok(deleted);
        }
        deleted += keys.len();
        match former {
            FormerProfile::Absent if keys.contains(&keys::user(organization, user)) => {
                // No protocol allows this. The user exists, so nothing is deleted.
                return Err(Fault::Corrupt(format!("the user {user} exists, so its items are not deleted")));
            }
            FormerProfile::Absent => table.batch_delete(keys).await?,
            FormerProfile::Tombstone(version) => delete_earlier(table, &keys, version).await?,
        }
    }
}

fn key(item: &Item) -> ItemKey {
    ItemKey { pk: record::partition_key(item).to_owned(), sk: record::sort_key(item).to_owned() }
}

/// Returns the keys of all items but the tombstone and those of a later version. A number that no version can be counts as later: the
/// condition of the deletion could refuse it for ever.
fn earlier_items(items: &[Item], version: u64) -> Vec<ItemKey> {
    let is_later = |item: &Item| match item.get(SETUP_VERSION) {
        Some(AttributeValue::N(number)) => number.parse::<u64>().map_or(true, |number| number > version),
        _ => false,
    };
    items.iter().filter(|item| record::sort_key(item) != keys::META && !is_later(item)).map(key).collect()
}

/// Deletes items, each on the condition that it has not been written in a later version since it was listed.
async fn delete_earlier(table: &Table, keys: &[ItemKey], version: u64) -> Result<(), Fault> {
    let earlier = Change::default().when_not_after(SETUP_VERSION, version);
    for some in keys.chunks(AT_ONCE) {
        try_join_all(some.iter().map(async |key| match table.delete_when(key, &earlier).await {
            Ok(()) | Err(CallFailure::ConditionFailed(_)) => Ok(()),
            Err(other) => Err(Fault::from(other)),
        }))
        .await?;
    }
    Ok(())
}
