//! What every arm works on: the demo workspace in the embedded database, behind TLS, and the tokens of its users.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use local::database::{Database, Storage};
use local::keys::Keys;
use local::loader::{self, PasswordHashes};
use local::stack::{AUDIENCE, ISSUER};
use local::workspace::{DEMO_PASSWORD, Workspace};
use secrecy::ExposeSecret;
use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};
use shared::domain::{Email, ItemKind, ObjectId, Password, Setup, SetupItem, Stage, TokenCredentials, User};
use shared::http::{Caller, TokenSigner};
use shared::ids::SystemRandomness;
use shared::store::{CreateUserOutcome, SetupChange, SetupWriter};
use tests::{ACME, ALEX, PAT, Proxy, SAM, change_setup, numbered_id, recorded_event};
use tokio::process::Command;

use crate::AnyError;
use crate::arm::Operation;
use crate::tls::{Identity, serve_slowly};

const TABLE: &str = "snapshots";

/// The table, its two endpoints and its users.
pub(crate) struct Fixture {
    database: Database,
    workspace: Workspace,
    keys: Keys,
    signer: TokenSigner,
    /// The endpoint for times.
    plain: String,
    /// The endpoint for counts: it records every call, which takes time.
    recorded: String,
    /// The record of the endpoint for counts.
    pub(crate) proxy: Proxy,
    roots: String,
    users: AtomicU64,
}

/// An endpoint of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    /// For times.
    Plain,
    /// For counts.
    Recorded,
}

impl Fixture {
    /// Starts the database and loads the demo workspace. The pipeline of each organization gets these stages as well.
    pub(crate) async fn start(certificates: &Path, stages: &[Stage]) -> Result<Self, AnyError> {
        let database = Database::start_here(&Storage::Memory, TABLE).await?;
        let mut workspace = Workspace::demo()?;
        for tenant in &mut workspace.organizations {
            tenant.organization.pipelines[0].stages.extend_from_slice(stages);
        }
        let hash = loader::hash(&Password::new(DEMO_PASSWORD.to_owned()), &SystemRandomness).await?;
        loader::load(database.table(), &workspace, &PasswordHashes::same(&workspace, &hash)).await?;
        let keys = Keys::generate(&SystemRandomness)?;
        let signer = TokenSigner::new(&keys.private_jwk, ISSUER, AUDIENCE)?;
        let identity = Identity::read(certificates)?;
        let proxy = Proxy::start(&serve_slowly(address(database.endpoint())?).await?).await;
        let plain = identity.serve(address(database.endpoint())?).await?;
        let recorded = identity.serve(address(&proxy.endpoint())?).await?;
        let roots = certificates.join("roots.pem").to_string_lossy().into_owned();
        let users = AtomicU64::new(0);
        Ok(Self { database, workspace, keys, signer, plain, recorded, proxy, roots, users })
    }

    /// Sets the variables of an arm. `operation` and the certificates have the names that the three languages read.
    pub(crate) fn configure(&self, command: &mut Command, operation: Operation, endpoint: Endpoint) {
        let credentials = self.database.credentials();
        let endpoint = match endpoint {
            Endpoint::Plain => &self.plain,
            Endpoint::Recorded => &self.recorded,
        };
        let path = std::env::var("PATH").unwrap_or_default();
        command.env_clear().envs([
            ("PATH", path.as_str()),
            ("AWS_ACCESS_KEY_ID", credentials.access_key_id()),
            ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key()),
            ("TABLE_NAME", TABLE),
            ("TOKEN_ISSUER", ISSUER),
            ("TOKEN_AUDIENCE", AUDIENCE),
            ("JWKS", &self.keys.jwks),
            ("DYNAMODB_ENDPOINT", endpoint),
            ("OPERATION", &operation.to_string()),
            ("SSL_CERT_FILE", &self.roots),
            ("NODE_EXTRA_CA_CERTS", &self.roots),
            ("AWS_CA_BUNDLE", &self.roots),
        ]);
        // boto3 reads the region from this variable.
        command.env("AWS_DEFAULT_REGION", "local");
        if operation == Operation::Login {
            // Under AWS the key comes from Secrets Manager.
            command.env("AWS_SAM_LOCAL", "true").env("SIGNING_KEY", self.keys.private_jwk.expose_secret());
        }
    }

    /// Returns the next event of an operation. Each apply creates another user.
    pub(crate) fn event(&self, operation: Operation, snapshot: &str) -> Result<Value, AnyError> {
        let sender = if operation == Operation::Apply { SAM } else { PAT };
        let mut event = recorded_event(operation.event(), &self.token(sender)?, snapshot);
        if operation == Operation::Apply {
            let mut body: Value = serde_json::from_str(event["body"].as_str().unwrap_or_default())?;
            let number = self.users.fetch_add(1, Ordering::Relaxed);
            body["newUser"]["email"] = json!(format!("casey{number}@globex.example"));
            event["body"] = json!(body.to_string());
        }
        Ok(event)
    }

    /// Makes Alex's one long prompt short, or as it was. With a short one every clone costs one unit, and an apply 59.
    pub(crate) async fn shorten_long_prompt(&self, is_short: bool) -> Result<(), AnyError> {
        let (_, alex) = self.workspace.member(ALEX).ok_or("the demo workspace has no Alex")?;
        let length = |item: &&SetupItem| item.document.text("prompt").map(str::len);
        let longest = alex.setup.items.prompts.iter().max_by_key(length).ok_or("Alex has no prompt")?;
        let mut document: Value = longest.document.as_value().clone();
        if is_short {
            document["prompt"] = json!("<prompt>Be brief.</prompt>");
        }
        let prompt = SetupItem { id: longest.id, document: serde_json::from_value(document)? };
        self.change(alex.user.id, ItemKind::Prompt, prompt).await
    }

    /// Creates a user of Acme with this setup, and returns the id.
    pub(crate) async fn add_user(&self, setup: &Setup) -> Result<ObjectId, AnyError> {
        let (_, alex) = self.workspace.member(ALEX).ok_or("the demo workspace has no Alex")?;
        let number = self.users.fetch_add(1, Ordering::Relaxed);
        let id = numbered_id(0xa0, usize::try_from(number)?);
        let user = User { id, email: Email::parse(format!("rep{number}@acme.example"))?, ..alex.user.clone() };
        match SetupWriter::new(self.database.table()).create_user(&user, None, setup).await? {
            CreateUserOutcome::Created => Ok(id),
            other => Err(format!("the user was not created: {other:?}").into()),
        }
    }

    /// Changes an item of a user of Acme.
    pub(crate) async fn change(&self, user: ObjectId, kind: ItemKind, item: SetupItem) -> Result<(), AnyError> {
        let changes = [SetupChange::Put(kind, item)];
        change_setup(self.database.table(), &ACME.parse()?, &user, &changes, SystemClock.now()).await?;
        Ok(())
    }

    /// Returns a token for a user of the demo workspace.
    pub(crate) fn token(&self, email: &str) -> Result<String, AnyError> {
        let (_, member) = self.workspace.member(email).ok_or("the demo workspace lacks a user")?;
        let user = &member.user;
        let name = user.full_name.as_ref().map(ToString::to_string).unwrap_or_default();
        let credentials = TokenCredentials::default();
        let caller = Caller { user: user.id, organization: user.organization, role: user.role, name, credentials };
        self.signer.sign(&caller, SystemClock.now()).map_err(|error| format!("{error:?}").into())
    }
}

fn address(url: &str) -> Result<SocketAddr, AnyError> {
    Ok(url.trim_start_matches("http://").parse()?)
}
