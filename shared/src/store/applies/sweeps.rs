//! Clears away what nobody will finish: applies that were interrupted and never carried on, undos that broke off or want a
//! second look, and what a deleted snapshot leaves behind. Every step may be done twice, and by two sweeps at once.

use aws_sdk_dynamodb::types::AttributeValue;

use super::apply_record::{ApplyState, EMAIL, SETTLING, STATE, StoredApply, sweep_at};
use super::staging::abandon;
use super::undos::Undos;
use crate::domain::{Fault, ObjectId, Timestamp};
use crate::store::keys::{self, ALL, Key, PK, SK};
use crate::store::record::{self, CHUNKS, RESERVED_BY};
use crate::store::snapshots::refreshes::chunk_keys;
use crate::store::snapshots::snapshot_record::{DELETED_AT, SNAPSHOT_ATTRIBUTES, is_tombstone, read_snapshot};
use crate::store::snapshots::visibility::{OF, Visibility};
use crate::store::table::change::{Change, text};
use crate::store::table::outcome::{CallFailure, Item};
use crate::store::table::{IndexPart, Part, Range, Table};

/// How many things one page of what is due has.
const PAGE: usize = 100;

/// Something whose time to be swept has come. What is to be done about it is read anew.
#[derive(Debug, Clone, PartialEq)]
pub struct Due {
    key: Key,
    position: String,
}

/// What a sweep did about one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Swept {
    /// An interrupted apply was given up. It is cleared away once its last writes must have landed.
    GivenUp,
    /// An apply that was given up is cleared away, and its e-mail address is free.
    Cleared {
        /// How many items were deleted.
        items: usize,
    },
    /// An undone apply was seen to its end: carried on where it broke off, or looked at a second time.
    Undone {
        /// How many items were deleted.
        items: usize,
    },
    /// The rows of lists that a sharing had left are written.
    Listed,
    /// What a deleted snapshot left is gone.
    Emptied {
        /// How many items were deleted.
        items: usize,
    },
    /// There was nothing to do, or not yet.
    Nothing,
}

/// Sweeps.
pub struct Sweeps<'a>(&'a Table);

