//! Snapshots.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use super::keys::{self, PK};
use super::outcome::{CallFailure, Item, Reason};
use super::packing::{self, Packed};
use super::record::{self, CONTENT, FINGERPRINT, SNAPSHOT_ATTRIBUTES, SnapshotRecord, is_tombstone};
use super::revision_record::{Held, take_hash};
use super::table::Table;
use crate::domain::content::Content;
use crate::domain::rights::{Action, Verdict};
use crate::domain::{Fault, Fingerprint, ObjectId, Principal, Snapshot};

/// Writes new snapshots.
pub struct SnapshotCreator<'a>(&'a Table);

/// What came of making a snapshot.
#[derive(Debug, PartialEq)]
pub enum Creation {
    /// It is written.
    Made,
    /// Another request of the same Idempotency-Key came first.
    Met(Box<Made>),
}

/// What an Idempotency-Key made before.
#[derive(Debug, PartialEq)]
pub struct Made {
    /// What was asked for; `None` where no key was used.
    fingerprint: Option<String>,
    /// The snapshot as it is now; `None` where it was deleted.
    pub snapshot: Option<Snapshot>,
}

impl Made {
    fn read(id: ObjectId, mut item: Item) -> Result<Self, Fault> {
        let fingerprint = match item.remove(FINGERPRINT) {
            Some(AttributeValue::S(fingerprint)) => Some(fingerprint),
            _ => None,
        };
        let snapshot = match is_tombstone(&item) {
            true => None,
            false => Some(record::read::<SnapshotRecord>(item)?.into_snapshot(id)),
        };
        Ok(Self { fingerprint, snapshot })
    }

    /// Whether a request of this fingerprint is the one that made it.
    pub fn is_asked_by(&self, fingerprint: &Fingerprint) -> bool {
        self.fingerprint.as_ref().is_some_and(|made| *made == fingerprint.to_string())
    }
}

impl<'a> SnapshotCreator<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// What was made under an id that is derived from an Idempotency-Key; `None` where nothing was. One read.
    pub async fn find(&self, id: ObjectId) -> Result<Option<Made>, Fault> {
        let attributes = [&SNAPSHOT_ATTRIBUTES[..], &[FINGERPRINT]].concat();
        let item = self.0.get(&keys::snapshot(&id), Some(&attributes)).await?;
        item.map(|item| Made::read(id, item)).transpose()
    }

    /// Writes a snapshot with its content: one conditional put, or one transaction where the content takes chunks.
    pub async fn create(
        &self,
        snapshot: &Snapshot,
        packed: &Packed,
        fingerprint: Option<&Fingerprint>,
    ) -> Result<Creation, Fault> {
        let item = record::snapshot_item(snapshot, packed, fingerprint)?;
        match self.write(item.clone(), record::chunk_items(&snapshot.id, snapshot.revision, packed)?).await {
            Ok(()) => Ok(Creation::Made),
            Err(failure) => match met(failure)? {
                // A repeated try meets what the first one wrote.
                met if met == item => Ok(Creation::Made),
                met => Ok(Creation::Met(Box::new(Made::read(snapshot.id, met)?))),
            },
        }
    }

    async fn write(&self, item: Item, chunks: Vec<Item>) -> Result<(), CallFailure> {
        if chunks.is_empty() {
            return self.0.put_new(item).await;
        }
        let puts = std::iter::once(item).chain(chunks).map(|item| self.0.put_new_in_transaction(item));
        let puts: Result<Vec<_>, Fault> = puts.collect();
        self.0.transact(puts.map_err(|fault| CallFailure::Invalid(fault.to_string()))?).await
    }
}

/// The snapshot that a refused write met in the place of its own.
fn met(failure: CallFailure) -> Result<Item, Fault> {
    match failure {
        CallFailure::ConditionFailed(Some(met)) => Ok(met),
        CallFailure::Cancelled(reasons) => match reasons.into_iter().next() {
            Some(Reason::ConditionFailed(Some(met))) => Ok(met),
            reason => Err(Fault::Corrupt(format!("a chunk of a new snapshot exists already: {reason:?}"))),
        },
        other => Err(other.into()),
    }
}

/// Reads snapshots, for somebody.
pub struct SnapshotReader<'a>(&'a Table);

/// A snapshot and the content of one of its revisions, which is unpacked only when somebody asks.
pub struct SnapshotWithContent {
    /// Everything but the content.
    pub snapshot: Snapshot,
    pub(super) packed: Vec<u8>,
}

/// A snapshot as its own item has it: with the content of its current revision, or the number of the chunks that hold it.
#[derive(Debug, PartialEq)]
pub struct StoredSnapshot {
    /// Everything but the content.
    pub snapshot: Snapshot,
    /// The hash of the content.
    pub hash: [u8; 32],
    pub(super) held: Held,
}

