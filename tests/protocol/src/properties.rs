//! What must hold in every state, and what must be possible in some.

use stateright::Property;

use crate::run::{Answer, Step};
use crate::state::{Protocol, State};
use crate::store::{Claim, EDITED_ITEM, Item, Phase, Record, SourceChange};

/// A `#META` that is there has every item of the pinned plan beside it and no other, all written by the run that the record names.
pub const WHOLE: &str = "whole: a visible user has all items of the pinned plan, as one run wrote them";
/// A record that is `ABORTED`, or `UNDONE` with its second look over, has no item of its user, not even one that is landing. One
/// that is `ABORTED` or `UNDONE` has no user and does not hold the address.
pub const CLEAN: &str = "clean: nothing is left of an aborted or undone apply";
/// Every user holds the claim on the address as owner. So two never share one, and it is deleted only with the user.
pub const UNIQUE: &str = "unique: one user has the address, and holds its claim";
/// A client that got 201 has a committed user (who may be undone later). A client that got `apply_aborted`, `apply_undone` or
/// `world_moved`, or without a key that it was stopped, never gets one. No client gets `email_taken` for its own user.
pub const TRUE_ANSWERS: &str = "true answers: an answer to a client stays true";
/// No write of an epoch that was taken over, none to a user whose partition was found empty for good.
pub const FENCED: &str = "fenced: a deposed run writes nothing, nobody writes after the second look";
/// A record that is committed is left only by undo, one that is aborted or undone never.
pub const ONCE: &str = "once: an apply id lives once";
/// A claim is taken only from nobody and freed only by its holder.
pub const CLAIMS: &str = "claims: nobody takes or frees the claim of another";
/// An undo that is not forced leaves alone who has signed in, whose setup has changed, and what is left of who was removed.
pub const IN_USE: &str = "in use: only a forced undo takes a user in use";
/// A delete of a removal, however late, takes nothing of a user whom another system has made again.
pub const LEFT_ALONE: &str = "left alone: a late delete of a removal takes nothing of a user who is there again";
/// From every state, whatever has gone wrong before, sweepers alone bring every record to a final state and take every second
/// look.
pub const LIVE: &str = "live: sweepers alone can finish whatever was begun";

/// All properties: safety, and that the interesting ends can be reached at all, so that nothing holds only because nothing
/// happens.
pub fn all() -> Vec<Property<Protocol>> {
    vec![
        Property::always(WHOLE, whole),
        Property::always(CLEAN, clean),
        Property::always(UNIQUE, unique),
        Property::always(TRUE_ANSWERS, answers),
        Property::always(LEFT_ALONE, |_, state: &State| !state.broken.took_returned),
        Property::sometimes("a user is removed, and the second look is over", |protocol: &Protocol, state: &State| {
            !protocol.shape.removal || state.applies[0].tombstone.is_some_and(|tombstone| tombstone.looked)
        }),
        Property::sometimes("a removed user's address passes on", |protocol: &Protocol, state: &State| {
            let may_be = protocol.shape.removal && protocol.shape.applies.len() > 1;
            !may_be || state.applies[0].tombstone.is_some() && has_phase(state, 1, Phase::Committed)
        }),
        Property::always(FENCED, |_, state: &State| !state.broken.wrote_deposed && !state.broken.wrote_late),
        Property::always(ONCE, |_, state: &State| !state.broken.left_final),
        Property::always(CLAIMS, |_, state: &State| !state.broken.stole_claim),
        Property::always(IN_USE, |_, state: &State| !state.broken.undid_in_use),
        Property::sometimes("an apply commits", |_, state: &State| has_phase(state, 0, Phase::Committed)),
        Property::sometimes("a takeover commits", |protocol: &Protocol, state: &State| {
            let takes_over = protocol.shape.applies[0].runs > 1 && protocol.shape.applies[0].stages > 0;
            !takes_over || state.applies[0].record.is_some_and(|r| r.phase == Phase::Committed && r.epoch > 1)
        }),
        Property::sometimes("an apply is swept", |protocol: &Protocol, state: &State| {
            protocol.shape.applies[0].stages == 0 || has_phase(state, 0, Phase::Aborted)
        }),
        Property::sometimes("an answer is replayed", |protocol: &Protocol, state: &State| {
            protocol.shape.applies[0].runs < 2
                || has_phase(state, 0, Phase::Committed) && told(state, 2, Answer::Created)
        }),
        Property::sometimes("a retry meets another world", |protocol: &Protocol, state: &State| {
            let may_move = protocol.shape.world != SourceChange::Same && protocol.shape.applies[0].stages > 0;
            !may_move || protocol.shape.applies[0].runs < 2 || told(state, 1, Answer::WorldMoved)
        }),
        Property::sometimes("an apply is undone", |protocol: &Protocol, state: &State| {
            !protocol.shape.undo || has_phase(state, 0, Phase::Undone)
        }),
        Property::sometimes("an item lands after an undo has ended", |protocol: &Protocol, state: &State| {
            let apply = &state.applies[0];
            !protocol.shape.undo || has_phase(state, 0, Phase::Undone) && apply.listed() != 0
        }),
        Property::sometimes("a second look is over", |protocol: &Protocol, state: &State| {
            !protocol.shape.undo || state.applies[0].record.is_some_and(|record| record.looked)
        }),
        Property::sometimes(
            "a removed user is undone while another has the address",
            |protocol: &Protocol, state: &State| {
                let may_be = protocol.shape.remove && protocol.shape.undo && protocol.shape.applies.len() > 1;
                !may_be || has_phase(state, 0, Phase::Undone) && has_phase(state, 1, Phase::Committed)
            },
        ),
        Property::sometimes("the address passes on to another apply", |protocol: &Protocol, state: &State| {
            let ended = has_phase(state, 0, Phase::Aborted) || has_phase(state, 0, Phase::Undone);
            let leaves = protocol.shape.applies[0].stages > 0 || protocol.shape.undo;
            protocol.shape.applies.len() < 2 || !leaves || ended && has_phase(state, 1, Phase::Committed)
        }),
    ]
}

