//! An apply of many transactions to be interrupted, and what must hold whatever happens to it.

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, WriteRequest};
use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};
use shared::function::EventFunction;

use crate::census::{Census, Contents, Finding};
use crate::{Answer, GIL, GLOBEX, Item, Reason, SAM, TestApp, mapped_body, recorded_event, snapshot_of};

/// How long nobody else carries on an apply that began now, and a moment.
pub const LEASE: Duration = Duration::from_secs(36);
/// How long after that a sweep gives it up, and a moment.
pub const GRACE: Duration = Duration::from_secs(121);
/// How long after that a sweep clears it away, and a moment.
pub const SETTLING: Duration = Duration::from_secs(71);

/// The password of the customer's request.
const NEW_PASSWORD: &str = "TempPass!2026";

/// A service in the system's time with a snapshot in it, and what comes of an apply of that when nothing disturbs it.
pub struct Bench {
    app: TestApp,
    snapshot: String,
    items: usize,
    /// What stands in the table before anybody applies.
    before: Census,
    whole: Contents,
}

/// One apply that something happens to, by its address and its Idempotency-Key.
pub struct Trial<'b> {
    bench: &'b Bench,
    email: String,
    key: Option<String>,
    /// What the last look found in the table, and whether the user was there.
    last: Option<(Census, bool)>,
    findings: Vec<Finding>,
}

impl Bench {
    /// A service with a snapshot of so many items. With 96 an apply is one transaction; each 99 more are one stage.
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

    /// What has come since nobody had applied.
    async fn census(&self) -> Census {
        Census::of(&self.app).await.since(&self.before)
    }

    /// Puts the table and the clock back: to nobody having applied, and to the present time.
    pub async fn clear(&self) {
        self.restore(&Census::default()).await;
    }

    /// What stands in the table but for the snapshot, to be restored.
    pub async fn made(&self) -> Census {
        self.census().await
    }

    /// Puts the table back, past every rule, to nothing having been made but this, and the clock to the present time. So a
    /// trial begins as the one before it did, and takes no longer.
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
    /// The request as the gateway hands it over, with a token that is good at the present time.
    pub fn event(&self) -> Value {
        let mut event = recorded_event("apply-snapshot", &self.bench.app.token(SAM), &self.bench.snapshot);
        event["body"] = json!(self.bench.body(&self.email).to_string());
        if let Some(key) = &self.key {
            event["headers"]["idempotency-key"] = json!(key);
        }
        event
    }

    /// Whether its requests are one and the same.
    pub fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// The same request, to a process that no fault of a proxy hits.
    pub async fn apply(&self) -> Answer {
        self.bench.apply(&self.email, self.key.as_deref()).await
    }

    /// The same request to a process that fails at its `n`-th stage in a way that no retry helps, where it comes so far, and
    /// stops in order.
    pub async fn break_off(&self, n: u64) -> Answer {
        let is_stage = |request: &Value| request["TransactItems"][0].get("ConditionCheck").is_some();
        let faults = self.bench.app.faults();
        faults.cancel([Reason::None, Reason::ConditionFailed(None)]).when(is_stage).nth(n);
        let answer = self.apply().await;
        faults.clear();
        answer
    }

    /// Lets time pass, counted from the present moment or from a later one that the clock shows already, for everybody but
    /// processes of their own.
    pub fn wait(&self, time: Duration) {
        let clock = self.bench.app.clock();
        clock.set(clock.now().max(SystemClock.now()).plus(time));
    }

    /// Notes what must not be.
    pub fn note(&mut self, finding: Finding) {
        self.findings.push(finding);
    }

    /// Notes an answer of another status, or of another code where it is a problem.
    pub fn expect(&mut self, answer: &Answer, status: u16, code: &str) {
        if answer.status != status || answer.body["code"].as_str().unwrap_or_default() != code {
            self.note(Finding::WrongAnswer(format!("{status} {code} expected: {}", answer.text)));
        }
    }

    /// Looks at the new user in every way there is, and tells whether somebody sees it. It must be whole then, and seen by
    /// everybody. Where nothing has changed since the last look, neither has what is seen.
    pub async fn look(&mut self) -> bool {
        // A look leaves a capture.
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

    /// Captures a user that an apply has made or was to make: one that is listed with everything, no other one.
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

    /// Sweeps; gives the report.
    pub async fn sweep(&mut self) -> Value {
        let answer = self.bench.app.invoke_by_name(EventFunction::SweepApplies.logical_name(), &json!({})).await;
        if answer.header("x-amz-function-error").is_some() {
            self.note(Finding::Unfinished(answer.text));
        }
        answer.body
    }

    /// Sweeps until everything that was interrupted by now is cleared away: once to give it up, once to clear it away.
    pub async fn sweep_away(&mut self) {
        self.wait(LEASE + GRACE);
        self.sweep().await;
        self.look().await;
        self.wait(SETTLING);
        self.sweep().await;
        self.look().await;
    }

    /// Lets everything end, and concludes.
    pub async fn end(mut self) -> Vec<Finding> {
        self.sweep_away().await;
        self.wait(SETTLING);
        let idle = json!({"givenUp": 0, "cleared": 0, "undone": 0, "emptied": 0, "listed": 0, "items": 0, "failed": 0, "isDone": true});
        let report = self.sweep().await;
        if report != idle {
            self.note(Finding::Unfinished(report.to_string()));
        }
        self.conclude().await
    }

    /// Once everything has ended: judges what is left and what the same request is answered, and gives all that was found.
    pub async fn conclude(mut self) -> Vec<Finding> {
        let census = self.bench.census().await;
        self.findings.extend(census.leftovers());
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
            // Nothing is left, so whoever applies next is the first one.
            _ => {}
        }
        self.findings
    }
}
