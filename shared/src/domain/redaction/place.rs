//! Rules of place: what a value is by where it stands.

use serde_json::Value;
use url::Url;

use super::names::{Naming, collapsed, naming};
use super::text::{Edit, With};
use super::{PLACEHOLDER, credible, text};
use crate::domain::{OverBudget, Work};

/// A value of a document, or of JSON that stands in a text.
pub(super) trait Shape: Sized {
    /// What it is.
    fn view(&self) -> View<'_, Self>;
}

/// What a value is.
pub(super) enum View<'a, S> {
    Object(Vec<(&'a str, &'a S)>),
    Array(Vec<&'a S>),
    Text(&'a str),
    Number,
    Other,
}

impl Shape for Value {
    fn view(&self) -> View<'_, Self> {
        match self {
            Self::Object(fields) => View::Object(fields.iter().map(|(key, value)| (key.as_str(), value)).collect()),
            Self::Array(values) => View::Array(values.iter().collect()),
            Self::String(text) => View::Text(text),
            Self::Number(_) => View::Number,
            Self::Bool(_) | Self::Null => View::Other,
        }
    }
}

/// Where a value stands, as far as these rules care.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere special.
    Ordinary,
    /// Within an object that describes a webhook.
    Webhook,
    /// A webhook's URL: scheme and host stay.
    WebhookUrl,
    /// Webhook headers and a webhook's payload: every text and number goes that is no merge tag.
    Payload,
    /// A field whose name says "secret": every text and number goes that does not stand for one.
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

impl Place {
    /// Whether a number goes as well.
    pub(super) fn takes_numbers(self) -> bool {
        matches!(self, Self::Payload | Self::Secret)
    }

    /// Where the values inside an object or a list stand, whatever their names.
    fn inside(self) -> Self {
        if self == Self::WebhookUrl { Self::Webhook } else { self }
    }
}

/// Where the values of an object stand that stands at `around`.
pub(super) fn of_fields<S: Shape>(fields: &[(&str, &S)], around: Place) -> Vec<Place> {
    let named_beside = value_named_beside(fields);
    let place = |(key, value): &(&str, &S)| match named_beside == Some(*key) {
        true => Place::Secret,
        false => place_of(key, *value, around.inside()),
    };
    fields.iter().map(place).collect()
}

/// Where the values of a list stand that stands at `around`.
pub(super) fn of_elements<S: Shape>(values: &[&S], around: Place) -> Vec<Place> {
    vec![around; values.len()]
}

/// Where the value of `key` stands. Within a webhook everything goes that is not known to be plain.
fn place_of<S: Shape>(key: &str, value: &S, around: Place) -> Place {
    if matches!(around, Place::Payload | Place::Secret) {
        return around;
    }
    // What stands for a secret says nothing of the value beside it.
    let key = &key.replace(PLACEHOLDER, "");
    let name = collapsed(key);
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    if naming(key) >= Naming::Strong && is_schema(value) {
        return around;
    }
    if naming(key) >= Naming::Strong {
        return Place::Secret;
    }
    if ends(&["headers"]) && matches!(value.view(), View::Object(_)) {
        return Place::Payload;
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
        Place::Payload
    }
}

/// Whether `value` describes a secret as a tool's parameter (JSON Schema) and has none: neither a default nor an example.
fn is_schema<S: Shape>(value: &S) -> bool {
    const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "object", "array", "null"];
    const KEYWORDS: [&str; 8] =
        ["type", "title", "description", "format", "minLength", "maxLength", "nullable", "writeOnly"];
    let View::Object(fields) = value.view() else { return false };
    let is_type = |value: &S| matches!(value.view(), View::Text(name) if TYPES.contains(&name));
    fields.iter().any(|(field, value)| *field == "type" && is_type(value))
        && fields.iter().all(|(field, _)| KEYWORDS.contains(field))
}

/// The field that holds a secret because a field beside it says so.
fn value_named_beside<S: Shape>(fields: &[(&str, &S)]) -> Option<&'static str> {
    let says_secret = |(field, value): &(&str, &S)| {
        let View::Text(name) = value.view() else { return false };
        // A name of several words is a caption, such as "Forgot password".
        NAMING_FIELDS.contains(field) && !name.trim().contains(char::is_whitespace) && naming(name) >= Naming::Strong
    };
    fields.iter().any(says_secret).then_some(())?;
    VALUE_FIELDS.into_iter().find(|name| fields.iter().any(|(field, _)| field == name))
}

/// What has to go of a text at this place.
pub(super) fn edits(value: &str, place: Place, layers: usize, work: &Work) -> Result<Vec<Edit>, OverBudget> {
    let whole = |with| Ok(vec![Edit { range: 0..value.len(), with }]);
    match place {
        _ if value.is_empty() || value == PLACEHOLDER => Ok(Vec::new()),
        // Filled in when a message is sent, so it holds no secret itself.
        _ if is_merge_tag(value) => text::edits(value, layers, work),
        Place::Secret if credible::is_stand_in(value) => text::edits(value, layers, work),
        Place::Payload | Place::Secret | Place::Tokens => whole(With::Placeholder),
        Place::WebhookUrl => match scheme_and_host(value) {
            Some(address) if address == value => Ok(Vec::new()),
            Some(address) => whole(With::Address(address)),
            None => whole(With::Placeholder),
        },
        Place::Suspect if credible::is_assigned_secret(Naming::Weak, value) => whole(With::Placeholder),
        Place::Ordinary | Place::Webhook | Place::Suspect => text::edits(value, layers, work),
    }
}

/// A text that is nothing but one `{{placeholder}}`.
fn is_merge_tag(text: &str) -> bool {
    text.trim()
        .strip_prefix("{{")
        .and_then(|rest| rest.strip_suffix("}}"))
        .is_some_and(|name| !name.contains(['{', '}']))
}

/// The part of an absolute http or https URL that names no more than a host; `None` of any other text.
fn scheme_and_host(text: &str) -> Option<String> {
    let url = Url::parse(text.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    Some(format!("{}://{}", url.scheme(), url.host_str()?))
}
