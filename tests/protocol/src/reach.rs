//! Whether every state can still come to rest. Stateright's `eventually` looks along single paths; this asks more: that from
//! every reachable state, whatever went wrong before, sweepers alone bring every record to a final state.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use stateright::Model;

use crate::model::Action;
use crate::properties::settled;
use crate::state::{Protocol, State};
use crate::store::PendingRequest;

/// The result of visiting every reachable state.
#[derive(Debug)]
pub struct Reach {
    /// How many states there are.
    pub states: usize,
    /// The steps to the nearest state from which sweepers cannot finish.
    pub stuck: Option<Vec<String>>,
}

/// The steps that happen when nothing fails any more and no client calls: a sweeper runs, and time passes.
fn recovers(action: Action) -> bool {
    match action {
        Action::Land(..) | Action::MinuteOver(_) | Action::Sweep(_) => true,
        Action::ExecutePosted(_, posting) => {
            matches!(
                posting,
                PendingRequest::Move(..)
                    | PendingRequest::Delete(_)
                    | PendingRequest::Finish
                    | PendingRequest::Looked
                    | PendingRequest::DeleteEarlier(_)
                    | PendingRequest::FinishRemoval
                    | PendingRequest::RemovalLooked
            )
        }
        _ => false,
    }
}

/// Explores all states and looks back from those that are at rest.
pub fn reach(protocol: &Protocol) -> Reach {
    let (mut states, mut came, mut edges) = (Vec::new(), Vec::new(), Vec::new());
    explore(protocol, |step| match step {
        Visit::New { state, from, by } => {
            states.push(settled(state));
            came.push((from, by));
        }
        Visit::Edge { from, by, to } if recovers(by) => edges.push((to, from)),
        Visit::Edge { .. } => {}
    });
    let alive = backwards(states, edges);
    let stuck = alive.iter().position(|alive| !alive).map(|at| steps(&came, at));
    Reach { states: alive.len(), stuck }
}

/// Calls this for every reachable state.
pub fn visit(protocol: &Protocol, mut see: impl FnMut(&State)) {
    explore(protocol, |step| {
        if let Visit::New { state, .. } = step {
            see(state);
        }
    });
}

/// What an exploration comes by; states are numbered in the order of their distance.
enum Visit<'a> {
    New { state: &'a State, from: u32, by: Option<Action> },
    Edge { from: u32, by: Action, to: u32 },
}

fn explore(protocol: &Protocol, mut see: impl FnMut(Visit<'_>)) {
    let mut known = HashMap::new();
    let mut pending = VecDeque::new();
    for state in protocol.init_states() {
        known.insert(fingerprint(&state), 0);
        see(Visit::New { state: &state, from: 0, by: None });
        pending.push_back((0, state));
    }
    let mut actions = Vec::new();
    while let Some((from, state)) = pending.pop_front() {
        protocol.actions(&state, &mut actions);
        for by in actions.drain(..) {
            let Some(next) = protocol.next_state(&state, by) else { continue };
            let number = known.len() as u32;
            let to = *known.entry(fingerprint(&next)).or_insert(number);
            if to == number {
                see(Visit::New { state: &next, from, by: Some(by) });
                pending.push_back((to, next));
            }
            see(Visit::Edge { from, by, to });
        }
    }
}

/// How this state was reached.
fn steps(came: &[(u32, Option<Action>)], mut at: usize) -> Vec<String> {
    let mut steps = Vec::new();
    while let (from, Some(action)) = came[at] {
        steps.push(format!("{action:?}"));
        at = from as usize;
    }
    steps.reverse();
    steps
}

/// Tells states apart; by 64 bits, as stateright does.
fn fingerprint(state: &State) -> u64 {
    let mut hasher = DefaultHasher::new();
    state.hash(&mut hasher);
    hasher.finish()
}

/// Which states lead to one that is at rest, over edges given as (to, from).
fn backwards(mut alive: Vec<bool>, mut edges: Vec<(u32, u32)>) -> Vec<bool> {
    edges.sort_unstable();
    let mut pending: Vec<u32> = (0..).zip(&alive).filter(|(_, alive)| **alive).map(|(at, _)| at).collect();
    while let Some(to) = pending.pop() {
        let first = edges.partition_point(|edge| edge.0 < to);
        for &(_, from) in edges[first..].iter().take_while(|edge| edge.0 == to) {
            if !std::mem::replace(&mut alive[from as usize], true) {
                pending.push(from);
            }
        }
    }
    alive
}
