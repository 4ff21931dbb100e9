//! Long campaigns, and single cases of them.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use clap::Parser;
use fuzz::Target;
use fuzz::campaign;

/// Feeds the service's parsers, its redactor, and the service as a whole with broken input, and stops at what breaks them.
#[derive(Parser)]
struct Arguments {
    /// Only this target.
    #[arg(long)]
    target: Option<String>,
    /// How long each target is fed.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Where the inputs come from: the same seed, the same inputs.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Only the case of this number.
    #[arg(long)]
    case: Option<u64>,
}

#[expect(clippy::disallowed_methods, reason = "a campaign ends by the clock; what it tries does not depend on it")]
fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let is_meant = |target: &&Target| arguments.target.as_ref().is_none_or(|name| name == target.name);
    let targets: Vec<&Target> = campaign::all().filter(is_meant).collect();
    if targets.is_empty() {
        let names: Vec<&str> = campaign::all().map(|target| target.name).collect();
        eprintln!("there is no such target; there are {}", names.join(", "));
        return ExitCode::FAILURE;
    }
    for target in targets {
        let (begun, time) = (Instant::now(), Duration::from_secs(arguments.seconds));
        let cases = match arguments.case {
            Some(number) => campaign::run(target, arguments.seed, number..=number, || true),
            None => campaign::run(target, arguments.seed, 0..=u64::MAX, || begun.elapsed() < time),
        };
        println!("{}: {cases} cases in {} s", target.name, begun.elapsed().as_secs());
    }
    ExitCode::SUCCESS
}
