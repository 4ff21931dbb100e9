//! The record of an apply: by it a repeated request is told, an interrupted one is carried on or cleared away, and everybody
//! can see later who applied what.

use std::time::Duration;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::domain::plan::Origin;
use crate::domain::rights::MadeUser;
use crate::domain::{Email, Fault, Fingerprint, ObjectId, Role, Timestamp, Work};
use crate::store::keys::{self, ALL, Key};
use crate::store::record::{self, PASSWORD_HASH, Record};
use crate::store::snapshots::packing;
use crate::store::table::change::{Change, number, text};
use crate::store::table::outcome::Item;

/// How long an interrupted apply waits, after its lease, for somebody to carry it on before it is cleared away.
const GRACE: Duration = Duration::from_secs(120);
/// How long after an apply was given up its last writes may still land: a minute, and ten seconds for clocks that differ. What
/// is left of it is deleted after that.
pub(in crate::store) const SETTLING: Duration = Duration::from_secs(70);

/// One apply: what was asked, by whom, and how far it is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(in crate::store) struct ApplyRecord {
    pub(in crate::store) state: ApplyState,
    pub(in crate::store) revision: u32,
    pub(in crate::store) plan_hash: String,
    pub(in crate::store) user_id: ObjectId,
    pub(in crate::store) applied_by: ObjectId,
    pub(in crate::store) applied_by_role: Role,
    /// The new user's role. Records made before there was a history do not have it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) access_role: Option<Role>,
    pub(in crate::store) created_at: Timestamp,
    /// With an Idempotency-Key alone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) fingerprint: Option<Fingerprint>,
    /// Tells whether the user still has the password of this apply; with an Idempotency-Key alone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) password_mark: Option<String>,
    /// Counts who is at work on an apply of many transactions: whoever takes it over or gives it up adds one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) epoch: Option<u64>,
    /// The mark of the run at work. By it a run that got no answer knows its own writes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) nonce: Option<ObjectId>,
    /// Until when nobody else may carry the apply on.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) lease_until: Option<Timestamp>,
    /// The address that is reserved, or that an undo is about to free.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) email: Option<Email>,
    /// The hash that the new user will have. Only in the record of an apply that an earlier version of this service began to
    /// stage; it stands in the claim now.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) password_hash: Option<String>,
    /// When the apply was given up.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) given_up_at: Option<Timestamp>,
    /// When the apply was undone.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) undone_at: Option<Timestamp>,
    /// Who undid it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) undone_by: Option<ObjectId>,
    /// From when on nothing of an undone apply can land any more, and a sweep looks for what landed late.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(in crate::store) second_look_at: Option<Timestamp>,
}

impl Record for ApplyRecord {
    const TYPE: &'static str = "apply";
}

/// How far an apply is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ApplyState {
    /// Items are being written that nobody sees yet.
    Staging,
    /// Everything is there. Final, unless it is undone.
    Committed,
    /// Given up; what was written is being cleared away.
    Aborting,
    /// Given up and cleared away. Final.
    Aborted,
    /// The user is gone; the clones are being cleared away.
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

/// An apply's record as it was read.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredApply {
    /// Which apply it is.
    pub origin: Origin,
    pub(in crate::store) organization: ObjectId,
    pub(in crate::store) record: ApplyRecord,
    answer: Option<Vec<u8>>,
}

impl StoredApply {
    /// Reads the item of an apply's record.
    pub(in crate::store) fn read(mut item: Item) -> Result<Self, Fault> {
        let (pk, sk) = (record::partition_key(&item).to_owned(), record::sort_key(&item).to_owned());
        let (organization, snapshot, apply) =
            keys::parse_apply(&pk, &sk).ok_or_else(|| Fault::Corrupt(format!("{pk} {sk} is no key of an apply")))?;
        let answer = match item.remove(ANSWER) {
            Some(AttributeValue::B(bytes)) => Some(bytes.into_inner()),
            _ => None,
        };
        let record: ApplyRecord = record::read(item)?;
        let origin = Origin { apply, snapshot, revision: record.revision, at: record.created_at };
        Ok(Self { origin, organization, record, answer })
    }

    pub(in crate::store) fn key(&self) -> Key {
        keys::apply(&self.organization, &self.origin.snapshot, &self.origin.apply)
    }

    /// How far it is.
    pub fn state(&self) -> ApplyState {
        self.record.state
    }

    /// Whether a request of this fingerprint is the one that began it.
    pub fn is_asked_by(&self, fingerprint: &Fingerprint) -> bool {
        self.record.fingerprint.as_ref() == Some(fingerprint)
    }

    /// The user that it makes.
    pub fn user(&self) -> ObjectId {
        self.record.user_id
    }

    /// Who applied.
    pub fn applied_by(&self) -> ObjectId {
        self.record.applied_by
    }

    /// That user's role at the time.
    pub fn applied_by_role(&self) -> Role {
        self.record.applied_by_role
    }

    /// The role that it gives the new user, where the record tells.
    pub fn access_role(&self) -> Option<Role> {
        self.record.access_role
    }

    /// What the rights to it are judged by. Where the record does not tell the new user's role, it counts as the highest that
    /// it can be: nobody makes a role above their own.
    pub fn made_user(&self) -> MadeUser {
        let role = self.record.access_role.unwrap_or(self.record.applied_by_role);
        MadeUser { organization: self.organization, user: self.record.user_id, role }
    }

