//! Loads whose process is killed, at each of their writes or while a table in a file is filled.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "all of this is tests, the functions that they share included")]

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};
use tests::{Census, Gate, Proxy, Side, TestApp, Write};

const ORGANIZATION: &str = "64ee9a8b1e7f2a0011223349";
const USER: &str = "64ee9a8b1e7f2a00112233b1";
/// So many items take two transactions.
const ITEMS: usize = 120;

/// A workspace in a file: an organization with `ITEMS` pipelines and one user with as many prompts.
fn workspace(directory: &Path, users: usize, items: usize) -> PathBuf {
    let numbered = |number: usize| format!("{number:024x}");
    let user = |number: usize| {
        let prompts: Vec<_> = (0..items).map(|id| json!({"_id": numbered(id), "name": "P", "n": id})).collect();
        json!({
            "_id": format!("{}{number:x}", &USER[..23]), "email": format!("ann{number}@third.example"), "fullName": "Ann",
            "accessRole": "ADMIN", "createdAt": "2026-01-01T00:00:00.000Z", "prompts": prompts,
        })
    };
    let pipelines: Vec<_> =
        (0..ITEMS).map(|id| json!({"_id": numbered(id), "name": "P", "type": "Contact", "stages": []})).collect();
    let users: Vec<_> = (1..=users).map(user).collect();
    let organization = json!({"_id": ORGANIZATION, "name": "Third", "pipelines": pipelines, "users": users});
    let file = directory.join("workspace.json");
    std::fs::write(&file, json!({"organizations": [organization]}).to_string()).unwrap();
    file
}

