//! One apply: its items, its outcome, and the reason of a refused write.

use super::answers::StoredAnswer;
use super::apply_record::{ApplyRecord, ApplyState, StoredApply, password_mark};
use super::new_credentials::NewCredentials;
use super::timeline_place::TimelinePlace;
use crate::domain::plan::Origin;
use crate::domain::{Fault, Fingerprint, ObjectId, Principal, Timestamp, User, UserOrigin};
use crate::store::keys::{self, ItemKey};
use crate::store::record::{self, CLAIM_HOLDER, ClaimRecord};
use crate::store::table::Table;
use crate::store::table::outcome::ItemReason;

/// What one apply writes, besides the [`UserItems`](super::user_items::UserItems).
pub struct Apply<'a> {
    /// The apply's id and source.
    pub origin: Origin,
    /// The caller. The new user belongs to the same organization.
    pub caller: &'a Principal,
    /// The fingerprint of a request with an Idempotency-Key, from which the apply's id is derived.
    pub fingerprint: Option<&'a Fingerprint>,
    /// The hash of the plan.
    pub plan_hash: &'a str,
    /// The new user.
    pub user: &'a User,
    /// The new user's password or invitation.
    pub credentials: &'a NewCredentials,
    /// The answer to the caller.
    pub answer: &'a StoredAnswer,
    /// A new id that marks the writes of this run.
    pub nonce: ObjectId,
    /// When this run started.
    pub now: Timestamp,
}

/// The outcome of an apply.
#[derive(Debug, PartialEq)]
pub enum ApplyOutcome {
    /// Everything is written.
    Committed,
    /// A user owns the e-mail address. Nothing is written.
    EmailTaken,
    /// Another apply, still running, reserves the e-mail address. Nothing is written.
    EmailReserved,
    /// An item is larger than DynamoDB stores; the text has the figures. Nothing is written.
    TooLarge(String),
    /// Another request with the same Idempotency-Key came first, or another run took this apply over. Contains its
    /// record.
    Existing(Box<StoredApply>),
    /// DynamoDB did not answer in time. The new user is not visible. A repeated request with the same Idempotency-Key
    /// resumes the apply; otherwise a sweep deletes its items.
    Interrupted {
        /// The cause, for the log alone.
        cause: String,
    },
}

/// The places of the record and of the claim on the address in a transaction.
const RECORD_INDEX: usize = 0;
pub(super) const CLAIM_INDEX: usize = 1;

/// Returns the existing record that cancelled a transaction.
pub(super) fn existing_record(reasons: &[ItemReason]) -> Result<Option<Box<StoredApply>>, Fault> {
    match reasons.get(RECORD_INDEX) {
        Some(ItemReason::ConditionFailed(Some(existing))) => Ok(Some(Box::new(StoredApply::read(existing.clone())?))),
        Some(ItemReason::ConditionFailed(None)) => Err(Fault::Corrupt("the record of an apply is missing".into())),
        _ => Ok(None),
    }
}

/// Reads why the claim on the address refused an apply. The refusal does not return the claim, which holds a password
/// hash, so its holder is read. With a key, the apply's record is read after it: if another request with the key got
/// the address meanwhile, there is a record, and this request is a retry.
pub(super) async fn read_claim_conflict(table: &Table, apply: &Apply<'_>) -> Result<ApplyOutcome, Fault> {
    let holder = table.get(&keys::email(apply.user.email.key()), Some(&CLAIM_HOLDER)).await?;
    if apply.fingerprint.is_some() {
        let Origin { apply: id, snapshot, .. } = &apply.origin;
        let record = table.get(&keys::apply(&apply.user.organization, snapshot, id), None).await?;
        if let Some(existing) = record.map(StoredApply::read).transpose()? {
            return Ok(ApplyOutcome::Existing(Box::new(existing)));
        }
    }
    match holder.map(record::read::<ClaimRecord>).transpose()? {
        Some(claim) if claim.user_id.is_some() => Ok(ApplyOutcome::EmailTaken),
        // The address is reserved, or free since. A later request can get it.
        _ => Ok(ApplyOutcome::EmailReserved),
    }
}

impl Apply<'_> {
    pub(super) fn key(&self) -> ItemKey {
        keys::apply(&self.user.organization, &self.origin.snapshot, &self.origin.apply)
    }

    /// Returns what the user's profile says of the apply.
    pub(super) fn user_origin(&self) -> UserOrigin {
        UserOrigin { snapshot: self.origin.snapshot, apply: self.origin.apply }
    }

    /// Returns the place of the apply among those of its organization.
    pub(super) fn place(&self) -> TimelinePlace {
        let Self { origin, user, .. } = self;
        TimelinePlace { organization: user.organization, apply: origin.apply, user: user.id, at: origin.at }
    }

    pub(super) fn record(&self, state: ApplyState) -> ApplyRecord {
        ApplyRecord {
            state,
            revision: self.origin.revision,
            plan_hash: self.plan_hash.to_owned(),
            user_id: self.user.id,
            applied_by: self.caller.user,
            applied_by_role: self.caller.role,
            access_role: Some(self.user.role),
            created_at: self.origin.at,
            fingerprint: self.fingerprint.cloned(),
            password_mark: self.fingerprint.and(self.credentials.password_hash()).map(password_mark),
            epoch: None,
            nonce: None,
            lease_until: None,
            email: None,
            password_hash: None,
            given_up_at: None,
            given_up_because: None,
            undone_at: None,
            undone_by: None,
            second_look_at: None,
            user_removed_at: None,
            user_removed_by: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::table::outcome::Item;

    #[test]
    fn only_a_refusal_in_the_place_of_the_record_is_about_the_record() {
        let failed = || ItemReason::ConditionFailed(Some(Item::new()));
        assert!(existing_record(&[ItemReason::None, failed()]).unwrap().is_none());
        assert!(existing_record(&[ItemReason::Contended, failed(), ItemReason::None]).unwrap().is_none());
        assert!(existing_record(&[failed(), failed()]).is_err(), "what was met there is no record");
        assert!(existing_record(&[ItemReason::ConditionFailed(None)]).is_err());
    }
}
