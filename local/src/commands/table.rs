//! `dynamodb`: only the table, loaded.

use std::net::SocketAddr;
use std::path::PathBuf;

use super::{Failure, listen, load_for_local_use, storage, until_told, workspace};
use crate::database::Database;

/// Serves the table until it is told to end. Prints one line when it is ready.
pub(crate) async fn run(
    address: SocketAddr,
    table: &str,
    db: Option<PathBuf>,
    file: Option<PathBuf>,
) -> Result<(), Failure> {
    let workspace = workspace(file.as_deref())?;
    let option = format!("--listen, such as --listen {}:{}", address.ip(), address.port().wrapping_add(1));
    let listener = listen(address, option).await?;
    let database = Database::start(listener, &storage(db.as_deref()), table, None).await?;
    load_for_local_use(database.table(), &workspace).await?;
    println!("DynamoDB on {}, table {table}", database.endpoint());
    until_told(async || database.stop().await).await?;
    Ok(())
}
