//! The applies of an organization in the order of time, across snapshots. The row of a user in the list of users leads to the apply that
//! made it; an apply without a user has a row of its own; a refused one has an item.

use std::collections::HashMap;

use super::apply_record::StoredApply;
use super::history::CloneRecord;
use super::refusals::StoredRefusal;
use crate::domain::{Fault, ObjectId, UserOrigin};
use crate::store::attributes::CLONED_FROM;
use crate::store::keys::{self, ItemKey, LIST, PK};
use crate::store::listing::merge::{ListPartition, ListRange, ListRow, PartitionMerge};
use crate::store::listing::position::Position;
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::outcome::Item;

/// Which part of the history of an organization is read.
#[derive(Debug, Clone, Copy)]
pub struct TimelineChoice {
    /// Whether applies whose users are there are wanted.
    pub users: bool,
    /// Whether applies without a user are wanted.
    pub others: bool,
    /// Whether refused ones are wanted.
    pub refusals: bool,
    /// The snapshot whose applies alone are wanted.
    pub snapshot: Option<ObjectId>,
}

/// The applies of an organization, the newest first.
pub struct ApplyTimeline<'a> {
    table: &'a Table,
    organization: ObjectId,
    snapshot: Option<ObjectId>,
    rows: PartitionMerge<'a, TimelineRow>,
}

/// Where a row leads.
enum TimelineRow {
    /// To a user, who may have been made by an apply.
    User(ItemKey),
    /// To the record of an apply.
    Apply(ItemKey),
    /// It is a refused apply itself.
    Refusal(StoredRefusal),
}

/// What a row leads to.
enum RowLead {
    Nowhere,
    Apply(ItemKey),
    Refusal(Box<StoredRefusal>),
}

impl ListRow for TimelineRow {
    fn read(partition: &ListPartition, position: Position, item: Item) -> Result<Self, Fault> {
        if partition.prefix == keys::REFUSED {
            return Ok(Self::Refusal(StoredRefusal::read(position, item)?));
        }
        let key = ItemKey { pk: record::partition_key(&item).to_owned(), sk: record::sort_key(&item).to_owned() };
        Ok(match keys::parse_apply(&key.pk, &key.sk) {
            Some(_) => Self::Apply(key),
            None => Self::User(key),
        })
    }

    /// While a user goes, its own row and that of the apply may both be there.
    fn folded(rows: impl Iterator<Item = Self>) -> Option<Self> {
        rows.max_by_key(|row| matches!(row, Self::Apply(_)))
    }
}

/// An entry of an organization's history.
#[derive(Debug)]
pub enum TimelineEvent {
    /// An apply that was admitted.
    Apply(Box<StoredApply>),
    /// One that was refused.
    Refusal(Box<StoredRefusal>),
}

/// What a row of an organization's history leads to; `None` for a user whom no apply made, and for an apply that is not chosen.
pub type TimelineEntry = (Position, Option<TimelineEvent>);

impl<'a> ApplyTimeline<'a> {
    /// Returns the history of an organization.
    pub fn new(table: &'a Table, organization: ObjectId, choice: TimelineChoice, range: ListRange) -> Self {
        let users = choice.users.then(|| keys::listed_users(&organization));
        let others = choice.others.then(|| keys::listed_applies(&organization));
        let lists = users.into_iter().chain(others).map(|pk| ListPartition::of_index(&LIST, pk));
        let refusals = choice.refusals.then(|| ListPartition {
            index: None,
            pk: keys::refusals_partition(&organization),
            prefix: keys::REFUSED,
        });
        let partitions = lists.chain(refusals).collect();
        let rows = PartitionMerge::new(table, partitions, range);
        Self { table, organization, snapshot: choice.snapshot, rows }
    }

    /// Returns what the next rows lead to; fewer than `count` only at the end. At most three dependent round trips, if one read of a
    /// partition suffices.
    pub async fn next(&mut self, count: usize) -> Result<Vec<TimelineEntry>, Fault> {
        let rows = self.rows.take(count, count).await?;
        let made_by = self.makers(&rows).await?;
        let leads: Vec<(Position, RowLead)> =
            rows.into_iter().map(|(position, row)| (position, self.lead(row, &made_by))).collect();
        let keys = leads.iter().filter_map(|(_, lead)| match lead {
            RowLead::Apply(key) => Some(key.clone()),
            RowLead::Nowhere | RowLead::Refusal(_) => None,
        });
        let mut applies = HashMap::new();
        for item in self.table.batch_get(&keys.collect::<Vec<_>>(), &[], false).await? {
            let apply = StoredApply::read(item)?;
            applies.insert(apply.key(), apply);
        }
        let mut event = |lead| match lead {
            RowLead::Nowhere => None,
            RowLead::Apply(key) => applies.remove(&key).map(|apply| TimelineEvent::Apply(Box::new(apply))),
            RowLead::Refusal(refusal) => Some(TimelineEvent::Refusal(refusal)),
        };
        Ok(leads.into_iter().map(|(position, lead)| (position, event(lead))).collect())
    }

    /// Returns what a row leads to, if it is chosen.
    fn lead(&self, row: TimelineRow, made_by: &HashMap<String, ItemKey>) -> RowLead {
        let key = match row {
            TimelineRow::User(key) => made_by.get(&key.pk).cloned(),
            TimelineRow::Apply(key) => Some(key),
            TimelineRow::Refusal(refusal) => {
                let is_chosen = self.snapshot.is_none_or(|snapshot| snapshot == refusal.record.snapshot_id);
                return if is_chosen { RowLead::Refusal(Box::new(refusal)) } else { RowLead::Nowhere };
            }
        };
        key.filter(|key| self.is_chosen(key)).map_or(RowLead::Nowhere, RowLead::Apply)
    }

    /// Returns the keys of the applies that made the users of these rows, by the partitions of the users.
    async fn makers(&self, rows: &[(Position, TimelineRow)]) -> Result<HashMap<String, ItemKey>, Fault> {
        let users: Vec<ItemKey> = rows
            .iter()
            .filter_map(|(_, row)| match row {
                TimelineRow::User(key) => Some(key.clone()),
                TimelineRow::Apply(_) | TimelineRow::Refusal(_) => None,
            })
            .collect();
        let mut makers = HashMap::new();
        for item in self.table.batch_get(&users, &[PK, CLONED_FROM], false).await? {
            let pk = record::partition_key(&item).to_owned();
            let origin = record::read_foreign::<CloneRecord>(item).and_then(|record| record.cloned_from);
            let origin = origin.and_then(|text| text.parse::<UserOrigin>().ok());
            makers.extend(
                origin.map(|UserOrigin { snapshot, apply }| (pk, keys::apply(&self.organization, &snapshot, &apply))),
            );
        }
        Ok(makers)
    }

    fn is_chosen(&self, key: &ItemKey) -> bool {
        self.snapshot.is_none_or(|snapshot| key.pk == keys::applies_partition(&self.organization, &snapshot))
    }
}
