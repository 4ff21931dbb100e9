//! Reads the JSON of a content item by item, so that a computation can stop between two of them.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{CapturedAutomation, CapturedItem, Content, KnownAgent};
use crate::domain::{LeftOut, OverBudget, Work};

impl Content {
    /// Reads canonical JSON, which may be that of an earlier version. The outer error says that the time is
    /// over, the inner one that the JSON is not a content.
    pub fn read(json: &[u8], work: &Work) -> Result<Result<Self, serde_json::Error>, OverBudget> {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        let read = Reading(work).deserialize(&mut deserializer);
        let read = read.and_then(|content| deserializer.end().map(|()| content));
        // Where it ended because the time is over, this fails.
        work.spend(0)?;
        Ok(read)
    }
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Reading(&Work::unlimited()).deserialize(deserializer)
    }
}

/// Reads a content.
struct Reading<'w>(&'w Work);

/// The fields of a content.
#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "camelCase")]
enum Field {
    Agents,
    Automations,
    Findings,
    LeftOut,
    Prompts,
    Source,
    Templates,
    #[serde(other)]
    Other,
}

impl<'de> DeserializeSeed<'de> for Reading<'_> {
    type Value = Content;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Content, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Reading<'_> {
    type Value = Content;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a content")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Content, A::Error> {
        let mut content = Content::default();
        let (mut agents, mut automations, mut prompts, mut templates) = (None, None, None, None);
        let items = || List::new(self.0, item_size);
        while let Some(field) = members.next_key()? {
            match field {
                Field::Agents => agents = Some(members.next_value_seed(List::new(self.0, agent_size))?),
                Field::Automations => automations = Some(members.next_value_seed(List::new(self.0, automation_size))?),
                Field::Findings => content.findings = members.next_value()?,
                Field::LeftOut => content.left_out = members.next_value_seed(List::new(self.0, left_out_size))?,
                Field::Prompts => prompts = Some(members.next_value_seed(items())?),
                Field::Source => content.source = members.next_value()?,
                Field::Templates => templates = Some(members.next_value_seed(items())?),
                Field::Other => drop(members.next_value::<IgnoredAny>()?),
            }
        }
        let missing = A::Error::missing_field;
        Ok(Content {
            agents: agents.ok_or_else(|| missing("agents"))?,
            automations: automations.ok_or_else(|| missing("automations"))?,
            prompts: prompts.ok_or_else(|| missing("prompts"))?,
            templates: templates.ok_or_else(|| missing("templates"))?,
            ..content
        })
    }
}

fn agent_size(agent: &KnownAgent) -> usize {
    agent.name.len()
}

fn left_out_size(left_out: &LeftOut) -> usize {
    left_out.key.len()
}

fn automation_size(automation: &CapturedAutomation) -> usize {
    item_size(&automation.item)
}

fn item_size(item: &CapturedItem) -> usize {
    let pointers = item.removed_secrets.iter().map(String::len);
    let places = item.identity.iter().map(|place| place.pointer.len());
    let types = item.document.types().iter().map(|place| place.pointer.len());
    item.document.size() + pointers.chain(places).chain(types).map(|length| 1 + length).sum::<usize>()
}

/// Reads a list, and spends what each element has before it goes on to the next.
struct List<'w, T> {
    work: &'w Work,
    size: fn(&T) -> usize,
    element: PhantomData<T>,
}

impl<'w, T> List<'w, T> {
    fn new(work: &'w Work, size: fn(&T) -> usize) -> Self {
        Self { work, size, element: PhantomData }
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for List<'_, T> {
    type Value = Vec<T>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for List<'_, T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Vec<T>, A::Error> {
        let mut read = Vec::new();
        while let Some(element) = elements.next_element()? {
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
        assert_eq!(Content::read(&json, &work).unwrap().unwrap().templates.len(), 10);
        assert!(work.done() >= 400_000);
        let looks = AtomicU64::new(0);
        let over = Work::until(move || looks.fetch_add(1, Ordering::Relaxed) >= 3);
        assert!(Content::read(&json, &over).is_err());
        assert!(over.done() < 200_000, "{}", over.done());
    }

    #[test]
    fn what_is_no_content_is_told_from_time_that_is_over() {
        for text in ["[]", "{}", r#"{"agents":[],"automations":[],"prompts":[]}"#, "{", ""] {
            assert!(matches!(Content::read(text.as_bytes(), &Work::unlimited()), Ok(Err(_))), "{text}");
        }
        let text = String::from_utf8(stored(0)).unwrap() + "x";
        assert!(matches!(Content::read(text.as_bytes(), &Work::unlimited()), Ok(Err(_))));
    }
}
