//! The identity of the person whose setup was captured: its id, its address, its number, and the id of its organization.
//!
//! A setup is made for somebody else when it is applied, so a value that is the source person's own becomes the new user's.
//! [`find`] tells the places of such values when a setup is captured, by what a value is (`dress.rs`) and not by the name of its
//! field; [`fill_in`] puts the new user's values there. Content keeps the pointer and the kind of a place, never the value.

mod dialled;
mod dress;
mod fill;
mod find;
mod list;
mod normal;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub use self::dress::SourceIdentity;
pub(super) use self::dress::is_in_link;
pub use self::fill::{NewIdentity, PlaceToFill, fill_in};
pub use self::find::{ALLOWANCE, MAX_PLACES, complete, excess, find};

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

/// What a field at the top of a document says by its name, whatever its value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TopField {
    /// It holds this value of the item's owner.
    Owner(IdentityKind),
    /// It tells the history of the source's item and is left out of a clone.
    History,
}

/// Whether a field at the top of a document names the owner or the maker of the item.
pub(super) fn is_owned(name: &str) -> bool {
    top_field(name).is_some()
}

fn top_field(name: &str) -> Option<TopField> {
    match name {
        "organizationId" => Some(TopField::Owner(IdentityKind::OrganizationId)),
        "userId" | "ownerId" => Some(TopField::Owner(IdentityKind::UserId)),
        "createdBy" | "updatedBy" | "createdAt" | "updatedAt" => Some(TopField::History),
        name if name.starts_with("copiedFrom") => Some(TopField::History),
        _ => None,
    }
}
