//! A named capture of one user's setup.

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

/// Where the content of a revision is stored, and what it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ContentAddress {
    /// The SHA-256 of the content.
    pub hash: [u8; 32],
    /// How many chunks hold it; `None` where it stands in the revision's own item.
    pub chunks: Option<u32>,
}

/// A revision with everything that other organizations see of the snapshot, as a SUPERADMIN shared it.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedRevision {
    /// The revision's number.
    pub revision: u32,
    /// When the revision was made.
    pub revised_at: Timestamp,
    /// When it was shared. No two sharings of a snapshot have the same time.
    pub at: Timestamp,
    /// Who shared it; `None` where others saw the snapshot before sharings were kept.
    pub by: Option<ObjectId>,
    /// The snapshot's name at that time.
    pub name: SnapshotName,
    /// The snapshot's description at that time.
    pub description: Option<Description>,
    /// How many items the revision holds.
    pub counts: Counts,
    /// The name of the source organization.
    pub source_organization_name: String,
    /// The address of the source user.
    pub source_user_email: Email,
    /// The name of the source user.
    pub source_user_name: Option<FullName>,
    /// The revision's content.
    pub content: ContentAddress,
}

/// The sharing before the current one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EarlierSharing {
    /// The revision.
    pub revision: u32,
    /// When it was shared.
    pub at: Timestamp,
}

/// The revision of a snapshot that is shared with other organizations, and those that can be.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Shares {
    /// The shared revision. `None` if no revision is shared, or if the sharing is not recorded: see [`Snapshot::shared`].
    pub current: Option<SharedRevision>,
    /// The sharing before it.
    pub earlier: Option<EarlierSharing>,
    /// Whether each further revision is shared as soon as it is made.
    pub follow: bool,
    /// The oldest revision that is not dropped; `None` where no revision was made since it is kept.
    pub oldest_kept: Option<u32>,
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
