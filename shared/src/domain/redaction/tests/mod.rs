//! Each rule by itself; canaries, the undamaged corpus and properties stand in modules of their own.

#[expect(unreachable_pub, dead_code, reason = "the package `tests` includes this file, too")]
mod canaries;
mod corpus;
mod harmless;
mod planted;
mod properties;
mod spans;
mod table;

use serde_json::{Value, json};

use super::*;

fn redacted(document: Value) -> (Value, Vec<String>) {
    let mut document: Document = serde_json::from_value(document).unwrap();
    let removed = redact(&mut document);
    (document.as_value().clone(), removed)
}

#[test]
fn a_webhook_keeps_scheme_and_host_only() {
    for (url, left) in [
        ("https://hooks.example.com/T0/B1/c2VjcmV0", "https://hooks.example.com"),
        ("https://user:pw@hooks.example.com:8443/x?y#z", "https://hooks.example.com"),
        ("https://hooks.example.com", "https://hooks.example.com"),
        ("hooks.example.com/T0/B1", PLACEHOLDER),
    ] {
        let (document, removed) = redacted(json!({"actions": {"webhookUrl": url}}));
        assert_eq!(document, json!({"actions": {"webhookUrl": left}}));
        assert_eq!(removed.len(), usize::from(url != left), "{url}");
    }
}

#[test]
fn webhook_headers_and_payload_values_are_replaced_at_any_depth() {
    let (document, removed) = redacted(json!({"actions": {
        "sendToWebhook": true, "webhookMethod": "POST",
        "webhookHeaders": {"Authorization": "abc", "X-A/B": "1"},
        "webhookPayload": {"a": {"b": ["x", 7, true, null, ""]}}
    }}));
    let gone = PLACEHOLDER;
    assert_eq!(
        document,
        json!({"actions": {
            "sendToWebhook": true, "webhookMethod": "POST",
            "webhookHeaders": {"Authorization": gone, "X-A/B": gone},
            "webhookPayload": {"a": {"b": [gone, gone, true, null, ""]}}
        }})
    );
    assert_eq!(removed.len(), 4);
    assert!(removed.contains(&"/actions/webhookHeaders/X-A~1B".to_owned()), "{removed:?}");
}

#[test]
fn a_field_named_like_a_secret_is_replaced_in_any_item() {
    for key in ["apiKey", "api_key", "X-Api-Key", "clientSecret", "accessToken", "password", "authorization", "tokens"]
    {
        let (document, removed) = redacted(json!({"tools": [{key: "abc"}]}));
        assert_eq!(document["tools"][0][key], PLACEHOLDER, "{key}");
        assert_eq!(removed, [format!("/tools/0/{key}")]);
    }
}

#[test]
fn within_a_webhook_everything_goes_that_is_not_known_to_be_plain() {
    for (field, value, left) in [
        ("webhookSecret", json!("abc"), json!(PLACEHOLDER)),
        ("webhookKey", json!("abc"), json!(PLACEHOLDER)),
        ("webhook_token", json!(123), json!(PLACEHOLDER)),
        ("webhookurl", json!("https://h.example/s"), json!("https://h.example")),
        ("hookUrl", json!("https://h.example/s"), json!("https://h.example")),
        ("callbackUrl", json!("https://h.example/s?t=1"), json!("https://h.example")),
        ("webhookUrl", json!("S3CR3T"), json!(PLACEHOLDER)),
        ("webhookUrl", json!("https:\\\\h.example\\s"), json!("https://h.example")),
        ("webhookUrl", json!("ftp://u:p@h.example/s"), json!(PLACEHOLDER)),
        ("sendToWebhook", json!("https://h.example/s"), json!("https://h.example")),
        (
            "webhook",
            json!({"url": "https://h.example/s", "path": "/s", "data": {"a": "b"}, "method": "POST"}),
            json!({"url": "https://h.example", "path": PLACEHOLDER, "data": {"a": PLACEHOLDER}, "method": "POST"}),
        ),
    ] {
        let (document, removed) = redacted(json!({"actions": {field: value}}));
        assert_eq!(document["actions"][field], left, "{field}");
        assert!(!removed.is_empty());
    }
    let plain = json!({"actions": {"sendToWebhook": true, "webhookMethod": "POST", "webhookUrl": ""}});
    assert_eq!(redacted(plain.clone()), (plain, vec![]));
}

#[test]
fn credentials_are_taken_out_of_running_text() {
    for (text, left) in [
        ("Call with Bearer abc123def456 please", "Call with Bearer [removed secret] please"),
        ("key AKIAIOSFODNN7EXAMPLE.", "key [removed secret]."),
        ("see https://a:b1@x.example/p", "see https://[removed secret]@x.example/p"),
        ("https://x.example/?id=4&api_key=zzz&b=1", "https://x.example/?id=4&api_key=[removed secret]&b=1"),
        ("password: hunter22", "password: [removed secret]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY----- end", "[removed secret] end"),
    ] {
        let (document, removed) = redacted(json!({"template": text}));
        assert_eq!(document["template"], left);
        assert_eq!(removed, ["/template"]);
    }
}

#[test]
fn ordinary_texts_and_merge_tags_stay_as_they_are() {
    let ordinary = json!({
        "name": "Bearer of good news", "template": "Hi {{firstName}}, your token of appreciation: {{token}}",
        "maxTokens": 500, "description": "The secret: listening. Password: required", "token": "{{leadToken}}",
        "link": "https://acme.example/book?slot={{slot}}&key={{key}}", "header": "Welcome!", "hook": "Did you know?",
        "callbackTime": "after 2 pm"
    });
    assert_eq!(redacted(ordinary.clone()), (ordinary, vec![]));
}

