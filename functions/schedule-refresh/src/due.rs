//! What a run sends: of everything that is due, a share for each organization, so that a tenant with many snapshots, or with
//! snapshots that fail slowly, delays no other.

use std::collections::HashMap;

use shared::domain::{Fault, ObjectId, Timestamp};
use shared::store::{DueRow, DueSnapshot, Schedules};

use crate::App;

/// What a run found to be due.
#[derive(Debug)]
pub(crate) struct Due {
    /// The most snapshots of one organization.
    share: usize,
    /// The share of each organization, longest due first. Those of which nothing tells the organization have one share together.
    shares: HashMap<Option<ObjectId>, Vec<DueSnapshot>>,
    /// How many were left out because their organization has its share.
    pub(crate) deferred: usize,
    /// How many schedules cannot be read.
    pub(crate) unreadable: usize,
    /// Whether everything was looked at; otherwise the time was over.
    pub(crate) is_whole: bool,
}

/// Where a run cannot look at everything, the next one begins elsewhere.
fn from_another_one_each_minute(mut shards: Vec<String>, now: Timestamp) -> Vec<String> {
    let minute = usize::try_from(now.as_millis() / 60_000).unwrap_or_default();
    let first = minute % shards.len().max(1);
    shards.rotate_left(first);
    shards
}

impl Due {
    fn new(share: usize) -> Self {
        Self { share, shares: HashMap::new(), deferred: 0, unreadable: 0, is_whole: false }
    }

    /// Looks through what is due at `now` until `end`.
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

    /// Takes what the organizations still have a share for. Rows of an organization that has all of its share are not read.
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

    /// How much of its share an organization has.
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

    /// All shares, the first of each organization before the second of any: whoever has waited longest comes first.
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

    fn numbers(found: Due) -> Vec<u8> {
        found.in_turn().iter().map(|due| due.id.as_bytes()[0]).collect()
    }

    #[test]
    fn an_organization_has_its_share_and_no_more() {
        for (snapshots, taken, deferred) in [(SHARE - 1, SHARE - 1, 0), (SHARE, SHARE, 0), (SHARE + 1, SHARE, 1)] {
            for organization in [0, 1] {
                let mut found = Due::new(SHARE);
                (0..snapshots).for_each(|number| found.take(due(organization, u8::try_from(number).unwrap(), 0)));
                assert_eq!((found.deferred, found.in_turn().len()), (deferred, taken), "{snapshots}");
            }
        }
    }

    #[test]
    fn organizations_come_in_turn_and_the_one_that_has_waited_longest_first() {
        let mut found = Due::new(SHARE);
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
