//! The list of all organizations.

use serde::Deserialize;

use crate::domain::{Fault, ObjectId};
use crate::store::keys::{self, LIST, LISTED_ORGANIZATIONS, PK};
use crate::store::record::{self, OrganizationRecord, Record};
use crate::store::setups::organization_edits::OrganizationEditor;
use crate::store::setups::organizations::shown_name;
use crate::store::table::Table;
use crate::store::table::outcome::Item;
use crate::store::table::query::PartitionQuery;

/// An organization as a list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct OrganizationRow {
    /// Its id.
    pub id: ObjectId,
    /// Its name, at most 200 code points.
    pub name: String,
}

/// One page of organizations.
#[derive(Debug, PartialEq)]
pub struct OrganizationPage {
    /// The organizations, the highest id first.
    pub rows: Vec<OrganizationRow>,
    /// The next page starts after this one. `None` at the end of the list.
    pub next: Option<ObjectId>,
}

#[derive(Deserialize)]
struct OrganizationRowRecord {
    #[serde(default, deserialize_with = "record::lenient")]
    name: Option<String>,
}

/// Lists organizations.
pub struct OrganizationLists<'a>(&'a Table);

impl<'a> OrganizationLists<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Returns up to `limit` organizations after `start`. One query. An organization that was written without the keys of the list
    /// is not in it.
    pub async fn page(&self, start: Option<ObjectId>, limit: usize) -> Result<OrganizationPage, Fault> {
        let start = start.map(|id| id.to_string());
        let query = PartitionQuery::of_index(&LIST, LISTED_ORGANIZATIONS)
            .before(start.as_deref())
            .backwards()
            // One more row tells whether there is a next page.
            .at_most(limit + 1);
        let (items, _) = self.0.query(query).await?;
        let is_cut = items.len() > limit;
        let rows: Vec<OrganizationRow> = items.into_iter().take(limit).filter_map(row).collect();
        let next = rows.last().filter(|_| is_cut).map(|row| row.id);
        Ok(OrganizationPage { rows, next })
    }
}

/// Returns the row of an organization; `None` for another item.
fn row(item: Item) -> Option<OrganizationRow> {
    let id = keys::parse_organization(record::partition_key(&item))?;
    let name = record::read_foreign::<OrganizationRowRecord>(item).and_then(|record| record.name);
    Some(OrganizationRow { id, name: shown_name(&id, &name.unwrap_or_default()) })
}

/// Puts organizations that were written without the keys of the list into it. It reads the whole table, so it is for an operator's
/// command and not for a function. It can be repeated, and run while the service works.
pub struct OrganizationListing<'a>(&'a Table);

impl<'a> OrganizationListing<'a> {
    /// Returns the migration of this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Runs it. Returns the number of organizations that it put into the list.
    pub async fn run(&self) -> Result<u64, Fault> {
        let (editor, mut listed, mut start) = (OrganizationEditor::new(self.0), 0, None);
        loop {
            let (items, next) = self.0.scan(OrganizationRecord::TYPE, PK, &[PK, LIST.pk], start).await?;
            for item in items.iter().filter(|item| !item.contains_key(LIST.pk)) {
                if let Some(id) = keys::parse_organization(record::partition_key(item)) {
                    listed += u64::from(editor.list(&id).await?);
                }
            }
            start = next;
            if start.is_none() {
                return Ok(listed);
            }
        }
    }
}
