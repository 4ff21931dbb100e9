//! Finds what DynamoDB cannot store before anything is written.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;

use crate::domain::pointer;
use crate::store::document::{self, MAX_DEPTH};
use crate::store::table::size::{MAX_STORED_BYTES, stored_bytes};

/// Numbers are smaller in magnitude than this (DynamoDB naming rules and data types).
const TOO_LARGE: f64 = 1e126;
/// The smallest magnitude of a number that is not zero.
const SMALLEST: f64 = 1e-130;
/// The significant digits that a number keeps.
const MAX_DIGITS: usize = 38;
/// The bytes of an item beside its document: keys, type, version and their names.
const BESIDE: usize = 200;

/// The reason and the place for which a document cannot be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnstorableDocument {
    /// The JSON pointer of the place; empty for the whole document.
    pub pointer: String,
    /// What is wrong there.
    pub reason: String,
}

/// Fails if DynamoDB would refuse an item with this document: an empty name, a number out of range, too many levels or
/// too many bytes.
pub fn check_storable(of: &impl Serialize) -> Result<(), UnstorableDocument> {
    let whole = |reason| UnstorableDocument { pointer: String::new(), reason };
    let stored = serde_json::to_value(of).map_err(|error| whole(error.to_string()))?;
    let stored = document::write_json(&stored);
    StorableCheck { here: String::new(), depth: 0 }.value(&stored)?;
    let bytes = BESIDE + stored_bytes(&HashMap::from([("document".to_owned(), stored)]));
    if bytes <= MAX_STORED_BYTES {
        return Ok(());
    }
    Err(whole(format!("the item takes {bytes} bytes in the table; DynamoDB stores at most {MAX_STORED_BYTES}")))
}

/// Walks through a value. `here` is the pointer to the current place. It grows and shrinks in place: a copy for each
/// value would be as long as all keys above it.
struct StorableCheck {
    here: String,
    depth: usize,
}

impl StorableCheck {
    fn value(&mut self, value: &AttributeValue) -> Result<(), UnstorableDocument> {
        if self.depth >= MAX_DEPTH {
            return self.refused(format!("this is nested deeper than the {MAX_DEPTH} levels that DynamoDB stores"));
        }
        match value {
            AttributeValue::N(number) if !is_in_range(number) => self.refused(format!(
                "DynamoDB stores numbers from 1E-130 to below 1E+126 in {MAX_DIGITS} digits, not {number}"
            )),
            AttributeValue::L(values) => {
                let mut values = values.iter().enumerate();
                values.try_for_each(|(index, value)| self.at(&index.to_string(), |check| check.value(value)))
            }
            AttributeValue::M(fields) => fields.iter().try_for_each(|(name, value)| {
                self.at(name, |check| match name.is_empty() {
                    true => {
                        check.refused("a field has an empty name, which DynamoDB does not store; name it".to_owned())
                    }
                    false => check.value(value),
                })
            }),
            _ => Ok(()),
        }
    }

    fn at(
        &mut self,
        segment: &str,
        check: impl FnOnce(&mut Self) -> Result<(), UnstorableDocument>,
    ) -> Result<(), UnstorableDocument> {
        let length = self.here.len();
        self.here.push_str(&pointer([segment]));
        self.depth += 1;
        check(self)?;
        self.depth -= 1;
        self.here.truncate(length);
        Ok(())
    }

    fn refused(&self, reason: String) -> Result<(), UnstorableDocument> {
        Err(UnstorableDocument { pointer: self.here.clone(), reason })
    }
}

fn is_in_range(number: &str) -> bool {
    let mantissa = number.split(['e', 'E']).next().unwrap_or_default();
    let digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    let significant = digits.trim_start_matches('0').trim_end_matches('0').len();
    let magnitude = number.parse::<f64>().map_or(f64::INFINITY, f64::abs);
    significant <= MAX_DIGITS && magnitude < TOO_LARGE && (significant == 0 || magnitude >= SMALLEST)
}
