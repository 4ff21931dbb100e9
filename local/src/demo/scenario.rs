//! The main job, request by request, as `events/main-job.json` has it. The demo plays it, and so does `tests/sam-local/exchange`.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::{APPLY_BODY, CREATE_BODY, DemoError};

const FILE: &str = include_str!("../../../events/main-job.json");

/// The steps in order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Scenario {
    pub(super) steps: Vec<Step>,
}

/// A request, or what happens between two of them.
#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum Step {
    Request(RequestStep),
    Edit(EditStep),
}

/// A request and what must come back.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub(super) struct RequestStep {
    /// A sentence that describes the request.
    pub(super) title: String,
    /// Method and path. `{name}` stands for a kept value, here and in `answer`.
    request: String,
    /// Whose token goes along: the kept value of this name.
    #[serde(rename = "as")]
    token: Option<String>,
    body: Option<Value>,
    /// The recorded event that has the body.
    body_of: Option<String>,
    /// Texts of that body with what takes their place.
    #[serde(default)]
    replace: BTreeMap<String, String>,
    pub(super) status: u16,
    answer: Value,
    /// A text that must stand in the answer.
    pub(super) contains: Option<String>,
    /// A phrase that describes the answer. `{/pointer}` stands for a value of the answer.
    outcome: String,
    /// Names for values of the answer, each with its pointer.
    #[serde(default)]
    keep: BTreeMap<String, String>,
}

/// A change of a setup past the API, as the CRM makes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EditStep {
    pub(super) title: String,
    pub(super) edit: PromptEdit,
}

/// Text that is added to a prompt.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PromptEdit {
    /// The address of the user.
    pub(super) user: String,
    /// The name of the prompt.
    pub(super) prompt: String,
    pub(super) added: String,
}

/// The values of answers that later steps need.
#[derive(Default)]
pub(super) struct KeptValues(BTreeMap<String, Value>);

impl Scenario {
    pub(super) fn main_job() -> Result<Self, DemoError> {
        serde_json::from_str(FILE).map_err(|error| DemoError::Scenario(error.to_string()))
    }
}

impl RequestStep {
    /// The method, and the path with the kept values in it.
    pub(super) fn target(&self, kept: &KeptValues) -> (&str, String) {
        let (method, path) = self.request.split_once(' ').unwrap_or(("GET", &self.request));
        (method, kept.fill(path))
    }

    /// The name of the token that goes along, and the token.
    pub(super) fn bearer<'s>(&'s self, kept: &'s KeptValues) -> Result<Option<(&'s str, &'s str)>, DemoError> {
        self.token.as_deref().map(|name| Ok((name, kept.text(name)?))).transpose()
    }

    /// The body to the letter.
    pub(super) fn body(&self) -> Result<Option<String>, DemoError> {
        let recorded = match self.body_of.as_deref() {
            None => return Ok(self.body.as_ref().map(Value::to_string)),
            Some("create-snapshot.json") => CREATE_BODY,
            Some("apply-snapshot.json") => APPLY_BODY,
            Some(other) => return Err(DemoError::Scenario(format!("the demo does not know the body of {other}"))),
        };
        let body = |body: String, (from, to): (&String, &String)| body.replace(from, to);
        Ok(Some(self.replace.iter().fold(recorded.to_owned(), body)))
    }

    /// What must come back.
    pub(super) fn answer(&self, kept: &KeptValues) -> Value {
        kept.fill_all(&self.answer)
    }

    /// Returns the phrase that describes this answer.
    pub(super) fn outcome(&self, answer: &Value) -> String {
        let mut words = String::new();
        let mut rest = self.outcome.as_str();
        while let Some((before, (pointer, after))) =
            rest.split_once("{/").and_then(|(before, after)| Some((before, after.split_once('}')?)))
        {
            words += before;
            words += &answer.pointer(&format!("/{pointer}")).map_or_else(|| "nothing".to_owned(), plain);
            rest = after;
        }
        words + rest
    }

    /// Keeps the values that later steps need. Fails if the answer lacks one: nothing can go on then.
    pub(super) fn keep(&self, answer: &Value, kept: &mut KeptValues) -> Result<(), DemoError> {
        for (name, pointer) in &self.keep {
            let value =
                answer.pointer(pointer).ok_or_else(|| DemoError::Missing(format!("{pointer} in the answer")))?;
            kept.0.insert(name.clone(), value.clone());
        }
        Ok(())
    }
}

