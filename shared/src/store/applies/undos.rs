//! Undoes applies: deletes the user and all clones, and frees the e-mail address. The first transaction deletes the
//! user, which makes everything invisible. From then on any request or sweep can finish the undo.
//!
//! The address is free once a list of the user's partition is empty. Writes from just before may arrive after that,
//! invisibly, so a sweep deletes late writes a minute later. No later user has the same id.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;

use super::apply::existing_record;
use super::apply_record::{ApplyState, SETTLING, StoredApply};
use super::clearing::{FormerProfile, delete_user_items};
use crate::domain::usage::{Usage, UsedItem};
use crate::domain::{Email, Fault, ObjectId, Role, Timestamp};
use crate::store::attributes::{
    ACCESS_ROLE, ANSWER, CLONED_FROM, CREDENTIAL_VERSION, DELETED_AT, DOCUMENT, EMAIL, FIRST_SIGN_IN_AT,
    INVITATION_ACCEPTED_AT, LOGIN_DISABLED, NAME, ORGANIZATION_ID, SECOND_LOOK_AT, SETUP_VERSION, STATE, UNDONE_AT,
    UNDONE_BY, USER_ID,
};
use crate::store::keys::{self, ALL, PREFERENCES, SK};
use crate::store::record::{self, FIRST_VERSION};
use crate::store::table::Table;
use crate::store::table::change::{Change, number, text};
use crate::store::table::outcome::{CallFailure, Item, ItemReason};
use crate::store::table::query::PartitionQuery;

/// How long an interrupted undo waits for its client before a sweep finishes it. A function ends after 29 s; before
/// that a sweep would only repeat its work.
const UNDO_TIME: std::time::Duration = std::time::Duration::from_secs(35);
/// How often a forced undo starts over because the user was changed.
const ATTEMPTS: u32 = 8;

/// A request to undo an apply.
#[derive(Debug, Clone, Copy)]
pub struct UndoRequest<'a> {
    /// The apply.
    pub apply: &'a StoredApply,
    /// The address that the apply gave its user.
    pub email: &'a Email,
    /// The caller.
    pub by: ObjectId,
    /// Whether to undo the apply even if the user has changed since.
    pub is_forced: bool,
    /// The time of the request.
    pub now: Timestamp,
}

/// The outcome of starting an undo.
#[derive(Debug)]
pub enum UndoStart {
    /// The user is deleted. [`Undos::finish`] does the rest.
    Started(Box<StoredApply>),
    /// The apply is not committed any more. Contains its record.
    NotCommitted(Box<StoredApply>),
    /// The user has changed since the apply. Nothing is written.
    InUse,
    /// The user was removed. Nothing is written.
    UserRemoved,
    /// The user changed at each try of a forced undo. Nothing is written.
    Busy,
}

/// Starts and finishes undos.
pub struct Undos<'a>(&'a Table);

/// The profile, as an undo reads it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserProfile {
    email: Email,
    setup_version: u64,
}

/// The place of the user, or of the claim, in a transaction.
const OTHER_INDEX: usize = 1;

