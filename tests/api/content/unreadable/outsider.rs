//! OddItem items as another system might write them, written down before the rules that read them were looked at.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tests::Item;

/// Whose partition an odd item stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemPartition {
    /// The setup that is captured.
    Setup,
    /// The organization of its owner.
    Source,
    /// The organization that applies it.
    Receiver,
}

/// What must come of an odd item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExpectedOutcome {
    /// It is left out, and told by its key and this kind.
    LeftOut(&'static str),
    /// It is read: what is odd about it decides nothing.
    Read,
    /// It is no part of a setup or an organization, and nothing is said of it.
    Ignored,
}

/// An item that is written beside the good ones.
pub(super) struct OddItem {
    pub(super) what: &'static str,
    pub(super) place: ItemPartition,
    pub(super) sk: String,
    pub(super) attributes: Value,
    pub(super) outcome: ExpectedOutcome,
}

/// JSON as DynamoDB holds it; an object with one field `$N`, `$B`, `$SS`, `$NS` or `$BS` is a value of that type.
pub(crate) fn attribute(value: &Value) -> AttributeValue {
    let texts = |value: &Value| value.as_array().unwrap().iter().map(|it| it.as_str().unwrap().to_owned()).collect();
    let only = value.as_object().filter(|fields| fields.len() == 1).and_then(|fields| fields.iter().next());
    match (value, only) {
        (_, Some((tag, value))) if tag.starts_with('$') => match tag.as_str() {
            "$N" => AttributeValue::N(value.as_str().unwrap().to_owned()),
            "$B" => AttributeValue::B(Blob::new(value.as_str().unwrap())),
            "$SS" => AttributeValue::Ss(texts(value)),
            "$NS" => AttributeValue::Ns(texts(value)),
            "$BS" => AttributeValue::Bs(texts(value).into_iter().map(Blob::new).collect()),
            other => unreachable!("{other}"),
        },
        (Value::Null, _) => AttributeValue::Null(true),
        (Value::Bool(flag), _) => AttributeValue::Bool(*flag),
        (Value::Number(number), _) => AttributeValue::N(number.to_string()),
        (Value::String(text), _) => AttributeValue::S(text.clone()),
        (Value::Array(values), _) => AttributeValue::L(values.iter().map(attribute).collect()),
        (Value::Object(_), _) => AttributeValue::M(attributes(value)),
    }
}

/// The fields of a JSON object as DynamoDB holds them.
pub(super) fn attributes(value: &Value) -> Item {
    value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), attribute(value))).collect()
}

const ID: &str = "64eeb0000000000000000001";
const OTHER_ID: &str = "64eeb0000000000000000002";
const UUID: &str = "3f2b8c1e-5d64-4b7a-9a3e-0c1d2e3f4a5b";
/// An automation of the demo setup.
const DEMO_ID: &str = "64eea1110000000000000101";

fn odd(what: &'static str, place: ItemPartition, sk: &str, attributes: Value, outcome: ExpectedOutcome) -> OddItem {
    OddItem { what, place, sk: sk.to_owned(), attributes, outcome }
}

/// A setup item of this kind with this document.
fn item(what: &'static str, kind: &str, document: Value, outcome: ExpectedOutcome) -> OddItem {
    let attributes = json!({"type": kind, "setupVersion": 1, "document": document});
    odd(what, ItemPartition::Setup, &format!("{}#{ID}", kind.to_uppercase()), attributes, outcome)
}

/// A setup item of this kind under another key.
fn keyed(what: &'static str, kind: &str, key: &str, outcome: ExpectedOutcome) -> OddItem {
    let attributes = json!({"type": kind, "setupVersion": 1, "document": {"name": "Odd one"}});
    odd(what, ItemPartition::Setup, &format!("{}#{key}", kind.to_uppercase()), attributes, outcome)
}

fn pipeline(what: &'static str, place: ItemPartition, document: Value, outcome: ExpectedOutcome) -> OddItem {
    odd(what, place, &format!("PIPELINE#{ID}"), json!({"type": "pipeline", "document": document}), outcome)
}

fn agent(what: &'static str, place: ItemPartition, document: Value, outcome: ExpectedOutcome) -> OddItem {
    odd(what, place, &format!("AGENT#{ID}"), json!({"type": "agent", "document": document}), outcome)
}

