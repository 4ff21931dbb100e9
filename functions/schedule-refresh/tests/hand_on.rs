//! What the schedule does where the queue, the table or the time does not play along.
#![expect(clippy::unwrap_used, clippy::panic, reason = "all of this is tests, the functions that they share included")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use lambda_runtime::LambdaEvent;
use schedule_refresh::{App, Report, ScheduleError, handle};
use serde_json::{Value, json};
use shared::clock::Clock;
use shared::domain::{Fault, Timestamp};
use shared::queue::{RefreshMessage, RefreshQueue, SendFuture};
use tests::{ACME, PAT, TestApp, create_body};

const PERIOD: Duration = Duration::from_secs(6 * 60 * 60);

/// A queue that refuses some messages, counted from the first one on.
struct RefusingQueue {
    refuses: Box<dyn Fn(usize) -> bool + Send + Sync>,
    seen: AtomicUsize,
    accepted: Mutex<Vec<RefreshMessage>>,
}

impl RefusingQueue {
    fn new(refuses: impl Fn(usize) -> bool + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Self { refuses: Box::new(refuses), seen: AtomicUsize::default(), accepted: Mutex::default() })
    }

    fn accepted(&self) -> usize {
        self.accepted.lock().unwrap().len()
    }
}

impl RefreshQueue for RefusingQueue {
    fn send<'a>(&'a self, messages: &'a [RefreshMessage]) -> SendFuture<'a> {
        let verdict = |message: &RefreshMessage| {
            if (self.refuses)(self.seen.fetch_add(1, Ordering::SeqCst)) {
                return Err(Fault::Unavailable("full".to_owned()));
            }
            self.accepted.lock().unwrap().push(message.clone());
            Ok(())
        };
        Box::pin(std::future::ready(messages.iter().map(verdict).collect()))
    }
}

/// A clock that goes on by a second whenever somebody looks.
struct TickingClock(Mutex<Timestamp>);

impl Clock for TickingClock {
    fn now(&self) -> Timestamp {
        let mut now = self.0.lock().unwrap();
        *now = now.plus(Duration::from_secs(1));
        *now
    }
}

async fn scheduled(snapshots: usize) -> TestApp {
    let app = TestApp::start().await;
    let pat = app.token(PAT);
    for _ in 0..snapshots {
        let created = app.create_snapshot(&pat, &create_body()).await;
        let id = created.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
        app.rename(&pat, &id, &json!({"refresh": {"every": "PT6H"}})).await.expect(200);
    }
    app.clock().advance(PERIOD);
    app
}

async fn run(app: &TestApp, queue: &Arc<RefusingQueue>) -> Result<Report, ScheduleError> {
    run_with(app, queue, usize::MAX).await
}

async fn run_with(app: &TestApp, queue: &Arc<RefusingQueue>, share: usize) -> Result<Report, ScheduleError> {
    let clock = Arc::new(tests::SettableClock::at(app.clock().now()));
    let function = App { clock, table: app.table().clone(), queue: queue.clone(), share };
    handle(&function, LambdaEvent::new(Value::Null, lambda_runtime::Context::default())).await
}

/// A whole run that sent and moved so many.
fn done(snapshots: usize) -> Report {
    Report { sent: snapshots, moved: snapshots, is_done: true, ..Report::default() }
}

