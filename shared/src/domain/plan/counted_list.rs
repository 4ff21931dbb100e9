//! Lists in a plan: the first entries and the number of all, because an answer shows no more.

use serde::{Serialize, Serializer};

/// The most entries of one list. An answer shows no more.
pub const MAX_LISTED: usize = 200;
/// The most entries of all lists of one kind together. An answer has room for fewer: one takes at least 150 bytes of 1 MB.
const MAX_LISTED_IN_ALL: usize = 10_000;

/// The first entries of a list, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CountedList<T> {
    /// The first ones, at most [`MAX_LISTED`].
    pub listed: Vec<T>,
    /// How many there are in all.
    pub total: usize,
}

impl<T> Default for CountedList<T> {
    fn default() -> Self {
        Self { listed: Vec::new(), total: 0 }
    }
}

impl<T> CountedList<T> {
    /// Whether there is no entry.
    pub fn is_empty(&self) -> bool {
        self.total == 0
    }

    /// How many entries there are, where not all are listed.
    pub fn total_beyond(&self, shown: usize) -> Option<usize> {
        (self.total > shown).then_some(self.total)
    }

    /// Counts an entry, and makes it where the list and all lists of its kind, which have `room`, can still take it.
    pub(super) fn add(&mut self, room: &mut usize, entry: impl FnOnce() -> T) {
        self.total += 1;
        if self.listed.len() < MAX_LISTED && *room > 0 {
            *room -= 1;
            self.listed.push(entry());
        }
    }
}

impl<T> From<Vec<T>> for CountedList<T> {
    fn from(listed: Vec<T>) -> Self {
        Self { total: listed.len(), listed }
    }
}

impl<T: Serialize> Serialize for CountedList<T> {
    /// As the number and the first ones: the rest follows from the documents of the clones.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.total, &self.listed).serialize(serializer)
    }
}

/// How many references a plan can still list.
pub(super) struct Room {
    pub(super) mapped: usize,
    pub(super) dangling: usize,
}

impl Default for Room {
    fn default() -> Self {
        Self { mapped: MAX_LISTED_IN_ALL, dangling: MAX_LISTED_IN_ALL }
    }
}
