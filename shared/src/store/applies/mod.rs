//! Makes an apply happen: the new user, all clones and the apply's record, or nothing. What fits is one transaction; what
//! does not is staged.

pub(super) mod apply_record;
pub(super) mod history;
pub(super) mod staging;
pub(super) mod sweeps;
pub(super) mod undos;

use aws_sdk_dynamodb::types::TransactWriteItem;

use self::apply_record::{ApplyRecord, ApplyState, StoredApply, committed_item, mark};
use self::staging::Run;
use crate::domain::plan::{Arrival, ClonedItem, Origin};
use crate::domain::{EmailKey, Fault, Fingerprint, ObjectId, Principal, Timestamp, User};
use crate::store::keys::{self, Key};
use crate::store::record::{self, ClaimRecord, FIRST_VERSION, HOLDER, PASSWORD_HASH, PreferencesRecord, SetupRecord};
use crate::store::table::Table;
use crate::store::table::outcome::{CallFailure, Item, Reason};
use crate::store::table::size::{MAX_STORED_BYTES, stored_bytes};
use crate::store::{MAX_TRANSACTION_BYTES, MAX_TRANSACTION_ITEMS};

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

/// Carries out applies.
pub struct Applies<'a>(&'a Table);

/// Where the record and the claim on the address stand in a transaction.
const RECORD_INDEX: usize = 0;
pub(in crate::store) const CLAIM_INDEX: usize = 1;

impl<'a> Applies<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// The record of an apply; `None` where there is none. One read.
    pub async fn find(
        &self,
        organization: &ObjectId,
        snapshot: &ObjectId,
        apply: &ObjectId,
    ) -> Result<Option<StoredApply>, Fault> {
        self.0.get(&keys::apply(organization, snapshot, apply), None).await?.map(StoredApply::read).transpose()
    }

    /// Writes everything, in one transaction where it fits.
    pub async fn carry_out(&self, apply: &Apply<'_>) -> Result<Applied, Fault> {
        let owned = owned_items(apply)?;
        if let Some(excess) = excess(&owned) {
            return Ok(Applied::TooLarge(excess));
        }
        let at_once = items_at_once(apply, &owned)?;
        if fits(&at_once) { self.commit_at_once(apply, at_once).await } else { Run::begin(self.0, apply, owned).await }
    }

    /// Carries on an apply that was interrupted while it was staged, and whose lease is over. `apply` has the ids, times and
    /// hashes of `stored`.
    pub async fn take_over(&self, stored: &StoredApply, apply: &Apply<'_>) -> Result<Applied, Fault> {
        Run::take_over(self.0, apply, stored, owned_items(apply)?).await
    }

    /// Gives up an apply that was interrupted and cannot go on; `false` where somebody carries it on meanwhile.
    pub async fn give_up(&self, stored: &StoredApply, now: Timestamp) -> Result<bool, Fault> {
        staging::abandon(self.0, stored, now).await
    }

    /// The hash of the password that an apply under a key gives its user, whose address is `email`: while the claim on the
    /// address is reserved by the apply, or owned by its user with that password. Otherwise `None`. One read, or two where the
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
        Ok(hash.filter(|hash| Some(mark(hash)) == record.password_mark))
    }

    async fn hash_in_profile(&self, stored: &StoredApply) -> Result<Option<String>, Fault> {
        let key = keys::user(&stored.organization, &stored.record.user_id);
        let item = self.0.get(&key, Some(&[PASSWORD_HASH])).await?;
        Ok(item.and_then(|item| item.get(PASSWORD_HASH)?.as_s().ok().cloned()))
    }

    async fn commit_at_once(&self, apply: &Apply<'_>, items: Vec<Item>) -> Result<Applied, Fault> {
        let puts = items.into_iter().map(|item| self.0.put_new_in_transaction(item));
        match self.0.transact(puts.collect::<Result<Vec<TransactWriteItem>, _>>()?).await {
            Ok(()) => Ok(Applied::Committed),
            Err(CallFailure::Cancelled(reasons)) => match (meet_record(&reasons)?, reasons.get(CLAIM_INDEX)) {
                // Every request makes a user id of its own, so this one has landed after all.
                (Some(met), _) if met.user() == apply.user.id => Ok(Applied::Committed),
                (Some(met), _) => Ok(Applied::Met(met)),
                (None, Some(Reason::ConditionFailed(_))) => meet_claim(self.0, apply).await,
                _ => Err(Fault::Corrupt(format!("an item of a new user exists already: {reasons:?}"))),
            },
            Err(CallFailure::Contended(cause) | CallFailure::Unavailable(cause)) => Ok(Applied::Interrupted { cause }),
            Err(other) => Err(other.into()),
        }
    }
}

