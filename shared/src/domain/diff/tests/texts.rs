//! How the lines of texts are shown.

use super::super::lines::{End, lines};
use super::super::unified::{UnifiedDiff, unified};
use super::*;

fn hunks(before: &str, after: &str) -> Vec<String> {
    let UnifiedDiff { lines, omitted } = unified(Some(before), Some(after), &mut MAX_SEARCHED.clone());
    assert_eq!(omitted, 0);
    lines
}

/// The lines of a text of `count` numbered lines, one of which may be another.
fn numbered(count: usize, other: Option<usize>) -> String {
    (1..=count).map(|line| if Some(line) == other { "other\n".to_owned() } else { format!("{line}\n") }).collect()
}

#[test]
fn a_changed_line_is_shown_with_three_lines_around_it() {
    assert_eq!(
        hunks(&numbered(20, None), &numbered(20, Some(10))),
        ["@@ -7,7 +7,7 @@", " 7", " 8", " 9", "-10", "+other", " 11", " 12", " 13"]
    );
    assert_eq!(
        hunks(&numbered(20, None), &numbered(20, Some(1))),
        ["@@ -1,4 +1,4 @@", "-1", "+other", " 2", " 3", " 4"]
    );
}

#[test]
fn changes_six_lines_apart_share_a_hunk_and_changes_seven_apart_do_not() {
    for (gap, headings) in [(5, 1), (6, 1), (7, 2)] {
        let text = |line: &str| format!("{line}\n{}{line}\n", numbered(gap, None));
        let shown = hunks(&text("a"), &text("b"));
        assert_eq!(shown.iter().filter(|line| line.starts_with("@@")).count(), headings, "{gap}");
    }
}

#[test]
fn an_empty_side_is_at_line_0() {
    assert_eq!(hunks("", "a\nb\n"), ["@@ -0,0 +1,2 @@", "+a", "+b"]);
    assert_eq!(hunks("a\n", ""), ["@@ -1,1 +0,0 @@", "-a"]);
    assert_eq!(hunks("", "\n"), ["@@ -0,0 +1,1 @@", "+"]);
    assert_eq!(unified(None, Some("a"), &mut 9).lines, ["@@ -0,0 +1,1 @@", "+a"]);
}

#[test]
fn a_difference_in_the_last_line_break_is_visible() {
    assert_eq!(hunks("a\n", "a"), ["@@ -1,1 +1,1 @@", "-a", "+a", r"\ No newline at end of text"]);
    assert_eq!(hunks("a", "a\n"), ["@@ -1,1 +1,1 @@", "-a", r"\ No newline at end of text", "+a"]);
    assert_eq!(hunks("", "a"), ["@@ -0,0 +1,1 @@", "+a", r"\ No newline at end of text"]);
}

#[test]
fn where_both_texts_end_alike_nothing_is_said_about_it() {
    assert_eq!(hunks("a\nb", "a\nc"), ["@@ -1,2 +1,2 @@", " a", "-b", "+c"]);
    assert_eq!(hunks("a\nb", "a\nb\nc"), ["@@ -1,2 +1,3 @@", " a", " b", "+c"]);
}

#[test]
fn another_line_break_is_visible() {
    assert_eq!(hunks("a\r\nb\n", "a\nb\n"), ["@@ -1,2 +1,2 @@", "-a␍", "+a", " b"]);
    assert_eq!(hunks("\t\0\u{1b}\u{7f}", "a\rb"), ["@@ -1,1 +1,1 @@", "-\t␀␛␡", "+a␍b"]);
}

#[test]
fn letters_written_in_another_way_are_another_line() {
    assert_eq!(hunks("caf\u{e9}", "cafe\u{301}"), ["@@ -1,1 +1,1 @@", "-caf\u{e9}", "+cafe\u{301}"]);
}

#[test]
fn only_a_line_of_more_than_200_code_points_is_broken() {
    for (length, pieces) in [(199, 1), (200, 1), (201, 2)] {
        let text = format!("{}. {}\n", "é".repeat(98), "é".repeat(length - 100));
        assert_eq!(lines(&text, false).len(), pieces, "{length}");
    }
}

#[test]
fn a_long_line_is_broken_at_the_best_places_that_make_it_short_enough() {
    let broken = |unit: &str, times: usize| -> Vec<String> {
        let text = unit.repeat(times);
        let pieces = lines(&text, false);
        assert!(pieces.iter().all(|line| line.text.chars().count() <= MAX_LINE));
        pieces.iter().map(|line| line.text.to_owned()).collect()
    };
    assert_eq!(
        broken("<rule>Be kind. Be brief.</rule> ", 10)[..2],
        ["<rule>Be kind. Be brief.</rule> ".to_owned(), "<rule>Be kind. Be brief.</rule> ".to_owned()]
    );
    assert_eq!(broken("Costs 3.14. Really? Yes!  No… ", 10)[..4], ["Costs 3.14. ", "Really? ", "Yes!  ", "No… "]);
    assert_eq!(broken("こんにちは。さようなら！", 30)[..2], ["こんにちは。", "さようなら！"]);
    assert_eq!(broken("<a>b", 100)[..3], ["<a>", "b<a>", "b<a>"]);
    assert_eq!(broken("one, two; ", 30)[..2], ["one, ", "two; "]);
    let words = broken("lorem ipsum dolor sit amet consectetur adipiscing elit sed do ", 10);
    assert!(words.iter().all(|piece| piece.ends_with(' ')), "{words:?}");
    assert_eq!(broken("é", 450), ["é".repeat(200), "é".repeat(200), "é".repeat(50)]);
}

