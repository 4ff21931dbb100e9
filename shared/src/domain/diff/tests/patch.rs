//! Applies the listed changes as a reader would.

use super::super::fields::FieldDifference;
use super::super::unified::{GOES_ON, NO_NEWLINE};
use super::super::{lines, unified};
use super::*;

/// The lines of `text` as a unified diff shows them, without their signs.
fn shown(text: &str) -> Vec<String> {
    let picture = |char: char| match char {
        '\0'..='\u{8}' | '\n'..='\u{1f}' => char::from_u32(0x2400 + char as u32).unwrap(),
        '\u{7f}' => '␡',
        other => other,
    };
    let line = |line: &lines::Line<'_>| {
        let text: String = line.text.chars().map(picture).collect();
        if line.end == lines::End::GoesOn { format!("{text}{GOES_ON}") } else { text }
    };
    lines::lines(text, false).iter().map(line).collect()
}

/// Returns what a reader sees of a text, and whether it ends without a line break. No line is marked as broken, and control
/// characters are pictures.
pub(super) fn read(text: &str) -> (String, bool) {
    (join(&shown(text)), is_open(text))
}

fn join(lines: &[String]) -> String {
    let whole = |line: &String| line.strip_suffix(GOES_ON).map_or_else(|| format!("{line}\n"), str::to_owned);
    lines.iter().map(whole).collect()
}

fn is_open(text: &str) -> bool {
    !text.is_empty() && !text.ends_with('\n')
}

/// The text that `hunks` make of `before`, as [`read`] gives it. Every old line must be where the hunks say.
pub(super) fn patched(before: &str, hunks: &[String]) -> (String, bool) {
    let old = shown(before);
    let (mut new, mut at, mut expected) = (Vec::new(), 0, (0, 0));
    let mut ends_open = is_open(before);
    for (index, line) in hunks.iter().enumerate() {
        let (sign, text) = line.split_at(1);
        match sign {
            "@" => {
                assert_eq!((at, new.len()), expected, "the hunk before has another length");
                let numbers: Vec<usize> =
                    text.split(|char: char| !char.is_ascii_digit()).filter_map(|number| number.parse().ok()).collect();
                let [old_first, old_length, new_first, new_length] = numbers[..] else { panic!("{line}") };
                let start = |first: usize, length: usize| if length == 0 { first } else { first - 1 };
                new.extend_from_slice(&old[at..start(old_first, old_length)]);
                at = start(old_first, old_length);
                assert_eq!(new.len(), start(new_first, new_length), "{line}");
                expected = (at + old_length, new.len() + new_length);
            }
            " " | "-" => {
                assert_eq!(old[at], text);
                at += 1;
                if sign == " " {
                    new.push(text.to_owned());
                }
            }
            "+" => new.push(text.to_owned()),
            _ => {
                assert_eq!(line, NO_NEWLINE);
                ends_open = hunks[index - 1].starts_with('+');
            }
        }
    }
    assert_eq!((at, new.len()), expected);
    new.extend_from_slice(&old[at..]);
    (join(&new), ends_open)
}

/// Applies `fields` to `document`. Returns `None` where only a part of a text is shown.
pub(super) fn applied(mut document: Value, fields: &[FieldDifference<'_>]) -> Option<Value> {
    // What is gone has a pointer into the old document, so the last goes first.
    let (gone, rest): (Vec<_>, Vec<_>) = fields.iter().partition(|field| field.after.is_none());
    for field in gone.into_iter().rev().chain(rest) {
        let (parent, key) = field.pointer.rsplit_once('/')?;
        let key = key.replace("~1", "/").replace("~0", "~");
        let value = told_value(field)?;
        match document.pointer_mut(parent)? {
            Value::Object(fields) => match value {
                Some(value) => {
                    assert_eq!(fields.insert(key, value).is_some(), field.before.is_some());
                }
                None => assert_eq!(fields.remove(&key).as_ref(), field.before),
            },
            Value::Array(values) => {
                let index = key.parse().unwrap();
                match value {
                    Some(value) if field.before.is_some() => values[index] = value,
                    Some(value) => values.insert(index, value),
                    None => assert_eq!(Some(&values.remove(index)), field.before),
                }
            }
            other => panic!("{} leads into {other}", field.pointer),
        }
    }
    Some(document)
}

/// Returns the new value, if there is one, from the hunks where lines are shown.
fn told_value(field: &FieldDifference<'_>) -> Option<Option<Value>> {
    let Some([before, after]) = field.texts() else { return Some(field.after.cloned()) };
    let told = unified::unified(before.as_deref(), after.as_deref(), &mut MAX_SEARCHED.clone());
    let Some(after) = after.filter(|_| told.omitted == 0) else { return field.after.is_none().then_some(None) };
    let (text, ends_open) = patched(before.as_deref().unwrap_or_default(), &told.lines);
    if before.is_some() {
        assert_eq!((text, ends_open), read(&after));
    } else {
        assert_eq!(text, read(&after).0);
    }
    Some(field.after.cloned())
}
