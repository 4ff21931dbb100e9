//! The progress of commands that read a whole table, on standard error.

use std::io::{self, IsTerminal};

/// Returns what prints the number of items: a line for every 10,000; on a terminal the same line again.
pub(super) fn items_read() -> impl FnMut(u64) {
    let is_watched = io::stderr().is_terminal();
    let mut reported = 0;
    move |items| {
        if items / 10_000 > reported {
            reported = items / 10_000;
            eprint!("{items} items read{}", if is_watched { "\r" } else { "\n" });
        }
    }
}
