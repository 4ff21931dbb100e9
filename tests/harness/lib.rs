//! Drives the service for the tests: over HTTP, with a clock that they set, randomness that repeats, and a record of every call to
//! DynamoDB.
#![expect(clippy::expect_used, clippy::panic, reason = "this library is part of the tests")]

mod answer;
mod bench;
#[path = "../../shared/src/domain/redaction/tests/canaries.rs"]
pub mod canaries;
mod census;
mod description;
mod determinism;
mod faults;
mod fixtures;
mod hashes;
mod lambda;
mod lane;
mod logs;
mod people;
mod proxy;
mod recording;
mod requests;
mod routes;
mod second_database;
mod setups;
mod stored;
mod tally;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use local::database::Database;
use local::event_source::Delivery;
use local::gateway::decoded_path;
use local::keys::Keys;
use local::loader::{self, PasswordHashes};
use local::scheduler::Scheduler;
use local::stack::{Options, Stack};
use local::workspace::{DEMO_PASSWORD, Member, Workspace};
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::compute::Deadline;
use shared::domain::{Password, Timestamp, TokenCredentials, User};
use shared::function::{EventFunction, HttpFunction};
use shared::http::{Caller, CorsOrigins, TrustedHops};
use shared::store::Table;

pub use answer::Answer;
pub use bench::{Bench, GRACE, LEASE, SETTLING, Trial};
pub use census::{Census, Contents, Finding};
pub use description::{resolved, validate};
pub use determinism::{SeededRandomness, SettableClock};
pub use faults::{
    AnswerChoice, Denial, Element, ElementFilter, Fault, Faults, Gate, Hits, Loss, Reason, Reasons, Rewriter, Rule,
    Throttling,
};
pub use fixtures::{
    CASEY, DAY, NEW_PASSWORD, TableItems, apply_id, change_alex, edit_prompt, refresh, restore, setup_items, snapshot,
    table_items,
};
pub use lambda::{FrozenProcess, Invocation, Process, Side, Write, recorded_event};
pub use lane::rounds;
pub use logs::{Logs, NAMESPACE, Sample, samples};
pub use people::CallerState;
pub use proxy::Proxy;
pub use recording::{Call, RecordedCalls, Recording};
pub use requests::{ANOTHER_PASSWORD, NO_INVITATION, Subject, good_body, operations_of_a_snapshot};
pub use setups::{
    capture, change_setup, counts, incompressible, mapped_body, numbered_id, numbered_item, setup_of, skipped_counts,
    snapshot_of, user_with_setup,
};
pub use stored::{json, unpacked};
pub use tally::Tally;

/// Alex Rep, SALES_REP of Acme, whose setup is captured.
pub const ALEX: &str = "alex@acme.example";
/// Pat Admin, ADMIN of Acme.
pub const PAT: &str = "pat@acme.example";
/// Dana Head, DEPARTMENT_HEAD of Acme.
pub const DANA: &str = "dana@acme.example";
/// Gil Admin, ADMIN of Globex.
pub const GIL: &str = "gil@globex.example";
/// Sam Super, SUPERADMIN, member of Globex.
pub const SAM: &str = "sam@globex.example";

/// Acme Corp.
pub const ACME: &str = "64ee9a8b1e7f2a0011223344";
/// Globex.
pub const GLOBEX: &str = "64ee9a8b1e7f2a0011223345";

/// The password of every demo user.
pub const PASSWORD: &str = DEMO_PASSWORD;

/// When every test begins: 2026-05-15T09:00:00.000Z, the moment on the customer's page.
pub const BEGINNING: Timestamp = Timestamp::from_millis(1_778_835_600_000);

/// How long a test waits for work that takes milliseconds, before it counts as hanging.
const PATIENCE: Duration = Duration::from_secs(20);

/// An item as it is stored.
pub type Item = HashMap<String, AttributeValue>;

/// The hash of the demo password, computed once for all tests of a process, because a hash takes longer than most tests.
static DEMO_HASH: tokio::sync::OnceCell<String> = tokio::sync::OnceCell::const_new();

/// A service for one test, with the demo workspace in its table.
pub struct TestApp {
    stack: Stack,
    /// The keys that verify its tokens.
    jwks: String,
    http: reqwest::Client,
    clock: Arc<SettableClock>,
    recording: Recording,
    faults: Faults,
    workspace: Workspace,
}

impl TestApp {
    /// Starts one with the demo workspace.
    pub async fn start() -> Self {
        Self::with_workspace(Workspace::demo().expect("the demo workspace is good")).await
    }

    /// A deadline of 25 seconds by the service's clock, for what reads the table without a request.
    pub fn deadline(&self) -> Deadline {
        Deadline::new(self.clock.clone(), self.clock().now().plus(Duration::from_secs(25)))
    }

    /// Starts one with another workspace. All users have [`PASSWORD`].
    pub async fn with_workspace(workspace: Workspace) -> Self {
        Self::with(workspace, Options::default()).await
    }

