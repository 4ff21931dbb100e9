//! What the names around a place say about its value.

use serde_json::Value;

use super::RefType;
use super::place::{self, FieldName, Sense};

const SEND_MESSAGE: &str = "sendMessage";
/// Parameters that say whom an action is for, and those that do so only among parameters.
const RECEIVING: [&str; 6] = ["value", "values", "to", "target", "assignee", "assignTo"];
const RECEIVING_INSIDE: [&str; 3] = ["id", "_id", "name"];
/// Fields that hold what a field is compared with, or what is written to it.
pub(super) const COMPARED_WITH: [&str; 10] =
    ["value", "values", "value2", "b", "right", "rightValue", "rhs", "newValue", "expected", "operand"];
/// It holds the operator, or an object of both.
pub(super) const OPERATION: &str = "operation";
/// The channels and directions of the contract. One is suspected only where the field itself speaks of stages or agents.
const CONTRACT_WORDS: [&str; 12] =
    ["sms", "email", "call", "phone", "whatsapp", "chat", "voice", "push", "web", "inbound", "outbound", "all"];

/// A place, and what the names around it say.
#[derive(Clone, Copy)]
pub(super) struct PlaceHints<'v> {
    /// The kind of reference that the place holds for certain.
    pub(super) certain: Option<RefType>,
    /// The kind of reference that it holds where it is a name of the setup's own items.
    pub(super) own: Option<RefType>,
    /// Whether names of the organization are suspected.
    pub(super) suspect: bool,
    /// Whether the field itself speaks of stages or agents.
    pub(super) refers: bool,
    /// Whether the field says what happens next.
    pub(super) says_next: bool,
    /// The kind of thing whose id the field holds, in whatever form.
    pub(super) id_of: Option<RefType>,
    /// Whether the value is read by people, or is the name of a file.
    pub(super) is_read: bool,
    /// Whether nothing below is suspected.
    pub(super) is_sent: bool,
    pub(super) agents_first: bool,
    pub(super) in_actions: bool,
    pub(super) in_conditions: bool,
    /// Whether the parameters of an action that assigns an agent stand here.
    pub(super) assigns: bool,
    /// Whether the parameters of an action that sends words or writes them down stand here.
    pub(super) sends: bool,
    /// Whether the fields of a record that moves through no pipeline stand here.
    pub(super) of_another_record: bool,
    /// Whether the members are words to choose from, or to be shown.
    pub(super) lists_words: bool,
    pub(super) in_parameters: bool,
    pub(super) keys_refer: bool,
    pub(super) field: &'v str,
}

impl<'v> PlaceHints<'v> {
    pub(super) const NOTHING: Self = PlaceHints {
        certain: None,
        own: None,
        suspect: false,
        refers: false,
        says_next: false,
        id_of: None,
        is_read: false,
        is_sent: false,
        agents_first: false,
        in_actions: false,
        in_conditions: false,
        assigns: false,
        sends: false,
        of_another_record: false,
        lists_words: false,
        in_parameters: false,
        keys_refer: false,
        field: "",
    };

    /// Whether `value` is suspected here where the organization has something of this name.
    pub(super) fn suspects(&self, value: &str) -> bool {
        let is_contract = || CONTRACT_WORDS.iter().any(|word| word.eq_ignore_ascii_case(value));
        self.suspect && !self.is_sent && (self.refers || !is_contract())
    }

    /// Whether a name of one word counts in any case: elsewhere it is an everyday word.
    pub(super) fn expects_names(&self) -> bool {
        self.refers || self.says_next
    }

    /// Whether an expression of this place says of a value that it is a name of the organization, by what it compares it with.
    pub(super) fn compares(&self, subject: &FieldName) -> bool {
        subject.refers() && self.sense(subject) == Sense::Open
    }

    /// The place of a member's value. `compared` is the field that the object compares or writes.
    pub(super) fn member(&self, name: &FieldName, key: &'v str, compared: Option<&'v str>, value: &Value) -> Self {
        let by_name = name.certain();
        // Elsewhere these two hold a text, unless it is a name of the setup's own items.
        let is_certain = self.in_actions || !matches!(key, "prompt" | "template");
        let compared = compared.filter(|_| COMPARED_WITH.contains(&key) || key == OPERATION && value.is_object());
        let decisive = compared.map(FieldName::of);
        let decisive = decisive.as_ref().unwrap_or(name);
        // `{"stage": {"name": "Won"}}`: the object's own name decides.
        let is_part = self.refers && self.suspect && compared.is_none() && name.is_part();
        let sense = if is_part { Sense::Open } else { self.sense(decisive) };
        let is_sent = self.is_sent || sense == Sense::Sent || self.sends && name.is_request();
        let by_condition = compared.filter(|_| self.in_conditions).and_then(place::compared);
        let receives = RECEIVING.contains(&key) || self.in_parameters && RECEIVING_INSIDE.contains(&key);
        let by_action = (self.assigns && receives).then_some(RefType::Agent);
        let holds_parameters = name.holds_parameters();
        Self {
            certain: by_condition.or(by_action).or(by_name.filter(|_| is_certain)),
            own: by_name.filter(|_| !is_certain),
            suspect: !is_sent && sense == Sense::Open,
            refers: is_part || decisive.refers(),
            says_next: name.says_next(),
            id_of: name.holds_id_of(),
            is_read: !is_part && decisive.is_read(),
            is_sent,
            agents_first: if is_part { self.agents_first } else { decisive.prefers_agents() },
            in_actions: name.is_action_list(),
            in_conditions: self.in_conditions || name.is_condition(),
            assigns: self.assigns && holds_parameters,
            sends: self.sends && holds_parameters || name.is_webhook(),
            of_another_record: name.is_of_another_record() || self.of_another_record && name.holds_fields(),
            lists_words: name.lists_words(value.is_array()),
            in_parameters: holds_parameters,
            keys_refer: name.keys_refer(),
            field: match compared {
                Some(compared) => compared,
                None if self.in_actions && self.field == SEND_MESSAGE => SEND_MESSAGE,
                None => key,
            },
        }
    }

    /// What a name says of its value here.
    fn sense(&self, name: &FieldName) -> Sense {
        match name.sense() {
            Sense::Open if self.of_another_record && name.is_state() => Sense::Closed,
            Sense::Open if (self.sends || self.lists_words) && !name.refers() && !name.says_next() => Sense::Closed,
            sense => sense,
        }
    }
}
