//! Organizations with their pipelines and agents.

use std::collections::HashSet;

use serde::de::DeserializeOwned;

use crate::domain::{Fault, LeftOut, LeftOutKind, MAX_ORGANIZATION_NAME, ObjectId, Organization, cut};
use crate::store::applies::staging::batches;
use crate::store::keys::{self, Key};
use crate::store::record::{self, Nested, OrganizationRecord};
use crate::store::table::outcome::{CallFailure, Item};
use crate::store::table::{Part, Table};

/// Reads organizations.
pub struct Organizations<'a>(&'a Table);

impl<'a> Organizations<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// The organization with everything that a reference can be mapped to; `None` when there is none. One query. A pipeline or an
    /// agent that cannot be read is left out.
    pub async fn load(&self, id: &ObjectId) -> Result<Option<Organization>, Fault> {
        let part = Part { pk: keys::organization_partition(id), sk_prefix: None, attributes: None };
        let mut organization = None;
        let mut pipelines = Vec::new();
        let mut agents = Vec::new();
        let mut left_out = Vec::new();
        for item in self.0.query_all(&part).await? {
            let sk = record::sort_key(&item).to_owned();
            if let Some(key) = sk.strip_prefix("PIPELINE#") {
                add(&mut pipelines, item, LeftOut::new(LeftOutKind::Pipeline, key), &mut left_out);
            } else if let Some(key) = sk.strip_prefix("AGENT#") {
                add(&mut agents, item, LeftOut::new(LeftOutKind::Agent, key), &mut left_out);
            } else if sk == keys::META {
                organization = Some(record::read::<OrganizationRecord>(item)?);
            }
        }
        Ok(organization.map(|record| Organization {
            id: *id,
            name: shown_name(id, &record.name),
            pipelines,
            agents,
            trusted_destinations: record.trusted_destinations,
            left_out,
        }))
    }

    /// Those of `ids`, which are all different, that are ids of organizations.
    pub async fn existing(&self, ids: &[ObjectId]) -> Result<HashSet<ObjectId>, Fault> {
        let keys: Vec<Key> = ids.iter().map(keys::organization).collect();
        let items = self.0.batch_get(&keys, &[keys::PK], false).await?;
        Ok(items.iter().filter_map(|item| keys::parse_organization(record::partition_key(item))).collect())
    }
}

/// The name that is shown: the id where there is none; a very long one ends in an ellipsis.
fn shown_name(id: &ObjectId, name: &str) -> String {
    if name.is_empty() { id.to_string() } else { cut(name, MAX_ORGANIZATION_NAME).into_owned() }
}

/// Adds what `item` holds to `read`, or names it in `left_out`.
fn add<T: DeserializeOwned>(read: &mut Vec<T>, item: Item, name: LeftOut, left_out: &mut Vec<LeftOut>) {
    match record::read_foreign::<Nested<T>>(item) {
        Some(nested) => read.push(nested.document),
        None => left_out.push(name),
    }
}

/// Writes organizations: for loading a workspace, not for any function.
pub struct OrganizationWriter<'a>(&'a Table);

impl<'a> OrganizationWriter<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Whether there is such an organization already.
    pub async fn exists(&self, id: &ObjectId) -> Result<bool, Fault> {
        Ok(self.0.get(&keys::organization(id), Some(&[keys::PK])).await?.is_some())
    }

    /// Writes an organization that does not exist yet, its own item last, so that one that is there is whole. What an earlier
    /// load left of it is written over or deleted. `false` when it exists.
    pub async fn create(&self, organization: &Organization) -> Result<bool, Fault> {
        let owner = keys::organization(&organization.id);
        let items = targets(organization)?;
        if !self.0.delete_leftovers(&owner, &items).await? {
            return Ok(false);
        }
        let mut batches = batches(items);
        let with_own = batches.pop().unwrap_or_default();
        for batch in batches {
            if !self.0.stage(&owner, batch).await? {
                return Ok(false);
            }
        }
        let record = OrganizationRecord {
            name: organization.name.clone(),
            trusted_destinations: organization.trusted_destinations.clone(),
        };
        let own = self.0.put_new_in_transaction(record::item(&owner, &record)?)?;
        self.0.write_beside(own, with_own).await
    }

    /// The pipelines and agents of an organization that the table does not have.
    pub async fn absent(&self, organization: &Organization) -> Result<AbsentTargets, Fault> {
        let there = self.0.sort_keys(&keys::organization_partition(&organization.id)).await?;
        let mut items = targets(organization)?;
        items.retain(|item| !there.contains(record::sort_key(item)));
        Ok(AbsentTargets(items))
    }

    /// Writes pipelines and agents of an organization that exists; those that came meanwhile stay as they are.
    pub async fn add(&self, absent: AbsentTargets) -> Result<(), Fault> {
        for item in absent.0 {
            match self.0.put_new(item).await {
                Ok(()) | Err(CallFailure::ConditionFailed(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }
}

/// Pipelines and agents that the table does not have.
pub struct AbsentTargets(Vec<Item>);

impl AbsentTargets {
    /// Their sort keys, such as `PIPELINE#<id>`.
    pub fn names(&self) -> Vec<&str> {
        self.0.iter().map(record::sort_key).collect()
    }
}

/// The items of an organization beside its own.
fn targets(organization: &Organization) -> Result<Vec<Item>, Fault> {
    let id = &organization.id;
    let pipelines = organization.pipelines.iter();
    let pipelines = pipelines.map(|pipeline| record::nested_item(&keys::pipeline(id, &pipeline.id), pipeline));
    let agents = organization.agents.iter().map(|agent| record::nested_item(&keys::agent(id, &agent.id), agent));
    pipelines.chain(agents).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_shown_up_to_200_characters_and_the_id_where_there_is_none() {
        let id = ObjectId::from_bytes([7; 12]);
        let shown = |length: usize| shown_name(&id, &"é".repeat(length)).chars().count();
        assert_eq!([shown(199), shown(200), shown(201), shown(300_000)], [199, 200, 200, 200]);
        assert!(shown_name(&id, &"x".repeat(201)).ends_with('…'));
        assert_eq!(shown_name(&id, ""), id.to_string());
    }
}
