//! Users as the functions read them.

use super::keys;
use super::record::{self, UserRecord};
use super::table::Table;
use crate::domain::rights::{HasStanding, Standing};
use crate::domain::{Email, Fault, FullName, ObjectId, Role, Timestamp};

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

impl StoredUser {
    pub(super) fn new(organization: ObjectId, id: ObjectId, record: UserRecord) -> Self {
        Self {
            id,
            organization,
            email: record.email,
            full_name: record.full_name,
            role: record.access_role,
            login_disabled: record.login_disabled,
            first_sign_in_at: record.first_sign_in_at,
            setup_version: record.setup_version,
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

    /// The user; `None` when the organization has no such user. One read.
    pub async fn load(&self, organization: ObjectId, user: ObjectId) -> Result<Option<StoredUser>, Fault> {
        let item = self.0.get(&keys::user(&organization, &user), Some(&CALLER)).await?;
        item.map(|item| Ok(StoredUser::new(organization, user, record::read(item)?))).transpose()
    }
}
