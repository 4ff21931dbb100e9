//! Keeps answers below the 6 MB that Lambda passes on.

use std::io::{self, Write};

use serde::Serialize;

use super::error::ApiError;
use super::limits::MAX_LISTED;
use crate::domain::{JsonWriteError, MeteredWriter, OverBudget, Work};

pub use crate::domain::cut;

/// The most bytes of an answer as Lambda counts them: "Invocation payload (request and response)" in its quotas, 6 MB. What
/// stands around a body, headers and all, has its room beyond this.
pub const MAX_BODY_BYTES: usize = 6_000_000;

/// The most bytes of one open-ended list in an answer, as Lambda counts them.
pub const MAX_LIST_BYTES: usize = 1_000_000;

/// How many bytes `text` has as Lambda counts it: the body of an answer is a JSON string in the runtime's own JSON, so a quote
/// or a backslash takes two bytes, and a control character, which a JSON body has escaped already, seven in all.
pub fn sent_bytes(text: &[u8]) -> usize {
    text.iter().copied().map(sent_byte).sum()
}

fn sent_byte(byte: u8) -> usize {
    match byte {
        b'"' | b'\\' | b'\n' | b'\r' | b'\t' | 0x08 | 0x0c => 2,
        0..0x20 => 6,
        _ => 1,
    }
}

/// The same of the JSON of `entry`, which is not made. Spends one unit for a byte.
pub fn sent_json_bytes(entry: &impl Serialize, work: &Work) -> Result<usize, OverBudget> {
    let mut out = MeteredWriter::new(ByteCounter(0), usize::MAX, work);
    match out.json(entry) {
        Ok(()) => Ok(out.into_parts().0.0),
        Err(JsonWriteError::OverBudget) => Err(OverBudget),
        // What cannot be written takes no room in any answer.
        Err(JsonWriteError::NoRoom) => Ok(usize::MAX),
    }
}

/// Counts the bytes that are written, as Lambda counts them.
struct ByteCounter(usize);

