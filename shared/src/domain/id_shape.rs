//! Texts that are ids by their shape, and ids within longer texts.

use std::borrow::Cow;
use std::ops::Range;

use super::invisible::is_ignorable;

/// Whether a text has the shape of an id: 24 hex digits, or a UUID (RFC 9562, 4).
pub fn is_id(text: &str) -> bool {
    match text.len() {
        24 => text.bytes().all(|byte| byte.is_ascii_hexdigit()),
        UUID => is_uuid(text.as_bytes()),
        _ => false,
    }
}

/// The length of a UUID, and of one without dashes.
const UUID: usize = 36;
const BARE_UUID: usize = 32;

fn is_uuid(bytes: &[u8]) -> bool {
    bytes.len() == UUID
        && bytes.iter().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => *byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// Whether a text is a UUID without its dashes. Its version and variant tell it from a hash (RFC 9562, 4.1 and 4.2).
fn is_bare_uuid(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() == BARE_UUID
        && bytes.iter().all(u8::is_ascii_hexdigit)
        && matches!(bytes[12], b'1'..=b'8')
        && matches!(bytes[16], b'8' | b'9' | b'a' | b'b' | b'A' | b'B')
}

/// Whether a text has the shape of an id, or of a UUID without its dashes.
pub(crate) fn may_be_id(text: &str) -> bool {
    is_id(text) || is_bare_uuid(text)
}

/// An id in the form in which ids are compared: in lower case, a UUID without its dashes. Any other text as it is.
pub(crate) fn normal(id: &str) -> Cow<'_, str> {
    match id.len() {
        UUID if is_id(id) => Cow::Owned(id.replace('-', "").to_ascii_lowercase()),
        24 | BARE_UUID if id.bytes().all(|byte| byte.is_ascii_hexdigit()) => Cow::Owned(id.to_ascii_lowercase()),
        _ => Cow::Borrowed(id),
    }
}

/// `new` in the dress of `old`: a UUID that takes the place of one without dashes has none.
pub(crate) fn dressed_as(old: &str, new: String) -> String {
    if old.len() == BARE_UUID && is_bare_uuid(old) && new.len() == UUID && is_id(&new) {
        new.replace('-', "")
    } else {
        new
    }
}

/// How an id stands in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdContext {
    /// The text consists of ids, with what separates and dresses them: quotes, brackets, `ObjectId(…)`, `urn:uuid:`.
    Alone,
    /// It is written as a value: quoted, compared, assigned, or the last part of a path outside an address of the web.
    Written,
    /// Anywhere else: in a sentence, an address, a file's name.
    Within,
}

/// An id in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct EmbeddedId {
    pub(crate) range: Range<usize>,
    pub(crate) standing: IdContext,
}

/// The ids of a text, in their order. Letters and digits end before and behind each.
pub(crate) fn ids(text: &str) -> Vec<EmbeddedId> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    // The shortest id.
    if bytes.len() < 24 {
        return found;
    }
    let mut token = Token::default();
    let mut at = 0;
    while at < bytes.len() {
        if !bytes[at].is_ascii_alphanumeric() {
            token.pass(bytes, at);
            at += 1;
            continue;
        }
        let run = run_at(bytes, at);
        match id_in(text, at, run) {
            Some(range) => {
                at = range.end;
                let is_written = token.names_no_address() && begins_value(text, range.start) && ends_value(bytes, at);
                let standing = if is_written { IdContext::Written } else { IdContext::Within };
                found.push(EmbeddedId { range, standing });
            }
            None => at += run,
        }
    }
    if !found.is_empty() && is_dress(text, &found) {
        found.iter_mut().for_each(|id| id.standing = IdContext::Alone);
    }
    found
}

/// How many letters and digits follow each other from `at` on.
fn run_at(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().take_while(|byte| byte.is_ascii_alphanumeric()).count()
}

/// The id that the run of letters and digits at `at` is or begins.
fn id_in(text: &str, at: usize, run: usize) -> Option<Range<usize>> {
    let bytes = text.as_bytes();
    let of = |start: usize| {
        let end = match (at + run).checked_sub(start)? {
            24 | BARE_UUID => at + run,
            8 => start + UUID,
            _ => return None,
        };
        let id = text.get(start..end)?;
        let ends = !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
        let is_hex = id.len() != UUID && id.bytes().all(|byte| byte.is_ascii_hexdigit());
        (ends && (is_hex || is_id(id))).then_some(start..end)
    };
    of(at).or_else(|| of(at + escaped(bytes, at)))
}

/// How many of the letters and digits at `at` belong to an escape: `%22`, `\n`, `\u0022`.
fn escaped(bytes: &[u8], at: usize) -> usize {
    match at.checked_sub(1).map(|before| bytes[before]) {
        Some(b'%') => 2,
        Some(b'\\') => match bytes[at] {
            b'u' => 5,
            b'x' => 3,
            _ => 1,
        },
        _ => 0,
    }
}

