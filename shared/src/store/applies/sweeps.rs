//! Deletes what no request will finish: interrupted applies, unfinished undos and removals and late writes after them, and
//! the rest of deleted snapshots. Every step may run twice, and in two sweeps at once.

use std::time::Duration;

use super::apply_record::{ApplyState, SETTLING, StoredApply, sweep_at};
use super::clearing::{FormerProfile, delete_user_items};
use super::removals::{Removals, RemovedUser};
use super::staging::{abandon, interrupted};
use super::undos::Undos;
use crate::domain::{Fault, ObjectId, Timestamp};
use crate::store::attributes::{CHUNKS, DELETED_AT, EMAIL, OF, RESERVED_BY, STATE};
use crate::store::keys::{self, ALL, ItemKey, PK, SK};
use crate::store::record;
use crate::store::snapshots::chunks::{chunk_keys, tombstone_chunk_keys};
use crate::store::snapshots::snapshot_record::{SNAPSHOT_ATTRIBUTES, read_snapshot};
use crate::store::snapshots::visibility::Visibility;
use crate::store::table::Table;
use crate::store::table::change::{Change, text};
use crate::store::table::outcome::{CallFailure, Item, ItemReason};
use crate::store::table::query::PartitionQuery;

/// The number of items in one page.
const PAGE: usize = 100;

/// An item that is due for a sweep. The sweep reads the item itself again.
#[derive(Debug, Clone, PartialEq)]
pub struct DueItem {
    key: ItemKey,
    position: String,
}

impl DueItem {
    /// Returns for how long it has been due.
    pub fn waited(&self, now: Timestamp) -> Duration {
        let due = self.position.split('#').next().and_then(|time| time.parse().ok());
        due.map_or(Duration::ZERO, |due| now.since(due))
    }
}

/// The outcome of sweeping one item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SweepOutcome {
    /// An interrupted apply was abandoned. Its items are deleted once its last writes must have arrived.
    Abandoned,
    /// The items of an abandoned apply are deleted, and its e-mail address is free.
    Cleared {
        /// How many items were deleted.
        items: usize,
    },
    /// An undo was finished, or its late writes were deleted.
    Undone {
        /// How many items were deleted.
        items: usize,
    },
    /// The removal of a user was finished, or its late writes were deleted.
    Removed {
        /// How many items were deleted.
        items: usize,
    },
    /// The missing rows of a sharing are written.
    Listed,
    /// The rest of a deleted snapshot is deleted.
    Emptied {
        /// How many items were deleted.
        items: usize,
    },
    /// Nothing was due.
    Nothing,
}

/// Finds and sweeps items.
pub struct Sweeps<'a>(&'a Table);

