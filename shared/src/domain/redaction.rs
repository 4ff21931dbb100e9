//! Secrets never travel: what looks like a credential is taken out of a captured document, and its place is recorded.
//!
//! Two kinds of rule. A rule of place removes by where a value stands: the path of a webhook URL, webhook headers and
//! payload values, a field called `apiKey`. A rule of form removes by what a value looks like, in any text.

use std::sync::LazyLock;

use regex::{Captures, Regex};
use serde_json::Value;
use url::Url;

use super::{Document, ItemKind, pointer};

/// What stands where a secret stood.
pub const PLACEHOLDER: &str = "[removed secret]";

/// Takes every secret out of `document` and gives the JSON pointers of the values that changed, in document order.
pub fn redact(kind: ItemKind, document: &mut Document) -> Vec<String> {
    let mut redactor = Redactor { kind, pointer: String::new(), removed: Vec::new() };
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
    /// Directly under something that describes a webhook.
    Webhook,
    /// Under webhook headers or a webhook payload: every value goes.
    WebhookValues,
    /// A webhook's URL: scheme and host stay.
    WebhookUrl,
    /// Under a name that says "secret".
    Named,
}

struct Redactor {
    kind: ItemKind,
    pointer: String,
    removed: Vec<String>,
}

impl Redactor {
    fn field(&mut self, key: &str, value: &mut Value, around: Place) {
        let place = place_of(self.kind, key, around);
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
            Value::Number(_) | Value::Bool(_) if place == Place::WebhookValues => {
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

/// The rules of place. Only automations call webhooks; a field named like a secret is one in any kind of item.
fn place_of(kind: ItemKind, key: &str, around: Place) -> Place {
    if around == Place::WebhookValues || around == Place::Named {
        return around;
    }
    let words = words(key);
    let has = |names: &[&str]| words.iter().any(|word| names.contains(&word.as_str()));
    if kind == ItemKind::Automation {
        let in_webhook = around == Place::Webhook || has(&["webhook", "webhooks"]);
        if has(&["header", "headers"]) || (in_webhook && has(&["payload", "body", "query", "params", "auth"])) {
            return Place::WebhookValues;
        }
        if in_webhook && has(&["url", "uri", "endpoint"]) {
            return Place::WebhookUrl;
        }
        // `sendToWebhook` is a switch in some setups, the URL itself in others, an object in yet others.
        if has(&["webhook", "webhooks"]) && !has(&["method", "name", "description", "type"]) {
            return Place::WebhookUrl;
        }
    }
    if names_a_secret(&words) { Place::Named } else { around }
}

/// The words of a field name in camelCase, snake_case or kebab-case, in lower case.
fn words(key: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut after_lower = false;
    for character in key.chars() {
        if !character.is_alphanumeric() || (character.is_uppercase() && after_lower) {
            words.push(String::new());
        }
        if character.is_alphanumeric() {
            words.last_mut().into_iter().for_each(|word| word.extend(character.to_lowercase()));
        }
        after_lower = character.is_lowercase() || character.is_numeric();
    }
    words.retain(|word| !word.is_empty());
    words
}

fn names_a_secret(words: &[String]) -> bool {
    let last_two: String = words.iter().rev().take(2).rev().map(String::as_str).collect();
    let last = words.last().map(String::as_str).unwrap_or_default();
    [
        "password",
        "passwd",
        "passphrase",
        "pwd",
        "secret",
        "token",
        "authorization",
        "credential",
        "credentials",
        "apikey",
    ]
    .contains(&last)
        || ["apikey", "accesskey", "privatekey", "secretkey", "signingkey", "authkey"].contains(&last_two.as_str())
}

/// What is left of a text at this place; `None` when nothing had to go.
fn clean(text: &str, place: Place) -> Option<String> {
    match place {
        Place::WebhookValues => replaced_whole(text),
        Place::Named if !is_merge_tag(text) => replaced_whole(text),
        Place::WebhookUrl if looks_like_url(text) => {
            let cleaned = scheme_and_host(text);
            (cleaned != text).then_some(cleaned)
        }
        _ => clean_form(text),
    }
}

fn replaced_whole(text: &str) -> Option<String> {
    (!text.is_empty() && text != PLACEHOLDER).then(|| PLACEHOLDER.to_owned())
}

/// A text that is nothing but one `{{placeholder}}` is filled in when a message is sent; it holds no secret itself.
fn is_merge_tag(text: &str) -> bool {
    text.trim()
        .strip_prefix("{{")
        .and_then(|rest| rest.strip_suffix("}}"))
        .is_some_and(|name| !name.contains(['{', '}']))
}

fn looks_like_url(text: &str) -> bool {
    text.contains("://") || text.contains('/') || text.contains('?')
}

fn scheme_and_host(text: &str) -> String {
    match Url::parse(text.trim()) {
        Ok(url) => match url.host_str() {
            Some(host) => format!("{}://{host}", url.scheme()),
            None => PLACEHOLDER.to_owned(),
        },
        Err(_) => PLACEHOLDER.to_owned(),
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

    fn redacted(kind: ItemKind, document: Value) -> (Value, Vec<String>) {
        let mut document: Document = serde_json::from_value(document).unwrap();
        let removed = redact(kind, &mut document);
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
            let (document, removed) = redacted(ItemKind::Automation, json!({"actions": {"webhookUrl": url}}));
            assert_eq!(document, json!({"actions": {"webhookUrl": left}}));
            assert_eq!(removed.len(), usize::from(url != left), "{url}");
        }
    }

    #[test]
    fn webhook_headers_and_payload_values_are_replaced_at_any_depth() {
        let (document, removed) = redacted(
            ItemKind::Automation,
            json!({"actions": {
                "sendToWebhook": true, "webhookMethod": "POST",
                "webhookHeaders": {"Authorization": "abc", "X-A/B": "1"},
                "webhookPayload": {"a": {"b": ["x", 7, true, null, ""]}}
            }}),
        );
        let gone = PLACEHOLDER;
        assert_eq!(
            document,
            json!({"actions": {
                "sendToWebhook": true, "webhookMethod": "POST",
                "webhookHeaders": {"Authorization": gone, "X-A/B": gone},
                "webhookPayload": {"a": {"b": [gone, gone, gone, null, ""]}}
            }})
        );
        assert_eq!(removed.len(), 5);
        assert!(removed.contains(&"/actions/webhookHeaders/X-A~1B".to_owned()), "{removed:?}");
    }

    #[test]
    fn a_field_named_like_a_secret_is_replaced_in_any_item() {
        for key in ["apiKey", "api_key", "X-Api-Key", "clientSecret", "accessToken", "password", "authorization"] {
            let (document, removed) = redacted(ItemKind::Prompt, json!({"tools": [{key: "abc"}]}));
            assert_eq!(document["tools"][0][key], PLACEHOLDER, "{key}");
            assert_eq!(removed, [format!("/tools/0/{key}")]);
        }
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
            let (document, removed) = redacted(ItemKind::Template, json!({"template": text}));
            assert_eq!(document["template"], left);
            assert_eq!(removed, ["/template"]);
        }
    }

    #[test]
    fn ordinary_texts_and_merge_tags_stay_as_they_are() {
        let ordinary = json!({
            "name": "Bearer of good news", "template": "Hi {{firstName}}, your token of appreciation: {{token}}",
            "maxTokens": 500, "description": "The secret: listening. Password: required", "token": "{{leadToken}}",
            "link": "https://acme.example/book?slot={{slot}}&key={{key}}"
        });
        assert_eq!(redacted(ItemKind::Template, ordinary.clone()), (ordinary, vec![]));
    }

    #[test]
    fn redacting_twice_removes_nothing_more() {
        let (once, _) = redacted(
            ItemKind::Automation,
            json!({"actions": {"webhookUrl": "https://h.example/x", "webhookHeaders": {"a": "b"}, "note": "Bearer abc123def456"}}),
        );
        assert_eq!(redacted(ItemKind::Automation, once.clone()), (once, vec![]));
    }
}
