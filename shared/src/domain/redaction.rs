//! Secrets never travel: what looks like a credential is taken out of a captured document, and its place is recorded.
//!
//! Two kinds of rule. A rule of place removes by where a value stands: the path of a webhook URL, webhook headers and
//! payload values, a field called `apiKey`. A rule of form removes by what a value looks like, in any text.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;
use url::Url;

use super::{Document, pointer};

/// What stands where a secret stood.
pub const PLACEHOLDER: &str = "[removed secret]";

/// Takes every secret out of `document` and gives the JSON pointers of the values that changed, in document order.
pub fn redact(document: &mut Document) -> Vec<String> {
    let mut redactor = Redactor { pointer: String::new(), removed: Vec::new() };
    if let Some(fields) = document.fields_mut() {
        for (key, value) in fields {
            redactor.field(key, value, Place::Ordinary);
        }
    }
    redactor.removed
}

/// Where a value stands, as far as the rules of place care.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// Nowhere special.
    Ordinary,
    /// Within an object that describes a webhook.
    Webhook,
    /// A webhook's URL: scheme and host stay.
    WebhookUrl,
    /// Webhook headers, a webhook payload, or a field whose name says "secret": every text and number goes.
    Secret,
    /// A field called `…tokens`: texts go, but a number is a count of tokens.
    Tokens,
}

struct Redactor {
    pointer: String,
    removed: Vec<String>,
}

impl Redactor {
    fn field(&mut self, key: &str, value: &mut Value, around: Place) {
        let place = place_of(key, value, around);
        self.at(key, |redactor| redactor.value(value, place));
    }

    fn value(&mut self, value: &mut Value, place: Place) {
        match value {
            Value::Object(fields) => {
                let around = if place == Place::WebhookUrl { Place::Webhook } else { place };
                for (key, value) in fields {
                    self.field(key, value, around);
                }
            }
            Value::Array(values) => {
                for (index, value) in values.iter_mut().enumerate() {
                    self.at(&index.to_string(), |redactor| redactor.value(value, place));
                }
            }
            Value::String(text) => {
                if let Some(cleaned) = clean(text, place) {
                    *text = cleaned;
                    self.removed.push(self.pointer.clone());
                }
            }
            Value::Number(_) if place == Place::Secret => {
                *value = Value::String(PLACEHOLDER.to_owned());
                self.removed.push(self.pointer.clone());
            }
            Value::Number(_) | Value::Bool(_) | Value::Null => {}
        }
    }

    fn at(&mut self, segment: &str, visit: impl FnOnce(&mut Self)) {
        let length = self.pointer.len();
        pointer::push(&mut self.pointer, segment);
        visit(self);
        self.pointer.truncate(length);
    }
}

/// How the name of a field ends that holds a secret, in lower case without separators.
const SECRET_ENDINGS: [&str; 16] = [
    "password",
    "passwords",
    "passwd",
    "passphrase",
    "pwd",
    "secret",
    "secrets",
    "token",
    "authorization",
    "credential",
    "credentials",
    "apikey",
    "accesskey",
    "privatekey",
    "secretkey",
    "signingkey",
];
/// How the name of a field ends that describes a webhook and holds nothing secret.
const WEBHOOK_PLAIN: [&str; 8] = ["method", "name", "description", "type", "enabled", "event", "events", "format"];
/// How the name of a field ends that holds an address, within a webhook.
const ADDRESS_ENDINGS: [&str; 5] = ["url", "uri", "endpoint", "webhook", "webhooks"];
/// How the name of a field ends that holds the address of a webhook under another name. "Hook" and "callback" alone mean
/// other things in sales.
const OTHER_ADDRESS_ENDINGS: [&str; 4] = ["hookurl", "hookuri", "callbackurl", "callbackuri"];

/// The rules of place. Within a webhook everything goes that is not known to be plain.
fn place_of(key: &str, value: &Value, around: Place) -> Place {
    if around == Place::Secret {
        return Place::Secret;
    }
    let name: String = key.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if ends(&SECRET_ENDINGS) || (ends(&["headers"]) && value.is_object()) {
        return Place::Secret;
    }
    if ends(&["tokens"]) {
        return Place::Tokens;
    }
    if ends(&OTHER_ADDRESS_ENDINGS) {
        return Place::WebhookUrl;
    }
    if !name.contains("webhook") && around != Place::Webhook {
        return around;
    }
    if ends(&WEBHOOK_PLAIN) {
        Place::Ordinary
    } else if ends(&ADDRESS_ENDINGS) {
        // `sendToWebhook` is a switch in some setups, the URL itself in others, an object in yet others.
        Place::WebhookUrl
    } else {
        Place::Secret
    }
}

/// What is left of a text at this place; `None` when nothing had to go.
fn clean(text: &str, place: Place) -> Option<String> {
    match place {
        Place::Secret | Place::Tokens if text.is_empty() || is_merge_tag(text) => None,
        Place::Secret | Place::Tokens => Some(PLACEHOLDER.to_owned()),
        Place::WebhookUrl => Some(scheme_and_host(text)),
        Place::Ordinary | Place::Webhook => clean_form(text),
    }
    .filter(|cleaned| cleaned != text)
}

