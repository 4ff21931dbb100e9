//! The one writer of setups.
//!
//! Every other system that writes the table keeps its rule, too. A change of a setup item, a switch or the profile adds one to
//! the profile's `setupVersion` in the same transaction, on the condition that the profile exists and still has the version
//! that was read; every item written carries the new version. A capture relies on it. And each item is written or removed on
//! the condition that it still has the version that the editor saw, or is still absent. So no edit is lost.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};

use crate::domain::{Document, EmailKey, Fault, ItemKind, ObjectId, Setup, SetupItem, Timestamp, User};
use crate::store::MAX_TRANSACTION_ITEMS;
use crate::store::applies::staging::batches;
use crate::store::document::{self, TypeRoom};
use crate::store::keys::{self, Key};
use crate::store::record::{self, ClaimRecord, FIRST_VERSION, PreferencesRecord, Record, SetupRecord, TYPE};
use crate::store::table::Table;
use crate::store::table::change::{Change as Write, number, text};
use crate::store::table::outcome::{CallFailure, Item, Reason};

const SETUP_VERSION: &str = "setupVersion";
const DOCUMENT: &str = "document";
const ENABLED: &str = "enabled";

/// How often a write starts over because another writer came first.
const ATTEMPTS: u32 = 8;

/// One change of a setup.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// Writes an item's document, whether or not the item exists.
    Put(ItemKind, SetupItem),
    /// Removes an item; nothing happens where it does not exist.
    Remove(ItemKind, ObjectId),
    /// Switches an automation on or off.
    Switch(ObjectId, bool),
}

impl Change {
    /// The item that it is about, such as `prompt <id>`.
    pub fn describe(&self) -> String {
        match self {
            Self::Put(kind, item) => format!("{kind} {}", item.id),
            Self::Remove(kind, id) => format!("{kind} {id}"),
            Self::Switch(id, _) => format!("switch of automation {id}"),
        }
    }
}

/// What an editor saw of the item that it changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// There was no such item.
    Absent,
    /// The item had this `setupVersion`.
    Version(u64),
}

/// A change of the item that the editor saw. The item of a switch is the one with all switches of the user.
#[derive(Debug, Clone, PartialEq)]
pub struct Edit {
    /// The change.
    pub change: Change,
    /// The item as it was when the change was made up.
    pub seen: Seen,
}

/// An item as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenItem {
    /// Its fields.
    pub document: Document,
    /// For the [`Edit`] of it.
    pub seen: Seen,
}

/// What came of making a user.
#[derive(Debug, PartialEq, Eq)]
pub enum UserCreated {
    /// The user is there.
    Created,
    /// Somebody has the e-mail address.
    EmailTaken,
    /// The organization has a user of this id.
    UserExists,
}

/// What came of changing a setup.
#[derive(Debug, PartialEq, Eq)]
pub enum Written {
    /// The changes are there, under this version.
    Version(u64),
    /// The organization has no such user.
    NoSuchUser,
    /// The items of these edits, by their places, are not as they were seen. Nothing is written: read the items again and make
    /// up the edits anew.
    Outdated(Vec<usize>),
    /// Other writers changed other items of the setup first, again and again. Nothing is written.
    Busy,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Version {
    setup_version: u64,
}

/// Writes setups.
pub struct SetupWriter<'a>(&'a Table);