impl<'a> Sweeps<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Returns the partitions that a sweep reads.
    pub fn shards() -> Vec<String> {
        keys::sweep_shards().collect()
    }

    /// Returns one page of the items that are due in a partition at `now`, after `last`, and whether there are more.
    pub async fn due(
        &self,
        shard: &str,
        now: Timestamp,
        last: Option<&DueItem>,
    ) -> Result<(Vec<DueItem>, bool), Fault> {
        // Text order is time order, and this sorts after everything of that moment.
        let end = format!("{now}~");
        let end = last.map_or(end.as_str(), |last| last.position.as_str());
        let (items, more) =
            self.0.query(PartitionQuery::of_index(&ALL, shard).before(end).backwards().at_most(PAGE)).await?;
        let due = items.iter().map(|item| DueItem {
            key: ItemKey { pk: record::partition_key(item).to_owned(), sk: record::sort_key(item).to_owned() },
            position: record::key_attribute(item, ALL.sk).to_owned(),
        });
        Ok((due.collect(), more.is_some()))
    }

    /// Sweeps one item at `now`.
    pub async fn sweep(&self, due: &DueItem, now: Timestamp) -> Result<SweepOutcome, Fault> {
        // The index may be stale, so the item itself decides.
        let Some(item) = self.0.get(&due.key, None).await? else { return Ok(SweepOutcome::Nothing) };
        if let Some(snapshot) = keys::parse_snapshot(&due.key.pk) {
            return match due.key.sk == keys::SHARING {
                true => self.sweep_sharing(snapshot, item).await,
                false => self.sweep_tombstone(snapshot, item, now).await,
            };
        }
        if let Some((organization, user)) = keys::parse_user_partition(&due.key.pk) {
            let Some(removed) = RemovedUser::read(organization, user, item)? else { return Ok(SweepOutcome::Nothing) };
            let swept = Removals::new(self.0).sweep(&removed, now).await?;
            return Ok(swept.map_or(SweepOutcome::Nothing, |items| SweepOutcome::Removed { items }));
        }
        let apply = StoredApply::read(item)?;
        match (apply.state(), apply.lease_until(), apply.record.given_up_at) {
            (ApplyState::Staging, Some(lease), _) if sweep_at(lease) <= now => {
                Ok(if abandon(self.0, &apply, interrupted(now)).await? {
                    SweepOutcome::Abandoned
                } else {
                    SweepOutcome::Nothing
                })
            }
            (ApplyState::Aborting, _, Some(given_up)) if given_up.plus(SETTLING) <= now => self.clear(&apply).await,
            (ApplyState::Undoing, ..) => {
                let (_, items) = Undos::new(self.0).finish(&apply, now).await?;
                Ok(SweepOutcome::Undone { items })
            }
            (ApplyState::Undone, ..) => {
                let looked = Undos::new(self.0).delete_late_writes(&apply, now).await?;
                Ok(looked.map_or(SweepOutcome::Nothing, |items| SweepOutcome::Undone { items }))
            }
            _ => Ok(SweepOutcome::Nothing),
        }
    }

    /// Deletes the items of an abandoned apply, frees its address and ends it. It was abandoned long enough ago that
    /// all its writes have arrived.
    async fn clear(&self, apply: &StoredApply) -> Result<SweepOutcome, Fault> {
        let items =
            delete_user_items(self.0, &apply.organization, &apply.record.user_id, FormerProfile::Absent).await?;
        self.finish(apply).await?;
        Ok(SweepOutcome::Cleared { items })
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
                // Another sweep may have ended it first.
                let now = self.0.get(&apply.key(), None).await?.map(StoredApply::read).transpose()?;
                match (now.map(|now| now.state()), reasons.get(1)) {
                    (Some(ApplyState::Aborted), _) => Ok(()),
                    // Another user or apply holds the address, or nobody. Only a restored table is like this.
                    (Some(ApplyState::Aborting), Some(ItemReason::ConditionFailed(_))) => {
                        match self.0.change(&apply.key(), &aborted).await {
                            Ok(()) | Err(CallFailure::ConditionFailed(_)) => Ok(()),
                            Err(other) => Err(other.into()),
                        }
                    }
                    _ => Err(Fault::Corrupt(format!("apply {id} cannot be ended: {reasons:?}"))),
                }
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Writes the rows that the request which shared the snapshot did not write.
    async fn sweep_sharing(&self, snapshot: ObjectId, mut sharing: Item) -> Result<SweepOutcome, Fault> {
        let Some(of) = sharing.remove(OF) else { return Ok(SweepOutcome::Nothing) };
        let item = self.0.get(&keys::snapshot(&snapshot), Some(&SNAPSHOT_ATTRIBUTES)).await?;
        // The sweep of a deleted snapshot deletes its rows, too.
        let Some(item) = item.filter(|item| !record::is_tombstone(item)) else { return Ok(SweepOutcome::Nothing) };
        let is_settled = Visibility::new(self.0).settle(&read_snapshot(snapshot, item)?, of).await?;
        Ok(if is_settled { SweepOutcome::Listed } else { SweepOutcome::Nothing })
    }

    /// Deletes the rest of a deleted snapshot: visibility items, revisions and chunks. Keeps the tombstone, so that the
    /// id is never used again.
    async fn sweep_tombstone(&self, snapshot: ObjectId, item: Item, now: Timestamp) -> Result<SweepOutcome, Fault> {
        let deleted_at = item.get(DELETED_AT).and_then(|value| value.as_s().ok()).and_then(|text| text.parse().ok());
        let is_settled = deleted_at.is_some_and(|at: Timestamp| at.plus(SETTLING) <= now);
        if !record::is_tombstone(&item) || !is_settled {
            return Ok(SweepOutcome::Nothing);
        }
        let meta = keys::snapshot(&snapshot);
        let left = self.0.query_all(PartitionQuery::of(&meta.pk).only(&[PK, SK, CHUNKS])).await?;
        let left = left.iter().filter(|item| record::sort_key(item) != meta.sk);
        let mut keys = tombstone_chunk_keys(&snapshot, &item)?;
        let mut others = Vec::new();
        for item in left {
            // Chunks first: a later sweep finds what is left by this item.
            keys.extend(chunk_keys(&snapshot, item)?);
            others.push(ItemKey { pk: meta.pk.clone(), sk: record::sort_key(item).to_owned() });
        }
        keys.extend(others);
        let items = keys.len();
        self.0.batch_delete(keys).await?;
        let swept = Change::of_existing().unlist(&ALL);
        match self.0.change(&meta, &swept).await {
            Ok(()) => Ok(SweepOutcome::Emptied { items }),
            Err(other) => Err(other.into()),
        }
    }
}
