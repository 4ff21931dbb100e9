//! Judges whether the relations among the items of a user's group hold.

use super::defect::{Defect, RemovalStep, RepairStep, ask, defect};
use super::relation::Relation;
use super::user_group::{ApplyFacts, ClaimHolder, PartitionFacts, ProfileFacts, TombstoneFacts, UserGroup};
use crate::domain::ObjectId;
use crate::store::applies::apply_record::ApplyState;
use crate::store::applies::removals::RemovedUser;
use crate::store::keys::{self, ItemKey};

impl UserGroup {
    /// Returns the broken relations.
    pub(super) fn judge(&self) -> Vec<Defect> {
        let mut defects = Vec::new();
        let profiles = self.partitions.iter().filter(|(_, partition)| partition.profile.is_some());
        for (organization, _) in profiles.skip(1) {
            defects.push(ask(
                Relation::UserOnce,
                self.user_key(organization),
                "the user is in another organization, too",
                "finish the move in the system that began it: one of the two goes",
            ));
        }
        for (id, apply) in &self.applies {
            self.judge_user_of_apply(id, apply, &mut defects);
            self.judge_sweep_key(apply, &mut defects);
            self.judge_row(id, apply, &mut defects);
        }
        for (organization, partition) in &self.partitions {
            match (&partition.profile, &partition.tombstone) {
                (_, Some(tombstone)) => self.judge_tombstone(organization, partition, tombstone, &mut defects),
                (Some(profile), None) => self.judge_profile(organization, partition, profile, &mut defects),
                (None, None) => self.judge_items(organization, partition, &mut defects),
            }
        }
        for (pk, claim) in &self.claims {
            self.judge_claim(pk, claim, &mut defects);
        }
        defects
    }

    fn judge_user_of_apply(&self, id: &ObjectId, apply: &ApplyFacts, defects: &mut Vec<Defect>) {
        let organization = apply.organization;
        let profile = self.profile(&organization);
        let key = || apply.key.clone();
        match (apply.state, profile) {
            (ApplyState::Committed, Some(_)) if apply.is_user_removed => defects.push(defect(
                Relation::ApplyWithoutUser,
                self.user_key(&organization),
                format!("the user of apply {id} was removed"),
                "delete the user, as the removal did",
                RepairStep::DeleteUser { organization, is_undone: true },
            )),
            (ApplyState::Committed, None)
                if apply.has_user() && !self.has_profile() && self.tombstone(&organization).is_none() =>
            {
                defects.push(defect(
                    Relation::ApplyUser,
                    key(),
                    format!("its user {} is missing", self.id),
                    "undo the apply: the rest of the user goes, and the address is free",
                    RepairStep::Undo(key()),
                ))
            }
            (ApplyState::Committed, Some(profile)) if profile.is_untouched() => {
                if let Some(missing) = self.missing_items(id, apply, profile) {
                    defects.push(defect(
                        Relation::UserItems,
                        self.user_key(&organization),
                        missing,
                        "undo the apply: the user goes, the address is free, and the apply can be repeated",
                        RepairStep::Undo(key()),
                    ));
                }
            }
            (ApplyState::Undoing | ApplyState::Undone, Some(_)) => defects.push(defect(
                Relation::ApplyWithoutUser,
                self.user_key(&organization),
                format!("apply {id} was undone"),
                "delete the user, as the undo did",
                RepairStep::DeleteUser { organization, is_undone: true },
            )),
            (ApplyState::Staging | ApplyState::Aborting, Some(profile)) if profile.is_untouched() => {
                defects.push(defect(
                    Relation::ApplyWithoutUser,
                    self.user_key(&organization),
                    format!("apply {id} was not committed when its record was written"),
                    "delete the user; a sweep clears the rest, and the apply can be repeated",
                    RepairStep::DeleteUser { organization, is_undone: false },
                ));
            }
            (ApplyState::Staging | ApplyState::Aborting | ApplyState::Aborted, Some(_)) => defects.push(ask(
                Relation::ApplyWithoutUser,
                self.user_key(&organization),
                format!("apply {id} was never committed, and the user has been used since"),
                "decide whether the user stays",
            )),
            (_, None) if apply.is_final() && self.tombstone(&organization).is_none() => {
                let left = self.partitions.get(&organization).map_or(0, PartitionFacts::size);
                if left > 0 {
                    defects.push(defect(
                        Relation::ApplyWithoutUser,
                        key(),
                        format!("{left} items of its user are left"),
                        "delete them",
                        RepairStep::DeleteItems { organization, is_dead: true },
                    ));
                }
            }
            (ApplyState::Staging, None) => {
                let claim = apply.claim().and_then(|pk| self.claims.get(&pk));
                if claim.is_none_or(|claim| claim.reserved_by != Some(*id)) {
                    defects.push(defect(
                        Relation::ApplyClaim,
                        key(),
                        "the address that it reserves is not reserved by it",
                        "abandon the apply; a sweep clears it",
                        RepairStep::Abandon(key()),
                    ));
                }
            }
            _ => {}
        }
    }

