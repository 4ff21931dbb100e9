//! The one writer of setups.
//!
//! Its rule, which every other system that writes the table keeps too: whatever changes a setup item, a switch or the
//! profile adds one to the profile's `setupVersion` in the same transaction, on the condition that the profile exists
//! and still has the version that was read, and every item written carries the new version. A capture relies on it.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};

use super::MAX_TRANSACTION_ITEMS;
use super::keys;
use super::outcome::{CallFailure, Reason};
use super::record::{self, ClaimRecord, FIRST_VERSION, PreferencesRecord, SetupRecord};
use super::table::Table;
use crate::domain::{Document, EmailKey, Fault, ItemKind, ObjectId, Setup, SetupItem, Timestamp, User};

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
    /// Other writers came first, again and again. Nothing is written.
    Busy,
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

    /// Makes a user with a setup. A setup that does not fit one transaction follows in further ones.
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
        let mut changes: Vec<Change> = ItemKind::ALL
            .into_iter()
            .flat_map(|kind| setup.items(kind).iter().map(move |item| Change::Put(kind, item.clone())))
            .collect();
        let later = changes.split_off(changes.len().min(MAX_TRANSACTION_ITEMS - puts.len()));
        for change in &changes {
            puts.push(self.change(user, change, FIRST_VERSION)?);
        }
        match self.0.transact(puts).await {
            Ok(()) => {}
            Err(CallFailure::Cancelled(reasons)) if matches!(reasons.first(), Some(Reason::ConditionFailed(_))) => {
                return Ok(UserCreated::EmailTaken);
            }
            Err(CallFailure::Cancelled(_)) => return Ok(UserCreated::UserExists),
            Err(other) => return Err(other.into()),
        }
        for batch in later.chunks(MAX_TRANSACTION_ITEMS - 1) {
            if self.write(&user.organization, &user.id, batch, user.updated_at).await? == Written::Busy {
                return Err(Fault::Unavailable("other writers changed a user who was just made".into()));
            }
        }
        Ok(UserCreated::Created)
    }

    /// Carries out `changes`, at most 99 and no two of one item, in one transaction, and gives the new version.
    pub async fn write(
        &self,
        organization: &ObjectId,
        user: &ObjectId,
        changes: &[Change],
        now: Timestamp,
    ) -> Result<Written, Fault> {
        for _ in 0..ATTEMPTS {
            let Some(version) = self.version(organization, user).await? else { return Ok(Written::NoSuchUser) };
            let mut items = vec![self.bump(organization, user, version, now)?];
            for change in changes {
                items.push(self.change_of(organization, user, change, version + 1)?);
            }
            match self.0.transact(items).await {
                Ok(()) => return Ok(Written::Version(version + 1)),
                Err(CallFailure::Cancelled(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(Written::Busy)
    }

    /// The fields of one item, for whoever changes some of them; `None` where there is none.
    pub async fn read(
        &self,
        organization: &ObjectId,
        user: &ObjectId,
        kind: ItemKind,
        id: &ObjectId,
    ) -> Result<Option<Document>, Fault> {
        let item = self.0.get(&keys::setup_item(organization, user, kind, id), None).await?;
        item.map(|item| Ok(record::read::<SetupRecord<'_>>(item)?.document.into_owned())).transpose()
    }

    async fn version(&self, organization: &ObjectId, user: &ObjectId) -> Result<Option<u64>, Fault> {
        #[derive(serde::Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Version {
            setup_version: u64,
        }
        let item = self.0.get(&keys::user(organization, user), Some(&["setupVersion"])).await?;
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

    fn change(&self, user: &User, change: &Change, version: u64) -> Result<TransactWriteItem, Fault> {
        self.change_of(&user.organization, &user.id, change, version)
    }

    fn change_of(
        &self,
        organization: &ObjectId,
        user: &ObjectId,
        change: &Change,
        version: u64,
    ) -> Result<TransactWriteItem, Fault> {
        match change {
            Change::Put(kind, item) => {
                let document = serde_dynamo::to_attribute_value(&item.document);
                // An update, so that a clone keeps the note of where it came from.
                let update = Update::builder()
                    .update_expression("SET document = :document, setupVersion = :next, #type = :type")
                    .expression_attribute_names("#type", "type")
                    .expression_attribute_values(":type", AttributeValue::S(kind.to_string()))
                    .expression_attribute_values(
                        ":document",
                        document.map_err(|error| Fault::Corrupt(error.to_string()))?,
                    )
                    .expression_attribute_values(":next", number(version));
                self.0.update_in_transaction(&keys::setup_item(organization, user, *kind, &item.id), update)
            }
            Change::Remove(kind, id) => self.0.delete_in_transaction(&keys::setup_item(organization, user, *kind, id)),
            Change::Switch(automation, enabled) => {
                let update = Update::builder()
                    .update_expression("SET enabled.#automation = :enabled, setupVersion = :next")
                    .expression_attribute_names("#automation", automation.to_string())
                    .expression_attribute_values(":enabled", AttributeValue::Bool(*enabled))
                    .expression_attribute_values(":next", number(version));
                self.0.update_in_transaction(&keys::preferences(organization, user), update)
            }
        }
    }
}

fn number(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
