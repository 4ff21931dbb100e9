//! No name of a stored attribute is taken from a body that does not publish it: mass assignment, tried out.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::{Value, json};
use tests::{ACME, ALEX, GLOBEX, PAT, SAM, TestApp, apply_body, create_body, edit_prompt, refresh, snapshot};

/// An id that nothing has.
const NOBODY: &str = "64ee9a8b1e7f2a00112233ff";

/// Every name in `value`, at any depth.
fn names(value: &AttributeValue, found: &mut BTreeSet<String>) {
    match value {
        AttributeValue::M(fields) => {
            for (name, value) in fields {
                found.insert(name.clone());
                names(value, found);
            }
        }
        AttributeValue::L(values) => values.iter().for_each(|value| names(value, found)),
        _ => {}
    }
}

/// Every attribute name of a table in which every kind of item stands, nested names included.
async fn stored_names(app: &TestApp, id: &str) -> BTreeSet<String> {
    app.apply(&app.token(SAM), id, &apply_body()).await.expect(201);
    app.login("nobody@acme.example", "wrong-password").await.expect_problem(401, "invalid_credentials");
    let reservation = app.create_snapshot(&app.token(PAT), &create_body()).await;
    let deleted = reservation.body["snapshot"]["_id"].as_str().unwrap();
    app.delete_snapshot(&app.token(PAT), deleted).await.expect(200);
    edit_prompt(app, "Say less.").await;
    refresh(app, PAT, id).await.expect(200);
    let mut found = BTreeSet::new();
    let mut types = BTreeSet::new();
    for item in app.items().await {
        types.insert(item["type"].as_s().unwrap().clone());
        names(&AttributeValue::M(item), &mut found);
    }
    let expected = [
        "agent",
        "apply",
        "automation",
        "email",
        "organization",
        "pipeline",
        "preferences",
        "prompt",
        "refresh",
        "revision",
        "sharing",
        "signInFailures",
        "signInsOfNetwork",
        "snapshot",
        "template",
        "user",
        "visibility",
    ];
    assert_eq!(types, expected.map(str::to_owned).into());
    // What only another state of an item has.
    found.extend(
        ["reservedBy", "undoneAt", "undoneBy", "secondLookAt", "TTL", "_id", "id", "__proto__", "constructor", "$set"]
            .map(str::to_owned),
    );
    found
}

/// A body and the places in it that take fields: route, method, body, pointers of the objects with fixed fields.
fn bodies(id: &str) -> Vec<(Method, String, Value, Vec<&'static str>)> {
    let path = |rest: &str| format!("/api/user-snapshots/{id}{rest}");
    let mut apply = apply_body();
    apply["newUser"]["email"] = json!("injected@globex.example");
    vec![
        (Method::POST, "/api/user-snapshots".to_owned(), create_body(), vec![""]),
        (Method::POST, path("/plan"), apply.clone(), vec!["", "/newUser"]),
        (Method::POST, path("/apply"), apply, vec!["", "/newUser"]),
        (Method::PATCH, path(""), json!({"name": "injected"}), vec![""]),
        (Method::PATCH, path("/assign"), json!({"assignedOrgIds": [ACME]}), vec![""]),
        (Method::POST, path(&format!("/applies/{NOBODY}/undo")), json!({"force": false}), vec![""]),
        (Method::POST, "/api/auth/login".to_owned(), json!({"email": ALEX, "password": "wrong-password"}), vec![""]),
    ]
}

/// The fields that each of these objects publishes, in the order of [`bodies`].
const PUBLISHED: [&[&[&str]]; 7] = [
    &[&["name", "sourceOrgId", "sourceUserId", "description", "organizationId"]],
    APPLY,
    APPLY,
    &[&["name", "description"]],
    &[&["assignedOrgIds", "isGlobal", "revision", "follow"]],
    &[&["force"]],
    &[&["email", "password"]],
];

/// Those of an apply, and of the plan of one.
const APPLY: &[&[&str]] = &[
    &[
        "newUser",
        "pipelineMapping",
        "sourceStatusesMapping",
        "agentMapping",
        "selectedPromptNames",
        "applyAutomations",
        "applyPrompts",
        "applyTemplates",
        "onUnmapped",
        "organizationId",
        "revision",
        "allowDestinations",
    ],
    &["email", "password", "fullName", "phoneNumber", "designation", "departmentId", "accessRole"],
];

#[tokio::test]
async fn no_stored_attribute_name_is_taken_from_a_body_that_does_not_publish_it() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    app.assign(&app.token(SAM), &id, &json!({"assignedOrgIds": [ACME, GLOBEX], "isGlobal": true})).await.expect(200);
    let known = stored_names(&app, &id).await;
    assert!(known.len() > 60, "{known:?}");
    let before = app.items().await.len();
    let meta = app.item(&format!("SNAPSHOT#{id}"), "#META").await;
    app.forget_calls();
    let (mut injected, mut published) = (0, 0);
    for ((method, path, body, places), fields) in bodies(&id).into_iter().zip(PUBLISHED) {
        for (place, fields) in places.into_iter().zip(fields) {
            for name in &known {
                if fields.contains(&name.as_str()) {
                    published += 1;
                    continue;
                }
                for value in [json!("SUPERADMIN"), json!(true), json!(7), json!(null), json!({"a": 1}), json!([ACME])] {
                    let mut body = body.clone();
                    body.pointer_mut(place).unwrap()[name] = value;
                    let request = app.request(method.clone(), &path).bearer_auth(app.token(SAM)).json(&body);
                    let answer = app.send(request).await;
                    answer.expect_problem(400, "invalid_body");
                    let pointer = format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
                    assert_eq!(answer.pointers(), [pointer], "{method} {path}");
                    injected += 1;
                }
            }
        }
    }
    println!("{injected} injections of {} names into 9 objects; {published} names are published fields", known.len());
    assert!(app.recorded().calls.is_empty(), "a body of the wrong shape is refused before anything is read");
    assert_eq!((app.items().await.len(), app.item(&format!("SNAPSHOT#{id}"), "#META").await), (before, meta));
}
