//! Kills and freezes a function's process at one of its writes.

use std::time::Duration;

use serde_json::Value;

use super::{Invocation, Process};
use crate::{Gate, Hits, Proxy};

/// How long the function may take, including its pauses, so that a frozen process does not run out of time.
const TIME: Duration = Duration::from_secs(300);

/// The fate of the write at which a process is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// It never reaches the table.
    Lost,
    /// It was on its way, and reaches the table after the process has ended.
    Late,
    /// It is done, and the process does not get the answer.
    Done,
}

shared::every! {
    /// All of them.
    pub Write: Lost, Late, Done
}

/// On which side of a write a process is frozen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The write is on its way, and arrives when the test releases it.
    Before,
    /// The write is done, and the process has not got the answer.
    After,
}

shared::every! {
    /// Both.
    pub Side: Before, After
}

impl Side {
    /// Holds the `n`-th write from here on, counted from 1, on this side of it.
    pub fn hold(self, proxy: &Proxy, n: u64, gate: &Gate) -> Hits {
        let rule = match self {
            Self::Before => proxy.faults().hold_request(gate),
            Self::After => proxy.faults().hold_answer(gate),
        };
        rule.of_writes().nth(n)
    }
}

/// A process that is frozen at one of its writes.
pub struct FrozenProcess {
    gate: Gate,
    held: Hits,
    invocation: Invocation,
}

impl Process {
    /// Gives it an event, kills it at its `n`-th write from here on, and returns when that write is done or lost.
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

    /// Gives it an event, and freezes it at its `n`-th write from here on. Fails the test if it makes fewer.
    pub async fn freeze_at(&self, proxy: &Proxy, n: u64, side: Side, event: &Value) -> FrozenProcess {
        let frozen = self.freeze_or_end(proxy, n, side, event).await;
        frozen.unwrap_or_else(|result| panic!("it ended before its write {n}: {result}"))
    }

    /// Gives it an event, and freezes it at its `n`-th write from here on. If it makes fewer, returns its result.
    pub async fn freeze_or_end(
        &self,
        proxy: &Proxy,
        n: u64,
        side: Side,
        event: &Value,
    ) -> Result<FrozenProcess, Value> {
        let gate = Gate::closed();
        let held = side.hold(proxy, n, &gate);
        let mut invocation = self.invoke_within(event, TIME);
        tokio::select! {
            () = gate.arrived(1) => {
                self.freeze().await;
                Ok(FrozenProcess { gate, held, invocation })
            }
            result = invocation.result() => Err(result),
        }
    }
}

impl FrozenProcess {
    /// Releases the write, or its answer, while the process is frozen.
    pub async fn land(&self, process: &Process) {
        self.gate.open();
        self.gate.landed(1).await;
        assert!(process.is_frozen());
        assert_eq!(self.held.count(), 1);
    }

    /// Resumes the process, which then reads the answer to its write.
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
