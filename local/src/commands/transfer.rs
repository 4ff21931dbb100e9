//! `export` and `import`: one organization as a file.

use std::fs::{File, OpenOptions};
use std::io::{self, BufReader, BufWriter};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use clap::Args;
use shared::domain::ObjectId;
use shared::store::{ImportReport, export_organization, import_organization};

use super::Failure;
use super::progress::items_read;
use super::target_table::TargetTable;

pub(crate) const EXPORT_EXAMPLES: &str = "\
Examples:
  cargo run -- export --table my-table --organization 64ee9a8b1e7f2a0011223344 acme.ndjson
  cargo run -- export --table my-table --organization 64ee9a8b1e7f2a0011223344 - | gpg -c > acme.ndjson.gpg

The file has the hashes of passwords and is as secret as the table: only you can read it. It has the organization with pipelines and agents,
its users with claims and setups, its snapshots with all revisions, and the records of its applies. It needs dynamodb:Scan and Query. For a
file of one moment, export from a table that nobody writes, such as a restored one.";

pub(crate) const IMPORT_EXAMPLES: &str = "\
Examples:
  cargo run -- import --table my-table acme.ndjson            says what it would write
  cargo run -- import --table my-table acme.ndjson --write    writes it

It refuses a file that is damaged, or that has an item of another organization. It writes the roles and password hashes that the file has, and
its checksum is no signature: import only a file that you kept. If another item stands in the place of one of the file, such as a claim on the
same address, it lists all of these and writes nothing. You can repeat it: it writes what is absent. It needs dynamodb:GetItem and PutItem.";

#[derive(Debug, Args)]
pub(crate) struct Export {
    #[command(flatten)]
    target: TargetTable,
    /// The organization.
    #[arg(long, value_name = "ID")]
    organization: ObjectId,
    /// The file to write, which must not exist; - is standard output.
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Import {
    #[command(flatten)]
    target: TargetTable,
    /// The file that `export` wrote.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write. Without it, nothing is written.
    #[arg(long)]
    write: bool,
}

/// Exports, and says how many items.
pub(crate) async fn export(options: &Export) -> Result<(), Failure> {
    let open = options.target.open().await?;
    let (table, mut progress) = (open.table(), items_read());
    let exported = if options.file == Path::new("-") {
        export_organization(table, options.organization, &mut io::stdout().lock(), &mut progress).await
    } else {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&options.file);
        let file = file.map_err(|error| Failure::Table(format!("{}: {error}", options.file.display())))?;
        export_organization(table, options.organization, &mut BufWriter::new(file), &mut progress).await
    };
    open.close().await?;
    eprintln!("{} items exported. The file is as secret as the table.", exported?);
    Ok(())
}

/// Imports, or says what it would write. Fails if something is in the way.
pub(crate) async fn import(options: &Import) -> Result<(), Failure> {
    let file = File::open(&options.file);
    let file = file.map_err(|error| Failure::Table(format!("{}: {error}", options.file.display())))?;
    let open = options.target.open().await?;
    let imported = import_organization(open.table(), &mut BufReader::new(file), options.write, &mut items_read()).await;
    open.close().await?;
    let ImportReport { organization, absent, same, written, conflicts } = imported?;
    let organization = organization.map(|id| id.to_string()).unwrap_or_default();
    if !conflicts.is_empty() {
        let places = conflicts.iter().map(|(pk, sk)| format!("\n  {pk} {sk}")).collect::<String>();
        let done = if written == 0 {
            "nothing is written".to_owned()
        } else {
            format!("{written} items are written, and no more")
        };
        return Err(Failure::Table(format!(
            "organization {organization}: {done}: other items stand in the places of these:{places}"
        )));
    }
    let word = if options.write { "written" } else { "would be written; nothing is without --write" };
    println!("organization {organization}: {absent} items {word}. {same} were there already.");
    Ok(())
}
