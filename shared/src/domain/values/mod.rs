//! Values that JSON has no word for: numbers of 38 digits, sets and binary.
//!
//! A document is JSON wherever it is read, compared and shown. A set is an array in canonical order, and binary is base64; a
//! [`TypedPlace`] names what each was, so that a clone is written as its source.

mod number;
mod types;

/// The key under which serde_json gives a visitor of any value the text of a number that is not an integer of 64 bits. An object that has
/// this key is read as a number.
pub const NUMBER_KEY: &str = "$serde_json::private::Number";

/// The key of an object that serde_json reads as the JSON in its text, where the feature `raw_value` is on: in every function that answers
/// requests.
pub const RAW_VALUE_KEY: &str = "$serde_json::private::RawValue";

pub use number::{as_float, compare, is_beyond_float, number};
pub use types::{TypeTree, TypedPlace, ValueType};
