//! Captures the log of the functions for a test.

mod emf;

use std::cell::RefCell;
use std::io::Write;
use std::marker::PhantomData;
use std::sync::Once;

use serde_json::Value;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::{Interest, Subscriber};
use tracing::{Event, Metadata};

pub use emf::{Sample, samples};

/// The namespace of the metrics in the lines.
pub const NAMESPACE: &str = "user-snapshots";

/// Keeps every log line of this thread while it exists, in the form of the functions' own log and at the lowest level. A test's service
/// runs on the test's own thread, so this is the log of its service.
pub struct Logs {
    /// It belongs to its thread.
    _here: PhantomData<*const ()>,
}

thread_local! {
    /// The kept lines of this thread; `None` if no test keeps them.
    static KEPT: RefCell<Option<Vec<u8>>> = const { RefCell::new(None) };
}

/// One subscriber serves the whole process. Subscribers for single threads would share the library's cache of interests, and lose lines
/// while another thread's begins or ends.
static LISTENING: Once = Once::new();

struct ToThread;

impl Write for ToThread {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        KEPT.with_borrow_mut(|kept| kept.as_mut().map(|kept| kept.extend_from_slice(bytes)));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Listens only on threads that keep lines. Other lines are not even formatted.
struct WhereKept<S>(S);

impl<S: Subscriber> Subscriber for WhereKept<S> {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.0.register_callsite(metadata);
        // Called again for every line.
        Interest::sometimes()
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        self.0.max_level_hint()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        KEPT.with_borrow(Option::is_some) && self.0.enabled(metadata)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.0.new_span(span)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.0.record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.0.record_follows_from(span, follows);
    }

    fn event(&self, event: &Event<'_>) {
        self.0.event(event);
    }

    fn enter(&self, span: &Id) {
        self.0.enter(span);
    }

    fn exit(&self, span: &Id) {
        self.0.exit(span);
    }

    fn clone_span(&self, span: &Id) -> Id {
        self.0.clone_span(span)
    }

    fn try_close(&self, span: Id) -> bool {
        self.0.try_close(span)
    }
}

impl Logs {
    /// Begins to keep lines.
    #[expect(clippy::new_without_default, reason = "making one has an effect")]
    pub fn new() -> Self {
        LISTENING.call_once(|| {
            let lines = shared::logging::json_lines(LevelFilter::TRACE, || ToThread, Some(NAMESPACE.to_owned()));
            tracing::subscriber::set_global_default(WhereKept(lines)).expect("nobody else listens");
        });
        KEPT.set(Some(Vec::new()));
        Self { _here: PhantomData }
    }

    /// Returns the lines since the last call, without those of the embedded database, because it does not belong to a function.
    pub fn take(&self) -> Vec<Value> {
        let bytes = KEPT.replace(Some(Vec::new())).unwrap_or_default();
        let text = String::from_utf8(bytes).expect("a log is text");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("a line is JSON"))
            .filter(|line: &Value| !line["target"].as_str().is_some_and(|target| target.starts_with("dynoxide")))
            .collect()
    }
}

impl Drop for Logs {
    fn drop(&mut self) {
        KEPT.set(None);
    }
}
