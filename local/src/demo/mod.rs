//! The main job, done over HTTP as a client would do it, and shown so that a person can follow it.

pub mod consumed;
mod edit;
mod exchange;
mod expectation;
mod ordered;
mod play;
mod scenario;
mod setup;
mod tree;

use std::io::Write;

use shared::clock::{Clock, SystemClock};
use shared::domain::{Fault, Password};

use crate::loader::{self, PasswordHashes};
use crate::stack::{Options, Stack, StackError};
use crate::workspace::{DEMO_PASSWORD, Workspace, WorkspaceError};

use exchange::Client;
pub use exchange::ExchangeError;
use play::DemoRun;
use scenario::{KeptValues, Scenario, Step};
use setup::AppliedSetup;

/// The bodies of the customer's two requests, as on their pages.
pub use apply_snapshot::EXAMPLE as APPLY_BODY;
pub use create_snapshot::EXAMPLE as CREATE_BODY;

/// Why the demo could not be shown to its end.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// The service does not run.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// The demo workspace is not good.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The table fails.
    #[error(transparent)]
    Fault(#[from] Fault),
    /// The workspace is not in the table.
    #[error(transparent)]
    Load(#[from] crate::loader::LoadError),
    /// The demo password cannot be hashed.
    #[error(transparent)]
    Hashing(#[from] shared::password_hash::HashingError),
    /// The service does not answer.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// Something that the next step needs is not there.
    #[error("there is no {0}, so the demo cannot go on")]
    Missing(String),
    /// The scenario is not good.
    #[error("events/main-job.json: {0}")]
    Scenario(String),
    /// The output is gone.
    #[error("the output: {0}")]
    Output(#[from] std::io::Error),
}

/// Shows the demo on `output`: a line for each request, or whole exchanges. Returns what was not as the contract says, in words.
/// What it writes has colours; the output is to take them out where they are not wanted.
pub async fn run(output: &mut (dyn Write + Send), is_verbose: bool) -> Result<Vec<String>, DemoError> {
    let options = Options::default();
    let randomness = options.randomness.clone();
    let stack = Stack::start(options).await?;
    let workspace = Workspace::demo()?;
    let hash = loader::hash(&Password::new(DEMO_PASSWORD.to_owned()), &*randomness).await?;
    loader::load(stack.table(), &workspace, &PasswordHashes::same(&workspace, &hash)).await?;
    let shown = play(&stack, &workspace, output, is_verbose).await;
    stack.stop().await?;
    shown
}

async fn play(
    stack: &Stack,
    workspace: &Workspace,
    output: &mut (dyn Write + Send),
    is_verbose: bool,
) -> Result<Vec<String>, DemoError> {
    let client = Client::new(stack.url())?;
    let mut play =
        DemoRun { client, output, is_verbose, kept: KeptValues::default(), step: 0, differences: Vec::new() };
    play.heading(&format!("The main job, over HTTP on {}, with a table in memory", stack.url()))?;
    if is_verbose {
        writeln!(play.output, "Passwords and tokens are replaced by (password) and (token).")?;
    }
    writeln!(play.output)?;
    let started = SystemClock.now();
    for step in Scenario::main_job()?.steps {
        match step {
            Step::Request(step) => play.request(&step).await?,
            Step::Edit(step) => {
                edit::carry_out(&step.edit, stack.table(), workspace).await?;
                play.between(&step.title)?;
            }
        }
    }
    let took = SystemClock.now().since(started);
    let warnings = play.kept.get("warnings")?.clone();
    let casey = AppliedSetup::of(workspace, play.kept.get("setup")?, &warnings)?;
    play.tree(&casey.tree())?;
    play.differences.extend(casey.differences());
    play.summary(took, consumed::total())?;
    play.next_steps()?;
    Ok(play.differences)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_demo_finds_everything_as_the_contract_says_and_shows_no_secret() {
        let mut shown = String::new();
        for is_verbose in [false, true] {
            let mut output = Vec::new();
            let differences = run(&mut output, is_verbose).await.unwrap();
            shown = String::from_utf8(output).unwrap();
            assert_eq!(differences, Vec::<String>::new(), "{shown}");
            for secret in ["TempPass!2026", DEMO_PASSWORD, "eyJ", "$argon2", "wh_demo_", "demo-billing-"] {
                assert!(!shown.contains(secret), "{secret} in:\n{shown}");
            }
        }
        for told in ["POST /api/user-snapshots/", "\"message\": \"Snapshot applied\"", "Reached Out", "Warm-up Agent"] {
            assert!(shown.contains(told), "{told} is not in:\n{shown}");
        }
    }
}
