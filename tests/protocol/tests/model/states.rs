//! Every state of every scene.

use std::collections::HashSet;

use apply_protocol::check::check;
use apply_protocol::reach::visit;
use apply_protocol::run::Step;
use apply_protocol::scenes::{self, Scene};
use apply_protocol::state::{Protocol, Shape, State};

#[test]
fn no_order_of_events_breaks_the_protocol() {
    for Scene { name, shape } in scenes::all() {
        let report = check(&Protocol::new(shape));
        println!("{name}: {} states", report.states);
        assert!(report.failures.is_empty(), "{name}: {}", report.failures[0]);
    }
}

/// All that a client or the table can show.
fn visible(state: &State) -> impl Eq + std::hash::Hash + use<> {
    let applies = state.applies.map(|apply| (apply.phase(), apply.profile, apply.items));
    let answers = state.runs.map(|run| match run.step {
        Step::Done(answer) => Some(answer),
        _ => None,
    });
    (applies, answers, state.claim, state.broken)
}

fn all_visible(protocol: &Protocol) -> (usize, HashSet<impl Eq + std::hash::Hash + use<>>) {
    let (mut states, mut seen) = (0, HashSet::new());
    visit(protocol, |state| {
        states += 1;
        seen.insert(visible(state));
    });
    (states, seen)
}

#[test]
fn folding_states_into_one_hides_nothing_that_can_be_seen() {
    let mut retry = scenes::deleted().shape;
    retry.world = apply_protocol::store::SourceChange::Same;
    for shape in [retry, scenes::used().shape, scenes::rivals().shape] as [Shape; 3] {
        let protocol = Protocol::new(shape);
        let (folded, unfolded) = (all_visible(&protocol), all_visible(&protocol.clone().unfolded()));
        println!("{} states folded into {}", unfolded.0, folded.0);
        assert!(folded.0 < unfolded.0, "nothing was folded");
        assert!(folded.1 == unfolded.1, "{} and {} sights", folded.1.len(), unfolded.1.len());
    }
}
