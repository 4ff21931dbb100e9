//! What the name of a field says about the value in it: where something goes, what is sent, or what is only a label.

use super::vocabulary::{ACTIONS, COMPARED, HOOKS, IDENTITY, LABELS, PAYLOADS, RECORDS, SHOWN, TEXTS};

/// What a field is, by its name. What a value is decides first; a name only says what cannot be a destination although it has
/// the form of one, and what is one although its form alone would not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FieldPurpose {
    /// Nothing known.
    Plain,
    /// Where a machine is called: `webhookUrl`, `callback`, `endpoint`.
    Hook,
    /// Who gets a copy without being named in the message: `bcc`, `forwardTo`.
    Copy,
    /// Who gets a message: `to`, `recipients`, `replyTo`.
    Recipient,
    /// A URL or a host: `url`, `baseUrl`, `host`.
    Address,
    /// A phone number.
    Phone,
    /// Names of tools or permissions, which have dots as hosts have: `contact.read`.
    Capabilities,
    /// What is shown or attached: `imageUrl`, `link`, `bookingUrl`.
    Shown,
    /// A text that a message is made of.
    Text,
    /// What is sent to the URL beside it.
    Payload,
    /// The payload and headers of a webhook, as the CRM names them.
    WebhookPayload,
    /// What decides whether an automation runs, and what it writes into a record.
    Compared,
    /// What an automation does; within what is compared it begins anew.
    Action,
    /// Who made or owns something.
    Person,
    /// Labels and closed words.
    Label,
}

/// How many bytes of a name are looked at: what follows says nothing more.
const LOOKED_AT: usize = 200;

/// A name taken apart.
pub(super) struct Name {
    words: Vec<String>,
    folded: String,
}

impl Name {
    pub(super) fn of(name: &str) -> Self {
        let words = words(&name[..name.floor_char_boundary(LOOKED_AT)]);
        let folded = words.concat();
        Self { words, folded }
    }

    fn has(&self, words: &[&str]) -> bool {
        self.words.iter().any(|word| words.contains(&word.as_str()))
    }

    fn last(&self, words: &[&str]) -> bool {
        self.words.last().is_some_and(|word| words.contains(&word.as_str()))
    }

    fn first(&self, words: &[&str]) -> bool {
        self.words.first().is_some_and(|word| words.contains(&word.as_str()))
    }

    fn holds(&self, parts: &[&str]) -> bool {
        parts.iter().any(|part| self.folded.contains(part))
    }

    /// Whether it is about messages or calls to phones.
    pub(super) fn is_telephony(&self) -> bool {
        self.has(&["sms", "mms", "call", "dial", "phone", "voice", "whatsapp", "telephone", "twilio", "fax"])
    }

    /// Whether it names the body of a message or a request.
    pub(super) fn is_body(&self) -> bool {
        self.last(&["body"])
    }

    /// Whether it names the host of a request.
    pub(super) fn is_host(&self) -> bool {
        self.last(&["host", "hostname"])
    }

    /// What the field is.
    pub(super) fn purpose(&self) -> FieldPurpose {
        let is_machine = self.holds(&HOOKS) || self.has(&["hook", "hooks", "mcp"]);
        if is_machine && self.last(&["payload", "headers", "header", "body", "data"]) {
            return FieldPurpose::WebhookPayload;
        }
        if is_machine && !self.last(&["method", "name", "description", "type", "event", "events", "id", "label"]) {
            return FieldPurpose::Hook;
        }
        if self.has(&["bcc", "cc", "forward", "forwards", "forwarding"]) || self.holds(&["forwardto", "bccto", "ccto"])
        {
            return FieldPurpose::Copy;
        }
        if self.has(&["assign", "assigned", "assignee", "owner", "author", "creator", "created", "updated", "modified"])
        {
            return FieldPurpose::Person;
        }
        if self.last(&["to", "recipient", "recipients"]) || self.holds(&["replyto", "sendto", "mailto", "recipient"]) {
            return FieldPurpose::Recipient;
        }
        self.passive().unwrap_or_else(|| self.place())
    }

