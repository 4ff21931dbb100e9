//! Reads a user's setup as a consistent cut.

use std::collections::{BTreeSet, HashMap};

use aws_sdk_dynamodb::types::AttributeValue;

use super::organizations::Organizations;
use crate::domain::capture::{SourceItem, SourceSetup};
use crate::domain::content::{MAX_ITEM_BYTES, MAX_ITEMS, MAX_RAW_BYTES};
use crate::domain::identity::SourceIdentity;
use crate::domain::{Email, Fault, FullName, ItemKind, LeftOut, LeftOutKind, ObjectId, Organization, SetupItem};
use crate::store::document::{TypeRoom, Unreadable};
use crate::store::keys::{self, PREFERENCES, SK};
use crate::store::record::{self, DOCUMENT};
use crate::store::table::outcome::CallFailure;
use crate::store::table::size::stored_bytes;
use crate::store::table::{Part, Table};

/// How often a capture starts over because somebody edited the setup meanwhile.
const ATTEMPTS: u32 = 4;

/// What is read of the source user. The password's hash is not among it.
const ATTRIBUTES: [&str; 7] = [SK, "email", "fullName", "phoneNumber", "setupVersion", "document", "enabled"];

/// What came of reading a setup.
#[derive(Debug)]
pub enum Captured {
    /// The setup, as it was at one moment.
    Taken(Box<SourceUser>),
    /// The organization has no such user.
    NoSuchUser,
    /// There is no such organization.
    NoSuchOrganization,
    /// It changed again and again while it was read.
    Busy,
    /// It is larger than a snapshot can be; says by what.
    TooLarge(String),
    /// The user's profile is stored in a form that cannot be read.
    Unreadable,
}

/// A user with the setup.
#[derive(Debug)]
pub struct SourceUser {
    /// The address, as it was sent.
    pub email: Email,
    /// The name.
    pub full_name: Option<FullName>,
    /// The version of the setup that was read.
    pub setup_version: u64,
    /// The setup.
    pub setup: SourceSetup,
    /// The organization, as it was once the setup had been read: what an automation refers to was there before.
    pub organization: Organization,
}

/// A user with the setup, as it stands in the user's partition.
struct ReadUser {
    email: Email,
    full_name: Option<FullName>,
    setup_version: u64,
    setup: SourceSetup,
}

/// Reads setups.
pub struct Captures<'a>(&'a Table);

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    email: Email,
    #[serde(default, deserialize_with = "record::lenient")]
    full_name: Option<FullName>,
    /// As another system may have written it.
    #[serde(default)]
    phone_number: serde_json::Value,
    setup_version: u64,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    setup_version: u64,
}

