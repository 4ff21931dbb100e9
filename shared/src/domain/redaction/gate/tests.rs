use regex_syntax::hir::{Class, Hir, HirKind};

use super::super::forms::{self, rules};
use super::*;
use crate::domain::Work;

/// More texts than this are not written out.
const MAX_TEXTS: usize = 4_000;

/// Returns the letter of a class that holds one letter in all its cases.
fn letter(class: &Class) -> Option<char> {
    let Class::Unicode(class) = class else { return None };
    let fold = |c: char| match c {
        '\u{212a}' => 'k',
        '\u{17f}' => 's',
        c => c.to_ascii_lowercase(),
    };
    let mut letters = class.iter().flat_map(|range| (range.start()..=range.end()).take(8)).map(fold);
    let first = letters.next()?;
    letters.all(|letter| letter == first).then_some(first)
}

/// Returns every text that `hir` matches, in lower case; `None` if there are too many.
fn texts(hir: &Hir) -> Option<Vec<String>> {
    let joined = |before: Vec<String>, after: &[String]| {
        let all = || before.iter().flat_map(|before| after.iter().map(move |after| format!("{before}{after}")));
        (before.len() * after.len() <= MAX_TEXTS).then(|| all().collect::<Vec<_>>())
    };
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => Some(vec![String::new()]),
        HirKind::Literal(literal) => Some(vec![String::from_utf8(literal.0.to_vec()).ok()?.to_lowercase()]),
        HirKind::Class(class) => letter(class).map(|letter| vec![letter.to_string()]),
        HirKind::Capture(capture) => texts(&capture.sub),
        HirKind::Repetition(repetition) => {
            let once = texts(&repetition.sub)?;
            let (min, max) = (repetition.min, repetition.max.filter(|max| *max <= 2)?);
            let mut all = Vec::new();
            let mut so_many = vec![String::new()];
            for count in 0..=max {
                if count >= min {
                    all.extend(so_many.iter().cloned());
                }
                so_many = joined(so_many, &once)?;
            }
            Some(all)
        }
        HirKind::Concat(parts) => {
            parts.iter().try_fold(vec![String::new()], |before, part| joined(before, &texts(part)?))
        }
        HirKind::Alternation(parts) => Some(parts.iter().map(texts).collect::<Option<Vec<_>>>()?.concat()),
    }
}

/// Returns whether everything that `hir` matches contains one of `literals`, in any case.
fn requires(hir: &Hir, literals: &[&str]) -> bool {
    let has_one = |text: &String| literals.iter().any(|literal| text.contains(&literal.to_lowercase()));
    if texts(hir).is_some_and(|texts| texts.iter().all(has_one)) {
        return true;
    }
    match hir.kind() {
        HirKind::Capture(capture) => requires(&capture.sub, literals),
        HirKind::Repetition(repetition) => repetition.min > 0 && requires(&repetition.sub, literals),
        HirKind::Alternation(parts) => parts.iter().all(|part| requires(part, literals)),
        HirKind::Concat(parts) => {
            // A literal may span several parts.
            let runs =
                (0..parts.len()).flat_map(|start| (start + 1..=parts.len().min(start + 16)).map(move |end| start..end));
            parts.iter().any(|part| requires(part, literals))
                || runs.into_iter().any(|run| {
                    let run = Hir::concat(parts[run].to_vec());
                    texts(&run).is_some_and(|texts| texts.iter().all(has_one))
                })
        }
        HirKind::Empty | HirKind::Look(_) | HirKind::Literal(_) | HirKind::Class(_) => false,
    }
}

#[test]
fn every_match_of_a_rule_has_a_literal_of_its_gate() {
    let mut count = 0;
    for (gate, pattern, _) in rules() {
        let Gate::Literals(literals) = gate else { continue };
        assert!(literals.iter().all(|literal| literal.is_ascii() && !literal.is_empty()), "{literals:?}");
        assert!(requires(&regex_syntax::parse(&pattern).unwrap(), literals), "{literals:?} {pattern}");
        count += 1;
    }
    assert!(count > 30, "{count}");
}

#[test]
fn what_is_required_is_read_from_the_expression() {
    let requires = |pattern, literals| requires(&regex_syntax::parse(pattern).unwrap(), literals);
    assert!(requires(r"(?i)\bhttps?://[a-z]+", &["://"]) && requires("(?i)help ?desk", &["DESK"]));
    assert!(requires("(?:one|two)x", &["onex", "two"]) && requires("(?:ab)+c", &["ab"]));
    assert!(!requires("(?:one|two)x", &["one"]) && !requires("(?:ab)*c", &["ab"]) && !requires("a[bc]d", &["ab"]));
}

#[test]
fn a_letter_that_folds_to_ascii_opens_the_gates() {
    for text in ["to\u{212a}en=1", "\u{17f}shpass -p Winter2026!"] {
        let gates = Gates::new(vec![Gate::Open, Gate::Literals(&["sshpass"]), Gate::Named(0)]).of(text);
        assert!(gates[0] && gates[1], "{text}");
    }
    let gates = |text| Gates::new(vec![Gate::Literals(&["hmac"]), Gate::Literals(&["auth", "HMAC"])]).of(text);
    assert_eq!(
        [gates("an hmac"), gates("AUTH"), gates("ham, act")],
        [vec![true, true], vec![false, true], vec![false; 2]]
    );
}

#[test]
fn an_issuer_is_near_and_no_more_than_forty_characters_away() {
    let key = "9f8e7d6c5b4a39281706f5e4d3c2b1a0";
    for (gap, is_found) in [(39, true), (40, true), (41, false)] {
        let mut found = Vec::new();
        forms::find(&format!("lemlist{} {key}", "\u{fc}".repeat(gap)), &mut found, &Work::unlimited()).unwrap();
        assert_eq!(!found.is_empty(), is_found, "{gap}");
    }
}
