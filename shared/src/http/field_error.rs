//! What is wrong with one place of a request.

use serde::Serialize;
use utoipa::ToSchema;

use super::limits::MAX_REPEATED;
use crate::domain::cut;
use crate::domain::plan::Refusal;
use crate::domain::usage::Trace;

/// What is wrong with one place of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FieldError {
    /// Where in the body: a JSON pointer (RFC 6901); empty for the body as a whole, and for the query string.
    pub pointer: String,
    /// What was there and what is allowed.
    pub detail: String,
    /// The automation that it is about, as the snapshot or the request names it; left out where it is about none. One of more than 120
    /// characters ends in an ellipsis.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub automation_name: Option<String>,
    /// What that automation refers to, as the snapshot or the request names it: a stage, an agent, an id. Left out where it is about no
    /// reference; a very long one ends in an ellipsis.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reference: Option<String>,
    /// The value that is refused; left out where it is no single text. A very long one ends in an ellipsis.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub value: Option<String>,
}

impl FieldError {
    /// `detail` is wrong at `pointer`. Both may repeat what the caller sent, so both are cut where they are very long:
    /// 200 of them stay far below what a function may answer.
    pub fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        let cut = |text: String| cut(&text, MAX_REPEATED).into_owned();
        Self {
            pointer: cut(pointer.into()),
            detail: cut(detail.into()),
            automation_name: None,
            reference: None,
            value: None,
        }
    }
}

/// What the domain names is cut already.
impl From<&Refusal> for FieldError {
    fn from(refusal: &Refusal) -> Self {
        Self {
            automation_name: refusal.automation_name.clone(),
            reference: refusal.reference.clone(),
            value: refusal.value.clone(),
            ..Self::new(&refusal.pointer, &refusal.detail)
        }
    }
}

/// Each trace of use as an error without a place.
pub(super) fn in_words(traces: &[Trace]) -> Vec<FieldError> {
    traces.iter().map(|trace| FieldError::new("", trace.to_string())).collect()
}

/// The first error in full and the number of the others. `whole` is what an error without a place is about.
pub(super) fn summary(whole: &str, errors: &[FieldError]) -> String {
    let Some(first) = errors.first() else { return format!("{whole} is refused") };
    let place = if first.pointer.is_empty() { whole } else { first.pointer.as_str() };
    match errors.len() - 1 {
        0 => format!("{place}: {}", first.detail),
        more => format!("{place}: {} (and {more} more)", first.detail),
    }
}
