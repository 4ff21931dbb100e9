//! Sweepers, any number of them. A sweeper keeps nothing between its requests, so it is a read followed by requests that may
//! take effect whenever they like; two sweepers are two of those reads.

use crate::guards::Guard;
use crate::state::{Protocol, State};
use crate::store::{Apply, Claim, Item, Lease, PROFILE, PendingRequest, Phase, Record};

/// Stands in a record's nonce for a sweep that moved it; only written where [`Guard::CarryOn`] is switched off.
const MOVED_BY_SWEEP: u8 = u8::MAX;

impl Protocol {
    /// Reads the record and, where it is being cleared away, the user's partition; sends what follows.
    pub(crate) fn sweep(&self, state: &mut State, at: usize) {
        let apply = &mut state.applies[at];
        if let Some(tombstone) = apply.tombstone {
            self.sweep_removal(apply, tombstone);
        }
        let Some(record) = apply.record else { return };
        match record.phase {
            Phase::Staging => {
                apply.posted.add(PendingRequest::Move(record.epoch, record.lease));
                if !self.off.holds(Guard::ListAfterMove) {
                    post_deletes(apply, apply.listed());
                }
            }
            Phase::Aborting => {
                let may_finish = self.off.met(Guard::SecondLook, record.minute_over);
                self.clear(apply, &record, u8::MAX, may_finish);
            }
            Phase::Undoing => self.clear(apply, &record, self.undone_items(at, &record), true),
            Phase::Undone => self.look_again(apply, &record, self.undone_items(at, &record)),
            Phase::Committed | Phase::Aborted => {}
        }
    }

    /// Deletes what a list shows, or finishes where it shows nothing.
    fn clear(&self, apply: &mut Apply, record: &Record, seen: u8, may_finish: bool) {
        if !self.off.holds(Guard::CarryOn) && record.nonce != MOVED_BY_SWEEP {
            return;
        }
        let listed = apply.listed() & seen;
        post_deletes(apply, listed);
        if may_finish && self.off.met(Guard::EmptyList, listed == 0) {
            apply.posted.add(PendingRequest::Finish);
        }
    }

    /// What an undo looks at, as bits.
    fn undone_items(&self, at: usize, record: &Record) -> u8 {
        if self.off.holds(Guard::UndoLists) { u8::MAX } else { self.planned(at, record.plan) }
    }

    /// The second look at an undone apply: deletes what landed late, and ends where a list shows nothing.
    fn look_again(&self, apply: &mut Apply, record: &Record, seen: u8) {
        let is_nobodys = !self.off.holds(Guard::CarryOn) && record.nonce != MOVED_BY_SWEEP;
        if record.looked || is_nobodys || !self.off.met(Guard::UndoSecondLook, record.minute_over) {
            return;
        }
        let listed = apply.listed() & seen;
        post_deletes(apply, listed);
        if self.off.met(Guard::EmptyList, listed == 0) {
            apply.posted.add(PendingRequest::Looked);
        }
    }

    /// A transaction that took effect before the move has landed everywhere within the minute: the one assumption on time.
    pub(crate) fn minute_over(&self, state: &mut State, at: usize) {
        let apply = &mut state.applies[at];
        let landing = apply.items.iter().any(|item| item.is_landing());
        if let (false, Some(tombstone)) = (landing, &mut apply.tombstone) {
            tombstone.minute_over = true;
        }
        if let (false, Some(record)) = (landing, &mut apply.record) {
            record.minute_over |= matches!(record.phase, Phase::Aborting | Phase::Undoing | Phase::Undone);
        }
    }

    /// One item of a transaction becomes visible.
    pub(crate) fn land(&self, state: &mut State, at: usize, position: usize) {
        let item = &mut state.applies[at].items[position];
        if let (true, Some(writer)) = (item.is_landing(), item.writer()) {
            *item = Item::Landed(writer);
        }
    }

    /// Executes a request that is not a run's: all of it or, when refused, nothing.
    pub(crate) fn execute_posted(&self, state: &mut State, at: usize, posting: PendingRequest) {
        match posting {
            PendingRequest::Move(epoch, lease) => self.execute_move(state, at, epoch, lease),
            PendingRequest::Delete(PROFILE) => state.applies[at].profile = None,
            PendingRequest::Delete(position) => {
                let item = &mut state.applies[at].items[position];
                if !item.is_landing() {
                    *item = Item::Absent;
                }
            }
            PendingRequest::Finish => self.execute_finish(state, at),
            PendingRequest::Looked => self.execute_looked(state, at),
            PendingRequest::Undo(forced) => self.execute_undo(state, at, forced),
            PendingRequest::SignIn => self.execute_sign_in(state, at),
            PendingRequest::Edit => self.execute_edit(state, at),
            PendingRequest::Removal => self.execute_removal(state, at),
            PendingRequest::FinishRemoval => self.execute_finish_removal(state, at),
            PendingRequest::RemovalLooked => self.execute_removal_looked(state, at),
            PendingRequest::DeleteEarlier(position) => self.execute_delete_earlier(state, at, position),
        }
    }

