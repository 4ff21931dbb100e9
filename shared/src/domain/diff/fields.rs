//! Finds the fields in which two documents differ, and decides whether each is shown as two values or line by line.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

use super::common_ends;
use super::unified::{UnifiedDiff, unified};
use crate::domain::canonical::InOrder;
use crate::domain::setup::size;
use crate::domain::values::{TypeTree, ValueType};
use crate::domain::{Document, cut, pointer};

/// The most code points of a pointer that are shown. Keys can be as long as items.
pub const MAX_POINTER: usize = 200;
/// The most code points of a text that is shown as a value; longer ones, and those of several lines, line by line.
pub const MAX_SHORT_TEXT: usize = 80;
/// The most bytes of JSON of any other value that is shown as it is: a condition, some stages, no more than one takes in.
pub const MAX_SHORT_JSON: usize = 400;
/// The deepest JSON that is indented. Below that there would be more white space than JSON.
const MAX_INDENTED: usize = 8;

/// A field that differs.
#[derive(Debug, Clone)]
pub(super) struct FieldDifference<'a> {
    /// A JSON pointer into the new document; where the value is gone, into the old one. Cut where it is long.
    pub(super) pointer: String,
    pub(super) before: Option<&'a Value>,
    pub(super) after: Option<&'a Value>,
    /// The types that JSON does not show, before and after.
    pub(super) types: [Option<ValueType>; 2],
}

/// The first `most` fields that differ, in the order of their keys, and how many there are besides.
///
/// Objects are compared key by key. Lists of objects are, element by element, if they are equally long or one is the other
/// with some elements in a row added. Everything else is one value, as are lists of stages: they are read as a whole. A place that
/// became of another type differs, although its JSON may be the same.
pub(super) fn differences<'a>(
    before: &'a Document,
    after: &'a Document,
    most: usize,
) -> (Vec<FieldDifference<'a>>, usize) {
    let mut walk = FieldWalk { most, path: Vec::new(), found: Vec::new(), omitted: 0 };
    let [old, new] = [before, after].map(|document| TypeTree::of(document.types()));
    walk.visit(TypedSide::of(before, &old), TypedSide::of(after, &new));
    (walk.found, walk.omitted)
}

/// One side of a place: its value, and the types of it and of what stands below.
#[derive(Clone, Copy)]
struct TypedSide<'a, 't> {
    value: Option<&'a Value>,
    types: Option<&'t TypeTree>,
}

impl<'a, 't> TypedSide<'a, 't> {
    fn of(document: &'a Document, types: &'t TypeTree) -> Self {
        Self { value: Some(document.as_value()), types: Some(types) }
    }

    /// The side that does not have the place.
    const NOTHING: Self = Self { value: None, types: None };

    fn field(self, key: &str) -> Self {
        let value = self.value.and_then(|value| value.get(key));
        Self { value, types: self.types.and_then(|types| types.at(key)) }
    }

    fn element(self, index: usize) -> Self {
        let value = self.value.and_then(|value| value.get(index));
        Self { value, types: self.types.and_then(|types| types.at(&index.to_string())) }
    }

    fn kind(self) -> Option<ValueType> {
        self.types.and_then(TypeTree::kind)
    }
}

struct FieldWalk<'a> {
    most: usize,
    path: Vec<Cow<'a, str>>,
    found: Vec<FieldDifference<'a>>,
    omitted: usize,
}

impl<'a> FieldWalk<'a> {
    fn visit(&mut self, before: TypedSide<'a, '_>, after: TypedSide<'a, '_>) {
        match (before.value, after.value) {
            (Some(Value::Object(old)), Some(Value::Object(new))) => {
                let mut keys: Vec<&'a String> =
                    old.keys().chain(new.keys().filter(|key| !old.contains_key(*key))).collect();
                keys.sort();
                for key in keys {
                    self.step(key.into(), before.field(key), after.field(key));
                }
            }
            _ if before.kind() != after.kind() => self.report(before, after),
            (Some(Value::Array(old)), Some(Value::Array(new))) if can_pair(old, new) => {
                self.elements(old, new, before, after);
            }
            // What is equal is looked into where something below is of another type.
            (Some(Value::Array(old)), Some(Value::Array(new))) if old == new && before.types != after.types => {
                self.elements(old, new, before, after);
            }
            (old, new) if old == new => {}
            _ => self.report(before, after),
        }
    }

    fn step(&mut self, segment: Cow<'a, str>, before: TypedSide<'a, '_>, after: TypedSide<'a, '_>) {
        self.path.push(segment);
        self.visit(before, after);
        self.path.pop();
    }

