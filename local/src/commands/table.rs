//! `dynamodb`: only the table, loaded.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use super::ending::Ending;
use super::{Failure, listen, load_for_local_use, storage, workspace};
use crate::database::Database;

/// Serves the table until it is told to end. Prints one line when it is ready.
pub(crate) async fn run(
    address: SocketAddr,
    table: &str,
    db: Option<PathBuf>,
    file: Option<PathBuf>,
) -> Result<(), Failure> {
    let ending = Ending::new()?;
    let workspace = workspace(file.as_deref())?;
    let option = format!("--listen, such as --listen {}:{}", address.ip(), address.port().wrapping_add(1));
    let listener = listen(address, option).await?;
    let database = Database::start(listener, &storage(db.as_deref()), table, None).await?;
    load_for_local_use(database.table(), &workspace).await?;
    writeln!(io::stdout(), "DynamoDB on {}, table {table}", database.endpoint())?;
    ending.wait(async || database.stop().await).await?;
    Ok(())
}
