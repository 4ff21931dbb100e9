//! The limits of requests and of answers.

/// The most bytes that the body of a request may have.
pub const MAX_REQUEST_BYTES: usize = 1_048_576;

/// The most entries that a list within an answer has, where it is not a page of a longer one.
pub const MAX_LISTED: usize = 200;

/// The most code points of a text in an answer that may repeat what the caller sent.
pub(super) const MAX_REPEATED: usize = 1_000;
