//! Keeps answers far below the 6 MB that Lambda lets through.

use serde::Serialize;

pub use crate::domain::cut;

/// The most bytes of JSON of one open-ended list in an answer.
pub const MAX_LIST_BYTES: usize = 1_000_000;

/// The first of `entries` that together have at most [`MAX_LIST_BYTES`] as JSON, but at least one, and how many there are
/// in all where that is not all of them.
pub fn first_that_fit<T: Serialize>(entries: Vec<T>) -> (Vec<T>, Option<usize>) {
    let total = entries.len();
    let fitting = count_that_fit(&entries);
    let fit: Vec<T> = entries.into_iter().take(fitting).collect();
    (fit, (fitting < total).then_some(total))
}

/// How many of `entries`, from the first, together have at most [`MAX_LIST_BYTES`] as JSON; at least one, if there is one.
pub fn count_that_fit<T: Serialize>(entries: &[T]) -> usize {
    let mut bytes = 0;
    let beyond = entries.iter().position(|entry| {
        // One more for the comma.
        bytes += serde_json::to_vec(entry).map_or(0, |json| json.len()) + 1;
        bytes > MAX_LIST_BYTES
    });
    beyond.map_or(entries.len(), |index| index.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_ends_before_its_limit_but_has_at_least_one_entry() {
        // Two quotes and a comma.
        let entry = |bytes: usize| "x".repeat(bytes - 3);
        assert_eq!(first_that_fit(vec![entry(500_000); 2]), (vec![entry(500_000); 2], None));
        let (fit, total) = first_that_fit(vec![entry(500_000), entry(500_001), entry(3)]);
        assert_eq!((fit.len(), total), (1, Some(3)));
        let (fit, total) = first_that_fit(vec![entry(2_000_000), entry(3)]);
        assert_eq!((fit.len(), total), (1, Some(2)));
        assert_eq!(first_that_fit(Vec::<String>::new()), (vec![], None));
    }
}
