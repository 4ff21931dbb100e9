//! A text as its reader sees it: what does not show is away, and what has several forms has one. Secrets are judged in it and
//! cut in the original.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::coat::DecodedText;
use crate::domain::invisible::is_ignorable;

/// Named character references of HTML that stand around names and values.
const NAMED: [(&str, char); 12] = [
    ("quot", '"'),
    ("apos", '\''),
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("nbsp", ' '),
    ("colon", ':'),
    ("equals", '='),
    ("ndash", '-'),
    ("mdash", '-'),
    ("shy", '\u{AD}'),
    ("zwnj", '\u{200C}'),
];

/// The normal form of `text`; `None` where that is the text itself.
pub(super) fn normal(text: &str) -> Option<DecodedText> {
    if text.is_ascii() && !text.contains('&') {
        return None;
    }
    let mut normal = DecodedText::default();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let plain = rest.find(|c: char| !c.is_ascii() || c == '&').unwrap_or(rest.len());
        // What follows may be a mark on the last of these.
        let marked = rest[plain..].starts_with(is_combining_mark);
        let plain = if marked { plain.saturating_sub(1) } else { plain };
        if plain > 0 {
            normal.push_verbatim(&rest[..plain], at);
            at += plain;
            continue;
        }
        at += push_unit(&mut normal, rest, at);
    }
    Some(normal)
}

/// The most bytes of marks on one character that are read with it.
const MOST_MARKS: usize = 32;

/// Adds what `rest` begins with, which is a reference or a character with its marks; gives its length.
fn push_unit(normal: &mut DecodedText, rest: &str, at: usize) -> usize {
    if let Some((unit, length)) = reference(rest) {
        if let Some(unit) = as_read(unit) {
            normal.push(unit, at..at + length);
        }
        return length;
    }
    let first = rest.chars().next().map_or(1, char::len_utf8);
    // Nobody writes more marks than a few; what is longer is taken piece by piece, and not counted to its end each time.
    let marks = rest[first..].chars().take(MOST_MARKS + 1).take_while(|c| is_combining_mark(*c));
    let marks: usize = marks.map(char::len_utf8).sum();
    let length = if marks <= MOST_MARKS { first + marks } else { first };
    let cluster = &rest[..length];
    if cluster.is_ascii() {
        normal.push_verbatim(cluster, at);
        return length;
    }
    let read: String =
        cluster.nfkc().flat_map(as_read).map(|unit| look_alike(unit, normal.text.as_str(), &rest[length..])).collect();
    if read == cluster {
        normal.push_verbatim(cluster, at);
    } else {
        for unit in read.chars() {
            normal.push(unit, at..at + length);
        }
    }
    length
}

/// The character as it reads; none where it does not show.
fn as_read(unit: char) -> Option<char> {
    Some(match unit {
        '\u{2018}'..='\u{201B}' | '\u{2032}' => '\'',
        '\u{201C}'..='\u{201F}' | '\u{2033}' | '«' | '»' | '‹' | '›' | '「' | '」' | '『' | '』' => '"',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        '\u{A0}' => ' ',
        '⇒' | '➔' | '➜' | '➡' => '→',
        hidden if is_ignorable(hidden) => return None,
        other => other,
    })
}

/// Letters of Cyrillic and Greek that look like one of Latin (Unicode TR 39, `confusables.txt`).
const LOOK_ALIKES: [(char, char); 30] = [
    ('а', 'a'),
    ('е', 'e'),
    ('о', 'o'),
    ('р', 'p'),
    ('с', 'c'),
    ('у', 'y'),
    ('х', 'x'),
    ('і', 'i'),
    ('ѕ', 's'),
    ('ј', 'j'),
    ('һ', 'h'),
    ('ԁ', 'd'),
    ('ԝ', 'w'),
    ('к', 'k'),
    ('т', 't'),
    ('А', 'A'),
    ('Е', 'E'),
    ('О', 'O'),
    ('Р', 'P'),
    ('С', 'C'),
    ('К', 'K'),
    ('Т', 'T'),
    ('Ѕ', 'S'),
    ('І', 'I'),
    ('α', 'a'),
    ('ο', 'o'),
    ('ρ', 'p'),
    ('ν', 'v'),
    ('τ', 't'),
    ('κ', 'k'),
];
/// The most letters of a word that are looked at, to each side.
const WORD: usize = 24;

/// The letter of Latin that `unit` looks like, where the word that it stands in has letters of Latin, too.
fn look_alike(unit: char, before: &str, after: &str) -> char {
    let Some((_, latin)) = LOOK_ALIKES.iter().find(|(letter, _)| *letter == unit) else { return unit };
    let is_latin = |c: char| c.is_ascii_alphabetic();
    let mut before = before.chars().rev().take(WORD).take_while(|c| c.is_alphabetic());
    let mut after = after.chars().take(WORD).take_while(|c| c.is_alphabetic());
    if before.any(is_latin) || after.any(is_latin) { *latin } else { unit }
}

/// The character that a reference of HTML at the beginning of `text` stands for, and the length of the reference.
fn reference(text: &str) -> Option<(char, usize)> {
    let inner = text.strip_prefix('&')?;
    let length = inner.bytes().take(10).position(|byte| byte == b';')?;
    let name = inner.get(..length)?;
    let unit = match name.strip_prefix('#') {
        Some(number) => char::from_u32(match number.strip_prefix(['x', 'X']) {
            Some(digits) => u32::from_str_radix(digits, 16).ok()?,
            None => number.parse().ok()?,
        })?,
        None => NAMED.iter().find(|(known, _)| *known == name)?.1,
    };
    Some((unit, length + 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_it_shows() {
        for (text, read) in [
            ("p\u{200B}ass\u{AD}word", "password"),
            ("ｐａｓｓｗｏｒｄ：ａ１", "password:a1"),
            ("contrasen\u{303}a", "contraseña"),
            ("“a” ‘b’ «c»", "\"a\" 'b' \"c\""),
            ("a &ndash; b&nbsp;c &#58; &#x22;d&quot; &amp;", "a - b c : \"d\" &"),
            ("&unknown; & &;", "&unknown; & &;"),
            ("\u{301}a", "\u{301}a"),
            ("日本 ü", "日本 ü"),
        ] {
            assert_eq!(normal(text).unwrap().text, read, "{text}");
        }
        assert!(normal("plain").is_none());
    }

    #[test]
    fn a_run_of_marks_is_not_counted_to_its_end_at_each_of_them() {
        // By the square of their number this takes minutes.
        let text = "a".to_owned() + &"\u{301}".repeat(200_000);
        assert_eq!(normal(&text).unwrap().text.chars().count(), 200_001);
    }

    #[test]
    fn what_is_found_is_cut_in_the_original() {
        let text = "pass\u{200B}word: ab\u{200B}c1&amp;2 \u{200B}x";
        let read = normal(text).unwrap();
        let found = read.text.find("abc1&2").unwrap();
        assert_eq!(&text[read.source(&(found..found + 6))], "ab\u{200B}c1&amp;2");
    }
}
