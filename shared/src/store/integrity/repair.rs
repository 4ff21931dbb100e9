//! Repairs what a check found: for each group one conditional write after the other, each on what was just read.

use super::defect::{Defect, RepairStep};
use super::reading::GroupReader;
use super::relation::RemedyKind;
use super::{CheckReport, CheckedGroup};
use crate::domain::{Fault, Timestamp};
use crate::store::table::Table;

/// The most writes for one group. A deleted snapshot of thirty revisions needs about as many.
const STEPS: usize = 200;

/// The result of a repair.
#[derive(Debug, Default)]
pub struct RepairReport {
    /// What was repaired, in the order of the repairs.
    pub repaired: Vec<Defect>,
    /// What is left: a person decides, or the operator did not allow to drop it, or another write came first each time.
    pub left: Vec<Defect>,
}

/// Repairs a table.
pub struct TableRepair<'a> {
    pub(super) table: &'a Table,
    may_drop: bool,
    pub(super) now: Timestamp,
}

impl<'a> TableRepair<'a> {
    /// Returns the repair of this table. If it `may_drop`, it also gives up what is incomplete.
    pub fn new(table: &'a Table, may_drop: bool, now: Timestamp) -> Self {
        Self { table, may_drop, now }
    }

    /// Repairs what a check of the same table found.
    pub async fn run(&self, check: CheckReport) -> Result<RepairReport, Fault> {
        let mut report = RepairReport::default();
        // Organizations and unreadable items have no group: a person decides.
        let is_grouped =
            |defect: &Defect, groups: &[CheckedGroup]| groups.iter().any(|group| group.judge().contains(defect));
        report.left.extend(check.defects.iter().filter(|defect| !is_grouped(defect, &check.groups)).cloned());
        let reader = GroupReader::new(self.table).await?;
        for group in check.groups {
            self.repair(&reader, group, &mut report).await?;
        }
        Ok(report)
    }

    async fn repair(
        &self,
        reader: &GroupReader<'_>,
        group: CheckedGroup,
        report: &mut RepairReport,
    ) -> Result<(), Fault> {
        let mut group = group;
        let mut refused = Vec::new();
        for _ in 0..STEPS {
            let Some(now) = group.again(reader).await? else { break };
            group = now;
            let defects = group.judge();
            let next = defects.iter().find(|defect| self.may(&defect.action) && !refused.contains(*defect));
            let Some(next) = next else {
                report.left.extend(defects);
                return Ok(());
            };
            let is_done = match &group {
                CheckedGroup::User(group) => self.act_on_user(group, &next.action).await?,
                CheckedGroup::Snapshot(group) => self.act_on_snapshot(group, &next.action).await?,
            };
            if is_done {
                report.repaired.push(next.clone());
            } else {
                // Another write came first. If the defect is the same afterwards, the next check finds it.
                refused.push(next.clone());
            }
        }
        report.left.extend(group.judge());
        Ok(())
    }

    fn may(&self, action: &RepairStep) -> bool {
        match action.kind() {
            RemedyKind::Mend => true,
            RemedyKind::Drop => self.may_drop,
            RemedyKind::Person => false,
        }
    }
}
