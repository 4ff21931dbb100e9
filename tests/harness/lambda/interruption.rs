//! Kills and freezes a function's process at one of its writes.

use std::time::Duration;

use serde_json::Value;

use super::{Invocation, Process};
use crate::{Gate, Hits, Proxy};

/// How long the function may take, its pauses included: a process that stands still must not run out of time.
const TIME: Duration = Duration::from_secs(300);

/// What becomes of the write at which a process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// It never comes to the table.
    Lost,
    /// It was on its way, and comes to the table when the process is gone.
    Late,
    /// It is done, and the process does not hear of it.
    Done,
}

impl Write {
    /// All that can become of it.
    pub const ALL: [Self; 3] = [Self::Lost, Self::Late, Self::Done];
}

/// On which side of a write a process is frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The write is on its way, and lands when the test says so.
    Before,
    /// The write is done, and the process has not heard of it.
    After,
}

impl Side {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Before, Self::After];

    /// Holds the `n`-th write from here on, counted from 1, on this side of it.
    pub fn hold(self, proxy: &Proxy, n: u64, gate: &Gate) -> Hits {
        let rule = match self {
            Self::Before => proxy.faults().hold_request(gate),
            Self::After => proxy.faults().hold_answer(gate),
        };
        rule.of_writes().nth(n)
    }
}

/// A process that stands still at one of its writes.
pub struct Frozen {
    gate: Gate,
    held: Hits,
    invocation: Invocation,
}

impl Process {
    /// Gives it an event, kills it at its `n`-th write from here on, and returns when the write has met its fate.
    pub async fn kill_at(&mut self, proxy: &Proxy, n: u64, write: Write, event: &Value) {
        let (gate, side) = (Gate::closed(), if write == Write::Done { Side::After } else { Side::Before });
        let held = side.hold(proxy, n, &gate);
        let _ = self.invoke_within(event, TIME);
        gate.arrived(1).await;
        self.kill().await;
        if write == Write::Late {
            gate.open();
            gate.landed(1).await;
        } else {
            gate.lose();
        }
        assert_eq!(held.count(), 1);
    }

    /// Gives it an event, and freezes it at its `n`-th write from here on, which it must come to.
    pub async fn freeze_at(&self, proxy: &Proxy, n: u64, side: Side, event: &Value) -> Frozen {
        let frozen = self.freeze_or_end(proxy, n, side, event).await;
        frozen.unwrap_or_else(|result| panic!("it ended before its write {n}: {result}"))
    }

    /// Gives it an event, and freezes it at its `n`-th write from here on; or gives what it returns, where it makes fewer.
    pub async fn freeze_or_end(&self, proxy: &Proxy, n: u64, side: Side, event: &Value) -> Result<Frozen, Value> {
        let gate = Gate::closed();
        let held = side.hold(proxy, n, &gate);
        let mut invocation = self.invoke_within(event, TIME);
        tokio::select! {
            () = gate.arrived(1) => {
                self.freeze().await;
                Ok(Frozen { gate, held, invocation })
            }
            result = invocation.result() => Err(result),
        }
    }
}

impl Frozen {
    /// Lets the write, or its answer, go on while the process sleeps.
    pub async fn land(&self, process: &Process) {
        self.gate.open();
        self.gate.landed(1).await;
        assert!(process.is_frozen());
        assert_eq!(self.held.count(), 1);
    }

    /// Wakes the process, which reads the answer to its write when that has landed.
    pub async fn wake(self, process: &Process) -> Invocation {
        process.thaw().await;
        self.invocation
    }

    /// Kills the process; its write, or the answer to it, is lost.
    pub async fn kill(self, process: &mut Process) {
        process.kill().await;
        self.gate.lose();
    }
}
