//! What a rule of form consists of.

use regex::Captures;

/// What a text must contain, an expression, and what judges a match of it.
pub(super) type FormRule = (Gate, String, MatchTest);
pub(super) type MatchTest = fn(&Match<'_, '_>) -> bool;

/// What a text must contain for a rule to match.
#[derive(Debug, Clone, Copy)]
pub(super) enum Gate {
    /// Nothing in particular.
    Open,
    /// At least one of these, in upper or lower case.
    Literals(&'static [&'static str]),
    /// The name of a secret with a value behind it, as the rule at this place of the named ones has them.
    Named(usize),
}

/// A match of a rule, in its text.
pub(super) struct Match<'t, 'c> {
    text: &'t str,
    captures: &'c Captures<'t>,
}

impl<'t, 'c> Match<'t, 'c> {
    pub(super) fn new(text: &'t str, captures: &'c Captures<'t>) -> Self {
        Self { text, captures }
    }

    pub(super) fn secret(&self) -> &'t str {
        self.group("secret")
    }

    pub(super) fn name(&self) -> &'t str {
        self.group("name")
    }

    pub(super) fn group(&self, name: &str) -> &'t str {
        self.captures.name(name).map_or("", |group| group.as_str())
    }

    /// At most `length` bytes before the match.
    pub(super) fn before(&self, length: usize) -> &'t str {
        let end = self.captures.get(0).map_or(0, |whole| whole.start());
        let mut start = end.saturating_sub(length);
        while !self.text.is_char_boundary(start) {
            start += 1;
        }
        &self.text[start..end]
    }

    /// At most `length` bytes after what would go.
    pub(super) fn after(&self, length: usize) -> &'t str {
        let start = self.captures.name("secret").map_or(self.text.len(), |secret| secret.end());
        let mut end = (start + length).min(self.text.len());
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        &self.text[start..end]
    }

    /// Whether what would go is the beginning of a merge tag: `$` of `${token}`.
    pub(super) fn is_cut_tag(&self) -> bool {
        let (after, value) = (self.after(1), self.secret());
        after.starts_with('{') && value.ends_with(['$', '#', '@', '%'])
            || after.starts_with('(') && value.ends_with('$')
    }
}

/// Quotation marks around a name or a value, as they come in JSON, in JSON within JSON, in HTML, and not at all.
pub(super) const QUOTE: &str = r#"(?:\\*["'`]|&quot;|&#3[49];){0,2}"#;

pub(super) fn always(_: &Match<'_, '_>) -> bool {
    true
}
