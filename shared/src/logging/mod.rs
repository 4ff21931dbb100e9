//! Writes logs: one JSON object a line on standard output, where Lambda collects them.

mod invocation;
mod lines;
mod metrics;

use std::io::stdout;
use std::panic::{self, PanicHookInfo};
use std::sync::LazyLock;

use regex::Regex;

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::domain::redaction::redact_text;
use crate::function::Function;

pub use self::invocation::{API_REQUEST_ID, invocation};
use self::lines::JsonLines;
pub use self::metrics::{METRICS, Metric};

/// Returns our own crates. Every other crate logs at most warnings: at lower levels the SDK writes whole requests with
/// items.
fn own_crates() -> impl Iterator<Item = String> {
    ["shared"].into_iter().chain(Function::all().map(Function::package)).map(|package| package.replace('-', "_"))
}

/// Starts logging as JSON, at `LOG_LEVEL` (trace, debug, info, warn, error or off; info by default), with metrics in the
/// namespace `POWERTOOLS_METRICS_NAMESPACE`, or none without it. Logs a panic by its place. Only the first call in a
/// process has an effect.
pub fn init() {
    panic::set_hook(Box::new(log_panic));
    let named = std::env::var("LOG_LEVEL").ok().filter(|level| !level.is_empty());
    let level = named.as_deref().map_or(Ok(LevelFilter::INFO), str::parse);
    let namespace = std::env::var("POWERTOOLS_METRICS_NAMESPACE").ok().filter(|namespace| !namespace.is_empty());
    let first = json_lines(*level.as_ref().unwrap_or(&LevelFilter::INFO), stdout, namespace).try_init().is_ok();
    if first && level.is_err() {
        tracing::warn!(LOG_LEVEL = named, "LOG_LEVEL is one of trace, debug, info, warn, error, off; taking info");
    }
}

/// Logs the place of a panic. Its message may contain a user's data.
fn log_panic(panic: &PanicHookInfo<'_>) {
    tracing::error!(location = panic.location().map(ToString::to_string), "panic");
}

/// E-mail addresses, percent-encoded or not, and the key prefix before one.
static ADDRESS: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"[^\s"'`<>(),;:=]+(?:@|%40)[A-Za-z0-9.-]+[A-Za-z0-9]"#).ok());
/// Texts in quotation marks: errors and debug output repeat values in this form.
static QUOTED: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r#""(?:[^"\\]|\\.)*(?:"|$)"#).ok());

/// Returns a message for the log without stored or sent values: texts in quotation marks, e-mail addresses and secrets
/// are replaced.
pub fn without_values(message: &str) -> String {
    let replace = |expression: &'static LazyLock<Option<Regex>>, text: &str, by: &str| match &**expression {
        Some(expression) => expression.replace_all(text, by).into_owned(),
        None => by.to_owned(),
    };
    let message = replace(&QUOTED, message, "\"…\"");
    replace(&ADDRESS, &redact_text(&message), "[address]")
}

/// Returns a subscriber that logs as JSON to `writer`, in the form of a function's log, with metrics in `namespace`.
pub fn json_lines<W>(level: LevelFilter, writer: W, namespace: Option<String>) -> impl Subscriber + Send + Sync
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    tracing_subscriber::registry().with(filter(level)).with(JsonLines { writer, namespace })
}

/// Returns the filter of logged events, for subscribers of any form.
pub fn filter(level: LevelFilter) -> Targets {
    Targets::new().with_default(level.min(LevelFilter::WARN)).with_targets(own_crates().map(|name| (name, level)))
}

#[cfg(test)]
pub(crate) mod testing {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct LogBuffer(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for LogBuffer {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Runs `work` and returns its result with the logged lines.
    pub(crate) fn capture<T>(work: impl Future<Output = T>) -> (T, Vec<serde_json::Value>) {
        let lines = LogBuffer::default();
        let writer = lines.clone();
        let _guard = tracing::subscriber::set_default(json_lines(LevelFilter::INFO, move || writer.clone(), None));
        let outcome = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        (outcome, text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_crates_log_at_the_level_and_others_at_most_warnings() {
        let (_, lines) = testing::capture(async {
            tracing::info!(answer = 42, "ours");
            tracing::debug!("ours, too low");
            tracing::info!(target: "aws_smithy_runtime::client", "theirs, with an item in it");
            tracing::warn!(target: "aws_smithy_runtime::client", "theirs, a warning");
        });
        let messages: Vec<_> = lines.iter().map(|line| line["message"].as_str().unwrap()).collect();
        assert_eq!(messages, ["ours", "theirs, a warning"]);
        assert_eq!(lines[0]["answer"], 42);
        assert_eq!(lines[0]["level"], "INFO");
    }

    #[test]
    fn a_dot_in_the_name_of_a_field_leads_into_an_object() {
        let (_, lines) = testing::capture(async {
            let absent: Option<&str> = None;
            tracing::info!(who.user.id = "u", who.count = 2, who.name = absent, plain = "p", plain.inner = 1, "ours");
        });
        assert_eq!(lines[0]["who"], serde_json::json!({"user": {"id": "u"}, "count": 2}));
        assert_eq!(lines[0]["plain"], "p", "a plain value stays");
    }

    #[test]
    fn a_panic_is_logged_by_its_place_and_not_by_its_message() {
        let (_, lines) = testing::capture(async {
            let before = panic::take_hook();
            panic::set_hook(Box::new(log_panic));
            let ended = panic::catch_unwind(|| panic!("with the secret of {}", "somebody"));
            panic::set_hook(before);
            assert!(ended.is_err());
        });
        // Another test's panic, in another thread, is not in this one's log.
        let [line] = &lines[..] else { panic!("{lines:?}") };
        assert_eq!((&line["level"], &line["message"]), (&"ERROR".into(), &"panic".into()));
        assert!(line["location"].as_str().unwrap().contains("logging/mod.rs"), "{line}");
        assert!(!line.to_string().contains("somebody"), "{line}");
    }

    #[test]
    fn a_level_above_warning_holds_for_all() {
        assert!(!filter(LevelFilter::ERROR).would_enable("hyper", &tracing::Level::WARN));
        assert!(filter(LevelFilter::TRACE).would_enable("shared::http", &tracing::Level::TRACE));
        assert!(!filter(LevelFilter::TRACE).would_enable("hyper", &tracing::Level::INFO));
    }
}
