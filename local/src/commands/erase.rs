//! `erase`: erases a person from a table, by e-mail address.

use std::io::Write;

use clap::Args;
use serde_json::{Value, json};
use shared::clock::SystemClock;
use shared::domain::{Email, ObjectId};
use shared::store::{ErasureNote, ErasureReport, PersonErasure};

use super::Failure;
use super::progress::items_read;
use super::target_table::TargetTable;

pub(crate) const EXAMPLES: &str = "\
Examples:
  cargo run -- erase --table my-table --email casey@acme.example            says what it would erase
  cargo run -- erase --table my-table --email casey@acme.example --write    erases it
  cargo run -- erase --db crm.db --email casey@acme.example --write --json  for programs: {\"erased\": […], \"left\": […]}

It removes the user with profile, claim, password and setup, deletes counted sign-ins, and clears address and name in snapshots, their
revisions and rows of lists, and in records of applies. You can repeat it, and run it beside live traffic: if it is interrupted, run it
again. It scans, and needs the rights of `repair`. docs/PRIVACY.md says what stays.";

/// What no command can erase, for the end of the report.
const ELSEWHERE: &str = "\
Not looked at: what people wrote into setups, agents and captured contents; names and descriptions of snapshots; files of exports; \
point-in-time recovery (35 days) and backups; logs, which hold ids alone.";

#[derive(Debug, Args)]
pub(crate) struct Erase {
    #[command(flatten)]
    target: TargetTable,
    /// The person's address, in any of its forms.
    #[arg(long, value_name = "ADDRESS", value_parser = parse_email)]
    email: Email,
    /// The id of the person, if it was removed before: what else it made is found by it. You can repeat it.
    #[arg(long = "user", value_name = "ID")]
    users: Vec<ObjectId>,
    /// Write. Without it, nothing is written.
    #[arg(long)]
    write: bool,
    /// Print one JSON document instead of lines.
    #[arg(long)]
    json: bool,
}

fn parse_email(text: &str) -> Result<Email, String> {
    Email::parse(text).map_err(|violation| violation.detail)
}

/// Erases, or says what would be erased, and prints it. Fails if the person was still written at the end.
pub(crate) async fn run(options: &Erase) -> Result<(), Failure> {
    let open = options.target.open().await?;
    let erasure = PersonErasure::new(open.table(), &options.email, &options.users, &SystemClock);
    // No request uses a file that this program has open.
    let erasure = if options.target.db.is_some() { erasure.without_pause() } else { erasure };
    let mut progress = items_read();
    let report = match options.write {
        true => erasure.run(&mut progress).await,
        false => erasure.plan(&mut progress).await,
    };
    open.close().await?;
    print(&mut anstream::stdout(), options, &report?)
}

fn print(output: &mut impl Write, options: &Erase, report: &ErasureReport) -> Result<(), Failure> {
    let ErasureReport { items, erased, left, is_busy } = report;
    if options.json {
        let name = if options.write { "erased" } else { "wouldErase" };
        let document = json!({"items": items, name: documents(erased), "left": documents(left), "isBusy": is_busy});
        writeln!(output, "{document:#}")?;
    } else {
        let word = if options.write { "erased" } else { "would erase" };
        for note in erased {
            writeln!(output, "{word}  {}", line(note))?;
        }
        for note in left {
            writeln!(output, "left  {}", line(note))?;
        }
        let all = if options.write { "Erased" } else { "Nothing is written. With --write, it would erase" };
        writeln!(output, "{items} items. {all}: {}. Left: {}.\n{ELSEWHERE}", erased.len(), left.len())?;
    }
    match is_busy {
        false => Ok(()),
        true => Err(Failure::Table("the person was still written at the last look: run it again".to_owned())),
    }
}

fn line(note: &ErasureNote) -> String {
    format!("{} {}: {}", note.partition_key(), note.sort_key(), note.detail)
}

fn documents(notes: &[ErasureNote]) -> Value {
    let document =
        |note: &ErasureNote| json!({"key": {"PK": note.partition_key(), "SK": note.sort_key()}, "detail": note.detail});
    notes.iter().map(document).collect()
}
