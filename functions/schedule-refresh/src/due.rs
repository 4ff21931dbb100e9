//! Selects what a run sends: a share of the due snapshots for each organization, so that a tenant with many or slowly
//! failing snapshots delays no other.

use std::collections::HashMap;

use shared::domain::{Fault, ObjectId, Timestamp};
use shared::store::{DueRow, DueSnapshot, Schedules};

use crate::App;

/// The due snapshots of a run, by organization.
#[derive(Debug)]
pub(crate) struct DueShares {
    /// The most snapshots of one organization.
    share: usize,
    /// The share of each organization, longest due first. Snapshots of unknown organizations have one share together.
    shares: HashMap<Option<ObjectId>, Vec<DueSnapshot>>,
    /// The number of snapshots beyond the share of their organization.
    pub(crate) deferred: usize,
    /// The number of schedules that cannot be read.
    pub(crate) unreadable: usize,
    /// Whether everything was read; otherwise the time was over.
    pub(crate) is_whole: bool,
}

/// Rotates the shards by the minute, so that a run without time for everything does not always skip the same ones.
fn from_another_one_each_minute(mut shards: Vec<String>, now: Timestamp) -> Vec<String> {
    let minute = usize::try_from(now.as_millis() / 60_000).unwrap_or_default();
    let first = minute % shards.len().max(1);
    shards.rotate_left(first);
    shards
}

impl DueShares {
    fn new(share: usize) -> Self {
        Self { share, shares: HashMap::new(), deferred: 0, unreadable: 0, is_whole: false }
    }

    /// Reads what is due at `now`, until `end`.
    pub(crate) async fn find(
        schedules: &Schedules<'_>,
        app: &App,
        now: Timestamp,
        end: Timestamp,
    ) -> Result<Self, Fault> {
        let mut found = Self::new(app.share);
        for shard in from_another_one_each_minute(Schedules::shards(), now) {
            let mut from = None;
            loop {
                let page = schedules.page(&shard, now, from.as_deref()).await?;
                found.add(schedules, &page.rows, now).await?;
                from = page.next;
                if from.is_none() {
                    break;
                }
                if app.clock.now() >= end {
                    return Ok(found);
                }
            }
        }
        found.is_whole = true;
        Ok(found)
    }

    /// Adds the rows whose organization has room in its share. Does not read the schedules of others.
    async fn add(&mut self, schedules: &Schedules<'_>, rows: &[DueRow], now: Timestamp) -> Result<(), Fault> {
        let (wanted, left): (Vec<DueRow>, Vec<DueRow>) =
            rows.iter().copied().partition(|row| self.taken(row.organization) < self.share);
        self.deferred += left.len();
        if wanted.is_empty() {
            return Ok(());
        }
        let loaded = schedules.load(&wanted, now).await?;
        self.unreadable += loaded.unreadable;
        for due in loaded.due {
            self.take(due);
        }
        Ok(())
    }

    /// Returns how many snapshots an organization has in its share.
    fn taken(&self, organization: Option<ObjectId>) -> usize {
        self.shares.get(&organization).map_or(0, Vec::len)
    }

    fn take(&mut self, due: DueSnapshot) {
        if self.taken(due.organization) < self.share {
            self.shares.entry(due.organization).or_default().push(due);
        } else {
            self.deferred += 1;
        }
    }

    /// Returns all snapshots, the first of each organization before the second of any; within a turn, longest due
    /// first.
    pub(crate) fn in_turn(self) -> Vec<DueSnapshot> {
        let mut due: Vec<(usize, DueSnapshot)> =
            self.shares.into_values().flat_map(|share| share.into_iter().enumerate()).collect();
        due.sort_by_key(|(turn, due)| (*turn, due.schedule.due_at, due.id));
        due.into_iter().map(|(_, due)| due).collect()
    }
}

#[cfg(test)]
mod tests {
    use shared::domain::{RefreshPeriod, Schedule};

    use super::*;
    use crate::SHARE;

    fn due(organization: u8, number: u8, at: i64) -> DueSnapshot {
        let schedule = Schedule { every: RefreshPeriod::parse("PT6H").unwrap(), due_at: Timestamp::from_millis(at) };
        let organization = (organization > 0).then(|| ObjectId::from_bytes([organization; 12]));
        DueSnapshot { id: ObjectId::from_bytes([number; 12]), organization, schedule }
    }

    fn numbers(found: DueShares) -> Vec<u8> {
        found.in_turn().iter().map(|due| due.id.as_bytes()[0]).collect()
    }

    #[test]
    fn an_organization_has_its_share_and_no_more() {
        for (snapshots, taken, deferred) in [(SHARE - 1, SHARE - 1, 0), (SHARE, SHARE, 0), (SHARE + 1, SHARE, 1)] {
            for organization in [0, 1] {
                let mut found = DueShares::new(SHARE);
                (0..snapshots).for_each(|number| found.take(due(organization, u8::try_from(number).unwrap(), 0)));
                assert_eq!((found.deferred, found.in_turn().len()), (deferred, taken), "{snapshots}");
            }
        }
    }

    #[test]
    fn organizations_come_in_turn_and_the_one_that_has_waited_longest_first() {
        let mut found = DueShares::new(SHARE);
        for number in 1..=9 {
            found.take(due(1, number, 100));
        }
        found.take(due(2, 20, 300));
        found.take(due(3, 30, 50));
        found.take(due(2, 21, 301));
        found.take(due(0, 40, 200));
        assert_eq!(found.deferred, 9 - SHARE);
        assert_eq!(numbers(found), [30, 1, 40, 20, 2, 21, 3, 4]);
    }

    #[test]
    fn each_minute_begins_with_another_shard() {
        let shards = || ["a", "b", "c"].map(str::to_owned).to_vec();
        let at = |minute: i64| from_another_one_each_minute(shards(), Timestamp::from_millis(minute * 60_000 + 59_999));
        assert_eq!([at(0), at(1), at(2), at(3)].map(|shards| shards[0].clone()), ["a", "b", "c", "a"]);
        assert!(from_another_one_each_minute(Vec::new(), Timestamp::from_millis(0)).is_empty());
    }
}
