//! Which workspace files are accepted, and where others are refused.

use std::sync::LazyLock;

use jsonschema::{Draft, Validator};
use serde_json::json;

use super::*;

/// The time of what has none.
const NOW: Timestamp = Timestamp::from_millis(1_770_000_000_000);

/// What a file is refused for and the schema does not say.
const BEYOND_THE_SCHEMA: [&str; 9] = [
    "stages; at most",
    "stands here a second time",
    "more than once",
    "no `_id` either",
    "a field has an empty name",
    "DynamoDB stores",
    "a time is written",
    "the full name contains",
    "not an e-mail address",
];

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema = serde_json::from_str(&schema::text().unwrap()).unwrap();
    jsonschema::options().with_draft(Draft::Draft202012).should_validate_formats(true).build(&schema).unwrap()
});

/// Returns a good workspace, which the schema accepts too.
fn parsed(workspace: &Value) -> Workspace {
    let errors: Vec<_> = SCHEMA.iter_errors(workspace).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{errors:?}");
    Workspace::parse("w.json", &workspace.to_string(), NOW).unwrap()
}

/// Returns why a text is refused. The schema refuses it too, unless that is beyond it.
fn refusal(text: &str) -> String {
    let error = Workspace::parse("w.json", text, NOW).unwrap_err();
    let WorkspaceError::Refused { refusals, .. } = &error else { panic!("{error}") };
    let is_beyond = |reason: &str| BEYOND_THE_SCHEMA.iter().any(|beyond| reason.contains(beyond));
    if let Ok(value) = serde_json::from_str(text) {
        let must_be_refused = refusals.iter().any(|refusal| !is_beyond(&refusal.reason));
        assert!(!must_be_refused || !SCHEMA.is_valid(&value), "the schema accepts what is refused: {error}");
    }
    error.to_string()
}

/// Returns the refusal after a change of one place of a good workspace.
fn refusal_with(pointer: &str, value: Value) -> String {
    let mut workspace = small();
    let (parent, last) = pointer.rsplit_once('/').unwrap();
    match workspace.pointer_mut(parent).unwrap() {
        Value::Array(array) => array.insert(last.parse().unwrap(), value),
        other => other[last] = value,
    }
    refusal(&workspace.to_string())
}

fn small() -> Value {
    json!({"organizations": [{
        "_id": "64ee9a8b1e7f2a0011223344", "name": "Acme", "agents": [{"_id": "64eea1110000000000000061", "name": "A"}],
        "pipelines": [{"_id": "64eea1110000000000000011", "name": "P", "type": "Contact", "stages": []}],
        "users": [{
            "_id": "64ee9a8b1e7f2a0011223399", "email": "alex@acme.example", "fullName": "Alex",
            "accessRole": "SALES_REP", "createdAt": "2026-02-02T09:15:00.000Z",
            "prompts": [{"_id": "64eea1110000000000000201", "name": "P", "anything": [1, {"else": null}]}],
            "preferences": {"64eea1110000000000000101": false}
        }]
    }]})
}

#[test]
fn the_demo_workspace_is_the_one_of_the_contract() {
    let workspace = parsed(&serde_json::from_str(DEMO).unwrap());
    assert_eq!(workspace, Workspace::demo().unwrap());
    let (acme, alex) = workspace.member("ALEX@acme.example").unwrap();
    assert_eq!((acme.name.as_str(), acme.id.to_string().as_str()), ("Acme Corp", "64ee9a8b1e7f2a0011223344"));
    assert_eq!(alex.user.id.to_string(), "64ee9a8b1e7f2a0011223399");
    let setup = &alex.setup;
    assert_eq!((setup.items.automations.len(), setup.items.prompts.len(), setup.items.templates.len()), (5, 8, 12));
    assert_eq!(setup.preferences.values().filter(|on| !**on).count(), 1);
    let people: Vec<_> = workspace.members().map(|(_, member)| member.user.email.as_str()).collect();
    for email in ["pat@acme.example", "dana@acme.example", "gil@globex.example", "sam@globex.example"] {
        assert!(people.contains(&email), "{email}");
    }
}

#[test]
fn an_item_keeps_everything_but_its_id() {
    let workspace = parsed(&small());
    let prompt = &workspace.organizations[0].users[0].setup.items.prompts[0];
    assert_eq!(prompt.id.to_string(), "64eea1110000000000000201");
    assert_eq!(prompt.document.as_value(), &json!({"name": "P", "anything": [1, {"else": null}]}));
}

