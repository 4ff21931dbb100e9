//! New revisions of a snapshot: written in the place of the current one, which is kept beside it; and what is known of its
//! refreshes.

use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use futures_util::future::try_join_all;

use super::StoredSnapshot;
use super::chunks::{chunk_items, chunk_keys};
use super::packing::Packed;
use super::revision_record::{Held, Note, RefreshRecord, about, revision_item, unscheduled, while_about};
use super::revisions::RevisionWithContent;
use super::shared_record::{keep_shared, write_shares};
use super::snapshot_record::{SNAPSHOT_ATTRIBUTES, is_tombstone, read_snapshot};
use super::visibility::Visibility;
use crate::domain::sharing::{SharedRevision, Shares, oldest_kept};
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
use crate::store::table::query::Query;

/// How long a revision is kept after another took its place, however many there are: an apply that began with it has ended by
/// then, and whoever looks at a list of revisions can still read what it shows.
const KEPT_AT_LEAST: Duration = Duration::from_secs(60 * 60);
/// The most revisions that are dropped once a new one was made. More are dropped after the next one.
const DROPPED_AT_ONCE: usize = 10;
/// How many things one page of unfinished applies has.
const PAGE: usize = 100;

/// A revision that a refresh captured.
pub struct NextRevision<'n> {
    /// Its content.
    pub packed: &'n Packed,
    /// How many items it holds.
    pub counts: Counts,
    /// The source as it is now.
    pub source: Source,
}

/// On what terms a revision is written.
#[derive(Debug, Clone, Copy)]
pub struct Terms {
    /// How many revisions are kept, this one counted.
    pub kept: u32,
    /// Whether it is shared, where the snapshot's sharing follows its revisions.
    pub follows: bool,
    /// The version that the snapshot must still have; `None` for any.
    pub version: Option<u64>,
}

/// What came of writing a revision.
#[derive(Debug, PartialEq)]
pub enum Replaced {
    /// It is written. What the snapshot is now.
    Done(Box<Snapshot>),
    /// Somebody made a revision, deleted the snapshot, or served the same time of the schedule since it was read. Nothing is
    /// written.
    Moved,
}

/// Writes revisions, and the state of refreshes.
pub struct Refreshes<'a>(&'a Table);

