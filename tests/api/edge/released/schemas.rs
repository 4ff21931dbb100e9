//! Whether every value of one schema is a value of another one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::comparison::{Break, Direction, Document};

/// Limits from above, and limits from below.
const AT_MOST: [&str; 5] = ["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"];
const AT_LEAST: [&str; 5] = ["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"];

/// Keywords of which only the same value is known to take the same values.
const OPAQUE: [&str; 6] = ["pattern", "format", "multipleOf", "uniqueItems", "propertyNames", "not"];

/// Compares two schemas. The values of `sub` must be values of `sup`: for a request, `sub` is the released schema, for an answer the new one.
pub(super) struct Inclusion<'d> {
    pub(super) direction: Direction,
    pub(super) sub: Document<'d>,
    pub(super) sup: Document<'d>,
    /// Pairs of references that are being compared, because a schema may contain itself.
    pub(super) entered: BTreeSet<(String, String)>,
}

impl Inclusion<'_> {
    /// Returns every place where `sub` has values that `sup` does not have, or lacks a field.
    pub(super) fn breaks(&mut self, place: &str, sub: &Value, sup: &Value) -> Vec<Break> {
        let pair = (sub["$ref"].to_string(), sup["$ref"].to_string());
        let is_referred = sub.get("$ref").is_some() && sup.get("$ref").is_some();
        if is_referred && !self.entered.insert(pair.clone()) {
            return Vec::new();
        }
        let breaks = self.within(place, &self.sub.flat(sub), &self.sup.flat(sup));
        if is_referred {
            self.entered.remove(&pair);
        }
        breaks
    }

    fn within(&mut self, place: &str, sub: &Map<String, Value>, sup: &Map<String, Value>) -> Vec<Break> {
        let mut breaks = Vec::new();
        let mut add = |rule, detail: String| breaks.push(Break::new(rule, place, detail));
        if let Some(alternatives) = alternatives(sup) {
            let own = alternatives_or_itself(sub);
            for one in &own {
                let fits = |other: &Value| self.breaks(place, one, other).is_empty();
                if !alternatives.iter().any(fits) {
                    add(self.direction.type_rule(), format!("none of the alternatives takes {one}"));
                }
            }
            return breaks;
        }
        if let Some(own) = alternatives(sub) {
            return own.iter().flat_map(|one| self.breaks(place, one, &Value::Object(sup.clone()))).collect();
        }
        let (types, taken) = (types(sub), types(sup));
        let is_taken = |it: &&str| taken.contains(*it) || *it == "integer" && taken.contains("number");
        if !types.iter().all(is_taken) {
            add(self.direction.type_rule(), format!("{types:?} became or was {taken:?}"));
        }
        if let (Some(taken), false) = (values(sup), is_open(sup)) {
            let own = values(sub);
            let strangers: Vec<Value> = own.iter().flatten().filter(|value| !taken.contains(value)).cloned().collect();
            if own.is_none() || !strangers.is_empty() {
                add(self.direction.values_rule(), format!("{strangers:?}"));
            }
        }
        for (limits, narrower) in [(AT_MOST, f64::lt as fn(&f64, &f64) -> bool), (AT_LEAST, f64::gt)] {
            for limit in limits {
                let [own, other] = [sub, sup].map(|schema| schema.get(limit).and_then(Value::as_f64));
                let is_narrower = other.is_some_and(|other| own.is_none_or(|own| narrower(&other, &own)));
                if is_narrower {
                    add(self.direction.limit_rule(), format!("{limit}: {own:?} and {other:?}"));
                }
            }
        }
        for keyword in OPAQUE {
            let other = sup.get(keyword).filter(|it| !is_trivial(keyword, it));
            if other.is_some() && other != sub.get(keyword) {
                add(self.direction.limit_rule(), format!("{keyword}: {:?} and {other:?}", sub.get(keyword)));
            }
        }
        breaks.extend(self.fields(place, sub, sup));
        match (sub.get("items"), sup.get("items")) {
            (_, None) => {}
            (own, Some(other)) => {
                let place = format!("{place}/items");
                breaks.extend(self.breaks(&place, own.unwrap_or(&json!({})), other));
            }
        }
        breaks
    }

    fn fields(&mut self, place: &str, sub: &Map<String, Value>, sup: &Map<String, Value>) -> Vec<Break> {
        let mut breaks = Vec::new();
        let (own, other) = (properties(sub), properties(sup));
        let (released, new) = match self.direction {
            Direction::Request => (&own, &other),
            Direction::Answer => (&other, &own),
        };
        for name in released.keys().filter(|name| !new.contains_key(*name)) {
            breaks.push(Break::new(self.direction.field_rule(), &format!("{place}/{name}"), String::new()));
        }
        let (has, needs) = (required(sub), required(sup));
        for name in
            needs.difference(&has).filter(|name| released.contains_key(**name) || self.direction == Direction::Request)
        {
            // A field that is gone is reported once.
            if new.contains_key(*name) {
                breaks.push(Break::new(self.direction.required_rule(), &format!("{place}/{name}"), String::new()));
            }
        }
        for (name, own) in &own {
            if let Some(other) = other.get(name) {
                breaks.extend(self.breaks(&format!("{place}/{name}"), own, other));
            }
        }
        let closed = |schema: &Map<String, Value>| schema.get("additionalProperties") == Some(&json!(false));
        let further =
            |schema: &Map<String, Value>| schema.get("additionalProperties").filter(|it| it.is_object()).cloned();
        if closed(sup) && !closed(sub) {
            breaks.push(Break::new(self.direction.type_rule(), place, "takes no further fields".to_owned()));
        } else if let (Some(other), false) = (further(sup), closed(sub)) {
            let place = format!("{place}/*");
            breaks.extend(self.breaks(&place, &further(sub).unwrap_or(json!({})), &other));
        }
        breaks
    }
}

/// Returns the alternatives of a schema, each with what holds for all of them.
fn alternatives(schema: &Map<String, Value>) -> Option<Vec<Value>> {
    let keyword = ["oneOf", "anyOf"].into_iter().find(|keyword| schema.contains_key(*keyword))?;
    schema[keyword].as_array().cloned()
}

fn alternatives_or_itself(schema: &Map<String, Value>) -> Vec<Value> {
    alternatives(schema).unwrap_or_else(|| vec![Value::Object(schema.clone())])
}

fn types(schema: &Map<String, Value>) -> BTreeSet<&str> {
    match schema.get("type") {
        Some(Value::String(one)) => BTreeSet::from([one.as_str()]),
        Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
        _ => BTreeSet::from(["null", "boolean", "object", "array", "number", "string"]),
    }
}

fn values(schema: &Map<String, Value>) -> Option<Vec<Value>> {
    let one = schema.get("const").map(|value| vec![value.clone()]);
    one.or_else(|| schema.get("enum")?.as_array().cloned())
}

/// Whether clients must expect further values.
fn is_open(schema: &Map<String, Value>) -> bool {
    schema.contains_key("x-extensible-enum")
}

/// Names in JSON are texts anyway.
fn is_trivial(keyword: &str, value: &Value) -> bool {
    keyword == "propertyNames" && *value == json!({"type": "string"})
}

fn properties(schema: &Map<String, Value>) -> BTreeMap<String, Value> {
    schema.get("properties").and_then(Value::as_object).cloned().into_iter().flatten().collect()
}

fn required(schema: &Map<String, Value>) -> BTreeSet<&str> {
    schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}
