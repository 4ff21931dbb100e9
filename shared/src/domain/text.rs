//! Texts with a limit. Each has one constructor for what a request sends, and keeps that unchanged. What is stored is read as it
//! is: the rules may have been others when it was written, or another system wrote it.

use std::fmt;

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use super::Violation;
use super::legible::{self, Lines};

/// The most code points of a name: the customer's page.
const MAX_NAME: usize = 120;
/// The most code points of a description: the customer's page.
const MAX_DESCRIPTION: usize = 500;
/// The most code points of the colour of a stage: it is a name or a code, such as `#3B82F6`.
const MAX_COLOUR: usize = 40;
/// The most code points of a trusted destination. 200 of them, with four bytes each, fit the item of an organization.
const MAX_DESTINATION: usize = 400;
/// The fewest and the most digits of a phone number (E.164; no number has but one digit).
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 2..=15;

/// Checks that `text` has 1 to `max` code points, shows something, and does nothing to the text around it.
fn short_text(what: &str, text: &str, max: usize, lines: Lines) -> Result<(), Violation> {
    let length = text.chars().count();
    if length > max {
        return Err(Violation::refused(format!("{what} has {length} characters; at most {max} are allowed")));
    }
    legible::check(what, text, max, lines)
}

fn name_schema() -> ObjectBuilder {
    line_schema(MAX_NAME)
}

fn line_schema(max: usize) -> ObjectBuilder {
    let pattern = format!("^{}$", legible::pattern(Lines::One));
    ObjectBuilder::new().min_length(Some(1)).max_length(Some(max)).pattern(Some(pattern))
}

macro_rules! text {
    ($(#[doc = $doc:literal])* $name:ident, $example:literal, $check:expr, $schema:expr) => {
        $(#[doc = $doc])*
        // Without a check: what is stored is read as it is.
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
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
    /// The display name of a snapshot: 1 to 120 code points, at least one of them visible; no control characters, line breaks, or
    /// bidirectional embeddings, overrides and isolates.
    SnapshotName,
    "Top performer baseline 2026-05",
    |text| short_text("the name", text, MAX_NAME, Lines::One),
    name_schema()
);
text!(
    /// Notes on what a snapshot captures: at most 500 code points; none at all, or at least one of them visible. Tabs and line
    /// breaks are allowed; other control characters, and bidirectional embeddings, overrides and isolates are not.
    Description,
    "Senior AE automations and prompts for Q2 rollout.",
    |text| match text {
        "" => Ok(()),
        text => short_text("the description", text, MAX_DESCRIPTION, Lines::Several),
    },
    ObjectBuilder::new()
        .max_length(Some(MAX_DESCRIPTION))
        .pattern(Some(format!("^(?:{})?$", legible::pattern(Lines::Several))))
);
text!(
    /// A person's name, under the same rules as that of a snapshot.
    FullName,
    "Casey New",
    |text| short_text("the full name", text, MAX_NAME, Lines::One),
    name_schema()
);
text!(
    /// A job title, under the same rules as the name of a snapshot.
    Designation,
    "Account Executive",
    |text| short_text("the designation", text, MAX_NAME, Lines::One),
    name_schema()
);
text!(
    /// The name of an organization, under the same rules as that of a snapshot.
    OrganizationName,
    "Initech",
    |text| short_text("the name", text, MAX_NAME, Lines::One),
    name_schema()
);
text!(
    /// The name of a pipeline, under the same rules as that of a snapshot.
    PipelineName,
    "Sales Funnel",
    |text| short_text("the name", text, MAX_NAME, Lines::One),
    name_schema()
);
text!(
    /// The name of a stage, under the same rules as that of a snapshot.
    StageName,
    "Contacted",
    |text| short_text("the name", text, MAX_NAME, Lines::One),
    name_schema()
);
text!(
    /// The colour that a stage is shown in: 1 to 40 code points, under the same rules as the name of a snapshot.
    StageColor,
    "#3B82F6",
    |text| short_text("the colour", text, MAX_COLOUR, Lines::One),
    line_schema(MAX_COLOUR)
);
text!(
    /// The name of an agent, under the same rules as that of a snapshot.
    AgentName,
    "Warm-up Agent",
    |text| short_text("the name", text, MAX_NAME, Lines::One),
    name_schema()
);
text!(
    /// A destination as a plan lists it: 1 to 400 code points, under the same rules as the name of a snapshot.
    TrustedDestination,
    "https://hooks.acme.example",
    |text| short_text("the destination", text, MAX_DESTINATION, Lines::One),
    line_schema(MAX_DESTINATION)
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
    fn what_is_stored_is_read_as_it_is() {
        for stored in ["", " ", "Q2\u{202e}fdp", "Two\nlines", &"x".repeat(5_000)] {
            assert!(SnapshotName::parse(stored).is_err(), "{stored:?}");
            let read: SnapshotName = serde_json::from_value(stored.into()).unwrap();
            assert_eq!(read.as_str(), stored);
        }
    }

    #[test]
    fn a_line_break_is_allowed_in_a_description_alone() {
        assert!(Description::parse("First line\r\n\tsecond line\n").is_ok());
        assert!(Description::parse("\n").is_err());
        for refused in ["a\nb", "a\tb", "a\u{2029}b"] {
            assert!(SnapshotName::parse(refused).is_err(), "{refused:?}");
            assert!(FullName::parse(refused).is_err(), "{refused:?}");
            assert!(Designation::parse(refused).is_err(), "{refused:?}");
        }
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
    fn the_names_of_an_organization_and_its_parts_have_1_to_120_code_points_a_colour_40_a_destination_400() {
        type Check = fn(&str) -> bool;
        let checks: [(Check, usize); 6] = [
            (|text| OrganizationName::parse(text).is_ok(), 120),
            (|text| PipelineName::parse(text).is_ok(), 120),
            (|text| StageName::parse(text).is_ok(), 120),
            (|text| AgentName::parse(text).is_ok(), 120),
            (|text| StageColor::parse(text).is_ok(), 40),
            (|text| TrustedDestination::parse(text).is_ok(), 400),
        ];
        for (accepts, max) in checks {
            for (length, accepted) in [(0, false), (1, true), (max - 1, true), (max, true), (max + 1, false)] {
                assert_eq!(accepts(&"é".repeat(length)), accepted, "{length} of {max}");
            }
            assert!(!accepts("a\nb") && !accepts(" "));
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
