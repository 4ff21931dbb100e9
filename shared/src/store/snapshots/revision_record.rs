//! Records beside a snapshot: older revisions, and the state of its refreshes.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::packing::PackedContent;
use crate::domain::snapshot::{ContentAddress, SharedRevision};
use crate::domain::{
    Counts, Email, Fault, FullName, ObjectId, RefreshPeriod, RefreshState, RefreshStatus, Revision, Schedule,
    ScheduleChange, Snapshot, Source, Timestamp,
};
use crate::store::attributes::{
    CHUNKS, CONTENT, CONTENT_HASH, COUNTS, DUE_AT, EVERY, LAST_REFRESHED_AT, REFRESH_DETAIL, REFRESH_STATUS,
    REPLACED_AT, RESTORED_FROM, REVISED_AT, REVISION, SERVED_SLOT, TYPE,
};
use crate::store::keys::{self, ALL};
use crate::store::record::{self, Record};
use crate::store::table::change::{Change, number, text};
use crate::store::table::outcome::Item;

/// The location of a revision's packed content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) enum ContentLocation {
    /// In the item itself.
    Inline(Vec<u8>),
    /// In this many chunks.
    Chunks(usize),
}

impl ContentLocation {
    /// Returns the location of a new content.
    pub(in crate::store) fn of(packed: &PackedContent) -> Self {
        match packed.chunks().len() {
            0 => Self::Inline(packed.bytes.clone()),
            chunks => Self::Chunks(chunks),
        }
    }

    /// Takes the content out of the item of a snapshot or an older revision.
    pub(in crate::store) fn take(item: &mut Item) -> Result<Self, Fault> {
        match (item.remove(CONTENT), item.remove(CHUNKS)) {
            (Some(AttributeValue::B(bytes)), None) => Ok(Self::Inline(bytes.into_inner())),
            (None, Some(AttributeValue::N(count))) if count.parse::<u32>().is_ok() => {
                Ok(Self::Chunks(count.parse().unwrap_or_default()))
            }
            (content, chunks) => {
                let (pk, sk) = (record::partition_key(item), record::sort_key(item));
                let has = (content.is_some(), chunks);
                Err(Fault::Corrupt(format!("{pk} {sk} has no content, or two: {has:?}")))
            }
        }
    }

    /// Returns the attribute that stores the location.
    pub(in crate::store) fn attribute(&self) -> (&'static str, AttributeValue) {
        match self {
            Self::Inline(bytes) => (CONTENT, AttributeValue::B(Blob::new(bytes.clone()))),
            Self::Chunks(count) => (CHUNKS, AttributeValue::N(count.to_string())),
        }
    }
}

/// Takes the hash of a content out of an item.
pub(in crate::store) fn take_hash(item: &mut Item) -> Result<[u8; 32], Fault> {
    let hash = match item.remove(CONTENT_HASH) {
        Some(AttributeValue::B(bytes)) => bytes.into_inner().try_into().ok(),
        _ => None,
    };
    hash.ok_or_else(|| {
        Fault::Corrupt(format!("{} {} has no hash of its content", record::partition_key(item), record::sort_key(item)))
    })
}

/// An older revision, which a newer one replaced.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::store) struct RevisionRecord {
    counts: Counts,
    revised_at: Timestamp,
    replaced_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    restored_from: Option<u32>,
    /// The source's name at the capture. Absent, like the next two fields, on revisions that were replaced before names
    /// were stored.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    source_org_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    source_user_email: Option<Email>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    source_user_name: Option<FullName>,
}

impl Record for RevisionRecord {
    const TYPE: &'static str = "revision";
}

/// The attributes of an older revision, without its content.
pub(in crate::store) const REVISION_ATTRIBUTES: [&str; 5] = [keys::SK, COUNTS, REVISED_AT, REPLACED_AT, RESTORED_FROM];

impl RevisionRecord {
    /// Returns the sharing of this revision. Its content is at `content`.
    pub(in crate::store) fn shared(
        &self,
        snapshot: &Snapshot,
        number: u32,
        content: ContentAddress,
        at: Timestamp,
        by: ObjectId,
    ) -> SharedRevision {
        let mut shared = SharedRevision {
            revision: number,
            revised_at: self.revised_at,
            counts: self.counts,
            content,
            ..snapshot.as_shared(at, Some(by))
        };
        let source = self.source(snapshot);
        shared.source_organization_name = source.organization_name;
        shared.source_user_email = source.user_email;
        shared.source_user_name = source.user_name;
        shared
    }

