//! Removes users. The first transaction puts a tombstone in the place of the profile and reserves the address, which makes
//! everything invisible. From then on the request, a retry or a sweep finishes the removal, as an undo is finished: it empties the
//! partition, and one more transaction frees the address. A minute later a sweep looks a second time.
//!
//! The tombstone stays, so the id never comes back. It has ids and times alone.

use aws_sdk_dynamodb::types::TransactWriteItem;
use serde::{Deserialize, Serialize};

use super::apply_record::{ApplyState, SETTLING, StoredApply};
use super::clearing::{FormerProfile, delete_user_items};
use crate::domain::{Email, Fault, ObjectId, Role, StoredProfile, Timestamp};
use crate::store::attributes::{
    ANSWER, EMAIL, ORGANIZATION_ID, PASSWORD_HASH, RESERVED_BY, SECOND_LOOK_AT, STATE, USER_ID, USER_REMOVED_AT,
    USER_REMOVED_BY,
};
use crate::store::credentials::{end_invitation, same_access, same_standing, when_setup_version};
use crate::store::keys::{self, ALL};
use crate::store::people::deputies::Deputies;
use crate::store::record::{self, Record};
use crate::store::setups::users::StoredUser;
use crate::store::table::Table;
use crate::store::table::change::{Change, text};
use crate::store::table::outcome::{CallFailure, Item, ItemReason};

/// How long an interrupted removal waits for its client before a sweep finishes it, as an undo does.
const REMOVAL_TIME: std::time::Duration = std::time::Duration::from_secs(35);

/// The removal of a user.
#[derive(Clone, Copy)]
pub struct UserRemoval<'a> {
    /// The user as it was read.
    pub user: &'a StoredProfile,
    /// An administrator of the organization, or a SUPERADMIN of any, and not the user, as it was read; `None` for an operator's command.
    pub by: Option<&'a StoredUser>,
    /// The time of the request.
    pub now: Timestamp,
}

impl UserRemoval<'_> {
    /// Returns whether somebody else must stay an administrator. An administrator of the organization who removes another one stays; a
    /// SUPERADMIN of another organization is none of this one.
    fn needs_deputy(&self) -> bool {
        let user = &self.user.user;
        let administers = user.role >= Role::Admin && !user.login_disabled;
        administers && self.by.is_some_and(|by| by.organization != user.organization)
    }
}

/// The outcome of starting a removal.
#[derive(Debug, PartialEq)]
pub enum RemovalStart {
    /// Nobody sees the user any more. [`Removals::finish`] does the rest.
    Started(Box<RemovedUser>),
    /// The user, or the record of its apply, has changed since it was read. Nothing is written.
    Outdated,
    /// The administrator has changed since it was read. Nothing is written.
    CallerChanged,
    /// Nobody else administers the organization. Nothing is written.
    LastAdministrator,
}

/// The state of a removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(in crate::store) enum RemovalState {
    /// The items are being deleted, and the address is reserved.
    Removing,
    /// The items are deleted, and the address is free. Final.
    Removed,
}

impl RemovalState {
    fn condition(self) -> Change {
        Change::of_existing().when(
            STATE,
            text(match self {
                Self::Removing => "REMOVING",
                Self::Removed => "REMOVED",
            }),
        )
    }
}

/// The item that replaces the `#META` item of a removed user.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::store) struct UserTombstone {
    pub(in crate::store) state: RemovalState,
    /// One more than the user had, so that no edit that read the profile is written after it.
    pub(in crate::store) setup_version: u64,
    pub(in crate::store) deleted_at: Timestamp,
    pub(in crate::store) deleted_by: ObjectId,
    /// The address that the removal reserves. Absent after the removal, and if the user did not own the claim on it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) email: Option<Email>,
    /// When all writes have arrived, and a sweep checks for late ones.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) second_look_at: Option<Timestamp>,
}

impl Record for UserTombstone {
    const TYPE: &'static str = "removedUser";
}

/// A user who is being removed, or was.
#[derive(Debug, Clone, PartialEq)]
pub struct RemovedUser {
    organization: ObjectId,
    user: ObjectId,
    tombstone: UserTombstone,
}

/// An item of the first transaction, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RemovalPart {
    Record,
    User,
    Claim,
    Caller,
    Deputy,
}

/// Removes users.
pub struct Removals<'a>(&'a Table);

