//! JSON that stands in a text, with the place of every value, so that one can be taken out and all others stay as they were
//! written: white space, the order of keys, keys that stand twice, `1.50`.

use std::ops::Range;

use super::coat::DecodedText;
use super::shape::{JsonShape, View, digits};
use crate::domain::{OverBudget, Work};

/// How deep objects and lists may stand inside each other: as deep as `serde_json` reads them.
const DEEPEST: usize = 127;

/// A value, and where it stands in the text.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) range: Range<usize>,
    pub(super) kind: Kind,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// The fields in the order in which they were written.
    Object(Vec<(DecodedText, Node)>),
    Array(Vec<Node>),
    Text(DecodedText),
    /// With so many digits.
    Number(usize),
    Other,
}

impl JsonShape for Node {
    fn view(&self) -> View<'_, Self> {
        match &self.kind {
            Kind::Object(fields) => {
                View::Object(fields.iter().map(|(key, value)| (key.text.as_str(), value)).collect())
            }
            Kind::Array(values) => View::Array(values.iter().collect()),
            Kind::Text(text) => View::Text(&text.text),
            Kind::Number(_) => View::Number,
            Kind::Other => View::Other,
        }
    }
}

/// Every object and list that stands in `text`, none within another; a text alone where all of `text` is one.
pub(super) fn find(text: &str, work: &Work) -> Result<Vec<Node>, OverBudget> {
    let mut nodes = Vec::new();
    let mut at = text.len() - text.trim_start().len();
    if text[at..].starts_with('"') {
        let mut reader = Reader { text, at, work };
        if let Some(node) = reader.value(0)?.filter(|_| text[reader.at..].trim().is_empty()) {
            nodes.push(node);
            return Ok(nodes);
        }
    }
    while let Some(start) = text.get(at..).and_then(|rest| rest.find(['{', '['])) {
        let start = at + start;
        if !opens(&text[start..]) {
            at = start + 1;
            continue;
        }
        let mut reader = Reader { text, at: start, work };
        nodes.extend(reader.value(0)?);
        // Also where it turned out to be no JSON, so that no byte is read twice.
        at = reader.at.max(start + 1);
        while !text.is_char_boundary(at) {
            at += 1;
        }
    }
    Ok(nodes)
}

/// Whether an object or a list may begin with `text`: what follows the bracket is a key or a value that has any.
fn opens(text: &str) -> bool {
    let inner = text.get(1..).unwrap_or_default().trim_start();
    inner.starts_with('"') || (text.starts_with('[') && inner.starts_with(['{', '[']))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    work: &'a Work,
}

impl Reader<'_> {
    fn value(&mut self, depth: usize) -> Result<Option<Node>, OverBudget> {
        self.work.spend(1)?;
        self.pass_space();
        let start = self.at;
        let kind = match self.peek() {
            Some(b'{') if depth < DEEPEST => self.object(depth + 1)?,
            Some(b'[') if depth < DEEPEST => self.array(depth + 1)?,
            Some(b'"') => self.quoted()?.map(Kind::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.word(),
        };
        Ok(kind.map(|kind| Node { range: start..self.at, kind }))
    }

    fn object(&mut self, depth: usize) -> Result<Option<Kind>, OverBudget> {
        self.at += 1;
        let mut fields = Vec::new();
        loop {
            self.pass_space();
            if self.take(b'}') {
                return Ok(Some(Kind::Object(fields)));
            }
            if self.peek() != Some(b'"') {
                return Ok(None);
            }
            let Some(key) = self.quoted()? else { return Ok(None) };
            self.pass_space();
            if !self.take(b':') {
                return Ok(None);
            }
            let Some(value) = self.value(depth)? else { return Ok(None) };
            fields.push((key, value));
            self.pass_space();
            if !self.take(b',') && self.peek() != Some(b'}') {
                return Ok(None);
            }
        }
    }

    fn array(&mut self, depth: usize) -> Result<Option<Kind>, OverBudget> {
        self.at += 1;
        let mut values = Vec::new();
        loop {
            self.pass_space();
            if self.take(b']') {
                return Ok(Some(Kind::Array(values)));
            }
            let Some(value) = self.value(depth)? else { return Ok(None) };
            values.push(value);
            self.pass_space();
            if !self.take(b',') && self.peek() != Some(b']') {
                return Ok(None);
            }
        }
    }

    /// The text in quotation marks that begins here. Its places are those of the text without the marks.
    fn quoted(&mut self) -> Result<Option<DecodedText>, OverBudget> {
        self.at += 1;
        let mut read = DecodedText::default();
        loop {
            let rest = self.text.get(self.at..).unwrap_or_default();
            let Some(length) = rest.find(['"', '\\']) else {
                self.at = self.text.len();
                return Ok(None);
            };
            self.work.spend(length + 1)?;
            read.push_verbatim(&rest[..length], self.at);
            self.at += length;
            if self.take(b'"') {
                return Ok(Some(read));
            }
            let Some((unit, length)) = escaped(&self.text[self.at..]) else { return Ok(None) };
            read.push(unit, self.at..self.at + length);
            self.at += length;
        }
    }

    fn number(&mut self) -> Option<Kind> {
        let rest = &self.text[self.at..];
        let is_part = |c: char| c.is_ascii_digit() || "+-.eE".contains(c);
        let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
        self.at += length;
        rest[..length].parse::<f64>().ok().map(|_| Kind::Number(digits(&rest[..length])))
    }

    fn word(&mut self) -> Option<Kind> {
        let word = ["true", "false", "null"].into_iter().find(|word| self.text[self.at..].starts_with(word))?;
        self.at += word.len();
        Some(Kind::Other)
    }

    fn pass_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> bool {
        let is_there = self.peek() == Some(byte);
        self.at += usize::from(is_there);
        is_there
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }
}

