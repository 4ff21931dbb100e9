use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use shared::domain::{ItemKind, ObjectId, SetupItem};
use shared::store::{CaptureOutcome, Captures, SetupChange, SetupWriteOutcome};
use tests::{ALEX, BEGINNING, TestApp};

/// Writes `round` into two prompts at once, again and again, until told to stop.
async fn keep_writing(app: Arc<TestApp>, prompts: [ObjectId; 2], stop: Arc<AtomicBool>) -> u64 {
    let alex = &app.member(ALEX).user;
    let mut round = 0;
    while !stop.load(Ordering::SeqCst) {
        round += 1;
        let document =
            |name: &str| serde_json::from_value(json!({"name": name, "prompt": format!("{round}")})).unwrap();
        let changes = [("first", prompts[0]), ("second", prompts[1])]
            .map(|(name, id)| SetupChange::Put(ItemKind::Prompt, SetupItem { id, document: document(name) }));
        let written =
            tests::change_setup(app.table(), &alex.organization, &alex.id, &changes, BEGINNING).await.unwrap();
        assert!(matches!(written, SetupWriteOutcome::Version(_)));
    }
    round
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_writer_that_changes_the_source_never_tears_a_capture() {
    let app = Arc::new(TestApp::start().await);
    let alex = app.member(ALEX).user.clone();
    // The two prompts stand first and last of the prompts, with a page boundary of filler between them.
    let prompts = [ObjectId::from_bytes([0; 12]), ObjectId::from_bytes([0xff; 12])];
    let filler = (1..=3_u8).map(|number| {
        let document = serde_json::from_value(json!({"name": "filler", "prompt": "x".repeat(380_000)})).unwrap();
        SetupChange::Put(ItemKind::Prompt, SetupItem { id: ObjectId::from_bytes([number; 12]), document })
    });
    for change in filler {
        tests::change_setup(app.table(), &alex.organization, &alex.id, &[change], BEGINNING).await.unwrap();
    }
    let stop = Arc::new(AtomicBool::new(false));
    let writing = tokio::spawn(keep_writing(app.clone(), prompts, stop.clone()));
    let (mut taken, mut busy) = (0, 0);
    for _ in 0..40 {
        match Captures::new(app.table()).read(&alex.organization, &alex.id, &app.deadline()).await.unwrap() {
            CaptureOutcome::Taken(source) => {
                let setup = source.setup.parse().unwrap();
                let texts: Vec<_> = prompts
                    .iter()
                    .map(|id| {
                        setup
                            .items
                            .prompts
                            .iter()
                            .find(|it| it.id == *id)
                            .map(|it| it.document.text("prompt").unwrap().to_owned())
                    })
                    .collect();
                assert_eq!(texts[0], texts[1], "torn");
                taken += 1;
            }
            CaptureOutcome::Busy => busy += 1,
            other => panic!("{other:?}"),
        }
    }
    stop.store(true, Ordering::SeqCst);
    let rounds = writing.await.unwrap();
    assert!(rounds > 40, "the writer hardly ran: {rounds}");
    println!("{taken} taken, {busy} busy, {rounds} writes");
    assert!(matches!(
        Captures::new(app.table()).read(&alex.organization, &alex.id, &app.deadline()).await.unwrap(),
        CaptureOutcome::Taken(_)
    ));
}
