//! What a run does next, from its client's request to its answer.

use crate::guards::Guard;
use crate::requests::Outcome;
use crate::run::{Answer, Request, Run, Step};
use crate::state::{Protocol, State};
use crate::store::{Claim, Item, Phase, Record};

impl Protocol {
    fn send(run: &mut Run, request: Request) {
        run.sent.add(request);
        run.step = Step::Waiting(request);
    }

    /// The first reads.
    pub(crate) fn start(&self, state: &mut State, index: usize) {
        match (state.applies[self.apply_of(index)].record, state.world.plan()) {
            (None, Some(plan)) => {
                let run = &mut state.runs[index];
                (run.epoch, run.plan) = (1, plan);
                Self::send(run, Request::Admit);
            }
            (None, None) => {}
            (Some(record), _) => self.judge(state, index, None, &record),
        }
    }

    /// What follows from a record that the run has read, at first or after this request was lost or refused.
    fn judge(&self, state: &mut State, index: usize, after: Option<Request>, record: &Record) {
        let (plan, apply) = (state.world.plan(), self.apply_of(index));
        let run = &mut state.runs[index];
        let is_mine = if self.off.holds(Guard::OwnNonce) {
            usize::from(record.nonce) == index
        } else {
            record.epoch == run.epoch
        };
        run.step = match (record.phase, after) {
            (Phase::Committed, _) => Step::Done(Answer::Created),
            (Phase::Undoing | Phase::Undone, _) => Step::Done(Answer::Undone),
            (Phase::Aborted, None) if !self.off.holds(Guard::LivesOnce) => {
                (run.epoch, run.plan) = (1, plan.unwrap_or_default());
                return Self::send(run, Request::Admit);
            }
            (Phase::Aborted, _) => Step::Done(Answer::Aborted),
            (Phase::Aborting, _) => Step::Done(Answer::Busy),
            (Phase::Staging, Some(Request::Admit)) if is_mine => Step::Ready(0),
            (Phase::Staging, Some(Request::TakeOver)) if is_mine => Step::Replanning,
            // A lease that looks alive makes it answer `in_progress`: as good as never going on from here.
            (Phase::Staging, None | Some(Request::Admit)) if self.shape.applies[apply].keyed => {
                (run.epoch, run.plan, run.lease) = (record.epoch + self.raise(), record.plan, record.lease);
                return Self::send(run, Request::TakeOver);
            }
            (Phase::Staging, _) => Step::Done(Answer::Busy),
        };
    }

    /// By how much a takeover raises the epoch.
    pub(crate) fn raise(&self) -> u8 {
        u8::from(self.off.holds(Guard::TakeOverRaisesEpoch))
    }

    /// The request that the run waits for is executed, and the answer arrives.
    pub(crate) fn answer(&self, state: &mut State, index: usize) {
        let Step::Waiting(request) = state.runs[index].step else { return };
        let step = match self.execute(state, index, request) {
            Outcome::Executed => self.after(index, request),
            Outcome::RecordRefused => Step::Judging(request),
            Outcome::ClaimRefused => Step::AskingHolder,
            Outcome::Conflict => return,
        };
        state.runs[index].step = step;
    }

    fn after(&self, index: usize, request: Request) -> Step {
        match request {
            Request::Admit if self.shape.applies[self.apply_of(index)].stages == 0 => Step::Done(Answer::Created),
            Request::Admit => Step::Ready(0),
            Request::TakeOver => Step::Replanning,
            Request::Stage(stage) => Step::Ready(stage + 1),
            Request::Commit => Step::Done(Answer::Created),
            Request::Stop => Step::Done(Answer::Stopped),
            Request::Abandon => Step::Done(Answer::WorldMoved),
        }
    }

    /// No answer comes; the record is read. A stage is sent again instead, which changes nothing here.
    pub(crate) fn give_up(&self, state: &mut State, index: usize) {
        let record = state.applies[self.apply_of(index)].record;
        match (state.runs[index].step, record) {
            (Step::Waiting(request @ (Request::Admit | Request::TakeOver)), Some(record)) => {
                self.judge(state, index, Some(request), &record);
            }
            (Step::Waiting(Request::Commit), Some(record)) if record.phase == Phase::Committed => {
                state.runs[index].step = Step::Done(Answer::Created);
            }
            _ => {}
        }
    }

