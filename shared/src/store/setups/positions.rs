//! Positions among the items of a user: automations, prompts, templates, each kind in the order of its ids.

use std::fmt;
use std::str::FromStr;

use crate::domain::{ItemKind, ObjectId, Violation};
use crate::store::keys;

/// A position among the items of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SetupPosition {
    /// The kind of the item.
    pub kind: ItemKind,
    /// The id of the item.
    pub id: ObjectId,
}

impl fmt::Display for SetupPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", keys::setup_item_prefix(self.kind), self.id)
    }
}

impl FromStr for SetupPosition {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        let wrong = || Violation::malformed("this is not a position among the items of a user");
        let (kind, id) = keys::parse_setup_item(text).ok_or_else(wrong)?;
        Ok(Self { kind, id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_as_it_is_written_and_nothing_else_does() {
        for kind in ItemKind::ALL {
            let place = SetupPosition { kind, id: ObjectId::from_bytes([7; 12]) };
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for bad in ["", "#META", "PREFERENCES", "PROMPT#07", "AGENT#070707070707070707070707"] {
            assert!(bad.parse::<SetupPosition>().is_err(), "{bad}");
        }
    }
}
