//! Turns a plan into the items of one new user.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::{IdentityRewire, Plan, PlannedClone, Rewire};
use crate::domain::identity::{NewIdentity, fill_in};
use crate::domain::{Document, ItemKind, ItemOrigin, ObjectId, OverBudget, Preferences, Timestamp, Work, reference};

/// Which apply the items belong to. The same origin gives the same ids, however often it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// The apply.
    pub apply: ObjectId,
    /// The snapshot that is applied.
    pub snapshot: ObjectId,
    /// Which of its revisions.
    pub revision: u32,
    /// When the apply was admitted.
    pub at: Timestamp,
}

/// A clone as it will be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct ClonedItem {
    /// What it is.
    pub kind: ItemKind,
    /// Its new id.
    pub id: ObjectId,
    /// Its fields, with every reference to another clone rewired, and the new user's values in place.
    pub document: Document,
    /// What it is a clone of.
    pub cloned_from: ItemOrigin,
}

/// Everything of a new user that comes from a snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct Arrival {
    /// The clones, in the order of the plan.
    pub items: Vec<ClonedItem>,
    /// Every automation's switch.
    pub preferences: Preferences,
}

impl Plan {
    /// Gives every clone its id, rewires the references between them, and makes the new user their owner. Fails if the time is
    /// over.
    pub fn arrive(&self, origin: &Origin, new: &NewIdentity, work: &Work) -> Result<Arrival, OverBudget> {
        let switched = self
            .clones
            .iter()
            .filter_map(|clone| Some((origin.clone_id(clone.kind, &clone.source_id), clone.enabled?)));
        Ok(Arrival {
            items: self.clones.iter().map(|clone| origin.arrive(clone, new, work)).collect::<Result<_, _>>()?,
            preferences: self.kept_preferences.iter().copied().chain(switched).collect(),
        })
    }
}

impl Origin {
    fn arrive(&self, clone: &PlannedClone, new: &NewIdentity, work: &Work) -> Result<ClonedItem, OverBudget> {
        work.spend(clone.document.size())?;
        let mut document = clone.document.clone();
        // A text may be a list of many ids, each of which is a reference.
        for of_one_place in clone.rewires.chunk_by(|one, next| one.pointer == next.pointer) {
            let Some(first) = of_one_place.first() else { continue };
            work.spend(first.pointer.len() + of_one_place.len())?;
            if let Some(Value::String(text)) = document.pointer_mut(&first.pointer) {
                work.spend(text.len())?;
                let new_id = |rewire: &Rewire| (rewire.source_id, self.clone_id(rewire.kind, &rewire.source_id));
                reference::rewire(text, &of_one_place.iter().map(new_id).collect());
            }
        }
        work.spend(clone.identity.iter().map(|rewire| 1 + rewire.pointer.len()).sum())?;
        fill_in(&mut document, clone.identity.iter().map(IdentityRewire::filling), new);
        Ok(ClonedItem {
            kind: clone.kind,
            id: self.clone_id(clone.kind, &clone.source_id),
            document,
            cloned_from: ItemOrigin { snapshot: self.snapshot, revision: self.revision, source: clone.source_id },
        })
    }

    /// Returns the id of the item that something is a clone of; `None` if it comes from another snapshot or revision.
    pub fn source_of(&self, cloned_from: &str) -> Option<ObjectId> {
        let origin: ItemOrigin = cloned_from.parse().ok()?;
        (origin == ItemOrigin { snapshot: self.snapshot, revision: self.revision, ..origin }).then_some(origin.source)
    }

    /// Derives the id instead of drawing it at random, so that a run that resumes an apply makes the same ids again.
    fn clone_id(&self, kind: ItemKind, source_id: &ObjectId) -> ObjectId {
        let digest = Sha256::new()
            .chain_update(self.apply.as_bytes())
            .chain_update(kind.as_str())
            .chain_update(source_id.as_bytes())
            .finalize();
        let mut random = [0; 8];
        random.copy_from_slice(&digest[..8]);
        ObjectId::compose(self.at, random)
    }
}
