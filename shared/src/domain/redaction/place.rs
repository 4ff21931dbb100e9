//! Rules of place: what a value is by where it stands.

use super::edit::Substitute;
use super::fields::{
    ADDRESS_ENDINGS, BOUND, NAMING_FIELDS, OPEN_HEADERS, OTHER_ADDRESS_ENDINGS, PLAIN_PARTS, STEP_PARTS, VALUE_FIELDS,
    WEBHOOK_PARTS, WEBHOOK_PLAIN,
};
use super::looks::{is_coded, is_record_id};
use super::names::{SecretHint, collapsed, hint, is_named_like_a_secret, is_pass, is_pin, is_user, words};
use super::shape::{JsonShape, View};
use super::stand_in::{SCHEMES, is_merge_tags, stands_in};
use super::value_place::ValuePlace;
use super::{PLACEHOLDER, credible, webhook};
use crate::domain::{OverBudget, Work};

/// Where the values of an object stand that stands at `around`.
pub(super) fn of_fields<S: JsonShape>(fields: &[(&str, &S)], around: ValuePlace) -> Vec<ValuePlace> {
    let beside = named_beside(fields);
    let siblings = Siblings::of(fields);
    let place = |(key, value): &(&str, &S)| match beside {
        Some(place) if VALUE_FIELDS.contains(key) && around != ValuePlace::Payload => place_beside(key, place),
        _ => place_of(key, *value, around.inside(), &siblings),
    };
    fields.iter().map(place).collect()
}

/// Where the values of a list stand that stands at `around`: the second of a pair whose first names it, as in lists of headers.
pub(super) fn of_elements<S: JsonShape>(values: &[&S], around: ValuePlace) -> Vec<ValuePlace> {
    let text = |index: usize| match values.get(index).map(|value| value.view()) {
        Some(View::Text(text))
            if text.len() <= 64 && text.split(' ').count() <= 3 && text.chars().all(is_of_a_name) =>
        {
            Some(text)
        }
        _ => None,
    };
    let is_pairs = values.len().is_multiple_of(2) && values.len() <= 64;
    let named = |index: usize| match index.checked_sub(1).filter(|before| before % 2 == 0).and_then(text) {
        Some(name)
            if is_pairs
                && hint(name) >= SecretHint::Strong
                && matches!(around, ValuePlace::Ordinary | ValuePlace::Webhook) =>
        {
            if name.contains('-') {
                ValuePlace::Secret
            } else {
                ValuePlace::Labelled(hint(name))
            }
        }
        _ if around == ValuePlace::Parts
            && matches!(values.get(index).map(|value| value.view()), Some(View::Text(_))) =>
        {
            ValuePlace::Secret
        }
        _ => around,
    };
    (0..values.len()).map(named).collect()
}

fn is_of_a_name(c: char) -> bool {
    c.is_alphanumeric() || " _-.'’".contains(c)
}

/// What the other fields of an object say about one.
struct Siblings {
    has_user: bool,
    has_place: bool,
    is_key: bool,
}

impl Siblings {
    fn of<S: JsonShape>(fields: &[(&str, &S)]) -> Self {
        let has = |names: &[&str]| fields.iter().any(|(key, _)| names.contains(&collapsed(key).as_str()));
        Self {
            has_user: fields.iter().any(|(key, _)| is_user(key)),
            has_place: has(&[
                "city",
                "state",
                "country",
                "zip",
                "address",
                "street",
                "postalcode",
                "lat",
                "lng",
                "location",
                "meetingid",
                "meetingurl",
                "joinurl",
                "dialin",
                "conferenceid",
            ]),
            is_key: has(&["kty"]),
        }
    }
}

