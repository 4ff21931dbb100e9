//! `dynamodb`: serves only the loaded table.

use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::PathBuf;

use super::ending::StopSignal;
use super::{Failure, listen, load_for_local_use, storage, workspace};
use crate::database::Database;
use crate::guard::{Credentials, Guard};

/// Serves the table until a person or the system ends it. When it is ready, prints its address and a shell line with the credentials.
pub(crate) async fn run(
    address: SocketAddr,
    table: &str,
    db: Option<PathBuf>,
    file: Option<PathBuf>,
    allowed_hosts: &[String],
) -> Result<(), Failure> {
    let ending = StopSignal::new()?;
    let credentials = Credentials::from_env_or_new()?;
    let workspace = workspace(file.as_deref())?;
    let option = format!("--listen, such as --listen {}:{}", address.ip(), address.port().wrapping_add(1));
    let listener = listen(address, option).await?;
    let guard = Guard::new(listener.local_addr()?, allowed_hosts, credentials);
    let database = Database::start(listener, guard, &storage(db.as_deref()), table, None).await?;
    let loaded = load_for_local_use(database.table(), &workspace).await?;
    for missing in &loaded.missing {
        eprintln!("Not loaded: {missing}");
    }
    let export = database.credentials().export_line();
    // One write, so that a program that waits for the first line also gets the second.
    let ready = format!("DynamoDB on {}, table {table}\n{export}\n", database.endpoint());
    io::stdout().write_all(ready.as_bytes())?;
    ending.wait(async || database.stop().await).await?;
    Ok(())
}
