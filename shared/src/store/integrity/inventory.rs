//! Everything that a scan of the table shows, sorted by what belongs together. A scan sees a table that moves, so a broken
//! relation in it is a suspicion only.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::defect::{Defect, ask};
use super::relation::Relation;
use super::snapshot_group::SnapshotGroup;
use super::user_group::{ApplyFacts, ClaimHolder, UserGroup};
use crate::domain::ObjectId;
use crate::store::attributes::{
    ANSWER, CHUNKS, CLONED_FROM, CREATED_AT, DELETED_AT, DELETED_BY, DUE_AT, EMAIL, EVERY, FIRST_SIGN_IN_AT, OF,
    ORGANIZATION_ID, RESERVED_BY, SECOND_LOOK_AT, SETUP_VERSION, SHARED_AT, STATE, TYPE, USER_ID, USER_REMOVED_AT,
};
use crate::store::keys::{self, ALL, ItemKey, LIST, PK, SK};
use crate::store::record;
use crate::store::snapshots::snapshot_record::SNAPSHOT_ATTRIBUTES;
use crate::store::table::outcome::Item;

/// The attributes that relations depend on. No password hash, no document and no content is among them.
pub(super) fn attributes() -> Vec<&'static str> {
    let keys = [PK, SK, TYPE, LIST.pk, LIST.sk, ALL.pk, ALL.sk];
    let of_users = [DELETED_AT, DELETED_BY, EMAIL, SETUP_VERSION, FIRST_SIGN_IN_AT, CREATED_AT, CLONED_FROM];
    let of_applies = [ORGANIZATION_ID, USER_ID, RESERVED_BY, STATE, ANSWER, SECOND_LOOK_AT, USER_REMOVED_AT];
    let of_snapshots = [CHUNKS, DUE_AT, EVERY, OF, SHARED_AT];
    let all = keys.into_iter().chain(of_users).chain(of_applies).chain(of_snapshots).chain(SNAPSHOT_ATTRIBUTES);
    all.collect::<BTreeSet<_>>().into_iter().collect()
}

/// An organization, or the id of one.
#[derive(Debug, Default)]
struct OrganizationFacts {
    is_there: bool,
    targets: usize,
}

/// What a scan shows.
#[derive(Debug, Default)]
pub(super) struct Inventory {
    pub(super) items: u64,
    /// Items that this service does not know.
    pub(super) foreign: u64,
    pub(super) users: HashMap<ObjectId, UserGroup>,
    pub(super) snapshots: HashMap<ObjectId, SnapshotGroup>,
    organizations: BTreeMap<ObjectId, OrganizationFacts>,
    /// Claims without a user, by partition key.
    pub(super) reservations: HashMap<String, ClaimHolder>,
    /// The user of each apply.
    applies: HashMap<ObjectId, ObjectId>,
    pub(super) unreadable: Vec<Defect>,
}

impl Inventory {
    pub(super) fn add(&mut self, item: Item) {
        self.items += 1;
        let key = ItemKey { pk: record::partition_key(&item).to_owned(), sk: record::sort_key(&item).to_owned() };
        if !self.sort(&key, item) {
            self.foreign += 1;
        }
    }

