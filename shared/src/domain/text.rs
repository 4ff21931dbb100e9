//! Texts with a limit. Each has one constructor, and stores what was sent, unchanged.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Violation;

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

macro_rules! text {
    ($(#[$doc:meta])* $name:ident, $check:expr) => {
        $(#[$doc])*
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
    };
}

text!(
    /// The display name of a snapshot: 1 to 120 code points, not only white space.
    SnapshotName,
    |text| short_text("the name", text, 120)
);
text!(
    /// Notes on what a snapshot captures: at most 500 code points; where something is written, not only white space.
    Description,
    |text| if text.is_empty() { Ok(()) } else { short_text("the description", text, 500) }
);
text!(
    /// A person's name: 1 to 120 code points, not only white space.
    FullName,
    |text| short_text("the full name", text, 120)
);
text!(
    /// A job title: 1 to 120 code points, not only white space.
    Designation,
    |text| short_text("the designation", text, 120)
);
text!(
    /// A phone number in E.164 form: `+`, a digit from 1 to 9, and at most 14 more digits.
    PhoneNumber,
    |text| {
        let digits = text.strip_prefix('+').unwrap_or_default();
        let well_formed = (2..=15).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit())
            && !digits.starts_with('0');
        if well_formed {
            Ok(())
        } else {
            Err(Violation::refused("a phone number is in E.164 form: + and 2 to 15 digits, such as +14155550177"))
        }
    }
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
