//! Queries of one partition, of the table or of an index.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnConsumedCapacity};

use super::Table;
use super::outcome::Item;
use super::projection::{names, projection};
use crate::domain::Fault;
use crate::store::keys::{IndexKeys, PK, SK};

/// One page of a query, and the start of the next page, which is `None` after the last one.
pub(in crate::store) type QueryPage = (Vec<Item>, Option<Item>);

/// A query of one partition. By default it reads the whole partition in the order of sort keys.
#[derive(Clone)]
pub(in crate::store) struct PartitionQuery<'a> {
    pk: &'a str,
    index: Option<&'a IndexKeys>,
    sort_keys: SortKeys<'a>,
    attributes: Option<&'a [&'a str]>,
    limit: Option<usize>,
    backwards: bool,
    start: Option<Item>,
}

/// Which sort keys a query reads.
#[derive(Clone, Copy)]
enum SortKeys<'a> {
    All,
    StartingWith(&'a str),
    Before(&'a str),
    Between(&'a str, &'a str),
}

impl<'a> PartitionQuery<'a> {
    /// Reads a partition of the table, consistently.
    pub(in crate::store) fn of(pk: &'a str) -> Self {
        Self { pk, index: None, sort_keys: SortKeys::All, attributes: None, limit: None, backwards: false, start: None }
    }

    /// Reads a partition of an index. An index lags behind the table by moments, and its reads are eventually
    /// consistent.
    pub(in crate::store) fn of_index(index: &'a IndexKeys, pk: &'a str) -> Self {
        Self { index: Some(index), ..Self::of(pk) }
    }

    /// Reads only sort keys that start with `prefix`.
    pub(in crate::store) fn starting_with(self, prefix: &'a str) -> Self {
        Self { sort_keys: SortKeys::StartingWith(prefix), ..self }
    }

    /// Reads only sort keys before `end`, if there is one.
    pub(in crate::store) fn before(self, end: impl Into<Option<&'a str>>) -> Self {
        Self { sort_keys: end.into().map_or(SortKeys::All, SortKeys::Before), ..self }
    }

    /// Reads only sort keys from `first` to `last`, both included.
    pub(in crate::store) fn between(self, first: &'a str, last: &'a str) -> Self {
        Self { sort_keys: SortKeys::Between(first, last), ..self }
    }

    /// Returns only these attributes; `a.b` is `b` within the map `a`. Does not add `PK` and `SK`.
    pub(in crate::store) fn only(self, attributes: &'a [&'a str]) -> Self {
        Self { attributes: Some(attributes), ..self }
    }

    /// Reads at most this many items a page.
    pub(in crate::store) fn at_most(self, limit: usize) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// Reads the last sort key first.
    pub(in crate::store) fn backwards(self) -> Self {
        Self { backwards: true, ..self }
    }

    /// Starts after the position that an earlier page ended with.
    pub(in crate::store) fn after(self, start: Option<Item>) -> Self {
        Self { start, ..self }
    }

    /// Adds the condition on the keys to a call.
    fn key_condition(&self, call: QueryFluentBuilder) -> QueryFluentBuilder {
        let (pk, sk) = self.index.map_or((PK, SK), |index| (index.pk, index.sk));
        let (condition, bounds): (&str, &[(&str, &str)]) = match &self.sort_keys {
            SortKeys::All => ("#pk = :pk", &[]),
            SortKeys::StartingWith(prefix) => ("#pk = :pk AND begins_with(#sk, :sk)", &[(":sk", prefix)]),
            SortKeys::Before(end) => ("#pk = :pk AND #sk < :to", &[(":to", end)]),
            SortKeys::Between(first, last) => {
                ("#pk = :pk AND #sk BETWEEN :from AND :to", &[(":from", first), (":to", last)])
            }
        };
        let mut call = call
            .key_condition_expression(condition)
            .expression_attribute_names("#pk", pk)
            .expression_attribute_values(":pk", AttributeValue::S(self.pk.to_owned()));
        if !bounds.is_empty() {
            call = call.expression_attribute_names("#sk", sk);
        }
        for (name, bound) in bounds {
            call = call.expression_attribute_values(*name, AttributeValue::S((*bound).to_owned()));
        }
        call
    }
}

impl Table {
    /// Reads one page of a query.
    pub(in crate::store) async fn query(&self, query: PartitionQuery<'_>) -> Result<QueryPage, Fault> {
        let call = self
            .client
            .query()
            .table_name(&*self.name)
            .set_index_name(query.index.map(|index| index.name.to_owned()))
            .set_consistent_read(query.index.is_none().then_some(true))
            .scan_index_forward(!query.backwards)
            .set_limit(query.limit.map(|limit| i32::try_from(limit).unwrap_or(i32::MAX)))
            .return_consumed_capacity(ReturnConsumedCapacity::Indexes);
        let mut call = query.key_condition(call);
        for (name, attribute) in names(query.attributes.unwrap_or_default()) {
            call = call.expression_attribute_names(name, attribute);
        }
        let call =
            call.set_projection_expression(query.attributes.map(projection)).set_exclusive_start_key(query.start);
        let answer = self.budget.attempt(|| call.clone().send()).await?;
        self.meter.read(answer.consumed_capacity());
        Ok((answer.items.unwrap_or_default(), answer.last_evaluated_key))
    }

    /// Reads all pages of a query.
    pub(in crate::store) async fn query_all(&self, query: PartitionQuery<'_>) -> Result<Vec<Item>, Fault> {
        let (mut items, mut next) = self.query(query.clone()).await?;
        while next.is_some() {
            let (page, after) = self.query(query.clone().after(next)).await?;
            items.extend(page);
            next = after;
        }
        Ok(items)
    }
}
