//! Puts a workspace into a table, through the store's writer ports.

use std::collections::BTreeMap;

use shared::domain::{EmailKey, Fault, Organization, Password, User};
use shared::ids::Randomness;
use shared::password_hash::{HashingError, PasswordHasher, SALT_BYTES};
use shared::store::{Callers, CreateUserOutcome, MAX_TRANSACTION_ITEMS, OrganizationWriter, SetupWriter, Table};

use crate::workspace::{Member, Tenant, Workspace};

/// The most edits of one write: a transaction less the profile.
const MAX_EDITS: usize = MAX_TRANSACTION_ITEMS - 1;

/// The password hash of every user of a workspace.
#[derive(Debug, Clone, Default)]
pub struct PasswordHashes(BTreeMap<EmailKey, String>);

impl PasswordHashes {
    /// Gives all users the same hash: for demo users, whose password is public, and for tests.
    pub fn same(workspace: &Workspace, hash: &str) -> Self {
        Self(workspace.members().map(|(_, member)| (member.user.email.key().clone(), hash.to_owned())).collect())
    }

    /// Hashes each user's password, each with its own salt.
    pub async fn make(passwords: &[(&User, Password)], randomness: &dyn Randomness) -> Result<Self, HashingError> {
        let mut hashes = BTreeMap::new();
        for (user, password) in passwords {
            hashes.insert(user.email.key().clone(), hash(password, randomness).await?);
        }
        Ok(Self(hashes))
    }

    fn of(&self, user: &User) -> Option<&str> {
        self.0.get(user.email.key()).map(String::as_str)
    }
}

/// Hashes a password with a fresh salt.
pub async fn hash(password: &Password, randomness: &dyn Randomness) -> Result<String, HashingError> {
    let mut salt = [0; SALT_BYTES];
    randomness.fill(&mut salt);
    PasswordHasher::new().hash(password, salt).await
}

/// What to do after an interrupted load.
const COMPLETE_IT: &str = "Start again, or run load --missing, to write the rest";

/// Why a workspace was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The table already holds some of it. Nothing was written.
    #[error("nothing was written, because the table already has:\n  {}", .0.join("\n  "))]
    Exists(Vec<String>),
    /// Another writer wrote at the same time.
    #[error("another writer created {what}; written before that: {}. {COMPLETE_IT}", written(.before))]
    Overtaken {
        /// What the other writer created.
        what: String,
        /// What this load wrote.
        before: Vec<String>,
    },
    /// The store failed.
    #[error("{fault}; written before that: {}. {COMPLETE_IT}", written(.before))]
    Fault {
        /// The fault.
        fault: Fault,
        /// What this load wrote.
        before: Vec<String>,
    },
}

fn written(before: &[String]) -> String {
    if before.is_empty() { "nothing".to_owned() } else { before.join(", ") }
}

/// Writes a workspace. Fails if the table holds any part of it.
pub async fn load(table: &Table, workspace: &Workspace, hashes: &PasswordHashes) -> Result<(), LoadError> {
    let fault = |before: &[String]| {
        let before = before.to_vec();
        move |fault| LoadError::Fault { fault, before }
    };
    let existing = existing(table, workspace).await.map_err(fault(&[]))?;
    if !existing.is_empty() {
        return Err(LoadError::Exists(existing));
    }
    let (organizations, users) = (OrganizationWriter::new(table), SetupWriter::new(table));
    let mut before = Vec::new();
    for tenant in &workspace.organizations {
        let organization = &tenant.organization;
        let what = describe_organization(organization);
        if !organizations.create(organization).await.map_err(fault(&before))? {
            return Err(LoadError::Overtaken { what, before });
        }
        before.push(what);
        for member in &tenant.users {
            let user = &member.user;
            let what = describe_user(user);
            match users.create_user(user, hashes.of(user), &member.setup).await.map_err(fault(&before))? {
                CreateUserOutcome::Created => before.push(what),
                CreateUserOutcome::EmailTaken | CreateUserOutcome::UserExists => {
                    return Err(LoadError::Overtaken { what, before });
                }
            }
        }
    }
    Ok(())
}

/// The result of a load: a line of text for each organization and user of the workspace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Written by this load.
    pub written: Vec<String>,
    /// In the table before this load.
    pub found: Vec<String>,
    /// Not in the table, each with the reason.
    pub missing: Vec<String>,
}

/// How a load treats items that are missing from an organization or user in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Absent {
    /// They are reported, because a user may have deleted them.
    Reported,
    /// They are written.
    Written,
}

/// Writes the parts of a workspace that the table lacks, and changes nothing else. An organization or a user is written as a whole
/// or not at all, so this completes an interrupted load.
pub async fn load_missing(
    table: &Table,
    workspace: &Workspace,
    hashes: &PasswordHashes,
    absent: Absent,
) -> Result<LoadReport, LoadError> {
    let mut loading = Loader { table, absent, loaded: LoadReport::default() };
    for tenant in &workspace.organizations {
        if let Err(fault) = loading.tenant(tenant, hashes).await {
            return Err(LoadError::Fault { fault, before: loading.loaded.written });
        }
    }
    Ok(loading.loaded)
}

struct Loader<'a> {
    table: &'a Table,
    absent: Absent,
    loaded: LoadReport,
}

