//! Names of types and files.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use crate::Finding;
use crate::files::File;

/// Past participles without "ed", each banned as the whole name of a type.
const PARTICIPLES: [&str; 38] = [
    "Begun",
    "Broken",
    "Built",
    "Chosen",
    "Cut",
    "Done",
    "Drawn",
    "Dealt",
    "Fed",
    "Found",
    "Frozen",
    "Given",
    "Gone",
    "Held",
    "Hidden",
    "Kept",
    "Known",
    "Left",
    "Lost",
    "Made",
    "Meant",
    "Met",
    "Ran",
    "Read",
    "Said",
    "Seen",
    "Sent",
    "Shown",
    "Spent",
    "Stood",
    "Swept",
    "Taken",
    "Thrown",
    "Told",
    "Torn",
    "Undone",
    "Unwritten",
    "Written",
];

/// Words of a story that name nothing in this field, each banned as the whole name of a type.
const STORY: [&str; 25] = [
    "Ahead",
    "Around",
    "Asker",
    "Coat",
    "Come",
    "Desk",
    "Fate",
    "Go",
    "Hand",
    "Hands",
    "Happening",
    "Off",
    "Other",
    "Out",
    "Play",
    "Poison",
    "Say",
    "Spot",
    "Tell",
    "Then",
    "Thing",
    "What",
    "Which",
    "With",
    "World",
];

/// Nouns that end like a participle.
const NOUNS: [&str; 16] = [
    "Embed",
    "Feed",
    "Finding",
    "Heading",
    "Listing",
    "Mapping",
    "Need",
    "Recording",
    "Routing",
    "Seed",
    "Setting",
    "Sharing",
    "Speed",
    "String",
    "Throttling",
    "Warning",
];

/// File names that say nothing about what is in them.
const FILES: [&str; 11] =
    ["common", "data", "helper", "helpers", "manager", "managers", "misc", "process", "shared_code", "util", "utils"];

static DECLARATION: LazyLock<Regex> = LazyLock::new(|| {
    // An associated type is indented; its name is the trait's.
    Regex::new(
        r"^(?:\s*(?:pub(?:\([^)]*\))?\s+)?(?:struct|enum|trait|union)|(?:pub(?:\([^)]*\))?\s+)?type)\s+([A-Z]\w*)",
    )
    .unwrap()
});

/// Returns a finding for each type that is a participle or a word of a story, and for each that repeats a name of its crate.
pub(crate) fn type_findings(files: &[File]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut first: HashMap<(String, &str), String> = HashMap::new();
    for file in files.iter().filter(|file| file.is_rust()) {
        for (index, line) in file.text.lines().enumerate() {
            let Some(name) = DECLARATION.captures(line).and_then(|found| found.get(1)) else { continue };
            let (name, line) = (name.as_str(), index + 1);
            let mut report = |problem| findings.push(Finding { path: file.path.clone(), line, problem });
            if is_story(name) {
                report(format!("type `{name}`; take a noun of the field, such as `ApplyRequest`"));
            }
            if let Some(before) = first.get(&(krate(&file.path), name)) {
                report(format!("type `{name}`; {before} has the name, too, and one name is one thing in a crate"));
            } else {
                first.insert((krate(&file.path), name), format!("{}:{line}", file.path));
            }
        }
    }
    findings
}

/// Whether a name is one word that is a participle or a word of a story.
fn is_story(name: &str) -> bool {
    let one_word = name.chars().skip(1).all(char::is_lowercase);
    let participle = name.len() > 3 && (name.ends_with("ed") || name.ends_with("ing")) && !NOUNS.contains(&name);
    one_word && (participle || PARTICIPLES.contains(&name) || STORY.contains(&name))
}

/// Returns the crate of a file: its package, and within it `src`, or the folder of its tests.
fn krate(path: &str) -> String {
    let parts: Vec<&str> = path.split('/').collect();
    let depth = match parts[..] {
        ["functions", ..] | ["tests", "fuzz" | "protocol", ..] => 3,
        _ => 2,
    };
    parts[..depth.min(parts.len() - 1)].join("/")
}

/// Returns a finding where the file, or its folder, has a name that says nothing.
pub(crate) fn file_name_finding(path: &str) -> Option<Finding> {
    let stem = |part: &str| part.split('.').next().unwrap_or_default().to_owned();
    let part = path.split('/').find(|part| FILES.contains(&stem(part).as_str()))?;
    let problem = format!("`{part}` says nothing about what is in it; name it by what it knows");
    Some(Finding { path: path.to_owned(), line: 1, problem })
}
