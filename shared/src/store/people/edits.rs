//! Changes of users by an administrator, or by an operator's command.
//!
//! One transaction changes the user, moves the claim with a changed address, and checks that the administrator still is one. So two
//! administrators who take each other's role at once do not both succeed, and an organization keeps somebody who administers it.

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};

use super::addresses::AddressHolder;
use super::deputies::Deputies;
use crate::domain::user_change::{ChangedUser, UserChange};
use crate::domain::{Fault, StoredProfile, Timestamp, User};
use crate::store::attributes::{
    ACCESS_ROLE, DEPARTMENT_ID, DESIGNATION, EMAIL, FULL_NAME, LOGIN_DISABLED, ORGANIZATION_ID, PHONE_NUMBER,
    SETUP_VERSION, UPDATED_AT, USER_ID,
};
use crate::store::credentials::{end_tokens, same_access, same_standing, when_hash, when_setup_version};
use crate::store::keys;
use crate::store::record::{self, ClaimRecord};
use crate::store::setups::users::StoredUser;
use crate::store::table::Table;
use crate::store::table::change::{Change, number, text};
use crate::store::table::outcome::{CallFailure, ItemReason};

/// A change of a user.
#[derive(Clone, Copy)]
pub struct UserEdit<'a> {
    /// The user as it was read.
    pub before: &'a StoredProfile,
    /// The fields to change.
    pub change: &'a UserChange,
    /// Who changes it.
    pub by: EditAuthority<'a>,
    /// The time of the change.
    pub now: Timestamp,
}

/// Who changes a user.
#[derive(Clone, Copy)]
pub enum EditAuthority<'a> {
    /// An administrator of the organization, or a SUPERADMIN of any, as it was read.
    Administrator(&'a StoredUser),
    /// An operator's command. It leaves somebody who administers the organization.
    Operator,
    /// An operator's command that may leave nobody who administers the organization.
    ForcingOperator,
}

impl<'a> EditAuthority<'a> {
    fn administrator(self) -> Option<&'a StoredUser> {
        match self {
            Self::Administrator(user) => Some(user),
            Self::Operator | Self::ForcingOperator => None,
        }
    }

    /// Returns whether somebody else must stay an administrator if this user stops being one. An administrator who changes another
    /// user of the organization stays one. A SUPERADMIN of another organization is none of this one.
    fn needs_deputy(self, user: &User) -> bool {
        match self {
            Self::Administrator(by) => by.id == user.id || by.organization != user.organization,
            Self::Operator => true,
            Self::ForcingOperator => false,
        }
    }
}

/// The outcome of changing a user.
#[derive(Debug, PartialEq)]
pub enum UserEditOutcome {
    /// The user is changed, or is as it should be already.
    Done(Box<StoredProfile>),
    /// The user has changed since it was read. Nothing is written.
    Outdated,
    /// The administrator has changed since it was read. Nothing is written.
    CallerChanged,
    /// A user owns the new address. Nothing is written.
    EmailTaken,
    /// An apply, still running, reserves the new address. Nothing is written.
    EmailReserved,
    /// Nobody else could administer the organization. Nothing is written.
    LastAdministrator,
}

/// What an item of the transaction is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EditPart {
    User,
    Caller,
    Deputy,
    FormerClaim,
    NewClaim,
}

/// Why the transaction was refused.
enum EditRefusal {
    Outcome(UserEditOutcome),
    /// The user who was to stay an administrator has changed.
    DeputyChanged,
}

/// Changes users.
pub struct UserEditor<'a>(&'a Table);