impl<'a> Undos<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Deletes the user, if it is as the apply left it or the undo is forced. One transaction; a forced undo reads the
    /// user first.
    pub async fn begin(&self, undo: &UndoRequest<'_>) -> Result<UndoStart, Fault> {
        if !undo.is_forced {
            let untouched = untouched(undo.apply);
            return Ok(self.delete_user(undo, undo.email, Some(untouched)).await?.unwrap_or(UndoStart::InUse));
        }
        for _ in 0..ATTEMPTS {
            // The address may have changed. Such a change makes another version.
            let (email, as_read) = match self.profile(undo.apply).await? {
                Some(UserProfile { email, setup_version }) => {
                    (email, Some(Change::of_existing().when(SETUP_VERSION, number(setup_version))))
                }
                None => (undo.email.clone(), None),
            };
            if let Some(started) = self.delete_user(undo, &email, as_read).await? {
                return Ok(started);
            }
        }
        Ok(UndoStart::Busy)
    }

    /// Deletes the user on the condition `profile`; without one, checks that the user does not exist. Returns `None` if
    /// that does not hold.
    async fn delete_user(
        &self,
        undo: &UndoRequest<'_>,
        email: &Email,
        profile: Option<Change>,
    ) -> Result<Option<UndoStart>, Fault> {
        let UndoRequest { apply, by, now, .. } = *undo;
        let user = keys::user(&apply.organization, &apply.record.user_id);
        let writes = vec![
            self.0.change_in_transaction(&apply.key(), &undoing_change(apply, email, by, now))?,
            match profile {
                Some(profile) => self.0.delete_when_in_transaction(&user, &profile)?,
                None => self.0.check_in_transaction(&user, &Change::default().when_absent(keys::PK))?,
            },
        ];
        match self.0.transact(writes).await {
            Ok(()) => {
                let mut started = apply.clone();
                started.record.state = ApplyState::Undoing;
                started.record.email = Some(email.clone());
                (started.record.undone_at, started.record.undone_by) = (Some(now), Some(by));
                Ok(Some(UndoStart::Started(Box::new(started))))
            }
            Err(CallFailure::Cancelled(reasons)) => match (existing_record(&reasons)?, reasons.get(OTHER_INDEX)) {
                (Some(existing), _) => Ok(Some(UndoStart::NotCommitted(existing))),
                (None, Some(ItemReason::ConditionFailed(Some(user)))) if record::is_tombstone(user) => {
                    Ok(Some(UndoStart::UserRemoved))
                }
                (None, _) => Ok(None),
            },
            Err(other) => Err(other.into()),
        }
    }

    async fn profile(&self, apply: &StoredApply) -> Result<Option<UserProfile>, Fault> {
        let user = keys::user(&apply.organization, &apply.record.user_id);
        let item = self.0.get(&user, Some(&[EMAIL, SETUP_VERSION, DELETED_AT])).await?;
        // The transaction finds a tombstone, too.
        let item = item.filter(|item| !record::is_tombstone(item));
        item.map(record::read).transpose()
    }

    /// Finishes an undo: deletes the user's items and frees the address. `now` is no earlier than the moment at which
    /// `apply` was read or written. Returns the apply after it, and the number of deleted items.
    pub async fn finish(&self, apply: &StoredApply, now: Timestamp) -> Result<(StoredApply, usize), Fault> {
        let items =
            delete_user_items(self.0, &apply.organization, &apply.record.user_id, FormerProfile::Absent).await?;
        let mut undone = apply.clone();
        undone.record.state = ApplyState::Undone;
        let change = match undone.forget_address()? {
            Some(answer) => undone_change(now).set(ANSWER, answer),
            None => undone_change(now),
        };
        let email = apply.record.email.as_ref();
        let email = email
            .ok_or_else(|| Fault::Corrupt(format!("{} does not say which address it frees", apply.origin.apply)))?;
        // A user who moved to another organization keeps id and address.
        let own = Change::of_existing()
            .when(USER_ID, text(apply.record.user_id))
            .when(ORGANIZATION_ID, text(apply.organization));
        let writes = vec![
            self.0.change_in_transaction(&apply.key(), &change)?,
            self.0.delete_when_in_transaction(&keys::email(email.key()), &own)?,
        ];
        match self.0.transact(writes).await {
            Ok(()) => Ok((undone, items)),
            Err(CallFailure::Cancelled(reasons)) => match (existing_record(&reasons)?, reasons.get(OTHER_INDEX)) {
                // Another request or sweep finished it first.
                (Some(existing), _) if existing.state() == ApplyState::Undone => Ok((*existing, items)),
                // The address belongs to another user now, so there is nothing to free.
                (None, Some(ItemReason::ConditionFailed(_))) => {
                    Ok((self.finish_alone(apply, &change, undone).await?, items))
                }
                _ => Err(Fault::Corrupt(format!("the undo of {} cannot be ended: {reasons:?}", apply.origin.apply))),
            },
            Err(other) => Err(other.into()),
        }
    }

    async fn finish_alone(
        &self,
        apply: &StoredApply,
        change: &Change,
        undone: StoredApply,
    ) -> Result<StoredApply, Fault> {
        match self.0.change(&apply.key(), change).await {
            Ok(()) => Ok(undone),
            Err(CallFailure::ConditionFailed(Some(existing))) => match StoredApply::read(existing)? {
                existing if existing.state() == ApplyState::Undone => Ok(existing),
                existing => {
                    Err(Fault::Corrupt(format!("the undo of {} met {:?}", existing.origin.apply, existing.state())))
                }
            },
            Err(other) => Err(other.into()),
        }
    }

    /// Deletes late writes of an undone apply, and removes its sweep key. Returns the number of deleted items; `None`
    /// if this is not due at `now`.
    pub(in crate::store) async fn delete_late_writes(
        &self,
        apply: &StoredApply,
        now: Timestamp,
    ) -> Result<Option<usize>, Fault> {
        if apply.record.second_look_at.is_none_or(|at| at > now) {
            return Ok(None);
        }
        let items =
            delete_user_items(self.0, &apply.organization, &apply.record.user_id, FormerProfile::Absent).await?;
        let looked = Change::of_existing().when(STATE, ApplyState::Undone.value()).remove(SECOND_LOOK_AT).unlist(&ALL);
        self.0.change(&apply.key(), &looked).await?;
        Ok(Some(items))
    }

    /// Returns how the user of an apply differs from what the apply wrote; `None` if the user was removed. It includes the
    /// names of items, so it is only for the answers to a refused undo and to its dry run.
    pub async fn usage(&self, apply: &StoredApply, email: &Email) -> Result<Option<Usage>, Fault> {
        let partition = keys::user_partition(&apply.organization, &apply.record.user_id);
        let attributes = [
            SK,
            SETUP_VERSION,
            FIRST_SIGN_IN_AT,
            INVITATION_ACCEPTED_AT,
            LOGIN_DISABLED,
            ACCESS_ROLE,
            CREDENTIAL_VERSION,
            DELETED_AT,
            EMAIL,
            CLONED_FROM,
            "document.name",
        ];
        let mut usage = Usage::default();
        for mut item in self.0.query_all(PartitionQuery::of(&partition).only(&attributes)).await? {
            let sk = record::sort_key(&item).to_owned();
            if record::is_tombstone(&item) {
                return Ok(None);
            }
            let name = take_name(&mut item);
            let used: UsageRecord = record::read(item)?;
            let is_changed = used.setup_version.is_none_or(|version| version > FIRST_VERSION);
            if let Some((kind, id)) = keys::parse_setup_item(&sk) {
                let is_clone = used.cloned_from.is_some_and(|text| apply.origin.source_of(&text).is_some());
                usage.items.push(UsedItem { kind, id, name, is_clone, is_changed });
            } else if sk == PREFERENCES {
                usage.is_switched = is_changed;
            } else if sk == keys::META {
                usage.is_there = true;
                usage.is_changed = is_changed;
                usage.first_sign_in_at = used.first_sign_in_at;
                usage.invitation_accepted_at = used.invitation_accepted_at;
                usage.is_disabled = used.login_disabled != Some(false);
                // An earlier version recorded no role. A changed one has raised the counter.
                let has_other_credentials = used.credential_version.is_some();
                let role = apply.record.access_role;
                usage.has_another_role = role.map_or(has_other_credentials, |role| used.access_role != Some(role));
                usage.has_another_email = used.email.is_none_or(|other| other.key() != email.key());
            }
        }
        Ok(Some(usage))
    }
}

