//! A named capture of one user's setup.

use std::collections::HashSet;

use super::rights::Access;
use super::{Counts, Description, Email, FullName, ObjectId, Role, SnapshotName, Timestamp};

/// Everything about a snapshot but its content.
#[derive(Debug, Clone, PartialEq)]
pub struct Snapshot {
    /// Its id.
    pub id: ObjectId,
    /// The name shown in the snapshot picker.
    pub name: SnapshotName,
    /// Notes on what it captures.
    pub description: Option<Description>,
    /// Whose setup it is.
    pub source: Source,
    /// How many items it holds.
    pub counts: Counts,
    /// Who made it.
    pub creator: Creator,
    /// Whether every organization sees it.
    pub is_global: bool,
    /// The organizations that see it.
    pub assigned: Vec<ObjectId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Which revision its content is; the first is 1.
    pub revision: u32,
    /// When that revision was made.
    pub revised_at: Timestamp,
    /// The older revision that this one brought back; `None` where it was captured.
    pub restored_from: Option<u32>,
    /// How often its own fields were written; the first is 1.
    pub version: u64,
}

/// The user whose setup was captured, as that user was when the latest revision was captured.
#[derive(Debug, Clone, PartialEq)]
pub struct Source {
    /// The organization's id.
    pub organization: ObjectId,
    /// The organization's name.
    pub organization_name: String,
    /// The user's id.
    pub user: ObjectId,
    /// The user's address, as it was sent.
    pub user_email: Email,
    /// The user's name.
    pub user_name: Option<FullName>,
}

/// The user who made a snapshot, as that user was then.
#[derive(Debug, Clone, PartialEq)]
pub struct Creator {
    /// The user's id.
    pub id: ObjectId,
    /// The user's organization, which need not be the source's.
    pub organization: ObjectId,
    /// The user's name.
    pub name: Option<FullName>,
    /// The user's role.
    pub role: Role,
}

/// Who sees a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sharing {
    /// The organizations that see it, none of them twice.
    pub assigned: Vec<ObjectId>,
    /// Whether every organization sees it.
    pub is_global: bool,
}

/// How a new sharing differs from the one before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SharingChanges {
    /// Organizations other than the source's that are new.
    pub added: Vec<ObjectId>,
    /// Organizations other than the source's that are gone.
    pub removed: Vec<ObjectId>,
    /// Whether every organization sees it from now on; `None` where that stays as it was.
    pub is_global: Option<bool>,
}

impl SharingChanges {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.added.len() + self.removed.len() + usize::from(self.is_global.is_some())
    }
}

impl Snapshot {
    /// What changes when it is shared as `sharing` says. The source organization is aside: its listing is the snapshot's
    /// own.
    pub fn sharing_changes(&self, sharing: &Sharing) -> SharingChanges {
        let beyond = |ids: &[ObjectId], others: &[ObjectId]| {
            let others: HashSet<&ObjectId> = others.iter().collect();
            let source = self.source.organization;
            ids.iter().filter(|id| **id != source && !others.contains(id)).copied().collect()
        };
        SharingChanges {
            added: beyond(&sharing.assigned, &self.assigned),
            removed: beyond(&self.assigned, &sharing.assigned),
            is_global: (sharing.is_global != self.is_global).then_some(sharing.is_global),
        }
    }

    /// What the rights table judges.
    pub fn access(&self) -> Access<'_> {
        Access {
            source_organization: self.source.organization,
            creator: self.creator.id,
            creator_organization: self.creator.organization,
            assigned: &self.assigned,
            is_global: self.is_global,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: ObjectId = ObjectId::from_bytes([1; 12]);

    fn other(number: u8) -> ObjectId {
        ObjectId::from_bytes([number; 12])
    }

    fn snapshot(assigned: Vec<ObjectId>, is_global: bool) -> Snapshot {
        let email = Email::parse("alex@acme.example").unwrap();
        Snapshot {
            id: other(9),
            name: SnapshotName::parse("Q2").unwrap(),
            description: None,
            source: Source {
                organization: SOURCE,
                organization_name: "Acme".into(),
                user: other(8),
                user_email: email,
                user_name: None,
            },
            counts: Counts::default(),
            creator: Creator { id: other(8), organization: SOURCE, name: None, role: Role::Admin },
            is_global,
            assigned,
            created_at: Timestamp::from_millis(0),
            updated_at: Timestamp::from_millis(0),
            revision: 1,
            revised_at: Timestamp::from_millis(0),
            restored_from: None,
            version: 1,
        }
    }

    #[test]
    fn the_changes_of_a_sharing_leave_the_source_organization_aside() {
        let shared = snapshot(vec![SOURCE, other(2), other(3)], false);
        let changes = |assigned: &[ObjectId], is_global| {
            shared.sharing_changes(&Sharing { assigned: assigned.to_vec(), is_global })
        };
        assert_eq!(changes(&[other(3), SOURCE, other(2)], false), SharingChanges::default());
        assert_eq!(changes(&[other(2), other(3)], false).count(), 0);
        let changed = changes(&[other(4), other(3)], true);
        assert_eq!((&changed.added[..], &changed.removed[..]), (&[other(4)][..], &[other(2)][..]));
        assert_eq!((changed.is_global, changed.count()), (Some(true), 3));
    }
}