/// A text that is nothing but one `{{placeholder}}` is filled in when a message is sent; it holds no secret itself.
fn is_merge_tag(text: &str) -> bool {
    text.trim()
        .strip_prefix("{{")
        .and_then(|rest| rest.strip_suffix("}}"))
        .is_some_and(|name| !name.contains(['{', '}']))
}

/// The part of an absolute http or https URL that names no more than a host; the placeholder for any other text.
fn scheme_and_host(text: &str) -> String {
    match Url::parse(text.trim()) {
        _ if text.is_empty() => String::new(),
        Ok(url) if matches!(url.scheme(), "http" | "https") => match url.host_str() {
            Some(host) => format!("{}://{host}", url.scheme()),
            None => PLACEHOLDER.to_owned(),
        },
        _ => PLACEHOLDER.to_owned(),
    }
}

/// One rule of form: what the expression's group `secret` matches is replaced, where `credible` agrees.
struct Form {
    expression: Regex,
    credible: fn(&str) -> bool,
}

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    let always: fn(&str) -> bool = |_| true;
    [
        // A private key in PEM armour, also when the end is cut off.
        (r"(?s)(?<secret>-----BEGIN [A-Z0-9 ]*PRIVATE KEY.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\z))", always),
        // A JSON Web Token.
        (r"\b(?<secret>eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}(?:\.[A-Za-z0-9_-]*)?)", always),
        // The key formats that large services gave a prefix so that scanners find them.
        (
            r"\b(?<secret>(?:(?:sk|pk|rk)_(?:live|test)_[A-Za-z0-9]{8,}|sk-[A-Za-z0-9_-]{16,}|(?:AKIA|ASIA)[A-Z0-9]{16}|gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{20,}|xox[abeoprs]-[A-Za-z0-9-]{10,}|AIza[A-Za-z0-9_-]{30,}|ya29\.[A-Za-z0-9_-]{20,}|glpat-[A-Za-z0-9_-]{16,}|SG\.[A-Za-z0-9_-]{16,}\.[A-Za-z0-9_-]{16,}|npm_[A-Za-z0-9]{30,}|whsec_[A-Za-z0-9]{16,}|key-[0-9a-f]{32}))",
            always,
        ),
        // An Authorization value.
        (r"(?i)\b(?:bearer|basic)\s+(?<secret>[A-Za-z0-9._~+/=-]{8,})", looks_generated),
        // User and password in a URL.
        (r"\b[A-Za-z][A-Za-z0-9+.-]*://(?<secret>[^\s/@:{}]*:[^\s/@{}]+)@", always),
        // A query parameter that is named like a secret.
        (
            r#"(?i)[?&;](?:[a-z_-]*(?:key|token|secret|password|passwd|pwd|signature|sig|auth|credential))=(?<secret>[^&\s#"'<>{}]+)"#,
            always,
        ),
        // The path of an incoming webhook of a chat service is its password.
        (r"(?i)\bhttps://hooks\.slack\.com/(?<secret>[A-Za-z0-9/_-]+)", always),
        // "password: s3cr3t" in running text.
        (
            r#"(?i)\b(?:password|passwd|pwd|passphrase|secret|api[ _-]?key|access[ _-]?token|auth[ _-]?token|client[ _-]?secret)["']?\s*[:=]\s*["']?(?<secret>[^\s"',;<>{}]{6,})"#,
            looks_generated,
        ),
    ]
    .into_iter()
    .filter_map(|(pattern, credible)| Regex::new(pattern).ok().map(|expression| Form { expression, credible }))
    .collect()
});

/// Tells a key or password from a word of prose: letters together with digits, or very long.
fn looks_generated(text: &str) -> bool {
    let has = |class: fn(char) -> bool| text.chars().any(class);
    text.len() >= 20 || (has(|c| c.is_ascii_digit()) && has(|c| c.is_ascii_alphabetic()))
}

fn clean_form(text: &str) -> Option<String> {
    let mut cleaned = None::<String>;
    for form in FORMS.iter() {
        let current = cleaned.as_deref().unwrap_or(text);
        let replaced = form.expression.replace_all(current, |found: &Captures<'_>| {
            let whole = &found[0];
            match found.name("secret") {
                Some(secret) if (form.credible)(secret.as_str()) && secret.as_str() != PLACEHOLDER => {
                    let start = found.get(0).map_or(0, |whole| secret.start() - whole.start());
                    format!("{}{PLACEHOLDER}{}", &whole[..start], &whole[start + secret.len()..])
                }
                _ => whole.to_owned(),
            }
        });
        if replaced != current {
            cleaned = Some(replaced.into_owned());
        }
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn redacted(document: Value) -> (Value, Vec<String>) {
        let mut document: Document = serde_json::from_value(document).unwrap();
        let removed = redact(&mut document);
        (document.as_value().clone(), removed)
    }

    #[test]
    fn every_form_compiles() {
        assert_eq!(FORMS.len(), 8);
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
        for key in
            ["apiKey", "api_key", "X-Api-Key", "clientSecret", "accessToken", "password", "authorization", "tokens"]
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
}
