//! The gates of the rules of a value behind a name: which of them can find something in a text.

use std::sync::LazyLock;

use regex::bytes::{Regex, RegexSet};

use super::super::expression::{compiled_image, compiled_images};
use super::super::image::{expression, image};
use super::super::named::{NamedRule, OPTION, SIGN, WORD, named};

/// Matches the image of every text in which a rule finds something. Most texts have no such place, and one expression costs less than
/// a dozen. Where only an option shows the name, it stands by itself; all others share the names.
static ANY: LazyLock<Regex> = LazyLock::new(|| {
    let (options, others): (Vec<_>, Vec<_>) = named().into_iter().partition(|rule| rule.before == OPTION);
    let traces: Vec<_> = others.into_iter().map(|rule| unnamed(rule.trace)).collect();
    let shared = format!("(?:{WORD}|{SIGN})(?:{})", traces.join("|"));
    let all: Vec<_> = options.into_iter().map(whole).chain([shared]).collect();
    compiled_image(&expression(&all.join("|")))
});

/// Matches the same, with one expression for each rule.
static EACH: LazyLock<RegexSet> =
    LazyLock::new(|| compiled_images(named().into_iter().map(|rule| expression(&whole(rule)))));

fn whole(rule: NamedRule) -> String {
    let NamedRule { before, name, trace, .. } = rule;
    format!("{before}(?:{name})(?:{})", unnamed(trace))
}

/// Returns an expression without names of groups, which may come once only.
fn unnamed(expression: String) -> String {
    let groups = ["(?<gap>", "(?<separator>", "(?<qualifier>"];
    groups.iter().fold(expression, |expression, group| expression.replace(group, "(?:"))
}

/// Returns the places of the rules that may find something in `text`.
pub(super) fn opened(text: &str) -> Vec<usize> {
    let image = image(text);
    if ANY.is_match(&image) { EACH.matches(&image).into_iter().collect() } else { Vec::new() }
}

#[cfg(test)]
mod tests;
