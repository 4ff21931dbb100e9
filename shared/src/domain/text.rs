//! Texts with a limit. Each has one constructor, and stores what was sent, unchanged.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::Violation;

/// The most code points of a name: the customer's page.
const MAX_NAME: usize = 120;
/// The most code points of a description: the customer's page.
const MAX_DESCRIPTION: usize = 500;
/// The fewest and the most digits of a phone number (E.164; no number has but one digit).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 2..=15;

/// Anything that is not white space, as [`str::trim`] understands it. Regular expressions agree on what `\s` is in no two
/// languages, so the code points are listed.
const NOT_WHITE_SPACE: &str = r"[^\u0009-\u000d\u0020\u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]";

/// Checks that `text` has 1 to `max` code points and is not only white space.
fn short_text(what: &str, text: &str, max: usize) -> Result<(), Violation> {
    let length = text.chars().count();
    if length > max {
        return Err(Violation::refused(format!("{what} has {length} characters; at most {max} are allowed")));
    }
    if text.trim().is_empty() {
        return Err(Violation::refused(format!(
            "{what} is empty; give it 1 to {max} characters, not only white space"
        )));
    }
    Ok(())
}

fn short_text_schema(max: usize) -> ObjectBuilder {
    ObjectBuilder::new().min_length(Some(1)).max_length(Some(max)).pattern(Some(NOT_WHITE_SPACE))
}

macro_rules! text {
    ($(#[doc = $doc:literal])* $name:ident, $example:literal, $check:expr, $schema:expr) => {
        $(#[doc = $doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it was sent, or says what is wrong with it.
            pub fn parse(text: impl Into<String>) -> Result<Self, Violation> {
                let text = text.into();
                let check: fn(&str) -> Result<(), Violation> = $check;
                check(&text)?;
                Ok(Self(text))
            }

            /// The text as it was sent.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = Violation;

            fn try_from(text: String) -> Result<Self, Violation> {
                Self::parse(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let schema: ObjectBuilder = $schema;
                schema.schema_type(Type::String).description(Some(concat!($($doc),*).trim())).examples([$example]).into()
            }
        }

        impl ToSchema for $name {}
    };
}

text!(
    /// The display name of a snapshot: 1 to 120 code points, not only white space.
    SnapshotName,
    "Top performer baseline 2026-05",
    |text| short_text("the name", text, MAX_NAME),
    short_text_schema(MAX_NAME)
);
text!(
    /// Notes on what a snapshot captures: at most 500 code points; where something is written, not only white space.
    Description,
    "Senior AE automations and prompts for Q2 rollout.",
    |text| if text.is_empty() { Ok(()) } else { short_text("the description", text, MAX_DESCRIPTION) },
    ObjectBuilder::new().max_length(Some(MAX_DESCRIPTION)).pattern(Some(format!("^$|{NOT_WHITE_SPACE}")))
);
text!(
    /// A person's name: 1 to 120 code points, not only white space.
    FullName,
    "Casey New",
    |text| short_text("the full name", text, MAX_NAME),
    short_text_schema(MAX_NAME)
);
text!(
    /// A job title: 1 to 120 code points, not only white space.
    Designation,
    "Account Executive",
    |text| short_text("the designation", text, MAX_NAME),
    short_text_schema(MAX_NAME)
);
text!(
    /// A phone number in E.164 form: `+`, a digit from 1 to 9, and at most 14 more digits.
    PhoneNumber,
    "+14155550177",
    |text| {
        let digits = text.strip_prefix('+').unwrap_or_default();
        let well_formed = PHONE_DIGITS.contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if well_formed {
            Ok(())
        } else {
            Err(Violation::refused("a phone number is in E.164 form: + and 2 to 15 digits, such as +14155550177"))
        }
    },
    ObjectBuilder::new().pattern(Some(format!(
        r"^\+[1-9][0-9]{{{},{}}}$",
        PHONE_DIGITS.start() - 1,
        PHONE_DIGITS.end() - 1
    )))
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_name_has_1_to_120_code_points() {
        assert!(SnapshotName::parse("").is_err());
        assert!(SnapshotName::parse("a").is_ok());
        assert!(SnapshotName::parse("é".repeat(119)).is_ok());
        assert!(SnapshotName::parse("é".repeat(120)).is_ok());
        assert!(SnapshotName::parse("é".repeat(121)).is_err());
    }

    #[test]
    fn white_space_alone_is_no_name_but_stays_around_one() {
        assert!(SnapshotName::parse(" \t\u{a0}\n").is_err());
        assert_eq!(SnapshotName::parse("  Q2  ").unwrap().as_str(), "  Q2  ");
    }

    #[test]
    fn a_description_has_at_most_500_code_points_and_may_be_empty() {
        assert!(Description::parse("").is_ok());
        assert!(Description::parse("x".repeat(499)).is_ok());
        assert!(Description::parse("x".repeat(500)).is_ok());
        assert!(Description::parse("x".repeat(501)).is_err());
        assert!(Description::parse("   ").is_err());
    }

    #[test]
    fn a_full_name_and_a_designation_have_1_to_120_code_points() {
        for length in [1, 119, 120] {
            assert!(FullName::parse("x".repeat(length)).is_ok());
            assert!(Designation::parse("x".repeat(length)).is_ok());
        }
        for length in [0, 121] {
            assert!(FullName::parse("x".repeat(length)).is_err());
            assert!(Designation::parse("x".repeat(length)).is_err());
        }
    }

    #[test]
    fn a_phone_number_is_e164() {
        for good in ["+14155550177", "+49", "+123456789012345"] {
            assert!(PhoneNumber::parse(good).is_ok(), "{good}");
        }
        for bad in
            ["", "+", "+1", "14155550177", "+04155550177", "+1234567890123456", "+1 415 555", "+1415555017x", "+١٢٣"]
        {
            assert!(PhoneNumber::parse(bad).is_err(), "{bad}");
        }
    }
}
