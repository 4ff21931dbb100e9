//! Reads a user's setup in one consistent state.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

use super::organizations::Organizations;
use super::switches::Switches;
use crate::compute::{ComputeError, Deadline};
use crate::domain::capture::{SourceItem, SourceSetup};
use crate::domain::content::{MAX_ITEM_BYTES, MAX_ITEMS, MAX_RAW_BYTES};
use crate::domain::identity::SourceIdentity;
use crate::domain::{Email, Fault, FullName, ItemKind, LeftOut, ObjectId, Organization, OverBudget, SetupItem, Work};
use crate::store::attributes::{DELETED_AT, DOCUMENT, EMAIL, ENABLED, FULL_NAME, PHONE_NUMBER, SETUP_VERSION};
use crate::store::document::{TypeBudget, UnreadableDocument};
use crate::store::keys::{self, PREFERENCES, SK};
use crate::store::record::{self, SetupVersionRecord};
use crate::store::table::Table;
use crate::store::table::outcome::{CallFailure, Item};
use crate::store::table::query::PartitionQuery;
use crate::store::table::size::stored_bytes;

/// How often a capture starts over because the setup was edited.
const ATTEMPTS: u32 = 4;

/// The attributes of the source user that are read. The password hash is not among them.
const ATTRIBUTES: [&str; 8] = [SK, DELETED_AT, EMAIL, FULL_NAME, PHONE_NUMBER, SETUP_VERSION, DOCUMENT, ENABLED];

/// The outcome of reading a setup.
#[derive(Debug)]
pub enum CaptureOutcome {
    /// The setup at one moment.
    Taken(Box<SourceUser>),
    /// The organization has no such user.
    NoSuchUser,
    /// There is no such organization.
    NoSuchOrganization,
    /// The setup changed during each try.
    Busy,
    /// The setup is larger than a snapshot can be; the text has the figures.
    TooLarge(String),
    /// The user's profile is stored in a form that cannot be read.
    Unreadable,
    /// The time was over before everything was read.
    Unfinished(ComputeError),
}

/// The source user with the setup.
#[derive(Debug)]
pub struct SourceUser {
    /// The address as it was sent.
    pub email: Email,
    /// The name.
    pub full_name: Option<FullName>,
    /// The version of the setup that was read.
    pub setup_version: u64,
    /// The setup.
    pub setup: SourceSetup,
    /// The organization, read after the setup: it contains what the automations referred to.
    pub organization: Organization,
}

/// The user and the setup in one partition.
struct UserPartition {
    email: Email,
    full_name: Option<FullName>,
    setup_version: u64,
    setup: SourceSetup,
}

/// Reads setups.
pub struct Captures<'a>(&'a Table);

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct SourceProfile {
    email: Email,
    #[serde(default, deserialize_with = "record::lenient")]
    full_name: Option<FullName>,
    /// Any value, as another system may have written it.
    #[serde(default)]
    phone_number: serde_json::Value,
    setup_version: u64,
}

