//! One user with everything that belongs together: profile, items, claims and records of applies.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::domain::{Counts, Email, Fault, ObjectId, Timestamp, UserOrigin, Work};
use crate::store::applies::answers::StoredAnswer;
use crate::store::applies::apply_record::ApplyState;
use crate::store::applies::removals::RemovedUser;
use crate::store::applies::timeline_place::TimelinePlace;
use crate::store::attributes::{CLONED_FROM, SECOND_LOOK_AT, USER_REMOVED_AT};
use crate::store::keys::{self, ALL, ItemKey, LIST};
use crate::store::record::{self, ClaimRecord, FIRST_VERSION};
use crate::store::table::outcome::Item;

/// A user, or the id of one, with what names it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct UserGroup {
    pub(super) id: ObjectId,
    /// By organization. More than one only if the user moved, or half of it did.
    pub(super) partitions: BTreeMap<ObjectId, PartitionFacts>,
    /// By partition key.
    pub(super) claims: BTreeMap<String, ClaimHolder>,
    /// By the id of the apply.
    pub(super) applies: BTreeMap<ObjectId, ApplyFacts>,
    /// Those of the partitions' organizations that exist.
    pub(super) organizations: BTreeSet<ObjectId>,
}

/// The items of a user in one organization.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct PartitionFacts {
    pub(super) profile: Option<ProfileFacts>,
    /// The tombstone of a removed user.
    pub(super) tombstone: Option<TombstoneFacts>,
    pub(super) items: usize,
    pub(super) clones: usize,
    pub(super) has_switches: bool,
    pub(super) newest: u64,
    /// The snapshots that clones name.
    pub(super) snapshots: BTreeSet<ObjectId>,
}

/// The tombstone of a removed user.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct TombstoneFacts {
    /// `None` if it cannot be read.
    pub(super) removed: Option<RemovedUser>,
    pub(super) has_sweep_key: bool,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct ProfileFacts {
    /// `None` if the address cannot be read.
    pub(super) email: Option<Email>,
    pub(super) version: u64,
    pub(super) has_signed_in: bool,
    pub(super) created_at: Option<Timestamp>,
    pub(super) is_listed: bool,
    /// The apply that it names as the one that made the user.
    pub(super) made_by: Option<ObjectId>,
}

impl ProfileFacts {
    pub(super) fn claim(&self) -> Option<String> {
        self.email.as_ref().map(|email| keys::email_partition(email.key()))
    }

    /// Returns whether the user is as an apply made it.
    pub(super) fn is_untouched(&self) -> bool {
        self.version == FIRST_VERSION && !self.has_signed_in
    }
}

/// Who holds a claim.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct ClaimHolder {
    pub(super) organization: ObjectId,
    pub(super) user: Option<ObjectId>,
    pub(super) reserved_by: Option<ObjectId>,
}

