//! Reads the JSON of a content item by item, so that a computation can stop between two of them.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::stored_item::ItemSeed;
use super::{CapturedItem, Content, Field, KnownAgent};
use crate::domain::{ItemKind, LeftOut, OverBudget, PerKind, Work};

impl Content {
    /// Reads canonical JSON, which may be that of an earlier version. The outer error says that the time is
    /// over, the inner one that the JSON is not a content.
    pub fn read(json: &[u8], work: &Work) -> Result<Result<Self, serde_json::Error>, OverBudget> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let read = ContentReader(work).deserialize(&mut deserializer);
        let read = read.and_then(|content| deserializer.end().map(|()| content));
        // Where it ended because the time is over, this fails.
        work.spend(0)?;
        Ok(read)
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        ContentReader(&Work::unlimited()).deserialize(deserializer)
    }
}

/// Reads a content, and stops when the time is over.
struct ContentReader<'w>(&'w Work);

/// The kinds that content of every version has. A newer one is empty where it is absent: never add to this list.
const REQUIRED: [ItemKind; 3] = [ItemKind::Automation, ItemKind::Prompt, ItemKind::Template];

impl<'de> DeserializeSeed<'de> for ContentReader<'_> {
    type Value = Content;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for ContentReader<'_> {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a content")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Content, A::Error> {
        let mut content = Content::default();
        let (mut agents, mut items) = (None, PerKind::<Option<_>>::default());
        while let Some(name) = members.next_key::<String>()? {
            match Field::named(&name) {
                Some(Field::Agents) => agents = Some(members.next_value_seed(List::new(self.0, agent_size))?),
                Some(Field::Findings) => content.findings = members.next_value()?,
                Some(Field::Items(kind)) => {
                    *items.get_mut(kind) =
                        Some(members.next_value_seed(List::of(ItemSeed(kind), self.0, item_size))?);
                }
                Some(Field::LeftOut) => content.left_out = members.next_value_seed(List::new(self.0, left_out_size))?,
                Some(Field::Source) => content.source = members.next_value()?,
                None => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        let missing = A::Error::missing_field;
        let items = items.try_map(|kind, items| match items {
            None if REQUIRED.contains(&kind) => Err(missing(kind.plural())),
            items => Ok(items.unwrap_or_default()),
        });
        Ok(Content { agents: agents.ok_or_else(|| missing("agents"))?, items: items?, ..content })
    }
}

fn agent_size(agent: &KnownAgent) -> usize {
    agent.name.len()
}

fn left_out_size(left_out: &LeftOut) -> usize {
    left_out.key.len()
}

fn item_size(item: &CapturedItem) -> usize {
    let pointers = item.removed_secrets.iter().map(String::len);
    let places = item.identity.iter().map(|place| place.pointer.len());
    let types = item.document.types().iter().map(|place| place.pointer.len());
    item.document.size() + pointers.chain(places).chain(types).map(|length| 1 + length).sum::<usize>()
}

/// Reads a list, and spends what each element has before it goes on to the next.
struct List<'w, S, T> {
    element: S,
    work: &'w Work,
    size: fn(&T) -> usize,
}

impl<'w, T> List<'w, PhantomData<T>, T> {
    fn new(work: &'w Work, size: fn(&T) -> usize) -> Self {
        Self::of(PhantomData, work, size)
    }
}

impl<'w, S, T> List<'w, S, T> {
    fn of(element: S, work: &'w Work, size: fn(&T) -> usize) -> Self {
        Self { element, work, size }
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> DeserializeSeed<'de> for List<'_, S, S::Value> {
    type Value = Vec<S::Value>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, S: DeserializeSeed<'de> + Copy> Visitor<'de> for List<'_, S, S::Value> {
    type Value = Vec<S::Value>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut read = Vec::new();
        while let Some(element) = elements.next_element_seed(self.element)? {
            self.work.spend(1 + (self.size)(&element)).map_err(A::Error::custom)?;
            read.push(element);
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use serde_json::json;

    use super::*;

    fn stored(items: usize) -> Vec<u8> {
        let item = |number: usize| json!({"document": {"name": "n".repeat(40_000)}, "id": format!("{number:024x}")});
        let templates: Vec<_> = (0..items).map(item).collect();
        json!({"agents": [], "automations": [], "prompts": [], "templates": templates}).to_string().into_bytes()
    }

    #[test]
    fn reading_stops_at_the_next_item_once_the_time_is_over() {
        let json = stored(10);
        let work = Work::unlimited();
        assert_eq!(Content::read(&json, &work).unwrap().unwrap().items.templates.len(), 10);
        assert!(work.done() >= 400_000);
        let looks = AtomicU64::new(0);
        let over = Work::until(move || looks.fetch_add(1, Ordering::Relaxed) >= 3);
        assert!(Content::read(&json, &over).is_err());
        assert!(over.done() < 200_000, "{}", over.done());
    }

    #[test]
    fn malformed_content_and_a_spent_time_limit_are_different_errors() {
        for text in ["[]", "{}", r#"{"agents":[],"automations":[],"prompts":[]}"#, "{", ""] {
            assert!(matches!(Content::read(text.as_bytes(), &Work::unlimited()), Ok(Err(_))), "{text}");
        }
        let text = String::from_utf8(stored(0)).unwrap() + "x";
        assert!(matches!(Content::read(text.as_bytes(), &Work::unlimited()), Ok(Err(_))));
    }
}
