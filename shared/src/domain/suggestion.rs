//! What a reference of a snapshot may mean in the caller's organization: suggestions for a form that asks for a mapping.

use std::cmp::Ordering;
use std::collections::HashMap;

use serde::Serialize;
use utoipa::ToSchema;

use super::{ObjectId, OverBudget, Work};

/// The most suggestions for one reference.
pub const MAX_SUGGESTIONS: usize = 5;

/// From where on two names count as similar: three letters in four agree. Below it opposites come in: "Closed Won" and
/// "Closed Lost" are at 0.7.
const SIMILAR: f64 = 0.75;

/// Names longer than this are compared for equality alone: comparing letter by letter takes the product of the lengths.
const MAX_COMPARED: usize = 200;

/// How many pairs of letters one request compares, and how many pairs of names it considers: some nanoseconds each. That is
/// 50,000 pairs of names of 20 letters.
const MAX_COMPARISONS: usize = 20_000_000;

/// Why something is suggested, the best reason first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SuggestionReason)]
pub enum Reason {
    /// It has the same name.
    SameName,
    /// It has the same name but for upper and lower case and white space.
    SameFolded,
    /// Its name differs in a few letters.
    Similar,
}

/// Something that a reference can be mapped to.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Suggestion<'a> {
    /// Its id, where it is named by one.
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub id: Option<ObjectId>,
    /// Its name.
    pub name: &'a str,
    /// Why it is suggested.
    pub reason: Reason,
}

/// Finds suggestions among the targets of one kind.
pub struct Suggester<'a> {
    targets: Vec<SuggestionTarget<'a>>,
    /// Positions of targets, by the folded name.
    by_folded: HashMap<String, Vec<usize>>,
    /// Positions of targets, by the length of the folded name.
    by_length: Vec<Vec<usize>>,
    comparisons_left: usize,
}

struct SuggestionTarget<'a> {
    id: Option<ObjectId>,
    name: &'a str,
    folded: String,
    length: usize,
}

impl<'a> Suggester<'a> {
    /// Suggests from `targets`; the same name with the same id counts once.
    pub fn new(targets: impl IntoIterator<Item = (Option<ObjectId>, &'a str)>) -> Self {
        let mut targets: Vec<SuggestionTarget<'a>> = targets
            .into_iter()
            .map(|(id, name)| {
                let folded = fold(name);
                SuggestionTarget { id, name, length: folded.chars().count(), folded }
            })
            .collect();
        targets.sort_by_key(|target| (target.name, target.id));
        targets.dedup_by_key(|target| (target.name, target.id));
        let mut by_folded: HashMap<String, Vec<usize>> = HashMap::new();
        let mut by_length = vec![Vec::new(); MAX_COMPARED + 1];
        for (position, target) in targets.iter().enumerate() {
            by_folded.entry(target.folded.clone()).or_default().push(position);
            if let Some(same_length) = by_length.get_mut(target.length) {
                same_length.push(position);
            }
        }
        Self { targets, by_folded, by_length, comparisons_left: MAX_COMPARISONS }
    }

    /// What something that is called `name` elsewhere may be here, the best first.
    pub fn suggest(&mut self, name: &str, work: &Work) -> Result<Vec<Suggestion<'a>>, OverBudget> {
        work.spend(1 + name.len())?;
        let folded = fold(name);
        let mut found: Vec<(Reason, f64, usize)> = Vec::new();
        self.add_equal(name, &folded, &mut found);
        // What is similar comes behind what is equal.
        if found.len() < MAX_SUGGESTIONS {
            self.add_similar(&folded, &mut found, work)?;
        }
        // Equals stay in the order of their names.
        found.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.partial_cmp(&a.1).unwrap_or(Ordering::Equal)).then(a.2.cmp(&b.2)));
        let best = found.into_iter().take(MAX_SUGGESTIONS).map(|(reason, _, position)| {
            let target = &self.targets[position];
            Suggestion { id: target.id, name: target.name, reason }
        });
        Ok(best.collect())
    }

    /// Adds the first targets of the same name, and those whose folded names are equal, no more than are suggested: thousands of
    /// names may fold alike.
    fn add_equal(&self, name: &str, folded: &str, found: &mut Vec<(Reason, f64, usize)>) {
        let equal = self.by_folded.get(folded).map_or(&[][..], Vec::as_slice);
        // They are in the order of their names.
        let start = equal.partition_point(|position| self.targets[*position].name < name);
        let same = equal[start..].partition_point(|position| self.targets[*position].name == name);
        let (before, rest) = equal.split_at(start);
        let (same, behind) = rest.split_at(same);
        let same = same.iter().map(|position| (Reason::SameName, 1.0, *position));
        let others = before.iter().chain(behind).map(|position| (Reason::SameFolded, 1.0, *position));
        found.extend(same.chain(others).take(MAX_SUGGESTIONS));
    }

    /// Adds the targets whose folded names differ from `folded` in a few letters, as long as there are comparisons left.
    fn add_similar(
        &mut self,
        folded: &str,
        found: &mut Vec<(Reason, f64, usize)>,
        work: &Work,
    ) -> Result<(), OverBudget> {
        let length = folded.chars().count();
        for other in 1..=MAX_COMPARED {
            if !may_be_similar(length, other) {
                continue;
            }
            for position in &self.by_length[other] {
                let letters = 1 + length * other;
                let Some(left) = self.comparisons_left.checked_sub(letters) else { return Ok(()) };
                self.comparisons_left = left;
                work.spend(letters)?;
                let target = &self.targets[*position];
                if target.folded != folded {
                    let score = strsim::normalized_damerau_levenshtein(folded, &target.folded);
                    if score >= SIMILAR {
                        found.push((Reason::Similar, score, *position));
                    }
                }
            }
        }
        Ok(())
    }
}

