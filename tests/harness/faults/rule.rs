//! Rules that select the calls of a fault.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

use super::Faults;
use super::fault::{Fault, Loss};
use super::request::{Element, elements};
use crate::determinism::unit_interval;
use crate::recording::WRITES;

/// A fault before it is installed: its methods select the calls.
#[must_use = "it is installed by always, nth, first or nth_call"]
pub struct Rule {
    faults: Faults,
    meant: Selection,
}

/// Selects calls, and says what happens to them.
struct Selection {
    choices: Choices,
    operation: Option<String>,
    conditions: Vec<Condition>,
}

type Condition = Box<dyn Fn(&str, &Value) -> bool + Send + Sync>;

pub(super) enum Choices {
    One(Fault),
    /// Each fault with its probability, drawn by seed and by the call's number among the selected ones.
    Drawn(u64, Vec<(f64, Fault)>),
}

/// Which of the selected calls, counted from 1.
enum Ordinal {
    Every,
    Nth(u64),
    First(u64),
    /// Counted among all calls.
    NthCall(u64),
}

/// An installed rule.
pub(super) struct ActiveRule {
    meant: Selection,
    which: Ordinal,
    /// All calls since it was installed.
    calls: AtomicU64,
    /// The selected ones among them.
    matching: AtomicU64,
    hits: AtomicU64,
}

/// How often a fault happened.
#[derive(Clone)]
pub struct Hits(Arc<ActiveRule>);

impl Rule {
    pub(super) fn new(faults: &Faults, choices: Choices) -> Self {
        Self { faults: faults.clone(), meant: Selection { choices, operation: None, conditions: Vec::new() } }
    }

    /// Only calls of this operation, such as `TransactWriteItems`.
    pub fn of(mut self, operation: &str) -> Self {
        self.meant.operation = Some(operation.to_owned());
        self
    }

    /// Only calls that write.
    pub fn of_writes(mut self) -> Self {
        self.meant.conditions.push(Box::new(|operation, _| WRITES.contains(&operation)));
        self
    }

    /// Only calls whose request, as JSON, meets `condition`.
    pub fn when(mut self, condition: impl Fn(&Value) -> bool + Send + Sync + 'static) -> Self {
        self.meant.conditions.push(Box::new(move |_, request| condition(request)));
        self
    }

    /// Only calls that put an item of this `type`.
    pub fn writing(self, item_type: &'static str) -> Self {
        self.with_element(move |element| element.item_type() == Some(item_type))
    }

    /// Only calls that write or check an element that meets `condition`.
    pub fn with_element(mut self, condition: impl Fn(Element<'_>) -> bool + Send + Sync + 'static) -> Self {
        self.meant
            .conditions
            .push(Box::new(move |operation, request| elements(operation, request).into_iter().any(&condition)));
        self
    }

    /// A lost connection looks like a timeout to the SDK.
    pub fn timing_out(mut self) -> Self {
        let change = |fault: &mut Fault| match fault {
            Fault::DropRequest(loss) | Fault::DropAnswer(loss) | Fault::LandLate(_, loss) => *loss = Loss::Timeout,
            _ => {}
        };
        match &mut self.meant.choices {
            Choices::One(fault) => change(fault),
            Choices::Drawn(_, faults) => faults.iter_mut().for_each(|(_, fault)| change(fault)),
        }
        self
    }

    /// Every such call from here on.
    pub fn always(self) -> Hits {
        self.install(Ordinal::Every)
    }

    /// The `n`-th such call from here on, counted from 1.
    pub fn nth(self, n: u64) -> Hits {
        self.install(Ordinal::Nth(n))
    }

    /// The first `n` such calls from here on.
    pub fn first(self, n: u64) -> Hits {
        self.install(Ordinal::First(n))
    }

    /// The `n`-th of all calls from here on, counted from 1, if it is such a call.
    pub fn nth_call(self, n: u64) -> Hits {
        self.install(Ordinal::NthCall(n))
    }

    fn install(self, which: Ordinal) -> Hits {
        let zero = || AtomicU64::new(0);
        let rule = Arc::new(ActiveRule { meant: self.meant, which, calls: zero(), matching: zero(), hits: zero() });
        self.faults.with(|rules| rules.push(Arc::clone(&rule)));
        Hits(rule)
    }
}

impl ActiveRule {
    /// Returns the fault for this call, if the rule selects it.
    pub(super) fn draw(&self, operation: &str, request: &Value) -> Option<&Fault> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
        let is_meant = self.meant.operation.as_deref().is_none_or(|wanted| wanted == operation)
            && self.meant.conditions.iter().all(|condition| condition(operation, request));
        if !is_meant {
            return None;
        }
        let place = self.matching.fetch_add(1, Ordering::SeqCst) + 1;
        let is_its_turn = match self.which {
            Ordinal::Every => true,
            Ordinal::Nth(n) => place == n,
            Ordinal::First(n) => place <= n,
            Ordinal::NthCall(n) => call == n,
        };
        if !is_its_turn {
            return None;
        }
        match &self.meant.choices {
            Choices::One(fault) => Some(fault),
            Choices::Drawn(seed, choices) => {
                let mut left = unit_interval(*seed, place);
                let drawn = choices.iter().find(|(probability, _)| {
                    left -= probability;
                    left < 0.0
                });
                drawn.map(|(_, fault)| fault)
            }
        }
    }

    pub(super) fn hit(&self) {
        self.hits.fetch_add(1, Ordering::SeqCst);
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a rule that is not installed")
    }
}

impl fmt::Debug for ActiveRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a rule that hit {} of {} calls", self.hits.load(Ordering::SeqCst), self.calls.load(Ordering::SeqCst))
    }
}

impl Hits {
    /// Returns how many calls it has hit, without those that another fault hit first or that it cannot hit.
    pub fn count(&self) -> u64 {
        self.0.hits.load(Ordering::SeqCst)
    }
}

impl fmt::Debug for Hits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
