//! Writes setups.
//!
//! Every system that writes the table keeps the same rule. A change of a setup item, a switch or the profile adds one
//! to the profile's `setupVersion` in the same transaction, on the condition that the profile has the version that was
//! read. Every written item gets the new version. Captures rely on it. Each item is written or removed on the condition
//! that it has the version that the editor saw, or is still absent, so that no edit is lost.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};

use crate::domain::{Document, EmailKey, Fault, ItemKind, ObjectId, Setup, SetupItem, Timestamp, User};
use crate::store::MAX_TRANSACTION_ITEMS;
use crate::store::attributes::{DELETED_AT, DOCUMENT, ENABLED, SETUP_VERSION, TYPE};
use crate::store::document::{self, TypeBudget};
use crate::store::keys::{self, ItemKey};
use crate::store::record::{
    self, ClaimRecord, FIRST_VERSION, PreferencesRecord, Record, SetupRecord, SetupVersionRecord,
};
use crate::store::table::Table;
use crate::store::table::batches::batches;
use crate::store::table::change::{Change, number, text};
use crate::store::table::outcome::{CallFailure, Item, ItemReason};

/// How often a write starts over because another write came first.
const ATTEMPTS: u32 = 8;

/// One change of a setup.
#[derive(Debug, Clone, PartialEq)]
pub enum SetupChange {
    /// Writes an item's document, whether the item exists or not.
    Put(ItemKind, SetupItem),
    /// Removes an item, if it exists.
    Remove(ItemKind, ObjectId),
    /// Switches an automation on or off.
    Switch(ObjectId, bool),
}

impl SetupChange {
    /// Returns the changed item, such as `prompt <id>`.
    pub fn describe(&self) -> String {
        match self {
            Self::Put(kind, item) => format!("{kind} {}", item.id),
            Self::Remove(kind, id) => format!("{kind} {id}"),
            Self::Switch(id, _) => format!("switch of automation {id}"),
        }
    }
}

/// The version of an item that an editor saw.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ItemVersion {
    /// The item did not exist.
    #[default]
    Absent,
    /// The item had this `setupVersion`.
    Version(u64),
}

/// A change of an item, on the condition that it has the version that the editor saw. All switches of a user are one
/// item.
#[derive(Debug, Clone, PartialEq)]
pub struct SetupEdit {
    /// The change.
    pub change: SetupChange,
    /// The version of the item on which the change is based.
    pub seen: ItemVersion,
}

/// An item that was read for an edit.
#[derive(Debug, Clone, PartialEq)]
pub struct OpenItem {
    /// Its fields.
    pub document: Document,
    /// The version for its [`SetupEdit`].
    pub seen: ItemVersion,
}

/// The outcome of creating a user.
#[derive(Debug, PartialEq, Eq)]
pub enum CreateUserOutcome {
    /// The user is created.
    Created,
    /// A user or an apply has the e-mail address.
    EmailTaken,
    /// The organization has a user with this id.
    UserExists,
}

/// The outcome of changing a setup.
#[derive(Debug, PartialEq, Eq)]
pub enum SetupWriteOutcome {
    /// The changes are written, with this version.
    Version(u64),
    /// The organization has no such user.
    NoSuchUser,
    /// The items of these edits, by index, have another version than the editor saw. Nothing is written. Read the items
    /// again and edit them anew.
    Outdated(Vec<usize>),
    /// Other writes changed other items of the setup at each try. Nothing is written.
    Busy,
}

/// Writes setups.
pub struct SetupWriter<'a>(&'a Table);

