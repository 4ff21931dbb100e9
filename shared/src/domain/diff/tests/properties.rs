//! What holds for all contents, documents and texts.

use proptest::prelude::*;

use super::super::fields::differences;
use super::super::lines::{End, lines};
use super::super::unified::unified;
use super::patch::{applied, patched, read};
use super::*;

/// Pieces that make lines equal, long, broken, empty or strange.
fn a_text() -> impl Strategy<Value = String> {
    let pieces = proptest::sample::select(vec![
        "a",
        "b",
        "\n",
        "\n",
        "\n",
        "\r\n",
        "\r",
        " ",
        ". ",
        "<b>",
        "</b>",
        ">",
        ", ",
        "e\u{301}",
        "\u{301}",
        "😀",
        "👩‍👩‍👧",
        "。",
        "\0",
        "\t",
        "-",
        "+",
        "@@ -1,1 +1,1 @@",
        "\\",
        "\u{2028}",
        "word ",
        "Best regards, the team. ",
    ]);
    let long = (0..pieces_of_long().len(), 1..30_usize).prop_map(|(at, times)| pieces_of_long()[at].repeat(times));
    prop_oneof![
        4 => proptest::collection::vec(prop_oneof![8 => pieces.prop_map(str::to_owned), 1 => long], 0..40)
            .prop_map(|pieces| pieces.concat()),
        1 => any::<String>(),
    ]
}

fn pieces_of_long() -> [&'static str; 5] {
    ["Ask for the budget first. ", "<step>Call</step>", "x", "word ", "ж, "]
}

/// A text, and the same with some of it cut out and something put in its place.
fn an_edit() -> impl Strategy<Value = (String, String)> {
    (a_text(), a_text(), any::<prop::sample::Index>(), any::<prop::sample::Index>()).prop_map(
        |(text, put, from, to)| {
            let chars: Vec<char> = text.chars().collect();
            let (from, to) = (from.index(chars.len() + 1), to.index(chars.len() + 1));
            let (from, to) = (from.min(to), from.max(to));
            let edited = chars[..from].iter().copied().chain(put.chars()).chain(chars[to..].iter().copied()).collect();
            (text, edited)
        },
    )
}

fn a_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        3 => a_text().prop_map(Value::from),
        2 => (0..4).prop_map(Value::from),
        1 => any::<f64>().prop_map(|number| json!(number)),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    let key =
        prop_oneof![5 => "[a-d]", 1 => Just("~/".to_owned()), 1 => Just(String::new()), 1 => Just("0".to_owned())];
    leaf.prop_recursive(4, 30, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::btree_map(key.clone(), inner.clone(), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
            // Lists of objects, which are compared element by element.
            proptest::collection::vec(proptest::collection::btree_map("[ab]", inner, 0..2), 0..4)
                .prop_map(|objects| serde_json::to_value(objects).unwrap()),
        ]
    })
}

fn an_object() -> impl Strategy<Value = Value> {
    proptest::collection::btree_map("[a-f]", a_value(), 0..6).prop_map(|fields| json!(fields))
}

prop_compose! {
    fn some_items()(items in proptest::collection::btree_map(0..6_u8, (0..3_u8, any::<bool>()), 0..6)) -> Vec<CapturedItem> {
        items.into_iter().map(|(id, (value, enabled))| automation(id, enabled, json!({"name": "A", "value": value}))).collect()
    }
}

prop_compose! {
    fn some_content()(automations in some_items(), prompts in some_items(), templates in some_items()) -> Content {
        let plain = |items: Vec<CapturedItem>| items.into_iter().map(|item| CapturedItem { enabled: None, ..item }).collect();
        Content { items: PerKind { automations, prompts: plain(prompts), templates: plain(templates) }, agents: Vec::new(), ..Content::default() }
    }
}

