//! Two editors of one setup: what each puts, the other keeps, and an edit of what has changed meanwhile is refused.

use std::sync::Arc;

use serde_json::{Value, json};
use shared::domain::{Document, ItemKind, ObjectId, SetupItem, User};
use shared::store::{ItemVersion, OpenItem, SetupChange, SetupEdit, SetupWriteOutcome, SetupWriter};
use tests::{ALEX, BEGINNING, TestApp, numbered_id};

fn document(value: Value) -> Document {
    serde_json::from_value(value).unwrap()
}

fn put(id: ObjectId, document: Document) -> SetupChange {
    SetupChange::Put(ItemKind::Prompt, SetupItem { id, document })
}

fn with(mut document: Document, field: &str, value: Value) -> Document {
    document.fields_mut().unwrap().insert(field.to_owned(), value);
    document
}

/// One user's setup in the hands of an editor.
struct Editor {
    app: Arc<TestApp>,
    user: User,
}

impl Editor {
    async fn start() -> Self {
        let app = Arc::new(TestApp::start().await);
        let user = app.member(ALEX).user.clone();
        Self { app, user }
    }

    fn prompt(&self) -> ObjectId {
        self.app.member(ALEX).setup.items.prompts[0].id
    }

    async fn open(&self, id: ObjectId) -> OpenItem {
        let writer = SetupWriter::new(self.app.table());
        writer.read(&self.user.organization, &self.user.id, ItemKind::Prompt, &id).await.unwrap().unwrap()
    }

    async fn see(&self, change: &SetupChange) -> ItemVersion {
        SetupWriter::new(self.app.table()).see(&self.user.organization, &self.user.id, change).await.unwrap()
    }

    async fn write(&self, edits: &[SetupEdit]) -> SetupWriteOutcome {
        let writer = SetupWriter::new(self.app.table());
        writer.write(&self.user.organization, &self.user.id, edits, BEGINNING).await.unwrap()
    }

    async fn setup_version(&self) -> u64 {
        let partition = format!("ORG#{}#USER#{}", self.user.organization, self.user.id);
        self.app.item(&partition, "#META").await.unwrap()["setupVersion"].as_n().unwrap().parse().unwrap()
    }
}

#[tokio::test]
async fn two_writers_of_one_document_both_keep_their_fields() {
    let editor = Editor::start().await;
    let id = editor.prompt();
    let (first, second) = (editor.open(id).await, editor.open(id).await);
    let edit =
        |open: OpenItem, field| SetupEdit { change: put(id, with(open.document, field, json!(1))), seen: open.seen };
    assert_eq!(editor.write(&[edit(first, "first")]).await, SetupWriteOutcome::Version(2));
    let before = editor.app.items().await;
    assert_eq!(editor.write(&[edit(second, "second")]).await, SetupWriteOutcome::Outdated(vec![0]));
    assert_eq!(editor.app.items().await.len(), before.len());
    assert_eq!(editor.setup_version().await, 2, "a refused edit writes nothing");

    let again = editor.open(id).await;
    assert_eq!(editor.write(&[edit(again, "second")]).await, SetupWriteOutcome::Version(3));
    let OpenItem { document, seen } = editor.open(id).await;
    assert_eq!((&document.as_value()["first"], &document.as_value()["second"]), (&json!(1), &json!(1)));
    assert_eq!(seen, ItemVersion::Version(3));
}

/// What is it that keeps the first writer's field? Without the condition on the item the second one takes it away.
#[tokio::test]
async fn without_the_condition_on_the_item_an_edit_is_lost() {
    let editor = Editor::start().await;
    let id = editor.prompt();
    let (first, second) = (editor.open(id).await, editor.open(id).await);
    let edit =
        |open: OpenItem, field| SetupEdit { change: put(id, with(open.document, field, json!(1))), seen: open.seen };
    editor.write(&[edit(first, "first")]).await;
    let stripped = editor.app.faults().strip_condition(1).of("TransactWriteItems").always();
    assert_eq!(editor.write(&[edit(second, "second")]).await, SetupWriteOutcome::Version(3));
    assert_eq!(stripped.count(), 1);
    assert_eq!(editor.open(id).await.document.as_value().get("first"), None);
}

