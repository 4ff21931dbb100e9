//! The applies of a snapshot in one organization, their callers, and the clones that still exist. The snapshot is not
//! read, so its history outlives it.

use std::collections::{HashMap, HashSet};

use serde::Deserialize;

use super::apply_record::StoredApply;
use super::undos::take_name;
use crate::domain::{Fault, FullName, ObjectId};
use crate::store::attributes::{CLONED_FROM, FULL_NAME};
use crate::store::keys::{self, ItemKey, SK};
use crate::store::record;
use crate::store::setups::positions::SetupPosition;
use crate::store::table::outcome::Item;
use crate::store::table::query::PartitionQuery;
use crate::store::table::{Table, key_item};

/// One page of applies, in the order of their ids.
#[derive(Debug)]
pub struct ApplyPage {
    /// The applies.
    pub applies: Vec<StoredApply>,
    /// The next page starts after this one. `None` at the end.
    pub next: Option<ObjectId>,
}

/// One page of an apply's clones that still exist.
#[derive(Debug, PartialEq, Eq)]
pub struct ClonePage {
    /// The clones: automations, prompts, templates, each kind in the order of its ids.
    pub clones: Vec<CloneOrigin>,
    /// The next page starts after this one. `None` at the end.
    pub next: Option<SetupPosition>,
}

/// A clone and its source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloneOrigin {
    /// The kind and id of the clone.
    pub place: SetupPosition,
    /// The name of the clone, or an empty text.
    pub name: String,
    /// The item that was captured.
    pub source: ObjectId,
}

/// Reads the history of applies.
pub struct ApplyHistory<'a>(&'a Table);

/// A clone, or a user whom an apply made.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct CloneRecord {
    #[serde(default, deserialize_with = "record::lenient")]
    pub(super) cloned_from: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NameRecord {
    #[serde(default, deserialize_with = "record::lenient")]
    full_name: Option<FullName>,
}

impl<'a> ApplyHistory<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Returns up to `limit` applies of a snapshot in `organization`, after `start`. One query.
    pub async fn page(
        &self,
        organization: &ObjectId,
        snapshot: &ObjectId,
        start: Option<ObjectId>,
        limit: usize,
    ) -> Result<ApplyPage, Fault> {
        let pk = keys::applies_partition(organization, snapshot);
        let start = start.map(|apply| key_item(&keys::apply(organization, snapshot, &apply)));
        let query = PartitionQuery::of(&pk).starting_with(keys::APPLY).after(start).at_most(limit + 1);
        let (items, more) = self.0.query(query).await?;
        let mut applies = items.into_iter().map(StoredApply::read).collect::<Result<Vec<_>, _>>()?;
        let is_cut = more.is_some() || applies.len() > limit;
        applies.truncate(limit);
        let next = applies.last().filter(|_| is_cut).map(|apply| apply.origin.apply);
        Ok(ApplyPage { applies, next })
    }

    /// Returns the names of `users` in `organization`, without those who have none.
    pub async fn names(
        &self,
        organization: &ObjectId,
        users: &HashSet<ObjectId>,
    ) -> Result<HashMap<ObjectId, FullName>, Fault> {
        let keys: Vec<ItemKey> = users.iter().map(|user| keys::user(organization, user)).collect();
        let mut names = HashMap::new();
        for item in self.0.batch_get(&keys, &[keys::PK, FULL_NAME], false).await? {
            let user = keys::parse_user(organization, record::partition_key(&item));
            names.extend(user.zip(record::read_foreign::<NameRecord>(item).and_then(|record| record.full_name)));
        }
        Ok(names)
    }

    /// Returns up to `limit` existing clones of an apply, after `start`. One query, unless the user has added items of
    /// their own.
    pub async fn clones(
        &self,
        apply: &StoredApply,
        start: Option<SetupPosition>,
        limit: usize,
    ) -> Result<ClonePage, Fault> {
        if apply.user_removed().is_some() {
            return Ok(ClonePage { clones: Vec::new(), next: None });
        }
        let (organization, user) = (&apply.organization, &apply.record.user_id);
        let pk = keys::user_partition(organization, user);
        let mut start = start.map(|place| key_item(&keys::setup_item(organization, user, place.kind, &place.id)));
        let mut clones = Vec::with_capacity(limit + 1);
        loop {
            // One more tells whether there is a next page; two are no setup items: profile and switches.
            let query =
                PartitionQuery::of(&pk).only(&[SK, CLONED_FROM, "document.name"]).after(start).at_most(limit + 3);
            let (items, after) = self.0.query(query).await?;
            for item in items {
                clones.extend(clone_of(apply, item)?);
            }
            start = after;
            if clones.len() > limit || start.is_none() {
                break;
            }
        }
        let is_cut = clones.len() > limit;
        clones.truncate(limit);
        let next = clones.last().filter(|_| is_cut).map(|clone| clone.place);
        Ok(ClonePage { clones, next })
    }
}

/// Returns the clone in this item; `None` if it is no clone of this apply.
fn clone_of(apply: &StoredApply, mut item: Item) -> Result<Option<CloneOrigin>, Fault> {
    let Some((kind, id)) = keys::parse_setup_item(record::sort_key(&item)) else { return Ok(None) };
    let name = take_name(&mut item);
    let cloned_from = record::read_foreign::<CloneRecord>(item).and_then(|record| record.cloned_from);
    let source = cloned_from.as_deref().and_then(|text| apply.origin.source_of(text));
    Ok(source.map(|source| CloneOrigin { place: SetupPosition { kind, id }, name, source }))
}