/// Where the value of `key` stands. Within a webhook everything goes that is not known to be plain.
fn place_of<S: JsonShape>(key: &str, value: &S, around: ValuePlace, siblings: &Siblings) -> ValuePlace {
    if matches!(around, ValuePlace::Payload | ValuePlace::Secret | ValuePlace::Labelled(_) | ValuePlace::Pin) {
        return around;
    }
    // What stands for a secret says nothing of the value beside it.
    let key = &key.replace(PLACEHOLDER, "");
    let (name, view) = (collapsed(key), value.view());
    match around {
        ValuePlace::Headers if OPEN_HEADERS.contains(&name.as_str()) => return ValuePlace::Ordinary,
        ValuePlace::Headers if hint(key) >= SecretHint::Weak || key.contains('-') => return ValuePlace::Secret,
        ValuePlace::Headers => return ValuePlace::Labelled(SecretHint::Strong),
        ValuePlace::Parts if PLAIN_PARTS.contains(&key.as_str()) => return ValuePlace::Ordinary,
        ValuePlace::Schema if matches!(key.as_str(), "default" | "example" | "examples" | "const" | "value") => {
            return ValuePlace::Secret;
        }
        // One of them may be the secret, or each says what kind of secret there is.
        ValuePlace::Schema if key == "enum" => return ValuePlace::Labelled(SecretHint::Strong),
        _ => {}
    }
    match secret_place(key, value, siblings) {
        Some(ValuePlace::Secret) if around == ValuePlace::Names => return ValuePlace::Labelled(hint(key)),
        Some(place) => return place,
        None => {}
    }
    if around == ValuePlace::Ordinary && names_names(key) && matches!(view, View::Object(_)) {
        return ValuePlace::Names;
    }
    if is_headers(&name) && matches!(view, View::Object(_)) {
        return if around == ValuePlace::Webhook || name.contains("webhook") {
            ValuePlace::Payload
        } else {
            ValuePlace::Headers
        };
    }
    if OTHER_ADDRESS_ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        return ValuePlace::WebhookUrl;
    }
    if name.contains("webhook") || around == ValuePlace::Webhook {
        return in_webhook(key, &name, value);
    }
    match around {
        ValuePlace::Ordinary | ValuePlace::Schema | ValuePlace::Names
            if hint(key) == SecretHint::Weak
                && matches!(view, View::Text(_) | View::Array(_))
                && is_of_texts(&view) =>
        {
            ValuePlace::Labelled(SecretHint::Weak)
        }
        ValuePlace::Parts => {
            if matches!(view, View::Object(_) | View::Array(_)) {
                ValuePlace::Parts
            } else {
                ValuePlace::Secret
            }
        }
        ValuePlace::Schema | ValuePlace::Tokens | ValuePlace::Names => ValuePlace::Ordinary,
        around => around,
    }
}

/// Where the value of `key` stands where its name says that it is a secret.
fn secret_place<S: JsonShape>(key: &str, value: &S, siblings: &Siblings) -> Option<ValuePlace> {
    const COUNTS: &[&str] = &[
        "max",
        "min",
        "total",
        "num",
        "number",
        "count",
        "prompt",
        "completion",
        "input",
        "output",
        "used",
        "limit",
        "budget",
        "avg",
        "cached",
        "reasoning",
        "stop",
        "special",
        "pad",
    ];
    let (name, hint, view) = (collapsed(key), hint(key), value.view());
    if siblings.is_key && matches!(key, "d" | "p" | "q" | "dp" | "dq" | "qi" | "k") {
        return Some(ValuePlace::Secret);
    }
    if is_pin(key) && !siblings.has_place && !matches!(view, View::Object(_)) {
        return Some(ValuePlace::Pin);
    }
    if name.ends_with("tokens") && !name.ends_with("apitokens") {
        let is_count = COUNTS.iter().any(|count| name.starts_with(count));
        return Some(if is_count { ValuePlace::Ordinary } else { ValuePlace::Tokens });
    }
    if hint < SecretHint::Strong {
        let is_password = siblings.has_user && is_pass(key) && matches!(view, View::Text(text) if !text.contains(' '));
        return match hint {
            _ if is_password && credible_text(&view) => Some(ValuePlace::Secret),
            _ => None,
        };
    }
    match view {
        View::Object(_) if is_schema(value) => Some(ValuePlace::Schema),
        View::Object(_) if is_step(key, value) => Some(ValuePlace::Ordinary),
        View::Object(_) => Some(ValuePlace::Parts),
        View::Array(values) if values.iter().all(|value| matches!(value.view(), View::Object(_))) => {
            Some(ValuePlace::Parts)
        }
        // A branch that is called "Secret" has a list of steps.
        View::Array(_) if is_title(key) || hint == SecretHint::Strong && name.ends_with('s') => {
            Some(ValuePlace::Labelled(hint))
        }
        View::Number if name.ends_with('s') => Some(ValuePlace::Ordinary),
        _ => Some(ValuePlace::Secret),
    }
}

