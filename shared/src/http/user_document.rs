//! A user as the API shows it to administrators.

use std::borrow::Cow;

use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::ApiError;
use crate::domain::{Designation, Email, FullName, ObjectId, PhoneNumber, Role, StoredProfile, Timestamp};

/// A user of your organization. A field that has no value is left out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub struct UserDocument<'a> {
    /// The user's id.
    #[serde(rename = "_id")]
    id: ObjectId,
    /// The organization that the user belongs to.
    organization_id: ObjectId,
    /// The address to sign in with, as it was sent; the domain is in punycode if it mixes scripts.
    #[schema(value_type = Email)]
    email: Cow<'a, str>,
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    full_name: Option<&'a FullName>,
    /// The phone number.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    phone_number: Option<&'a PhoneNumber>,
    /// The job title.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<String>)]
    designation: Option<&'a Designation>,
    /// The department.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    department_id: Option<ObjectId>,
    /// The role.
    access_role: Role,
    /// Whether the user may not sign in.
    login_disabled: bool,
    /// When the user first signed in; left out until then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    first_sign_in_at: Option<Timestamp>,
    /// When the user was made.
    created_at: Timestamp,
    /// When the user was last changed.
    updated_at: Timestamp,
}

impl<'a> UserDocument<'a> {
    /// Returns the document.
    pub fn of(stored: &'a StoredProfile) -> Self {
        let user = &stored.user;
        Self {
            id: user.id,
            organization_id: user.organization,
            email: user.email.shown(),
            full_name: user.full_name.as_ref(),
            phone_number: user.phone_number.as_ref(),
            designation: user.designation.as_ref(),
            department_id: user.department,
            access_role: user.role,
            login_disabled: user.login_disabled,
            first_sign_in_at: stored.first_sign_in_at,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }

    /// Returns the entity tag: 16 hex digits of the SHA-256 of the document, so every change of what is shown makes another one.
    pub fn tag(&self) -> Result<String, ApiError> {
        let json = serde_json::to_vec(self).map_err(ApiError::internal)?;
        Ok(hex::encode(&Sha256::digest(json)[..8]))
    }
}
