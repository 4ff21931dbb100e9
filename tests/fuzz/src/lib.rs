//! Targets for fuzzing: each takes bytes, does with them what the service does with bytes from outside, and panics where
//! something does not hold that must hold for all of them.
//!
//! `cargo test` runs a fixed number of cases from a fixed seed (`tests/seeded.rs`), the binary runs as long as you say
//! (`cargo run --release -p fuzz -- --seconds 600`). Both make inputs by changing good ones (`mutation.rs`). Without the feature
//! `campaign` what is left are the pure targets, for a fuzzer that makes inputs itself (`libfuzzer`, `run`).
#![expect(clippy::expect_used, clippy::panic, reason = "a target that finds something panics")]

#[cfg(feature = "campaign")]
pub mod campaign;
#[path = "../../../shared/src/domain/redaction/tests/canaries.rs"]
pub mod canaries;
#[cfg(feature = "campaign")]
mod mutation;
pub mod targets;

/// Something that takes bytes from outside.
pub struct Target {
    /// Its name, on the command line and in messages.
    pub name: &'static str,
    /// Runs one case, and panics where it finds something.
    pub run: fn(&[u8]),
    /// Good inputs, for others to be made of.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// Every target that needs no service.
pub const PURE: [Target; 6] =
    [targets::IDS, targets::CURSORS, targets::HEADERS, targets::BODIES, targets::REDACTOR, targets::CANARIES];
