//! How an organization that a workspace wants differs from the stored one.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

use crate::domain::{Fault, Organization};
use crate::store::attributes::{DOCUMENT, NAME, TRUSTED_DESTINATIONS};
use crate::store::document;
use crate::store::keys::{self, ItemKey, META};
use crate::store::record;
use crate::store::setups::organizations::{OrganizationWriter, targets};
use crate::store::table::change::{Change, text};
use crate::store::table::outcome::{CallFailure, Item};
use crate::store::table::query::PartitionQuery;

/// The differences, with what was read.
#[derive(Debug, Default)]
pub struct OrganizationDifferences {
    absent: Vec<Item>,
    differing: Vec<DifferingAttributes>,
    /// How many pipelines and agents the organization has beside the wanted ones.
    pub others: usize,
}

/// Attributes of one item that differ.
#[derive(Debug)]
struct DifferingAttributes {
    key: ItemKey,
    /// Each attribute, the stored value if there is one, and the wanted one.
    attributes: Vec<(&'static str, Option<AttributeValue>, AttributeValue)>,
}

impl DifferingAttributes {
    fn names(&self) -> Vec<String> {
        match self.key.sk.as_str() {
            META => self.attributes.iter().map(|(attribute, ..)| (*attribute).to_owned()).collect(),
            sk => vec![describe(sk)],
        }
    }
}

impl OrganizationDifferences {
    /// Returns the pipelines and agents that the table lacks, such as `pipeline <id>`.
    pub fn absent(&self) -> Vec<String> {
        self.absent.iter().map(|item| describe(record::sort_key(item))).collect()
    }

    /// Returns what is stored otherwise: `name`, `trustedDestinations`, `pipeline <id>`, `agent <id>`.
    pub fn differing(&self) -> Vec<String> {
        self.differing.iter().flat_map(DifferingAttributes::names).collect()
    }

    fn add(&mut self, key: ItemKey, attributes: Vec<(&'static str, Option<AttributeValue>, AttributeValue)>) {
        if !attributes.is_empty() {
            self.differing.push(DifferingAttributes { key, attributes });
        }
    }
}

fn describe(sk: &str) -> String {
    sk.split_once('#').map_or_else(|| sk.to_owned(), |(kind, id)| format!("{} {id}", kind.to_lowercase()))
}

impl OrganizationWriter<'_> {
    /// Compares the organization that is wanted with the one that is stored. Returns `None` if it does not exist. Looks at
    /// `trustedDestinations` only if the workspace names them. One query.
    pub async fn compare(
        &self,
        wanted: &Organization,
        names_trusted_destinations: bool,
    ) -> Result<Option<OrganizationDifferences>, Fault> {
        let partition = keys::organization_partition(&wanted.id);
        let stored = self.table().query_all(PartitionQuery::of(&partition)).await?;
        let mut stored: HashMap<String, Item> =
            stored.into_iter().map(|item| (record::sort_key(&item).to_owned(), item)).collect();
        let Some(own) = stored.remove(META) else { return Ok(None) };
        let mut differences = OrganizationDifferences::default();
        let trusted = AttributeValue::L(wanted.trusted_destinations.iter().map(text).collect());
        let trusted = (TRUSTED_DESTINATIONS, trusted);
        let wanted_own = [Some((NAME, text(&wanted.name))), names_trusted_destinations.then_some(trusted)];
        let attributes = wanted_own.into_iter().flatten().filter_map(|(attribute, value)| {
            let before = own.get(attribute);
            // No list and an empty one are the same.
            let is_same = before == Some(&value) || (before.is_none() && value == AttributeValue::L(Vec::new()));
            (!is_same).then(|| (attribute, before.cloned(), value))
        });
        differences.add(keys::organization(&wanted.id), attributes.collect());
        for mut item in targets(wanted)? {
            let key = ItemKey { pk: partition.clone(), sk: record::sort_key(&item).to_owned() };
            match (stored.remove(&key.sk), item.remove(DOCUMENT)) {
                (Some(mut stored), Some(document)) => {
                    let before = stored.remove(DOCUMENT);
                    if !before.as_ref().is_some_and(|before| document::is_same(before, &document)) {
                        differences.add(key, vec![(DOCUMENT, before, document)]);
                    }
                }
                (_, document) => {
                    item.extend(document.map(|document| (DOCUMENT.to_owned(), document)));
                    differences.absent.push(item);
                }
            }
        }
        differences.others = stored.len();
        Ok(Some(differences))
    }

    /// Writes the pipelines and agents that the table lacks. Keeps those that were written since.
    pub async fn add(&self, differences: &OrganizationDifferences) -> Result<(), Fault> {
        for item in &differences.absent {
            match self.table().put_new(item.clone()).await {
                Ok(()) | Err(CallFailure::ConditionFailed(_)) => {}
                Err(other) => return Err(other.into()),
            }
        }
        Ok(())
    }

    /// Writes what is stored otherwise, each item on the condition that it is as it was compared. Returns what has changed since and
    /// is left.
    pub async fn change(&self, differences: &OrganizationDifferences) -> Result<Vec<String>, Fault> {
        let mut left = Vec::new();
        for item in &differences.differing {
            let change = item.attributes.iter().fold(Change::of_existing(), |change, (attribute, before, after)| {
                let change = match before {
                    Some(before) => change.when(attribute, before.clone()),
                    None => change.when_absent(attribute),
                };
                change.set(attribute, after.clone())
            });
            match self.table().change(&item.key, &change).await {
                Ok(()) => {}
                Err(CallFailure::ConditionFailed(_)) => left.extend(item.names()),
                Err(other) => return Err(other.into()),
            }
        }
        Ok(left)
    }
}