#[test]
fn what_is_not_json_is_refused_with_line_and_column() {
    assert_eq!(
        refusal("{\n  \"organizations\": [,]\n}"),
        "w.json: /organizations/0 (line 2, column 21): expected value"
    );
    assert_eq!(refusal(""), "w.json: line 1, column 0: EOF while parsing a value");
    assert_eq!(refusal("{\"organizations\": []} x"), "w.json: line 1, column 23: trailing characters");
}

#[test]
fn a_wrong_value_is_refused_with_its_pointer() {
    let user = "/organizations/0/users/0";
    for (pointer, value, place, reason) in [
        ("/extra", json!(1), "/extra", "unknown field `extra`; the fields here are $schema, organizations"),
        (
            "/organizations/0/users/0/fullNane",
            json!("A"),
            "/organizations/0/users/0/fullNane",
            "unknown field `fullNane`",
        ),
        (
            "/organizations/0/users/0/email",
            json!("no address"),
            "/organizations/0/users/0/email",
            "not an e-mail address",
        ),
        (
            "/organizations/0/users/0/fullName",
            json!("Alex\u{202e}xelA"),
            "/organizations/0/users/0/fullName",
            "the full name contains U+202E",
        ),
        ("/organizations/0/name", json!("x".repeat(121)), "/organizations/0/name", "at most 120 are allowed"),
        ("/organizations/0/agents/0/name", json!(" "), "/organizations/0/agents/0/name", "the name shows nothing"),
        ("/organizations/0/pipelines/0/type", json!("Deal"), "/organizations/0/pipelines/0/type", "unknown variant"),
        (
            "/organizations/0/pipelines/0/stages",
            json!([{"name": "New"}, {"name": "Won"}, {"name": "New"}]),
            "/organizations/0/pipelines/0/stages/2/name",
            "New stands here a second time",
        ),
        (
            "/organizations/0/pipelines/0/stages",
            (0..101).map(|stage| json!({"name": format!("{stage}")})).collect(),
            "/organizations/0/pipelines/0/stages",
            "there are 101 stages; at most 100 are allowed",
        ),
        (
            "/organizations/0/trustedDestinations",
            (0..201).map(|host| json!(format!("https://h{host}.example"))).collect(),
            "/organizations/0/trustedDestinations",
            "at most 200 are allowed",
        ),
        (
            "/organizations/0/users/0/phoneNumber",
            json!("0800"),
            "/organizations/0/users/0/phoneNumber",
            "a phone number is in E.164 form",
        ),
        (
            "/organizations/0/users/0/accessRole",
            json!("BOSS"),
            "/organizations/0/users/0/accessRole",
            "unknown variant",
        ),
        (
            "/organizations/0/users/0/createdAt",
            json!("today"),
            "/organizations/0/users/0/createdAt",
            "a time is written",
        ),
        ("/organizations/0/_id", json!("64"), "/organizations/0/_id", "an id is 24 hex digits"),
        (
            "/organizations/0/users/0/prompts/0",
            json!({"_id": "x"}),
            "/organizations/0/users/0/prompts/0/_id",
            "an id is 24 hex digits",
        ),
        (
            "/organizations/0/users/0/prompts/0",
            json!({"name": ""}),
            "/organizations/0/users/0/prompts/0",
            "give an `_id`, or a `name` of which the id is made",
        ),
        ("/organizations/0/users/0/prompts", json!("P"), "/organizations/0/users/0/prompts", "an array belongs here"),
        ("/organizations/0/users/0", json!(7), "/organizations/0/users/0", "an object belongs here, not a number"),
    ] {
        let refusal = refusal_with(pointer, value);
        assert!(refusal.starts_with(&format!("w.json: {place} (line 1, column ")), "{refusal}");
        assert!(refusal.contains(reason), "{refusal}");
    }
    assert!(small().pointer(user).is_some());
}

