//! How often a snapshot is captured again.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{Timestamp, Violation};

const HOUR: u64 = 60 * 60;
const DAY: u64 = 24 * HOUR;
/// The shortest period.
const SHORTEST: Duration = Duration::from_secs(6 * HOUR);
/// The longest period.
const LONGEST: Duration = Duration::from_secs(30 * DAY);
/// The most characters that a period is written with: more than any needs.
const MAX_CHARACTERS: usize = 32;

/// The units before and after the `T`, in the order in which they may stand, with their seconds.
const DATE_UNITS: [(char, u64); 2] = [('W', 7 * DAY), ('D', DAY)];
const TIME_UNITS: [(char, u64); 3] = [('H', HOUR), ('M', 60), ('S', 1)];

/// A fixed length of time from six hours to thirty days, written as an ISO 8601 duration such as `PT6H`, `P1DT12H` or `P2W`
/// and kept as it was written. A day has 24 hours. Years and months are not allowed, because their length varies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RefreshPeriod {
    text: String,
    length: Duration,
}

impl RefreshPeriod {
    /// Takes the text as it was sent, or says what is wrong with it.
    pub fn parse(text: impl Into<String>) -> Result<Self, Violation> {
        let text = text.into();
        let form = "a period is an ISO 8601 duration in whole weeks, days, hours, minutes and seconds, such as PT6H, P1DT12H or P2W";
        let (date, time) = parts(&text).ok_or_else(|| Violation::malformed(form))?;
        if date.chars().any(|unit| matches!(unit, 'Y' | 'M')) {
            return Err(Violation::refused(
                "years and months differ in length; write the period in days, such as P30D",
            ));
        }
        let length = seconds(date, &DATE_UNITS).zip(seconds(time, &TIME_UNITS));
        let (date, time) = length.ok_or_else(|| Violation::malformed(form))?;
        let length = Duration::from_secs(date.saturating_add(time));
        if length < SHORTEST || length > LONGEST {
            return Err(Violation::refused(format!("{text} is not between PT6H and P30D")));
        }
        Ok(Self { text, length })
    }

    /// The text as it was sent.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// How long it is.
    pub fn length(&self) -> Duration {
        self.length
    }

    /// The first moment after `now` that is whole periods, at least one, later than `due`. What was missed is not made up for:
    /// one refresh now is as good as ten.
    pub fn next_after(&self, due: Timestamp, now: Timestamp) -> Timestamp {
        let missed = now.since(due).as_secs() / self.length.as_secs();
        // Far below the last moment that there is: it counts from a moment that has passed.
        due.plus(Duration::from_secs(self.length.as_secs().saturating_mul(missed + 1)))
    }
}

/// What stands before the `T` and after it, each empty or one number and unit after the other; `None` where that is not the
/// form, or where there is nothing at all.
fn parts(text: &str) -> Option<(&str, &str)> {
    let fits =
        text.len() <= MAX_CHARACTERS && text.chars().all(|char| char.is_ascii_digit() || char.is_ascii_uppercase());
    let rest = text.strip_prefix('P').filter(|rest| fits && !rest.is_empty())?;
    match rest.split_once('T') {
        None => Some((rest, "")),
        Some((_, "")) => None,
        Some(parts) => Some(parts),
    }
}

/// The seconds that `text` has in these units, each at most once and in their order; `None` where it is anything else.
fn seconds(mut text: &str, units: &[(char, u64)]) -> Option<u64> {
    let mut sum = 0_u64;
    for (unit, seconds) in units {
        let Some((number, rest)) = text.split_once(*unit) else { continue };
        // More than a number can hold is more than any period is.
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let number = is_number.then(|| number.parse().unwrap_or(u64::MAX))?;
        sum = sum.saturating_add(seconds.saturating_mul(number));
        text = rest;
    }
    text.is_empty().then_some(sum)
}

impl TryFrom<String> for RefreshPeriod {
    type Error = Violation;

    fn try_from(text: String) -> Result<Self, Violation> {
        Self::parse(text)
    }
}

impl From<RefreshPeriod> for String {
    fn from(period: RefreshPeriod) -> Self {
        period.text
    }
}

impl fmt::Display for RefreshPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialSchema for RefreshPeriod {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::Duration)))
            .description(Some(
                "How often: an ISO 8601 duration of at least PT6H and at most P30D, in whole weeks, days, hours, minutes and \
                 seconds. A day has 24 hours; years and months, which differ in length, are refused.",
            ))
            .min_length(Some(3))
            .max_length(Some(MAX_CHARACTERS))
            .pattern(Some(pattern()))
            .examples(["PT6H"])
            .into()
    }
}

impl ToSchema for RefreshPeriod {}

