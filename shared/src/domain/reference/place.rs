//! What a place may hold, by the names around it.

use super::RefType;
use super::vocabulary::{
    CHOICES, CLOSED, FIELDS, ID_FIELDS, MOVED, MOVING, NEXT, OTHER_RECORDS, PARAMETERS, PARTS, READ, RECORDS,
    REFERRING, SENT, SHOWN, STATES, TEXTS, WRITING,
};

/// What a field says of its value, where that is only known by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sense {
    /// It may be a name of the source organization.
    Open,
    /// It is one of a closed list.
    Closed,
    /// It, and all within it, is sent or written down.
    Sent,
}

/// A field's name, read as words.
pub(super) struct FieldName {
    folded: String,
    words: Vec<String>,
}

impl FieldName {
    pub(super) fn of(name: &str) -> Self {
        Self { folded: folded(name), words: words(name) }
    }

    fn has(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&word.as_str()))
    }

    /// The kind of reference that a field of this name is at any depth. A `prompt` and a `template` are one in an action alone.
    pub(super) fn certain(&self) -> Option<RefType> {
        let field = FIELDS.iter().find(|(field, _)| *field == self.folded);
        field.map(|(_, ref_type)| *ref_type).or_else(|| self.assigns_agent().then_some(RefType::Agent))
    }

    /// The kind of thing whose id a field of this name holds.
    pub(super) fn holds_id_of(&self) -> Option<RefType> {
        ID_FIELDS.iter().find(|(field, _)| *field == self.folded).map(|(_, ref_type)| *ref_type)
    }

    /// Whether the value is read by people, or is the name of a file or a version.
    pub(super) fn is_read(&self) -> bool {
        !self.refers() && !self.says_next() && (self.has(&TEXTS) || self.has(&READ))
    }

    /// Whether a member of this name says which of its kind the object is, or what it is compared with.
    pub(super) fn is_part(&self) -> bool {
        self.words.iter().all(|word| PARTS.contains(&word.as_str()))
    }

    /// Whether the name consists of words for stages or agents.
    pub(super) fn only_refers(&self) -> bool {
        !self.words.is_empty() && self.words.iter().all(|word| REFERRING.contains(&word.as_str()))
    }

    /// Whether an action of this name assigns an agent, or a field of this name says which.
    pub(super) fn assigns_agent(&self) -> bool {
        self.has(&["agent"]) && self.words.iter().any(|word| word.starts_with("assign"))
    }

    /// Whether an action of this kind writes words down or sends them.
    pub(super) fn sends_words(&self) -> bool {
        self.has(&["tag", "label", "note", "comment", "webhook", "http", "request"])
    }

    /// Whether an object of this name is a request to another system, or an action of this kind makes one.
    pub(super) fn is_webhook(&self) -> bool {
        self.has(&["webhook", "http"])
    }

    /// Whether a part of a request of this name is sent.
    pub(super) fn is_request(&self) -> bool {
        self.has(&["data", "query", "json", "form", "param", "parameter"])
    }

    /// Whether an object of this name, or what an action of this kind is about, moves through no pipeline.
    pub(super) fn is_of_another_record(&self) -> bool {
        let is_record = |word: &String| OTHER_RECORDS.contains(&word.as_str()) && !MOVING.contains(&word.as_str());
        let (records, rest): (Vec<_>, Vec<_>) = self.words.iter().partition(|word| is_record(word));
        !records.is_empty() && rest.iter().all(|word| WRITING.contains(&word.as_str()))
    }

    /// Whether an object of this name holds fields of the record that it stands in.
    pub(super) fn holds_fields(&self) -> bool {
        self.holds_parameters() || self.has(&["set", "field", "value", "change", "update"])
    }

    /// Whether the value is the state that a record is in.
    pub(super) fn is_state(&self) -> bool {
        self.words.last().is_some_and(|last| STATES.contains(&last.as_str())) && !self.has(&MOVED)
    }

    /// Whether the members of an object or a list of this name are words to choose from, or to be shown.
    pub(super) fn lists_words(&self, is_list: bool) -> bool {
        !self.refers() && (self.has(&SHOWN) || is_list && self.has(&CHOICES))
    }

    /// Whether the name says what happens next.
    pub(super) fn says_next(&self) -> bool {
        self.words.first().is_some_and(|first| NEXT.contains(&first.as_str()))
    }

    /// Whether what stands below decides.
    pub(super) fn is_condition(&self) -> bool {
        self.has(&["condition", "filter", "criteria", "criterion", "rule", "when", "if"])
    }

    pub(super) fn is_action_list(&self) -> bool {
        self.folded == "actions" || self.folded == "sendmessage"
    }

    /// Whether keys below are names of stages or agents.
    pub(super) fn keys_refer(&self) -> bool {
        self.has(&["stage", "status", "pipeline", "agent"])
    }

    /// Whether the name itself says that its value is a stage or an agent.
    pub(super) fn refers(&self) -> bool {
        self.has(&REFERRING)
    }

    /// Whether an object of this name holds the parameters of the action that it stands in.
    pub(super) fn holds_parameters(&self) -> bool {
        self.has(&PARAMETERS)
    }

    pub(super) fn prefers_agents(&self) -> bool {
        self.has(&["agent", "assign", "assigned", "assignee", "owner", "assistant", "teammate"])
    }

    pub(super) fn sense(&self) -> Sense {
        let last = self.words.last().map_or("", String::as_str);
        if self.has(&OTHER_RECORDS) && STATES.contains(&last) {
            return Sense::Closed;
        }
        if self.refers() {
            return Sense::Open;
        }
        if self.has(&SENT) {
            return Sense::Sent;
        }
        if self.says_next() {
            return Sense::Open;
        }
        match self.has(&TEXTS) || self.has(&CHOICES) || CLOSED.contains(&last) {
            true => Sense::Closed,
            false => Sense::Open,
        }
    }
}

/// The kind of reference that the value of a condition is, by the field that is compared: `contact.status`, `opportunity.pipelineStage`.
pub(super) fn compared(field: &str) -> Option<RefType> {
    let (record, last) = field.rsplit_once('.').unwrap_or(("", field));
    if !RECORDS.contains(&folded(record).as_str()) {
        return None;
    }
    match folded(last).as_str() {
        "status" | "stage" | "pipelinestage" => Some(RefType::PipelineStage),
        "agent" | "agentid" => Some(RefType::Agent),
        _ => None,
    }
}

/// A name without upper case and what separates its words: `targetStage` and `target_stage` are one.
pub(super) fn folded(name: &str) -> String {
    name.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The words of a name in lower case and in the singular: `pipelineStage`, `pipeline_stage` and `Pipeline Stages` have the same.
pub(super) fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut after_lower = false;
    for letter in name.chars() {
        if !letter.is_alphanumeric() {
            words.extend(singular(&mut word));
            after_lower = false;
            continue;
        }
        if letter.is_uppercase() && after_lower {
            words.extend(singular(&mut word));
        }
        after_lower = !letter.is_uppercase();
        word.extend(letter.to_lowercase());
    }
    words.extend(singular(&mut word));
    words
}

fn singular(word: &mut String) -> Option<String> {
    let word = std::mem::take(word);
    let stem = match word.as_str() {
        "status" | "statuses" => "status",
        "criteria" | "" => word.as_str(),
        _ if word.ends_with("ies") => return Some(format!("{}y", &word[..word.len() - 3])),
        _ if word.ends_with("ss") || word.len() < 4 => word.as_str(),
        _ => word.strip_suffix('s').unwrap_or(&word),
    };
    (!stem.is_empty()).then(|| stem.to_owned())
}