/// Every odd item.
pub(super) fn odd_items() -> Vec<OddItem> {
    [keys(), documents(), fields(), pipelines(), agents()].into_iter().flatten().collect()
}

fn keys() -> Vec<OddItem> {
    use ExpectedOutcome::{Ignored, LeftOut};
    let long = "f".repeat(900);
    let note = || json!({"type": "note", "document": {"name": "A note"}});
    vec![
        keyed("an id that is a UUID", "automation", UUID, LeftOut("automation")),
        keyed("an id of digits", "automation", "42", LeftOut("automation")),
        keyed("an empty id", "prompt", "", LeftOut("prompt")),
        keyed("an id with a hash", "template", "64ee#b0", LeftOut("template")),
        keyed("an id of 25 digits", "prompt", "64eeb00000000000000000011", LeftOut("prompt")),
        keyed("an id with a blank before it", "prompt", " 64eeb0000000000000000001", LeftOut("prompt")),
        keyed("an id in capitals", "automation", "64EEB0000000000000000ABC", LeftOut("automation")),
        keyed("the id of another item in capitals", "prompt", "64EEA1110000000000000201", LeftOut("prompt")),
        keyed("an id in Greek", "automation", "αυτόματο", LeftOut("automation")),
        keyed("a very long id", "template", &long, LeftOut("template")),
        keyed("an id that breaks the line", "template", "one\ntwo", LeftOut("template")),
        odd("a kind that nobody knows", ItemPartition::Setup, "WORKFLOW#1", note(), Ignored),
        odd("a key in small letters", ItemPartition::Setup, &format!("automation#{ID}"), note(), Ignored),
        odd("a key without an id", ItemPartition::Setup, "AUTOMATION", note(), Ignored),
        odd("a plural as key", ItemPartition::Setup, "PROMPTS#1", note(), Ignored),
        odd(
            "another map of switches",
            ItemPartition::Setup,
            "PREFERENCES#2",
            json!({"enabled": {DEMO_ID: false}}),
            Ignored,
        ),
        odd("a note of the organization", ItemPartition::Source, "NOTE#1", note(), Ignored),
    ]
}

fn documents() -> Vec<OddItem> {
    use ExpectedOutcome::{LeftOut, Read};
    let bare =
        |what, attributes, outcome| odd(what, ItemPartition::Setup, &format!("TEMPLATE#{ID}"), attributes, outcome);
    let version =
        |what, version: Value| bare(what, json!({"type": "template", "setupVersion": version, "document": {}}), Read);
    vec![
        bare("no document", json!({"type": "template", "setupVersion": 1}), LeftOut("template")),
        bare("nothing but its key", json!({}), LeftOut("template")),
        item("a document that is null", "automation", json!(null), LeftOut("automation")),
        item("a document that is a text", "prompt", json!("{\"name\":\"P\"}"), LeftOut("prompt")),
        item("a document that is a number", "prompt", json!(7), LeftOut("prompt")),
        item("a document that is a list", "automation", json!([{"name": "A"}]), LeftOut("automation")),
        item("a document that is a switch", "template", json!(true), LeftOut("template")),
        item("a document that is binary", "template", json!({"$B": "{}"}), LeftOut("template")),
        item("a document that is a set", "prompt", json!({"$SS": ["name"]}), LeftOut("prompt")),
        item("an empty document", "automation", json!({}), Read),
        bare("no type and no version", json!({"document": {"name": "T"}}), Read),
        bare("the type of another kind", json!({"type": "prompt", "setupVersion": 1, "document": {}}), Read),
        bare("a type that is a number", json!({"type": 5, "setupVersion": 1, "document": {}}), Read),
        version("a version that is a text", json!("one")),
        version("a version below nought", json!(-4)),
        version("a version with a fraction", json!(1.5)),
        version("a version of 38 digits", json!({"$N": "99999999999999999999999999999999999999"})),
        version("a version that is null", json!(null)),
        bare("further attributes", json!({"document": {}, "ttl": 5, "GSI9PK": "x", "raw": {"$B": "x"}}), Read),
        odd(
            "the id of a prompt as that of a template",
            ItemPartition::Setup,
            "TEMPLATE#64eea1110000000000000201",
            json!({"document": {"name": "Twin"}, "setupVersion": 1}),
            Read,
        ),
    ]
}

