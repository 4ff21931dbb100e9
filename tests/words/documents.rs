//! Sentences that a reader in a hurry has to read twice.

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use crate::Finding;
use crate::files::File;

/// The most words that a sentence of a document may have.
const MAX_WORDS: usize = 40;

/// Returns a finding for each sentence of a Markdown file that has more words than [`MAX_WORDS`]. Code in backquotes is one word.
pub(crate) fn long_sentences(file: &File) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !file.is_markdown() {
        return findings;
    }
    let mut text = String::new();
    let mut start = None;
    let mut code = false;
    for (event, range) in Parser::new_ext(&file.text, Options::ENABLE_TABLES).into_offset_iter() {
        match event {
            Event::Start(Tag::CodeBlock(CodeBlockKind::Fenced(_) | CodeBlockKind::Indented)) => code = true,
            Event::End(TagEnd::CodeBlock) => code = false,
            Event::Text(part) if !code => {
                start.get_or_insert(range.start);
                text.push_str(&part);
            }
            Event::Code(_) => {
                start.get_or_insert(range.start);
                text.push_str("code");
            }
            Event::SoftBreak | Event::HardBreak => text.push(' '),
            Event::Start(Tag::List(_) | Tag::Item)
            | Event::End(TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::Item | TagEnd::TableCell) => {
                if let Some(start) = start.take() {
                    let line = file.text[..start].lines().count().max(1);
                    findings.extend(long(&text).map(|problem| Finding { path: file.path.clone(), line, problem }));
                }
                text.clear();
            }
            _ => {}
        }
    }
    findings
}

/// Returns a problem for each long sentence of a paragraph.
fn long(paragraph: &str) -> impl Iterator<Item = String> {
    sentences(paragraph).filter_map(|sentence| {
        let words = sentence.split_whitespace().filter(|word| word.chars().any(char::is_alphanumeric)).count();
        let beginning: String = sentence.trim().chars().take(60).collect();
        (words > MAX_WORDS).then(|| format!("a sentence of {words} words; split it: {beginning}…"))
    })
}

/// Splits at a full stop, a question mark or an exclamation mark before white space.
fn sentences(paragraph: &str) -> impl Iterator<Item = &str> {
    let mut previous = ' ';
    paragraph.split_inclusive(move |character: char| {
        let ends = character.is_whitespace() && matches!(previous, '.' | '?' | '!');
        previous = character;
        ends
    })
}