#[test]
fn redacting_twice_removes_nothing_more() {
    let (once, _) = redacted(
        json!({"actions": {"webhookUrl": "https://h.example/x", "webhookHeaders": {"a": "b"}, "note": "Bearer abc123def456"}}),
    );
    assert_eq!(redacted(once.clone()), (once, vec![]));
}

#[test]
fn no_canary_survives_in_any_form_and_place() {
    let canaries = canaries::plant(None);
    let survived: Vec<String> = canaries
        .iter()
        .filter_map(|canary| {
            let mut document: Document = serde_json::from_value(canary.document.clone()).unwrap();
            let removed = redact(&mut document);
            let left = format!("{} {removed:?}", document.as_value()).to_lowercase();
            let is_left = canary.needles.iter().any(|needle| left.contains(&needle.to_lowercase()));
            let is_listed =
                !removed.is_empty() && removed.iter().all(|place| document.as_value().pointer(place).is_some());
            (is_left || !is_listed).then(|| format!("{}: {left}", canary.label))
        })
        .collect();
    let shown = survived.join("\n");
    println!("{} canaries planted, {} survived", canaries.len(), survived.len());
    assert!(survived.is_empty(), "{} of {} canaries survived:\n{shown}", survived.len(), canaries.len());
}

#[test]
fn a_text_is_searched_a_bounded_number_of_times_whatever_is_in_it() {
    let picture = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAA";
    for (piece, passes) in [
        ("Hi {{firstName}}, the key point is simple: see https://acme.example/?a=1&b=2. ", 1),
        ("word", 1),
        (picture, 1),
        ("token: ", 2),
        ("token:", 2),
        ("password is ", 2),
        ("password: hunter22, ", 3),
        ("https://", 1),
        ("%20", 2),
        ("a=", 1),
        ("<token>", 1),
        ("SGkge3tmaXJzdE5hbWV9fSwgdGhpcyBpcyBhIHBsYWluIG5vdGUu ", 2),
        (PLACEHOLDER, 0),
    ] {
        let effort = |bytes: usize| {
            let text = piece.repeat(bytes / piece.len());
            let mut document: Document = serde_json::from_value(json!({"template": text})).unwrap();
            let work = Work::unlimited();
            redact_within(&mut document, &mut Allowance::UNLIMITED.clone(), &work).unwrap();
            usize::try_from(work.done()).unwrap()
        };
        let (once, twice) = (effort(40_000), effort(80_000));
        // Half a pass more for what is searched again from its value on.
        let limit = (2 * passes + 1) * forms::count() * 40_000 / 2;
        assert!(once <= limit, "{piece}: {once} bytes of {limit}");
        assert!(twice <= 2 * once + 5_000, "{piece}: {once} bytes, then {twice}");
    }
}

#[test]
fn a_text_of_the_largest_item_is_cleaned_from_end_to_end() {
    let filler = "Hi {{firstName}}, thanks for your interest. ".repeat(390_000 / 44);
    let key = format!("sk_live_{}", "Fa7e".repeat(6));
    let text = format!("{key} {filler}{key}");
    let (document, removed) = redacted(json!({"template": text}));
    assert_eq!(document["template"], format!("{PLACEHOLDER} {filler}{PLACEHOLDER}"));
    assert_eq!(removed, ["/template"]);
}

#[test]
fn a_key_that_is_a_secret_is_replaced_and_two_that_become_alike_are_numbered() {
    let key = |letter: &str| format!("sk_live_{}", letter.repeat(20));
    let (document, removed) = redacted(json!({"map": {key("a"): 1, key("b"): {"c": 2}, "plain": 3}}));
    let numbered = format!("{PLACEHOLDER} 2");
    assert_eq!(document, json!({"map": {PLACEHOLDER: 1, &numbered: {"c": 2}, "plain": 3}}));
    assert_eq!(removed, [format!("/map/{PLACEHOLDER}"), format!("/map/{numbered}")]);
    assert_eq!(redacted(document.clone()), (document, vec![]));
}

#[test]
fn coats_are_taken_off_up_to_a_limit_and_never_too_deep() {
    let wrap = |text: String| json!({"note": text}).to_string();
    let mut text = "the webhook of acme".to_owned();
    for _ in 0..40 {
        text = wrap(text).chars().take(300_000).collect();
    }
    assert_eq!(redacted(json!({"config": &text})).1, Vec::<String>::new());
    let brackets = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(redacted(json!({"config": brackets})).1, Vec::<String>::new());
    // The coats that are taken off, and one more: there the form alone decides, through all the escapes.
    let password = |value: &str| json!({"password": value}).to_string();
    for (coats, left) in [(text::LAYERS - 1, true), (text::LAYERS, true), (text::LAYERS + 1, true)] {
        let nested = (0..coats).fold(password("Fake-Pass-4711"), |text, _| wrap(text));
        let (document, removed) = redacted(json!({"config": nested}));
        assert_eq!(!document.to_string().contains("Fake-Pass-4711"), left, "{coats}");
        assert_eq!(removed, ["/config"]);
    }
}

#[test]
fn a_parameter_of_a_tool_may_be_called_a_secret_but_may_not_bring_one() {
    let schema = json!({"properties": {"apiKey": {"type": "string", "description": "The key of the CRM"}}});
    assert_eq!(redacted(schema.clone()), (schema, vec![]));
    let (document, removed) = redacted(json!({"properties": {"apiKey": {"type": "string", "default": "abc"}}}));
    assert_eq!(document["properties"]["apiKey"]["default"], PLACEHOLDER);
    assert!(removed.contains(&"/properties/apiKey/default".to_owned()));
}
