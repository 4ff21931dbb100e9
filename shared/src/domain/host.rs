//! Names of hosts, as they are shown to people.

use std::borrow::Cow;

use unicode_security::{RestrictionLevel, RestrictionLevelDetection};

/// The name of a host for people: as it was written, or as punycode where a letter of it may pass for another one, as the
/// Cyrillic а of `аpple.example` does. `ascii` is the name as punycode.
///
/// A name is shown as written where the whole of it is at most "highly restrictive" (UTS #39, section 5.2): one script, or
/// Latin with those that Chinese, Japanese and Korean are written with. The whole, because the Cyrillic letters of
/// `аррӏе.com` mix with nothing but the last label.
pub(super) fn shown<'a>(written: &'a str, ascii: &'a str) -> Cow<'a, str> {
    // Dots are of every script and of none that an identifier has.
    let letters: String = written.chars().filter(|it| *it != '.').collect();
    let is_plain = letters.is_ascii() || letters.check_restriction_level(RestrictionLevel::HighlyRestrictive);
    Cow::Borrowed(if is_plain { written } else { ascii })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_of_one_script_is_shown_as_written() {
        for name in [
            "acme.example",
            "ACME.example.",
            "xn--pple-43d.example",
            "bücher.example",
            "пример.рф",
            "παράδειγμα.ελ",
            "例え.jp",
            "昨夜のコンサート.example",
            "한국.example",
            "مثال.السعودية",
            "acme-1.example",
        ] {
            assert_eq!(shown(name, "the punycode"), name);
        }
    }

    #[test]
    fn a_name_whose_letters_may_pass_for_others_is_shown_as_punycode() {
        for name in [
            "\u{430}pple.example",
            "\u{430}\u{440}\u{440}\u{4cf}\u{435}.com",
            "pay\u{3c1}al.example",
            "пример.example",
            "\u{ff41}cme.example",
            "acme\u{3002}example",
            "\u{585}ne.example",
            "i\u{2764}.example",
            "मराठी.example",
        ] {
            assert_eq!(shown(name, "the punycode"), "the punycode", "{name}");
        }
    }
}
