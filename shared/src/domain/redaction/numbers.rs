//! Numbers with a check digit: of payment cards (ISO/IEC 7812, Luhn) and of bank accounts (ISO 13616, modulo 97).

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::expression::compiled;
use crate::domain::{OverBudget, Work};

/// 15 or 16 digits as cards have them: together, or in the groups that are printed, with one mark between all of them.
static CARD: LazyLock<Regex> = LazyLock::new(|| {
    let groups = |mark: &str| {
        format!("[2-6][0-9]{{3}}(?:{mark}[0-9]{{4}}){{3}}|3[47][0-9]{{2}}{mark}[0-9]{{6}}{mark}[0-9]{{5}}")
    };
    compiled(&format!(r"\b(?:{}|{}|{})\b", groups(""), groups(" "), groups("-")))
});
/// A country, two check digits, and the account together or in groups of four.
static IBAN: LazyLock<Regex> =
    LazyLock::new(|| compiled(r"(?i)\b[A-Z]{2}[0-9]{2}(?:[A-Z0-9]{11,30}|(?: [A-Z0-9]{4}){2,7}(?: [A-Z0-9]{1,3})?)\b"));
/// Countries with an IBAN, and how many characters theirs has (the SWIFT registry).
const LENGTHS: [(&str, usize); 44] = [
    ("AD", 24),
    ("AE", 23),
    ("AL", 28),
    ("AT", 20),
    ("BA", 20),
    ("BE", 16),
    ("BG", 22),
    ("BH", 22),
    ("BR", 29),
    ("CH", 21),
    ("CR", 22),
    ("CY", 28),
    ("CZ", 24),
    ("DE", 22),
    ("DK", 18),
    ("EE", 20),
    ("ES", 24),
    ("FI", 18),
    ("FR", 27),
    ("GB", 22),
    ("GE", 22),
    ("GI", 23),
    ("GR", 27),
    ("HR", 21),
    ("HU", 28),
    ("IE", 22),
    ("IL", 23),
    ("IS", 26),
    ("IT", 27),
    ("LI", 21),
    ("LT", 20),
    ("LU", 20),
    ("LV", 21),
    ("MC", 27),
    ("MT", 31),
    ("NL", 18),
    ("NO", 15),
    ("PL", 28),
    ("PT", 25),
    ("RO", 24),
    ("SA", 24),
    ("SE", 24),
    ("SK", 24),
    ("TR", 26),
];

/// Adds where the number of a card or an account stands in `text` to `found`.
pub(super) fn find(text: &str, found: &mut Vec<Range<usize>>, work: &Work) -> Result<(), OverBudget> {
    work.spend(text.len())?;
    let cards = CARD.find_iter(text);
    found.extend(
        cards.filter(|card| is_card(card.as_str()) && stands_alone(text, &card.range())).map(|card| card.range()),
    );
    for iban in IBAN.find_iter(text) {
        found.extend(iban_in(iban.as_str()).map(|length| iban.start()..iban.start() + length));
    }
    Ok(())
}

/// Whether a number is no part of a longer one, of an address, of a name.
fn stands_alone(text: &str, range: &Range<usize>) -> bool {
    let before = text[..range.start].chars().next_back();
    let after = text[range.end..].chars().next();
    let joins = |c: char| c.is_alphanumeric() || "/=_.-+#&?".contains(c);
    !before.is_some_and(joins) && !after.is_some_and(|c| c.is_alphanumeric() || "/=_-&".contains(c))
}

/// Whether the digits are those of a card: an issuer's range, and the check digit.
pub(super) fn is_card(text: &str) -> bool {
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let first = |count: usize| digits.iter().take(count).fold(0, |number, digit| number * 10 + digit);
    let is_issued = match digits.len() {
        15 => matches!(first(2), 34 | 37),
        16 => {
            first(1) == 4 || matches!(first(2), 51..=55 | 60 | 62 | 64 | 65 | 35) || (2221..=2720).contains(&first(4))
        }
        _ => false,
    };
    is_issued && digits.iter().collect::<std::collections::HashSet<_>>().len() > 1 && luhn(&digits) == 0
}

fn luhn(digits: &[u32]) -> u32 {
    let doubled = |digit: u32| if digit > 4 { digit * 2 - 9 } else { digit * 2 };
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| if place % 2 == 1 { doubled(*digit) } else { *digit })
        .sum();
    sum % 10
}

/// The length of the account number that `text` begins with, spaces and all.
fn iban_in(text: &str) -> Option<usize> {
    let country = text.get(..2)?.to_uppercase();
    let (_, length) = LENGTHS.iter().find(|(known, _)| *known == country)?;
    let mut places = text.char_indices().filter(|(_, c)| *c != ' ').map(|(place, _)| place);
    let last = places.nth(length - 1)?;
    // Its last group ends with it.
    let rest = &text[last + 1..];
    if rest.starts_with(|c: char| c.is_alphanumeric()) {
        return None;
    }
    let compact: Vec<char> = text[..=last].chars().filter(|c| *c != ' ').collect();
    let turned = compact.iter().skip(4).chain(compact.iter().take(4));
    let remainder = turned.filter_map(|c| c.to_digit(36)).fold(0_u32, |rest, digit| {
        let shift = if digit > 9 { 100 } else { 10 };
        (rest * shift + digit) % 97
    });
    (remainder == 1).then_some(last + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        let mut found = Vec::new();
        find(text, &mut found, &Work::unlimited()).unwrap();
        found.into_iter().map(|range| &text[range]).collect()
    }

    #[test]
    fn the_check_digits_decide() {
        assert_eq!(found("Card 4111 1111 1111 1111, 12/27"), ["4111 1111 1111 1111"]);
        assert_eq!(found("5555555555554444"), ["5555555555554444"]);
        assert_eq!(found("3782-822463-10005"), ["3782-822463-10005"]);
        assert_eq!(found("IBAN DE89 3704 0044 0532 0130 00 is"), ["DE89 3704 0044 0532 0130 00"]);
        assert_eq!(found("GB82WEST12345698765432."), ["GB82WEST12345698765432"]);
        for text in [
            "4111 1111 1111 1112",
            "Order 9111111111111111",
            "0000 0000 0000 0000",
            "https://acme.example/4111111111111111",
            "?id=4111111111111111&x=1",
            "DE88 3704 0044 0532 0130 00",
            "AB12 3456 7890 1234 5678",
            "4006381333931",
            // Words of digits beside each other, whose check digits are right by accident.
            "41111111 11111111",
            "4111 1111-1111 1111",
            "411111111111 1111",
            "3782 82246310005",
            "DE893704 00440532 013000",
        ] {
            assert_eq!(found(text), [""; 0], "{text}");
        }
    }
}