#[test]
fn the_pieces_of_a_line_say_that_it_goes_on() {
    let text = format!("{}. {}.\nb", "x".repeat(150), "y".repeat(150));
    let ends: Vec<_> = lines(&text, true).iter().map(|line| line.end).collect();
    assert_eq!(ends, [End::GoesOn, End::Newline, End::Text]);
    // The same words, but in two lines.
    let (before, after) =
        (format!("{}><{}", "x".repeat(120), "y".repeat(120)), format!("{}>\n<{}", "x".repeat(120), "y".repeat(120)));
    let shown = hunks(&before, &after);
    assert_eq!(
        shown[1..],
        [format!("-{}>↩", "x".repeat(120)), format!("+{}>", "x".repeat(120)), format!(" <{}", "y".repeat(120))]
    );
}

#[test]
fn a_small_edit_of_a_prompt_in_one_line_shows_a_few_lines() {
    let sentence = |number: usize| {
        format!("<rule id=\"{number}\">Greet the lead by name. Then ask about budget number {number}.</rule>")
    };
    let words = |number: usize| format!("word{} number{number} ", number * 7919 % 1000);
    let letters = |number: usize| format!("{:x}", number * 7919 * 104_729);
    for (unit, most) in [(&sentence as &dyn Fn(usize) -> String, 9), (&words, 11), (&letters, 16)] {
        let text: Vec<String> = (0..300).map(unit).collect();
        let (before, mut after) = (text.concat(), text);
        after[150].insert_str(3, "EDIT");
        let shown = hunks(&before, &after.concat());
        assert!(shown.len() <= most, "{shown:#?}");
        assert!(shown.iter().any(|line| line.starts_with('+') && line.contains("EDIT")));
    }
}

#[test]
fn at_most_30_lines_in_a_row_are_shown_as_removed_or_added() {
    for (count, omitted) in [(29, 0), (30, 0), (31, 1), (35, 5)] {
        let shown = unified(Some(&"a\n".repeat(count)), Some(&"b\n".repeat(count)), &mut MAX_SEARCHED.clone());
        let starting = |sign: char| shown.lines.iter().filter(|line| line.starts_with(sign)).count();
        assert_eq!((starting('-'), starting('+')), (count.min(MAX_RUN), count.min(MAX_RUN)));
        assert_eq!((shown.omitted, starting('\\')), (2 * omitted, if omitted > 0 { 2 } else { 0 }));
        let note = if omitted == 1 { r"\ 1 more line".to_owned() } else { format!(r"\ {omitted} more lines") };
        assert_eq!(shown.lines.last().unwrap() == &note, omitted > 0);
    }
}

/// `count` changes, each of which takes a hunk of nine lines.
fn changes(line: &str, count: usize) -> String {
    format!("1\n2\n3\n{line}\n4\n5\n6\n7\n").repeat(count)
}

#[test]
fn at_most_100_lines_of_a_field_are_shown() {
    // Ten hunks of nine lines, then a heading, three lines of context and those that are added.
    for (added, omitted) in [(5, 0), (6, 0), (7, 1)] {
        let (before, after) =
            (changes("a", 10) + "8\n9\n10\n", changes("b", 10) + "8\n9\n10\n" + &"new\n".repeat(added));
        let shown = unified(Some(&before), Some(&after), &mut MAX_SEARCHED.clone());
        assert_eq!((shown.lines.len(), shown.omitted), ((94 + added).min(MAX_FIELD_LINES), omitted));
    }
}

#[test]
fn a_hunk_of_which_only_the_heading_has_room_is_left_out() {
    let shown = unified(Some(&changes("a", 13)), Some(&changes("b", 13)), &mut MAX_SEARCHED.clone());
    assert_eq!((shown.lines.len(), shown.omitted), (99, 16));
    assert_eq!(shown.lines.last().unwrap(), " 6");
}

#[test]
fn texts_of_more_lines_than_are_searched_are_replaced_from_the_first_difference_to_the_last() {
    let half = MAX_SEARCHED / 2;
    let text = |line: &str, count: usize| format!("same\n{line}\nkept\n{}{line}\nsame\n", "x\n".repeat(count - 3));
    for (count, is_searched) in [(half - 1, true), (half, true), (half + 1, false)] {
        let shown = unified(Some(&text("a", count)), Some(&text("b", count)), &mut MAX_SEARCHED.clone());
        assert_eq!(shown.omitted == 0, is_searched, "{count}");
        assert_eq!(shown.lines.contains(&"+kept".to_owned()), !is_searched, "{count}");
        assert_eq!((shown.lines[1].as_str(), shown.lines.last().unwrap().as_str()), (" same", " same"));
    }
}

#[test]
fn what_one_text_took_to_search_is_not_there_for_the_next() {
    let mut left = 4;
    unified(Some("a\nb\nsame\n"), Some("c\nd\nsame\n"), &mut left);
    assert_eq!(left, 0);
    assert_eq!(
        unified(Some("a\nkept\nb"), Some("c\nkept\nd"), &mut left).lines[1..],
        ["-a", "-kept", "-b", "+c", "+kept", "+d"]
    );
}
