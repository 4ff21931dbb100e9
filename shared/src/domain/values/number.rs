//! Numbers by their value, however they are spelled.

use std::cmp::Ordering;

use serde_json::{Number, Value};

/// The longest number without an exponent: DynamoDB keeps 38 digits.
const PLAIN_DIGITS: i64 = 38;
/// The most zeros behind the point of a number without an exponent.
const PLAIN_ZEROS: i64 = 6;

/// Reads a number, in any spelling that DynamoDB has, with its whole value. Two of one value are equal and print the same. One that
/// a float holds prints as the float: that is how content was always stored. `None` where the text is no number.
pub fn number(text: &str) -> Option<Number> {
    let decimal = Decimal::parse(text)?;
    if let Some(whole) = decimal.whole() {
        return Some(whole);
    }
    let float = text.parse().ok().and_then(Number::from_f64);
    float
        .filter(|float| Decimal::parse(float.as_str()).is_some_and(|float| float == decimal))
        .or_else(|| decimal.spell())
}

/// Whether a float, or an integer of 64 bits, holds another value than this number has.
pub fn is_beyond_float(number: &Number) -> bool {
    let decimal = Decimal::parse(number.as_str());
    number.as_u64().is_none()
        && number.as_i64().is_none()
        && number.as_f64().and_then(Number::from_f64).and_then(|float| Decimal::parse(float.as_str())) != decimal
}