fn fields() -> Vec<OddItem> {
    let automation = |what, document| item(what, "automation", document, ExpectedOutcome::Read);
    let acts = |what, actions: Value| {
        item(what, "automation", json!({"name": "Odd", "event": "x", "actions": actions}), ExpectedOutcome::Read)
    };
    let nested = (0..28).fold(json!(null), |inner, _| json!([inner]));
    vec![
        automation("no name", json!({"event": "message.received"})),
        automation("a name that is a number", json!({"name": 12})),
        automation("a name that is null", json!({"name": null})),
        automation("an empty name", json!({"name": ""})),
        automation("a binary name", json!({"name": {"$B": "Odd"}})),
        automation("a set of names", json!({"name": {"$SS": ["A", "B"]}})),
        automation("a name of controls", json!({"name": "a\u{0}b\u{202e}c"})),
        automation("a long name", json!({"name": "n".repeat(20_000)})),
        automation("a name that another automation has", json!({"name": "Nudge after two quiet days"})),
        item("a template without a text", "template", json!({"name": "T", "template": null}), ExpectedOutcome::Read),
        item(
            "a prompt that is a list",
            "prompt",
            json!({"name": "P", "prompt": ["Be", "kind"]}),
            ExpectedOutcome::Read,
        ),
        item("tools that are a text", "prompt", json!({"name": "P", "tools": "none"}), ExpectedOutcome::Read),
        item("another id inside", "prompt", json!({"_id": OTHER_ID, "name": "P"}), ExpectedOutcome::Read),
        item("an id inside that is a number", "prompt", json!({"_id": 5, "name": "P"}), ExpectedOutcome::Read),
        acts("actions that are null", json!(null)),
        acts("actions that are a text", json!("send")),
        acts("actions that are a list", json!([{"targetStage": null}, null, 3])),
        acts("a stage that is a number", json!({"targetStage": 3})),
        acts("a stage that is null", json!({"targetStage": null})),
        acts("an empty stage", json!({"targetStage": ""})),
        acts("a stage that is a map", json!({"targetStage": {"name": null}})),
        acts("a binary stage", json!({"targetStage": {"$B": "Contacted"}})),
        acts("a set of agents", json!({"agent": {"$SS": ["x", "y"]}})),
        acts("an agent that is a number", json!({"agentId": {"$N": "1E+125"}})),
        acts("messages that are no list", json!({"sendMessage": {"template": 4}})),
        acts("messages that are null", json!({"sendMessage": [null, [], "", {"template": null}]})),
        acts("a webhook that is a list", json!({"webhook": ["https://", null, 9], "webhookUrl": 8})),
        acts("nested lists of null", nested),
        automation("statuses that are a set", json!({"name": "S", "sourceStatuses": {"$SS": ["New Lead"]}})),
        automation("statuses that are a text", json!({"name": "S", "sourceStatuses": "New Lead"})),
        automation("statuses of all types", json!({"name": "S", "sourceStatuses": [null, 1, {}, [], true, ""]})),
        automation("conditions that are a map", json!({"name": "S", "conditions": {"0": {"field": "status"}}})),
        automation("conditions of null", json!({"name": "S", "conditions": [null, {"field": null, "value": null}]})),
        automation("a field that is a list", json!({"name": "S", "conditions": [{"field": ["status"], "value": 1}]})),
        automation("huge numbers", json!({"name": "S", "timerLogic": {"delay": {"$N": "9.9E+125"}, "unit": -0.5}})),
        automation("a schedule of numbers", json!({"name": "S", "schedule": {"start": 8, "end": null}})),
        automation("odd names of fields", json!({"name": "S", "__proto__": {"a/b": {"~": 1, " ": 2, "#": 3}}})),
        automation("references as stored earlier", json!({"name": "S", "references": "all", "enabled": "maybe"})),
        automation("an owner that is a list", json!({"name": "S", "userId": [], "organizationId": 4})),
    ]
}