impl<'a> Refreshes<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// The state of a snapshot's refreshes; `None` where it never had one and no schedule. One read.
    pub async fn state(&self, snapshot: ObjectId) -> Result<Option<RefreshState>, Fault> {
        let item = self.0.get(&keys::refresh(&snapshot), None).await?;
        item.map(|item| Ok(record::read::<RefreshRecord>(item)?.into())).transpose()
    }

    /// Puts a captured revision in the place of the current one, where that is still the one that was read; the current one
    /// is kept. One transaction, the note of the refresh included.
    pub async fn replace(
        &self,
        stored: &StoredSnapshot,
        next: &NextRevision<'_>,
        note: &Note,
        terms: Terms,
    ) -> Result<Replaced, Fault> {
        let snapshot = &stored.snapshot;
        let revised = Snapshot {
            source: next.source.clone(),
            counts: next.counts,
            restored_from: None,
            ..revised(snapshot, note.at)
        };
        let state = about(note.write(Change::default()), revised.revision);
        let state = self.0.change_in_transaction(&keys::refresh(&snapshot.id), &state)?;
        self.write(stored, revised, next.packed, state, terms).await
    }

    /// Brings an older revision back: as a new one, in the place of the current one, where that is still the one that was
    /// read. The schedule, which would capture over it, ends in the same transaction.
    pub async fn restore(
        &self,
        stored: &StoredSnapshot,
        old: &RevisionWithContent,
        now: Timestamp,
        terms: Terms,
    ) -> Result<Replaced, Fault> {
        let snapshot = &stored.snapshot;
        let revised = Snapshot {
            counts: old.revision.counts,
            restored_from: Some(old.revision.number),
            ..revised(snapshot, now.max(snapshot.revised_at))
        };
        // It exists: whatever made the older revisions has written it.
        let state = about(unscheduled(Change::of_existing()), revised.revision);
        let state = self.0.change_in_transaction(&keys::refresh(&snapshot.id), &state)?;
        let packed = Packed { bytes: old.packed.clone(), hash: old.hash };
        self.write(stored, revised, &packed, state, terms).await
    }

    async fn write(
        &self,
        stored: &StoredSnapshot,
        mut revised: Snapshot,
        packed: &Packed,
        state: TransactWriteItem,
        terms: Terms,
    ) -> Result<Replaced, Fault> {
        let StoredSnapshot { snapshot, held, hash } = stored;
        revised.content = packed.address();
        let is_followed = share_as_told(snapshot, &mut revised, terms);
        let replaced = revision_item(snapshot, held, hash, revised.revised_at)?;
        let change = revision_change(snapshot, &revised, packed, terms)?;
        let change = match is_followed {
            // An assignment that came meanwhile says what is shared, and whether this is.
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
            Ok(()) => Ok(Replaced::Done(Box::new(revised))),
            Err(CallFailure::Cancelled(_)) => Ok(Replaced::Moved),
            Err(other) => Err(other.into()),
        }
    }

    /// Writes down what a refresh of this revision came to that made no other; `false` where another was made meanwhile, the
    /// same time of the schedule was served before, or what is left of a deleted snapshot was swept. One write unit; where
    /// nothing was known so far, `has_state` being `false`, also a read of the snapshot.
    pub async fn note(&self, snapshot: &Snapshot, has_state: bool, note: &Note) -> Result<bool, Fault> {
        let (snapshot, revision) = (snapshot.id, snapshot.revision);
        let key = keys::refresh(&snapshot);
        let known = if has_state { Change::of_existing() } else { Change::default() };
        match self.0.change(&key, &while_about(note.write(known), revision)).await {
            Ok(()) if has_state => return Ok(true),
            Ok(()) => {}
            Err(CallFailure::ConditionFailed(_)) => return Ok(false),
            Err(other) => return Err(other.into()),
        }
        // The snapshot's own item cannot be checked in one transaction with this: that costs twice its size. A snapshot that
        // was deleted meanwhile is seen now.
        let snapshot = self.0.get(&keys::snapshot(&snapshot), Some(&[PK, DELETED_AT])).await?;
        if snapshot.is_some_and(|item| !item.contains_key(DELETED_AT)) {
            return Ok(true);
        }
        self.0.batch_delete(vec![key]).await?;
        Ok(false)
    }

    /// Ends a snapshot's schedule; where there is something to say about it, only the one that is due at the given time.
    /// `false` where there is nothing to end.
    pub async fn end_schedule(&self, snapshot: ObjectId, why: Option<(&Note, Timestamp)>) -> Result<bool, Fault> {
        let change = unscheduled(Change::of_existing());
        let change = match why {
            // Whoever made another schedule meanwhile was not judged.
            Some((note, due_at)) => note.write(change).when(DUE_AT, text(due_at)),
            None => change,
        };
        match self.0.change(&keys::refresh(&snapshot), &change).await {
            Ok(()) => Ok(true),
            Err(CallFailure::ConditionFailed(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// Drops the oldest revisions that are not kept any more: none that is shared or was before, none that was replaced less
    /// than an hour before `now`, and none at all while an apply of the snapshot is unfinished. `snapshot` is what a new
    /// revision made of it. How many are gone.
    pub async fn drop_old(&self, snapshot: &Snapshot, now: Timestamp) -> Result<usize, Fault> {
        let oldest_kept = snapshot.shares.oldest_kept.unwrap_or(1);
        let Some(last) = oldest_kept.checked_sub(1).filter(|last| *last > 0) else { return Ok(0) };
        let key = |revision| keys::revision(&snapshot.id, revision);
        let (first, last) = (key(0), key(last));
        let query = Query::of(&first.pk).between(&first.sk, &last.sk).only(&[PK, SK, CHUNKS, REPLACED_AT]);
        // Two of them may be shared.
        let (mut items, _) = self.0.query(query.at_most(DROPPED_AT_ONCE + 2)).await?;
        items.retain(|item| replaced_at(item).is_some_and(|at| at.plus(KEPT_AT_LEAST) <= now));
        let items = self.not_shared(snapshot.id, items).await?;
        if items.is_empty() || self.is_being_applied(snapshot.id).await? {
            return Ok(0);
        }
        let mut keys = Vec::new();
        for item in &items {
            // The chunks first: what is left of them is found by the revision's own item.
            keys.extend(chunk_keys(&snapshot.id, item)?);
            keys.push(keys::Key { pk: record::partition_key(item).to_owned(), sk: record::sort_key(item).to_owned() });
        }
        self.0.batch_delete(keys).await?;
        Ok(items.len())
    }

    /// Those of some old revisions that are not shared and were not before. The snapshot is read anew: from the revision on that
    /// raised `oldestKept`, only what was shared by then is shared again.
    async fn not_shared(&self, id: ObjectId, mut revisions: Vec<Item>) -> Result<Vec<Item>, Fault> {
        if revisions.is_empty() {
            return Ok(revisions);
        }
        let item = self.0.get(&keys::snapshot(&id), Some(&SNAPSHOT_ATTRIBUTES)).await?;
        let Some(item) = item.filter(|item| !is_tombstone(item)) else { return Ok(Vec::new()) };
        let snapshot = read_snapshot(id, item)?;
        revisions
            .retain(|item| keys::parse_revision(record::sort_key(item)).is_some_and(|number| !snapshot.keeps(number)));
        revisions.truncate(DROPPED_AT_ONCE);
        Ok(revisions)
    }

    /// Whether an apply of the snapshot, by anybody, is not final yet.
    async fn is_being_applied(&self, snapshot: ObjectId) -> Result<bool, Fault> {
        let shards: Vec<String> = keys::sweep_shards().collect();
        let looks = shards.iter().map(|shard| self.is_being_applied_in(shard, snapshot));
        Ok(try_join_all(looks).await?.contains(&true))
    }

    /// The same in one of the partitions where unfinished applies are found.
    async fn is_being_applied_in(&self, shard: &str, snapshot: ObjectId) -> Result<bool, Fault> {
        let mut before = None::<String>;
        loop {
            let query = Query::of_index(&ALL, shard).before(before.as_deref()).backwards().at_most(PAGE);
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

/// The snapshot with the number and the time of its next revision.
fn revised(snapshot: &Snapshot, now: Timestamp) -> Snapshot {
    Snapshot { revision: snapshot.revision + 1, revised_at: now, ..snapshot.clone() }
}

/// Says in `revised` what is kept and shared of it; whether that is the new revision itself.
fn share_as_told(snapshot: &Snapshot, revised: &mut Snapshot, terms: Terms) -> bool {
    let followed = snapshot.shared().filter(|_| terms.follows && snapshot.shares.follow);
    revised.shares = match &followed {
        // Name and description are those that somebody looked at.
        Some(shared) => snapshot.shares_with(SharedRevision {
            name: shared.name.clone(),
            description: shared.description.clone(),
            ..revised.as_shared(snapshot.sharing_time(revised.revised_at), shared.by)
        }),
        None => Shares { current: snapshot.shared(), ..snapshot.shares.clone() },
    };
    revised.shares.oldest_kept = Some(snapshot.oldest_kept(terms.kept).max(oldest_kept(revised.revision, terms.kept)));
    followed.is_some()
}

/// What a new revision changes of the snapshot's own item: nothing that a rename or an assignment changes.
fn revision_change(snapshot: &Snapshot, revised: &Snapshot, packed: &Packed, terms: Terms) -> Result<Change, Fault> {
    let counts = serde_dynamo::to_attribute_value(revised.counts);
    let (holds, content) = Held::of(packed).attribute();
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
    let change = match terms.version {
        Some(version) => change.when(VERSION, number(version)),
        None => change,
    };
    Ok(match revised.restored_from {
        Some(from) => change.set(RESTORED_FROM, number(from.into())),
        None => change.remove(RESTORED_FROM),
    })
}
