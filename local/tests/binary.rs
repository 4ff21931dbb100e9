//! The binary itself: how it starts, how it ends, and what it says when it cannot.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "all of this is tests, the functions that they share included")]

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::process::{Child, Command, Output, Stdio};

fn local(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.args(arguments).env_remove("LOG_LEVEL").env_remove("LOAD_PASSWORD").stdin(Stdio::null());
    command
}

fn ended(arguments: &[&str]) -> (Output, String) {
    let output = local(arguments).output().unwrap();
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    (output, stderr)
}

/// Starts it and reads the first line of its output.
fn started(arguments: &[&str]) -> (Child, String) {
    let mut child = local(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    (child, line)
}

/// Asks it to end with a signal, and returns whether it ended well and what it had written to standard error.
fn told(mut child: Child, signal: &str) -> (bool, String) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
    // What is left of the output is read, so that the process never waits for somebody to do so.
    let mut rest = String::new();
    child.stdout.take().unwrap().read_to_string(&mut rest).unwrap();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    (child.wait().unwrap().success(), stderr)
}

#[test]
fn the_demo_ends_well() {
    let (output, stderr) = ended(&["demo"]);
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stderr, "");
    assert!(String::from_utf8(output.stdout).unwrap().ends_with("answers are as the contract says.\n"));
}

#[test]
fn the_table_alone_says_where_it_is_and_ends_when_it_is_told_to() {
    for signal in ["-TERM", "-INT"] {
        let (child, line) = started(&["dynamodb", "--listen", "127.0.0.1:0", "--table", "mine"]);
        assert!(line.starts_with("DynamoDB on http://127.0.0.1:") && line.ends_with(", table mine\n"), "{line}");
        assert_eq!(told(child, signal), (true, "Stopped.\n".to_owned()));
    }
}

#[test]
fn a_taken_port_is_named_with_the_option_that_changes_it() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = taken.local_addr().unwrap();
    for (arguments, option) in [
        (vec!["--port".to_owned(), address.port().to_string()], "--port"),
        (vec!["dynamodb".to_owned(), "--listen".to_owned(), address.to_string()], "--listen"),
    ] {
        let (output, stderr) = ended(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr.starts_with(&format!("error: {address} is taken by another program: ")), "{stderr}");
        assert!(stderr.contains(option), "{stderr}");
    }
}

#[test]
fn a_bad_workspace_is_refused_with_its_place_before_anything_starts() {
    let file = std::env::temp_dir().join(format!("local-binary-{}.json", std::process::id()));
    std::fs::write(&file, r#"{"organizations": [{"_id": "64"}]}"#).unwrap();
    let path = file.to_str().unwrap();
    for arguments in [&["--port", "0", "--workspace", path][..], &["load", "--table", "t", "--workspace", path]] {
        let (output, stderr) = ended(arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr.starts_with(&format!("error: {path}: /organizations/0/_id (line 1, column ")), "{stderr}");
    }
    std::fs::remove_file(file).unwrap();
}

#[test]
fn loading_needs_a_table_a_password_and_users_that_are_new() {
    let (child, line) = started(&["dynamodb", "--listen", "127.0.0.1:0"]);
    let endpoint = line.trim_start_matches("DynamoDB on ").split(',').next().unwrap();
    let workspace = std::env::temp_dir().join(format!("local-binary-load-{}.json", std::process::id()));
    let user = r#"{"_id": "64ee9a8b1e7f2a00112233b1", "email": "ann@third.example", "fullName": "Ann",
                   "accessRole": "ADMIN", "createdAt": "2026-01-01T00:00:00.000Z"}"#;
    let text =
        format!(r#"{{"organizations": [{{"_id": "64ee9a8b1e7f2a0011223349", "name": "Third", "users": [{user}]}}]}}"#);
    std::fs::write(&workspace, text).unwrap();
    let load = |table: &str, password: Option<&str>| {
        let mut command =
            local(&["load", "--workspace", workspace.to_str().unwrap(), "--endpoint", endpoint, "--table", table]);
        if let Some(password) = password {
            command.env("LOAD_PASSWORD", password);
        }
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let (loaded, stderr) = load("other", Some("Good-Pass-2026!"));
    assert!(!loaded && stderr.contains("has no table other"), "{stderr}");
    let (loaded, stderr) = load("snapshots", None);
    assert!(!loaded && stderr.contains("set LOAD_PASSWORD"), "{stderr}");
    let (loaded, stderr) = load("snapshots", Some("Good-Pass-2026!"));
    assert!(loaded, "{stderr}");
    let (loaded, stderr) = load("snapshots", Some("Good-Pass-2026!"));
    assert!(!loaded && stderr.contains("organization Third") && stderr.contains("ann@third.example"), "{stderr}");
    std::fs::remove_file(workspace).unwrap();
    assert!(told(child, "-TERM").0);
}

#[tokio::test]
async fn serving_writes_a_line_for_every_request_and_ends_when_it_is_told_to() {
    let (child, line) = started(&["--port", "0"]);
    let url = line.split_whitespace().find(|word| word.starts_with("http://")).unwrap().to_owned();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(format!("{url}/health?secret=1")).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let (well, stderr) = told(child, "-TERM");
    assert!(well && stderr.ends_with(" ms\nStopped.\n"), "{stderr}");
    assert!(stderr.starts_with("GET /health 200 "), "{stderr}");
}

#[test]
fn the_description_and_its_page_are_printed_as_they_are_committed() {
    for (arguments, file) in [(&["openapi"][..], "openapi.json"), (&["openapi", "--page"], "api.html")] {
        let (output, stderr) = ended(arguments);
        assert!(output.status.success(), "{stderr}");
        let committed = std::fs::read(format!("{}/../docs/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(output.stdout == committed, "docs/{file} is not what `local {}` prints", arguments.join(" "));
    }
}
