//! Snapshots.

pub(super) mod edits;
pub(super) mod lists;
pub(super) mod packing;
pub(super) mod refreshes;
pub(super) mod revision_record;
pub(super) mod revisions;
pub(super) mod shared_record;
pub(super) mod snapshot_record;
pub(super) mod visibility;

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use self::packing::{Packed, PackedContent};
use self::revision_record::Held;
use self::snapshot_record::{FINGERPRINT, SNAPSHOT_ATTRIBUTES, is_tombstone, read_snapshot, snapshot_item};
use self::visibility::Visibility;
use crate::domain::content::Content;
use crate::domain::redaction::redact_again;
use crate::domain::rights::{Action, Verdict};
use crate::domain::sharing::{RevisionChoice, VisibleRevision};
use crate::domain::{Fault, Fingerprint, ObjectId, OverBudget, Principal, Snapshot, Work};
use crate::store::keys::{self, PK};
use crate::store::record::{self, CHUNKS, CONTENT};
use crate::store::table::Table;
use crate::store::table::outcome::{CallFailure, Item, Reason};

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
            false => Some(read_snapshot(id, item)?),
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
        let item = snapshot_item(snapshot, packed, fingerprint)?;
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

/// How often a snapshot is read whose content goes away meanwhile.
const ATTEMPTS: u32 = 2;

/// Reads snapshots, for somebody.
pub struct SnapshotReader<'a>(&'a Table);

/// A snapshot as a principal sees it, and the content of the revision that it sees, which is unpacked only when somebody asks.
pub struct SnapshotWithContent {
    /// Everything but the content, as the principal sees it.
    pub snapshot: Snapshot,
    /// The revision that the principal sees.
    pub visible: VisibleRevision,
    /// The snapshot as it is stored.
    pub stored: StoredSnapshot,
    pub(in crate::store) packed: Vec<u8>,
    /// Whether the principal belongs to another organization than the source.
    is_foreign: bool,
}

/// What becomes of the wish to see a revision of a snapshot.
pub enum SeenSnapshot {
    /// The principal sees it.
    Revision(Box<SnapshotWithContent>),
    /// The principal sees the snapshot, which has no such revision for it.
    NoSuchRevision,
    /// There is no such snapshot, or the principal does not see it: nobody is told which.
    Missing,
}

/// A snapshot as its own item has it: with the content of its current revision, or the number of the chunks that hold it.
#[derive(Debug, PartialEq)]
pub struct StoredSnapshot {
    /// Everything but the content.
    pub snapshot: Snapshot,
    /// The hash of the content.
    pub hash: [u8; 32],
    pub(in crate::store) held: Held,
}

impl StoredSnapshot {
    /// Reads the item of a snapshot that is no tombstone.
    fn read(id: ObjectId, mut item: Item) -> Result<Self, Fault> {
        let held = Held::take(&mut item)?;
        if let Held::Chunks(count) = &held {
            item.insert(CHUNKS.to_owned(), AttributeValue::N(count.to_string()));
        }
        let snapshot = read_snapshot(id, item)?;
        Ok(Self { hash: snapshot.content.hash, snapshot, held })
    }
}

