//! All figures of a run, as tables, and what they must not exceed.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::arm::{Arm, Operation};
use crate::condition::Condition;
use crate::figures::Figures;
use crate::large::LargeCall;
use crate::measurement::Consumption;

/// The results of a run.
#[derive(Default)]
pub(crate) struct Results {
    /// By condition, operation and arm.
    pub(crate) figures: BTreeMap<(Condition, Operation, Arm), Figures>,
    /// What a call does to the table.
    pub(crate) consumption: BTreeMap<(Operation, Arm), Consumption>,
    /// The bytes of the packages.
    pub(crate) packages: BTreeMap<(Operation, Arm), u64>,
    /// What inputs at the limits took.
    pub(crate) large: Vec<LargeCall>,
    /// Conditions that this machine cannot have, with the reason.
    pub(crate) skipped: Vec<(Condition, String)>,
}

type Figure = fn(&Figures) -> f64;

/// The most that a first call may take, in warm calls, for create, apply and login. 2 is the goal. A create takes 1.9 on a machine that is
/// idle, and compiles the rules of redaction that its texts need on a second thread, so it has room for a busy one: beside six other
/// builds it took 3.3.
const MOST_OF_A_FIRST_CALL: [f64; 3] = [4.0, 2.0, 2.0];

/// Figures that are compared with those of Node.js, and the most that they may be of them, for create, apply and login. The hash is most of
/// the last two, and Node.js makes the same. The limits are what docs/PERFORMANCE.md shows, with room for a busy machine.
const BESIDE_NODE: [(&str, Figure, [f64; 3]); 4] = [
    ("init / that of Node.js", |figures| figures.init, [0.3, 0.2, 0.2]),
    ("cold call / that of Node.js", |figures| figures.cold, [0.7, 0.3, 0.3]),
    ("processor, a call / that of Node.js", |figures| figures.processor, [1.25, 1.0, 1.1]),
    ("memory / that of Node.js", |figures| figures.memory, [0.5, 0.5, 0.5]),
];

/// Round trips, and the fewest and the most write units. How a create packs decides its units.
const COSTS: [(Operation, usize, [f64; 2]); 2] =
    [(Operation::Create, 3, [1.0, 13.0]), (Operation::Apply, 2, [59.0, 59.0])];

impl Results {
    /// Returns what a first call takes, in warm calls.
    fn first_call(&self, condition: Condition, operation: Operation) -> Option<f64> {
        let figures = self.figures.get(&(condition, operation, Arm::Service))?;
        Some(figures.first / figures.warm)
    }

    /// Returns a figure of the service divided by that of Node.js.
    fn beside_node(&self, condition: Condition, operation: Operation, figure: Figure) -> Option<f64> {
        let of = |arm| self.figures.get(&(condition, operation, arm)).map(figure);
        Some(of(Arm::Service)? / of(Arm::Node)?)
    }

    /// Returns what is broken: ratios and exact counts, never times.
    pub(crate) fn violations(&self) -> Vec<String> {
        let mut violations = Vec::new();
        let mut check = |name: &str, ratio: Option<f64>, most: f64| {
            if let Some(ratio) = ratio.filter(|ratio| *ratio > most) {
                violations.push(format!("{name} is {ratio:.3}, and at most {most} is allowed"));
            }
        };
        for (number, operation) in Operation::ALL.into_iter().enumerate() {
            let name = format!("{operation}: first call / warm call");
            check(&name, self.first_call(Condition::Idle, operation), MOST_OF_A_FIRST_CALL[number]);
            for (name, figure, most) in BESIDE_NODE {
                let ratio = self.beside_node(Condition::Idle, operation, figure);
                check(&format!("{operation}: {name}"), ratio, most[number]);
            }
        }
        for (operation, round_trips, [fewest, most]) in COSTS {
            let Some(consumption) = self.consumption.get(&(operation, Arm::Service)) else { continue };
            let Consumption { round_trips: trips, write_units: units, .. } = consumption;
            if *trips != round_trips || !(fewest..=most).contains(units) {
                violations.push(format!(
                    "{operation}: {trips} round trips and {units} write units, and {round_trips} and {fewest} to {most} are right"
                ));
            }
        }
        violations
    }

