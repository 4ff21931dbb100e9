//! Interrupts applies of many transactions, and checks what must hold afterwards.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, WriteRequest};
use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};
use shared::function::EventFunction;
use shared::store::TableCheck;

use crate::census::{Census, Contents, Finding};
use crate::{Answer, GIL, GLOBEX, Item, Reason, SAM, TestApp, mapped_body, recorded_event, snapshot_of};

/// The lease of an apply that begins now, and a moment.
pub const LEASE: Duration = Duration::from_secs(36);
/// The time from there until a sweep gives it up, and a moment.
pub const GRACE: Duration = Duration::from_secs(121);
/// The time from there until a sweep clears it, and a moment.
pub const SETTLING: Duration = Duration::from_secs(71);

/// The password of the customer's request.
const NEW_PASSWORD: &str = "TempPass!2026";

/// A service in the system's time with a snapshot, and the result of an undisturbed apply of it.
pub struct Bench {
    app: TestApp,
    snapshot: String,
    items: usize,
    /// The items of the table before any apply.
    before: Census,
    whole: Contents,
}

/// One disturbed apply, with its address and its Idempotency-Key.
pub struct Trial<'b> {
    bench: &'b Bench,
    email: String,
    key: Option<String>,
    /// The items at the last look, and whether the user existed.
    last: Option<(Census, bool)>,
    findings: Vec<Finding>,
}

impl Bench {
    /// Starts a service with a snapshot of so many items. With 96 an apply is one transaction; each 99 more are one stage.
    pub async fn start(items: usize) -> Self {
        let app = TestApp::start().await;
        app.clock().set(SystemClock.now());
        let empty = Census::of(&app).await;
        let snapshot = snapshot_of(&app, items).await;
        let captured = Census::of(&app).await.partitions(|pk| pk.contains(&snapshot));
        let before = empty.and(captured);
        let mut bench = Self { app, snapshot, items, before, whole: Contents::new() };
        bench.clear().await;
        bench.apply("undisturbed@globex.example", None).await.expect(201);
        bench.whole = bench.census().await.only_user();
        assert_eq!(bench.whole.len(), items + 2, "profile, switches and the clones");
        bench.clear().await;
        bench
    }

    /// The service.
    pub fn app(&self) -> &TestApp {
        &self.app
    }

    /// Starts a trial. `name` is its address and, where it `has_key`, its key; no other trial has it.
    pub fn trial(&self, name: &str, has_key: bool) -> Trial<'_> {
        Trial {
            bench: self,
            email: format!("{name}@globex.example"),
            key: has_key.then(|| name.to_owned()),
            last: None,
            findings: Vec::new(),
        }
    }

    /// Returns the items that were added since before any apply.
    async fn census(&self) -> Census {
        Census::of(&self.app).await.since(&self.before)
    }

    /// Resets the table to before any apply, and the clock to the present time.
    pub async fn clear(&self) {
        self.restore(&Census::default()).await;
    }

    /// Returns the items of the table except the snapshot, to be restored later.
    pub async fn made(&self) -> Census {
        self.census().await
    }

    /// Resets the table to these items, past every rule, and the clock to the present time. So every trial begins in the same state
    /// and takes equally long.
    pub async fn restore(&self, made: &Census) {
        let now = self.census().await;
        let deletes = now.clone().since(made).items().map(delete).collect::<Vec<_>>();
        let puts = made.items().filter(|item| !now.holds(item)).map(put).collect::<Vec<_>>();
        for batch in [deletes, puts].concat().chunks(25) {
            let requests = HashMap::from([("snapshots".to_owned(), batch.to_vec())]);
            let write = self.app.database().client().batch_write_item().set_request_items(Some(requests));
            let answer = write.send().await.expect("a batch is written");
            assert!(answer.unprocessed_items.is_none_or(|left| left.is_empty()));
        }
        self.app.clock().set(SystemClock.now());
        self.app.forget_calls();
    }

    fn body(&self, email: &str) -> Value {
        mapped_body(email, self.items / 3)
    }

    async fn apply(&self, email: &str, key: Option<&str>) -> Answer {
        let (token, body) = (self.app.token(SAM), self.body(email));
        match key {
            Some(key) => self.app.apply_once(&token, key, &self.snapshot, &body).await,
            None => self.app.apply(&token, &self.snapshot, &body).await,
        }
    }
}

fn delete(item: &Item) -> WriteRequest {
    let request = DeleteRequest::builder().key("PK", item["PK"].clone()).key("SK", item["SK"].clone());
    WriteRequest::builder().delete_request(request.build().expect("a key")).build()
}

fn put(item: &Item) -> WriteRequest {
    let request = PutRequest::builder().set_item(Some(item.clone()));
    WriteRequest::builder().put_request(request.build().expect("an item")).build()
}

