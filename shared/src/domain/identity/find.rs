//! Goes through a document and tells the places of identity.

use serde_json::{Map, Value};

use super::{IdentityKind, IdentityPlace, SourceIdentity, top_field};
use crate::domain::content::{Content, FINDINGS, MAX_POINTER_BYTES};
use crate::domain::redaction::{Allowance, LimitError};
use crate::domain::{Document, OverBudget, Source, Work, pointer};

/// The most places of identity that a snapshot has: twenty for each of 5,000 items.
pub const MAX_PLACES: usize = 100_000;

/// What a snapshot has room for.
pub const ALLOWANCE: Allowance = Allowance { places: MAX_PLACES, pointer_bytes: MAX_POINTER_BYTES };

/// Finds the places of `document` at which a value of `source` stands, in document order. Fields at its top that name the owner
/// or the maker of the item are not among them. Fails if there are more than `allowance` has, or if the time is over.
pub fn find(
    document: &Document,
    source: &SourceIdentity,
    allowance: &mut Allowance,
    work: &Work,
) -> Result<Vec<IdentityPlace>, LimitError> {
    let mut finder = Finder { pointer: String::new(), places: Vec::new(), source, allowance, work };
    if let Value::Object(fields) = document.as_value() {
        finder.fields(fields, |key| top_field(key).is_none())?;
    }
    Ok(finder.places)
}

/// Finds the places in a content that was captured before there were findings, by what the snapshot knows of its source.
pub fn complete(content: &mut Content, source: &Source, work: &Work) -> Result<(), LimitError> {
    if content.findings > 0 {
        return Ok(());
    }
    let owner = SourceIdentity::new(source.organization, source.user, Some(&source.user_email), None);
    let mut allowance = ALLOWANCE;
    for item in content.each_item_mut() {
        item.identity = find(&item.document, &owner, &mut allowance, work)?;
    }
    content.findings = FINDINGS;
    Ok(())
}

/// What a setup has too much of, where that is why [`find`] stopped.
pub fn excess(stopped: LimitError) -> Result<String, OverBudget> {
    match stopped {
        LimitError::TooManyPlaces => {
            Ok(format!("the setup holds the source user's ids, address or number at more than {MAX_PLACES} places"))
        }
        LimitError::LongPointers => Ok(format!(
            "the JSON pointers to the source user's ids, address and number have more than {MAX_POINTER_BYTES} bytes; use \
             shorter names of fields"
        )),
        LimitError::OverBudget => Err(OverBudget),
    }
}

struct Finder<'a> {
    pointer: String,
    places: Vec<IdentityPlace>,
    source: &'a SourceIdentity,
    allowance: &'a mut Allowance,
    work: &'a Work,
}

impl Finder<'_> {
    fn fields(&mut self, fields: &Map<String, Value>, is_walked: fn(&str) -> bool) -> Result<(), LimitError> {
        for (key, value) in fields.iter().filter(|(key, _)| is_walked(key)) {
            self.at(key, |finder| {
                finder.work.spend(key.len())?;
                if let Some(kind) = finder.named(key) {
                    finder.note(kind, true, None)?;
                }
                finder.value(value)
            })?;
        }
        Ok(())
    }

    fn value(&mut self, value: &Value) -> Result<(), LimitError> {
        self.work.spend(1)?;
        match value {
            Value::Object(fields) => self.fields(fields, |_| true),
            Value::Array(values) => values
                .iter()
                .enumerate()
                .try_for_each(|(index, value)| self.at(&index.to_string(), |finder| finder.value(value))),
            Value::String(text) => {
                self.work.spend(text.len())?;
                if let Some(kind) = self.source.whole(text) {
                    return self.note(kind, false, None);
                }
                let parts = self.source.parts(text);
                if parts.is_empty() {
                    return self.named(text).map_or(Ok(()), |kind| self.note(kind, true, None));
                }
                // What is left may name the person, too.
                let (mut rest, mut at) = (String::with_capacity(text.len()), 0);
                for (_, part) in &parts {
                    rest.push_str(&text[at..part.start]);
                    rest.push(' ');
                    at = part.end;
                }
                rest.push_str(&text[at..]);
                for (kind, part) in parts {
                    self.note(kind, false, Some([part.start, part.end]))?;
                }
                self.named(&rest).map_or(Ok(()), |kind| self.note(kind, true, None))
            }
            Value::Number(number) if self.source.is_phone(&number.to_string()) => {
                self.note(IdentityKind::UserPhone, false, None)
            }
            Value::Number(_) | Value::Bool(_) | Value::Null => Ok(()),
        }
    }

    /// Which value a text holds among others. None is shorter than a phone number.
    fn named(&self, text: &str) -> Option<IdentityKind> {
        if text.len() < SHORTEST { None } else { self.source.named(text) }
    }

    /// Notes the current place.
    fn note(&mut self, kind: IdentityKind, in_text: bool, part: Option<[usize; 2]>) -> Result<(), LimitError> {
        let Self { pointer, allowance, .. } = self;
        allowance.places = allowance.places.checked_sub(1).ok_or(LimitError::TooManyPlaces)?;
        allowance.pointer_bytes = allowance.pointer_bytes.checked_sub(pointer.len()).ok_or(LimitError::LongPointers)?;
        self.places.push(IdentityPlace { in_text, kind, part, pointer: pointer.clone() });
        Ok(())
    }

    fn at(&mut self, segment: &str, visit: impl FnOnce(&mut Self) -> Result<(), LimitError>) -> Result<(), LimitError> {
        let length = self.pointer.len();
        pointer::push(&mut self.pointer, segment);
        visit(self)?;
        self.pointer.truncate(length);
        Ok(())
    }
}

/// The shortest text that can hold an address or a number.
const SHORTEST: usize = 6;
