//! The items that make a snapshot visible beyond its source organization: rows of lists, written from what the snapshot's own
//! item says.
//!
//! That one is written first, together with the item [`keys::sharing`] that names the sharing. Rows that do not fit the same
//! transaction follow in others, each on the condition that the sharing is still the one that they are of. Until they are
//! all there the item has a sweep key.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use crate::domain::sharing::SharedRevision;
use crate::domain::{Counts, Fault, ObjectId, Snapshot, Timestamp};
use crate::store::MAX_TRANSACTION_ITEMS;
use crate::store::keys::{self, ALL, Key, LIST, PK, SK};
use crate::store::record::{self, TYPE};
use crate::store::table::change::{Change, number, text};
use crate::store::table::outcome::{CallFailure, Item};
use crate::store::table::{Part, Table};

/// How long a request has to write the rows before a sweep does.
const SWEPT_AFTER: Duration = Duration::from_secs(60);
/// Which sharing the rows are of.
pub(in crate::store) const OF: &str = "of";
/// When the sharing was made that a row shows.
const SHARED_AT: &str = "sharedAt";
/// When the sharing was made under which the row's organization joined.
const SINCE: &str = "since";

/// Writes rows.
pub(in crate::store) struct Visibility<'a>(&'a Table);

/// The writes that go along with a new sharing.
pub(in crate::store) struct RowWrites {
    /// Those of the same transaction.
    pub(in crate::store) at_once: Vec<TransactWriteItem>,
    /// Whether rows are left to [`Visibility::settle`].
    pub(in crate::store) is_partial: bool,
}

/// Names the sharing that a snapshot has: an assignment raises the version, and what follows a revision the time of the sharing.
pub(in crate::store) fn mark(snapshot: &Snapshot) -> AttributeValue {
    let at = snapshot.shares.current.as_ref().map_or(0, |shared| shared.at.as_millis());
    text(format_args!("{}.{at}", snapshot.version))
}

impl<'a> Visibility<'a> {
    pub(in crate::store) fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// What a transaction of `room` more items writes that makes `before` what it is `after`.
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
        let marker = Change::default().set(TYPE, text("sharing")).set(OF, mark(after));
        // One that is left from an earlier sharing keeps its sweep key: its rows are not all there.
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

    /// Makes the rows of a snapshot what its own item says, which was read after the sharing `of`, or written with it; `false` where
    /// another sharing came meanwhile, which sees to them itself. A rename makes another version and no other sharing.
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

    /// The rows that are not what the snapshot's own item says: each with its change, or without one where it has to go.
    async fn outdated(&self, snapshot: &Snapshot) -> Result<Vec<(Key, Option<Change>)>, Fault> {
        let partition = keys::snapshot(&snapshot.id).pk;
        let part = Part { pk: partition, sk_prefix: Some(keys::VISIBLE_TO), attributes: Some(&[PK, SK, SHARED_AT]) };
        let mut items = self.0.query_all(&part).await?;
        items.extend(self.0.get(&keys::visible_to_all(&snapshot.id), Some(&[PK, SK, SHARED_AT])).await?);
        let mut rows: HashMap<Key, Option<AttributeValue>> = items
            .into_iter()
            .map(|mut item| {
                let key = Key { pk: record::partition_key(&item).to_owned(), sk: record::sort_key(&item).to_owned() };
                (key, item.remove(SHARED_AT))
            })
            .collect();
        let mut outdated = Vec::new();
        if let Some(shared) = &snapshot.shares.current {
            let at = text(shared.at);
            for (key, listed_in) in wanted(snapshot) {
                let row = rows.remove(&key);
                // What an organization saw that has a row is known to it; the others join now.
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

    /// When the sharing was made under which an organization joined that sees the snapshot by itself or as all do; `None` where
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

    /// Takes the rows of a snapshot away that was deleted. What this leaves the sweep of the deleted snapshot takes.
    pub(in crate::store) async fn drop_all(&self, snapshot: &Snapshot) -> Result<(), Fault> {
        let rows: Vec<Key> = wanted(snapshot).into_iter().map(|(key, _)| key).collect();
        if rows.is_empty() {
            return Ok(());
        }
        // First what lets late rows in.
        self.0.batch_delete([vec![keys::sharing(&snapshot.id)], rows].concat()).await
    }
}

/// The rows that a snapshot is to have: their keys, and the partitions of the list that they stand in.
fn wanted(snapshot: &Snapshot) -> Vec<(Key, String)> {
    let id = &snapshot.id;
    let of_all = snapshot.is_global.then(|| (keys::visible_to_all(id), keys::GLOBAL.to_owned()));
    let of_each = snapshot.receivers().map(|receiver| (keys::visible_to(id, receiver), keys::listed_for(receiver)));
    of_all.into_iter().chain(of_each).collect()
}

/// The rows that differ between what a snapshot was and what it becomes.
fn changed_rows(before: &Snapshot, after: &Snapshot) -> Result<Vec<(Key, Option<Change>)>, Fault> {
    let had: HashSet<Key> = wanted(before).into_iter().map(|(key, _)| key).collect();
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

/// Makes a row show what is shared. It keeps since when it is there.
fn row_change(
    snapshot: &Snapshot,
    shared: &SharedRevision,
    listed_in: String,
    since: Timestamp,
) -> Result<Change, Fault> {
    Ok(Change::default()
        .set(TYPE, text("visibility"))
        .set("name", text(&shared.name))
        .set("sourceOrgName", text(&shared.source_organization_name))
        .set("sourceUserEmail", text(shared.source_user_email.as_str()))
        .set("counts", counts(shared.counts)?)
        .set("revision", number(shared.revision.into()))
        .set(SHARED_AT, text(shared.at))
        .set_where_absent(SINCE, text(since))
        .list(&LIST, listed_in, keys::by_time(snapshot.created_at, &snapshot.id)))
}

fn counts(counts: Counts) -> Result<AttributeValue, Fault> {
    serde_dynamo::to_attribute_value(counts).map_err(|error| Fault::Corrupt(error.to_string()))
}
