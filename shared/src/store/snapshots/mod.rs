//! Snapshots.

pub(super) mod chunks;
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

use self::chunks::chunk_items;
use self::packing::{PackedContent, StoredContent};
use self::revision_record::ContentLocation;
use self::snapshot_record::{SNAPSHOT_ATTRIBUTES, read_snapshot, snapshot_item};
use self::visibility::Visibility;
use crate::domain::capture::CaptureFailure;
use crate::domain::content::Content;
use crate::domain::identity;
use crate::domain::redaction::redact_again;
use crate::domain::rights::{Action, Verdict};
use crate::domain::sharing::{RevisionChoice, VisibleRevision};
use crate::domain::{Fault, Fingerprint, ObjectId, OverBudget, Principal, Snapshot, Source, Work};
use crate::store::attributes::{CHUNKS, CONTENT, FINGERPRINT};
use crate::store::keys::{self, PK};
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::outcome::{CallFailure, Item, ItemReason};

/// Writes new snapshots.
pub struct SnapshotCreator<'a>(&'a Table);

/// The outcome of creating a snapshot.
#[derive(Debug, PartialEq)]
pub enum CreateOutcome {
    /// The snapshot is written.
    Created,
    /// Another request with the same Idempotency-Key created a snapshot first.
    Existing(Box<ExistingSnapshot>),
}

/// The snapshot that an Idempotency-Key created before.
#[derive(Debug, PartialEq)]
pub struct ExistingSnapshot {
    /// The fingerprint of the request; `None` if it had no key.
    fingerprint: Option<String>,
    /// The current snapshot; `None` if it was deleted.
    pub stored: Option<StoredSnapshot>,
}

impl ExistingSnapshot {
    fn read(id: ObjectId, mut item: Item) -> Result<Self, Fault> {
        let fingerprint = match item.remove(FINGERPRINT) {
            Some(AttributeValue::S(fingerprint)) => Some(fingerprint),
            _ => None,
        };
        let stored = match record::is_tombstone(&item) {
            true => None,
            false => Some(StoredSnapshot::read(id, item)?),
        };
        Ok(Self { fingerprint, stored })
    }

    /// Returns whether a request with this fingerprint created it.
    pub fn has_fingerprint(&self, fingerprint: &Fingerprint) -> bool {
        self.fingerprint.as_ref().is_some_and(|made| *made == fingerprint.to_string())
    }
}

