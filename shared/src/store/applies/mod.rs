//! Writes applies: the new user, all clones and the apply's record, or nothing. What fits is one transaction; what does
//! not is staged.

pub(super) mod answers;
pub(super) mod apply;
pub(super) mod apply_record;
pub(super) mod clearing;
pub(super) mod history;
pub(super) mod new_credentials;
pub(super) mod refusals;
pub(super) mod removals;
pub(super) mod staging;
pub(super) mod sweeps;
pub(super) mod timeline;
pub(super) mod timeline_place;
pub(super) mod undos;
pub(super) mod user_items;

use aws_sdk_dynamodb::types::TransactWriteItem;

use self::apply::{Apply, ApplyOutcome, CLAIM_INDEX, existing_record, read_claim_conflict};
use self::apply_record::{AbandonReason, Abandonment, ApplyState, StoredApply, committed_item, password_mark};
use self::staging::StagingRun;
use self::user_items::UserItems;
use crate::domain::{EmailKey, Fault, ObjectId, Timestamp};
use crate::store::attributes::PASSWORD_HASH;
use crate::store::keys;
use crate::store::record::{self, ClaimRecord};
use crate::store::table::Table;
use crate::store::table::outcome::{CallFailure, Item, ItemReason};

/// Executes, resumes and abandons applies.
pub struct Applies<'a>(&'a Table);

impl<'a> Applies<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Returns the record of an apply; `None` if it does not exist. One read.
    pub async fn find(
        &self,
        organization: &ObjectId,
        snapshot: &ObjectId,
        apply: &ObjectId,
    ) -> Result<Option<StoredApply>, Fault> {
        self.0.get(&keys::apply(organization, snapshot, apply), None).await?.map(StoredApply::read).transpose()
    }

    /// Executes an apply, in one transaction if it fits.
    pub async fn execute(&self, apply: &Apply<'_>, items: UserItems) -> Result<ApplyOutcome, Fault> {
        if let Some(excess) = items.excess() {
            return Ok(ApplyOutcome::TooLarge(excess));
        }
        let mut first = first_items(apply)?;
        if !items.fit_beside(&first) {
            return StagingRun::begin(self.0, apply, items.batches()).await;
        }
        first.extend(items.batches().into_iter().flatten());
        self.commit_at_once(apply, first).await
    }

    /// Resumes an interrupted staged apply whose lease is over. `apply` has the ids, times and hashes of `stored`.
    pub async fn resume(
        &self,
        stored: &StoredApply,
        apply: &Apply<'_>,
        items: UserItems,
    ) -> Result<ApplyOutcome, Fault> {
        StagingRun::resume(self.0, apply, stored, items.batches()).await
    }

    /// Abandons an interrupted apply that cannot be resumed because the plan is another one by now. Returns `false` if another run
    /// resumed it since it was read.
    pub async fn abandon(&self, stored: &StoredApply, now: Timestamp) -> Result<bool, Fault> {
        staging::abandon(self.0, stored, Abandonment { because: AbandonReason::WorldMoved, now }).await
    }

    /// Returns the password hash of an apply with a key, whose user has the address `email`. Returns `None` unless the
    /// claim on the address is reserved by the apply, or owned by its user with that password. One read; two if the
    /// hash was not moved to the claim yet.
    pub async fn password_hash(&self, stored: &StoredApply, email: &EmailKey) -> Result<Option<String>, Fault> {
        let claim = self.0.get(&keys::email(email), None).await?.map(record::read::<ClaimRecord>).transpose()?;
        let StoredApply { origin, organization, record, .. } = stored;
        let hash = match claim {
            Some(claim) if claim.organization_id != *organization => None,
            Some(claim) if claim.user_id == Some(record.user_id) => match claim.password_hash {
                Some(hash) => Some(hash),
                None => self.hash_in_profile(stored).await?,
            },
            Some(claim) if claim.user_id.is_none() && claim.reserved_by == Some(origin.apply) => {
                claim.password_hash.or_else(|| record.password_hash.clone())
            }
            _ => None,
        };
        Ok(hash.filter(|hash| Some(password_mark(hash)) == record.password_mark))
    }

    async fn hash_in_profile(&self, stored: &StoredApply) -> Result<Option<String>, Fault> {
        let key = keys::user(&stored.organization, &stored.record.user_id);
        let item = self.0.get(&key, Some(&[PASSWORD_HASH])).await?;
        Ok(item.and_then(|item| item.get(PASSWORD_HASH)?.as_s().ok().cloned()))
    }

    async fn commit_at_once(&self, apply: &Apply<'_>, items: Vec<Item>) -> Result<ApplyOutcome, Fault> {
        let puts = items.into_iter().map(|item| self.0.put_new_in_transaction(item));
        match self.0.transact(puts.collect::<Result<Vec<TransactWriteItem>, _>>()?).await {
            Ok(()) => Ok(ApplyOutcome::Committed),
            Err(CallFailure::Cancelled(reasons)) => match (existing_record(&reasons)?, reasons.get(CLAIM_INDEX)) {
                // The user id is unique to this request, so the earlier try was written.
                (Some(existing), _) if existing.user() == apply.user.id => Ok(ApplyOutcome::Committed),
                (Some(existing), _) => Ok(ApplyOutcome::Existing(existing)),
                (None, Some(ItemReason::ConditionFailed(_))) => read_claim_conflict(self.0, apply).await,
                _ => Err(Fault::Corrupt(format!("an item of a new user exists already: {reasons:?}"))),
            },
            Err(CallFailure::Contended(cause) | CallFailure::Unavailable(cause)) => {
                Ok(ApplyOutcome::Interrupted { cause })
            }
            Err(other) => Err(other.into()),
        }
    }
}

/// Returns the first items of one transaction, in their order: record, claim, user. The user's items follow.
fn first_items(apply: &Apply<'_>) -> Result<Vec<Item>, Fault> {
    let Apply { user, .. } = apply;
    let claim = apply.credentials.owned_claim(user);
    Ok(vec![
        committed_item(&apply.key(), &apply.record(ApplyState::Committed), apply.answer)?,
        record::item(&keys::email(user.email.key()), &claim)?,
        record::applied_user_item(user, apply.user_origin())?,
    ])
}
