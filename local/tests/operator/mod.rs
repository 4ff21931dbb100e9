//! Runs operator's commands on the table of a test.

use std::process::{Command, Stdio};

use tests::TestApp;

/// What a command printed.
#[derive(Debug)]
pub(crate) struct CommandResult {
    pub(crate) succeeded: bool,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command on the app's table, through `endpoint`. Its standard input is empty.
pub(crate) async fn run_at(app: &TestApp, endpoint: &str, arguments: &[&str], password: Option<&str>) -> CommandResult {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.args(arguments).args(["--table", "snapshots", "--endpoint", endpoint]).stdin(Stdio::null());
    let line = app.database().credentials().export_line();
    let pairs = line.trim().strip_prefix("export ").unwrap().split(' ').map(|pair| pair.split_once('=').unwrap());
    command.envs(pairs).env_remove("LOG_LEVEL").env_remove("LOAD_PASSWORD");
    if let Some(password) = password {
        command.env("LOAD_PASSWORD", password);
    }
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    CommandResult { succeeded: output.status.success(), stdout: text(output.stdout), stderr: text(output.stderr) }
}
