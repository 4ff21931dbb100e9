//! What takes too long, and clients that hang up.

use super::*;

/// A gateway whose functions answer after this time; tells through the channel when one of them is gone, done or ended.
fn slow(time: Duration) -> (Gateway, Arc<tokio::sync::Semaphore>) {
    let gone = Arc::new(tokio::sync::Semaphore::new(0));
    let permits = Arc::clone(&gone);
    let gateway = gateway(move |_, _| {
        let gone = DropSignal(Arc::clone(&permits));
        Box::pin(async move {
            tokio::time::sleep(time).await;
            drop(gone);
            Ok(Response::new(Body::Text("7".to_owned())))
        })
    });
    (gateway, gone)
}

struct DropSignal(Arc<tokio::sync::Semaphore>);

impl Drop for DropSignal {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

const MILLISECOND: Duration = Duration::from_millis(1);

#[tokio::test(start_paused = true)]
async fn a_function_is_ended_at_its_timeout_and_nothing_of_it_goes_on() {
    for (time, expected) in [
        (FUNCTION_TIMEOUT - MILLISECOND, (200, json!(7))),
        (FUNCTION_TIMEOUT + MILLISECOND, (500, json!({"message": "Internal Server Error"}))),
        (Duration::MAX, (500, json!({"message": "Internal Server Error"}))),
    ] {
        let (gateway, gone) = slow(time);
        assert_eq!(send(&gateway, Request::get("/health"), "").await, expected, "{time:?}");
        gone.acquire().await.unwrap().forget();
    }
}

#[tokio::test(start_paused = true)]
async fn an_http_api_waits_for_30_seconds_whatever_the_function_may_take() {
    for (time, expected) in [
        (INTEGRATION_TIMEOUT - MILLISECOND, (200, json!(7))),
        (INTEGRATION_TIMEOUT + MILLISECOND, (503, json!({"message": "Service Unavailable"}))),
    ] {
        let (gateway, _) = slow(time);
        let gateway = Gateway { function_timeout: Duration::from_secs(300), ..gateway };
        assert_eq!(send(&gateway, Request::get("/health"), "").await, expected, "{time:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn an_invocation_that_takes_too_long_gets_lambdas_error() {
    let never = started(std::future::pending(), FUNCTION_TIMEOUT);
    let response = invocation::answer(ended(never).await);
    assert_eq!(header(&response, "x-amz-function-error"), Some("Unhandled"));
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(body, json!({"errorType": "Sandbox.Timedout", "errorMessage": "Task timed out after 29.00 seconds"}));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_function_that_never_yields_still_gets_an_answer() {
    let (done, wait) = std::sync::mpsc::channel::<()>();
    let wait = Mutex::new(wait);
    let running = started(
        async move {
            let _ = wait.lock().unwrap().recv();
            Ok(Value::Null)
        },
        Duration::from_millis(20),
    );
    assert_eq!(ended(running).await.unwrap_err().error_type, "Sandbox.Timedout");
    drop(done);
}

#[tokio::test]
async fn a_client_that_disconnects_stops_nothing() {
    let (gateway, gone) = slow(Duration::from_millis(20));
    let answer = answered(&gateway, Request::get("/health"), HttpBody::empty());
    assert!(tokio::time::timeout(Duration::from_millis(5), answer).await.is_err());
    gone.acquire().await.unwrap().forget();
}
