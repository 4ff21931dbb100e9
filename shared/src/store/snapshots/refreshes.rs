//! Writes new revisions of a snapshot and the state of its refreshes. A new revision replaces the current one, which is
//! kept as an older one.

use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use futures_util::future::try_join_all;

use super::StoredSnapshot;
use super::chunks::{chunk_items, chunk_keys};
use super::packing::PackedContent;
use super::revision_record::{
    ContentLocation, RefreshEntry, RefreshRecord, revision_item, set_revision, when_revision, without_schedule,
};
use super::revisions::RevisionWithContent;
use super::shared_record::{keep_shared, write_shares};
use super::snapshot_record::{SNAPSHOT_ATTRIBUTES, read_snapshot};
use super::visibility::Visibility;
use crate::domain::sharing::oldest_kept;
use crate::domain::snapshot::{SharedRevision, Shares};
use crate::domain::{Counts, Fault, ObjectId, RefreshState, Snapshot, Source, Timestamp};
use crate::store::MAX_TRANSACTION_ITEMS;
use crate::store::attributes::{
    CHUNKS, CONTENT, CONTENT_HASH, COUNTS, DELETED_AT, DUE_AT, FOLLOW, OLDEST_KEPT, REPLACED_AT, RESTORED_FROM,
    REVISED_AT, REVISION, SOURCE_ORGANIZATION_NAME, SOURCE_USER_EMAIL, SOURCE_USER_NAME, VERSION,
};
use crate::store::keys::{self, ALL, PK, SK};
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::change::{Change, number, text};
use crate::store::table::outcome::{CallFailure, Item};
use crate::store::table::query::PartitionQuery;

/// How long a replaced revision is kept, whatever the limit on their number. By then an apply that uses it has ended,
/// and a client that listed it can still read it.
const KEPT_AT_LEAST: Duration = Duration::from_secs(60 * 60);
/// The most revisions that are deleted after a new one was made. The next one deletes more.
const DROPPED_AT_ONCE: usize = 10;
/// The number of rows in one page of unfinished applies.
const PAGE: usize = 100;

/// A revision that a refresh captured.
pub struct NextRevision<'n> {
    /// Its content.
    pub packed: &'n PackedContent,
    /// How many items it holds.
    pub counts: Counts,
    /// The source as it is now.
    pub source: Source,
}

/// How a revision is written.
#[derive(Debug, Clone, Copy)]
pub struct RevisionOptions {
    /// The number of revisions that are kept, this one included.
    pub kept: u32,
    /// Whether the revision is shared, if the snapshot's sharing follows new revisions.
    pub follows: bool,
    /// The version that the snapshot must still have; `None` for any.
    pub version: Option<u64>,
}

/// The outcome of writing a revision.
#[derive(Debug, PartialEq)]
pub enum ReplaceOutcome {
    /// The revision is written. Contains the snapshot after it.
    Done(Box<Snapshot>),
    /// Since the snapshot was read, another revision was made, it was deleted, or the same time of the schedule was
    /// served. Nothing is written.
    Conflict,
}

/// Writes revisions, and the state of refreshes.
pub struct Refreshes<'a>(&'a Table);

