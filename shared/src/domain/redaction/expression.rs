//! Expressions, compiled.

use regex::Regex;
use regex::bytes::{Regex as ImageRegex, RegexBuilder, RegexSet, RegexSetBuilder};

/// Compiles `pattern` with the features of `regex` that the functions have. Tests have more of them: `\p{L}` compiles there alone.
///
/// # Panics
///
/// If it does not compile. A rule that is passed over in silence would leave secrets in the text.
#[expect(clippy::expect_used, reason = "a missing rule would leave secrets in the text")]
pub(super) fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the expression compiles with the features that are shipped")
}

/// Compiles an expression of images.
///
/// # Panics
///
/// If it does not compile, as above.
#[expect(clippy::expect_used, reason = "a missing gate would leave secrets in the text")]
pub(super) fn compiled_image(pattern: &str) -> ImageRegex {
    RegexBuilder::new(pattern).unicode(false).build().expect("the expression is one of bytes")
}

/// Compiles several, each told apart.
///
/// # Panics
///
/// If one does not compile, as above.
#[expect(clippy::expect_used, reason = "a missing gate would leave secrets in the text")]
pub(super) fn compiled_images(patterns: impl Iterator<Item = String>) -> RegexSet {
    RegexSetBuilder::new(patterns).unicode(false).build().expect("the expressions are of bytes")
}
