//! Captures under a storm of writes. Each write puts its own number into all prompts at once, so the prompts of a capture are a
//! vector of versions: a cut through one moment has one number, a torn one has two. In a process of its own: it takes all the
//! processors there are.

#![expect(clippy::unwrap_used, reason = "what fails in a test fails the test")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::domain::{ItemKind, SetupItem, User};
use shared::store::{CaptureOutcome, Captures, SetupChange, SetupWriteOutcome};
use tests::{ALEX, BEGINNING, TestApp, rounds};

/// How many captures are taken.
fn captures() -> usize {
    rounds(100, 1_000)
}
/// How many items a page of a query has, in place of a megabyte: so that 27 items take two pages.
const PAGE: usize = 14;
/// How many versions the echo knows.
const VERSIONS: u64 = 3_000;

/// Writes this round into every prompt of Alex.
async fn write(app: &TestApp, round: u64) {
    let alex = app.member(ALEX);
    let text = round.to_string();
    let changes: Vec<SetupChange> = alex
        .setup
        .items
        .prompts
        .iter()
        .map(|prompt| {
            let document = serde_json::from_value(json!({"name": "Vector", "prompt": text})).unwrap();
            SetupChange::Put(ItemKind::Prompt, SetupItem { id: prompt.id, document })
        })
        .collect();
    let written =
        tests::change_setup(app.table(), &alex.user.organization, &alex.user.id, &changes, BEGINNING).await.unwrap();
    assert!(matches!(written, SetupWriteOutcome::Version(_)), "{written:?}");
}

/// Writes rounds into every prompt of Alex until `stop` is set, and returns the number of rounds.
async fn storm(app: Arc<TestApp>, stop: Arc<AtomicBool>) -> u64 {
    let mut round = 0;
    while !stop.load(Ordering::SeqCst) {
        round += 1;
        write(&app, round).await;
    }
    round
}

/// Makes so many captures in the storm, and returns how many were inconsistent.
async fn capture(app: &Arc<TestApp>, captures: usize) -> usize {
    app.faults().rewrite(small_pages).of("Query").always();
    // Before the first round the prompts differ from each other.
    write(app, 0).await;
    let stop = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn(storm(app.clone(), stop.clone()));
    let User { organization, id, .. } = app.member(ALEX).user.clone();
    let (mut taken, mut busy, mut torn) = (0, 0, 0);
    while taken < captures {
        app.forget_calls();
        match Captures::new(app.table()).read(&organization, &id, &app.deadline()).await.unwrap() {
            CaptureOutcome::Busy => busy += 1,
            CaptureOutcome::Taken(source) => {
                taken += 1;
                let setup = source.setup.parse().unwrap();
                let vector: BTreeSet<_> =
                    setup.items.prompts.iter().map(|prompt| prompt.document.text("prompt").unwrap()).collect();
                torn += usize::from(vector.len() > 1);
            }
            other => unreachable!("{other:?}"),
        }
    }
    stop.store(true, Ordering::SeqCst);
    let rounds = writing.await.unwrap();
    println!("{taken} captures taken and {busy} given up as busy beside {rounds} writes: {torn} torn");
    assert!(rounds as usize > captures / 4, "the storm hardly blew: {rounds}");
    torn
}

fn small_pages(request: &mut Value) -> bool {
    request["Limit"] = json!(PAGE);
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_captures_in_a_storm_of_writes_none_is_torn() {
    let app = Arc::new(TestApp::start().await);
    assert_eq!(capture(&app, captures()).await, 0);
}

/// The second read of the version is answered with what the first one was: so it says nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_the_second_read_of_the_version_captures_are_torn() {
    let app = Arc::new(TestApp::start().await);
    for version in 1..=VERSIONS {
        let number = AttributeValue::N(version.to_string());
        app.put_item([("PK", key(version)), ("SK", AttributeValue::S("ECHO".to_owned())), ("setupVersion", number)])
            .await;
    }
    let recording = app.recording();
    let echo = move |request: &mut Value| {
        let calls = recording.recorded().calls;
        let first =
            calls.iter().rev().find(|call| call.operation == "Query" && call.request["ExclusiveStartKey"].is_null());
        let version = first.unwrap().response["Items"][0]["setupVersion"]["N"].as_str().unwrap().parse().unwrap();
        assert!(version <= VERSIONS, "the echo does not reach so far");
        let key = json!({"PK": {"S": key(version).as_s().unwrap()}, "SK": {"S": "ECHO"}});
        request["TransactItems"][0]["Get"]["Key"] = key;
        true
    };
    app.faults().rewrite(echo).of("TransactGetItems").always();
    let torn = capture(&app, rounds(40, 200)).await;
    assert!(torn > 0, "no capture was torn, so the test above proves nothing");
}

fn key(version: u64) -> AttributeValue {
    AttributeValue::S(format!("ECHO#{version}"))
}
