//! Merges several partitions, each in the order of time, into one list, the newest first.

use std::collections::VecDeque;

use futures_util::future::try_join_all;

use super::position::Position;
use crate::domain::{Fault, Timestamp};
use crate::store::keys::{IndexKeys, SK};
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::outcome::Item;
use crate::store::table::query::PartitionQuery;

/// A partition whose sort keys are positions.
pub(in crate::store) struct ListPartition {
    /// The index; `None` for the table itself.
    pub(in crate::store) index: Option<&'static IndexKeys>,
    pub(in crate::store) pk: String,
    /// What stands before the position in a sort key.
    pub(in crate::store) prefix: &'static str,
}

impl ListPartition {
    /// Returns a partition of an index.
    pub(in crate::store) fn of_index(index: &'static IndexKeys, pk: String) -> Self {
        Self { index: Some(index), pk, prefix: "" }
    }

    fn position(&self, item: &Item) -> Result<Position, Fault> {
        let sk = record::key_attribute(item, self.index.map_or(SK, |index| index.sk));
        let position = sk.strip_prefix(self.prefix).and_then(|text| text.parse().ok());
        position.ok_or_else(|| Fault::Corrupt(format!("{sk:?} is no sort key of the list {}", self.pk)))
    }
}

/// The part of a list that is read: from a moment on, and before another one or a position.
#[derive(Debug, Clone, Copy, Default)]
pub struct ListRange {
    /// The first moment.
    pub from: Option<Timestamp>,
    /// The moment at which the list ends; it is not in the list itself.
    pub to: Option<Timestamp>,
    /// The position after which the page starts, in the order of the list.
    pub start: Option<Position>,
}

impl ListRange {
    /// Returns the first and the last sort key that a position in the range can have, without a prefix.
    fn bounds(&self) -> (String, String) {
        // Times begin with a digit, and a moment sorts before every position of that moment.
        let first = self.from.map_or_else(|| "0".to_owned(), |from| from.to_string());
        let to = self.to.map(|to| to.to_string());
        let last = self.start.map(|start| start.just_before()).into_iter().chain(to).min();
        (first, last.unwrap_or_else(|| "~".to_owned()))
    }
}

/// A row of a list.
pub(in crate::store) trait ListRow: Sized {
    /// Reads a row.
    fn read(partition: &ListPartition, position: Position, item: Item) -> Result<Self, Fault>;

    /// Returns one row for all that several partitions have at one position.
    fn folded(rows: impl Iterator<Item = Self>) -> Option<Self>;
}

/// One partition, read page by page.
struct PartitionReader<'a, R> {
    table: &'a Table,
    partition: ListPartition,
    read: VecDeque<(Position, R)>,
    first: String,
    /// The last sort key that was not read yet.
    last: String,
    more: bool,
}

impl<R: ListRow> PartitionReader<'_, R> {
    async fn fill(&mut self, limit: usize) -> Result<(), Fault> {
        while self.read.is_empty() && self.more {
            let ListPartition { index, pk, prefix } = &self.partition;
            let bounds = [&self.first, &self.last].map(|bound| format!("{prefix}{bound}"));
            let query = match index {
                Some(index) => PartitionQuery::of_index(index, pk),
                None => PartitionQuery::of(pk),
            };
            let query = query.between(&bounds[0], &bounds[1]).backwards().at_most(limit);
            let (items, next) = self.table.query(query).await?;
            for item in items {
                let position = self.partition.position(&item)?;
                self.last = position.just_before();
                self.read.push_back((position, R::read(&self.partition, position, item)?));
            }
            self.more = next.is_some() && self.first <= self.last;
        }
        Ok(())
    }
}

/// Several partitions as one list in order, each position once.
pub(in crate::store) struct PartitionMerge<'a, R> {
    readers: Vec<PartitionReader<'a, R>>,
}

impl<'a, R: ListRow> PartitionMerge<'a, R> {
    pub(in crate::store) fn new(table: &'a Table, partitions: Vec<ListPartition>, range: ListRange) -> Self {
        let (first, last) = range.bounds();
        let more = first <= last;
        let reader = |partition| PartitionReader {
            table,
            partition,
            read: VecDeque::new(),
            first: first.clone(),
            last: last.clone(),
            more,
        };
        Self { readers: partitions.into_iter().map(reader).collect() }
    }

    /// Returns the next rows with their positions; fewer than `count` only at the end. One read of a partition takes `limit` rows.
    pub(in crate::store) async fn take(&mut self, count: usize, limit: usize) -> Result<Vec<(Position, R)>, Fault> {
        let mut taken = Vec::with_capacity(count);
        while taken.len() < count {
            if self.readers.iter().any(|reader| reader.read.is_empty() && reader.more) {
                try_join_all(self.readers.iter_mut().map(|reader| reader.fill(limit))).await?;
            }
            let fronts = self.readers.iter().filter_map(|reader| reader.read.front());
            let Some(newest) = fronts.map(|(position, _)| *position).max() else { break };
            let same = self.readers.iter_mut().filter_map(|reader| reader.read.pop_front_if(|(at, _)| *at == newest));
            taken.extend(R::folded(same.map(|(_, row)| row)).map(|row| (newest, row)));
        }
        Ok(taken)
    }
}
