//! What a value looks like, whatever stands around it: chosen by a person, made by a generator, the id of a record.

/// The least that a value has, in bytes, to be taken for a secret by its looks.
const SHORTEST: usize = 6;

pub(super) fn has_letter(text: &str) -> bool {
    text.contains(char::is_alphabetic)
}

pub(super) fn has_digit(text: &str) -> bool {
    text.contains(|c: char| c.is_ascii_digit())
}

/// Letters together with digits, in a form that people choose for passwords, too.
pub(super) fn is_password_like(value: &str) -> bool {
    let inner = value.trim_end_matches(['.', ',', '!', '?', ':', ';', ')']);
    value.len() >= SHORTEST
        && ((has_letter(value) && has_digit(value))
            || (has_letter(value) && inner.contains(['!', '@', '$', '#', '%', '^', '*', '?', '+', '=']))
            || (has_digit(value) && value.chars().all(|c| c.is_ascii_digit())))
}

/// Letters and digits within one piece of at least six characters: "abc123def", not "B2B-outreach".
pub(super) fn is_coded(value: &str) -> bool {
    let all_digits = value.len() >= SHORTEST && value.chars().all(|c| c.is_ascii_digit());
    all_digits
        || pieces(value).any(|piece| piece.len() >= SHORTEST && has_letter(piece) && has_digit(piece))
        || is_random(value)
}

/// Groups of four to six letters and digits, as licence keys and recovery codes are printed.
pub(super) fn is_grouped(value: &str) -> bool {
    let groups: Vec<&str> = value.split('-').collect();
    let is_group = |group: &&str| (4..=6).contains(&group.len()) && group.chars().all(|c| c.is_ascii_alphanumeric());
    let mixed = groups.iter().filter(|group| has_letter(group) && has_digit(group)).count();
    groups.len() >= 3 && groups.iter().all(is_group) && mixed >= 2
}

/// Longer than a word is, and not written like one or several: no person writes it by hand.
pub(super) fn is_long_and_no_word(value: &str) -> bool {
    let cased = |piece: &str| piece.chars().skip(1).any(char::is_uppercase) && piece.contains(char::is_lowercase);
    value.len() >= 20 && pieces(value).any(|piece| piece.len() >= 12 && cased(piece))
}

/// Made by a generator: digits and letters take turns often, or capitals stand where no word has them.
pub(super) fn is_random(value: &str) -> bool {
    let turns = |text: &str| {
        let classes = text.chars().filter(|c| c.is_alphanumeric()).map(|c| c.is_ascii_digit());
        classes.clone().zip(classes.skip(1)).filter(|(a, b)| a != b).count()
    };
    let cased = |text: &str| {
        let cases = text.chars().filter(|c| c.is_alphabetic()).map(char::is_uppercase);
        cases.clone().zip(cases.skip(1)).filter(|(a, b)| a != b).count()
    };
    // In a camel-cased name every third letter, at most, changes its case.
    let is_shuffled = |piece: &str| piece.len() >= 16 && cased(piece) * 5 >= piece.len() * 2;
    has_letter(value)
        && (pieces(value).any(is_shuffled)
            || pieces(value).any(|it| it.len() >= 12 && has_digit(it) && (turns(it) >= 3 || cased(it) >= 3))
            || (value.len() >= 20 && turns(value) >= 5))
}

/// A UUID, a 24-digit hexadecimal id or one of Twilio, which name records and open nothing.
pub(super) fn is_record_id(value: &str) -> bool {
    let hex = |text: &str| text.chars().all(|c| c.is_ascii_hexdigit());
    let is_uuid = || {
        let lengths: Vec<usize> = value.split('-').map(str::len).collect();
        lengths == [8, 4, 4, 4, 12] && value.split('-').all(hex)
    };
    // Twilio's ids have two capitals and 32 digits; the ids of its keys go, because they stand beside the secrets.
    let is_sid = || {
        value.len() == 34
            && !value.starts_with("SK")
            && value.starts_with(|c: char| c.is_ascii_uppercase())
            && value.get(2..).is_some_and(hex)
    };
    (value.len() == 24 && hex(value)) || is_uuid() || is_sid()
}

fn pieces(value: &str) -> impl Iterator<Item = &str> {
    value.split(|c: char| !c.is_alphanumeric()).filter(|piece| !piece.is_empty())
}
