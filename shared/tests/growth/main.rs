//! How work and memory grow with what comes in: for every function of content or body, at the worst shapes that are known. Twice
//! and four times the input take at most 1.2 times twice and four times the work, counted in units of work, in bytes that are
//! allocated and in allocations, never in seconds. How the time grew is printed.
//!
//! A new function of content or body gets a row, in the file of its topic. Those of the functions have theirs in `src/growth.rs` of
//! their function.

#![expect(clippy::unwrap_used, reason = "a test's own function may panic")]

mod bodies;
mod captures;
mod comparisons;
mod measure;
mod meters;
mod plans;
mod redaction;
mod shapes;
mod walks;

use measure::{Row, Run, hold, row, run, unmetered};

#[test]
fn capturing_packing_and_reading_grow_as_fast_as_what_comes_in() {
    hold(captures::ROWS);
}

#[test]
fn redaction_grows_as_fast_as_what_comes_in() {
    hold(redaction::ROWS);
}

#[test]
fn every_walk_grows_as_fast_as_what_comes_in() {
    hold(walks::ROWS);
}

#[test]
fn planning_and_applying_grow_as_fast_as_what_comes_in() {
    hold(plans::ROWS);
}

#[test]
fn comparing_and_suggesting_grow_as_fast_as_what_comes_in() {
    hold(comparisons::ROWS);
}

#[test]
fn bodies_lists_and_loading_grow_as_fast_as_what_comes_in() {
    hold(bodies::ROWS);
}

#[test]
fn what_grows_faster_is_seen() {
    let quadratic = row("quadratic", 500, |size| {
        run(size, move |work| {
            let texts: Vec<String> = (0..size).map(|_| "x".repeat(size)).collect();
            work.spend(texts.iter().map(String::len).sum()).unwrap();
        })
    });
    let faults = quadratic.faults();
    assert!(faults.iter().any(|fault| fault.contains(": units of")), "{faults:#?}");
    assert!(faults.iter().any(|fault| fault.contains(": bytes of")), "{faults:#?}");
    let unmeasured = row("without a meter", 5_000, |size| run(size, |_| ()));
    assert_eq!(unmeasured.faults().len(), 1);
}
