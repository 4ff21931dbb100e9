//! Ids of everything: 24 lower-case hex digits.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{Timestamp, Violation};

/// Twelve bytes, written as 24 lower-case hex digits. [`ObjectId::from_str`] is the only way from text, so a value of
/// this type can stand in a key without escaping.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectId([u8; 12]);

impl ObjectId {
    /// An id that is never made: for a read that must find nothing.
    pub const NOBODY: Self = Self([0; 12]);

    /// Seconds since 1970 in the first four bytes, `random` in the other eight.
    pub fn compose(now: Timestamp, random: [u8; 8]) -> Self {
        let seconds = u32::try_from(now.as_millis().div_euclid(1000)).unwrap_or(u32::MAX);
        let mut bytes = [0; 12];
        bytes[..4].copy_from_slice(&seconds.to_be_bytes());
        bytes[4..].copy_from_slice(&random);
        Self(bytes)
    }

    /// An id derived from something else, such as a digest: the same bytes give the same id.
    pub const fn from_bytes(bytes: [u8; 12]) -> Self {
        Self(bytes)
    }

    /// The id that is written like this, as it is stored: in lower case.
    pub fn of_stored(text: &str) -> Option<Self> {
        text.parse().ok().filter(|id: &Self| id.to_string() == text)
    }

    /// Returns the id that is next below this one; `None` for the lowest.
    pub fn previous(&self) -> Option<Self> {
        let mut wide = [0; 16];
        wide[4..].copy_from_slice(&self.0);
        let lower = u128::from_be_bytes(wide).checked_sub(1)?.to_be_bytes();
        let mut bytes = [0; 12];
        bytes.copy_from_slice(&lower[4..]);
        Some(Self(bytes))
    }

    /// The twelve bytes.
    pub fn as_bytes(&self) -> &[u8; 12] {
        &self.0
    }
}

impl FromStr for ObjectId {
    type Err = Violation;

    /// Takes 24 hex digits in either case.
    fn from_str(text: &str) -> Result<Self, Violation> {
        let mut bytes = [0; 12];
        hex::decode_to_slice(text, &mut bytes)
            .map_err(|_| Violation::malformed("an id is 24 hex digits, such as 64ee9a8b1e7f2a0011223344"))?;
        Ok(Self(bytes))
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for ObjectId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ObjectId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl PartialSchema for ObjectId {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("An id: 24 hex digits. Taken in either case, answered in lower case."))
            .pattern(Some("^[0-9A-Fa-f]{24}$"))
            .examples(["64ee9a8b1e7f2a0011223344"])
            .into()
    }
}

impl ToSchema for ObjectId {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_24_hex_digits_and_nothing_else() {
        for bad in [
            "",
            "64ee9a8b1e7f2a001122334",
            "64ee9a8b1e7f2a00112233445",
            "64ee9a8b1e7f2a001122334g",
            "64EE#A8b1e7f2a0011223344",
        ] {
            assert!(bad.parse::<ObjectId>().is_err(), "{bad:?}");
        }
        let id: ObjectId = "64EE9A8B1E7F2A0011223344".parse().unwrap();
        assert_eq!(id.to_string(), "64ee9a8b1e7f2a0011223344");
    }

    #[test]
    fn a_composed_id_starts_with_its_second() {
        let id = ObjectId::compose(Timestamp::from_millis(0x665f_1a0c * 1000 + 999), [0xab; 8]);
        assert_eq!(id.to_string(), "665f1a0cabababababababab");
    }
}
