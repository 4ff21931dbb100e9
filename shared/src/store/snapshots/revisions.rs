//! Reads the revisions of a snapshot. Callers read the snapshot through [`SnapshotReader`] first, which checks that the
//! principal may see its history.

use super::packing::StoredContent;
use super::revision_record::{ContentLocation, REVISION_ATTRIBUTES, RevisionRecord, take_hash};
use super::{SnapshotReader, StoredSnapshot, unpack_for};
use crate::domain::capture::CaptureFailure;
use crate::domain::content::Content;
use crate::domain::snapshot::{ContentAddress, SharedRevision};
use crate::domain::{Fault, ObjectId, OverBudget, Revision, Snapshot, Source, Timestamp, Work};
use crate::store::keys;
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::query::PartitionQuery;

/// Reads revisions.
pub struct Revisions<'a>(&'a Table);

/// One revision with its packed content.
#[derive(Debug, PartialEq)]
pub struct RevisionWithContent {
    /// Everything but the content.
    pub revision: Revision,
    /// The hash of the content.
    pub hash: [u8; 32],
    /// The source as it was called when it was captured.
    source: Source,
    pub(in crate::store) packed: Vec<u8>,
}

impl RevisionWithContent {
    /// Returns the content, still packed.
    pub fn content(&self) -> StoredContent {
        StoredContent::new(self.packed.clone())
    }

    /// Unpacks the content as a principal sees it, as [`super::SnapshotWithContent::content`] does.
    pub fn content_shown<E: From<Fault> + From<CaptureFailure> + From<OverBudget>>(
        &self,
        is_foreign: bool,
        work: &Work,
    ) -> Result<Content, E> {
        unpack_for(&self.packed, &self.source, is_foreign, work)
    }
}

impl<'a> Revisions<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Returns one page of older revisions, newest first, below `before` if that is given, and whether there are more.
    /// DynamoDB reads and charges the contents, too.
    pub async fn older(
        &self,
        snapshot: ObjectId,
        before: Option<u32>,
        limit: usize,
    ) -> Result<(Vec<Revision>, bool), Fault> {
        let key = |revision| keys::revision(&snapshot, revision);
        let last = before.map_or(u32::MAX, |before| before.saturating_sub(1));
        let (first, last) = (key(0), key(last));
        let query = PartitionQuery::of(&first.pk).between(&first.sk, &last.sk).only(&REVISION_ATTRIBUTES);
        let (items, more) = self.0.query(query.backwards().at_most(limit)).await?;
        let revisions = items.into_iter().filter_map(|item| {
            let number = keys::parse_revision(record::sort_key(&item))?;
            Some(record::read::<RevisionRecord>(item).map(|record| record.into_revision(number)))
        });
        Ok((revisions.collect::<Result<_, _>>()?, more.is_some()))
    }

    /// Returns a revision of a snapshot; `None` if it does not exist or was deleted. No read for the current one, one
    /// for any other, and one more for content in chunks.
    pub async fn load(&self, stored: &StoredSnapshot, number: u32) -> Result<Option<RevisionWithContent>, Fault> {
        let snapshot = &stored.snapshot;
        if number == snapshot.revision {
            let content = self.content(snapshot.id, number, stored.location.clone()).await?;
            return Ok(content.map(|packed| RevisionWithContent {
                revision: snapshot.current_revision(),
                hash: stored.hash,
                source: snapshot.source.clone(),
                packed,
            }));
        }
        let Some(mut item) = self.0.get(&keys::revision(&snapshot.id, number), None).await? else { return Ok(None) };
        let (location, hash) = (ContentLocation::take(&mut item)?, take_hash(&mut item)?);
        let record = record::read::<RevisionRecord>(item)?;
        let (source, revision) = (record.source(snapshot), record.into_revision(number));
        let content = self.content(snapshot.id, number, location).await?;
        Ok(content.map(|packed| RevisionWithContent { revision, hash, source, packed }))
    }

    /// Returns the sharing of an older revision, at `at` by a user; `None` if it does not exist or was deleted. One
    /// read, which DynamoDB charges with the content.
    pub async fn as_shared(
        &self,
        snapshot: &Snapshot,
        number: u32,
        at: Timestamp,
        by: ObjectId,
    ) -> Result<Option<SharedRevision>, Fault> {
        let Some(mut item) = self.0.get(&keys::revision(&snapshot.id, number), None).await? else { return Ok(None) };
        let chunks = match ContentLocation::take(&mut item)? {
            ContentLocation::Inline(_) => None,
            ContentLocation::Chunks(count) => u32::try_from(count).ok(),
        };
        let content = ContentAddress { hash: take_hash(&mut item)?, chunks };
        Ok(Some(record::read::<RevisionRecord>(item)?.shared(snapshot, number, content, at, by)))
    }

    async fn content(&self, id: ObjectId, revision: u32, location: ContentLocation) -> Result<Option<Vec<u8>>, Fault> {
        SnapshotReader::new(self.0).content(id, revision, location).await
    }
}
