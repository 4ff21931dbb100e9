//! A change of a setup past the API, as the CRM makes it.

use serde_json::Value;
use shared::clock::{Clock, SystemClock};
use shared::domain::{ItemKind, SetupItem};
use shared::store::{OpenItem, SetupChange, SetupEdit, SetupWriteOutcome, SetupWriter, Table};

use super::DemoError;
use super::scenario::PromptEdit;
use crate::workspace::Workspace;

/// Adds the text to the prompt of the user.
pub(super) async fn carry_out(edit: &PromptEdit, table: &Table, workspace: &Workspace) -> Result<(), DemoError> {
    let missing = |what: &str| DemoError::Missing(what.to_owned());
    let member = workspace.member(&edit.user).map(|(_, member)| member);
    let member = member.ok_or_else(|| missing("user to edit"))?;
    let prompt = member.setup.items.prompts.iter().find(|prompt| prompt.document.name() == edit.prompt);
    let prompt = prompt.ok_or_else(|| missing("prompt to edit"))?;
    let (writer, user) = (SetupWriter::new(table), &member.user);
    let open = writer.read(&user.organization, &user.id, ItemKind::Prompt, &prompt.id).await?;
    let OpenItem { mut document, seen } = open.ok_or_else(|| missing("prompt in the table"))?;
    let text = document.text("prompt").unwrap_or_default().to_owned() + &edit.added;
    if let Some(fields) = document.fields_mut() {
        fields.insert("prompt".to_owned(), Value::String(text));
    }
    let edit = SetupEdit { change: SetupChange::Put(ItemKind::Prompt, SetupItem { id: prompt.id, document }), seen };
    match writer.write(&user.organization, &user.id, &[edit], SystemClock.now()).await? {
        SetupWriteOutcome::Version(_) => Ok(()),
        SetupWriteOutcome::NoSuchUser | SetupWriteOutcome::Outdated(_) | SetupWriteOutcome::Busy => {
            Err(missing("setup that can be changed"))
        }
    }
}