impl<'a> Captures<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Reads the user's setup at one moment. The profile sorts first, so its version is read first. It is read again at
    /// the end, in a transaction that fails during a write, together with the organization. Two dependent reads for a
    /// setup of one page. The items of a page are read on another thread, until `deadline`.
    pub async fn read(
        &self,
        organization: &ObjectId,
        user: &ObjectId,
        deadline: &Deadline,
    ) -> Result<CaptureOutcome, Fault> {
        let organizations = Organizations::new(self.0);
        for _ in 0..ATTEMPTS {
            let source = match self.read_once(organization, user, deadline).await? {
                Ok(source) => source,
                Err(CaptureOutcome::NoSuchUser) if organizations.load(organization).await?.is_none() => {
                    return Ok(CaptureOutcome::NoSuchOrganization);
                }
                Err(other) => return Ok(other),
            };
            let key = keys::user(organization, user);
            let (settled, loaded) =
                tokio::join!(self.0.get_settled(&key, "setupVersion"), organizations.load(organization));
            match settled {
                Ok(None) => return Ok(CaptureOutcome::NoSuchUser),
                Ok(Some(item)) => {
                    let Some(version) = record::read_foreign::<SetupVersionRecord>(item) else {
                        return Ok(CaptureOutcome::Unreadable);
                    };
                    if version.setup_version == source.setup_version {
                        let Some(organization) = loaded? else { return Ok(CaptureOutcome::NoSuchOrganization) };
                        let UserPartition { email, full_name, setup_version, setup } = source;
                        let taken = SourceUser { email, full_name, setup_version, setup, organization };
                        return Ok(CaptureOutcome::Taken(Box::new(taken)));
                    }
                }
                Err(CallFailure::Contended(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(CaptureOutcome::Busy)
    }

    /// Returns the ids of the user's current automations. A user who was removed has none, also while they are being deleted.
    pub async fn automations(&self, organization: &ObjectId, user: &ObjectId) -> Result<BTreeSet<ObjectId>, Fault> {
        let partition = keys::user_partition(organization, user);
        // `~` sorts after every id. The profile sorts first.
        let last = format!("{}~", keys::setup_item_prefix(ItemKind::Automation));
        let query = PartitionQuery::of(&partition).between(keys::META, &last).only(&[SK, DELETED_AT]);
        let items = self.0.query_all(query).await?;
        if items.iter().any(record::is_tombstone) {
            return Ok(BTreeSet::new());
        }
        Ok(items.iter().filter_map(|item| keys::parse_setup_item(record::sort_key(item))).map(|(_, id)| id).collect())
    }

    async fn read_once(
        &self,
        organization: &ObjectId,
        user: &ObjectId,
        deadline: &Deadline,
    ) -> Result<Result<UserPartition, CaptureOutcome>, Fault> {
        let partition = keys::user_partition(organization, user);
        let query = PartitionQuery::of(&partition).only(&ATTRIBUTES);
        let mut profile = None;
        let mut reading = SetupReading::default();
        let mut next = None;
        loop {
            let (items, after) = self.0.query(query.clone().after(next)).await?;
            let mut others = Vec::with_capacity(items.len());
            for item in items {
                match record::sort_key(&item) {
                    keys::META if record::is_tombstone(&item) => return Ok(Err(CaptureOutcome::NoSuchUser)),
                    keys::META => {
                        let Some(read) = record::read_foreign::<SourceProfile>(item) else {
                            return Ok(Err(CaptureOutcome::Unreadable));
                        };
                        profile = Some(read);
                    }
                    _ => others.push(item),
                }
            }
            // Without a profile the user does not exist, or an apply is still creating it.
            if profile.is_none() {
                return Ok(Err(CaptureOutcome::NoSuchUser));
            }
            reading = match deadline.compute(move |work| reading.with(others, work)).await {
                Ok(read) => read?,
                Err(unfinished) => return Ok(Err(CaptureOutcome::Unfinished(unfinished))),
            };
            if let Some(excess) = reading.excess() {
                return Ok(Err(CaptureOutcome::TooLarge(excess)));
            }
            next = after;
            if next.is_none() {
                break;
            }
        }
        Ok(match profile {
            None => Err(CaptureOutcome::NoSuchUser),
            Some(SourceProfile { email, full_name, phone_number, setup_version }) => {
                let phone = phone_number.as_str().map_or_else(|| phone_number.to_string(), str::to_owned);
                let owner = Some(SourceIdentity::new(*organization, *user, Some(&email), Some(&phone)));
                let setup = SourceSetup { owner, ..reading.finish() };
                for LeftOut { kind, key, .. } in &setup.left_out {
                    tracing::warn!(kind = kind.noun(), key, "a part of a setup cannot be read");
                }
                Ok(UserPartition { email, full_name, setup_version, setup })
            }
        })
    }
}

/// Collects a setup, and counts what has a limit.
#[derive(Default)]
pub struct SetupReading {
    setup: SourceSetup,
    items: usize,
    /// The bytes as DynamoDB counts them.
    bytes: usize,
    /// The bytes as JSON.
    json_bytes: usize,
    largest: usize,
    types: TypeBudget,
    /// Why an item cannot be captured.
    unreadable: Option<String>,
}

impl SetupReading {
    /// Adds all items of a page. Spends their bytes, an item at a time.
    fn with(mut self, items: Vec<Item>, work: &Work) -> Result<Self, OverBudget> {
        items.into_iter().try_for_each(|item| self.add(item, work))?;
        Ok(self)
    }

    /// Adds a stored setup item or the switches. Counts an item beyond a limit without keeping it. Leaves out an item
    /// that cannot be read. Spends its bytes.
    pub fn add(&mut self, item: HashMap<String, AttributeValue>, work: &Work) -> Result<(), OverBudget> {
        let bytes = stored_bytes(&item);
        work.spend(bytes)?;
        self.add_sized(item, bytes);
        Ok(())
    }

    fn add_sized(&mut self, item: Item, bytes: usize) {
        let sk = record::sort_key(&item);
        if sk == PREFERENCES {
            let Switches { preferences, all_off, left_out } = Switches::read(&item);
            (self.setup.preferences, self.setup.all_off) = (preferences, all_off);
            self.setup.left_out.extend(left_out);
        } else if let Some((kind, key)) = keys::split_setup_item(sk) {
            let id = ObjectId::of_stored(key).filter(|_| item.get(DOCUMENT).is_some_and(AttributeValue::is_m));
            let Some(id) = id else {
                let left_out = LeftOut::new(kind.into(), key);
                self.items += 1;
                self.setup.left_out.push(left_out);
                return;
            };
            self.items += 1;
            self.bytes += bytes;
            self.largest = self.largest.max(bytes);
            if self.excess().is_none() {
                match record::read_document(item, &mut self.types) {
                    Ok(document) => {
                        let item = SourceItem::new(SetupItem { id, document });
                        self.json_bytes += item.bytes();
                        self.setup.items.get_mut(kind).push(item);
                    }
                    Err(UnreadableDocument { pointer, reason }) => {
                        self.unreadable = Some(format!("the {kind} {id} cannot be captured: {pointer}: {reason}"));
                    }
                }
            }
        }
    }

    /// Returns the bytes of JSON so far.
    pub fn json_bytes(&self) -> usize {
        self.json_bytes
    }

    /// Returns the setup.
    pub fn finish(self) -> SourceSetup {
        self.setup
    }

    /// Returns why the setup is too large for a snapshot; `None` if it fits.
    pub fn excess(&self) -> Option<String> {
        if self.items > MAX_ITEMS {
            Some(format!("the setup has more than {MAX_ITEMS} items"))
        } else if self.largest > MAX_ITEM_BYTES {
            Some(format!("an item has {} bytes; a snapshot takes items of at most {MAX_ITEM_BYTES}", self.largest))
        } else if self.bytes > MAX_RAW_BYTES {
            Some(format!("the setup has more than {MAX_RAW_BYTES} bytes"))
        } else if self.json_bytes > MAX_RAW_BYTES {
            Some(format!("the setup has more than {MAX_RAW_BYTES} bytes as JSON"))
        } else {
            self.unreadable.clone()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading(items: usize, bytes: usize, largest: usize) -> SetupReading {
        SetupReading { items, bytes, largest, ..SetupReading::default() }
    }

    #[test]
    fn a_setup_has_at_most_5000_items() {
        assert_eq!(reading(4_999, 0, 0).excess(), None);
        assert_eq!(reading(5_000, 0, 0).excess(), None);
        assert!(reading(5_001, 0, 0).excess().unwrap().contains("5000 items"));
    }

    #[test]
    fn an_item_has_at_most_390_kb() {
        assert_eq!(reading(1, 0, 389_999).excess(), None);
        assert_eq!(reading(1, 0, 390_000).excess(), None);
        assert!(reading(1, 0, 390_001).excess().unwrap().contains("390001"));
    }

    #[test]
    fn a_setup_is_not_read_beyond_16_mb() {
        assert_eq!(reading(1, 15_999_999, 0).excess(), None);
        assert_eq!(reading(1, 16_000_000, 0).excess(), None);
        assert!(reading(1, 16_000_001, 0).excess().unwrap().contains("16000000 bytes"));
        let json = |json_bytes| SetupReading { json_bytes, ..SetupReading::default() };
        assert_eq!([15_999_999, 16_000_000].map(|bytes| json(bytes).excess()), [None, None]);
        assert!(json(16_000_001).excess().unwrap().contains("16000000 bytes as JSON"));
    }
}