impl<'a> SetupWriter<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Returns the table.
    pub(super) fn table(&self) -> &'a Table {
        self.0
    }

    /// Returns whether the e-mail address is taken. This is only a hint; a condition decides when the user is created.
    pub async fn is_claimed(&self, email: &EmailKey) -> Result<bool, Fault> {
        Ok(self.0.get(&keys::email(email), Some(&[keys::PK])).await?.is_some())
    }

    /// Creates a user with a setup. If the setup does not fit one transaction, writes the items first and the user
    /// last, so that a visible user is complete. Overwrites or deletes what an earlier load left.
    pub async fn create_user(
        &self,
        user: &User,
        password_hash: Option<&str>,
        setup: &Setup,
    ) -> Result<CreateUserOutcome, Fault> {
        self.create_with_claim(user, &ClaimRecord::owned(user, password_hash), setup).await
    }

    /// Creates a user with this claim on the address.
    pub(in crate::store) async fn create_with_claim(
        &self,
        user: &User,
        claim: &ClaimRecord,
        setup: &Setup,
    ) -> Result<CreateUserOutcome, Fault> {
        let preferences = PreferencesRecord { enabled: setup.preferences.clone(), setup_version: FIRST_VERSION };
        let mut puts = vec![
            self.0.put_new_in_transaction(record::item(&keys::email(user.email.key()), claim)?)?,
            self.0.put_new_in_transaction(record::user_item(user)?)?,
            self.0.put_new_in_transaction(record::item(
                &keys::preferences(&user.organization, &user.id),
                &preferences,
            )?)?,
        ];
        let (owner, items) = (keys::user(&user.organization, &user.id), setup_items(user, setup)?);
        if !self.0.delete_leftovers(&owner, &items).await? {
            return Ok(CreateUserOutcome::UserExists);
        }
        let mut batches = batches(items);
        if batches.last().is_some_and(|batch| batch.len() + puts.len() <= MAX_TRANSACTION_ITEMS) {
            for item in batches.pop().unwrap_or_default() {
                puts.push(self.0.put_in_transaction(item)?);
            }
        }
        if !batches.is_empty() && self.is_claimed(user.email.key()).await? {
            return Ok(CreateUserOutcome::EmailTaken);
        }
        for batch in batches {
            if !self.0.stage(&owner, batch).await? {
                return Ok(CreateUserOutcome::UserExists);
            }
        }
        match self.0.transact(puts).await {
            Ok(()) => {}
            Err(CallFailure::Cancelled(reasons)) if matches!(reasons.first(), Some(ItemReason::ConditionFailed(_))) => {
                return Ok(CreateUserOutcome::EmailTaken);
            }
            Err(CallFailure::Cancelled(_)) => return Ok(CreateUserOutcome::UserExists),
            Err(other) => return Err(other.into()),
        }
        Ok(CreateUserOutcome::Created)
    }

    /// Writes `edits` in one transaction and returns the new version. Takes at most 99, no two of one item. Starts over
    /// if only other items of the setup were changed; the edits still hold then, because each is conditioned on its own
    /// item. After a fault the edits may be written or not: read the items again.
    pub async fn write(
        &self,
        organization: &ObjectId,
        user: &ObjectId,
        edits: &[SetupEdit],
        now: Timestamp,
    ) -> Result<SetupWriteOutcome, Fault> {
        for _ in 0..ATTEMPTS {
            let Some(version) = self.version(organization, user).await? else {
                return Ok(SetupWriteOutcome::NoSuchUser);
            };
            let mut items = vec![self.bump(organization, user, version, now)?];
            for edit in edits {
                items.push(self.edit(organization, user, edit, version + 1)?);
            }
            match self.0.transact(items).await {
                Ok(()) => return Ok(SetupWriteOutcome::Version(version + 1)),
                Err(CallFailure::Cancelled(reasons)) => {
                    let outdated = outdated(&reasons);
                    if !outdated.is_empty() {
                        return Ok(SetupWriteOutcome::Outdated(outdated));
                    }
                }
                Err(other) => return Err(other.into()),
            }
        }
        Ok(SetupWriteOutcome::Busy)
    }

    /// Reads one item for an edit. Returns `None` if it does not exist, which is [`ItemVersion::Absent`].
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
        let (document, rest) = record::take_document(item, &mut TypeBudget::default())?;
        let seen = ItemVersion::Version(record::read::<SetupVersionRecord>(rest)?.setup_version);
        Ok(Some(OpenItem { document, seen }))
    }

    /// Reads the version of the item that `change` is about, for a change that does not depend on the item's content.
    pub async fn see(
        &self,
        organization: &ObjectId,
        user: &ObjectId,
        change: &SetupChange,
    ) -> Result<ItemVersion, Fault> {
        let version = self.version_of(&key(organization, user, change)).await?;
        Ok(version.map_or(ItemVersion::Absent, ItemVersion::Version))
    }

    async fn version(&self, organization: &ObjectId, user: &ObjectId) -> Result<Option<u64>, Fault> {
        let item = self.0.get(&keys::user(organization, user), Some(&[SETUP_VERSION, DELETED_AT])).await?;
        let item = item.filter(|item| !record::is_tombstone(item));
        item.map(|item| Ok(record::read::<SetupVersionRecord>(item)?.setup_version)).transpose()
    }

    async fn version_of(&self, key: &ItemKey) -> Result<Option<u64>, Fault> {
        let item = self.0.get(key, Some(&[SETUP_VERSION])).await?;
        item.map(|item| Ok(record::read::<SetupVersionRecord>(item)?.setup_version)).transpose()
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
        edit: &SetupEdit,
        version: u64,
    ) -> Result<TransactWriteItem, Fault> {
        let (key, as_seen) = (key(organization, user, &edit.change), as_seen(edit.seen));
        let write = match &edit.change {
            SetupChange::Put(kind, item) => {
                let document = document::write(&item.document);
                // An update, so that a clone keeps `clonedFrom`.
                as_seen.set(DOCUMENT, document).set(TYPE, text(kind))
            }
            SetupChange::Remove(..) => return self.0.delete_when_in_transaction(&key, &as_seen),
            SetupChange::Switch(automation, enabled) => match edit.seen {
                ItemVersion::Version(seen) => return self.switch(&key, automation, *enabled, (seen, version)),
                ItemVersion::Absent => {
                    let enabled = HashMap::from([(automation.to_string(), AttributeValue::Bool(*enabled))]);
                    as_seen.set(ENABLED, AttributeValue::M(enabled)).set(TYPE, text(PreferencesRecord::TYPE))
                }
            },
        };
        self.0.change_in_transaction(&key, &write.set(SETUP_VERSION, number(version)))
    }

    /// Sets one switch and keeps the others.
    fn switch(
        &self,
        key: &ItemKey,
        automation: &ObjectId,
        enabled: bool,
        (seen, version): (u64, u64),
    ) -> Result<TransactWriteItem, Fault> {
        let update = Update::builder()
            .update_expression("SET enabled.#automation = :enabled, setupVersion = :next")
            // Without the map there is no path to the switch, which DynamoDB would call an invalid request.
            .condition_expression("attribute_exists(PK) AND setupVersion = :seen AND attribute_type(enabled, :map)")
            .expression_attribute_values(":map", text("M"))
            .expression_attribute_names("#automation", automation.to_string())
            .expression_attribute_values(":enabled", AttributeValue::Bool(enabled))
            .expression_attribute_values(":seen", number(seen))
            .expression_attribute_values(":next", number(version));
        self.0.update_in_transaction(key, update)
    }
}

