//! The table that an operator's command works on: one of AWS, one at another endpoint, or a file of `--db`.

use std::path::PathBuf;

use clap::Args;
use clap::builder::ArgPredicate;
use shared::store::Table;

use super::Failure;
use super::connection::open_table;
use crate::database::{Database, Storage};

/// Options that name the table.
#[derive(Debug, Args)]
pub(crate) struct TargetTable {
    /// The table's name.
    #[arg(
        long,
        value_name = "NAME",
        required_unless_present = "db",
        default_value_if("db", ArgPredicate::IsPresent, "snapshots")
    )]
    pub(crate) table: Option<String>,
    /// The endpoint of DynamoDB, if it is neither AWS nor what AWS_ENDPOINT_URL names.
    #[arg(long, value_name = "URL", conflicts_with = "db")]
    pub(crate) endpoint: Option<String>,
    /// The file of a table made with --db. No other program may serve it at the same time.
    #[arg(long, value_name = "PATH")]
    pub(crate) db: Option<PathBuf>,
}

/// An open table.
pub(super) struct OpenTable {
    table: Table,
    database: Option<Database>,
}

impl TargetTable {
    /// Opens the table. Fails if it does not exist: a command that reads must not create an empty one.
    pub(super) async fn open(&self) -> Result<OpenTable, Failure> {
        let name = self.table.as_deref().unwrap_or("snapshots");
        match &self.db {
            Some(file) if !file.exists() => Err(Failure::Table(format!("there is no {}", file.display()))),
            Some(file) => {
                let database = Database::start_here(&Storage::File(file.clone()), name).await?;
                Ok(OpenTable { table: database.table().clone(), database: Some(database) })
            }
            None => Ok(OpenTable { table: open_table(self.endpoint.as_deref(), name).await?, database: None }),
        }
    }
}

impl OpenTable {
    /// Returns the table.
    pub(super) fn table(&self) -> &Table {
        &self.table
    }

    /// Closes the file, if it is one.
    pub(super) async fn close(self) -> Result<(), Failure> {
        let Self { table, database } = self;
        drop(table);
        match database {
            Some(database) => Ok(database.stop().await?),
            None => Ok(()),
        }
    }
}
