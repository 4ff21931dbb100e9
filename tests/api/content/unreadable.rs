//! What another system stored in a form that cannot be read costs itself alone: it is left out and named, and no request fails.

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use tests::{ACME, ALEX, GLOBEX, Item, PAT, SAM, TestApp, apply_body, counts, create_body, refresh, snapshot};

mod carried;
pub(crate) mod outsider;
mod refreshes;

fn s(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

async fn put(app: &TestApp, item: Item) {
    let put = app.database().client().put_item().table_name("snapshots").set_item(Some(item));
    put.send().await.unwrap();
}

/// The first item of a partition whose sort key begins like this.
async fn first(app: &TestApp, pk: &str, sk: &str) -> Item {
    let is_it = |item: &Item| item["PK"] == s(pk) && item["SK"].as_s().is_ok_and(|key| key.starts_with(sk));
    app.items().await.into_iter().find(is_it).unwrap()
}

fn setup_partition(app: &TestApp) -> String {
    format!("ORG#{ACME}#USER#{}", app.member(ALEX).user.id)
}

/// `item` with another value, or none, at `path`.
fn changed(item: &Item, path: &[&str], value: Option<AttributeValue>) -> Item {
    fn set(fields: &mut Item, path: &[&str], value: Option<AttributeValue>) {
        match path {
            [name] => {
                fields.remove(*name);
                fields.extend(value.map(|value| ((*name).to_owned(), value)));
            }
            [name, rest @ ..] => match fields.get_mut(*name) {
                Some(AttributeValue::M(inner)) => set(inner, rest, value),
                Some(AttributeValue::L(list)) => match list.first_mut() {
                    Some(AttributeValue::M(inner)) => set(inner, rest, value),
                    other => unreachable!("{other:?}"),
                },
                other => unreachable!("{name}: {other:?}"),
            },
            [] => {}
        }
    }
    let mut item = item.clone();
    set(&mut item, path, value);
    item
}

/// Nothing, and values of types that nothing here has.
fn odd_values() -> [Option<AttributeValue>; 3] {
    let list = AttributeValue::L(vec![AttributeValue::Bool(true)]);
    [None, Some(AttributeValue::N("-1.5".to_owned())), Some(list)]
}

/// The answers of every route that reads an organization or a setup; none may be a failure of ours.
async fn ask(app: &TestApp, id: &str, what: &str) {
    let (pat, sam) = (app.token(PAT), app.token(SAM));
    let answers = [
        ("create", app.create_snapshot(&pat, &create_body()).await),
        ("refresh", refresh(app, PAT, id).await),
        ("detail", app.snapshot(&pat, id).await),
        ("apply-refs", app.apply_refs(&pat, id).await),
        ("apply-refs elsewhere", app.apply_refs(&sam, id).await),
        ("plan", app.plan(&pat, id, &apply_body()).await),
        ("plan elsewhere", app.plan(&sam, id, &apply_body()).await),
        ("users", app.list_users(&pat, ACME, "").await),
        ("setup", app.setup(&pat, &app.member(ALEX).user.id.to_string(), "").await),
    ];
    for (route, answer) in answers {
        assert!(answer.status < 500, "{route} answers {} to {what}: {}", answer.status, answer.text);
    }
}

#[tokio::test]
async fn no_odd_value_of_another_system_is_a_failure_of_a_route() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let (acme, globex, setup) = (format!("ORG#{ACME}"), format!("ORG#{GLOBEX}"), setup_partition(&app));
    let rows: [(&str, &str, &[&[&str]]); 10] = [
        (&acme, "#META", &[&["name"], &["trustedDestinations"]]),
        (
            &acme,
            "PIPELINE#",
            &[
                &["document"],
                &["document", "_id"],
                &["document", "stages"],
                &["document", "stages", "name"],
                &["document", "stages", "color"],
            ],
        ),
        (&acme, "AGENT#", &[&["document"], &["document", "_id"], &["document", "name"], &["document", "description"]]),
        (&globex, "PIPELINE#", &[&["document"], &["document", "type"], &["document", "name"], &["document", "stages"]]),
        (&globex, "AGENT#", &[&["document"], &["document", "name"]]),
        (
            &setup,
            "#META",
            &[&["email"], &["fullName"], &["phoneNumber"], &["setupVersion"], &["accessRole"], &["createdAt"]],
        ),
        (&setup, "AUTOMATION#", &[&["document"], &["document", "name"], &["document", "actions"]]),
        (&setup, "PROMPT#", &[&["document"], &["document", "name"]]),
        (&setup, "TEMPLATE#", &[&["document"], &["document", "template"]]),
        (&setup, "PREFERENCES", &[&["enabled"]]),
    ];
    for (pk, sk, paths) in rows {
        let item = first(&app, pk, sk).await;
        for path in paths {
            for value in odd_values() {
                let what = format!("{pk} {sk} {path:?} {value:?}");
                put(&app, changed(&item, path, value)).await;
                ask(&app, &id, &what).await;
            }
        }
        put(&app, item).await;
    }
    app.create_snapshot(&app.token(PAT), &create_body()).await.expect(201);
}

