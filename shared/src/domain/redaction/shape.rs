//! A value as the rules of place see it, in a document and in JSON that stands in a text.

use serde_json::Value;

/// A value of a document, or of JSON that stands in a text.
pub(super) trait JsonShape: Sized {
    /// What it is.
    fn view(&self) -> View<'_, Self>;
}

/// What a value is.
pub(super) enum View<'a, S> {
    Object(Vec<(&'a str, &'a S)>),
    Array(Vec<&'a S>),
    Text(&'a str),
    Number,
    Other,
}

impl JsonShape for Value {
    fn view(&self) -> View<'_, Self> {
        match self {
            Self::Object(fields) => View::Object(fields.iter().map(|(key, value)| (key.as_str(), value)).collect()),
            Self::Array(values) => View::Array(values.iter().collect()),
            Self::String(text) => View::Text(text),
            Self::Number(_) => View::Number,
            Self::Bool(_) | Self::Null => View::Other,
        }
    }
}

/// How many digits a number has.
pub(super) fn digits(number: &str) -> usize {
    number.chars().filter(char::is_ascii_digit).count()
}
