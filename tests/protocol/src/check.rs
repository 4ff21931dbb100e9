//! Runs stateright over a configuration, and tells what it found.

use std::fmt;

use stateright::{Checker, Expectation, HasDiscoveries, Model};

use crate::properties::LIVE;
use crate::reach::reach;
use crate::state::Protocol;

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

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{} ({} steps)", self.property, self.steps.len())?;
        self.steps.iter().try_for_each(|step| writeln!(formatter, "    {step}"))
    }
}

/// Looks at every state: safety first, up to the first failure, and liveness where safety holds.
pub fn check(protocol: &Protocol) -> Report {
    check_until(protocol, HasDiscoveries::AnyFailures)
}

/// Looks for a way to break this one property, whatever else breaks on the way.
pub fn break_property(protocol: &Protocol, property: &'static str) -> Option<Failure> {
    let report = check_until(protocol, HasDiscoveries::AllOf([property].into()));
    report.failures.into_iter().find(|failure| failure.property == property)
}

fn check_until(protocol: &Protocol, enough: HasDiscoveries) -> Report {
    let checker = protocol.clone().checker().finish_when(enough).spawn_bfs().join();
    let mut discoveries = checker.discoveries();
    let (mut broken, mut missing) = (Vec::new(), Vec::new());
    for property in protocol.properties() {
        match (property.expectation, discoveries.remove(property.name)) {
            (Expectation::Always, Some(path)) => {
                let steps = path.into_actions().iter().map(|action| format!("{action:?}")).collect();
                broken.push(Failure { property: property.name, steps });
            }
            (Expectation::Sometimes, None) => missing.push(Failure { property: property.name, steps: Vec::new() }),
            _ => {}
        }
    }
    if broken.is_empty() {
        broken = missing;
        broken.extend(reach(protocol).stuck.map(|steps| Failure { property: LIVE, steps }));
    }
    Report { states: checker.unique_state_count(), failures: broken }
}
