//! Carries out the steps of an erasure: each reads the item again, and writes on the condition that it is as it was read.

use aws_sdk_dynamodb::types::AttributeValue;

use super::mentions::names_source;
use super::steps::ErasureStep;
use super::{ErasureNote, PersonErasure};
use crate::domain::{Email, Fault, ObjectId};
use crate::store::applies::apply_record::{ApplyState, StoredApply};
use crate::store::applies::refusals::forget_address;
use crate::store::applies::removals::{RemovalStart, Removals, RemovedUser, UserRemoval};
use crate::store::attributes::{
    ANSWER, CREATED_BY_NAME, DELETED_AT, EMAIL, REVISION, SHARED, SOURCE_USER_EMAIL, SOURCE_USER_NAME, STATE, USER_ID,
    USER_REMOVED_AT, USER_REMOVED_BY, VERSION,
};
use crate::store::keys::{self, ItemKey, PK};
use crate::store::people::profiles::Profiles;
use crate::store::record;
use crate::store::table::change::{Change, text};
use crate::store::table::outcome::{Item, held};

impl PersonErasure<'_> {
    /// Carries out a step. Returns what it did; `None` if another write came first, which the next scan judges.
    pub(super) async fn execute(&self, step: &ErasureStep) -> Result<Option<ErasureNote>, Fault> {
        let is_done = match step {
            ErasureStep::Snapshot { key, source, creator } => {
                self.change(key, |item| Ok(self.snapshot_change(item, *source, *creator))).await?
            }
            ErasureStep::Source(key) => self.change(key, |item| Ok(source_change(item))).await?,
            ErasureStep::Apply(key) => self.change(key, |item| self.apply_change(item)).await?,
            ErasureStep::Refusal(key) => {
                let forgotten = |item: Item| Ok(item.get(EMAIL).cloned().map(forget_address));
                self.change(key, forgotten).await?
            }
            ErasureStep::Attempts(key) => {
                self.table.batch_delete(vec![key.clone()]).await?;
                true
            }
            ErasureStep::Claim { key, organization, user } => self.delete_claim(key, *organization, *user).await?,
            ErasureStep::Removal { key, organization, user } => self.finish_removal(key, *organization, *user).await?,
            ErasureStep::User { organization, user, .. } => self.remove(*organization, *user).await?,
        };
        Ok(is_done.then(|| step.note()))
    }

    /// Deletes a claim of a user who is not there: an id never comes back, but an apply may have made the user during the scan.
    async fn delete_claim(&self, key: &ItemKey, organization: ObjectId, user: ObjectId) -> Result<bool, Fault> {
        let profile = self.table.get(&keys::user(&organization, &user), Some(&[PK, DELETED_AT])).await?;
        if profile.is_some_and(|profile| !record::is_tombstone(&profile)) {
            return Ok(false);
        }
        held(self.table.delete_when(key, &Change::of_existing().when(USER_ID, text(user))).await)
    }

    /// Reads an item and writes the change of it, if there is one.
    async fn change(
        &self,
        key: &ItemKey,
        change: impl FnOnce(Item) -> Result<Option<Change>, Fault>,
    ) -> Result<bool, Fault> {
        let Some(item) = self.table.get(key, None).await? else { return Ok(false) };
        match change(item)? {
            Some(change) => held(self.table.change(key, &change).await),
            None => Ok(false),
        }
    }

    /// Returns the change of a snapshot's own item. It raises the version, so that no edit that read the names writes them again.
    fn snapshot_change(&self, item: Item, is_source: bool, is_creator: bool) -> Option<Change> {
        if record::is_tombstone(&item) {
            return None;
        }
        let (version, revision) = (item.get(VERSION)?.clone(), item.get(REVISION)?.clone());
        let mut change = Change::of_existing().when(VERSION, version).when(REVISION, revision).add_one(VERSION);
        let mut is_changed = false;
        if is_source {
            if names_source(&item) {
                is_changed = true;
                change = erased_source(change);
            }
            if let Some(AttributeValue::M(shared)) = item.get(SHARED)
                && names_source(shared)
            {
                is_changed = true;
                let mut erased = shared.clone();
                erased.remove(SOURCE_USER_NAME);
                erased.insert(SOURCE_USER_EMAIL.to_owned(), text(Email::ERASED));
                change = change.when(SHARED, AttributeValue::M(shared.clone())).set(SHARED, AttributeValue::M(erased));
            }
        }
        if is_creator && item.contains_key(CREATED_BY_NAME) {
            is_changed = true;
            change = change.remove(CREATED_BY_NAME);
        }
        is_changed.then_some(change)
    }

    /// Returns the change of the record of a finished apply: it keeps no address, and the user of a committed one counts as removed.
    fn apply_change(&self, item: Item) -> Result<Option<Change>, Fault> {
        let mut apply = StoredApply::read(item)?;
        let change = match apply.state() {
            ApplyState::Staging | ApplyState::Aborting | ApplyState::Undoing => return Ok(None),
            ApplyState::Committed => apply
                .place()
                .list(Change::default())
                .set_where_absent(USER_REMOVED_AT, text(self.clock.now()))
                .set_where_absent(USER_REMOVED_BY, text(ObjectId::NOBODY)),
            ApplyState::Aborted | ApplyState::Undone => Change::default(),
        };
        let change = change.when(STATE, apply.state().value()).remove(EMAIL);
        Ok(Some(match apply.forget_address()? {
            Some(answer) => change.set(ANSWER, answer),
            None => change,
        }))
    }

    /// Finishes a removal that this command or an administrator began.
    async fn finish_removal(&self, key: &ItemKey, organization: ObjectId, user: ObjectId) -> Result<bool, Fault> {
        let Some(item) = self.table.get(key, None).await? else { return Ok(false) };
        let Some(removed) = RemovedUser::read(organization, user, item)? else { return Ok(false) };
        if removed.reserved_email().is_none() {
            return Ok(false);
        }
        Removals::new(self.table).finish(&removed, self.clock.now()).await?;
        Ok(true)
    }

    /// Removes a user as an administrator does, for nobody. The sweep looks a second time.
    async fn remove(&self, organization: ObjectId, user: ObjectId) -> Result<bool, Fault> {
        let Some(profile) = Profiles::new(self.table).load(organization, user).await? else { return Ok(false) };
        if profile.user.email.key() != self.email.key() {
            return Ok(false);
        }
        let removals = Removals::new(self.table);
        match removals.begin(UserRemoval { user: &profile, by: None, now: self.clock.now() }).await? {
            RemovalStart::Started(removed) => {
                removals.finish(&removed, self.clock.now()).await?;
                Ok(true)
            }
            RemovalStart::Outdated | RemovalStart::CallerChanged | RemovalStart::LastAdministrator => Ok(false),
        }
    }
}

fn erased_source(change: Change) -> Change {
    change.set(SOURCE_USER_EMAIL, text(Email::ERASED)).remove(SOURCE_USER_NAME)
}

/// Returns the change of an older revision or a row of a list.
fn source_change(item: Item) -> Option<Change> {
    let email = item.get(SOURCE_USER_EMAIL)?.clone();
    names_source(&item).then(|| erased_source(Change::of_existing().when(SOURCE_USER_EMAIL, email)))
}
