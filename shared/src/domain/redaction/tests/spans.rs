//! Only the span of a secret changes: every byte around it stays as it was written.

use proptest::prelude::*;
use serde_json::json;

use super::{PLACEHOLDER, redact_text, redacted};

/// Texts in which `«…»` is what goes.
const TEXTS: &[&str] = &[
    "{\n  \"b\": 1.50,\n  \"a\": \"hi\",\n  \"token\": \"«abcd1234»\"\n}",
    "{\"z\":1,\"a\":1e3,\"a\":2 , \"password\" :\t\"«Winter2026!»\",\"m\":[ 1,2 ]}\n",
    "{\"u\":\"\\u00e9\\/\\ud83d\\ude00\",\"apiKey\":\"«ab\\u0063\\n12\\\\34»\",\"big\":12345678901234567890.000}",
    "[[\"a\" , 1.0],{\"secret\":\"«s3cr3t77»\",},\"tail\"]",
    "Send {\"b\": 1.50, \"token\": \"«abcd1234»\"} and {\"n\" : 01} please.",
    "```json\n{ \"n\": 1.0,\n  \"access_token\": \"«abcd1234»\" }\n```\n\n| a | b |\n| - | - |\n",
    "{\"outer\":\"{\\\"n\\\": 1.50, \\\"token\\\": \\\"«abcd1234»\\\"}\"}",
    "{\"outer\":\"{\\\"inner\\\":\\\"{\\\\\\\"token\\\\\\\":\\\\\\\"«abcd1234»\\\\\\\", \\\\\\\"n\\\\\\\":1.0}\\\"}\"}",
    "<cfg a='1'  b=\"2\"><n>1.50</n>\n  <apiKey>«9f8e7d6c5b»</apiKey><!-- x --></cfg>",
    "# Setup\r\n\r\n*  item\r\n*  password: «hunter22»\r\n\r\n> quote",
    "https://acme.example/r?u=https%3A%2F%2Facme.example%2Fx%3Fa%3D1%26token%3D«abcd1234»%26b%3D2&c=3",
    "%7B%22n%22%3A%201.50%2C%20%22token%22%3A%22«abcd1234»%22%7D",
];

fn parts(text: &str) -> (String, String) {
    let (before, rest) = text.split_once('«').unwrap();
    let (secret, after) = rest.split_once('»').unwrap();
    (format!("{before}{secret}{after}"), format!("{before}{PLACEHOLDER}{after}"))
}

#[test]
fn every_byte_around_a_secret_stays() {
    for text in TEXTS {
        let (source, left) = parts(text);
        let (document, removed) = redacted(json!({"template": source}));
        assert_eq!(document["template"], left, "{source}");
        assert_eq!(removed, ["/template"]);
    }
}

#[test]
fn a_number_goes_with_the_quotation_marks_that_its_placeholder_needs() {
    let (document, _) = redacted(json!({"template": "{\"n\": 1.50, \"password\": 482913 , \"m\": 2}"}));
    assert_eq!(document["template"], format!("{{\"n\": 1.50, \"password\": \"{PLACEHOLDER}\" , \"m\": 2}}"));
}

#[test]
fn a_key_that_stands_twice_loses_both_secrets_and_stays_twice() {
    let text = "{\"token\": \"abcd1234\", \"token\": \"efgh5678\"}";
    let left = format!("{{\"token\": \"{PLACEHOLDER}\", \"token\": \"{PLACEHOLDER}\"}}");
    assert_eq!(redacted(json!({"template": text})).0["template"], left);
}

#[test]
fn base64_keeps_the_groups_that_hold_nothing_of_a_secret() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let encoded = STANDARD.encode("{\"name\": \"Harbor Lane\", \"token\": \"abcd1234efgh\", \"city\": \"Kiel\"}");
    let text = format!("Import {encoded} now.");
    let left = redact_text(&text).into_owned();
    let (before, after) = left.split_once(PLACEHOLDER).unwrap();
    assert!(text.starts_with(before) && text.ends_with(after), "{left}");
    let kept = |part: &str| String::from_utf8(STANDARD.decode(part).unwrap()).unwrap();
    assert!(
        kept(before.trim_start_matches("Import ")).starts_with("{\"name\": \"Harbor Lane\", \"token\": "),
        "{left}"
    );
    assert!(kept(after.trim_end_matches(" now.")).ends_with("\"city\": \"Kiel\"}"), "{left}");
}

/// White space, numbers and texts as people write them, none with a secret.
fn value(depth: u32) -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        Just("1.50".to_owned()),
        Just("-0.0e+2".to_owned()),
        Just("12345678901234567890.10".to_owned()),
        Just("true".to_owned()),
        Just("null".to_owned()),
        "\"[a-zé ]{0,12}\"",
        Just("\"\\u0041\\/ \\\"q\\\" \\n\"".to_owned()),
    ];
    if depth == 0 {
        return leaf.boxed();
    }
    let inner = value(depth - 1);
    let fields = proptest::collection::vec(("[a-f]{1,3}", space(), inner.clone()), 0..4);
    prop_oneof![
        3 => leaf,
        2 => (fields, space()).prop_map(|(fields, space)| {
            let fields: Vec<_> = fields.into_iter().map(|(key, gap, value)| format!("\"{key}\"{gap}:{gap}{value}")).collect();
            format!("{{{space}{}{space}}}", fields.join(&format!("{space},")))
        }),
        1 => (proptest::collection::vec(inner, 0..4), space())
            .prop_map(|(values, space)| format!("[{space}{}]", values.join(&format!(",{space}")))),
    ]
    .boxed()
}

fn space() -> impl Strategy<Value = String> {
    proptest::sample::select(vec!["", " ", "\n  ", "\t", "\r\n"]).prop_map(str::to_owned)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_source_is_there_again_once_the_secret_is_put_back(
        before in value(2), after in value(2), gap in space(), secret in "[a-z]{3}[0-9]{3}[A-Za-z0-9]{6,20}",
        key in proptest::sample::select(vec!["token", "apiKey", "password", "client_secret"]),
        prose in proptest::sample::select(vec![("", ""), ("Send this: ", " and wait."), ("```json\n", "\n```\n"), (" \n", "\n")]),
        coats in 0_usize..3,
    ) {
        let mut text = format!("{{{gap}\"a\":{before},\"{key}\"{gap}:{gap}\"{secret}\",\"z\":{gap}{after}}}");
        text = format!("{}{text}{}", prose.0, prose.1);
        for _ in 0..coats {
            text = json!({"note": text, "n": [1, "x"]}).to_string();
        }
        let left = redacted(json!({"template": text})).0["template"].as_str().unwrap().to_owned();
        prop_assert_eq!(left.replacen(PLACEHOLDER, &secret, 1), text.clone(), "{}", left);
        prop_assert!(!left.contains(&secret), "{}", left);
    }
}
