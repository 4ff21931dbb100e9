//! Keeps answers far below the 6 MB that Lambda lets through.

use std::borrow::Cow;

use serde::Serialize;

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

/// At most `max` code points of `text`, the last of them an ellipsis where it was longer.
pub fn cut(text: &str, max: usize) -> Cow<'_, str> {
    if text.chars().count() <= max {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().take(max - 1).chain(['…']).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_its_code_points() {
        for (length, expected) in [(199, "é".repeat(199)), (200, "é".repeat(200)), (201, "é".repeat(199) + "…")] {
            assert_eq!(cut(&"é".repeat(length), 200), expected);
        }
    }

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