    /// Starts one with these origins in `CORS_ORIGINS`.
    pub async fn with_cors_origins(origins: &str) -> Self {
        let cors_origins = CorsOrigins::parse(origins).expect("the origins are some");
        Self::with_demo(Options { cors_origins, ..Options::default() }).await
    }

    /// Starts one in which a request may take this long: for a thousand at once, which have a processor each on AWS.
    pub async fn patient(function_timeout: Duration) -> Self {
        Self::with_demo(Options { function_timeout: Some(function_timeout), ..Options::default() }).await
    }

    /// Starts one that keeps so many revisions of a snapshot.
    pub async fn keeping_revisions(revisions_kept: u32) -> Self {
        Self::with_demo(Options { revisions_kept, ..Options::default() }).await
    }

    /// Starts one behind a proxy that says where requests come from, for [`TestApp::login_from`].
    pub async fn behind_a_proxy() -> Self {
        let trusted_hops = TrustedHops::new(1).expect("one proxy is not too many");
        Self::with_demo(Options { trusted_hops, ..Options::default() }).await
    }

    async fn with_demo(options: Options) -> Self {
        Self::with(Workspace::demo().expect("the demo workspace is good"), options).await
    }

    async fn with(workspace: Workspace, options: Options) -> Self {
        let clock = Arc::new(SettableClock::at(BEGINNING));
        let (recording, faults) = (Recording::default(), Faults::default());
        let randomness = Arc::new(SeededRandomness::new(1));
        let keys = Keys::generate(&*randomness).expect("keys are made");
        let jwks = keys.jwks.clone();
        let options = Options {
            clock: clock.clone(),
            randomness,
            keys: Some(keys),
            http_client: Some(faults.http_client(&recording)),
            ..options
        };
        let stack = Stack::start(options).await.expect("the stack starts");
        let hashes = PasswordHashes::same(&workspace, demo_hash().await);
        loader::load(stack.table(), &workspace, &hashes).await.expect("the workspace loads");
        recording.clear();
        // A test must not use a proxy of the environment.
        let http = reqwest::Client::builder().no_proxy().build().expect("an HTTP client");
        Self { stack, jwks, http, clock, recording, faults, workspace }
    }

    /// Runs a function by its logical name, as Lambda's Invoke API does.
    pub async fn invoke_by_name(&self, name: &str, event: &Value) -> Answer {
        let path = format!("/2015-03-31/functions/{name}/invocations");
        // Lambda's API, so our description does not cover the answer.
        let id = self.database().credentials().access_key_id();
        let signed = format!(
            "AWS4-HMAC-SHA256 Credential={id}/20260515/local/lambda/aws4_request, SignedHeaders=host, Signature=0"
        );
        let request = self.request(Method::POST, &path).header("authorization", signed).json(event);
        self.exchange(request.build().expect("the request is one")).await
    }

    /// Runs a sweep, which must succeed, and returns its report.
    pub async fn sweep(&self) -> Value {
        let answer = self.invoke_by_name(EventFunction::SweepApplies.logical_name(), &json!({})).await;
        assert_eq!(answer.header("x-amz-function-error"), None, "{}", answer.text);
        answer.expect(200).clone()
    }

    /// Runs the schedule, which must succeed, and returns its report.
    pub async fn run_schedule(&self) -> Value {
        self.scheduler().run().await.expect("the schedule runs")
    }

    /// Serves the queue, one message after the other, until no message is visible on the test's clock. Returns the outcomes.
    pub async fn drain_queue(&self) -> Vec<Delivery> {
        let mut served = Vec::new();
        while let Some(delivered) = self.scheduler().deliver().await {
            served.push(delivered);
        }
        served
    }

    /// Returns the schedule and its queue, which run only when a test runs them.
    pub fn scheduler(&self) -> &Scheduler {
        self.stack.scheduler()
    }

