//! Pages of a user's setup as it is stored, each at one moment.

use serde::Deserialize;

use super::positions::SetupPosition;
use super::switches::Switches;
use crate::domain::{Document, Fault, ItemKind, ItemOrigin, LeftOut, ObjectId, OverBudget, Work};
use crate::store::attributes::{CLONED_FROM, DOCUMENT, ENABLED, SETUP_VERSION};
use crate::store::document::{TypeBudget, UnreadableDocument};
use crate::store::keys::{self, PREFERENCES, SK};
use crate::store::record::{self, SetupVersionRecord};
use crate::store::table::Table;
use crate::store::table::outcome::{CallFailure, Item};
use crate::store::table::query::PartitionQuery;
use crate::store::table::size::stored_bytes;

/// A page ends once its items have more bytes than this, as DynamoDB counts them.
const MAX_PAGE_BYTES: usize = 1_000_000;

/// Which items of a setup to read.
#[derive(Debug, Clone, Copy)]
pub struct SetupPageRequest {
    /// The user's organization.
    pub organization: ObjectId,
    /// The user.
    pub user: ObjectId,
    /// The version of the setup, as it was read before.
    pub setup_version: u64,
    /// Only items of this kind.
    pub kind: Option<ItemKind>,
    /// Only items after this one.
    pub start: Option<SetupPosition>,
    /// The most items.
    pub limit: usize,
}

/// The outcome of reading a page.
#[derive(Debug)]
pub enum SetupPageOutcome {
    /// The page.
    Page(StoredSetupPage),
    /// The setup has another version by now, or is being written. Read the user again.
    Outdated,
}

/// A page as it is stored.
#[derive(Debug)]
pub struct StoredSetupPage {
    items: Vec<Item>,
    switches: Switches,
    /// Whether the page begins with the first item.
    is_first: bool,
    next: Option<SetupPosition>,
}

/// A page of a setup.
#[derive(Debug, PartialEq)]
pub struct SetupPage {
    /// What it has: automations, prompts, templates, each kind in the order of its ids. The switches that cannot be read come first, on the
    /// first page.
    pub entries: Vec<SetupEntry>,
    /// The next page starts after this item. `None` at the end.
    pub next: Option<SetupPosition>,
}

/// An entry of a page.
#[derive(Debug, PartialEq)]
pub enum SetupEntry {
    /// An item.
    Item(StoredSetupItem),
    /// Something that cannot be read.
    LeftOut(LeftOut),
}

/// An item of a setup as it is stored, with its secrets.
#[derive(Debug, PartialEq)]
pub struct StoredSetupItem {
    /// The kind and id of the item.
    pub place: SetupPosition,
    /// Whether it is switched on; `None` if its kind has no switch.
    pub enabled: Option<bool>,
    /// The captured item that it is a clone of, if it is one.
    pub origin: Option<ItemOrigin>,
    /// Its fields.
    pub document: Document,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct OriginRecord {
    #[serde(default, deserialize_with = "record::lenient")]
    cloned_from: Option<String>,
}

/// Reads setups page by page.
pub struct SetupPages<'a>(&'a Table);

impl<'a> SetupPages<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Reads a page of the setup at its version: the items and the switches at once, then the version again, in a transaction that fails
    /// during a write. Two dependent reads, unless many items in a row have keys of another form.
    pub async fn read(&self, request: &SetupPageRequest) -> Result<SetupPageOutcome, Fault> {
        let SetupPageRequest { organization, user, setup_version, .. } = request;
        let (switches, page) = tokio::join!(self.switches(request), self.items(request));
        let (switches, (items, next)) = (switches?, page?);
        match self.0.get_settled(&keys::user(organization, user), SETUP_VERSION).await {
            Ok(Some(item)) => {
                let version = record::read_foreign::<SetupVersionRecord>(item).map(|record| record.setup_version);
                if version.unwrap_or_default() != *setup_version {
                    return Ok(SetupPageOutcome::Outdated);
                }
                let is_first = request.start.is_none();
                Ok(SetupPageOutcome::Page(StoredSetupPage { items, switches, is_first, next }))
            }
            Ok(None) | Err(CallFailure::Contended(_)) => Ok(SetupPageOutcome::Outdated),
            Err(other) => Err(other.into()),
        }
    }

    /// Reads the switches, if the page can have automations.
    async fn switches(&self, request: &SetupPageRequest) -> Result<Switches, Fault> {
        let kind = request.start.map_or(ItemKind::Automation, |start| start.kind);
        if request.kind.is_some_and(|kind| kind != ItemKind::Automation) || kind != ItemKind::Automation {
            return Ok(Switches::default());
        }
        let key = keys::preferences(&request.organization, &request.user);
        let item = self.0.get(&key, Some(&[ENABLED])).await?;
        Ok(item.as_ref().map(Switches::read).unwrap_or_default())
    }

    /// Reads the items up to the last one whose key has the form of a key, and the position after which the next page starts.
    async fn items(&self, request: &SetupPageRequest) -> Result<(Vec<Item>, Option<SetupPosition>), Fault> {
        let partition = keys::user_partition(&request.organization, &request.user);
        let (first, last) = range(request);
        if first > last {
            return Ok((Vec::new(), None));
        }
        let start = request.start.map(|start| start.to_string());
        let (mut page, mut is_cut) = (PageReading::default(), false);
        let mut after = None;
        while !is_cut {
            // Beside the page: one item that tells whether there is a next page, the one that it starts after, and the switches.
            let query = PartitionQuery::of(&partition)
                .between(&first, &last)
                .only(&[SK, DOCUMENT, CLONED_FROM])
                .after(after)
                .at_most(request.limit + 3);
            let (items, next) = self.0.query(query).await?;
            for item in items {
                let sk = record::sort_key(&item);
                if sk != PREFERENCES && Some(sk) != start.as_deref() {
                    is_cut = is_cut || !page.take(item, request.limit);
                }
            }
            after = next;
            if after.is_none() {
                return Ok(page.finish(is_cut));
            }
            is_cut = is_cut || page.is_full();
        }
        Ok(page.finish(true))
    }
}