/// Whether every record is where it can stay: none is left for a sweep.
pub fn settled(state: &State) -> bool {
    let is_removed = |tombstone: &crate::store::Tombstone| tombstone.looked;
    let is_settled = |record: &Record| match record.phase {
        Phase::Committed | Phase::Aborted => true,
        Phase::Undone => record.looked,
        Phase::Staging | Phase::Aborting | Phase::Undoing => false,
    };
    state
        .applies
        .iter()
        .all(|apply| apply.record.as_ref().is_none_or(is_settled) && apply.tombstone.as_ref().is_none_or(is_removed))
}

fn has_phase(state: &State, apply: usize, phase: Phase) -> bool {
    state.applies[apply].phase() == Some(phase)
}

fn told(state: &State, at_least: usize, answer: Answer) -> bool {
    state.runs.iter().filter(|run| run.step == Step::Done(answer)).count() >= at_least
}

fn whole(protocol: &Protocol, state: &State) -> bool {
    (0..protocol.shape.applies.len()).all(|at| {
        let apply = &state.applies[at];
        match (apply.profile, apply.record) {
            (None, _) => true,
            // Whom another system has made again is its affair.
            _ if apply.returned => true,
            (Some(_), None) => false,
            (Some(_), Some(record)) => {
                let planned = protocol.planned(at, record.plan);
                let as_planned = |(position, item): (usize, &Item)| {
                    let writer = (planned & 1 << position != 0).then_some(record.nonce);
                    position == EDITED_ITEM || item.writer() == writer
                };
                record.phase == Phase::Committed && apply.items.iter().enumerate().all(as_planned)
            }
        }
    })
}

fn clean(_: &Protocol, state: &State) -> bool {
    state.applies.iter().zip(0..).all(|(apply, at)| {
        let Some(record) = apply.record else { return true };
        if let Some(tombstone) = apply.tombstone {
            let is_free = state.claim != Claim::Leaving(at) && state.claim != Claim::Owned(at);
            let is_clean = !tombstone.looked || apply.is_empty();
            return is_clean && record.phase == Phase::Committed && (!tombstone.is_removed || is_free);
        }
        let is_over = matches!(record.phase, Phase::Aborted | Phase::Undone);
        let is_empty = apply.profile.is_none() && (record.phase == Phase::Undone && !record.looked || apply.is_empty());
        !is_over || is_empty && state.claim != Claim::Reserved(at) && state.claim != Claim::Owned(at)
    })
}

fn unique(_: &Protocol, state: &State) -> bool {
    let owns = |(apply, at): (&crate::store::Apply, u8)| {
        apply.profile.is_none() || apply.returned || state.claim == Claim::Owned(at)
    };
    state.applies.iter().zip(0..).all(owns)
}

fn answers(protocol: &Protocol, state: &State) -> bool {
    let is_true = |index: usize| {
        let at = protocol.apply_of(index);
        let phase = state.applies[at].phase();
        match state.runs[index].step {
            Step::Done(Answer::Created) => matches!(phase, Some(Phase::Committed | Phase::Undoing | Phase::Undone)),
            Step::Done(Answer::Aborted) => phase == Some(Phase::Aborted),
            Step::Done(Answer::Undone) => matches!(phase, Some(Phase::Undoing | Phase::Undone)),
            Step::Done(Answer::WorldMoved) => matches!(phase, Some(Phase::Aborting | Phase::Aborted)),
            // With a key a retry may still finish it, so a stop promises nothing.
            Step::Done(Answer::Stopped) => {
                protocol.shape.applies[at].keyed || matches!(phase, Some(Phase::Aborting | Phase::Aborted))
            }
            _ => true,
        }
    };
    !state.broken.lied && (0..protocol.run_count()).all(is_true)
}
