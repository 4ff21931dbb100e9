//! Workspace files like the demo's, and loads of them by the command.

use std::path::{Path, PathBuf};

use local::workspace::DEMO;
use serde_json::Value;
use tests::{Gate, Proxy, Side, TestApp};

use crate::operator::{CommandResult, run_at};

/// Acme, and the places of its users in the demo workspace.
pub(crate) const ACME_ENTRY: &str = "/organizations/0";
pub(crate) const ALEX_ENTRY: &str = "/organizations/0/users/0";

/// The demo workspace with other values at some places.
pub(crate) fn workspace(changes: &[(&str, Value)]) -> Value {
    let mut workspace: Value = serde_json::from_str(DEMO).unwrap();
    for (pointer, value) in changes {
        let (parent, name) = pointer.rsplit_once('/').unwrap();
        match workspace.pointer_mut(parent).unwrap() {
            Value::Array(elements) => match name.parse::<usize>() {
                Ok(place) => elements[place] = value.clone(),
                Err(_) => elements.push(value.clone()),
            },
            other => other[name] = value.clone(),
        }
    }
    workspace
}

/// The JSON pointer of a user in the demo workspace.
pub(crate) fn user_entry(email: &str) -> String {
    let demo = workspace(&[]);
    let organizations = demo["organizations"].as_array().unwrap().iter().enumerate();
    let mut users = organizations.flat_map(|(at, organization)| {
        let users = organization["users"].as_array().unwrap().iter().enumerate();
        users.map(move |(user, entry)| (format!("/organizations/{at}/users/{user}"), entry["email"].clone()))
    });
    users.find(|(_, address)| *address == email).unwrap().0
}

/// Returns a directory of the test's own, which is new.
fn fresh_directory(name: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("local-updates-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

async fn load_at(
    app: &TestApp,
    endpoint: &str,
    workspace: &Value,
    options: &[&str],
    directory: &Path,
    password: Option<&str>,
) -> CommandResult {
    let file = directory.join("workspace.json");
    std::fs::write(&file, workspace.to_string()).unwrap();
    let arguments = [&["load", "--workspace", file.to_str().unwrap()], options].concat();
    run_at(app, endpoint, &arguments, password).await
}

pub(crate) async fn load(app: &TestApp, workspace: &Value, options: &[&str]) -> CommandResult {
    load_with(app, workspace, options, None).await
}

pub(crate) async fn load_with(
    app: &TestApp,
    workspace: &Value,
    options: &[&str],
    password: Option<&str>,
) -> CommandResult {
    let endpoint = app.database().endpoint();
    let directory = fresh_directory(&format!("{}-{}", endpoint.rsplit(':').next().unwrap(), options.concat()));
    let result = load_at(app, endpoint, workspace, options, &directory, password).await;
    std::fs::remove_dir_all(directory).unwrap();
    result
}

/// Updates the table from `file`, lets `other` change it once the update has read everything and is about to write, and returns the result.
pub(crate) async fn update_beside(app: &TestApp, file: &Value, other: impl AsyncFnOnce()) -> CommandResult {
    let proxy = Proxy::start(app.database().endpoint()).await;
    let (gate, endpoint) = (Gate::closed(), proxy.endpoint());
    let directory = fresh_directory(&format!("race-{}", app.database().endpoint().rsplit(':').next().unwrap()));
    let held = Side::Before.hold(&proxy, 1, &gate);
    let interfering = async {
        gate.arrived(1).await;
        other().await;
        gate.open();
    };
    let (result, ()) = tokio::join!(load_at(app, &endpoint, file, &["--update"], &directory, None), interfering);
    assert_eq!(held.count(), 1);
    std::fs::remove_dir_all(directory).unwrap();
    result
}
