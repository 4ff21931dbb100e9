//! Rows about secrets.

use std::hint::black_box;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::domain::redaction::{Allowance, capability_links, redact_again, redact_within};

use super::shapes::{as_document, fields, prompt};
use super::{Row, Run, row, run};

pub(crate) const ROWS: &[Row] = &[
    row("keys that look like secrets", 150, |size| redacts(fields(size, |n| format!("sk_live_{n:024}"), &json!(1)))),
    row("keys that become alike, beside keys of the names that these would get", 150, |size| {
        let taken = (2..size).step_by(2).map(|n| (format!("[removed secret] {n}"), json!(1)));
        let keys = (0..size).map(|n| (format!("sk_live_{n:024}"), json!(1)));
        redacts(keys.chain(taken).collect())
    }),
    row("a webhook's payload", 400, |size| {
        redacts(json!({"webhookPayload": fields(size, |n| format!("f{n:06}"), &json!("v"))}))
    }),
    row("a webhook of a long host", 500, |size| {
        redacts(json!({"webhookUrl": format!("https://{}", "abc1.".repeat(size))}))
    }),
    row("webhooks", 100, |size| redacts(json!({"webhookUrl": vec!["https://hooks.example/x1y2z3"; size]}))),
    row("header pairs", 150, |size| {
        let pair = |n: usize| json!({"name": "X-Api-Key", "value": format!("k3y{n:012}")});
        redacts(json!({"headers": (0..size).map(pair).collect::<Value>()}))
    }),
    row("numbers below names of secrets", 400, |size| redacts(json!({"password": vec![123_456; size]}))),
    row("objects inside each other", 30, |size| {
        let deep = (0..30).fold(json!("x".repeat(100 * size)), |inner, _| json!({"token": inner}));
        redacts(deep)
    }),
    row("open brackets", 3_000, |size| texts("<", size)),
    row("open brackets of two", 1_500, |size| texts("{{", size)),
    row("brackets of JSON with open quotation marks", 1_000, |size| texts("{\"", size)),
    row("brackets, quotation marks and one end", 1_000, |size| text("{\"".repeat(size) + "}")),
    row("per cent signs", 1_500, |size| texts("%%", size)),
    row("square brackets", 2_000, |size| texts("[[ ", size)),
    row("underscores", 1_500, |size| texts("__", size)),
    row("open markup", 400, |size| texts("<token> ", size)),
    row("labels behind labels", 100, |size| texts("token: password: key ", size)),
    row("labels and values", 100, |size| texts("password: hunter22! ", size)),
    row("labels and words", 100, |size| texts("password: required. ", size)),
    row("parameters", 400, |size| text(format!("https://a.example/?{}", "&p=x1".repeat(size)))),
    row("schemes", 300, |size| texts("https://a:b@", size)),
    row("addresses with hooks", 80, |size| texts("https://a.example/hook/xxxxxxxx)", size)),
    row("a long host", 2_000, |size| redacts(json!({"webhookUrl": format!("https://{}.example/x", "a".repeat(size))}))),
    row("combining marks", 1_500, |size| text("a".to_owned() + &"\u{301}".repeat(size))),
    row("characters of no width", 800, |size| texts("p\u{200B}", size)),
    row("references of HTML", 500, |size| texts("&quot;&", size)),
    row("what looks like base64", 800, |size| texts("QUJDRA-/", size)),
    row("text in base64", 100, |size| text(STANDARD.encode("password: hunter22, plain words. ".repeat(size)))),
    row("percent-encoding", 600, |size| texts("%41%", size)),
    row("JSON, base64 and percent signs inside each other", 30, |size| {
        let inner = json!({"password": "hunter22", "text": "plain words ".repeat(size)}).to_string();
        text(json!({"a": [format!("x=%41{}", STANDARD.encode(inner))]}).to_string())
    }),
    row("JSON in a text", 100, |size| text(json!(vec![json!({"token": "k3y4567890", "n": 1}); size]).to_string())),
    row("a private key without an end", 100, |size| texts("-----BEGIN PRIVATE KEY-----", size)),
    row("tables", 150, |size| text("| User | Password |\n".to_owned() + &"| ops | Winter2026! |\n".repeat(size))),
    row("heads of tables", 150, |size| texts("name,password,city\n", size)),
    row("digits", 3_000, |size| texts("4", size)),
    row("card numbers", 200, |size| texts("4111 1111 1111 1111 ", size)),
    row("account numbers", 150, |size| texts("DE89 3704 0044 0532 0130 00 ", size)),
    row("cookies", 200, |size| texts("cookie: a=b3c4d5; ", size)),
    row("command lines", 100, |size| texts("curl -u ops:Winter2026 ", size)),
    row("share links", 100, |size| {
        let document = as_document(json!({"template": "https://zoom.us/j/81234567890?pwd=QmFzZTY0 ".repeat(size)}));
        run(40 * size, move |work| drop(black_box(capability_links(&document, work).unwrap())))
    }),
    row("earlier content", 100, |size| {
        let shape = prompt(json!({"template": "plain words, ".repeat(size)}));
        let mut content = shape.content();
        content.findings = 0;
        run(shape.bytes(), move |work| redact_again(&mut content, work).unwrap())
    }),
];

fn redacts(value: Value) -> Run {
    let input = value.to_string().len();
    let mut document = as_document(value);
    run(input, move |work| {
        black_box(redact_within(&mut document, &mut Allowance::UNLIMITED.clone(), work).unwrap());
    })
}

fn text(text: String) -> Run {
    redacts(json!({"template": text}))
}

fn texts(piece: &str, size: usize) -> Run {
    text(piece.repeat(size))
}
