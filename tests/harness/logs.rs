//! What the functions log, as a test sees it.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::Value;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::DefaultGuard;

/// Keeps every line that is logged on this thread from its making to its end, in the form of the functions' own log and at
/// its lowest level. A test's service runs on the test's own thread, so this is the log of its service.
pub struct Logs {
    lines: Lines,
    _guard: DefaultGuard,
}

#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Logs {
    /// Begins to keep.
    #[expect(clippy::new_without_default, reason = "making one has an effect")]
    pub fn new() -> Self {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = shared::logging::json_lines(LevelFilter::TRACE, move || writer.clone());
        Self { lines, _guard: tracing::subscriber::set_default(subscriber) }
    }

    /// The lines since the last time, without those of the embedded database, which is no part of a function.
    pub fn take(&self) -> Vec<Value> {
        let bytes = std::mem::take(&mut *self.lines.0.lock().unwrap_or_else(PoisonError::into_inner));
        let text = String::from_utf8(bytes).expect("a log is text");
        text.lines()
            .map(|line| serde_json::from_str(line).expect("a line is JSON"))
            .filter(|line: &Value| !line["target"].as_str().is_some_and(|target| target.starts_with("dynoxide")))
            .collect()
    }
}
