//! A place where calls wait until the test lets them go on.

use std::time::Duration;

use tokio::sync::watch;

/// Waiting for an event this long means that it will not come: whatever a gate waits for takes milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

/// A gate, closed at first. Clones are the same gate.
///
/// The SDK's timeouts run on while a call is held: it gives an attempt up after 3 seconds and makes another one, while
/// the held one still lands when the gate opens.
#[derive(Debug, Clone)]
pub struct Gate(watch::Sender<State>);

#[derive(Debug, Clone, Copy, Default)]
struct State {
    arrived: u64,
    /// How many of the arrived may go on, in the order of their arrival.
    released: u64,
    landed: u64,
}

impl Default for Gate {
    fn default() -> Self {
        Self::closed()
    }
}

impl Gate {
    /// A gate that holds whatever comes.
    pub fn closed() -> Self {
        Self(watch::Sender::new(State::default()))
    }

    /// Lets one call through that waits, or else the next one that comes.
    pub fn release_one(&self) {
        self.0.send_modify(|state| state.released = state.released.saturating_add(1));
    }

    /// Lets through all that wait and all that will come.
    pub fn open(&self) {
        self.0.send_modify(|state| state.released = u64::MAX);
    }

    /// Waits until `calls` calls have come here in all.
    pub async fn arrived(&self, calls: u64) {
        self.wait(&format!("{calls} calls to arrive"), |state| state.arrived >= calls).await;
    }

    /// Waits until `calls` calls that were held here have been answered by the database or, held with their answer,
    /// have been let go.
    pub async fn landed(&self, calls: u64) {
        self.wait(&format!("{calls} calls to land"), |state| state.landed >= calls).await;
    }

    /// Takes a place in the line, and waits for its turn.
    pub(super) async fn pass(&self) {
        let mut place = 0;
        self.0.send_modify(|state| {
            state.arrived += 1;
            place = state.arrived;
        });
        // It cannot fail while `self` keeps the channel open.
        let _ = self.0.subscribe().wait_for(|state| state.released >= place).await;
    }

    pub(super) fn land(&self) {
        self.0.send_modify(|state| state.landed += 1);
    }

    async fn wait(&self, what: &str, condition: impl FnMut(&State) -> bool) {
        let mut states = self.0.subscribe();
        let waited = tokio::time::timeout(PATIENCE, states.wait_for(condition)).await;
        assert!(waited.is_ok(), "a gate waited in vain for {what}: {:?}", *self.0.borrow());
    }
}
