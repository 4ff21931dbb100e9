//! Whether a value can be a secret where something before it says that it is one.

use super::looks::{
    has_digit, has_letter, is_coded, is_grouped, is_long_and_no_word, is_password_like, is_random, is_record_id,
};
use super::names::SecretHint;
use super::stand_in::stands_in;

/// Whether `value`, which follows a name in prose ("token: abc123"), is a secret and not a word.
pub(super) fn is_named_secret(hint: SecretHint, value: &str) -> bool {
    match hint {
        _ if is_plain(value) => false,
        SecretHint::Plain => false,
        SecretHint::Weak => is_random(value) && !is_record_id(value),
        SecretHint::Strong => is_coded(value) || is_grouped(value) || is_long_and_no_word(value),
        SecretHint::Password => is_password_like(value) || is_long_and_no_word(value),
    }
}

/// Whether `value`, which is bound to a name as programs write it (`token=abc`, `"token": "abc"`), is a secret.
pub(super) fn is_assigned_secret(hint: SecretHint, value: &str) -> bool {
    match hint {
        SecretHint::Strong | SecretHint::Password => value.len() >= 4 && !is_plain(value),
        other => is_named_secret(other, value),
    }
}

/// Stands for a value, or says that there is one: a variable, a merge tag, a type, stars, a link, a call, a count, a date.
pub(super) fn is_plain(value: &str) -> bool {
    let is_variable = value.strip_prefix('$').is_some_and(|name| {
        name.starts_with(|c: char| c.is_ascii_uppercase() || "({".contains(c))
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "_{}().".contains(c))
    });
    stands_in(value)
        || is_variable
        || value.starts_with(['<', '{', '[', '(', '…'])
        || value.starts_with("//")
        || value.strip_prefix('!').is_some_and(|tag| tag.chars().all(char::is_alphabetic))
        || value.starts_with('%') && !value.contains(|c: char| c.is_ascii_digit())
        || value.contains(['(', '…'])
        || starts_with_a_count(value)
        || is_measure(value)
        || value.contains(is_ideograph)
        || is_address(value)
}

/// A date, a time, an amount, a range: digits and what stands between them.
fn is_measure(value: &str) -> bool {
    let marks = value.chars().filter(|c| !c.is_ascii_digit()).collect::<String>();
    !marks.is_empty()
        && marks.chars().all(|c| ".,:/-+%€$£ TZh".contains(c))
        && value.contains(|c: char| c.is_ascii_digit())
}

/// A letter of a language that has no spaces: what follows a label is a sentence.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{3040}'..='\u{30FF}' | '\u{3400}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}')
}

/// An e-mail address.
fn is_address(value: &str) -> bool {
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "._+-".contains(c));
    value
        .split_once('@')
        .is_some_and(|(local, domain)| is_part(local) && is_part(domain) && domain.trim_end_matches('.').contains('.'))
}

/// "8-characters", "3-step", "24/7-support".
fn starts_with_a_count(value: &str) -> bool {
    let rest = value.trim_start_matches(|c: char| c.is_ascii_digit());
    let word = rest.trim_start_matches(|c: char| !c.is_alphanumeric()).trim_start_matches(|c: char| c.is_ascii_digit());
    let word = word.trim_start_matches(|c: char| !c.is_alphanumeric());
    rest.len() < value.len()
        && word.len() < rest.len()
        && word.chars().all(|c| c.is_alphabetic() || ".,!".contains(c))
        && !word.is_empty()
}

/// Letters, digits and a mark in one word: what people choose for a password where they have to, and write for nothing else.
pub(super) fn is_chosen(value: &str) -> bool {
    value.len() >= 8
        && has_letter(value)
        && has_digit(value)
        && value.contains(['!', '@', '#', '$', '%', '^', '&', '*', '?'])
        && !value.contains('/')
        && !is_plain(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_counts_variables_and_links_are_no_secrets() {
        for value in [
            "required",
            "listening",
            "3-step",
            "8+characters",
            "24/7-support",
            "$DB_PASSWORD",
            "${TOKEN}",
            "%TOKEN%",
            "********",
            "xxxxxxxx",
            "YOUR_API_KEY",
            "https://acme.example/reset?user=4",
            "getToken(user1)",
            "<token>",
            "[token]",
        ] {
            for hint in [SecretHint::Weak, SecretHint::Strong, SecretHint::Password] {
                assert!(!is_named_secret(hint, value), "{value}");
            }
        }
        assert!(!is_named_secret(SecretHint::Strong, "B2B-outreach"));
        assert!(!is_named_secret(SecretHint::Strong, "Kundenzufriedenheitsanalyse"));
    }

    #[test]
    fn what_people_and_generators_make_up_is_a_secret_after_its_name() {
        for value in ["hunter22", "TempPass!2026", "Demo-Pass-2026!", "482913", "p@sswurd", "aB3dE5fG7hI9kL1"] {
            assert!(is_named_secret(SecretHint::Password, value), "{value}");
        }
        for value in ["abc123def", "9f8e7d6c5b4a39281706", "aBcDeFgHiJkLmNoPqRsTu"] {
            assert!(is_named_secret(SecretHint::Strong, value), "{value}");
        }
        assert!(is_named_secret(SecretHint::Weak, "9f8e7d6c5b4a39281706f5e4d3c2b1a0"));
        assert!(!is_named_secret(SecretHint::Weak, "city"));
        assert!(!is_named_secret(SecretHint::Weak, "64ee9a8b1e7f2a0011223344"));
        assert!(!is_named_secret(SecretHint::Weak, "123e4567-e89b-42d3-a456-426614174000"));
    }

    #[test]
    fn what_a_program_assigns_needs_no_looks() {
        assert!(is_assigned_secret(SecretHint::Strong, "abcd"));
        assert!(!is_assigned_secret(SecretHint::Strong, "abc"));
        assert!(!is_assigned_secret(SecretHint::Strong, "required"));
        assert!(!is_assigned_secret(SecretHint::Weak, "home"));
    }
}
