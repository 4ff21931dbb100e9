//! A broken relation, and what repair does about it.

use super::relation::{Relation, RemedyKind};
use crate::domain::ObjectId;
use crate::store::keys::ItemKey;

/// A broken relation of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Defect {
    /// The relation.
    pub relation: Relation,
    pub(super) key: ItemKey,
    /// What is missing or contradicts.
    pub detail: String,
    /// What repair would do, or who has to do what.
    pub remedy: String,
    pub(super) action: RepairStep,
}

impl Defect {
    /// Returns the partition key of the item.
    pub fn partition_key(&self) -> &str {
        &self.key.pk
    }

    /// Returns the sort key of the item.
    pub fn sort_key(&self) -> &str {
        &self.key.sk
    }

    /// Returns how it can be repaired.
    pub fn remedy_kind(&self) -> RemedyKind {
        self.action.kind()
    }
}

/// What repair does about the tombstone of a removed user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RemovalStep {
    /// Gives an unfinished removal its sweep key.
    Sweep,
    /// Takes the sweep key from a finished removal.
    Unlist,
    /// Deletes the items that are left.
    DeleteItems,
}

/// One step of a repair. Each is a conditional write, or several that may be repeated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum RepairStep {
    /// Nothing: a person decides.
    Ask,
    /// Deletes the user's profile in this organization, and the claim on its address. `is_undone`: a person undid the apply.
    DeleteUser { organization: ObjectId, is_undone: bool },
    /// Deletes the items of a user without a profile. `is_dead`: an apply of the user has ended.
    DeleteItems { organization: ObjectId, is_dead: bool },
    /// Deletes a claim, if it still has this holder. `is_dead`: the user or the reservation is known to have ended.
    DeleteClaim { pk: String, is_dead: bool },
    /// Undoes a committed apply.
    Undo(ItemKey),
    /// Abandons a staged apply; a sweep clears it.
    Abandon(ItemKey),
    /// Gives an unfinished apply its sweep key.
    Sweep(ItemKey),
    /// Takes the sweep key from a finished apply.
    Unlist(ItemKey),
    /// Puts an apply without a user into the list of its organization's applies.
    ListApply(ItemKey),
    /// Mends what is left of a removed user.
    Removal { organization: ObjectId, step: RemovalStep },
    /// Makes the claim that an apply reserved its user's.
    OwnClaim { pk: String, apply: ObjectId },
    /// Writes a user's claim, without a password.
    WriteClaim { organization: ObjectId },
    /// Raises a user's setup version.
    RaiseVersion { organization: ObjectId, to: u64 },
    /// Puts a user into the list of users.
    ListUser { organization: ObjectId },
    /// Deletes all items of a snapshot without a main item. `is_dead`: its tombstone is there.
    DeleteParts { is_dead: bool },
    /// Deletes an older revision that is not older. `is_copy`: it repeats the current one.
    DeleteRevision { number: u32, is_copy: bool },
    /// Deletes an older revision that cannot be read.
    ForgetRevision(u32),
    /// Deletes chunks.
    DeleteChunks(u32),
    /// Makes an older revision the current one.
    RollBack(u32),
    /// Deletes a snapshot of which no revision can be read.
    DeleteSnapshot,
    /// Keeps only the revisions from this one on.
    KeepFrom(u32),
    /// Stops sharing a revision that is lost.
    Unshare,
    /// Writes the rows of lists.
    WriteRows,
    /// Makes the state of refreshes describe the current revision.
    SetRefreshRevision,
    /// Sets a snapshot's index keys.
    ListSnapshot,
    /// Sets a schedule's index keys.
    ListSchedule,
}

impl RepairStep {
    pub(super) fn kind(&self) -> RemedyKind {
        match self {
            Self::Ask => RemedyKind::Person,
            Self::DeleteUser { is_undone: kept, .. }
            | Self::DeleteItems { is_dead: kept, .. }
            | Self::DeleteClaim { is_dead: kept, .. }
            | Self::DeleteParts { is_dead: kept }
            | Self::DeleteRevision { is_copy: kept, .. } => {
                if *kept {
                    RemedyKind::Mend
                } else {
                    RemedyKind::Drop
                }
            }
            Self::Undo(_)
            | Self::ForgetRevision(_)
            | Self::DeleteChunks(_)
            | Self::RollBack(_)
            | Self::DeleteSnapshot
            | Self::KeepFrom(_)
            | Self::Unshare => RemedyKind::Drop,
            Self::Abandon(_)
            | Self::Sweep(_)
            | Self::Unlist(_)
            | Self::ListApply(_)
            | Self::Removal { .. }
            | Self::OwnClaim { .. }
            | Self::WriteClaim { .. }
            | Self::RaiseVersion { .. }
            | Self::ListUser { .. }
            | Self::WriteRows
            | Self::SetRefreshRevision
            | Self::ListSnapshot
            | Self::ListSchedule => RemedyKind::Mend,
        }
    }
}

pub(super) fn defect(
    relation: Relation,
    key: ItemKey,
    detail: impl Into<String>,
    remedy: impl Into<String>,
    action: RepairStep,
) -> Defect {
    Defect { relation, key, detail: detail.into(), remedy: remedy.into(), action }
}

/// Returns a defect that a person has to decide on.
pub(super) fn ask(relation: Relation, key: ItemKey, detail: impl Into<String>, remedy: impl Into<String>) -> Defect {
    defect(relation, key, detail, remedy, RepairStep::Ask)
}