    /// Returns what a committed apply wrote and is missing; `None` if nothing is.
    fn missing_items(&self, id: &ObjectId, apply: &ApplyFacts, profile: &ProfileFacts) -> Option<String> {
        let partition = self.partitions.get(&apply.organization)?;
        let mut missing = Vec::new();
        let lacks = apply.clones?.saturating_sub(partition.items);
        if lacks > 0 {
            missing.push(format!("{lacks} of {} clones", apply.clones?));
        }
        if !partition.has_switches {
            missing.push("the switches".to_owned());
        }
        let claim = profile.claim()?;
        let is_own = |claim: &ClaimHolder| claim.user == Some(self.id) || claim.reserved_by == Some(*id);
        if !self.claims.get(&claim).is_some_and(is_own) {
            missing.push("the claim on its address".to_owned());
        }
        (!missing.is_empty()).then(|| format!("missing: {}", missing.join(", ")))
    }

    fn judge_sweep_key(&self, apply: &ApplyFacts, defects: &mut Vec<Defect>) {
        let key = apply.key.clone();
        match (apply.needs_sweep_key(), apply.has_sweep_key) {
            (true, false) => defects.push(defect(
                Relation::ApplySweep,
                key.clone(),
                "it is unfinished, and no sweep finds it",
                "give it a sweep key",
                RepairStep::Sweep(key),
            )),
            (false, true) => defects.push(defect(
                Relation::ApplySweep,
                key.clone(),
                "it is finished, and a sweep still looks at it",
                "take its sweep key away",
                RepairStep::Unlist(key),
            )),
            _ => {}
        }
    }

    /// Judges whether the history of the organization finds an apply to which no user leads: the user is gone, moved, or was made before
    /// profiles named their applies.
    fn judge_row(&self, id: &ObjectId, apply: &ApplyFacts, defects: &mut Vec<Defect>) {
        let leads = |profile: &ProfileFacts| profile.made_by == Some(*id);
        let needs_row = match apply.state {
            ApplyState::Staging => false,
            ApplyState::Committed => {
                let is_led_to = self.profile(&apply.organization).is_some_and(leads);
                apply.is_user_removed || (self.has_profile() && !is_led_to)
            }
            ApplyState::Aborting | ApplyState::Aborted | ApplyState::Undoing | ApplyState::Undone => true,
        };
        if needs_row && !apply.is_listed {
            let key = apply.key.clone();
            defects.push(defect(
                Relation::ApplyListed,
                key.clone(),
                "the history of its organization does not show it",
                "write the keys of the list",
                RepairStep::ListApply(key),
            ));
        }
    }

