//! Goes through a document and shows every reference.

use std::borrow::Cow;
use std::collections::HashSet;

use serde_json::{Map, Value};

use super::hints::{COMPARED_WITH, OPERATION, PlaceHints};
use super::place::FieldName;
use super::{Lookup, RefType, Reference, SOURCE_STATUSES, Site};
use crate::domain::content::{CapturedItem, Content};
use crate::domain::id_shape::{self, IdContext};
use crate::domain::identity::is_owned;
use crate::domain::pointer::push;
use crate::domain::{Document, ItemKind, OverBudget, Work};

impl Lookup<'_> {
    /// Shows everything that the automations of a content refer to, as the API shows it, until `visit` fails or the time is over.
    pub fn each_reference<E: From<OverBudget>>(
        &self,
        content: &Content,
        work: &Work,
        mut visit: impl FnMut(Reference) -> Result<(), E>,
    ) -> Result<(), E> {
        content.items.automations.iter().try_for_each(|item| {
            let (id, name) = (item.id, item.document.name());
            self.each_site(ItemKind::Automation, item, work, |site| visit(site.describe(id, name)))
        })
    }

    /// Shows every reference of an item to `visit`, in a stable order, until one fails or the time is over. A place that lost a secret
    /// is none, and one that holds a value of the source person is neither an unknown id nor a suspected name.
    pub fn each_site<'v, E: From<OverBudget>>(
        &self,
        kind: ItemKind,
        item: &'v CapturedItem,
        work: &Work,
        visit: impl FnMut(Site<'v>) -> Result<(), E>,
    ) -> Result<(), E> {
        let identity = item.identity.iter().filter(|place| !place.in_text);
        let but = Exceptions {
            removed: item.removed_secrets.iter().map(String::as_str).collect(),
            identity: identity.map(|place| (place.pointer.as_str(), place.part.map(|[start, _]| start))).collect(),
        };
        self.each_site_but(kind, &item.document, &but, work, visit)
    }

    /// The same for a document of which nothing was removed.
    pub fn each_site_of<'v, E: From<OverBudget>>(
        &self,
        kind: ItemKind,
        document: &'v Document,
        work: &Work,
        visit: impl FnMut(Site<'v>) -> Result<(), E>,
    ) -> Result<(), E> {
        self.each_site_but(kind, document, &Exceptions::default(), work, visit)
    }

    fn each_site_but<'v, E: From<OverBudget>>(
        &self,
        kind: ItemKind,
        document: &'v Document,
        but: &Exceptions<'_>,
        work: &Work,
        mut visit: impl FnMut(Site<'v>) -> Result<(), E>,
    ) -> Result<(), E> {
        let Value::Object(fields) = document.as_value() else { return Ok(()) };
        let mut defined = HashSet::new();
        define(document.as_value(), "", work, &mut defined)?;
        let mut walker = Walker {
            lookup: self,
            defined,
            but,
            pointer: String::new(),
            location: "",
            shown: 0,
            work,
            visit: &mut visit,
        };
        if kind.has_switch() { walker.automation(fields) } else { walker.described(fields) }
    }

    /// Every reference of a document, in a stable order.
    pub fn sites<'v>(&self, kind: ItemKind, document: &'v Document) -> Vec<Site<'v>> {
        let mut found = Vec::new();
        // Without a limit it cannot end before it is done.
        let _ = self.each_site_of::<OverBudget>(kind, document, &Work::unlimited(), |site| {
            found.push(site);
            Ok(())
        });
        found
    }
}

/// Places of an item without references.
#[derive(Default)]
struct Exceptions<'a> {
    /// Those that lost a secret.
    removed: HashSet<&'a str>,
    /// Those that hold a value of the source person, each with where it begins in a text that holds more: what is certain there is a
    /// reference all the same.
    identity: HashSet<(&'a str, Option<usize>)>,
}

/// Collects the ids that a document itself gives to what is in it: as an id of an object, or as the key of one that says what it is.
fn define<'v>(value: &'v Value, key: &str, work: &Work, defined: &mut HashSet<&'v str>) -> Result<(), OverBudget> {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                work.spend(1)?;
                if id_shape::may_be_id(name) && says_what_it_is(value) {
                    defined.insert(name);
                }
                // `"_id": {"$oid": "…"}` is an id as MongoDB exports it.
                define(value, if EXPORTED.contains(&name.as_str()) { key } else { name }, work, defined)?;
            }
        }
        Value::Array(values) => {
            for value in values {
                work.spend(1)?;
                define(value, "", work, defined)?;
            }
        }
        Value::String(text) if matches!(key, "_id" | "id" | "key") => {
            work.spend(text.len())?;
            let ids = id_shape::ids(text).into_iter().filter(|id| id.standing == IdContext::Alone);
            defined.extend(ids.map(|id| &text[id.range]));
        }
        _ => {}
    }
    Ok(())
}

