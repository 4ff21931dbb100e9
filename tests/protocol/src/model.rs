//! What may happen in a state, and its reading by stateright.

use stateright::{Model, Property};

use crate::guards::Guard;
use crate::properties;
use crate::run::{Request, Step};
use crate::state::{Protocol, State};
use crate::store::{Apply, Lease, PendingRequest, Phase, Plan, SourceChange};

/// One thing that happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    /// A client asks; the run reads the record and plans, or judges what it finds.
    Start(usize),
    /// A run's request takes effect, and no answer ever arrives: late, again, or with its answer lost.
    Execute(usize, Request),
    /// The request that a run waits for takes effect or is refused, and the run gets the answer.
    Answer(usize),
    /// A run stops waiting and reads the record.
    GiveUp(usize),
    /// A run does its next step by itself.
    Proceed(usize),
    /// A run whose deadline is near stops in order.
    Stop(usize),
    /// A run commits before its stages are answered (only with [`Guard::StagesAnswered`] switched off).
    Hurry(usize),
    /// An item that a transaction has put becomes visible to lists.
    Land(usize, usize),
    /// The minute after the move is over.
    MinuteOver(usize),
    /// A sweeper reads the record and the user's partition, and sends what follows from them.
    Sweep(usize),
    /// Somebody undoes, forced or not.
    Undo(usize, bool),
    /// The new user signs in for the first time.
    SignIn(usize),
    /// Somebody edits the new user's setup.
    Edit(usize),
    /// Another system removes the new user.
    Remove(usize),
    /// An administrator removes the new user.
    BeginRemoval(usize),
    /// Another system makes a removed user again.
    Return(usize),
    /// A request of a sweeper, of an undo, of the user takes effect.
    ExecutePosted(usize, PendingRequest),
    /// The world moves.
    WorldMoves,
}

impl Protocol {
    fn may_start(&self, state: &State, run: usize) -> bool {
        // Runs of one apply differ in nothing but their names, so it is enough to let them start in order.
        let follows = run > 0 && self.apply_of(run - 1) == self.apply_of(run);
        !follows || state.runs[run - 1].step != Step::Idle
    }

    fn actions_of_run(&self, state: &State, run: usize, actions: &mut Vec<Action>) {
        match state.runs[run].step {
            Step::Idle if self.may_start(state, run) => actions.push(Action::Start(run)),
            Step::Idle | Step::Done(_) => {}
            Step::Waiting(_) => actions.extend([Action::Answer(run), Action::GiveUp(run), Action::Stop(run)]),
            Step::Judging(_) | Step::AskingHolder => actions.push(Action::Proceed(run)),
            Step::Replanning | Step::Ready(_) => actions.extend([Action::Proceed(run), Action::Stop(run)]),
        }
        if !self.off.holds(Guard::StagesAnswered) {
            actions.push(Action::Hurry(run));
        }
        actions.extend(state.runs[run].sent.iter().map(|request| Action::Execute(run, request)));
    }

    fn actions_on_apply(&self, state: &State, apply: usize, actions: &mut Vec<Action>) {
        let Apply { items, posted, .. } = &state.applies[apply];
        let landing = items.iter().enumerate().filter(|(_, item)| item.is_landing());
        actions.extend(landing.map(|(position, _)| Action::Land(apply, position)));
        actions.extend([Action::MinuteOver(apply), Action::Sweep(apply)]);
        if self.shape.undo {
            actions.extend([Action::Undo(apply, false), Action::Undo(apply, true)]);
        }
        if self.shape.sign_in {
            actions.push(Action::SignIn(apply));
        }
        if self.shape.edit {
            actions.push(Action::Edit(apply));
        }
        if self.shape.remove {
            actions.push(Action::Remove(apply));
        }
        if self.shape.removal {
            actions.extend([Action::BeginRemoval(apply), Action::Return(apply)]);
        }
        actions.extend(posted.iter().map(|posting| Action::ExecutePosted(apply, posting)));
    }

    fn take(&self, state: &mut State, action: Action) {
        match action {
            Action::Start(run) => self.start(state, run),
            Action::Execute(run, request) => {
                self.execute(state, run, request);
            }
            Action::Answer(run) => self.answer(state, run),
            Action::GiveUp(run) => self.give_up(state, run),
            Action::Proceed(run) => self.proceed(state, run),
            Action::Stop(run) => self.stop(state, run),
            Action::Hurry(run) => self.hurry(state, run),
            Action::Land(apply, position) => self.land(state, apply, position),
            Action::MinuteOver(apply) => self.minute_over(state, apply),
            Action::Sweep(apply) => self.sweep(state, apply),
            Action::Undo(apply, forced) => self.undo(state, apply, forced),
            Action::SignIn(apply) => self.sign_in(state, apply),
            Action::Edit(apply) => self.edit(state, apply),
            Action::Remove(apply) => self.remove_user(state, apply),
            Action::BeginRemoval(apply) => self.begin_removal(state, apply),
            Action::Return(apply) => self.make_again(state, apply),
            Action::ExecutePosted(apply, posting) => self.execute_posted(state, apply, posting),
            Action::WorldMoves => state.world = self.shape.world,
        }
    }

    /// Whether a record moves only forward with the guards that are in force: no state comes back, and no epoch while it is
    /// `STAGING`. Only then may requests be forgotten that its state refuses.
    fn is_forward(&self) -> bool {
        use Guard::{AdmitRecordAbsent, LivesOnce, MoveState, TakeOverEpoch, TakeOverState};
        let all_of = |guards: &[Guard]| guards.iter().all(|guard| self.off.holds(*guard));
        let one_of = |guards: &[Guard]| guards.iter().any(|guard| self.off.holds(*guard));
        all_of(&[AdmitRecordAbsent, LivesOnce, TakeOverState, TakeOverEpoch, MoveState, Guard::UndoState])
            && one_of(&[Guard::FinishState, Guard::FinishClaim])
            // A move may lower the epoch of what it ends, which matters only to a write that does not look at the state.
            && (all_of(&[Guard::MoveEpoch]) || all_of(&[Guard::StageState, Guard::CommitState, Guard::StopState]))
    }

    /// One form for states that no future can tell apart: requests that can never again take effect are forgotten, and so
    /// is what nobody will look at any more.
    fn canonical(&self, state: &mut State) {
        if !self.folded || !self.is_forward() {
            return;
        }
        for run in 0..self.run_count() {
            if let Some(record) = state.applies[self.apply_of(run)].record {
                self.forget_dead_requests(state, run, &record);
            }
        }
        for apply in &mut state.applies[..self.shape.applies.len()] {
            self.forget_dead(apply);
            let is_final = matches!(apply.phase(), Some(Phase::Aborted | Phase::Undone));
            if let (true, true, Some(record)) = (self.off.is_empty(), is_final, &mut apply.record) {
                *record = crate::store::Record { nonce: 0, lease: Lease::Running, plan: Plan::Whole, ..*record };
            }
        }
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for run in 0..self.run_count() {
            self.actions_of_run(state, run, actions);
        }
        for apply in 0..self.shape.applies.len() {
            self.actions_on_apply(state, apply, actions);
        }
        if state.world == SourceChange::Same && self.shape.world != SourceChange::Same {
            actions.push(Action::WorldMoves);
        }
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = *last;
        self.take(&mut next, action);
        self.canonical(&mut next);
        (next != *last).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
