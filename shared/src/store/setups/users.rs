//! The users that functions read.

use serde::Deserialize;

use crate::domain::rights::{HasStanding, UserStanding};
use crate::domain::{Email, Fault, FullName, ObjectId, Role, StoredCredentials, Timestamp};
use crate::store::attributes::{
    ACCESS_ROLE, CREATED_AT, CREDENTIAL_VERSION, CREDENTIALS_CHANGED_AT, DELETED_AT, EMAIL, FIRST_SIGN_IN_AT,
    FULL_NAME, LOGIN_DISABLED, SETUP_VERSION, TYPE, UPDATED_AT,
};
use crate::store::keys;
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::outcome::Item;

/// A stored user.
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
    /// The user's role.
    pub role: Role,
    /// Whether the user may not sign in.
    pub login_disabled: bool,
    /// When the user first signed in.
    pub first_sign_in_at: Option<Timestamp>,
    /// The version of the user's setup.
    pub setup_version: u64,
    /// The user's credentials.
    pub credentials: StoredCredentials,
}

/// A profile, which another system may have written. Fields that no decision depends on may have any form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CallerProfile {
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
    #[serde(default)]
    credential_version: u64,
    #[serde(default)]
    credentials_changed_at: Option<Timestamp>,
}

impl StoredUser {
    /// Reads a profile. Returns `None` for a tombstone, and if address, role, `loginDisabled` or the counter of
    /// credentials cannot be read: such a user has no rights.
    pub(in crate::store) fn read(organization: ObjectId, id: ObjectId, item: Item) -> Option<Self> {
        if record::is_tombstone(&item) {
            return None;
        }
        record::read_foreign(item).map(|profile| Self::new(organization, id, profile))
    }

    fn new(organization: ObjectId, id: ObjectId, record: CallerProfile) -> Self {
        Self {
            id,
            organization,
            email: record.email,
            full_name: record.full_name,
            role: record.access_role,
            login_disabled: record.login_disabled,
            first_sign_in_at: record.first_sign_in_at,
            setup_version: record.setup_version.unwrap_or_default(),
            credentials: StoredCredentials {
                version: record.credential_version,
                changed_at: record.credentials_changed_at,
            },
        }
    }
}

impl HasStanding for StoredUser {
    fn standing(&self) -> UserStanding {
        UserStanding {
            organization: self.organization,
            role: self.role,
            disabled: self.login_disabled,
            credentials: self.credentials,
        }
    }
}

/// The attributes of a caller that are read. A profile that was not migrated yet also contains a password hash.
const CALLER: [&str; 12] = [
    EMAIL,
    FULL_NAME,
    ACCESS_ROLE,
    LOGIN_DISABLED,
    FIRST_SIGN_IN_AT,
    SETUP_VERSION,
    CREDENTIAL_VERSION,
    CREDENTIALS_CHANGED_AT,
    CREATED_AT,
    DELETED_AT,
    UPDATED_AT,
    TYPE,
];

/// Reads the stored user behind a token.
pub struct Callers<'a>(&'a Table);

impl<'a> Callers<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Returns the user; `None` if the organization has no such user or the profile cannot be read. One read.
    pub async fn load(&self, organization: ObjectId, user: ObjectId) -> Result<Option<StoredUser>, Fault> {
        let item = self.0.get(&keys::user(&organization, &user), Some(&CALLER)).await?;
        Ok(item.and_then(|item| StoredUser::read(organization, user, item)))
    }
}
