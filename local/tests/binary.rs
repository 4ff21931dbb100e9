//! The binary itself: how it starts, how it ends, and what it says when it cannot.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "all of this is tests, the functions that they share included")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use shared::clock::{Clock, SystemClock};

fn local(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.args(arguments).stdin(Stdio::null());
    for variable in ["LOG_LEVEL", "LOAD_PASSWORD", "LOCAL_ACCESS_KEY_ID", "LOCAL_SECRET_ACCESS_KEY"] {
        command.env_remove(variable);
    }
    command
}

fn ended(arguments: &[&str]) -> (Output, String) {
    let output = local(arguments).output().unwrap();
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    (output, stderr)
}

/// Starts it and reads the first line of its output.
fn started(arguments: &[&str]) -> (Child, String) {
    let (child, [line]) = started_with(local(arguments));
    (child, line)
}

/// Starts it and reads the first lines of its output.
fn started_with<const LINES: usize>(mut command: Command) -> (Child, [String; LINES]) {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut output = BufReader::new(child.stdout.as_mut().unwrap());
    let lines = std::array::from_fn(|_| {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        line
    });
    (child, lines)
}

/// The address in a line of the output.
fn address(line: &str) -> String {
    let url = line.split([' ', ',']).find_map(|word| word.strip_prefix("http://"));
    url.unwrap().trim_end().to_owned()
}

/// The variables that a line for a shell sets.
fn exported(line: &str) -> Vec<(String, String)> {
    let variables = line.trim().strip_prefix("export ").unwrap().split(' ');
    variables
        .map(|variable| variable.split_once('=').unwrap())
        .map(|(name, value)| (name.into(), value.into()))
        .collect()
}

