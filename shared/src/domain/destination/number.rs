//! Phone numbers.

/// How sure the place makes that digits are a number to call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Digits {
    /// Nothing says so: only the international form counts.
    Unlikely,
    /// The field is called so: a national form counts, too.
    Expected,
    /// It is where a message or a call goes: a short code counts, too.
    Certain,
}

/// The number in `text` as E.164, or as its digits where it has no country; `None` where it is none. ITU-T E.164 allows 15 digits.
pub(super) fn parse(text: &str, digits: Digits) -> Option<String> {
    let text = text.trim();
    let (is_international, rest) = match text.strip_prefix('+').or_else(|| text.strip_prefix("00")) {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    // An extension is no part of the number.
    let rest = rest.split([';', ',', 'x', '#']).next().unwrap_or_default().trim_end();
    if !rest.chars().all(|c| c.is_ascii_digit() || " .-()/\u{a0}\u{2011}\u{2013}".contains(c)) || is_date(rest) {
        return None;
    }
    let number: String = rest.chars().filter(char::is_ascii_digit).collect();
    if text.starts_with('+') || (is_international && digits > Digits::Unlikely) {
        // "(0)" is dialled within the country alone.
        let number = if rest.contains("(0)") { number.replacen('0', "", 1) } else { number };
        let is_number = (7..=15).contains(&number.len()) && !number.starts_with('0');
        return is_number.then(|| format!("+{number}"));
    }
    let shortest = match digits {
        Digits::Unlikely => return None,
        Digits::Expected => 7,
        Digits::Certain => 3,
    };
    (shortest..=15).contains(&number.len()).then_some(number)
}

/// Dates and times have digits and hyphens as well.
fn is_date(text: &str) -> bool {
    let parts: Vec<&str> = text.split(['-', '/', '.']).collect();
    let lengths: Vec<usize> = parts.iter().map(|part| part.len()).collect();
    matches!(lengths.as_slice(), [4, 1..=2, 1..=2] | [1..=2, 1..=2, 4] | [1..=2, 1..=2, 2])
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_recognized_by_its_form_or_by_its_place() {
        use Digits::{Certain, Expected, Unlikely};
        for (text, digits, expected) in [
            ("+14155550177", Unlikely, Some("+14155550177")),
            ("+1 (415) 555-0177", Unlikely, Some("+14155550177")),
            ("+49 (0)30 1234567", Unlikely, Some("+49301234567")),
            ("00 44 20 7946 0018", Expected, Some("+442079460018")),
            ("(415) 555-0177", Expected, Some("4155550177")),
            ("415.555.0177", Expected, Some("4155550177")),
            ("4155550177", Expected, Some("4155550177")),
            ("78887", Certain, Some("78887")),
            ("+1415555017712345", Unlikely, None),
            ("+0200", Unlikely, None),
            ("+15", Unlikely, None),
            ("4155550177", Unlikely, None),
            ("0044 20 7946 0018", Unlikely, None),
            ("78887", Expected, None),
            ("2026-05-15", Certain, None),
            ("15/05/2026", Certain, None),
            ("+10 %", Unlikely, None),
            ("12:30", Certain, None),
            ("", Certain, None),
        ] {
            assert_eq!(parse(text, digits).as_deref(), expected, "{text}");
        }
    }
}