    /// What holds no destination.
    fn passive(&self) -> Option<FieldPurpose> {
        let is_label = self.first(&["from", "sender", "caller", "source", "origin", "imported", "original", "copied"])
            || self.last(&LABELS)
            || self.first(&IDENTITY);
        if self.first(&["update", "set", "create", "add", "upsert", "custom"]) && self.has(&RECORDS)
            || COMPARED.contains(&self.folded.as_str())
        {
            return Some(FieldPurpose::Compared);
        }
        if is_label {
            return Some(FieldPurpose::Label);
        }
        if PAYLOADS.contains(&self.folded.as_str()) || self.last(&["payload", "headers", "query"]) {
            return Some(FieldPurpose::Payload);
        }
        if self.has(&SHOWN) {
            return Some(FieldPurpose::Shown);
        }
        self.last(&TEXTS).then_some(FieldPurpose::Text)
    }

    fn place(&self) -> FieldPurpose {
        const PHONES: [&str; 9] =
            ["phone", "phones", "mobile", "mobiles", "tel", "telephone", "msisdn", "fax", "whatsapp"];
        if self.last(&["url", "urls", "uri", "uris", "host", "hosts", "hostname", "server", "servers", "proxy"])
            || self.holds(&["url", "hostname"])
        {
            FieldPurpose::Address
        } else if self.last(&PHONES)
            || (self.last(&["number", "numbers"]) && (self.is_telephony() || self.has(&PHONES)))
            || self.holds(&["phonenumber"])
        {
            FieldPurpose::Phone
        } else if self.last(&["tools", "functions", "permissions", "capabilities", "plugins"]) {
            FieldPurpose::Capabilities
        } else if self.last(&ACTIONS) {
            FieldPurpose::Action
        } else {
            FieldPurpose::Plain
        }
    }
}

/// The words of a name in lower case: `webhookURL2` gives webhook, url and 2.
fn words(name: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut word, mut before) = (String::new(), ' ');
    let mut rest = name.chars().peekable();
    while let Some(c) = rest.next() {
        let ends_capitals =
            before.is_uppercase() && c.is_uppercase() && rest.peek().is_some_and(|next| next.is_lowercase());
        let begins =
            (c.is_uppercase() && before.is_lowercase()) || c.is_numeric() != before.is_numeric() || ends_capitals;
        if (begins || !c.is_alphanumeric()) && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        before = c;
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_apart_at_its_capitals_digits_and_signs() {
        for (name, expected) in [
            ("webhookUrl", "webhook url"),
            ("HTTPRequest", "http request"),
            ("reply_to-address", "reply to address"),
            ("URL2", "url 2"),
            ("", ""),
            ("ÜberURL", "über url"),
        ] {
            assert_eq!(words(name).join(" "), expected, "{name}");
        }
    }

    #[test]
    fn a_name_says_what_a_field_is() {
        for (purpose, names) in [
            (
                FieldPurpose::Hook,
                &[
                    "webhookUrl",
                    "webhook",
                    "statusCallback",
                    "callback_url",
                    "baseUrl",
                    "endpoint",
                    "hook",
                    "mcpServers",
                ][..],
            ),
            (FieldPurpose::Copy, &["bcc", "cc", "forwardTo", "forward", "forwardto", "bccEmails"]),
            (
                FieldPurpose::Recipient,
                &["to", "recipients", "replyTo", "reply-to", "sendTo", "notifyTo", "recipientEmail"],
            ),
            (FieldPurpose::Address, &["url", "URL", "host", "hostname", "server", "fetchURL2", "serverUri"]),
            (FieldPurpose::Phone, &["phone", "phoneNumber", "mobile", "callNumber"]),
            (FieldPurpose::Shown, &["mediaUrl", "imageUrl", "bookingLink", "attachments", "unsubscribeUrl"]),
            (FieldPurpose::Text, &["text", "emailSubject", "messageText", "template", "prompt"]),
            (FieldPurpose::WebhookPayload, &["webhookPayload", "webhookHeaders"]),
            (FieldPurpose::Payload, &["body", "payload", "params", "data", "headers", "requestHeaders"]),
            (FieldPurpose::Compared, &["conditions", "filter", "trigger", "updateContact", "setField", "customFields"]),
            (FieldPurpose::Label, &["name", "webhookMethod", "fromEmail", "userEmail", "templateId", "$ref"]),
            (FieldPurpose::Person, &["createdBy", "assignTo", "ownerEmail"]),
            (FieldPurpose::Action, &["actions", "steps", "then"]),
            (FieldPurpose::Plain, &["value", "notify", "email", "target", "config", "address", "number", ""]),
        ] {
            for name in names {
                assert_eq!(Name::of(name).purpose(), purpose, "{name}");
            }
        }
    }
}