/// A directory of the test's own, which is new.
fn fresh_directory(name: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("local-binary-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    directory
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

/// What the demo prints into a pipe.
fn demo(arguments: &[&str]) -> String {
    let (output, stderr) = ended(&[&["demo"], arguments].concat());
    assert!(output.status.success(), "{stderr}");
    assert_eq!(stderr, "");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_demo_fits_a_page_and_the_readme_shows_it() {
    let shown = demo(&[]);
    assert!(shown.contains("\nAll 13 answers are as the contract says.\n"), "{shown}");
    assert!(!shown.contains('\u{1b}'), "{shown}");
    let widest = shown.lines().map(|line| line.chars().count()).max();
    assert!(widest <= Some(100) && shown.lines().count() <= 45, "{widest:?} {}\n{shown}", shown.lines().count());
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let (_, after) = readme.split_once("```text\nThe main job").unwrap();
    let block = format!("The main job{}", after.split_once("```").unwrap().0);
    // The port, the time and the units are others in each run.
    let volatile = regex::Regex::new(r"127\.0\.0\.1:\d{4,5},|\d+\.\d s|[\d.]+ (read|write) units").unwrap();
    let masked = |text: &str| volatile.replace_all(text, "#").into_owned();
    assert_eq!(masked(&block), masked(&shown), "README.md shows another output than the demo has:\n{shown}");
}

#[test]
fn the_verbose_demo_shows_every_exchange() {
    let shown = demo(&["--verbose"]);
    assert!(!shown.contains('\u{1b}'), "{shown}");
    let statuses: Vec<&str> = shown.lines().filter_map(|line| line.strip_prefix("   answers ")).collect();
    assert_eq!(statuses, ["200", "201", "200", "201", "200", "200", "200", "201", "200", "200", "201", "200", "401"]);
    let requests = shown.lines().filter(|line| line.starts_with("   POST /api/") || line.starts_with("   GET /api/"));
    assert_eq!(requests.count(), 13);
    for body in [local::demo::CREATE_BODY, local::demo::APPLY_BODY] {
        let line = body.lines().nth(1).unwrap();
        assert!(shown.contains(line), "{line}");
    }
}

/// What the demo prints on a terminal.
fn demo_on_a_terminal(variables: &[(&str, &str)]) -> String {
    let mut command = Command::new("script");
    command.args(["-qec", concat!(env!("CARGO_BIN_EXE_local"), " demo"), "/dev/null"]).stdin(Stdio::null());
    command.env_remove("NO_COLOR").env("TERM", "xterm-256color").envs(variables.iter().copied());
    let output = command.output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_demo_has_colours_on_a_terminal_unless_they_are_unwanted() {
    assert!(demo_on_a_terminal(&[]).contains("\u{1b}[32m201"));
    assert!(!demo_on_a_terminal(&[("NO_COLOR", "1")]).contains('\u{1b}'));
}

#[test]
fn the_table_alone_says_where_it_is_and_ends_when_it_is_asked_to() {
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
    std::fs::write(&file, "{\"organizations\": [\n  {\"_id\": \"64\"}\n]}").unwrap();
    let path = file.to_str().unwrap();
    let expected = [
        "  /organizations/0 (line 2, column 3): `name` is missing",
        "  /organizations/0/_id (line 2, column 11): an id is 24 hex digits, such as 64ee9a8b1e7f2a0011223344",
    ];
    for arguments in [
        &["--port", "0", "--workspace", path][..],
        &["load", "--table", "t", "--workspace", path],
        &["workspace", "check", path],
    ] {
        let (output, stderr) = ended(arguments);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(stderr, format!("error: {path}: 2 errors\n{}\n{}\n", expected[0], expected[1]));
    }
    std::fs::write(&file, local::workspace::DEMO).unwrap();
    let (output, stderr) = ended(&["workspace", "check", path]);
    assert!(output.status.success(), "{stderr}");
    let counts = "organizations 2, pipelines 2, agents 2, users 5, automations 5, prompts 8, templates 12";
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{path} is good: {counts}.\n"));
    std::fs::remove_file(file).unwrap();
}

#[test]
fn loading_needs_a_table_a_password_and_users_that_are_new() {
    let (child, [line, export]) = started_with(local(&["dynamodb", "--listen", "127.0.0.1:0"]));
    let endpoint = &format!("http://{}", address(&line));
    let workspace = std::env::temp_dir().join(format!("local-binary-load-{}.json", std::process::id()));
    let user = r#"{"_id": "64ee9a8b1e7f2a00112233b1", "email": "ann@third.example", "fullName": "Ann",
                   "accessRole": "ADMIN", "createdAt": "2026-01-01T00:00:00.000Z"}"#;
    let text =
        format!(r#"{{"organizations": [{{"_id": "64ee9a8b1e7f2a0011223349", "name": "Third", "users": [{user}]}}]}}"#);
    std::fs::write(&workspace, text).unwrap();
    let load = |table: &str, password: Option<&str>| {
        let mut command =
            local(&["load", "--workspace", workspace.to_str().unwrap(), "--endpoint", endpoint, "--table", table]);
        if table != "unsigned" {
            command.envs(exported(&export));
        }
        if let Some(password) = password {
            command.env("LOAD_PASSWORD", password);
        }
        let output = command.output().unwrap();
        (output.status.success(), String::from_utf8(output.stderr).unwrap())
    };
    let (loaded, stderr) = load("unsigned", Some("Good-Pass-2026!"));
    assert!(!loaded && stderr.contains("The access key is not the one that this service printed"), "{stderr}");
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
async fn serving_writes_a_line_for_every_request_and_ends_when_it_is_asked_to() {
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
fn the_description_is_printed_in_every_form_as_it_is_committed() {
    for (arguments, file) in [
        (&["openapi"][..], "openapi.json"),
        (&["openapi", "--version-3-0"], "openapi-3.0.json"),
        (&["openapi", "--page"], "api.html"),
        (&["openapi", "--postman"], "postman.json"),
        (&["workspace", "schema"], "workspace.schema.json"),
    ] {
        let (output, stderr) = ended(arguments);
        assert!(output.status.success(), "{stderr}");
        let committed = std::fs::read(format!("{}/../docs/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        assert!(output.stdout == committed, "docs/{file} is not what `local {}` prints", arguments.join(" "));
    }
}

/// Sends this and keeps the connection open.
fn sent(address: &str, text: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    stream
}

/// What clients may be doing when it is time to end.
fn busy_clients(address: &str) -> Vec<TcpStream> {
    let login = r#"{"email": "pat@acme.example", "password": "Demo-Pass-2026!"}"#;
    let head = format!("POST /api/auth/login HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n");
    let length = login.len();
    let mut clients = vec![
        sent(address, ""),
        sent(address, "POST / HTTP/1.1\r\nHost: loc"),
        sent(address, &format!("{head}Content-Length: 1000\r\n\r\n{{")),
        sent(address, &format!("{head}Transfer-Encoding: chunked\r\n\r\n5\r\n{{\"em")),
        // It asks for megabytes and reads nothing.
        sent(address, &format!("GET /openapi.json HTTP/1.1\r\nHost: {address}\r\n\r\n").repeat(100)),
    ];
    // Each of these takes a hash, one after the other.
    clients.extend((0..40).map(|_| sent(address, &format!("{head}Content-Length: {length}\r\n\r\n{login}"))));
    let mut kept = sent(address, &format!("GET /health HTTP/1.1\r\nHost: {address}\r\n\r\n"));
    kept.read_exact(&mut [0; 12]).unwrap();
    clients.push(kept);
    clients
}

#[test]
fn it_ends_within_five_seconds_whatever_clients_do() {
    for (arguments, signal) in [
        (&["--port", "0"][..], "-INT"),
        (&["--port", "0"], "-TERM"),
        (&["dynamodb", "--listen", "127.0.0.1:0"], "-INT"),
    ] {
        let (child, [first, second]) = started_with(local(arguments));
        let mut clients = busy_clients(&address(&first));
        if second.contains("http://") {
            clients.extend(busy_clients(&address(&second)));
        }
        let asked = SystemClock.now();
        let (well, stderr) = told(child, signal);
        let took = SystemClock.now().since(asked);
        assert!(well && stderr.contains("Stopped"), "{stderr}");
        assert!(took < Duration::from_secs(5), "{arguments:?}: {took:?}");
        println!("{arguments:?} {signal}: {took:?} beside {} clients", clients.len());
    }
}

fn mode(file: &Path) -> u32 {
    std::fs::metadata(file).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_a_database_is_kept_in_is_its_owners_alone() {
    let directory = fresh_directory("mode");
    let db = directory.join("crm.db");
    // Whatever the person's mask is, and again after a restart.
    let serve = || {
        let mut command = Command::new("sh");
        command.arg("-c").arg(r#"umask 000; exec "$0" --port 0 --db "$1""#);
        command.arg(env!("CARGO_BIN_EXE_local")).arg(&db).stdin(Stdio::null());
        command
    };
    for _ in 0..2 {
        let (child, [line]) = started_with(serve());
        assert!(line.starts_with("The API"), "{line}");
        let files: Vec<_> = std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()).collect();
        let names: Vec<_> = files.iter().map(|file| file.file_name().unwrap().to_str().unwrap()).collect();
        for expected in ["crm.db", "crm.db-wal", "crm.db-shm", "crm.db.keys.json"] {
            assert!(names.contains(&expected), "{names:?}");
        }
        for file in &files {
            assert_eq!(mode(file), 0o600, "{}", file.display());
        }
        assert!(told(child, "-INT").0);
        // As an older version left them.
        for file in std::fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap().path()) {
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(0o644)).unwrap();
        }
    }
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn a_file_of_another_program_is_refused_and_nothing_is_put_beside_it() {
    let directory = fresh_directory("foreign");
    let (text, mine) = (directory.join("notes.txt"), directory.join("mine.db"));
    std::fs::write(&text, "Dear diary").unwrap();
    let mine_path = mine.to_str().unwrap();
    let (child, _) = started(&["dynamodb", "--listen", "127.0.0.1:0", "--table", "mine", "--db", mine_path]);
    assert!(told(child, "-INT").0);
    let before = std::fs::read_dir(&directory).unwrap().count();
    let ids = ["--organization", "64ee9a8b1e7f2a0011223344", "--user", "64ee9a8b1e7f2a0011223399"];
    let edit = [&["edit", "--item", "prompt:64eea1110000000000000201", "--set", "a=1"][..], &ids].concat();
    for (file, said) in [
        (text.as_path(), "not a table of this service"),
        (directory.as_path(), "it is a directory"),
        (mine.as_path(), "it has no table snapshots, but mine"),
    ] {
        let path = file.to_str().unwrap();
        for arguments in [vec!["--port", "0"], vec!["dynamodb", "--listen", "127.0.0.1:0"], edit.clone()] {
            let (output, stderr) = ended(&[&arguments[..], &["--db", path]].concat());
            assert_eq!(output.status.code(), Some(1), "{arguments:?} {path}");
            assert!(stderr.starts_with(&format!("error: the database {path}: ")) && stderr.contains(said), "{stderr}");
        }
    }
    assert_eq!(std::fs::read_to_string(&text).unwrap(), "Dear diary");
    let keys = directory.join("mine.db.keys.json");
    let after = std::fs::read_dir(&directory).unwrap().count() - usize::from(keys.exists());
    assert_eq!(after, before);
    std::fs::remove_dir_all(directory).unwrap();
}

#[test]
fn credentials_of_a_persons_own_choice_are_taken_and_half_of_them_are_refused() {
    let mut command = local(&["dynamodb", "--listen", "127.0.0.1:0"]);
    command.env("LOCAL_ACCESS_KEY_ID", "mine").env("LOCAL_SECRET_ACCESS_KEY", "secret");
    let (child, [_, export]) = started_with(command);
    assert!(export.starts_with("export AWS_ACCESS_KEY_ID=mine AWS_SECRET_ACCESS_KEY=secret "), "{export}");
    assert!(told(child, "-INT").0);
    let output = local(&["--port", "0"]).env("LOCAL_ACCESS_KEY_ID", "mine").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("LOCAL_SECRET_ACCESS_KEY: set both or neither"));
}
