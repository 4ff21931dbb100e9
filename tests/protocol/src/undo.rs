//! What happens to a user after the apply: the first sign-in, an edit of the setup, removal by another system, and undo. After
//! its first transaction an undo goes on as a sweep does.

use crate::guards::Guard;
use crate::state::{Protocol, State};
use crate::store::{Claim, EDITED_ITEM, PendingRequest, Phase, Profile};
use crate::sweeper::post_deletes;

/// Stands for the writer of [`EDITED_ITEM`].
const EDITOR: u8 = u8::MAX;

impl Protocol {
    /// Somebody reads that the apply is committed, and sends the first transaction of an undo.
    pub(crate) fn undo(&self, state: &mut State, at: usize, forced: bool) {
        let apply = &mut state.applies[at];
        if apply.phase() == Some(Phase::Committed) {
            apply.posted.add(PendingRequest::Undo(forced));
            if !self.off.holds(Guard::UndoListAfterMove) {
                post_deletes(apply, apply.listed());
            }
        }
    }

    /// Deletes the user's `#META` and moves the record. By force also where another system has removed the user.
    pub(crate) fn execute_undo(&self, state: &mut State, at: usize, forced: bool) {
        let apply = &mut state.applies[at];
        let Some(record) = &mut apply.record else { return };
        let Profile { edited, signed_in } = apply.profile.unwrap_or_default();
        let fits = self.off.met(Guard::UndoState, record.phase == Phase::Committed)
            && self.off.met(Guard::UndoNotRemoved, apply.tombstone.is_none() && !apply.returned)
            && (forced || self.off.met(Guard::UndoProfile, apply.profile.is_some()))
            && (forced || self.off.met(Guard::UndoVersion, !edited))
            && (forced || self.off.met(Guard::UndoNotSignedIn, !signed_in));
        if !fits {
            return;
        }
        state.broken.undid_in_use |= !forced && (edited || signed_in || apply.profile.is_none());
        state.broken.left_final |= record.phase == Phase::Undone;
        apply.profile = None;
        (record.phase, record.minute_over) = (Phase::Undoing, false);
    }

    /// Another system removes the user: `#META` and the claim in one transaction. What it does with the setup is its affair; here
    /// it leaves it.
    pub(crate) fn remove_user(&self, state: &mut State, at: usize) {
        let apply = &mut state.applies[at];
        if apply.profile.take().is_some() && state.claim == Claim::Owned(at as u8) {
            state.claim = Claim::Free;
        }
    }

    /// The user, whose `#META` is there to be read, signs in: `firstSignInAt` is written before the token is issued.
    pub(crate) fn sign_in(&self, state: &mut State, at: usize) {
        let apply = &mut state.applies[at];
        if apply.profile.is_some_and(|profile| !profile.signed_in) {
            apply.posted.add(PendingRequest::SignIn);
        }
    }

    /// An update without a condition would create a missing item.
    pub(crate) fn execute_sign_in(&self, state: &mut State, at: usize) {
        let apply = &mut state.applies[at];
        if self.off.met(Guard::SignInProfile, apply.profile.is_some()) {
            state.broken.wrote_late |= apply.is_past_second_look();
            apply.profile = Some(Profile { signed_in: true, ..apply.profile.unwrap_or_default() });
        }
    }

    /// The user's setup, which is there to be read at the apply's version, gets one more item.
    pub(crate) fn edit(&self, state: &mut State, at: usize) {
        let apply = &mut state.applies[at];
        if apply.profile.is_some_and(|profile| !profile.edited) {
            apply.posted.add(PendingRequest::Edit);
        }
    }

    /// One transaction: the version in `#META` is raised and the item put.
    pub(crate) fn execute_edit(&self, state: &mut State, at: usize) {
        let apply = &mut state.applies[at];
        let edited = apply.profile.is_some_and(|profile| profile.edited);
        // The tombstone is an item, too: only its version refuses.
        let is_as_read =
            apply.profile.is_some() || apply.tombstone.is_some() && !self.off.holds(Guard::RemovalRaisesVersion);
        let is_put = apply.profile.is_some() || apply.tombstone.is_none();
        if !self.off.met(Guard::EditProfile, is_as_read) || edited || apply.items[EDITED_ITEM].is_landing() {
            return;
        }
        state.broken.wrote_late |= apply.is_past_second_look();
        if is_put {
            apply.profile = Some(Profile { edited: true, ..apply.profile.unwrap_or_default() });
        }
        apply.items[EDITED_ITEM] = apply.items[EDITED_ITEM].put_by(EDITOR);
    }
}
