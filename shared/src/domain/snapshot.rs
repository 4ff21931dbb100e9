//! A named capture of one user's setup.

use super::rights::Access;
use super::sharing::{ContentAddress, Shares};
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
    /// Where the content of its revision is stored.
    pub content: ContentAddress,
    /// The revision that is shared with other organizations.
    pub shares: Shares,
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

impl Snapshot {
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
