//! Where each value of a JSON text begins.

use std::fmt;

use serde::Deserializer;
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::reading::segment;

/// A value, the byte at which it begins, and what it contains. The key of an element is its index.
#[derive(Debug, Default)]
pub(super) struct Layout {
    start: usize,
    members: Vec<(String, Self)>,
}

impl Layout {
    /// Lays out a text that serde_json reads. A text that it does not read has no layout beyond its first value.
    pub(super) fn of(text: &str) -> Self {
        serde_json::from_str::<&RawValue>(text).map(|raw| lay_out(raw, text)).unwrap_or_default()
    }

    /// Returns the byte at which the value at a JSON pointer begins, or the nearest value around it.
    pub(super) fn start_of(&self, pointer: &str) -> usize {
        let mut place = self;
        for key in pointer.split('/').skip(1) {
            let key = key.replace("~1", "/").replace("~0", "~");
            match place.members.iter().rfind(|(name, _)| *name == key) {
                Some((_, member)) => place = member,
                None => break,
            }
        }
        place.start
    }

    /// Returns the JSON pointer of each key that an object has more than once.
    pub(super) fn duplicates(&self) -> Vec<String> {
        let mut found = Vec::new();
        self.collect_duplicates(&mut String::new(), &mut found);
        found
    }

    fn collect_duplicates(&self, here: &mut String, found: &mut Vec<String>) {
        let mut seen = std::collections::HashSet::new();
        for (key, member) in &self.members {
            let length = here.len();
            *here += &segment(key);
            if !seen.insert(key.as_str()) {
                found.push(here.clone());
            }
            member.collect_duplicates(here, found);
            here.truncate(length);
        }
    }
}

fn lay_out(raw: &RawValue, text: &str) -> Layout {
    let members = match raw.get().as_bytes().first() {
        Some(b'{' | b'[') => serde_json::Deserializer::from_str(raw.get()).deserialize_any(LayoutVisitor { text }),
        _ => Ok(Vec::new()),
    };
    // Both are slices of one text.
    let start = (raw.get().as_ptr() as usize).saturating_sub(text.as_ptr() as usize);
    Layout { start, members: members.unwrap_or_default() }
}

/// Lays out the members of an object or an array.
struct LayoutVisitor<'a> {
    text: &'a str,
}

impl<'de> Visitor<'de> for LayoutVisitor<'_> {
    type Value = Vec<(String, Layout)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some((key, value)) = map.next_entry::<String, &'de RawValue>()? {
            members.push((key, lay_out(value, self.text)));
        }
        Ok(members)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(value) = elements.next_element::<&'de RawValue>()? {
            members.push((members.len().to_string(), lay_out(value, self.text)));
        }
        Ok(members)
    }
}

/// Counts lines and columns of a text in one pass.
pub(super) struct LineCounter<'a> {
    text: &'a str,
    byte: usize,
    line_and_column: (usize, usize),
}

impl<'a> LineCounter<'a> {
    /// Starts at the beginning.
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, byte: 0, line_and_column: (1, 1) }
    }

    /// Returns line and column of a byte, both counted from 1. No byte may be before the last one.
    pub(super) fn at(&mut self, byte: usize) -> (usize, usize) {
        let (mut line, mut column) = self.line_and_column;
        for letter in self.text.get(self.byte..byte).unwrap_or_default().chars() {
            (line, column) = if letter == '\n' { (line + 1, 1) } else { (line, column + 1) };
        }
        (self.byte, self.line_and_column) = (byte, (line, column));
        self.line_and_column
    }
}
