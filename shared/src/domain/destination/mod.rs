//! Destinations: the hosts, addresses and numbers to which content sends by itself once it is switched on.
//!
//! What a value is decides: a text that is a URL, a host, an e-mail address or a phone number (`form.rs`, `host.rs`,
//! `number.rs`), alone or in a list, is a destination wherever an automation acts. Where it stands decides what is left
//! (`walk.rs`, by the names in `name.rs`): a condition compares, a message shows, a label names, a payload goes to the URL beside
//! it. A prompt sends through its tools, a template through the fields of its envelope.
//!
//! Links in texts are made to be sent and are listed, no more.

mod form;
mod host;
mod merge_tag;
mod name;
mod number;
mod own;
#[cfg(test)]
pub(super) mod tests;
mod vocabulary;
mod walk;

use std::collections::BTreeSet;

use serde::Serialize;
use utoipa::ToSchema;

pub use self::own::OwnPlaces;
pub use self::walk::{AddressUse, visit};

use super::content::Content;
use super::work::{OverBudget, Work};

/// What a destination is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum DestinationKind {
    /// A URL, with or without scheme.
    Url,
    /// The name or the address of a host alone.
    Host,
    /// An e-mail address.
    Email,
    /// A phone number.
    Phone,
}

/// A host, an address or a number to which content sends by itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Destination {
    /// A URL or a host as it stands in the content; an e-mail address in its normal form; a phone number as E.164, or its digits
    /// where it has no country.
    pub text: String,
    /// What it is.
    pub kind: DestinationKind,
}

/// Whether a text is a merge tag and nothing else.
pub(super) fn is_merge_tag(text: &str) -> bool {
    text.contains(['{', '[', '<', '*', '%'])
        && merge_tag::mask(text).text.chars().all(|letter| letter == merge_tag::MASK || letter.is_whitespace())
}

impl Destination {
    /// The host in ASCII, where the text has other letters: a Cyrillic а passes for a Latin one.
    pub fn ascii_host(&self) -> Option<String> {
        form::ascii_host(&self.text)
    }
}

/// Returns every destination of `content` once, whether or not an automation uses it. Addresses of the source person do not
/// count. A destination of another capture that is not among these is new. Fails once the time of `work` is over.
pub fn of_content(content: &Content, work: &Work) -> Result<BTreeSet<String>, OverBudget> {
    let mut found = BTreeSet::new();
    for (kind, item) in content.items.each() {
        work.spend(1 + item.identity.len())?;
        let own = OwnPlaces::of(item);
        visit(kind, &item.document, work, &mut |pointer, sighting| {
            if let AddressUse::Destination(destination) = sighting
                && !own.hold(pointer, &destination.text)
            {
                found.insert(destination.text);
            }
        })?;
    }
    Ok(found)
}
