//! How a setup that a workspace wants differs from the stored one.

use std::collections::HashMap;

use crate::domain::{Fault, ItemKind, ObjectId, Setup, SetupItem, User};
use crate::store::attributes::{DOCUMENT, SETUP_VERSION};
use crate::store::document;
use crate::store::keys::{self, META, PREFERENCES};
use crate::store::record::{self, SetupVersionRecord};
use crate::store::setups::switches::Switches;
use crate::store::setups::writer::{ItemVersion, SetupChange, SetupEdit, SetupWriter};
use crate::store::table::outcome::Item;
use crate::store::table::query::PartitionQuery;

/// The differences, as edits of what was read.
#[derive(Debug, Default, PartialEq)]
pub struct SetupDifferences {
    /// Writes of items that the user lacks.
    pub absent: Vec<SetupEdit>,
    /// The switches of those automations that are not as they are stored, or would be.
    pub absent_switches: Vec<(ObjectId, bool)>,
    /// Writes of items whose document is another one.
    pub differing: Vec<SetupEdit>,
    /// The switches of other automations that are not as they are stored.
    pub differing_switches: Vec<(ObjectId, bool)>,
    /// The version of the item of the switches.
    pub switches_seen: ItemVersion,
    /// The items that another system wrote and that cannot be read, such as `prompt <id>`.
    pub unreadable: Vec<String>,
    /// How many items the user has beside the wanted ones.
    pub others: usize,
}

impl SetupWriter<'_> {
    /// Compares the setup that is wanted with the one that is stored. One query.
    pub async fn compare(&self, user: &User, wanted: &Setup) -> Result<SetupDifferences, Fault> {
        let partition = keys::user_partition(&user.organization, &user.id);
        let stored = self.table().query_all(PartitionQuery::of(&partition)).await?;
        let mut stored: HashMap<String, Item> =
            stored.into_iter().map(|item| (record::sort_key(&item).to_owned(), item)).collect();
        stored.remove(META);
        let switches = stored.remove(PREFERENCES);
        let mut differences = SetupDifferences::default();
        for (kind, item) in wanted.items.each() {
            let sk = keys::setup_item(&user.organization, &user.id, kind, &item.id).sk;
            differences.compare_item(kind, item, stored.remove(&sk));
        }
        differences.others = stored.len();
        differences.compare_switches(wanted, switches.as_ref());
        Ok(differences)
    }
}

impl SetupDifferences {
    fn compare_item(&mut self, kind: ItemKind, item: &SetupItem, stored: Option<Item>) {
        let edit = |seen| SetupEdit { change: SetupChange::Put(kind, item.clone()), seen };
        let Some(stored) = stored else {
            self.absent.push(edit(ItemVersion::Absent));
            return;
        };
        match (version(&stored), stored.get(DOCUMENT)) {
            (Some(_), Some(document)) if document::is_same(document, &document::write(&item.document)) => {}
            (Some(seen), _) => self.differing.push(edit(ItemVersion::Version(seen))),
            (None, _) => self.unreadable.push(edit(ItemVersion::Absent).change.describe()),
        }
    }

    fn compare_switches(&mut self, wanted: &Setup, stored: Option<&Item>) {
        let read = stored.map(Switches::read).unwrap_or_default();
        let seen = stored.map(version);
        if read.all_off || seen == Some(None) {
            self.unreadable.push("the switches".to_owned());
            return;
        }
        self.switches_seen = seen.flatten().map_or(ItemVersion::Absent, ItemVersion::Version);
        let is_absent = |id: &ObjectId| {
            let is_it =
                |edit: &SetupEdit| matches!(&edit.change, SetupChange::Put(ItemKind::Automation, it) if it.id == *id);
            self.absent.iter().any(is_it)
        };
        let differing = wanted.preferences.iter().filter(|(id, is_on)| read.is_on(id) != **is_on);
        let differing = differing.map(|(id, is_on)| (*id, *is_on));
        (self.absent_switches, self.differing_switches) = differing.partition(|(id, _)| is_absent(id));
    }
}

/// Returns the version of a stored item. Returns `None` if another system wrote something else.
fn version(stored: &Item) -> Option<u64> {
    let version = stored.get(SETUP_VERSION)?.clone();
    let item = Item::from([(SETUP_VERSION.to_owned(), version)]);
    record::read::<SetupVersionRecord>(item).ok().map(|record| record.setup_version)
}
