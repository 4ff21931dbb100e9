//! What a reference of a snapshot may mean in the caller's organization: suggestions for a form that asks for a mapping.

use std::cmp::Ordering;

use serde::Serialize;
use utoipa::ToSchema;

use super::ObjectId;

/// The most suggestions for one reference.
pub const MAX_SUGGESTIONS: usize = 5;

/// From where on two names count as similar: three letters in four agree. Below it opposites come in: "Closed Won" and
/// "Closed Lost" are at 0.7.
const SIMILAR: f64 = 0.75;

/// Names longer than this are compared for equality alone: comparing letter by letter takes the product of the lengths.
const MAX_COMPARED: usize = 200;

/// How many pairs of names one request compares letter by letter. A pair takes about a microsecond.
const MAX_COMPARISONS: usize = 200_000;

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
pub struct Suggestion {
    /// Its id, where it is named by one.
    #[serde(rename = "_id", skip_serializing_if = "Option::is_none")]
    pub id: Option<ObjectId>,
    /// Its name.
    pub name: String,
    /// Why it is suggested.
    pub reason: Reason,
}

/// Finds suggestions among the targets of one kind.
pub struct Suggester {
    targets: Vec<Target>,
    comparisons_left: usize,
}

struct Target {
    id: Option<ObjectId>,
    name: String,
    folded: String,
    length: usize,
}

impl Suggester {
    /// Suggests from `targets`; the same name with the same id counts once.
    pub fn new<'a>(targets: impl IntoIterator<Item = (Option<ObjectId>, &'a str)>) -> Self {
        let mut targets: Vec<Target> = targets
            .into_iter()
            .map(|(id, name)| {
                let folded = fold(name);
                Target { id, name: name.to_owned(), length: folded.chars().count(), folded }
            })
            .collect();
        targets.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        targets.dedup_by(|a, b| (&a.name, a.id) == (&b.name, b.id));
        Self { targets, comparisons_left: MAX_COMPARISONS }
    }

    /// What something that is called `name` elsewhere may be here, the best first.
    pub fn suggest(&mut self, name: &str) -> Vec<Suggestion> {
        let folded = fold(name);
        let length = folded.chars().count();
        let mut found: Vec<(Reason, f64, &Target)> = Vec::new();
        for target in &self.targets {
            if target.name == name {
                found.push((Reason::SameName, 1.0, target));
            } else if target.folded == folded {
                found.push((Reason::SameFolded, 1.0, target));
            } else if may_be_similar(length, target.length) && self.comparisons_left > 0 {
                self.comparisons_left -= 1;
                let score = strsim::normalized_damerau_levenshtein(&folded, &target.folded);
                if score >= SIMILAR {
                    found.push((Reason::Similar, score, target));
                }
            }
        }
        // The sort is stable, so equals stay in the order of their names.
        found.sort_by(|a, b| a.0.cmp(&b.0).then(b.1.partial_cmp(&a.1).unwrap_or(Ordering::Equal)));
        found
            .into_iter()
            .take(MAX_SUGGESTIONS)
            .map(|(reason, _, target)| Suggestion { id: target.id, name: target.name.clone(), reason })
            .collect()
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
        suggester.suggest(name).into_iter().map(|found| (found.name, found.reason)).collect()
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
        let found = Suggester::new(agents).suggest("Bea");
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
    fn a_request_compares_only_so_many_names() {
        let targets: Vec<String> = (0..1_000).map(|number| format!("Stage {number:04}")).collect();
        let mut suggester = Suggester::new(targets.iter().map(|name| (None, name.as_str())));
        let similar = (0..250).filter(|_| !suggester.suggest("Stage 050x").is_empty()).count();
        assert_eq!(similar, MAX_COMPARISONS / targets.len());
        assert_eq!(suggester.suggest("stage 0500").len(), 1, "equal names are found all the same");
    }
}
