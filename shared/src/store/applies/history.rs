//! Which applies were made of a snapshot, who made them, and what of each is still there. The snapshot itself is never read:
//! its history outlives it.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use super::apply_record::StoredApply;
use crate::domain::{Fault, FullName, ItemKind, ObjectId, Violation};
use crate::store::keys::{self, Key, SK};
use crate::store::record;
use crate::store::table::outcome::Item;
use crate::store::table::{Part, Table, key_item};

/// One page of applies, in the order of their ids.
#[derive(Debug)]
pub struct ApplyPage {
    /// The applies.
    pub applies: Vec<StoredApply>,
    /// The next page starts after this one. `None` at the end.
    pub next: Option<ObjectId>,
}

/// One page of what an apply has brought and is still there.
#[derive(Debug, PartialEq, Eq)]
pub struct ClonePage {
    /// The clones: automations, prompts, templates, each kind in the order of its ids.
    pub clones: Vec<ClonedFrom>,
    /// The next page starts after this one. `None` at the end.
    pub next: Option<ClonePlace>,
}

/// A clone, and what it is a clone of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClonedFrom {
    /// The clone.
    pub place: ClonePlace,
    /// The item that was captured.
    pub source: ObjectId,
}

/// A place among the items of a user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClonePlace {
    /// Which kind of item stands there.
    pub kind: ItemKind,
    /// Its id.
    pub id: ObjectId,
}

impl fmt::Display for ClonePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", keys::setup_item_prefix(self.kind), self.id)
    }
}

impl FromStr for ClonePlace {
    type Err = Violation;

    fn from_str(text: &str) -> Result<Self, Violation> {
        let wrong = || Violation::malformed("this is no place among the items of a user");
        let (kind, id) = keys::parse_setup_item(text).ok_or_else(wrong)?;
        Ok(Self { kind, id })
    }
}

/// Reads the history of applies.
pub struct ApplyHistory<'a>(&'a Table);

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct CloneRecord {
    #[serde(default, deserialize_with = "record::lenient")]
    cloned_from: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct NameRecord {
    #[serde(default, deserialize_with = "record::lenient")]
    full_name: Option<FullName>,
}

impl<'a> ApplyHistory<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Up to `limit` applies of a snapshot that were made in `organization`, those after `start`. One query.
    pub async fn page(
        &self,
        organization: &ObjectId,
        snapshot: &ObjectId,
        start: Option<ObjectId>,
        limit: usize,
    ) -> Result<ApplyPage, Fault> {
        let pk = keys::applies_partition(organization, snapshot);
        let part = Part { pk, sk_prefix: Some(keys::APPLY), attributes: None };
        let start = start.map(|apply| key_item(&keys::apply(organization, snapshot, &apply)));
        let (items, more) = self.0.query_up_to(&part, start, Some(limit + 1)).await?;
        let mut applies = items.into_iter().map(StoredApply::read).collect::<Result<Vec<_>, _>>()?;
        let is_cut = more.is_some() || applies.len() > limit;
        applies.truncate(limit);
        let next = applies.last().filter(|_| is_cut).map(|apply| apply.origin.apply);
        Ok(ApplyPage { applies, next })
    }

    /// The names of those of `users`, all of `organization`, who have one.
    pub async fn names(
        &self,
        organization: &ObjectId,
        users: &HashSet<ObjectId>,
    ) -> Result<HashMap<ObjectId, FullName>, Fault> {
        let keys: Vec<Key> = users.iter().map(|user| keys::user(organization, user)).collect();
        let mut names = HashMap::new();
        for item in self.0.batch_get(&keys, &[keys::PK, "fullName"], false).await? {
            let user = keys::parse_user(organization, record::partition_key(&item));
            names.extend(user.zip(record::read_foreign::<NameRecord>(item).and_then(|record| record.full_name)));
        }
        Ok(names)
    }

    /// Up to `limit` clones of an apply that are there, those after `start`. One query for a page that the user has added
    /// nothing to.
    pub async fn clones(
        &self,
        apply: &StoredApply,
        start: Option<ClonePlace>,
        limit: usize,
    ) -> Result<ClonePage, Fault> {
        let (organization, user) = (&apply.organization, &apply.record.user_id);
        let pk = keys::user_partition(organization, user);
        let part = Part { pk, sk_prefix: None, attributes: Some(&[SK, "clonedFrom"]) };
        let mut start = start.map(|place| key_item(&keys::setup_item(organization, user, place.kind, &place.id)));
        let mut clones = Vec::with_capacity(limit + 1);
        loop {
            // One to tell that there is more, and two that are none of the setup: the profile and the switches.
            let (items, after) = self.0.query_up_to(&part, start, Some(limit + 3)).await?;
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

/// The clone that this item is; `None` where it is none of this apply.
fn clone_of(apply: &StoredApply, item: Item) -> Result<Option<ClonedFrom>, Fault> {
    let Some((kind, id)) = keys::parse_setup_item(record::sort_key(&item)) else { return Ok(None) };
    let cloned_from = record::read_foreign::<CloneRecord>(item).and_then(|record| record.cloned_from);
    let source = cloned_from.as_deref().and_then(|text| apply.origin.source_of(text));
    Ok(source.map(|source| ClonedFrom { place: ClonePlace { kind, id }, source }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_reads_as_it_is_written_and_nothing_else_does() {
        for kind in ItemKind::ALL {
            let place = ClonePlace { kind, id: ObjectId::from_bytes([7; 12]) };
            assert_eq!(place.to_string().parse(), Ok(place));
        }
        for bad in ["", "#META", "PREFERENCES", "PROMPT#07", "AGENT#070707070707070707070707"] {
            assert!(bad.parse::<ClonePlace>().is_err(), "{bad}");
        }
    }
}
