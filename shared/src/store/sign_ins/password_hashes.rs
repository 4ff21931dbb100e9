//! Moves password hashes from the user's profile, where an earlier version of this service kept them, to the claim on
//! the user's address. A sign-in moves its own user's hash, [`HashMigration`] moves all.

use crate::domain::{Email, EmailKey, Fault, ObjectId};
use crate::store::attributes::{EMAIL, ORGANIZATION_ID, PASSWORD_HASH, USER_ID};
use crate::store::keys::{self, PK};
use crate::store::record::{self, ClaimRecord, Record, UserRecord};
use crate::store::table::Table;
use crate::store::table::change::{Change, text};
use crate::store::table::outcome::{CallFailure, Item};

/// A hash in a user's profile.
pub(in crate::store) struct HashInProfile<'a> {
    /// The user's organization.
    pub(in crate::store) organization: ObjectId,
    /// The user.
    pub(in crate::store) user: ObjectId,
    /// The user's address.
    pub(in crate::store) email: &'a EmailKey,
    /// The hash.
    pub(in crate::store) hash: &'a str,
}

impl HashInProfile<'_> {
    /// Moves the hash in one transaction, on the condition that the profile has it, the claim belongs to the user, and
    /// the claim has none. The setup's version stays, because a password is not part of a setup. Returns `false` if the
    /// condition does not hold.
    pub(in crate::store) async fn move_to_claim(&self, table: &Table) -> Result<bool, Fault> {
        let claim = Change::of_existing()
            .when(USER_ID, text(self.user))
            .when(ORGANIZATION_ID, text(self.organization))
            .when_absent(PASSWORD_HASH)
            .set(PASSWORD_HASH, text(self.hash));
        let writes = vec![
            table.change_in_transaction(&keys::user(&self.organization, &self.user), &self.removal())?,
            table.change_in_transaction(&keys::email(self.email), &claim)?,
        ];
        match table.transact(writes).await {
            Ok(()) => Ok(true),
            Err(CallFailure::Cancelled(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    /// Removes the hash from the profile, on the condition that it is the same.
    async fn remove(&self, table: &Table) -> Result<bool, Fault> {
        match table.change(&keys::user(&self.organization, &self.user), &self.removal()).await {
            Ok(()) => Ok(true),
            Err(CallFailure::ConditionFailed(_)) => Ok(false),
            Err(other) => Err(other.into()),
        }
    }

    fn removal(&self) -> Change {
        Change::of_existing().when(PASSWORD_HASH, text(self.hash)).remove(PASSWORD_HASH)
    }
}

/// The result of a migration.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct MigrationReport {
    /// The number of moved hashes.
    pub moved: u64,
    /// The number of hashes that were removed from a profile because the claim has one, which is the valid one.
    pub removed: u64,
    /// The users whose hash stays, because the claim on their address belongs to another user. Nobody can sign in with
    /// such a hash.
    pub left: Vec<(ObjectId, ObjectId)>,
}

/// Moves every hash. It reads the whole table, so it is for an operator's command and not for a function. It can be
/// repeated, and run while the service works.
pub struct HashMigration<'a>(&'a Table);

impl<'a> HashMigration<'a> {
    /// Returns the migration of this table.
    pub fn new(table: &'a Table) -> Self {
        Self(table)
    }

    /// Runs the migration.
    pub async fn run(&self) -> Result<MigrationReport, Fault> {
        let mut migrated = MigrationReport::default();
        let mut start = None;
        loop {
            let attributes = [PK, EMAIL, PASSWORD_HASH];
            let (items, next) = self.0.scan(UserRecord::TYPE, PASSWORD_HASH, &attributes, start).await?;
            for item in items {
                self.migrate(item, &mut migrated).await?;
            }
            start = next;
            if start.is_none() {
                return Ok(migrated);
            }
        }
    }

    async fn migrate(&self, item: Item, migrated: &mut MigrationReport) -> Result<(), Fault> {
        let pk = record::partition_key(&item).to_owned();
        let (organization, user) =
            keys::parse_user_partition(&pk).ok_or_else(|| Fault::Corrupt(format!("{pk} is the key of no user")))?;
        let StoredHashProfile { email, password_hash } = record::read(item)?;
        let stored = HashInProfile { organization, user, email: email.key(), hash: &password_hash };
        if stored.move_to_claim(self.0).await? {
            migrated.moved += 1;
            return Ok(());
        }
        let claim = self.0.get(&keys::email(email.key()), None).await?.map(record::read::<ClaimRecord>).transpose()?;
        let is_own = |claim: &ClaimRecord| claim.user_id == Some(user) && claim.organization_id == organization;
        match claim.filter(is_own) {
            Some(claim) if claim.password_hash.is_some() => {
                migrated.removed += u64::from(stored.remove(self.0).await?);
            }
            // The profile changed since the page was read: it has another password, or none.
            Some(_) => {}
            None => migrated.left.push((organization, user)),
        }
        Ok(())
    }
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct StoredHashProfile {
    email: Email,
    password_hash: String,
}
