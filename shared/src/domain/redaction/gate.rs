//! Decides which rules of form can match a text at all. The others are neither compiled nor run for it: a setup has hundreds of texts, and
//! most of them get through few gates.

use aho_corasick::{AhoCorasick, MatchKind};

use super::rule::Gate;

mod named;

/// Two letters beyond ASCII that Unicode folds to `k` and `s`. A text with one of them gets through every gate of literals.
const FOLDED: [&str; 2] = ["\u{212a}", "\u{17f}"];

/// The gates of all rules, in the rules' order.
pub(super) struct Gates {
    gates: Vec<Gate>,
    /// Finds the literals of all gates in one pass; `None` if that cannot be built, and then every gate is open.
    literals: Option<AhoCorasick>,
    /// The rule that each literal opens.
    opened: Vec<usize>,
}

impl Gates {
    pub(super) fn new(gates: Vec<Gate>) -> Self {
        let of_rule = |(rule, gate): (usize, &Gate)| {
            let literals = if let Gate::Literals(literals) = gate { *literals } else { &[] };
            literals.iter().map(move |literal| (rule, *literal)).collect::<Vec<_>>()
        };
        let (opened, literals): (Vec<_>, Vec<_>) = gates.iter().enumerate().flat_map(of_rule).unzip();
        let mut builder = AhoCorasick::builder();
        let literals = builder.ascii_case_insensitive(true).match_kind(MatchKind::Standard).build(literals).ok();
        Self { gates, literals, opened }
    }

    /// Returns for each rule whether it may match in `text`.
    pub(super) fn of(&self, text: &str) -> Vec<bool> {
        let literals =
            self.literals.as_ref().filter(|_| text.is_ascii() || !FOLDED.iter().any(|one| text.contains(one)));
        let mut open: Vec<bool> = self
            .gates
            .iter()
            .map(|gate| match gate {
                Gate::Open => true,
                Gate::Literals(_) => literals.is_none(),
                Gate::Named(_) => false,
            })
            .collect();
        for found in literals.into_iter().flat_map(|literals| literals.find_overlapping_iter(text)) {
            open[self.opened[found.pattern().as_usize()]] = true;
        }
        let named = named::opened(text);
        for (rule, gate) in self.gates.iter().enumerate() {
            open[rule] |= matches!(gate, Gate::Named(place) if named.contains(place));
        }
        open
    }
}

#[cfg(test)]
mod tests;