fn is_title(key: &str) -> bool {
    key.contains(' ') || key.starts_with(char::is_uppercase) && key.contains(char::is_lowercase)
}

/// Whether a field gives other names to what it names: a map of fields, a mapping of columns.
fn names_names(name: &str) -> bool {
    const LAST: [&str; 8] = ["map", "mapping", "mappings", "maps", "aliases", "renames", "columns", "labels"];
    words(name).last().is_some_and(|last| LAST.contains(&last.as_str()))
}

fn is_of_texts<S: JsonShape>(view: &View<'_, S>) -> bool {
    match view {
        View::Text(_) => true,
        View::Array(values) => values.iter().all(|value| matches!(value.view(), View::Text(_))),
        _ => false,
    }
}

/// Whether a text can be the password beside a user: `auth` and `key` have other values, too.
fn credible_text<S>(view: &View<'_, S>) -> bool {
    matches!(view, View::Text(text) if credible::is_assigned_secret(SecretHint::Password, text))
}

/// Whether a field holds the headers of a request, and not those of a table or a page.
fn is_headers(name: &str) -> bool {
    name.ends_with("headers")
        && !["tableheaders", "columnheaders", "csvheaders", "sectionheaders", "pageheaders"].contains(&name)
}

/// Where the value of `key` stands, which belongs to a webhook.
fn in_webhook<S: JsonShape>(key: &str, name: &str, value: &S) -> ValuePlace {
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let is_bare =
        matches!(name.trim_end_matches(|c: char| c.is_ascii_digit()), "webhook" | "webhooks") || key.contains(' ');
    match value.view() {
        View::Object(fields) if is_bare => {
            let is_webhook =
                fields.iter().any(|(key, _)| WEBHOOK_PARTS.iter().any(|part| collapsed(key).ends_with(part)));
            if is_webhook && !is_step(key, value) { ValuePlace::Webhook } else { ValuePlace::Ordinary }
        }
        View::Text(text) if is_bare && !text.contains(|c: char| c.is_ascii_digit() || "./:".contains(c)) => {
            ValuePlace::Ordinary
        }
        _ if key.contains(' ') => ValuePlace::Ordinary,
        _ if ends(WEBHOOK_PLAIN) => ValuePlace::Ordinary,
        // `sendToWebhook` is a switch in some setups, the URL itself in others, an object in yet others.
        _ if ends(&ADDRESS_ENDINGS) => ValuePlace::WebhookUrl,
        View::Text(text) if name.ends_with("webhookid") && is_record_id(text) && !text.contains('-') => {
            ValuePlace::Ordinary
        }
        View::Number if name.ends_with("id") => ValuePlace::Ordinary,
        _ => ValuePlace::Payload,
    }
}

/// Whether the object `value` is a step of a flow that is called `key`, and none that holds a secret.
fn is_step<S: JsonShape>(key: &str, value: &S) -> bool {
    let View::Object(fields) = value.view() else { return false };
    let is_title = key.contains(' ') || key.starts_with(char::is_uppercase);
    let has_title = fields.iter().any(|(field, _)| matches!(*field, "title" | "subject"));
    let goes_on = fields.iter().any(|(field, _)| matches!(*field, "goto" | "next" | "then" | "else" | "transitions"));
    goes_on || (is_title || has_title) && fields.iter().any(|(key, _)| STEP_PARTS.contains(key))
}

/// Whether `value` describes a secret as a tool's parameter (JSON Schema).
fn is_schema<S: JsonShape>(value: &S) -> bool {
    const TYPES: [&str; 7] = ["string", "number", "integer", "boolean", "object", "array", "null"];
    let View::Object(fields) = value.view() else { return false };
    let is_type = |value: &S| matches!(value.view(), View::Text(name) if TYPES.contains(&name));
    fields.iter().any(|(field, value)| match *field {
        "type" => match value.view() {
            View::Array(types) => !types.is_empty() && types.into_iter().all(is_type),
            _ => is_type(value),
        },
        "$ref" | "anyOf" | "oneOf" | "allOf" | "enum" => true,
        _ => false,
    })
}