    /// The next step of a run that waits for nobody.
    pub(crate) fn proceed(&self, state: &mut State, index: usize) {
        let apply = self.apply_of(index);
        match (state.runs[index].step, state.applies[apply].record) {
            (Step::Judging(request), Some(record)) => self.judge(state, index, Some(request), &record),
            (Step::AskingHolder, Some(record)) if self.off.holds(Guard::RecordAfterHolder) => {
                self.judge(state, index, Some(Request::Admit), &record);
            }
            (Step::AskingHolder, _) => {
                // `email_taken` would be a lie where the owner is the user that this very apply has made.
                state.broken.lied |= state.claim == Claim::Owned(apply as u8);
                state.runs[index].step = Step::Done(Answer::Busy);
            }
            (Step::Replanning, _) => self.plan_again(state, index),
            (Step::Ready(stage), _) => {
                // Success of the stage before is answered only when all its items have landed.
                let before =
                    stage.checked_sub(1).map_or(0, |before| self.staged(apply, before, state.runs[index].plan));
                let landing = |item: &Item| item.is_landing() && item.writer() == Some(index as u8);
                if self.off.holds(Guard::StagesAnswered)
                    && state.applies[apply]
                        .items
                        .iter()
                        .enumerate()
                        .any(|(at, item)| before & 1 << at != 0 && landing(item))
                {
                    return;
                }
                let last = stage == self.shape.applies[apply].stages;
                Self::send(&mut state.runs[index], if last { Request::Commit } else { Request::Stage(stage) });
            }
            _ => {}
        }
    }

    fn plan_again(&self, state: &mut State, index: usize) {
        let plan = state.world.plan();
        let run = &mut state.runs[index];
        if plan == Some(run.plan) {
            run.step = Step::Ready(0);
        } else if let (Some(plan), false) = (plan, self.off.holds(Guard::TakeOverSamePlan)) {
            (run.plan, run.step) = (plan, Step::Ready(0));
        } else {
            Self::send(run, Request::Abandon);
        }
    }

    /// An orderly stop before the deadline.
    pub(crate) fn stop(&self, state: &mut State, index: usize) {
        let run = &mut state.runs[index];
        if matches!(run.step, Step::Ready(_) | Step::Replanning | Step::Waiting(Request::Stage(_) | Request::Commit)) {
            Self::send(run, Request::Stop);
        }
    }

    /// The wrong design that commits first.
    pub(crate) fn hurry(&self, state: &mut State, index: usize) {
        let run = &mut state.runs[index];
        if matches!(run.step, Step::Ready(_) | Step::Waiting(Request::Stage(_))) {
            Self::send(run, Request::Commit);
        }
    }

    /// Drops what can never take effect again, given a record that only moves forward. A run whose every further write
    /// would be refused only has its answer left, and where it stood makes no difference.
    pub(crate) fn forget_dead_requests(&self, state: &mut State, index: usize, record: &Record) {
        let run = &mut state.runs[index];
        for request in run.sent.iter().filter(|request| self.is_dead(run, *request, record)).collect::<Vec<_>>() {
            run.sent.remove(request);
        }
        if self.is_doomed(index, run, record) {
            run.step = Step::Judging(Request::Commit);
        }
        let is_over = matches!(run.step, Step::Done(_) | Step::Judging(Request::Commit));
        if is_over && run.sent.is_empty() {
            *run = Run { step: run.step, ..Run::default() };
        }
    }

    fn is_doomed(&self, index: usize, run: &Run, record: &Record) -> bool {
        use Guard::{
            CommitEpoch, CommitState, OwnNonce, RecordReasonFirst, StageEpoch, StageState, StopEpoch, StopState,
        };
        let fences = [StageState, StageEpoch, CommitState, CommitEpoch, StopState, StopEpoch];
        let judges = [OwnNonce, RecordReasonFirst, Guard::TakeOverRaisesEpoch];
        let is_mine = usize::from(record.nonce) == index;
        let is_out = record.phase != Phase::Staging;
        let has_answer_only = match run.step {
            Step::Idle | Step::AskingHolder | Step::Done(_) => false,
            Step::Waiting(Request::Admit) | Step::Judging(Request::Admit) => is_out,
            Step::Waiting(Request::TakeOver) | Step::Judging(Request::TakeOver) => {
                is_out || !is_mine && record.epoch >= run.epoch
            }
            _ => is_out || record.epoch > run.epoch,
        };
        has_answer_only && fences.iter().chain(&judges).all(|guard| self.off.holds(*guard))
    }

    /// Whether this request of a run can never take effect again, given a record that only moves forward.
    pub(crate) fn is_dead(&self, run: &Run, request: Request, record: &Record) -> bool {
        let over = record.phase != Phase::Staging;
        let deposed = record.epoch > run.epoch;
        let [state, epoch] = match request {
            Request::Admit => return true,
            Request::TakeOver => {
                return over || record.epoch + self.raise() > run.epoch;
            }
            Request::Stage(_) => [Guard::StageState, Guard::StageEpoch],
            Request::Commit => [Guard::CommitState, Guard::CommitEpoch],
            Request::Stop | Request::Abandon => [Guard::StopState, Guard::StopEpoch],
        };
        over && self.off.holds(state) || deposed && self.off.holds(epoch)
    }
}
