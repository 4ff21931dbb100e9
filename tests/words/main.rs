//! Holds every file of the repository to plain English: the names of types and files, comments, messages and documents.
//!
//! A linter for prose (Vale, write-good, proselint) judges documents only. It knows neither the names of types nor the same
//! name twice in a crate, and the package `vale` downloads its binary when it first runs. This test needs nothing but Cargo.

#![expect(clippy::panic, clippy::unwrap_used, reason = "what fails in a test fails the test")]

mod circles;
mod documents;
mod files;
mod glossary;
mod links;
mod lists;
mod phrases;
mod rooms;
mod rust;

use std::collections::BTreeMap;
use std::fmt;

/// A place that breaks a rule.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Finding {
    path: String,
    line: usize,
    problem: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.problem)
    }
}

/// Returns every finding in the repository, except Rust files that are too long.
fn findings() -> Vec<Finding> {
    let files = files::all();
    let mut findings = rust::type_findings(&files);
    for file in &files {
        findings.extend(rust::file_name_finding(&file.path));
        findings.extend(phrases::findings(file));
        findings.extend(documents::long_sentences(file));
    }
    findings.sort();
    findings
}

#[test]
fn every_room_has_as_many_findings_as_its_row_allows() {
    let mut by_room: BTreeMap<&str, Vec<Finding>> = BTreeMap::new();
    for finding in findings() {
        by_room.entry(rooms::room(&finding.path)).or_default().push(finding);
    }
    let mut problems = Vec::new();
    for (room, allowed) in rooms::ROOMS {
        let found = by_room.remove(room).unwrap_or_default();
        if found.len() > allowed {
            problems.extend(found.iter().map(ToString::to_string));
            problems.push(format!(
                "{room}: {} findings, {allowed} are allowed; write these in plain English\n",
                found.len()
            ));
        } else if found.len() < allowed {
            problems.push(format!(
                "{room}: {} findings are left; lower the number in rooms.rs from {allowed}\n",
                found.len()
            ));
        }
    }
    assert!(problems.is_empty(), "\n{}\nThe rules are in tests/words and CONTRIBUTING.md.", problems.join("\n"));
    assert!(by_room.is_empty(), "no room in rooms.rs for {:?}", by_room.keys());
}

#[test]
fn a_rust_file_has_at_most_400_lines_or_a_reason() {
    let mut problems = Vec::new();
    for file in files::all().iter().filter(|file| file.is_rust()) {
        let lines = file.text.lines().count();
        let excepted = rooms::LONG_FILES.iter().any(|(path, _)| *path == file.path);
        if lines > rooms::MAX_LINES && !excepted {
            problems.push(format!("{} has {lines} lines; split it along what it knows", file.path));
        } else if lines <= rooms::MAX_LINES && excepted {
            problems.push(format!("{} has {lines} lines; take it out of LONG_FILES", file.path));
        }
    }
    for (path, reason) in rooms::LONG_FILES {
        assert!(!reason.is_empty(), "{path}");
        if !files::root().join(path).exists() {
            problems.push(format!("{path} does not exist; take it out of LONG_FILES"));
        }
    }
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// Returns the problems of one file with this path and text.
fn problems(path: &str, text: &str) -> Vec<String> {
    let file = files::File { path: path.to_owned(), text: text.to_owned() };
    let mut findings = rust::type_findings(std::slice::from_ref(&file));
    findings.extend(rust::file_name_finding(path));
    findings.extend(phrases::findings(&file));
    findings.extend(documents::long_sentences(&file));
    findings.into_iter().map(|finding| finding.to_string()).collect()
}

#[test]
fn what_is_banned_is_found_wherever_it_is_planted() {
    let long = format!("One {}end.", "more word and ".repeat(14));
    let planted: [(&str, &str, &str); 20] = [
        ("shared/src/a.rs", "/// A.\npub struct Asked;\n", "shared/src/a.rs:2: type `Asked`"),
        ("shared/src/a.rs", "pub(crate) enum Told<'a> {\n", "shared/src/a.rs:1: type `Told`"),
        ("shared/src/a.rs", "    struct Arriving {\n", "shared/src/a.rs:1: type `Arriving`"),
        ("shared/src/a.rs", "type Found = u8;\n", "shared/src/a.rs:1: type `Found`"),
        ("shared/src/a.rs", "trait Coat {}\n", "shared/src/a.rs:1: type `Coat`"),
        ("shared/src/a.rs", "struct Place;\nmod b {\n    pub enum Place {}\n}\n", "shared/src/a.rs:3: type `Place`"),
        ("shared/src/utils.rs", "", "shared/src/utils.rs:1: "),
        ("shared/src/helpers/mod.rs", "", "shared/src/helpers/mod.rs:1: "),
        ("shared/src/a.rs", "// Says what is\n// none of it.\n", "shared/src/a.rs:1: \"what is none\""),
        ("shared/src/a.rs", "fn whoever_asks_gets_it() {}\n", "shared/src/a.rs:1: \"whoever\""),
        ("shared/src/a.rs", "let x = \"it comes to \\\n    nothing\";\n", "shared/src/a.rs:1: \"comes to nothing\""),
        ("shared/src/a.rs", "/// The caller is told.\n", "shared/src/a.rs:1: \"is told\""),
        ("docs/A.md", "# A\n\nContent of before\nstays.\n", "docs/A.md:3: \"Content of before\""),
        ("docs/A.md", "Refreshed of itself.\n", "docs/A.md:1: \"Refreshed of itself\""),
        ("template.yaml", "  # Nobody is told\n  # of it.\n", "template.yaml:1: \"is told\""),
        ("docs/A.md", "A link whereby. Comments.\n", "docs/A.md:1: \"whereby\""),
        (".ci/run", "# Whoever runs it.\n", ".ci/run:1: \"Whoever\""),
        ("docs/A.md", &long, "docs/A.md:1: a sentence of 44 words"),
        ("docs/A.md", &format!("| a |\n| --- |\n| {long} |\n"), "docs/A.md:3: a sentence of 44 words"),
        (
            "docs/A.md",
            &format!("Short.\n\n- {}", long.replacen(" and", " and `a b c`", 1)),
            "docs/A.md:3: a sentence of 45 words",
        ),
    ];
    for (path, text, expected) in planted {
        let problems = problems(path, text);
        assert!(problems.len() == 1 && problems[0].starts_with(expected), "{expected} in {text:?}: {problems:?}");
    }
}

#[test]
fn what_is_allowed_passes() {
    let allowed = [
        ("shared/src/a.rs", "pub struct ApplyRequest;\nenum Seed {}\nstruct Mapping;\nstruct Sharing;\n"),
        (
            "shared/src/a.rs",
            "impl FromStr for Id {\n    type Err = Fault;\n}\nimpl FromStr for Key {\n    type Err = Fault;\n}\n",
        ),
        ("shared/src/a.rs", "/// Fails if there is nothing.\nfn is_none() {}\n// What\nof_course();\n"),
        ("shared/src/a.rs", "/// A message is tolderated.\n"),
        ("shared/src/a.rs", "// Whereby.com\nlet x = r\"whereby\\.com/\";\n"),
        ("shared/tests/processes/main.rs", "// Kills it.\n"),
        ("docs/A.md", "Forty words are allowed. A code block is not a sentence:\n\n```sh\none two three\n```\n"),
        ("docs/A.md", &"Three short words. ".repeat(30)),
    ];
    for (path, text) in allowed {
        assert_eq!(problems(path, text), Vec::<String>::new(), "{text}");
    }
}
