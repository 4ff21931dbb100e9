//! Deletes what an abandoned or undone apply leaves of its user.

use crate::domain::{Fault, ObjectId};
use crate::store::keys::{self, ItemKey, PK, SK};
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::query::PartitionQuery;

/// Deletes the items of a user without a profile until a consistent list is empty. Returns the number of deleted items.
/// Fails if there is a profile.
pub(in crate::store) async fn delete_user_items(
    table: &Table,
    organization: &ObjectId,
    user: &ObjectId,
) -> Result<usize, Fault> {
    let profile = keys::user(organization, user);
    let mut deleted = 0;
    loop {
        let left = list(table, &profile.pk).await?;
        if left.is_empty() {
            return Ok(deleted);
        }
        if left.contains(&profile) {
            // No protocol allows this. The user exists, so nothing is deleted.
            return Err(Fault::Corrupt(format!("the user {user} exists, so its items are not deleted")));
        }
        deleted += left.len();
        table.batch_delete(left).await?;
    }
}

/// Returns the keys in a partition, read consistently.
async fn list(table: &Table, pk: &str) -> Result<Vec<ItemKey>, Fault> {
    let items = table.query_all(PartitionQuery::of(pk).only(&[PK, SK])).await?;
    Ok(items.iter().map(|item| ItemKey { pk: pk.to_owned(), sk: record::sort_key(item).to_owned() }).collect())
}