    /// Adds an item to its group. Returns `false` if this service does not know its key.
    fn sort(&mut self, key: &ItemKey, item: Item) -> bool {
        if let Some((organization, user)) = keys::parse_user_partition(&key.pk) {
            return self.user(user).add_item(organization, item);
        }
        if let Some(parsed) = keys::parse_apply(&key.pk, &key.sk) {
            match ApplyFacts::read(parsed, item) {
                Ok(apply) => self.add_apply(parsed.2, apply),
                Err(fault) => self.note_unreadable(key, &fault.to_string()),
            }
            return true;
        }
        if let Some(organization) = keys::parse_organization(&key.pk) {
            let facts = self.organizations.entry(organization).or_default();
            if key.sk == keys::META {
                facts.is_there = true;
            } else {
                facts.targets += 1;
            }
            return keys::is_organization_item(&key.sk);
        }
        if keys::is_claim(&key.pk, &key.sk) {
            match ClaimHolder::read(item) {
                Ok(claim) => match claim.user {
                    Some(user) => self.user(user).add_claim(key.pk.clone(), claim),
                    None => drop(self.reservations.insert(key.pk.clone(), claim)),
                },
                Err(fault) => self.note_unreadable(key, &fault.to_string()),
            }
            return true;
        }
        if let Some(snapshot) = keys::parse_snapshot(&key.pk) {
            return self.snapshot(snapshot).add_item(item);
        }
        if let Some((snapshot, revision, number)) = keys::parse_chunk(&key.pk) {
            self.snapshot(snapshot).add_chunk(revision, number);
            return true;
        }
        // Nothing else depends on them, and they on nothing.
        keys::is_sign_in_count(&key.pk, &key.sk)
            || keys::is_refusal(&key.pk, &key.sk)
            || keys::is_refusal_count(&key.pk, &key.sk)
    }

    fn add_apply(&mut self, id: ObjectId, apply: ApplyFacts) {
        self.applies.insert(id, apply.user);
        self.user(apply.user).applies.insert(id, apply);
    }

    fn user(&mut self, id: ObjectId) -> &mut UserGroup {
        self.users.entry(id).or_insert_with(|| UserGroup::new(id))
    }

    fn snapshot(&mut self, id: ObjectId) -> &mut SnapshotGroup {
        self.snapshots.entry(id).or_insert_with(|| SnapshotGroup::new(id))
    }

    fn note_unreadable(&mut self, key: &ItemKey, why: &str) {
        let why = crate::logging::without_values(why);
        self.unreadable.push(ask(Relation::Readable, key.clone(), why, "mend the item in the system that wrote it"));
    }

    /// Gives each group what other partitions say about it. Call it after the last item.
    pub(super) fn complete(&mut self) {
        for (pk, claim) in std::mem::take(&mut self.reservations) {
            let reserved_by = claim.reserved_by;
            let of_apply = reserved_by.and_then(|apply| self.applies.get(&apply).copied());
            // A removal reserves an address by the id of its user.
            let user = of_apply.or(reserved_by.filter(|user| self.users.contains_key(user)));
            match user {
                Some(user) => self.user(user).add_claim(pk, claim),
                None => drop(self.reservations.insert(pk, claim)),
            }
        }
        let claims: HashMap<String, ObjectId> =
            self.users.values().flat_map(|group| group.claims.keys().map(|pk| (pk.clone(), group.id))).collect();
        let mut foreign = Vec::new();
        for group in self.users.values_mut() {
            let there = |id: &ObjectId| self.organizations.get(id).is_some_and(|facts| facts.is_there);
            group.organizations = group.partitions.keys().copied().filter(there).collect();
            // A claim on this user's address that another one holds.
            for pk in group.named_claims().into_iter().filter(|pk| !group.claims.contains_key(pk)) {
                foreign.extend(claims.get(&pk).map(|holder| (group.id, pk, *holder)));
            }
        }
        for (user, pk, holder) in foreign {
            let claim = self.users.get(&holder).and_then(|group| group.claims.get(&pk)).cloned();
            if let (Some(claim), Some(group)) = (claim, self.users.get_mut(&user)) {
                group.claims.insert(pk, claim);
            }
        }
    }

    /// Returns a defect for each organization that is missing while items of it exist.
    pub(super) fn judge_organizations(&self) -> Vec<Defect> {
        let missing = self.organizations.iter().filter(|(_, facts)| !facts.is_there);
        missing
            .map(|(id, facts)| {
                let detail =
                    format!("the organization is missing, and {} pipelines and agents are left", facts.targets);
                let remedy = "run `load --missing` with the workspace of an interrupted load, or delete them";
                ask(Relation::TargetOrganization, keys::organization(id), detail, remedy)
            })
            .collect()
    }

    /// Returns the number of organizations that exist.
    pub(super) fn organizations(&self) -> usize {
        self.organizations.values().filter(|facts| facts.is_there).count()
    }
}
