//! The items that list a snapshot for other organizations. They repeat what the snapshot's own item shares.
//!
//! That item is written first, in one transaction with the item [`keys::sharing`], which names the sharing. Rows that
//! do not fit this transaction follow in others, on the condition that the sharing is still the same. The item has a
//! sweep key until all rows are written.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use crate::domain::snapshot::SharedRevision;
use crate::domain::{Counts, Fault, ObjectId, Snapshot, Timestamp};
use crate::store::MAX_TRANSACTION_ITEMS;
use crate::store::attributes::{
    COUNTS, NAME, OF, REVISION, SHARED_AT, SINCE, SOURCE_ORGANIZATION_NAME, SOURCE_USER_EMAIL, TYPE,
};
use crate::store::keys::{self, ALL, ItemKey, LIST, PK, SK};
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::change::{Change, number, text};
use crate::store::table::outcome::{CallFailure, Item};
use crate::store::table::query::PartitionQuery;

/// How long a request may take to write the rows before a sweep writes them.
const SWEPT_AFTER: Duration = Duration::from_secs(60);

/// Writes the rows.
pub(in crate::store) struct Visibility<'a>(&'a Table);

/// The writes of a new sharing.
pub(in crate::store) struct RowWrites {
    /// The writes in the same transaction.
    pub(in crate::store) at_once: Vec<TransactWriteItem>,
    /// Whether [`Visibility::settle`] has to write rows.
    pub(in crate::store) is_partial: bool,
}

/// Returns the name of a snapshot's sharing. An assignment raises the version; a followed revision changes the time.
pub(in crate::store) fn sharing_mark(snapshot: &Snapshot) -> AttributeValue {
    let at = snapshot.shares.current.as_ref().map_or(0, |shared| shared.at.as_millis());
    text(format_args!("{}.{at}", snapshot.version))
}

impl<'a> Visibility<'a> {
    pub(in crate::store) fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Returns the writes that turn the rows of `before` into those of `after`, in a transaction with room for `room`
    /// more items.
    pub(in crate::store) fn writes(
        &self,
        before: &Snapshot,
        after: &Snapshot,
        now: Timestamp,
        room: usize,
    ) -> Result<RowWrites, Fault> {
        let mut rows = Vec::new();
        for (key, change) in changed_rows(before, after)? {
            rows.push(match change {
                Some(change) => self.0.change_in_transaction(&key, &change)?,
                None => self.0.delete_in_transaction(&key)?,
            });
        }
        let is_partial = rows.len() + 1 > room;
        let marker = Change::default().set(TYPE, text("sharing")).set(OF, sharing_mark(after));
        // A sweep key from an earlier sharing stays, because not all of its rows are written.
        let marker = match is_partial {
            true => marker.list(&ALL, keys::sweep_shard(&after.id), keys::by_time(now.plus(SWEPT_AFTER), &after.id)),
            false => marker,
        };
        let mut at_once = vec![self.0.change_in_transaction(&keys::sharing(&after.id), &marker)?];
        if !is_partial {
            at_once.extend(rows);
        }
        Ok(RowWrites { at_once, is_partial })
    }

    /// Writes the rows of a snapshot, which was read after the sharing `of` or written with it. Returns `false` if
    /// another sharing was made since, which writes the rows itself. A rename makes another version, but no other
    /// sharing.
    pub(in crate::store) async fn settle(&self, snapshot: &Snapshot, of: AttributeValue) -> Result<bool, Fault> {
        let mut writes = Vec::new();
        for (key, change) in self.outdated(snapshot).await? {
            writes.push(match change {
                Some(change) => self.0.change_in_transaction(&key, &change)?,
                None => self.0.delete_in_transaction(&key)?,
            });
        }
        let (key, own) = (keys::sharing(&snapshot.id), Change::of_existing().when(OF, of));
        let mut batches = writes.chunks(MAX_TRANSACTION_ITEMS - 1).peekable();
        loop {
            let batch = batches.next().unwrap_or_default();
            let is_last = batches.peek().is_none();
            let marker = match is_last {
                true => self.0.change_in_transaction(&key, &own.clone().unlist(&ALL))?,
                false => self.0.check_in_transaction(&key, &own)?,
            };
            match self.0.transact([&[marker], batch].concat()).await {
                Ok(()) if is_last => return Ok(true),
                Ok(()) => {}
                Err(CallFailure::Cancelled(_)) => return Ok(false),
                Err(other) => return Err(other.into()),
            }
        }
    }

