//! The API's description says what the code does, and the committed one is what the code says.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};
use shared::http::ROUTES;
use tests::{TestApp, resolved, validate};

fn description() -> Value {
    serde_json::from_str(&local::openapi::text().unwrap()).unwrap()
}

/// Every operation, with its method and path.
fn operations(description: &Value) -> Vec<(Method, String, &Value)> {
    let paths = description["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| (method.to_ascii_uppercase().parse().unwrap(), path.clone(), operation))
    });
    operations.collect()
}

#[test]
fn every_committed_form_of_the_description_is_what_the_code_says() {
    for (file, expected, option) in [
        ("openapi.json", local::openapi::text().unwrap(), ""),
        ("openapi-3.0.json", local::openapi::text_3_0().unwrap(), " --version-3-0"),
        ("api.html", local::docs_page::text().unwrap(), " --page"),
        ("postman.json", local::postman::text().unwrap(), " --postman"),
    ] {
        let committed = std::fs::read_to_string(format!("{}/../docs/{file}", env!("CARGO_MANIFEST_DIR"))).unwrap();
        let same = committed == expected;
        assert!(same, "docs/{file} is not what the code says; run: cargo run -- openapi{option} > docs/{file}");
    }
}

#[test]
fn the_committed_description_stays_small_and_grows_by_little_with_a_route() {
    // Of 24 routes it had 585 kB before problems were shared components; generators and people read all of it.
    let at_most = 280_000 + 9_000 * (ROUTES.len() - 24);
    let size = local::openapi::text().unwrap().len();
    println!("{size} bytes for {} routes, of at most {at_most}", ROUTES.len());
    assert!(size <= at_most, "{size} bytes for {} routes: at most {at_most}", ROUTES.len());
}

#[test]
fn every_reference_leads_somewhere_and_every_component_is_referred_to() {
    let description = description();
    let text = description.to_string();
    let used: BTreeSet<&str> = text.split("\"$ref\":\"#").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    for reference in &used {
        assert!(description.pointer(reference).is_some(), "{reference} leads nowhere");
    }
    for (section, components) in description["components"].as_object().unwrap() {
        for name in components.as_object().unwrap().keys().filter(|_| section != "securitySchemes") {
            let reference = format!("/components/{section}/{name}");
            assert!(used.contains(reference.as_str()), "nothing refers to {reference}");
        }
    }
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let description = description();
    let described: BTreeSet<_> =
        operations(&description).into_iter().map(|(method, path, _)| (method.to_string(), path)).collect();
    let routes: BTreeSet<_> = ROUTES.iter().map(|route| (route.method.to_string(), route.path.to_owned())).collect();
    assert_eq!(described, routes);
    // Template and table are compared in template.rs.
}

#[test]
fn every_operation_has_a_name_of_its_own_words_and_a_group_that_is_described() {
    let description = description();
    let groups: Vec<&str> =
        description["tags"].as_array().unwrap().iter().map(|tag| tag["name"].as_str().unwrap()).collect();
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations(&description) {
        assert!(names.insert(operation["operationId"].as_str().unwrap()), "{method} {path}");
        for words in ["summary", "description"] {
            assert!(operation[words].as_str().is_some_and(|text| text.len() > 5), "{method} {path} {words}");
        }
        let tags = operation["tags"].as_array().unwrap();
        assert!(tags.len() == 1 && groups.contains(&tags[0].as_str().unwrap()), "{method} {path}");
        let parameters = operation["parameters"].as_array().unwrap();
        let in_path: BTreeSet<_> = parameters
            .iter()
            .map(resolved)
            .filter(|it| it["in"] == "path")
            .map(|it| it["name"].as_str().unwrap())
            .collect();
        let in_route: BTreeSet<_> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        assert_eq!(in_path, in_route, "{method} {path}");
    }
    // Descriptions link to operations.
    let text = description.to_string();
    for link in text.split("](#").skip(1).map(|rest| rest.split(')').next().unwrap()) {
        assert!(names.contains(link), "a link leads to {link}");
    }
}

