//! When a person or the system says that it is time to end.

use std::io;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Takes note of Ctrl-C and of the system's request to end, from when this is made on: before that, either ends the
/// process on the spot.
pub(crate) struct Ending {
    #[cfg(unix)]
    interrupted: Signal,
    #[cfg(unix)]
    terminated: Signal,
}

impl Ending {
    #[cfg(unix)]
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self { interrupted: signal(SignalKind::interrupt())?, terminated: signal(SignalKind::terminate())? })
    }

    #[cfg(not(unix))]
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(unix)]
    async fn told(&mut self) {
        tokio::select! {
            _ = self.interrupted.recv() => {}
            _ = self.terminated.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn told(&mut self) {
        // Where Ctrl-C cannot be waited for, it ends the process by itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Waits until it is time, then for `stop` to let what runs finish, unless somebody says a second time that it is.
    pub(crate) async fn wait<E>(mut self, stop: impl AsyncFnOnce() -> Result<(), E>) -> Result<(), E> {
        self.told().await;
        let outcome = tokio::select! {
            outcome = stop() => outcome,
            () = self.told() => Ok(()),
        };
        eprintln!("Stopped.");
        outcome
    }
}
