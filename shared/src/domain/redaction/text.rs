//! Takes the secrets out of one text, by every rule of form, until none is left.

use std::ops::Range;

use serde_json::Value;

use super::{PLACEHOLDER, Redactor, encoded, forms};

/// How many coats are taken off a text: JSON within a string, base64, percent-encoding, in any order.
pub(super) const LAYERS: usize = 4;
/// How often a text is searched again after something was taken out of it. Once is the rule; what still changes after
/// this many rounds is taken out as a whole.
const ROUNDS: usize = 6;

/// What is left of a text; `None` when nothing had to go. Cleaning what is left changes nothing more.
pub(super) fn clean(text: &str, layers: usize) -> Option<String> {
    let mut left = round(text, layers)?;
    for _ in 1..ROUNDS {
        match round(&left, layers) {
            Some(less) => left = less,
            None => return Some(left),
        }
    }
    Some(PLACEHOLDER.to_owned())
}

/// Whether anything in `text` would have to go.
pub(super) fn has_secret(text: &str, layers: usize) -> bool {
    clean_json(text, layers).is_some() || !secrets(text, layers).is_empty()
}

fn round(text: &str, layers: usize) -> Option<String> {
    if let Some(cleaned) = clean_json(text, layers) {
        return Some(cleaned);
    }
    let found = secrets(text, layers);
    (!found.is_empty()).then(|| without(text, found))
}

/// A text that is JSON itself is walked by the same rules as the document it stands in.
fn clean_json(text: &str, layers: usize) -> Option<String> {
    let layers = layers.checked_sub(1)?;
    if !text.trim_start().starts_with(['{', '[', '"']) {
        return None;
    }
    let mut value: Value = serde_json::from_str(text).ok()?;
    let removed = Redactor::new(layers).run(&mut value);
    if removed.is_empty() { None } else { serde_json::to_string(&value).ok() }
}

/// Where the secrets stand, in order, none touching another. What stands between two placeholders is searched by itself,
/// so that nothing reaches over one.
fn secrets(text: &str, layers: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for segment in text.split(PLACEHOLDER) {
        let mut here = Vec::new();
        forms::find(segment, &mut here);
        encoded::find(segment, layers, &mut here);
        found.extend(here.into_iter().map(|range| range.start + start..range.end + start));
        start += segment.len() + PLACEHOLDER.len();
    }
    found.sort_by_key(|range| (range.start, range.end));
    found.dedup_by(|next, last| {
        let joins = next.start <= last.end;
        if joins {
            last.end = last.end.max(next.end);
        }
        joins
    });
    found
}

fn without(text: &str, found: Vec<Range<usize>>) -> String {
    let mut left = String::with_capacity(text.len());
    let mut at = 0;
    for range in found {
        left.push_str(text.get(at..range.start).unwrap_or_default());
        left.push_str(PLACEHOLDER);
        at = range.end;
    }
    left.push_str(text.get(at..).unwrap_or_default());
    left
}