    fn judge_profile(
        &self,
        organization: &ObjectId,
        partition: &PartitionFacts,
        profile: &ProfileFacts,
        defects: &mut Vec<Defect>,
    ) {
        let key = || self.user_key(organization);
        let organization = *organization;
        if !self.organizations.contains(&organization) {
            let missing = format!("organization {organization} is missing");
            defects.push(ask(Relation::UserOrganization, key(), missing, "load the organization again"));
        }
        let Some(claim) = profile.claim() else {
            let remedy = "mend the profile in the system that wrote it";
            defects.push(ask(Relation::Readable, key(), "its address cannot be read, so nobody signs in", remedy));
            return;
        };
        let is_of_apply = self.applies.values().any(|apply| apply.organization == organization);
        match self.claims.get(&claim) {
            None if is_of_apply && profile.is_untouched() => {}
            None => defects.push(defect(
                Relation::UserClaim,
                key(),
                "the claim on its address is missing, and its password with it",
                "write the claim without a password; the user needs a new one",
                RepairStep::WriteClaim { organization },
            )),
            Some(holder) if holder.user == Some(self.id) => {}
            Some(ClaimHolder { reserved_by: Some(apply), .. }) if self.applies.contains_key(apply) => {}
            Some(_) => defects.push(ask(
                Relation::UserClaim,
                key(),
                "another user or apply holds its address",
                "decide who gets the address, and give the other one another",
            )),
        }
        let is_clone = partition.clones > 0 && partition.clones == partition.items;
        if self.applies.is_empty() && is_clone && profile.is_untouched() {
            defects.push(defect(
                Relation::UserApply,
                key(),
                "the record of the apply that made it is missing, so nobody knows whether it is whole",
                "delete the user; the apply can be repeated",
                RepairStep::DeleteUser { organization, is_undone: false },
            ));
        }
        if partition.newest > profile.version {
            let to = partition.newest;
            defects.push(defect(
                Relation::UserVersion,
                key(),
                format!("its setupVersion is {}, and an item has {to}", profile.version),
                "raise it",
                RepairStep::RaiseVersion { organization, to },
            ));
        }
        if !profile.is_listed && profile.created_at.is_some() {
            let remedy = "write the keys of the list";
            defects.push(defect(
                Relation::UserListed,
                key(),
                "no list shows it",
                remedy,
                RepairStep::ListUser { organization },
            ));
        }
    }

    /// Judges what is left of a removed user.
    fn judge_tombstone(
        &self,
        organization: &ObjectId,
        partition: &PartitionFacts,
        tombstone: &TombstoneFacts,
        defects: &mut Vec<Defect>,
    ) {
        let (key, organization) = (self.user_key(organization), *organization);
        let Some(removed) = &tombstone.removed else {
            let remedy = "delete it, with the items of the user and the claim that it reserves";
            defects.push(ask(Relation::Readable, key, "the tombstone of a user cannot be read", remedy));
            return;
        };
        let (relation, step) =
            (Relation::TombstoneItems, |step: RemovalStep| RepairStep::Removal { organization, step });
        match (removed.is_unfinished(), tombstone.has_sweep_key) {
            (true, false) => defects.push(defect(
                relation,
                key,
                "the removal is unfinished, and no sweep finds it",
                "give it a sweep key",
                step(RemovalStep::Sweep),
            )),
            (false, true) => defects.push(defect(
                relation,
                key,
                "the removal is finished, and a sweep still looks at it",
                "take its sweep key away",
                step(RemovalStep::Unlist),
            )),
            (false, false) if partition.size() > 0 => defects.push(defect(
                relation,
                key,
                format!("the user was removed, and {} items are left", partition.size()),
                "delete them: nobody sees them",
                step(RemovalStep::DeleteItems),
            )),
            _ => {}
        }
    }

