//! Names and lists in messages, cut to what a person reads.

use std::collections::HashSet;

use crate::domain::cut;

/// How many of a list a message looks at.
const MAX_COUNTED: usize = 1_000;
/// How many of a list a message names.
pub(super) const SHOWN: usize = 10;
/// How many code points of a JSON pointer a message shows.
const MAX_POINTER: usize = 200;

/// The first few of `names`, each once, in quotes.
pub(super) fn quoted<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let mut seen = HashSet::new();
    let unique: Vec<&str> = names.take(MAX_COUNTED).filter(|name| seen.insert(*name)).collect();
    let shown: Vec<String> = unique.iter().take(SHOWN).map(|name| shortened(name)).collect();
    first_few(&shown, unique.len())
}

/// The first few of `words` and how many more of `total` there are.
pub(super) fn first_few(words: &[String], total: usize) -> String {
    let shown = words.len().min(SHOWN);
    match total - shown {
        _ if total == 0 => "none".to_owned(),
        0 => words.join(", "),
        more => format!("{} and {more} more", words[..shown].join(", ")),
    }
}

/// The first few of `pointers` and how many more there are.
pub(super) fn first_pointers(pointers: &[String]) -> String {
    let shown: Vec<String> =
        pointers.iter().take(SHOWN).map(|pointer| cut(pointer, MAX_POINTER).into_owned()).collect();
    first_few(&shown, pointers.len())
}

/// A name in quotes, cut where it is very long.
pub(super) fn shortened(name: &str) -> String {
    const LONGEST: usize = 120;
    match name.char_indices().nth(LONGEST) {
        None => format!("{name:?}"),
        Some((end, _)) => format!("{:?}…", &name[..end]),
    }
}