impl StoredSnapshot {
    /// Reads the item of a snapshot that is no tombstone.
    fn read(id: ObjectId, mut item: Item) -> Result<Self, Fault> {
        let (held, hash) = (Held::take(&mut item)?, take_hash(&mut item)?);
        Ok(Self { snapshot: record::read::<SnapshotRecord>(item)?.into_snapshot(id), hash, held })
    }
}

impl<'a> SnapshotReader<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// The one way to the content of a snapshot: gives it only where `principal` may do `action` to it. `None` tells
    /// nothing of whether it exists. One read, and one more for content that is stored in chunks.
    pub async fn load(
        &self,
        id: ObjectId,
        principal: &Principal,
        action: Action,
    ) -> Result<Option<SnapshotWithContent>, Fault> {
        let Found::Allowed(stored) = self.find_stored(id, principal, action).await? else { return Ok(None) };
        let StoredSnapshot { snapshot, held, .. } = *stored;
        if let Some(packed) = self.content(id, snapshot.revision, held).await? {
            return Ok(Some(SnapshotWithContent { snapshot, packed }));
        }
        // Deleted, and swept already, since it was read.
        match self.find(id, principal, action).await? {
            Found::Missing => Ok(None),
            _ => Err(Fault::Corrupt(format!("snapshot {id} lacks some of its chunks"))),
        }
    }

    /// The content of a revision; `None` where some of it is not there any more.
    pub(super) async fn content(&self, id: ObjectId, revision: u32, held: Held) -> Result<Option<Vec<u8>>, Fault> {
        let count = match held {
            Held::Inline(bytes) => return Ok(Some(bytes)),
            Held::Chunks(count) => count,
        };
        let keys: Vec<_> = (0..count).map(|number| keys::chunk(&id, revision, number)).collect();
        let items = self.0.batch_get(&keys, &[PK, CONTENT], true).await?;
        let found: HashMap<&str, &AttributeValue> =
            items.iter().filter_map(|item| Some((record::partition_key(item), item.get(CONTENT)?))).collect();
        let chunk = |key: &keys::Key| Some(found.get(key.pk.as_str())?.as_b().ok()?.as_ref());
        Ok(keys.iter().map(chunk).collect::<Option<Vec<&[u8]>>>().map(|chunks| chunks.concat()))
    }

    /// The snapshot without its content, for a change of its own fields. One read.
    pub async fn find(&self, id: ObjectId, principal: &Principal, action: Action) -> Result<Found, Fault> {
        let item = self.0.get(&keys::snapshot(&id), Some(&SNAPSHOT_ATTRIBUTES)).await?;
        let Some(item) = item.filter(|item| !is_tombstone(item)) else { return Ok(Found::Missing) };
        let snapshot = record::read::<SnapshotRecord>(item)?.into_snapshot(id);
        let verdict = principal.judge(action, snapshot.access());
        Ok(Found::judged(verdict, snapshot))
    }

    /// The snapshot as it is stored, for a new revision of it. One read.
    pub async fn find_stored(
        &self,
        id: ObjectId,
        principal: &Principal,
        action: Action,
    ) -> Result<Found<StoredSnapshot>, Fault> {
        let Some(stored) = self.stored(id).await? else { return Ok(Found::Missing) };
        let verdict = principal.judge(action, stored.snapshot.access());
        Ok(Found::judged(verdict, stored))
    }

    /// The snapshot for its own schedule, in the name of whoever made it; `None` where there is none. Whether that person
    /// may still have it refreshed is for [`crate::refresh`] to judge, which alone calls this. One read.
    pub(crate) async fn find_for_schedule(&self, id: ObjectId) -> Result<Option<StoredSnapshot>, Fault> {
        self.stored(id).await
    }

    async fn stored(&self, id: ObjectId) -> Result<Option<StoredSnapshot>, Fault> {
        let item = self.0.get(&keys::snapshot(&id), None).await?.filter(|item| !is_tombstone(item));
        item.map(|item| StoredSnapshot::read(id, item)).transpose()
    }
}

/// What becomes of the wish to do something to a snapshot.
#[derive(Debug, PartialEq)]
pub enum Found<T = Snapshot> {
    /// The snapshot: the principal may do it.
    Allowed(Box<T>),
    /// The principal sees the snapshot, but may not do this to it.
    Forbidden,
    /// There is no such snapshot, or the principal does not see it: nobody is told which.
    Missing,
}

impl<T> Found<T> {
    fn judged(verdict: Verdict, found: T) -> Self {
        match verdict {
            Verdict::Allowed => Self::Allowed(Box::new(found)),
            Verdict::Forbidden => Self::Forbidden,
            Verdict::Invisible => Self::Missing,
        }
    }
}

impl SnapshotWithContent {
    /// Unpacks the content.
    pub fn content(&self) -> Result<Content, Fault> {
        packing::unpack(&self.packed)
    }
}
