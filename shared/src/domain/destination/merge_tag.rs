//! Merge tags: what is filled in when an automation runs.

use std::borrow::Cow;

use crate::domain::redaction::PLACEHOLDER;

/// Stands for each byte of a merge tag in a masked text. No URL, address or number holds it.
pub(super) const MASK: char = '\u{1}';

/// Pairs of delimiters, those first that begin like a shorter one.
const PAIRS: [(&str, &str); 9] = [
    ("{{", "}}"),
    ("{%", "%}"),
    ("${", "}"),
    ("#{", "}"),
    ("@{", "}"),
    ("<%", "%>"),
    ("*|", "|*"),
    ("[[", "]]"),
    ("<<", ">>"),
];

/// A text of the same length in which every byte of a merge tag, and of what stands for a removed secret, is [`MASK`].
pub(super) struct MaskedText<'t> {
    pub(super) text: Cow<'t, str>,
    /// The quoted texts within merge tags: `{{ x | default: 'https://…' }}` sends to what is quoted.
    pub(super) literals: Vec<&'t str>,
}

/// Masks the merge tags of `text` in one pass.
pub(super) fn mask(text: &str) -> MaskedText<'_> {
    if !text.contains(['{', '[', '<', '*', '%']) {
        return MaskedText { text: Cow::Borrowed(text), literals: Vec::new() };
    }
    let mut scan = Scan { text, absent: [false; PAIRS.len()] };
    let (mut masked, mut literals) = (String::with_capacity(text.len()), Vec::new());
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        match scan.tag_at(at) {
            Some(end) => {
                quoted(&text[at..end], &mut literals);
                masked.extend(std::iter::repeat_n(MASK, end - at));
                at = end;
            }
            None => {
                masked.push(next);
                at += next.len_utf8();
            }
        }
    }
    MaskedText { text: Cow::Owned(masked), literals }
}

struct Scan<'t> {
    text: &'t str,
    /// Closing delimiters of which no more follow, so that none is searched for twice.
    absent: [bool; PAIRS.len()],
}

impl Scan<'_> {
    /// Where the tag that begins at `at` ends; `None` where none does.
    fn tag_at(&mut self, at: usize) -> Option<usize> {
        let rest = &self.text[at..];
        if rest.starts_with(PLACEHOLDER) {
            return Some(at + PLACEHOLDER.len());
        }
        for (number, (open, close)) in PAIRS.iter().enumerate() {
            if self.absent[number] || !rest.starts_with(open) {
                continue;
            }
            match rest[open.len()..].find(close) {
                Some(length) => return Some(at + open.len() + length + close.len()),
                None => self.absent[number] = true,
            }
        }
        named(rest, '{', '}').or_else(|| named(rest, '%', '%')).map(|length| at + length)
    }
}

/// The length of a tag that is a name between two characters: `{firstName}`, `%FIRSTNAME%`.
fn named(rest: &str, open: char, close: char) -> Option<usize> {
    let inner = rest.strip_prefix(open)?;
    let is_name = |c: char| c.is_alphanumeric() || "_.-".contains(c);
    let length = inner.find(|c| !is_name(c))?;
    let begins_well = inner.starts_with(|c: char| c.is_alphabetic() || c == '_');
    (length > 0 && begins_well && inner[length..].starts_with(close))
        .then_some(open.len_utf8() + length + close.len_utf8())
}

/// Adds the quoted texts of a tag, or of code.
pub(super) fn quoted<'t>(text: &'t str, literals: &mut Vec<&'t str>) {
    let mut rest = text;
    while let Some(open) = rest.find(['\'', '"', '`']) {
        let inner = &rest[open + 1..];
        let quote = &rest[open..=open];
        let Some(length) = inner.find(quote) else {
            // The other quotes may still close.
            rest = inner;
            if !rest.contains(['\'', '"', '`']) {
                return;
            }
            continue;
        };
        if length > 0 {
            literals.push(&inner[..length]);
        }
        rest = &inner[length + 1..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str) -> String {
        let masked = mask(text).text.into_owned();
        assert_eq!(masked.len(), text.len());
        masked.replace(MASK, "")
    }

    #[test]
    fn a_merge_tag_of_every_language_is_masked_and_nothing_else() {
        for tag in [
            "{{contact.email}}",
            "{% if a %}",
            "${x.y}",
            "#{x}",
            "@{triggerBody()['a']}",
            "<%= a %>",
            "*|EMAIL|*",
            "[[a]]",
            "<<a>>",
            "{first_name}",
            "%FIRSTNAME%",
            PLACEHOLDER,
        ] {
            assert_eq!(masked(&format!("a{tag}b")), "ab", "{tag}");
        }
        for text in ["", "plain", "{{ open", "{1}", "100%", "%20x%20", "[one]", "{ \"a\": 1 }", "a < b", "5 * 3"] {
            assert_eq!(masked(text), text, "{text}");
        }
    }

    #[test]
    fn what_a_tag_quotes_is_kept() {
        let literals = mask("{{ email | default: 'a@b.example' }} and {{ \"x\" }}").literals;
        assert_eq!(literals, ["a@b.example", "x"]);
    }
}