#[tokio::test]
async fn a_caller_whose_own_profile_cannot_be_read_has_no_rights_and_others_keep_theirs() {
    let app = TestApp::start().await;
    let user = &app.member(PAT).user;
    let profile = app.item(&format!("ORG#{ACME}#USER#{}", user.id), "#META").await.unwrap();
    for name in ["accessRole", "loginDisabled", "email"] {
        put(&app, changed(&profile, &[name], Some(AttributeValue::L(vec![])))).await;
        app.list_snapshots(&app.token(PAT), "").await.expect(401);
        app.login(PAT, tests::PASSWORD).await.expect(401);
        app.list_snapshots(&app.token(SAM), "").await.expect(200);
    }
    for name in ["fullName", "setupVersion", "createdAt", "updatedAt", "firstSignInAt", "phoneNumber", "designation"] {
        put(&app, changed(&profile, &[name], Some(AttributeValue::L(vec![])))).await;
        app.list_snapshots(&app.token(PAT), "").await.expect(200);
        app.login(PAT, tests::PASSWORD).await.expect(200);
    }
}

/// Breaks a pipeline, an agent, a template and a switch of Acme, and adds an automation whose id is a UUID.
async fn break_some(app: &TestApp) -> [String; 5] {
    let (acme, setup) = (format!("ORG#{ACME}"), setup_partition(app));
    let key = |item: &Item| item["SK"].as_s().unwrap().split_once('#').unwrap().1.to_owned();
    let (pipeline, agent) = (first(app, &acme, "PIPELINE#").await, first(app, &acme, "AGENT#").await);
    let (template, automation) = (first(app, &setup, "TEMPLATE#").await, first(app, &setup, "AUTOMATION#").await);
    put(app, changed(&pipeline, &["document", "stages"], None)).await;
    put(app, changed(&agent, &["document", "_id"], Some(s("9b2f1f6e-7d0a-4c1e-9c58-0b8a5d6d2f11")))).await;
    put(app, changed(&template, &["document"], Some(s("none")))).await;
    let uuid = "0f8fad5b-d9cb-469f-a165-70867728950e";
    put(app, changed(&automation, &["SK"], Some(s(&format!("AUTOMATION#{uuid}"))))).await;
    let switches = first(app, &setup, "PREFERENCES").await;
    put(app, changed(&switches, &["enabled", &key(&automation)], Some(s("yes")))).await;
    [uuid.to_owned(), key(&template), key(&automation), key(&pipeline), key(&agent)]
}

fn named(list: &Value) -> Vec<(String, String)> {
    let text = |entry: &Value, field: &str| entry[field].as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(|entry| (text(entry, "kind"), text(entry, "key"))).collect()
}