impl Loader<'_> {
    async fn tenant(&mut self, tenant: &Tenant, hashes: &PasswordHashes) -> Result<(), Fault> {
        let organization = &tenant.organization;
        let what = describe_organization(organization);
        let organizations = OrganizationWriter::new(self.table);
        if organizations.create(organization).await? {
            self.loaded.written.push(what);
        } else {
            let absent = organizations.absent(organization).await?;
            let names = absent.names().into_iter().map(str::to_owned).collect();
            if self.found(what, names) {
                organizations.add(absent).await?;
            }
        }
        for member in &tenant.users {
            self.member(member, hashes.of(&member.user)).await?;
        }
        Ok(())
    }

    async fn member(&mut self, member: &Member, hash: Option<&str>) -> Result<(), Fault> {
        let Member { user, setup } = member;
        let (what, users) = (describe_user(user), SetupWriter::new(self.table));
        if Callers::new(self.table).load(user.organization, user.id).await?.is_none() {
            match users.create_user(user, hash, setup).await? {
                CreateUserOutcome::Created => self.loaded.written.push(what),
                CreateUserOutcome::UserExists => self.loaded.found.push(what),
                CreateUserOutcome::EmailTaken => {
                    self.loaded.missing.push(format!("{what}: another user has the e-mail address"));
                }
            }
            return Ok(());
        }
        let absent = users.absent(user, setup).await?;
        let names = absent.iter().map(|edit| edit.change.describe()).collect();
        if self.found(what, names) {
            for batch in absent.chunks(MAX_EDITS) {
                users.write(&user.organization, &user.id, batch, user.updated_at).await?;
            }
        }
        Ok(())
    }

    /// Records that the table lacks the items of these names. Returns whether to write them.
    fn found(&mut self, what: String, absent: Vec<String>) -> bool {
        let some = absent.len();
        let first: Vec<_> = absent.into_iter().take(3).collect();
        let items = format!("{some} items of the file ({}{})", first.join(", "), if some > 3 { ", …" } else { "" });
        match self.absent {
            _ if some == 0 => self.loaded.found.push(what),
            Absent::Written => self.loaded.written.push(format!("{items} of {what}")),
            Absent::Reported => {
                self.loaded.missing.push(format!("{items} of {what}: load --missing writes them"));
                self.loaded.found.push(what);
            }
        }
        some > 0 && self.absent == Absent::Written
    }
}

fn describe_organization(organization: &Organization) -> String {
    format!("organization {} ({})", organization.name, organization.id)
}

fn describe_user(user: &User) -> String {
    format!("user {} ({})", user.email, user.id)
}

/// Lists, in words, the parts of a workspace that the table already holds.
pub async fn existing(table: &Table, workspace: &Workspace) -> Result<Vec<String>, Fault> {
    let mut found = Vec::new();
    for tenant in &workspace.organizations {
        let organization = &tenant.organization;
        if OrganizationWriter::new(table).exists(&organization.id).await? {
            found.push(describe_organization(organization));
        }
        for member in &tenant.users {
            let user = &member.user;
            if Callers::new(table).load(organization.id, user.id).await?.is_some() {
                found.push(describe_user(user));
            } else if SetupWriter::new(table).is_claimed(user.email.key()).await? {
                found.push(format!("another user with the e-mail address {}", user.email));
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::database::{Database, Storage};

    async fn database() -> Database {
        Database::start_here(&Storage::Memory, "snapshots").await.unwrap()
    }

    #[tokio::test]
    async fn a_workspace_is_loaded_once() {
        let database = database().await;
        let workspace = Workspace::demo().unwrap();
        let hashes = PasswordHashes::same(&workspace, "$argon2id$");
        let first = load_missing(database.table(), &workspace, &hashes, Absent::Reported).await.unwrap();
        let all = workspace.organizations.len() + workspace.members().count();
        assert_eq!((first.written.len(), first.found.len(), first.missing.len()), (all, 0, 0));
        let second = load_missing(database.table(), &workspace, &hashes, Absent::Reported).await.unwrap();
        assert_eq!((second.written, second.found), (Vec::new(), first.written));
    }

    #[tokio::test]
    async fn what_exists_is_refused_by_name_before_anything_is_written() {
        let database = database().await;
        let whole = Workspace::demo().unwrap();
        let hashes = PasswordHashes::same(&whole, "$argon2id$");
        let mut second = whole.clone();
        second.organizations.remove(0);
        load(database.table(), &second, &hashes).await.unwrap();

        let LoadError::Exists(found) = load(database.table(), &whole, &hashes).await.unwrap_err() else { panic!() };
        assert_eq!(
            found,
            [
                "organization Globex (64ee9a8b1e7f2a0011223345)",
                "user gil@globex.example (64ee9a8b1e7f2a00112233a1)",
                "user sam@globex.example (64ee9a8b1e7f2a00112233a2)",
            ]
        );
        let acme = &whole.organizations[0].organization.id;
        assert!(!OrganizationWriter::new(database.table()).exists(acme).await.unwrap());
    }

    #[tokio::test]
    async fn an_address_of_somebody_else_is_refused_before_anything_is_written() {
        let database = database().await;
        let whole = Workspace::demo().unwrap();
        let hashes = PasswordHashes::same(&whole, "$argon2id$");
        let mut first = whole.clone();
        first.organizations.truncate(1);
        load(database.table(), &first, &hashes).await.unwrap();

        let mut second = whole.clone();
        second.organizations.remove(0);
        second.organizations[0].users[0].user.email = whole.organizations[0].users[0].user.email.clone();
        let LoadError::Exists(found) = load(database.table(), &second, &hashes).await.unwrap_err() else { panic!() };
        assert_eq!(found, ["another user with the e-mail address alex@acme.example"]);
        let globex = &whole.organizations[1].organization.id;
        assert!(!OrganizationWriter::new(database.table()).exists(globex).await.unwrap());
    }
}