fn pipelines() -> Vec<OddItem> {
    use ExpectedOutcome::{LeftOut, Read};
    let left_out = |what, document| pipeline(what, ItemPartition::Source, document, LeftOut("pipeline"));
    let read = |what, document| pipeline(what, ItemPartition::Source, document, Read);
    let stages = |what, stages: Value, outcome| {
        pipeline(
            what,
            ItemPartition::Source,
            json!({"_id": ID, "name": "P", "type": "Contact", "stages": stages}),
            outcome,
        )
    };
    let good = json!({"_id": UUID, "name": "P", "type": "Contact", "stages": [{"name": "Odd stage"}]});
    let foreign = json!({"type": "pipeline", "document": good});
    vec![
        left_out("a pipeline that is null", json!(null)),
        left_out("a pipeline that is a text", json!("Sales")),
        left_out("an empty pipeline", json!({})),
        left_out("a pipeline without stages", json!({"_id": ID, "name": "P", "type": "Contact"})),
        left_out("a pipeline without a name", json!({"_id": ID, "type": "Contact", "stages": []})),
        left_out("a pipeline with a number as name", json!({"_id": ID, "name": 5, "type": "Contact", "stages": []})),
        left_out("a pipeline without an id", json!({"name": "P", "type": "Contact", "stages": []})),
        left_out("a pipeline whose id is null", json!({"_id": null, "name": "P", "type": "Contact", "stages": []})),
        odd(
            "a pipeline whose id is a UUID",
            ItemPartition::Source,
            &format!("PIPELINE#{UUID}"),
            foreign,
            LeftOut("pipeline"),
        ),
        stages("stages that are null", json!(null), LeftOut("pipeline")),
        stages("stages that are a text", json!("New, Won"), LeftOut("pipeline")),
        stages("stages that are a set", json!({"$SS": ["New", "Won"]}), LeftOut("pipeline")),
        stages("stages that are a map", json!({"0": {"name": "New"}}), LeftOut("pipeline")),
        stages("no stages", json!([]), Read),
        stages("a stage that is null", json!([null, {"name": "Odd stage"}]), LeftOut("pipeline")),
        stages("stages that are texts", json!(["New", "Won"]), LeftOut("pipeline")),
        stages("a stage without a name", json!([{"color": "#fff"}]), LeftOut("pipeline")),
        stages("a stage named by a number", json!([{"name": 1}]), LeftOut("pipeline")),
        stages("an empty name of a stage", json!([{"name": ""}]), Read),
        stages("two stages of one name", json!([{"name": "Twin"}, {"name": "Twin"}]), Read),
        stages("a colour that is a map", json!([{"name": "Odd stage", "color": {"r": 1}, "order": "x"}]), Read),
        read("a binary icon", json!({"_id": ID, "name": "P", "type": "x", "stages": [], "icon": {"$B": "png"}})),
        stages(
            "a binary colour",
            json!([{"name": "Odd stage", "color": {"$B": "x"}, "icons": [{"$BS": ["x"]}]}]),
            Read,
        ),
        read("an empty name of a pipeline", json!({"_id": ID, "name": "", "type": "", "stages": []})),
        pipeline("a pipeline here without stages", ItemPartition::Receiver, json!({"_id": ID}), LeftOut("pipeline")),
        pipeline("a pipeline here that is a list", ItemPartition::Receiver, json!([]), LeftOut("pipeline")),
    ]
}

fn agents() -> Vec<OddItem> {
    use ExpectedOutcome::{LeftOut, Read};
    let left_out = |what, document| agent(what, ItemPartition::Source, document, LeftOut("agent"));
    let read = |what, document| agent(what, ItemPartition::Source, document, Read);
    let foreign = json!({"type": "agent", "document": {"_id": UUID, "name": "Eva"}});
    vec![
        left_out("an agent that is null", json!(null)),
        left_out("an agent that is a text", json!("Eva")),
        left_out("an empty agent", json!({})),
        left_out("an agent without a name", json!({"_id": ID})),
        left_out("an agent whose name is null", json!({"_id": ID, "name": null})),
        left_out("an agent whose name is a number", json!({"_id": ID, "name": 7})),
        left_out("an agent whose name is binary", json!({"_id": ID, "name": {"$B": "Eva"}})),
        left_out("an agent without an id", json!({"name": "Eva"})),
        left_out("an agent whose id is a number", json!({"_id": 12, "name": "Eva"})),
        odd("an agent whose id is a UUID", ItemPartition::Source, &format!("AGENT#{UUID}"), foreign, LeftOut("agent")),
        odd(
            "an agent of no document",
            ItemPartition::Source,
            &format!("AGENT#{ID}"),
            json!({"type": "agent"}),
            LeftOut("agent"),
        ),
        read("an agent with an empty name", json!({"_id": ID, "name": ""})),
        read("an agent of the name of another", json!({"_id": ID, "name": "Warm-up Agent"})),
        read("a description that is a list", json!({"_id": ID, "name": "Eva", "description": [1, null]})),
        read("a binary picture", json!({"_id": ID, "name": "Eva", "avatar": {"$B": "png"}, "tags": {"$SS": ["x"]}})),
        agent("an agent here without a name", ItemPartition::Receiver, json!({"_id": ID}), LeftOut("agent")),
        agent("an agent here that is a set", ItemPartition::Receiver, json!({"$NS": ["1"]}), LeftOut("agent")),
    ]
}

