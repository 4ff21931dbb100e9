//! Takes an apply back: the user, all clones, and the e-mail address is free again. It begins with one transaction that takes the
//! user away; from then on nobody sees anything of it, and whoever comes next carries it to its end.
//!
//! The address is free as soon as a list of the user's partition is empty. What was written just before may still land after
//! that, seen by nobody, so a sweep takes a second look a minute later. No user of that id comes back whom it could hit.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Deserialize;

use super::apply_record::{ApplyState, EMAIL, SETTLING, STATE, StoredApply};
use super::meet_record;
use super::sweeps::empty_user;
use crate::domain::usage::{Usage, UsedItem};
use crate::domain::{Email, Fault, ObjectId, Timestamp};
use crate::store::keys::{self, ALL, PREFERENCES, SK};
use crate::store::record::{self, FIRST_VERSION, ORGANIZATION_ID, USER_ID};
use crate::store::table::change::{Change, number, text};
use crate::store::table::outcome::{CallFailure, Item, Reason};
use crate::store::table::{Part, Table};

/// How long an undo that broke off waits for its client before a sweep carries it on: a function ends after 29 s, and before that
/// a sweep would only do its work a second time.
const ROLLING: std::time::Duration = std::time::Duration::from_secs(35);
/// How often a forced undo starts over because the user was changed meanwhile.
const ATTEMPTS: u32 = 8;

/// Somebody who wants an apply undone.
#[derive(Debug, Clone, Copy)]
pub struct Undo<'a> {
    /// The apply, as it was read.
    pub apply: &'a StoredApply,
    /// The address that the apply gave its user.
    pub email: &'a Email,
    /// Who asks.
    pub by: ObjectId,
    /// Whether it is to be undone whatever has become of the user since.
    pub is_forced: bool,
    /// When.
    pub now: Timestamp,
}

/// What came of beginning an undo.
#[derive(Debug)]
pub enum Begun {
    /// The user is gone; [`Undos::finish`] does the rest.
    Undoing(Box<StoredApply>),
    /// The apply is not committed any more; this is how far it is.
    Met(Box<StoredApply>),
    /// The user is not as the apply left it. Nothing is written.
    InUse,
    /// A forced undo met changes of the user again and again. Nothing is written.
    Busy,
}

/// Undoes applies.
pub struct Undos<'a>(&'a Table);

/// The profile as an undo reads it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    email: Email,
    setup_version: u64,
}

/// Where the record and the user, or the claim, stand in a transaction.
const OTHER_INDEX: usize = 1;

const FIRST_SIGN_IN_AT: &str = "firstSignInAt";
const SETUP_VERSION: &str = "setupVersion";
const UNDONE_AT: &str = "undoneAt";
const UNDONE_BY: &str = "undoneBy";
const SECOND_LOOK_AT: &str = "secondLookAt";

