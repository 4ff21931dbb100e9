//! A place of an item that holds a value of the source person.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which value of the source person stands at a place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum IdentityKind {
    /// The id of the source organization.
    OrganizationId,
    /// The id of the source user.
    UserId,
    /// The e-mail address of the source user.
    UserEmail,
    /// The phone number of the source user.
    UserPhone,
}

impl IdentityKind {
    /// What it is, in words.
    pub fn noun(self) -> &'static str {
        match self {
            Self::OrganizationId => "organization's id",
            Self::UserId => "id",
            Self::UserEmail => "e-mail address",
            Self::UserPhone => "phone number",
        }
    }
}

/// A place of a document that holds a value of the source person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IdentityPlace {
    /// Whether the value is a part of a text or stands in a key. Such a value is named in a warning and stays.
    #[serde(default, skip_serializing_if = "is_false")]
    pub in_text: bool,
    /// Which value.
    pub kind: IdentityKind,
    /// Where the value begins and ends in the text, in bytes, where it is one of a list or stands in a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<[usize; 2]>,
    /// Where, as a JSON pointer into the document; a key stands at the place of its value.
    pub pointer: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !flag
}