impl<'a> SnapshotReader<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// The one way to the content of a snapshot: gives the revision that `choice` is for `principal`, who may use it. One
    /// read; one more where another revision than the current one is seen, or its content is stored in chunks.
    pub async fn load(
        &self,
        id: ObjectId,
        principal: &Principal,
        choice: RevisionChoice,
    ) -> Result<SeenSnapshot, Fault> {
        for _ in 0..ATTEMPTS {
            let Found::Allowed(stored) = self.find_stored(id, principal, Action::Use).await? else {
                return Ok(SeenSnapshot::Missing);
            };
            let Some(visible) = principal.visible_revision(&stored.snapshot, choice) else {
                return Ok(SeenSnapshot::NoSuchRevision);
            };
            if let Some(packed) = self.visible_content(&stored, &visible).await? {
                let snapshot = stored.snapshot.seen_by(principal, &visible);
                return Ok(SeenSnapshot::Revision(Box::new(SnapshotWithContent {
                    snapshot,
                    visible,
                    is_foreign: principal.organization != stored.snapshot.source.organization,
                    stored: *stored,
                    packed,
                })));
            }
            if let VisibleRevision::Older(_) = visible {
                return Ok(SeenSnapshot::NoSuchRevision);
            }
            // Deleted and swept since it was read, or not shared any more and dropped.
        }
        Err(Fault::Corrupt(format!("snapshot {id} lacks some of its content")))
    }

    /// The content of the revision that somebody sees; `None` where some of it is not there any more.
    async fn visible_content(
        &self,
        stored: &StoredSnapshot,
        visible: &VisibleRevision,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let Snapshot { id, revision: current, .. } = stored.snapshot;
        match visible {
            VisibleRevision::Shared(shared) if shared.revision != current => match shared.content.chunks {
                Some(count) => self.content(id, shared.revision, Held::Chunks(count as usize)).await,
                None => self.older_content(id, shared.revision).await,
            },
            VisibleRevision::Older(revision) => self.older_content(id, *revision).await,
            _ => self.content(id, current, stored.held.clone()).await,
        }
    }

    /// The same of a revision that a newer one took the place of.
    async fn older_content(&self, id: ObjectId, revision: u32) -> Result<Option<Vec<u8>>, Fault> {
        let item = self.0.get(&keys::revision(&id, revision), None).await?;
        let Some(mut item) = item else { return Ok(None) };
        self.content(id, revision, Held::take(&mut item)?).await
    }

    /// The same snapshot with the content of the revision that an apply began with, whatever is shared by now; `None` where
    /// that revision is gone. No read where it is the one that was loaded.
    pub async fn pinned(
        &self,
        loaded: SnapshotWithContent,
        revision: u32,
    ) -> Result<Option<SnapshotWithContent>, Fault> {
        if loaded.snapshot.revision == revision {
            return Ok(Some(loaded));
        }
        let SnapshotWithContent { stored, is_foreign, .. } = loaded;
        let visible = match stored.snapshot.revision == revision {
            true => VisibleRevision::Current,
            false => VisibleRevision::Older(revision),
        };
        let content = self.visible_content(&stored, &visible).await?;
        let snapshot = Snapshot { revision, ..stored.snapshot.clone() };
        Ok(content.map(|packed| SnapshotWithContent { snapshot, visible, stored, packed, is_foreign }))
    }

    /// The content of what is shared of a snapshot; `None` where nothing is, or it is gone since the snapshot was read.
    pub(crate) async fn shared_content(&self, stored: &StoredSnapshot) -> Result<Option<PackedContent>, Fault> {
        let Some(shared) = stored.snapshot.shared() else { return Ok(None) };
        let packed = self.visible_content(stored, &VisibleRevision::Shared(Box::new(shared))).await?;
        Ok(packed.map(PackedContent::new))
    }

    /// The content of the current revision; `None` where some of it is not there any more.
    pub(crate) async fn current_content(&self, stored: &StoredSnapshot) -> Result<Option<PackedContent>, Fault> {
        let packed = self.visible_content(stored, &VisibleRevision::Current).await?;
        Ok(packed.map(PackedContent::new))
    }

    /// Whether `principal`, who sees a snapshot as others shared it, saw what was shared before as well. One round trip.
    pub async fn saw_earlier(&self, snapshot: &Snapshot, principal: &Principal) -> Result<bool, Fault> {
        let Some(earlier) = snapshot.shares.earlier else { return Ok(false) };
        let since = Visibility::new(self.0).since(snapshot.id, principal.organization).await?;
        Ok(since.is_some_and(|since| since <= earlier.at))
    }

    /// The content of a revision; `None` where some of it is not there any more.
    pub(in crate::store) async fn content(
        &self,
        id: ObjectId,
        revision: u32,
        held: Held,
    ) -> Result<Option<Vec<u8>>, Fault> {
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
        let snapshot = read_snapshot(id, item)?;
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
    /// Unpacks the content as the principal may see it: in another organization what was captured before today's rules for
    /// secrets is redacted again. What is stored does not change.
    pub fn content<E: From<Fault> + From<OverBudget>>(&self, work: &Work) -> Result<Content, E> {
        shown(&self.packed, self.is_foreign, work)
    }
}

/// The content that `packed` holds, redacted again where it is shown in another organization.
pub(in crate::store) fn shown<E: From<Fault> + From<OverBudget>>(
    packed: &[u8],
    is_foreign: bool,
    work: &Work,
) -> Result<Content, E> {
    let mut content = packing::unpack::<E>(packed, work)?;
    if is_foreign {
        redact_again(&mut content, work)?;
    }
    Ok(content)
}
