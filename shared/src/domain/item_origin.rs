//! Where a clone comes from.

use std::fmt;
use std::str::FromStr;

use super::{ObjectId, Violation};

/// The captured item that a clone was made of. Its text is `<snapshot>:<revision>:<source id>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ItemOrigin {
    /// The snapshot that was applied.
    pub snapshot: ObjectId,
    /// Which of its revisions.
    pub revision: u32,
    /// The id of the captured item.
    pub source: ObjectId,
}

impl fmt::Display for ItemOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.snapshot, self.revision, self.source)
    }
}

impl FromStr for ItemOrigin {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        let wrong =
            || Violation::malformed("an origin is the ids of a snapshot and an item with a revision between them");
        let (snapshot, rest) = text.split_once(':').ok_or_else(wrong)?;
        let (revision, source) = rest.split_once(':').ok_or_else(wrong)?;
        Ok(Self {
            snapshot: snapshot.parse()?,
            revision: revision.parse().map_err(|_| wrong())?,
            source: source.parse()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_origin_reads_as_it_is_written_and_nothing_else_does() {
        let [one, two] = ["070707070707070707070707", "080808080808080808080808"];
        let origin = ItemOrigin { snapshot: one.parse().unwrap(), revision: 3, source: two.parse().unwrap() };
        assert_eq!(origin.to_string(), format!("{one}:3:{two}"));
        assert_eq!(origin.to_string().parse(), Ok(origin));
        for bad in ["", ":", "::", &format!("{one}:{two}"), &format!("{one}:x:{two}"), &format!("{one}:3:{two}:")] {
            assert!(bad.parse::<ItemOrigin>().is_err(), "{bad}");
        }
    }
}
