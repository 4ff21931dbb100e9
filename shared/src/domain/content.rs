//! What a snapshot holds: a setup as it was, without its secrets.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::reference::{self, RefType, Reference};
use super::{Counts, Document, ObjectId, Organization, Setup, SetupItem, redaction};

/// The most items that a snapshot holds.
pub const MAX_ITEMS: usize = 5_000;
/// The most bytes of JSON that a snapshot holds before compression.
pub const MAX_RAW_BYTES: usize = 16_000_000;
/// The largest item, in bytes as DynamoDB counts them: a clone is a little larger than its source, and 400 kB is
/// DynamoDB's own limit.
pub const MAX_ITEM_BYTES: usize = 390_000;

/// A captured setup. Everything in it is data of the source organization, so it is shown only through a snapshot that
/// the reader may see.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// The automations, in the order of their ids.
    pub automations: Vec<CapturedAutomation>,
    /// The prompts, in the order of their ids.
    pub prompts: Vec<CapturedItem>,
    /// The templates, in the order of their ids.
    pub templates: Vec<CapturedItem>,
    /// The agents that the automations refer to, so that an id and a name can be told to be the same agent.
    pub agents: Vec<KnownAgent>,
}

/// An automation as it was captured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CapturedAutomation {
    /// The automation.
    pub item: CapturedItem,
    /// Whether the source user had it switched on.
    pub enabled: bool,
    /// What it refers to.
    pub references: Vec<Reference>,
}

/// A setup item as it was captured.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CapturedItem {
    /// Its id in the source organization.
    pub id: ObjectId,
    /// Its fields, without secrets.
    pub document: Document,
    /// JSON pointers to the values that were removed as secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed_secrets: Vec<String>,
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
    /// Captures `setup`, whose owner belongs to `organization`: secrets removed, references and switches recorded.
    pub fn capture(setup: Setup, organization: &Organization) -> Self {
        let Setup { automations, prompts, templates, preferences } = setup;
        let take = |mut item: SetupItem| {
            let removed_secrets = redaction::redact(&mut item.document);
            CapturedItem { id: item.id, document: item.document, removed_secrets }
        };
        let automations: Vec<_> = automations
            .into_iter()
            .map(take)
            .map(|item| CapturedAutomation {
                enabled: preferences.get(&item.id).copied().unwrap_or(true),
                references: references(&item.document),
                item,
            })
            .collect();
        Self {
            agents: known_agents(&automations, organization),
            automations,
            prompts: prompts.into_iter().map(take).collect(),
            templates: templates.into_iter().map(take).collect(),
        }
    }

    /// How many items of each kind.
    pub fn counts(&self) -> Counts {
        Counts { automations: self.automations.len(), prompts: self.prompts.len(), templates: self.templates.len() }
    }

    /// JSON with every object's keys in order: the same content gives the same bytes in every build.
    pub fn canonical_json(&self) -> Vec<u8> {
        canonical_json(self)
    }
}

/// Serializes with every object's keys in order.
pub(super) fn canonical_json(value: &impl Serialize) -> Vec<u8> {
    // Text keys and finite numbers only, so neither step can fail.
    serde_json::to_value(value).map(in_order).and_then(|value| serde_json::to_vec(&value)).unwrap_or_default()
}

/// The same value with every object's keys in order.
pub(super) fn in_order(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().map(|(key, value)| (key, in_order(value))).collect();
            fields.sort_by(|(a, _), (b, _)| a.cmp(b));
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(in_order).collect()),
        other => other,
    }
}

fn references(automation: &Document) -> Vec<Reference> {
    reference::sites(automation).iter().map(|site| site.describe(automation.name())).collect()
}

fn known_agents(automations: &[CapturedAutomation], organization: &Organization) -> Vec<KnownAgent> {
    let named: BTreeSet<&str> = automations
        .iter()
        .flat_map(|automation| &automation.references)
        .filter(|reference| reference.ref_type == RefType::Agent)
        .map(|reference| reference.value.as_str())
        .collect();
    organization
        .agents
        .iter()
        .filter(|agent| named.contains(agent.name.as_str()) || named.contains(agent.id.to_string().as_str()))
        .map(|agent| KnownAgent { id: agent.id, name: agent.name.clone() })
        .collect()
}
