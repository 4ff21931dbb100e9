//! The source person's own addresses and numbers: what becomes the new user's is no destination.

use std::collections::{HashMap, HashSet};

use super::form::{Expectation, destinations};
use super::number::Digits;
use crate::domain::content::{CapturedItem, IdentityPlace};
use crate::domain::identity::is_in_link;

/// The places of an item that hold a value of the source person.
pub struct OwnPlaces<'a> {
    /// Those that hold nothing else.
    whole: HashSet<&'a str>,
    /// What is the person's of a list in a text.
    listed: HashMap<&'a str, HashSet<String>>,
}

impl<'a> OwnPlaces<'a> {
    /// The places of `item`.
    pub fn of(item: &'a CapturedItem) -> Self {
        let mut own = Self { whole: HashSet::new(), listed: HashMap::new() };
        for IdentityPlace { pointer, part, .. } in item.identity.iter().filter(|place| !place.in_text) {
            let text = item.document.as_value().pointer(pointer).and_then(serde_json::Value::as_str);
            match (part, text) {
                // Behind an `@` stands the host that is called.
                (Some([start, end]), Some(text)) if !is_in_link(text, *start) || text.contains('@') => {
                    let listed = own.listed.entry(pointer.as_str()).or_default();
                    listed.extend(text.get(*start..*end).into_iter().flat_map(called));
                }
                _ => {
                    own.whole.insert(pointer);
                }
            }
        }
        own
    }

    /// Whether the destination of this text at this place is the person's.
    pub fn hold(&self, pointer: &str, destination: &str) -> bool {
        self.whole.contains(pointer) || self.listed.get(pointer).is_some_and(|listed| listed.contains(destination))
    }
}

/// What a text is called as a destination, whatever its place lets expect of it.
fn called(text: &str) -> Vec<String> {
    let mut called = Vec::new();
    for digits in [Digits::Unlikely, Digits::Expected, Digits::Certain] {
        let expected = Expectation { address: true, recipient: true, digits, bare_names: true, single_names: false };
        destinations(text, expected, &mut |destination| called.push(destination.text));
    }
    called
}