#[tokio::test]
async fn a_route_asks_for_a_token_where_the_description_says_so() {
    let app = TestApp::start().await;
    let description = description();
    assert_eq!(description["servers"], json!([{"url": "/", "description": "Where this document came from."}]));
    assert_eq!(description["components"]["securitySchemes"]["bearer"]["scheme"], "bearer");
    for (method, path, operation) in operations(&description) {
        let sample = path
            .replace("{id}", "665f1a0c0e0a4b001a2c9f80")
            .replace("{applyId}", "665f1a0c0e0a4b001a2c9f81")
            .replace("{orgId}", "64ee9a8b1e7f2a0011223344")
            .replace("{userId}", "64ee9a8b1e7f2a0011223399");
        let answer = app.send(app.request(method.clone(), &sample)).await;
        let is_refused = answer.body["code"] == "unauthenticated";
        let expected = if is_refused { json!([{"bearer": []}]) } else { json!([]) };
        assert_eq!(operation["security"], expected, "{method} {path}");
    }
}

#[test]
fn every_example_is_as_its_schema_says() {
    let description = description();
    let mut examples = 0;
    for (method, path, operation) in operations(&description) {
        let bodies = operation["responses"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(status, response)| (status.as_str(), resolved(response)));
        for (what, body) in bodies.chain([("request", &operation["requestBody"])]) {
            for content in body["content"].as_object().into_iter().flat_map(|contents| contents.values()) {
                let many = content["examples"]
                    .as_object()
                    .into_iter()
                    .flat_map(|all| all.values())
                    .map(|it| &resolved(it)["value"]);
                for example in many.chain(content.get("example")) {
                    validate(&format!("{method} {path} {what} example"), &content["schema"], example);
                    examples += 1;
                }
            }
        }
    }
    println!("{examples} examples");
    assert!(examples > 100);
}

#[test]
fn the_customers_requests_and_answers_are_as_described() {
    let description = description();
    let create = &description["paths"]["/api/user-snapshots"]["post"];
    let apply = &description["paths"]["/api/user-snapshots/{id}/apply"]["post"];
    let request = |operation: &Value| operation["requestBody"]["content"]["application/json"].clone();
    assert_eq!(request(create)["example"], tests::create_body());
    assert_eq!(request(apply)["example"], tests::apply_body());
    // The second example of a new user on the customer's page.
    let mut body = tests::apply_body();
    body["newUser"]["phoneNumber"] = json!("+14155550177");
    body["newUser"]["designation"] = json!("Account Executive");
    validate("the customer's new user", &request(apply)["schema"], &body);
    let snapshot = &create["responses"]["201"]["content"]["application/json"]["example"];
    assert_eq!(snapshot["message"], "Snapshot created");
    assert_eq!(snapshot["snapshot"]["assignedOrgIds"], json!(["64ee9a8b1e7f2a0011223344"]));
}