    /// Runs a function on an event of `events/`, its placeholders filled in.
    pub async fn invoke(&self, function: HttpFunction, event: &Value) -> Answer {
        let request = lambda_http::request::from_str(&event.to_string()).expect("the event is one");
        let (method, path) = (request.method().clone(), shared::http::route::path_of(&request).to_owned());
        let Ok(response) = self.stack.gateway().run(function, request).await;
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.to_vec()).expect("the answer is text");
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        let answer = Answer { status: parts.status.as_u16(), headers: parts.headers, body, text };
        description::check(&method, &path, None, &answer);
        answer
    }

    /// Starts any request, for [`TestApp::send`].
    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.http.request(method, format!("{}{path}", self.stack.url()))
    }

    /// Sends a request and reads the whole answer. Fails the test if the API's description does not have this answer.
    pub async fn send(&self, request: reqwest::RequestBuilder) -> Answer {
        let request = request.build().expect("the request is one");
        let (method, path) = (request.method().clone(), decoded_path(request.url().path()));
        let sent = request.body().and_then(reqwest::Body::as_bytes).and_then(|body| serde_json::from_slice(body).ok());
        let answer = self.exchange(request).await;
        description::check(&method, &path, sent.as_ref(), &answer);
        answer
    }

    async fn exchange(&self, request: reqwest::Request) -> Answer {
        let response = self.http.execute(request).await.expect("the service answers");
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.expect("the answer is text");
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null), text }
    }

    /// Returns a token for a user of the workspace, valid for one hour of the test's clock. It is signed here, because a sign-in costs a
    /// hash and changes the user.
    pub fn token(&self, email: &str) -> String {
        let member = self.member(email);
        let user = &member.user;
        self.token_for(&Caller {
            user: user.id,
            organization: user.organization,
            role: user.role,
            name: user.full_name.as_ref().map(ToString::to_string).unwrap_or_default(),
            credentials: TokenCredentials::default(),
        })
    }

    /// Returns a token for any caller, in the table or not.
    pub fn token_for(&self, caller: &Caller) -> String {
        self.stack.signer().sign(caller, shared::clock::Clock::now(&*self.clock)).expect("a token is signed")
    }

    /// Signs this user in and returns the token.
    pub async fn sign_in(&self, email: &str, password: &str) -> String {
        let answer = self.login(email, password).await;
        answer.expect(200)["token"].as_str().expect("a token").to_owned()
    }

    /// A user of the workspace, as it was loaded.
    pub fn member(&self, email: &str) -> &Member {
        self.workspace.member(email).unwrap_or_else(|| panic!("the workspace has no {email}")).1
    }

    /// The workspace, as it was loaded.
    pub fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The clock. Only the test moves it.
    pub fn clock(&self) -> &SettableClock {
        &self.clock
    }

    /// The table, for the store's ports.
    pub fn table(&self) -> &Table {
        self.stack.table()
    }

    /// The database, for calls that no port makes.
    pub fn database(&self) -> &Database {
        self.stack.database()
    }

    /// Returns every item of the table, in no order.
    pub async fn items(&self) -> Vec<Item> {
        let mut pages = self.database().client().scan().table_name("snapshots").into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(item.expect("a scan gives items"));
        }
        items
    }

    /// Returns the item with this key.
    pub async fn item(&self, pk: &str, sk: &str) -> Option<Item> {
        let key = |text: &str| AttributeValue::S(text.to_owned());
        let get = self.database().client().get_item().table_name("snapshots").key("PK", key(pk)).key("SK", key(sk));
        get.send().await.expect("a get answers").item
    }

    /// Writes an item without a port and its rules.
    pub async fn put_item<const N: usize>(&self, attributes: [(&str, AttributeValue); N]) {
        let item = attributes.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        let put = self.database().client().put_item().table_name("snapshots").set_item(Some(item));
        put.send().await.expect("an item is put");
    }

    /// Sets an attribute of a user's profile without a port and its rules.
    pub async fn set_attribute(&self, user: &User, name: &str, value: AttributeValue) {
        let (pk, sk) = (format!("ORG#{}#USER#{}", user.organization, user.id), "#META");
        let mut item = self.item(&pk, sk).await.expect("the user is stored");
        item.insert(name.to_owned(), value);
        let put = self.database().client().put_item().table_name("snapshots").set_item(Some(item));
        put.send().await.expect("an item is put");
    }

    /// Returns the calls to DynamoDB since the start or the last [`TestApp::forget_calls`], including those of `items` and `item`.
    pub fn recorded(&self) -> RecordedCalls {
        self.recording.recorded()
    }

    /// Returns the record of those calls, for a fault that depends on answers.
    pub fn recording(&self) -> Recording {
        self.recording.clone()
    }

    /// Returns the faults between the service and the database; none until a test adds one.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Makes every stage of an apply fail from the `n`-th on, counted from 1.
    pub fn fail_stages_from(&self, n: u64) -> Hits {
        let stages = AtomicU64::new(0);
        let is_late = move |request: &Value| {
            let is_stage = request["TransactItems"][0].get("ConditionCheck").is_some();
            is_stage && stages.fetch_add(1, Ordering::SeqCst) + 1 >= n
        };
        self.faults().drop_request().of("TransactWriteItems").when(is_late).always()
    }

    /// Forgets the calls so far.
    pub fn forget_calls(&self) {
        self.recording.clear();
    }
}

/// The body of the customer's create request.
pub fn create_body() -> Value {
    serde_json::from_str(local::demo::CREATE_BODY).expect("the customer's body is JSON")
}

/// The body of the customer's apply request.
pub fn apply_body() -> Value {
    serde_json::from_str(local::demo::APPLY_BODY).expect("the customer's body is JSON")
}

async fn demo_hash() -> &'static str {
    let hash = DEMO_HASH.get_or_init(|| async {
        let password = Password::new(PASSWORD.to_owned());
        loader::hash(&password, &SeededRandomness::new(2)).await.expect("the password is hashed")
    });
    hash.await
}
