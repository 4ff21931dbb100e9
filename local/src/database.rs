//! The embedded database: DynamoDB's protocol over SQLite, on a port of this machine.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use dynoxide::server::serve_with_shutdown;
use shared::config::client_for_endpoint;
use shared::domain::Fault;
use shared::store::{Table, create_table};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Where the items are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Storage {
    /// In memory: they end with the process.
    #[default]
    Memory,
    /// In a SQLite file, which is made when there is none.
    File(PathBuf),
}

/// Why there is no database.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The file cannot be opened.
    #[error("the database {file}: {reason}")]
    File {
        /// The file.
        file: PathBuf,
        /// What SQLite said.
        reason: String,
    },
    /// The server cannot run.
    #[error("the database server: {0}")]
    Server(String),
    /// The table cannot be made.
    #[error("the table: {0}")]
    Table(#[from] Fault),
}

/// A running database with one table.
pub struct Database {
    endpoint: String,
    client: Client,
    table: Table,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), String>>,
}

impl Database {
    /// Serves `storage` on `listener` and makes the table if it is not there. `http_client` stands between the SDK and
    /// the server where one is given.
    pub async fn start(
        listener: TcpListener,
        storage: &Storage,
        table_name: &str,
        http_client: Option<SharedHttpClient>,
    ) -> Result<Self, DatabaseError> {
        let database = open(storage)?;
        let endpoint = endpoint_of(&listener).map_err(|error| DatabaseError::Server(error.to_string()))?;
        let (stop, stopped) = oneshot::channel::<()>();
        let server = tokio::spawn(serve_with_shutdown(listener, database, async {
            // A sender that was dropped stops the server as well.
            let _ = stopped.await;
        }));
        let client = connect(&endpoint, http_client);
        if !has_table(&client, table_name).await? {
            create_table(&client, table_name).await?;
        }
        let table = Table::new(client.clone(), table_name);
        Ok(Self { endpoint, client, table, stop, server })
    }

    /// Where it answers, as a URL.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// An SDK client for it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The table.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Ends what runs and closes the file.
    pub async fn stop(self) -> Result<(), DatabaseError> {
        let Self { client, table, stop, server, .. } = self;
        let _ = stop.send(());
        // The SDK's idle connections would otherwise keep the server waiting for a next request.
        drop((client, table));
        match server.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(reason)) => Err(DatabaseError::Server(reason)),
            Err(error) => Err(DatabaseError::Server(error.to_string())),
        }
    }
}

fn open(storage: &Storage) -> Result<dynoxide::Database, DatabaseError> {
    match storage {
        Storage::Memory => dynoxide::Database::memory().map_err(|error| DatabaseError::Server(error.to_string())),
        Storage::File(file) => {
            let failed = |reason: String| DatabaseError::File { file: file.clone(), reason };
            let path = file.to_str().ok_or_else(|| failed("the path is not valid UTF-8".to_owned()))?;
            dynoxide::Database::new(path).map_err(|error| failed(error.to_string()))
        }
    }
}

fn endpoint_of(listener: &TcpListener) -> std::io::Result<String> {
    let mut address: SocketAddr = listener.local_addr()?;
    if address.ip().is_unspecified() {
        // Listening on every address, it is to be found on the loopback one.
        address.set_ip(if address.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
    }
    Ok(format!("http://{address}"))
}

/// The embedded database does one thing at a time, so a thousand callers wait for one another far longer than they would at
/// AWS. A wait is no failure here.
const PATIENCE: Duration = Duration::from_secs(120);

fn connect(endpoint: &str, http_client: Option<SharedHttpClient>) -> Client {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(PATIENCE).build();
    let config = client_for_endpoint(endpoint).config().to_builder().timeout_config(timeouts);
    Client::from_conf(match http_client {
        None => config.build(),
        Some(http_client) => config.http_client(http_client).build(),
    })
}

/// Asks for the list, because a question after a table that is not there is an error in the database's log.
async fn has_table(client: &Client, name: &str) -> Result<bool, Fault> {
    let mut names = client.list_tables().into_paginator().items().send();
    while let Some(table) = names.next().await {
        if table.map_err(|error| Fault::Unavailable(format!("{error:?}")))? == name {
            return Ok(true);
        }
    }
    Ok(false)
}