/// Returns the first and the last sort key that a page can have.
fn range(request: &SetupPageRequest) -> (String, String) {
    let [first, .., last] = ItemKind::ALL;
    let (first, last) = request.kind.map_or((first, last), |kind| (kind, kind));
    let first = keys::setup_item_prefix(first).to_owned();
    let start = request.start.map(|start| start.to_string()).unwrap_or_default();
    // `~` sorts after every id.
    (first.max(start), format!("{}~", keys::setup_item_prefix(last)))
}

/// Collects the items of a page.
#[derive(Default)]
struct PageReading {
    items: Vec<Item>,
    /// How many have a key of the right form.
    placed: usize,
    /// The last of these with its index.
    last: Option<(usize, SetupPosition)>,
    bytes: usize,
}

impl PageReading {
    /// Adds an item. Returns `false`, and adds nothing, if the page has as many as it may.
    fn take(&mut self, item: Item, limit: usize) -> bool {
        let place = place_of(record::sort_key(&item));
        if place.is_some() && self.placed == limit {
            return false;
        }
        self.bytes += stored_bytes(&item);
        if let Some(place) = place {
            self.placed += 1;
            self.last = Some((self.items.len(), place));
        }
        self.items.push(item);
        true
    }

    fn is_full(&self) -> bool {
        self.placed > 0 && self.bytes > MAX_PAGE_BYTES
    }

    /// Returns the items and where the next page starts, if `is_cut`: it has what stands after the last key of the right form.
    fn finish(mut self, is_cut: bool) -> (Vec<Item>, Option<SetupPosition>) {
        match self.last.filter(|_| is_cut) {
            None => (self.items, None),
            Some((index, place)) => {
                self.items.truncate(index + 1);
                (self.items, Some(place))
            }
        }
    }
}

impl StoredSetupPage {
    /// Reads the items. One that cannot be read is left out. Spends their bytes.
    pub fn read(self, work: &Work) -> Result<SetupPage, OverBudget> {
        let Self { items, switches, is_first, next } = self;
        let mut entries = Vec::with_capacity(items.len());
        if is_first {
            let mut left_out = switches.left_out.clone();
            left_out.sort();
            entries.extend(left_out.into_iter().map(SetupEntry::LeftOut));
        }
        for item in items {
            work.spend(stored_bytes(&item))?;
            entries.extend(entry(item, &switches));
        }
        Ok(SetupPage { entries, next })
    }
}

/// Returns the position that a sort key names, if it is written as this service writes it.
fn place_of(sk: &str) -> Option<SetupPosition> {
    let (kind, key) = keys::split_setup_item(sk)?;
    Some(SetupPosition { kind, id: ObjectId::of_stored(key)? })
}

/// Returns the entry of a stored item; `None` for an item of another kind.
fn entry(mut item: Item, switches: &Switches) -> Option<SetupEntry> {
    let sk = record::sort_key(&item).to_owned();
    let (kind, key) = keys::split_setup_item(&sk)?;
    let document = item.remove(DOCUMENT).filter(|document| document.is_m());
    let origin = record::read_foreign::<OriginRecord>(item).and_then(|record| record.cloned_from?.parse().ok());
    let (Some(place), Some(document)) = (place_of(&sk), document) else {
        return Some(SetupEntry::LeftOut(LeftOut::new(kind.into(), key)));
    };
    let stored = Item::from([(DOCUMENT.to_owned(), document)]);
    Some(match record::read_document(stored, &mut TypeBudget::default()) {
        Ok(document) => SetupEntry::Item(StoredSetupItem {
            place,
            enabled: kind.has_switch().then(|| switches.is_on(&place.id)),
            origin,
            document,
        }),
        Err(UnreadableDocument { pointer, reason }) => {
            let reason = format!("{pointer}: {reason}");
            SetupEntry::LeftOut(LeftOut { reason, ..LeftOut::new(kind.into(), key) })
        }
    })
}
