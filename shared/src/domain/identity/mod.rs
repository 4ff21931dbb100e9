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

pub use self::dress::SourceIdentity;
pub(super) use self::dress::is_in_link;
pub use self::fill::{NewIdentity, PlaceToFill, fill_in};
pub use self::find::{ALLOWANCE, MAX_PLACES, complete, excess, find};

use super::content::{IdentityKind, IdentityPlace};

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