#[tokio::test]
async fn an_edit_holds_only_for_the_item_that_was_seen() {
    let editor = Editor::start().await;
    let setup = &editor.app.member(ALEX).setup;
    let automation = setup.items.automations[0].id;
    let [changed, removed, kept] = [0, 1, 2].map(|place| setup.items.prompts[place].id);
    let (absent, new) = (numbered_id(9, 1), numbered_id(9, 2));
    let body = |text: &str| document(json!({"name": "N", "prompt": text}));
    let remove = |id| SetupChange::Remove(ItemKind::Prompt, id);

    // Another writer comes first: one item is changed, one is removed, one is made, one switch is thrown.
    let others = [
        put(changed, body("theirs")),
        remove(removed),
        put(new, body("theirs")),
        SetupChange::Switch(automation, false),
    ];
    for change in others {
        let edit = SetupEdit { seen: editor.see(&change).await, change };
        assert!(matches!(editor.write(&[edit]).await, SetupWriteOutcome::Version(_)));
    }
    let version = editor.setup_version().await;
    let (before, switches) = (ItemVersion::Version(1), ItemVersion::Version(version));
    let cases = [
        ("an item that was changed is not put", put(changed, body("mine")), before, false),
        ("not one whose absence was seen", put(changed, body("mine")), ItemVersion::Absent, false),
        ("nor removed", remove(changed), before, false),
        ("an item that was removed does not come back", put(removed, body("mine")), before, false),
        ("not removed a second time", remove(removed), before, false),
        ("unless its absence was seen", remove(removed), ItemVersion::Absent, true),
        ("an item that was made meanwhile stays", put(new, body("mine")), ItemVersion::Absent, false),
        ("a switch that was thrown stays", SetupChange::Switch(automation, true), before, false),
        ("not if their absence was seen", SetupChange::Switch(automation, true), ItemVersion::Absent, false),
        ("unless that was seen", SetupChange::Switch(automation, true), switches, true),
        ("an item that nobody changed is put, whatever happened to others", put(kept, body("mine")), before, true),
        ("and so is a new one", put(absent, body("mine")), ItemVersion::Absent, true),
    ];
    for (what, change, seen, holds) in cases {
        let before = editor.setup_version().await;
        let written = editor.write(&[SetupEdit { change, seen }]).await;
        let expected =
            if holds { SetupWriteOutcome::Version(before + 1) } else { SetupWriteOutcome::Outdated(vec![0]) };
        assert_eq!(written, expected, "{what}");
        assert_eq!(editor.setup_version().await, before + u64::from(holds), "{what}");
    }
    assert_eq!(editor.open(changed).await.document, body("theirs"));
    assert_eq!(editor.open(new).await.document, body("theirs"));

    // Of several edits none is written where one is outdated, and the answer says which.
    let edits = [
        SetupEdit { change: put(numbered_id(9, 3), body("mine")), seen: ItemVersion::Absent },
        SetupEdit { change: put(changed, body("mine")), seen: before },
        SetupEdit { change: remove(kept), seen: ItemVersion::Version(u64::MAX) },
    ];
    assert_eq!(editor.write(&edits).await, SetupWriteOutcome::Outdated(vec![1, 2]));
    let nothing = editor.see(&edits[0].change).await;
    assert_eq!(nothing, ItemVersion::Absent);
}

#[tokio::test]
async fn a_user_without_switches_gets_them_with_the_first() {
    let editor = Editor::start().await;
    let partition = format!("ORG#{}#USER#{}", editor.user.organization, editor.user.id);
    let key = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let delete = editor.app.database().client().delete_item().table_name("snapshots");
    delete.key("PK", key(&partition)).key("SK", key("PREFERENCES")).send().await.unwrap();
    let change = SetupChange::Switch(editor.app.member(ALEX).setup.items.automations[0].id, false);
    let seen = editor.see(&change).await;
    assert_eq!(seen, ItemVersion::Absent);
    assert_eq!(editor.write(&[SetupEdit { change, seen }]).await, SetupWriteOutcome::Version(2));
    let made = editor.app.item(&partition, "PREFERENCES").await.unwrap();
    assert_eq!(
        (made["type"].as_s().unwrap().as_str(), made["setupVersion"].as_n().unwrap().as_str()),
        ("preferences", "2")
    );
    assert_eq!(made["enabled"].as_m().unwrap().len(), 1);
}

