//! Walks a document and tells each destination and each link with its place.

use serde_json::{Map, Value};

use super::form::{self, Expected};
use super::name::{Name, Named};
use super::number::Digits;
use super::{Destination, DestinationKind};
use crate::domain::redaction::PLACEHOLDER;
use crate::domain::work::{OverBudget, Work};
use crate::domain::{Document, ItemKind, pointer};

/// Something that was found in a document.
#[derive(Debug)]
pub enum Sighting<'a> {
    /// Content sends there by itself.
    Destination(Destination),
    /// A text has this URL, and nothing is sent there.
    Link(&'a str),
}

/// Tells `see` each destination and each link of a document with the JSON pointer of its text, in document order; one may come
/// more than once. Fails once the time of `work` is over.
pub fn visit(
    kind: ItemKind,
    document: &Document,
    work: &Work,
    see: &mut dyn FnMut(&str, Sighting<'_>),
) -> Result<(), OverBudget> {
    let context = if kind.has_switch() { Context::Acting } else { Context::Describing };
    let mut walk = Walk { pointer: String::new(), work, see, machines: 0, layers: LAYERS };
    match document.as_value() {
        Value::Object(fields) => walk.fields(fields, Around { context, telephony: false }),
        _ => Ok(()),
    }
}

/// How many coats of JSON in a text are taken off.
const LAYERS: usize = 3;

/// What the fields around a place are for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Context {
    /// What an automation or a tool does.
    Acting,
    /// A prompt or a template: it acts only through its tools and its envelope.
    Describing,
    /// What is shown or attached.
    Showing,
    /// What is sent to the URL beside it.
    Sending,
    /// What decides, and what is written into records.
    Comparing,
    /// The payload of a webhook.
    Nothing,
}

#[derive(Debug, Clone, Copy)]
struct Around {
    context: Context,
    /// Whether it is about messages or calls to phones, where bare digits are a number.
    telephony: bool,
}

struct Walk<'w> {
    pointer: String,
    work: &'w Work,
    see: &'w mut dyn FnMut(&str, Sighting<'_>),
    /// How many URLs and hosts were found so far.
    machines: usize,
    layers: usize,
}

/// The fields by which an object says what kind of step it is.
const KINDS: [&str; 8] = ["channel", "type", "kind", "action", "service", "provider", "medium", "app"];
/// The fields that name what `value` beside them is.
const NAMES: [&str; 6] = ["name", "key", "param", "parameter", "header", "property"];

