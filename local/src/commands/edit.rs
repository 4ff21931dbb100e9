//! `edit`: changes one setup item as the CRM would.

use std::path::{Path, PathBuf};

use serde_json::Value;
use shared::clock::{Clock, SystemClock};
use shared::domain::{Document, ItemKind, ObjectId, SetupItem};
use shared::store::{OpenItem, SetupChange, SetupEdit, SetupWriteOutcome, SetupWriter, Table};

use super::Failure;
use super::connection::open_table;
use crate::database::{Database, Storage};

/// How often an item is opened before the edit fails.
const ATTEMPTS: u32 = 8;

/// A field, or a JSON pointer, and its new value.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Set {
    field: String,
    value: Value,
}

/// The item to edit, and its user.
#[derive(Debug)]
pub(crate) struct Target {
    pub(crate) organization: ObjectId,
    pub(crate) user: ObjectId,
    pub(crate) item: (ItemKind, ObjectId),
}

/// Reads `KIND:ID`.
pub(crate) fn parse_item(text: &str) -> Result<(ItemKind, ObjectId), String> {
    let (kind, id) = text.split_once(':').ok_or("write KIND:ID, such as prompt:64eea1110000000000000201")?;
    let [others @ .., last] = ItemKind::ALL.map(ItemKind::as_str);
    let is_unknown = || format!("{kind} is not a kind; write {} or {last}", others.join(", "));
    let kind = ItemKind::named(kind).ok_or_else(is_unknown)?;
    Ok((kind, id.parse().map_err(|violation: shared::domain::Violation| violation.detail)?))
}

/// Reads `FIELD=JSON`.
pub(crate) fn parse_set(text: &str) -> Result<Set, String> {
    let (field, value) = text.split_once('=').ok_or("write FIELD=JSON, such as temperature=0.7")?;
    if field.is_empty() || field == "/" {
        return Err("the field's name is missing before the =".to_owned());
    }
    let value = serde_json::from_str(value).map_err(|error| {
        format!("{value} is not JSON ({error}); text stands in quotes: --set '{field}=\"{value}\"'")
    })?;
    Ok(Set { field: field.to_owned(), value })
}

/// Changes the item and prints the setup's version before and after.
pub(crate) async fn run(
    endpoint: Option<String>,
    db: Option<PathBuf>,
    table_name: &str,
    target: &Target,
    sets: &[Set],
) -> Result<(), Failure> {
    let (before, after) = match db {
        Some(file) => in_file(&file, table_name, target, sets).await?,
        None => change(&open_table(endpoint.as_deref(), table_name).await?, target, sets).await?,
    };
    let (kind, id) = &target.item;
    println!("{kind} {id} is changed; the setup's version was {before} and is now {after}.");
    Ok(())
}

async fn in_file(file: &Path, table_name: &str, target: &Target, sets: &[Set]) -> Result<(u64, u64), Failure> {
    if !file.exists() {
        return Err(Failure::Edit(format!("there is no {}", file.display())));
    }
    let database = Database::start_here(&Storage::File(file.to_owned()), table_name).await?;
    let versions = change(database.table(), target, sets).await;
    database.stop().await?;
    versions
}

/// Opens the item, sets the fields and writes it on the version that was opened. If another writer changed the item in between,
/// opens it again, so that the other writer's fields stay.
async fn change(table: &Table, target: &Target, sets: &[Set]) -> Result<(u64, u64), Failure> {
    let Target { organization, user, item: (kind, id) } = target;
    let writer = SetupWriter::new(table);
    for _ in 0..ATTEMPTS {
        let Some(OpenItem { mut document, seen }) = writer.read(organization, user, *kind, id).await? else {
            let missing = format!("user {user} of organization {organization} has no {kind} {id}");
            return Err(Failure::Edit(missing));
        };
        for set in sets {
            apply(&mut document, set).map_err(Failure::Edit)?;
        }
        let edit = SetupEdit { change: SetupChange::Put(*kind, SetupItem { id: *id, document }), seen };
        match writer.write(organization, user, &[edit], SystemClock.now()).await? {
            SetupWriteOutcome::Version(after) => return Ok((after.saturating_sub(1), after)),
            SetupWriteOutcome::NoSuchUser => {
                return Err(Failure::Edit(format!("organization {organization} has no user {user}")));
            }
            SetupWriteOutcome::Outdated(_) | SetupWriteOutcome::Busy => {}
        }
    }
    Err(Failure::Edit(format!("other writers keep changing {kind} {id} or its setup; nothing is written, try again")))
}

