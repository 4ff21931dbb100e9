//! Expressions, compiled.

use regex::Regex;

/// Compiles `pattern` with the features of `regex` that the functions have. Tests have more of them: `\p{L}` compiles there alone.
///
/// # Panics
///
/// If it does not compile. A rule that is passed over in silence would leave secrets in the text.
#[expect(clippy::expect_used, reason = "a missing rule would leave secrets in the text")]
pub(super) fn compiled(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the expression compiles with the features that are shipped")
}
