//! A change of a text.

use std::ops::Range;

use super::coat::DecodedText;
use super::value_place::ValuePlace;
use crate::domain::OverBudget;

/// A change of a text: the characters in `range` are replaced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) range: Range<usize>,
    pub(super) with: Substitute,
}

/// The replacement of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Substitute {
    Placeholder,
    /// The placeholder in quotation marks, for a number in JSON.
    Quoted,
    /// The address of a webhook without its secret part.
    Address(String),
}

impl Edit {
    /// Returns the replacement of `range` by the placeholder.
    pub(super) fn removal(range: Range<usize>) -> Self {
        Self { range, with: Substitute::Placeholder }
    }

    /// Returns the same change in the text as it was before it was decoded.
    pub(super) fn through(self, coat: &DecodedText) -> Self {
        Self { range: coat.source(&self.range), ..self }
    }
}

/// Returns the changes of a text within another text, given the place of its value. They are in order and do not overlap.
pub(super) type Search<'a> = dyn Fn(&str, ValuePlace) -> Result<Vec<Edit>, OverBudget> + 'a;
