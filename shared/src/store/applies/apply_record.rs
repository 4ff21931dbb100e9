//! The record of an apply. It recognizes repeated requests, lets interrupted applies be resumed or deleted, and is the
//! audit of who applied what.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::answers::StoredAnswer;
use super::timeline_place::TimelinePlace;
use crate::domain::plan::Origin;
use crate::domain::rights::MadeUser;
use crate::domain::{Email, Fault, Fingerprint, ObjectId, OverBudget, Role, Timestamp, Work};
use crate::store::attributes::{
    ANSWER, EMAIL, EPOCH, GIVEN_UP_AT, GIVEN_UP_BECAUSE, LEASE_UNTIL, NONCE, PASSWORD_HASH, STATE,
};
use crate::store::keys::{self, ALL, ItemKey};
use crate::store::record::{self, Record};
use crate::store::table::change::{Change, number, text};
use crate::store::table::outcome::Item;

/// How long after its lease an interrupted apply can be resumed before a sweep abandons it.
const GRACE: Duration = Duration::from_secs(120);
/// How long after an apply was abandoned its last writes may still arrive: a minute, and ten seconds for differing
/// clocks. After that its items are deleted.
pub(in crate::store) const SETTLING: Duration = Duration::from_secs(70);

/// One apply: its request, its caller and its state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::store) struct ApplyRecord {
    pub(in crate::store) state: ApplyState,
    pub(in crate::store) revision: u32,
    pub(in crate::store) plan_hash: String,
    pub(in crate::store) user_id: ObjectId,
    pub(in crate::store) applied_by: ObjectId,
    pub(in crate::store) applied_by_role: Role,
    /// The new user's role. Absent in records from before there was a history.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) access_role: Option<Role>,
    pub(in crate::store) created_at: Timestamp,
    /// Only with an Idempotency-Key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) fingerprint: Option<Fingerprint>,
    /// A mark of the password hash, which tells whether the user still has this apply's password. Only with an
    /// Idempotency-Key.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) password_mark: Option<String>,
    /// Counts the runs of a staged apply. A run that resumes or abandons the apply adds one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) epoch: Option<u64>,
    /// The mark of the current run. A run that got no answer recognizes its own writes by it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) nonce: Option<ObjectId>,
    /// Until when no other run may resume the apply.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) lease_until: Option<Timestamp>,
    /// The address that is reserved, or that an undo will free.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) email: Option<Email>,
    /// The new user's password hash. Only in records of applies that an earlier version of this service staged; it
    /// belongs in the claim now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) password_hash: Option<String>,
    /// When the apply was abandoned.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) given_up_at: Option<Timestamp>,
    /// Why. Absent in records of earlier versions.
    #[serde(skip_serializing_if = "Option::is_none", default, deserialize_with = "record::lenient")]
    pub(in crate::store) given_up_because: Option<AbandonReason>,
    /// When the apply was undone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) undone_at: Option<Timestamp>,
    /// Who undid it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) undone_by: Option<ObjectId>,
    /// When all writes of an undone apply have arrived, and a sweep checks for late ones.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) second_look_at: Option<Timestamp>,
    /// When the user of a committed apply was removed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) user_removed_at: Option<Timestamp>,
    /// Who removed the user.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) user_removed_by: Option<ObjectId>,
}

impl Record for ApplyRecord {
    const TYPE: &'static str = "apply";
}

/// The state of an apply.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ApplyState {
    /// Its items are being written and are not visible yet.
    Staging,
    /// Everything is written and visible. Final, unless it is undone.
    Committed,
    /// Abandoned; its items are being deleted.
    Aborting,
    /// Abandoned, and its items are deleted. Final.
    Aborted,
    /// The user is deleted; the clones are being deleted.
    Undoing,
    /// Undone. Final.
    Undone,
}

impl ApplyState {
    pub(in crate::store) fn value(self) -> AttributeValue {
        text(match self {
            Self::Staging => "STAGING",
            Self::Committed => "COMMITTED",
            Self::Aborting => "ABORTING",
            Self::Aborted => "ABORTED",
            Self::Undoing => "UNDOING",
            Self::Undone => "UNDONE",
        })
    }
}

/// Why an apply was abandoned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum AbandonReason {
    /// Its run broke off, and no other run resumed it in time.
    Interrupted,
    /// A run that would have resumed it found another plan.
    WorldMoved,
}

impl AbandonReason {
    fn value(self) -> AttributeValue {
        text(match self {
            Self::Interrupted => "INTERRUPTED",
            Self::WorldMoved => "WORLD_MOVED",
        })
    }
}