impl<'a> Undos<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Takes the user away: one that is as the apply left it, or by force whatever there is. One transaction; by force one read
    /// before it.
    pub async fn begin(&self, undo: &Undo<'_>) -> Result<Begun, Fault> {
        if !undo.is_forced {
            let untouched =
                Change::of_existing().when(SETUP_VERSION, number(FIRST_VERSION)).when_absent(FIRST_SIGN_IN_AT);
            return Ok(self.take_away(undo, undo.email, Some(untouched)).await?.unwrap_or(Begun::InUse));
        }
        for _ in 0..ATTEMPTS {
            // The address may be another one by now; whoever changes it makes another version.
            let (email, as_read) = match self.profile(undo.apply).await? {
                Some(Profile { email, setup_version }) => {
                    (email, Some(Change::of_existing().when(SETUP_VERSION, number(setup_version))))
                }
                None => (undo.email.clone(), None),
            };
            if let Some(begun) = self.take_away(undo, &email, as_read).await? {
                return Ok(begun);
            }
        }
        Ok(Begun::Busy)
    }

    /// Deletes the user, where it is as `profile` says, or checks that there is none. Nothing where that does not hold.
    async fn take_away(&self, undo: &Undo<'_>, email: &Email, profile: Option<Change>) -> Result<Option<Begun>, Fault> {
        let Undo { apply, by, now, .. } = *undo;
        let user = keys::user(&apply.organization, &apply.record.user_id);
        let writes = vec![
            self.0.change_in_transaction(&apply.key(), &undoing(apply, email, by, now))?,
            match profile {
                Some(profile) => self.0.delete_when_in_transaction(&user, &profile)?,
                None => self.0.check_in_transaction(&user, &Change::default().when_absent(keys::PK))?,
            },
        ];
        match self.0.transact(writes).await {
            Ok(()) => {
                let mut begun = apply.clone();
                begun.record.state = ApplyState::Undoing;
                begun.record.email = Some(email.clone());
                (begun.record.undone_at, begun.record.undone_by) = (Some(now), Some(by));
                Ok(Some(Begun::Undoing(Box::new(begun))))
            }
            Err(CallFailure::Cancelled(reasons)) => match meet_record(&reasons)? {
                Some(met) => Ok(Some(Begun::Met(met))),
                None => Ok(None),
            },
            Err(other) => Err(other.into()),
        }
    }

    async fn profile(&self, apply: &StoredApply) -> Result<Option<Profile>, Fault> {
        let user = keys::user(&apply.organization, &apply.record.user_id);
        let item = self.0.get(&user, Some(&[EMAIL, SETUP_VERSION])).await?;
        item.map(record::read).transpose()
    }

    /// Carries an undo that has begun to its end: nothing of the user is left, and the address is free. `now` is no earlier than
    /// the moment at which `apply` was read or written. Gives the apply as it is then, and how many items were deleted.
    pub async fn finish(&self, apply: &StoredApply, now: Timestamp) -> Result<(StoredApply, usize), Fault> {
        let items = empty_user(self.0, &apply.organization, &apply.record.user_id).await?;
        let mut undone = apply.clone();
        undone.record.state = ApplyState::Undone;
        let change = undone_change(now);
        let email = apply.record.email.as_ref();
        let email = email
            .ok_or_else(|| Fault::Corrupt(format!("{} does not say which address it frees", apply.origin.apply)))?;
        // A user who moved keeps id and address.
        let own = Change::of_existing()
            .when(USER_ID, text(apply.record.user_id))
            .when(ORGANIZATION_ID, text(apply.organization));
        let writes = vec![
            self.0.change_in_transaction(&apply.key(), &change)?,
            self.0.delete_when_in_transaction(&keys::email(email.key()), &own)?,
        ];
        match self.0.transact(writes).await {
            Ok(()) => Ok((undone, items)),
            Err(CallFailure::Cancelled(reasons)) => match (meet_record(&reasons)?, reasons.get(OTHER_INDEX)) {
                // Somebody else was faster.
                (Some(met), _) if met.state() == ApplyState::Undone => Ok((*met, items)),
                // The address is not this user's any more, and nothing gives it back.
                (None, Some(Reason::ConditionFailed(_))) => {
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
            Err(CallFailure::ConditionFailed(Some(met))) => match StoredApply::read(met)? {
                met if met.state() == ApplyState::Undone => Ok(met),
                met => Err(Fault::Corrupt(format!("the undo of {} met {:?}", met.origin.apply, met.state()))),
            },
            Err(other) => Err(other.into()),
        }
    }

    /// The second look at an undone apply: deletes what landed late, and takes the apply out of what is to be swept. Gives how
    /// many items were deleted; `None` where it is not yet time at `now`, or no look is due.
    pub(in crate::store) async fn look_again(
        &self,
        apply: &StoredApply,
        now: Timestamp,
    ) -> Result<Option<usize>, Fault> {
        if apply.record.second_look_at.is_none_or(|at| at > now) {
            return Ok(None);
        }
        let items = empty_user(self.0, &apply.organization, &apply.record.user_id).await?;
        let looked = Change::of_existing().when(STATE, ApplyState::Undone.value()).remove(SECOND_LOOK_AT).unlist(&ALL);
        self.0.change(&apply.key(), &looked).await?;
        Ok(Some(items))
    }

    /// What of the user of an apply can differ from what the apply left; `None` where there is no user. The names of its items
    /// come with it, so it is only for an undo that was refused.
    pub async fn usage(&self, apply: &StoredApply) -> Result<Option<Usage>, Fault> {
        let part = Part {
            pk: keys::user_partition(&apply.organization, &apply.record.user_id),
            sk_prefix: None,
            attributes: Some(&[SK, SETUP_VERSION, FIRST_SIGN_IN_AT, "clonedFrom", "document.name"]),
        };
        let mut usage = Usage::default();
        let mut is_there = false;
        for mut item in self.0.query_all(&part).await? {
            let sk = record::sort_key(&item).to_owned();
            let name = take_name(&mut item);
            let used: UsedRecord = record::read(item)?;
            let is_changed = used.setup_version.is_none_or(|version| version > FIRST_VERSION);
            if let Some((kind, id)) = keys::parse_setup_item(&sk) {
                let is_clone = used.cloned_from.is_some_and(|text| apply.origin.source_of(&text).is_some());
                usage.items.push(UsedItem { kind, id, name, is_clone, is_changed });
            } else if sk == PREFERENCES {
                usage.is_switched = is_changed;
            } else {
                is_there = true;
                usage.is_changed = is_changed;
                usage.first_sign_in_at = used.first_sign_in_at;
            }
        }
        Ok(is_there.then_some(usage))
    }
}

/// One item of a user's partition, as far as it tells of use.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UsedRecord {
    /// What cannot be read was written by another system, after the apply.
    #[serde(default, deserialize_with = "record::lenient")]
    setup_version: Option<u64>,
    #[serde(default, deserialize_with = "record::lenient")]
    first_sign_in_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "record::lenient")]
    cloned_from: Option<String>,
}

/// The name in an item's document; empty where it has none.
fn take_name(item: &mut Item) -> String {
    match item.remove(record::DOCUMENT) {
        Some(AttributeValue::M(mut document)) => match document.remove("name") {
            Some(AttributeValue::S(name)) => name,
            _ => String::new(),
        },
        _ => String::new(),
    }
}

/// A committed apply begins to be undone, and is found by a sweep where nobody ends it.
fn undoing(apply: &StoredApply, email: &Email, by: ObjectId, now: Timestamp) -> Change {
    let id = &apply.origin.apply;
    Change::of_existing()
        .when(STATE, ApplyState::Committed.value())
        .set(STATE, ApplyState::Undoing.value())
        .set(EMAIL, text(email))
        .set(UNDONE_AT, text(now))
        .set(UNDONE_BY, text(by))
        .list(&ALL, keys::sweep_shard(id), keys::by_time(now.plus(ROLLING), id))
}

/// Nothing is left that a list shows at `now`. The sweep key stays until the second look.
fn undone_change(now: Timestamp) -> Change {
    Change::of_existing()
        .when(STATE, ApplyState::Undoing.value())
        .set(STATE, ApplyState::Undone.value())
        .set(SECOND_LOOK_AT, text(now.plus(SETTLING)))
        .remove(EMAIL)
}