/// The record that a cancelled transaction met in the place of its own.
pub(in crate::store) fn meet_record(reasons: &[Reason]) -> Result<Option<Box<StoredApply>>, Fault> {
    match reasons.get(RECORD_INDEX) {
        Some(Reason::ConditionFailed(Some(met))) => Ok(Some(Box::new(StoredApply::read(met.clone())?))),
        Some(Reason::ConditionFailed(None)) => Err(Fault::Corrupt("the record of an apply is gone".into())),
        _ => Ok(None),
    }
}

/// What a claim on the address that refused an apply means. The refusal does not return the claim, which holds a password
/// hash, so its holder is read. Under a key the apply's record is read after it: where another request of the key has the
/// address by now, there is a record, and the request is a retry.
pub(in crate::store) async fn meet_claim(table: &Table, apply: &Apply<'_>) -> Result<Applied, Fault> {
    let holder = table.get(&keys::email(apply.user.email.key()), Some(&HOLDER)).await?;
    if apply.fingerprint.is_some() {
        let Origin { apply: id, snapshot, .. } = &apply.origin;
        if let Some(met) = Applies::new(table).find(&apply.user.organization, snapshot, id).await? {
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
    pub(in crate::store) fn key(&self) -> Key {
        keys::apply(&self.user.organization, &self.origin.snapshot, &self.origin.apply)
    }

    pub(in crate::store) fn record(&self, state: ApplyState) -> ApplyRecord {
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

/// What belongs to the new user and nobody sees before the user is there: switches and clones.
fn owned_items(apply: &Apply<'_>) -> Result<Vec<Item>, Fault> {
    let Apply { user, arrival, .. } = apply;
    let preferences = PreferencesRecord { enabled: arrival.preferences.clone(), setup_version: FIRST_VERSION };
    let mut items = vec![record::item(&keys::preferences(&user.organization, &user.id), &preferences)?];
    for clone in &arrival.items {
        items.push(clone_item(user, clone)?);
    }
    Ok(items)
}

/// Everything, in the order of one transaction: record, claim, user, then what belongs to the user.
fn items_at_once(apply: &Apply<'_>, owned: &[Item]) -> Result<Vec<Item>, Fault> {
    let Apply { user, .. } = apply;
    let claim = ClaimRecord::owned(user, Some(apply.password_hash));
    let mut items = vec![
        committed_item(&apply.key(), &apply.record(ApplyState::Committed), apply.answer)?,
        record::item(&keys::email(user.email.key()), &claim)?,
        record::user_item(user)?,
    ];
    items.extend_from_slice(owned);
    Ok(items)
}

fn clone_item(user: &User, clone: &ClonedItem) -> Result<Item, Fault> {
    let key = keys::setup_item(&user.organization, &user.id, clone.kind, &clone.id);
    let record = SetupRecord { setup_version: FIRST_VERSION, cloned_from: Some(&clone.cloned_from) };
    record::setup_item(&key, clone.kind, &clone.document, &record)
}

/// Whether the items fit one transaction.
fn fits(items: &[Item]) -> bool {
    items.len() <= MAX_TRANSACTION_ITEMS && items.iter().map(stored_bytes).sum::<usize>() <= MAX_TRANSACTION_BYTES
}

/// Why one of the items cannot be stored; `None` when all can.
fn excess(items: &[Item]) -> Option<String> {
    let largest = items.iter().map(stored_bytes).max().unwrap_or_default();
    (largest > MAX_STORED_BYTES)
        .then(|| format!("an item of the new user would have {largest} bytes; it may have at most {MAX_STORED_BYTES}"))
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;

    /// An item of exactly this size.
    fn item(bytes: usize) -> Item {
        Item::from([("a".to_owned(), AttributeValue::S("x".repeat(bytes - 1)))])
    }

    #[test]
    fn one_transaction_has_at_most_100_items() {
        for (count, fit) in [(99, true), (100, true), (101, false)] {
            assert_eq!(fits(&vec![item(10); count]), fit, "{count}");
        }
    }

    #[test]
    fn one_transaction_has_at_most_4_mb() {
        for (last, fit) in [(99_999, true), (100_000, true), (100_001, false)] {
            assert_eq!(fits(&[vec![item(390_000); 10], vec![item(last)]].concat()), fit, "{last}");
        }
    }

    #[test]
    fn an_item_has_at_most_400_kib() {
        assert_eq!(excess(&[item(409_599)]), None);
        assert_eq!(excess(&[item(409_600)]), None);
        assert!(excess(&[item(409_601)]).unwrap().contains("409601 bytes"));
    }

    #[test]
    fn only_a_refusal_in_the_place_of_the_record_is_about_the_record() {
        let failed = || Reason::ConditionFailed(Some(Item::new()));
        assert!(meet_record(&[Reason::None, failed()]).unwrap().is_none());
        assert!(meet_record(&[Reason::Contended, failed(), Reason::None]).unwrap().is_none());
        assert!(meet_record(&[failed(), failed()]).is_err(), "what was met there is no record");
        assert!(meet_record(&[Reason::ConditionFailed(None)]).is_err());
    }
}
