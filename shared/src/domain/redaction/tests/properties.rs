//! What holds for every text and every document.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{canaries, redacted};

/// A word of a language with an alphabet, a merge tag, a small number, or a word that names secrets.
fn plain_word() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-zß-öø-ÿа-я]{1,14}",
        2 => "[A-ZÀ-Ö][a-zß-öø-ÿ]{1,14}",
        2 => "\\{\\{ ?[a-z][A-Za-z_.]{0,20} ?\\}\\}",
        1 => "[0-9]{1,4}",
        1 => proptest::sample::select(vec![
            "password", "Password", "token", "secret", "key", "API key", "cookie", "authorization", "bearer", "basic", "session"])
            .prop_map(str::to_owned),
    ]
}

fn plain_text() -> impl Strategy<Value = String> {
    let mark = proptest::sample::select(vec![" ", " ", " ", " ", ", ", ". ", ": ", "! ", "? ", " - ", "\n", "\n\n"]);
    proptest::collection::vec((plain_word(), mark), 0..40)
        .prop_map(|words| words.into_iter().flat_map(|(word, mark)| [word, mark.to_owned()]).collect())
}

/// A text of a canary, something beside it, or pieces of what the rules look for.
fn any_text() -> impl Strategy<Value = String> {
    let canaries: Vec<String> = canaries::plant(Some(1))
        .into_iter()
        .flat_map(|canary| {
            ["/prompt", "/template", "/name", "/actions/note"].map(|at| canary.document.pointer(at).cloned())
        })
        .filter_map(|value| value.and_then(|value| value.as_str().map(str::to_owned)))
        .collect();
    let pieces = proptest::sample::select(vec![
        "password",
        "token",
        ":",
        "=",
        " ",
        "\"",
        "\\\"",
        "{",
        "}",
        "[",
        "]",
        "https://",
        "@",
        "/",
        "?",
        "&",
        "Bearer ",
        "%22",
        "%",
        "hunter22",
        "Fa7eFa7eFa7eFa7eFa7eFa7e",
        "[removed secret]",
        "[removed",
        " secret]",
        "eyJ",
        "é",
        "😀",
        "\n",
        "<",
        ">",
        "key",
        "{\"password\":\"abc\"}",
        "-----BEGIN PRIVATE KEY-----",
        "cGFzc3dvcmQ9aHVudGVyMjIhIQ==",
    ]);
    prop_oneof![
        2 => plain_text(),
        2 => proptest::sample::select(canaries),
        4 => proptest::collection::vec(pieces, 0..14).prop_map(|pieces| pieces.concat()),
        1 => any::<String>(),
    ]
}

fn any_value() -> impl Strategy<Value = Value> {
    let key = prop_oneof![
        3 => proptest::sample::select(vec![
            "name", "value", "key", "password", "apiKey", "webhookUrl", "webhook", "webhookPayload", "webhookHeaders", "tokens",
            "headers", "url", "type", "a", "b"]).prop_map(str::to_owned),
        1 => any_text(),
    ];
    let leaf = prop_oneof![
        6 => any_text().prop_map(Value::from),
        1 => any::<i32>().prop_map(Value::from),
        1 => any::<bool>().prop_map(Value::from),
        1 => Just(Value::Null),
    ];
    leaf.prop_recursive(4, 24, 5, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            proptest::collection::vec((key.clone(), inner.clone()), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
            inner.prop_map(|value| json!(value.to_string())),
        ]
    })
}

/// The same objects and lists with as many entries, and the same leaves or a text in their place.
fn same_shape(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            let kept = a.keys().filter(|key| b.contains_key(*key)).all(|key| same_shape(&a[key], &b[key]));
            a.len() == b.len() && kept
        }
        (Value::Array(a), Value::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same_shape(a, b)),
        (Value::String(_) | Value::Number(_), Value::String(_)) => true,
        (a, b) => a == b,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn plain_words_and_merge_tags_never_change(text in plain_text()) {
        let document = json!({"template": &text, "conditions": [{"value": &text}]});
        prop_assert_eq!(redacted(document.clone()), (document, vec![]));
    }

    #[test]
    fn redacting_is_idempotent_and_keeps_the_shape(value in any_value()) {
        let document = json!({"field": value});
        let (once, removed) = redacted(document.clone());
        prop_assert!(same_shape(&document, &once), "{} became {}", document, once);
        prop_assert_eq!(removed.is_empty(), document == once, "{} became {} {:?}", document, once, removed);
        for place in &removed {
            prop_assert!(once.pointer(place).is_some(), "{} in {}", place, once);
        }
        prop_assert_eq!(redacted(once.clone()), (once, vec![]));
    }
}