/// Returns the items of a new user's setup.
fn setup_items(user: &User, setup: &Setup) -> Result<Vec<Item>, Fault> {
    let items = setup.items.each();
    items
        .map(|(kind, item)| {
            let key = keys::setup_item(&user.organization, &user.id, kind, &item.id);
            let record = SetupRecord { setup_version: FIRST_VERSION, cloned_from: None };
            record::setup_item(&key, kind, &item.document, &record)
        })
        .collect()
}

/// Returns the key of the changed item.
fn key(organization: &ObjectId, user: &ObjectId, change: &SetupChange) -> ItemKey {
    match change {
        SetupChange::Put(kind, item) => keys::setup_item(organization, user, *kind, &item.id),
        SetupChange::Remove(kind, id) => keys::setup_item(organization, user, *kind, id),
        SetupChange::Switch(..) => keys::preferences(organization, user),
    }
}

/// Returns the condition that an item has the version that the editor saw.
fn as_seen(seen: ItemVersion) -> Change {
    match seen {
        ItemVersion::Absent => Change::default().when_absent(keys::PK),
        ItemVersion::Version(version) => Change::of_existing().when(SETUP_VERSION, number(version)),
    }
}

/// Returns the indexes of the edits whose item has another version. The first reason belongs to the profile.
fn outdated(reasons: &[ItemReason]) -> Vec<usize> {
    let edits = reasons.iter().skip(1).enumerate();
    edits.filter(|(_, reason)| matches!(reason, ItemReason::ConditionFailed(_))).map(|(place, _)| place).collect()
}