impl<'a> Sweeps<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// The partitions in which things to be swept are found.
    pub fn shards() -> Vec<String> {
        keys::sweep_shards().collect()
    }

    /// One page of what is due in a partition at `now`, after `last` where that was the end of the page before, and whether
    /// there is more.
    pub async fn due(&self, shard: &str, now: Timestamp, last: Option<&Due>) -> Result<(Vec<Due>, bool), Fault> {
        // Text order is time order, and this sorts after everything of that very moment.
        let end = format!("{now}~");
        let range = Range::LatestFirst(Some(last.map_or(end.as_str(), |last| last.position.as_str())));
        let (items, more) = self.0.query_index(&IndexPart { index: &ALL, pk: shard, range, limit: PAGE }).await?;
        let due = items.iter().map(|item| Due {
            key: Key { pk: record::partition_key(item).to_owned(), sk: record::sort_key(item).to_owned() },
            position: record::key_attribute(item, ALL.sk).to_owned(),
        });
        Ok((due.collect(), more))
    }

    /// Does what is to be done at `now` about one thing.
    pub async fn sweep(&self, due: &Due, now: Timestamp) -> Result<Swept, Fault> {
        // The index may be a moment old, so what counts is the item itself.
        let Some(item) = self.0.get(&due.key, None).await? else { return Ok(Swept::Nothing) };
        if let Some(snapshot) = keys::parse_snapshot(&due.key.pk) {
            return match due.key.sk == keys::SHARING {
                true => self.sweep_sharing(snapshot, item).await,
                false => self.sweep_tombstone(snapshot, item, now).await,
            };
        }
        let apply = StoredApply::read(item)?;
        match (apply.state(), apply.lease_until(), apply.record.given_up_at) {
            (ApplyState::Staging, Some(lease), _) if sweep_at(lease) <= now => {
                Ok(if abandon(self.0, &apply, now).await? { Swept::GivenUp } else { Swept::Nothing })
            }
            (ApplyState::Aborting, _, Some(given_up)) if given_up.plus(SETTLING) <= now => self.clear(&apply).await,
            (ApplyState::Undoing, ..) => {
                let (_, items) = Undos::new(self.0).finish(&apply, now).await?;
                Ok(Swept::Undone { items })
            }
            (ApplyState::Undone, ..) => {
                let looked = Undos::new(self.0).look_again(&apply, now).await?;
                Ok(looked.map_or(Swept::Nothing, |items| Swept::Undone { items }))
            }
            _ => Ok(Swept::Nothing),
        }
    }

    /// Clears everything away of the user that an apply was making; then frees the address and ends the apply. It was given up
    /// long enough ago that no write of it is still on its way.
    async fn clear(&self, apply: &StoredApply) -> Result<Swept, Fault> {
        let items = empty_user(self.0, &apply.organization, &apply.record.user_id).await?;
        self.finish(apply).await?;
        Ok(Swept::Cleared { items })
    }

    async fn finish(&self, apply: &StoredApply) -> Result<(), Fault> {
        let id = &apply.origin.apply;
        let aborted = Change::of_existing()
            .when(STATE, ApplyState::Aborting.value())
            .set(STATE, ApplyState::Aborted.value())
            .remove(EMAIL)
            .unlist(&ALL);
        let email = apply.record.email.as_ref();
        let email = email.ok_or_else(|| Fault::Corrupt(format!("apply {id} does not say which address it holds")))?;
        let own = Change::of_existing().when(RESERVED_BY, text(id));
        let writes = vec![
            self.0.change_in_transaction(&apply.key(), &aborted)?,
            self.0.delete_when_in_transaction(&keys::email(email.key()), &own)?,
        ];
        match self.0.transact(writes).await {
            Ok(()) => Ok(()),
            Err(CallFailure::Cancelled(reasons)) => {
                // Another sweep was faster.
                let now = self.0.get(&apply.key(), None).await?.map(StoredApply::read).transpose()?;
                match now {
                    Some(now) if now.state() == ApplyState::Aborted => Ok(()),
                    _ => Err(Fault::Corrupt(format!("apply {id} cannot be ended: {reasons:?}"))),
                }
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Writes the rows of lists that the request did not get to which shared the snapshot.
    async fn sweep_sharing(&self, snapshot: ObjectId, mut sharing: Item) -> Result<Swept, Fault> {
        let Some(of) = sharing.remove(OF) else { return Ok(Swept::Nothing) };
        let item = self.0.get(&keys::snapshot(&snapshot), Some(&SNAPSHOT_ATTRIBUTES)).await?;
        // A deleted one is swept by itself, with everything.
        let Some(item) = item.filter(|item| !is_tombstone(item)) else { return Ok(Swept::Nothing) };
        let is_settled = Visibility::new(self.0).settle(&read_snapshot(snapshot, item)?, of).await?;
        Ok(if is_settled { Swept::Listed } else { Swept::Nothing })
    }

    /// Deletes what a deleted snapshot left: what made it visible, and its chunks. The tombstone stays, so that the id never
    /// comes back.
    async fn sweep_tombstone(&self, snapshot: ObjectId, item: Item, now: Timestamp) -> Result<Swept, Fault> {
        let deleted_at = item.get(DELETED_AT).and_then(|value| value.as_s().ok()).and_then(|text| text.parse().ok());
        let is_settled = deleted_at.is_some_and(|at: Timestamp| at.plus(SETTLING) <= now);
        if !is_tombstone(&item) || !is_settled {
            return Ok(Swept::Nothing);
        }
        let meta = keys::snapshot(&snapshot);
        let part = Part { pk: meta.pk.clone(), sk_prefix: None, attributes: Some(&[PK, SK, CHUNKS]) };
        let left = self.0.query_all(&part).await?;
        let left = left.iter().filter(|item| record::sort_key(item) != meta.sk);
        let mut keys = chunks(&snapshot, &item)?;
        let mut others = Vec::new();
        for item in left {
            // Chunks go before the item by which they are found.
            keys.extend(chunk_keys(&snapshot, item)?);
            others.push(Key { pk: meta.pk.clone(), sk: record::sort_key(item).to_owned() });
        }
        keys.extend(others);
        let items = keys.len();
        self.0.batch_delete(keys).await?;
        let swept = Change::of_existing().unlist(&ALL);
        match self.0.change(&meta, &swept).await {
            Ok(()) => Ok(Swept::Emptied { items }),
            Err(other) => Err(other.into()),
        }
    }
}

/// Deletes everything of a user who is not there, until a consistent list is empty. Gives how many items that were.
pub(in crate::store) async fn empty_user(
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
            // No protocol leads here; whatever did, the user is not ours to delete.
            return Err(Fault::Corrupt(format!("the user {user} is there whose items were to be cleared away")));
        }
        deleted += left.len();
        table.batch_delete(left).await?;
    }
}

/// The keys of everything in a partition, read consistently.
async fn list(table: &Table, pk: &str) -> Result<Vec<Key>, Fault> {
    let part = Part { pk: pk.to_owned(), sk_prefix: None, attributes: Some(&[PK, SK]) };
    let items = table.query_all(&part).await?;
    Ok(items.iter().map(|item| Key { pk: pk.to_owned(), sk: record::sort_key(item).to_owned() }).collect())
}

/// The keys of a snapshot's chunks, which its tombstone still counts.
fn chunks(snapshot: &ObjectId, tombstone: &Item) -> Result<Vec<Key>, Fault> {
    let Some(AttributeValue::N(count)) = tombstone.get(CHUNKS) else { return Ok(Vec::new()) };
    let number = |text: &str| text.parse::<u32>().ok();
    let revision = tombstone.get("revision").and_then(|value| value.as_n().ok()).and_then(|text| number(text));
    let (Some(count), Some(revision)) = (number(count), revision) else {
        return Err(Fault::Corrupt(format!("the tombstone of {snapshot} does not count its chunks")));
    };
    Ok((0..count).map(|chunk| keys::chunk(snapshot, revision, chunk as usize)).collect())
}
