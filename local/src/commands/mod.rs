//! The commands.

pub(crate) mod check;
mod connection;
pub(crate) mod describe;
pub(crate) mod edit;
mod ending;
pub(crate) mod erase;
pub(crate) mod load;
pub(crate) mod migrate;
pub(crate) mod organization;
mod progress;
pub(crate) mod serve;
pub(crate) mod table;
pub(crate) mod target_table;
pub(crate) mod transfer;
pub(crate) mod user;
pub(crate) mod workspace_file;

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use shared::clock::{Clock, SystemClock};
use shared::domain::{Fault, Password};
use shared::http::InvalidOrigins;
use shared::ids::SystemRandomness;
use shared::password_hash::HashingError;
use shared::store::{Table, TransferError};
use tokio::net::TcpListener;

use crate::database::{DatabaseError, Storage};
use crate::demo::{self, DemoError};
use crate::guard::BadCredentials;
use crate::keys::{Keys, KeysError};
use crate::loader::{self, Load, LoadError, LoadMode, LoadReport, PasswordHashes};
use crate::stack::StackError;
use crate::workspace::{DEMO_PASSWORD, Workspace, WorkspaceError};

/// Why a command failed. Each message says what to change.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Another program listens there.
    #[error("{address} is taken by another program: choose another one with {option}")]
    Taken {
        /// The address.
        address: SocketAddr,
        /// The option, with an example.
        option: String,
    },
    /// The system refuses the address.
    #[error("cannot listen on {address}: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        source: io::Error,
    },
    /// The origins for web pages are malformed.
    #[error("--cors-origin: {0}")]
    CorsOrigins(#[from] InvalidOrigins),
    /// The workspace cannot be read.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The service cannot start.
    #[error(transparent)]
    Stack(#[from] StackError),
    /// The database cannot start.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The user's own credentials are malformed.
    #[error(transparent)]
    Credentials(#[from] BadCredentials),
    /// The keys cannot be read or created.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The workspace was not loaded.
    #[error(transparent)]
    Load(#[from] LoadError),
    /// A password cannot be hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The table cannot be used.
    #[error("{0}")]
    Table(String),
    /// The table fails.
    #[error(transparent)]
    Store(#[from] Fault),
    /// An organization was not exported or imported.
    #[error(transparent)]
    Transfer(#[from] TransferError),
    /// The demo could not run.
    #[error(transparent)]
    Demo(#[from] DemoError),
    /// The demo ran, and an answer differs from the contract.
    #[error("not as the contract says:\n  {}", .0.join("\n  "))]
    Differences(Vec<String>),
    /// A user's password is missing or not allowed.
    #[error("{0}")]
    Password(String),
    /// The table has something that does not go with the command. Nothing is written.
    #[error("{0}")]
    Refused(String),
    /// The item to edit does not exist, or cannot be changed like this.
    #[error("{0}")]
    Edit(String),
    /// The output cannot be written.
    #[error("the output: {0}")]
    Output(#[from] io::Error),
}

/// Runs `demo`. Prints colours on a terminal only, and not if `NO_COLOR` is set.
pub(crate) async fn demo(is_verbose: bool) -> Result<(), Failure> {
    let differences = demo::run(&mut anstream::stdout(), is_verbose).await?;
    if differences.is_empty() { Ok(()) } else { Err(Failure::Differences(differences)) }
}

/// `keys`.
pub(crate) fn keys() -> Result<(), Failure> {
    let keys = Keys::generate(&SystemRandomness)?;
    io::Write::write_all(&mut io::stdout(), keys.to_json().as_bytes())?;
    eprintln!(
        "privateKey signs tokens. Store it in Secrets Manager and pass the ARN of that secret as the parameter \
         SigningKeySecretArn.\njwks verifies tokens and is public. Pass it as the parameter Jwks."
    );
    Ok(())
}

/// Listens on `address`. `option` is the option that changes it.
async fn listen(address: SocketAddr, option: String) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|source| match source.kind() {
        io::ErrorKind::AddrInUse => Failure::Taken { address, option },
        _ => Failure::Listen { address, source },
    })
}

fn storage(db: Option<&Path>) -> Storage {
    db.map_or(Storage::Memory, |path| Storage::File(path.to_owned()))
}

fn workspace(file: Option<&Path>) -> Result<Workspace, WorkspaceError> {
    file.map_or_else(Workspace::demo, |file| Workspace::read(file, SystemClock.now()))
}

/// Loads what is missing. On this machine all users have the demo password.
async fn load_for_local_use(table: &Table, workspace: &Workspace) -> Result<LoadReport, Failure> {
    let hash = loader::hash(&Password::new(DEMO_PASSWORD.to_owned()), &SystemRandomness).await?;
    let load = Load { table, workspace, mode: LoadMode::Report, is_dry: false, now: SystemClock.now() };
    Ok(load.run(&PasswordHashes::same(workspace, &hash)).await?)
}
