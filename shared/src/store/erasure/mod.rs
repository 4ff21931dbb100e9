//! Erases a person by an e-mail address: the user with everything, counted sign-ins, and the address and names in snapshots, in rows of
//! lists and in records of applies.
//!
//! A scan finds what names the person, a pure function decides, and each write depends on what was just read. The user goes last,
//! because the profile and the claim tell which ids are the person's: an erasure that is interrupted and run again does the same.
//! Then another scan looks for what was written meanwhile.
//!
//! For operators' commands: no function has the right to scan.

mod mentions;
mod steps;
mod writes;

use std::time::Duration;

use self::mentions::Mentions;
use self::steps::{ErasurePlan, ErasureStep};
use crate::clock::Clock;
use crate::domain::{Email, Fault, ObjectId};
use crate::store::keys::ItemKey;
use crate::store::table::Table;

/// How long a request takes at most. One that read a user writes what it read no later.
const REQUEST_TIME: Duration = Duration::from_secs(30);
/// How often the table is scanned until a scan finds nothing to do.
const SCANS: u32 = 6;

/// An item, and what was done with it or why it is left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasureNote {
    key: ItemKey,
    /// What is erased of the item, or why it is left.
    pub detail: String,
}

impl ErasureNote {
    fn new(key: &ItemKey, detail: impl Into<String>) -> Self {
        Self { key: key.clone(), detail: detail.into() }
    }

    /// Returns the partition key of the item.
    pub fn partition_key(&self) -> &str {
        &self.key.pk
    }

    /// Returns the sort key of the item.
    pub fn sort_key(&self) -> &str {
        &self.key.sk
    }
}

/// The result of an erasure.
#[derive(Debug, Default)]
pub struct ErasureReport {
    /// The number of items of the table.
    pub items: u64,
    /// What was erased, or would be.
    pub erased: Vec<ErasureNote>,
    /// What names the person and is left, with the reason.
    pub left: Vec<ErasureNote>,
    /// Whether something of the person was still written at the last scan.
    pub is_busy: bool,
}

/// The erasure of a person.
pub struct PersonErasure<'a> {
    table: &'a Table,
    email: &'a Email,
    users: &'a [ObjectId],
    clock: &'a dyn Clock,
    pause: Duration,
}

impl<'a> PersonErasure<'a> {
    /// Returns the erasure of the person with this address. `users` are ids of the person who was removed before: nothing else may tell
    /// then which snapshots the person made.
    pub fn new(table: &'a Table, email: &'a Email, users: &'a [ObjectId], clock: &'a dyn Clock) -> Self {
        Self { table, email, users, clock, pause: REQUEST_TIME }
    }

    /// Returns the same erasure for a table that no request uses.
    #[must_use]
    pub fn without_pause(self) -> Self {
        Self { pause: Duration::ZERO, ..self }
    }

    /// Scans the table and returns what [`PersonErasure::run`] would erase. Calls `progress` with the number of items after each page.
    pub async fn plan(&self, progress: &mut dyn FnMut(u64)) -> Result<ErasureReport, Fault> {
        let mentions = Mentions::scan(self.table, self.email.key(), progress).await?;
        let ErasurePlan { steps, left, .. } = ErasurePlan::of(&mentions, self.users);
        let erased = steps.iter().map(ErasureStep::note).collect();
        Ok(ErasureReport { items: mentions.items, erased, left, is_busy: false })
    }

    /// Scans and erases, until a scan finds nothing to erase. Waits until no request is left that read the person before a
    /// write, and may write it again.
    pub async fn run(&self, progress: &mut dyn FnMut(u64)) -> Result<ErasureReport, Fault> {
        let mut report = ErasureReport::default();
        let mut users = self.users.to_vec();
        for _ in 0..SCANS {
            let mentions = Mentions::scan(self.table, self.email.key(), progress).await?;
            let plan = ErasurePlan::of(&mentions, &users);
            report.items = mentions.items;
            report.is_busy = plan.is_busy();
            report.left = plan.left;
            if plan.steps.is_empty() {
                break;
            }
            // Later scans do not find them any more.
            users.extend(plan.people);
            for step in &plan.steps {
                report.erased.extend(self.execute(step).await?);
            }
            if plan.steps.iter().any(ErasureStep::can_be_overwritten) {
                tokio::time::sleep(self.pause).await;
            }
        }
        Ok(report)
    }
}
