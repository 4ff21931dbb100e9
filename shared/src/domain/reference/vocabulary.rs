//! The words by which a place is judged, in lower case and in the singular.

use super::RefType;

/// Fields of a document that are a reference at any depth, by their folded names.
pub(super) const FIELDS: [(&str, RefType); 12] = [
    ("targetstage", RefType::PipelineStage),
    ("changetostatus", RefType::PipelineStage),
    ("sourcestatuses", RefType::PipelineStage),
    ("agent", RefType::Agent),
    ("agentid", RefType::Agent),
    ("agentids", RefType::Agent),
    ("templateid", RefType::Template),
    ("templateids", RefType::Template),
    ("promptid", RefType::Prompt),
    ("promptids", RefType::Prompt),
    ("prompt", RefType::Prompt),
    ("template", RefType::Template),
];

/// Fields that hold the id of a stage or a pipeline, by their folded names. What stands there is one in whatever form a system has its ids.
pub(super) const ID_FIELDS: [(&str, RefType); 8] = [
    ("stageid", RefType::PipelineStage),
    ("stageids", RefType::PipelineStage),
    ("pipelinestageid", RefType::PipelineStage),
    ("pipelinestageids", RefType::PipelineStage),
    ("dealstageid", RefType::PipelineStage),
    ("pipelineid", RefType::Pipeline),
    ("pipelineids", RefType::Pipeline),
    ("dealpipelineid", RefType::Pipeline),
];

/// What the field of a condition may belong to for its value to be a stage or an agent.
pub(super) const RECORDS: [&str; 6] = ["", "contact", "lead", "deal", "opportunity", "application"];

/// Words for records of another kind. The status of one is no stage.
pub(super) const OTHER_RECORDS: [&str; 40] = [
    "account",
    "appointment",
    "booking",
    "call",
    "campaign",
    "case",
    "contract",
    "conversation",
    "delivery",
    "email",
    "event",
    "form",
    "invoice",
    "job",
    "meeting",
    "member",
    "membership",
    "message",
    "order",
    "payment",
    "plan",
    "project",
    "quote",
    "request",
    "review",
    "shipment",
    "sms",
    "subscription",
    "survey",
    "task",
    "ticket",
    "trial",
    "user",
    "webinar",
    "workflow",
    "automation",
    "enrollment",
    "consent",
    "device",
    "marital",
];

/// Words among those for what is sent or happens, and for what may move a contact on. An action of such a kind may set a stage.
pub(super) const MOVING: [&str; 11] =
    ["call", "conversation", "email", "event", "form", "message", "request", "sms", "user", "review", "survey"];

/// Words for what an action does to a record.
pub(super) const WRITING: [&str; 9] = ["a", "add", "cancel", "change", "close", "create", "new", "set", "update"];

/// Words for what moves through a pipeline.
pub(super) const MOVED: [&str; 7] = ["contact", "lead", "deal", "opportunity", "application", "stage", "pipeline"];

/// Words for a list that something is chosen from. Its elements are words of its own.
pub(super) const CHOICES: [&str; 6] = ["enum", "option", "choice", "allowed", "picklist", "button"];

/// Words for an object whose members are words to be shown.
pub(super) const SHOWN: [&str; 7] = ["analytic", "classify", "menu", "translation", "utm", "variable", "variant"];

/// Words that make a place one for a stage or an agent.
pub(super) const REFERRING: [&str; 20] = [
    "assistant",
    "teammate",
    "stage",
    "status",
    "pipeline",
    "agent",
    "phase",
    "column",
    "assign",
    "assigned",
    "assignee",
    "owner",
    "dealstage",
    "leadstage",
    "contactstage",
    "salesstage",
    "pipelinestage",
    "dealstatus",
    "leadstatus",
    "contactstatus",
];

/// Words for what is sent as a whole: nothing within it is a name of the organization.
pub(super) const SENT: [&str; 6] = ["payload", "header", "tag", "hashtag", "body", "attachment"];

/// Words for the state that a record is in.
pub(super) const STATES: [&str; 4] = ["status", "state", "outcome", "result"];

/// Words for a text that is sent, shown or compared with one. What stands below it may be something else.
pub(super) const TEXTS: [&str; 27] = [
    "text",
    "message",
    "subject",
    "html",
    "content",
    "note",
    "comment",
    "caption",
    "snippet",
    "preheader",
    "greeting",
    "signature",
    "keyword",
    "utterance",
    "example",
    "reply",
    "response",
    "question",
    "answer",
    "footer",
    "script",
    "summary",
    "label",
    "instruction",
    "phrase",
    "synonym",
    "placeholder",
];

/// Words beside those of a text for what people read, and for files and marks of versions. An id within it names nothing.
pub(super) const READ: [&str; 24] = [
    "name",
    "description",
    "title",
    "heading",
    "reason",
    "log",
    "changelog",
    "link",
    "href",
    "image",
    "logo",
    "avatar",
    "src",
    "file",
    "icon",
    "photo",
    "media",
    "etag",
    "hash",
    "checksum",
    "digest",
    "trace",
    "nonce",
    "signature",
];

/// Words for a part of what the object's own name says: which of its kind, or how it is compared.
pub(super) const PARTS: [&str; 25] = [
    "id", "name", "value", "label", "title", "key", "slug", "display", "string", "static", "any", "all", "in", "eq",
    "is", "not", "equal", "ne", "of", "from", "to", "current", "previous", "default", "new",
];

/// Words with which a name begins that says what happens next.
pub(super) const NEXT: [&str; 8] = ["on", "if", "after", "then", "else", "when", "next", "move"];

/// Words for an object that holds the parameters of an action.
pub(super) const PARAMETERS: [&str; 12] = [
    "param",
    "parameter",
    "argument",
    "arg",
    "setting",
    "config",
    "option",
    "data",
    "input",
    "attribute",
    "property",
    "detail",
];

/// Words for what chooses one of a closed list. They decide where they are the last of a name.
pub(super) const CLOSED: [&str; 82] = [
    "name",
    "description",
    "event",
    "type",
    "unit",
    "channel",
    "method",
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
    "op",
    "operator",
    "operation",
    "source",
    "field",
    "kind",
    "mode",
    "format",
    "language",
    "locale",
    "timezone",
    "color",
    "icon",
    "title",
    "category",
    "priority",
    "object",
    "entity",
    "module",
    "resource",
    "provider",
    "via",
    "medium",
    "direction",
    "action",
    "model",
    "table",
    "platform",
    "network",
    "gender",
    "role",
    "day",
    "currency",
    "country",
    "frequency",
    "severity",
    "url",
    "origin",
    "industry",
    "audience",
    "badge",
    "calendar",
    "campaign",
    "folder",
    "grade",
    "group",
    "heading",
    "intent",
    "interest",
    "level",
    "list",
    "log",
    "changelog",
    "plan",
    "product",
    "rating",
    "reason",
    "score",
    "segment",
    "sentiment",
    "size",
    "team",
    "temperature",
    "term",
    "tier",
    "topic",
    "window",
    "winner",
];
