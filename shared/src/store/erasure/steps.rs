//! Decides what is erased of what a scan found, and what is left.

use std::collections::{BTreeSet, HashMap};

use super::ErasureNote;
use super::mentions::Mentions;
use crate::domain::ObjectId;
use crate::store::keys::ItemKey;

/// One write of an erasure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ErasureStep {
    /// Clears the source, the creator or both in a snapshot's own item.
    Snapshot { key: ItemKey, source: bool, creator: bool },
    /// Clears the source in an older revision or a row of a list.
    Source(ItemKey),
    /// Takes the address out of the record of an apply.
    Apply(ItemKey),
    /// Takes the address out of a refused apply.
    Refusal(ItemKey),
    /// Deletes counted attempts to sign in, or to accept an invitation.
    Attempts(ItemKey),
    /// Deletes a claim whose user does not exist.
    Claim { key: ItemKey, organization: ObjectId, user: ObjectId },
    /// Finishes the removal of a user that holds the address.
    Removal { key: ItemKey, organization: ObjectId, user: ObjectId },
    /// Removes a user with everything.
    User { key: ItemKey, organization: ObjectId, user: ObjectId },
}

impl ErasureStep {
    fn key(&self) -> &ItemKey {
        match self {
            Self::Source(key) | Self::Apply(key) | Self::Refusal(key) | Self::Attempts(key) => key,
            Self::Snapshot { key, .. } | Self::Claim { key, .. } => key,
            Self::Removal { key, .. } | Self::User { key, .. } => key,
        }
    }

    /// Returns whether a request that read the person before the step may write it again after it.
    pub(super) const fn can_be_overwritten(&self) -> bool {
        match self {
            Self::Snapshot { .. } | Self::Source(_) | Self::User { .. } => true,
            Self::Apply(_) | Self::Refusal(_) | Self::Attempts(_) | Self::Claim { .. } | Self::Removal { .. } => false,
        }
    }

    /// Returns what the step does.
    pub(super) fn note(&self) -> ErasureNote {
        let detail = match self {
            Self::Snapshot { source: true, creator: true, .. } => {
                "address and name of the source user, name of the creator"
            }
            Self::Snapshot { source: true, .. } | Self::Source(_) => "address and name of the source user",
            Self::Snapshot { .. } => "name of the creator",
            Self::Apply(_) => "address of the user whom the apply made",
            Self::Refusal(_) => "address and refused places of a refused apply",
            Self::Attempts(_) => "counted attempts to sign in or to accept an invitation",
            Self::Claim { .. } => "claim on the address, of a user who does not exist",
            Self::Removal { .. } => "what an interrupted removal of the user left",
            Self::User { .. } => "the user: profile, claim, password and setup",
        };
        ErasureNote::new(self.key(), detail)
    }
}

/// What an erasure does, and leaves.
#[derive(Debug)]
pub(super) struct ErasurePlan {
    /// The users go last.
    pub(super) steps: Vec<ErasureStep>,
    pub(super) left: Vec<ErasureNote>,
    /// The ids that are the person's.
    pub(super) people: BTreeSet<ObjectId>,
}

const UNDER_WAY: &str = "an apply or an undo is under way: run the command again in five minutes";

impl ErasurePlan {
    /// Returns whether something still has to be done, by this command or after what is under way.
    pub(super) fn is_busy(&self) -> bool {
        !self.steps.is_empty() || self.left.iter().any(|note| note.detail == UNDER_WAY)
    }

