//! Phone numbers as people and machines write them.

use std::borrow::Cow;

use super::normal::{decoded, legible};

/// The fewest digits of a number without its country code.
pub(super) const MIN_NATIONAL_DIGITS: usize = 8;
/// The most digits of a country code (ITU-T E.164).
pub(super) const MAX_COUNTRY_DIGITS: usize = 3;
/// The most digits of a number with what is dialled before it.
const MAX_DIALLED: usize = 18;
/// The most separators between two digits of one number.
const MAX_SEPARATORS: usize = 3;
/// What an extension of a number begins with. Those that are longer come first.
const EXTENSIONS: [&str; 14] =
    ["extension", "durchwahl", "anexo", "poste", "ext", "доб", "int", "dw", "x", "#", "p", "w", ";ext=", ","];
/// The most digits of an extension, and of one behind a comma: what is longer may be another number of a list.
const MAX_EXTENSION: usize = 6;
const MAX_PAUSED_EXTENSION: usize = 4;
/// What is dialled before a number: from within a country, and from abroad.
pub(super) const DIALLED_FIRST: [&str; 4] = ["", "0", "00", "011"];

/// A number as it is written.
pub(super) struct DialledNumber {
    /// Whether it has the country code, as its plus says.
    pub(super) is_international: bool,
    pub(super) digits: String,
}

/// The number that `text` is; `None` where it is none.
pub(super) fn dialled(text: &str) -> Option<DialledNumber> {
    let text = if text.contains('%') { Cow::Owned(decoded(text)) } else { Cow::Borrowed(text) };
    let text = legible(&text);
    let text = without_extension(text.trim());
    let is_international = text.starts_with(['+', '＋']);
    // "(0)" is dialled within the country alone.
    let text = if is_international { text.replacen("(0)", "", 1) } else { text.to_owned() };
    let digits: Option<String> = text
        .chars()
        .filter(|c| !is_separator(*c) && !matches!(c, '+' | '＋'))
        .map(|c| digit(c).and_then(|digit| char::from_digit(digit, 10)))
        .collect();
    digits
        .filter(|digits| (1..=MAX_DIALLED).contains(&digits.len()))
        .map(|digits| DialledNumber { is_international, digits })
}

/// The number without the extension behind it.
fn without_extension(text: &str) -> &str {
    let inner = text.strip_suffix(')').unwrap_or(text).trim_end();
    let before = inner.trim_end_matches(|c: char| c.is_ascii_digit());
    let digits = inner.len() - before.len();
    let folded = before.trim_end_matches([' ', '.', ':', '=']).to_lowercase();
    // Lower case may have another length, where the word is not one of these.
    let Some(word) = EXTENSIONS.iter().find(|word| folded.ends_with(**word)) else { return text };
    let most = if *word == "," && !folded.ends_with(",,") { MAX_PAUSED_EXTENSION } else { MAX_EXTENSION };
    let Some(rest) = before.trim_end_matches([' ', '.', ':', '=']).get(..folded.len() - word.len()) else {
        return text;
    };
    if !(1..=most).contains(&digits) {
        return text;
    }
    rest.trim_end_matches([' ', ',', ';', '(', '.'])
}

/// The value of a digit: ASCII, full width, Arabic and Persian, Devanagari.
fn digit(c: char) -> Option<u32> {
    ['0', '\u{FF10}', '\u{660}', '\u{6F0}', '\u{966}']
        .into_iter()
        .find_map(|zero| u32::from(c).checked_sub(u32::from(zero)).filter(|digit| *digit < 10))
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '.' | '-' | '/' | '_' | '·' | '~' | '(' | ')' | '[' | ']' | '\u{2010}'
                ..='\u{2015}' | '\u{2212}' | '\u{FF0D}'
        )
}

/// Whether the digits of `phone`, with or without the country code, stand in `text` by themselves.
pub(super) fn holds_number(text: &str, phone: &str) -> bool {
    let (mut digits, mut glued, mut separators) = (String::new(), Vec::new(), usize::MAX);
    for c in text.chars() {
        if let Some(digit) = digit(c).and_then(|digit| char::from_digit(digit, 10)) {
            if separators > MAX_SEPARATORS && !digits.is_empty() {
                // Ends the number before.
                digits.push('x');
                glued.push(false);
            }
            glued.push(separators == 0);
            digits.push(digit);
            separators = 0;
        } else if matches!(c, '+' | '＋') {
            digits.push('+');
            glued.push(false);
            separators = 0;
        } else {
            separators = if is_separator(c) { separators.saturating_add(1) } else { usize::MAX };
        }
    }
    let national = (1..=MAX_COUNTRY_DIGITS).filter_map(|country| phone.get(country..));
    let needles = std::iter::once(phone).chain(national.filter(|digits| digits.len() >= MIN_NATIONAL_DIGITS));
    let stands_alone = |at: usize, needle: &str| {
        let before = glued[..=at].iter().rev().take_while(|glued| **glued).take(MAX_COUNTRY_DIGITS + 1).count();
        let first = &digits[at - before..at];
        let begins = DIALLED_FIRST.contains(&first) || (first == "+" && needle == phone);
        begins && !glued.get(at + needle.len()).copied().unwrap_or(false)
    };
    needles.into_iter().any(|needle| digits.match_indices(needle).any(|(at, _)| stands_alone(at, needle)))
}