/// Without upper case and white space.
fn fold(name: &str) -> String {
    name.chars().filter(|letter| !letter.is_whitespace()).flat_map(char::to_lowercase).collect()
}

/// Whether two names of these lengths can reach [`SIMILAR`] at all: each letter that one has more is a difference.
fn may_be_similar(a: usize, b: usize) -> bool {
    let (shorter, longer) = if a < b { (a, b) } else { (b, a) };
    (1..=MAX_COMPARED).contains(&longer) && shorter * 4 >= longer * 3
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suggested(name: &str, targets: &[&str]) -> Vec<(String, Reason)> {
        let mut suggester = Suggester::new(targets.iter().map(|target| (None, *target)));
        suggester
            .suggest(name, &Work::unlimited())
            .unwrap()
            .into_iter()
            .map(|found| (found.name.to_owned(), found.reason))
            .collect()
    }

    fn reason(name: &str, target: &str) -> Option<Reason> {
        suggested(name, &[target]).first().map(|(_, reason)| *reason)
    }

    #[test]
    fn each_reason_has_its_names() {
        for (name, target, expected) in [
            ("Contacted", "Contacted", Some(Reason::SameName)),
            ("Contacted", " contacted", Some(Reason::SameFolded)),
            ("New Lead", "NEW\u{a0} LEAD", Some(Reason::SameFolded)),
            ("New Lead", "NewLead", Some(Reason::SameFolded)),
            ("GRÖSSE", "grösse", Some(Reason::SameFolded)),
            ("Contacted", "Contact", Some(Reason::Similar)),
            ("Closed Won", "Closde Won", Some(Reason::Similar)),
            ("Closed Won", "Closed - Won", Some(Reason::Similar)),
            ("Closed Won", "Closed Lost", None),
            ("Contacted", "Reached Out", None),
            ("Warm-up Agent", "Default Agent", None),
            ("A", "B", None),
            ("", "A", None),
        ] {
            assert_eq!(reason(name, target), expected, "{name:?} {target:?}");
        }
    }

    #[test]
    fn the_best_comes_first_and_there_are_at_most_five() {
        let targets = ["Contacte", "contacted", "Contacts", "Contacted", "Contacted!", "Con tacted", "CONTACTED"];
        let names: Vec<_> = suggested("Contacted", &targets).into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["Contacted", "CONTACTED", "Con tacted", "contacted", "Contacted!"]);
        assert_eq!(suggested("Contacted", &targets[..4]).len(), 4);
    }

    #[test]
    fn a_name_that_comes_twice_is_suggested_once_unless_it_is_two_things() {
        assert_eq!(suggested("Won", &["Won", "Won"]).len(), 1);
        let agents = [1, 2].map(|number| (Some(ObjectId::from_bytes([number; 12])), "Bea"));
        let found = Suggester::new(agents).suggest("Bea", &Work::unlimited()).unwrap();
        assert_eq!(found.iter().map(|agent| agent.id).collect::<Vec<_>>(), agents.map(|(id, _)| id));
    }

    #[test]
    fn long_names_are_compared_for_equality_alone() {
        for (length, expected) in
            [(199, Some(Reason::Similar)), (200, Some(Reason::Similar)), (201, None), (100_000, None)]
        {
            let (name, target) = ("x".repeat(length - 1), "x".repeat(length));
            assert_eq!(reason(&name, &target), expected, "{length}");
            assert_eq!(reason(&target, &target), Some(Reason::SameName));
        }
    }

    #[test]
    fn a_request_compares_only_so_many_letters() {
        for length in [10, 200] {
            let targets: Vec<String> = (0..1_000).map(|number| format!("{number:0>length$}")).collect();
            let mut suggester = Suggester::new(targets.iter().map(|name| (None, name.as_str())));
            let work = Work::unlimited();
            let name = format!("{:0>length$}", "050x");
            let similar = (0..1_000).filter(|_| !suggester.suggest(&name, &work).unwrap().is_empty()).count();
            let pairs = MAX_COMPARISONS / (length * length + 1);
            assert_eq!(similar, pairs.div_ceil(targets.len()).min(1_000), "{length}");
            assert!(work.done() <= MAX_COMPARISONS as u64 + 1_000 * (length as u64 + 1), "{}", work.done());
            let equal = suggester.suggest(&targets[500], &work).unwrap();
            assert_eq!(equal[0].reason, Reason::SameName, "equal names are found all the same");
        }
    }
}
