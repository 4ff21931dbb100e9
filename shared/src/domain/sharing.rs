//! Sharing: which organizations see a snapshot, and which of its revisions each of them sees.

use std::collections::HashSet;
use std::fmt;
use std::time::Duration;

use super::content::Content;
use super::destination;
use super::snapshot::{EarlierSharing, SharedRevision, Shares, Snapshot};
use super::work::Work;
use super::{LeftOut, ObjectId, Principal, Role, Timestamp};

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

/// Which revision of a snapshot somebody asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum RevisionChoice {
    /// The one that the caller sees without asking.
    #[default]
    Usual,
    /// The one that is shared with other organizations.
    Shared,
    /// The one of this number.
    Number(u32),
}

/// The revision of a snapshot that a principal sees.
#[derive(Debug, Clone, PartialEq)]
pub enum VisibleRevision {
    /// The current one.
    Current,
    /// The one that is shared.
    Shared(Box<SharedRevision>),
    /// An older one, which only somebody sees who sees the current one.
    Older(u32),
}

/// Distinguishes one state of a snapshot from another, for callers that see this revision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotTag {
    /// The state of the snapshot itself.
    Current {
        /// Its version.
        version: u64,
        /// Its revision.
        revision: u32,
    },
    /// The sharing of this time.
    Shared(Timestamp),
}

impl fmt::Display for SnapshotTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Current { version, revision } => write!(f, "{version}.{revision}"),
            Self::Shared(at) => write!(f, "s{}", at.as_millis()),
        }
    }
}

impl Principal {
    /// Which revision of `snapshot`, which this principal sees, `choice` gives it; `None` where there is no such revision for
    /// this principal. The one place that decides this.
    pub fn visible_revision(&self, snapshot: &Snapshot, choice: RevisionChoice) -> Option<VisibleRevision> {
        let shared = || snapshot.shared().map(|shared| VisibleRevision::Shared(Box::new(shared)));
        let sees_current = self.sees_current(snapshot);
        match choice {
            RevisionChoice::Usual if sees_current => Some(VisibleRevision::Current),
            RevisionChoice::Usual | RevisionChoice::Shared => shared(),
            RevisionChoice::Number(number) if sees_current && number == snapshot.revision => {
                Some(VisibleRevision::Current)
            }
            RevisionChoice::Number(number) if snapshot.shared().is_some_and(|shared| shared.revision == number) => {
                shared()
            }
            RevisionChoice::Number(number) => sees_current.then_some(VisibleRevision::Older(number)),
        }
    }

    /// Whether this principal, who sees `snapshot`, sees its current revision.
    pub fn sees_current(&self, snapshot: &Snapshot) -> bool {
        self.role == Role::Superadmin || self.organization == snapshot.source.organization
    }

    /// Whether applying this revision brings something to the principal's organization that nobody shared with others.
    pub fn applies_unshared(&self, snapshot: &Snapshot, revision: u32) -> bool {
        let is_shared = snapshot.shared().is_some_and(|shared| shared.revision == revision);
        self.organization != snapshot.source.organization && !is_shared
    }
}

