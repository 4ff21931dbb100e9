//! Whether every state can still come to rest. Stateright's `eventually` looks along single paths; this asks more: that from
//! every reachable state, whatever went wrong before, sweepers alone bring every record to a final state.

use std::collections::{HashMap, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use stateright::Model;

use crate::model::{Action, Protocol, State};
use crate::properties::settled;
use crate::store::Posting;

/// What came of looking at every reachable state.
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
            matches!(posting, Posting::Move(..) | Posting::Delete(_) | Posting::Finish)
        }
        _ => false,
    }
}

/// Explores all states and looks back from those that are at rest.
pub fn reach(protocol: &Protocol) -> Reach {
    let mut known = HashMap::new();
    let mut pending = VecDeque::new();
    let mut states = Vec::new();
    let mut came: Vec<(u32, Option<Action>)> = Vec::new();
    for state in protocol.init_states() {
        known.insert(fingerprint(&state), 0_u32);
        pending.push_back(0_usize);
        states.push(state);
        came.push((0, None));
    }
    let mut edges: Vec<(u32, u32)> = Vec::new();
    let mut actions = Vec::new();
    while let Some(from) = pending.pop_front() {
        let state = states[from];
        protocol.actions(&state, &mut actions);
        for action in actions.drain(..) {
            let Some(next) = protocol.next_state(&state, action) else { continue };
            let to = *known.entry(fingerprint(&next)).or_insert_with(|| {
                pending.push_back(states.len());
                states.push(next);
                came.push((from as u32, Some(action)));
                (states.len() - 1) as u32
            });
            if recovers(action) {
                edges.push((to, from as u32));
            }
        }
    }
    let alive = backwards(&states, edges);
    let stuck = alive.iter().position(|alive| !alive).map(|at| steps(&came, at));
    Reach { states: states.len(), stuck }
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
fn backwards(states: &[State], mut edges: Vec<(u32, u32)>) -> Vec<bool> {
    edges.sort_unstable();
    let mut alive: Vec<bool> = states.iter().map(settled).collect();
    let mut pending: Vec<usize> = (0..states.len()).filter(|at| alive[*at]).collect();
    while let Some(to) = pending.pop() {
        let first = edges.partition_point(|edge| (edge.0 as usize) < to);
        for &(_, from) in edges[first..].iter().take_while(|edge| edge.0 as usize == to) {
            if !std::mem::replace(&mut alive[from as usize], true) {
                pending.push(from as usize);
            }
        }
    }
    alive
}