impl<'a> SnapshotCreator<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Returns the snapshot under an id that is derived from an Idempotency-Key; `None` if the key is new. One read.
    pub async fn find(&self, id: ObjectId) -> Result<Option<ExistingSnapshot>, Fault> {
        let item = self.0.get(&keys::snapshot(&id), None).await?;
        item.map(|item| ExistingSnapshot::read(id, item)).transpose()
    }

    /// Writes a snapshot with its content: one conditional put, or one transaction if the content needs chunks.
    pub async fn create(
        &self,
        snapshot: &Snapshot,
        packed: &PackedContent,
        fingerprint: Option<&Fingerprint>,
    ) -> Result<CreateOutcome, Fault> {
        let item = snapshot_item(snapshot, packed, fingerprint)?;
        match self.write(item.clone(), chunk_items(&snapshot.id, snapshot.revision, packed)?).await {
            Ok(()) => Ok(CreateOutcome::Created),
            Err(failure) => match existing_item(failure)? {
                // A retry after a lost answer finds its own write.
                existing if existing == item => Ok(CreateOutcome::Created),
                existing => Ok(CreateOutcome::Existing(Box::new(ExistingSnapshot::read(snapshot.id, existing)?))),
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

/// Returns the existing snapshot that made a write fail.
fn existing_item(failure: CallFailure) -> Result<Item, Fault> {
    match failure {
        CallFailure::ConditionFailed(Some(existing)) => Ok(existing),
        CallFailure::Cancelled(reasons) => match reasons.into_iter().next() {
            Some(ItemReason::ConditionFailed(Some(existing))) => Ok(existing),
            reason => Err(Fault::Corrupt(format!("a chunk of a new snapshot exists already: {reason:?}"))),
        },
        other => Err(other.into()),
    }
}

/// How often a snapshot is read again because its content was deleted since.
const ATTEMPTS: u32 = 2;

/// Reads snapshots, within the rights of a principal.
pub struct SnapshotReader<'a>(&'a Table);

/// A snapshot as a principal sees it, with the packed content of the visible revision.
pub struct SnapshotWithContent {
    /// The snapshot without content, as the principal sees it.
    pub snapshot: Snapshot,
    /// The revision that the principal sees.
    pub visible: VisibleRevision,
    /// The snapshot as it is stored.
    pub stored: StoredSnapshot,
    pub(in crate::store) packed: Vec<u8>,
    /// Whether the principal belongs to another organization than the source. Then the content is redacted again.
    is_foreign: bool,
}

/// The outcome of reading a revision.
pub enum RevisionLookup {
    /// The revision, which the principal sees.
    Revision(Box<SnapshotWithContent>),
    /// The principal sees the snapshot, but it has no such revision for the principal.
    NoSuchRevision,
    /// The snapshot does not exist, or the principal does not see it. Callers cannot tell which.
    Missing,
}

/// A snapshot as it is stored, with the location of its current content.
#[derive(Debug, PartialEq)]
pub struct StoredSnapshot {
    /// Everything but the content.
    pub snapshot: Snapshot,
    /// The hash of the content.
    pub hash: [u8; 32],
    pub(in crate::store) location: ContentLocation,
}

impl StoredSnapshot {
    /// Reads the item of a snapshot. It must not be a tombstone.
    fn read(id: ObjectId, mut item: Item) -> Result<Self, Fault> {
        let location = ContentLocation::take(&mut item)?;
        if let ContentLocation::Chunks(count) = &location {
            item.insert(CHUNKS.to_owned(), AttributeValue::N(count.to_string()));
        }
        let snapshot = read_snapshot(id, item)?;
        Ok(Self { hash: snapshot.content.hash, snapshot, location })
    }
}

impl<'a> SnapshotReader<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Returns the revision that `choice` names for `principal`, with its content. Every read of a content goes through
    /// this function, so all apply the same rights. One read; one more if the revision is not the current one or its
    /// content is stored in chunks.
    pub async fn load(
        &self,
        id: ObjectId,
        principal: &Principal,
        choice: RevisionChoice,
    ) -> Result<RevisionLookup, Fault> {
        for _ in 0..ATTEMPTS {
            let SnapshotAccess::Allowed(stored) = self.find_stored(id, principal, Action::Use).await? else {
                return Ok(RevisionLookup::Missing);
            };
            let Some(visible) = principal.visible_revision(&stored.snapshot, choice) else {
                return Ok(RevisionLookup::NoSuchRevision);
            };
            if let Some(packed) = self.visible_content(&stored, &visible).await? {
                let snapshot = stored.snapshot.seen_by(principal, &visible);
                return Ok(RevisionLookup::Revision(Box::new(SnapshotWithContent {
                    snapshot,
                    visible,
                    is_foreign: principal.organization != stored.snapshot.source.organization,
                    stored: *stored,
                    packed,
                })));
            }
            if let VisibleRevision::Older(_) = visible {
                return Ok(RevisionLookup::NoSuchRevision);
            }
            // The content was deleted since the snapshot was read: by a sweep, or because the revision is no longer
            // shared.
        }
        Err(Fault::Corrupt(format!("snapshot {id} lacks some of its content")))
    }

    /// Returns the content of the visible revision; `None` if some of it was deleted.
    async fn visible_content(
        &self,
        stored: &StoredSnapshot,
        visible: &VisibleRevision,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let Snapshot { id, revision: current, .. } = stored.snapshot;
        match visible {
            VisibleRevision::Shared(shared) if shared.revision != current => match shared.content.chunks {
                Some(count) => self.content(id, shared.revision, ContentLocation::Chunks(count as usize)).await,
                None => self.older_content(id, shared.revision).await,
            },
            VisibleRevision::Older(revision) => self.older_content(id, *revision).await,
            _ => self.content(id, current, stored.location.clone()).await,
        }
    }

    /// Returns the content of an older revision; `None` if some of it was deleted.
    async fn older_content(&self, id: ObjectId, revision: u32) -> Result<Option<Vec<u8>>, Fault> {
        let item = self.0.get(&keys::revision(&id, revision), None).await?;
        let Some(mut item) = item else { return Ok(None) };
        self.content(id, revision, ContentLocation::take(&mut item)?).await
    }

    /// Returns the same snapshot with the content of `revision`, whatever is shared now; `None` if it was deleted. An
    /// apply that is resumed keeps its revision this way. No read if it is the loaded revision.
    pub async fn at_revision(
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

    /// Returns the content of the shared revision; `None` if nothing is shared, or if it was deleted since the snapshot
    /// was read.
    pub(crate) async fn shared_content(&self, stored: &StoredSnapshot) -> Result<Option<StoredContent>, Fault> {
        let Some(shared) = stored.snapshot.shared() else { return Ok(None) };
        let packed = self.visible_content(stored, &VisibleRevision::Shared(Box::new(shared))).await?;
        Ok(packed.map(StoredContent::new))
    }

    /// Returns the content of the current revision; `None` if some of it was deleted.
    pub(crate) async fn current_content(&self, stored: &StoredSnapshot) -> Result<Option<StoredContent>, Fault> {
        let packed = self.visible_content(stored, &VisibleRevision::Current).await?;
        Ok(packed.map(StoredContent::new))
    }

    /// Returns whether `principal`, who sees the shared revision, also saw the one that was shared before. One round
    /// trip.
    pub async fn saw_earlier(&self, snapshot: &Snapshot, principal: &Principal) -> Result<bool, Fault> {
        let Some(earlier) = snapshot.shares.earlier else { return Ok(false) };
        let since = Visibility::new(self.0).since(snapshot.id, principal.organization).await?;
        Ok(since.is_some_and(|since| since <= earlier.at))
    }

    /// Returns the content of a revision; `None` if some of it was deleted.
    pub(in crate::store) async fn content(
        &self,
        id: ObjectId,
        revision: u32,
        location: ContentLocation,
    ) -> Result<Option<Vec<u8>>, Fault> {
        let count = match location {
            ContentLocation::Inline(bytes) => return Ok(Some(bytes)),
            ContentLocation::Chunks(count) => count,
        };
        let keys: Vec<_> = (0..count).map(|number| keys::chunk(&id, revision, number)).collect();
        let items = self.0.batch_get(&keys, &[PK, CONTENT], true).await?;
        let found: HashMap<&str, &AttributeValue> =
            items.iter().filter_map(|item| Some((record::partition_key(item), item.get(CONTENT)?))).collect();
        let chunk = |key: &keys::ItemKey| Some(found.get(key.pk.as_str())?.as_b().ok()?.as_ref());
        Ok(keys.iter().map(chunk).collect::<Option<Vec<&[u8]>>>().map(|chunks| chunks.concat()))
    }

    /// Returns the snapshot without content, for a change of its own fields. One read.
    pub async fn find(&self, id: ObjectId, principal: &Principal, action: Action) -> Result<SnapshotAccess, Fault> {
        let item = self.0.get(&keys::snapshot(&id), Some(&SNAPSHOT_ATTRIBUTES)).await?;
        let Some(item) = item.filter(|item| !record::is_tombstone(item)) else { return Ok(SnapshotAccess::Missing) };
        let snapshot = read_snapshot(id, item)?;
        let verdict = principal.judge(action, snapshot.access());
        Ok(SnapshotAccess::of(verdict, snapshot))
    }

    /// Returns the snapshot as it is stored, for a new revision. One read.
    pub async fn find_stored(
        &self,
        id: ObjectId,
        principal: &Principal,
        action: Action,
    ) -> Result<SnapshotAccess<StoredSnapshot>, Fault> {
        let Some(stored) = self.stored(id).await? else { return Ok(SnapshotAccess::Missing) };
        let verdict = principal.judge(action, stored.snapshot.access());
        Ok(SnapshotAccess::of(verdict, stored))
    }

    /// Returns the snapshot for its own schedule; `None` if it does not exist. Checks no rights: [`crate::refresh`],
    /// the only caller, checks those of the creator. One read.
    pub(crate) async fn find_for_schedule(&self, id: ObjectId) -> Result<Option<StoredSnapshot>, Fault> {
        self.stored(id).await
    }

    async fn stored(&self, id: ObjectId) -> Result<Option<StoredSnapshot>, Fault> {
        let item = self.0.get(&keys::snapshot(&id), None).await?.filter(|item| !record::is_tombstone(item));
        item.map(|item| StoredSnapshot::read(id, item)).transpose()
    }
}

/// The outcome of reading a snapshot for an action.
#[derive(Debug, PartialEq)]
pub enum SnapshotAccess<T = Snapshot> {
    /// The snapshot. The principal may take the action.
    Allowed(Box<T>),
    /// The principal sees the snapshot, but may not take the action.
    Forbidden,
    /// The snapshot does not exist, or the principal does not see it. Callers cannot tell which.
    Missing,
}

impl<T> SnapshotAccess<T> {
    fn of(verdict: Verdict, found: T) -> Self {
        match verdict {
            Verdict::Allowed => Self::Allowed(Box::new(found)),
            Verdict::Forbidden => Self::Forbidden,
            Verdict::Invisible => Self::Missing,
        }
    }
}

impl SnapshotWithContent {
    /// Unpacks the content as the principal sees it, with the findings of the current rules. The stored content stays as it is.
    pub fn content<E: From<Fault> + From<CaptureFailure> + From<OverBudget>>(&self, work: &Work) -> Result<Content, E> {
        unpack_for(&self.packed, &self.snapshot.source, self.is_foreign, work)
    }
}

/// Unpacks a content of `source`. Adds the findings of the current rules if it was captured before there were any, and redacts it
/// again if it is shown in another organization.
pub(in crate::store) fn unpack_for<E: From<Fault> + From<CaptureFailure> + From<OverBudget>>(
    packed: &[u8],
    source: &Source,
    is_foreign: bool,
    work: &Work,
) -> Result<Content, E> {
    let mut content = packing::unpack::<E>(packed, work)?;
    if is_foreign {
        redact_again(&mut content, work)?;
    }
    identity::complete(&mut content, source, work).map_err(CaptureFailure::too_many_places)?;
    Ok(content)
}