impl<'a> Captures<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// The user's setup as it was at one moment. The profile sorts first, so its version is the oldest thing read; it
    /// is read again at the end, in a transaction that fails while a write is in flight, and the organization beside it. Two
    /// dependent reads for a setup of one page.
    pub async fn read(&self, organization: &ObjectId, user: &ObjectId) -> Result<Captured, Fault> {
        let organizations = Organizations::new(self.0);
        for _ in 0..ATTEMPTS {
            let source = match self.read_once(organization, user).await? {
                Ok(source) => source,
                Err(Captured::NoSuchUser) if organizations.load(organization).await?.is_none() => {
                    return Ok(Captured::NoSuchOrganization);
                }
                Err(other) => return Ok(other),
            };
            let key = keys::user(organization, user);
            let (settled, loaded) =
                tokio::join!(self.0.get_settled(&key, "setupVersion"), organizations.load(organization));
            match settled {
                Ok(None) => return Ok(Captured::NoSuchUser),
                Ok(Some(item)) => {
                    let Some(version) = record::read_foreign::<Version>(item) else { return Ok(Captured::Unreadable) };
                    if version.setup_version == source.setup_version {
                        let Some(organization) = loaded? else { return Ok(Captured::NoSuchOrganization) };
                        let ReadUser { email, full_name, setup_version, setup } = source;
                        let taken = SourceUser { email, full_name, setup_version, setup, organization };
                        return Ok(Captured::Taken(Box::new(taken)));
                    }
                }
                Err(CallFailure::Contended(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(Captured::Busy)
    }

    /// The ids of the user's automations, as they are now.
    pub async fn automations(&self, organization: &ObjectId, user: &ObjectId) -> Result<BTreeSet<ObjectId>, Fault> {
        let part = Part {
            pk: keys::user_partition(organization, user),
            sk_prefix: Some(keys::setup_item_prefix(ItemKind::Automation)),
            attributes: Some(&[SK]),
        };
        let items = self.0.query_all(&part).await?;
        Ok(items.iter().filter_map(|item| keys::parse_setup_item(record::sort_key(item))).map(|(_, id)| id).collect())
    }

    async fn read_once(&self, organization: &ObjectId, user: &ObjectId) -> Result<Result<ReadUser, Captured>, Fault> {
        let part =
            Part { pk: keys::user_partition(organization, user), sk_prefix: None, attributes: Some(&ATTRIBUTES) };
        let mut profile = None;
        let mut reading = SetupReading::default();
        let mut next = None;
        loop {
            let (items, after) = self.0.query(&part, next).await?;
            for item in items {
                match record::sort_key(&item) {
                    sk if sk == keys::user(organization, user).sk => {
                        let Some(read) = record::read_foreign::<Profile>(item) else {
                            return Ok(Err(Captured::Unreadable));
                        };
                        profile = Some(read);
                    }
                    _ => reading.add(item),
                }
            }
            // Without a profile the user is not there: either nobody is, or an apply is still at work.
            if profile.is_none() {
                return Ok(Err(Captured::NoSuchUser));
            }
            if let Some(excess) = reading.excess() {
                return Ok(Err(Captured::TooLarge(excess)));
            }
            next = after;
            if next.is_none() {
                break;
            }
        }
        Ok(match profile {
            None => Err(Captured::NoSuchUser),
            Some(Profile { email, full_name, phone_number, setup_version }) => {
                let phone = phone_number.as_str().map_or_else(|| phone_number.to_string(), str::to_owned);
                let owner = Some(SourceIdentity::new(*organization, *user, Some(&email), Some(&phone)));
                let setup = SourceSetup { owner, ..reading.finish() };
                Ok(ReadUser { email, full_name, setup_version, setup })
            }
        })
    }
}

/// A setup while it is read, with what its limits count.
#[derive(Default)]
pub struct SetupReading {
    setup: SourceSetup,
    items: usize,
    /// As DynamoDB counts them.
    bytes: usize,
    /// As JSON.
    json_bytes: usize,
    largest: usize,
    types: TypeRoom,
    /// Why an item cannot be captured.
    unreadable: Option<String>,
}

impl SetupReading {
    /// Adds a setup item or the switches as they are stored. An item beyond a limit is counted and not kept; one that cannot be read
    /// is left out.
    pub fn add(&mut self, item: HashMap<String, AttributeValue>) {
        let sk = record::sort_key(&item);
        if sk == PREFERENCES {
            self.add_switches(&item);
        } else if let Some((kind, key)) = keys::split_setup_item(sk) {
            let Some(id) = key.parse().ok().filter(|_| item.get(DOCUMENT).is_some_and(AttributeValue::is_m)) else {
                let left_out = LeftOut::new(kind.into(), key);
                self.items += 1;
                self.leave_out(left_out);
                return;
            };
            let bytes = stored_bytes(&item);
            self.items += 1;
            self.bytes += bytes;
            self.largest = self.largest.max(bytes);
            if self.excess().is_none() {
                match record::read_document(item, &mut self.types) {
                    Ok(document) => {
                        let item = SourceItem::new(SetupItem { id, document });
                        self.json_bytes += item.bytes();
                        self.setup.items_mut(kind).push(item);
                    }
                    Err(Unreadable { pointer, reason }) => {
                        self.unreadable = Some(format!("the {kind} {id} cannot be captured: {pointer}: {reason}"));
                    }
                }
            }
        }
    }

    /// Reads the switches one by one. What cannot be read is off.
    fn add_switches(&mut self, item: &HashMap<String, AttributeValue>) {
        let Some(AttributeValue::M(switches)) = item.get("enabled") else {
            self.setup.all_off = true;
            self.leave_out(LeftOut::new(LeftOutKind::Preferences, ""));
            return;
        };
        for (key, value) in switches {
            let id = key.parse::<ObjectId>().ok();
            if let Some(id) = id {
                self.setup.preferences.insert(id, value.as_bool().is_ok_and(|is_on| *is_on));
            }
            if id.is_none() || !value.is_bool() {
                self.leave_out(LeftOut::new(LeftOutKind::Preferences, key));
            }
        }
    }

    fn leave_out(&mut self, left_out: LeftOut) {
        tracing::warn!(kind = left_out.kind.noun(), key = left_out.key, "a setup has something that cannot be read");
        self.setup.left_out.push(left_out);
    }

    /// How many bytes of JSON were read.
    pub fn json_bytes(&self) -> usize {
        self.json_bytes
    }

    /// What was read.
    pub fn finish(self) -> SourceSetup {
        self.setup
    }

    /// Why the setup is larger than a snapshot can be; `None` where it is not.
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