/// Sets one field. A pointer may add a field only to an existing object.
fn apply(document: &mut Document, set: &Set) -> Result<(), String> {
    let Set { field, value } = set;
    if !field.starts_with('/') {
        if let Some(fields) = document.fields_mut() {
            fields.insert(field.clone(), value.clone());
        }
        return Ok(());
    }
    if let Some(place) = document.pointer_mut(field) {
        *place = value.clone();
        return Ok(());
    }
    let nowhere = || format!("the item has no {field}, and no object to add it to");
    let (parent, name) = field.rsplit_once('/').ok_or_else(nowhere)?;
    let name = name.replace("~1", "/").replace("~0", "~");
    let fields = match parent {
        "" => document.fields_mut(),
        parent => document.pointer_mut(parent).and_then(Value::as_object_mut),
    };
    fields.ok_or_else(nowhere)?.insert(name, value.clone());
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::store::ItemVersion;

    use super::*;
    use crate::loader::{self, PasswordHashes};
    use crate::workspace::Workspace;

    fn edited(changes: &[&str]) -> Result<Value, String> {
        let Value::Object(fields) = json!({"name": "N", "actions": {"targetStage": "A"}, "list": [1]}) else {
            panic!()
        };
        let mut document = Document::new(fields);
        for change in changes {
            apply(&mut document, &parse_set(change).unwrap())?;
        }
        Ok(document.as_value().clone())
    }

    #[test]
    fn a_field_or_a_place_inside_one_is_set() {
        let document =
            edited(&["name=\"M\"", "new={\"a\":1}", "/actions/targetStage=\"B\"", "/actions/x~1y=null", "/list/0=2"]);
        let expected = json!({"name": "M", "new": {"a": 1}, "actions": {"targetStage": "B", "x/y": null}, "list": [2]});
        assert_eq!(document.unwrap(), expected);
    }

    #[test]
    fn a_place_that_cannot_be_is_refused() {
        for nowhere in ["/nothing/here=1", "/list/5=1", "/name/first=1"] {
            assert!(edited(&[nowhere]).unwrap_err().contains("no object to add it to"), "{nowhere}");
        }
        for bad in ["name", "=1", "/=1", "name=text"] {
            assert!(parse_set(bad).is_err(), "{bad}");
        }
        assert!(parse_set("name=New").unwrap_err().contains("--set 'name=\"New\"'"));
    }

    #[tokio::test]
    async fn an_edit_moves_the_setups_version() {
        let database = Database::start_here(&Storage::Memory, "snapshots").await.unwrap();
        let workspace = Workspace::demo().unwrap();
        loader::load(database.table(), &workspace, &PasswordHashes::default()).await.unwrap();
        let alex = &workspace.member("alex@acme.example").unwrap().1.user;
        let item = parse_item("prompt:64eea1110000000000000201").unwrap();
        let target = |user| Target { organization: alex.organization, user, item };
        let sets = [parse_set("temperature=0.7").unwrap()];
        assert_eq!(change(database.table(), &target(alex.id), &sets).await.unwrap(), (1, 2));
        let written = SetupWriter::new(database.table()).read(&alex.organization, &alex.id, item.0, &item.1).await;
        let written = written.unwrap().unwrap();
        assert_eq!(
            (written.document.as_value()["temperature"].clone(), written.seen),
            (json!(0.7), ItemVersion::Version(2))
        );
        let missing = change(database.table(), &target(alex.organization), &sets).await.unwrap_err().to_string();
        assert!(missing.ends_with("has no prompt 64eea1110000000000000201"), "{missing}");
    }

    #[tokio::test]
    async fn edits_of_one_item_at_the_same_time_are_all_kept() {
        let database = Database::start_here(&Storage::Memory, "snapshots").await.unwrap();
        let workspace = Workspace::demo().unwrap();
        loader::load(database.table(), &workspace, &PasswordHashes::default()).await.unwrap();
        let alex = &workspace.member("alex@acme.example").unwrap().1.user;
        let item = parse_item("prompt:64eea1110000000000000201").unwrap();
        let target = Target { organization: alex.organization, user: alex.id, item };
        let sets = [0, 1, 2, 3].map(|editor| [parse_set(&format!("editor{editor}={editor}")).unwrap()]);
        let edit = async |editor: usize| change(database.table(), &target, &sets[editor]).await.unwrap();
        tokio::join!(edit(0), edit(1), edit(2), edit(3));
        let read = SetupWriter::new(database.table()).read(&alex.organization, &alex.id, item.0, &item.1).await;
        let OpenItem { document, seen } = read.unwrap().unwrap();
        for editor in 0..4 {
            assert_eq!(document.as_value()[&format!("editor{editor}")], json!(editor));
        }
        assert_eq!(seen, ItemVersion::Version(5));
    }
}