impl Trial<'_> {
    /// Returns the request as the gateway passes it on, with a token that is valid now.
    pub fn event(&self) -> Value {
        let mut event = recorded_event("apply-snapshot", &self.bench.app.token(SAM), &self.bench.snapshot);
        event["body"] = json!(self.bench.body(&self.email).to_string());
        if let Some(key) = &self.key {
            event["headers"]["idempotency-key"] = json!(key);
        }
        event
    }

    /// Whether its requests count as one request.
    pub fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// Sends the same request to a process without faults.
    pub async fn apply(&self) -> Answer {
        self.bench.apply(&self.email, self.key.as_deref()).await
    }

    /// Sends the same request to a process that fails at its `n`-th stage, if it gets so far, with an error that no retry helps.
    /// The process ends normally.
    pub async fn break_off(&self, n: u64) -> Answer {
        let is_stage = |request: &Value| request["TransactItems"][0].get("ConditionCheck").is_some();
        let faults = self.bench.app.faults();
        faults.cancel([Reason::None, Reason::ConditionFailed(None)]).when(is_stage).nth(n);
        let answer = self.apply().await;
        faults.clear();
        answer
    }

    /// Moves the clock forward, from the present or from a later time that it shows already. Separate processes keep the system's
    /// time.
    pub fn wait(&self, time: Duration) {
        let clock = self.bench.app.clock();
        clock.set(clock.now().max(SystemClock.now()).plus(time));
    }

    /// Records a finding.
    pub fn note(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Records an answer with another status, or another problem code.
    pub fn expect(&mut self, answer: &Answer, status: u16, code: &str) {
        if answer.status != status || answer.body["code"].as_str().unwrap_or_default() != code {
            self.note(Finding::WrongAnswer(format!("{status} {code} expected: {}", answer.text)));
        }
    }

    /// Looks at the new user through every route, and returns whether anybody sees it. A visible user must be complete and visible
    /// everywhere. If no item changed since the last look, the view did not change either.
    pub async fn look(&mut self) -> bool {
        // A look creates a capture.
        let census =
            self.bench.census().await.partitions(|pk| !pk.starts_with("SNAPSHOT#") && !pk.starts_with("CHUNK#"));
        match &self.last {
            Some((last, is_there)) if *last == census => *is_there,
            last => {
                let was_there = last.as_ref().is_some_and(|(_, is_there)| *is_there);
                let is_there = self.look_at(&census).await;
                if was_there && !is_there {
                    self.note(Finding::PartialUser("it was there and is gone".to_owned()));
                }
                self.last = Some((census, is_there));
                is_there
            }
        }
    }

    async fn look_at(&mut self, census: &Census) -> bool {
        let app = &self.bench.app;
        self.findings.extend(census.partial_users(&self.bench.whole));
        app.forget_failures(&self.email).await;
        let login = app.login(&self.email, NEW_PASSWORD).await;
        let listed = app.list_users(&app.token(GIL), GLOBEX, "").await;
        let users = listed.expect(200)["users"].as_array().expect("a list of users");
        let listed = users.iter().find(|user| user["email"] == self.email.as_str());
        match (login.status, listed) {
            (200, Some(user)) if login.body["user"]["id"] == user["_id"] => {}
            (401, None) => {}
            (status, listed) => {
                self.findings.push(Finding::PartialUser(format!("signing in is {status}, listed is {listed:?}")));
            }
        }
        for user in census.made_users() {
            let is_listed = users.iter().any(|listed| listed["_id"] == user.as_str());
            self.capture(&user, is_listed).await;
        }
        listed.is_some()
    }

    /// Captures the user of an apply. A listed user must be complete; any other must not be found.
    async fn capture(&mut self, user: &str, is_listed: bool) {
        let app = &self.bench.app;
        let body = json!({"name": "Seen", "sourceOrgId": GLOBEX, "sourceUserId": user});
        let captured = app.create_snapshot(&app.token(SAM), &body).await;
        let counts = captured.body["snapshot"]["counts"].as_object().into_iter().flatten();
        let count: u64 = counts.filter_map(|(_, count)| count.as_u64()).sum();
        let is_right = match is_listed {
            true => captured.status == 201 && count == self.bench.items as u64,
            false => captured.status == 422,
        };
        if !is_right {
            self.note(Finding::PartialUser(format!("it is captured with {count} items: {}", captured.status)));
        }
    }

    /// Runs the sweep and returns its report.
    pub async fn sweep(&mut self) -> Value {
        let answer = self.bench.app.invoke_by_name(EventFunction::SweepApplies.logical_name(), &json!({})).await;
        if answer.header("x-amz-function-error").is_some() {
            self.note(Finding::Unfinished(answer.text));
        }
        answer.body
    }

    /// Sweeps until every interrupted apply is cleared: once to give it up, once to clear it.
    pub async fn sweep_away(&mut self) {
        self.wait(LEASE + GRACE);
        self.sweep().await;
        self.look().await;
        self.wait(SETTLING);
        self.sweep().await;
        self.look().await;
    }

    /// Lets everything end, and returns the findings.
    pub async fn end(mut self) -> Vec<Finding> {
        self.sweep_away().await;
        self.wait(SETTLING);
        let idle = json!({"givenUp": 0, "cleared": 0, "undone": 0, "removed": 0, "emptied": 0, "listed": 0, "items": 0, "failed": 0, "isDone": true});
        let report = self.sweep().await;
        if report != idle {
            self.note(Finding::Unfinished(report.to_string()));
        }
        self.conclude().await
    }

    /// After everything ended: checks the remaining items and the answer to the same request, and returns all findings.
    pub async fn conclude(mut self) -> Vec<Finding> {
        let census = self.bench.census().await;
        self.findings.extend(census.leftovers());
        let check = TableCheck::new(self.bench.app.table()).without_lag().run(&mut |_| {}).await;
        for defect in check.expect("the table can be checked").defects {
            let name = defect.relation.rule().name;
            self.findings.push(Finding::BrokenRelation(format!("{name}: {}", defect.detail)));
        }
        let is_there = self.look().await;
        match &self.key {
            Some(_) if is_there => {
                let answer = self.apply().await;
                self.expect(&answer, 201, "");
                if answer.header("idempotent-replayed") != Some("true") {
                    self.note(Finding::WrongAnswer("the same key made it once more".to_owned()));
                }
            }
            Some(_) if !census.made_users().is_empty() => {
                let answer = self.apply().await;
                self.expect(&answer, 409, "apply_aborted");
            }
            None if is_there => {
                let answer = self.apply().await;
                self.expect(&answer, 409, "email_taken");
            }
            // Nothing is left, so the next apply is the first one.
            _ => {}
        }
        self.findings
    }
}
