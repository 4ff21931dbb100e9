//! `migrate`: rewrites what an earlier version of the service stored in another form.

use shared::store::{HashMigration, MigrationReport, OrganizationListing};

use super::Failure;
use super::target_table::TargetTable;

/// Moves the password hashes, puts organizations into their list, and prints how many. Fails if some hashes cannot be moved, and names
/// their users.
pub(crate) async fn run(target: &TargetTable) -> Result<(), Failure> {
    let open = target.open().await?;
    let migrated = HashMigration::new(open.table()).run().await;
    let listed = OrganizationListing::new(open.table()).run().await;
    open.close().await?;
    println!("Organizations put into the list of all: {}.", listed?);
    report(&migrated?)
}

fn report(migrated: &MigrationReport) -> Result<(), Failure> {
    let MigrationReport { moved, removed, left } = migrated;
    println!(
        "Password hashes moved to the claims on their addresses: {moved}. Removed, because the claim has one: {removed}."
    );
    if left.is_empty() {
        return Ok(());
    }
    let users = left.iter().map(|(organization, user)| format!("  user {user} of organization {organization}"));
    let users = users.collect::<Vec<_>>().join("\n");
    Err(Failure::Table(format!(
        "the profiles of these users keep their hashes, because another user holds their address or nobody does; they cannot sign in:\n{users}"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn users_whose_hash_stays_are_named() {
        let ids = ("64ee9a8b1e7f2a0011223344".parse().unwrap(), "64ee9a8b1e7f2a001122339b".parse().unwrap());
        let error = report(&MigrationReport { moved: 1, removed: 0, left: vec![ids] }).unwrap_err().to_string();
        assert!(
            error.ends_with("\n  user 64ee9a8b1e7f2a001122339b of organization 64ee9a8b1e7f2a0011223344"),
            "{error}"
        );
        assert!(report(&MigrationReport::default()).is_ok());
    }

    #[tokio::test]
    async fn a_missing_file_is_not_created() {
        let error = run(&TargetTable { table: None, endpoint: None, db: Some("no-such.db".into()) }).await.unwrap_err();
        assert_eq!(error.to_string(), "there is no no-such.db");
    }
}
