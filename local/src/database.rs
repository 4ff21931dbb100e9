//! The embedded database: DynamoDB's protocol over SQLite, on a port of this machine.

mod endpoint;
pub(crate) mod file;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::SharedHttpClient;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use axum::serve::ListenerExt;
use shared::config::client_for_endpoint;
use shared::domain::Fault;
use shared::store::{Table, create_table, indexes};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::guard::{Credentials, Guard};
use endpoint::Endpoint;

/// The storage of the items.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Storage {
    /// In memory, until the process ends.
    #[default]
    Memory,
    /// In a SQLite file, which is created if it does not exist.
    File(PathBuf),
}

impl Storage {
    /// Checks that a file is ours or new, and that only its owner can read it. Never writes into another program's file.
    pub fn admit(&self) -> Result<(), DatabaseError> {
        match self {
            Self::Memory => Ok(()),
            Self::File(file) => file::admit(file).map_err(|reason| DatabaseError::File { file: file.clone(), reason }),
        }
    }
}

/// Why the database cannot start or stop.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The file cannot be opened, or belongs to another program.
    #[error("the database {file}: {reason}")]
    File {
        /// The file.
        file: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The server cannot run.
    #[error("the database server: {0}")]
    Server(String),
    /// The table cannot be created.
    #[error("the table: {0}")]
    Table(#[from] Fault),
}

/// A running database with one table.
pub struct Database {
    url: String,
    credentials: Credentials,
    client: Client,
    table: Table,
    endpoint: Endpoint,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Database {
    /// Serves `storage` on `listener` to requests that `guard` admits, and creates the table if it does not exist. `http_client`, if
    /// given, stands between the SDK and the server. Fails for a file with only other tables, or with a table of this name and other
    /// keys.
    pub async fn start(
        listener: TcpListener,
        guard: Guard,
        storage: &Storage,
        table_name: &str,
        http_client: Option<SharedHttpClient>,
    ) -> Result<Self, DatabaseError> {
        let engine = open(storage)?;
        let has_table = has_table(&engine, storage, table_name)?;
        let url = url_of(&listener).map_err(|error| DatabaseError::Server(error.to_string()))?;
        let credentials = guard.credentials().clone();
        let endpoint = Endpoint::new(guard, engine);
        let (stop, stopped) = oneshot::channel::<()>();
        // Without this, small answers wait for each other's acknowledgement.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let router = endpoint.router();
        let server = tokio::spawn(async move {
            // A dropped sender also stops the server.
            let stopped = async { drop(stopped.await) };
            axum::serve(listener, router).with_graceful_shutdown(stopped).await
        });
        let client = connect(&url, &credentials, http_client);
        if !has_table {
            create_table(&client, table_name).await?;
        }
        let table = Table::new(client.clone(), table_name);
        Ok(Self { url, credentials, client, table, endpoint, stop, server })
    }

    /// Serves `storage` on a port of the loopback address that the system picks, to programs with its credentials.
    pub async fn start_here(storage: &Storage, table_name: &str) -> Result<Self, DatabaseError> {
        let socket = |error: std::io::Error| DatabaseError::Server(error.to_string());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(socket)?;
        let guard = Guard::new(listener.local_addr().map_err(socket)?, &[], Credentials::generate());
        Self::start(listener, guard, storage, table_name, None).await
    }

    /// Returns its URL.
    pub fn endpoint(&self) -> &str {
        &self.url
    }

    /// Returns the credentials that programs sign their calls with.
    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// Returns an SDK client that calls it at another URL, such as that of a proxy.
    pub fn client_at(&self, url: &str) -> Client {
        connect(url, &self.credentials, None)
    }

    /// Returns an SDK client for it.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// The table.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Waits a moment for running calls and closes the file, even if clients stay connected.
    pub async fn stop(self) -> Result<(), DatabaseError> {
        let Self { client, table, endpoint, stop, mut server, .. } = self;
        let _ = stop.send(());
        // The SDK's idle connections would otherwise keep the server waiting for a next request.
        drop((client, table));
        let ended = tokio::time::timeout(GRACE, &mut server).await;
        endpoint.close();
        match ended {
            // A client sent half a request. The task that waits for the rest ends, and the database is closed.
            Err(_) => server.abort(),
            Ok(Ok(Ok(()))) => {}
            Ok(Ok(Err(error))) => return Err(DatabaseError::Server(error.to_string())),
            Ok(Err(error)) => return Err(DatabaseError::Server(error.to_string())),
        }
        Ok(())
    }
}

/// How long running calls may take at the end. A call takes milliseconds.
const GRACE: Duration = Duration::from_millis(500);

fn open(storage: &Storage) -> Result<dynoxide::Database, DatabaseError> {
    match storage {
        Storage::Memory => dynoxide::Database::memory().map_err(|error| DatabaseError::Server(error.to_string())),
        Storage::File(file) => {
            let failed = |reason: String| DatabaseError::File { file: file.clone(), reason };
            let path = file.to_str().ok_or_else(|| failed("the path is not valid UTF-8".to_owned()))?;
            storage.admit()?;
            dynoxide::Database::new(path).map_err(|error| failed(error.to_string()))
        }
    }
}

/// Returns whether the table exists and is ours. Fails for a file with only other tables: creating a table of another name in it would
/// look as if all data were lost.
fn has_table(engine: &dynoxide::Database, storage: &Storage, name: &str) -> Result<bool, DatabaseError> {
    let Storage::File(file) = storage else { return Ok(false) };
    let failed = |reason: String| DatabaseError::File { file: file.clone(), reason };
    let tables = engine.list_tables(dynoxide::actions::list_tables::ListTablesRequest::default());
    let tables = tables.map_err(|error| failed(error.to_string()))?.table_names;
    if tables.is_empty() {
        return Ok(false);
    }
    if !tables.iter().any(|table| table == name) {
        let tables = tables.join(", ");
        return Err(failed(format!("it has no table {name}, but {tables}. Choose another path or name")));
    }
    let found = engine.get_table_metadata(name).map_err(|error| failed(error.to_string()))?;
    let has_keys = |keys: &str, names: [&str; 2]| names.iter().all(|name| keys.contains(&format!("\"{name}\"")));
    let is_ours = found.is_some_and(|found| {
        let of_indexes = found.gsi_definitions.unwrap_or_default();
        has_keys(&found.key_schema, ["PK", "SK"])
            && indexes().iter().all(|index| has_keys(&of_indexes, [index.pk, index.sk]))
    });
    if is_ours { Ok(true) } else { Err(failed(format!("its table {name} has other keys than this service's"))) }
}

fn url_of(listener: &TcpListener) -> std::io::Result<String> {
    let mut address: SocketAddr = listener.local_addr()?;
    if address.ip().is_unspecified() {
        // A server on every address is reachable at the loopback address.
        address.set_ip(if address.is_ipv4() { [127, 0, 0, 1].into() } else { std::net::Ipv6Addr::LOCALHOST.into() });
    }
    Ok(format!("http://{address}"))
}

/// Sets no timeout: the embedded database runs one call at a time, so a thousand callers wait far longer than at AWS, without a
/// failure.
const PATIENCE: Duration = Duration::from_secs(120);

fn connect(url: &str, credentials: &Credentials, http_client: Option<SharedHttpClient>) -> Client {
    let timeouts = TimeoutConfig::builder().operation_attempt_timeout(PATIENCE).build();
    let config = client_for_endpoint(url).config().to_builder().timeout_config(timeouts);
    let config = config.credentials_provider(credentials.for_sdk());
    Client::from_conf(match http_client {
        None => config.build(),
        Some(http_client) => config.http_client(http_client).build(),
    })
}
