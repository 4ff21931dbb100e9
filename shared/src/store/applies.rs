//! Makes an apply happen: the new user, all clones and the apply's record, or nothing.

use aws_sdk_dynamodb::types::TransactWriteItem;

use super::keys;
use super::outcome::{CallFailure, Item, Reason};
use super::record::{self, ApplyRecord, ApplyState, ClaimRecord, FIRST_VERSION, PreferencesRecord, SetupRecord};
use super::size::{MAX_STORED_BYTES, stored_bytes};
use super::table::Table;
use super::{MAX_TRANSACTION_BYTES, MAX_TRANSACTION_ITEMS};
use crate::domain::plan::{Arrival, ClonedItem, Origin};
use crate::domain::{Fault, Principal, User};

/// Everything that one apply writes.
pub struct Apply<'a> {
    /// Which apply it is.
    pub origin: Origin,
    /// Who asked for it. The new user belongs to the same organization.
    pub caller: &'a Principal,
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
}

/// What came of an apply.
#[derive(Debug, PartialEq, Eq)]
pub enum Applied {
    /// Everything is written.
    Committed,
    /// Somebody owns the e-mail address. Nothing is written.
    EmailTaken,
    /// Another apply holds the e-mail address and is still at work. Nothing is written.
    EmailReserved,
    /// It does not fit one transaction; says by what. Nothing is written.
    TooLarge(String),
}

/// Carries out applies.
pub struct Applies<'a>(&'a Table);

/// Where the claim on the address stands in the transaction.
const CLAIM_INDEX: usize = 1;

impl<'a> Applies<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Writes everything in one transaction.
    pub async fn commit(&self, apply: &Apply<'_>) -> Result<Applied, Fault> {
        let items = items(apply)?;
        if let Some(excess) = excess(&items) {
            return Ok(Applied::TooLarge(excess));
        }
        let puts = items.into_iter().map(|item| self.0.put_new_in_transaction(item));
        match self.0.transact(puts.collect::<Result<Vec<TransactWriteItem>, _>>()?).await {
            Ok(()) => Ok(Applied::Committed),
            Err(CallFailure::Cancelled(reasons)) => refused(&reasons),
            Err(other) => Err(other.into()),
        }
    }
}

/// Reads whose condition failed, the apply's own record first.
fn refused(reasons: &[Reason]) -> Result<Applied, Fault> {
    match (reasons.first(), reasons.get(CLAIM_INDEX)) {
        (Some(Reason::ConditionFailed(_)), _) => Err(Fault::Corrupt("an apply id was made twice".into())),
        (_, Some(Reason::ConditionFailed(holder))) => {
            let claim = holder.clone().map(record::read::<ClaimRecord>).transpose()?;
            let reserved = claim.is_some_and(|claim| claim.user_id.is_none());
            Ok(if reserved { Applied::EmailReserved } else { Applied::EmailTaken })
        }
        _ => Err(Fault::Corrupt(format!("an item of a new user exists already: {reasons:?}"))),
    }
}

/// The items in the order of the transaction: record, claim, user, switches, clones.
fn items(apply: &Apply<'_>) -> Result<Vec<Item>, Fault> {
    let Apply { origin, caller, user, arrival, .. } = apply;
    let organization = &user.organization;
    let record = ApplyRecord {
        state: ApplyState::Committed,
        revision: origin.revision,
        plan_hash: apply.plan_hash.to_owned(),
        user_id: user.id,
        applied_by: caller.user,
        applied_by_role: caller.role,
        created_at: origin.at,
    };
    let claim = ClaimRecord { organization_id: *organization, user_id: Some(user.id), reserved_by: None };
    let preferences = PreferencesRecord { enabled: arrival.preferences.clone(), setup_version: FIRST_VERSION };
    let mut items = vec![
        record::apply_item(&keys::apply(organization, &origin.snapshot, &origin.apply), &record, apply.answer)?,
        record::item(&keys::email(user.email.key()), &claim)?,
        record::user_item(user, Some(apply.password_hash))?,
        record::item(&keys::preferences(organization, &user.id), &preferences)?,
    ];
    for clone in &arrival.items {
        items.push(clone_item(user, clone)?);
    }
    Ok(items)
}

