//! One process of one arm: its start, its first call, its further calls.

use std::time::{Duration, Instant};

use serde_json::Value;
use tests::{Answer, Process};

use crate::AnyError;
use crate::arm::{Arm, Operation, Programs};
use crate::condition::Surroundings;
use crate::fixture::{Endpoint, Fixture};

/// How many calls of each arm are counted.
const CALLS_COUNTED: usize = 8;

/// What one process took.
#[derive(Debug, Clone)]
pub(crate) struct Measurement {
    /// From its start until it asked for an event.
    pub(crate) init: Duration,
    /// The first call.
    pub(crate) first: Duration,
    /// The further calls.
    pub(crate) warm: Vec<Duration>,
    /// The processor time of a further call, all threads together.
    pub(crate) processor: Duration,
    /// The most memory that it had, in bytes.
    pub(crate) memory: u64,
}

/// What one call did to the table.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Consumption {
    /// Dependent round trips.
    pub(crate) round_trips: usize,
    /// Write units, indexes included.
    pub(crate) write_units: f64,
    /// Read units.
    pub(crate) read_units: f64,
}

/// An arm that serves one operation.
pub(crate) struct Subject<'f> {
    /// The table.
    pub(crate) fixture: &'f Fixture,
    /// Where the arms are.
    pub(crate) programs: &'f Programs,
    /// The arm.
    pub(crate) arm: Arm,
    /// The operation.
    pub(crate) operation: Operation,
    /// The id of the snapshot that this arm applies. No two arms share one.
    pub(crate) snapshot: String,
}

impl Subject<'_> {
    /// Starts a process, gives it one event and then so many more, and ends it.
    pub(crate) async fn measure(&self, surroundings: &Surroundings, calls: usize) -> Result<Measurement, AnyError> {
        let mut process = self.start(Endpoint::Plain).await;
        surroundings.admit(process.id())?;
        let (first, _) = self.call(&process).await?;
        let (before, mut warm) = (processor_time(process.id())?, Vec::with_capacity(calls));
        for _ in 0..calls {
            warm.push(self.call(&process).await?.0);
        }
        let processor = processor_time(process.id())?.saturating_sub(before);
        let memory = peak_memory(process.id())?;
        let init = process.init();
        process.kill().await;
        let calls = u32::try_from(calls.max(1))?;
        Ok(Measurement { init, first, warm, processor: processor / calls, memory })
    }

    /// Makes one call and returns its answer.
    pub(crate) async fn answer(&self) -> Result<Value, AnyError> {
        let mut process = self.start(Endpoint::Plain).await;
        let (_, answer) = self.call(&process).await?;
        process.kill().await;
        Ok(answer)
    }

    /// Counts what a call does to the table. On a busy machine, or while connections are opened, calls that a function makes at once
    /// follow each other, so the fewest round trips of several calls count.
    pub(crate) async fn count(&self) -> Result<Consumption, AnyError> {
        let mut process = self.start(Endpoint::Recorded).await;
        let mut fewest = None::<Consumption>;
        for _ in 0..CALLS_COUNTED {
            self.fixture.proxy.forget_calls();
            self.call(&process).await?;
            let recorded = self.fixture.proxy.recorded();
            let round_trips = fewest.map_or(usize::MAX, |fewest| fewest.round_trips).min(recorded.round_trips());
            let (write_units, read_units) = (recorded.write_units(), recorded.read_units());
            fewest = Some(Consumption { round_trips, write_units, read_units });
        }
        process.kill().await;
        fewest.ok_or_else(|| "no call was counted".into())
    }

    async fn start(&self, endpoint: Endpoint) -> Process {
        let mut command = self.programs.command(self.arm, self.operation);
        self.fixture.configure(&mut command, self.operation, endpoint);
        Process::start(command).await
    }

    #[expect(clippy::disallowed_methods, reason = "this is what a benchmark measures")]
    async fn call(&self, process: &Process) -> Result<(Duration, Value), AnyError> {
        let event = self.fixture.event(self.operation, &self.snapshot)?;
        let started = Instant::now();
        let result = process.invoke(&event).result().await;
        let took = started.elapsed();
        let answer = Answer::read(&result);
        if answer.status != self.operation.status() {
            let Self { arm, operation, .. } = self;
            return Err(format!("{arm}, {operation}: {} {}\n{}", answer.status, answer.text, process.log()).into());
        }
        Ok((took, answer.body))
    }
}

/// Returns the processor time of the threads of a process. A thread that has ended is not in it; none of the arms ends one within a few
/// seconds.
pub(crate) fn processor_time(process: u32) -> Result<Duration, AnyError> {
    let mut nanoseconds = 0;
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        let times = std::fs::read_to_string(thread?.path().join("schedstat"))?;
        nanoseconds += times.split(' ').next().unwrap_or_default().parse::<u64>()?;
    }
    Ok(Duration::from_nanos(nanoseconds))
}

/// Returns the most memory that a process had, in bytes.
pub(crate) fn peak_memory(process: u32) -> Result<u64, AnyError> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("Linux tells no VmHWM")?;
    let kilobytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024)
}