/// Fields around an id in an export of MongoDB.
const EXPORTED: [&str; 3] = ["$oid", "$uuid", "$id"];
/// Fields of an object that is a part of the document itself, such as a step of a flow. Another one says something about what its key names.
const STEP: [&str; 21] = [
    "type",
    "kind",
    "action",
    "actions",
    "step",
    "steps",
    "next",
    "parent",
    "children",
    "position",
    "name",
    "title",
    "module",
    "parameters",
    "component",
    "conditions",
    "config",
    "edges",
    "then",
    "op",
    "main",
];

/// Whether the object at a key says what it is, so that the key is an id that the document itself gives.
fn says_what_it_is(value: &Value) -> bool {
    value.as_object().is_some_and(|fields| STEP.iter().any(|field| fields.contains_key(*field)))
}

/// Top-level fields whose values are words of the contract, and no names of the organization.
const CONTRACT: [&str; 9] =
    ["name", "description", "event", "triggerType", "triggerLogicType", "timerLogic", "schedule", "status", "state"];
/// Top-level fields of prompts and templates that are their own text.
const OWN_TEXT: [&str; 5] = ["prompt", "template", "name", "description", "category"];
/// Fields of an object that is a reference itself.
const IDENTIFYING: [&str; 5] = ["_id", "id", "name", "value", "label"];
/// Fields that say which field a value is compared with or written to.
const COMPARED: [&str; 16] = [
    "field",
    "property",
    "propertyName",
    "property_name",
    "fieldName",
    "fieldKey",
    "attribute",
    "customField",
    "fact",
    "key",
    "left",
    "leftValue",
    "lhs",
    "value1",
    "a",
    "variable",
];
/// Fields that say what an action does, and those that say of which record it does so.
const DOING: [&str; 5] = ["type", "action", "actionType", "kind", "event"];
const ACTED_ON: [&str; 6] = ["object", "entity", "resource", "module", "record", "recordType"];

/// Goes through a document, and knows where it is.
pub(super) struct Walker<'w, 'v, 'a, E> {
    pub(super) lookup: &'w Lookup<'a>,
    pub(super) defined: HashSet<&'v str>,
    but: &'w Exceptions<'w>,
    pointer: String,
    location: &'v str,
    shown: usize,
    pub(super) work: &'w Work,
    visit: &'w mut dyn FnMut(Site<'v>) -> Result<(), E>,
}

impl<'v, E: From<OverBudget>> Walker<'_, 'v, '_, E> {
    fn automation(&mut self, fields: &'v Map<String, Value>) -> Result<(), E> {
        // What the customer's page names comes first.
        let order = |key: &str| match key {
            SOURCE_STATUSES => 0,
            "actions" => 1,
            "conditions" => 2,
            _ => 3,
        };
        let mut fields: Vec<_> = fields.iter().filter(|(key, _)| !is_owned(key)).collect();
        fields.sort_by_key(|(key, _)| (order(key), *key));
        for (key, value) in fields {
            self.location = key;
            let is_contract = CONTRACT.contains(&key.as_str());
            let top = PlaceHints { is_sent: is_contract, ..PlaceHints::NOTHING };
            self.member(key, value, top, None)?;
        }
        Ok(())
    }

    /// A prompt or a template: ids alone, and none in its own text.
    fn described(&mut self, fields: &'v Map<String, Value>) -> Result<(), E> {
        let mut fields: Vec<_> = fields.iter().collect();
        fields.sort_by_key(|(key, _)| *key);
        for (key, value) in fields {
            if !is_owned(key) && !OWN_TEXT.contains(&key.as_str()) {
                self.location = key;
                let hints = PlaceHints { field: key, is_read: FieldName::of(key).is_read(), ..PlaceHints::NOTHING };
                self.step(key, |walker| walker.ids(value, hints))?;
            }
        }
        Ok(())
    }

    fn ids(&mut self, value: &'v Value, hints: PlaceHints<'v>) -> Result<(), E> {
        match value {
            Value::Object(fields) => in_order(fields).into_iter().try_for_each(|(key, value)| {
                let inner = PlaceHints { field: key, is_read: FieldName::of(key).is_read(), ..PlaceHints::NOTHING };
                self.step(key, |walker| {
                    walker.key(key, hints)?;
                    walker.ids(value, inner)
                })
            }),
            Value::Array(values) => self.elements(values, |walker, value| walker.ids(value, hints)),
            Value::String(text) => self.text(text, hints),
            _ => Ok(()),
        }
    }

    /// A member of an object, of which `compared` is the field that the object compares or writes.
    fn member(
        &mut self,
        key: &'v str,
        value: &'v Value,
        hints: PlaceHints<'v>,
        compared: Option<&'v str>,
    ) -> Result<(), E> {
        let name = FieldName::of(key);
        let inner = hints.member(&name, key, compared, value);
        self.work.spend(1 + key.len())?;
        self.step(key, |walker| {
            walker.key(key, hints)?;
            walker.value(value, inner)
        })
    }

