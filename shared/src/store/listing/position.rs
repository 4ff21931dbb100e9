//! Positions in lists that are in the order of time, and their pages.

use std::fmt;
use std::str::FromStr;

use crate::domain::{Fault, ObjectId, Timestamp, Violation};
use crate::store::keys::{self, IndexKeys};
use crate::store::record;
use crate::store::table::outcome::Item;

/// A position in a list. Lists are in the order of creation; the id breaks ties.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    created_at: Timestamp,
    id: ObjectId,
}

impl Position {
    /// Returns the moment and the id.
    pub(in crate::store) fn parts(&self) -> (Timestamp, ObjectId) {
        (self.created_at, self.id)
    }

    /// Returns the text of the last position before this one that is possible.
    pub(in crate::store) fn just_before(&self) -> String {
        match self.id.previous() {
            Some(id) => keys::by_time(self.created_at, &id),
            // It sorts before every position of that moment.
            None => self.created_at.to_string(),
        }
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&keys::by_time(self.created_at, &self.id))
    }
}

impl FromStr for Position {
    type Err = Violation;

    /// Reads what `Display` writes. Fails for any other spelling.
    fn from_str(text: &str) -> Result<Self, Violation> {
        let wrong = || Violation::malformed("this is not a position in a list");
        let (created_at, id) = text.split_once('#').ok_or_else(wrong)?;
        let position = Self { created_at: created_at.parse()?, id: id.parse()? };
        if position.to_string() == text { Ok(position) } else { Err(wrong()) }
    }
}

/// One page of a list.
#[derive(Debug, PartialEq)]
pub struct Page<T> {
    /// The rows, the newest first.
    pub rows: Vec<T>,
    /// The next page starts after this position. `None` at the end of the list.
    pub next: Option<Position>,
}

/// Returns the first `limit` of `rows`, with a next page if there are more.
pub(in crate::store) fn page<T>(mut rows: Vec<(Position, T)>, limit: usize) -> Page<T> {
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|(position, _)| *position);
    Page { rows: rows.into_iter().map(|(_, row)| row).collect(), next }
}

/// Returns the position of a row of an index.
pub(in crate::store) fn position(index: &IndexKeys, item: &Item) -> Result<Position, Fault> {
    let sk = record::key_attribute(item, index.sk);
    sk.parse().map_err(|_| Fault::Corrupt(format!("{sk:?} is no sort key of the index {}", index.name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_reads_as_it_is_written_and_no_other_spelling_does() {
        let text = "2026-05-15T09:00:00.000Z#64ee9a8b1e7f2a0011223344";
        assert_eq!(text.parse::<Position>().unwrap().to_string(), text);
        for bad in [
            "",
            "#",
            "2026-05-15T09:00:00.000Z",
            "2026-05-15T09:00:00.000Z#",
            "2026-05-15T09:00:00Z#64ee9a8b1e7f2a0011223344",
            "2026-05-15T09:00:00.000+00:00#64ee9a8b1e7f2a0011223344",
            "2026-05-15T09:00:00.000Z#64EE9A8B1E7F2A0011223344",
            "2026-05-15T09:00:00.000Z#64ee9a8b1e7f2a0011223344#",
            "GLOBAL#64ee9a8b1e7f2a0011223344",
        ] {
            assert!(bad.parse::<Position>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_order_of_positions_is_the_order_of_their_texts() {
        let position =
            |millis, id| Position { created_at: Timestamp::from_millis(millis), id: ObjectId::from_bytes([id; 12]) };
        let ordered =
            [position(0, 9), position(1, 0), position(1, 1), position(1_778_835_600_000, 0), position(i64::MAX, 0)];
        assert!(ordered.is_sorted());
        assert!(ordered.map(|position| position.to_string()).is_sorted());
    }

    #[test]
    fn just_before_a_position_is_after_every_earlier_one() {
        let at = |millis, last| {
            let mut id = [0; 12];
            id[10..].copy_from_slice(&[last, 0]);
            Position { created_at: Timestamp::from_millis(millis), id: ObjectId::from_bytes(id) }
        };
        for (earlier, position) in [(at(7, 1), at(7, 2)), (at(6, 255), at(7, 0)), (at(7, 0), at(7, 1))] {
            let end = position.just_before();
            assert!(earlier.to_string() <= end && end < position.to_string(), "{end}");
        }
    }
}
