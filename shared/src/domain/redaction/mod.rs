//! Secrets never travel: what looks like a credential is taken out of a captured document, and its place is recorded.
//!
//! Two kinds of rule. A rule of place (`place.rs`, by the names in `names.rs`) removes by where a value stands: the path of
//! a webhook URL, webhook headers and payload values, a field called `apiKey`. A rule of form (`forms.rs`, with the
//! issuers' own formats in `formats.rs`) removes by what a value looks like, in any text, also when that text is JSON,
//! base64 or percent-encoded within another (`encoded.rs`). What a rule finds has to be credible (`credible.rs`), because
//! "Your password: required" is a sentence that has to arrive as it was written.

mod addresses;
mod again;
mod coat;
mod credible;
mod edit;
mod encoded;
mod expression;
mod fields;
mod formats;
mod forms;
mod gate;
mod image;
mod json;
mod labels;
mod looks;
mod missing;
mod named;
mod names;
mod normal;
mod numbers;
mod openers;
mod place;
mod rule;
mod shape;
mod share;
mod stand_in;
mod tables;
mod text;
mod trace;
mod value_place;
mod vocabulary;
mod walk;
mod webhook;
mod within;

use std::borrow::Cow;

pub use self::again::redact_again;
pub use self::missing::{SecretPlaces, hide};
pub use self::share::{CapabilityLinks, capability_links};
use self::value_place::ValuePlace;
use self::walk::Redactor;
use super::{Document, OverBudget, Work};

/// What stands where a secret stood.
pub const PLACEHOLDER: &str = "[removed secret]";

/// How many places may be named, and with how many bytes of pointers. What is named is taken from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// How many places.
    pub places: usize,
    /// How many bytes their pointers have together.
    pub pointer_bytes: usize,
}

impl Allowance {
    /// As many places as there are.
    pub const UNLIMITED: Self = Self { places: usize::MAX, pointer_bytes: usize::MAX };
}

/// The limit at which a search for places stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitError {
    /// There are more places with secrets than the allowance has.
    TooManyPlaces,
    /// Their pointers are longer than the allowance has.
    LongPointers,
    /// The time is over.
    OverBudget,
}

impl From<OverBudget> for LimitError {
    fn from(_: OverBudget) -> Self {
        Self::OverBudget
    }
}

/// A text that gets through the gates that most setups open.
const ORDINARY: &str = "Hi {{firstName}},\n\nit’s about the 25% of {{companyName}}: see https://acme.example/a/b?c=1&d=2 (2026) or \
    write to <ops@acme.example>. Sign up inside, or call +1 415 555 0100 — today!\n- a \"b\": 'c', d=e; f_g-h";

/// Compiles the rules that most setups need, which takes some milliseconds. Call it while the function starts.
pub fn prepare() {
    redact_text(ORDINARY);
}

/// Takes every secret out of `document` and gives the JSON pointers of the values that changed, in document order. A key
/// that is a secret itself is replaced as well, and the pointers have its new name. Doing it again changes nothing more.
pub fn redact(document: &mut Document) -> Vec<String> {
    // Without limits it cannot stop.
    redact_within(document, &mut Allowance::UNLIMITED.clone(), &Work::unlimited()).unwrap_or_default()
}

/// The same within limits. A document that it stopped at is not to be used.
pub fn redact_within(
    document: &mut Document,
    allowance: &mut Allowance,
    work: &Work,
) -> Result<Vec<String>, LimitError> {
    let redacted = document.without_binaries(|fields| Redactor::new(text::LAYERS, allowance, work).run_fields(fields));
    redacted.unwrap_or_else(|| Ok(Vec::new()))
}

/// Does the same to one text outside a document, such as a message for the log.
pub fn redact_text(text: &str) -> Cow<'_, str> {
    match text::clean(text, ValuePlace::Ordinary, text::LAYERS, &Work::unlimited()) {
        Ok(None) => Cow::Borrowed(text),
        Ok(Some(cleaned)) => Cow::Owned(cleaned),
        Err(OverBudget) => Cow::Borrowed(PLACEHOLDER),
    }
}

#[cfg(test)]
mod tests;
