//! The place of an apply among those of its organization.

use crate::domain::{ObjectId, Timestamp};
use crate::store::keys::{self, LIST};
use crate::store::table::change::Change;

/// What the place of an apply among those of its organization is made of. It is the place of its user in the list of users, so an apply
/// whose user goes stays where it was.
#[derive(Debug, Clone, Copy)]
pub(in crate::store) struct TimelinePlace {
    pub(in crate::store) organization: ObjectId,
    pub(in crate::store) apply: ObjectId,
    pub(in crate::store) user: ObjectId,
    pub(in crate::store) at: Timestamp,
}

impl TimelinePlace {
    /// Returns the keys of `LIST`.
    pub(in crate::store) fn keys(&self) -> [String; 2] {
        [keys::listed_applies(&self.organization), keys::by_time(self.at, &self.user)]
    }

    /// Adds to a change of the record that it stands in that place. A record does once its user is gone, or never comes: until then the
    /// user's own row leads to it, so that no apply writes a row for this.
    pub(in crate::store) fn list(&self, change: Change) -> Change {
        let [pk, sk] = self.keys();
        change.list(&LIST, pk, sk)
    }
}