impl<'a> Removals<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Puts the tombstone, reserves the address, and notes the removal in the record of the apply that made the user. One
    /// transaction, on the condition that user and administrator are as they were read; for the user of an apply, one read before it.
    pub async fn begin(&self, removal: UserRemoval<'_>) -> Result<RemovalStart, Fault> {
        let apply = self.apply_of(removal.user).await?;
        if !removal.needs_deputy() {
            return Ok(started(self.write(removal, apply.as_ref(), None).await?));
        }
        let mut deputies = Deputies::new(self.0, removal.user.user.organization, removal.user.user.id);
        while let Some(deputy) = deputies.next().await? {
            match self.write(removal, apply.as_ref(), Some(&deputy)).await? {
                Err(refused) if refused == [RemovalPart::Deputy] => {}
                other => return Ok(started(other)),
            }
        }
        Ok(RemovalStart::LastAdministrator)
    }

    /// Writes the first transaction, without the claim if the address is not the user's: then there is nothing to reserve.
    async fn write(
        &self,
        removal: UserRemoval<'_>,
        apply: Option<&StoredApply>,
        deputy: Option<&StoredUser>,
    ) -> Result<Result<RemovedUser, Vec<RemovalPart>>, Fault> {
        match self.write_once(removal, apply, deputy, true).await? {
            Err(refused) if refused == [RemovalPart::Claim] => self.write_once(removal, apply, deputy, false).await,
            other => Ok(other),
        }
    }

    /// Returns the committed apply that made the user.
    async fn apply_of(&self, user: &StoredProfile) -> Result<Option<StoredApply>, Fault> {
        let Some(origin) = user.origin else { return Ok(None) };
        let key = keys::apply(&user.user.organization, &origin.snapshot, &origin.apply);
        let apply = self.0.get(&key, None).await?.map(StoredApply::read).transpose()?;
        Ok(apply.filter(|apply| apply.state() == ApplyState::Committed && apply.user() == user.user.id))
    }

    async fn write_once(
        &self,
        removal: UserRemoval<'_>,
        apply: Option<&StoredApply>,
        deputy: Option<&StoredUser>,
        owns_address: bool,
    ) -> Result<Result<RemovedUser, Vec<RemovalPart>>, Fault> {
        let UserRemoval { user: StoredProfile { user, setup_version, .. }, by, now } = removal;
        let remover = by.map_or(ObjectId::NOBODY, |by| by.id);
        let tombstone = UserTombstone {
            state: RemovalState::Removing,
            setup_version: setup_version + 1,
            deleted_at: now,
            deleted_by: remover,
            email: owns_address.then(|| user.email.clone()),
            second_look_at: None,
        };
        let mut writes: Vec<(RemovalPart, TransactWriteItem)> = Vec::new();
        if let Some(apply) = apply {
            let change = removed_change(apply, remover, now)?;
            writes.push((RemovalPart::Record, self.0.change_in_transaction(&apply.key(), &change)?));
        }
        let mut item = record::item(&keys::user(&user.organization, &user.id), &tombstone)?;
        let due = keys::by_time(now.plus(REMOVAL_TIME), &user.id);
        record::index(&mut item, &ALL, keys::sweep_shard(&user.id), due);
        let same = when_setup_version(same_standing(removal.user), *setup_version);
        writes.push((RemovalPart::User, self.0.replace_in_transaction(item, &same)?));
        if owns_address {
            let claim = reserved_change(&user.organization, &user.id);
            writes.push((RemovalPart::Claim, self.0.change_in_transaction(&keys::email(user.email.key()), &claim)?));
        }
        for (part, other) in [(RemovalPart::Caller, by), (RemovalPart::Deputy, deputy)] {
            if let Some(other) = other {
                let (key, same) = same_access(other);
                writes.push((part, self.0.check_in_transaction(&key, &same)?));
            }
        }
        let (parts, writes): (Vec<RemovalPart>, Vec<TransactWriteItem>) = writes.into_iter().unzip();
        match self.0.transact(writes).await {
            Ok(()) => Ok(Ok(RemovedUser { organization: user.organization, user: user.id, tombstone })),
            Err(CallFailure::Cancelled(reasons)) => {
                let refused = parts.into_iter().zip(reasons);
                let refused = refused.filter(|(_, reason)| matches!(reason, ItemReason::ConditionFailed(_)));
                Ok(Err(refused.map(|(part, _)| part).collect()))
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Returns a removal that `by` began and that is not finished; `None` where no such removal exists. One read.
    pub async fn unfinished(
        &self,
        organization: ObjectId,
        user: ObjectId,
        by: ObjectId,
    ) -> Result<Option<RemovedUser>, Fault> {
        let item = self.0.get(&keys::user(&organization, &user), None).await?;
        let removed = item.map(|item| RemovedUser::read(organization, user, item)).transpose()?.flatten();
        Ok(removed
            .filter(|removed| removed.tombstone.state == RemovalState::Removing && removed.tombstone.deleted_by == by))
    }

    /// Finishes a removal: deletes the user's items and frees the address. Returns the number of deleted items. The caller reads `now`
    /// after it read or wrote `removed`.
    pub async fn finish(&self, removed: &RemovedUser, now: Timestamp) -> Result<usize, Fault> {
        let items = self.delete_items(removed).await?;
        let RemovedUser { organization, user, tombstone } = removed;
        let key = keys::user(organization, user);
        let change = RemovalState::Removing
            .condition()
            .set(STATE, text("REMOVED"))
            .set(SECOND_LOOK_AT, text(now.plus(SETTLING)))
            .remove(EMAIL);
        if let Some(email) = &tombstone.email {
            let reserved =
                Change::of_existing().when(RESERVED_BY, text(user)).when(ORGANIZATION_ID, text(organization));
            let writes = vec![
                self.0.change_in_transaction(&key, &change)?,
                self.0.delete_when_in_transaction(&keys::email(email.key()), &reserved)?,
            ];
            match self.0.transact(writes).await {
                Ok(()) => return Ok(items),
                // Another request or sweep finished it first; or the address is another user's, as only in a restored table.
                Err(CallFailure::Cancelled(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        match self.0.change(&key, &change).await {
            Ok(()) | Err(CallFailure::ConditionFailed(_)) => Ok(items),
            Err(other) => Err(other.into()),
        }
    }

    /// Does what is due of a removal: finishes it, or looks a second time. Returns the number of deleted items; `None` if nothing is due.
    pub(in crate::store) async fn sweep(&self, removed: &RemovedUser, now: Timestamp) -> Result<Option<usize>, Fault> {
        let RemovedUser { organization, user, tombstone } = removed;
        match (tombstone.state, tombstone.second_look_at) {
            (RemovalState::Removing, _) => self.finish(removed, now).await.map(Some),
            (RemovalState::Removed, Some(at)) if at <= now => {
                let items = self.delete_items(removed).await?;
                let looked = RemovalState::Removed.condition().remove(SECOND_LOOK_AT).unlist(&ALL);
                match self.0.change(&keys::user(organization, user), &looked).await {
                    Ok(()) | Err(CallFailure::ConditionFailed(_)) => Ok(Some(items)),
                    Err(other) => Err(other.into()),
                }
            }
            (RemovalState::Removed, _) => Ok(None),
        }
    }

    /// Deletes the items of a removed user that are not of a later version. Returns their number.
    pub(in crate::store) async fn delete_items(&self, removed: &RemovedUser) -> Result<usize, Fault> {
        let RemovedUser { organization, user, tombstone } = removed;
        let former = FormerProfile::Tombstone(tombstone.setup_version);
        delete_user_items(self.0, organization, user, former).await
    }
}

impl RemovedUser {
    /// Reads the item in the place of a profile. Returns `None` unless it is a tombstone.
    pub(in crate::store) fn read(organization: ObjectId, user: ObjectId, item: Item) -> Result<Option<Self>, Fault> {
        if !record::is_tombstone(&item) {
            return Ok(None);
        }
        Ok(Some(Self { organization, user, tombstone: record::read(item)? }))
    }

    /// Returns whether a sweep still has to look at it.
    pub(in crate::store) fn is_unfinished(&self) -> bool {
        self.tombstone.state == RemovalState::Removing || self.tombstone.second_look_at.is_some()
    }

    /// Returns the address that the removal reserves.
    pub(in crate::store) fn reserved_email(&self) -> Option<&Email> {
        self.tombstone.email.as_ref()
    }
}

fn started(written: Result<RemovedUser, Vec<RemovalPart>>) -> RemovalStart {
    match written {
        Ok(removed) => RemovalStart::Started(Box::new(removed)),
        Err(refused) if refused.contains(&RemovalPart::Caller) => RemovalStart::CallerChanged,
        Err(_) => RemovalStart::Outdated,
    }
}

/// Returns the change of the record of a committed apply whose user is removed: it says so, and forgets the address. With the user goes
/// the row that led to the apply.
fn removed_change(apply: &StoredApply, by: ObjectId, now: Timestamp) -> Result<Change, Fault> {
    let change = apply
        .place()
        .list(Change::of_existing())
        .when(STATE, ApplyState::Committed.value())
        .when(USER_ID, text(apply.user()))
        .set(USER_REMOVED_AT, text(now))
        .set(USER_REMOVED_BY, text(by));
    Ok(match apply.clone().forget_address()? {
        Some(answer) => change.set(ANSWER, answer),
        None => change,
    })
}

/// Returns the change of the user's claim that reserves the address. Nobody signs in with it from then on.
fn reserved_change(organization: &ObjectId, user: &ObjectId) -> Change {
    end_invitation(Change::of_existing())
        .remove(USER_ID)
        .remove(PASSWORD_HASH)
        .when(USER_ID, text(user))
        .when(ORGANIZATION_ID, text(organization))
        .set(RESERVED_BY, text(user))
}
