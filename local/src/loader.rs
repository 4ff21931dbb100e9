//! Puts a workspace into a table, through the store's writer ports.

mod differences;
mod setup_load;

use std::collections::BTreeMap;

use shared::domain::{EmailKey, Fault, Organization, Password, User};
use shared::ids::Randomness;
use shared::password_hash::{HashingError, PasswordHasher, SALT_BYTES};
use shared::store::{CreateUserOutcome, OrganizationWriter, Organizations, ProfileState, Profiles, SetupWriter, Table};

pub use self::differences::{Load, LoadMode};
use crate::workspace::Workspace;

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
const COMPLETE_IT: &str = "Run load --missing to write the rest, or the same load --update again";

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
#[derive(Debug, Clone, Default, PartialEq)]
pub struct LoadReport {
    /// Written by this load, or to be written.
    pub written: Vec<String>,
    /// Changed by this load, or to be changed.
    pub changed: Vec<String>,
    /// In the table before this load.
    pub found: Vec<String>,
    /// Not as the file says, each with the reason.
    pub missing: Vec<String>,
    /// The users to be written.
    pub new_users: Vec<User>,
    /// How many items these organizations and users have that the file does not name.
    pub others: usize,
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
        if Organizations::new(table).exists(&organization.id).await? {
            found.push(describe_organization(organization));
        }
        for member in &tenant.users {
            let user = &member.user;
            match Profiles::new(table).find(organization.id, user.id).await? {
                ProfileState::Stored(_) | ProfileState::Unreadable => found.push(describe_user(user)),
                ProfileState::Removed => found.push(format!("the removed {}", describe_user(user))),
                ProfileState::Absent => {
                    if SetupWriter::new(table).is_claimed(user.email.key()).await? {
                        found.push(format!("another user with the e-mail address {}", user.email));
                    }
                }
            }
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use shared::domain::Timestamp;

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
        let load = Load {
            table: database.table(),
            workspace: &workspace,
            mode: LoadMode::Report,
            is_dry: false,
            now: Timestamp::from_millis(0),
        };
        let first = load.run(&hashes).await.unwrap();
        let all = workspace.organizations.len() + workspace.members().count();
        assert_eq!((first.written.len(), first.found.len(), first.missing.len()), (all, 0, 0));
        let second = load.run(&hashes).await.unwrap();
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
        assert!(!Organizations::new(database.table()).exists(acme).await.unwrap());
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
        assert!(!Organizations::new(database.table()).exists(globex).await.unwrap());
    }
}