    fn value(&mut self, value: &'v Value, hints: PlaceHints<'v>) -> Result<(), E> {
        match value {
            Value::Object(fields) => self.object(fields, value, hints),
            Value::Array(values) => self.elements(values, |walker, value| walker.value(value, hints)),
            Value::String(text) => self.text(text, hints),
            Value::Number(_) if hints.certain.is_some() || hints.id_of.is_some() && !hints.is_sent => {
                self.unreadable(value, PlaceHints { certain: hints.certain.or(hints.id_of), ..hints })
            }
            Value::Number(_) | Value::Null | Value::Bool(_) => Ok(()),
        }
    }

    /// An object. At the place of a reference it names what it refers to by its own fields.
    fn object(&mut self, fields: &'v Map<String, Value>, value: &'v Value, hints: PlaceHints<'v>) -> Result<(), E> {
        let shown = self.shown;
        let text = |names: &[&str]| names.iter().find_map(|name| fields.get(*name).and_then(Value::as_str));
        let (doing, acted_on) = (text(&DOING).map(FieldName::of), text(&ACTED_ON).map(FieldName::of));
        let is_compared = COMPARED_WITH.iter().chain([&OPERATION]).any(|field| fields.contains_key(*field));
        let compared = if is_compared { text(&COMPARED) } else { None };
        let inside = PlaceHints {
            certain: None,
            own: None,
            sends: hints.sends || doing.as_ref().is_some_and(FieldName::sends_words),
            assigns: hints.assigns || doing.as_ref().is_some_and(FieldName::assigns_agent),
            // `{"type": "stage", "name": "Won"}`
            refers: hints.refers || doing.iter().chain(&acted_on).any(FieldName::only_refers),
            of_another_record: hints.of_another_record
                || doing.iter().chain(&acted_on).any(FieldName::is_of_another_record),
            ..hints
        };
        for (key, value) in in_order(fields) {
            let identifying = hints.certain.filter(|_| IDENTIFYING.contains(&key.as_str()) && value.is_string());
            match identifying {
                Some(ref_type) => {
                    let inner = PlaceHints { certain: Some(ref_type), field: hints.field, ..PlaceHints::NOTHING };
                    self.step(key, |walker| walker.value(value, inner))?;
                }
                None => self.member(key, value, inside, compared)?,
            }
        }
        match hints.certain {
            Some(_) if self.shown == shown && !fields.is_empty() => self.unreadable(value, hints),
            _ => Ok(()),
        }
    }

    fn elements(
        &mut self,
        values: &'v [Value],
        mut walk: impl FnMut(&mut Self, &'v Value) -> Result<(), E>,
    ) -> Result<(), E> {
        for (index, value) in values.iter().enumerate() {
            self.work.spend(1)?;
            self.step(&index.to_string(), |walker| walk(walker, value))?;
        }
        Ok(())
    }

    fn step(&mut self, segment: &str, walk: impl FnOnce(&mut Self) -> Result<(), E>) -> Result<(), E> {
        let length = self.pointer.len();
        push(&mut self.pointer, segment);
        walk(self)?;
        self.pointer.truncate(length);
        Ok(())
    }

    /// What is there to name something, in a way that cannot be followed.
    fn unreadable(&mut self, value: &'v Value, hints: PlaceHints<'v>) -> Result<(), E> {
        let Some(ref_type) = hints.certain else { return Ok(()) };
        let json = value.to_string();
        self.work.spend(json.len())?;
        self.show(Cow::Owned(json), ref_type, hints.field, |site| Site { is_readable: false, ..site })
    }

    pub(super) fn show(
        &mut self,
        value: Cow<'v, str>,
        ref_type: RefType,
        field: &'v str,
        with: impl FnOnce(Site<'v>) -> Site<'v>,
    ) -> Result<(), E> {
        self.work.spend(self.pointer.len())?;
        let site = with(Site {
            value,
            is_readable: true,
            ref_type,
            suspected: false,
            pointer: self.pointer.clone(),
            part: None,
            in_key: false,
            location: self.location,
            field,
        });
        let is_certain = !site.suspected && site.ref_type != RefType::Unknown;
        let pointer = self.pointer.as_str();
        let is_person = || {
            let starts = [None, site.part.as_ref().map(|part| part.start)];
            starts.into_iter().any(|start| self.but.identity.contains(&(pointer, start)))
        };
        if self.but.removed.contains(pointer) || !is_certain && is_person() {
            return Ok(());
        }
        self.shown += 1;
        (self.visit)(site)
    }
}

/// The members of an object, by their keys: the same document gives the same order in every build.
fn in_order(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut fields: Vec<_> = fields.iter().collect();
    if !fields.is_sorted_by_key(|(key, _)| *key) {
        fields.sort_by_key(|(key, _)| *key);
    }
    fields
}