    /// The source of `snapshot` as it was called when this revision was captured; as it is called now where that was not kept.
    pub(in crate::store) fn source(&self, snapshot: &Snapshot) -> Source {
        let mut source = snapshot.source.clone();
        if let (Some(organization), Some(email)) = (&self.source_org_name, &self.source_user_email) {
            source.organization_name.clone_from(organization);
            source.user_email = email.clone();
            source.user_name.clone_from(&self.source_user_name);
        }
        source
    }

    pub(in crate::store) fn into_revision(self, number: u32) -> Revision {
        Revision {
            number,
            counts: self.counts,
            made_at: self.revised_at,
            replaced_at: Some(self.replaced_at),
            restored_from: self.restored_from,
        }
    }
}

/// Returns the item of the current revision, which is replaced at `now`.
pub(in crate::store) fn revision_item(
    snapshot: &Snapshot,
    location: &ContentLocation,
    hash: &[u8; 32],
    now: Timestamp,
) -> Result<Item, Fault> {
    let (revision, source) = (snapshot.current_revision(), &snapshot.source);
    let replaced = RevisionRecord {
        counts: revision.counts,
        revised_at: revision.made_at,
        replaced_at: now,
        restored_from: revision.restored_from,
        source_org_name: Some(source.organization_name.clone()),
        source_user_email: Some(source.user_email.clone()),
        source_user_name: source.user_name.clone(),
    };
    let mut item = record::item(&keys::revision(&snapshot.id, revision.number), &replaced)?;
    let (attribute, value) = location.attribute();
    item.insert(attribute.to_owned(), value);
    item.insert(CONTENT_HASH.to_owned(), AttributeValue::B(Blob::new(*hash)));
    Ok(item)
}

/// The state of a snapshot's refreshes. A refresh writes its outcome, the schedule its period and due time. Each writes
/// its own attributes alone, so neither overwrites the other.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::store) struct RefreshRecord {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    last_refreshed_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    refresh_status: Option<RefreshStatus>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    refresh_detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    revision: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    served_slot: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    every: Option<RefreshPeriod>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    due_at: Option<Timestamp>,
}

impl Record for RefreshRecord {
    const TYPE: &'static str = "refresh";
}

impl From<RefreshRecord> for RefreshState {
    fn from(record: RefreshRecord) -> Self {
        Self {
            last_refreshed_at: record.last_refreshed_at,
            status: record.refresh_status,
            detail: record.refresh_detail,
            revision: record.revision,
            served_slot: record.served_slot,
            schedule: record.every.zip(record.due_at).map(|(every, due_at)| Schedule { every, due_at }),
        }
    }
}

/// The entry that a refresh writes into the state.
#[derive(Debug, Clone, PartialEq)]
pub struct RefreshEntry {
    /// The outcome of the refresh.
    pub status: RefreshStatus,
    /// A message for users, if there is one.
    pub detail: Option<String>,
    /// When the refresh was made.
    pub at: Timestamp,
    /// The time of the schedule that it serves; `None` if a user requested the refresh.
    pub slot: Option<Timestamp>,
}

impl RefreshEntry {
    /// Adds the entry to a change of the state. An entry for a time of the schedule holds once, and only while there is
    /// a schedule.
    pub(in crate::store) fn write(&self, change: Change) -> Change {
        let mut change =
            change.set(TYPE, text(RefreshRecord::TYPE)).set(REFRESH_STATUS, text(status_name(self.status)));
        change = match &self.detail {
            Some(detail) => change.set(REFRESH_DETAIL, text(detail)),
            None => change.remove(REFRESH_DETAIL),
        };
        if self.status.is_current() {
            change = change.set(LAST_REFRESHED_AT, text(self.at));
        }
        match self.slot {
            Some(slot) => {
                let due = change.when_present(DUE_AT).when_absent_or_before(SERVED_SLOT, text(slot));
                due.set(SERVED_SLOT, text(slot))
            }
            None => change,
        }
    }

    /// Returns the state after the entry is written over `before`.
    pub fn over(&self, before: RefreshState) -> RefreshState {
        RefreshState {
            last_refreshed_at: if self.status.is_current() { Some(self.at) } else { before.last_refreshed_at },
            status: Some(self.status),
            detail: self.detail.clone(),
            revision: before.revision,
            served_slot: self.slot.or(before.served_slot),
            schedule: before.schedule,
        }
    }
}

/// Sets the revision that the state describes.
pub(in crate::store) fn set_revision(change: Change, revision: u32) -> Change {
    change.set(REVISION, number(revision.into()))
}

/// Adds the condition that the state describes this revision. The outcome of a refresh of another one does not apply to
/// it.
pub(in crate::store) fn when_revision(change: Change, revision: u32) -> Change {
    change.when_absent_or(REVISION, number(revision.into()))
}

