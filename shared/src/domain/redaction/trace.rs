//! Traces: what a value has that the rules take for a secret, as expressions of which the image is searched for. A value without
//! them is words. Capitals within a word leave a digit in an image.

/// Returns what matches a value that looks made or chosen ([`is_named_secret`](super::credible::is_named_secret)), of at least `least`
/// characters of the class `value`.
pub(super) fn credible(value: &str, least: usize) -> String {
    // Marks that end a sentence count within a value.
    let within = format!(r"{value}*[{value}&&[!?]]{value}*[{value}--[.,!?:;)]]");
    format!("(?:{}|{within})", holding(value, least, "[0-9@$#%^*+=]"))
}

/// Returns what matches a value with a digit, as one has that a generator made ([`is_random`](super::looks::is_random)).
pub(super) fn with_digit(value: &str, least: usize) -> String {
    holding(value, least, "[0-9]")
}

/// At least `least` characters of the class `value`, of which one is in `mark`.
fn holding(value: &str, least: usize, mark: &str) -> String {
    let marked = |place: usize| match (least - 1).checked_sub(place) {
        Some(0) | None => format!("{value}{{{place},}}[{value}&&{mark}]"),
        Some(behind) => format!("{value}{{{place}}}[{value}&&{mark}]{value}{{{behind}}}"),
    };
    format!("(?:{})", (0..least).map(marked).collect::<Vec<_>>().join("|"))
}
