//! How much of the machine a function gets: all of it, beside busy neighbours, or as much as Lambda gives at a memory size.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// Lambda gives one whole processor at this memory size, and a part in proportion below it.
const WHOLE_PROCESSOR_MB: u64 = 1769;
/// The period of Lambda's quota, in microseconds.
const PERIOD: u64 = 20_000;

/// The condition of a measurement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Condition {
    /// Nothing else runs.
    Idle,
    /// Two busy loops run, too.
    Busy,
    /// After its start a function gets the share of a processor that Lambda gives at this memory size, in MB. Lambda does not throttle
    /// the start.
    Memory(u64),
}

impl Condition {
    /// Every condition.
    pub(crate) const ALL: [Self; 5] =
        [Self::Idle, Self::Busy, Self::Memory(128), Self::Memory(512), Self::Memory(1769)];

    /// Sets the condition up. Fails with the reason if this machine cannot have it.
    pub(crate) fn enter(self) -> Result<Surroundings, String> {
        match self {
            Self::Idle => Ok(Surroundings::default()),
            Self::Busy => Ok(Surroundings { neighbours: vec![Neighbour::start()?, Neighbour::start()?], quota: None }),
            Self::Memory(megabytes) => Ok(Surroundings { neighbours: Vec::new(), quota: Some(Quota::new(megabytes)?) }),
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Idle => f.pad("idle"),
            Self::Busy => f.pad("beside two busy loops"),
            Self::Memory(megabytes) => f.pad(&format!("processor of {megabytes} MB")),
        }
    }
}

/// A condition while it lasts.
#[derive(Default)]
pub(crate) struct Surroundings {
    neighbours: Vec<Neighbour>,
    quota: Option<Quota>,
}

impl Surroundings {
    /// Subjects a process that has started to the quota.
    pub(crate) fn admit(&self, process: u32) -> Result<(), String> {
        debug_assert!(self.neighbours.is_empty() || self.quota.is_none());
        self.quota.as_ref().map_or(Ok(()), |quota| quota.admit(process))
    }
}

/// A busy loop.
struct Neighbour(Child);

impl Neighbour {
    fn start() -> Result<Self, String> {
        let mut command = Command::new("sh");
        command.args(["-c", "while :; do :; done"]).stdin(Stdio::null());
        command.spawn().map(Self).map_err(|error| format!("no busy loop: {error}"))
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A control group with a quota: version 2, or version 1 where that is what the machine has.
struct Quota {
    folder: PathBuf,
}

impl Quota {
    fn new(megabytes: u64) -> Result<Self, String> {
        let quota = PERIOD * megabytes / WHOLE_PROCESSOR_MB;
        let name = format!("bench-{}-{megabytes}", std::process::id());
        let unified = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
        let root = if unified { "/sys/fs/cgroup" } else { "/sys/fs/cgroup/cpu" };
        let folder = Path::new(root).join(name);
        std::fs::create_dir(&folder).map_err(|error| format!("control groups are not writable here: {error}"))?;
        let group = Self { folder };
        if unified {
            group.write("cpu.max", &format!("{quota} {PERIOD}"))?;
        } else {
            group.write("cpu.cfs_period_us", &PERIOD.to_string())?;
            group.write("cpu.cfs_quota_us", &quota.to_string())?;
        }
        Ok(group)
    }

    fn admit(&self, process: u32) -> Result<(), String> {
        self.write("cgroup.procs", &process.to_string())
    }

    fn write(&self, file: &str, value: &str) -> Result<(), String> {
        let path = self.folder.join(file);
        std::fs::write(&path, value).map_err(|error| format!("{}: {error}", path.display()))
    }
}

impl Drop for Quota {
    fn drop(&mut self) {
        // Its processes were killed; the system may need a moment to forget them.
        for _ in 0..100 {
            if std::fs::remove_dir(&self.folder).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}
