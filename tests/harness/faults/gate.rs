//! A place where calls wait until the test lets them go on.

use tokio::sync::watch;

use crate::PATIENCE;

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
    /// Whoever waits or comes is lost.
    is_shut_for_good: bool,
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

    /// Loses all that wait and all that will come, as a broken connection does: a request is never sent, an answer never
    /// heard.
    pub fn lose(&self) {
        self.0.send_modify(|state| state.is_shut_for_good = true);
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

    /// Takes a place in the line, waits for its turn, and tells whether it may go on; otherwise it is lost.
    pub(super) async fn pass(&self) -> bool {
        let mut place = 0;
        self.0.send_modify(|state| {
            state.arrived += 1;
            place = state.arrived;
        });
        let mut states = self.0.subscribe();
        let turn = states.wait_for(|state| state.is_shut_for_good || state.released >= place).await;
        // It cannot fail while `self` keeps the channel open.
        turn.is_ok_and(|state| !state.is_shut_for_good)
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
