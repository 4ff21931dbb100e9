//! A person who can sign in.

use super::{Designation, Email, FullName, ObjectId, PhoneNumber, Role, StoredCredentials, Timestamp};

/// A user's profile.
#[derive(Debug, Clone, PartialEq)]
pub struct User {
    /// The user's id.
    pub id: ObjectId,
    /// The organization that the user belongs to.
    pub organization: ObjectId,
    /// The department, which this service keeps and never looks up.
    pub department: Option<ObjectId>,
    /// The address, as it was sent.
    pub email: Email,
    /// The name.
    pub full_name: Option<FullName>,
    /// The phone number.
    pub phone_number: Option<PhoneNumber>,
    /// The job title.
    pub designation: Option<Designation>,
    /// What the user may do.
    pub role: Role,
    /// Whether signing in is switched off.
    pub login_disabled: bool,
    /// When the user was made.
    pub created_at: Timestamp,
    /// When the profile last changed.
    pub updated_at: Timestamp,
}

/// A stored user with what a change of it depends on.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredProfile {
    /// The user. Both times are 1970 if they cannot be read.
    pub user: User,
    /// When the user first signed in.
    pub first_sign_in_at: Option<Timestamp>,
    /// The user's credentials.
    pub credentials: StoredCredentials,
    /// The version of the user's setup.
    pub setup_version: u64,
}
