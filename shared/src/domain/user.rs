//! A person who can sign in.

use std::fmt;
use std::str::FromStr;

use super::{Designation, Email, FullName, ObjectId, PhoneNumber, Role, StoredCredentials, Timestamp, Violation};

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

/// The apply that made a user. Its text is `<snapshot>:<apply>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UserOrigin {
    /// The snapshot that was applied.
    pub snapshot: ObjectId,
    /// The apply.
    pub apply: ObjectId,
}

impl fmt::Display for UserOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.snapshot, self.apply)
    }
}

impl FromStr for UserOrigin {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        let (snapshot, apply) = text
            .split_once(':')
            .ok_or_else(|| Violation::malformed("an origin is the ids of a snapshot and an apply"))?;
        Ok(Self { snapshot: snapshot.parse()?, apply: apply.parse()? })
    }
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
    /// The apply that made the user; `None` for any other user, and for users whom earlier versions of this service made.
    pub origin: Option<UserOrigin>,
}
