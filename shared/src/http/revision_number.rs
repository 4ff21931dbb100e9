//! The number of a revision in a body. JSON Schema takes `4.0` for the integer 4, so it is read as one here, too.

use serde::de::{Deserialize, Deserializer, Error, Unexpected};
use serde_json::Value;

/// The number of a revision, as a body has it; 0 is none that there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RevisionNumber(pub u32);

impl RevisionNumber {
    /// Returns the number where `number` has no fraction and fits.
    pub fn from_float(number: f64) -> Option<Self> {
        let is_whole = number.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&number);
        // Without a fraction and within the limits nothing is cut off.
        is_whole.then_some(Self(number as u32))
    }
}

impl<'de> Deserialize<'de> for RevisionNumber {
    fn deserialize<D: Deserializer<'de>>(field: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(field)?;
        let number = value.as_f64().and_then(Self::from_float);
        number.ok_or_else(|| D::Error::invalid_value(unexpected(&value), &"a whole number"))
    }
}

/// Returns how an error names a value that is not the one expected.
pub fn unexpected(value: &Value) -> Unexpected<'_> {
    match value {
        Value::Null => Unexpected::Unit,
        Value::Bool(value) => Unexpected::Bool(*value),
        Value::Number(number) => match (number.as_u64(), number.as_i64()) {
            (Some(number), _) => Unexpected::Unsigned(number),
            (None, Some(number)) => Unexpected::Signed(number),
            (None, None) => number.as_f64().map_or(Unexpected::Other("number"), Unexpected::Float),
        },
        Value::String(text) => Unexpected::Str(text),
        Value::Array(_) => Unexpected::Seq,
        Value::Object(_) => Unexpected::Map,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_without_a_fraction_is_read_and_any_other_is_refused() {
        let read = |value| serde_json::from_value::<RevisionNumber>(value).ok().map(|RevisionNumber(number)| number);
        assert_eq!(read(json!(4)), Some(4));
        assert_eq!(read(json!(4.0)), Some(4));
        assert_eq!(read(json!(4e2)), Some(400));
        for limit in [json!(u32::MAX), json!(f64::from(u32::MAX))] {
            assert_eq!(read(limit), Some(u32::MAX));
        }
        for other in [json!(4.5), json!(-1), json!(-1.0), json!(4_294_967_296_u64), json!(4_294_967_296.0), json!("4")]
        {
            assert_eq!(read(other.clone()), None, "{other}");
        }
    }
}
