//! The composition root: database, functions and gateway, put together once for the binary and for every test.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_dynamodb::config::SharedHttpClient;
use axum::serve::ListenerExt;
use lambda_http::{BoxFuture, Context, LambdaEvent, Request};
use lambda_runtime::Diagnostic;
use serde::Serialize;
use serde_json::Value;
use shared::clock::{Clock, SystemClock};
use shared::function::{EventFunction, Function, HttpFunction};
use shared::http::{CorsOrigins, Edge, KeyError, TokenSigner, TokenVerifier, TrustedHops};
use shared::ids::{Randomness, SystemRandomness};
use shared::password_hash::PasswordHasher;
use shared::refresh::REVISIONS_KEPT;
use shared::store::Table;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::database::{Database, DatabaseError, Storage};
use crate::event_source::EventSource;
use crate::gateway::{AnswerFuture, FunctionError, Gateway, InvocationResult, Invoker, run_http};
use crate::guard::{Credentials, Guard};
use crate::keys::{Keys, KeysError};
use crate::scheduler::Scheduler;

/// The `iss` of tokens on this machine.
pub const ISSUER: &str = "http://localhost/snapshots";
/// The `aud` of tokens on this machine.
pub const AUDIENCE: &str = "snapshots";

/// How long running requests may take at the end.
pub const GRACE: Duration = Duration::from_secs(2);

/// The parts of a stack. The default has the system's clock and randomness, new keys, and a table in memory.
pub struct Options {
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The source of ids, salts and new keys.
    pub randomness: Arc<dyn Randomness>,
    /// The keys of tokens; new ones if absent.
    pub keys: Option<Keys>,
    /// The storage of the items.
    pub storage: Storage,
    /// The table's name.
    pub table_name: String,
    /// The origins whose web pages may call.
    pub cors_origins: CorsOrigins,
    /// How many revisions of a snapshot are kept, including the current one.
    pub revisions_kept: u32,
    /// How many proxies stand in front of the API.
    pub trusted_hops: TrustedHops,
    /// The HTTP client between the SDK and the database.
    pub http_client: Option<SharedHttpClient>,
    /// How long a function may take; the template's timeout if absent.
    pub function_timeout: Option<Duration>,
    /// The names besides `localhost` that requests may use.
    pub allowed_hosts: Vec<String>,
    /// Whether `/health` answers 200 from the start, instead of after [`Gateway::set_ready`].
    pub is_ready: bool,
    /// The credentials for calls of the database and of functions; new ones if absent.
    pub credentials: Option<Credentials>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandomness),
            keys: None,
            storage: Storage::default(),
            table_name: "snapshots".to_owned(),
            cors_origins: CorsOrigins::None,
            revisions_kept: REVISIONS_KEPT,
            trusted_hops: TrustedHops::default(),
            http_client: None,
            function_timeout: None,
            allowed_hosts: Vec::new(),
            credentials: None,
            is_ready: true,
        }
    }
}