impl<'a> UserEditor<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Changes a user. One transaction; a changed address takes one read before it. Somebody who gives up its own administration
    /// takes a query and a read more, to find somebody who keeps it.
    pub async fn change(&self, edit: UserEdit<'_>) -> Result<UserEditOutcome, Fault> {
        let changed = edit.change.of(&edit.before.user);
        if !changed.changes_profile && !changed.changes_access {
            return Ok(UserEditOutcome::Done(Box::new(edit.before.clone())));
        }
        if changed.gives_up_administration && edit.by.needs_deputy(&edit.before.user) {
            return self.change_beside_deputy(edit, &changed).await;
        }
        match self.write(edit, &changed, None).await? {
            Ok(after) => Ok(UserEditOutcome::Done(Box::new(after))),
            Err(EditRefusal::Outcome(outcome)) => Ok(outcome),
            Err(EditRefusal::DeputyChanged) => Ok(UserEditOutcome::Outdated),
        }
    }

    /// Changes an administrator who gives it up, together with a check that somebody else is one.
    async fn change_beside_deputy(&self, edit: UserEdit<'_>, changed: &ChangedUser) -> Result<UserEditOutcome, Fault> {
        let mut deputies = Deputies::new(self.0, edit.before.user.organization, edit.before.user.id);
        while let Some(deputy) = deputies.next().await? {
            match self.write(edit, changed, Some(&deputy)).await? {
                Ok(after) => return Ok(UserEditOutcome::Done(Box::new(after))),
                Err(EditRefusal::Outcome(outcome)) => return Ok(outcome),
                Err(EditRefusal::DeputyChanged) => {}
            }
        }
        Ok(UserEditOutcome::LastAdministrator)
    }

    async fn write(
        &self,
        edit: UserEdit<'_>,
        changed: &ChangedUser,
        deputy: Option<&StoredUser>,
    ) -> Result<Result<StoredProfile, EditRefusal>, Fault> {
        let UserEdit { before, by, now, .. } = edit;
        let key = keys::user(&before.user.organization, &before.user.id);
        let mut writes = vec![(EditPart::User, self.0.change_in_transaction(&key, &user_change(edit, changed))?)];
        let caller =
            by.administrator().filter(|by| (by.id, by.organization) != (before.user.id, before.user.organization));
        for (part, other) in [(EditPart::Caller, caller), (EditPart::Deputy, deputy)] {
            if let Some(other) = other {
                let (key, same) = same_access(other);
                writes.push((part, self.0.check_in_transaction(&key, &same)?));
            }
        }
        writes.extend(self.moved_claim(edit, changed).await?);
        let (parts, writes): (Vec<EditPart>, Vec<TransactWriteItem>) = writes.into_iter().unzip();
        match self.0.transact(writes).await {
            Ok(()) => {
                let mut after = StoredProfile { user: changed.user.clone(), ..before.clone() };
                after.user.updated_at = now;
                after.setup_version += u64::from(changed.changes_profile);
                if changed.ends_tokens {
                    after.credentials.version += 1;
                    after.credentials.changed_at = Some(now);
                }
                Ok(Ok(after))
            }
            Err(CallFailure::Cancelled(reasons)) => {
                let refused = parts.into_iter().zip(reasons);
                let refused = refused.filter(|(_, reason)| matches!(reason, ItemReason::ConditionFailed(_)));
                let refused: Vec<EditPart> = refused.map(|(part, _)| part).collect();
                Ok(Err(self.refusal(&refused, changed).await?))
            }
            Err(other) => Err(other.into()),
        }
    }

    /// Returns the deletion of the former claim and the put of the new one, with the same password; nothing if the address means
    /// the same. An invitation is not moved: it went to the former address.
    async fn moved_claim(
        &self,
        edit: UserEdit<'_>,
        changed: &ChangedUser,
    ) -> Result<Vec<(EditPart, TransactWriteItem)>, Fault> {
        let (former, user) = (&edit.before.user.email, &changed.user);
        if former.key() == user.email.key() {
            return Ok(Vec::new());
        }
        let claim = self.0.get(&keys::email(former.key()), None).await?.map(record::read::<ClaimRecord>).transpose()?;
        let own = |claim: &ClaimRecord| claim.user_id == Some(user.id) && claim.organization_id == user.organization;
        let claim = claim.filter(own);
        let mut writes = Vec::new();
        if let Some(claim) = &claim {
            let same =
                Change::of_existing().when(USER_ID, text(user.id)).when(ORGANIZATION_ID, text(user.organization));
            let same = when_hash(same, claim.password_hash.as_deref());
            let delete = self.0.delete_when_in_transaction(&keys::email(former.key()), &same)?;
            writes.push((EditPart::FormerClaim, delete));
        }
        let moved = ClaimRecord::owned(user, claim.as_ref().and_then(|claim| claim.password_hash.as_deref()));
        let put = self.0.put_new_in_transaction(record::item(&keys::email(user.email.key()), &moved)?)?;
        writes.push((EditPart::NewClaim, put));
        Ok(writes)
    }

    async fn refusal(&self, refused: &[EditPart], changed: &ChangedUser) -> Result<EditRefusal, Fault> {
        let is_refused = |part| refused.contains(&part);
        if is_refused(EditPart::Caller) {
            return Ok(EditRefusal::Outcome(UserEditOutcome::CallerChanged));
        }
        if is_refused(EditPart::User) || is_refused(EditPart::FormerClaim) {
            return Ok(EditRefusal::Outcome(UserEditOutcome::Outdated));
        }
        if is_refused(EditPart::NewClaim) {
            // The refusal does not return the claim, which may hold a password hash.
            let outcome = match AddressHolder::of(self.0, &changed.user.email).await? {
                AddressHolder::User { .. } => UserEditOutcome::EmailTaken,
                AddressHolder::Reservation | AddressHolder::Nobody => UserEditOutcome::EmailReserved,
            };
            return Ok(EditRefusal::Outcome(outcome));
        }
        Ok(EditRefusal::DeputyChanged)
    }
}

/// Returns the change of the user, on the condition that role and access are as they were read, and the setup too if the profile
/// changes.
fn user_change(edit: UserEdit<'_>, changed: &ChangedUser) -> Change {
    let UserEdit { before, change, now, .. } = edit;
    let user = &changed.user;
    let mut update = same_standing(before).set(UPDATED_AT, text(now));
    if changed.changes_profile {
        // Access is no part of the setup: who is to be disabled is so however the setup changes.
        update = when_setup_version(update, before.setup_version);
        update = update.set(SETUP_VERSION, number(before.setup_version + 1)).set(EMAIL, text(&user.email));
        update = put(update, FULL_NAME, change.full_name.is_some(), user.full_name.as_ref());
        update = put(update, PHONE_NUMBER, change.phone_number.is_some(), user.phone_number.as_ref());
        update = put(update, DESIGNATION, change.designation.is_some(), user.designation.as_ref());
        update = put(update, DEPARTMENT_ID, change.department.is_some(), user.department.as_ref());
    }
    if changed.changes_access {
        update =
            update.set(ACCESS_ROLE, text(user.role)).set(LOGIN_DISABLED, AttributeValue::Bool(user.login_disabled));
    }
    if changed.ends_tokens { end_tokens(update, now) } else { update }
}

/// Sets an optional attribute of the request, or removes it.
fn put(update: Change, attribute: &'static str, is_named: bool, value: Option<&impl std::fmt::Display>) -> Change {
    match (is_named, value) {
        (false, _) => update,
        (true, Some(value)) => update.set(attribute, text(value)),
        (true, None) => update.remove(attribute),
    }
}
