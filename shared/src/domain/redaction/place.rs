//! Rules of place: what a value is by where it stands.

use super::fields::{
    ADDRESS_ENDINGS, BOUND, NAMING_FIELDS, OPEN_HEADERS, OTHER_ADDRESS_ENDINGS, PLAIN_PARTS, STEP_PARTS, VALUE_FIELDS,
    WEBHOOK_PARTS, WEBHOOK_PLAIN,
};
use super::names::{Naming, collapsed, is_named_like_a_secret, is_pass, is_pin, is_user, naming, words};
pub(super) use super::shape::{Shape, View, digits};
use super::stand_in::{SCHEMES, is_merge_tags, stands_in};
use super::text::{Edit, With};
use super::{PLACEHOLDER, credible, text, webhook};
use crate::domain::{OverBudget, Work};

/// Where a value stands, as far as these rules care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// Nowhere special.
    Ordinary,
    /// Within an object that describes a webhook.
    Webhook,
    /// A webhook's URL: scheme and host stay.
    WebhookUrl,
    /// Webhook headers and a webhook's payload: every text and number except merge tags is removed.
    Payload,
    /// The headers of another request: what says how to talk stays.
    Headers,
    /// A field whose name says "secret": every text and number goes that does not stand for one.
    Secret,
    /// Within an object whose name says "secret": what describes it stays.
    Parts,
    /// A field called `…tokens`: texts go, but a number is a count of tokens.
    Tokens,
    /// Beside a label that says "secret", or in a list of several: what is credible goes.
    Labelled(Naming),
    /// A field called `pin` or the like: a number of a few digits goes.
    Pin,
    /// A JSON Schema of a secret: a default or an example of it goes.
    Schema,
    /// Within an object that gives names to names, such as a map of fields: what is credible goes.
    Names,
}

impl Place {
    /// Whether a number of so many digits goes as well.
    pub(super) fn takes_number(self, digits: usize) -> bool {
        match self {
            Self::Payload => true,
            Self::Secret => digits > 2,
            Self::Pin => (3..=8).contains(&digits),
            Self::Labelled(naming) => naming == Naming::Password && digits >= 4,
            _ => false,
        }
    }

    /// Where the values inside an object or a list stand, whatever their names.
    fn inside(self) -> Self {
        if self == Self::WebhookUrl { Self::Webhook } else { self }
    }
}

/// Where the values of an object stand that stands at `around`.
pub(super) fn of_fields<S: Shape>(fields: &[(&str, &S)], around: Place) -> Vec<Place> {
    let beside = named_beside(fields);
    let siblings = Siblings::of(fields);
    let place = |(key, value): &(&str, &S)| match beside {
        Some(place) if VALUE_FIELDS.contains(key) && around != Place::Payload => place_beside(key, place),
        _ => place_of(key, *value, around.inside(), &siblings),
    };
    fields.iter().map(place).collect()
}

