//! Serves the whole API, and prints what a person needs to try it.

use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use serde_json::{Value, json};
use shared::domain::{Email, Role};
use shared::http::CorsOrigins;
use shared::ids::SystemRandomness;
use shared::store::{SetupWriter, Table};

use super::ending::StopSignal;
use super::{Failure, listen, load_for_local_use, storage, workspace};
use crate::demo::{APPLY_BODY, CREATE_BODY};
use crate::guard::Credentials;
use crate::keys::{self, Keys};
use crate::loader::LoadReport;
use crate::scheduler::{EVERY, Pace};
use crate::stack::{Options, Stack};
use crate::workspace::{DEMO_PASSWORD, Workspace};

const PAT: &str = "pat@acme.example";
const SAM: &str = "sam@globex.example";
/// The new user of the second request.
const CASEY: &str = "casey@acme.example";

/// Serves until a person or the system ends it.
pub(crate) async fn run(
    port: u16,
    cors_origins: CorsOrigins,
    pace: Pace,
    db: Option<PathBuf>,
    file: Option<PathBuf>,
    allowed_hosts: Vec<String>,
) -> Result<(), Failure> {
    let ending = StopSignal::new()?;
    let credentials = Some(Credentials::from_env_or_new()?);
    let workspace = workspace(file.as_deref())?;
    // Checked first, so that no keys are written beside a file of another program.
    let storage = storage(db.as_deref());
    storage.admit()?;
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = listen(address, format!("--port, such as --port {}", port.wrapping_add(1))).await?;
    let kept_keys = db.as_deref().map(|db| Keys::kept_in(&keys::file_beside(db), &SystemRandomness)).transpose()?;
    let options = Options {
        keys: kept_keys,
        storage,
        cors_origins,
        allowed_hosts,
        credentials,
        is_ready: false,
        ..Options::default()
    };
    let table_name = options.table_name.clone();
    let stack = Stack::start_on(listener, options).await?;
    let loaded = load_for_local_use(stack.table(), &workspace).await?;
    stack.gateway().set_ready(true);

    let kept = db.map_or("in memory".to_owned(), |db| format!("in {}", db.display()));
    let url = stack.url();
    let mut welcome = format!("The API    {url}    described at {url}/docs    (Ctrl-C ends it)\n");
    welcome += &format!("DynamoDB   {}    table {table_name}, {kept}\n", stack.database().endpoint());
    welcome += &format!("To use it, and to invoke functions:\n{}\n\n", stack.database().credentials().export_line());
    welcome += &format!("{}\n{}\n", people(&workspace), first_steps(&stack, &workspace).await);
    welcome += &before_this_start(&loaded, is_claimed(stack.table(), CASEY).await?);
    // Only now: the sign-ins above are not requests of a user.
    stack.gateway().log_requests(true);
    io::stdout().write_all(welcome.as_bytes())?;
    let playing = stack.scheduler().play(EVERY, pace);
    ending
        .wait(async || {
            drop(playing);
            stack.stop().await
        })
        .await?;
    Ok(())
}

/// Says what the table held before this start, and what it still lacks of the workspace.
fn before_this_start(LoadReport { written, found, missing, .. }: &LoadReport, has_casey: bool) -> String {
    let mut words = String::new();
    if !found.is_empty() && !written.is_empty() {
        words += &format!("\nThe table held a part of the workspace. Added: {}.\n", written.join(", "));
    } else if !found.is_empty() {
        words += "\nThis table was in use before.\n";
    }
    if has_casey {
        words += "\nCasey exists already, so the second command gets 409: change the address.\n";
    }
    if !missing.is_empty() {
        words += &format!("\nNot loaded:\n  {}\n", missing.join("\n  "));
    }
    words
}

/// Returns whether a user has the address.
async fn is_claimed(table: &Table, address: &str) -> Result<bool, Failure> {
    let Ok(address) = Email::parse(address) else { return Ok(false) };
    Ok(SetupWriter::new(table).is_claimed(address.key()).await?)
}

