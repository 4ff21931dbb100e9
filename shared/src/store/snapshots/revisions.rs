//! Reads the revisions of a snapshot. Whoever asks has read the snapshot itself through [`SnapshotReader`], for somebody who
//! may see its history.

use super::packing::PackedContent;
use super::revision_record::{Held, REVISION_ATTRIBUTES, RevisionRecord, take_hash};
use super::{SnapshotReader, StoredSnapshot, shown};
use crate::domain::content::Content;
use crate::domain::sharing::{ContentAddress, SharedRevision};
use crate::domain::{Fault, ObjectId, OverBudget, Revision, Snapshot, Timestamp, Work};
use crate::store::keys;
use crate::store::record;
use crate::store::table::{RangePart, Table};

/// Reads revisions.
pub struct Revisions<'a>(&'a Table);

/// One revision with its content, which is unpacked only when somebody asks.
#[derive(Debug, PartialEq)]
pub struct RevisionWithContent {
    /// Everything but the content.
    pub revision: Revision,
    /// The hash of the content.
    pub hash: [u8; 32],
    pub(in crate::store) packed: Vec<u8>,
}

impl RevisionWithContent {
    /// The content, to be unpacked.
    pub fn content(&self) -> PackedContent {
        PackedContent::new(self.packed.clone())
    }

    /// The content as a principal may see it: redacted again where it belongs to another organization than the source, as
    /// [`super::SnapshotWithContent::content`] is.
    pub fn content_shown<E: From<Fault> + From<OverBudget>>(
        &self,
        is_foreign: bool,
        work: &Work,
    ) -> Result<Content, E> {
        shown(&self.packed, is_foreign, work)
    }
}

impl<'a> Revisions<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// One page of the revisions that newer ones took the place of, the newest first: those before `before`, where that is
    /// given. And whether there is more. DynamoDB reads the contents all the same and charges for them.
    pub async fn older(
        &self,
        snapshot: ObjectId,
        before: Option<u32>,
        limit: usize,
    ) -> Result<(Vec<Revision>, bool), Fault> {
        let key = |revision| keys::revision(&snapshot, revision);
        let last = before.map_or(u32::MAX, |before| before.saturating_sub(1));
        let part = RangePart {
            pk: &key(0).pk,
            between: (&key(0).sk, &key(last).sk),
            attributes: &REVISION_ATTRIBUTES,
            limit,
            backwards: true,
        };
        let (items, more) = self.0.query_range(&part).await?;
        let revisions = items.into_iter().filter_map(|item| {
            let number = keys::parse_revision(record::sort_key(&item))?;
            Some(record::read::<RevisionRecord>(item).map(|record| record.into_revision(number)))
        });
        Ok((revisions.collect::<Result<_, _>>()?, more))
    }

    /// A revision of a snapshot as it was read; `None` where there is none of this number, or not any more. No read for the
    /// current one and one for any other, and one more for content that is stored in chunks.
    pub async fn load(&self, stored: &StoredSnapshot, number: u32) -> Result<Option<RevisionWithContent>, Fault> {
        let snapshot = &stored.snapshot;
        if number == snapshot.revision {
            let content = self.content(snapshot.id, number, stored.held.clone()).await?;
            return Ok(content.map(|packed| RevisionWithContent {
                revision: snapshot.current_revision(),
                hash: stored.hash,
                packed,
            }));
        }
        let Some(mut item) = self.0.get(&keys::revision(&snapshot.id, number), None).await? else { return Ok(None) };
        let (held, hash) = (Held::take(&mut item)?, take_hash(&mut item)?);
        let revision = record::read::<RevisionRecord>(item)?.into_revision(number);
        let content = self.content(snapshot.id, number, held).await?;
        Ok(content.map(|packed| RevisionWithContent { revision, hash, packed }))
    }

    /// What is shared where an older revision of `snapshot` is at `at` by a user; `None` where there is none of this number, or
    /// not any more. One read, which DynamoDB charges with the content.
    pub async fn as_shared(
        &self,
        snapshot: &Snapshot,
        number: u32,
        at: Timestamp,
        by: ObjectId,
    ) -> Result<Option<SharedRevision>, Fault> {
        let Some(mut item) = self.0.get(&keys::revision(&snapshot.id, number), None).await? else { return Ok(None) };
        let chunks = match Held::take(&mut item)? {
            Held::Inline(_) => None,
            Held::Chunks(count) => u32::try_from(count).ok(),
        };
        let content = ContentAddress { hash: take_hash(&mut item)?, chunks };
        Ok(Some(record::read::<RevisionRecord>(item)?.shared(snapshot, number, content, at, by)))
    }

    async fn content(&self, id: ObjectId, revision: u32, held: Held) -> Result<Option<Vec<u8>>, Fault> {
        SnapshotReader::new(self.0).content(id, revision, held).await
    }
}
