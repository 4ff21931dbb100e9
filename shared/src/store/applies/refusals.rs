//! Refused applies: an item for each, so that the history of an organization shows them. None stands where a repeated request looks.
//!
//! A refused apply has written nothing, so this is all that it costs. A program that repeats a refused request writes a bounded number
//! of items, because an hour of a caller has a count, which the same transaction raises.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use crate::domain::{Email, Fault, ObjectId, Principal, Role, Timestamp, TokenCredentials};
use crate::logging::without_values;
use crate::store::attributes::{ACCESS_ROLE, EMAIL, EXPIRES_AT, POINTERS, POINTERS_TOTAL, REFUSALS, TYPE};
use crate::store::credentials::{when_enabled, when_token_holds};
use crate::store::keys;
use crate::store::listing::position::Position;
use crate::store::record::{self, Record};
use crate::store::table::Table;
use crate::store::table::change::{Change, expiry, number, text};
use crate::store::table::outcome::{CallFailure, Item};
use crate::store::table::size::stored_bytes;

/// How many refusals of one caller are kept of each hour.
pub const MAX_REFUSALS: u64 = 20;
/// How long a refusal is kept.
pub const REFUSAL_LIFETIME: Duration = Duration::from_secs(90 * 24 * 60 * 60);
/// How long a count is kept, from the request that raised it last: an hour, and one more for differing clocks.
const COUNT_LIFETIME: Duration = Duration::from_secs(2 * 60 * 60);
/// The most bytes of an item: one write unit.
const MAX_BYTES: usize = 1_024;
/// The most time that recording takes. The refusal is answered after it in any case.
const RECORDING_TIME: Duration = Duration::from_secs(1);

/// A refused apply.
#[derive(Debug, Clone)]
pub struct ApplyRefusal<'a> {
    /// A new id.
    pub id: ObjectId,
    /// When it was requested.
    pub at: Timestamp,
    /// The caller.
    pub caller: &'a Principal,
    /// The organization that the caller belongs to. A SUPERADMIN may act in another one.
    pub home: ObjectId,
    /// The credentials in the caller's token.
    pub credentials: TokenCredentials,
    /// The snapshot in the path, which the caller need not see.
    pub snapshot: ObjectId,
    /// The address of the user who was to be made, if the body could be read and the user was not deleted since.
    pub email: Option<&'a Email>,
    /// The role of the user who was to be made, if the body could be read.
    pub role: Option<Role>,
    /// The code of the answer.
    pub code: &'static str,
    /// The places of the body that were refused, as JSON pointers.
    pub pointers: Vec<&'a str>,
    /// The id of the request, as the log has it.
    pub request_id: &'a str,
}

/// A refusal from the table.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRefusal {
    /// Its id.
    pub id: ObjectId,
    /// When it was requested.
    pub at: Timestamp,
    /// What is recorded.
    pub record: RefusalRecord,
}

/// What is recorded of a refusal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefusalRecord {
    /// The snapshot that was to be applied.
    pub snapshot_id: ObjectId,
    /// The caller.
    pub applied_by: ObjectId,
    /// The caller's role at the time.
    pub applied_by_role: Role,
    /// The role that the new user was to have, if it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub access_role: Option<Role>,
    /// The address that the new user was to have, if it is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub email: Option<Email>,
    /// The code of the answer.
    pub code: String,
    /// As many of the refused places as fit.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub pointers: Vec<String>,
    /// The total number of places, if it is another one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pointers_total: Option<usize>,
    /// The id of the request.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<String>,
}

impl Record for RefusalRecord {
    const TYPE: &'static str = "refusal";
}

impl StoredRefusal {
    /// Reads an item at its position.
    pub(in crate::store) fn read(position: Position, item: Item) -> Result<Self, Fault> {
        let (at, id) = position.parts();
        Ok(Self { id, at, record: record::read(item)? })
    }
}