impl ClaimHolder {
    /// Reads a claim, which was read without its password hash.
    pub(super) fn read(item: Item) -> Result<Self, Fault> {
        let ClaimRecord { organization_id: organization, user_id: user, reserved_by, .. } = record::read(item)?;
        Ok(Self { organization, user, reserved_by })
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct ApplyFacts {
    pub(super) key: ItemKey,
    pub(super) organization: ObjectId,
    pub(super) user: ObjectId,
    pub(super) state: ApplyState,
    /// Whether the user of a committed apply was removed.
    pub(super) is_user_removed: bool,
    /// The address that it holds, or that its answer has.
    pub(super) email: Option<Email>,
    /// The number of clones in its answer.
    pub(super) clones: Option<usize>,
    pub(super) has_sweep_key: bool,
    pub(super) needs_second_look: bool,
    /// Whether the record has the keys that list it among the applies of its organization.
    pub(super) is_listed: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProfileRecord {
    #[serde(default, deserialize_with = "record::lenient")]
    email: Option<Email>,
    #[serde(default, deserialize_with = "record::lenient")]
    setup_version: Option<u64>,
    #[serde(default, deserialize_with = "record::lenient")]
    first_sign_in_at: Option<Timestamp>,
    #[serde(default, deserialize_with = "record::lenient")]
    created_at: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ApplyStateRecord {
    pub(super) state: ApplyState,
    user_id: ObjectId,
    created_at: Timestamp,
    #[serde(default)]
    email: Option<Email>,
}

#[derive(Deserialize)]
struct AnswerRecord {
    result: AnswerResult,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AnswerResult {
    #[serde(default)]
    user_email: Option<Email>,
    cloned: Counts,
}

impl ApplyFacts {
    /// Reads the record of an apply.
    pub(super) fn read((organization, _, id): (ObjectId, ObjectId, ObjectId), mut item: Item) -> Result<Self, Fault> {
        let key = ItemKey { pk: record::partition_key(&item).to_owned(), sk: record::sort_key(&item).to_owned() };
        let answer = match StoredAnswer::take(&mut item) {
            Some(answer) => {
                let answer: AnswerRecord = serde_json::from_str(&answer.json::<Fault>(&Work::unlimited())?)
                    .map_err(|error| Fault::Corrupt(format!("its answer: {error}")))?;
                Some(answer.result)
            }
            None => None,
        };
        let has_sweep_key = item.contains_key(ALL.pk);
        let needs_second_look = item.contains_key(SECOND_LOOK_AT);
        let is_user_removed = item.contains_key(USER_REMOVED_AT);
        let list = record::index_keys(&item, &LIST);
        let ApplyStateRecord { state, user_id: user, created_at: at, email } = record::read(item)?;
        let is_listed = list == TimelinePlace { organization, apply: id, user, at }.keys();
        let clones = answer.as_ref().map(|answer| {
            let Counts { automations, prompts, templates } = answer.cloned;
            automations + prompts + templates
        });
        let email = email.or_else(|| answer.and_then(|answer| answer.user_email));
        Ok(Self {
            key,
            organization,
            user,
            state,
            is_user_removed,
            email,
            clones,
            has_sweep_key,
            needs_second_look,
            is_listed,
        })
    }

    pub(super) fn claim(&self) -> Option<String> {
        self.email.as_ref().map(|email| keys::email_partition(email.key()))
    }

    pub(super) fn needs_sweep_key(&self) -> bool {
        match self.state {
            ApplyState::Staging | ApplyState::Aborting | ApplyState::Undoing => true,
            ApplyState::Undone => self.needs_second_look,
            ApplyState::Committed | ApplyState::Aborted => false,
        }
    }

    /// Returns whether its user exists.
    pub(super) fn has_user(&self) -> bool {
        self.state == ApplyState::Committed && !self.is_user_removed
    }

    /// Returns whether nothing of its user may exist any more.
    pub(super) fn is_final(&self) -> bool {
        self.is_user_removed
            || matches!(self.state, ApplyState::Aborted | ApplyState::Undone) && !self.needs_sweep_key()
    }
}

/// Returns the apply that a profile names as the one that made the user.
fn made_by(cloned_from: Option<&str>) -> Option<ObjectId> {
    cloned_from?.parse::<UserOrigin>().ok().map(|origin| origin.apply)
}

impl UserGroup {
    pub(super) fn new(id: ObjectId) -> Self {
        Self {
            id,
            partitions: BTreeMap::new(),
            claims: BTreeMap::new(),
            applies: BTreeMap::new(),
            organizations: BTreeSet::new(),
        }
    }

    /// Adds an item of the user's partition in `organization`. Returns `false` if it is none that this service knows.
    pub(super) fn add_item(&mut self, organization: ObjectId, mut item: Item) -> bool {
        let sk = record::sort_key(&item).to_owned();
        if sk != keys::META && sk != keys::PREFERENCES && keys::parse_setup_item(&sk).is_none() {
            return false;
        }
        let id = self.id;
        let partition = self.partitions.entry(organization).or_default();
        if sk == keys::META && record::is_tombstone(&item) {
            let has_sweep_key = item.contains_key(ALL.pk);
            let removed = RemovedUser::read(organization, id, item).ok().flatten();
            partition.tombstone = Some(TombstoneFacts { removed, has_sweep_key });
            return true;
        }
        let list = record::index_keys(&item, &LIST);
        let cloned_from = item.remove(CLONED_FROM).and_then(|value| value.as_s().ok().cloned());
        let facts = record::read_foreign::<ProfileRecord>(item);
        let version = facts.as_ref().and_then(|facts| facts.setup_version).unwrap_or_default();
        if sk == keys::META {
            let facts = facts.map(|facts| {
                let by_time = facts.created_at.map(|at| keys::by_time(at, &id)).unwrap_or_default();
                ProfileFacts {
                    made_by: made_by(cloned_from.as_deref()),
                    is_listed: list == [keys::listed_users(&organization), by_time],
                    email: facts.email,
                    version,
                    has_signed_in: facts.first_sign_in_at.is_some(),
                    created_at: facts.created_at,
                }
            });
            let unreadable = ProfileFacts {
                email: None,
                version,
                has_signed_in: true,
                created_at: None,
                is_listed: true,
                made_by: made_by(cloned_from.as_deref()),
            };
            partition.profile = Some(facts.unwrap_or(unreadable));
            return true;
        }
        partition.newest = partition.newest.max(version);
        if sk == keys::PREFERENCES {
            partition.has_switches = true;
            return true;
        }
        partition.items += 1;
        if let Some(text) = cloned_from {
            partition.clones += 1;
            partition.snapshots.extend(text.split(':').next().and_then(|id| id.parse::<ObjectId>().ok()));
        }
        true
    }

    pub(super) fn add_claim(&mut self, pk: String, holder: ClaimHolder) {
        self.claims.insert(pk, holder);
    }

    /// Returns the partition keys of every claim that something in the group names.
    pub(super) fn named_claims(&self) -> BTreeSet<String> {
        let of_profiles = self.partitions.values().filter_map(|partition| partition.profile.as_ref()?.claim());
        let of_applies = self.applies.values().filter_map(ApplyFacts::claim);
        let removed = self.partitions.values().filter_map(|partition| partition.tombstone.as_ref()?.removed.as_ref());
        let of_removals = removed.filter_map(RemovedUser::reserved_email);
        let of_removals = of_removals.map(|email| keys::email_partition(email.key()));
        self.claims.keys().cloned().chain(of_profiles).chain(of_applies).chain(of_removals).collect()
    }

    /// Returns every organization that something in the group names.
    pub(super) fn named_organizations(&self) -> BTreeSet<ObjectId> {
        let of_claims = self.claims.values().map(|claim| claim.organization);
        let of_applies = self.applies.values().map(|apply| apply.organization);
        self.partitions.keys().copied().chain(of_claims).chain(of_applies).collect()
    }

    pub(super) fn profile(&self, organization: &ObjectId) -> Option<&ProfileFacts> {
        self.partitions.get(organization)?.profile.as_ref()
    }

    pub(super) fn has_profile(&self) -> bool {
        self.partitions.values().any(|partition| partition.profile.is_some())
    }

    pub(super) fn owns(&self, organization: &ObjectId, pk: Option<&String>) -> bool {
        let claim = pk.and_then(|pk| self.claims.get(pk));
        claim.is_some_and(|claim| claim.user == Some(self.id) && claim.organization == *organization)
    }

    pub(super) fn in_state(&self, states: &[ApplyState]) -> bool {
        self.applies.values().any(|apply| states.contains(&apply.state))
    }

    /// Returns the tombstone of the user in an organization.
    pub(super) fn tombstone(&self, organization: &ObjectId) -> Option<&TombstoneFacts> {
        self.partitions.get(organization)?.tombstone.as_ref()
    }

    pub(super) fn user_key(&self, organization: &ObjectId) -> ItemKey {
        keys::user(organization, &self.id)
    }

    /// Returns whether a user exists.
    pub(super) fn is_there(&self) -> bool {
        self.has_profile()
    }

    /// Returns whether the user's claim is its own, for a deletion of both.
    pub(super) fn own_claim(&self, organization: &ObjectId) -> Option<String> {
        let claim = self.profile(organization)?.claim()?;
        self.owns(organization, Some(&claim)).then_some(claim)
    }
}

impl PartitionFacts {
    /// The number of items besides the profile.
    pub(super) fn size(&self) -> usize {
        self.items + usize::from(self.has_switches)
    }
}