/// The parts of a user's item that tell of its use.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UsageRecord {
    /// Absent if another system wrote something unreadable, after the apply.
    #[serde(default, deserialize_with = "record::lenient")]
    setup_version: Option<u64>,
    #[serde(default, deserialize_with = "record::lenient")]
    first_sign_in_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "record::lenient")]
    invitation_accepted_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "record::lenient")]
    login_disabled: Option<bool>,
    #[serde(default, deserialize_with = "record::lenient")]
    access_role: Option<Role>,
    #[serde(default, deserialize_with = "record::lenient")]
    credential_version: Option<serde_json::Value>,
    #[serde(default, deserialize_with = "record::lenient")]
    email: Option<Email>,
    #[serde(default, deserialize_with = "record::lenient")]
    cloned_from: Option<String>,
}

/// Returns the condition that the user is as the apply left it. Access is no part of the setup's version.
fn untouched(apply: &StoredApply) -> Change {
    let untouched = Change::of_existing()
        .when(SETUP_VERSION, number(FIRST_VERSION))
        .when_absent(FIRST_SIGN_IN_AT)
        .when_absent(INVITATION_ACCEPTED_AT)
        .when(LOGIN_DISABLED, AttributeValue::Bool(false));
    match apply.record.access_role {
        Some(role) => untouched.when(ACCESS_ROLE, text(role)),
        // An earlier version recorded no role. A changed one has raised the counter.
        None => untouched.when_absent(CREDENTIAL_VERSION),
    }
}

/// Returns the name in an item's document, or an empty text.
pub(super) fn take_name(item: &mut Item) -> String {
    match item.remove(DOCUMENT) {
        Some(AttributeValue::M(mut document)) => match document.remove(NAME) {
            Some(AttributeValue::S(name)) => name,
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// Returns the change from committed to undoing, with the sweep key under which a sweep finds an unfinished undo. With the user goes
/// the row that led to the apply.
fn undoing_change(apply: &StoredApply, email: &Email, by: ObjectId, now: Timestamp) -> Change {
    let id = &apply.origin.apply;
    apply
        .place()
        .list(Change::of_existing())
        .when(STATE, ApplyState::Committed.value())
        .set(STATE, ApplyState::Undoing.value())
        .set(EMAIL, text(email))
        .set(UNDONE_AT, text(now))
        .set(UNDONE_BY, text(by))
        .list(&ALL, keys::sweep_shard(id), keys::by_time(now.plus(UNDO_TIME), id))
}

/// Returns the change from undoing to undone. The sweep key stays until late writes are deleted.
fn undone_change(now: Timestamp) -> Change {
    Change::of_existing()
        .when(STATE, ApplyState::Undoing.value())
        .set(STATE, ApplyState::Undone.value())
        .set(SECOND_LOOK_AT, text(now.plus(SETTLING)))
        .remove(EMAIL)
}