impl ApplyRefusal<'_> {
    /// Returns the item, with as many of the first places as one unit has room for.
    fn item(&self) -> Result<Item, Fault> {
        let Self { id, at, caller, .. } = self;
        let mut record = RefusalRecord {
            snapshot_id: self.snapshot,
            applied_by: caller.user,
            applied_by_role: caller.role,
            access_role: self.role,
            email: self.email.cloned(),
            code: self.code.to_owned(),
            pointers: Vec::new(),
            pointers_total: None,
            request_id: Some(self.request_id.to_owned()),
        };
        let key = keys::refusal(&caller.organization, *at, id);
        let item = |record: &RefusalRecord| -> Result<Item, Fault> {
            let mut item = record::item(&key, record)?;
            item.insert(EXPIRES_AT.to_owned(), expiry(*at, REFUSAL_LIFETIME));
            Ok(item)
        };
        let total = self.pointers.len();
        for (kept, pointer) in self.pointers.iter().enumerate() {
            record.pointers.push((*pointer).to_owned());
            record.pointers_total = (kept + 1 < total).then_some(total);
            if stored_bytes(&item(&record)?) > MAX_BYTES {
                record.pointers.pop();
                record.pointers_total = Some(total);
                break;
            }
        }
        item(&record)
    }
}

/// Returns the change by which a refusal forgets the address, for an erasure. Pointers repeat names of the request's mappings.
pub(in crate::store) fn forget_address(email: AttributeValue) -> Change {
    Change::of_existing().when(EMAIL, email).remove(EMAIL).remove(POINTERS).remove(POINTERS_TOTAL)
}

/// Records refused applies.
pub struct Refusals<'a>(&'a Table);

impl<'a> Refusals<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Records a refusal, unless the caller has as many of this hour as are kept. Only logs a failure: the refusal is answered in any
    /// case.
    pub async fn record(&self, refusal: &ApplyRefusal<'_>) {
        if let Err(fault) = self.write(refusal).await {
            let error = without_values(&fault.to_string());
            tracing::warn!(snapshot = %refusal.snapshot, error, "a refused apply is missing in the history");
        }
    }

    /// Writes the item. One transaction, which also checks that the stored caller is as the token says: a body is refused before anything
    /// is read.
    async fn write(&self, refusal: &ApplyRefusal<'_>) -> Result<(), Fault> {
        let ApplyRefusal { caller, home, credentials, at, .. } = refusal;
        let table = self.0.given(RECORDING_TIME);
        let below = Change::default()
            .when_absent_or_before(REFUSALS, number(MAX_REFUSALS))
            .add_one(REFUSALS)
            .set(TYPE, text("refusalCount"))
            .set(EXPIRES_AT, expiry(*at, COUNT_LIFETIME));
        let same = when_enabled(Change::of_existing()).when(ACCESS_ROLE, text(caller.role));
        let same = when_token_holds(same, *credentials);
        let writes = vec![
            table.change_in_transaction(&keys::refusal_count(&caller.organization, &caller.user, *at), &below)?,
            table.check_in_transaction(&keys::user(home, &caller.user), &same)?,
            table.put_new_in_transaction(refusal.item()?)?,
        ];
        match table.transact(writes).await {
            // As many as are kept, another caller, or the own earlier try: the id is new.
            Ok(()) | Err(CallFailure::Cancelled(_)) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers_of(item: &Item) -> Vec<String> {
        record::read::<RefusalRecord>(item.clone()).unwrap().pointers
    }

    #[test]
    fn an_item_has_one_unit_however_much_is_refused() {
        let id = ObjectId::from_bytes([0xab; 12]);
        let caller = Principal { user: id, organization: id, role: Role::Superadmin };
        let email = Email::parse(format!("{}@{}.example", "a".repeat(64), "b".repeat(63))).unwrap();
        let refused = |length: usize, count: usize| {
            let pointers = vec!["x".repeat(length); count];
            let refusal = ApplyRefusal {
                id,
                at: Timestamp::from_millis(0),
                caller: &caller,
                home: id,
                credentials: TokenCredentials::default(),
                snapshot: id,
                email: Some(&email),
                role: Some(Role::DepartmentHead),
                code: "idempotency_key_reused",
                pointers: pointers.iter().map(String::as_str).collect(),
                request_id: &"r".repeat(64),
            };
            refusal.item().unwrap()
        };
        let fixed = stored_bytes(&refused(0, 1));
        let room = MAX_BYTES - fixed;
        for (length, kept) in [(room - 1, 1), (room, 1), (room + 1, 0)] {
            let item = refused(length, 1);
            assert_eq!(pointers_of(&item).len(), kept, "{length}");
            assert_eq!(item.contains_key(POINTERS_TOTAL), kept == 0);
            assert!(stored_bytes(&item) <= MAX_BYTES);
        }
        let many = refused(20, 5_000);
        assert!(stored_bytes(&many) <= MAX_BYTES && pointers_of(&many).len() > 3);
        assert_eq!(many[POINTERS_TOTAL].as_n().unwrap(), "5000");
    }
}
