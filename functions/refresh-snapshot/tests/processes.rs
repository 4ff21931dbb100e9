//! The function's own binary, run as Lambda runs it, on a queue in which one tenant's messages kill it, freeze it or fail, beside
//! those of nine innocent tenants.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "all of this is tests, the functions that they share included")]

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::join_all;
use local::event_source::{MAX_RECEIVES, MAXIMUM_CONCURRENCY, VISIBILITY_TIMEOUT};
use local::gateway::{FunctionError, InvocationResult};
use local::scheduler::SHARE;
use local::workspace::{Member, Tenant, Workspace};
use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};
use shared::domain::{Email, Organization, Role};
use tests::{Gate, Process, Proxy, SAM, TestApp, json as to_json, numbered_id};
use tokio::time::{sleep, timeout};

const BINARY: &str = env!("CARGO_BIN_EXE_refresh-snapshot");
const INNOCENT: usize = 9;
/// So many snapshots of the poisoned tenant are due: more than its share of a run.
const POISONED: usize = SHARE + 1;
/// How long Lambda lets the function run here. It plans four seconds less.
const TIMEOUT: Duration = Duration::from_secs(12);
const PERIOD: Duration = Duration::from_secs(6 * 60 * 60);

/// What a message of the poisoned tenant does.
#[derive(Debug, Clone, Copy, PartialEq)]
enum PoisonMessage {
    /// It ends the process, as one without memory ends.
    Kills,
    /// The process stands still until Lambda ends it.
    Freezes,
    /// The table does not answer, until the function's own time is over.
    Hangs,
    /// The table answers with an error.
    Fails,
}

/// A service in which snapshots of ten tenants are due, and the function behind its queue.
struct Queue {
    app: TestApp,
    proxy: Proxy,
    /// The calls for the poisoned tenant's setup come here.
    gate: Gate,
    poison: PoisonMessage,
    poisoned: Vec<String>,
    innocent: Vec<String>,
}

/// A tenant with one user, who has an empty setup.
fn tenant(number: usize, demo: &Workspace) -> Tenant {
    let mut user = demo.member(SAM).unwrap().1.user.clone();
    user.id = numbered_id(0xe0, number);
    user.organization = numbered_id(0xe1, number);
    user.email = Email::parse(format!("rep@tenant{number}.example")).unwrap();
    user.role = Role::SalesRep;
    let organization = Organization {
        id: user.organization,
        name: format!("Tenant {number}"),
        pipelines: vec![],
        agents: vec![],
        trusted_destinations: vec![],
        left_out: Vec::new(),
    };
    Tenant {
        organization,
        names_trusted_destinations: true,
        users: vec![Member { user, names_login_disabled: true, has_given_id: true, setup: Default::default() }],
    }
}

impl Queue {
    async fn start(poison: PoisonMessage) -> Self {
        let mut workspace = Workspace::demo().unwrap();
        let tenants: Vec<_> = (0..=INNOCENT).map(|number| tenant(number, &workspace)).collect();
        workspace.organizations.extend(tenants);
        let app = TestApp::with_workspace(workspace).await;
        // The processes live in the system's time, in which everything is due.
        app.clock().set(SystemClock.now().minus(PERIOD));
        let mut poisoned = Vec::new();
        for _ in 0..POISONED {
            poisoned.push(scheduled(&app, 0).await);
        }
        let mut innocent = Vec::new();
        for number in 1..=INNOCENT {
            innocent.push(scheduled(&app, number).await);
        }
        app.clock().set(SystemClock.now());
        let proxy = Proxy::start(app.database().endpoint()).await;
        let gate = Gate::closed();
        let setup = format!("ORG#{}#USER#{}", numbered_id(0xe1, 0), numbered_id(0xe0, 0));
        let of_its_setup = move |request: &Value| request["ExpressionAttributeValues"][":pk"]["S"] == setup;
        match poison {
            PoisonMessage::Fails => proxy.faults().fail(500).of("Query").when(of_its_setup).always(),
            _ => proxy.faults().hold_request(&gate).of("Query").when(of_its_setup).always(),
        };
        Self { app, proxy, gate, poison, poisoned, innocent }
    }

    /// Serves what is visible as Lambda does, so many messages at once, and gives what came again.
    async fn serve(&self) -> Vec<String> {
        let queue = self.app.scheduler().queue();
        let one_after_the_other = async || {
            let mut failed = Vec::new();
            while let Some(delivered) = queue.deliver(async |event| self.invoke(&event).await).await {
                failed.extend(delivered.failed.iter().map(|place| delivered.messages[*place].clone()));
            }
            failed
        };
        join_all((0..MAXIMUM_CONCURRENCY).map(|_| one_after_the_other())).await.concat()
    }

