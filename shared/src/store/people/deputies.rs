//! Who else administers an organization.

use std::collections::VecDeque;

use crate::domain::{Fault, ObjectId, Role};
use crate::store::listing::position::Position;
use crate::store::setups::user_lists::UserLists;
use crate::store::setups::users::{Callers, StoredUser};
use crate::store::table::Table;

/// How many users of a page are looked at.
const PAGE: usize = 100;

/// The administrators of an organization other than one user, one after the other.
pub(in crate::store) struct Deputies<'a> {
    table: &'a Table,
    organization: ObjectId,
    except: ObjectId,
    /// Users of the last page, who may have changed since.
    listed: VecDeque<ObjectId>,
    start: Option<Position>,
    is_last_page: bool,
}

impl<'a> Deputies<'a> {
    /// Returns those of `organization` other than the user `except`.
    pub(in crate::store) fn new(table: &'a Table, organization: ObjectId, except: ObjectId) -> Self {
        Self { table, organization, except, listed: VecDeque::new(), start: None, is_last_page: false }
    }

    /// Returns the next one who may sign in, as it is stored now; `None` after the last one.
    pub(in crate::store) async fn next(&mut self) -> Result<Option<StoredUser>, Fault> {
        loop {
            while let Some(user) = self.listed.pop_front() {
                let deputy = Callers::new(self.table).load(self.organization, user).await?;
                if let Some(deputy) = deputy.filter(|it| it.role >= Role::Admin && !it.login_disabled) {
                    return Ok(Some(deputy));
                }
            }
            if self.is_last_page {
                return Ok(None);
            }
            let page = UserLists::new(self.table).page(&self.organization, self.start.take(), PAGE).await?;
            let administrators = page.rows.iter().filter(|row| row.role >= Role::Admin && row.id != self.except);
            self.listed.extend(administrators.map(|row| row.id));
            self.start = page.next;
            self.is_last_page = self.start.is_none();
        }
    }
}