    /// Returns the rows that differ from the snapshot's own item, each with its change, or with `None` if it has to be
    /// deleted.
    async fn outdated(&self, snapshot: &Snapshot) -> Result<Vec<(ItemKey, Option<Change>)>, Fault> {
        let partition = keys::snapshot(&snapshot.id).pk;
        let query = PartitionQuery::of(&partition).starting_with(keys::VISIBLE_TO).only(&[PK, SK, SHARED_AT]);
        let mut items = self.0.query_all(query).await?;
        items.extend(self.0.get(&keys::visible_to_all(&snapshot.id), Some(&[PK, SK, SHARED_AT])).await?);
        let mut rows: HashMap<ItemKey, Option<AttributeValue>> = items
            .into_iter()
            .map(|mut item| {
                let key =
                    ItemKey { pk: record::partition_key(&item).to_owned(), sk: record::sort_key(&item).to_owned() };
                (key, item.remove(SHARED_AT))
            })
            .collect();
        let mut outdated = Vec::new();
        if let Some(shared) = &snapshot.shares.current {
            let at = text(shared.at);
            for (key, listed_in) in wanted(snapshot) {
                let row = rows.remove(&key);
                // An organization with a row has seen the earlier sharing; the others get access now.
                let since = match (&row, snapshot.shares.earlier) {
                    (Some(_), Some(earlier)) => earlier.at,
                    _ => shared.at,
                };
                if row.flatten().as_ref() != Some(&at) {
                    outdated.push((key, Some(row_change(snapshot, shared, listed_in, since)?)));
                }
            }
        }
        Ok(rows.into_keys().map(|key| (key, None)).chain(outdated).collect())
    }

    /// Returns when the sharing was made under which an organization got access, by itself or as one of all; `None` if
    /// its row does not tell. One round trip.
    pub(in crate::store) async fn since(
        &self,
        snapshot: ObjectId,
        organization: ObjectId,
    ) -> Result<Option<Timestamp>, Fault> {
        let keys = [keys::visible_to(&snapshot, &organization), keys::visible_to_all(&snapshot)];
        let (own, all) =
            tokio::join!(self.0.get(&keys[0], Some(&[PK, SINCE])), self.0.get(&keys[1], Some(&[PK, SINCE])));
        let since = |item: Option<Item>| item?.get(SINCE)?.as_s().ok()?.parse::<Timestamp>().ok();
        Ok([since(own?), since(all?)].into_iter().flatten().min())
    }

    /// Deletes the rows of a deleted snapshot. The sweep of the snapshot deletes what this leaves.
    pub(in crate::store) async fn delete_all(&self, snapshot: &Snapshot) -> Result<(), Fault> {
        let rows: Vec<ItemKey> = wanted(snapshot).into_iter().map(|(key, _)| key).collect();
        if rows.is_empty() {
            return Ok(());
        }
        // The sharing item first: late rows depend on it.
        self.0.batch_delete([vec![keys::sharing(&snapshot.id)], rows].concat()).await
    }
}

/// Returns the keys of a snapshot's rows, and the partitions of the list that they belong to.
pub(in crate::store) fn wanted(snapshot: &Snapshot) -> Vec<(ItemKey, String)> {
    let id = &snapshot.id;
    let of_all = snapshot.is_global.then(|| (keys::visible_to_all(id), keys::GLOBAL.to_owned()));
    let of_each = snapshot.receivers().map(|receiver| (keys::visible_to(id, receiver), keys::listed_for(receiver)));
    of_all.into_iter().chain(of_each).collect()
}

/// Returns the rows that differ between two states of a snapshot.
fn changed_rows(before: &Snapshot, after: &Snapshot) -> Result<Vec<(ItemKey, Option<Change>)>, Fault> {
    let had: HashSet<ItemKey> = wanted(before).into_iter().map(|(key, _)| key).collect();
    let mut changed = Vec::new();
    let mut kept = HashSet::new();
    if let Some(shared) = &after.shares.current {
        let is_new = before.shares.current.as_ref() != Some(shared);
        let since_before = before.shared().map_or(shared.at, |shared| shared.at);
        for (key, listed_in) in wanted(after) {
            let is_kept = had.contains(&key);
            if is_new || !is_kept {
                let since = if is_kept { since_before } else { shared.at };
                changed.push((key.clone(), Some(row_change(after, shared, listed_in, since)?)));
            }
            kept.insert(key);
        }
    }
    let gone = had.into_iter().filter(|key| !kept.contains(key)).map(|key| (key, None));
    changed.extend(gone);
    Ok(changed)
}

/// Returns the change that makes a row show the sharing. It keeps an existing `since`.
fn row_change(
    snapshot: &Snapshot,
    shared: &SharedRevision,
    listed_in: String,
    since: Timestamp,
) -> Result<Change, Fault> {
    Ok(Change::default()
        .set(TYPE, text("visibility"))
        .set(NAME, text(&shared.name))
        .set(SOURCE_ORGANIZATION_NAME, text(&shared.source_organization_name))
        .set(SOURCE_USER_EMAIL, text(shared.source_user_email.as_str()))
        .set(COUNTS, counts(shared.counts)?)
        .set(REVISION, number(shared.revision.into()))
        .set(SHARED_AT, text(shared.at))
        .set_where_absent(SINCE, text(since))
        .list(&LIST, listed_in, keys::by_time(snapshot.created_at, &snapshot.id)))
}

fn counts(counts: Counts) -> Result<AttributeValue, Fault> {
    serde_dynamo::to_attribute_value(counts).map_err(|error| Fault::Corrupt(error.to_string()))
}
