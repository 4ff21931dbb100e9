//! The state that is checked, what may happen in it, and its reading by stateright.

use stateright::{Model, Property};

use crate::applier::{Request, Run, Step};
use crate::guards::{DisabledGuards, Guard};
use crate::properties::{self, Violations};
use crate::store::{Apply, Claim, Lease, MAX_APPLIES, MAX_RUNS, PendingRequest, Phase, Plan, SourceChange};

/// One apply of a configuration.
#[derive(Clone, Copy, Debug)]
pub struct ApplyShape {
    /// How many runs, one after the other or at once, ask for it: the first request and its retries.
    pub runs: usize,
    /// Whether the request has an idempotency key. Without one every run would be another apply.
    pub keyed: bool,
    /// Stages of one item each; 0 is an apply in one transaction, of two items.
    pub stages: usize,
}

/// Who and what there is.
#[derive(Clone, Debug)]
pub struct Shape {
    /// The applies; all of them want the same e-mail address.
    pub applies: Vec<ApplyShape>,
    /// What may become of the world, once.
    pub world: SourceChange,
    /// Whether somebody may undo, sign in, and edit.
    pub undo: bool,
    /// Whether the new user may sign in.
    pub sign_in: bool,
    /// Whether the new user's setup may be edited.
    pub edit: bool,
    /// Whether another system may remove the new user.
    pub remove: bool,
}

/// The protocol of a configuration, with some guards switched off.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// The configuration.
    pub shape: Shape,
    /// What is switched off.
    pub off: DisabledGuards,
    /// Whether states that no future can tell apart are taken as one. It changes how long a check takes, nothing else.
    pub folded: bool,
}

/// A state of everything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    /// The applies' records, users and requests.
    pub applies: [Apply; MAX_APPLIES],
    /// The one e-mail address.
    pub claim: Claim,
    /// All runs, those of the first apply first.
    pub runs: [Run; MAX_RUNS],
    /// What planning finds.
    pub world: SourceChange,
    /// What has happened that must never happen.
    pub broken: Violations,
}

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
    /// A request of a sweeper, of an undo, of the user takes effect.
    ExecutePosted(usize, PendingRequest),
    /// The world moves.
    WorldMoves,
}

impl Protocol {
    /// The protocol as written.
    pub fn new(shape: Shape) -> Self {
        Self { shape, off: DisabledGuards::default(), folded: true }
    }

    /// The same without these guards.
    pub fn without(mut self, guards: &[Guard]) -> Self {
        self.off = DisabledGuards::of(guards);
        self
    }

    /// The same with every state for itself.
    pub fn unfolded(mut self) -> Self {
        self.folded = false;
        self
    }

    /// The apply that a run is about.
    pub fn apply_of(&self, run: usize) -> usize {
        let mut first = 0;
        for (apply, shape) in self.shape.applies.iter().enumerate() {
            first += shape.runs;
            if run < first {
                return apply;
            }
        }
        self.shape.applies.len() - 1
    }

    /// How many runs there are.
    pub fn run_count(&self) -> usize {
        self.shape.applies.iter().map(|apply| apply.runs).sum()
    }

    /// The items that an apply writes by this plan, as bits.
    pub fn planned(&self, apply: usize, plan: Plan) -> u8 {
        let items = self.item_count(apply);
        match plan {
            Plan::Whole => (1 << items) - 1,
            Plan::Smaller => (1 << (items - 1)) - 1,
        }
    }

    /// The items of one stage by this plan, as bits; an apply without stages writes all at once.
    pub fn staged(&self, apply: usize, stage: usize, plan: Plan) -> u8 {
        let all = if self.shape.applies[apply].stages == 0 { u8::MAX } else { 1 << stage };
        all & self.planned(apply, plan)
    }

    fn item_count(&self, apply: usize) -> usize {
        match self.shape.applies[apply].stages {
            0 => 2,
            stages => stages,
        }
    }

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
