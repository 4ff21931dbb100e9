//! A function's own binary, run the way Lambda runs it: as a process that asks the Runtime API for one event after another.

mod interruption;
mod runtime_api;

use std::process::{ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderMap, HeaderName, HeaderValue};
use local::stack::{AUDIENCE, ISSUER};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};

use crate::{Answer, PATIENCE, Proxy, TestApp};
pub use interruption::{FrozenProcess, Side, Write};
use runtime_api::{Outcome, RuntimeApi};

/// A running function. It is killed when this is dropped.
pub struct Process {
    child: Child,
    runtime_api: RuntimeApi,
    log: Log,
    init: Duration,
}

/// An event that a function got.
pub struct Invocation {
    outcome: tokio::sync::oneshot::Receiver<Outcome>,
    log: Log,
}

/// The output of a process: lines of standard output and standard error in their order.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<String>>);

impl TestApp {
    /// Starts a function's binary on this app's table, through `proxy`, and waits until it asks for its first event. It accepts this
    /// app's tokens and uses the system's time: set [`TestApp::clock`] to that first.
    pub async fn spawn(&self, binary: &str, proxy: &Proxy) -> Process {
        let credentials = self.database().credentials();
        let variables = [
            ("AWS_ACCESS_KEY_ID", credentials.access_key_id().to_owned()),
            ("AWS_SECRET_ACCESS_KEY", credentials.secret_access_key().to_owned()),
            ("TABLE_NAME", "snapshots".to_owned()),
            ("TOKEN_ISSUER", ISSUER.to_owned()),
            ("TOKEN_AUDIENCE", AUDIENCE.to_owned()),
            ("JWKS", self.jwks.clone()),
            ("DYNAMODB_ENDPOINT", proxy.endpoint()),
        ];
        let mut command = Command::new(binary);
        command.env_clear().envs(variables);
        Process::start(command).await
    }
}

impl Process {
    /// Starts a function by `command`, with a Runtime API of its own, and waits until it asks for its first event.
    #[expect(clippy::disallowed_methods, reason = "the time is for a benchmark, and no test depends on it")]
    pub async fn start(mut command: Command) -> Self {
        let runtime_api = RuntimeApi::start().await;
        let variables = [
            ("AWS_LAMBDA_RUNTIME_API", runtime_api.address().to_string()),
            ("AWS_LAMBDA_FUNCTION_NAME", "function-under-test".to_owned()),
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769".to_owned()),
            ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
            ("AWS_LAMBDA_LOG_GROUP_NAME", "/aws/lambda/function-under-test".to_owned()),
            ("AWS_LAMBDA_LOG_STREAM_NAME", "stream".to_owned()),
            ("AWS_REGION", "local".to_owned()),
        ];
        command.envs(variables).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Instant::now();
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let log = Log::default();
        log.collect(child.stdout.take());
        log.collect(child.stderr.take());
        let mut process = Process { child, runtime_api, log, init: Duration::ZERO };
        process.is_ready().await;
        process.init = started.elapsed();
        process
    }

    /// Returns the time from its start until it asked for its first event.
    pub fn init(&self) -> Duration {
        self.init
    }

    async fn is_ready(&mut self) {
        tokio::select! {
            asked = tokio::time::timeout(PATIENCE, self.runtime_api.asked()) => {
                assert!(asked.is_ok(), "the function asked for nothing:\n{}", self.log);
            }
            ended = self.child.wait() => panic!("the function ended at its start: {ended:?}\n{}", self.log),
        }
    }

    /// Gives it an event with 29 seconds to answer, the timeout of the template.
    pub fn invoke(&self, event: &Value) -> Invocation {
        self.invoke_within(event, Duration::from_secs(29))
    }

    /// Gives it an event with this much time to answer. Nothing stops it when the time is over.
    pub fn invoke_within(&self, event: &Value, time: Duration) -> Invocation {
        Invocation { outcome: self.runtime_api.hand_over(event, time), log: self.log.clone() }
    }