impl Walk<'_> {
    fn fields(&mut self, fields: &Map<String, Value>, around: Around) -> Result<(), OverBudget> {
        let text = |key: &str| fields.get(key).and_then(Value::as_str);
        let telephony =
            around.telephony || KINDS.iter().filter_map(|key| text(key)).any(|kind| Name::of(kind).is_telephony());
        let around = Around { telephony, ..around };
        let before = self.machines;
        let mut is_removed = false;
        let mut payloads = Vec::new();
        for (key, value) in fields {
            self.work.spend(key.len() + 1)?;
            let name = Name::of(key);
            let named = match name.named() {
                Named::Plain if key == "value" => named_beside(fields).unwrap_or(Named::Plain),
                named => named,
            };
            is_removed |= named == Named::Hook && value == PLACEHOLDER;
            if named == Named::Payload && around.context != Context::Describing {
                payloads.push((key, value));
                continue;
            }
            let is_single = name.is_host() && is_request(fields);
            self.at(key, |walk| walk.entry(key, value, &name, Place { named, is_single, around }))?;
        }
        // A payload without anything that it goes to holds the settings of a step.
        let goes_somewhere = is_removed || self.machines > before;
        for (key, value) in payloads {
            let context =
                if goes_somewhere && around.context == Context::Acting { Context::Sending } else { around.context };
            // The body of a message is a text.
            let named = if value.is_string() && Name::of(key).is_body() { Named::Text } else { Named::Plain };
            let place = Place { named, is_single: false, around: Around { context, ..around } };
            self.at(key, |walk| walk.value(value, place))?;
        }
        Ok(())
    }

    /// A field: its name may be a destination, too, as in `{"bob@example.com": true}`.
    fn entry(&mut self, key: &str, value: &Value, name: &Name, place: Place) -> Result<(), OverBudget> {
        if key.contains(['@', ':', '+']) && place.around.context == Context::Acting {
            let expected = Expected { bare_names: false, ..Place { named: Named::Plain, ..place }.expected() };
            self.judge(key, expected, |_| true);
        }
        let telephony = place.around.telephony || name.is_telephony();
        self.value(value, Place { around: Around { telephony, ..place.around }, ..place })
    }

    fn value(&mut self, value: &Value, place: Place) -> Result<(), OverBudget> {
        self.work.spend(1)?;
        match value {
            Value::Object(fields) => self.fields(fields, place.within()),
            Value::Array(values) => {
                if let Some(host) = labels(values, place) {
                    self.judge(&host, place.expected(), |kind| place.admits(kind));
                    return Ok(());
                }
                for (index, value) in values.iter().enumerate() {
                    self.at(&index.to_string(), |walk| walk.value(value, place))?;
                }
                Ok(())
            }
            Value::String(text) => self.text(text, place),
            Value::Number(number) if place.expected().digits > Digits::Unlikely => {
                let digits = number.to_string();
                if (SHORTEST_NUMBER..=15).contains(&digits.len()) && !digits.contains(['.', 'e', '-']) {
                    self.judge(&digits, place.expected(), |kind| place.admits(kind));
                }
                Ok(())
            }
            Value::Number(_) | Value::Bool(_) | Value::Null => Ok(()),
        }
    }

    fn text(&mut self, text: &str, place: Place) -> Result<(), OverBudget> {
        self.work.spend(text.len())?;
        if place.around.context != Context::Nothing && place.named != Named::Text && self.layers > 0 && is_json(text) {
            self.work.spend(text.len())?;
            if let Ok(value @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text) {
                self.layers -= 1;
                let result = self.value(&value, place);
                self.layers += 1;
                return result;
            }
        }
        let before = self.machines;
        if place.may_send() {
            self.judge(text, place.expected(), |kind| place.admits(kind));
        }
        if self.machines == before && text.contains("://") {
            form::links(text).for_each(|link| (self.see)(&self.pointer, Sighting::Link(link)));
        }
        Ok(())
    }

    fn judge(&mut self, text: &str, expected: Expected, admits: impl Fn(DestinationKind) -> bool) {
        let Self { pointer, see, machines, .. } = self;
        form::destinations(text, expected, &mut |destination| {
            if admits(destination.kind) {
                *machines += usize::from(matches!(destination.kind, DestinationKind::Url | DestinationKind::Host));
                see(pointer, Sighting::Destination(destination));
            }
        });
    }

    fn at(&mut self, segment: &str, visit: impl FnOnce(&mut Self) -> Result<(), OverBudget>) -> Result<(), OverBudget> {
        let length = self.pointer.len();
        pointer::push(&mut self.pointer, segment);
        let result = visit(self);
        self.pointer.truncate(length);
        result
    }
}

/// The fewest digits of a number that is written as one in JSON: a delay has fewer.
const SHORTEST_NUMBER: usize = 7;

/// Where a value stands.
#[derive(Debug, Clone, Copy)]
struct Place {
    named: Named,
    is_single: bool,
    around: Around,
}

