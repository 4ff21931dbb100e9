//! The writes of a run, as the table executes them: a transaction's conditions and effects are one atomic step, and what it
//! puts lands later.

use crate::guards::Guard;
use crate::run::Request;
use crate::state::{Protocol, State};
use crate::store::{Claim, Lease, Phase, Profile, Record};

/// The outcome of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It took effect.
    Executed,
    /// The apply record is not as the request demands.
    RecordRefused,
    /// The record is, but somebody holds the e-mail address.
    ClaimRefused,
    /// Another transaction is still landing on an item; tried again until it has.
    Conflict,
}

impl Protocol {
    /// Executes a request of a run: all of it or, when refused, nothing.
    pub(crate) fn execute(&self, state: &mut State, index: usize, request: Request) -> Outcome {
        match request {
            Request::Admit => self.execute_admit(state, index),
            Request::TakeOver => self.execute_take_over(state, index),
            Request::Stage(stage) => self.execute_stage(state, index, stage),
            Request::Commit => self.execute_commit(state, index),
            Request::Stop | Request::Abandon => self.execute_stop(state, index, request),
        }
    }

    fn execute_admit(&self, state: &mut State, index: usize) -> Outcome {
        let (at, run) = (self.apply_of(index), state.runs[index]);
        let apply = &mut state.applies[at];
        let revivable = apply.phase() == Some(Phase::Aborted) && !self.off.holds(Guard::LivesOnce);
        let record_fits = self.off.met(Guard::AdmitRecordAbsent, apply.record.is_none() || revivable);
        let claim_fits = self.off.met(Guard::AdmitClaimAbsent, state.claim == Claim::Free);
        match (record_fits, claim_fits) {
            (true, true) => {}
            (false, false) if !self.off.holds(Guard::RecordReasonFirst) => return Outcome::ClaimRefused,
            (false, _) => return Outcome::RecordRefused,
            (true, false) => return Outcome::ClaimRefused,
        }
        let at_once = self.shape.applies[at].stages == 0;
        let phase = if at_once { Phase::Committed } else { Phase::Staging };
        if at_once {
            if !apply.put(self.staged(at, 0, run.plan), index) {
                return Outcome::Conflict;
            }
            apply.profile = Some(Profile::default());
        }
        state.broken.left_final |= apply.record.is_some();
        let nonce = index as u8;
        apply.record = Some(Record {
            phase,
            epoch: 1,
            nonce,
            lease: Lease::Running,
            plan: run.plan,
            minute_over: false,
            looked: false,
        });
        state.broken.stole_claim |= state.claim != Claim::Free;
        state.claim = if at_once { Claim::Owned(at as u8) } else { Claim::Reserved(at as u8) };
        Outcome::Executed
    }

    fn execute_take_over(&self, state: &mut State, index: usize) -> Outcome {
        let (at, run) = (self.apply_of(index), state.runs[index]);
        let Some(record) = &mut state.applies[at].record else { return Outcome::RecordRefused };
        let fits = self.off.met(Guard::TakeOverState, record.phase == Phase::Staging)
            && self.off.met(Guard::TakeOverEpoch, record.epoch + self.raise() == run.epoch)
            && self.off.met(Guard::TakeOverLease, record.lease == run.lease);
        if !fits {
            return Outcome::RecordRefused;
        }
        state.broken.left_final |= !matches!(record.phase, Phase::Staging | Phase::Aborting);
        *record =
            Record { phase: Phase::Staging, epoch: run.epoch, nonce: index as u8, lease: Lease::Running, ..*record };
        Outcome::Executed
    }

    fn execute_stage(&self, state: &mut State, index: usize, stage: usize) -> Outcome {
        let (at, run) = (self.apply_of(index), state.runs[index]);
        let apply = &mut state.applies[at];
        let Some(record) = apply.record else { return Outcome::RecordRefused };
        let fits = self.off.met(Guard::StageState, record.phase == Phase::Staging)
            && self.off.met(Guard::StageEpoch, record.epoch == run.epoch);
        if !fits {
            return Outcome::RecordRefused;
        }
        if !apply.put(self.staged(at, stage, run.plan), index) {
            return Outcome::Conflict;
        }
        state.broken.wrote_late |= apply.is_past_second_look();
        state.broken.wrote_deposed |= record.phase == Phase::Staging && record.epoch != run.epoch;
        Outcome::Executed
    }

    fn execute_commit(&self, state: &mut State, index: usize) -> Outcome {
        let (at, run) = (self.apply_of(index), state.runs[index]);
        let apply = &mut state.applies[at];
        let Some(record) = &mut apply.record else { return Outcome::RecordRefused };
        let fits = self.off.met(Guard::CommitState, record.phase == Phase::Staging)
            && self.off.met(Guard::CommitEpoch, record.epoch == run.epoch)
            && self.off.met(Guard::CommitClaim, state.claim == Claim::Reserved(at as u8))
            && self.off.met(Guard::CommitProfileAbsent, apply.profile.is_none());
        if !fits {
            return Outcome::RecordRefused;
        }
        state.broken.wrote_deposed |= record.phase == Phase::Staging && record.epoch != run.epoch;
        state.broken.left_final |= matches!(record.phase, Phase::Aborted | Phase::Undoing | Phase::Undone);
        state.broken.stole_claim |=
            !matches!(state.claim, Claim::Reserved(holder) | Claim::Owned(holder) if usize::from(holder) == at);
        record.phase = Phase::Committed;
        apply.profile = Some(apply.profile.unwrap_or_default());
        state.claim = Claim::Owned(at as u8);
        Outcome::Executed
    }

    fn execute_stop(&self, state: &mut State, index: usize, request: Request) -> Outcome {
        let (at, run) = (self.apply_of(index), state.runs[index]);
        let Some(record) = &mut state.applies[at].record else { return Outcome::RecordRefused };
        let fits = self.off.met(Guard::StopState, record.phase == Phase::Staging)
            && self.off.met(Guard::StopEpoch, record.epoch == run.epoch);
        if !fits {
            return Outcome::RecordRefused;
        }
        state.broken.wrote_deposed |= record.phase == Phase::Staging && record.epoch != run.epoch;
        if request == Request::Stop && self.shape.applies[at].keyed {
            record.lease = Lease::Ended;
        } else {
            state.broken.left_final |= !matches!(record.phase, Phase::Staging | Phase::Aborting);
            (record.phase, record.minute_over) = (Phase::Aborting, false);
        }
        Outcome::Executed
    }
}