/// What the escape at the beginning of `text` stands for, and its length.
fn escaped(text: &str) -> Option<(char, usize)> {
    let unit = match text.as_bytes().get(1)? {
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        mark @ (b'"' | b'\\' | b'/') => char::from(*mark),
        b'u' => return unicode(text),
        _ => return None,
    };
    Some((unit, 2))
}

/// A character as `\u` and four digits, or as two of them (RFC 8259, section 7).
fn unicode(text: &str) -> Option<(char, usize)> {
    let unit = |text: &str| u32::from_str_radix(text.strip_prefix("\\u")?.get(..4)?, 16).ok();
    let first = unit(text)?;
    if !(0xD800..0xDC00).contains(&first) {
        return Some((char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6));
    }
    let second = text.get(6..).and_then(unit).filter(|second| (0xDC00..0xE000).contains(second));
    match second {
        Some(second) => Some((char::from_u32(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))?, 12)),
        None => Some((char::REPLACEMENT_CHARACTER, 6)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<&str> {
        find(text, &Work::unlimited()).unwrap().iter().map(|node| &text[node.range.clone()]).collect()
    }

    #[test]
    fn json_is_found_wherever_it_stands_in_a_text() {
        for (text, expected) in [
            (r#"{"a": 1.50, "a": 2}"#, &[r#"{"a": 1.50, "a": 2}"#][..]),
            (r#"Send {"a": "b"} and ["c"]."#, &[r#"{"a": "b"}"#, r#"["c"]"#]),
            (r#" "a text" "#, &[r#""a text""#]),
            (r#""a text" and more"#, &[]),
            (r#"[[1, 2], {}]"#, &["[[1, 2], {}]"]),
            ("{{firstName}} [one] {x}", &[]),
            (r#"{"a": {"b": 1}} {"cut"#, &[r#"{"a": {"b": 1}}"#]),
            (r#"{"a": 1,}"#, &[r#"{"a": 1,}"#]),
            (r#"{"a" 1} {"b": 2}"#, &[r#"{"b": 2}"#]),
        ] {
            assert_eq!(found(text), expected, "{text}");
        }
    }

    #[test]
    fn escapes_are_read_and_keep_their_places() {
        let text = r#"{"k\u0065y": "a\n\ud83d\ude00é\"b"}"#;
        let nodes = find(text, &Work::unlimited()).unwrap();
        let Kind::Object(fields) = &nodes[0].kind else { panic!("{nodes:?}") };
        let (key, value) = &fields[0];
        assert_eq!(key.text, "key");
        let Kind::Text(value) = &value.kind else { panic!("{value:?}") };
        assert_eq!(value.text, "a\n😀é\"b");
        assert_eq!(&text[value.source(&(1..6))], r"\n\ud83d\ude00");
        assert_eq!(&text[value.source(&(0..value.text.len()))], r#"a\n\ud83d\ude00é\"b"#);
    }

    #[test]
    fn no_byte_is_read_twice() {
        for piece in [r#"{"a":"#, "[[", r#"{"a":1} "#, r#"{"a"#, "{\"a\\"] {
            let effort = |count: usize| {
                let work = Work::unlimited();
                find(&piece.repeat(count), &work).unwrap();
                work.done()
            };
            let (once, twice) = (effort(2_000), effort(4_000));
            assert!(twice <= 2 * once + 2_000, "{piece}: {once}, then {twice}");
        }
    }
}
