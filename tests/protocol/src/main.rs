//! Checks a configuration of any size: `cargo run --release -p apply-protocol -- --help`.

use apply_protocol::check::check;
use apply_protocol::guards::Guard;
use apply_protocol::state::{ApplyShape, Protocol, Shape};
use apply_protocol::store::SourceChange;
use clap::Parser;

/// Checks every state of the apply protocol.
#[derive(Parser)]
struct Options {
    /// Runs of the first apply: the first request and its retries with the same key (at most 4 with those of the other).
    #[arg(long, default_value_t = 2)]
    appliers: usize,
    /// Stages of the first apply (at most 3); 0 is an apply in one transaction.
    #[arg(long, default_value_t = 2)]
    stages: usize,
    /// The first apply has no idempotency key.
    #[arg(long)]
    keyless: bool,
    /// Runs of another apply, in one stage, that wants the same e-mail address.
    #[arg(long, default_value_t = 0)]
    others: usize,
    /// Stages of the other apply.
    #[arg(long, default_value_t = 1)]
    other_stages: usize,
    /// The plan may change.
    #[arg(long)]
    moves: bool,
    /// The snapshot may be deleted.
    #[arg(long, conflicts_with = "moves")]
    deleted: bool,
    /// The user may be undone.
    #[arg(long)]
    undo: bool,
    /// The user may sign in.
    #[arg(long)]
    sign_in: bool,
    /// The user's setup may be edited.
    #[arg(long)]
    edit: bool,
    /// Another system may remove the user.
    #[arg(long)]
    remove: bool,
    /// An administrator may remove the user.
    #[arg(long)]
    removal: bool,
    /// Take every state for itself: some ten times as many, with the same outcome.
    #[arg(long)]
    unfolded: bool,
    /// A guard to switch off, by its name; may be repeated.
    #[arg(long)]
    without: Vec<String>,
}

fn main() {
    let options = Options::parse();
    let mut applies = vec![ApplyShape { runs: options.appliers, keyed: !options.keyless, stages: options.stages }];
    if options.others > 0 {
        applies.push(ApplyShape { runs: options.others, keyed: true, stages: options.other_stages });
    }
    let world = match (options.moves, options.deleted) {
        (true, _) => SourceChange::Moved,
        (_, true) => SourceChange::Gone,
        _ => SourceChange::Same,
    };
    let Options { undo, sign_in, edit, remove, removal, .. } = options;
    let named = |guard: &&Guard| options.without.contains(&format!("{guard:?}"));
    let guards: Vec<Guard> = Guard::ALL.iter().filter(named).copied().collect();
    let protocol = Protocol::new(Shape { applies, world, undo, sign_in, edit, remove, removal }).without(&guards);
    let protocol = if options.unfolded { protocol.unfolded() } else { protocol };
    println!("{protocol:?}");
    let report = check(&protocol);
    println!("{} states", report.states);
    for failure in &report.failures {
        println!("{failure}");
    }
    if !report.failures.is_empty() {
        std::process::exit(1);
    }
}