    fn execute_move(&self, state: &mut State, at: usize, epoch: u8, lease: Lease) {
        let Some(record) = &mut state.applies[at].record else { return };
        let fits = self.off.met(Guard::MoveState, record.phase == Phase::Staging)
            && self.off.met(Guard::MoveEpoch, record.epoch == epoch)
            && self.off.met(Guard::MoveLease, record.lease == lease);
        if !fits {
            return;
        }
        state.broken.left_final |= !matches!(record.phase, Phase::Staging | Phase::Aborting);
        (record.phase, record.minute_over) = (Phase::Aborting, false);
        if self.off.holds(Guard::MoveRaisesEpoch) {
            record.epoch = epoch + 1;
        }
        if !self.off.holds(Guard::CarryOn) {
            record.nonce = MOVED_BY_SWEEP;
        }
    }

    fn execute_finish(&self, state: &mut State, at: usize) {
        let Some(record) = &mut state.applies[at].record else { return };
        let undoes = matches!(record.phase, Phase::Undoing | Phase::Undone);
        let held = if undoes { Claim::Owned(at as u8) } else { Claim::Reserved(at as u8) };
        let frees = self.off.met(Guard::FinishClaim, state.claim == held);
        // An undo ends without the address where it is not the user's any more.
        let fits = self.off.met(Guard::FinishState, matches!(record.phase, Phase::Aborting | Phase::Undoing))
            && (frees || undoes);
        if !fits {
            return;
        }
        state.broken.left_final |= record.phase == Phase::Committed;
        record.phase = if undoes { Phase::Undone } else { Phase::Aborted };
        if frees {
            state.broken.stole_claim |= state.claim != held && state.claim != Claim::Free;
            state.claim = Claim::Free;
        }
    }

    fn execute_looked(&self, state: &mut State, at: usize) {
        let Some(record) = &mut state.applies[at].record else { return };
        record.looked |= record.phase == Phase::Undone;
    }

    /// Drops what can never take effect again, given a record that only moves forward.
    pub(crate) fn forget_dead(&self, apply: &mut Apply) {
        let Some(record) = apply.record else { return };
        let is_final = matches!(record.phase, Phase::Aborted | Phase::Undone);
        let is_empty = record.phase == Phase::Aborted || record.looked;
        let complete = self.off.is_empty();
        for posting in apply.posted.iter() {
            let dead = match posting {
                PendingRequest::Move(epoch, _) => {
                    record.phase != Phase::Staging || self.off.holds(Guard::MoveEpoch) && record.epoch > epoch
                }
                // Nothing can be put any more once the minute is over.
                PendingRequest::Delete(position) => {
                    complete && (is_empty || record.minute_over && apply.listed() & 1 << position == 0)
                }
                PendingRequest::Finish => is_final,
                PendingRequest::Looked => record.looked,
                PendingRequest::Undo(_) => record.phase != Phase::Committed,
                PendingRequest::SignIn => complete && apply.profile.is_none_or(|profile| profile.signed_in),
                PendingRequest::Removal => complete && apply.profile.is_none(),
                PendingRequest::FinishRemoval => {
                    complete && apply.tombstone.is_none_or(|tombstone| tombstone.is_removed)
                }
                PendingRequest::RemovalLooked => complete && apply.tombstone.is_none_or(|tombstone| tombstone.looked),
                // An item that is not there any more, and one of a later version, are not deleted.
                PendingRequest::DeleteEarlier(position) => {
                    let is_over = apply.tombstone.is_some_and(|tombstone| tombstone.minute_over) || apply.returned;
                    complete && is_over && (apply.returned || apply.listed() & 1 << position == 0)
                }
                PendingRequest::Edit => complete && apply.profile.is_none_or(|profile| profile.edited),
            };
            if dead {
                apply.posted.remove(posting);
            }
        }
    }
}

/// Sends a delete for each of these positions.
pub(crate) fn post_deletes(apply: &mut Apply, listed: u8) {
    for position in (0..=PROFILE).filter(|position| listed & 1 << position != 0) {
        apply.posted.add(PendingRequest::Delete(position));
    }
}