/// What stands between white space and quotes, as far as it was read.
#[derive(Default)]
struct Token {
    has_dot: bool,
    is_address: bool,
}

impl Token {
    fn pass(&mut self, bytes: &[u8], at: usize) {
        match bytes[at] {
            b' ' | b'\t' | b'\n' | b'\r' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'(' | b')' => *self = Self::default(),
            b'.' => self.has_dot = true,
            b'/' if bytes[..at].ends_with(b":/") => {
                let scheme = &bytes[..at - 2];
                self.is_address |= WEB.iter().any(|web| ends_with_folded(scheme, web));
            }
            // A host: `crm.example/…`.
            b'/' => self.is_address |= self.has_dot,
            _ => {}
        }
    }

    fn names_no_address(&self) -> bool {
        !self.is_address
    }
}

const WEB: [&[u8]; 6] = [b"http", b"https", b"ws", b"wss", b"ftp", b"ftps"];

fn ends_with_folded(bytes: &[u8], end: &[u8]) -> bool {
    bytes.len().checked_sub(end.len()).is_some_and(|start| bytes[start..].eq_ignore_ascii_case(end))
}

/// Words before a value that is not quoted.
const COMPARING: [&str; 21] = [
    "eq", "ne", "is", "in", "not", "equals", "contains", "includes", "like", "has", "to", "from", "stage", "status",
    "pipeline", "agent", "user", "owner", "id", "template", "prompt",
];

/// How far is looked back for what stands before a value.
const BEFORE: usize = 40;

/// Whether a value begins at `at`: behind a quote, an operator, a bracket, a slash, or a word that compares.
fn begins_value(text: &str, at: usize) -> bool {
    let Some(start) = (at.saturating_sub(BEFORE)..=at).find(|start| text.is_char_boundary(*start)) else {
        return false;
    };
    let before = &text[start..at];
    let trimmed = before.trim_end_matches([' ', '\t']);
    let Some(last) = trimmed.chars().next_back() else { return true };
    if trimmed.len() == before.len() {
        let is_escape =
            ["%22", "%27", "%3D", "%3d", "\\n", "\\t", "\\u0022"].iter().any(|escape| before.ends_with(escape));
        return is_escape || !last.is_alphanumeric() && !matches!(last, '-' | '_' | '.');
    }
    match last {
        '\n' | '=' | '<' | '>' | '!' | ',' | '(' | '[' | '{' | '|' | '&' | '?' => true,
        ':' => !trimmed.rsplit('\n').next().unwrap_or_default().trim_start().contains(' '),
        _ => {
            let word = trimmed.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
            COMPARING.iter().any(|comparing| comparing.eq_ignore_ascii_case(word))
        }
    }
}

/// How far is looked for the ending of a file's name.
const FILE_NAME: usize = 100;

/// Whether a value ends at `at`: no name, address or file goes on there.
fn ends_value(bytes: &[u8], at: usize) -> bool {
    let rest = &bytes[at..bytes.len().min(at + FILE_NAME)];
    match rest.first() {
        Some(b'-' | b'_' | b'@') => false,
        Some(b'.') => !rest.get(1).is_some_and(u8::is_ascii_alphanumeric),
        Some(b'/') => !rest.iter().take_while(|byte| !b" \t\r\n\"'`<>?#&".contains(byte)).any(|byte| *byte == b'.'),
        _ => true,
    }
}

/// Words that dress an id.
const DRESS: [&str; 16] = [
    "objectid", "new", "uuid", "guid", "urn", "oid", "id", "ids", "bson", "mongo", "mongoose", "types", "x22", "x27",
    "22", "27",
];

/// Whether nothing but separators and dress stands between `ids`.
fn is_dress(text: &str, ids: &[EmbeddedId]) -> bool {
    let starts = std::iter::once(0).chain(ids.iter().map(|id| id.range.end));
    let ends = ids.iter().map(|id| id.range.start).chain([text.len()]);
    starts.zip(ends).all(|(start, end)| {
        let between = &text[start..end];
        let mut words = between.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
        let is_mark = |c: char| c.is_alphanumeric() || c.is_whitespace() || is_ignorable(c) || DRESS_MARKS.contains(c);
        between.chars().all(is_mark) && words.all(|word| DRESS.iter().any(|dress| dress.eq_ignore_ascii_case(word)))
    })
}

const DRESS_MARKS: &str = ",;|\"'`“”„‘’«»()[]{}<>:.$\\#=%";

/// Whether a text consists of ids, with what separates and dresses them.
pub(crate) fn is_ids_alone(text: &str) -> bool {
    ids(text).first().is_some_and(|id| id.standing == IdContext::Alone)
}

