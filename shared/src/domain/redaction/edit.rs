//! A change of a text.

use std::ops::Range;

use super::coat::DecodedText;
use super::value_place::ValuePlace;
use crate::domain::OverBudget;

/// A change of a text: what stands at `range` goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) with: Substitute,
}

/// What stands where a secret stood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Substitute {
    Placeholder,
    /// The placeholder in quotation marks, for a number in JSON.
    Quoted,
    /// What is left of the address of a webhook.
    Address(String),
}

impl Edit {
    /// Takes out what stands at `range`.
    pub(super) fn removal(range: Range<usize>) -> Self {
        Self { range, with: Substitute::Placeholder }
    }

    /// The same change in the text with its coat.
    pub(super) fn through(self, coat: &DecodedText) -> Self {
        Self { range: coat.source(&self.range), ..self }
    }
}

/// Returns the changes of a text that stands at a place within another, in order, none touching another.
pub(super) type Search<'a> = dyn Fn(&str, ValuePlace) -> Result<Vec<Edit>, OverBudget> + 'a;