impl Write for ByteCounter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += sent_bytes(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The JSON of `value`, compact. Spends one unit for a byte. Fails with 500 where `value` has no JSON form.
pub fn written(value: &impl Serialize, work: &Work) -> Result<String, ApiError> {
    let mut out = MeteredWriter::new(Vec::new(), usize::MAX, work);
    match out.json(value) {
        Ok(()) => String::from_utf8(out.into_parts().0).map_err(ApiError::internal),
        Err(JsonWriteError::OverBudget) => Err(OverBudget.into()),
        Err(JsonWriteError::NoRoom) => Err(ApiError::internal("an answer has no JSON form")),
    }
}

/// The entries of a list that an answer shows, at most [`MAX_LISTED`], and how many there are where that is not all of them.
pub fn first_listed<T>(all: &[T]) -> (&[T], Option<usize>) {
    (&all[..all.len().min(MAX_LISTED)], (all.len() > MAX_LISTED).then_some(all.len()))
}

/// A list of what fits an answer: of its entries, in their order, those that together have no more bytes than there is room
/// for. One that does not fit hides no other.
pub struct BoundedList<T> {
    entries: Vec<T>,
    room: usize,
    total: usize,
}

impl<T: Serialize> BoundedList<T> {
    /// A list with room for so many bytes, as Lambda counts them.
    pub fn new(room: usize) -> Self {
        Self { entries: Vec::new(), room, total: 0 }
    }

    /// Whether an entry of so many bytes fits. One more byte is for the comma.
    pub fn has_room_for(&self, bytes: usize) -> bool {
        bytes < self.room
    }

    /// Counts an entry that does not fit.
    pub fn leave_out(&mut self) {
        self.total += 1;
    }

    /// Adds an entry where it fits, and counts it.
    pub fn add(&mut self, entry: T, work: &Work) -> Result<(), OverBudget> {
        let bytes = sent_json_bytes(&entry, work)?;
        self.add_sized(entry, bytes);
        Ok(())
    }

    /// The same with an entry that is known to have so many bytes.
    pub fn add_sized(&mut self, entry: T, bytes: usize) {
        self.total += 1;
        if self.has_room_for(bytes) {
            self.room -= bytes + 1;
            self.entries.push(entry);
        }
    }

    /// What fits, and how many there are in all where that is not all of them.
    pub fn finish(self) -> (Vec<T>, Option<usize>) {
        let all = self.entries.len() == self.total;
        (self.entries, (!all).then_some(self.total))
    }
}

/// Those of `entries` that fit [`MAX_LIST_BYTES`], and how many there are in all where that is not all of them.
pub fn first_that_fit<T: Serialize>(
    entries: impl IntoIterator<Item = T>,
    work: &Work,
) -> Result<(Vec<T>, Option<usize>), OverBudget> {
    first_within(MAX_LIST_BYTES, entries, work)
}

/// The same with `room` for so many bytes.
pub fn first_within<T: Serialize>(
    room: usize,
    entries: impl IntoIterator<Item = T>,
    work: &Work,
) -> Result<(Vec<T>, Option<usize>), OverBudget> {
    let mut list = BoundedList::new(room);
    entries.into_iter().try_for_each(|entry| list.add(entry, work))?;
    Ok(list.finish())
}

/// How many of `entries`, from the first, together have at most [`MAX_LIST_BYTES`]; at least one, if there is one: a page goes
/// on behind its last entry.
pub fn count_that_fit<T: Serialize>(entries: &[T], work: &Work) -> Result<usize, OverBudget> {
    let mut bytes = 0_usize;
    for (index, entry) in entries.iter().enumerate() {
        bytes = bytes.saturating_add(sent_json_bytes(entry, work)?).saturating_add(1);
        if bytes > MAX_LIST_BYTES {
            return Ok(index.max(1));
        }
    }
    Ok(entries.len())
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Two quotes, which take two bytes each, and a comma.
    fn entry(bytes: usize) -> String {
        "x".repeat(bytes - 5)
    }

    #[test]
    fn bytes_are_counted_as_the_runtime_sends_them() {
        for text in ["", "a\"b\\c", "\n\r\t\u{8}\u{c}\u{1}\u{1f}\u{7f}", "é😀", r#"{"a":"\u0001"}"#] {
            let sent = serde_json::to_string(text).unwrap().len() - 2;
            assert_eq!(sent_bytes(text.as_bytes()), sent, "{text:?}");
            let json = serde_json::to_string(text).unwrap();
            assert_eq!(sent_json_bytes(&text, &Work::unlimited()).unwrap(), sent_bytes(json.as_bytes()), "{text:?}");
        }
        assert_eq!(sent_json_bytes(&"\u{1}", &Work::unlimited()).unwrap(), 2 + 7 + 2);
    }

    #[test]
    fn a_list_ends_before_its_limit_and_what_does_not_fit_hides_nothing_else() {
        let fit = |entries: Vec<String>| first_that_fit(entries, &Work::unlimited()).unwrap();
        assert_eq!(fit(vec![entry(500_000); 2]), (vec![entry(500_000); 2], None));
        let (listed, total) = fit(vec![entry(500_000), entry(500_001), entry(6)]);
        assert_eq!((listed, total), (vec![entry(500_000), entry(6)], Some(3)));
        assert_eq!(fit(vec![entry(2_000_000), entry(6)]), (vec![entry(6)], Some(2)));
        assert_eq!(fit(vec![]), (vec![], None));
    }

    #[test]
    fn a_page_has_at_least_one_entry() {
        for (entries, count) in [
            (vec![entry(500_000), entry(500_000)], 2),
            (vec![entry(500_000), entry(500_001)], 1),
            (vec![entry(2_000_000), entry(6)], 1),
            (vec![], 0),
        ] {
            assert_eq!(count_that_fit(&entries, &Work::unlimited()), Ok(count));
        }
    }

    #[test]
    fn writing_and_counting_stop_once_the_time_is_over() {
        let (whole, list) = (Work::unlimited(), vec!["x".repeat(1_000); 1_000]);
        assert_eq!(written(&list, &whole).unwrap(), serde_json::to_string(&list).unwrap());
        assert_eq!(whole.done(), 1_003_001);
        let over = || {
            let looks = Cell::new(0);
            Work::until(move || looks.replace(looks.get() + 1) >= 3)
        };
        let (writing, counting) = (over(), over());
        assert!(matches!(written(&list, &writing), Err(ApiError::Unavailable { .. })));
        assert_eq!(sent_json_bytes(&list, &counting), Err(OverBudget));
        assert!([writing, counting].iter().all(|work| work.done() < 200_000));
    }
}
