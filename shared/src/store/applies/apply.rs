//! One apply: what it writes, what can come of it, and what a refused write of it met.

use super::apply_record::{ApplyRecord, ApplyState, StoredApply, mark};
use crate::domain::plan::{Arrival, Origin};
use crate::domain::{Fault, Fingerprint, ObjectId, Principal, Timestamp, User};
use crate::store::keys::{self, Key};
use crate::store::record::{self, ClaimRecord, HOLDER};
use crate::store::table::Table;
use crate::store::table::outcome::Reason;

/// Everything that one apply writes.
pub struct Apply<'a> {
    /// Which apply it is.
    pub origin: Origin,
    /// Who asked for it. The new user belongs to the same organization.
    pub caller: &'a Principal,
    /// What the request asked for, where it has an Idempotency-Key: then the apply's id is derived from it.
    pub fingerprint: Option<&'a Fingerprint>,
    /// The hash of the plan that it carries out.
    pub plan_hash: &'a str,
    /// The new user.
    pub user: &'a User,
    /// The hash of the new user's password.
    pub password_hash: &'a str,
    /// The clones and switches.
    pub arrival: &'a Arrival,
    /// The answer to the caller, as JSON text.
    pub answer: &'a str,
    /// A fresh id by which this run knows its own writes.
    pub nonce: ObjectId,
    /// When this run began.
    pub now: Timestamp,
}

/// What came of an apply.
#[derive(Debug, PartialEq)]
pub enum Applied {
    /// Everything is written.
    Committed,
    /// Somebody owns the e-mail address. Nothing is written.
    EmailTaken,
    /// Another apply holds the e-mail address and is still at work. Nothing is written.
    EmailReserved,
    /// An item is larger than DynamoDB stores; says by how much. Nothing is written.
    TooLarge(String),
    /// Another request of the same Idempotency-Key came first; this is how far it is.
    Met(Box<StoredApply>),
    /// There was no answer in time. Nobody sees anything of the new user, and what is written is carried on by a repeated
    /// request of the same Idempotency-Key, or cleared away.
    Interrupted {
        /// What did not answer, for the log alone.
        cause: String,
    },
}

/// Where the record and the claim on the address stand in a transaction.
const RECORD_INDEX: usize = 0;
pub(super) const CLAIM_INDEX: usize = 1;

/// The record that a cancelled transaction met in the place of its own.
pub(super) fn meet_record(reasons: &[Reason]) -> Result<Option<Box<StoredApply>>, Fault> {
    match reasons.get(RECORD_INDEX) {
        Some(Reason::ConditionFailed(Some(met))) => Ok(Some(Box::new(StoredApply::read(met.clone())?))),
        Some(Reason::ConditionFailed(None)) => Err(Fault::Corrupt("the record of an apply is gone".into())),
        _ => Ok(None),
    }
}

/// What a claim on the address that refused an apply means. The refusal does not return the claim, which holds a password
/// hash, so its holder is read. Under a key the apply's record is read after it: where another request of the key has the
/// address by now, there is a record, and the request is a retry.
pub(super) async fn meet_claim(table: &Table, apply: &Apply<'_>) -> Result<Applied, Fault> {
    let holder = table.get(&keys::email(apply.user.email.key()), Some(&HOLDER)).await?;
    if apply.fingerprint.is_some() {
        let Origin { apply: id, snapshot, .. } = &apply.origin;
        let record = table.get(&keys::apply(&apply.user.organization, snapshot, id), None).await?;
        if let Some(met) = record.map(StoredApply::read).transpose()? {
            return Ok(Applied::Met(Box::new(met)));
        }
    }
    match holder.map(record::read::<ClaimRecord>).transpose()? {
        Some(claim) if claim.user_id.is_some() => Ok(Applied::EmailTaken),
        // Reserved, or free since: a later request can have it.
        _ => Ok(Applied::EmailReserved),
    }
}

impl Apply<'_> {
    pub(super) fn key(&self) -> Key {
        keys::apply(&self.user.organization, &self.origin.snapshot, &self.origin.apply)
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
            password_mark: self.fingerprint.map(|_| mark(self.password_hash)),
            epoch: None,
            nonce: None,
            lease_until: None,
            email: None,
            password_hash: None,
            given_up_at: None,
            undone_at: None,
            undone_by: None,
            second_look_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::table::outcome::Item;

    #[test]
    fn only_a_refusal_in_the_place_of_the_record_is_about_the_record() {
        let failed = || Reason::ConditionFailed(Some(Item::new()));
        assert!(meet_record(&[Reason::None, failed()]).unwrap().is_none());
        assert!(meet_record(&[Reason::Contended, failed(), Reason::None]).unwrap().is_none());
        assert!(meet_record(&[failed(), failed()]).is_err(), "what was met there is no record");
        assert!(meet_record(&[Reason::ConditionFailed(None)]).is_err());
    }
}
