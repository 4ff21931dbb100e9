//! The normal forms in which a text is compared with the values of a person.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;
use unicode_normalization::UnicodeNormalization;

use crate::domain::invisible::is_ignorable;

/// The text in the width of ASCII and without characters that do not show: phones copy numbers with marks of direction around them.
pub(super) fn legible(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { Cow::Borrowed(text) } else { text.chars().filter(|c| !is_ignorable(*c)).nfkc().collect() }
}

/// The text without percent-encoding, in lower case.
pub(super) fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().to_lowercase()
}
