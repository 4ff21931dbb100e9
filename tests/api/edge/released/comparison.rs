//! What a new description takes away from the clients of a released one.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::schemas::Inclusion;

/// A change that breaks clients.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Break {
    /// The rule that the change violates.
    pub(super) rule: Rule,
    /// Where: method and path, then what of it.
    pub(super) place: String,
    detail: String,
}

/// What clients of a released description rely on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rule {
    OperationStays,
    OperationKeepsItsName,
    NoNewToken,
    ParameterStays,
    NoNewRequiredParameter,
    BodyStays,
    NoNewRequiredBody,
    RequestFieldStays,
    NoNewRequiredField,
    RequestKeepsItsTypes,
    RequestKeepsItsValues,
    RequestKeepsItsLimits,
    StatusStays,
    NoNewSuccess,
    ErrorCodeStays,
    HeaderStays,
    ContentTypeStays,
    AnswerFieldStays,
    AnswerFieldAlwaysComes,
    AnswerKeepsItsTypes,
    AnswerKeepsItsValues,
    AnswerKeepsItsLimits,
}

impl Rule {
    pub(super) const COUNT: usize = Self::AnswerKeepsItsLimits as usize + 1;
}

impl Break {
    pub(super) fn new(rule: Rule, place: &str, detail: String) -> Self {
        Self { rule, place: place.to_owned(), detail }
    }
}

impl std::fmt::Display for Break {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{:?}: {} {}", self.rule, self.place, self.detail)
    }
}

/// Which way a value goes. A request may be taken more widely than before; an answer may say less that is new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    Request,
    Answer,
}

impl Direction {
    fn choose(self, request: Rule, answer: Rule) -> Rule {
        match self {
            Self::Request => request,
            Self::Answer => answer,
        }
    }

    pub(super) fn type_rule(self) -> Rule {
        self.choose(Rule::RequestKeepsItsTypes, Rule::AnswerKeepsItsTypes)
    }

    pub(super) fn values_rule(self) -> Rule {
        self.choose(Rule::RequestKeepsItsValues, Rule::AnswerKeepsItsValues)
    }

    pub(super) fn limit_rule(self) -> Rule {
        self.choose(Rule::RequestKeepsItsLimits, Rule::AnswerKeepsItsLimits)
    }

    pub(super) fn field_rule(self) -> Rule {
        self.choose(Rule::RequestFieldStays, Rule::AnswerFieldStays)
    }

    pub(super) fn required_rule(self) -> Rule {
        self.choose(Rule::NoNewRequiredField, Rule::AnswerFieldAlwaysComes)
    }
}

/// A description, in which references lead somewhere.
#[derive(Clone, Copy)]
pub(super) struct Document<'d>(pub(super) &'d Value);

impl<'d> Document<'d> {
    fn resolved(self, value: &'d Value) -> &'d Value {
        let pointer = value["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        pointer.map_or(value, |pointer| self.0.pointer(pointer).unwrap())
    }

    /// Returns a schema without references and `allOf` at its top: the fields and requirements of all its parts.
    pub(super) fn flat(self, schema: &Value) -> Map<String, Value> {
        let reference = schema["$ref"].as_str().and_then(|reference| reference.strip_prefix('#'));
        let target = reference.map(|pointer| self.flat(self.0.pointer(pointer).unwrap()));
        let parts = schema["allOf"].as_array().into_iter().flatten().map(|part| self.flat(part));
        let mut flat: Map<String, Value> = Map::new();
        for part in target.into_iter().chain(parts).chain(schema.as_object().cloned()) {
            for (name, value) in part {
                match (name.as_str(), flat.get_mut(&name), value) {
                    ("$ref" | "allOf", _, _) => {}
                    ("properties", Some(Value::Object(all)), Value::Object(more)) => all.extend(more),
                    ("required", Some(Value::Array(all)), Value::Array(more)) => all.extend(more),
                    (_, _, value) => {
                        flat.insert(name, value);
                    }
                }
            }
        }
        flat
    }
}

/// Returns every change from `released` to `new` that breaks clients.
pub(super) fn breaks(released: &Value, new: &Value) -> Vec<Break> {
    let mut breaks = Vec::new();
    for (path, item) in released["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let place = format!("{} {path}", method.to_ascii_uppercase());
            match new["paths"].get(path).and_then(|item| item.get(method)) {
                None => breaks.push(Break::new(Rule::OperationStays, &place, String::new())),
                Some(other) => {
                    let comparison = Comparison { released: Document(released), new: Document(new), place };
                    breaks.extend(comparison.breaks(operation, other));
                }
            }
        }
    }
    breaks
}

struct Comparison<'d> {
    released: Document<'d>,
    new: Document<'d>,
    place: String,
}