impl KeptValues {
    pub(super) fn get(&self, name: &str) -> Result<&Value, DemoError> {
        self.0.get(name).ok_or_else(|| DemoError::Missing(name.to_owned()))
    }

    pub(super) fn text(&self, name: &str) -> Result<&str, DemoError> {
        self.get(name)?.as_str().ok_or_else(|| DemoError::Missing(name.to_owned()))
    }

    fn fill(&self, text: &str) -> String {
        self.0.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{name}}}"), &plain(value)))
    }

    fn fill_all(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.fill(text)),
            Value::Array(elements) => elements.iter().map(|element| self.fill_all(element)).collect(),
            Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), self.fill_all(value))).collect(),
            plain => plain.clone(),
        }
    }
}

/// A text as it is, and any other value as JSON.
fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn step(step: &Value) -> RequestStep {
        serde_json::from_value(step.clone()).unwrap()
    }

    #[test]
    fn kept_values_stand_in_later_paths_and_expectations() {
        let login = step(&json!({"title": "", "request": "POST /login", "status": 200, "answer": {}, "outcome": "",
            "keep": {"pat": "/token", "id": "/user/id"}}));
        let mut kept = KeptValues::default();
        login.keep(&json!({"token": "t", "user": {"id": "6"}}), &mut kept).unwrap();
        let get = step(&json!({"title": "", "request": "GET /users/{id}/{other}", "as": "pat", "status": 200,
            "answer": {"id": "{id}", "more": [{"n": 1, "id": "<{id}>"}]}, "outcome": ""}));
        assert_eq!(get.target(&kept), ("GET", "/users/6/{other}".to_owned()));
        assert_eq!(get.bearer(&kept).unwrap(), Some(("pat", "t")));
        assert_eq!(get.answer(&kept), json!({"id": "6", "more": [{"n": 1, "id": "<6>"}]}));
        assert!(login.keep(&json!({"token": "t"}), &mut kept).is_err());
    }

    #[test]
    fn an_outcome_has_the_values_of_the_answer_in_its_words() {
        let words = |outcome: &str| {
            let step = step(&json!({"title": "", "request": "GET /", "status": 200, "answer": {}, "outcome": outcome}));
            step.outcome(&json!({"a": {"b": 5}, "c": "text"}))
        };
        assert_eq!(words("{/a/b} of {/c}, {/d} else {"), "5 of text, nothing else {");
        assert_eq!(words("plain"), "plain");
    }

    #[test]
    fn a_recorded_body_is_sent_to_the_letter_but_for_what_is_replaced() {
        let apply = |replace: Value| {
            step(&json!({"title": "", "request": "POST /", "status": 201, "answer": {}, "outcome": "",
                "bodyOf": "apply-snapshot.json", "replace": replace}))
        };
        assert_eq!(apply(json!({})).body().unwrap().unwrap(), APPLY_BODY);
        let robin = apply(json!({"Casey New": "Robin New"})).body().unwrap().unwrap();
        assert_eq!(robin, APPLY_BODY.replace("Casey New", "Robin New"));
    }

    #[test]
    fn the_main_job_has_thirteen_requests_and_one_edit() {
        let steps = Scenario::main_job().unwrap().steps;
        let requests = steps.iter().filter(|step| matches!(step, Step::Request(_))).count();
        assert_eq!((requests, steps.len()), (13, 14));
    }
}
