//! A run: one invocation of the function that applies, from its client's request to its answer.

use crate::guards::Guard;
use crate::model::{Protocol, State};
use crate::store::{Apply, Claim, Item, Lease, Phase, Plan, Profile, Record};

/// A write that a run sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Request {
    /// Admission; of an apply in one transaction, everything.
    Admit,
    /// The takeover of an expired lease.
    TakeOver,
    /// One stage.
    Stage(usize),
    /// The commit.
    Commit,
    /// An orderly stop: ends the lease, or without a key gives up.
    Stop,
    /// Gives up, since the plan has changed.
    Abandon,
}

const REQUESTS: [Request; 8] = [
    Request::Admit,
    Request::TakeOver,
    Request::Stage(0),
    Request::Stage(1),
    Request::Stage(2),
    Request::Commit,
    Request::Stop,
    Request::Abandon,
];

/// The requests that a run has sent. Each may take effect at any later time, any number of times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Sent(u8);

impl Sent {
    fn bit(request: Request) -> u8 {
        REQUESTS.iter().position(|known| *known == request).map_or(0, |at| 1 << at)
    }

    /// Adds a request.
    pub fn add(&mut self, request: Request) {
        self.0 |= Self::bit(request);
    }

    /// Takes a request out.
    pub fn remove(&mut self, request: Request) {
        self.0 &= !Self::bit(request);
    }

    /// Whether there is none.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The requests in it.
    pub fn iter(self) -> impl Iterator<Item = Request> {
        REQUESTS.into_iter().filter(move |request| self.0 & Self::bit(*request) != 0)
    }
}

/// What a client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Answer {
    /// 201, at first or as a replay.
    Created,
    /// 409 `apply_aborted`.
    Aborted,
    /// 409 `apply_undone`.
    Undone,
    /// 409 `world_moved`.
    WorldMoved,
    /// 503 after an orderly stop that was answered.
    Stopped,
    /// 409 `in_progress` or `email_taken`: says nothing about this apply.
    Busy,
}

/// Where a run stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Step {
    /// Not asked yet.
    #[default]
    Idle,
    /// Waits for the answer to this request.
    Waiting(Request),
    /// This request was refused; the record is to be read.
    Judging(Request),
    /// Has taken over and plans again.
    Replanning,
    /// About to send this stage, or, after the last one, the commit.
    Ready(usize),
    /// Has answered.
    Done(Answer),
}

/// One run. Its number stands for its nonce.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Run {
    /// Where it stands.
    pub step: Step,
    /// What it has sent.
    pub sent: Sent,
    /// The epoch that it writes under.
    pub epoch: u8,
    /// The plan that it carries out.
    pub plan: Plan,
    /// The lease that it read before it took over.
    pub lease: Lease,
}

/// What came of a request.
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

    fn raise(&self) -> u8 {
        u8::from(self.off.holds(Guard::TakeOverRaisesEpoch))
    }

    /// The request that the run waits for is executed, and the answer arrives.
    pub(crate) fn answer(&self, state: &mut State, index: usize) {
        let Step::Waiting(request) = state.runs[index].step else { return };
        let step = match self.execute(state, index, request) {
            Outcome::Executed => self.after(index, request),
            Outcome::RecordRefused => Step::Judging(request),
            Outcome::ClaimRefused => {
                // `email_taken` would be a lie where the owner is the user that this very apply has made.
                let own = state.claim == Claim::Owned(self.apply_of(index) as u8);
                state.broken.lied |= own;
                Step::Done(Answer::Busy)
            }
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
            if !put(apply, self.staged(at, 0, run.plan), index) {
                return Outcome::Conflict;
            }
            apply.profile = Some(Profile::default());
        }
        state.broken.left_final |= apply.record.is_some();
        let nonce = index as u8;
        apply.record =
            Some(Record { phase, epoch: 1, nonce, lease: Lease::Running, plan: run.plan, minute_over: false });
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
        if !put(apply, self.staged(at, stage, run.plan), index) {
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

/// Puts these items; `false`, with nothing done, where another transaction is still landing on one of them.
fn put(apply: &mut Apply, items: u8, run: usize) -> bool {
    let chosen = |at: usize| items & 1 << at != 0;
    if apply.items.iter().enumerate().any(|(at, item)| chosen(at) && item.is_landing()) {
        return false;
    }
    for (at, item) in apply.items.iter_mut().enumerate().filter(|(at, _)| chosen(*at)) {
        let _ = at;
        *item = item.put_by(run as u8);
    }
    true
}
