//! The configuration of a check, and the state that is checked.

use crate::guards::{DisabledGuards, Guard};
use crate::run::Run;
use crate::store::{Apply, Claim, MAX_APPLIES, MAX_RUNS, Plan, SourceChange};

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
    /// Whether an administrator may remove the new user.
    pub removal: bool,
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

/// What has happened that must never happen, where a state alone does not show it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Violations {
    /// A run wrote under an epoch that the record has left behind.
    pub wrote_deposed: bool,
    /// Something of a user was written after the list that finds nothing may have been read.
    pub wrote_late: bool,
    /// A committed or final record became something that is not its successor.
    pub left_final: bool,
    /// An address was taken or freed that another held.
    pub stole_claim: bool,
    /// A client got "address taken" for the user that its own apply created.
    pub lied: bool,
    /// A delete of a removal took an item of a user whom another system has made again.
    pub took_returned: bool,
    /// An undo that was not forced took a user who had signed in, whose setup had changed, or who had been removed.
    pub undid_in_use: bool,
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
}