#[tokio::test]
async fn what_cannot_be_read_is_named_and_the_rest_is_captured_and_arrives() {
    let app = TestApp::start().await;
    let [uuid, template, switch, pipeline, agent] = break_some(&app).await;
    let created = app.create_snapshot(&app.token(PAT), &create_body()).await;
    let expected = [
        ("automation", &uuid),
        ("template", &template),
        ("preferences", &switch),
        ("pipeline", &pipeline),
        ("agent", &agent),
    ]
    .map(|(kind, key)| (kind.to_owned(), key.clone()));
    assert_eq!(named(&created.expect(201)["leftOut"]), expected);
    let id = created.body["snapshot"]["_id"].as_str().unwrap().to_owned();
    let detail = app.snapshot(&app.token(PAT), &id).await;
    assert_eq!(named(&detail.expect(200)["snapshot"]["leftOut"]), expected);
    assert_eq!(detail.body["snapshot"]["counts"], counts(5, 8, 11));
    let automations = detail.body["snapshot"]["automations"].as_array().unwrap().clone();
    let off = automations.iter().find(|automation| automation["_id"] == switch.as_str()).unwrap();
    assert_eq!(off["enabled"], false, "a switch that cannot be read is off");

    let plan = app.plan(&app.token(SAM), &id, &apply_body()).await;
    let warnings = plan.expect(200)["plan"]["warnings"].as_array().unwrap().clone();
    let warning = warnings.iter().find(|warning| warning["code"] == "left_out").unwrap();
    assert!(warning["detail"].as_str().unwrap().contains(&uuid), "{warning}");
    app.apply(&app.token(SAM), &id, &apply_body()).await.expect(201);
}

#[tokio::test]
async fn a_refresh_that_would_lose_an_item_makes_no_revision_and_says_which() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let template = first(&app, &setup_partition(&app), "TEMPLATE#").await;
    put(&app, changed(&template, &["document"], None)).await;
    let refreshed = refresh(&app, PAT, &id).await;
    let snapshot = &refreshed.expect(200)["snapshot"];
    assert_eq!((&snapshot["refreshStatus"], &snapshot["revision"]), (&json!("failed"), &json!(1)));
    let key = template["SK"].as_s().unwrap().split_once('#').unwrap().1;
    assert!(snapshot["refreshDetail"].as_str().unwrap().contains(key), "{snapshot}");

    // An item that the snapshot never had is left out of the next revision.
    put(&app, template.clone()).await;
    put(&app, changed(&changed(&template, &["document"], None), &["SK"], Some(s("TEMPLATE#odd")))).await;
    let refreshed = refresh(&app, PAT, &id).await;
    let snapshot = &refreshed.expect(200)["snapshot"];
    assert_eq!((&snapshot["refreshStatus"], &snapshot["revision"]), (&json!("fresh"), &json!(2)));
}

#[tokio::test]
async fn a_source_whose_profile_cannot_be_read_is_refused_by_create_and_fails_a_refresh() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    app.set_attribute(&app.member(ALEX).user, "setupVersion", s("one")).await;
    let refused = app.create_snapshot(&app.token(PAT), &create_body()).await;
    assert_eq!(refused.expect(422)["code"], "source_unreadable");
    let snapshot = &refresh(&app, PAT, &id).await.expect(200)["snapshot"].clone();
    assert_eq!((&snapshot["refreshStatus"], &snapshot["revision"]), (&json!("failed"), &json!(1)));
}

#[tokio::test]
async fn switches_that_cannot_be_read_at_all_leave_every_automation_off() {
    let app = TestApp::start().await;
    let switches = first(&app, &setup_partition(&app), "PREFERENCES").await;
    put(&app, changed(&switches, &["enabled"], Some(s("all")))).await;
    let created = app.create_snapshot(&app.token(PAT), &create_body()).await;
    let id = created.expect(201)["snapshot"]["_id"].as_str().unwrap().to_owned();
    let detail = app.snapshot(&app.token(PAT), &id).await;
    let automations = detail.expect(200)["snapshot"]["automations"].as_array().unwrap();
    assert!(automations.iter().all(|automation| automation["enabled"] == false));
}

#[tokio::test]
async fn a_very_long_name_of_an_organization_neither_fails_a_capture_nor_fills_an_answer() {
    let app = TestApp::start().await;
    let organization = first(&app, &format!("ORG#{ACME}"), "#META").await;
    put(&app, changed(&organization, &["name"], Some(s(&"x".repeat(380_000))))).await;
    let created = app.create_snapshot(&app.token(PAT), &create_body()).await;
    let name = created.expect(201)["snapshot"]["sourceOrgName"].as_str().unwrap().to_owned();
    assert_eq!(name.chars().count(), 200);
    assert!(app.list_snapshots(&app.token(PAT), "").await.text.len() < 10_000);
}
