//! `workspace`: checks a workspace file, and prints the schema of all of them.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::{Args, Subcommand};
use shared::clock::{Clock, SystemClock};

use super::Failure;
use crate::workspace::{Workspace, schema};

pub(crate) const EXAMPLES: &str = "\
Examples:
  cargo run -- workspace check crm.json                   all errors at once, each with its place
  cargo run -- workspace schema > workspace.schema.json   for an editor: \"$schema\": \"./workspace.schema.json\" in the file

events/demo-workspace.json shows the form. No command of this group needs a table.";

#[derive(Debug, Args)]
pub(crate) struct WorkspaceFile {
    #[command(subcommand)]
    command: WorkspaceCommand,
}

#[derive(Debug, Subcommand)]
enum WorkspaceCommand {
    /// Read a workspace file, and print everything that is wrong with it: the JSON pointer, line and column, and what to change.
    Check {
        /// The workspace.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
    /// Print the JSON Schema of a workspace file. This is the content of docs/workspace.schema.json.
    Schema,
}

/// Runs a command of the group.
pub(crate) fn run(options: &WorkspaceFile) -> Result<(), Failure> {
    let mut output = anstream::stdout();
    match &options.command {
        WorkspaceCommand::Check { file } => {
            let workspace = Workspace::read(file, SystemClock.now())?;
            let counts: Vec<_> = workspace.counts().iter().map(|(what, count)| format!("{what} {count}")).collect();
            writeln!(output, "{} is good: {}.", file.display(), counts.join(", "))?;
        }
        WorkspaceCommand::Schema => output.write_all(schema::text().map_err(io::Error::from)?.as_bytes())?,
    }
    Ok(())
}
