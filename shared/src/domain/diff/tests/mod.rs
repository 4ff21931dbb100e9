mod fields;
mod patch;
mod properties;
mod texts;

use serde_json::{Value, json};

use super::*;
use crate::domain::PerKind;
use crate::domain::content::KnownAgent;

fn id(number: u8) -> ObjectId {
    ObjectId::from_bytes([number; 12])
}

fn item(number: u8, document: Value) -> CapturedItem {
    CapturedItem {
        id: id(number),
        document: serde_json::from_value(document).unwrap(),
        enabled: None,
        identity: Vec::new(),
        removed_secrets: Vec::new(),
    }
}

fn automation(number: u8, enabled: bool, document: Value) -> CapturedItem {
    CapturedItem { enabled: Some(enabled), ..item(number, document) }
}

fn content_of(items: PerKind<Vec<CapturedItem>>) -> Content {
    Content { items, ..Content::default() }
}

fn prompts(prompts: Vec<CapturedItem>) -> Content {
    content_of(PerKind { prompts, ..PerKind::default() })
}

/// The JSON of all changes.
fn all_changes<'a>(from: &'a Content, to: &'a Content) -> Vec<ItemChange<'a>> {
    compare(from, to, &Work::unlimited()).unwrap()
}

fn told(from: &Content, to: &Content) -> Value {
    all_changes(from, to)
        .iter()
        .map(|change| serde_json::to_value(change.describe(&Work::unlimited()).unwrap()).unwrap())
        .collect()
}

/// The JSON of the one change between two documents.
fn told_of(before: Value, after: Value) -> Value {
    told(&prompts(vec![item(1, before)]), &prompts(vec![item(1, after)]))[0].take()
}

#[test]
fn the_same_content_has_no_changes() {
    let content = content_of(PerKind {
        automations: vec![automation(1, true, json!({"name": "A"}))],
        prompts: vec![item(1, json!({"name": "P"}))],
        ..PerKind::default()
    });
    assert!(all_changes(&content, &content.clone()).is_empty());
    assert!(all_changes(&Content::default(), &Content::default()).is_empty());
}

#[test]
fn changes_come_by_kind_and_then_by_id_with_the_names_that_people_know() {
    let from = content_of(PerKind {
        automations: vec![automation(2, true, json!({"name": "Gone"}))],
        prompts: vec![item(1, json!({"name": "Stays"})), item(3, json!({"name": "Talk"}))],
        ..PerKind::default()
    });
    let to = content_of(PerKind {
        automations: vec![automation(1, true, json!({"name": "New"}))],
        prompts: vec![item(1, json!({"name": "Stays"})), item(3, json!({"name": "Small talk"}))],
        templates: vec![item(0, json!({}))],
    });
    assert_eq!(
        told(&from, &to),
        json!([
            {"_id": id(1), "kind": "automation", "name": "New", "change": "added"},
            {"_id": id(2), "kind": "automation", "name": "Gone", "change": "removed"},
            {"_id": id(3), "kind": "prompt", "name": "Small talk", "change": "changed", "fields": [
                {"pointer": "/name", "change": "changed", "before": "Talk", "after": "Small talk"}]},
            {"_id": id(0), "kind": "template", "name": "", "change": "added"},
        ])
    );
}

#[test]
fn an_item_that_was_made_again_is_removed_and_added() {
    let (from, to) = (prompts(vec![item(1, json!({"name": "Talk"}))]), prompts(vec![item(2, json!({"name": "Talk"}))]));
    let changes: Vec<_> = all_changes(&from, &to).iter().map(|change| (change.place(), change.change())).collect();
    let of = |number, change| ((ItemKind::Prompt, id(number)), change);
    assert_eq!(changes, [of(1, ChangeKind::Removed), of(2, ChangeKind::Added)]);
}

#[test]
fn an_automation_that_is_only_switched_off_has_changed() {
    let content = |enabled| {
        content_of(PerKind {
            automations: vec![automation(1, enabled, json!({"name": "A", "enabled": "a field of that name"}))],
            ..PerKind::default()
        })
    };
    assert_eq!(
        told(&content(true), &content(false)),
        json!([{"_id": id(1), "kind": "automation", "name": "A", "change": "changed",
                "enabled": {"before": true, "after": false}}])
    );
}

#[test]
fn a_changed_reference_is_a_change_of_the_field_that_holds_it_and_nothing_else() {
    let content = |names: &[&str]| {
        let agents =
            names.iter().map(|name| crate::domain::content::KnownAgent { id: id(1), name: (*name).to_owned() });
        Content { agents: agents.collect(), ..Content::default() }
    };
    assert!(all_changes(&content(&["Bea"]), &content(&["Bee"])).is_empty());
}

