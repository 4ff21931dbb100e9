//! The repairs of a user's group.

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::defect::{RemovalStep, RepairStep};
use super::repair::TableRepair;
use super::user_group::{ProfileFacts, UserGroup};
use crate::domain::{Fault, ObjectId};
use crate::store::applies::apply_record::StoredApply;
use crate::store::applies::clearing::{FormerProfile, delete_user_items};
use crate::store::applies::removals::Removals;
use crate::store::applies::staging::{abandon, interrupted};
use crate::store::applies::undos::{UndoRequest, UndoStart, Undos};
use crate::store::attributes::{
    ACCESS_ROLE, DELETED_AT, EMAIL, FIRST_SIGN_IN_AT, ORGANIZATION_ID, RESERVED_BY, SETUP_VERSION, STATE, USER_ID,
};
use crate::store::keys::{self, ALL, ItemKey, LIST};
use crate::store::record::{self, ClaimRecord};
use crate::store::table::change::{Change, number, text};
use crate::store::table::outcome::held;

impl TableRepair<'_> {
    /// Takes one step. Returns `false` if the table changed since the group was read.
    pub(super) async fn act_on_user(&self, group: &UserGroup, action: &RepairStep) -> Result<bool, Fault> {
        match action {
            RepairStep::DeleteUser { organization, .. } => self.delete_user(group, organization).await,
            RepairStep::DeleteItems { organization, .. } => {
                delete_user_items(self.table, organization, &group.id, FormerProfile::Absent).await.map(|_| true)
            }
            RepairStep::DeleteClaim { pk, .. } => self.delete_claim(group, pk).await,
            RepairStep::Undo(key) => self.undo(group, key).await,
            RepairStep::Abandon(key) => match self.stored(key).await? {
                Some(apply) => abandon(self.table, &apply, interrupted(self.now)).await,
                None => Ok(false),
            },
            RepairStep::Sweep(key) => {
                let Some(apply) = self.stored(key).await? else { return Ok(false) };
                let id = &apply.origin.apply;
                let listed = Change::of_existing().when(STATE, apply.state().value()).when_absent(ALL.pk).list(
                    &ALL,
                    keys::sweep_shard(id),
                    keys::by_time(self.now, id),
                );
                held(self.table.change(key, &listed).await)
            }
            RepairStep::Unlist(key) => {
                let Some(apply) = self.stored(key).await? else { return Ok(false) };
                let unlisted = Change::of_existing().when(STATE, apply.state().value()).unlist(&ALL);
                held(self.table.change(key, &unlisted).await)
            }
            RepairStep::ListApply(key) => {
                let Some(apply) = self.stored(key).await? else { return Ok(false) };
                let listed = apply.place().list(Change::of_existing().when(STATE, apply.state().value()));
                held(self.table.change(key, &listed).await)
            }
            RepairStep::Removal { organization, step } => self.mend_removal(group, organization, *step).await,
            RepairStep::OwnClaim { pk, apply } => self.own_claim(group, pk, apply).await,
            RepairStep::WriteClaim { organization } => self.write_claim(group, organization).await,
            RepairStep::RaiseVersion { organization, to } => {
                let Some(profile) = profile(group, organization) else { return Ok(false) };
                let raised = as_read(profile).set(SETUP_VERSION, number(*to));
                held(self.table.change(&keys::user(organization, &group.id), &raised).await)
            }
            RepairStep::ListUser { organization } => {
                let created_at = profile(group, organization).and_then(|profile| profile.created_at);
                let Some(created_at) = created_at else { return Ok(false) };
                let by_time = keys::by_time(created_at, &group.id);
                let listed = Change::of_existing().list(&LIST, keys::listed_users(organization), by_time);
                held(self.table.change(&keys::user(organization, &group.id), &listed).await)
            }
            _ => Ok(false),
        }
    }

    async fn stored(&self, key: &ItemKey) -> Result<Option<StoredApply>, Fault> {
        self.table.get(key, None).await?.map(StoredApply::read).transpose()
    }

    async fn mend_removal(&self, group: &UserGroup, organization: &ObjectId, step: RemovalStep) -> Result<bool, Fault> {
        let removed = group.tombstone(organization).and_then(|tombstone| tombstone.removed.as_ref());
        let Some(removed) = removed else { return Ok(false) };
        let tombstone = Change::of_existing().when_present(DELETED_AT);
        let change = match step {
            RemovalStep::DeleteItems => {
                return Removals::new(self.table).delete_items(removed).await.map(|deleted| deleted > 0);
            }
            RemovalStep::Unlist => tombstone.unlist(&ALL),
            RemovalStep::Sweep => {
                tombstone.list(&ALL, keys::sweep_shard(&group.id), keys::by_time(self.now, &group.id))
            }
        };
        held(self.table.change(&keys::user(organization, &group.id), &change).await)
    }

    /// Deletes the profile as it was read, and the claim that is its own.
    async fn delete_user(&self, group: &UserGroup, organization: &ObjectId) -> Result<bool, Fault> {
        let Some(profile) = profile(group, organization) else { return Ok(false) };
        let user = keys::user(organization, &group.id);
        let mut writes = vec![self.table.delete_when_in_transaction(&user, &as_read(profile))?];
        if let Some(pk) = group.own_claim(organization) {
            let own = Change::of_existing().when(USER_ID, text(group.id)).when(ORGANIZATION_ID, text(organization));
            writes.push(self.table.delete_when_in_transaction(&claim_key(&pk), &own)?);
        }
        held(self.table.transact(writes).await)
    }

    /// Deletes a claim that has the holder that was read. Its user has no profile.
    async fn delete_claim(&self, group: &UserGroup, pk: &str) -> Result<bool, Fault> {
        let Some(claim) = group.claims.get(pk) else { return Ok(false) };
        let as_held = Change::of_existing().when(ORGANIZATION_ID, text(claim.organization));
        let mut writes: Vec<TransactWriteItem> = Vec::new();
        let as_held = match (claim.user, claim.reserved_by) {
            (Some(user), _) => {
                let profile = keys::user(&claim.organization, &user);
                // A tombstone has no role.
                writes.push(self.table.check_in_transaction(&profile, &Change::default().when_absent(ACCESS_ROLE))?);
                as_held.when(USER_ID, text(user))
            }
            (None, Some(apply)) => as_held.when_absent(USER_ID).when(RESERVED_BY, text(apply)),
            (None, None) => return Ok(false),
        };
        writes.push(self.table.delete_when_in_transaction(&claim_key(pk), &as_held)?);
        held(self.table.transact(writes).await)
    }

    /// Undoes a committed apply, in nobody's name.
    async fn undo(&self, group: &UserGroup, key: &ItemKey) -> Result<bool, Fault> {
        let facts = group.applies.values().find(|apply| apply.key == *key);
        let Some(email) = facts.and_then(|apply| apply.email.as_ref()) else { return Ok(false) };
        let Some(apply) = self.stored(key).await? else { return Ok(false) };
        let is_forced = profile(group, &apply.organization).is_none();
        let request = UndoRequest { apply: &apply, email, by: ObjectId::NOBODY, is_forced, now: self.now };
        let undos = Undos::new(self.table);
        match undos.begin(&request).await? {
            UndoStart::Started(started) => undos.finish(&started, self.now).await.map(|_| true),
            UndoStart::NotCommitted(_) | UndoStart::InUse | UndoStart::UserRemoved | UndoStart::Busy => Ok(false),
        }
    }

    async fn own_claim(&self, group: &UserGroup, pk: &str, apply: &ObjectId) -> Result<bool, Fault> {
        let Some(facts) = group.applies.get(apply) else { return Ok(false) };
        let owned = Change::of_existing()
            .when(RESERVED_BY, text(apply))
            .when_absent(USER_ID)
            .set(USER_ID, text(group.id))
            .remove(RESERVED_BY);
        let writes = vec![
            self.table.change_in_transaction(&claim_key(pk), &owned)?,
            self.table.check_in_transaction(&keys::user(&facts.organization, &group.id), &Change::of_existing())?,
        ];
        held(self.table.transact(writes).await)
    }

    /// Writes the claim that a user's profile names, without a password.
    async fn write_claim(&self, group: &UserGroup, organization: &ObjectId) -> Result<bool, Fault> {
        let email = profile(group, organization).and_then(|profile| profile.email.as_ref());
        let Some(email) = email else { return Ok(false) };
        let claim = ClaimRecord {
            organization_id: *organization,
            user_id: Some(group.id),
            reserved_by: None,
            password_hash: None,
            invitation_hash: None,
            invitation_expires_at: None,
            invitation_credentials: None,
            invited_by: None,
            invited_by_org_id: None,
        };
        let has_address = Change::of_existing().when(EMAIL, text(email.as_str()));
        let writes = vec![
            self.table.put_new_in_transaction(record::item(&keys::email(email.key()), &claim)?)?,
            self.table.check_in_transaction(&keys::user(organization, &group.id), &has_address)?,
        ];
        held(self.table.transact(writes).await)
    }
}

fn profile<'g>(group: &'g UserGroup, organization: &ObjectId) -> Option<&'g ProfileFacts> {
    group.partitions.get(organization)?.profile.as_ref()
}

/// Returns the condition that a profile is as it was read.
fn as_read(profile: &ProfileFacts) -> Change {
    let same = Change::of_existing().when(SETUP_VERSION, number(profile.version));
    if profile.has_signed_in { same } else { same.when_absent(FIRST_SIGN_IN_AT) }
}

fn claim_key(pk: &str) -> ItemKey {
    ItemKey { pk: pk.to_owned(), sk: keys::META.to_owned() }
}