    fn elements(&mut self, old: &'a [Value], new: &'a [Value], before: TypedSide<'a, '_>, after: TypedSide<'a, '_>) {
        let segment = |index: usize| Cow::Owned(index.to_string());
        let is_same_length = old.len() == new.len();
        let (head, tail) = if is_same_length { (old.len(), 0) } else { common_ends(old, new) };
        // The ends of lists of two lengths have equal values; their types may differ.
        let looks_at_ends = is_same_length || before.types != after.types;
        for index in (0..head).filter(|_| looks_at_ends) {
            self.step(segment(index), before.element(index), after.element(index));
        }
        for index in head..old.len() - tail {
            self.step(segment(index), before.element(index), TypedSide::NOTHING);
        }
        for index in head..new.len() - tail {
            self.step(segment(index), TypedSide::NOTHING, after.element(index));
        }
        for back in (1..=tail).rev().filter(|_| looks_at_ends) {
            let (old, new) = (old.len() - back, new.len() - back);
            self.step(segment(new), before.element(old), after.element(new));
        }
    }

    fn report(&mut self, before: TypedSide<'a, '_>, after: TypedSide<'a, '_>) {
        if self.found.len() < self.most {
            // A key can be as long as the item, and one stands in the pointers of all fields below it.
            let pointer = pointer(self.path.iter().take(MAX_POINTER).map(|segment| cut(segment, MAX_POINTER)));
            let pointer = cut(&pointer, MAX_POINTER).into_owned();
            let types = [before.kind(), after.kind()];
            self.found.push(FieldDifference { pointer, before: before.value, after: after.value, types });
        } else {
            self.omitted += 1;
        }
    }
}

/// Whether it is clear which element of one list became which of the other.
fn can_pair(old: &[Value], new: &[Value]) -> bool {
    let some_were_added_or_removed = || {
        let (head, tail) = common_ends(old, new);
        head + tail == old.len().min(new.len())
    };
    old.iter().chain(new).all(Value::is_object) && (old.len() == new.len() || some_were_added_or_removed())
}

impl<'a> FieldDifference<'a> {
    /// How many values and bytes of text the two values have.
    pub(super) fn size(&self) -> usize {
        self.before.map_or(0, size) + self.after.map_or(0, size)
    }

    /// The difference line by line, if a value is too long to be shown as it is; `search_left` as for [`unified`]. It has no lines
    /// where the types alone differ.
    pub(super) fn lines(&self, search_left: &mut usize) -> Option<UnifiedDiff> {
        let [before, after] = self.texts()?;
        if self.before == self.after {
            return Some(UnifiedDiff::default());
        }
        Some(unified(before.as_deref(), after.as_deref(), search_left))
    }

    /// The two texts, or the JSON of the two values, if a value is too long to be shown as it is.
    pub(super) fn texts(&self) -> Option<[Option<Cow<'a, str>>; 2]> {
        let sides = [self.before, self.after];
        let all = |holds: fn(&Value) -> bool| sides.into_iter().flatten().all(holds);
        if all(is_short) {
            return None;
        }
        let (are_texts, is_indented) = (all(Value::is_string), all(|value| depth(value) <= MAX_INDENTED));
        let shown = |value| if are_texts { text(value) } else { json(value, is_indented) };
        Some(sides.map(|side| side.map(shown)))
    }
}

fn is_short(value: &Value) -> bool {
    match value {
        Value::String(text) => !text.contains('\n') && text.chars().nth(MAX_SHORT_TEXT).is_none(),
        other => other.to_string().len() <= MAX_SHORT_JSON,
    }
}

fn text(value: &Value) -> Cow<'_, str> {
    value.as_str().unwrap_or_default().into()
}

/// JSON with a line for each value, and every object's keys in order.
fn json(value: &Value, is_indented: bool) -> Cow<'static, str> {
    let mut json = Vec::new();
    let indent: &[u8] = if is_indented { b"  " } else { b"" };
    let mut serializer = Serializer::with_formatter(&mut json, PrettyFormatter::with_indent(indent));
    // Text keys and finite numbers only, written to memory: it cannot fail.
    let written = InOrder(value).serialize(&mut serializer);
    written.ok().and_then(|()| String::from_utf8(json).ok()).unwrap_or_default().into()
}

/// How many lists and objects stand inside each other.
fn depth(value: &Value) -> usize {
    match value {
        Value::Array(values) => 1 + values.iter().map(depth).max().unwrap_or_default(),
        Value::Object(fields) => 1 + fields.values().map(depth).max().unwrap_or_default(),
        _ => 0,
    }
}
