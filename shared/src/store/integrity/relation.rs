//! The relations among items: which item needs which other one, and what it means if that one is missing.
//!
//! This is the one table of them. An item that is new to the table needs its row here; docs/recipes/item.md says so.

/// A relation that every healthy table keeps. The order is the order of reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Relation {
    /// An item can be read.
    Readable,
    /// A pipeline or an agent has its organization.
    TargetOrganization,
    /// A user has its organization.
    UserOrganization,
    /// A user is in one organization.
    UserOnce,
    /// A user owns the claim on its address.
    UserClaim,
    /// A user that an apply made, and nobody changed, has all items of the apply.
    UserItems,
    /// A user that an apply made, and nobody changed, has the record of the apply.
    UserApply,
    /// A user's setup version is that of its newest item, or newer.
    UserVersion,
    /// A user is in the list of its organization's users.
    UserListed,
    /// A setup item or the switches have their user.
    ItemUser,
    /// An owned claim has its user.
    ClaimUser,
    /// A reserved claim has its unfinished apply.
    ClaimApply,
    /// A committed apply has its user.
    ApplyUser,
    /// An apply that was never committed, or was undone, has no user.
    ApplyWithoutUser,
    /// A removed user has no items once its removal is over.
    TombstoneItems,
    /// A staged apply has the claim that it reserves.
    ApplyClaim,
    /// An apply has a sweep key exactly while a sweep has to look at it.
    ApplySweep,
    /// An apply to which no user leads is in the list of its organization's applies.
    ApplyListed,
    /// A part of a snapshot has its snapshot.
    PartSnapshot,
    /// A swept tombstone has no parts.
    TombstoneParts,
    /// The current content has all its chunks.
    ContentChunks,
    /// An older revision has all its chunks.
    RevisionChunks,
    /// A chunk belongs to a revision that exists.
    ChunkRevision,
    /// Older revisions are older than the current one.
    RevisionOrder,
    /// Every revision that is kept exists.
    RevisionKept,
    /// The shared revision exists.
    SharedRevision,
    /// The rows of lists show what the snapshot shares.
    SharingRows,
    /// The state of refreshes exists once there are older revisions, and describes the current revision.
    RefreshRevision,
    /// A snapshot is in the lists that it belongs to.
    SnapshotListed,
    /// A schedule is in the list of what is due.
    ScheduleListed,
}

/// What repair does about a broken relation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RemedyKind {
    /// Repair mends it and loses nothing.
    Mend,
    /// Repair gives up what is incomplete, if the operator allows that. Something is lost that a backup may still have.
    Drop,
    /// A person decides.
    Person,
}

impl RemedyKind {
    /// Returns its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Mend => "mend",
            Self::Drop => "drop",
            Self::Person => "person",
        }
    }
}

/// One row of the table: the items, the partner and its absence.
#[derive(Debug)]
pub struct RelationRule {
    /// The relation.
    pub relation: Relation,
    /// Its name in reports.
    pub name: &'static str,
    /// The keys of the items that need a partner.
    pub items: &'static str,
    /// The partner.
    pub partner: &'static str,
}

macro_rules! rules {
    ($($relation:ident $name:literal: $items:literal => $partner:literal;)*) => {
        /// Every relation. `FAILURES` and `FAILURES#<network>` of an address need no partner: they count attempts with
        /// addresses that nobody owns, too. Neither do `REFUSED#` and `COUNT#` of an organization: nothing was written of what they
        /// are about.
        pub const RELATIONS: &[RelationRule] = &[
            $(RelationRule { relation: Relation::$relation, name: $name, items: $items, partner: $partner },)*
        ];
    };
}

rules! {
    Readable "readable": "every item of this service" => "its required attributes";
    TargetOrganization "target-organization": "PIPELINE#, AGENT#" => "#META of the organization";
    UserOrganization "user-organization": "#META of a user" => "#META of the organization";
    UserOnce "user-once": "#META of a user" => "no #META with the same id in another organization";
    UserClaim "user-claim": "#META of a user" => "the claim on its address, owned by it";
    UserItems "user-items": "#META of a user whom an apply made and nobody changed" => "every item that the apply wrote";
    UserApply "user-apply": "#META of a user whom an apply made and nobody changed" => "APPLY# with its id";
    UserVersion "user-version": "#META of a user" => "a setupVersion no lower than that of its items";
    UserListed "user-listed": "#META of a user" => "its keys of the index LIST";
    ItemUser "item-user": "AUTOMATION#, PROMPT#, TEMPLATE#, PREFERENCES" => "#META of the user, or an unfinished apply or undo";
    ClaimUser "claim-user": "EMAIL# with userId" => "#META of that user with this address";
    ClaimApply "claim-apply": "EMAIL# with reservedBy" => "APPLY# in the state STAGING or ABORTING, or a user who is being removed";
    ApplyUser "apply-user": "APPLY# in the state COMMITTED without userRemovedAt" => "#META of its user";
    ApplyWithoutUser "apply-without-user": "APPLY# in any other state, or with userRemovedAt" => "no #META of its user; no items once it is final";
    TombstoneItems "tombstone-items": "#META of a removed user" => "a sweep key while it is unfinished; after that none, and no items";
    ApplyClaim "apply-claim": "APPLY# in the state STAGING" => "the claim on its address, reserved by it";
    ApplySweep "apply-sweep": "APPLY#" => "a sweep key while it is unfinished, and none after";
    ApplyListed "apply-listed": "APPLY# that no #META of a user names, unless it is STAGING" => "its keys of the index LIST";
    PartSnapshot "part-snapshot": "REV#, REFRESH, SHARING, ORG#, GLOBAL, CHUNK#" => "#META of the snapshot";
    TombstoneParts "tombstone-parts": "#META of a deleted and swept snapshot" => "no other item of the snapshot";
    ContentChunks "content-chunks": "#META of a snapshot with chunks" => "CHUNK# of its revision, all of them";
    RevisionChunks "revision-chunks": "REV# with chunks" => "CHUNK# of the revision, all of them";
    ChunkRevision "chunk-revision": "CHUNK#" => "#META or REV# with this revision and so many chunks";
    RevisionOrder "revision-order": "REV#" => "#META with a higher revision";
    RevisionKept "revision-kept": "#META of a snapshot" => "REV# of every revision from oldestKept on";
    SharedRevision "shared-revision": "#META of a snapshot that shares an older revision" => "REV# of that revision";
    SharingRows "sharing-rows": "#META of a snapshot" => "SHARING, and the rows ORG# and GLOBAL of what it shares";
    RefreshRevision "refresh-revision": "#META of a snapshot with older revisions" => "REFRESH with the current revision";
    SnapshotListed "snapshot-listed": "#META of a snapshot" => "its keys of the indexes LIST and ALL";
    ScheduleListed "schedule-listed": "REFRESH" => "keys of the index ALL exactly while it has a schedule";
}

impl Relation {
    /// Returns the row of the table.
    pub fn rule(self) -> &'static RelationRule {
        // The tests check that every relation has a row at its place.
        &RELATIONS[self as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_relation_has_its_row_and_a_name_of_its_own() {
        for (place, rule) in RELATIONS.iter().enumerate() {
            assert_eq!(rule.relation as usize, place, "{}", rule.name);
        }
        assert_eq!(RELATIONS.len(), Relation::ScheduleListed as usize + 1);
        let mut names: Vec<_> = RELATIONS.iter().map(|rule| rule.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RELATIONS.len());
    }
}