/// An apply's record from the table.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredApply {
    /// The apply's id and source.
    pub origin: Origin,
    pub(in crate::store) organization: ObjectId,
    pub(in crate::store) record: ApplyRecord,
    answer: Option<StoredAnswer>,
}

impl StoredApply {
    /// Reads the item of an apply's record.
    pub(in crate::store) fn read(mut item: Item) -> Result<Self, Fault> {
        let (pk, sk) = (record::partition_key(&item).to_owned(), record::sort_key(&item).to_owned());
        let (organization, snapshot, apply) =
            keys::parse_apply(&pk, &sk).ok_or_else(|| Fault::Corrupt(format!("{pk} {sk} is no key of an apply")))?;
        let answer = StoredAnswer::take(&mut item);
        let record: ApplyRecord = record::read(item)?;
        let origin = Origin { apply, snapshot, revision: record.revision, at: record.created_at };
        Ok(Self { origin, organization, record, answer })
    }

    pub(in crate::store) fn key(&self) -> ItemKey {
        keys::apply(&self.organization, &self.origin.snapshot, &self.origin.apply)
    }

    /// Returns the place of the apply among those of its organization.
    pub(in crate::store) fn place(&self) -> TimelinePlace {
        let Self { origin, organization, record, .. } = self;
        TimelinePlace { organization: *organization, apply: origin.apply, user: record.user_id, at: record.created_at }
    }

    /// Returns the state.
    pub fn state(&self) -> ApplyState {
        self.record.state
    }

    /// Returns whether a request with this fingerprint started the apply.
    pub fn has_fingerprint(&self, fingerprint: &Fingerprint) -> bool {
        self.record.fingerprint.as_ref() == Some(fingerprint)
    }

    /// Returns the new user.
    pub fn user(&self) -> ObjectId {
        self.record.user_id
    }

    /// Returns the user who applied.
    pub fn applied_by(&self) -> ObjectId {
        self.record.applied_by
    }

    /// Returns that user's role at the time.
    pub fn applied_by_role(&self) -> Role {
        self.record.applied_by_role
    }

    /// Returns the new user's role, if the record has it.
    pub fn access_role(&self) -> Option<Role> {
        self.record.access_role
    }

    /// Returns the new user, for the check of rights. If the record does not have the new user's role, assumes the
    /// highest possible one: nobody creates a role above their own.
    pub fn made_user(&self) -> MadeUser {
        let role = self.record.access_role.unwrap_or(self.record.applied_by_role);
        MadeUser { organization: self.organization, user: self.record.user_id, role }
    }

    /// Returns the address that an unfinished apply or undo holds.
    pub fn held_email(&self) -> Option<&Email> {
        self.record.email.as_ref()
    }

    /// Returns when and by whom the apply was undone, if it was.
    pub fn undone(&self) -> Option<(Timestamp, ObjectId)> {
        Some((self.record.undone_at?, self.record.undone_by?))
    }

    /// Returns when and by whom the user of the apply was removed, if it was.
    pub fn user_removed(&self) -> Option<(Timestamp, ObjectId)> {
        Some((self.record.user_removed_at?, self.record.user_removed_by?))
    }

    /// Returns why the apply was abandoned, if it was and the record says so.
    pub fn abandoned_because(&self) -> Option<AbandonReason> {
        self.record.given_up_because
    }

    /// Returns whether the apply has an answer, which means that it was committed.
    pub fn has_answer(&self) -> bool {
        self.answer.is_some()
    }

    /// Returns the hash of the plan.
    pub fn plan_hash(&self) -> &str {
        &self.record.plan_hash
    }

    /// Returns when another run may resume a staged apply.
    pub fn lease_until(&self) -> Option<Timestamp> {
        self.record.lease_until
    }

    /// Returns the answer to the caller, as JSON. Fails unless the apply was committed.
    pub fn answer<E: From<Fault> + From<OverBudget>>(&self, work: &Work) -> Result<String, E> {
        let missing = || Fault::Corrupt("the answer of an apply is missing".to_owned());
        self.answer.as_ref().ok_or_else(missing)?.json(work)
    }
}

/// The field of an answer's `result` with the new user's address.
const ADDRESS: &str = "userEmail";

impl StoredApply {
    /// Returns the new user's address in the answer, if it is there.
    pub(in crate::store) fn answered_address(&self) -> Result<Option<String>, Fault> {
        let Some(answer) = self.readable_answer()? else { return Ok(None) };
        Ok(answer["result"][ADDRESS].as_str().map(str::to_owned))
    }

    fn readable_answer(&self) -> Result<Option<serde_json::Value>, Fault> {
        if self.answer.is_none() {
            return Ok(None);
        }
        // An answer is small: see the largest list of warnings.
        let answer = serde_json::from_str(&self.answer::<Fault>(&Work::unlimited())?);
        answer.map(Some).map_err(|error| Fault::Corrupt(format!("the answer of an apply: {error}")))
    }