/// Removes the schedule.
pub(in crate::store) fn without_schedule(change: Change) -> Change {
    change.remove(EVERY).remove(DUE_AT).unlist(&ALL)
}

fn status_name(status: RefreshStatus) -> &'static str {
    match status {
        RefreshStatus::Fresh => "fresh",
        RefreshStatus::Unchanged => "unchanged",
        RefreshStatus::SourceMissing => "source_missing",
        RefreshStatus::SourceBusy => "source_busy",
        RefreshStatus::Failed => "failed",
    }
}

/// Returns the change of the `REFRESH` item for a change of the schedule, for the transaction that makes the snapshot's
/// next version; `None` if the item stays as it is.
pub(in crate::store) fn schedule_change(snapshot: &Snapshot, change: &ScheduleChange) -> Option<Change> {
    match change {
        ScheduleChange::Keep => None,
        // Only for the schedule that was read: it may have been ended or replaced since.
        ScheduleChange::Rewrite { was, every } => {
            Some(Change::of_existing().when(EVERY, text(was)).set(EVERY, text(every)))
        }
        ScheduleChange::Set(Schedule { every, due_at: due }) => {
            // A new schedule makes the reason why the last one ended obsolete.
            let set =
                Change::default().set(TYPE, text(RefreshRecord::TYPE)).set(EVERY, text(every)).remove(REFRESH_DETAIL);
            Some(due_at(set, &snapshot.id, Some(&snapshot.source.organization), *due))
        }
        ScheduleChange::End => Some(without_schedule(Change::of_existing())),
    }
}

/// Sets when the schedule is due, and puts it into the index of what is due.
pub(in crate::store) fn due_at(
    change: Change,
    id: &ObjectId,
    organization: Option<&ObjectId>,
    due: Timestamp,
) -> Change {
    change.set(DUE_AT, text(due)).list(&ALL, keys::refresh_shard(id), keys::due_by(due, id, organization))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::SnapshotName;

    #[test]
    fn a_status_is_written_as_it_is_read() {
        for status in [
            RefreshStatus::Fresh,
            RefreshStatus::Unchanged,
            RefreshStatus::SourceMissing,
            RefreshStatus::SourceBusy,
            RefreshStatus::Failed,
        ] {
            assert_eq!(serde_json::to_value(status).unwrap(), status_name(status));
        }
    }

    #[test]
    fn a_revision_is_stored_with_its_content_and_read_without() {
        let snapshot = Snapshot { restored_from: Some(3), ..crate::domain::sharing::tests::snapshot(vec![], false) };
        for location in [ContentLocation::Inline(vec![1, 2]), ContentLocation::Chunks(14)] {
            let now = Timestamp::from_millis(2_000);
            let mut item = revision_item(&snapshot, &location, &[9; 32], now).unwrap();
            assert_eq!((record::sort_key(&item), item.len()), ("REV#0000000004", 11));
            assert_eq!(ContentLocation::take(&mut item).unwrap(), location);
            assert_eq!(take_hash(&mut item).unwrap(), [9; 32]);
            let read = record::read::<RevisionRecord>(item).unwrap().into_revision(4);
            assert_eq!(read, Revision { replaced_at: Some(now), ..snapshot.current_revision() });
        }
        assert!(ContentLocation::take(&mut Item::new()).is_err());
    }

    #[test]
    fn an_older_revision_is_shared_with_its_own_counts_and_names_and_the_snapshots_name_of_now() {
        let old = crate::domain::sharing::tests::snapshot(vec![], false);
        let mut item =
            revision_item(&old, &ContentLocation::Chunks(2), &[9; 32], Timestamp::from_millis(2_000)).unwrap();
        let mut now = Snapshot { name: SnapshotName::parse("Q3").unwrap(), revision: 5, ..old.clone() };
        now.source.organization_name = "Renamed".into();
        let (at, by) = (Timestamp::from_millis(3_000), ObjectId::from_bytes([7; 12]));
        let content = ContentAddress { hash: [9; 32], chunks: Some(2) };
        let shared = |item: Item| record::read::<RevisionRecord>(item).unwrap().shared(&now, 4, content, at, by);
        let expected = SharedRevision { name: now.name.clone(), content, ..old.as_shared(at, Some(by)) };
        assert_eq!(shared(item.clone()), expected);
        // Revisions that were replaced before names were stored show the source's current names.
        item.remove("sourceOrgName");
        assert_eq!(shared(item).source_organization_name, "Renamed");
    }
}