    /// Decides. `users` are further ids of the person.
    pub(super) fn of(mentions: &Mentions, users: &[ObjectId]) -> Self {
        let own: BTreeSet<ObjectId> = mentions.profiles.iter().map(|profile| profile.user).collect();
        let mut people = own.clone();
        // An id that the address names, or the operator, is the person's unless a user lives with it at another address.
        let named = mentions
            .snapshots
            .iter()
            .filter(|snapshot| snapshot.has_address)
            .filter_map(|snapshot| snapshot.source)
            .chain(mentions.applies.iter().filter(|apply| apply.has_address).map(|apply| apply.user))
            .chain(mentions.claim.iter().filter_map(|claim| Some(claim.owner?.1)))
            .chain(mentions.removals.iter().map(|removal| removal.user))
            .chain(users.iter().copied());
        people.extend(named.filter(|user| !mentions.living.contains(user)));
        let mut plan = Self { steps: Vec::new(), left: Vec::new(), people };
        plan.snapshots(mentions);
        plan.applies(mentions, &own);
        plan.steps.extend(mentions.refusals.iter().cloned().map(ErasureStep::Refusal));
        plan.attempts(mentions);
        plan.claim(mentions, &own);
        for removal in &mentions.removals {
            let (organization, user) = (removal.organization, removal.user);
            plan.steps.push(ErasureStep::Removal { key: removal.key.clone(), organization, user });
        }
        for profile in &mentions.profiles {
            let (organization, user) = (profile.organization, profile.user);
            plan.steps.push(ErasureStep::User { key: profile.key.clone(), organization, user });
        }
        let cannot = "the record of an apply cannot be read, and may have the address: `check` tells why";
        plan.left.extend(mentions.unreadable.iter().map(|key| ErasureNote::new(key, cannot)));
        plan
    }

    fn snapshots(&mut self, mentions: &Mentions) {
        let mut sources = HashMap::new();
        for snapshot in &mentions.snapshots {
            let is_of_person = snapshot.source.is_some_and(|user| self.people.contains(&user));
            sources.insert(snapshot.id, is_of_person);
            let source = snapshot.names_source && (is_of_person || snapshot.has_address);
            let creator = snapshot.names_creator && snapshot.creator.is_some_and(|user| self.people.contains(&user));
            if source || creator {
                self.steps.push(ErasureStep::Snapshot { key: snapshot.key.clone(), source, creator });
            }
            if is_of_person {
                let detail = "the texts that were captured from the person, and name and description of the snapshot: \
                              delete the snapshot if they tell of the person";
                self.left.push(ErasureNote::new(&snapshot.key, detail));
            }
        }
        let is_named = |snapshot: &ObjectId| sources.get(snapshot).copied().unwrap_or_default();
        let named = mentions.sources.iter().filter(|source| source.has_address || is_named(&source.snapshot));
        self.steps.extend(named.map(|source| ErasureStep::Source(source.key.clone())));
    }

    fn applies(&mut self, mentions: &Mentions, own: &BTreeSet<ObjectId>) {
        for apply in &mentions.applies {
            let is_of_person = self.people.contains(&apply.user);
            if apply.is_unfinished && (apply.has_address || is_of_person) {
                self.left.push(ErasureNote::new(&apply.key, UNDER_WAY));
            } else if own.contains(&apply.user) {
                // A record says that a user is removed only once it is: the removal writes it, and a later scan finds other records.
            } else if is_of_person {
                self.steps.push(ErasureStep::Apply(apply.key.clone()));
            } else if apply.has_address {
                let user = apply.user;
                let detail = format!(
                    "the user {user} lives with another address now, and the undo of this apply needs the former one: \
                     erase that address if it is the same person"
                );
                self.left.push(ErasureNote::new(&apply.key, detail));
            }
        }
    }

    fn attempts(&mut self, mentions: &Mentions) {
        let invited = mentions.invited_attempts.iter().filter(|(_, user)| self.people.contains(user));
        let all = mentions.attempts.iter().chain(invited.map(|(key, _)| key));
        self.steps.extend(all.cloned().map(ErasureStep::Attempts));
    }

    fn claim(&mut self, mentions: &Mentions, own: &BTreeSet<ObjectId>) {
        let Some(claim) = &mentions.claim else { return };
        match claim.owner {
            // The claim goes with the user.
            Some((_, user)) if own.contains(&user) => {}
            Some((_, user)) if mentions.living.contains(&user) => {
                let detail =
                    format!("the claim is of the user {user}, whose profile has another address: `repair` first");
                self.left.push(ErasureNote::new(&claim.key, detail));
            }
            Some((organization, user)) => {
                self.steps.push(ErasureStep::Claim { key: claim.key.clone(), organization, user });
            }
            // The claim goes with the removal.
            None if mentions.removals.iter().any(|removal| claim.reserved_by == Some(removal.user)) => {}
            None => self.left.push(ErasureNote::new(&claim.key, UNDER_WAY)),
        }
    }
}