fn clone_item(user: &User, clone: &ClonedItem) -> Result<Item, Fault> {
    let key = keys::setup_item(&user.organization, &user.id, clone.kind, &clone.id);
    let record = SetupRecord {
        document: std::borrow::Cow::Borrowed(&clone.document),
        setup_version: FIRST_VERSION,
        cloned_from: Some(clone.cloned_from.as_str().into()),
    };
    record::setup_item(&key, clone.kind, &record)
}

/// Why the items do not fit one transaction; `None` when they do.
fn excess(items: &[Item]) -> Option<String> {
    let sizes = || items.iter().map(stored_bytes);
    let bytes: usize = sizes().sum();
    let largest = sizes().max().unwrap_or_default();
    if items.len() > MAX_TRANSACTION_ITEMS {
        // The four that are no clones: record, claim, profile, switches.
        let (clones, most) = (items.len() - 4, MAX_TRANSACTION_ITEMS - 4);
        Some(format!("the apply would clone {clones} items; at most {most} fit"))
    } else if bytes > MAX_TRANSACTION_BYTES {
        Some(format!("the apply would write {bytes} bytes; at most {MAX_TRANSACTION_BYTES} fit"))
    } else if largest > MAX_STORED_BYTES {
        Some(format!("a clone would have {largest} bytes; an item has at most {MAX_STORED_BYTES}"))
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_dynamodb::types::AttributeValue;

    use super::*;
    use crate::domain::ObjectId;

    /// An item of exactly this size.
    fn item(bytes: usize) -> Item {
        Item::from([("a".to_owned(), AttributeValue::S("x".repeat(bytes - 1)))])
    }

    #[test]
    fn a_transaction_has_at_most_100_items() {
        assert_eq!(excess(&vec![item(10); 99]), None);
        assert_eq!(excess(&vec![item(10); 100]), None);
        assert!(excess(&vec![item(10); 101]).unwrap().contains("97 items"));
    }

    #[test]
    fn a_transaction_has_at_most_4_mb() {
        let with_last = |bytes| [vec![item(390_000); 10], vec![item(bytes)]].concat();
        assert_eq!(excess(&with_last(99_999)), None);
        assert_eq!(excess(&with_last(100_000)), None);
        assert!(excess(&with_last(100_001)).unwrap().contains("4000001 bytes"));
    }

    #[test]
    fn an_item_has_at_most_400_kib() {
        assert_eq!(excess(&[item(409_599)]), None);
        assert_eq!(excess(&[item(409_600)]), None);
        assert!(excess(&[item(409_601)]).unwrap().contains("409601 bytes"));
    }

    #[test]
    fn the_record_is_looked_at_first_and_the_claim_second() {
        let failed = |holder: Option<Item>| Reason::ConditionFailed(holder);
        let claim = |owner: Option<ObjectId>| {
            let record = ClaimRecord { organization_id: ObjectId::NOBODY, user_id: owner, reserved_by: None };
            failed(Some(serde_dynamo::to_item(record).unwrap()))
        };
        assert!(refused(&[failed(None), claim(None)]).is_err());
        assert_eq!(refused(&[Reason::None, claim(None)]).unwrap(), Applied::EmailReserved);
        assert_eq!(refused(&[Reason::None, claim(Some(ObjectId::NOBODY))]).unwrap(), Applied::EmailTaken);
        assert_eq!(refused(&[Reason::Contended, failed(None), Reason::Contended]).unwrap(), Applied::EmailTaken);
        assert!(refused(&[Reason::None, Reason::None, failed(None)]).is_err());
    }
}
