//! `check`, `repair`, `export`, `import` and `erase` on a table in a file, as an operator runs them.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "all of this is tests, the functions that they share included")]

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use aws_sdk_dynamodb::types::AttributeValue;
use local::database::{Database, Storage};
use local::loader::{self, PasswordHashes};
use local::workspace::Workspace;
use serde_json::Value;

fn directory(name: &str) -> PathBuf {
    let directory = std::env::temp_dir().join(format!("local-checks-{}-{name}", std::process::id()));
    let _ = std::fs::remove_dir_all(&directory);
    std::fs::create_dir_all(&directory).unwrap();
    directory
}

/// Makes a file with the demo workspace, without one of its items.
async fn file_without(directory: &Path, missing: Option<(&str, &str)>) -> PathBuf {
    let file = directory.join("crm.db");
    let database = Database::start_here(&Storage::File(file.clone()), "snapshots").await.unwrap();
    let workspace = Workspace::demo().unwrap();
    loader::load(database.table(), &workspace, &PasswordHashes::same(&workspace, "a hash")).await.unwrap();
    if let Some((pk, sk)) = missing {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let delete = database.client().delete_item().table_name("snapshots");
        delete.key("PK", text(pk)).key("SK", text(sk)).send().await.unwrap();
    }
    database.stop().await.unwrap();
    file
}

fn local(command: &str, file: &Path, options: &[&str]) -> (Output, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_local"))
        .args([command, "--db", file.to_str().unwrap()])
        .args(options)
        .env_remove("LOG_LEVEL")
        .output()
        .unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    (output, stdout, stderr)
}

#[tokio::test]
async fn a_healthy_table_is_clean_and_a_missing_claim_is_reported_planned_and_mended() {
    let directory = directory("claim");
    let file = file_without(&directory, None).await;
    let (output, stdout, stderr) = local("check", &file, &[]);
    assert!(output.status.success() && stderr.is_empty(), "{stdout}{stderr}");
    assert!(stdout.contains(": 2 organizations, 5 users, 0 snapshots. Clean.\n"), "{stdout}");
    std::fs::remove_dir_all(&directory).unwrap();
    std::fs::create_dir_all(&directory).unwrap();

    let file = file_without(&directory, Some(("EMAIL#alex@acme.example", "#META"))).await;
    let (output, stdout, stderr) = local("check", &file, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout.starts_with("mend      user-claim  ORG#64ee9a8b1e7f2a0011223344#USER#"), "{stdout}");
    assert!(stdout.contains(" 1 defect: 1 to mend, 0 to drop, 0 for a person."), "{stdout}");
    assert_eq!(stderr, "error: 1 defect; `repair` says what it can do\n");

    let (output, stdout, _) = local("check", &file, &["--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(report["defects"][0]["relation"], "user-claim");
    assert_eq!(report["defects"][0]["kind"], "mend");

    for _ in 0..2 {
        let (output, stdout, _) = local("repair", &file, &[]);
        assert_eq!(output.status.code(), Some(1), "a plan writes nothing, so it may be repeated");
        assert!(stdout.contains("Nothing is written. With --write, 1 of 1 would be repaired."), "{stdout}");
    }
    let (output, stdout, stderr) = local("repair", &file, &["--write"]);
    assert!(output.status.success(), "{stderr}");
    assert!(stdout.starts_with("repaired  user-claim  ") && stdout.ends_with("Repaired: 1. Left: 0.\n"), "{stdout}");
    assert!(local("check", &file, &[]).0.status.success());
    let (output, stdout, _) = local("repair", &file, &["--write"]);
    assert!(output.status.success() && stdout == "Repaired: 0. Left: 0.\n", "{stdout}");
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn what_a_person_decides_and_what_would_be_lost_is_left_and_said() {
    let directory = directory("profile");
    let pk = "ORG#64ee9a8b1e7f2a0011223344#USER#64ee9a8b1e7f2a0011223399";
    let file = file_without(&directory, Some((pk, "#META"))).await;
    let (output, stdout, stderr) = local("repair", &file, &["--write"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout.contains("person    item-user  ") && stdout.contains("drop      claim-user  EMAIL#"), "{stdout}");
    assert!(stderr.contains("2 defects are left; --drop-incomplete gives up what is marked `drop`"), "{stderr}");
    let (_, stdout, stderr) = local("repair", &file, &["--write", "--drop-incomplete"]);
    assert!(stdout.contains("repaired  claim-user") && stderr.contains("1 defect is left\n"), "{stdout}{stderr}");
    let (_, _, stderr) = local("check", Path::new("no-such.db"), &[]);
    assert_eq!(stderr, "error: there is no no-such.db\n");
    std::fs::remove_dir_all(directory).unwrap();
}

#[tokio::test]
async fn an_organization_goes_through_a_file_of_its_owner_alone_and_a_person_is_erased() {
    let directory = directory("transfer");
    let (file, export) = (file_without(&directory, None).await, directory.join("acme.ndjson"));
    let export = export.to_str().unwrap();
    let id = "64ee9a8b1e7f2a0011223344";
    let organization = ["--organization", id];
    let (output, _, stderr) = local("export", &file, &[organization[0], organization[1], export]);
    assert!(output.status.success() && stderr.contains("as secret as the table"), "{stderr}");
    assert_eq!(std::fs::metadata(export).unwrap().permissions().mode() & 0o777, 0o600);
    let (output, _, stderr) = local("export", &file, &[organization[0], organization[1], export]);
    assert!(!output.status.success() && stderr.contains("exists"), "no file is replaced: {stderr}");
    let (output, stdout, _) = local("export", &file, &[organization[0], organization[1], "-"]);
    assert!(output.status.success());
    assert_eq!(stdout, std::fs::read_to_string(export).unwrap());

    let other = directory.join("empty.db");
    let empty = Database::start_here(&Storage::File(other.clone()), "snapshots").await.unwrap();
    empty.stop().await.unwrap();
    let items = stdout.lines().count() - 2;
    let (_, planned, _) = local("import", &other, &[export]);
    let kept = "0 were there already.\n";
    assert_eq!(
        planned,
        format!("organization {id}: {items} items would be written; nothing is without --write. {kept}")
    );
    let (_, written, _) = local("import", &other, &[export, "--write"]);
    assert_eq!(written, format!("organization {id}: {items} items written. {kept}"));
    assert!(local("check", &other, &[]).0.status.success());

    let erase = ["--email", "Alex@acme.example"];
    let (_, planned, _) = local("erase", &other, &erase);
    assert!(
        planned.starts_with("would erase  ORG#") && planned.contains("With --write, it would erase: 1."),
        "{planned}"
    );
    let (output, erased, stderr) = local("erase", &other, &[erase[0], erase[1], "--write", "--json"]);
    assert!(output.status.success(), "{stderr}");
    let report: Value = serde_json::from_str(&erased).unwrap();
    assert_eq!((report["erased"].as_array().unwrap().len(), &report["isBusy"]), (1, &Value::Bool(false)));
    let (output, _, stderr) = local("import", &other, &[export, "--write"]);
    assert!(
        !output.status.success() && stderr.contains("ORG#64ee9a8b1e7f2a0011223344#USER#"),
        "a removed user stays removed: {stderr}"
    );
    std::fs::remove_dir_all(directory).unwrap();
}