    /// The address that it holds, while it is not there for good.
    pub fn held_email(&self) -> Option<&Email> {
        self.record.email.as_ref()
    }

    /// When it was undone and by whom, where it was.
    pub fn undone(&self) -> Option<(Timestamp, ObjectId)> {
        Some((self.record.undone_at?, self.record.undone_by?))
    }

    /// Whether it has an answer: whether it was ever committed.
    pub fn has_answer(&self) -> bool {
        self.answer.is_some()
    }

    /// The hash of what it does.
    pub fn plan_hash(&self) -> &str {
        &self.record.plan_hash
    }

    /// When somebody else may carry it on, where it is being staged.
    pub fn lease_until(&self) -> Option<Timestamp> {
        self.record.lease_until
    }

    /// The answer that its caller got, as JSON text, once it is committed.
    pub fn answer(&self) -> Result<String, Fault> {
        let corrupt = |why: &dyn std::fmt::Display| Fault::Corrupt(format!("the answer of an apply: {why}"));
        let packed = self.answer.as_deref().ok_or_else(|| corrupt(&"there is none"))?;
        let bytes = packing::decompress::<Fault>(packed, &Work::unlimited())?;
        String::from_utf8(bytes).map_err(|error| corrupt(&error))
    }
}

/// The attribute that holds the answer, compressed, so that it can be given again byte for byte and the record of an ordinary
/// apply stays below 1 KB.
const ANSWER: &str = "answer";

pub(in crate::store) fn packed_answer(answer: &str) -> Result<AttributeValue, Fault> {
    Ok(AttributeValue::B(Blob::new(packing::compress(answer.as_bytes(), &Work::unlimited())??)))
}

/// The item of an apply that is committed in one transaction.
pub(in crate::store) fn committed_item(key: &Key, record: &ApplyRecord, answer: &str) -> Result<Item, Fault> {
    let mut item = record::item(key, record)?;
    item.insert(ANSWER.to_owned(), packed_answer(answer)?);
    Ok(item)
}

/// The item of an apply that begins to be staged, found by a sweep once nobody carries it on.
pub(in crate::store) fn staging_item(
    key: &Key,
    apply: &ObjectId,
    record: &ApplyRecord,
    lease: Timestamp,
) -> Result<Item, Fault> {
    let mut item = record::item(key, record)?;
    item.insert(ALL.pk.to_owned(), AttributeValue::S(keys::sweep_shard(apply)));
    item.insert(ALL.sk.to_owned(), AttributeValue::S(keys::by_time(sweep_at(lease), apply)));
    Ok(item)
}

/// When an apply of this lease is to be cleared away.
pub(in crate::store) fn sweep_at(lease: Timestamp) -> Timestamp {
    lease.plus(GRACE)
}

/// The condition under which a run of this epoch may still write.
pub(in crate::store) fn while_staging(epoch: u64) -> Change {
    Change::of_existing().when(STATE, ApplyState::Staging.value()).when(EPOCH, number(epoch))
}

pub(in crate::store) const STATE: &str = "state";
pub(in crate::store) const EPOCH: &str = "epoch";
pub(in crate::store) const NONCE: &str = "nonce";
pub(in crate::store) const LEASE_UNTIL: &str = "leaseUntil";
pub(in crate::store) const EMAIL: &str = "email";

/// Everything is there: `from` tells who may say so.
pub(in crate::store) fn commit(from: Change, answer: &str) -> Result<Change, Fault> {
    Ok([LEASE_UNTIL, PASSWORD_HASH, EMAIL]
        .into_iter()
        .fold(from, Change::remove)
        .set(STATE, ApplyState::Committed.value())
        .set(ANSWER, packed_answer(answer)?)
        .unlist(&ALL))
}

/// Somebody else carries the apply on under `nonce`, where nobody has since it was read.
pub(in crate::store) fn take_over(stored: &StoredApply, lease: Timestamp, nonce: ObjectId) -> Option<(u64, Change)> {
    let (epoch, held) = (stored.record.epoch?, stored.record.lease_until?);
    let apply = &stored.origin.apply;
    let change = while_staging(epoch)
        .when(LEASE_UNTIL, text(held))
        .set(EPOCH, number(epoch + 1))
        .set(NONCE, text(nonce))
        .set(LEASE_UNTIL, text(lease))
        .list(&ALL, keys::sweep_shard(apply), keys::by_time(sweep_at(lease), apply));
    Some((epoch + 1, change))
}

/// The apply of this epoch is given up at `now`. The next epoch shuts out whoever still works on it.
pub(in crate::store) fn give_up(from: Change, epoch: u64, apply: &ObjectId, now: Timestamp) -> Change {
    [LEASE_UNTIL, PASSWORD_HASH, NONCE]
        .into_iter()
        .fold(from, Change::remove)
        .set(STATE, ApplyState::Aborting.value())
        .set(EPOCH, number(epoch + 1))
        .set("givenUpAt", text(now))
        .list(&ALL, keys::sweep_shard(apply), keys::by_time(now.plus(SETTLING), apply))
}

/// Tells two password hashes apart without giving either away: the first half of a SHA-256, as hex digits.
pub(in crate::store) fn mark(password_hash: &str) -> String {
    hex::encode(&Sha256::digest(password_hash)[..16])
}
