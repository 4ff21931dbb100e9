//! Two texts as a unified diff: what `diff -u` prints, without the names of files, and capped.

use std::collections::HashMap;
use std::ops::Range;

use similar::{Algorithm, DiffOp};

use super::common_ends;
use super::lines::{self, End, Line};

/// How many lines that did not change are shown around those that did; as `diff -u` does.
pub const CONTEXT: usize = 3;
/// The most lines shown of one field: some screens full. Who wants all of it reads the item.
pub const MAX_FIELD_LINES: usize = 100;
/// The most removed lines in a row, and the most added ones: after a text that was written anew the new one is seen, too.
pub const MAX_RUN: usize = 30;
/// In how many lines of one item, old and new ones together, differences are searched: more than the longest text has that a
/// person wrote. A search takes a few microseconds per line at worst; beyond this number all that lies between the first
/// and the last difference of a text counts as replaced.
pub const MAX_SEARCHED: usize = 10_000;

/// A piece of a longer line ends in this.
pub(super) const GOES_ON: char = '↩';
/// Follows the last line of a text whose end is a difference, as `diff` and Git say it.
pub(super) const NO_NEWLINE: &str = r"\ No newline at end of text";

/// Hunks, line by line.
#[derive(Debug, Default, PartialEq)]
pub(super) struct UnifiedDiff {
    /// At most [`MAX_FIELD_LINES`].
    pub(super) lines: Vec<String>,
    /// How many lines of the hunks are left out.
    pub(super) omitted: usize,
}

/// The differences of two texts, one of which may not be there at all. What a search takes is taken from `search_left`,
/// which begins at [`MAX_SEARCHED`].
pub(super) fn unified(before: Option<&str>, after: Option<&str>, search_left: &mut usize) -> UnifiedDiff {
    let has_open_end = |text: &str| !text.is_empty() && !text.ends_with('\n');
    let end_matters = before.zip(after).is_some_and(|(before, after)| has_open_end(before) != has_open_end(after));
    let old = lines::lines(before.unwrap_or_default(), end_matters);
    let new = lines::lines(after.unwrap_or_default(), end_matters);
    let mut shown = UnifiedDiff::default();
    for hunk in similar::group_diff_ops(differences(&old, &new, search_left), CONTEXT) {
        shown.hunk(&hunk, &old, &new);
    }
    shown
}

fn differences<'a>(old: &[Line<'a>], new: &[Line<'a>], search_left: &mut usize) -> Vec<DiffOp> {
    let (head, tail) = common_ends(old, new);
    let (old_len, new_len) = (old.len() - head - tail, new.len() - head - tail);
    if let Some(left) = search_left.checked_sub(old_len + new_len) {
        *search_left = left;
        return search(old, new);
    }
    vec![
        DiffOp::Equal { old_index: 0, new_index: 0, len: head },
        DiffOp::Replace { old_index: head, old_len, new_index: head, new_len },
        DiffOp::Equal { old_index: head + old_len, new_index: head + new_len, len: tail },
    ]
}

/// Not by `Algorithm::Histogram`: where every second line differs, it takes time by the square of their number.
fn search<'a>(old: &[Line<'a>], new: &[Line<'a>]) -> Vec<DiffOp> {
    let mut numbers = HashMap::new();
    let mut number = |line: &Line<'a>| {
        let next = numbers.len();
        *numbers.entry(*line).or_insert(next)
    };
    // Comparing numbers is quicker than comparing texts again and again.
    let old: Vec<_> = old.iter().map(&mut number).collect();
    let new: Vec<_> = new.iter().map(number).collect();
    similar::capture_diff_slices(Algorithm::Myers, &old, &new)
}

impl UnifiedDiff {
    fn hunk(&mut self, ops: &[DiffOp], old: &[Line<'_>], new: &[Line<'_>]) {
        let (Some(first), Some(last)) = (ops.first(), ops.last()) else { return };
        let old_place = place(first.old_range().start..last.old_range().end);
        let new_place = place(first.new_range().start..last.new_range().end);
        // A heading with nothing below it says nothing.
        if self.room() > 1 {
            self.lines.push(format!("@@ -{old_place} +{new_place} @@"));
            self.below_heading(ops, old, new);
        } else {
            self.omitted += ops.iter().map(lines_of).sum::<usize>();
        }
    }

    fn below_heading(&mut self, ops: &[DiffOp], old: &[Line<'_>], new: &[Line<'_>]) {
        for op in ops {
            if let DiffOp::Equal { .. } = op {
                self.run(' ', &new[op.new_range()]);
            } else {
                self.run('-', &old[op.old_range()]);
                self.run('+', &new[op.new_range()]);
            }
        }
    }

    fn run(&mut self, sign: char, lines: &[Line<'_>]) {
        let mut left = lines.iter().take(MAX_RUN);
        while self.room() > 0
            && let Some(line) = left.next()
        {
            self.line(sign, line);
        }
        let omitted = left.len() + lines.len().saturating_sub(MAX_RUN);
        self.omitted += omitted;
        if omitted > 0 && self.room() > 0 {
            let noun = if omitted == 1 { "line" } else { "lines" };
            self.lines.push(format!(r"\ {omitted} more {noun}"));
        }
    }

    fn line(&mut self, sign: char, line: &Line<'_>) {
        let goes_on = (line.end == End::GoesOn).then_some(GOES_ON);
        self.lines.push([sign].into_iter().chain(line.text.chars().map(visible)).chain(goes_on).collect());
        if line.end == End::Text && self.room() > 0 {
            self.lines.push(NO_NEWLINE.to_owned());
        }
    }

    fn room(&self) -> usize {
        MAX_FIELD_LINES - self.lines.len()
    }
}

/// Where a hunk stands and how long it is. Lines count from 1; a hunk of no lines names the one before it.
fn place(lines: Range<usize>) -> String {
    let first = lines.start + usize::from(!lines.is_empty());
    format!("{first},{}", lines.len())
}

/// How many lines are shown for `op`.
fn lines_of(op: &DiffOp) -> usize {
    let removed = if let DiffOp::Equal { .. } = op { 0 } else { op.old_range().len() };
    removed + op.new_range().len()
}

/// A control character as its picture, such as `␍`: a line that ends in another way must not look the same.
fn visible(char: char) -> char {
    match u32::from(char) {
        code @ (0..=8 | 10..=0x1f) => char::from_u32(0x2400 + code).unwrap_or(char),
        0x7f => '␡',
        _ => char,
    }
}
