//! What a plan refuses.

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
}

impl Refusal {
    /// At the place of the request that `place` leads to. A very long pointer ends in an ellipsis.
    pub(super) fn at<S: AsRef<str>>(place: &[S], detail: String) -> Self {
        let segments = place.iter().map(|segment| cut(segment.as_ref(), MAX_POINTER));
        Self { pointer: cut(&pointer(segments), MAX_POINTER).into_owned(), detail }
    }
}
