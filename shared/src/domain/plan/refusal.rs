//! What a plan refuses.

use super::choices::{BY_AUTOMATION, BY_REFERENCE};
use crate::domain::reference::MAX_REFERENCE_NAME;
use crate::domain::{cut, pointer};

/// The most refusals that a plan collects: an answer lists no more.
pub(super) const MAX_REFUSALS: usize = 200;
/// The most code points of a refusal's pointer. Keys and values can be as long as a body, and one stands in many pointers.
pub(super) const MAX_POINTER: usize = 1_000;

/// One reason for which an apply is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The place in the request, as a JSON pointer.
    pub pointer: String,
    /// What was there and what is allowed.
    pub detail: String,
    /// The automation that it is about, as the snapshot or the request names it.
    pub automation_name: Option<String>,
    /// What the automation refers to there, as the snapshot or the request names it.
    pub reference: Option<String>,
    /// The value of the request, or of the snapshot, that is refused.
    pub value: Option<String>,
}

impl Refusal {
    /// Refuses the place of the request that `place` leads to. An entry of a mapping names an automation and a reference. A
    /// very long pointer or name ends in an ellipsis.
    pub(super) fn at<S: AsRef<str>>(place: &[S], detail: String) -> Self {
        let segments = place.iter().map(|segment| cut(segment.as_ref(), MAX_POINTER));
        let field = place.first().map_or("", AsRef::as_ref);
        let named = |at: usize, fields: &[&str]| {
            let segment = place.get(at).filter(|_| fields.contains(&field));
            segment.map(|segment| cut(segment.as_ref(), MAX_REFERENCE_NAME).into_owned())
        };
        Self {
            pointer: cut(&pointer(segments), MAX_POINTER).into_owned(),
            detail,
            automation_name: named(1, &BY_AUTOMATION),
            reference: named(2, &BY_REFERENCE),
            value: None,
        }
    }

    /// Names the value that is refused.
    pub(super) fn of_value(self, value: &str) -> Self {
        Self { value: Some(cut(value, MAX_REFERENCE_NAME).into_owned()), ..self }
    }
}
