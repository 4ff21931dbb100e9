//! When a person or the system says that it is time to end.

use std::io;
use std::time::Duration;

use tokio::sync::oneshot;

/// How long everything together has to end. What is not done by then is cut off.
const LIMIT: Duration = Duration::from_secs(4);

/// Takes note of Ctrl-C and of the system's request to end, from when this is made on: before that, either ends the
/// process on the spot.
pub(crate) struct Ending(oneshot::Receiver<()>);

impl Ending {
    /// Listens in a thread of its own, which no request can keep busy.
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
                // Nobody waits while the start still goes on.
                let _ = asked.send(());
                // A second request, or the end of the time.
                drop(tokio::time::timeout(LIMIT, requests.next()).await);
                end_now();
            });
        })?;
        Ok(Self(ending))
    }

    /// Waits until it is time, then for `stop` to let what runs finish.
    pub(crate) async fn wait<E>(self, stop: impl AsyncFnOnce() -> Result<(), E>) -> Result<(), E> {
        // The thread never ends without a word.
        drop(self.0.await);
        let outcome = stop().await;
        eprintln!("Stopped.");
        outcome
    }
}

/// Whatever still runs must not keep the process from ending.
fn end_now() {
    eprintln!("Stopped; what was still running was cut off.");
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
        // Where Ctrl-C cannot be waited for, it ends the process by itself.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
