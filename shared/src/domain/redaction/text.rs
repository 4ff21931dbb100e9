//! Takes the secrets out of one text, by every rule of form, until none is left.

use std::ops::Range;

use serde_json::Value;

use super::walk::Redactor;
use super::{PLACEHOLDER, encoded, forms};
use crate::domain::{OverBudget, Work};

/// How many coats are taken off a text: JSON within a string, base64, percent-encoding, in any order.
pub(super) const LAYERS: usize = 4;
/// How often a text is searched again after something was taken out of it. Once is the rule; what still changes after
/// this many rounds is taken out as a whole.
const ROUNDS: usize = 6;

/// What is left of a text; `None` when nothing had to go. Cleaning what is left changes nothing more.
pub(super) fn clean(text: &str, layers: usize, work: &Work) -> Result<Option<String>, OverBudget> {
    let Some(mut left) = round(text, layers, work)? else { return Ok(None) };
    for _ in 1..ROUNDS {
        match round(&left, layers, work)? {
            Some(less) => left = less,
            None => return Ok(Some(left)),
        }
    }
    Ok(Some(PLACEHOLDER.to_owned()))
}

/// Whether anything in `text` would have to go.
pub(super) fn has_secret(text: &str, layers: usize, work: &Work) -> Result<bool, OverBudget> {
    Ok(clean_json(text, layers, work)?.is_some() || !secrets(text, layers, work)?.is_empty())
}

fn round(text: &str, layers: usize, work: &Work) -> Result<Option<String>, OverBudget> {
    if let Some(cleaned) = clean_json(text, layers, work)? {
        return Ok(Some(cleaned));
    }
    let found = secrets(text, layers, work)?;
    Ok((!found.is_empty()).then(|| without(text, found)))
}

/// A text that is JSON itself is walked by the same rules as the document it stands in.
fn clean_json(text: &str, layers: usize, work: &Work) -> Result<Option<String>, OverBudget> {
    let Some(layers) = layers.checked_sub(1) else { return Ok(None) };
    if !text.trim_start().starts_with(['{', '[', '"']) {
        return Ok(None);
    }
    work.spend(text.len())?;
    let Ok(mut value) = serde_json::from_str::<Value>(text) else { return Ok(None) };
    let changed = Redactor::changes(&mut value, layers, work)?;
    Ok(if changed { serde_json::to_string(&value).ok() } else { None })
}

/// Where the secrets stand, in order, none touching another. What stands between two placeholders is searched by itself,
/// so that nothing reaches over one.
fn secrets(text: &str, layers: usize, work: &Work) -> Result<Vec<Range<usize>>, OverBudget> {
    let mut found = Vec::new();
    let mut start = 0;
    for segment in text.split(PLACEHOLDER) {
        let mut here = Vec::new();
        forms::find(segment, &mut here, work)?;
        encoded::find(segment, layers, &mut here, work)?;
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
    Ok(found)
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
