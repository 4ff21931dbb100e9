//! A gate at which calls wait until the test releases them.

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
    /// How many of the arrived calls may proceed, in the order of their arrival.
    released: u64,
    landed: u64,
    /// Waiting and later calls are lost.
    is_shut_for_good: bool,
}

impl Default for Gate {
    fn default() -> Self {
        Self::closed()
    }
}

impl Gate {
    /// Creates a gate that holds every call.
    pub fn closed() -> Self {
        Self(watch::Sender::new(State::default()))
    }

    /// Releases one waiting call, or else the next one that arrives.
    pub fn release_one(&self) {
        self.0.send_modify(|state| state.released = state.released.saturating_add(1));
    }

    /// Releases all waiting and all later calls.
    pub fn open(&self) {
        self.0.send_modify(|state| state.released = u64::MAX);
    }

    /// Loses all waiting and all later calls, as a broken connection does: a request is never sent, an answer never received.
    pub fn lose(&self) {
        self.0.send_modify(|state| state.is_shut_for_good = true);
    }

    /// Waits until `calls` calls have arrived in all.
    pub async fn arrived(&self, calls: u64) {
        self.wait(&format!("{calls} calls to arrive"), |state| state.arrived >= calls).await;
    }

    /// Waits until the database has answered `calls` held calls or, if they are held with their answer, until they were released.
    pub async fn landed(&self, calls: u64) {
        self.wait(&format!("{calls} calls to land"), |state| state.landed >= calls).await;
    }

    /// Joins the queue, waits for its turn, and returns whether the call may proceed; otherwise it is lost.
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