    /// Takes the new user's address out of the answer: the apply of a user who is gone keeps no address. Returns the attribute as it is
    /// stored from then on; `None` if there is no answer.
    pub(in crate::store) fn forget_address(&mut self) -> Result<Option<AttributeValue>, Fault> {
        let Some(mut answer) = self.readable_answer()? else { return Ok(None) };
        if let Some(result) = answer.get_mut("result").and_then(serde_json::Value::as_object_mut) {
            result.remove(ADDRESS);
        }
        let packed = StoredAnswer::pack::<Fault>(&answer.to_string(), &Work::unlimited())?;
        let value = packed.value();
        self.answer = Some(packed);
        Ok(Some(value))
    }
}

/// Returns the item of an apply that is committed in one transaction.
pub(in crate::store) fn committed_item(
    key: &ItemKey,
    record: &ApplyRecord,
    answer: &StoredAnswer,
) -> Result<Item, Fault> {
    let mut item = record::item(key, record)?;
    item.insert(ANSWER.to_owned(), answer.value());
    Ok(item)
}

/// Returns the record of a new staged apply, with the sweep key under which a sweep finds it if no run resumes it.
pub(in crate::store) fn staging_item(
    key: &ItemKey,
    apply: &ObjectId,
    record: &ApplyRecord,
    lease: Timestamp,
) -> Result<Item, Fault> {
    let mut item = record::item(key, record)?;
    item.insert(ALL.pk.to_owned(), AttributeValue::S(keys::sweep_shard(apply)));
    item.insert(ALL.sk.to_owned(), AttributeValue::S(keys::by_time(sweep_at(lease), apply)));
    Ok(item)
}

/// Returns when a sweep abandons an apply with this lease.
pub(in crate::store) fn sweep_at(lease: Timestamp) -> Timestamp {
    lease.plus(GRACE)
}

/// Returns the condition under which a run with this epoch may write.
pub(in crate::store) fn staging_condition(epoch: u64) -> Change {
    Change::of_existing().when(STATE, ApplyState::Staging.value()).when(EPOCH, number(epoch))
}

/// Returns the change that commits the apply, on the condition in `from`.
pub(in crate::store) fn commit_change(from: Change, answer: &StoredAnswer) -> Change {
    [LEASE_UNTIL, PASSWORD_HASH, EMAIL]
        .into_iter()
        .fold(from, Change::remove)
        .set(STATE, ApplyState::Committed.value())
        .set(ANSWER, answer.value())
        .unlist(&ALL)
}

/// Returns the next epoch, and the change with which a run marked `nonce` takes the apply over, on the condition that
/// no other run has since it was read.
pub(in crate::store) fn resume_change(
    stored: &StoredApply,
    lease: Timestamp,
    nonce: ObjectId,
) -> Option<(u64, Change)> {
    let (epoch, held) = (stored.record.epoch?, stored.record.lease_until?);
    let apply = &stored.origin.apply;
    let change = staging_condition(epoch)
        .when(LEASE_UNTIL, text(held))
        .set(EPOCH, number(epoch + 1))
        .set(NONCE, text(nonce))
        .set(LEASE_UNTIL, text(lease))
        .list(&ALL, keys::sweep_shard(apply), keys::by_time(sweep_at(lease), apply));
    Some((epoch + 1, change))
}

/// An abandonment of a staged apply.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct Abandonment {
    pub(in crate::store) because: AbandonReason,
    pub(in crate::store) now: Timestamp,
}

/// Returns the change that abandons the apply, on the condition in `from`. The next epoch shuts out a run that still
/// works on it.
pub(in crate::store) fn abandon_change(
    from: Change,
    epoch: u64,
    place: &TimelinePlace,
    abandonment: Abandonment,
) -> Change {
    let (Abandonment { because, now }, apply) = (abandonment, &place.apply);
    let removed = [LEASE_UNTIL, PASSWORD_HASH, NONCE].into_iter().fold(from, Change::remove);
    place
        .list(removed)
        .set(STATE, ApplyState::Aborting.value())
        .set(EPOCH, number(epoch + 1))
        .set(GIVEN_UP_AT, text(now))
        .set(GIVEN_UP_BECAUSE, because.value())
        .list(&ALL, keys::sweep_shard(apply), keys::by_time(now.plus(SETTLING), apply))
}

/// Returns a mark that tells password hashes apart without revealing them: the first half of a SHA-256 in hex digits.
pub(in crate::store) fn password_mark(password_hash: &str) -> String {
    hex::encode(&Sha256::digest(password_hash)[..16])
}
