//! What a snapshot holds: a setup as it was, without its secrets.

mod field;
mod identity_place;
mod reading;
mod source_terms;
mod stored_item;

use std::collections::HashSet;

use serde::ser::SerializeMap;
use serde::{Deserialize, Serialize, Serializer};

pub use self::field::Field;
pub use self::identity_place::{IdentityKind, IdentityPlace};
pub use self::source_terms::{KnownPipeline, KnownStage, NamedAgent, SourceTerms};
pub(super) use self::stored_item::StoredItem;
use super::{Document, LeftOut, LeftOutKind, ObjectId, PerKind};

/// The most items that a snapshot holds.
pub const MAX_ITEMS: usize = 5_000;
/// The most bytes of JSON that a snapshot holds before compression.
pub const MAX_RAW_BYTES: usize = 16_000_000;
/// The largest item, in bytes as DynamoDB counts them: a clone is a little larger than its source, and 400 kB is
/// DynamoDB's own limit.
pub const MAX_ITEM_BYTES: usize = 390_000;
/// The most references that the automations of a snapshot have together: twenty for each of 5,000.
pub const MAX_REFERENCES: usize = 100_000;
/// The most bytes that the JSON pointers to them have together: 160 each, or as much as a snapshot.
pub const MAX_REFERENCE_POINTER_BYTES: usize = 16_000_000;
/// The most places from which secrets are removed: four in each of 5,000 items.
pub const MAX_REMOVED_SECRETS: usize = 20_000;
/// The most sets and binary values: four in each of 5,000 items.
pub const MAX_TYPED_PLACES: usize = 20_000;
/// The most bytes that the pointers to places of one kind have together: 200 each, or a quarter of a snapshot.
pub const MAX_POINTER_BYTES: usize = 4_000_000;

/// The rules that make findings today. What they find is no part of what two captures are compared by, so newer rules alone
/// make no new revision.
pub const FINDINGS: u32 = 1;

/// A captured setup. Everything in it is data of the source organization, so it is shown only through a snapshot that
/// the reader may see.
///
/// The fields of its JSON stand in the order of their names, so that it is canonical. What the automations refer to is not
/// stored: it follows from them. Content that was captured earlier has it, and is read as well.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Content {
    /// The agents that the automations refer to: an id and a name may mean the same agent.
    pub agents: Vec<KnownAgent>,
    /// The items, each kind in the order of its ids.
    pub items: PerKind<Vec<CapturedItem>>,
    /// Which rules made the findings of its items, as [`FINDINGS`] counts them; 0 where it was captured before there were any.
    pub findings: u32,
    /// The parts of the source that could not be read and were left out: items, switches, pipelines and agents.
    pub left_out: Vec<LeftOut>,
    /// The names and ids of the source organization that the setup uses beside `agents`: a finding.
    pub source: SourceTerms,
}

/// A setup item as it was captured. `stored_item` has its JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct CapturedItem {
    /// Its fields, without secrets.
    pub document: Document,
    /// Whether the source user had it switched on; `None` where its kind has no switch.
    pub enabled: Option<bool>,
    /// Its id in the source organization.
    pub id: ObjectId,
    /// Places that hold a value of the source person.
    pub identity: Vec<IdentityPlace>,
    /// JSON pointers to the values that were removed as secrets.
    pub removed_secrets: Vec<String>,
}

impl CapturedItem {
    /// Whether it has findings: what is known of it beside what was captured.
    pub fn has_findings(&self) -> bool {
        !self.identity.is_empty()
    }

    /// The part by which two captures are compared.
    #[must_use]
    pub fn without_findings(self) -> Self {
        Self { identity: Vec::new(), ..self }
    }
}

impl Serialize for Content {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut json = serializer.serialize_map(None)?;
        for field in Field::in_order() {
            let name = field.name();
            match field {
                Field::Agents => json.serialize_entry(name, &self.agents)?,
                Field::Items(kind) => json.serialize_entry(name, self.items.get(kind))?,
                Field::Findings if self.findings > 0 => json.serialize_entry(name, &self.findings)?,
                Field::LeftOut if !self.left_out.is_empty() => json.serialize_entry(name, &self.left_out)?,
                Field::Source if !self.source.is_empty() => json.serialize_entry(name, &self.source)?,
                Field::Findings | Field::LeftOut | Field::Source => {}
            }
        }
        json.end()
    }
}

/// An agent of the source organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KnownAgent {
    /// Its id.
    pub id: ObjectId,
    /// Its name.
    pub name: String,
}

impl Content {
    /// Every item, to be changed.
    pub fn each_item_mut(&mut self) -> impl Iterator<Item = &mut CapturedItem> {
        self.items.as_mut().into_iter().flat_map(|(_, items)| items)
    }

    /// The first item of `left_out` that it holds; `None` where it holds none.
    pub fn first_held<'l>(&self, left_out: &'l [LeftOut]) -> Option<&'l LeftOut> {
        let items = self.items.each().map(|(kind, item)| (kind.into(), item.id));
        // A switch that cannot be read is off, and what belongs to the organization is no part of a setup.
        let held: HashSet<(LeftOutKind, ObjectId)> = items.collect();
        left_out.iter().find(|left_out| left_out.key.parse().is_ok_and(|id| held.contains(&(left_out.kind, id))))
    }

    /// The part by which two captures are compared.
    #[must_use]
    pub fn without_findings(self) -> Self {
        Self {
            agents: self.agents,
            items: self.items.map(|_, items| items.into_iter().map(CapturedItem::without_findings).collect()),
            findings: 0,
            left_out: self.left_out.into_iter().filter(|left_out| left_out.kind.is_of_setup()).collect(),
            source: SourceTerms::default(),
        }
    }

    /// Its JSON, with every object's keys in order: the same content gives the same bytes in every build.
    pub fn canonical_json(&self) -> Vec<u8> {
        // Text keys and finite numbers only, so it cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