/// Where the values beside a name stand that says "secret".
fn named_beside<S: JsonShape>(fields: &[(&str, &S)]) -> Option<ValuePlace> {
    let says = |(field, value): &(&str, &S)| {
        let View::Text(name) = value.view() else { return None };
        let hint = if is_pin(name) { SecretHint::Password } else { hint(name) };
        let is_name = NAMING_FIELDS.contains(field)
            && name.len() <= 64
            && hint >= SecretHint::Weak
            && !name.contains(['.', '?', '!']);
        // A name of several words is a caption, such as "Forgot password"; what it is beside has to look like a secret.
        let is_bound =
            BOUND.0.contains(field) && hint >= SecretHint::Strong && !name.trim().contains(char::is_whitespace);
        is_name.then_some(if is_bound { ValuePlace::Secret } else { ValuePlace::Labelled(hint) })
    };
    let places: Vec<ValuePlace> = fields.iter().filter_map(says).collect();
    places.iter().find(|place| **place == ValuePlace::Secret).or(places.first()).copied()
}

/// The place of one of the values beside a name.
fn place_beside(key: &str, place: ValuePlace) -> ValuePlace {
    match place {
        ValuePlace::Secret if !BOUND.1.contains(&key) => ValuePlace::Labelled(SecretHint::Strong),
        // A text may be what a step says.
        ValuePlace::Secret if key == "content" => ValuePlace::Labelled(SecretHint::Password),
        place => place,
    }
}

/// What the rules of place decide of a text.
pub(super) enum PlaceDecision {
    Stays,
    /// As a whole.
    Goes(Substitute),
    /// Nothing: the rules of form search it.
    Searched,
}

/// Decides whether a text at `place` goes.
pub(super) fn decide(value: &str, place: ValuePlace, work: &Work) -> Result<PlaceDecision, OverBudget> {
    let goes = match place {
        _ if value.is_empty() || value == PLACEHOLDER => return Ok(PlaceDecision::Stays),
        // Filled in when a message is sent, so it holds no secret itself.
        _ if is_merge_tags(value) => false,
        ValuePlace::WebhookUrl => {
            work.spend(value.len())?;
            return Ok(match webhook::scheme_and_host(value, work)? {
                Some(address) if address == value => PlaceDecision::Stays,
                Some(address) => PlaceDecision::Goes(Substitute::Address(address)),
                None => PlaceDecision::Goes(Substitute::Placeholder),
            });
        }
        ValuePlace::Payload => true,
        ValuePlace::Secret => !stands_in(value) && !is_caption(value),
        ValuePlace::Tokens => {
            !stands_in(value) && !is_caption(value) && value.contains(char::is_alphabetic) && !value.starts_with("max")
        }
        ValuePlace::Labelled(hint) => is_labelled_secret(hint, value),
        ValuePlace::Pin => (3..=8).contains(&value.len()) && value.chars().all(|c| c.is_ascii_digit()),
        ValuePlace::Ordinary
        | ValuePlace::Webhook
        | ValuePlace::Headers
        | ValuePlace::Parts
        | ValuePlace::Schema
        | ValuePlace::Names => false,
    };
    Ok(if goes { PlaceDecision::Goes(Substitute::Placeholder) } else { PlaceDecision::Searched })
}

/// Whether a text beside a label is what the label says. Several words are a sentence.
fn is_labelled_secret(hint: SecretHint, value: &str) -> bool {
    let value = value.trim();
    !value.contains(char::is_whitespace) && credible::is_named_secret(hint, value)
        || hint == SecretHint::Password && (3..=8).contains(&value.len()) && value.chars().all(|c| c.is_ascii_digit())
}

/// Whether a text in the place of a secret is a sentence: "Enter your password", "We use cookies". A phrase of small words may
/// be a password.
fn is_caption(value: &str) -> bool {
    let words = || value.split_whitespace().filter(|word| word.contains(char::is_alphanumeric));
    let speaks = || words().any(|word| hint(word) >= SecretHint::Weak || is_named_like_a_secret(word));
    let is_sentence = || value.starts_with(char::is_uppercase) || value.ends_with(['.', '?', '!', ':', '…']);
    let is_header =
        || words().count() == 2 && words().next().is_some_and(|word| SCHEMES.contains(&word.to_lowercase().as_str()));
    words().count() > 1 && !is_header() && (is_sentence() || speaks()) && !words().any(is_coded)
}
