//! Runs stateright over a configuration, and tells what it found.

use std::fmt;

use stateright::{Checker, Expectation, HasDiscoveries, Model};

use crate::model::Protocol;
use crate::reach::reach;

/// What a check has found.
#[derive(Debug)]
pub struct Report {
    /// How many states there are, or were seen before the first failure.
    pub states: usize,
    /// The properties that do not hold, each with the shortest way to break it.
    pub failures: Vec<Failure>,
}

/// A property that does not hold.
#[derive(Debug)]
pub struct Failure {
    /// The property's name.
    pub property: &'static str,
    /// What happens, step by step.
    pub steps: Vec<String>,
}

/// The liveness property's name.
pub const LIVE: &str = "live: sweepers alone can finish whatever was begun";

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{} ({} steps)", self.property, self.steps.len())?;
        self.steps.iter().try_for_each(|step| writeln!(formatter, "    {step}"))
    }
}

/// Looks at every state: safety first, up to the first failure, and liveness where safety holds.
pub fn check(protocol: &Protocol) -> Report {
    let checker = protocol.clone().checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
    let mut discoveries = checker.discoveries();
    let mut failures = Vec::new();
    for property in protocol.properties() {
        let found = discoveries.remove(property.name);
        match (property.expectation, found) {
            (Expectation::Always, Some(path)) => {
                let steps = path.into_actions().iter().map(|action| format!("{action:?}")).collect();
                failures.push(Failure { property: property.name, steps });
            }
            (Expectation::Sometimes, None) => failures.push(Failure { property: property.name, steps: Vec::new() }),
            _ => {}
        }
    }
    let broke = |failure: &Failure| !failure.steps.is_empty();
    if failures.iter().any(broke) {
        failures.retain(broke);
    } else if let Some(stuck) = reach(protocol).stuck {
        failures.push(Failure { property: LIVE, steps: stuck });
    }
    Report { states: checker.unique_state_count(), failures }
}
