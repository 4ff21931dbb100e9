//! `load`: writes a workspace into any table, which may have a part of it.

use std::io::{IsTerminal, Write};
use std::path::PathBuf;

use clap::Args;
use shared::clock::{Clock, SystemClock};
use shared::domain::{NewPassword, Password, User};
use shared::ids::SystemRandomness;

use super::Failure;
use super::target_table::TargetTable;
use crate::loader::{self, LoadError, LoadMode, LoadReport, PasswordHashes};
use crate::workspace::Workspace;

/// The variable with the password of all users.
const VARIABLE: &str = "LOAD_PASSWORD";

pub(crate) const EXAMPLES: &str = "\
On this machine, first export the credentials that `cargo run` or `dynamodb` prints.
LOAD_PASSWORD in the environment is the password of all users that are new. Without it the command asks for each.

Examples:
  LOAD_PASSWORD=Demo-Pass-2026! cargo run -- load --table snapshots --workspace events/demo-workspace.json \\
      --endpoint http://127.0.0.1:8000
  cargo run -- load --table my-table --workspace crm.json            on AWS: credentials, region and AWS_ENDPOINT_URL as for the AWS CLI
  cargo run -- load --table my-table --workspace crm.json --update --dry-run    says what --update would add, change and leave
  cargo run -- load --db crm.db --workspace crm.json --missing       a file of --db that no other program serves

You can repeat each. No load removes anything, or sets a password of a user that exists. With --update, an item whose fields differ gets
those of the file, all of them; a field of a user or of an organization that the file does not name stays. Another role and a disabling
end the user's tokens. Whatever others changed after the command read it stays, and the command names it and fails.";

#[derive(Debug, Args)]
pub(crate) struct LoadOptions {
    #[command(flatten)]
    target: TargetTable,
    /// The workspace.
    #[arg(long, value_name = "FILE")]
    workspace: PathBuf,
    /// Write only what the table lacks, including items of users and organizations that it has. Completes an interrupted load.
    #[arg(long, conflicts_with = "update")]
    missing: bool,
    /// Write what the table lacks, and change what it has otherwise.
    #[arg(long)]
    update: bool,
    /// Print what would be added, changed and left, and write nothing.
    #[arg(long)]
    dry_run: bool,
}

/// Loads the workspace. If it refuses, it has written nothing.
pub(crate) async fn run(options: &LoadOptions) -> Result<(), Failure> {
    let now = SystemClock.now();
    let workspace = Workspace::read(&options.workspace, now)?;
    let open = options.target.open().await?;
    let mode = if options.update { LoadMode::Update } else { LoadMode::Missing };
    let plan = loader::Load { table: open.table(), workspace: &workspace, mode, is_dry: true, now };
    let loaded = load(options, plan).await;
    open.close().await?;
    loaded
}

async fn load(options: &LoadOptions, plan: loader::Load<'_>) -> Result<(), Failure> {
    let loader::Load { table, workspace, .. } = plan;
    let is_first = !options.update && !options.missing;
    let existing = if is_first { loader::existing(table, workspace).await? } else { Vec::new() };
    if !existing.is_empty() {
        return Err(LoadError::Exists(existing).into());
    }
    let planned = plan.run(&PasswordHashes::default()).await?;
    if options.dry_run {
        return print(&mut anstream::stdout(), &planned, true);
    }
    // Before anything is written, and only once it is known whose.
    let given = std::env::var(VARIABLE).ok().filter(|password| !password.is_empty());
    let passwords = passwords(planned.new_users.iter(), given)?;
    let hashes = PasswordHashes::make(&passwords, &SystemRandomness).await?;
    if !is_first {
        let loaded = loader::Load { is_dry: false, ..plan }.run(&hashes).await?;
        return print(&mut anstream::stdout(), &loaded, false);
    }
    loader::load(table, workspace, &hashes).await?;
    let (organizations, users) = (workspace.organizations.len(), workspace.members().count());
    println!("Loaded: organizations {organizations}, users {users}.");
    Ok(())
}

/// Prints what was done, or would be. Fails if something is not as the file says.
fn print(output: &mut impl Write, report: &LoadReport, is_dry: bool) -> Result<(), Failure> {
    let LoadReport { written, changed, found, missing, others, .. } = report;
    let word = |done: &'static str, planned: &'static str| if is_dry { planned } else { done };
    let shown = [(word("added", "would add"), written), (word("changed", "would change"), changed), ("left", found)];
    for (word, lines) in shown {
        for line in lines {
            writeln!(output, "{word:12}  {line}")?;
        }
    }
    let (written, changed, found) = (written.len(), changed.len(), found.len());
    let all = if is_dry { "Nothing is written. It would add" } else { "Added" };
    writeln!(output, "{all}: {written}. {}: {changed}. Left: {found}.", word("Changed", "Change"))?;
    writeln!(output, "A load removes nothing: {others} items stay that the file does not name.")?;
    if missing.is_empty() {
        return Ok(());
    }
    Err(Failure::Table(format!("{}:\n  {}", word("not loaded", "could not be loaded"), missing.join("\n  "))))
}

/// Returns each user's password. Fails if one is not allowed for its user.
fn passwords<'a>(
    users: impl Iterator<Item = &'a User>,
    everybodys: Option<String>,
) -> Result<Vec<(&'a User, Password)>, Failure> {
    let mut users = users.peekable();
    if users.peek().is_some() && everybodys.is_none() && !std::io::stdin().is_terminal() {
        let reason = format!(
            "the users need passwords: set {VARIABLE} to the one of all users, or run this on a terminal to be asked for each"
        );
        return Err(Failure::Password(reason));
    }
    users.map(|user| Ok((user, password(user, everybodys.as_deref())?))).collect()
}

fn password(user: &User, everybodys: Option<&str>) -> Result<Password, Failure> {
    if let Some(given) = everybodys {
        let refused = |violation| Failure::Password(format!("{VARIABLE}, for {}: {violation}", user.email));
        return Ok(judge(given.to_owned(), user).map_err(refused)?.password().clone());
    }
    loop {
        let typed = rpassword::prompt_password(format!("Password of {}: ", user.email))
            .map_err(|error| Failure::Password(format!("no password for {}: {error}", user.email)))?;
        match judge(typed, user) {
            Ok(password) => return Ok(password.password().clone()),
            Err(violation) => eprintln!("{violation}"),
        }
    }
}

fn judge(text: String, user: &User) -> Result<NewPassword, shared::domain::Violation> {
    NewPassword::parse(Password::new(text), Some(&user.email))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_given_password_must_be_good_for_every_user() {
        let workspace = Workspace::demo().unwrap();
        let users = || workspace.members().map(|(_, member)| &member.user);
        let good = passwords(users(), Some("Demo-Pass-2026!".to_owned())).unwrap();
        assert_eq!(good.len(), users().count());
        let error = passwords(users(), Some("pat@acme.example".to_owned())).unwrap_err().to_string();
        assert_eq!(error, "LOAD_PASSWORD, for pat@acme.example: the password is the e-mail address; choose another");
        let error = passwords(users(), Some("short".to_owned())).unwrap_err().to_string();
        assert!(error.contains("5 characters; it needs 8 to 128"), "{error}");
    }
}