/// The item of one content at a place.
fn at(content: &Content, place: (ItemKind, ObjectId)) -> Option<&CapturedItem> {
    content.items.each().find(|(kind, item)| (*kind, item.id) == place).map(|(_, item)| item)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_changes_between_a_content_and_itself(content in some_content()) {
        prop_assert!(all_changes(&content, &content).is_empty());
    }

    #[test]
    fn every_item_that_differs_is_listed_once_in_order_and_no_other(from in some_content(), to in some_content()) {
        let changes = all_changes(&from, &to);
        let told: Vec<_> = changes.iter().map(|change| (change.place(), change.change())).collect();
        prop_assert!(told.windows(2).all(|pair| pair[0].0 < pair[1].0));
        let mut expected = Vec::new();
        for kind in ItemKind::ALL {
            for place in (0..6).map(|number| (kind, id(number))) {
                let change = match (at(&from, place), at(&to, place)) {
                    (None, Some(_)) => Some(ChangeKind::Added),
                    (Some(_), None) => Some(ChangeKind::Removed),
                    (before, after) => (before != after).then_some(ChangeKind::Changed),
                };
                expected.extend(change.map(|change| (place, change)));
            }
        }
        prop_assert_eq!(told, expected);
        let there_and_back = Summary::of(&all_changes(&to, &from));
        let summary = Summary::of(&changes);
        prop_assert_eq!((summary.added, summary.changed), (there_and_back.removed, there_and_back.changed));
    }

    #[test]
    fn the_listed_changes_of_a_document_turn_the_old_one_into_the_new_one(before in an_object(), after in an_object()) {
        let [old, new] = [&before, &after].map(|value| item(1, value.clone()).document);
        let (fields, omitted) = differences(&old, &new, usize::MAX);
        prop_assert_eq!(omitted, 0);
        prop_assert_eq!(fields.is_empty(), before == after);
        if let Some(made) = applied(before.clone(), &fields) {
            prop_assert_eq!(made, after.clone());
        }
        // The first ones are the same where only some are shown.
        let (some, omitted) = differences(&old, &new, 1);
        prop_assert_eq!(some.len() + omitted, fields.len());
        prop_assert_eq!(some.first().map(|field| &field.pointer), fields.first().map(|field| &field.pointer));
    }

    #[test]
    fn every_description_stays_below_its_caps(before in an_object(), after in an_object()) {
        let (from, to) = (prompts(vec![item(1, before)]), prompts(vec![item(1, after)]));
        for change in all_changes(&from, &to) {
            let described = change.describe(&Work::unlimited()).unwrap();
            prop_assert!(!described.fields.is_empty());
            for field in &described.fields {
                prop_assert!(field.lines.len() <= MAX_FIELD_LINES);
                prop_assert!(field.lines.iter().all(|line| line.chars().count() <= MAX_LINE + 2));
                prop_assert_eq!(field.lines.is_empty(), field.before.is_some() || field.after.is_some());
            }
        }
    }

    #[test]
    fn the_lines_of_a_text_make_up_the_text((text, _) in an_edit()) {
        let lines = lines(&text, true);
        let joined: String =
            lines.iter().flat_map(|line| [line.text, if line.end == End::Newline { "\n" } else { "" }]).collect();
        prop_assert_eq!(&joined, &text);
        prop_assert!(lines.iter().all(|line| line.text.chars().count() <= MAX_LINE));
    }

    #[test]
    fn hunks_make_the_new_text_of_the_old_one((before, after) in an_edit()) {
        let told = unified(Some(&before), Some(&after), &mut MAX_SEARCHED.clone());
        prop_assert_eq!(told.lines.is_empty(), before == after);
        if told.omitted == 0 && before != after {
            prop_assert_eq!(patched(&before, &told.lines), read(&after));
        }
    }

    #[test]
    fn a_text_is_shown_with_or_without_a_search((before, after) in an_edit()) {
        let told = unified(Some(&before), Some(&after), &mut 0);
        if told.omitted == 0 && before != after {
            prop_assert_eq!(patched(&before, &told.lines), read(&after));
        }
    }
}
