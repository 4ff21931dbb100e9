//! Deletes what an apply leaves of a user who is not there.

use crate::domain::{Fault, ObjectId};
use crate::store::keys::{self, Key, PK, SK};
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::query::Query;

/// Deletes everything of a user who is not there, until a consistent list is empty. Gives how many items that were.
pub(super) async fn empty_user(table: &Table, organization: &ObjectId, user: &ObjectId) -> Result<usize, Fault> {
    let profile = keys::user(organization, user);
    let mut deleted = 0;
    loop {
        let left = list(table, &profile.pk).await?;
        if left.is_empty() {
            return Ok(deleted);
        }
        if left.contains(&profile) {
            // No protocol leads here; whatever did, the user is not ours to delete.
            return Err(Fault::Corrupt(format!("the user {user} is there whose items were to be cleared away")));
        }
        deleted += left.len();
        table.batch_delete(left).await?;
    }
}

/// The keys of everything in a partition, read consistently.
async fn list(table: &Table, pk: &str) -> Result<Vec<Key>, Fault> {
    let items = table.query_all(Query::of(pk).only(&[PK, SK])).await?;
    Ok(items.iter().map(|item| Key { pk: pk.to_owned(), sk: record::sort_key(item).to_owned() }).collect())
}
