//! Puts a workspace into a table, through the store's writer ports.

use std::collections::BTreeMap;

use shared::domain::{EmailKey, Fault, Password, User};
use shared::ids::Randomness;
use shared::password_hash::{HashingFailed, PasswordHasher, SALT_BYTES};
use shared::store::{Callers, OrganizationWriter, SetupWriter, Table, UserCreated};

use crate::workspace::Workspace;

/// The password hash of every user of a workspace.
#[derive(Debug, Clone, Default)]
pub struct PasswordHashes(BTreeMap<EmailKey, String>);

impl PasswordHashes {
    /// The same hash for everybody: for demo users, whose password is no secret, and for tests.
    pub fn same(workspace: &Workspace, hash: &str) -> Self {
        Self(workspace.members().map(|(_, member)| (member.user.email.key().clone(), hash.to_owned())).collect())
    }

    /// Hashes each user's password, with a salt of its own.
    pub async fn make(passwords: &[(&User, Password)], randomness: &dyn Randomness) -> Result<Self, HashingFailed> {
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

/// A password's hash with a fresh salt.
pub async fn hash(password: &Password, randomness: &dyn Randomness) -> Result<String, HashingFailed> {
    let mut salt = [0; SALT_BYTES];
    randomness.fill(&mut salt);
    PasswordHasher::new().hash(password, salt).await
}

/// Why a workspace is not in the table.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// Some of it is there already. Nothing was written.
    #[error("nothing was written, because the table already has:\n  {}", .0.join("\n  "))]
    Exists(Vec<String>),
    /// Somebody wrote at the same time.
    #[error("{what} came into the table meanwhile; written before that: {}", written(.before))]
    Overtaken {
        /// What was there all of a sudden.
        what: String,
        /// What this run wrote.
        before: Vec<String>,
    },
    /// The store failed.
    #[error("{fault}; written before that: {}", written(.before))]
    Fault {
        /// How.
        fault: Fault,
        /// What this run wrote.
        before: Vec<String>,
    },
}

fn written(before: &[String]) -> String {
    if before.is_empty() { "nothing".to_owned() } else { before.join(", ") }
}

/// Writes a workspace of which nothing is in the table yet.
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
        let what = format!("organization {} ({})", organization.name, organization.id);
        if !organizations.create(organization).await.map_err(fault(&before))? {
            return Err(LoadError::Overtaken { what, before });
        }
        before.push(what);
        for member in &tenant.users {
            let user = &member.user;
            let what = format!("user {} ({})", user.email, user.id);
            match users.create_user(user, hashes.of(user), &member.setup).await.map_err(fault(&before))? {
                UserCreated::Created => before.push(what),
                UserCreated::EmailTaken | UserCreated::UserExists => return Err(LoadError::Overtaken { what, before }),
            }
        }
    }
    Ok(())
}

/// Writes what is missing of a workspace and leaves what is there as it is. Whether anything was written.
pub async fn load_missing(table: &Table, workspace: &Workspace, hashes: &PasswordHashes) -> Result<bool, Fault> {
    let mut any = false;
    for tenant in &workspace.organizations {
        any |= OrganizationWriter::new(table).create(&tenant.organization).await?;
        for member in &tenant.users {
            let hash = hashes.of(&member.user);
            let created = SetupWriter::new(table).create_user(&member.user, hash, &member.setup).await?;
            any |= created == UserCreated::Created;
        }
    }
    Ok(any)
}

/// What of a workspace is in the table already, in words.
pub async fn existing(table: &Table, workspace: &Workspace) -> Result<Vec<String>, Fault> {
    let mut found = Vec::new();
    for tenant in &workspace.organizations {
        let organization = &tenant.organization;
        if OrganizationWriter::new(table).exists(&organization.id).await? {
            found.push(format!("organization {} ({})", organization.name, organization.id));
        }
        for member in &tenant.users {
            let user = &member.user;
            if Callers::new(table).load(organization.id, user.id).await?.is_some() {
                found.push(format!("user {} ({})", user.email, user.id));
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
        assert!(load_missing(database.table(), &workspace, &hashes).await.unwrap());
        assert!(!load_missing(database.table(), &workspace, &hashes).await.unwrap());
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
