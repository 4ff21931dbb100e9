//! Checks that all items which belong together are there and agree, and repairs what can be repaired.
//!
//! A scan sorts the table into groups: a user with claim, items and applies; a snapshot with revisions, chunks and rows.
//! One function judges a group, and returns the broken relations. A scan sees a table that moves, so each suspicious
//! group is read again until two readings are equal, and judged again. Repair reads a group, judges it, makes one
//! conditional write, and starts over, so it may run twice, and beside live traffic.
//!
//! For operators' commands: no function has the right to scan.

mod defect;
mod inventory;
mod reading;
mod relation;
mod repair;
mod snapshot_group;
mod snapshot_repair;
mod snapshot_rules;
mod user_group;
mod user_repair;
mod user_rules;

use std::time::Duration;

pub use self::defect::Defect;
use self::inventory::{Inventory, attributes};
use self::reading::GroupReader;
pub use self::relation::{RELATIONS, Relation, RelationRule, RemedyKind};
pub use self::repair::{RepairReport, TableRepair};
use self::snapshot_group::SnapshotGroup;
use self::user_group::UserGroup;
use crate::domain::{Fault, ObjectId};
use crate::store::table::Table;

/// The result of a check.
#[derive(Debug, Default)]
pub struct CheckReport {
    /// The number of items of the table.
    pub items: u64,
    /// The number of users.
    pub users: usize,
    /// The number of snapshots, deleted ones included.
    pub snapshots: usize,
    /// The number of organizations.
    pub organizations: usize,
    /// The number of items that this service does not know.
    pub foreign: u64,
    /// The number of suspicions that the second look did not confirm.
    pub settled: usize,
    /// The number of suspicions that could not be judged, because their items changed all the time.
    pub busy: usize,
    /// The broken relations, in the order of [`RELATIONS`].
    pub defects: Vec<Defect>,
    groups: Vec<CheckedGroup>,
}

/// A group with broken relations.
#[derive(Debug)]
enum CheckedGroup {
    User(UserGroup),
    Snapshot(SnapshotGroup),
}

impl CheckedGroup {
    fn judge(&self) -> Vec<Defect> {
        match self {
            Self::User(group) => group.judge(),
            Self::Snapshot(group) => group.judge(),
        }
    }

    /// Returns the group as it is now; `None` if it changed all the time.
    async fn again(&self, reader: &GroupReader<'_>) -> Result<Option<Self>, Fault> {
        Ok(match self {
            Self::User(group) => reader.user(group).await?.map(Self::User),
            Self::Snapshot(group) => reader.snapshot(group).await?.map(Self::Snapshot),
        })
    }
}

/// Checks a whole table.
pub struct TableCheck<'a> {
    table: &'a Table,
    pause: Duration,
}

/// How long an index may lag behind the table.
const INDEX_LAG: Duration = Duration::from_secs(3);

impl<'a> TableCheck<'a> {
    /// Returns the check of this table.
    pub fn new(table: &'a Table) -> Self {
        Self { table, pause: INDEX_LAG }
    }

    /// Returns the same check for a table whose indexes do not lag.
    #[must_use]
    pub fn without_lag(self) -> Self {
        Self { pause: Duration::ZERO, ..self }
    }

    /// Reads the whole table, and looks at suspicious items again. Calls `progress` with the number of items after each
    /// page. One read unit for 4 kB of the table; keeps about a kilobyte in memory for each user and snapshot.
    pub async fn run(&self, progress: &mut dyn FnMut(u64)) -> Result<CheckReport, Fault> {
        let inventory = self.scan(progress).await?;
        let mut report = CheckReport {
            items: inventory.items,
            users: inventory.users.values().filter(|group| group.is_there()).count(),
            snapshots: inventory.snapshots.values().filter(|group| group.is_there()).count(),
            organizations: inventory.organizations(),
            foreign: inventory.foreign,
            ..CheckReport::default()
        };
        report.defects.extend(inventory.judge_organizations());
        let suspects = suspects(inventory, &mut report);
        if !suspects.is_empty() {
            tokio::time::sleep(self.pause).await;
            let reader = GroupReader::new(self.table).await?;
            for suspect in suspects {
                match suspect.again(&reader).await? {
                    None => report.busy += 1,
                    Some(group) => {
                        let defects = group.judge();
                        if defects.is_empty() {
                            report.settled += 1;
                        } else {
                            report.defects.extend(defects);
                            report.groups.push(group);
                        }
                    }
                }
            }
        }
        report.defects.sort_by(|a, b| (a.relation, &a.key.pk, &a.key.sk).cmp(&(b.relation, &b.key.pk, &b.key.sk)));
        Ok(report)
    }

    async fn scan(&self, progress: &mut dyn FnMut(u64)) -> Result<Inventory, Fault> {
        let (mut inventory, attributes, mut start) = (Inventory::default(), attributes(), None);
        loop {
            let (items, next) = self.table.scan_page(Some(&attributes), start).await?;
            items.into_iter().for_each(|item| inventory.add(item));
            progress(inventory.items);
            start = next;
            if start.is_none() {
                inventory.complete();
                return Ok(inventory);
            }
        }
    }
}

/// Returns the groups with broken relations. Adds what cannot be read to the report.
fn suspects(inventory: Inventory, report: &mut CheckReport) -> Vec<CheckedGroup> {
    let Inventory { users, snapshots, reservations, unreadable, .. } = inventory;
    report.defects.extend(unreadable);
    let of_reservations = reservations.into_iter().map(|(pk, claim)| {
        let mut group = UserGroup::new(ObjectId::NOBODY);
        group.add_claim(pk, claim);
        CheckedGroup::User(group)
    });
    let users = users.into_values().map(CheckedGroup::User).chain(of_reservations);
    let groups = users.chain(snapshots.into_values().map(CheckedGroup::Snapshot));
    groups.filter(|group| !group.judge().is_empty()).collect()
}
