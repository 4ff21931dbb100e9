//! The removal of a user by an administrator: a tombstone in the place of `#META`, and then what an undo does.

use crate::guards::Guard;
use crate::state::{Protocol, State};
use crate::store::{Apply, Claim, EDITED_ITEM, Item, MAX_ITEMS, PendingRequest, Phase, Profile, Tombstone};

/// Stands for the system that makes a removed user again.
const RETURNER: u8 = u8::MAX - 1;

impl Protocol {
    /// An administrator reads the user, and sends the first transaction.
    pub(crate) fn begin_removal(&self, state: &mut State, at: usize) {
        let apply = &mut state.applies[at];
        if apply.profile.is_some() && !apply.returned {
            apply.posted.add(PendingRequest::Removal);
            if !self.off.holds(Guard::RemovalListAfterTombstone) {
                post_earlier(apply);
            }
        }
    }

    /// Puts the tombstone in the place of `#META`, and reserves the address if it is the user's.
    pub(crate) fn execute_removal(&self, state: &mut State, at: usize) {
        let apply = &mut state.applies[at];
        let is_read = apply.profile.is_some() && !apply.returned;
        if !self.off.met(Guard::RemovalProfile, is_read) {
            return;
        }
        state.broken.wrote_late |= apply.is_past_second_look();
        apply.profile = None;
        apply.tombstone = Some(Tombstone::default());
        if self.off.met(Guard::RemovalClaim, state.claim == Claim::Owned(at as u8)) {
            state.broken.stole_claim |= state.claim != Claim::Owned(at as u8);
            state.claim = Claim::Leaving(at as u8);
        }
    }

    /// What a sweep, or the caller, does about a tombstone: deletes what a list shows, or goes on where it shows nothing.
    pub(crate) fn sweep_removal(&self, apply: &mut Apply, tombstone: Tombstone) {
        let is_over = !self.off.met(Guard::RemovalSecondLook, tombstone.minute_over);
        if tombstone.unlisted || tombstone.is_removed && is_over {
            return;
        }
        post_earlier(apply);
        if self.off.met(Guard::RemovalEmptyList, apply.listed() == 0) {
            let next = if tombstone.is_removed { PendingRequest::RemovalLooked } else { PendingRequest::FinishRemoval };
            apply.posted.add(next);
        }
    }

    /// Deletes an item that is not of a version above the tombstone's.
    pub(crate) fn execute_delete_earlier(&self, state: &mut State, at: usize, position: usize) {
        let item = &mut state.applies[at].items[position];
        let is_later = item.writer() == Some(RETURNER);
        if !item.is_landing() && self.off.met(Guard::RemovalVersion, !is_later) {
            state.broken.took_returned |= is_later;
            *item = Item::Absent;
        }
    }

    /// Frees the address, if the removal still reserves it.
    pub(crate) fn execute_finish_removal(&self, state: &mut State, at: usize) {
        let Some(tombstone) = &mut state.applies[at].tombstone else { return };
        if !self.off.met(Guard::RemovalState, !tombstone.is_removed) {
            return;
        }
        (tombstone.is_removed, tombstone.looked) = (true, false);
        if self.off.met(Guard::RemovalFinishClaim, state.claim == Claim::Leaving(at as u8)) {
            state.broken.stole_claim |= state.claim != Claim::Leaving(at as u8) && state.claim != Claim::Free;
            state.claim = Claim::Free;
        }
    }

    pub(crate) fn execute_removal_looked(&self, state: &mut State, at: usize) {
        if let Some(tombstone) = &mut state.applies[at].tombstone {
            tombstone.looked |= tombstone.is_removed;
            tombstone.unlisted |= tombstone.is_removed;
        }
    }

    /// Another system breaks the rule: it makes a removed user again, with a version above the tombstone's.
    pub(crate) fn make_again(&self, state: &mut State, at: usize) {
        let apply = &mut state.applies[at];
        if apply.phase() == Some(Phase::Committed) && apply.tombstone.is_some_and(|tombstone| tombstone.looked) {
            (apply.tombstone, apply.returned) = (None, true);
            apply.profile = Some(Profile { edited: true, signed_in: true });
            apply.items[EDITED_ITEM] = Item::Landed(RETURNER);
        }
    }
}

/// Sends a delete for each listed item.
fn post_earlier(apply: &mut Apply) {
    let listed = apply.listed();
    for position in (0..MAX_ITEMS).filter(|position| listed & 1 << position != 0) {
        apply.posted.add(PendingRequest::DeleteEarlier(position));
    }
}