/// Where the values of a list stand that stands at `around`: the second of a pair whose first names it, as in lists of headers.
pub(super) fn of_elements<S: Shape>(values: &[&S], around: Place) -> Vec<Place> {
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
            if is_pairs && naming(name) >= Naming::Strong && matches!(around, Place::Ordinary | Place::Webhook) =>
        {
            if name.contains('-') {
                Place::Secret
            } else {
                Place::Labelled(naming(name))
            }
        }
        _ if around == Place::Parts && matches!(values.get(index).map(|value| value.view()), Some(View::Text(_))) => {
            Place::Secret
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
    fn of<S: Shape>(fields: &[(&str, &S)]) -> Self {
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
fn place_of<S: Shape>(key: &str, value: &S, around: Place, siblings: &Siblings) -> Place {
    if matches!(around, Place::Payload | Place::Secret | Place::Labelled(_) | Place::Pin) {
        return around;
    }
    // What stands for a secret says nothing of the value beside it.
    let key = &key.replace(PLACEHOLDER, "");
    let (name, view) = (collapsed(key), value.view());
    match around {
        Place::Headers if OPEN_HEADERS.contains(&name.as_str()) => return Place::Ordinary,
        Place::Headers if naming(key) >= Naming::Weak || key.contains('-') => return Place::Secret,
        Place::Headers => return Place::Labelled(Naming::Strong),
        Place::Parts if PLAIN_PARTS.contains(&key.as_str()) => return Place::Ordinary,
        Place::Schema if matches!(key.as_str(), "default" | "example" | "examples" | "const" | "value") => {
            return Place::Secret;
        }
        // One of them may be the secret, or each says what kind of secret there is.
        Place::Schema if key == "enum" => return Place::Labelled(Naming::Strong),
        _ => {}
    }
    match secret_place(key, value, siblings) {
        Some(Place::Secret) if around == Place::Names => return Place::Labelled(naming(key)),
        Some(place) => return place,
        None => {}
    }
    if around == Place::Ordinary && names_names(key) && matches!(view, View::Object(_)) {
        return Place::Names;
    }
    if is_headers(&name) && matches!(view, View::Object(_)) {
        return if around == Place::Webhook || name.contains("webhook") { Place::Payload } else { Place::Headers };
    }
    if OTHER_ADDRESS_ENDINGS.iter().any(|ending| name.ends_with(ending)) {
        return Place::WebhookUrl;
    }
    if name.contains("webhook") || around == Place::Webhook {
        return in_webhook(key, &name, value);
    }
    match around {
        Place::Ordinary | Place::Schema | Place::Names
            if naming(key) == Naming::Weak && matches!(view, View::Text(_) | View::Array(_)) && is_of_texts(&view) =>
        {
            Place::Labelled(Naming::Weak)
        }
        Place::Parts => {
            if matches!(view, View::Object(_) | View::Array(_)) {
                Place::Parts
            } else {
                Place::Secret
            }
        }
        Place::Schema | Place::Tokens | Place::Names => Place::Ordinary,
        around => around,
    }
}

/// Where the value of `key` stands where its name says that it is a secret.
fn secret_place<S: Shape>(key: &str, value: &S, siblings: &Siblings) -> Option<Place> {
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
    let (name, naming, view) = (collapsed(key), naming(key), value.view());
    if siblings.is_key && matches!(key, "d" | "p" | "q" | "dp" | "dq" | "qi" | "k") {
        return Some(Place::Secret);
    }
    if is_pin(key) && !siblings.has_place && !matches!(view, View::Object(_)) {
        return Some(Place::Pin);
    }
    if name.ends_with("tokens") && !name.ends_with("apitokens") {
        let is_count = COUNTS.iter().any(|count| name.starts_with(count));
        return Some(if is_count { Place::Ordinary } else { Place::Tokens });
    }
    if naming < Naming::Strong {
        let is_password = siblings.has_user && is_pass(key) && matches!(view, View::Text(text) if !text.contains(' '));
        return match naming {
            _ if is_password && credible_text(&view) => Some(Place::Secret),
            _ => None,
        };
    }
    match view {
        View::Object(_) if is_schema(value) => Some(Place::Schema),
        View::Object(_) if is_step(key, value) => Some(Place::Ordinary),
        View::Object(_) => Some(Place::Parts),
        View::Array(values) if values.iter().all(|value| matches!(value.view(), View::Object(_))) => Some(Place::Parts),
        // A branch that is called "Secret" has a list of steps.
        View::Array(_) if is_title(key) || naming == Naming::Strong && name.ends_with('s') => {
            Some(Place::Labelled(naming))
        }
        View::Number if name.ends_with('s') => Some(Place::Ordinary),
        _ => Some(Place::Secret),
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

fn is_of_texts<S: Shape>(view: &View<'_, S>) -> bool {
    match view {
        View::Text(_) => true,
        View::Array(values) => values.iter().all(|value| matches!(value.view(), View::Text(_))),
        _ => false,
    }
}

/// Whether a text can be the password beside a user: `auth` and `key` have other values, too.
fn credible_text<S>(view: &View<'_, S>) -> bool {
    matches!(view, View::Text(text) if credible::is_assigned_secret(Naming::Password, text))
}

/// Whether a field holds the headers of a request, and not those of a table or a page.
fn is_headers(name: &str) -> bool {
    name.ends_with("headers")
        && !["tableheaders", "columnheaders", "csvheaders", "sectionheaders", "pageheaders"].contains(&name)
}

/// Where the value of `key` stands, which belongs to a webhook.
fn in_webhook<S: Shape>(key: &str, name: &str, value: &S) -> Place {
    let ends = |endings: &[&str]| endings.iter().any(|ending| name.ends_with(ending));
    let is_bare =
        matches!(name.trim_end_matches(|c: char| c.is_ascii_digit()), "webhook" | "webhooks") || key.contains(' ');
    match value.view() {
        View::Object(fields) if is_bare => {
            let is_webhook =
                fields.iter().any(|(key, _)| WEBHOOK_PARTS.iter().any(|part| collapsed(key).ends_with(part)));
            if is_webhook && !is_step(key, value) { Place::Webhook } else { Place::Ordinary }
        }
        View::Text(text) if is_bare && !text.contains(|c: char| c.is_ascii_digit() || "./:".contains(c)) => {
            Place::Ordinary
        }
        _ if key.contains(' ') => Place::Ordinary,
        _ if ends(WEBHOOK_PLAIN) => Place::Ordinary,
        // `sendToWebhook` is a switch in some setups, the URL itself in others, an object in yet others.
        _ if ends(&ADDRESS_ENDINGS) => Place::WebhookUrl,
        View::Text(text) if name.ends_with("webhookid") && credible::is_record_id(text) && !text.contains('-') => {
            Place::Ordinary
        }
        View::Number if name.ends_with("id") => Place::Ordinary,
        _ => Place::Payload,
    }
}

/// Whether the object `value` is a step of a flow that is called `key`, and none that holds a secret.
fn is_step<S: Shape>(key: &str, value: &S) -> bool {
    let View::Object(fields) = value.view() else { return false };
    let is_title = key.contains(' ') || key.starts_with(char::is_uppercase);
    let has_title = fields.iter().any(|(field, _)| matches!(*field, "title" | "subject"));
    let goes_on = fields.iter().any(|(field, _)| matches!(*field, "goto" | "next" | "then" | "else" | "transitions"));
    goes_on || (is_title || has_title) && fields.iter().any(|(key, _)| STEP_PARTS.contains(key))
}

/// Whether `value` describes a secret as a tool's parameter (JSON Schema).
fn is_schema<S: Shape>(value: &S) -> bool {
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
fn named_beside<S: Shape>(fields: &[(&str, &S)]) -> Option<Place> {
    let says = |(field, value): &(&str, &S)| {
        let View::Text(name) = value.view() else { return None };
        let naming = if is_pin(name) { Naming::Password } else { naming(name) };
        let is_name = NAMING_FIELDS.contains(field)
            && name.len() <= 64
            && naming >= Naming::Weak
            && !name.contains(['.', '?', '!']);
        // A name of several words is a caption, such as "Forgot password"; what it is beside has to look like a secret.
        let is_bound =
            BOUND.0.contains(field) && naming >= Naming::Strong && !name.trim().contains(char::is_whitespace);
        is_name.then_some(if is_bound { Place::Secret } else { Place::Labelled(naming) })
    };
    let places: Vec<Place> = fields.iter().filter_map(says).collect();
    places.iter().find(|place| **place == Place::Secret).or(places.first()).copied()
}

/// The place of one of the values beside a name.
fn place_beside(key: &str, place: Place) -> Place {
    match place {
        Place::Secret if !BOUND.1.contains(&key) => Place::Labelled(Naming::Strong),
        // A text may be what a step says.
        Place::Secret if key == "content" => Place::Labelled(Naming::Password),
        place => place,
    }
}

/// What has to go of a text at this place.
pub(super) fn edits(value: &str, place: Place, layers: usize, work: &Work) -> Result<Vec<Edit>, OverBudget> {
    let whole = |with| Ok(vec![Edit { range: 0..value.len(), with }]);
    let goes = match place {
        _ if value.is_empty() || value == PLACEHOLDER => return Ok(Vec::new()),
        // Filled in when a message is sent, so it holds no secret itself.
        _ if is_merge_tags(value) => false,
        Place::WebhookUrl => {
            work.spend(value.len())?;
            return match webhook::scheme_and_host(value) {
                Some(address) if address == value => Ok(Vec::new()),
                Some(address) => whole(With::Address(address)),
                None => whole(With::Placeholder),
            };
        }
        Place::Payload => true,
        Place::Secret => !stands_in(value) && !is_caption(value),
        Place::Tokens => {
            !stands_in(value) && !is_caption(value) && value.contains(char::is_alphabetic) && !value.starts_with("max")
        }
        Place::Labelled(naming) => is_labelled_secret(naming, value),
        Place::Pin => (3..=8).contains(&value.len()) && value.chars().all(|c| c.is_ascii_digit()),
        Place::Ordinary | Place::Webhook | Place::Headers | Place::Parts | Place::Schema | Place::Names => false,
    };
    if goes { whole(With::Placeholder) } else { text::edits(value, layers, work) }
}

/// Whether a text beside a label is what the label says. Several words are a sentence.
fn is_labelled_secret(naming: Naming, value: &str) -> bool {
    let value = value.trim();
    !value.contains(char::is_whitespace) && credible::is_named_secret(naming, value)
        || naming == Naming::Password && (3..=8).contains(&value.len()) && value.chars().all(|c| c.is_ascii_digit())
}

/// Whether a text in the place of a secret is a sentence: "Enter your password", "We use cookies". A phrase of small words may
/// be a password.
fn is_caption(value: &str) -> bool {
    let words = || value.split_whitespace().filter(|word| word.contains(char::is_alphanumeric));
    let speaks = || words().any(|word| naming(word) >= Naming::Weak || is_named_like_a_secret(word));
    let is_sentence = || value.starts_with(char::is_uppercase) || value.ends_with(['.', '?', '!', ':', '…']);
    let is_header =
        || words().count() == 2 && words().next().is_some_and(|word| SCHEMES.contains(&word.to_lowercase().as_str()));
    words().count() > 1 && !is_header() && (is_sentence() || speaks()) && !words().any(credible::is_coded)
}
