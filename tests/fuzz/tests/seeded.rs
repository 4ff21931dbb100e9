//! A fixed number of cases of every target, the same every time. `cargo run --release -p fuzz` goes on from there.

use std::collections::BTreeSet;

use fuzz::{PURE, Target, campaign, targets};

fn feed(target: &Target, cases: u64) {
    assert_eq!(campaign::run(target, 2026, 0..cases, || true), cases);
}

#[test]
fn ids_moments_addresses_and_names_read_as_they_are_written() {
    feed(&targets::IDS, 20_000);
}

#[test]
fn no_cursor_but_ours_means_a_place() {
    feed(&targets::CURSORS, 20_000);
}

#[test]
fn headers_are_read_one_way_or_refused() {
    feed(&targets::HEADERS, 20_000);
}

#[test]
fn a_body_is_taken_when_it_has_one_meaning() {
    feed(&targets::BODIES, 8_000);
}

#[test]
fn the_redactor_takes_every_document() {
    feed(&targets::REDACTOR, 1_000);
}

#[test]
fn a_canary_is_found_whatever_stands_beside_it() {
    feed(&targets::CANARIES, 4_000);
}

#[test]
fn the_service_answers_every_request_as_described_and_never_with_5xx() {
    feed(&targets::SERVICE, 1_000);
}

#[test]
fn a_case_is_the_same_whenever_it_is_made() {
    let good = (targets::BODIES.seeds)();
    for number in 0..200 {
        assert_eq!(campaign::case(&good, 7, number), campaign::case(&good, 7, number));
    }
    let differing = (100..200).filter(|number| campaign::case(&good, 7, *number) != campaign::case(&good, 8, *number));
    assert!(differing.count() > 80);
}

#[test]
fn libfuzzer_has_a_binary_for_every_pure_target() {
    let directory = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/libfuzzer/src/bin")).unwrap();
    let files: BTreeSet<String> = directory.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(files, PURE.iter().map(|target| format!("{}.rs", target.name)).collect());
}