#[test]
fn places_of_secrets_are_listed_where_they_differ_and_their_order_does_not_matter() {
    let with = |pointers: &[&str]| {
        let removed_secrets = pointers.iter().map(|pointer| (*pointer).to_owned()).collect();
        prompts(vec![CapturedItem { removed_secrets, ..item(1, json!({})) }])
    };
    assert!(all_changes(&with(&["/a", "/b"]), &with(&["/b", "/a"])).is_empty());
    assert_eq!(
        told(&with(&["/a", "/b"]), &with(&["/c", "/b"]))[0]["removedSecrets"],
        json!({"added": ["/c"], "removed": ["/a"]})
    );
}

#[test]
fn at_most_20_new_and_20_gone_places_of_secrets_are_shown() {
    let with = |count: usize| {
        let removed_secrets = (0..count).map(|number| format!("/{number:02}")).collect();
        prompts(vec![CapturedItem { removed_secrets, ..item(1, json!({})) }])
    };
    for (count, omitted) in [(MAX_SECRETS - 1, None), (MAX_SECRETS, None), (MAX_SECRETS + 1, Some(1))] {
        for (from, to, side) in [(with(0), with(count), "added"), (with(count), with(0), "removed")] {
            let told = &told(&from, &to)[0]["removedSecrets"];
            assert_eq!(told[side].as_array().unwrap().len(), count.min(MAX_SECRETS));
            assert_eq!(told.get("omitted").and_then(Value::as_u64), omitted);
        }
    }
}

#[test]
fn long_names_and_pointers_end_in_an_ellipsis() {
    for (length, cut) in [(199, false), (200, false), (201, true)] {
        let name = "é".repeat(length);
        let told = told_of(json!({"name": name}), json!({"name": name, "x".repeat(length - 1): 1}));
        let (shown, pointer) = (told["name"].as_str().unwrap(), told["fields"][0]["pointer"].as_str().unwrap());
        for (shown, limit) in [(shown, MAX_NAME), (pointer, MAX_POINTER)] {
            assert_eq!((shown.chars().count(), shown.ends_with('…')), (length.min(limit), cut), "{length}");
        }
    }
}

#[test]
fn a_summary_counts_each_kind() {
    let from = content_of(PerKind {
        automations: vec![automation(1, true, json!({}))],
        prompts: vec![item(1, json!({})), item(2, json!({})), item(3, json!({}))],
        ..PerKind::default()
    });
    let to = content_of(PerKind {
        automations: vec![automation(1, false, json!({}))],
        prompts: vec![item(3, json!({}))],
        templates: vec![item(4, json!({}))],
    });
    assert_eq!(
        serde_json::to_value(Summary::of(&all_changes(&from, &to))).unwrap(),
        json!({
            "added": {"automations": 0, "prompts": 0, "templates": 1},
            "removed": {"automations": 0, "prompts": 2, "templates": 0},
            "changed": {"automations": 1, "prompts": 0, "templates": 0},
        })
    );
}

#[test]
fn the_longest_description_is_far_below_what_an_answer_can_carry() {
    // Every line as long as it gets, of what takes most bytes in JSON; every pointer, too.
    let texts = |variant: &str| -> Value {
        let line = format!("{}{variant}\n", "😀".repeat(MAX_LINE - 1));
        let values = (0..MAX_FIELDS).map(|field| {
            let value = if field % 2 == 0 { "\u{1}".repeat(MAX_SHORT_TEXT - 1) + variant } else { line.repeat(45) };
            (format!("{field:02}{}", "😀".repeat(MAX_POINTER)), json!(value))
        });
        Value::Object(values.collect())
    };
    let length = told_of(texts("a"), texts("b")).to_string().len();
    assert!((300_000..600_000).contains(&length), "{length}");
}

#[test]
fn agents_of_both_captures_that_were_renamed_are_listed_and_at_most_200_of_them() {
    let content = |agents: usize, name: &str| {
        let agent = |number: usize| {
            let mut bytes = [0; 12];
            bytes[4..].copy_from_slice(&(number as u64).to_be_bytes());
            KnownAgent { id: ObjectId::from_bytes(bytes), name: name.to_owned() }
        };
        Content { agents: (0..agents).map(agent).collect(), ..Content::default() }
    };
    for (renamed, told) in [(0, 0), (199, 199), (200, 200), (201, 200)] {
        assert_eq!(renamed_agents(&content(renamed, "A"), &content(renamed, "B")).len(), told);
    }
    assert_eq!(renamed_agents(&content(3, "A"), &content(3, "A")), []);
    // One that is referred to in one capture alone was not renamed, as far as anybody knows.
    assert_eq!(renamed_agents(&content(1, "A"), &content(2, "B")).len(), 1);
}