#[test]
fn what_the_crm_writes_has_the_types_that_are_described() {
    let description = description();
    let schema = &description["components"]["schemas"]["Document"];
    let text =
        std::fs::read_to_string(format!("{}/../events/demo-workspace.json", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let workspace: Value = serde_json::from_str(&text).unwrap();
    let users = workspace["organizations"].as_array().unwrap().iter().flat_map(|it| it["users"].as_array().unwrap());
    let mut seen = BTreeSet::new();
    for user in users {
        for item in
            ["automations", "prompts", "templates"].into_iter().filter_map(|kind| user[kind].as_array()).flatten()
        {
            assert!(jsonschema::is_valid(schema, item), "{item}");
            seen.extend(item.as_object().unwrap().keys().cloned());
        }
    }
    let known = schema["properties"].as_object().unwrap();
    for name in seen.iter().filter(|name| *name != "_id") {
        assert!(known.contains_key(name), "{name}");
    }
    for name in known.keys() {
        assert!(seen.contains(name), "{name}");
        let wrong = [json!(1), json!("a")].map(|value| Value::Object([(name.clone(), value)].into_iter().collect()));
        assert!(wrong.iter().any(|item| !jsonschema::is_valid(schema, item)), "{name}");
    }
}

/// Ids that an answer has without a name beside them, and why.
const WITHOUT_NAME: [(&str, &str, &str); 20] = [
    ("Apply", "_id", "an apply has no name"),
    ("Apply", "userRemovedBy", "the history keeps ids alone of a removal"),
    ("ApplyReference", "applyId", "an apply has no name"),
    ("ApplyReference", "snapshotId", "it would cost a read of the snapshot, which may be deleted"),
    ("ApplyResult", "applyId", "an apply has no name"),
    ("CapturedItemReference", "snapshotId", "it would cost a read of the snapshot, which may be deleted"),
    ("CapturedItemReference", "sourceId", "it would cost a read of the revision, which may be dropped"),
    ("HistoryEntry", "_id", "an apply has no name"),
    ("HistoryEntry", "snapshotId", "it would cost a read of each snapshot, which may be deleted"),
    ("HistoryEntry", "userRemovedBy", "the history keeps ids alone of a removal"),
    ("HistoryReason", "requestId", "a request has no name"),
    ("InvitedUser", "organizationId", "it would cost a read of the organization at each acceptance"),
    ("Item", "_id", "its document has it"),
    ("Problem", "requestId", "a request has no name"),
    ("SetupItem", "_id", "its document has it"),
    ("SignedInUser", "organizationId", "it would cost a read of the organization at each sign-in"),
    ("Snapshot", "assignedOrgIds", "it would cost up to 500 reads"),
    ("SnapshotAccess", "assignedOrgIds", "it would cost up to 500 reads"),
    ("User", "departmentId", "departments are not looked up"),
    ("User", "organizationId", "it is the caller's own"),
];

#[test]
fn a_name_stands_beside_every_id_of_an_answer() {
    let description = description();
    let of_requests =
        ["ApplySnapshot", "PlanSnapshot", "AssignSnapshot", "CreateSnapshot", "NewUser", "PlannedUser", "ChangeUser"];
    let (mut found, mut ids) = (BTreeSet::new(), 0);
    for (schema, members) in description["components"]["schemas"].as_object().unwrap() {
        let Some(properties) = members["properties"].as_object() else { continue };
        if of_requests.contains(&schema.as_str()) {
            continue;
        }
        for id in properties
            .keys()
            .filter(|name| name.ends_with("Id") || name.ends_with("Ids") || name.ends_with("By") || *name == "_id")
        {
            ids += 1;
            let subject = id.trim_start_matches("_id").trim_end_matches("Id");
            let names = ["Name", "Email"].map(|part| format!("{subject}{part}"));
            let is_named = names.iter().any(|name| properties.contains_key(name))
                || subject.is_empty() && ["name", "email", "before"].iter().any(|name| properties.contains_key(*name))
                || ["sourceId", "cloneId"].contains(&id.as_str()) && properties.contains_key("name");
            if !is_named {
                found.insert((schema.as_str(), id.as_str()));
            }
        }
    }
    let expected: BTreeSet<(&str, &str)> = WITHOUT_NAME.iter().map(|(schema, id, _)| (*schema, *id)).collect();
    assert_eq!(found, expected);
    assert!(ids > 25, "{ids}");
}

#[test]
fn no_field_has_a_default_and_null_stands_where_it_means_something() {
    let description = description();
    let mut nullable = BTreeSet::new();
    let mut places = vec![(String::new(), &description["components"]), (String::new(), &description["paths"])];
    while let Some((place, value)) = places.pop() {
        match value {
            Value::Object(members) => {
                assert!(
                    !members.contains_key("default"),
                    "{place}: generators take a field with a default for required"
                );
                let types = [&members.get("type"), &members.get("oneOf")];
                if types.iter().any(|it| it.is_some_and(|it| it.is_array() && it.to_string().contains("\"null\""))) {
                    nullable.insert(place.clone());
                }
                let within = members.iter().filter(|(name, _)| !name.starts_with("example"));
                places.extend(within.map(|(name, value)| (format!("{place}/{name}"), value)));
            }
            Value::Array(elements) => places.extend(elements.iter().map(|value| (place.clone(), value))),
            _ => {}
        }
    }
    let expected = |place: &&String| {
        **place == "/schemas/RenameSnapshot/properties/refresh"
            || ["/schemas/Document/properties/", "/schemas/ChangeUser/properties/"]
                .iter()
                .any(|it| place.starts_with(it))
    };
    let strangers: Vec<&String> = nullable.iter().filter(|place| !expected(place)).collect();
    assert!(strangers.is_empty(), "{strangers:?}");
    assert!(nullable.len() > 10);
}

/// Values at the limits of a schema, and whether its parser takes them.
fn at_the_limits() -> Vec<(&'static str, Vec<(String, bool)>)> {
    use shared::domain::{
        Description, Designation, Email, FullName, NewPassword, ObjectId, Password, PhoneNumber, SnapshotName,
    };
    let judge = |texts: Vec<String>, takes: fn(&str) -> bool| -> Vec<(String, bool)> {
        texts
            .into_iter()
            .map(|text| {
                let taken = takes(&text);
                (text, taken)
            })
            .collect()
    };
    let lengths = |lengths: &[usize]| -> Vec<String> { lengths.iter().map(|length| "é".repeat(*length)).collect() };
    // Every white space of Unicode, and what only looks like it or counts as it in other languages.
    let spaces = "\t\n\u{b}\u{c}\r \u{85}\u{a0}\u{1680}\u{2000}\u{200a}\u{2028}\u{2029}\u{202f}\u{205f}\u{3000}";
    let spaces = || spaces.chars().chain(['\u{200b}', '\u{feff}', '\u{180e}', '\0']).map(String::from);
    let names = || lengths(&[0, 1, 119, 120, 121]).into_iter().chain(spaces()).chain([" a ".to_owned()]).collect();
    let digits = |count: usize| "1".repeat(count);
    let phones = [0, 1, 2, 14, 15, 16].map(|count| format!("+{}", digits(count)));
    let phones =
        phones.into_iter().chain(["14155550177", "+0415555", "+1415555017x", "+١٢٣", "+12\n"].map(str::to_owned));
    let ids = [23, 24, 25].map(digits).into_iter().chain(
        ["64EE9a8b1e7f2a0011223344", "64ee9a8b1e7f2a001122334g", "64ee9a8b1e7f2a0011223344\n"].map(str::to_owned),
    );
    let addresses = [
        "a@b.example",
        "Casey.New+crm@BÜCHER.example.",
        "!#$%&'*+/=?^_`{|}~-@b.example",
        "a..b@c.example",
        ".a@b.example",
        "é@b.example",
        "a b@c.example",
        "@b.example",
        "a",
        "a@b@c.example",
        "a@acme\u{3002}example",
    ];
    vec![
        ("ObjectId", judge(ids.collect(), |text| text.parse::<ObjectId>().is_ok())),
        ("SnapshotName", judge(names(), |text| SnapshotName::parse(text).is_ok())),
        ("FullName", judge(names(), |text| FullName::parse(text).is_ok())),
        ("Designation", judge(names(), |text| Designation::parse(text).is_ok())),
        (
            "Description",
            judge(lengths(&[0, 1, 499, 500, 501]).into_iter().chain(spaces()).collect(), |text| {
                Description::parse(text).is_ok()
            }),
        ),
        ("PhoneNumber", judge(phones.collect(), |text| PhoneNumber::parse(text).is_ok())),
        ("Email", judge(addresses.map(str::to_owned).to_vec(), |text| Email::parse(text).is_ok())),
        (
            "NewPassword",
            judge(lengths(&[7, 8, 9, 127, 128, 129]), |text| {
                NewPassword::parse(Password::new(text.to_owned()), None).is_ok()
            }),
        ),
    ]
}

#[test]
fn a_schema_takes_a_text_exactly_when_its_parser_does() {
    let description = description();
    for (name, values) in at_the_limits() {
        let schema = &description["components"]["schemas"][name];
        assert!(schema.is_object(), "{name}");
        for taken in [true, false] {
            assert!(values.iter().any(|(_, it)| *it == taken), "{name}: no value that is {taken}");
        }
        for (text, taken) in values {
            assert_eq!(jsonschema::is_valid(schema, &json!(text)), taken, "{name} {text:?}");
        }
    }
}
