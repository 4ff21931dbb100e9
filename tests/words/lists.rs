//! Lists of all variants of an enum that somebody has to keep by hand.

use std::sync::LazyLock;

use regex::Regex;

use crate::files::{self, File};

/// The constant `ALL` of an enum, as a list of nothing but its variants. A macro has `$` in it.
static LIST: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"const ALL: [^=;]*\[Self[^=]*= *\s*&?\[(?:\s*Self::\w+\s*,?)+\s*\]").unwrap());

fn lists(files: &[File]) -> Vec<&str> {
    let by_hand = files.iter().filter(|file| file.is_rust() && LIST.is_match(&file.text));
    by_hand.map(|file| file.path.as_str()).collect()
}

#[test]
fn no_list_of_all_variants_is_kept_by_hand() {
    assert!(lists(&files::all()).is_empty(), "use shared::every: {:?}", lists(&files::all()));
}

#[test]
fn a_list_kept_by_hand_is_found() {
    let is_found = |text: &str| {
        let file = File { path: "a.rs".to_owned(), text: text.to_owned() };
        !lists(&[file]).is_empty()
    };
    for text in [
        "pub const ALL: [Self; 2] = [Self::One, Self::Two];",
        "const ALL: [Self; 2] =\n        [\n    Self::One,\n    Self::Two,\n];",
        "const ALL: &'static [Self] = &[Self::One];",
    ] {
        assert!(is_found(text), "{text}");
    }
    for text in [
        "const ALL: [Self; 2] = [Self::One, Self::Size(2)];",
        "pub const ALL: &[Self] = &[$(Self::$id,)*];",
        "const ALL: [Self; 1] = [Self { one: true }];",
    ] {
        assert!(!is_found(text), "{text}");
    }
}