impl<'a> Refreshes<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Returns the state of a snapshot's refreshes; `None` if it was never refreshed and has no schedule. One read.
    pub async fn state(&self, snapshot: ObjectId) -> Result<Option<RefreshState>, Fault> {
        let item = self.0.get(&keys::refresh(&snapshot), None).await?;
        item.map(|item| Ok(record::read::<RefreshRecord>(item)?.into())).transpose()
    }

    /// Replaces the current revision with a captured one, on the condition that it is the one that was read. Keeps the
    /// replaced one. One transaction with the entry of the refresh.
    pub async fn replace(
        &self,
        stored: &StoredSnapshot,
        next: &NextRevision<'_>,
        entry: &RefreshEntry,
        options: RevisionOptions,
    ) -> Result<ReplaceOutcome, Fault> {
        let snapshot = &stored.snapshot;
        let revised = Snapshot {
            source: next.source.clone(),
            counts: next.counts,
            restored_from: None,
            ..revised(snapshot, entry.at)
        };
        let state = set_revision(entry.write(Change::default()), revised.revision);
        let state = self.0.change_in_transaction(&keys::refresh(&snapshot.id), &state)?;
        self.write(stored, revised, next.packed, state, options).await
    }

    /// Restores an older revision as a new one, on the condition that the current one is the one that was read. The
    /// same transaction ends the schedule, which would capture over it.
    pub async fn restore(
        &self,
        stored: &StoredSnapshot,
        old: &RevisionWithContent,
        now: Timestamp,
        options: RevisionOptions,
    ) -> Result<ReplaceOutcome, Fault> {
        let snapshot = &stored.snapshot;
        let revised = Snapshot {
            counts: old.revision.counts,
            restored_from: Some(old.revision.number),
            ..revised(snapshot, now.max(snapshot.revised_at))
        };
        // The item exists, because whatever made older revisions wrote it.
        let state = set_revision(without_schedule(Change::of_existing()), revised.revision);
        let state = self.0.change_in_transaction(&keys::refresh(&snapshot.id), &state)?;
        let packed = PackedContent { bytes: old.packed.clone(), hash: old.hash };
        self.write(stored, revised, &packed, state, options).await
    }

    async fn write(
        &self,
        stored: &StoredSnapshot,
        mut revised: Snapshot,
        packed: &PackedContent,
        state: TransactWriteItem,
        options: RevisionOptions,
    ) -> Result<ReplaceOutcome, Fault> {
        let StoredSnapshot { snapshot, location, hash } = stored;
        revised.content = packed.address();
        let is_followed = follow_revision(snapshot, &mut revised, options);
        let replaced = revision_item(snapshot, location, hash, revised.revised_at)?;
        let change = revision_change(snapshot, &revised, packed, options)?;
        let change = match is_followed {
            // An assignment since the read may change what is shared, so the version is a condition.
            true => write_shares(change, &revised.shares)?
                .when(VERSION, number(snapshot.version))
                .when(FOLLOW, AttributeValue::Bool(true)),
            false => keep_shared(change, snapshot)?,
        };
        let mut writes = vec![
            self.0.change_in_transaction(&keys::snapshot(&snapshot.id), &change)?,
            self.0.put_new_in_transaction(replaced)?,
            state,
        ];
        for chunk in chunk_items(&snapshot.id, revised.revision, packed)? {
            writes.push(self.0.put_new_in_transaction(chunk)?);
        }
        if is_followed {
            let room = MAX_TRANSACTION_ITEMS - writes.len();
            let rows = Visibility::new(self.0).writes(snapshot, &revised, revised.revised_at, room)?;
            writes.extend(rows.at_once);
        }
        match self.0.transact(writes).await {
            Ok(()) => Ok(ReplaceOutcome::Done(Box::new(revised))),
            Err(CallFailure::Cancelled(_)) => Ok(ReplaceOutcome::Conflict),
            Err(other) => Err(other.into()),
        }
    }

    /// Writes the entry of a refresh that made no revision. Returns `false` if another revision was made since, the
    /// same time of the schedule was served, or the deleted snapshot was swept. One write unit. Without earlier state
    /// (`has_state` is `false`) it also reads the snapshot.
    pub async fn record(&self, snapshot: &Snapshot, has_state: bool, entry: &RefreshEntry) -> Result<bool, Fault> {
        let (snapshot, revision) = (snapshot.id, snapshot.revision);
        let key = keys::refresh(&snapshot);
        let known = if has_state { Change::of_existing() } else { Change::default() };
        match self.0.change(&key, &when_revision(entry.write(known), revision)).await {
            Ok(()) if has_state => return Ok(true),
            Ok(()) => {}
            Err(CallFailure::ConditionFailed(_)) => return Ok(false),
            Err(other) => return Err(other.into()),
        }
        // A check of the snapshot's own item in the same transaction would cost twice its size, so a deletion since is
        // found by this read.
        let snapshot = self.0.get(&keys::snapshot(&snapshot), Some(&[PK, DELETED_AT])).await?;
        if snapshot.is_some_and(|item| !item.contains_key(DELETED_AT)) {
            return Ok(true);
        }
        self.0.batch_delete(vec![key]).await?;
        Ok(false)
    }

    /// Ends a snapshot's schedule. With an entry, ends only the schedule that is due at the given time. Returns `false`
    /// if there is no such schedule.
    pub async fn end_schedule(
        &self,
        snapshot: ObjectId,
        why: Option<(&RefreshEntry, Timestamp)>,
    ) -> Result<bool, Fault> {
        let change = without_schedule(Change::of_existing());
        let change = match why {
            // The entry is not about a schedule that was set since.
            Some((entry, due_at)) => entry.write(change).when(DUE_AT, text(due_at)),
            None => change,
        };
        match self.0.change(&keys::refresh(&snapshot), &change).await {
            Ok(()) => Ok(true),
            Err(CallFailure::ConditionFailed(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// Deletes the oldest revisions beyond the limit and returns how many. Keeps shared and previously shared ones,
    /// those replaced less than an hour before `now`, and all of them while an apply of the snapshot is unfinished.
    /// `snapshot` is the snapshot after the new revision.
    pub async fn drop_old(&self, snapshot: &Snapshot, now: Timestamp) -> Result<usize, Fault> {
        let oldest_kept = snapshot.shares.oldest_kept.unwrap_or(1);
        let Some(last) = oldest_kept.checked_sub(1).filter(|last| *last > 0) else { return Ok(0) };
        let key = |revision| keys::revision(&snapshot.id, revision);
        let (first, last) = (key(0), key(last));
        let query = PartitionQuery::of(&first.pk).between(&first.sk, &last.sk).only(&[PK, SK, CHUNKS, REPLACED_AT]);
        // Two of them may be shared, and stay.
        let (mut items, _) = self.0.query(query.at_most(DROPPED_AT_ONCE + 2)).await?;
        items.retain(|item| replaced_at(item).is_some_and(|at| at.plus(KEPT_AT_LEAST) <= now));
        let items = self.not_shared(snapshot.id, items).await?;
        if items.is_empty() || self.is_being_applied(snapshot.id).await? {
            return Ok(0);
        }
        let mut keys = Vec::new();
        for item in &items {
            // Chunks first: a later call finds what is left by the revision's own item.
            keys.extend(chunk_keys(&snapshot.id, item)?);
            keys.push(keys::ItemKey {
                pk: record::partition_key(item).to_owned(),
                sk: record::sort_key(item).to_owned(),
            });
        }
        self.0.batch_delete(keys).await?;
        Ok(items.len())
    }

    /// Returns the revisions that are not shared now and were not before. Reads the snapshot again: since `oldestKept`
    /// was raised, only a revision that was already shared can be shared again.
    async fn not_shared(&self, id: ObjectId, mut revisions: Vec<Item>) -> Result<Vec<Item>, Fault> {
        if revisions.is_empty() {
            return Ok(revisions);
        }
        let item = self.0.get(&keys::snapshot(&id), Some(&SNAPSHOT_ATTRIBUTES)).await?;
        let Some(item) = item.filter(|item| !record::is_tombstone(item)) else { return Ok(Vec::new()) };
        let snapshot = read_snapshot(id, item)?;
        revisions
            .retain(|item| keys::parse_revision(record::sort_key(item)).is_some_and(|number| !snapshot.keeps(number)));
        revisions.truncate(DROPPED_AT_ONCE);
        Ok(revisions)
    }

    /// Returns whether any apply of the snapshot is unfinished.
    async fn is_being_applied(&self, snapshot: ObjectId) -> Result<bool, Fault> {
        let shards: Vec<String> = keys::sweep_shards().collect();
        let looks = shards.iter().map(|shard| self.is_being_applied_in(shard, snapshot));
        Ok(try_join_all(looks).await?.contains(&true))
    }

    /// Returns the same for one partition of unfinished applies.
    async fn is_being_applied_in(&self, shard: &str, snapshot: ObjectId) -> Result<bool, Fault> {
        let mut before = None::<String>;
        loop {
            let query = PartitionQuery::of_index(&ALL, shard).before(before.as_deref()).backwards().at_most(PAGE);
            let (items, next) = self.0.query(query).await?;
            let is_of_it = |item: &Item| {
                let apply = keys::parse_apply(record::partition_key(item), record::sort_key(item));
                apply.is_some_and(|(_, applied, _)| applied == snapshot)
            };
            if items.iter().any(is_of_it) || next.is_none() {
                return Ok(items.iter().any(is_of_it));
            }
            before = items.last().map(|item| record::key_attribute(item, ALL.sk).to_owned());
        }
    }
}

fn replaced_at(item: &Item) -> Option<Timestamp> {
    item.get(REPLACED_AT)?.as_s().ok()?.parse().ok()
}

/// Returns the snapshot with the number and time of its next revision.
fn revised(snapshot: &Snapshot, now: Timestamp) -> Snapshot {
    Snapshot { revision: snapshot.revision + 1, revised_at: now, ..snapshot.clone() }
}

/// Sets what is kept and shared in `revised`. Returns whether the new revision is shared.
fn follow_revision(snapshot: &Snapshot, revised: &mut Snapshot, options: RevisionOptions) -> bool {
    let followed = snapshot.shared().filter(|_| options.follows && snapshot.shares.follow);
    revised.shares = match &followed {
        // Keeps the shared name and description, which an administrator has seen.
        Some(shared) => snapshot.shares_with(SharedRevision {
            name: shared.name.clone(),
            description: shared.description.clone(),
            ..revised.as_shared(snapshot.sharing_time(revised.revised_at), shared.by)
        }),
        None => Shares { current: snapshot.shared(), ..snapshot.shares.clone() },
    };
    revised.shares.oldest_kept =
        Some(snapshot.oldest_kept(options.kept).max(oldest_kept(revised.revision, options.kept)));
    followed.is_some()
}

/// Returns the change of the snapshot's own item. It touches nothing that a rename or an assignment changes.
fn revision_change(
    snapshot: &Snapshot,
    revised: &Snapshot,
    packed: &PackedContent,
    options: RevisionOptions,
) -> Result<Change, Fault> {
    let counts = serde_dynamo::to_attribute_value(revised.counts);
    let (holds, content) = ContentLocation::of(packed).attribute();
    let change = Change::of_existing()
        .when_absent(DELETED_AT)
        .when(REVISION, number(snapshot.revision.into()))
        .set(REVISION, number(revised.revision.into()))
        .set(OLDEST_KEPT, number(revised.shares.oldest_kept.unwrap_or(1).into()))
        .set(REVISED_AT, text(revised.revised_at))
        .set(COUNTS, counts.map_err(|error| Fault::Corrupt(error.to_string()))?)
        .set(SOURCE_ORGANIZATION_NAME, text(&revised.source.organization_name))
        .set(SOURCE_USER_EMAIL, text(revised.source.user_email.as_str()))
        .set(CONTENT_HASH, AttributeValue::B(Blob::new(packed.hash)))
        .set(holds, content)
        .remove(if holds == CONTENT { CHUNKS } else { CONTENT });
    let change = match &revised.source.user_name {
        Some(name) => change.set(SOURCE_USER_NAME, text(name)),
        None => change.remove(SOURCE_USER_NAME),
    };
    let change = match options.version {
        Some(version) => change.when(VERSION, number(version)),
        None => change,
    };
    Ok(match revised.restored_from {
        Some(from) => change.set(RESTORED_FROM, number(from.into())),
        None => change.remove(RESTORED_FROM),
    })
}