    /// Runs a process of the function on an event until it answers, or ends, or has no time left.
    async fn invoke(&self, event: &Value) -> InvocationResult {
        let mut process = self.app.spawn(BINARY, &self.proxy).await;
        let mut invocation = process.invoke_within(event, TIMEOUT);
        let is_poisoned = self.poisoned.iter().any(|id| event.to_string().contains(id));
        let failed =
            |error_type: &str| Err(FunctionError { error_type: error_type.to_owned(), error_message: String::new() });
        if is_poisoned && matches!(self.poison, PoisonMessage::Kills | PoisonMessage::Freezes) {
            self.gate.arrived(1).await;
            return match self.poison {
                PoisonMessage::Kills => {
                    process.kill().await;
                    failed("Runtime.ExitError")
                }
                _ => self.freeze(&mut process).await.map_or(failed("Sandbox.Timedout"), Ok),
            };
        }
        match timeout(TIMEOUT, invocation.result()).await {
            Ok(answer) => Ok(answer),
            Err(_) => failed("Sandbox.Timedout"),
        }
    }

    async fn freeze(&self, process: &mut Process) -> Option<Value> {
        process.freeze().await;
        sleep(TIMEOUT).await;
        process.kill().await;
        None
    }

    /// Which snapshots were refreshed.
    async fn refreshed(&self) -> BTreeSet<String> {
        let mut refreshed = BTreeSet::new();
        for id in self.poisoned.iter().chain(&self.innocent) {
            let state = self.app.item(&format!("SNAPSHOT#{id}"), "REFRESH").await.unwrap();
            if state.get("refreshStatus").is_some_and(|status| to_json(status) == "unchanged") {
                refreshed.insert(id.clone());
            }
        }
        refreshed
    }
}

/// A snapshot of a tenant's user, with a schedule.
async fn scheduled(app: &TestApp, tenant: usize) -> String {
    let (sam, user) = (app.token(SAM), numbered_id(0xe0, tenant).to_string());
    let body = json!({"name": "S", "sourceOrgId": numbered_id(0xe1, tenant).to_string(), "sourceUserId": user});
    let id = app.create_snapshot(&sam, &body).await.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    app.rename(&sam, &id, &json!({"refresh": {"every": "PT6H"}})).await.expect(200);
    id
}

/// Serves the queue once: every innocent message is served, and every poisoned one comes again.
async fn served_once(poison: PoisonMessage) -> (Queue, Vec<String>) {
    let queue = Queue::start(poison).await;
    let report = queue.app.run_schedule().await;
    assert_eq!((&report["sent"], &report["deferred"]), (&json!(SHARE + INNOCENT), &json!(1)), "{report}");
    let came_again = queue.serve().await;
    let is_poisoned = |message: &String| queue.poisoned.iter().any(|id| message.contains(id));
    assert!(came_again.len() == SHARE && came_again.iter().all(is_poisoned), "{poison:?}: {came_again:?}");
    assert_eq!(queue.refreshed().await, queue.innocent.iter().cloned().collect(), "{poison:?}");
    (queue, came_again)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_kill_their_process_cost_themselves_alone_and_end_in_the_dead_letter_queue() {
    let (queue, came_again) = served_once(PoisonMessage::Kills).await;
    let expected: BTreeSet<_> = came_again.into_iter().collect();
    for receive in 2..=MAX_RECEIVES {
        queue.app.clock().advance(VISIBILITY_TIMEOUT);
        let again: BTreeSet<_> = queue.serve().await.into_iter().collect();
        assert_eq!(again, expected, "receive {receive}");
    }
    queue.app.clock().advance(VISIBILITY_TIMEOUT);
    assert_eq!(queue.serve().await, [""; 0]);
    let dead: BTreeSet<_> = queue.app.scheduler().queue().dead_letters().into_iter().collect();
    assert_eq!((dead, queue.app.scheduler().queue().waiting()), (expected, 0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_freeze_their_process_delay_nobody_by_more_than_one_messages_time() {
    let queue = Queue::start(PoisonMessage::Freezes).await;
    queue.app.run_schedule().await;
    let started = SystemClock.now();
    let innocent_are_served = async {
        while !queue.innocent.iter().cloned().collect::<BTreeSet<_>>().is_subset(&queue.refreshed().await) {
            sleep(Duration::from_millis(50)).await;
        }
        SystemClock.now().since(started)
    };
    let (came_again, took) = tokio::join!(queue.serve(), innocent_are_served);
    println!(
        "nine innocent messages beside {SHARE} frozen ones were served after {took:?}, of {TIMEOUT:?} that each may take"
    );
    assert!(took < TIMEOUT, "{took:?}");
    assert_eq!(came_again.len(), SHARE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn messages_that_hang_or_fail_cost_themselves_alone() {
    for poison in [PoisonMessage::Hangs, PoisonMessage::Fails] {
        served_once(poison).await;
    }
}
