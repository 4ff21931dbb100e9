//! Texts that are shown shorter than they are.

use std::borrow::Cow;

/// At most `max` code points of `text`, the last of them an ellipsis where it was longer.
pub fn cut(text: &str, max: usize) -> Cow<'_, str> {
    // Looks no further than it has to: one name may be shown many times.
    if text.chars().nth(max).is_none() {
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
}
