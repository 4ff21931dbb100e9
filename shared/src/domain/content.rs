//! What a snapshot holds: a setup as it was, without its secrets.

mod reading;
mod stored_item;

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::identity::IdentityPlace;
use super::reference::{Lookup, Reference, SourceTerms};
use super::{Counts, Document, ItemKind, LeftOut, LeftOutKind, ObjectId, OverBudget, Work};

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

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// A captured setup. Everything in it is data of the source organization, so it is shown only through a snapshot that
/// the reader may see.
///
/// The fields of this and the following types stand in the order of their names, so that their JSON is canonical. What the
/// automations refer to is not stored: it follows from them. Content that was captured earlier has it, and is read as well.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Content {
    /// The agents that the automations refer to, so that an id and a name can be told to be the same agent.
    pub agents: Vec<KnownAgent>,
    /// The automations, in the order of their ids.
    pub automations: Vec<CapturedAutomation>,
    /// Which rules made the findings of its items, as [`FINDINGS`] counts them; 0 where it was captured before there were any.
    #[serde(skip_serializing_if = "is_zero")]
    pub findings: u32,
    /// What of the source could not be read and was left out: items, switches, pipelines and agents.
    #[serde(rename = "leftOut", skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
    /// The prompts, in the order of their ids.
    pub prompts: Vec<CapturedItem>,
    /// What of the source organization the setup uses beside `agents`: a finding.
    #[serde(skip_serializing_if = "SourceTerms::is_empty")]
    pub source: SourceTerms,
    /// The templates, in the order of their ids.
    pub templates: Vec<CapturedItem>,
}

/// An automation as it was captured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CapturedAutomation {
    /// Whether the source user had it switched on.
    pub enabled: bool,
    /// The automation.
    pub item: CapturedItem,
}

/// A setup item as it was captured. `stored_item` has its JSON.
#[derive(Debug, Clone, PartialEq)]
pub struct CapturedItem {
    /// Its fields, without secrets.
    pub document: Document,
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

impl CapturedAutomation {
    /// The part by which two captures are compared.
    #[must_use]
    pub fn without_findings(self) -> Self {
        Self { item: self.item.without_findings(), ..self }
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
    /// How many items of each kind.
    pub fn counts(&self) -> Counts {
        Counts { automations: self.automations.len(), prompts: self.prompts.len(), templates: self.templates.len() }
    }

    /// Shows everything that the automations refer to, as the API shows it, until `visit` fails or the time is over.
    pub fn each_reference<E: From<OverBudget>>(
        &self,
        lookup: &Lookup<'_>,
        work: &Work,
        mut visit: impl FnMut(Reference) -> Result<(), E>,
    ) -> Result<(), E> {
        self.automations.iter().try_for_each(|automation| {
            let item = &automation.item;
            let (id, name) = (item.id, item.document.name());
            lookup.each_site(ItemKind::Automation, item, work, |site| visit(site.describe(id, name)))
        })
    }

    /// The first item of `left_out` that it holds; `None` where it holds none.
    pub fn first_held<'l>(&self, left_out: &'l [LeftOut]) -> Option<&'l LeftOut> {
        let items = (self.automations.iter().map(|automation| (LeftOutKind::Automation, automation.item.id)))
            .chain(self.prompts.iter().map(|item| (LeftOutKind::Prompt, item.id)))
            .chain(self.templates.iter().map(|item| (LeftOutKind::Template, item.id)));
        // A switch that cannot be read is off, and what belongs to the organization is no part of a setup.
        let held: HashSet<(LeftOutKind, ObjectId)> = items.collect();
        left_out.iter().find(|left_out| left_out.key.parse().is_ok_and(|id| held.contains(&(left_out.kind, id))))
    }

    /// The part by which two captures are compared.
    #[must_use]
    pub fn without_findings(self) -> Self {
        let items = |items: Vec<CapturedItem>| items.into_iter().map(CapturedItem::without_findings).collect();
        Self {
            agents: self.agents,
            automations: self.automations.into_iter().map(CapturedAutomation::without_findings).collect(),
            findings: 0,
            left_out: self.left_out.into_iter().filter(|left_out| left_out.kind.is_of_setup()).collect(),
            prompts: items(self.prompts),
            source: SourceTerms::default(),
            templates: items(self.templates),
        }
    }

    /// Its JSON, with every object's keys in order: the same content gives the same bytes in every build.
    pub fn canonical_json(&self) -> Vec<u8> {
        // Text keys and finite numbers only, so it cannot fail.
        serde_json::to_vec(self).unwrap_or_default()
    }
}
