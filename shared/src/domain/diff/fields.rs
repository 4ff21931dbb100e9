//! Which fields of two documents differ, and whether that is told by two values or line by line.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;
use serde_json::ser::{PrettyFormatter, Serializer};

use super::MAX_POINTER;
use super::common_ends;
use super::unified::{Unified, unified};
use crate::domain::canonical::InOrder;
use crate::domain::setup::size;
use crate::domain::{cut, pointer};

/// The most code points of a text that is shown as a value; longer ones, and those of several lines, line by line.
pub const MAX_SHORT_TEXT: usize = 80;
/// The most bytes of JSON of any other value that is shown as it is: a condition, some stages, no more than one takes in.
pub const MAX_SHORT_JSON: usize = 400;
/// The deepest JSON that is indented. Below that there would be more white space than JSON.
const MAX_INDENTED: usize = 8;

/// A field that differs.
#[derive(Debug, Clone)]
pub(super) struct Field<'a> {
    /// A JSON pointer into the new document; where the value is gone, into the old one. Cut where it is long.
    pub(super) pointer: String,
    pub(super) before: Option<&'a Value>,
    pub(super) after: Option<&'a Value>,
}

/// The first `most` fields that differ, in the order of their keys, and how many there are besides.
///
/// Objects are compared key by key. Lists of objects are, element by element, if they are equally long or one is the other
/// with some elements in a row added. Everything else is one value, as are lists of stages: they are read as a whole.
pub(super) fn differences<'a>(before: &'a Value, after: &'a Value, most: usize) -> (Vec<Field<'a>>, usize) {
    let mut walk = Walk { most, path: Vec::new(), found: Vec::new(), omitted: 0 };
    walk.visit(Some(before), Some(after));
    (walk.found, walk.omitted)
}

struct Walk<'a> {
    most: usize,
    path: Vec<Cow<'a, str>>,
    found: Vec<Field<'a>>,
    omitted: usize,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, before: Option<&'a Value>, after: Option<&'a Value>) {
        match (before, after) {
            (Some(Value::Object(old)), Some(Value::Object(new))) => {
                let mut keys: Vec<&'a String> =
                    old.keys().chain(new.keys().filter(|key| !old.contains_key(*key))).collect();
                keys.sort();
                for key in keys {
                    self.step(key.into(), old.get(key), new.get(key));
                }
            }
            (Some(Value::Array(old)), Some(Value::Array(new))) if can_pair(old, new) => self.elements(old, new),
            _ if before == after => {}
            _ => self.report(before, after),
        }
    }

    fn step(&mut self, segment: Cow<'a, str>, before: Option<&'a Value>, after: Option<&'a Value>) {
        self.path.push(segment);
        self.visit(before, after);
        self.path.pop();
    }

    fn elements(&mut self, old: &'a [Value], new: &'a [Value]) {
        let segment = |index: usize| Cow::Owned(index.to_string());
        if old.len() == new.len() {
            for (index, (before, after)) in old.iter().zip(new).enumerate() {
                self.step(segment(index), Some(before), Some(after));
            }
            return;
        }
        let (head, tail) = common_ends(old, new);
        for index in head..old.len() - tail {
            self.step(segment(index), old.get(index), None);
        }
        for index in head..new.len() - tail {
            self.step(segment(index), None, new.get(index));
        }
    }

    fn report(&mut self, before: Option<&'a Value>, after: Option<&'a Value>) {
        if self.found.len() < self.most {
            // A key can be as long as the item, and one stands in the pointers of all fields below it.
            let pointer = pointer(self.path.iter().take(MAX_POINTER).map(|segment| cut(segment, MAX_POINTER)));
            self.found.push(Field { pointer: cut(&pointer, MAX_POINTER).into_owned(), before, after });
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

impl<'a> Field<'a> {
    /// How many values and bytes of text the two values have.
    pub(super) fn size(&self) -> usize {
        self.before.map_or(0, size) + self.after.map_or(0, size)
    }

    /// The difference line by line, if a value is too long to be shown as it is; `search_left` as for [`unified`].
    pub(super) fn lines(&self, search_left: &mut usize) -> Option<Unified> {
        let [before, after] = self.texts()?;
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
