//! Ends the process when a person or the system asks for it.

use std::io;
use std::time::Duration;

use tokio::sync::oneshot;

/// How long the end may take in all. Work that lasts longer is interrupted.
const LIMIT: Duration = Duration::from_secs(4);

/// Waits for Ctrl-C or the system's request to end. Before it exists, either ends the process at once.
pub(crate) struct StopSignal(oneshot::Receiver<()>);

impl StopSignal {
    /// Waits in a separate thread, so that busy requests do not delay the end.
    pub(crate) fn new() -> io::Result<Self> {
        let (asked, ending) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let mut requests = {
            let _entered = runtime.enter();
            Requests::new()?
        };
        std::thread::Builder::new().name("ending".to_owned()).spawn(move || {
            runtime.block_on(async {
                requests.next().await;
                // During the start nobody receives this.
                let _ = asked.send(());
                // A second request, or the end of the time.
                drop(tokio::time::timeout(LIMIT, requests.next()).await);
                end_now();
            });
        })?;
        Ok(Self(ending))
    }

    /// Waits for the request to end, then for `stop`, which lets running requests finish.
    pub(crate) async fn wait<E>(self, stop: impl AsyncFnOnce() -> Result<(), E>) -> Result<(), E> {
        // The thread always sends before it ends.
        drop(self.0.await);
        let outcome = stop().await;
        eprintln!("Stopped.");
        outcome
    }
}

/// Ends the process, also while requests run.
fn end_now() {
    eprintln!("Stopped; running requests were interrupted.");
    std::process::exit(0);
}

/// The system's requests to end.
struct Requests {
    #[cfg(unix)]
    interrupted: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminated: tokio::signal::unix::Signal,
}

impl Requests {
    #[cfg(unix)]
    fn new() -> io::Result<Self> {
        use tokio::signal::unix::{SignalKind, signal};

        Ok(Self { interrupted: signal(SignalKind::interrupt())?, terminated: signal(SignalKind::terminate())? })
    }

    #[cfg(not(unix))]
    fn new() -> io::Result<Self> {
        Ok(Self {})
    }

    #[cfg(unix)]
    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupted.recv() => {}
            _ = self.terminated.recv() => {}
        }
    }

    #[cfg(not(unix))]
    async fn next(&mut self) {
        // If the system cannot report Ctrl-C, it ends the process itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
