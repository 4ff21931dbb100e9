//! The profiles of users, for those who administer them.

use serde::Deserialize;

use crate::domain::{
    Designation, Email, Fault, FullName, ObjectId, PhoneNumber, Role, StoredCredentials, StoredProfile, Timestamp, User,
};
use crate::store::attributes::{
    ACCESS_ROLE, CLONED_FROM, CREATED_AT, CREDENTIAL_VERSION, CREDENTIALS_CHANGED_AT, DELETED_AT, DEPARTMENT_ID,
    DESIGNATION, EMAIL, FIRST_SIGN_IN_AT, FULL_NAME, LOGIN_DISABLED, PHONE_NUMBER, SETUP_VERSION, UPDATED_AT,
};
use crate::store::keys::{self, PK, SK};
use crate::store::record;
use crate::store::table::Table;

/// A profile, which another system may have written. Fields that no decision depends on may have any form.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AdministeredProfile {
    email: Email,
    #[serde(default, deserialize_with = "record::lenient")]
    full_name: Option<FullName>,
    #[serde(default, deserialize_with = "record::lenient")]
    phone_number: Option<PhoneNumber>,
    #[serde(default, deserialize_with = "record::lenient")]
    designation: Option<Designation>,
    #[serde(default, deserialize_with = "record::lenient")]
    department_id: Option<ObjectId>,
    access_role: Role,
    #[serde(default)]
    login_disabled: bool,
    #[serde(default, deserialize_with = "record::lenient")]
    first_sign_in_at: Option<Timestamp>,
    #[serde(default)]
    credential_version: u64,
    #[serde(default)]
    credentials_changed_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "record::lenient")]
    cloned_from: Option<String>,
    #[serde(default, deserialize_with = "record::lenient")]
    setup_version: Option<u64>,
    #[serde(default, deserialize_with = "record::lenient")]
    created_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "record::lenient")]
    updated_at: Option<Timestamp>,
}

/// The attributes of a profile. One that was not migrated yet also contains a password hash.
const PROFILE: [&str; 17] = [
    PK,
    SK,
    EMAIL,
    FULL_NAME,
    PHONE_NUMBER,
    DESIGNATION,
    DEPARTMENT_ID,
    ACCESS_ROLE,
    LOGIN_DISABLED,
    FIRST_SIGN_IN_AT,
    CREDENTIAL_VERSION,
    CREDENTIALS_CHANGED_AT,
    CLONED_FROM,
    DELETED_AT,
    SETUP_VERSION,
    CREATED_AT,
    UPDATED_AT,
];

/// What stands in the place of a user.
#[derive(Debug, PartialEq)]
pub enum ProfileState {
    /// The organization has no user of this id.
    Absent,
    /// The user was removed. The id never comes back.
    Removed,
    /// The profile cannot be read: another system wrote it.
    Unreadable,
    /// The profile.
    Stored(Box<StoredProfile>),
}

/// Reads profiles.
pub struct Profiles<'a>(&'a Table);

impl<'a> Profiles<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Returns the profile; `None` if the organization has no such user or it cannot be read. One read.
    pub async fn load(&self, organization: ObjectId, user: ObjectId) -> Result<Option<StoredProfile>, Fault> {
        Ok(match self.find(organization, user).await? {
            ProfileState::Stored(profile) => Some(*profile),
            ProfileState::Absent | ProfileState::Removed | ProfileState::Unreadable => None,
        })
    }

    /// Returns what stands in the place of a user. One read.
    pub async fn find(&self, organization: ObjectId, user: ObjectId) -> Result<ProfileState, Fault> {
        let Some(item) = self.0.get(&keys::user(&organization, &user), Some(&PROFILE)).await? else {
            return Ok(ProfileState::Absent);
        };
        if record::is_tombstone(&item) {
            return Ok(ProfileState::Removed);
        }
        let Some(record) = record::read_foreign::<AdministeredProfile>(item) else {
            return Ok(ProfileState::Unreadable);
        };
        let epoch = Timestamp::from_millis(0);
        Ok(ProfileState::Stored(Box::new(StoredProfile {
            first_sign_in_at: record.first_sign_in_at,
            credentials: StoredCredentials {
                version: record.credential_version,
                changed_at: record.credentials_changed_at,
            },
            setup_version: record.setup_version.unwrap_or_default(),
            origin: record.cloned_from.and_then(|text| text.parse().ok()),
            user: User {
                id: user,
                organization,
                department: record.department_id,
                email: record.email,
                full_name: record.full_name,
                phone_number: record.phone_number,
                designation: record.designation,
                role: record.access_role,
                login_disabled: record.login_disabled,
                created_at: record.created_at.unwrap_or(epoch),
                updated_at: record.updated_at.unwrap_or(epoch),
            },
        })))
    }
}