/// Why a stack cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StackError {
    /// The port cannot be opened.
    #[error("a port of this machine: {0}")]
    Socket(#[from] std::io::Error),
    /// The database cannot start.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The keys cannot be created.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The keys cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

/// The running service.
pub struct Stack {
    address: SocketAddr,
    database: Database,
    signer: TokenSigner,
    gateway: Gateway,
    scheduler: Scheduler,
    stop: oneshot::Sender<()>,
    server: JoinHandle<std::io::Result<()>>,
}

impl Stack {
    /// Starts everything on a port of the loopback address that the system picks.
    pub async fn start(options: Options) -> Result<Self, StackError> {
        Self::start_on(TcpListener::bind(("127.0.0.1", 0)).await?, options).await
    }

    /// Starts everything; HTTP is served on `listener`, the database on a port that the system picks.
    pub async fn start_on(listener: TcpListener, options: Options) -> Result<Self, StackError> {
        let address = listener.local_addr()?;
        let keys = match options.keys {
            Some(keys) => keys,
            None => Keys::generate(&*options.randomness)?,
        };
        let signer = TokenSigner::new(&keys.private_jwk, ISSUER, AUDIENCE)?;
        let edge = Edge {
            verifier: TokenVerifier::new(&keys.jwks, ISSUER, AUDIENCE)?,
            clock: options.clock,
            randomness: options.randomness,
            cors_origins: options.cors_origins,
        };
        let credentials = options.credentials.unwrap_or_else(Credentials::generate);
        let guard = |bound| Guard::new(bound, &options.allowed_hosts, credentials.clone());
        let listener_of_database = TcpListener::bind(("127.0.0.1", 0)).await?;
        let guard_of_database = guard(listener_of_database.local_addr()?);
        let (storage, name) = (&options.storage, &options.table_name);
        let database =
            Database::start(listener_of_database, guard_of_database, storage, name, options.http_client).await?;

        let (queue, clock) = (EventSource::new(edge.clock.clone()), edge.clock.clone());
        let (revisions_kept, trusted_hops) = (options.revisions_kept, options.trusted_hops);
        let functions = Functions::new(&edge, database.table(), &signer, &queue, revisions_kept, trusted_hops);
        let functions = Arc::new(functions);
        let invoker = functions.clone().invoker();
        let dispatch = Arc::new(move |function, request| functions.run(function, request));
        let gateway = Gateway::new(address, edge.clock, edge.randomness, dispatch, Arc::new(invoker));
        let gateway = gateway.with_guard(guard(address));
        gateway.set_ready(options.is_ready);
        let gateway = match options.function_timeout {
            Some(time) => gateway.with_function_timeout(time),
            None => gateway,
        };
        let scheduler = Scheduler { gateway: gateway.clone(), queue, table: database.table().clone(), clock };
        let router = gateway.clone().into_router().into_make_service_with_connect_info::<SocketAddr>();
        let (stop, stopped) = oneshot::channel::<()>();
        // Without this, small answers wait for each other's acknowledgement.
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let server = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            axum::serve(listener, router).with_graceful_shutdown(stopped).await
        });
        Ok(Self { address, database, signer, gateway, scheduler, stop, server })
    }

    /// Returns the address of the HTTP API.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the URL of the HTTP API, without a final slash.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The database.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The table.
    pub fn table(&self) -> &Table {
        self.database.table()
    }

    /// Signs tokens that this stack accepts.
    pub fn signer(&self) -> &TokenSigner {
        &self.signer
    }

    /// The gateway.
    pub fn gateway(&self) -> &Gateway {
        &self.gateway
    }

    /// The schedule. It runs only when a caller runs it.
    pub fn scheduler(&self) -> &Scheduler {
        &self.scheduler
    }

    /// Waits at most [`GRACE`] for running requests, then ends.
    pub async fn stop(self) -> Result<(), StackError> {
        let Self { database, stop, mut server, .. } = self;
        let _ = stop.send(());
        match tokio::time::timeout(GRACE, &mut server).await {
            // A client sent half a request, or a request takes longer. An interrupted apply is resumed or swept.
            Err(_) => server.abort(),
            Ok(served) => {
                if let Ok(served) = served {
                    served?;
                }
            }
        }
        Ok(database.stop().await?)
    }
}

/// Every function with its `App`.
struct Functions {
    create_snapshot: Arc<create_snapshot::App>,
    apply_snapshot: Arc<apply_snapshot::App>,
    manage_snapshots: Arc<manage_snapshots::App>,
    sign_in: Arc<sign_in::App>,
    sweep_applies: Arc<sweep_applies::App>,
    schedule_refresh: Arc<schedule_refresh::App>,
    refresh_snapshot: Arc<refresh_snapshot::App>,
}

impl Functions {
    fn new(
        edge: &Edge,
        table: &Table,
        signer: &TokenSigner,
        queue: &EventSource,
        revisions_kept: u32,
        trusted_hops: TrustedHops,
    ) -> Self {
        let (edge, table, hasher) = (|| edge.clone(), || table.clone(), PasswordHasher::new());
        Self {
            create_snapshot: Arc::new(create_snapshot::App { edge: edge(), table: table() }),
            apply_snapshot: Arc::new(apply_snapshot::App { edge: edge(), table: table(), hasher }),
            manage_snapshots: Arc::new(manage_snapshots::App { edge: edge(), table: table(), revisions_kept }),
            sign_in: Arc::new(sign_in::App {
                edge: edge(),
                table: table(),
                hasher,
                signer: signer.clone(),
                trusted_hops,
            }),
            sweep_applies: Arc::new(sweep_applies::App { clock: edge().clock, table: table() }),
            schedule_refresh: Arc::new(schedule_refresh::App {
                clock: edge().clock,
                table: table(),
                queue: Arc::new(queue.clone()),
                share: schedule_refresh::SHARE,
            }),
            refresh_snapshot: Arc::new(refresh_snapshot::App { clock: edge().clock, table: table(), revisions_kept }),
        }
    }