    /// Kills it, and returns when it has ended.
    pub async fn kill(&mut self) {
        self.child.kill().await.expect("the process is killed");
    }

    /// Freezes it, and returns when it is frozen: it neither computes nor sends nor notices the passing time.
    pub async fn freeze(&self) {
        self.signal("-STOP").await;
        let stopped = async {
            while !self.is_frozen() {
                tokio::task::yield_now().await;
            }
        };
        assert!(tokio::time::timeout(PATIENCE, stopped).await.is_ok(), "the process does not stop");
    }

    /// Returns whether it is frozen, according to Linux.
    pub fn is_frozen(&self) -> bool {
        let path = format!("/proc/{}/stat", self.id());
        let told = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
        // The state comes after the name, which is in parentheses and may hold any character.
        told.rsplit(") ").next().is_some_and(|rest| rest.starts_with('T'))
    }

    /// Resumes it.
    pub async fn thaw(&self) {
        self.signal("-CONT").await;
    }

    /// Returns its log so far.
    pub fn log(&self) -> String {
        self.log.to_string()
    }

    /// Returns its id.
    pub fn id(&self) -> u32 {
        self.child.id().expect("the process runs")
    }

    async fn signal(&self, signal: &str) {
        let id = self.id();
        let sent: ExitStatus = Command::new("kill").arg(signal).arg(id.to_string()).status().await.expect("kill runs");
        assert!(sent.success(), "kill {signal} {id}: {sent}");
    }
}

impl Invocation {
    /// Returns the function's answer. Fails the test without an answer, or for an error of the function.
    pub async fn answer(mut self) -> Answer {
        Answer::read(&self.result().await)
    }

    /// Returns the result of a function without HTTP. Fails the test without a result, or for an error of the function.
    pub async fn result(&mut self) -> Value {
        match tokio::time::timeout(PATIENCE, &mut self.outcome).await {
            Ok(Ok(Ok(result))) => result,
            other => panic!("the function did not answer: {other:?}\n{}", self.log),
        }
    }
}

impl Answer {
    /// Reads an answer in the format that the gateway takes.
    pub fn read(answer: &Value) -> Self {
        let mut headers = HeaderMap::new();
        for (name, value) in answer["headers"].as_object().into_iter().flatten() {
            let name = HeaderName::try_from(name).expect("a header's name");
            headers.insert(name, HeaderValue::try_from(value.as_str().unwrap_or_default()).expect("a header's value"));
        }
        assert_eq!(answer["isBase64Encoded"], false, "{answer}");
        let text = answer["body"].as_str().unwrap_or_default().to_owned();
        let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok()).expect("a status");
        Self { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null), text }
    }
}

/// Returns the event of this name in `events/`, with a token and a snapshot's id filled in.
pub fn recorded_event(name: &str, token: &str, snapshot: &str) -> Value {
    let path = format!("{}/../events/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let text = text.replace("Bearer TOKEN", &format!("Bearer {token}")).replace("SNAPSHOT_ID", snapshot);
    serde_json::from_str(&text).unwrap_or_else(|error| panic!("{path}: {error}"))
}

impl Log {
    fn collect(&self, source: Option<impl AsyncRead + Unpin + Send + 'static>) {
        let (log, source) = (self.clone(), source.expect("the output is piped"));
        tokio::spawn(async move {
            let mut lines = BufReader::new(source).lines();
            while let Ok(Some(line)) = lines.next_line().await {
                let mut text = log.0.lock().unwrap_or_else(PoisonError::into_inner);
                text.push_str(&line);
                text.push('\n');
            }
        });
    }
}

impl std::fmt::Display for Log {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    #[should_panic(expected = "the function ended at its start")]
    async fn a_binary_that_ends_at_its_start_is_reported_at_once() {
        let app = TestApp::start().await;
        let proxy = Proxy::start(app.database().endpoint()).await;
        app.spawn("false", &proxy).await;
    }
}
