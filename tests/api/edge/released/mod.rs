//! The description keeps what clients of the released one rely on. `docs/released/openapi.json` is the description as it was released.
//!
//! The comparison is our own: of the tools in the registries none sees a new value of an enumeration in an answer, and each misses more, such
//! as parameters, fields of an answer, or what needs a token.

mod comparison;
mod schemas;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use self::comparison::{Break, Rule, breaks};

/// Breaks that the next release brings, with their reasons. CHANGELOG.md has them under "Changed" or "Removed". A release empties this list.
const ACCEPTED: [(Rule, &str, &str); 0] = [];

fn released() -> Value {
    let file = format!("{}/../docs/released/openapi.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap()
}

#[test]
fn clients_of_the_released_description_go_on_working() {
    let new: Value = serde_json::from_str(&local::openapi::text().unwrap()).unwrap();
    let found = breaks(&released(), &new);
    let is_accepted = |it: &&Break| ACCEPTED.iter().any(|(rule, place, _)| *rule == it.rule && *place == it.place);
    let unexpected: Vec<String> = found.iter().filter(|it| !is_accepted(it)).map(Break::to_string).collect();
    assert!(
        unexpected.is_empty(),
        "This breaks clients of the last release:\n{}\nKeep what they use, or list the break with its reason in ACCEPTED.",
        unexpected.join("\n")
    );
    for (rule, place, _) in ACCEPTED {
        assert!(
            found.iter().any(|it| it.rule == rule && it.place == place),
            "{rule:?} {place} breaks nothing any more"
        );
    }
}

const SNAPSHOTS: &str = "/paths/~1api~1user-snapshots";
const HEALTH: &str = "/paths/~1health";
const SCHEMAS: &str = "/components/schemas";

/// Changes of the description: a pointer to an object, a key, and the new value; `null` removes the key.
type Change = (String, &'static str, Value);

/// One change that breaks a rule, or several, and no other.
fn breaking() -> Vec<(Rule, Vec<Change>)> {
    let create = format!("{SNAPSHOTS}/post");
    let list = format!("{SNAPSHOTS}/get");
    let undo = "/paths/~1api~1user-snapshots~1{id}~1applies~1{applyId}~1undo/post".to_owned();
    let schema = |name: &str| format!("{SCHEMAS}/{name}");
    let parameter = json!([{"name": "organization", "in": "query", "required": true, "schema": {"type": "string"}}]);
    vec![
        (Rule::OperationStays, vec![(SNAPSHOTS.to_owned(), "post", Value::Null)]),
        (Rule::OperationStays, vec![("/paths".to_owned(), "/health", Value::Null)]),
        (Rule::OperationKeepsItsName, vec![(create.clone(), "operationId", json!("captureSnapshot"))]),
        (Rule::NoNewToken, vec![(format!("{HEALTH}/get"), "security", json!([{"bearer": []}]))]),
        (Rule::ParameterStays, vec![(format!("{HEALTH}/get"), "parameters", json!([]))]),
        (
            Rule::NoNewRequiredParameter,
            vec![(format!("{SNAPSHOTS}~1orgs~1{{orgId}}~1users/get/parameters"), "-", parameter[0].clone())],
        ),
        (Rule::BodyStays, vec![(create.clone(), "requestBody", Value::Null)]),
        (Rule::NoNewRequiredBody, vec![(format!("{undo}/requestBody"), "required", json!(true))]),
        (Rule::RequestFieldStays, vec![(schema("CreateSnapshot/properties"), "description", Value::Null)]),
        (Rule::NoNewRequiredField, vec![(schema("CreateSnapshot/required"), "-", json!("description"))]),
        (
            Rule::NoNewRequiredField,
            vec![
                (schema("CreateSnapshot/properties"), "reason", json!({"type": "string"})),
                (schema("CreateSnapshot/required"), "-", json!("reason")),
            ],
        ),
        (Rule::RequestKeepsItsTypes, vec![(schema("UndoApply/properties/force"), "type", json!("string"))]),
        (
            Rule::RequestKeepsItsTypes,
            vec![(
                schema("RenameSnapshot/properties/refresh"),
                "oneOf",
                json!([{"$ref": "#/components/schemas/SetRefresh"}]),
            )],
        ),
        (
            Rule::RequestKeepsItsValues,
            vec![("/components/parameters/Revision/schema".to_owned(), "enum", json!(["own"]))],
        ),
        (Rule::RequestKeepsItsLimits, vec![("/components/parameters/Limit/schema".to_owned(), "maximum", json!(100))]),
        (Rule::RequestKeepsItsLimits, vec![("/components/parameters/Limit/schema".to_owned(), "minimum", json!(2))]),
        (Rule::RequestKeepsItsLimits, vec![(schema("SnapshotName"), "maxLength", json!(60))]),
        (Rule::RequestKeepsItsLimits, vec![(schema("PhoneNumber"), "pattern", json!("^[0-9]+$"))]),
        (Rule::StatusStays, vec![(format!("{create}/responses"), "409", Value::Null)]),
        (Rule::NoNewSuccess, vec![(format!("{create}/responses"), "202", json!({"description": "It will be."}))]),
        (
            Rule::ErrorCodeStays,
            vec![(
                "/components/responses/SnapshotNotFound/content/application~1problem+json/examples".to_owned(),
                "snapshot_not_found",
                Value::Null,
            )],
        ),
        (Rule::HeaderStays, vec![(format!("{create}/responses/201/headers"), "ETag", Value::Null)]),
        (Rule::ContentTypeStays, vec![(format!("{list}/responses/200/content"), "application/json", Value::Null)]),
        (Rule::AnswerFieldStays, vec![(schema("ListedSnapshot/properties"), "sourceOrgName", Value::Null)]),
        (Rule::AnswerFieldStays, vec![(schema("Holdings/properties"), "prompts", Value::Null)]),
        (Rule::AnswerFieldAlwaysComes, vec![(schema("ListedSnapshot"), "required", json!(["_id"]))]),
        (Rule::AnswerKeepsItsTypes, vec![(schema("ListedSnapshot/properties/isGlobal"), "type", json!("string"))]),
        (
            Rule::AnswerKeepsItsTypes,
            vec![(schema("ListedSnapshot/properties/isGlobal"), "type", json!(["boolean", "null"]))],
        ),
        (Rule::AnswerKeepsItsTypes, vec![(schema("Counts/properties/prompts"), "type", json!("number"))]),
        (Rule::AnswerKeepsItsValues, vec![(schema("ApplyState"), "enum", json!(["applied", "undone", "lost"]))]),
        (Rule::AnswerKeepsItsLimits, vec![(schema("Counts/properties/prompts"), "minimum", json!(-1))]),
        (Rule::AnswerKeepsItsLimits, vec![(schema("Timestamp"), "format", json!("date"))]),
    ]
}

/// Changes that every client survives.
fn harmless() -> Vec<Vec<Change>> {
    let schema = |name: &str| format!("{SCHEMAS}/{name}");
    vec![
        vec![],
        vec![("/paths".to_owned(), "/more", json!({"get": {"responses": {"200": {}}}}))],
        vec![(format!("{SNAPSHOTS}/get"), "summary", json!("Other words"))],
        vec![(schema("ListedSnapshot/properties"), "more", json!({"type": "string"}))],
        vec![(schema("CreateSnapshot/properties"), "more", json!({"type": "string"}))],
        vec![(schema("SnapshotName"), "maxLength", json!(200))],
        vec![("/components/parameters/Limit/schema".to_owned(), "maximum", json!(500))],
        vec![("/components/parameters/Revision/schema".to_owned(), "enum", json!(["shared", "own"]))],
        vec![(format!("{SNAPSHOTS}/post/responses"), "451", json!({"description": "For reasons of law."}))],
        vec![(schema("UseReason/properties/code"), "x-extensible-enum", json!(["signed_in", "promoted"]))],
        vec![(schema("CreateSnapshot"), "required", json!(["name"]))],
    ]
}

fn changed(changes: &[Change]) -> Value {
    let mut description = released();
    for (pointer, key, value) in changes {
        let place = description.pointer_mut(pointer);
        let is_done = match place {
            Some(Value::Array(elements)) => {
                elements.push(value.clone());
                true
            }
            Some(Value::Object(members)) if value.is_null() => members.remove(*key).is_some(),
            Some(Value::Object(members)) => {
                members.insert((*key).to_owned(), value.clone());
                true
            }
            _ => false,
        };
        assert!(is_done, "the description has no {pointer}, or nothing to change at {key}");
    }
    description
}

#[test]
fn each_rule_finds_the_change_that_breaks_it_and_no_other_rule_does() {
    let mut seen = BTreeSet::new();
    for (rule, changes) in breaking() {
        let found = breaks(&released(), &changed(&changes));
        let rules: BTreeSet<Rule> = found.iter().map(|it| it.rule).collect();
        let lines: Vec<String> = found.iter().map(Break::to_string).collect();
        assert_eq!(rules, BTreeSet::from([rule]), "{changes:?}: {lines:#?}");
        seen.insert(rule);
    }
    assert_eq!(seen.len(), Rule::COUNT, "a rule has no example");
}

#[test]
fn a_change_that_only_adds_breaks_nobody() {
    for changes in harmless() {
        let found: Vec<String> = breaks(&released(), &changed(&changes)).iter().map(Break::to_string).collect();
        assert!(found.is_empty(), "{changes:?}: {found:#?}");
    }
}