    /// Returns whether the user is being removed, and its removal reserves the claim.
    fn is_reserved_by_removal(&self, pk: &str, claim: &ClaimHolder) -> bool {
        let removed = self.tombstone(&claim.organization).and_then(|tombstone| tombstone.removed.as_ref());
        let email = removed.and_then(RemovedUser::reserved_email);
        claim.reserved_by == Some(self.id) && email.is_some_and(|email| keys::email_partition(email.key()) == pk)
    }

    /// Judges items without a profile.
    fn judge_items(&self, organization: &ObjectId, partition: &PartitionFacts, defects: &mut Vec<Defect>) {
        let unfinished = |apply: &ApplyFacts| apply.organization == *organization && !apply.has_user();
        let is_covered = self.applies.values().any(unfinished)
            || (self.applies.values().any(ApplyFacts::has_user) && !self.has_profile());
        if partition.size() == 0 || is_covered {
            return;
        }
        let (key, organization) = (self.user_key(organization), *organization);
        let missing = format!("the user is missing, and {} items are left", partition.size());
        defects.push(if partition.clones == partition.items {
            let action = RepairStep::DeleteItems { organization, is_dead: false };
            defect(Relation::ItemUser, key, missing, "delete them: nobody sees them", action)
        } else {
            let remedy = "run `load --missing` with the workspace of an interrupted load, or delete them";
            ask(Relation::ItemUser, key, missing, remedy)
        });
    }

    fn judge_claim(&self, pk: &str, claim: &ClaimHolder, defects: &mut Vec<Defect>) {
        let key = ItemKey { pk: pk.to_owned(), sk: keys::META.to_owned() };
        let delete = |is_dead| RepairStep::DeleteClaim { pk: pk.to_owned(), is_dead };
        match (claim.user, claim.reserved_by) {
            // Another user's, on an address that something here names.
            (Some(user), _) if user != self.id => {}
            (None, Some(_)) if self.is_reserved_by_removal(pk, claim) => {}
            (None, Some(id)) if self.id != ObjectId::NOBODY && id != self.id && !self.applies.contains_key(&id) => {}
            (Some(user), _) => match self.profile(&claim.organization) {
                Some(profile) if profile.claim().as_deref() == Some(pk) => {}
                Some(_) => defects.push(ask(
                    Relation::ClaimUser,
                    key,
                    format!("user {user} has another address"),
                    "delete the claim if the user gave the address up",
                )),
                None if self.has_profile() => defects.push(ask(
                    Relation::ClaimUser,
                    key,
                    format!("user {user} is in another organization"),
                    "finish the move in the system that began it",
                )),
                None if self.in_state(&[ApplyState::Undoing]) || self.applies.values().any(ApplyFacts::has_user) => {}
                None => defects.push(defect(
                    Relation::ClaimUser,
                    key,
                    format!("its user {user} is missing"),
                    "delete it, so that the address is free",
                    delete(!self.applies.is_empty()),
                )),
            },
            (None, Some(id)) => match self.applies.get(&id).map(|apply| apply.state) {
                Some(ApplyState::Staging | ApplyState::Aborting) => {}
                Some(ApplyState::Committed) if self.owner_of(&id).is_none() => {}
                Some(ApplyState::Committed) => defects.push(defect(
                    Relation::ClaimApply,
                    key,
                    format!("apply {id} is committed"),
                    "make the claim its user's",
                    RepairStep::OwnClaim { pk: pk.to_owned(), apply: id },
                )),
                _ => defects.push(defect(
                    Relation::ClaimApply,
                    key,
                    format!("apply or removal {id}, which reserved it, is missing or has ended"),
                    "delete it, so that the address is free",
                    delete(true),
                )),
            },
            (None, None) => {
                let remedy = "delete it if nobody signs in with this address";
                defects.push(ask(Relation::Readable, key, "nobody holds it", remedy));
            }
        }
    }

    /// Returns the profile that an apply made.
    fn owner_of(&self, apply: &ObjectId) -> Option<&ProfileFacts> {
        self.profile(&self.applies.get(apply)?.organization)
    }
}
