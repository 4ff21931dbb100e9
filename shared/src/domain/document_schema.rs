//! What the API's description says of the documents of the CRM.

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AdditionalProperties, ArrayBuilder, ObjectBuilder, Schema, SchemaType, Type};
use utoipa::{PartialSchema, ToSchema};

use super::Document;

const WORDS: &str = "\
The fields of an automation, prompt or template as the CRM keeps them: an open object. Those that are listed have the types that the \
CRM writes, and one that somebody stored as another type comes as it is stored. This service reads `name` and the fields that refer to \
something, and lets all others travel along untouched.";

/// The fields that the CRM is known to write, with their types and what they are.
const KNOWN: [(&str, FieldType, &str); 20] = [
    ("name", FieldType::Text, "The item's name."),
    ("description", FieldType::Text, "What an automation or a prompt is for."),
    ("event", FieldType::Text, "Automation: what it reacts to, such as `message.received`."),
    ("triggerType", FieldType::Text, "Automation: `inbound`, `outbound`, `all` or `status_change`."),
    ("triggerLogicType", FieldType::Text, "Automation: `event` or `timer`."),
    ("timerLogic", FieldType::Object, "Automation: `enabled`, `delay` and `unit` of its timer."),
    ("schedule", FieldType::Object, "Automation: `start` and `end` of the hours in which it acts."),
    ("sourceStatuses", FieldType::Texts, "Automation: the names of the stages in which it acts."),
    ("conditions", FieldType::Objects, "Automation: what is compared before it acts."),
    ("actions", FieldType::Object, "Automation: what it does, such as `targetStage`, `sendMessage` or `webhookUrl`."),
    ("maxTransitions", FieldType::Number, "Automation: how often it moves one contact at most."),
    ("maxFollowUpCount", FieldType::Number, "Automation: how often it follows up at most."),
    ("prompt", FieldType::Text, "Prompt: its text."),
    ("temperature", FieldType::Number, "Prompt: from 0 to 1."),
    ("responseTime", FieldType::Number, "Prompt: how long an answer waits."),
    ("isHidden", FieldType::Flag, "Prompt: whether lists leave it out."),
    ("tools", FieldType::List, "Prompt: what it may call."),
    ("template", FieldType::Text, "Template: its text, with placeholders such as `{{firstName}}`."),
    ("type", FieldType::Text, "Template: `sms`, `email`, `campaign`, `script` or `automation`."),
    ("category", FieldType::Text, "Template: its category."),
];

/// A type of the CRM's. Any field may be null.
#[derive(Clone, Copy)]
enum FieldType {
    Text,
    Number,
    Flag,
    Texts,
    Object,
    Objects,
    List,
}

impl FieldType {
    fn schema(self, words: &str) -> Schema {
        let open = || Some(AdditionalProperties::FreeForm(true));
        let object = |kind| ObjectBuilder::new().schema_type(kind);
        let elements = match self {
            Self::Text => return object(or_null(Type::String)).description(Some(words)).into(),
            Self::Number => return object(or_null(Type::Number)).description(Some(words)).into(),
            Self::Flag => return object(or_null(Type::Boolean)).description(Some(words)).into(),
            Self::Object => {
                let object = object(or_null(Type::Object)).additional_properties(open());
                return object.description(Some(words)).into();
            }
            Self::Texts => object(Type::String.into()),
            Self::Objects => object(Type::Object.into()).additional_properties(open()),
            Self::List => object(SchemaType::AnyValue),
        };
        ArrayBuilder::new().schema_type(or_null(Type::Array)).items(elements).description(Some(words)).into()
    }
}

fn or_null(kind: Type) -> SchemaType {
    SchemaType::from_iter([kind, Type::Null])
}

impl PartialSchema for Document {
    fn schema() -> RefOr<Schema> {
        let object = ObjectBuilder::new().schema_type(Type::Object).description(Some(WORDS));
        let object = object.additional_properties(Some(AdditionalProperties::FreeForm(true)));
        KNOWN.iter().fold(object, |object, (name, known, words)| object.property(*name, known.schema(words))).into()
    }
}

impl ToSchema for Document {}
