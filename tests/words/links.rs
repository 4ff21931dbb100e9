//! Links between documents, and the files that recipes name.

use std::collections::HashMap;

use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

use crate::files::{self, File};

/// Returns the targets of a document's links, and the anchors of its headings as GitHub names them.
fn links_and_anchors(text: &str) -> (Vec<String>, Vec<String>) {
    let (mut links, mut anchors, mut heading) = (Vec::new(), Vec::new(), None);
    for event in Parser::new_ext(text, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Link { dest_url, .. }) => links.push(dest_url.into_string()),
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => anchors.extend(heading.take().map(|heading| anchor(&heading))),
            Event::Text(part) | Event::Code(part) => heading.iter_mut().for_each(|heading| heading.push_str(&part)),
            _ => {}
        }
    }
    (links, anchors)
}

fn anchor(heading: &str) -> String {
    let kept = |character: &char| character.is_alphanumeric() || [' ', '-', '_'].contains(character);
    heading
        .to_lowercase()
        .chars()
        .filter(kept)
        .map(|character| if character == ' ' { '-' } else { character })
        .collect()
}

#[test]
fn every_link_of_a_document_leads_to_a_file_and_a_heading() {
    let files = files::all();
    let documents = files.iter().filter(|file| file.is_markdown()).map(|file| (file, links_and_anchors(&file.text)));
    let documents: HashMap<&str, (&File, _)> =
        documents.map(|(file, read)| (file.path.as_str(), (file, read))).collect();
    let mut problems = Vec::new();
    for (path, (_, (links, _))) in &documents {
        for link in links.iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = resolve(path, target);
            let is_there = match documents.get(target.as_str()) {
                Some((_, (_, anchors))) => anchor.is_empty() || anchors.iter().any(|known| known == anchor),
                None => files::root().join(&target).exists(),
            };
            if !is_there {
                problems.push(format!("{path}: {link} leads nowhere"));
            }
        }
    }
    assert!(documents.len() > 25, "{} documents", documents.len());
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// Returns the path from the root of a link in the document at `path`; an empty link is the document itself.
fn resolve(path: &str, link: &str) -> String {
    if link.is_empty() {
        return path.to_owned();
    }
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in link.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn every_file_that_a_recipe_names_exists() {
    let recipes: Vec<File> = files::all().into_iter().filter(|file| file.path.starts_with("docs/recipes/")).collect();
    let mut problems = Vec::new();
    for recipe in &recipes {
        let rows: String = recipe.text.lines().filter(|line| line.starts_with("| ")).collect();
        let named = rows.split('`').skip(1).step_by(2).filter(|text| text.contains('.') && !text.contains([' ', '(']));
        let named: Vec<&str> = named.filter(|text| !text.starts_with('.')).collect();
        assert!(named.len() >= 8, "{} names {} files", recipe.path, named.len());
        let missing = named.iter().filter(|name| !files::root().join(name).exists());
        problems.extend(missing.map(|name| format!("{}: {name} does not exist", recipe.path)));
    }
    assert!(recipes.len() >= 6, "{} recipes", recipes.len());
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn each_decision_has_a_number_of_its_own_that_its_title_repeats() {
    let files = files::all();
    let decisions: Vec<(&str, &str)> = files
        .iter()
        .filter_map(|file| Some((file.path.strip_prefix("docs/adr/")?, file.text.lines().next()?)))
        .collect();
    assert!(decisions.len() >= 27, "{decisions:?}");
    // A number may be missing: its decision is still under way.
    let mut last = 0;
    for (name, title) in decisions {
        let number = name.get(..4).and_then(|digits| digits.parse().ok()).unwrap_or(0);
        assert!(number > last && name.starts_with(&format!("{number:04}-")), "{name} follows decision {last}");
        assert!(title.starts_with(&format!("# {number}. ")), "{name}: {title}");
        last = number;
    }
}