/// Replaces every number that a float does not hold by the nearest float: so content was stored before 2026-12.
pub fn as_float(value: &mut Value) {
    match value {
        Value::Number(number) if is_beyond_float(number) => {
            if let Some(float) = number.as_f64().and_then(Number::from_f64) {
                *number = float;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(as_float),
        Value::Object(fields) => fields.values_mut().for_each(as_float),
        _ => {}
    }
}

/// Which of two numbers is less. What is no number sorts first.
pub fn compare(one: &str, other: &str) -> Ordering {
    match (Decimal::parse(one), Decimal::parse(other)) {
        (Some(one), Some(other)) => one.compare(&other),
        (one, other) => one.is_some().cmp(&other.is_some()),
    }
}

/// A sign, digits without zeros at either end, and the power of ten of the first digit. Zero has no digit.
#[derive(Debug, PartialEq, Eq)]
struct Decimal {
    is_negative: bool,
    digits: String,
    exponent: i64,
}

impl Decimal {
    fn parse(text: &str) -> Option<Self> {
        let (is_negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mantissa, exponent) = match rest.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (rest, 0),
        };
        let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
        let is_number = !(whole.is_empty() && fraction.is_empty())
            && whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit());
        if !is_number {
            return None;
        }
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0');
        let zeros = i64::try_from(all.len() - digits.len()).ok()?;
        let digits = digits.trim_end_matches('0');
        if digits.is_empty() {
            return Some(Self { is_negative: false, digits: String::new(), exponent: 0 });
        }
        let exponent = i64::from(exponent) + i64::try_from(whole.len()).ok()? - 1 - zeros;
        Some(Self { is_negative, digits: digits.to_owned(), exponent })
    }

    /// An integer of 64 bits; `None` where it is none.
    fn whole(&self) -> Option<Number> {
        let behind = i64::try_from(self.digits.len()).ok()?;
        if self.digits.is_empty() {
            return Some(0.into());
        }
        // 64 bits have up to 20 digits.
        if self.exponent + 1 < behind || self.exponent >= 20 {
            return None;
        }
        let plain = self.plain();
        plain.parse::<u64>().map(Number::from).or_else(|_| plain.parse::<i64>().map(Number::from)).ok()
    }

    /// In the shortest form that JSON has, without an exponent up to 38 digits.
    fn spell(&self) -> Option<Number> {
        if (-PLAIN_ZEROS..PLAIN_DIGITS).contains(&self.exponent) {
            return self.plain().parse().ok();
        }
        let (first, rest) = self.digits.split_at(1);
        let sign = if self.is_negative { "-" } else { "" };
        let point = if rest.is_empty() { "" } else { "." };
        format!("{sign}{first}{point}{rest}e{:+}", self.exponent).parse().ok()
    }

    fn plain(&self) -> String {
        let sign = if self.is_negative { "-" } else { "" };
        let Ok(whole) = usize::try_from(self.exponent + 1) else {
            let zeros = usize::try_from(-1 - self.exponent).unwrap_or_default();
            return format!("{sign}0.{}{}", "0".repeat(zeros), self.digits);
        };
        match self.digits.split_at_checked(whole) {
            Some((whole, "")) => format!("{sign}{}", if whole.is_empty() { "0" } else { whole }),
            Some(("", fraction)) => format!("{sign}0.{fraction}"),
            Some((whole, fraction)) => format!("{sign}{whole}.{fraction}"),
            None => format!("{sign}{}{}", self.digits, "0".repeat(whole - self.digits.len())),
        }
    }

    fn compare(&self, other: &Self) -> Ordering {
        let sign = |it: &Self| match (it.digits.is_empty(), it.is_negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        };
        let size = || (self.exponent, &self.digits).cmp(&(other.exponent, &other.digits));
        sign(self).cmp(&sign(other)).then_with(|| match sign(self) {
            0 => Ordering::Equal,
            -1 => size().reverse(),
            _ => size(),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Spellings of one value each, and how content has it.
    const NUMBERS: &[(&str, &[&str])] = &[
        ("0", &["0", "-0", "0.000", "0E+10", "-0.0e-5"]),
        ("1", &["1", "1.0", "10E-1", "0.1e1", "+1", "01"]),
        ("-15", &["-15", "-15.000", "-1.5E+1"]),
        ("19.99", &["19.99", "1999E-2", "19.9900"]),
        ("0.1", &["0.1", ".1", "1e-1"]),
        ("18446744073709551615", &["18446744073709551615"]),
        ("-9223372036854775808", &["-9223372036854775808"]),
        ("18446744073709551617", &["18446744073709551617", "18446744073709551617.0"]),
        ("9007199254740993", &["9007199254740993"]),
        ("12345678901234567890123456789012345678", &["12345678901234567890123456789012345678"]),
        ("0.12345678901234567890123456789012345678", &["0.12345678901234567890123456789012345678"]),
        ("-1234567890.1234567890123456789012345678", &["-1234567890.1234567890123456789012345678"]),
        ("9.9999999999999999999999999999999999999e+125", &["9.9999999999999999999999999999999999999E+125"]),
        ("1.2345678901234567890123456789012345678e-93", &["1.2345678901234567890123456789012345678E-93"]),
    ];

    #[test]
    fn a_number_keeps_its_value_and_has_one_spelling() {
        for (expected, spellings) in NUMBERS {
            for spelling in *spellings {
                let read = number(spelling).unwrap();
                assert_eq!(read.as_str(), *expected, "{spelling}");
                assert_eq!(number(read.as_str()).as_ref(), Some(&read), "{spelling}");
                let written = serde_json::to_string(&read).unwrap();
                assert_eq!(serde_json::from_str::<Number>(&written).unwrap(), read, "{spelling}");
            }
        }
        for no_number in ["", "-", ".", "1e", "e5", "0x1", "1 2", "NaN", "Infinity", "1e99999999999"] {
            assert_eq!(number(no_number), None, "{no_number}");
        }
    }

    #[test]
    fn what_a_float_holds_is_spelled_as_content_was_always_stored() {
        for float in [1e25, 1e-130, 2.666_666_666_666_667e41, 0.1, 1.5, 1e21, 5e-324_f64, 1.0e126] {
            let before = Number::from_f64(float).unwrap();
            let read = number(before.as_str()).unwrap();
            assert!(read == before || read.as_u64().is_some(), "{before}");
            assert_eq!(serde_json::from_str::<Number>(&before.to_string()).unwrap(), before);
            assert!(!is_beyond_float(&read), "{before}");
        }
        let mut value = json!({"a": [number("12345678901234567890123"), 1, 1.5], "b": "12345678901234567890123"});
        as_float(&mut value);
        assert_eq!(value, json!({"a": [1.234_567_890_123_456_8e22, 1, 1.5], "b": "12345678901234567890123"}));
    }

    #[test]
    fn numbers_sort_by_value() {
        let sorted = [
            "-1E+125",
            "-10",
            "-9.5",
            "-1E-100",
            "0",
            "1E-130",
            "0.5",
            "2",
            "10",
            "10.00000000000000000000001",
            "1E+40",
        ];
        for (index, one) in sorted.iter().enumerate() {
            for (other_index, other) in sorted.iter().enumerate() {
                assert_eq!(compare(one, other), index.cmp(&other_index), "{one} {other}");
            }
        }
    }
}
