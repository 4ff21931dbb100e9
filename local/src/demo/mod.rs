//! The main job, done over HTTP as a client would do it, and shown so that a person can follow it.

mod belongings;
mod exchange;
mod expectation;
mod later;
mod ordered;
mod script;

use shared::domain::{Fault, Password};

use crate::loader::{self, PasswordHashes};
use crate::stack::{Options, Stack, StackError};
use crate::workspace::{DEMO_PASSWORD, Workspace, WorkspaceError};

pub use exchange::ExchangeError;

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
    /// An answer that the next request needs something from does not have it.
    #[error("the answer has no {0}, so there is no going on")]
    Missing(&'static str),
    /// The output is gone.
    #[error("the output: {0}")]
    Output(#[from] std::io::Error),
}

/// Shows the demo on `output`, and returns what was not as the contract says, in words.
pub async fn run(output: &mut (dyn std::io::Write + Send)) -> Result<Vec<String>, DemoError> {
    let options = Options::default();
    let randomness = options.randomness.clone();
    let stack = Stack::start(options).await?;
    let workspace = Workspace::demo()?;
    let hash = loader::hash(&Password::new(DEMO_PASSWORD.to_owned()), &*randomness).await?;
    loader::load(stack.table(), &workspace, &PasswordHashes::same(&workspace, &hash)).await?;
    let shown = script::play(&stack, &workspace, output).await;
    stack.stop().await?;
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_demo_finds_everything_as_the_contract_says_and_shows_no_secret() {
        let mut output = Vec::new();
        let differences = run(&mut output).await.unwrap();
        let shown = String::from_utf8(output).unwrap();
        assert_eq!(differences, Vec::<String>::new(), "{shown}");
        for secret in ["TempPass!2026", DEMO_PASSWORD, "eyJ", "$argon2", "wh_demo_", "demo-billing-"] {
            assert!(!shown.contains(secret), "{secret} in:\n{shown}");
        }
        for told in ["POST /api/user-snapshots/", "\"message\": \"Snapshot applied\"", "Reached Out", "Warm-up Agent"] {
            assert!(shown.contains(told), "{told} is not in:\n{shown}");
        }
    }
}
