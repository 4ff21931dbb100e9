//! Users as the functions read them.

use serde::Deserialize;

use crate::domain::rights::{HasStanding, Standing};
use crate::domain::{Email, Fault, FullName, ObjectId, Role, Timestamp};
use crate::store::keys;
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::outcome::Item;

/// What the service reads of a user.
#[derive(Clone)]
pub struct StoredUser {
    /// The user's id.
    pub id: ObjectId,
    /// The user's organization.
    pub organization: ObjectId,
    /// The address, as it was sent.
    pub email: Email,
    /// The name.
    pub full_name: Option<FullName>,
    /// What the user may do.
    pub role: Role,
    /// Whether signing in is switched off.
    pub login_disabled: bool,
    /// When the user first signed in.
    pub first_sign_in_at: Option<Timestamp>,
    /// The version of the user's setup.
    pub setup_version: u64,
}

/// What is read of a profile, which another system may have written. What decides nothing may have any form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Profile {
    email: Email,
    #[serde(default, deserialize_with = "record::lenient")]
    full_name: Option<FullName>,
    access_role: Role,
    #[serde(default)]
    login_disabled: bool,
    #[serde(default, deserialize_with = "record::lenient")]
    first_sign_in_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "record::lenient")]
    setup_version: Option<u64>,
}

impl StoredUser {
    /// Reads a profile; `None` where its address, its role or whether it is disabled cannot be read: such a user has no rights.
    pub(in crate::store) fn read(organization: ObjectId, id: ObjectId, item: Item) -> Option<Self> {
        record::read_foreign(item).map(|profile| Self::new(organization, id, profile))
    }

    fn new(organization: ObjectId, id: ObjectId, record: Profile) -> Self {
        Self {
            id,
            organization,
            email: record.email,
            full_name: record.full_name,
            role: record.access_role,
            login_disabled: record.login_disabled,
            first_sign_in_at: record.first_sign_in_at,
            setup_version: record.setup_version.unwrap_or_default(),
        }
    }
}

impl HasStanding for StoredUser {
    fn standing(&self) -> Standing {
        Standing { organization: self.organization, role: self.role, disabled: self.login_disabled }
    }
}

/// What is read of a caller. A profile that was not migrated yet holds a password hash as well.
const CALLER: [&str; 9] = [
    "email",
    "fullName",
    "accessRole",
    "loginDisabled",
    "firstSignInAt",
    "setupVersion",
    "createdAt",
    "updatedAt",
    "type",
];

/// Reads the stored user behind a token.
pub struct Callers<'a>(&'a Table);

impl<'a> Callers<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// The user; `None` when the organization has no such user, or none that can be read. One read.
    pub async fn load(&self, organization: ObjectId, user: ObjectId) -> Result<Option<StoredUser>, Fault> {
        let item = self.0.get(&keys::user(&organization, &user), Some(&CALLER)).await?;
        Ok(item.and_then(|item| StoredUser::read(organization, user, item)))
    }
}
