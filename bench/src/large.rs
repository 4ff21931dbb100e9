//! Measures inputs at the limits of the service. A new process serves each.

use std::time::Duration;

use serde_json::{Map, Value, json};
use shared::domain::{ItemKind, ObjectId, PerKind, Setup, SetupItem, Stage};
use tests::{ACME, Answer, PAT, Process, SAM, mapped_body, numbered_item, recorded_event, setup_of};

use crate::AnyError;
use crate::arm::{Arm, Operation, Programs};
use crate::fixture::{Endpoint, Fixture};
use crate::measurement::{peak_memory, processor_time};

/// The most items of a snapshot, and as many references and stages.
const MOST: usize = 5_000;
/// The longest prompts that are compared, on one line.
const LONG_LINE: usize = 300_000;
/// An item takes at most 390 kB, and a setup 16 MB.
const LARGE_PROMPT: usize = 380_000;
const LARGE_PROMPTS: usize = 42;

/// What one large call took.
pub(crate) struct LargeCall {
    /// What it is.
    pub(crate) name: &'static str,
    /// The processor time, all threads together, with what a first call compiles.
    pub(crate) processor: Duration,
    /// The most memory that the process had, in bytes.
    pub(crate) memory: u64,
}

/// The service on a table of large setups.
pub(crate) struct LargeCalls<'f> {
    fixture: &'f Fixture,
    programs: &'f Programs,
}

impl<'f> LargeCalls<'f> {
    /// Returns the service on the table of `fixture`.
    pub(crate) fn new(fixture: &'f Fixture, programs: &'f Programs) -> Self {
        Self { fixture, programs }
    }

    /// Makes each call once.
    pub(crate) async fn measure(&self) -> Result<Vec<LargeCall>, AnyError> {
        let mut calls = Vec::new();
        let (captured, _) = self.capture("a capture of 16 MB", &large_setup()).await?;
        calls.push(captured);

        let (_, snapshot) = self.capture("", &setup_of(MOST)).await?;
        let body = mapped_body("large@globex.example", MOST / 3);
        let plan = self.event("apply-snapshot", "POST", &format!("/{snapshot}/plan"), SAM, Some(&body))?;
        calls.push(self.call("a plan of 5,000 items", "apply-snapshot", &plan, 200).await?.0);

        let (_, snapshot) = self.capture("", &referring_setup()).await?;
        let references = self.event("manage-snapshots-list", "GET", &format!("/{snapshot}/apply-refs"), SAM, None)?;
        let name = "apply-refs of 5,000 references, with 5,000 stages";
        calls.push(self.call(name, "manage-snapshots", &references, 200).await?.0);

        let source = self.fixture.add_user(&line_setup("word, ")).await?;
        let snapshot = self.capture_user("", source).await?.1;
        self.fixture.change(source, ItemKind::Prompt, line("ward; ")).await?;
        let refresh = self.event("manage-snapshots-list", "POST", &format!("/{snapshot}/refresh"), PAT, None)?;
        self.call("", "manage-snapshots", &refresh, 200).await?;
        let diff = self.event("manage-snapshots-list", "GET", &format!("/{snapshot}/diff"), PAT, None)?;
        calls.push(self.call("a diff of two prompts of 300 kB on one line", "manage-snapshots", &diff, 200).await?.0);
        Ok(calls)
    }

    /// Captures a setup of a new user, and returns the snapshot's id.
    async fn capture(&self, name: &'static str, setup: &Setup) -> Result<(LargeCall, String), AnyError> {
        let user = self.fixture.add_user(setup).await?;
        self.capture_user(name, user).await
    }

    async fn capture_user(&self, name: &'static str, user: ObjectId) -> Result<(LargeCall, String), AnyError> {
        let body = json!({"name": "Large", "sourceOrgId": ACME, "sourceUserId": user.to_string()});
        let event = self.event("create-snapshot", "POST", "", PAT, Some(&body))?;
        let (call, answer) = self.call(name, "create-snapshot", &event, 201).await?;
        let id = answer["snapshot"]["_id"].as_str().ok_or("a created snapshot has no id")?;
        Ok((call, id.to_owned()))
    }

    /// Returns an event like a recorded one, for another path below that of the snapshots.
    fn event(
        &self,
        recorded: &str,
        method: &str,
        path: &str,
        caller: &str,
        body: Option<&Value>,
    ) -> Result<Value, AnyError> {
        let mut event = recorded_event(recorded, &self.fixture.token(caller)?, "");
        let path = format!("/api/user-snapshots{path}");
        event["rawPath"] = json!(path);
        event["rawQueryString"] = json!("");
        event["requestContext"]["http"]["method"] = json!(method);
        event["requestContext"]["http"]["path"] = json!(path);
        if let Some(body) = body {
            event["body"] = json!(body.to_string());
        }
        Ok(event)
    }

    async fn call(
        &self,
        name: &'static str,
        function: &str,
        event: &Value,
        status: u16,
    ) -> Result<(LargeCall, Value), AnyError> {
        let mut command = self.programs.function(function);
        self.fixture.configure(&mut command, Operation::Create, Endpoint::Plain);
        let mut process = Process::start(command).await;
        let before = processor_time(process.id())?;
        let result = process.invoke(event).result().await;
        let processor = processor_time(process.id())?.saturating_sub(before);
        let memory = peak_memory(process.id())?;
        process.kill().await;
        let answer = Answer::read(&result);
        if answer.status != status {
            return Err(format!("{}, {name}: {} {}", Arm::Service, answer.status, answer.text).into());
        }
        Ok((LargeCall { name, processor, memory }, answer.body))
    }
}

/// The stages that an organization can have, with names that are alike.
pub(crate) fn stages() -> Vec<Stage> {
    let stage = |number| Stage { name: format!("Follow up {number:04}"), color: None, rest: Map::new() };
    (0..MOST).map(stage).collect()
}

/// Automations that each refer to a stage by a name that the other organization writes differently.
fn referring_setup() -> Setup {
    let automation = |number| {
        let actions = json!({"targetStage": format!("Follow-Up {number:04}")});
        numbered_item(
            5,
            number,
            json!({"name": format!("Automation {number}"), "event": "message.received", "actions": actions}),
        )
    };
    Setup::from(PerKind { automations: (0..MOST).map(automation).collect(), ..PerKind::default() })
}

/// Prompts of words, of 16 MB in all.
fn large_setup() -> Setup {
    let mut state = 1_u64;
    let mut text = || {
        let mut text = String::new();
        while text.len() < LARGE_PROMPT {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            text.push_str(WORDS[(state >> 32) as usize % WORDS.len()]);
            text.push(' ');
        }
        text
    };
    let prompt = |number| numbered_item(6, number, json!({"name": format!("Large {number}"), "prompt": text()}));
    Setup::from(PerKind { prompts: (0..LARGE_PROMPTS).map(prompt).collect(), ..PerKind::default() })
}

const WORDS: [&str; 16] = [
    "the",
    "customer",
    "asks",
    "about",
    "delivery,",
    "answer",
    "politely",
    "and",
    "offer",
    "a",
    "meeting",
    "next",
    "week.",
    "Never",
    "promise",
    "discounts.",
];

fn line_setup(word: &str) -> Setup {
    Setup::from(PerKind { prompts: vec![line(word)], ..PerKind::default() })
}

fn line(word: &str) -> SetupItem {
    numbered_item(7, 1, json!({"name": "Long line", "prompt": word.repeat(LONG_LINE / word.len())}))
}