fn some(outcome: Result<Report, ScheduleError>) -> Report {
    match outcome {
        Err(ScheduleError::Some(report)) => report,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_the_queue_refuses_stays_due_and_the_rest_is_moved_on() {
    for refused in [1, 9, 10, 11, 12] {
        let app = scheduled(12).await;
        let queue = RefusingQueue::new(move |place| place < refused);
        let report = some(run(&app, &queue).await);
        let expected = Report { failed: refused, ..done(12 - refused) };
        assert_eq!((report, queue.accepted()), (expected, 12 - refused));
        // The next run sends exactly what is left.
        let queue = RefusingQueue::new(|_| false);
        let report = run(&app, &queue).await.unwrap();
        assert_eq!((report.sent, report.moved, queue.accepted()), (refused, refused, refused));
    }
}

#[tokio::test]
async fn what_was_sent_and_cannot_be_moved_is_sent_again() {
    let app = scheduled(3).await;
    let hits = app.faults().drop_request().of("UpdateItem").always();
    let queue = RefusingQueue::new(|_| false);
    let report = some(run(&app, &queue).await);
    assert_eq!((report.sent, report.moved, report.failed), (3, 0, 3), "{hits:?}");
    app.faults().clear();
    let report = run(&app, &queue).await.unwrap();
    assert_eq!((report.sent, report.moved, queue.accepted()), (3, 3, 6));
    // An answer that was lost: the repetition meets its own work, and nothing is moved twice.
    app.clock().advance(PERIOD);
    app.faults().drop_answer().of("UpdateItem").nth(1);
    let report = run(&app, &queue).await.unwrap();
    assert_eq!((report.sent, report.moved, report.met), (3, 2, 1));
    assert_eq!(run(&app, &queue).await.unwrap().sent, 0);
}

#[tokio::test]
async fn a_run_that_has_no_time_left_leaves_the_rest_to_the_next_one() {
    let app = scheduled(12).await;
    let queue = RefusingQueue::new(|_| false);
    let clock = Arc::new(TickingClock(Mutex::new(app.clock().now())));
    let (table, queue_of_app) = (app.table().clone(), queue.clone());
    let function = App { clock: clock.clone(), table, queue: queue_of_app, share: usize::MAX };
    // It looks once at the start and once before each batch of ten at most: the reserve leaves it two looks.
    let mut context = lambda_runtime::Context::default();
    context.deadline = u64::try_from(app.clock().now().plus(Duration::from_secs(13)).as_millis()).unwrap();
    let report = handle(&function, LambdaEvent::new(Value::Null, context)).await.unwrap();
    assert!(!report.is_done && report.sent > 0 && report.sent < 12, "{report:?}");
    let rest = run(&app, &queue).await.unwrap();
    assert_eq!((report.sent + rest.sent, rest.is_done, queue.accepted()), (12, true, 12));
}

#[tokio::test]
async fn an_organization_is_sent_its_share_and_the_next_runs_send_the_rest() {
    for (share, runs) in [(11, &[11, 1][..]), (12, &[12]), (13, &[12]), (4, &[4, 4, 4])] {
        let app = scheduled(12).await;
        let queue = RefusingQueue::new(|_| false);
        let mut left = 12;
        for sent in runs {
            left -= sent;
            let report = run_with(&app, &queue, share).await.unwrap();
            assert_eq!(report, Report { deferred: left, ..done(*sent) }, "{share}");
        }
        assert_eq!(queue.accepted(), 12);
    }
}

#[tokio::test]
async fn schedules_that_cannot_be_read_take_no_share() {
    let app = scheduled(4).await;
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let schedules = app.items().await.into_iter().filter(|item| item.contains_key("every"));
    for (number, mut item) in schedules.enumerate() {
        item.insert("ALLPK".to_owned(), text("REFRESH#0"));
        // Those that cannot be read come first.
        if number < 3 {
            item.insert("every".to_owned(), text("often"));
            item.insert("ALLSK".to_owned(), text(&format!("2026-05-15T10:00:00.000Z#{:024}#{ACME}", number)));
        }
        app.database().client().put_item().table_name("snapshots").set_item(Some(item)).send().await.unwrap();
    }
    let queue = RefusingQueue::new(|_| false);
    assert_eq!(some(run_with(&app, &queue, 1).await), Report { failed: 3, ..done(1) });
}

#[tokio::test]
async fn a_table_that_cannot_be_read_fails_the_run() {
    let app = scheduled(1).await;
    app.faults().drop_request().of("Query").always();
    let queue = RefusingQueue::new(|_| false);
    assert!(matches!(run(&app, &queue).await, Err(ScheduleError::Unreadable(_))));
    assert_eq!(queue.accepted(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn runs_at_once_send_more_than_once_and_move_once() {
    let app = scheduled(12).await;
    let queue = RefusingQueue::new(|_| false);
    let (one, two, three) = tokio::join!(run(&app, &queue), run(&app, &queue), run(&app, &queue));
    let reports = [one.unwrap(), two.unwrap(), three.unwrap()];
    assert_eq!(reports.iter().map(|report| report.moved).sum::<usize>(), 12, "{reports:?}");
    let (sent, met): (usize, usize) = reports.iter().fold((0, 0), |(sent, met), it| (sent + it.sent, met + it.met));
    assert_eq!((sent, met), (queue.accepted(), sent - 12), "{reports:?}");
}
