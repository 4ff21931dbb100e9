//! What comes later in the demo: the source user works on, the snapshot follows, and an apply is taken back.

use std::io::Write;

use http::Method;
use serde_json::{Value, json};
use shared::clock::{Clock, SystemClock};
use shared::domain::{ItemKind, SetupItem};
use shared::store::{OpenItem, SetupChange, SetupEdit, SetupWriteOutcome, SetupWriter, Table};

use super::exchange::Request;
use super::expectation::{ANY_ID, ANY_TIME};
use super::script::{Play, Scene, applied, apply, text};
use super::{APPLY_BODY, DemoError};
use crate::workspace::Workspace;

/// The prompt that Alex changes, and what it says from then on.
const PROMPT: &str = "Default warm-up prompt";
const ADDED: &str = "\n<closing>Offer two times for a call this week.</closing>";
/// The address of the user who is made and taken back.
const JORDAN: &str = "jordan@globex.example";

/// Edits Alex's prompt as the CRM would, past the API: setups are edited by the CRM.
pub(super) async fn edit(
    table: &Table,
    workspace: &Workspace,
    output: &mut (dyn Write + Send),
) -> Result<(), DemoError> {
    let alex = workspace.member("alex@acme.example").map(|(_, member)| member);
    let alex = alex.ok_or(DemoError::Missing("user Alex in its workspace"))?;
    let prompt = alex.setup.prompts.iter().find(|prompt| prompt.document.name() == PROMPT);
    let prompt = prompt.ok_or(DemoError::Missing("prompt in its workspace"))?;
    let (writer, user) = (SetupWriter::new(table), &alex.user);
    let open = writer.read(&user.organization, &user.id, ItemKind::Prompt, &prompt.id).await?;
    let OpenItem { mut document, seen } = open.ok_or(DemoError::Missing("prompt in its table"))?;
    let before = document.text("prompt").unwrap_or_default().to_owned();
    if let Some(fields) = document.fields_mut() {
        fields.insert("prompt".to_owned(), Value::String(before + ADDED));
    }
    let edit = SetupEdit { change: SetupChange::Put(ItemKind::Prompt, SetupItem { id: prompt.id, document }), seen };
    match writer.write(&user.organization, &user.id, &[edit], SystemClock.now()).await? {
        SetupWriteOutcome::Version(_) => {}
        SetupWriteOutcome::NoSuchUser | SetupWriteOutcome::Outdated(_) | SetupWriteOutcome::Busy => {
            return Err(DemoError::Missing("setup of Alex that can be changed"));
        }
    }
    writeln!(output, "Meanwhile Alex works on: the prompt \"{PROMPT}\" has one more line, \"{}\".\n", ADDED.trim())?;
    Ok(())
}

impl Play<'_> {
    /// The snapshot is captured again, and says what has changed.
    pub(super) async fn refresh(&mut self, pat: &str, snapshot: &str) -> Result<(), DemoError> {
        let expected = json!({
            "message": "Snapshot refreshed",
            "snapshot": {"revision": 2, "revisedAt": ANY_TIME, "lastRefreshedAt": ANY_TIME, "refreshStatus": "fresh"},
        });
        let request = self.of_snapshot(Method::POST, snapshot, "/refresh", ("Pat", pat));
        let title = "Pat has the snapshot captured again";
        self.scene(Scene { title, request, status: 200, answer: expected }).await?;

        let counts = |prompts| json!({"automations": 0, "prompts": prompts, "templates": 0});
        let expected = json!({
            "from": {"revision": 1},
            "to": {"revision": 2},
            "summary": {"added": counts(0), "removed": counts(0), "changed": counts(1)},
        });
        let request = self.of_snapshot(Method::GET, snapshot, "/diff", ("Pat", pat));
        let title = "and looks at what has changed";
        let answer = self.scene(Scene { title, request, status: 200, answer: expected }).await?;
        if !answer.text.contains(&format!("\"+{}\"", ADDED.trim())) {
            self.differ("the line that Alex added is not shown as added");
        }
        Ok(())
    }

    /// The new revision is applied, and the apply is taken back.
    pub(super) async fn apply_and_undo(&mut self, sam: &str, snapshot: &str) -> Result<(), DemoError> {
        let sent = APPLY_BODY.replace("casey@acme.example", JORDAN).replace("Casey New", "Jordan New");
        let mut expected = applied(JORDAN, [5, 8, 12], 0, [0, 0]);
        expected["result"]["snapshotRevision"] = json!(2);
        let title = "Sam gives the new revision to Jordan";
        let request = apply(snapshot, ("Sam", sam), sent.clone());
        let answer = self.scene(Scene { title, request, status: 201, answer: expected }).await?;
        let apply = text(&answer.body, "/result/applyId", "result.applyId")?;

        let expected = json!({
            "message": "Apply undone",
            "apply": {"_id": apply, "userId": ANY_ID, "userEmail": JORDAN, "snapshotRevision": 2, "undoneAt": ANY_TIME},
        });
        let title = "Jordan is not coming after all, so Sam takes it back: the user and all clones go";
        let request = self.of_snapshot(Method::POST, snapshot, &format!("/applies/{apply}/undo"), ("Sam", sam));
        self.scene(Scene { title, request, status: 200, answer: expected }).await?;

        let password = serde_json::from_str::<Value>(&sent).unwrap_or_default()["newUser"]["password"].clone();
        let body = json!({"email": JORDAN, "password": password}).to_string();
        let request =
            Request { method: Method::POST, path: "/api/auth/login".to_owned(), bearer: None, body: Some(body) };
        let answer = json!({"code": "invalid_credentials"});
        let title = "Nobody signs in as Jordan any more, and the address is free";
        self.scene(Scene { title, request, status: 401, answer }).await?;
        Ok(())
    }

    fn of_snapshot<'a>(&self, method: Method, snapshot: &str, last: &str, bearer: (&'a str, &'a str)) -> Request<'a> {
        Request { method, path: format!("/api/user-snapshots/{snapshot}{last}"), bearer: Some(bearer), body: None }
    }
}
