//! A run: one invocation of the function that applies, from its client's request to its answer.

use crate::store::{Lease, Plan};

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
pub struct SentWrites(u8);

impl SentWrites {
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

    /// Returns whether it is empty.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The requests in it.
    pub fn iter(self) -> impl Iterator<Item = Request> {
        REQUESTS.into_iter().filter(move |request| self.0 & Self::bit(*request) != 0)
    }
}

/// An answer to a client.
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
    /// The claim refused the admission, without saying who holds it; that is to be read, and then the record.
    AskingHolder,
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
    pub sent: SentWrites,
    /// The epoch that it writes under.
    pub epoch: u8,
    /// The plan that it carries out.
    pub plan: Plan,
    /// The lease that it read before it took over.
    pub lease: Lease,
}
