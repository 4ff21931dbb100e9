//! Organizations with their pipelines and agents.

use std::collections::HashSet;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::domain::{
    Fault, Fingerprint, LeftOut, LeftOutKind, LeftOutTarget, MAX_ORGANIZATION_NAME, ObjectId, Organization, cut,
};
use crate::store::keys::{self, ItemKey};
use crate::store::record::{self, NestedDocument, OrganizationRecord};
use crate::store::table::Table;
use crate::store::table::batches::batches;
use crate::store::table::outcome::Item;
use crate::store::table::query::PartitionQuery;

/// Reads organizations.
pub struct Organizations<'a>(&'a Table);

impl<'a> Organizations<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Returns the organization with its pipelines and agents; `None` if it does not exist. Leaves out a pipeline or
    /// agent that cannot be read. One query.
    pub async fn load(&self, id: &ObjectId) -> Result<Option<Organization>, Fault> {
        Ok(self.load_stored(id).await?.map(|stored| stored.organization))
    }

    /// Returns the same with its own item, for a change or a repeated request.
    pub async fn load_stored(&self, id: &ObjectId) -> Result<Option<StoredOrganization>, Fault> {
        let partition = keys::organization_partition(id);
        let mut own = None;
        let mut pipelines = Vec::new();
        let mut agents = Vec::new();
        let mut left_out = Vec::new();
        for item in self.0.query_all(PartitionQuery::of(&partition)).await? {
            let sk = record::sort_key(&item).to_owned();
            if let Some(key) = sk.strip_prefix("PIPELINE#") {
                add(&mut pipelines, item, LeftOut::new(LeftOutKind::Pipeline, key), &mut left_out);
            } else if let Some(key) = sk.strip_prefix("AGENT#") {
                add(&mut agents, item, LeftOut::new(LeftOutKind::Agent, key), &mut left_out);
            } else if sk == keys::META {
                own = Some(item);
            }
        }
        let Some(own) = own else { return Ok(None) };
        let record = record::read::<OrganizationRecord>(record::without_binaries(own.clone()))?;
        let organization = Organization {
            id: *id,
            name: shown_name(id, &record.name),
            pipelines,
            agents,
            trusted_destinations: record.trusted_destinations,
            left_out,
        };
        Ok(Some(StoredOrganization { organization, fingerprint: record.fingerprint, own }))
    }

    /// Returns whether the organization exists. One read.
    pub async fn exists(&self, id: &ObjectId) -> Result<bool, Fault> {
        Ok(self.0.get(&keys::organization(id), Some(&[keys::PK])).await?.is_some())
    }

    /// Returns those of `ids` that are ids of organizations. `ids` must be distinct.
    pub async fn existing(&self, ids: &[ObjectId]) -> Result<HashSet<ObjectId>, Fault> {
        let keys: Vec<ItemKey> = ids.iter().map(keys::organization).collect();
        let items = self.0.batch_get(&keys, &[keys::PK], false).await?;
        Ok(items.iter().filter_map(|item| keys::parse_organization(record::partition_key(item))).collect())
    }
}

/// An organization as it is stored.
#[derive(Debug, PartialEq)]
pub struct StoredOrganization {
    /// The organization.
    pub organization: Organization,
    fingerprint: Option<String>,
    /// Its own item, in the form that any system gave it.
    pub(in crate::store) own: Item,
}

impl StoredOrganization {
    /// Returns whether a request with this fingerprint created it.
    pub fn has_fingerprint(&self, fingerprint: &Fingerprint) -> bool {
        self.fingerprint.as_ref().is_some_and(|made| *made == fingerprint.to_string())
    }
}

/// Returns the name to show: the id if the name is empty, and a long name cut with an ellipsis.
pub(in crate::store) fn shown_name(id: &ObjectId, name: &str) -> String {
    if name.is_empty() { id.to_string() } else { cut(name, MAX_ORGANIZATION_NAME).into_owned() }
}

/// Adds the document of `item` to `read`, or its readable parts to `left_out`.
fn add<T: DeserializeOwned>(read: &mut Vec<T>, item: Item, told: LeftOut, left_out: &mut Vec<LeftOutTarget>) {
    let document = record::read_foreign::<NestedDocument<Value>>(item).map(|nested| nested.document);
    match document.as_ref().and_then(|document| T::deserialize(document).ok()) {
        Some(target) => read.push(target),
        None => {
            tracing::warn!(
                kind = told.kind.noun(),
                key = told.key,
                "an organization has something that cannot be read"
            );
            left_out.push(LeftOutTarget::read(told, document.as_ref().unwrap_or(&Value::Null)));
        }
    }
}

/// Writes organizations, to load a workspace. No function uses it.
pub struct OrganizationWriter<'a>(&'a Table);

impl<'a> OrganizationWriter<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Returns the table.
    pub(super) fn table(&self) -> &'a Table {
        self.0
    }

    /// Writes an organization, its own item last, so that a visible one is complete. Overwrites or deletes what an
    /// earlier load left. Returns `false` if it exists.
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
        let own = self.0.put_new_in_transaction(own_item(organization, None)?)?;
        self.0.write_beside(own, with_own).await
    }
}

/// Returns the item of an organization itself.
pub(in crate::store) fn own_item(
    organization: &Organization,
    fingerprint: Option<&Fingerprint>,
) -> Result<Item, Fault> {
    let record = OrganizationRecord {
        name: organization.name.clone(),
        trusted_destinations: organization.trusted_destinations.clone(),
        fingerprint: fingerprint.map(ToString::to_string),
    };
    record::organization_item(&organization.id, &record)
}

/// Returns the items of pipelines and agents.
pub(in crate::store) fn targets(organization: &Organization) -> Result<Vec<Item>, Fault> {
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
    fn a_name_is_shown_up_to_200_characters_and_the_id_if_it_is_empty() {
        let id = ObjectId::from_bytes([7; 12]);
        let shown = |length: usize| shown_name(&id, &"é".repeat(length)).chars().count();
        assert_eq!([shown(199), shown(200), shown(201), shown(300_000)], [199, 200, 200, 200]);
        assert!(shown_name(&id, &"x".repeat(201)).ends_with('…'));
        assert_eq!(shown_name(&id, ""), id.to_string());
    }
}
