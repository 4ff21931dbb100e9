//! Takes the secrets out of one text, by every rule, until none is left. Nothing else of it changes.

use std::ops::Range;

use super::edit::{Edit, Substitute};
use super::normal::normal;
use super::place::{self, PlaceDecision};
use super::value_place::ValuePlace;
use super::{PLACEHOLDER, encoded, forms, json, numbers, tables, within};
use crate::domain::{OverBudget, Work};

/// How many coats are taken off a text: JSON within a string, base64, percent-encoding, in any order.
pub(super) const LAYERS: usize = 4;
/// How often a text is searched again after something was taken out of it. Once is the rule; what still changes after
/// this many rounds is taken out as a whole.
const ROUNDS: usize = 6;

/// What is left of a text at `place`; `None` when nothing had to go. Cleaning what is left changes nothing more.
pub(super) fn clean(text: &str, place: ValuePlace, layers: usize, work: &Work) -> Result<Option<String>, OverBudget> {
    let found = edits_at(text, place, layers, work)?;
    if found.is_empty() {
        return Ok(None);
    }
    let mut left = applied(text, found);
    for _ in 1..ROUNDS {
        let found = edits_at(&left, place, layers, work)?;
        if found.is_empty() {
            return Ok(Some(left));
        }
        left = applied(&left, found);
    }
    Ok(Some(PLACEHOLDER.to_owned()))
}

/// What has to go of a text at `place`, in order, none touching another.
fn edits_at(text: &str, place: ValuePlace, layers: usize, work: &Work) -> Result<Vec<Edit>, OverBudget> {
    Ok(match place::decide(text, place, work)? {
        PlaceDecision::Stays => Vec::new(),
        PlaceDecision::Goes(with) => vec![Edit { range: 0..text.len(), with }],
        PlaceDecision::Searched => edits(text, layers, work)?,
    })
}

/// Returns the changes of a text that no rule of place decides. What stands between two placeholders is searched by itself, so that
/// nothing reaches over one.
fn edits(text: &str, layers: usize, work: &Work) -> Result<Vec<Edit>, OverBudget> {
    let mut found = Vec::new();
    let inner_layers = layers.checked_sub(1);
    let search = |text: &str, place: ValuePlace| edits_at(text, place, inner_layers.unwrap_or_default(), work);
    if inner_layers.is_some() {
        for node in json::find(text, work)? {
            within::find(&node, ValuePlace::Ordinary, &search, &mut found, work)?;
        }
    }
    let mut start = 0;
    for segment in text.split(PLACEHOLDER) {
        let mut here = Vec::new();
        match normal(segment) {
            None => as_read(segment, &mut here, work)?,
            Some(read) => {
                work.spend(segment.len())?;
                as_read(&read.text, &mut here, work)?;
                here.iter_mut().for_each(|range| *range = read.source(range));
            }
        }
        if inner_layers.is_some() {
            encoded::find(segment, &search, &mut here, work)?;
        }
        found.extend(here.into_iter().map(|range| Edit::removal(range.start + start..range.end + start)));
        start += segment.len() + PLACEHOLDER.len();
    }
    Ok(joined(found))
}

/// Adds where secrets stand in a text as it reads.
fn as_read(text: &str, found: &mut Vec<Range<usize>>, work: &Work) -> Result<(), OverBudget> {
    forms::find(text, found, work)?;
    numbers::find(text, found, work)?;
    tables::find(text, found, work)
}

/// Makes one change of those that overlap or touch.
fn joined(mut found: Vec<Edit>) -> Vec<Edit> {
    found.retain(|edit| !edit.range.is_empty());
    found.sort_by_key(|edit| (edit.range.start, std::cmp::Reverse(edit.range.end)));
    found.dedup_by(|next, last| {
        let joins = next.range.start <= last.range.end;
        if joins && next.range.end > last.range.end {
            last.range.end = next.range.end;
            last.with = Substitute::Placeholder;
        }
        joins
    });
    found
}

fn applied(text: &str, found: Vec<Edit>) -> String {
    let mut left = String::with_capacity(text.len());
    let mut at = 0;
    for Edit { range, with } in found {
        left.push_str(text.get(at..range.start).unwrap_or_default());
        match with {
            Substitute::Placeholder => left.push_str(PLACEHOLDER),
            Substitute::Quoted => left.extend(["\"", PLACEHOLDER, "\""]),
            Substitute::Address(address) => left.push_str(&address),
        }
        at = range.end;
    }
    left.push_str(text.get(at..).unwrap_or_default());
    left
}
