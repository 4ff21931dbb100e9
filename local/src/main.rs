//! The binary `local`.

use std::process::ExitCode;

use clap::Parser;
use local::cli::{self, Cli};

fn main() -> ExitCode {
    let cli = Cli::parse();
    cli::log_to_standard_error();
    let runtime = match tokio::runtime::Runtime::new() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(cli::run(cli));
    // Not dropped, because a drop would wait for every hash and every capture that still computes.
    runtime.shutdown_background();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::FAILURE
        }
    }
}
