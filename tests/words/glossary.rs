//! The glossary names things that exist, in one sentence each.

use std::collections::HashSet;

use crate::files;

/// Returns the rows of the table: the term, what it means, and its names in code or API.
fn rows(text: &str) -> Vec<[&str; 3]> {
    text.lines()
        .filter(|line| line.starts_with("| **"))
        .map(|line| {
            let cells: Vec<&str> = line.trim().trim_matches('|').split('|').map(str::trim).collect();
            <[&str; 3]>::try_from(cells).unwrap_or_else(|cells| panic!("a row has three cells: {cells:?}"))
        })
        .collect()
}

#[test]
fn each_term_of_the_glossary_is_one_sentence_and_stands_in_the_code() {
    let glossary = std::fs::read_to_string(files::root().join("docs/GLOSSARY.md")).unwrap();
    let description = std::fs::read_to_string(files::root().join("docs/openapi.json")).unwrap();
    let mut code: String = files::all().into_iter().filter(files::File::is_rust).map(|file| file.text + "\n").collect();
    code.push_str(&description);
    let names: HashSet<&str> =
        code.split(|character: char| !character.is_alphanumeric() && character != '_' && character != '-').collect();

    let rows = rows(&glossary);
    assert!(rows.len() >= 30, "{} terms", rows.len());
    let terms: Vec<String> = rows.iter().map(|[term, ..]| term.to_lowercase()).collect();
    assert!(terms.is_sorted(), "the terms are in alphabetical order: {terms:?}");
    for [term, meaning, places] in rows {
        assert!(
            meaning.ends_with('.') && !meaning.trim_end_matches('.').contains(". "),
            "{term} is one sentence: {meaning}"
        );
        let quoted: Vec<&str> = places.split('`').skip(1).step_by(2).collect();
        assert!(!quoted.is_empty(), "{term} has no name in the code");
        for name in quoted {
            assert!(names.contains(name), "the code and the API have no `{name}`, which the glossary gives for {term}");
        }
    }
}

#[test]
fn the_readme_and_the_architecture_lead_to_the_glossary() {
    for (document, link) in [("README.md", "(docs/GLOSSARY.md)"), ("docs/ARCHITECTURE.md", "(GLOSSARY.md)")] {
        let text = std::fs::read_to_string(files::root().join(document)).unwrap();
        assert!(text.contains(link), "{document} links {link}");
    }
}
