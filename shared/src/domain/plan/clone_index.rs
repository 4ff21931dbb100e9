//! The items that arrive, by what references may call them.

use std::collections::{HashMap, HashSet};

use crate::domain::content::CapturedItem;
use crate::domain::{ItemKind, ObjectId, OverBudget, Work};

/// The clones of one kind, by what a reference may call them.
pub(super) struct CloneIndex<'a> {
    ids: HashSet<ObjectId>,
    names: HashSet<&'a str>,
    /// Names and ids of those that lost a secret, or use one that did.
    incomplete: HashSet<String>,
    /// Names and ids of those that keep an id of the source organization, or use one that does, each with the name.
    unmapped: HashMap<String, &'a str>,
}

impl<'a> CloneIndex<'a> {
    /// Items with a switch are called by their ids alone.
    pub(super) fn new(kind: ItemKind, items: &'a [CapturedItem], work: &Work) -> Result<Self, OverBudget> {
        let named = if kind.has_switch() { &[] } else { items };
        work.spend(named.iter().map(|item| 1 + item.document.name().len()).sum())?;
        Ok(Self {
            ids: items.iter().map(|item| item.id).collect(),
            names: named.iter().map(|item| item.document.name()).collect(),
            incomplete: HashSet::new(),
            unmapped: HashMap::new(),
        })
    }

    pub(super) fn has_id(&self, id: &ObjectId) -> bool {
        self.ids.contains(id)
    }

    pub(super) fn has_name(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    /// Whether one of this name or id lost a secret, or uses one that did.
    pub(super) fn lost_secret(&self, value: &str) -> bool {
        self.incomplete.contains(value) || in_lower_case(value).is_some_and(|id| self.incomplete.contains(&id))
    }

    /// The name of the one of this name or id that keeps an id of the source organization, or uses one that does.
    pub(super) fn keeping_unmapped(&self, value: &str) -> Option<&'a str> {
        let by_id = || self.unmapped.get(&in_lower_case(value)?);
        self.unmapped.get(value).or_else(by_id).copied()
    }

    /// Notes that an item lost a secret or keeps an id of the source organization, or uses one that does.
    pub(super) fn note(&mut self, item: &'a CapturedItem, is_incomplete: bool, is_unmapped: bool) {
        let called = || [item.id.to_string(), item.document.name().to_owned()];
        if is_incomplete {
            self.incomplete.extend(called());
        }
        if is_unmapped {
            self.unmapped.extend(called().map(|called| (called, item.document.name())));
        }
    }
}

/// An id as items have it.
fn in_lower_case(id: &str) -> Option<String> {
    id.parse::<ObjectId>().ok().map(|id| id.to_string())
}
