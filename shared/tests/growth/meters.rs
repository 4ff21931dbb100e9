//! Where production code computes without the meter of a request or message. Each place has its reason here; a new one fails.
//!
//! A function of content or body takes a `&Work`, so it can only be called below `compute`, or with a meter without a limit.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What makes a meter without a limit, or writes an answer without one.
const UNMETERED: [&str; 6] = [
    "Work::unlimited()",
    "Answer::ok(",
    "Answer::created(",
    "Answer::json(",
    "serde_json::to_string(",
    "serde_json::to_vec(",
];

/// The places, and why each is small.
const KNOWN: &[(&str, &str, usize, &str)] = &[
    ("apply-snapshot/src/answer.rs", "serde_json::to_string(", 1, "one invitation"),
    ("apply-snapshot/src/removal.rs", "Answer::ok(", 1, "two words"),
    ("apply-snapshot/src/repeat.rs", "Work::unlimited()", 1, "one stored answer is less than a piece"),
    ("apply-snapshot/src/undo.rs", "Work::unlimited()", 2, "one stored answer is less than a piece"),
    ("apply-snapshot/src/undo.rs", "Answer::ok(", 1, "one apply"),
    ("create-snapshot/src/lib.rs", "Answer::created(", 1, "one snapshot, and at most 200 short entries"),
    ("manage-snapshots/src/assign.rs", "Answer::ok(", 1, "at most 500 ids"),
    ("manage-snapshots/src/edits.rs", "Answer::ok(", 2, "one snapshot"),
    ("manage-snapshots/src/lib.rs", "Answer::ok(", 1, "one word"),
    ("manage-snapshots/src/people.rs", "Answer::ok(", 1, "one user"),
    ("manage-snapshots/src/refresh.rs", "Answer::ok(", 1, "one snapshot"),
    ("manage-snapshots/src/revisions.rs", "Answer::ok(", 1, "one snapshot"),
    ("schedule-refresh/src/sqs.rs", "serde_json::to_string(", 1, "one message"),
    ("sign-in/src/acceptance.rs", "Answer::ok(", 1, "one user"),
    ("sign-in/src/invitations.rs", "Answer::created(", 1, "one invitation"),
    ("sign-in/src/lib.rs", "Answer::ok(", 1, "one word"),
    ("sign-in/src/login.rs", "Answer::ok(", 1, "one user"),
    ("sign-in/src/users.rs", "Answer::ok(", 1, "one user"),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn nothing_of_a_function_computes_without_its_meter_but_what_is_small() {
    let functions = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../functions"));
    let mut files = Vec::new();
    for function in fs::read_dir(functions).unwrap() {
        sources(&function.unwrap().path().join("src"), &mut files);
    }
    assert!(files.len() > 30, "{files:?}");
    let mut found = BTreeMap::new();
    for path in files.iter().filter(|path| !path.ends_with("growth.rs")) {
        let text = fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        let name = path.strip_prefix(functions).unwrap().to_str().unwrap().to_owned();
        for what in UNMETERED.into_iter().filter(|what| code.contains(what)) {
            found.insert((name.clone(), what), code.matches(what).count());
        }
    }
    let known: BTreeMap<(String, &str), usize> =
        KNOWN.iter().map(|(file, what, count, _)| (((*file).to_owned(), *what), *count)).collect();
    assert_eq!(found, known);
}