impl VisibleRevision {
    /// What tells this state of `snapshot` from another.
    pub fn tag(&self, snapshot: &Snapshot) -> SnapshotTag {
        match self {
            Self::Shared(shared) => SnapshotTag::Shared(shared.at),
            Self::Current | Self::Older(_) => snapshot.tag(),
        }
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

    /// Returns the tag of this state, for callers that see the current revision.
    pub fn tag(&self) -> SnapshotTag {
        SnapshotTag::Current { version: self.version, revision: self.revision }
    }

    /// The organizations other than the source's that it is assigned to.
    pub fn receivers(&self) -> impl Iterator<Item = &ObjectId> {
        self.assigned.iter().filter(|id| **id != self.source.organization)
    }

    /// Whether organizations other than the source's see it.
    pub fn is_seen_by_others(&self) -> bool {
        self.is_global || self.receivers().next().is_some()
    }

    /// Whether its source organization sees it.
    pub fn is_seen_by_its_source(&self) -> bool {
        self.is_global || self.assigned.contains(&self.source.organization)
    }

    /// What is shared with other organizations. Snapshots that they saw before sharings were kept share what they have now.
    pub fn shared(&self) -> Option<SharedRevision> {
        let implied = || self.is_seen_by_others().then(|| self.as_shared(self.updated_at, None));
        self.shares.current.clone().or_else(implied)
    }

    /// The current revision, shared at `at`.
    pub fn as_shared(&self, at: Timestamp, by: Option<ObjectId>) -> SharedRevision {
        SharedRevision {
            revision: self.revision,
            revised_at: self.revised_at,
            at,
            by,
            name: self.name.clone(),
            description: self.description.clone(),
            counts: self.counts,
            source_organization_name: self.source.organization_name.clone(),
            source_user_email: self.source.user_email.clone(),
            source_user_name: self.source.user_name.clone(),
            content: self.content,
        }
    }

    /// Returns the snapshot as `principal` sees it, who sees this revision. Only callers that see the current revision see
    /// what is shared. A receiver sees only its own organization among the receivers.
    #[must_use]
    pub fn seen_by(&self, principal: &Principal, visible: &VisibleRevision) -> Self {
        let mut seen = match visible {
            VisibleRevision::Current => self.clone(),
            VisibleRevision::Older(revision) => Self { revision: *revision, ..self.clone() },
            VisibleRevision::Shared(shared) => self.seen_as(shared),
        };
        if !principal.sees_current(self) {
            seen.assigned.retain(|id| *id == principal.organization);
        }
        seen
    }

    fn seen_as(&self, shared: &SharedRevision) -> Self {
        let mut seen = Self {
            name: shared.name.clone(),
            description: shared.description.clone(),
            counts: shared.counts,
            updated_at: shared.at,
            revision: shared.revision,
            revised_at: shared.revised_at,
            restored_from: None,
            content: shared.content,
            shares: Shares::default(),
            ..self.clone()
        };
        seen.source.organization_name.clone_from(&shared.source_organization_name);
        seen.source.user_email = shared.source_user_email.clone();
        seen.source.user_name.clone_from(&shared.source_user_name);
        seen
    }

    /// The oldest revision that can be shared, where `kept` revisions are kept: older ones may be gone at any moment.
    pub fn oldest_kept(&self, kept: u32) -> u32 {
        self.shares.oldest_kept.unwrap_or_else(|| oldest_kept(self.revision, kept))
    }

    /// Whether a revision is kept whatever else is dropped.
    pub fn keeps(&self, revision: u32) -> bool {
        self.shared().is_some_and(|shared| shared.revision == revision)
            || self.shares.earlier.is_some_and(|earlier| earlier.revision == revision)
    }

    /// Whether a revision that is stored can be shared, where `kept` revisions are kept.
    pub fn may_share(&self, revision: u32, kept: u32) -> bool {
        (self.oldest_kept(kept)..=self.revision).contains(&revision) || self.keeps(revision)
    }

    /// The time of a sharing at `now`: later than that of every sharing before.
    pub fn sharing_time(&self, now: Timestamp) -> Timestamp {
        let after = |at: Timestamp| at.plus(Duration::from_millis(1));
        let current = self.shared().map(|shared| after(shared.at));
        let earlier = self.shares.earlier.map(|earlier| after(earlier.at));
        now.max(current.unwrap_or(now)).max(earlier.unwrap_or(now))
    }

    /// The shares once the snapshot is assigned as `sharing` says: `chosen` is shared where there is one, the current
    /// revision where nothing is shared that others are to see, and else it stays as it is.
    pub fn shares_when(
        &self,
        sharing: &Sharing,
        chosen: Option<SharedRevision>,
        by: ObjectId,
        now: Timestamp,
    ) -> Shares {
        let others_see = sharing.is_global || sharing.assigned.iter().any(|id| *id != self.source.organization);
        let shared = self.shared();
        match (chosen, shared) {
            (Some(chosen), _) => self.shares_with(chosen),
            (None, Some(shared)) if others_see || !self.is_seen_by_others() => {
                Shares { current: Some(shared), ..self.shares.clone() }
            }
            // The last receiver is gone. The next receiver does not depend on the revision that it saw.
            (None, Some(shared)) => Shares {
                current: None,
                earlier: Some(EarlierSharing { revision: shared.revision, at: shared.at }),
                ..self.shares.clone()
            },
            (None, None) if others_see => self.shares_with(self.as_shared(self.sharing_time(now), Some(by))),
            (None, None) => self.shares.clone(),
        }
    }

    /// The shares with `next` in the place of what is shared now. Sharing the same again, which a repeated request does,
    /// changes nothing.
    pub fn shares_with(&self, next: SharedRevision) -> Shares {
        let Some(shared) = self.shared() else { return Shares { current: Some(next), ..self.shares.clone() } };
        if (SharedRevision { at: shared.at, by: shared.by, ..next.clone() }) == shared {
            return Shares { current: Some(shared), ..self.shares.clone() };
        }
        let is_same_revision = next.revision == shared.revision;
        let replaced = EarlierSharing { revision: shared.revision, at: shared.at };
        let earlier = if is_same_revision { self.shares.earlier } else { Some(replaced) };
        Shares { current: Some(next), earlier, ..self.shares.clone() }
    }
}

const NEW_DESTINATIONS: &str =
    "the revision is not shared: it sends to destinations that the shared one does not have; look at it and assign it";
/// Why a revision is not shared that could not be compared in time.
pub const NOT_COMPARED: &str =
    "the revision is not shared: comparing its destinations took too long; look at it and assign it";

const LEFT_OUT: &str =
    "the revision is not shared: items that cannot be read were left out of it; look at it and assign it";

/// Why a revision that captured `next` is not shared in the place of `shared` before somebody looks at it; `None` where it is.
pub fn unfollowed(shared: &Content, next: &Content, work: &Work) -> Option<&'static str> {
    // What the organization lacks is lacking in every setup, and what the shared one lacks was looked at.
    let is_new = |left_out: &LeftOut| left_out.kind.is_of_setup() && !shared.left_out.contains(left_out);
    if next.left_out.iter().any(is_new) {
        return Some(LEFT_OUT);
    }
    match (destination::of_content(shared, work), destination::of_content(next, work)) {
        (Ok(known), Ok(found)) => (!found.is_subset(&known)).then_some(NEW_DESTINATIONS),
        _ => Some(NOT_COMPARED),
    }
}

/// The oldest of `kept` revisions, where `current` is the newest.
pub fn oldest_kept(current: u32, kept: u32) -> u32 {
    (current + 1).saturating_sub(kept).max(1)
}

#[cfg(test)]
pub(crate) mod tests;
