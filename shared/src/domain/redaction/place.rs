//! Rules of place: what a value is by where it stands.

use serde_json::{Map, Value};
use url::Url;

use super::names::{Naming, collapsed, naming};
use super::{PLACEHOLDER, credible, text};
use crate::domain::{OverBudget, Work};

/// Where a value stands, as far as these rules care.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
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
    /// A field called `…key` or the like: what looks made goes.
    Suspect,
}

/// How the name of a field ends that describes a webhook and holds nothing secret.
const WEBHOOK_PLAIN: [&str; 8] = ["method", "name", "description", "type", "enabled", "event", "events", "format"];
/// How the name of a field ends that holds an address, within a webhook.
const ADDRESS_ENDINGS: [&str; 5] = ["url", "uri", "endpoint", "webhook", "webhooks"];
/// How the name of a field ends that holds the address of a webhook under another name. "Hook" and "callback" alone mean
/// other things in sales.
const OTHER_ADDRESS_ENDINGS: [&str; 4] = ["hookurl", "hookuri", "callbackurl", "callbackuri"];
/// Fields that name what a field beside them holds: `{"name": "X-Api-Key", "value": "…"}`.
const NAMING_FIELDS: [&str; 7] = ["name", "key", "field", "header", "param", "parameter", "variable"];
/// Fields that hold what a field beside them names.
const VALUE_FIELDS: [&str; 4] = ["value", "val", "content", "default"];

/// Where the value of `key` stands. Within a webhook everything goes that is not known to be plain.
pub(super) fn place_of(key: &str, value: &Value, around: Place) -> Place {
    if around == Place::Secret {
        return Place::Secret;
    }
    // What stands for a secret says nothing of the value beside it.
    let key = &key.replace(PLACEHOLDER, "");
    let name = collapsed(key);
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if naming(key) >= Naming::Strong && is_schema(value) {
        return around;
    }
    if naming(key) >= Naming::Strong || (ends(&["headers"]) && value.is_object()) {
        return Place::Secret;
    }
    if ends(&["tokens"]) {
        return Place::Tokens;
    }
    if ends(&OTHER_ADDRESS_ENDINGS) {
        return Place::WebhookUrl;
    }
    if !name.contains("webhook") && around != Place::Webhook {
        return if naming(key) == Naming::Weak { Place::Suspect } else { around };
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

/// Whether `value` describes a secret as a tool's parameter (JSON Schema) and has none: neither a default nor an example.
fn is_schema(value: &Value) -> bool {
    const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "object", "array", "null"];
    const KEYWORDS: [&str; 8] =
        ["type", "title", "description", "format", "minLength", "maxLength", "nullable", "writeOnly"];
    let Value::Object(fields) = value else { return false };
    fields.get("type").and_then(Value::as_str).is_some_and(|name| TYPES.contains(&name))
        && fields.keys().all(|field| KEYWORDS.contains(&field.as_str()))
}

/// The field of `fields` that holds a secret because a field beside it says so.
pub(super) fn value_named_beside(fields: &Map<String, Value>) -> Option<&'static str> {
    let says_secret = |field: &str| {
        let name = fields.get(field).and_then(Value::as_str).unwrap_or_default();
        // A name of several words is a caption, such as "Forgot password".
        !name.trim().contains(char::is_whitespace) && naming(name) >= Naming::Strong
    };
    NAMING_FIELDS.into_iter().any(says_secret).then_some(())?;
    VALUE_FIELDS.into_iter().find(|field| fields.contains_key(*field))
}

/// What is left of a text at this place; `None` when nothing had to go.
pub(super) fn clean(value: &str, place: Place, layers: usize, work: &Work) -> Result<Option<String>, OverBudget> {
    let cleaned = match place {
        _ if value.is_empty() => None,
        // Filled in when a message is sent, so it holds no secret itself.
        _ if is_merge_tag(value) => text::clean(value, layers, work)?,
        Place::Secret | Place::Tokens => Some(PLACEHOLDER.to_owned()),
        Place::WebhookUrl => Some(scheme_and_host(value)),
        Place::Suspect if credible::is_assigned_secret(Naming::Weak, value) => Some(PLACEHOLDER.to_owned()),
        Place::Ordinary | Place::Webhook | Place::Suspect => text::clean(value, layers, work)?,
    };
    Ok(cleaned.filter(|cleaned| cleaned != value))
}

/// A text that is nothing but one `{{placeholder}}`.
fn is_merge_tag(text: &str) -> bool {
    text.trim()
        .strip_prefix("{{")
        .and_then(|rest| rest.strip_suffix("}}"))
        .is_some_and(|name| !name.contains(['{', '}']))
}

/// The part of an absolute http or https URL that names no more than a host; the placeholder for any other text.
fn scheme_and_host(text: &str) -> String {
    match Url::parse(text.trim()) {
        Ok(url) if matches!(url.scheme(), "http" | "https") => match url.host_str() {
            Some(host) => format!("{}://{host}", url.scheme()),
            None => PLACEHOLDER.to_owned(),
        },
        _ => PLACEHOLDER.to_owned(),
    }
}
