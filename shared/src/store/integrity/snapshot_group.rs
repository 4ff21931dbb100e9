//! One snapshot with its revisions, chunks, rows and schedule.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::{ObjectId, Snapshot, Timestamp};
use crate::store::attributes::{CHUNKS, DUE_AT, EVERY, OF, REVISION, SHARED_AT};
use crate::store::keys::{self, ALL, ItemKey, LIST};
use crate::store::record;
use crate::store::snapshots::snapshot_record::read_snapshot;
use crate::store::table::outcome::Item;

/// A snapshot, or the id of one, with what names it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SnapshotGroup {
    pub(super) id: ObjectId,
    pub(super) main: MainItem,
    /// The chunks that older revisions count; `None` for one with its content.
    pub(super) revisions: BTreeMap<u32, Option<u32>>,
    /// The numbers of the chunks of each revision.
    pub(super) chunks: BTreeMap<u32, BTreeSet<u32>>,
    pub(super) refresh: Option<RefreshFacts>,
    pub(super) sharing: Option<SharingFacts>,
    /// The rows by sort key, with the time of the sharing that they show.
    pub(super) rows: BTreeMap<String, Option<String>>,
}

/// A snapshot's own item.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum MainItem {
    Missing,
    Unreadable(String),
    /// `counted`: the revision whose chunks the tombstone counts, and their number.
    Tombstone {
        is_to_be_swept: bool,
        counted: Option<(u32, u32)>,
    },
    Snapshot {
        snapshot: Box<Snapshot>,
        list: [String; 2],
        all: [String; 2],
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct RefreshFacts {
    pub(super) revision: Option<u32>,
    /// The time that is due, if there is a schedule.
    pub(super) due: Option<Timestamp>,
    pub(super) all: [String; 2],
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct SharingFacts {
    pub(super) of: String,
    pub(super) is_to_be_swept: bool,
}

fn number(item: &Item, name: &str) -> Option<u32> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

impl SnapshotGroup {
    pub(super) fn new(id: ObjectId) -> Self {
        Self {
            id,
            main: MainItem::Missing,
            revisions: BTreeMap::new(),
            chunks: BTreeMap::new(),
            refresh: None,
            sharing: None,
            rows: BTreeMap::new(),
        }
    }

    /// Adds an item of the snapshot's partition. Returns `false` if it is none that this service knows.
    pub(super) fn add_item(&mut self, item: Item) -> bool {
        let sk = record::sort_key(&item).to_owned();
        if sk == keys::META {
            self.main = self.read_main(item);
        } else if let Some(revision) = keys::parse_revision(&sk) {
            self.revisions.insert(revision, number(&item, CHUNKS));
        } else if sk == keys::refresh(&self.id).sk {
            let due = item.get(DUE_AT).and_then(|value| value.as_s().ok()?.parse().ok());
            let due = due.filter(|_| item.contains_key(EVERY));
            self.refresh =
                Some(RefreshFacts { revision: number(&item, REVISION), due, all: record::index_keys(&item, &ALL) });
        } else if sk == keys::SHARING {
            let of = record::key_attribute(&item, OF).to_owned();
            self.sharing = Some(SharingFacts { of, is_to_be_swept: item.contains_key(ALL.pk) });
        } else if sk == keys::GLOBAL || sk.starts_with(keys::VISIBLE_TO) {
            let shared_at = item.get(SHARED_AT).and_then(|value| value.as_s().ok()).cloned();
            self.rows.insert(sk, shared_at);
        } else {
            return false;
        }
        true
    }

    fn read_main(&self, item: Item) -> MainItem {
        if record::is_tombstone(&item) {
            let counted = number(&item, REVISION).zip(number(&item, CHUNKS));
            return MainItem::Tombstone { is_to_be_swept: item.contains_key(ALL.pk), counted };
        }
        let (list, all) = (record::index_keys(&item, &LIST), record::index_keys(&item, &ALL));
        match read_snapshot(self.id, item) {
            Ok(snapshot) => MainItem::Snapshot { snapshot: Box::new(snapshot), list, all },
            Err(fault) => MainItem::Unreadable(crate::logging::without_values(&fault.to_string())),
        }
    }

    pub(super) fn add_chunk(&mut self, revision: u32, number: u32) {
        self.chunks.entry(revision).or_default().insert(number);
    }

    /// Returns the live snapshot.
    pub(super) fn snapshot(&self) -> Option<&Snapshot> {
        match &self.main {
            MainItem::Snapshot { snapshot, .. } => Some(snapshot),
            _ => None,
        }
    }

    /// Returns the chunks that each revision counts.
    pub(super) fn counted_chunks(&self) -> BTreeMap<u32, u32> {
        let mut counted: BTreeMap<u32, u32> =
            self.revisions.iter().filter_map(|(number, count)| Some((*number, (*count)?))).collect();
        if let MainItem::Tombstone { counted: of_tombstone, .. } = self.main {
            counted.extend(of_tombstone);
        }
        if let Some(snapshot) = self.snapshot() {
            let shared = snapshot.shares.current.as_ref();
            counted.extend(shared.and_then(|shared| Some((shared.revision, shared.content.chunks?))));
            counted.extend(snapshot.content.chunks.map(|count| (snapshot.revision, count)));
        }
        counted
    }

    /// Returns the keys of chunks that exist and of chunks that should.
    pub(super) fn chunk_keys(&self) -> BTreeSet<(u32, u32)> {
        let there =
            self.chunks.iter().flat_map(|(revision, numbers)| numbers.iter().map(|number| (*revision, *number)));
        let counted = self.counted_chunks();
        let counted = counted.iter().flat_map(|(revision, count)| (0..*count).map(|number| (*revision, number)));
        there.chain(counted).collect()
    }

    pub(super) fn has_parts(&self) -> bool {
        let has_items = self.refresh.is_some() || self.sharing.is_some() || !self.rows.is_empty();
        has_items || !self.revisions.is_empty() || !self.chunks.is_empty()
    }

    /// Returns whether there are chunks that no sweep finds.
    pub(super) fn has_uncounted_chunks(&self) -> bool {
        let counted = self.counted_chunks();
        let count = |revision: &u32| counted.get(revision).copied().unwrap_or(0);
        self.chunks.iter().any(|(revision, numbers)| numbers.iter().any(|number| *number >= count(revision)))
    }

    /// Returns how many chunks of a revision are missing.
    pub(super) fn lacks(&self, revision: u32, count: Option<u32>) -> usize {
        let none = BTreeSet::new();
        let there = self.chunks.get(&revision).unwrap_or(&none);
        (0..count.unwrap_or(0)).filter(|number| !there.contains(number)).count()
    }

    /// Returns whether the snapshot's own item exists.
    pub(super) fn is_there(&self) -> bool {
        self.main != MainItem::Missing
    }

    pub(super) fn main_key(&self) -> ItemKey {
        keys::snapshot(&self.id)
    }

    /// Returns the time that is due, if there is a schedule.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.refresh.as_ref()?.due
    }

    /// Returns the revision that the state of refreshes describes.
    pub(super) fn described_revision(&self) -> Option<u32> {
        self.refresh.as_ref()?.revision
    }

    /// Returns the keys of every part in the snapshot's partition.
    pub(super) fn part_keys(&self) -> Vec<ItemKey> {
        let mut parts: Vec<ItemKey> = self.revisions.keys().map(|number| keys::revision(&self.id, *number)).collect();
        parts.extend(self.refresh.is_some().then(|| keys::refresh(&self.id)));
        parts.extend(self.sharing.is_some().then(|| keys::sharing(&self.id)));
        parts.extend(self.rows.keys().map(|sk| ItemKey { pk: self.main_key().pk, sk: sk.clone() }));
        parts
    }
}

/// Returns the keys of `LIST` and `ALL` that a snapshot has; empty texts for an index that does not list it.
pub(super) fn listing(snapshot: &Snapshot) -> [[String; 2]; 2] {
    let by_time = keys::by_time(snapshot.created_at, &snapshot.id);
    let list = match snapshot.is_seen_by_its_source() {
        true => [keys::listed_for(&snapshot.source.organization), by_time.clone()],
        false => Default::default(),
    };
    [list, [keys::shard(&snapshot.id), by_time]]
}

/// Returns the number attribute of this value.
pub(super) fn count(value: u32) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