/// OddItem fields of an organization's own item.
pub(super) fn odd_organizations() -> Vec<(&'static str, Value)> {
    vec![
        ("name", json!(null)),
        ("name", json!(5)),
        ("name", json!("")),
        ("name", json!({"$B": "Acme"})),
        ("name", json!({"$SS": ["Acme"]})),
        ("name", json!({"en": "Acme"})),
        ("trustedDestinations", json!("https://hooks.example")),
        ("trustedDestinations", json!({"$SS": ["https://hooks.example"]})),
        ("trustedDestinations", json!([1, null, {}, ["x"]])),
        ("trustedDestinations", json!({"0": "https://hooks.example"})),
        ("trustedDestinations", json!({"$BS": ["x"]})),
        ("logo", json!({"$B": "png"})),
        ("limits", json!({"users": {"$N": "1E+125"}})),
    ]
}

/// OddItem switches, as the whole of `PREFERENCES`, and whether the first automation of the demo arrives as on.
pub(super) fn odd_switches() -> Vec<(&'static str, Value, bool)> {
    let entries = |what, entries: Value, on| (what, json!({"type": "preferences", "enabled": entries}), on);
    let with = |what, value: Value, on| entries(what, json!({DEMO_ID: value}), on);
    vec![
        ("switches without a map", json!({"type": "preferences"}), false),
        ("nothing but a key", json!({}), false),
        entries("a map that is null", json!(null), false),
        entries("a map that is a text", json!("all"), false),
        entries("a map that is true", json!(true), false),
        entries("a map that is a list", json!([DEMO_ID]), false),
        entries("a map that is a set", json!({"$SS": [DEMO_ID]}), false),
        entries("an empty map", json!({}), true),
        with("a switch that is a text", json!("true"), false),
        with("a switch that is a number", json!(1), false),
        with("a switch that is null", json!(null), false),
        with("a switch that is a map", json!({"value": true}), false),
        with("a switch that is a list", json!([true]), false),
        with("a switch that is binary", json!({"$B": "true"}), false),
        entries("a switch of nothing", json!({OTHER_ID: true}), true),
        entries("a switch of a UUID", json!({UUID: false}), true),
        entries("a switch of a long name", json!({"x".repeat(2_000): false}), true),
        entries("the id in capitals", json!({"64EEA1110000000000000101": false, DEMO_ID: true}), true),
    ]
}

/// OddItem fields of the source's profile, and whether its setup is captured all the same.
pub(super) fn odd_profiles() -> Vec<(&'static str, Value, bool)> {
    vec![
        ("email", json!(null), false),
        ("email", json!(5), false),
        ("email", json!("no address"), false),
        ("setupVersion", json!("one"), false),
        ("setupVersion", json!(-1), false),
        ("setupVersion", json!(1.5), false),
        ("setupVersion", json!({"$N": "1E+125"}), false),
        ("fullName", json!(7), true),
        ("fullName", json!(""), true),
        ("fullName", json!({"first": "Alex"}), true),
        ("fullName", json!("A".repeat(50_000)), true),
        ("phoneNumber", json!(14_155_550_101_u64), true),
        ("phoneNumber", json!("call me"), true),
        ("phoneNumber", json!(""), true),
        ("accessRole", json!("sales_rep"), true),
        ("accessRole", json!("OWNER"), true),
        ("accessRole", json!(null), true),
        ("loginDisabled", json!("no"), true),
        ("fullName", json!({"$B": "Alex"}), true),
        ("phoneNumber", json!({"$BS": ["1"]}), true),
        ("email", json!({"$B": "alex@acme.example"}), false),
        ("departmentId", json!(UUID), true),
        ("designation", json!({"$SS": ["AE"]}), true),
        ("createdAt", json!(1_770_000_000), true),
        ("updatedAt", json!("yesterday"), true),
        ("_id", json!(UUID), true),
    ]
}