/// Lists the users who can sign in.
fn people(workspace: &Workspace) -> String {
    let width = workspace.members().map(|(_, member)| member.user.email.as_str().len()).max().unwrap_or(0);
    let mut lines = vec![format!("Users, all with the password {DEMO_PASSWORD}")];
    for (organization, member) in workspace.members() {
        let user = &member.user;
        let disabled = if user.login_disabled { " (disabled)" } else { "" };
        lines.push(format!(
            "  {:width$}  {:15}  {}{disabled}",
            user.email.as_str(),
            user.role.as_str(),
            organization.name
        ));
    }
    lines.join("\n") + "\n"
}

/// Returns commands to paste: the main job for the demo workspace, a sign-in for any other workspace.
async fn first_steps(stack: &Stack, workspace: &Workspace) -> String {
    let demo_users = [PAT, SAM].into_iter().all(|email| workspace.member(email).is_some());
    if demo_users && let (Some(pat), Some(sam)) = (token(stack, PAT).await, token(stack, SAM).await) {
        return main_job(&stack.url(), &pat, &sam);
    }
    let administrator = workspace.members().find(|(_, member)| member.user.role >= Role::Admin);
    administrator.map(|(_, member)| signing_in(&stack.url(), member.user.email.as_str())).unwrap_or_default()
}

/// Signs in and returns the token; `None` if the sign-in is refused.
async fn token(stack: &Stack, email: &str) -> Option<String> {
    let http = reqwest::Client::builder().no_proxy().build().ok()?;
    let body = json!({"email": email, "password": DEMO_PASSWORD});
    let answer = http.post(format!("{}/api/auth/login", stack.url())).json(&body).send().await.ok()?;
    let answer: Value = answer.json().await.ok()?;
    answer["token"].as_str().map(str::to_owned)
}

/// Returns the customer's two requests. The first shows its answer and keeps the snapshot's id.
fn main_job(url: &str, pat: &str, sam: &str) -> String {
    format!(
        r#"Paste these two commands, one after the other.

# Pat captures Alex's setup. The snapshot's id goes into $SNAPSHOT.
SNAPSHOT=$(curl --silent --show-error --write-out '\n' --request POST \
  --url {url}/api/user-snapshots \
  --header 'Authorization: Bearer {pat}' \
  --header 'Content-Type: application/json' \
  --data '
{CREATE_BODY}
' | tee /dev/stderr | sed -n 's/.*"_id":"\([0-9a-f]*\)".*/\1/p')

# Sam applies it: Casey, who is new at Globex, gets the whole setup.
curl --silent --show-error --write-out '\n' --request POST \
  --url {url}/api/user-snapshots/$SNAPSHOT/apply \
  --header 'Authorization: Bearer {sam}' \
  --header 'Content-Type: application/json' \
  --data '
{APPLY_BODY}
'"#
    )
}

fn signing_in(url: &str, email: &str) -> String {
    format!(
        "Sign in with\n\ncurl --request POST --url {url}/api/auth/login --header 'Content-Type: application/json' \\\n  \
         --data '{{\"email\": \"{email}\", \"password\": \"{DEMO_PASSWORD}\"}}'"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs the two commands in a shell in which `curl` only prints its arguments.
    #[cfg(unix)]
    #[test]
    fn the_two_commands_work_when_they_are_pasted_in_order() {
        let job = main_job("http://127.0.0.1:3000", "pats-token", "sams-token");
        let curl = r#"curl() { printf 'called:%s|' "$@" >&2; printf '{"snapshot":{"_id":"665f1a0c0e0a4b001a2c9f80","n":1}}\n'; }"#;
        let commands = &job[job.find("# Pat").unwrap()..];
        let ran = std::process::Command::new("sh").arg("-c").arg(format!("{curl}\n{commands}")).output().unwrap();
        let called = String::from_utf8(ran.stderr).unwrap();
        assert!(ran.status.success(), "{called}");
        for argument in [
            "http://127.0.0.1:3000/api/user-snapshots",
            "Authorization: Bearer pats-token",
            &format!("\n{CREATE_BODY}\n"),
            "http://127.0.0.1:3000/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/apply",
            "Authorization: Bearer sams-token",
            &format!("\n{APPLY_BODY}\n"),
        ] {
            assert!(called.contains(&format!("called:{argument}|")), "{argument} in {called}");
        }
    }
}