impl<'a> SetupWriter<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Whether somebody has the e-mail address. Only a hint: what decides is the condition when the user is made.
    pub async fn is_claimed(&self, email: &EmailKey) -> Result<bool, Fault> {
        Ok(self.0.get(&keys::email(email), Some(&[keys::PK])).await?.is_some())
    }

    /// Makes a user with a setup. Of a setup that does not fit one transaction the items come first and the user last, so that a
    /// user who is there is whole; what an earlier load left is written over or deleted.
    pub async fn create_user(
        &self,
        user: &User,
        password_hash: Option<&str>,
        setup: &Setup,
    ) -> Result<UserCreated, Fault> {
        let claim = ClaimRecord::owned(user, password_hash);
        let preferences = PreferencesRecord { enabled: setup.preferences.clone(), setup_version: FIRST_VERSION };
        let mut puts = vec![
            self.0.put_new_in_transaction(record::item(&keys::email(user.email.key()), &claim)?)?,
            self.0.put_new_in_transaction(record::user_item(user)?)?,
            self.0.put_new_in_transaction(record::item(
                &keys::preferences(&user.organization, &user.id),
                &preferences,
            )?)?,
        ];
        let (owner, items) = (keys::user(&user.organization, &user.id), setup_items(user, setup)?);
        if !self.0.delete_leftovers(&owner, &items).await? {
            return Ok(UserCreated::UserExists);
        }
        let mut batches = batches(items);
        if batches.last().is_some_and(|batch| batch.len() + puts.len() <= MAX_TRANSACTION_ITEMS) {
            for item in batches.pop().unwrap_or_default() {
                puts.push(self.0.put_in_transaction(item)?);
            }
        }
        if !batches.is_empty() && self.is_claimed(user.email.key()).await? {
            return Ok(UserCreated::EmailTaken);
        }
        for batch in batches {
            if !self.0.stage(&owner, batch).await? {
                return Ok(UserCreated::UserExists);
            }
        }
        match self.0.transact(puts).await {
            Ok(()) => {}
            Err(CallFailure::Cancelled(reasons)) if matches!(reasons.first(), Some(Reason::ConditionFailed(_))) => {
                return Ok(UserCreated::EmailTaken);
            }
            Err(CallFailure::Cancelled(_)) => return Ok(UserCreated::UserExists),
            Err(other) => return Err(other.into()),
        }
        Ok(UserCreated::Created)
    }

    /// Edits that write the items of `setup` that the user does not have.
    pub async fn absent(&self, user: &User, setup: &Setup) -> Result<Vec<Edit>, Fault> {
        let there = self.0.sort_keys(&keys::user_partition(&user.organization, &user.id)).await?;
        let kinds = ItemKind::ALL.into_iter().flat_map(|kind| setup.items(kind).iter().map(move |item| (kind, item)));
        let absent = kinds.filter(|(kind, item)| {
            !there.contains(&keys::setup_item(&user.organization, &user.id, *kind, &item.id).sk)
        });
        Ok(absent.map(|(kind, item)| Edit { change: Change::Put(kind, item.clone()), seen: Seen::Absent }).collect())
    }

    /// Carries out `edits`, at most 99 and no two of one item, in one transaction, and returns the new version. Starts over
    /// where only other items of the setup were changed meanwhile; the edits still hold then, because each is conditioned on
    /// its own item. After a fault the edits may have landed or not: read the items again.
    pub async fn write(
        &self,
        organization: &ObjectId,
        user: &ObjectId,
        edits: &[Edit],
        now: Timestamp,
    ) -> Result<Written, Fault> {
        for _ in 0..ATTEMPTS {
            let Some(version) = self.version(organization, user).await? else { return Ok(Written::NoSuchUser) };
            let mut items = vec![self.bump(organization, user, version, now)?];
            for edit in edits {
                items.push(self.edit(organization, user, edit, version + 1)?);
            }
            match self.0.transact(items).await {
                Ok(()) => return Ok(Written::Version(version + 1)),
                Err(CallFailure::Cancelled(reasons)) => {
                    let outdated = outdated(&reasons);
                    if !outdated.is_empty() {
                        return Ok(Written::Outdated(outdated));
                    }
                }
                Err(other) => return Err(other.into()),
            }
        }
        Ok(Written::Busy)
    }

    /// Reads one item for an edit; `None` where it does not exist, which is [`Seen::Absent`].
    pub async fn read(
        &self,
        organization: &ObjectId,
        user: &ObjectId,
        kind: ItemKind,
        id: &ObjectId,
    ) -> Result<Option<OpenItem>, Fault> {
        let Some(item) = self.0.get(&keys::setup_item(organization, user, kind, id), None).await? else {
            return Ok(None);
        };
        let (document, rest) = record::take_document(item, &mut TypeRoom::default())?;
        let seen = Seen::Version(record::read::<Version>(rest)?.setup_version);
        Ok(Some(OpenItem { document, seen }))
    }

    /// Reads what an editor sees of the item that `change` is about, for a change that does not depend on what the item holds.
    pub async fn see(&self, organization: &ObjectId, user: &ObjectId, change: &Change) -> Result<Seen, Fault> {
        let version = self.version_of(&key(organization, user, change)).await?;
        Ok(version.map_or(Seen::Absent, Seen::Version))
    }

    async fn version(&self, organization: &ObjectId, user: &ObjectId) -> Result<Option<u64>, Fault> {
        self.version_of(&keys::user(organization, user)).await
    }

    async fn version_of(&self, key: &Key) -> Result<Option<u64>, Fault> {
        let item = self.0.get(key, Some(&[SETUP_VERSION])).await?;
        item.map(|item| Ok(record::read::<Version>(item)?.setup_version)).transpose()
    }

    fn bump(
        &self,
        organization: &ObjectId,
        user: &ObjectId,
        version: u64,
        now: Timestamp,
    ) -> Result<TransactWriteItem, Fault> {
        let update = Update::builder()
            .update_expression("SET setupVersion = :next, updatedAt = :now")
            .condition_expression("attribute_exists(PK) AND setupVersion = :read")
            .expression_attribute_values(":read", number(version))
            .expression_attribute_values(":next", number(version + 1))
            .expression_attribute_values(":now", AttributeValue::S(now.to_string()));
        self.0.update_in_transaction(&keys::user(organization, user), update)
    }

    fn edit(
        &self,
        organization: &ObjectId,
        user: &ObjectId,
        edit: &Edit,
        version: u64,
    ) -> Result<TransactWriteItem, Fault> {
        let (key, as_seen) = (key(organization, user, &edit.change), as_seen(edit.seen));
        let write = match &edit.change {
            Change::Put(kind, item) => {
                let document = document::write(&item.document);
                // An update, so that a clone keeps the note of where it came from.
                as_seen.set(DOCUMENT, document).set(TYPE, text(kind))
            }
            Change::Remove(..) => return self.0.delete_when_in_transaction(&key, &as_seen),
            Change::Switch(automation, enabled) => match edit.seen {
                Seen::Version(seen) => return self.switch(&key, automation, *enabled, (seen, version)),
                Seen::Absent => {
                    let enabled = HashMap::from([(automation.to_string(), AttributeValue::Bool(*enabled))]);
                    as_seen.set(ENABLED, AttributeValue::M(enabled)).set(TYPE, text(PreferencesRecord::TYPE))
                }
            },
        };
        self.0.change_in_transaction(&key, &write.set(SETUP_VERSION, number(version)))
    }

    /// Sets one switch and leaves the others of the item as they are.
    fn switch(
        &self,
        key: &Key,
        automation: &ObjectId,
        enabled: bool,
        (seen, version): (u64, u64),
    ) -> Result<TransactWriteItem, Fault> {
        let update = Update::builder()
            .update_expression("SET enabled.#automation = :enabled, setupVersion = :next")
            .condition_expression("attribute_exists(PK) AND setupVersion = :seen")
            .expression_attribute_names("#automation", automation.to_string())
            .expression_attribute_values(":enabled", AttributeValue::Bool(enabled))
            .expression_attribute_values(":seen", number(seen))
            .expression_attribute_values(":next", number(version));
        self.0.update_in_transaction(key, update)
    }
}

