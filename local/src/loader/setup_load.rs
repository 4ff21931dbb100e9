//! Writes the changes of a setup that a load found.

use std::collections::HashSet;

use shared::domain::{Fault, ItemKind, ObjectId, Timestamp, User};
use shared::store::{
    ItemVersion, MAX_TRANSACTION_BYTES, MAX_TRANSACTION_ITEMS, SetupChange, SetupEdit, SetupWriteOutcome, SetupWriter,
    Table,
};

/// The most edits of one write: a transaction less the profile.
const MAX_EDITS: usize = MAX_TRANSACTION_ITEMS - 1;
/// The most bytes of one write, less what the database adds to the text of a document.
const MAX_BYTES: usize = MAX_TRANSACTION_BYTES / 4 * 3;

/// Changes of a setup.
pub(super) struct SetupWrites<'a> {
    pub(super) switches: &'a [(ObjectId, bool)],
    pub(super) edits: &'a [SetupEdit],
}

/// Writes changes of setups at one time.
pub(super) struct SetupLoad<'a> {
    pub(super) table: &'a Table,
    pub(super) now: Timestamp,
}

impl SetupLoad<'_> {
    /// Writes the switches that are off, then items, then the switches that are on, so that no automation is on for a moment that shall
    /// be off, or before it is as the file says. An automation whose switch cannot be put off is not written, and neither is the switch
    /// of one that is not written. Returns what has changed since it was compared.
    pub(super) async fn write(
        &self,
        user: &User,
        mut seen: ItemVersion,
        writes: &[SetupWrites<'_>],
    ) -> Result<Vec<String>, Fault> {
        let switches = || writes.iter().flat_map(|writes| writes.switches);
        let mut left = Vec::new();
        let mut held = self.write_switches(user, &mut seen, switches().filter(|(_, is_on)| !is_on), &mut left).await?;
        for edits in writes.iter().map(|writes| writes.edits) {
            let (without_switch, edits): (Vec<SetupEdit>, Vec<SetupEdit>) =
                edits.iter().cloned().partition(|edit| automation(edit).is_some_and(|id| held.contains(&id)));
            left.extend(named(&without_switch));
            for batch in transactions(&edits) {
                let unwritten = self.write_edits(user, batch).await?;
                left.extend(named(&unwritten));
                held.extend(unwritten.iter().filter_map(automation));
            }
        }
        let on = switches().filter(|(_, is_on)| *is_on);
        let (without_item, on): (Vec<_>, Vec<_>) = on.partition(|(id, _)| held.contains(id));
        left.extend(switch_names(without_item.into_iter().copied()));
        self.write_switches(user, &mut seen, on.into_iter(), &mut left).await?;
        Ok(left)
    }

    /// Writes switches one after the other, since all are one item. Adds the names of those that changed meanwhile to `left`, and returns
    /// their automations.
    async fn write_switches(
        &self,
        user: &User,
        seen: &mut ItemVersion,
        switches: impl Iterator<Item = &(ObjectId, bool)>,
        left: &mut Vec<String>,
    ) -> Result<HashSet<ObjectId>, Fault> {
        let (writer, mut held) = (SetupWriter::new(self.table), HashSet::new());
        for (id, is_on) in switches {
            let edit = SetupEdit { change: SetupChange::Switch(*id, *is_on), seen: *seen };
            let name = edit.change.describe();
            match writer.write(&user.organization, &user.id, &[edit], self.now).await? {
                SetupWriteOutcome::Version(version) => *seen = ItemVersion::Version(version),
                _ => {
                    left.push(name);
                    held.insert(*id);
                }
            }
        }
        Ok(held)
    }

    /// Writes edits that fit one transaction. Returns those that are not written, because others changed them since they were compared.
    async fn write_edits(&self, user: &User, mut batch: Vec<SetupEdit>) -> Result<Vec<SetupEdit>, Fault> {
        let (writer, mut unwritten) = (SetupWriter::new(self.table), Vec::new());
        while !batch.is_empty() {
            match writer.write(&user.organization, &user.id, &batch, self.now).await? {
                SetupWriteOutcome::Version(_) => break,
                // Nothing is written, so the others are written without these.
                SetupWriteOutcome::Outdated(places) => {
                    unwritten.extend(places.into_iter().rev().map(|place| batch.remove(place)));
                }
                SetupWriteOutcome::NoSuchUser | SetupWriteOutcome::Busy => {
                    unwritten.append(&mut batch);
                }
            }
        }
        Ok(unwritten)
    }
}

/// Returns the edits in their order, in lists that each fit one transaction.
fn transactions(edits: &[SetupEdit]) -> Vec<Vec<SetupEdit>> {
    let (mut lists, mut bytes) = (Vec::<Vec<SetupEdit>>::new(), 0);
    for edit in edits {
        let size = match &edit.change {
            SetupChange::Put(_, item) => item.document.size(),
            _ => 0,
        };
        match lists.last_mut() {
            Some(list) if list.len() < MAX_EDITS && bytes + size <= MAX_BYTES => {
                bytes += size;
                list.push(edit.clone());
            }
            _ => {
                bytes = size;
                lists.push(vec![edit.clone()]);
            }
        }
    }
    lists
}

pub(super) fn named(edits: &[SetupEdit]) -> Vec<String> {
    edits.iter().map(|edit| edit.change.describe()).collect()
}

pub(super) fn switch_names(switches: impl IntoIterator<Item = (ObjectId, bool)>) -> Vec<String> {
    switches.into_iter().map(|(id, is_on)| SetupChange::Switch(id, is_on).describe()).collect()
}

/// Returns the id of the automation that an edit writes.
fn automation(edit: &SetupEdit) -> Option<ObjectId> {
    match &edit.change {
        SetupChange::Put(ItemKind::Automation, item) => Some(item.id),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::domain::SetupItem;

    use super::*;

    fn sizes(count: usize, bytes: usize) -> Vec<usize> {
        let id: ObjectId = "64eea11100000000000001ff".parse().unwrap();
        let edit = |_| {
            let document = serde_json::from_value(json!({"name": "x".repeat(bytes)})).unwrap();
            let change = SetupChange::Put(ItemKind::Prompt, SetupItem { id, document });
            SetupEdit { change, seen: ItemVersion::Absent }
        };
        transactions(&(0..count).map(edit).collect::<Vec<_>>()).iter().map(Vec::len).collect()
    }

    #[test]
    fn a_transaction_has_as_many_edits_as_fit_it_beside_the_profile() {
        assert_eq!(sizes(MAX_EDITS - 1, 1), [MAX_EDITS - 1]);
        assert_eq!(sizes(MAX_EDITS, 1), [MAX_EDITS]);
        assert_eq!(sizes(MAX_EDITS + 1, 1), [MAX_EDITS, 1]);
        assert_eq!(sizes(0, 1), [0; 0]);
    }

    #[test]
    fn a_transaction_has_as_many_bytes_as_fit() {
        let own = SetupItem { id: ObjectId::NOBODY, document: serde_json::from_value(json!({"name": ""})).unwrap() };
        let third = MAX_BYTES / 3 - own.document.size();
        assert_eq!(sizes(3, third - 1), [3]);
        assert_eq!(sizes(3, third), [3]);
        assert_eq!(sizes(3, third + 1), [2, 1]);
    }
}
