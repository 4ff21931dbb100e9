//! What stands in the table: of every item only what a condition, a list or a reader can tell apart.

/// How many applies a model has at most. All of them want the same e-mail address.
pub const MAX_APPLIES: usize = 2;
/// How many runs, of all applies together, a model has at most.
pub const MAX_RUNS: usize = 4;
/// Items of a new user besides the profile: up to three clones, and one that is written after the apply ([`EDITED_ITEM`]).
pub const MAX_ITEMS: usize = 4;
/// The item that an edit of the finished setup adds; no apply writes it.
pub const EDITED_ITEM: usize = 3;
/// Where the profile (`#META`) stands among what is listed and deleted.
pub const PROFILE: usize = 4;

/// The state of an apply record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Admitted; a run stages under a lease.
    Staging,
    /// The user exists.
    Committed,
    /// Given up; what was staged is being deleted.
    Aborting,
    /// Nothing is left. Final.
    Aborted,
    /// The user is gone, the items are being deleted.
    Undoing,
    /// A list was empty, and the address is free; what landed late is left for the second look. Final.
    Undone,
}

/// The lease of the run that owns the epoch. Whether a running one has expired is for each reader to judge, with whatever
/// clock it has, so the model lets it be so at any time; the value matters only where a condition compares it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Lease {
    /// As it was set with the epoch.
    #[default]
    Running,
    /// Ended by an orderly stop.
    Ended,
}

/// What planning gives. A plan changes when the world does between two plannings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Plan {
    /// All items.
    #[default]
    Whole,
    /// All but the last one: a target is gone, or an item is.
    Smaller,
}

/// What a planning run finds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SourceChange {
    /// Everything as it was at first.
    #[default]
    Same,
    /// The plan would be another one.
    Moved,
    /// The snapshot is deleted: nobody can plan.
    Gone,
}

impl SourceChange {
    /// What a run that plans now arrives at.
    pub fn plan(self) -> Option<Plan> {
        match self {
            SourceChange::Same => Some(Plan::Whole),
            SourceChange::Moved => Some(Plan::Smaller),
            SourceChange::Gone => None,
        }
    }
}

/// An apply record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Record {
    /// Its state.
    pub phase: Phase,
    /// Raised by every takeover and by the sweep.
    pub epoch: u8,
    /// The run that last admitted or took over; a fresh nonce names it.
    pub nonce: u8,
    /// The lease of that run.
    pub lease: Lease,
    /// The plan that was pinned when it was admitted.
    pub plan: Plan,
    /// Whether the minute after the move to [`Phase::Aborting`] or [`Phase::Undoing`] is over.
    pub minute_over: bool,
    /// Whether the second look at what is [`Phase::Undone`] is over.
    pub looked: bool,
}

/// The claim on the e-mail address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Claim {
    /// Nobody's.
    #[default]
    Free,
    /// Held by an apply that is not committed.
    Reserved(u8),
    /// The user of this apply owns it.
    Owned(u8),
    /// The removal of this apply's user reserves it.
    Leaving(u8),
}

/// What stands in the place of the `#META` of a removed user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tombstone {
    /// Whether the items are deleted and the address is free: `REMOVED` rather than `REMOVING`.
    pub is_removed: bool,
    /// Whether the minute after the removal began is over.
    pub minute_over: bool,
    /// Whether the second look is over.
    pub looked: bool,
    /// Whether the sweep key is gone, so that no sweep finds it any more.
    pub unlisted: bool,
}

/// A user's `#META`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Profile {
    /// `firstSignInAt` is there.
    pub signed_in: bool,
    /// `setupVersion` is not the apply's any more.
    pub edited: bool,
}

/// One setup item, and which run wrote it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Item {
    /// Not there.
    #[default]
    Absent,
    /// Its transaction has taken effect, but no list shows it yet, and any other write to it conflicts.
    Landing(u8),
    /// The same where an older version stands, which lists do show.
    Overwriting(u8),
    /// There.
    Landed(u8),
}

impl Item {
    /// Whether a consistent list shows it.
    pub fn is_listed(self) -> bool {
        matches!(self, Item::Overwriting(_) | Item::Landed(_))
    }

    /// Whether a transaction that wrote it is not through yet.
    pub fn is_landing(self) -> bool {
        matches!(self, Item::Landing(_) | Item::Overwriting(_))
    }

    /// Who wrote it last.
    pub fn writer(self) -> Option<u8> {
        match self {
            Item::Absent => None,
            Item::Landing(run) | Item::Overwriting(run) | Item::Landed(run) => Some(run),
        }
    }

    /// The item once a transaction that puts it has taken effect.
    pub fn put_by(self, run: u8) -> Item {
        match self {
            Item::Landed(writer) if writer == run => self,
            Item::Landed(_) => Item::Overwriting(run),
            _ => Item::Landing(run),
        }
    }
}

/// Everything of one apply: its record, its user's partition, and the requests about it that somebody has sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Apply {
    /// Absent until admission.
    pub record: Option<Record>,
    /// The user's `#META`.
    pub profile: Option<Profile>,
    /// What stands there once the user is removed.
    pub tombstone: Option<Tombstone>,
    /// Whether another system has made the user again, in the place of the tombstone.
    pub returned: bool,
    /// The user's setup.
    pub items: [Item; MAX_ITEMS],
    /// Requests of sweepers, of those who undo, of the user.
    pub posted: PendingRequests,
}

