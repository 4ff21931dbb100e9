//! Organizations with their pipelines and agents.

use std::collections::HashSet;

use super::keys::{self, Key};
use super::outcome::{CallFailure, Item};
use super::record::{self, Nested, OrganizationRecord};
use super::table::{Part, Table};
use crate::domain::{Agent, Fault, ObjectId, Organization, Pipeline};

/// Reads organizations.
pub struct Organizations<'a>(&'a Table);

impl<'a> Organizations<'a> {
    /// The port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// The organization with everything that a reference can be mapped to; `None` when there is none. One query.
    pub async fn load(&self, id: &ObjectId) -> Result<Option<Organization>, Fault> {
        let part = Part { pk: keys::organization_partition(id), sk_prefix: None, attributes: None };
        let mut organization = None;
        let mut pipelines = Vec::new();
        let mut agents = Vec::new();
        for item in self.0.query_all(&part).await? {
            match record::sort_key(&item) {
                sk if sk.starts_with("PIPELINE#") => pipelines.push(record::read::<Nested<Pipeline>>(item)?.document),
                sk if sk.starts_with("AGENT#") => agents.push(record::read::<Nested<Agent>>(item)?.document),
                _ => organization = Some(record::read::<OrganizationRecord>(item)?),
            }
        }
        Ok(organization.map(|record| Organization {
            id: *id,
            name: record.name,
            pipelines,
            agents,
            trusted_destinations: record.trusted_destinations,
        }))
    }

    /// Those of `ids`, which are all different, that are ids of organizations.
    pub async fn existing(&self, ids: &[ObjectId]) -> Result<HashSet<ObjectId>, Fault> {
        let keys: Vec<Key> = ids.iter().map(keys::organization).collect();
        let items = self.0.batch_get(&keys, &[keys::PK], false).await?;
        Ok(items.iter().filter_map(|item| keys::parse_organization(record::partition_key(item))).collect())
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

    /// Writes an organization that does not exist yet, its own item last, so that one that is there is whole.
    /// `false` when it exists.
    pub async fn create(&self, organization: &Organization) -> Result<bool, Fault> {
        let id = &organization.id;
        let mut items = Vec::new();
        for pipeline in &organization.pipelines {
            items.push(nested(&keys::pipeline(id, &pipeline.id), pipeline.clone())?);
        }
        for agent in &organization.agents {
            items.push(nested(&keys::agent(id, &agent.id), agent.clone())?);
        }
        let record = OrganizationRecord {
            name: organization.name.clone(),
            trusted_destinations: organization.trusted_destinations.clone(),
        };
        items.push(record::item(&keys::organization(id), &record)?);
        for batch in items.chunks(super::MAX_TRANSACTION_ITEMS) {
            let puts =
                batch.iter().map(|item| self.0.put_new_in_transaction(item.clone())).collect::<Result<_, _>>()?;
            match self.0.transact(puts).await {
                Ok(()) => {}
                Err(CallFailure::Cancelled(_)) => return Ok(false),
                Err(other) => return Err(other.into()),
            }
        }
        Ok(true)
    }
}

fn nested<T: record::Record>(key: &Key, document: T) -> Result<Item, Fault> {
    record::item(key, &Nested { document })
}