#[tokio::test]
async fn a_switch_whose_item_is_gone_or_holds_no_switches_is_outdated_and_no_fault() {
    let editor = Editor::start().await;
    let partition = format!("ORG#{}#USER#{}", editor.user.organization, editor.user.id);
    let switch = SetupChange::Switch(editor.app.member(ALEX).setup.items.automations[0].id, false);
    let seen = editor.see(&switch).await;
    assert!(matches!(seen, ItemVersion::Version(_)));
    let edit = SetupEdit { change: switch, seen };
    let mut item = editor.app.item(&partition, "PREFERENCES").await.unwrap();
    item.remove("enabled");
    editor.app.store(item).await;
    assert_eq!(
        editor.write(std::slice::from_ref(&edit)).await,
        SetupWriteOutcome::Outdated(vec![0]),
        "without switches"
    );
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let delete = editor.app.database().client().delete_item().table_name("snapshots").key("PK", text(&partition));
    delete.key("SK", text("PREFERENCES")).send().await.unwrap();
    assert_eq!(editor.write(&[edit]).await, SetupWriteOutcome::Outdated(vec![0]), "without the item");
    assert_eq!(editor.setup_version().await, 1);
}

#[tokio::test]
async fn an_edit_whose_answer_is_lost_is_opened_again_and_not_written_twice() {
    let editor = Editor::start().await;
    let id = editor.prompt();
    let open = editor.open(id).await;
    let edit = SetupEdit { change: put(id, with(open.document, "count", json!(1))), seen: open.seen };
    let lost = editor.app.faults().drop_answer().of("TransactWriteItems").always();
    let writer = SetupWriter::new(editor.app.table());
    let outcome =
        writer.write(&editor.user.organization, &editor.user.id, std::slice::from_ref(&edit), BEGINNING).await;
    assert!(outcome.is_err(), "{outcome:?}");
    assert!(lost.count() > 0);
    editor.app.faults().clear();

    // It has landed. The same edit once more is refused, and reading tells.
    assert_eq!(editor.write(&[edit]).await, SetupWriteOutcome::Outdated(vec![0]));
    assert_eq!(editor.open(id).await.document.as_value()["count"], 1);
    assert_eq!(editor.setup_version().await, 2);
}

/// Writers of one document, each of its own field: opens, counts its field up, writes. Returns how often that succeeded.
async fn count_up(editor: Arc<Editor>, id: ObjectId, field: String, rounds: u64) -> (u64, u64) {
    let (mut successes, mut refusals) = (0, 0);
    for _ in 0..rounds {
        let OpenItem { document, seen } = editor.open(id).await;
        let count = document.as_value().get(&field).and_then(Value::as_u64).unwrap_or_default();
        let change = put(id, with(document, &field, json!(count + 1)));
        match editor.write(&[SetupEdit { change, seen }]).await {
            SetupWriteOutcome::Version(_) => successes += 1,
            SetupWriteOutcome::Outdated(_) | SetupWriteOutcome::Busy => refusals += 1,
            SetupWriteOutcome::NoSuchUser => unreachable!("the user is there"),
        }
    }
    (successes, refusals)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_writers_every_success_stands_in_the_document() {
    const WRITERS: usize = 8;
    const ROUNDS: u64 = 25;
    let editor = Arc::new(Editor::start().await);
    let id = editor.prompt();
    let field = |writer: usize| format!("writer{writer}");
    let writing: Vec<_> =
        (0..WRITERS).map(|writer| tokio::spawn(count_up(editor.clone(), id, field(writer), ROUNDS))).collect();
    let (mut total, mut refused) = (0, 0);
    let mut expected = Vec::new();
    for writer in writing {
        let (successes, refusals) = writer.await.unwrap();
        assert_eq!(successes + refusals, ROUNDS);
        total += successes;
        refused += refusals;
        expected.push(successes);
    }
    let document = editor.open(id).await.document;
    let found = (0..WRITERS).map(|writer| document.as_value().get(field(writer)).and_then(Value::as_u64).unwrap_or(0));
    assert_eq!(found.collect::<Vec<_>>(), expected);
    assert_eq!(editor.setup_version().await, 1 + total);
    println!("{total} edits written, {refused} refused");
    assert!(total > 0 && refused > 0, "nobody met anybody: {total} written, {refused} refused");
}