#[test]
fn what_comes_twice_is_refused_at_its_second_place() {
    let organization = small()["organizations"][0].clone();
    let user = organization["users"][0].clone();
    let mut namesake = user.clone();
    namesake["_id"] = json!("64ee9a8b1e7f2a0011223398");
    namesake["email"] = json!("ALEX@acme.example.");
    let mut other_tenant = organization.clone();
    other_tenant["_id"] = json!("64ee9a8b1e7f2a0011223345");
    for (pointer, value, expected) in [
        ("/organizations/1", organization.clone(), "/organizations/1/_id: 64ee9a8b1e7f2a0011223344"),
        ("/organizations/1", other_tenant, "/organizations/1/users/0/_id: 64ee9a8b1e7f2a0011223399"),
        ("/organizations/0/users/1", namesake, "/organizations/0/users/1/email: alex@acme.example"),
        (
            "/organizations/0/users/0/prompts/1",
            user["prompts"][0].clone(),
            "/organizations/0/users/0/prompts/1/_id: 64eea1110000000000000201",
        ),
        (
            "/organizations/0/agents/1",
            organization["agents"][0].clone(),
            "/organizations/0/agents/1/_id: 64eea1110000000000000061",
        ),
        (
            "/organizations/0/pipelines/1",
            organization["pipelines"][0].clone(),
            "/organizations/0/pipelines/1/_id: 64eea1110000000000000011",
        ),
    ] {
        let (place, twice) = expected.split_once(": ").unwrap();
        let refusal = refusal_with(pointer, value);
        let is_it = |line: &str| {
            line.contains(&format!("{place} (line 1, column "))
                && line.ends_with(&format!("): {twice} stands here a second time"))
        };
        assert!(refusal.lines().any(is_it), "{refusal}");
    }
}

#[test]
fn a_file_that_cannot_be_read_is_named() {
    let error = Workspace::read(Path::new("/no/such/workspace.json"), NOW).unwrap_err().to_string();
    assert!(error.starts_with("cannot read /no/such/workspace.json: "), "{error}");
}

#[test]
fn what_cannot_be_stored_is_refused_with_its_place() {
    let organization = "/organizations/0";
    let prompt = "/organizations/0/users/0/prompts/0";
    let nested = |containers: usize| (0..containers).fold(json!(1), |inner, _| json!({"a": inner}));
    let switches: serde_json::Map<_, _> = (0..16_000).map(|id| (format!("{id:024x}"), json!(true))).collect();
    for (field, value, place, said) in [
        (format!("{prompt}/"), json!(1), format!("{prompt}/"), "an empty name"),
        (format!("{prompt}/a"), json!({"b": [0, {"": 1}]}), format!("{prompt}/a/b/1/"), "an empty name"),
        (format!("{prompt}/n"), json!(1e126), format!("{prompt}/n"), "1E-130 to below 1E+126"),
        (format!("{prompt}/n"), json!([-1e300]), format!("{prompt}/n/0"), "1E-130 to below 1E+126"),
        (format!("{prompt}/n"), json!(1e-131), format!("{prompt}/n"), "1E-130 to below 1E+126"),
        (format!("{prompt}/deep"), nested(31), format!("{prompt}/deep{}", "/a".repeat(31)), "32 levels"),
        (format!("{prompt}/long"), json!("x".repeat(409_600)), prompt.to_owned(), "at most 409600"),
        (
            format!("{organization}/pipelines/0/more"),
            json!({"": 1}),
            format!("{organization}/pipelines/0/more/"),
            "empty",
        ),
        (format!("{organization}/agents/0/more"), json!(1e200), format!("{organization}/agents/0/more"), "1E+126"),
        (
            format!("{organization}/users/0/preferences"),
            json!(switches),
            format!("{organization}/users/0/preferences"),
            "at most 409600",
        ),
    ] {
        let refused = refusal_with(&field, value);
        assert!(refused.starts_with(&format!("w.json: {place} (line 1, ")) && refused.contains(said), "{refused}");
    }
    for (field, value) in [
        ("n", json!([0, 9.9e125, -9.9e125, 1e-130, u64::MAX, i64::MIN])),
        ("deep", nested(30)),
        ("long", json!("x".repeat(409_200))),
        ("a/b~c", json!({" ": null})),
    ] {
        let mut workspace = small();
        workspace["organizations"][0]["users"][0]["prompts"][0][field] = value;
        parsed(&workspace);
    }
}

