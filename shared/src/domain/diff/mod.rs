//! What changed between two captures of one setup, told for people: which items, which of their fields, which lines of
//! their texts.
//!
//! It is lazy: [`compare`] only finds the items that are not equal, and [`ItemChange::describe`] looks into one of them, so
//! that a page costs what it shows. A description is bounded: [`MAX_ITEM_LINES`] and its like say by what.

mod described;
mod fields;
mod lines;
mod unified;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use utoipa::ToSchema;

pub use described::{ChangeKind, DescribedChange, FieldChange, SecretsChange, SwitchChange, TypeChange};
pub use described::{MAX_FIELDS, MAX_ITEM_LINES, MAX_NAME, MAX_SECRETS};
pub use fields::{MAX_POINTER, MAX_SHORT_JSON, MAX_SHORT_TEXT};
pub use lines::MAX_LINE;
pub use unified::{CONTEXT, MAX_FIELD_LINES, MAX_RUN, MAX_SEARCHED};

use super::content::{CapturedItem, Content};
use super::{Counts, ItemKind, ObjectId, OverBudget, Work, cut};

/// An item that is not the same in two captures.
#[derive(Debug, Clone, Copy)]
pub struct ItemChange<'a> {
    /// Its kind.
    pub kind: ItemKind,
    /// Its id in the source organization.
    pub id: ObjectId,
    sides: Sides<'a>,
}

#[derive(Debug, Clone, Copy)]
enum Sides<'a> {
    Added(&'a CapturedItem),
    Removed(&'a CapturedItem),
    Changed(&'a CapturedItem, &'a CapturedItem),
}

/// Whether an item is the same in two captures. What it refers to follows from it, so that is not compared; the names of agents do
/// not, and [`renamed_agents`] tells them. Nothing depends on the order in which secrets were found.
fn is_same(before: &CapturedItem, after: &CapturedItem) -> bool {
    let [old, new] = [before, after].map(|item| &item.removed_secrets);
    before.enabled == after.enabled
        && before.document == after.document
        && (old == new || BTreeSet::from_iter(old) == BTreeSet::from_iter(new))
}

/// The items that are not the same in `from` and `to`, by kind, then by id. One that was made again under another id is
/// another item: the old one is removed and the new one added.
pub fn compare<'a>(from: &'a Content, to: &'a Content, work: &Work) -> Result<Vec<ItemChange<'a>>, OverBudget> {
    type Pair<'a> = (Option<&'a CapturedItem>, Option<&'a CapturedItem>);
    let mut pairs: BTreeMap<(ItemKind, ObjectId), Pair<'a>> = BTreeMap::new();
    for (kind, item) in from.items.each() {
        pairs.entry((kind, item.id)).or_default().0 = Some(item);
    }
    for (kind, item) in to.items.each() {
        pairs.entry((kind, item.id)).or_default().1 = Some(item);
    }
    let sides = |pair| match pair {
        (Some(before), Some(after)) => (!is_same(before, after)).then_some(Sides::Changed(before, after)),
        (Some(before), None) => Some(Sides::Removed(before)),
        (None, after) => after.map(Sides::Added),
    };
    let mut changes = Vec::new();
    for ((kind, id), pair) in pairs {
        if let (Some(before), Some(_)) = pair {
            // Two items that are equal are looked at from end to end.
            work.spend(before.document.size())?;
        }
        changes.extend(sides(pair).map(|sides| ItemChange { kind, id, sides }));
    }
    Ok(changes)
}

/// How many elements two lists have in common at their start and, behind that, at their end.
fn common_ends<T: PartialEq>(old: &[T], new: &[T]) -> (usize, usize) {
    let same = |(a, b): &(&T, &T)| a == b;
    let head = old.iter().zip(new).take_while(same).count();
    let tail = old[head..].iter().rev().zip(new[head..].iter().rev()).take_while(same).count();
    (head, tail)
}

impl<'a> ItemChange<'a> {
    /// What happened to it.
    pub fn change(&self) -> ChangeKind {
        match self.sides {
            Sides::Added(_) => ChangeKind::Added,
            Sides::Removed(_) => ChangeKind::Removed,
            Sides::Changed(..) => ChangeKind::Changed,
        }
    }

    /// Its place in the list of changes.
    pub fn place(&self) -> (ItemKind, ObjectId) {
        (self.kind, self.id)
    }

    /// Its name: the new one, for a removed item the old one. Empty where it has none.
    pub fn name(&self) -> &'a str {
        match self.sides {
            Sides::Added(shown) | Sides::Removed(shown) | Sides::Changed(_, shown) => shown.document.name(),
        }
    }

    /// Looks into it. This takes time that grows with the item's size; see [`compare`] for what does not.
    pub fn describe(&self, work: &Work) -> Result<DescribedChange<'a>, OverBudget> {
        if let Sides::Changed(before, after) = self.sides {
            work.spend(before.document.size() + after.document.size())?;
        }
        described::describe(self, work)
    }
}

/// An agent that has another name than before. The items that name it by its id are the same.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RenamedAgent<'a> {
    /// The agent.
    #[serde(rename = "_id")]
    pub id: ObjectId,
    /// Its name before. A very long one ends in an ellipsis.
    #[schema(value_type = String)]
    pub before: Cow<'a, str>,
    /// Its name now. A very long one ends in an ellipsis.
    #[schema(value_type = String)]
    pub after: Cow<'a, str>,
}

/// The most renamed agents that are listed.
pub const MAX_AGENTS: usize = 200;

/// The agents that automations of both captures refer to, and that were renamed in between.
pub fn renamed_agents<'a>(from: &'a Content, to: &'a Content) -> Vec<RenamedAgent<'a>> {
    let before: BTreeMap<ObjectId, &str> = from.agents.iter().map(|agent| (agent.id, agent.name.as_str())).collect();
    let renamed = to.agents.iter().filter_map(|agent| {
        let before = before.get(&agent.id).filter(|before| **before != agent.name)?;
        Some(RenamedAgent { id: agent.id, before: cut(before, MAX_NAME), after: cut(&agent.name, MAX_NAME) })
    });
    renamed.take(MAX_AGENTS).collect()
}

/// How many items of each kind changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[schema(as = ChangeSummary)]
pub struct Summary {
    /// Items that were not there before.
    pub added: Counts,
    /// Items that are no longer there.
    pub removed: Counts,
    /// Items that are there still, and differ.
    pub changed: Counts,
}

impl Summary {
    /// Counts `changes`.
    pub fn of(changes: &[ItemChange<'_>]) -> Self {
        let mut summary = Self::default();
        for change in changes {
            let counts = match change.change() {
                ChangeKind::Added => &mut summary.added,
                ChangeKind::Removed => &mut summary.removed,
                ChangeKind::Changed => &mut summary.changed,
            };
            *counts.get_mut(change.kind) += 1;
        }
        summary
    }
}