/// A directory of the test's own, which is new.
fn fresh_directory(name: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("local-loads-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

fn local(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn load(app: &TestApp, endpoint: &str, workspace: &Path) -> Command {
    let file = workspace.to_str().unwrap();
    let mut command =
        local(&["load", "--missing", "--table", "snapshots", "--workspace", file, "--endpoint", endpoint]);
    let line = app.database().credentials().export_line();
    let variables = line.trim().strip_prefix("export ").unwrap().split(' ').map(|pair| pair.split_once('=').unwrap());
    command.env("LOAD_PASSWORD", "Good-Pass-2026!").envs(variables).stdout(Stdio::null()).stderr(Stdio::piped());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_goes_where_the_environment_says() {
    let directory = fresh_directory("environment");
    let workspace = workspace(&directory, 1, 1);
    let app = TestApp::start().await;
    for variable in ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_DYNAMODB"] {
        let mut command =
            local(&["load", "--missing", "--table", "snapshots", "--workspace", workspace.to_str().unwrap()]);
        let line = app.database().credentials().export_line();
        let pairs = line.trim().strip_prefix("export ").unwrap().split(' ').map(|pair| pair.split_once('=').unwrap());
        command.envs(pairs).env(variable, app.database().endpoint()).env("AWS_REGION", "eu-central-1");
        let done = command.env("LOAD_PASSWORD", "Good-Pass-2026!").output().unwrap();
        assert!(done.status.success(), "{variable}: {}", String::from_utf8_lossy(&done.stderr));
    }
    assert_eq!(count(&loaded(&app).await, "PIPELINE#"), ITEMS);
    std::fs::remove_dir_all(directory).unwrap();
}

/// Returns the keys of the items that the workspace made. Their values differ: each password hash has a new salt.
async fn loaded(app: &TestApp) -> Vec<(String, String)> {
    let census = Census::of(app).await.partitions(|pk| pk.contains(ORGANIZATION) || pk.contains("third.example"));
    let text = |value: &aws_sdk_dynamodb::types::AttributeValue| value.as_s().unwrap().clone();
    let mut keys: Vec<_> = census.items().map(|item| (text(&item["PK"]), text(&item["SK"]))).collect();
    keys.sort();
    keys
}

fn count(keys: &[(String, String)], prefix: &str) -> usize {
    keys.iter().filter(|(_, sk)| sk.starts_with(prefix)).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_load_that_is_killed_at_any_write_is_completed_by_the_next_one() {
    let directory = fresh_directory("kills");
    let workspace = workspace(&directory, 1, ITEMS);
    // Two transactions for the organization, two for the user.
    for n in 1..=4 {
        for write in Write::ALL {
            let app = TestApp::start().await;
            let proxy = Proxy::start(app.database().endpoint()).await;
            let (gate, side) = (Gate::closed(), if write == Write::Done { Side::After } else { Side::Before });
            let held = side.hold(&proxy, n, &gate);
            let mut child = load(&app, &proxy.endpoint(), &workspace).spawn().unwrap();
            gate.arrived(1).await;
            child.kill().unwrap();
            child.wait().unwrap();
            if write == Write::Late {
                gate.open();
                gate.landed(1).await;
            } else {
                gate.lose();
            }
            assert_eq!(held.count(), 1);

            let keys = loaded(&app).await;
            let has_organization = keys.contains(&(format!("ORG#{ORGANIZATION}"), "#META".to_owned()));
            let has_user = keys.contains(&(format!("ORG#{ORGANIZATION}#USER#{USER}"), "#META".to_owned()));
            assert!(!has_organization || count(&keys, "PIPELINE#") == ITEMS, "{n} {write:?}");
            assert!(!has_user || count(&keys, "PROMPT#") == ITEMS, "{n} {write:?}");

            let again = load(&app, app.database().endpoint(), &workspace).output().unwrap();
            assert!(again.status.success(), "{n} {write:?}: {}", String::from_utf8_lossy(&again.stderr));
            let keys = loaded(&app).await;
            assert_eq!((count(&keys, "PIPELINE#"), count(&keys, "PROMPT#")), (ITEMS, ITEMS), "{n} {write:?}");
            // Both profiles, the switches and the claim.
            assert_eq!(keys.len(), 2 * ITEMS + 4, "{n} {write:?}: {keys:?}");
        }
    }
    std::fs::remove_dir_all(directory).unwrap();
}

/// The status of `/health`, where something listens.
async fn health(port: u16) -> Option<u16> {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let answer = http.get(format!("http://127.0.0.1:{port}/health")).send().await.ok()?;
    Some(answer.status().as_u16())
}

fn serve(port: u16, db: &Path, workspace: &Path) -> Child {
    let port = port.to_string();
    let arguments = ["--port", &port, "--db", db.to_str().unwrap(), "--workspace", workspace.to_str().unwrap()];
    local(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// Waits for the first line of the output, ends the process, and returns all that it wrote.
fn welcome(mut child: Child) -> String {
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    output.read_line(&mut text).unwrap();
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    output.read_to_string(&mut text).unwrap();
    child.wait().unwrap();
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn a_start_that_is_killed_while_it_loads_is_completed_by_the_next_one() {
    let directory = fresh_directory("starts");
    let (db, workspace) = (directory.join("crm.db"), workspace(&directory, 8, 500));
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let mut child = serve(port, &db, &workspace);
    let first = loop {
        if let Some(status) = health(port).await {
            break status;
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    assert_eq!(first, 503, "it is not ready before it has loaded");
    child.kill().unwrap();
    child.wait().unwrap();

    let completed = welcome(serve(port, &db, &workspace));
    assert!(!completed.contains("in use before") && !completed.contains("Not loaded"), "{completed}");
    let again = welcome(serve(port, &db, &workspace));
    assert!(again.contains("This table was in use before.") && !again.contains("Not loaded"), "{again}");
    assert!(!again.contains("Casey"), "{again}");
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_start_says_which_user_it_could_not_load() {
    let directory = fresh_directory("taken");
    let (db, file) = (directory.join("crm.db"), workspace(&directory, 2, 1));
    let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
    let fresh = welcome(serve(port, &db, &file));
    assert!(!fresh.contains("in use before") && !fresh.contains("Not loaded"), "{fresh}");
    let mut whole: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    whole["organizations"][0]["users"][1]["_id"] = json!("64ee9a8b1e7f2a00112233ff");
    std::fs::write(&file, whole.to_string()).unwrap();
    let said = welcome(serve(port, &db, &file));
    let expected = "user ann2@third.example (64ee9a8b1e7f2a00112233ff): another user has the e-mail address";
    assert!(said.contains(&format!("Not loaded:\n  {expected}\n")), "{said}");
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_cannot_be_stored_is_refused_with_its_place_before_anything_is_written() {
    let directory = fresh_directory("unstorable");
    let file = workspace(&directory, 2, 3);
    let app = TestApp::start().await;
    let before = app.items().await.len();
    let good: Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    let deep = (0..32).fold(json!(1), |inner, _| json!({"a": inner}));
    for (field, value, said) in [
        ("", json!(1), "an empty name"),
        ("deep", deep, "32 levels"),
        ("long", json!("x".repeat(409_600)), "at most 409600"),
        ("n", json!(1e126), "1E-130 to below 1E+126"),
    ] {
        // The last item of the last user: everything before it could be written.
        let mut whole = good.clone();
        whole["organizations"][0]["users"][1]["prompts"][2][field] = value;
        std::fs::write(&file, whole.to_string()).unwrap();
        let refused = load(&app, app.database().endpoint(), &file).output().unwrap();
        let stderr = String::from_utf8(refused.stderr).unwrap();
        assert!(!refused.status.success() && stderr.contains(said), "{stderr}");
        assert!(stderr.contains("/organizations/0/users/1/prompts/2"), "{stderr}");
        assert_eq!(app.items().await.len(), before);
    }
    std::fs::remove_dir_all(directory).unwrap();
}