/// The items of a setup that comes with its user.
fn setup_items(user: &User, setup: &Setup) -> Result<Vec<Item>, Fault> {
    let kinds = ItemKind::ALL.into_iter().flat_map(|kind| setup.items(kind).iter().map(move |item| (kind, item)));
    kinds
        .map(|(kind, item)| {
            let key = keys::setup_item(&user.organization, &user.id, kind, &item.id);
            let record = SetupRecord { setup_version: FIRST_VERSION, cloned_from: None };
            record::setup_item(&key, kind, &item.document, &record)
        })
        .collect()
}

/// The item that a change is about.
fn key(organization: &ObjectId, user: &ObjectId, change: &Change) -> Key {
    match change {
        Change::Put(kind, item) => keys::setup_item(organization, user, *kind, &item.id),
        Change::Remove(kind, id) => keys::setup_item(organization, user, *kind, id),
        Change::Switch(..) => keys::preferences(organization, user),
    }
}

/// The condition that an item is as the editor saw it.
fn as_seen(seen: Seen) -> Write {
    match seen {
        Seen::Absent => Write::default().when_absent(keys::PK),
        Seen::Version(version) => Write::of_existing().when(SETUP_VERSION, number(version)),
    }
}

/// Which edits met another item than was seen, by their places. The first reason is the profile's.
fn outdated(reasons: &[Reason]) -> Vec<usize> {
    let edits = reasons.iter().skip(1).enumerate();
    edits.filter(|(_, reason)| matches!(reason, Reason::ConditionFailed(_))).map(|(place, _)| place).collect()
}