impl Apply {
    /// The record's state.
    pub fn phase(&self) -> Option<Phase> {
        self.record.map(|record| record.phase)
    }

    /// The positions that a consistent list of the user's partition shows, as bits; [`PROFILE`] is one of them.
    pub fn listed(&self) -> u8 {
        let items = self.items.iter().enumerate().filter(|(_, item)| item.is_listed());
        let bits = items.fold(0, |bits, (position, _)| bits | 1 << position);
        bits | u8::from(self.profile.is_some()) << PROFILE
    }

    /// Puts the items of these bits; `false`, with nothing done, where another transaction is still landing on one.
    pub fn put(&mut self, items: u8, run: usize) -> bool {
        let chosen = |position: usize| items & 1 << position != 0;
        let blocked = self.items.iter().enumerate().any(|(at, item)| chosen(at) && item.is_landing());
        if !blocked {
            for (_, item) in self.items.iter_mut().enumerate().filter(|(at, _)| chosen(*at)) {
                *item = item.put_by(run as u8);
            }
        }
        !blocked
    }

    /// Whether the list that finds nothing may have been read already.
    pub fn is_past_second_look(&self) -> bool {
        self.tombstone.is_some_and(|tombstone| tombstone.minute_over)
            || self.record.is_some_and(|record| match record.phase {
                Phase::Aborted => true,
                Phase::Aborting | Phase::Undoing | Phase::Undone => record.minute_over,
                Phase::Staging | Phase::Committed => false,
            })
    }

    /// Whether nothing of the user is or will be there.
    pub fn is_empty(&self) -> bool {
        self.profile.is_none() && self.items.iter().all(|item| *item == Item::Absent)
    }
}

/// A request without a run: its sender has forgotten it, the network has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PendingRequest {
    /// A sweep's move to [`Phase::Aborting`], with the epoch and lease that it read.
    Move(u8, Lease),
    /// A delete of one listed item.
    Delete(usize),
    /// The last transaction of a sweep or an undo.
    Finish,
    /// The end of a second look: nothing is to be swept any more.
    Looked,
    /// The first transaction of an undo, forced or not.
    Undo(bool),
    /// The first sign-in.
    SignIn,
    /// An edit of the setup that adds [`EDITED_ITEM`].
    Edit,
    /// The first transaction of a removal.
    Removal,
    /// The last transaction of a removal.
    FinishRemoval,
    /// The end of the second look at a removed user.
    RemovalLooked,
    /// A delete of one listed item of a removed user, unless it is of a later version.
    DeleteEarlier(usize),
}

/// A set of [`PendingRequest`]s. A request that was sent once may be executed at any later time, any number of times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PendingRequests(u64);

impl PendingRequests {
    /// Adds a request.
    pub fn add(&mut self, posting: PendingRequest) {
        self.0 |= 1 << place(posting);
    }

    /// Takes a request out.
    pub fn remove(&mut self, posting: PendingRequest) {
        self.0 &= !(1 << place(posting));
    }

    /// The requests in it.
    pub fn iter(self) -> impl Iterator<Item = PendingRequest> {
        (0..PLACES).filter(move |at| self.0 & 1 << at != 0).map(posting)
    }
}

/// The requests of which there is one at most.
const SINGLE: [PendingRequest; 9] = [
    PendingRequest::Finish,
    PendingRequest::Looked,
    PendingRequest::Undo(false),
    PendingRequest::Undo(true),
    PendingRequest::SignIn,
    PendingRequest::Edit,
    PendingRequest::Removal,
    PendingRequest::FinishRemoval,
    PendingRequest::RemovalLooked,
];

/// Two for each of the epochs 0 to 7, one for each position, the single ones, and one for each item of a removed user.
const FIRST_DELETE: usize = 16;
const FIRST_SINGLE: usize = FIRST_DELETE + PROFILE + 1;
const FIRST_EARLIER: usize = FIRST_SINGLE + SINGLE.len();
const PLACES: usize = FIRST_EARLIER + MAX_ITEMS;

fn place(posting: PendingRequest) -> usize {
    match posting {
        PendingRequest::Move(epoch, lease) => 2 * usize::from(epoch) + usize::from(lease == Lease::Ended),
        PendingRequest::Delete(position) => FIRST_DELETE + position,
        PendingRequest::DeleteEarlier(position) => FIRST_EARLIER + position,
        single => FIRST_SINGLE + SINGLE.iter().position(|known| *known == single).unwrap_or_default(),
    }
}

fn posting(place: usize) -> PendingRequest {
    match place {
        0..FIRST_DELETE => {
            let lease = if place.is_multiple_of(2) { Lease::Running } else { Lease::Ended };
            PendingRequest::Move((place / 2) as u8, lease)
        }
        FIRST_DELETE..FIRST_SINGLE => PendingRequest::Delete(place - FIRST_DELETE),
        FIRST_SINGLE..FIRST_EARLIER => SINGLE[place - FIRST_SINGLE],
        _ => PendingRequest::DeleteEarlier(place - FIRST_EARLIER),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_posting_has_a_place_of_its_own() {
        for at in 0..PLACES {
            assert_eq!(place(posting(at)), at);
        }
    }
}