/// What the parser takes, limits aside: at least one unit, and at least one after a `T`. Without looking ahead, which not every
/// reader of a schema can.
fn pattern() -> String {
    let date = "([0-9]+W([0-9]+D)?|[0-9]+D)";
    let time = "T([0-9]+H([0-9]+M)?([0-9]+S)?|[0-9]+M([0-9]+S)?|[0-9]+S)";
    format!("^P({date}({time})?|{time})$")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ViolationKind;

    fn kind(text: &str) -> Option<ViolationKind> {
        RefreshPeriod::parse(text).err().map(|violation| violation.kind)
    }

    #[test]
    fn a_period_is_at_least_six_hours_and_at_most_thirty_days() {
        for (text, is_taken) in [
            ("PT5H59M59S", false),
            ("PT21599S", false),
            ("PT6H", true),
            ("PT21600S", true),
            ("PT6H1S", true),
            ("P29DT23H59M59S", true),
            ("P30D", true),
            ("PT720H", true),
            ("P30DT1S", false),
            ("P4W3D", false),
            ("P4W2D", true),
            ("PT0S", false),
            ("P99999999999999999999999999D", false),
        ] {
            assert_eq!(kind(text), (!is_taken).then_some(ViolationKind::Refused), "{text}");
        }
    }

    #[test]
    fn a_period_is_kept_as_it_was_written_and_compared_by_what_it_is() {
        for (text, hours) in [("PT6H", 6), ("P1D", 24), ("P1DT12H", 36), ("P2W", 336), ("PT0360M", 6), ("P0DT6H", 6)] {
            let period = RefreshPeriod::parse(text).unwrap();
            assert_eq!((period.as_str(), period.length()), (text, Duration::from_secs(hours * HOUR)));
        }
    }

    #[test]
    fn years_and_months_are_refused_since_they_have_no_fixed_length() {
        for text in ["P1M", "P1Y", "P1Y2M3D", "P1MT6H"] {
            let violation = RefreshPeriod::parse(text).unwrap_err();
            assert_eq!(violation.kind, ViolationKind::Refused, "{text}");
            assert!(violation.detail.contains("P30D"), "{violation}");
        }
    }

    #[test]
    fn what_is_no_duration_is_malformed() {
        for text in [
            "",
            "P",
            "PT",
            "T6H",
            "6H",
            "PT6",
            "P6",
            "PTH",
            "PD",
            "P1DT",
            "PT6H6H",
            "PT6M6H",
            "P1D1W",
            "PT1D",
            "P6H",
            "pt6h",
            "PT6h",
            "-PT6H",
            "P-1D",
            "+PT6H",
            "PT6.5H",
            "PT6,5H",
            " PT6H",
            "PT6H ",
            "PT٦H",
            "PT6HT6H",
            "PT 6H",
            "PT000000000000000000000000000021600S",
        ] {
            assert_eq!(kind(text), Some(ViolationKind::Malformed), "{text:?}");
        }
        // 32 characters, and one more.
        assert_eq!(kind(&format!("PT{:0>29}S", 21_600)), None);
        assert_eq!(kind(&format!("PT{:0>30}S", 21_600)), Some(ViolationKind::Malformed));
    }

    #[test]
    fn the_schema_has_the_form_that_the_parser_takes() {
        let form = regex::Regex::new(&pattern()).unwrap();
        for text in [
            "PT6H",
            "P2W",
            "P1W1D",
            "P1DT12H",
            "P1DT1H1M1S",
            "PT1M1S",
            "PT1H1S",
            "PT1S",
            "P1M",
            "P",
            "PT",
            "P1DT",
            "PT6",
            "P1D1W",
            "6H",
            "PT6H ",
        ] {
            assert_eq!(form.is_match(text), kind(text) != Some(ViolationKind::Malformed) && text != "P1M", "{text:?}");
        }
    }

    #[test]
    fn the_next_time_is_the_first_after_now_however_many_were_missed() {
        let period = RefreshPeriod::parse("PT6H").unwrap();
        let due = Timestamp::from_millis(1_778_835_600_123);
        let after =
            |seconds: u64| period.next_after(due, due.plus(Duration::from_secs(seconds))).since(due).as_secs() / HOUR;
        for (seconds, hours) in [
            (0, 6),
            (1, 6),
            (6 * HOUR - 1, 6),
            (6 * HOUR, 12),
            (6 * HOUR + 1, 12),
            (12 * HOUR - 1, 12),
            (12 * HOUR, 18),
            (1_000 * HOUR, 1_002),
        ] {
            assert_eq!(after(seconds), hours, "{seconds} s");
        }
        let almost = due.plus(Duration::from_millis(6 * HOUR * 1_000 - 1));
        assert_eq!(period.next_after(due, almost), due.plus(period.length()));
        assert_eq!(period.next_after(due, due.minus(Duration::from_secs(1))), due.plus(period.length()));
    }
}
