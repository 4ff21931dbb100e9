//! Lists of an organization's users, newest first, page by page.

use serde::Deserialize;

use crate::domain::{Email, Fault, FullName, ObjectId, Role};
use crate::store::keys::{self, LIST};
use crate::store::listing::position::{Page, Position, page, position};
use crate::store::record;
use crate::store::table::Table;
use crate::store::table::outcome::Item;
use crate::store::table::query::PartitionQuery;

/// A user as a list shows it.
#[derive(Debug, Clone, PartialEq)]
pub struct UserRow {
    /// The user's id.
    pub id: ObjectId,
    /// The name.
    pub full_name: Option<FullName>,
    /// The address, as it was sent.
    pub email: Email,
    /// The user's role.
    pub role: Role,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct UserRowRecord {
    #[serde(default, deserialize_with = "record::lenient")]
    full_name: Option<FullName>,
    email: Email,
    access_role: Role,
}

/// Lists the users of an organization.
pub struct UserLists<'a>(&'a Table);

impl<'a> UserLists<'a> {
    /// Returns the port on this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Returns up to `limit` users of `organization`, newest first, after `start`. One query.
    pub async fn page(
        &self,
        organization: &ObjectId,
        start: Option<Position>,
        limit: usize,
    ) -> Result<Page<UserRow>, Fault> {
        let pk = keys::listed_users(organization);
        let mut rows: Vec<(Position, UserRow)> = Vec::with_capacity(limit + 1);
        let mut before = start;
        loop {
            let text = before.map(|position| position.to_string());
            let query = PartitionQuery::of_index(&LIST, &pk)
                .before(text.as_deref())
                .backwards()
                .at_most(limit + 1 - rows.len());
            let (items, next) = self.0.query(query).await?;
            let mut last = None;
            for item in items {
                let position = position(&LIST, &item)?;
                last = Some(position);
                rows.extend(user_row(organization, item).map(|row| (position, row)));
            }
            before = last.or(before);
            if rows.len() > limit || next.is_none() {
                break;
            }
        }
        Ok(page(rows, limit))
    }
}

/// Returns the row of a user; `None` if the profile cannot be read.
fn user_row(organization: &ObjectId, item: Item) -> Option<UserRow> {
    let id = keys::parse_user(organization, record::partition_key(&item))?;
    let record: UserRowRecord = record::read_foreign(item)?;
    Some(UserRow { id, full_name: record.full_name, email: record.email, role: record.access_role })
}