impl<'d> Comparison<'d> {
    fn breaks(&self, operation: &'d Value, new: &'d Value) -> Vec<Break> {
        let mut breaks = Vec::new();
        if operation["operationId"] != new["operationId"] {
            breaks.push(self.at(Rule::OperationKeepsItsName, &new["operationId"].to_string()));
        }
        if operation["security"] == json!([]) && new["security"] != json!([]) {
            breaks.push(self.at(Rule::NoNewToken, ""));
        }
        breaks.extend(self.parameters(operation, new));
        breaks.extend(self.body(operation, new));
        breaks.extend(self.answers(operation, new));
        breaks
    }

    fn at(&self, rule: Rule, what: &str) -> Break {
        Break::new(rule, format!("{} {what}", self.place).trim_end(), String::new())
    }

    fn parameters(&self, operation: &'d Value, new: &'d Value) -> Vec<Break> {
        let [known, offered] = [(self.released, operation), (self.new, new)].map(|(document, operation)| {
            let all = operation["parameters"].as_array().into_iter().flatten().map(move |it| document.resolved(it));
            all.map(|it| (format!("{} {}", it["in"].as_str().unwrap(), it["name"].as_str().unwrap()), it))
                .collect::<BTreeMap<String, &Value>>()
        });
        let mut breaks = Vec::new();
        for (name, parameter) in &offered {
            let was_required = known.get(name).is_some_and(|it| it["required"] == true);
            if parameter["required"] == true && !was_required {
                breaks.push(self.at(Rule::NoNewRequiredParameter, name));
            }
        }
        for (name, parameter) in known {
            match offered.get(&name) {
                None => breaks.push(self.at(Rule::ParameterStays, &name)),
                Some(other) => breaks.extend(self.request(&name, &parameter["schema"], &other["schema"])),
            }
        }
        breaks
    }

    fn body(&self, operation: &'d Value, new: &'d Value) -> Vec<Break> {
        let [known, taken] =
            [self.released.resolved(&operation["requestBody"]), self.new.resolved(&new["requestBody"])];
        let mut breaks = Vec::new();
        if taken["required"] == true && known["required"] != true {
            breaks.push(self.at(Rule::NoNewRequiredBody, "body"));
        }
        for (content_type, content) in known["content"].as_object().into_iter().flatten() {
            match taken["content"].get(content_type) {
                None => breaks.push(self.at(Rule::BodyStays, content_type)),
                Some(other) => breaks.extend(self.request("body", &content["schema"], &other["schema"])),
            }
        }
        breaks
    }

    fn answers(&self, operation: &'d Value, new: &'d Value) -> Vec<Break> {
        let statuses = |operation: &'d Value| operation["responses"].as_object().unwrap();
        let mut breaks = Vec::new();
        for status in statuses(new).keys().filter(|it| it.starts_with('2')) {
            if !statuses(operation).contains_key(status) {
                breaks.push(self.at(Rule::NoNewSuccess, status));
            }
        }
        for (status, answer) in statuses(operation) {
            let Some(other) = statuses(new).get(status) else {
                breaks.push(self.at(Rule::StatusStays, status));
                continue;
            };
            let (answer, other) = (self.released.resolved(answer), self.new.resolved(other));
            let lost = |rule, what: &str| self.at(rule, &format!("{status} {what}"));
            breaks.extend(missing(&answer["headers"], &other["headers"]).map(|name| lost(Rule::HeaderStays, name)));
            for (content_type, content) in answer["content"].as_object().into_iter().flatten() {
                let Some(others) = other["content"].get(content_type) else {
                    breaks.push(lost(Rule::ContentTypeStays, content_type));
                    continue;
                };
                // A problem has an example for each code.
                if content_type == "application/problem+json" {
                    let codes = missing(&content["examples"], &others["examples"]);
                    breaks.extend(codes.map(|code| lost(Rule::ErrorCodeStays, code)));
                }
                breaks.extend(self.answer(status, &content["schema"], &others["schema"]));
            }
        }
        breaks
    }

    fn request(&self, what: &str, released: &Value, new: &Value) -> Vec<Break> {
        let (sub, sup) = (self.released, self.new);
        let mut inclusion = Inclusion { direction: Direction::Request, sub, sup, entered: BTreeSet::new() };
        inclusion.breaks(&format!("{} {what}", self.place), released, new)
    }

    fn answer(&self, what: &str, released: &Value, new: &Value) -> Vec<Break> {
        let (sub, sup) = (self.new, self.released);
        let mut inclusion = Inclusion { direction: Direction::Answer, sub, sup, entered: BTreeSet::new() };
        inclusion.breaks(&format!("{} {what}", self.place), new, released)
    }
}

/// The names that one object has and the other one lacks.
fn missing<'v>(known: &'v Value, other: &'v Value) -> impl Iterator<Item = &'v str> {
    let names = known.as_object().into_iter().flat_map(Map::keys);
    names.filter(|name| other.get(name.as_str()).is_none()).map(String::as_str)
}
