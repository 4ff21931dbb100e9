//! Counts the findings of trials by kind.

use std::collections::BTreeMap;
use std::fmt;

use crate::Finding;

/// A table of trials, one row for each kind.
#[derive(Debug, Default)]
pub struct Tally(BTreeMap<String, Row>);

#[derive(Debug, Default)]
struct Row {
    trials: usize,
    findings: BTreeMap<Finding, usize>,
}

impl Tally {
    /// Adds a trial of this kind.
    pub fn note(&mut self, kind: impl Into<String>, findings: Vec<Finding>) {
        let row = self.0.entry(kind.into()).or_default();
        row.trials += 1;
        for finding in findings {
            *row.findings.entry(finding).or_default() += 1;
        }
    }

    /// Returns the number of trials.
    pub fn trials(&self) -> usize {
        self.0.values().map(|row| row.trials).sum()
    }

    /// Returns how many trials have findings of this kind (see [`Finding::kind`]).
    pub fn count(&self, kind: &str) -> usize {
        let findings = self.0.values().flat_map(|row| &row.findings);
        findings.filter(|(finding, _)| finding.kind() == kind).map(|(_, times)| times).sum()
    }

    /// Prints the table, and fails the test if there is any finding.
    #[track_caller]
    pub fn expect_nothing(&self, title: &str) {
        println!("{title}\n{self}");
        let is_clean = self.0.values().all(|row| row.findings.is_empty());
        assert!(is_clean, "{title}\n{self}");
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<64} {:>6} {:>8}", "", "trials", "findings")?;
        for (kind, row) in &self.0 {
            writeln!(f, "{kind:<64} {:>6} {:>8}", row.trials, row.findings.values().sum::<usize>())?;
            for (finding, times) in &row.findings {
                writeln!(f, "    {times} x {finding}")?;
            }
        }
        write!(f, "{:<64} {:>6}", "all", self.trials())
    }
}