    /// Returns the tables in Markdown.
    pub(crate) fn tables(&self) -> String {
        let mut text = String::new();
        let conditions: Vec<_> = Condition::ALL.into_iter().filter(|condition| self.has(*condition)).collect();
        for condition in &conditions {
            text.push_str(&self.times(*condition));
        }
        text.push_str(&self.exact());
        text.push_str(&self.ratios(&conditions));
        text.push_str(&self.at_the_limits());
        for (condition, reason) in &self.skipped {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "Skipped: {condition}, because {reason}.\n");
        }
        text
    }

    fn has(&self, condition: Condition) -> bool {
        self.figures.keys().any(|(of, _, _)| *of == condition)
    }

    fn times(&self, condition: Condition) -> String {
        let mut table = Table::new(
            &format!("Times, {condition}"),
            &["", "init", "first call", "cold call", "warm call", "processor, a call", "memory"],
        );
        for ((_, operation, arm), figures) in self.figures.iter().filter(|((of, _, _), _)| *of == condition) {
            let Figures { init, first, cold, warm, processor, memory } = figures;
            let times = [init, first, cold, warm, processor].map(|time| format!("{time:.1} ms"));
            let cells = [format!("{operation}, {arm}")].into_iter().chain(times);
            table.row(cells.chain([format!("{memory:.0} MB")]));
        }
        table.end()
    }

    fn exact(&self) -> String {
        let head = ["", "round trips", "write units", "read units", "package"];
        let mut table = Table::new("What a call does to the table, and what is deployed", &head);
        for ((operation, arm), Consumption { round_trips, write_units, read_units }) in &self.consumption {
            let bytes = self.packages.get(&(*operation, *arm));
            let package =
                bytes.map_or_else(|| "not packed".to_owned(), |bytes| format!("{:.2} MB", *bytes as f64 / 1e6));
            let counts = [round_trips.to_string(), write_units.to_string(), read_units.to_string(), package];
            table.row([format!("{operation}, {arm}")].into_iter().chain(counts));
        }
        table.end()
    }

    /// Returns the table of the largest inputs, if they were measured.
    fn at_the_limits(&self) -> String {
        if self.large.is_empty() {
            return String::new();
        }
        let mut table = Table::new("Inputs at the limits, one first call each", &["", "processor", "memory"]);
        for LargeCall { name, processor, memory } in &self.large {
            let (processor, memory) = (processor.as_secs_f64(), *memory as f64 / 1e6);
            table.row([(*name).to_owned(), format!("{processor:.2} s"), format!("{memory:.0} MB")].into_iter());
        }
        table.end()
    }

    fn ratios(&self, conditions: &[Condition]) -> String {
        let names: Vec<_> = conditions.iter().map(ToString::to_string).collect();
        let head: Vec<_> = [""].into_iter().chain(names.iter().map(String::as_str)).collect();
        let mut table = Table::new("Ratios", &head);
        for operation in Operation::ALL {
            let cells = conditions.iter().map(|condition| cell(self.first_call(*condition, operation)));
            table.row([format!("{operation}: first call / warm call")].into_iter().chain(cells));
            for (name, figure, _) in BESIDE_NODE {
                let ratio = |condition| self.beside_node(condition, operation, figure);
                let cells = conditions.iter().map(|condition| cell(ratio(*condition)));
                table.row([format!("{operation}: {name}")].into_iter().chain(cells));
            }
        }
        table.end()
    }
}

fn cell(ratio: Option<f64>) -> String {
    ratio.map_or_else(
        || "-".to_owned(),
        |ratio| if ratio < 0.1 { format!("1/{:.0}", 1.0 / ratio) } else { format!("{ratio:.2}") },
    )
}

/// A table in Markdown under a heading.
struct Table {
    text: String,
}

impl Table {
    fn new(title: &str, head: &[&str]) -> Self {
        let rule: String = std::iter::once(" --- |").chain(head.iter().skip(1).map(|_| " ---: |")).collect();
        Self { text: format!("### {title}\n\n| {} |\n|{rule}\n", head.join(" | ")) }
    }

    fn row(&mut self, cells: impl Iterator<Item = String>) {
        let cells: Vec<_> = cells.collect();
        self.text.push_str(&format!("| {} |\n", cells.join(" | ")));
    }

    fn end(mut self) -> String {
        self.text.push('\n');
        self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(first: f64, warm: f64) -> Figures {
        Figures { init: 8.0, first, cold: 8.0 + first, warm, processor: 3.0, memory: 30.0 }
    }

    fn results(first: f64, write_units: f64) -> Results {
        let node = Figures { init: 180.0, first: 40.0, cold: 220.0, warm: 9.0, processor: 6.0, memory: 100.0 };
        let mut results = Results::default();
        results.figures.insert((Condition::Idle, Operation::Create, Arm::Service), figures(first, 5.0));
        results.figures.insert((Condition::Idle, Operation::Create, Arm::Node), node);
        let consumption = Consumption { round_trips: 3, write_units, read_units: 12.0 };
        results.consumption.insert((Operation::Create, Arm::Service), consumption);
        results
    }

    #[test]
    fn ratios_and_exact_counts_are_judged_and_times_are_not() {
        assert_eq!(results(20.0, 13.0).violations(), [""; 0]);
        let violations = results(20.5, 13.0).violations();
        assert_eq!(violations, ["create: first call / warm call is 4.100, and at most 4 is allowed"]);
        let violations = results(10.0, 14.0).violations();
        assert_eq!(violations, ["create: 3 round trips and 14 write units, and 3 and 1 to 13 are right"]);
        let mut without_rival = results(21.0, 13.0);
        without_rival.figures.remove(&(Condition::Idle, Operation::Create, Arm::Node));
        assert_eq!(without_rival.violations().len(), 1);
    }

    #[test]
    fn a_table_names_what_is_missing_with_a_dash() {
        let mut measured = results(10.0, 13.0);
        assert!(!measured.tables().contains("at the limits"));
        let (processor, memory) = (std::time::Duration::from_millis(1_680), 75_000_000);
        measured.large.push(LargeCall { name: "a capture of 16 MB", processor, memory });
        let tables = measured.tables();
        for line in [
            "| a capture of 16 MB | 1.68 s | 75 MB |",
            "| create, this service | 8.0 ms | 10.0 ms | 18.0 ms | 5.0 ms | 3.0 ms | 30 MB |",
            "| create, this service | 3 | 13 | 12 | not packed |",
            "| create: first call / warm call | 2.00 |",
            "| create: init / that of Node.js | 1/22 |",
            "| apply: first call / warm call | - |",
        ] {
            assert!(tables.contains(&format!("\n{line}\n")), "{line}\n{tables}");
        }
    }
}
