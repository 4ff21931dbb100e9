//! JSON that can be read in one way only: no key twice in one object, no key that serde_json reads as something else, no nesting that
//! could exhaust the stack.
//!
//! Parsers disagree on which of two equal keys counts, so the program that checks a document and the one that acts on it
//! may read different values. `serde_json` keeps the last in a map and skips unknown ones without a look. So bodies and
//! tokens go through this walk before the typed parse.

use std::collections::HashSet;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize, Serializer};

use crate::domain::values::{NUMBER_KEY, RAW_VALUE_KEY};
use crate::domain::{OverBudget, Work, pointer};

/// The deepest nesting of arrays and objects. No document of this API needs a tenth of it.
pub(super) const MAX_DEPTH: usize = 64;

/// Why a text is refused before its shape is looked at.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotStrict {
    /// It is not JSON, or nested too deeply. Says why, with line and column.
    Syntax(String),
    /// An object has a key twice. Carries the JSON pointer to it.
    DuplicateKey(String),
}

/// Walks all of `text`, and spends about one unit for a byte. The outer error says that the time is over.
pub(super) fn check(text: &[u8], work: &Work) -> Result<Result<(), NotStrict>, OverBudget> {
    let outcome = walk(text, work);
    // Where it ended because the time is over, this fails.
    work.spend(0)?;
    Ok(outcome)
}

/// Walks all of a text that is small by itself: a token, which the gateway takes up to 10 kB, or a set of keys.
pub(super) fn check_small(text: &[u8]) -> Result<(), NotStrict> {
    walk(text, &Work::unlimited())
}

fn walk(text: &[u8], work: &Work) -> Result<(), NotStrict> {
    let mut walk = JsonWalk { work, path: Vec::new(), duplicate: None };
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let outcome = Value { walk: &mut walk }.deserialize(&mut deserializer).and_then(|()| deserializer.end());
    match (outcome, walk.duplicate) {
        (_, Some(pointer)) => Err(NotStrict::DuplicateKey(pointer)),
        (Err(error), None) => Err(NotStrict::Syntax(error.to_string())),
        (Ok(()), None) => Ok(()),
    }
}

struct JsonWalk<'w> {
    work: &'w Work,
    path: Vec<String>,
    duplicate: Option<String>,
}

struct Value<'v, 'w> {
    walk: &'v mut JsonWalk<'w>,
}

impl<'w> Value<'_, 'w> {
    /// Spends what a value has: its bytes, and one for the value itself.
    fn spend<E: Error>(&self, bytes: usize) -> Result<(), E> {
        self.walk.work.spend(1 + bytes).map_err(E::custom)
    }

    /// Fails where an array or object that begins here is one too deep, whether it holds anything or not.
    fn begin<E: Error>(&self) -> Result<(), E> {
        if self.walk.path.len() >= MAX_DEPTH {
            return Err(E::custom(format!("arrays and objects are nested more than {MAX_DEPTH} deep")));
        }
        Ok(())
    }

    /// One level down, under `segment`.
    fn enter(&mut self, segment: String) -> Value<'_, 'w> {
        self.walk.path.push(segment);
        Value { walk: self.walk }
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        self.spend(0)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        self.spend(text.len())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut elements: A) -> Result<(), A::Error> {
        self.begin()?;
        self.spend(0)?;
        for index in 0_usize.. {
            // Asks whether there is an element before its place becomes part of the path.
            let element = self.enter(index.to_string());
            let more = elements.next_element_seed(element)?.is_some();
            self.walk.path.pop();
            if !more {
                break;
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let mut next = members.next_key::<String>()?;
        if next.as_deref() == Some(NUMBER_KEY) {
            // A number, which serde_json gives as a map of one text.
            let number = members.next_value::<String>()?;
            self.spend(number.len())?;
            if number.parse::<f64>().is_ok_and(|number| !number.is_finite()) {
                return Err(A::Error::custom("number out of range"));
            }
            next = members.next_key()?;
            if next.is_none() {
                return Ok(());
            }
        }
        self.begin()?;
        self.spend(0)?;
        let mut seen = HashSet::new();
        while let Some(key) = next {
            self.spend(key.len())?;
            if key == RAW_VALUE_KEY {
                // One reader would take the object, and another the JSON in its text, which nobody has walked.
                return Err(A::Error::custom(format!("an object has the key {RAW_VALUE_KEY}, which is reserved")));
            }
            let member = self.enter(key.clone());
            if !seen.insert(key) {
                member.walk.duplicate = Some(pointer(&member.walk.path));
                return Err(A::Error::custom("an object has a key twice"));
            }
            members.next_value_seed(member)?;
            self.walk.path.pop();
            next = members.next_key()?;
        }
        Ok(())
    }
}

/// A `T` that stands in the text as an object. Serde reads a struct from an array as well, by position, and so takes
/// what no document describes; every struct of a body goes through this type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Members(PhantomData))
    }
}

impl<T: Serialize> Serialize for Object<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

struct Members<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for Members<T> {
    type Value = Object<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<Object<T>, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_and_objects_nest_64_deep_whether_the_innermost_holds_anything_or_not() {
        for innermost in ["[]", "{}", "[1]", "{\"a\":1}", "[-1.5e300]", "[true]"] {
            for (before, after) in [("[", "]"), ("{\"a\":", "}")] {
                for (depth, is_taken) in [(63, true), (64, true), (65, false)] {
                    let around = depth - 1;
                    let text = format!("{}{innermost}{}", before.repeat(around), after.repeat(around));
                    assert_eq!(check(text.as_bytes(), &Work::unlimited()).unwrap().is_ok(), is_taken, "{text}");
                }
            }
        }
    }

    #[test]
    fn an_object_that_serde_json_reads_as_the_json_in_its_text_is_refused_wherever_it_stands() {
        for object in [
            format!(r#"{{"{RAW_VALUE_KEY}":"{{}}"}}"#),
            format!(r#"{{"{RAW_VALUE_KEY}":"{{\"a\":1,\"a\":2}}"}}"#),
            format!(r#"{{"{RAW_VALUE_KEY}":"no JSON","a":1}}"#),
            format!(r#"{{"a":1,"{RAW_VALUE_KEY}":1}}"#),
            format!(r#"{{"\u0024{}":"1"}}"#, &RAW_VALUE_KEY[1..]),
        ] {
            for text in [object.clone(), format!("[{object}]"), format!(r#"{{"a":[{{"b":{object}}}]}}"#)] {
                let refusal = check(text.as_bytes(), &Work::unlimited()).unwrap().unwrap_err();
                assert!(matches!(&refusal, NotStrict::Syntax(why) if why.contains("reserved")), "{text}: {refusal:?}");
            }
        }
        let value = format!(r#"{{"a":"{RAW_VALUE_KEY}","{RAW_VALUE_KEY}s":1}}"#);
        assert_eq!(check(value.as_bytes(), &Work::unlimited()).unwrap(), Ok(()));
    }
}