    /// Runs every function by its logical name in template.yaml.
    fn invoker(self: Arc<Self>) -> Invoker {
        let names = Function::all().map(Function::logical_name).collect();
        let run = move |name: &'static str, event: Value, context: Context| -> BoxFuture<'static, InvocationResult> {
            let functions = Arc::clone(&self);
            match Function::named(name) {
                Some(Function::Http(function)) => {
                    Box::pin(run_http(event.to_string(), context, move |request| functions.run(function, request)))
                }
                Some(Function::Event(function)) => {
                    Box::pin(async move { functions.run_on_event(function, LambdaEvent::new(event, context)).await })
                }
                None => Box::pin(async move { Err(function_error(format!("there is no function {name}").into())) }),
            }
        };
        Invoker { names, run: Box::new(run) }
    }

    async fn run_on_event(&self, function: EventFunction, event: LambdaEvent<Value>) -> InvocationResult {
        match function {
            EventFunction::SweepApplies => invoked(sweep_applies::handle(&self.sweep_applies, event).await),
            EventFunction::ScheduleRefresh => invoked(schedule_refresh::handle(&self.schedule_refresh, event).await),
            EventFunction::RefreshSnapshot => {
                let (payload, context) = event.into_parts();
                let payload =
                    serde_json::from_value(payload).map_err(|error| function_error(error.to_string().into()))?;
                invoked(refresh_snapshot::handle(&self.refresh_snapshot, LambdaEvent::new(payload, context)).await)
            }
        }
    }

    fn run(&self, function: HttpFunction, request: Request) -> AnswerFuture {
        match function {
            HttpFunction::CreateSnapshot => {
                let app = Arc::clone(&self.create_snapshot);
                Box::pin(async move { create_snapshot::handle(&app, request).await })
            }
            HttpFunction::ApplySnapshot => {
                let app = Arc::clone(&self.apply_snapshot);
                Box::pin(async move { apply_snapshot::handle(&app, request).await })
            }
            HttpFunction::ManageSnapshots => {
                let app = Arc::clone(&self.manage_snapshots);
                Box::pin(async move { manage_snapshots::handle(&app, request).await })
            }
            HttpFunction::SignIn => {
                let app = Arc::clone(&self.sign_in);
                Box::pin(async move { sign_in::handle(&app, request).await })
            }
        }
    }
}

/// Converts a function's outcome as the runtime does.
fn invoked<E: Into<Diagnostic>>(outcome: Result<impl Serialize, E>) -> InvocationResult {
    let answer = outcome.map_err(|error| function_error(error.into()))?;
    serde_json::to_value(answer).map_err(|error| function_error(error.to_string().into()))
}

fn function_error(error: Diagnostic) -> FunctionError {
    FunctionError { error_type: error.error_type, error_message: error.error_message }
}

#[cfg(test)]
mod tests {
    use shared::domain::{ObjectId, Role, Timestamp, TokenCredentials};
    use shared::http::Caller;
    use shared::ids::SystemRandomness;

    use super::*;
    use crate::keys;
    use crate::loader::{Load, LoadMode, LoadReport, PasswordHashes};
    use crate::workspace::Workspace;

    async fn in_file(file: &std::path::Path) -> Stack {
        let keys = Keys::kept_in(&keys::file_beside(file), &SystemRandomness).unwrap();
        let options = Options { keys: Some(keys), storage: Storage::File(file.to_owned()), ..Options::default() };
        Stack::start(options).await.unwrap()
    }

    fn token(stack: &Stack, now: Timestamp) -> String {
        let id = ObjectId::from_bytes([7; 12]);
        let credentials = TokenCredentials::default();
        let caller = Caller { user: id, organization: id, role: Role::Admin, name: "Ann".to_owned(), credentials };
        stack.signer().sign(&caller, now).unwrap()
    }

    async fn loaded(stack: &Stack, workspace: &Workspace) -> LoadReport {
        let load =
            Load { table: stack.table(), workspace, mode: LoadMode::Report, is_dry: false, now: SystemClock.now() };
        load.run(&PasswordHashes::default()).await.unwrap()
    }

    #[tokio::test]
    async fn a_file_keeps_the_table_and_the_keys_over_a_restart() {
        let directory = std::env::temp_dir().join(format!("local-stack-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let file = directory.join("crm.db");
        let workspace = Workspace::demo().unwrap();

        let first = in_file(&file).await;
        assert!(loaded(&first, &workspace).await.found.is_empty());
        let now = SystemClock.now();
        let token_before = token(&first, now);
        first.stop().await.unwrap();

        let second = in_file(&file).await;
        assert!(loaded(&second, &workspace).await.written.is_empty());
        assert_eq!(token(&second, now), token_before);
        second.stop().await.unwrap();
        std::fs::remove_dir_all(directory).unwrap();
    }
}