#[cfg(test)]
mod tests {
    use super::IdContext::{Alone, Within, Written};
    use super::*;

    const A: &str = "64eea1110000000000000061";
    const B: &str = "3f2b8c1e-0d4a-4b6f-9a57-1c2d3e4f5a6b";
    const BARE: &str = "3f2b8c1e0d4a4b6f9a571c2d3e4f5a6b";

    fn found(text: &str) -> Vec<(&str, IdContext)> {
        ids(text).into_iter().map(|id| (&text[id.range], id.standing)).collect()
    }

    #[test]
    fn an_id_is_24_hex_digits_or_a_uuid() {
        for id in [A, "64EEA1110000000000000061", B] {
            assert!(is_id(id), "{id}");
        }
        for text in [
            "",
            "64eea111000000000000006",
            "64eea11100000000000000610",
            "64eea111000000000000006g",
            "3f2b8c1e-0d4a-4b6f-9a57-1c2d3e4f5a6",
            "3f2b8c1e-0d4a-4b6f-9a57-1c2d3e4f5a6b0",
            "3f2b8c1e00d4a-4b6f-9a57-1c2d3e4f5a6b",
        ] {
            assert!(!is_id(text), "{text}");
        }
    }

    #[test]
    fn a_hash_is_no_uuid_without_dashes() {
        assert!(is_bare_uuid(BARE));
        for hash in
            ["d41d8cd98f00b204e9800998ecf8427e", "3f2b8c1e0d4a0b6f9a571c2d3e4f5a6b", "3f2b8c1e0d4a4b6fca571c2d3e4f5a6b"]
        {
            assert!(!is_bare_uuid(hash), "{hash}");
        }
        assert_eq!([normal(B), normal(&B.to_uppercase()), normal(BARE)], [BARE; 3]);
        assert_eq!(dressed_as(BARE, B.to_owned()), BARE);
        assert_eq!(dressed_as(B, B.to_owned()), B);
    }

    #[test]
    fn a_list_holds_ids_alone() {
        assert_eq!(found(A), [(A, Alone)]);
        assert_eq!(found(&format!(" {A}\n")), [(A, Alone)]);
        for separator in [",", ", ", ";", "|", " | ", "\n", "\u{a0}", "\",\"", "', '"] {
            assert_eq!(found(&format!("{A}{separator}{B}")), [(A, Alone), (B, Alone)], "{separator:?}");
        }
        assert_eq!(found(""), []);
    }

    #[test]
    fn an_id_in_dress_stands_alone() {
        for (before, behind) in [
            ("{", "}"),
            ("urn:uuid:", ""),
            ("ObjectId(\"", "\")"),
            ("new ObjectId('", "')"),
            ("{\"$oid\":\"", "\"}"),
            ("{\\\"$oid\\\": \\\"", "\\\"}"),
            ("“", "”"),
            ("#", ""),
            ("\u{200b}", "\u{feff}"),
            ("UUID('", "')"),
            ("id=", ""),
        ] {
            for id in [A, B, BARE] {
                assert_eq!(found(&format!("{before}{id}{behind}")), [(id, Alone)], "{before}{id}{behind}");
            }
        }
    }

    #[test]
    fn an_id_is_written_as_a_value_or_stands_within_something() {
        for (before, behind) in [
            ("stage == \"", "\" && x"),
            ("pipelines/", ""),
            ("/pipelines/", "/board"),
            ("gid://crm/Form/", ""),
            ("a=1&pipeline_id=", "&b=2"),
            ("{\"to\":\"", "\",\"n\":1}"),
            ("{\\\"to\\\":\\\"", "\\\"}"),
            ("%7B%22to%22%3A%22", "%22%7D"),
            ("form: ", "\nlang: en"),
            ("stage is ", ""),
            ("status_in(", ",x)"),
            ("x\\n", ""),
        ] {
            assert_eq!(found(&format!("{before}{A}{behind}")), [(A, Written)], "{before}{A}{behind}");
        }
        for (before, behind) in [
            ("https://crm.example/pipelines/", "/board"),
            ("HTTPS://crm.example/?stage=", ""),
            ("crm.example/pipelines/", ""),
            ("See ", " for it"),
            ("Order number: ", ""),
            ("img/", ".png"),
            ("avatar_", ".jpg"),
            ("assets/", "/logo.png"),
            ("<", "@mail.example>"),
            ("run-", "-2"),
        ] {
            assert_eq!(found(&format!("{before}{A}{behind}")), [(A, Within)], "{before}{A}{behind}");
        }
        for text in [format!("{A}0"), format!("a{A}"), format!("{B}0"), format!("x{B}"), format!("{A}{A}")] {
            assert_eq!(found(&text), [], "{text}");
        }
    }
}
