//! Walks a document and tells each destination and each link with its place.

use serde_json::{Map, Value};

use super::form::{self, Expectation};
use super::name::{FieldPurpose, Name};
use super::number::Digits;
use super::{Destination, DestinationKind};
use crate::domain::redaction::PLACEHOLDER;
use crate::domain::work::{OverBudget, Work};
use crate::domain::{Document, ItemKind, pointer};

/// Something that was found in a document.
#[derive(Debug)]
pub enum AddressUse<'a> {
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
    see: &mut dyn FnMut(&str, AddressUse<'_>),
) -> Result<(), OverBudget> {
    let context = if kind.has_switch() { Context::Acting } else { Context::Describing };
    let mut walk = Walk { pointer: String::new(), work, see, machines: 0, layers: LAYERS };
    match document.as_value() {
        Value::Object(fields) => walk.fields(fields, PlaceContext { context, telephony: false }),
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
struct PlaceContext {
    context: Context,
    /// Whether it is about messages or calls to phones, where bare digits are a number.
    telephony: bool,
}

struct Walk<'w> {
    pointer: String,
    work: &'w Work,
    see: &'w mut dyn FnMut(&str, AddressUse<'_>),
    /// How many URLs and hosts were found so far.
    machines: usize,
    layers: usize,
}

/// The fields by which an object says what kind of step it is.
const KINDS: [&str; 8] = ["channel", "type", "kind", "action", "service", "provider", "medium", "app"];
/// The fields that name what `value` beside them is.
const NAMES: [&str; 6] = ["name", "key", "param", "parameter", "header", "property"];

