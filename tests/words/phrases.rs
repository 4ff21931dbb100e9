//! Phrases that make a reader stop.

use std::sync::LazyLock;

use regex::Regex;

use crate::Finding;
use crate::files::File;

/// A phrase as a regular expression, and what to write in its place.
const PHRASES: [(&str, &str); 16] = [
    (r"(what|that|which|who|whom) (is|are|was|were) none", "say what is absent: \"without\", \"no\""),
    (r"(who|whom)(so)?ever|whatsoever", "\"anyone who\", \"every caller that\", \"any\""),
    (r"(com(e|es|ing)|came) to nothing", "say what happens: \"is ignored\", \"has no effect\""),
    (r"(is|are|was|were|be|been|being) told", "\"gets\", \"receives\", \"is distinguished\", \"the answer says\""),
    (r"what of", "\"which\", \"the part of\""),
    (r"of before", "\"earlier\", \"previous\", \"captured by earlier rules\""),
    (r"(there|here) (is|are|was|were) none", "\"without\", \"where no … exists\""),
    (r"of (itself|themselves)", "\"automatically\", \"by itself\""),
    (r"what (comes|came|becomes|became|has become|had become|is to become) of", "\"the outcome of\", \"the state of\""),
    (r"nor (do|does|did|is|are|was|were|has|have|can|may)", "\"also not\", or a sentence of its own"),
    (r"(that|which|who) (is|are|was|were) no [^l]\w*", "\"that is not a\", \"other than\""),
    (r"whose the", "\"that belongs to\""),
    (r"the world (has )?moved", "\"the plan changed since you looked\""),
    (r"what is (told|said) of", "\"the description of\", or begin with the verb"),
    (r"(has|have|had) (his|her|its|their) say", "say who decides"),
    (r"lest|hence|thus|thereof|therein|wherein|whereof|whereby", "\"so\", \"so that\", \"in it\", \"by which\""),
];

static PATTERNS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    let pattern = |phrase: &str| Regex::new(&format!(r"(?i)\b({phrase})\b")).unwrap();
    PHRASES.iter().map(|(phrase, instead)| (pattern(phrase), *instead)).collect()
});

/// Returns a finding for each banned phrase, also where it is broken over lines or written as a function's name.
pub(crate) fn findings(file: &File) -> Vec<Finding> {
    let (folded, starts) = fold(file);
    let mut findings = Vec::new();
    for (pattern, instead) in PATTERNS.iter() {
        for found in pattern.find_iter(&folded) {
            if is_host(&folded[found.end()..]) {
                continue;
            }
            findings.push(Finding {
                path: file.path.clone(),
                line: starts.partition_point(|start| *start <= found.start()),
                problem: format!("\"{}\"; write {instead}", context(&folded, found.start(), found.end())),
            });
        }
    }
    findings
}

/// Whether `rest` continues the name of a host, also where a regular expression escapes its dot.
fn is_host(rest: &str) -> bool {
    rest.trim_start_matches('\\').starts_with(".com")
}

/// Returns the phrase, with the word before it where it starts with a preposition.
fn context(folded: &str, start: usize, end: usize) -> &str {
    let phrase = &folded[start..end];
    if !phrase.to_lowercase().starts_with("of ") {
        return phrase;
    }
    let before = folded[..start].trim_end().rfind(' ').map_or(0, |space| space + 1);
    &folded[before..end]
}

/// Returns the text in one line, without the marks of comments, and where in it each line starts. A bar stands between comments and code.
fn fold(file: &File) -> (String, Vec<usize>) {
    let mut folded = String::with_capacity(file.text.len());
    let mut starts = Vec::new();
    let mut in_comment = false;
    for line in file.text.lines() {
        let trimmed = line.trim();
        let mark = ["///", "//!", "//", "#"].into_iter().find(|mark| trimmed.starts_with(mark));
        let mark = mark.filter(|mark| *mark != "#" || !file.is_rust());
        if mark.is_some() != in_comment && !file.is_markdown() {
            in_comment = !in_comment;
            folded.push_str(" | ");
        }
        starts.push(folded.len());
        let content = trimmed[mark.map_or(0, str::len)..].trim().trim_end_matches('\\').trim_end();
        if file.is_rust() {
            folded.push_str(&content.replace('_', " "));
        } else {
            folded.push_str(content);
        }
        folded.push_str(if content.is_empty() { " | " } else { " " });
    }
    (folded, starts)
}