#[test]
fn all_errors_come_at_once_with_line_and_column_in_the_order_of_the_file() {
    let text = r#"{
  "organizations": [{
    "name": "Acmé", "nane": 1,
    "pipelines": [{"name": "P", "type": "Contact"}],
    "users": [
      {"email": "no address", "fullName": "", "accessRole": "BOSS", "createdAt": "today"},
      {"email": "a@acme.example", "fullName": "A", "accessRole": "ADMIN",
       "prompts": [{}, {"name": "P", "": 1}], "preferences": {"x": true}},
      {"email": "A@acme.example", "fullName": "B", "accessRole": "ADMIN", "email": "A@acme.example"}
    ]
  }, {"name": "Acmé"}]
}"#;
    let expected = [
        "/organizations/0/nane (line 3, column 29): unknown field `nane`; the fields here are _id, name, \
         trustedDestinations, pipelines, agents, users",
        "/organizations/0/pipelines/0 (line 4, column 19): `stages` is missing",
        "/organizations/0/users/0/email (line 6, column 17): not an e-mail address: it has no @",
        "/organizations/0/users/0/fullName (line 6, column 43): the full name shows nothing",
        "/organizations/0/users/0/accessRole (line 6, column 61): unknown variant `BOSS`, expected one of `SALES_REP`, \
         `DEPARTMENT_HEAD`, `ADMIN`, `SUPERADMIN`",
        "/organizations/0/users/0/createdAt (line 6, column 82): a time is written",
        "/organizations/0/users/1/prompts/0 (line 8, column 20): give an `_id`, or a `name` of which the id is made",
        "/organizations/0/users/1/prompts/1/ (line 8, column 42): a field has an empty name",
        "/organizations/0/users/1/preferences/x (line 8, column 68): an id is 24 hex digits",
        "/organizations/0/users/2/email (line 9, column 84): this key stands in its object more than once",
        "/organizations/0/users/2/email (line 9, column 84): a@acme.example stands here a second time",
        "/organizations/1 (line 11, column 6): another organization of this name has no `_id` either; give one of them \
         an `_id`",
    ];
    let refusal = refusal(text);
    let lines: Vec<_> = refusal.lines().collect();
    assert_eq!(lines[0], format!("w.json: {} errors", expected.len()), "{refusal}");
    for (line, expected) in lines[1..].iter().zip(expected) {
        assert!(line.strip_prefix("  ").unwrap().starts_with(expected), "{line}\n  {expected}");
    }
}

/// A workspace without any id or time.
fn without_ids() -> Value {
    json!({"organizations": [{
        "name": "Acme", "agents": [{"name": "A"}], "pipelines": [{"name": "P", "type": "Contact", "stages": []}],
        "users": [{
            "email": "alex@acme.example", "fullName": "Alex", "accessRole": "ADMIN", "phoneNumber": null,
            "automations": [{"name": "X"}], "prompts": [{"name": "X"}, {"name": "Y"}], "templates": [{"name": "X"}],
        }],
    }]})
}

#[test]
fn ids_and_times_are_made_where_they_are_absent_and_are_the_same_again() {
    let workspace = parsed(&without_ids());
    assert_eq!(workspace, parsed(&without_ids()));
    let Tenant { organization, users, .. } = &workspace.organizations[0];
    let Member { user, setup, .. } = &users[0];
    assert_eq!((user.organization, user.created_at, user.updated_at), (organization.id, NOW, NOW));
    let items = setup.items.each().map(|(_, item)| item.id);
    let own = [organization.id, organization.agents[0].id, organization.pipelines[0].id, user.id];
    let ids: std::collections::HashSet<_> = own.into_iter().chain(items).collect();
    assert_eq!(ids.len(), 4 + 4);
    let mut renamed = without_ids();
    renamed["organizations"][0]["users"][0]["email"] = json!("ALEX@acme.example");
    assert_eq!(parsed(&renamed).organizations[0].users[0].user.id, user.id, "the address in its normal form");
    renamed["organizations"][0]["name"] = json!("Acme Corp");
    assert_ne!(parsed(&renamed).organizations[0].users[0].user.id, user.id);
}

#[test]
fn two_entries_of_one_name_need_an_id() {
    for (list, what) in [
        ("/organizations/0/agents", "agent"),
        ("/organizations/0/pipelines", "pipeline"),
        ("/organizations/0/users/0/prompts", "prompt"),
    ] {
        let mut workspace = without_ids();
        let entries = workspace.pointer_mut(list).unwrap().as_array_mut().unwrap();
        entries.push(entries[0].clone());
        let place = format!("{list}/{}", entries.len() - 1);
        let refused = refusal(&workspace.to_string());
        assert!(refused.starts_with(&format!("w.json: {place} (line 1, ")), "{refused}");
        assert!(
            refused.ends_with(&format!(": another {what} of this name has no `_id` either; give one of them an `_id`")),
            "{refused}"
        );
        workspace.pointer_mut(&place).unwrap()["_id"] = json!("64eea1110000000000000201");
        parsed(&workspace);
    }
}