impl Walk<'_> {
    fn fields(&mut self, fields: &Map<String, Value>, around: PlaceContext) -> Result<(), OverBudget> {
        let text = |key: &str| fields.get(key).and_then(Value::as_str);
        let telephony =
            around.telephony || KINDS.iter().filter_map(|key| text(key)).any(|kind| Name::of(kind).is_telephony());
        let around = PlaceContext { telephony, ..around };
        let before = self.machines;
        let mut is_removed = false;
        let mut payloads = Vec::new();
        for (key, value) in fields {
            self.work.spend(key.len() + 1)?;
            let name = Name::of(key);
            let purpose = match name.purpose() {
                FieldPurpose::Plain if key == "value" => purpose_beside(fields).unwrap_or(FieldPurpose::Plain),
                purpose => purpose,
            };
            is_removed |= purpose == FieldPurpose::Hook && value == PLACEHOLDER;
            if purpose == FieldPurpose::Payload && around.context != Context::Describing {
                payloads.push((key, value));
                continue;
            }
            let is_single = name.is_host() && is_request(fields);
            self.at(key, |walk| walk.entry(key, value, &name, Place { purpose, is_single, around }))?;
        }
        // A payload without anything that it goes to holds the settings of a step.
        let goes_somewhere = is_removed || self.machines > before;
        for (key, value) in payloads {
            let context =
                if goes_somewhere && around.context == Context::Acting { Context::Sending } else { around.context };
            // The body of a message is a text.
            let purpose =
                if value.is_string() && Name::of(key).is_body() { FieldPurpose::Text } else { FieldPurpose::Plain };
            let place = Place { purpose, is_single: false, around: PlaceContext { context, ..around } };
            self.at(key, |walk| walk.value(value, place))?;
        }
        Ok(())
    }

    /// A field: its name may be a destination, too, as in `{"bob@example.com": true}`.
    fn entry(&mut self, key: &str, value: &Value, name: &Name, place: Place) -> Result<(), OverBudget> {
        if key.contains(['@', ':', '+']) && place.around.context == Context::Acting {
            let expected =
                Expectation { bare_names: false, ..Place { purpose: FieldPurpose::Plain, ..place }.expected() };
            self.judge(key, expected, |_| true);
        }
        let telephony = place.around.telephony || name.is_telephony();
        self.value(value, Place { around: PlaceContext { telephony, ..place.around }, ..place })
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
        if place.around.context != Context::Nothing
            && place.purpose != FieldPurpose::Text
            && self.layers > 0
            && is_json(text)
        {
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
            form::links(text).for_each(|link| (self.see)(&self.pointer, AddressUse::Link(link)));
        }
        Ok(())
    }

    fn judge(&mut self, text: &str, expected: Expectation, admits: impl Fn(DestinationKind) -> bool) {
        let Self { pointer, see, machines, .. } = self;
        form::destinations(text, expected, &mut |destination| {
            if admits(destination.kind) {
                *machines += usize::from(matches!(destination.kind, DestinationKind::Url | DestinationKind::Host));
                see(pointer, AddressUse::Destination(destination));
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
    purpose: FieldPurpose,
    is_single: bool,
    around: PlaceContext,
}

impl Place {
    /// What the fields of an object at this place are for.
    fn within(self) -> PlaceContext {
        let Self { purpose, around, .. } = self;
        let context = match (around.context, purpose) {
            (Context::Nothing, _) | (_, FieldPurpose::WebhookPayload) => Context::Nothing,
            (_, FieldPurpose::Action | FieldPurpose::Capabilities | FieldPurpose::Hook | FieldPurpose::Copy) => {
                Context::Acting
            }
            (_, FieldPurpose::Compared | FieldPurpose::Person) => Context::Comparing,
            (Context::Acting | Context::Describing, FieldPurpose::Recipient | FieldPurpose::Address) => Context::Acting,
            (Context::Acting, FieldPurpose::Shown) => Context::Showing,
            (context, _) => context,
        };
        PlaceContext { context, ..around }
    }

    fn expected(self) -> Expectation {
        let is_recipient = matches!(self.purpose, FieldPurpose::Recipient | FieldPurpose::Copy);
        let digits = match self.purpose {
            FieldPurpose::Phone => Digits::Expected,
            FieldPurpose::Recipient | FieldPurpose::Copy if self.around.telephony => Digits::Certain,
            FieldPurpose::Plain if self.around.telephony => Digits::Expected,
            _ => Digits::Unlikely,
        };
        Expectation {
            address: matches!(self.purpose, FieldPurpose::Hook | FieldPurpose::Address),
            recipient: is_recipient,
            digits,
            bare_names: self.purpose != FieldPurpose::Capabilities,
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
        match (self.around.context, self.purpose) {
            (Context::Nothing, _) | (_, FieldPurpose::WebhookPayload) => false,
            (_, FieldPurpose::Hook | FieldPurpose::Copy) => true,
            (Context::Comparing, _) => false,
            (_, FieldPurpose::Recipient | FieldPurpose::Capabilities) => true,
            (Context::Describing | Context::Sending, _) => false,
            (_, FieldPurpose::Text | FieldPurpose::Label | FieldPurpose::Person | FieldPurpose::Compared) => false,
            (Context::Showing, _) | (_, FieldPurpose::Shown) => !is_machine,
            (Context::Acting, _) => true,
        }
    }
}

/// What `value` is by the field beside it that names it. A field of a record is written, and nothing is sent there.
fn purpose_beside(fields: &Map<String, Value>) -> Option<FieldPurpose> {
    let name = |key: &str| fields.get(key).and_then(Value::as_str).map(|text| Name::of(text).purpose());
    if fields.contains_key("field") {
        return Some(
            name("field")
                .filter(|purpose| matches!(purpose, FieldPurpose::Hook | FieldPurpose::Copy))
                .unwrap_or(FieldPurpose::Label),
        );
    }
    if ["op", "operator", "comparator"].iter().any(|key| fields.contains_key(*key)) {
        return Some(FieldPurpose::Label);
    }
    let purpose = NAMES.into_iter().find_map(name)?;
    // A name such as "Status" is that of a setting here, so only what it says of destinations counts.
    matches!(
        purpose,
        FieldPurpose::Hook
            | FieldPurpose::Copy
            | FieldPurpose::Recipient
            | FieldPurpose::Address
            | FieldPurpose::Phone
            | FieldPurpose::Shown
    )
    .then_some(purpose)
}

/// Whether an object describes a request, so that a name of one label is a host.
fn is_request(fields: &Map<String, Value>) -> bool {
    ["path", "port", "protocol", "scheme", "method"].iter().any(|key| fields.contains_key(*key))
}

/// A host that is written as an array of its labels, as Postman does.
fn labels(values: &[Value], place: Place) -> Option<String> {
    if place.purpose != FieldPurpose::Address || !(2..=MAX_LABELS).contains(&values.len()) {
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
