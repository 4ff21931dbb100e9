//! The lines in which a text is compared and shown: its own, and long ones in pieces.
//!
//! Prompts are often one line of many kilobytes. Where a line is broken follows from the text around that place alone, not
//! from how far it is from the line's start: so an edit changes the pieces that it touches, and those after it stay the same.

/// The most code points of a line that is shown: what a screen holds in two rows or three.
pub const MAX_LINE: usize = 200;
/// The fewest code points of a piece where only chance says where a line breaks.
const SHORTEST_BY_CHANCE: usize = 40;

/// One line to be compared and shown. Two are equal only if they end in the same way, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Line<'a> {
    pub(super) text: &'a str,
    pub(super) end: End,
}

/// How a line ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum End {
    /// In a line break of the text.
    Newline,
    /// It is a piece, and the next piece follows.
    GoesOn,
    /// It is the last one, and no line break follows.
    Text,
}

/// Returns the lines of `text`. A text that ends without a line break differs from one that ends with it only where
/// `end_matters`.
pub(super) fn lines(text: &str, end_matters: bool) -> Vec<Line<'_>> {
    let mut lines = Vec::new();
    for whole in text.split_inclusive('\n') {
        let line = whole.strip_suffix('\n');
        let end = if line.is_none() && end_matters { End::Text } else { End::Newline };
        break_up(line.unwrap_or(whole), &RULES, &mut |text| lines.push(Line { text, end: End::GoesOn }));
        if let Some(last) = lines.last_mut() {
            last.end = end;
        }
    }
    lines
}

/// A place where a long line may be broken.
struct Rule {
    /// Whether it may, between the text before and the text after. Neither is empty.
    breaks: fn(&str, &str) -> bool,
    /// The fewest code points of a piece.
    shortest: usize,
}

/// The best places first. The next rule is asked where a piece is still too long.
const RULES: [Rule; 7] = [
    // Between two elements of markup.
    Rule { breaks: |before, after| after.starts_with('<') && before.trim_end().ends_with('>'), shortest: 1 },
    // After a sentence.
    Rule {
        breaks: |before, after| is_after(before, after, &['.', '!', '?', '…'], &['。', '！', '？']), shortest: 1
    },
    // After a tag.
    Rule { breaks: |before, after| is_after(before, after, &[], &['>']), shortest: 1 },
    // After a part of a sentence.
    Rule { breaks: |before, after| is_after(before, after, &[',', ';', ':'], &['，', '、', '；']), shortest: 1 },
    // After one word in four.
    Rule {
        breaks: |before, after| {
            before.ends_with(char::is_whitespace)
                && !after.starts_with(char::is_whitespace)
                && chance(before).is_multiple_of(4)
        },
        shortest: SHORTEST_BY_CHANCE,
    },
    // After one code point in 64.
    Rule { breaks: |before, _| chance(before).is_multiple_of(64), shortest: SHORTEST_BY_CHANCE },
    // Anywhere. From here to the next place of another rule, an edit does shift the pieces.
    Rule { breaks: |_, _| true, shortest: MAX_LINE },
];

/// Whether `before` ends in one of `anyhow`, or in one of `spaced` with white space after it, and a word comes next.
fn is_after(before: &str, after: &str, spaced: &[char], anyhow: &[char]) -> bool {
    if after.starts_with(char::is_whitespace) {
        return false;
    }
    let trimmed = before.trim_end();
    trimmed.ends_with(anyhow) || (trimmed.len() < before.len() && trimmed.ends_with(spaced))
}

/// A number that follows from the last eight code points alone (FNV-1a).
fn chance(before: &str) -> u32 {
    let mix = |hash: u32, char| (hash ^ u32::from(char)).wrapping_mul(0x0100_0193);
    let mixed = before.chars().rev().take(8).fold(0x811c_9dc5, mix);
    // The lowest bits of FNV are its worst.
    mixed ^ (mixed >> 16)
}

/// Gives the pieces of `text` to `found`, in order.
fn break_up<'a>(text: &'a str, rules: &[Rule], found: &mut impl FnMut(&'a str)) {
    let is_long = text.chars().nth(MAX_LINE).is_some();
    let Some((rule, weaker)) = rules.split_first().filter(|_| is_long) else {
        return found(text);
    };
    let (mut start, mut length) = (0, 0);
    for (index, _) in text.char_indices().skip(1) {
        length += 1;
        let (before, after) = text.split_at(index);
        if length >= rule.shortest && (rule.breaks)(before, after) {
            break_up(&before[start..], weaker, found);
            (start, length) = (index, 0);
        }
    }
    break_up(&text[start..], weaker, found);
}