impl Place {
    /// What the fields of an object at this place are for.
    fn within(self) -> Around {
        let Self { named, around, .. } = self;
        let context = match (around.context, named) {
            (Context::Nothing, _) | (_, Named::WebhookPayload) => Context::Nothing,
            (_, Named::Action | Named::Capabilities | Named::Hook | Named::Copy) => Context::Acting,
            (_, Named::Compared | Named::Person) => Context::Comparing,
            (Context::Acting | Context::Describing, Named::Recipient | Named::Address) => Context::Acting,
            (Context::Acting, Named::Shown) => Context::Showing,
            (context, _) => context,
        };
        Around { context, ..around }
    }

    fn expected(self) -> Expected {
        let is_recipient = matches!(self.named, Named::Recipient | Named::Copy);
        let digits = match self.named {
            Named::Phone => Digits::Expected,
            Named::Recipient | Named::Copy if self.around.telephony => Digits::Certain,
            Named::Plain if self.around.telephony => Digits::Expected,
            _ => Digits::Unlikely,
        };
        Expected {
            address: matches!(self.named, Named::Hook | Named::Address),
            recipient: is_recipient,
            digits,
            bare_names: self.named != Named::Capabilities,
            single_names: self.is_single,
        }
    }

    /// Whether anything at this place can be a destination.
    fn may_send(self) -> bool {
        [DestinationKind::Url, DestinationKind::Email].into_iter().any(|kind| self.admits(kind))
    }

    /// Whether something of this kind at this place is a destination.
    fn admits(self, kind: DestinationKind) -> bool {
        let is_machine = matches!(kind, DestinationKind::Url | DestinationKind::Host);
        match (self.around.context, self.named) {
            (Context::Nothing, _) | (_, Named::WebhookPayload) => false,
            (_, Named::Hook | Named::Copy) => true,
            (Context::Comparing, _) => false,
            (_, Named::Recipient | Named::Capabilities) => true,
            (Context::Describing | Context::Sending, _) => false,
            (_, Named::Text | Named::Label | Named::Person | Named::Compared) => false,
            (Context::Showing, _) | (_, Named::Shown) => !is_machine,
            (Context::Acting, _) => true,
        }
    }
}

/// What `value` is by the field beside it that names it. A field of a record is written, and nothing is sent there.
fn named_beside(fields: &Map<String, Value>) -> Option<Named> {
    let name = |key: &str| fields.get(key).and_then(Value::as_str).map(|text| Name::of(text).named());
    if fields.contains_key("field") {
        return Some(name("field").filter(|named| matches!(named, Named::Hook | Named::Copy)).unwrap_or(Named::Label));
    }
    if ["op", "operator", "comparator"].iter().any(|key| fields.contains_key(*key)) {
        return Some(Named::Label);
    }
    let named = NAMES.into_iter().find_map(name)?;
    // A name such as "Status" is that of a setting here, so only what it says of destinations counts.
    matches!(named, Named::Hook | Named::Copy | Named::Recipient | Named::Address | Named::Phone | Named::Shown)
        .then_some(named)
}

/// Whether an object describes a request, so that a name of one label is a host.
fn is_request(fields: &Map<String, Value>) -> bool {
    ["path", "port", "protocol", "scheme", "method"].iter().any(|key| fields.contains_key(*key))
}

/// A host that is written as an array of its labels, as Postman does.
fn labels(values: &[Value], place: Place) -> Option<String> {
    if place.named != Named::Address || !(2..=MAX_LABELS).contains(&values.len()) {
        return None;
    }
    let labels: Option<Vec<&str>> = values.iter().map(Value::as_str).collect();
    labels
        .filter(|labels| labels.iter().all(|label| !label.contains(['.', '/', ':', '@', ' '])))
        .map(|labels| labels.join("."))
}

/// The most labels of a host that is written as an array.
const MAX_LABELS: usize = 10;

/// Whether a text may be JSON of an object or an array; a merge tag begins like one.
fn is_json(text: &str) -> bool {
    let text = text.trim();
    (text.starts_with('{') && text.ends_with('}') && text.contains(':') && !text.starts_with("{{"))
        || (text.starts_with('[') && text.ends_with(']') && text.contains('"'))
}
