//! Organizations: who makes, sees and changes them, what a copy has, and two requests at once.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::domain::{Agent, ObjectId, Organization};
use shared::store::{OrganizationListing, OrganizationWriter};
use tests::{ACME, ALEX, DANA, GIL, GLOBEX, Gate, PAT, SAM, TestApp, apply_body, snapshot};

use crate::snapshots::assign::organizations;

/// An id that nothing has.
const NOBODY: &str = "64ee9a8b1e7f2a00112233ff";
/// Where Alex's automation about billing sends to.
const BILLING: &str = "https://billing.acme.example";

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// Makes an organization with this many agents and returns its id.
async fn with_agents(app: &TestApp, count: u8) -> String {
    let id = ObjectId::from_bytes([0xab; 12]);
    let agent = |number: u8| Agent {
        id: ObjectId::from_bytes([number; 12]),
        name: format!("Agent {number}"),
        description: None,
        rest: serde_json::Map::new(),
    };
    let organization = Organization {
        id,
        name: "Many".to_owned(),
        pipelines: vec![],
        agents: (0..count).map(agent).collect(),
        trusted_destinations: vec![],
        left_out: vec![],
    };
    assert!(OrganizationWriter::new(app.table()).create(&organization).await.unwrap());
    id.to_string()
}

/// The ids of the organizations that the table has.
async fn stored(app: &TestApp) -> BTreeSet<String> {
    let items = app.items().await;
    let own = items.iter().filter(|item| item["type"].as_s().unwrap() == "organization");
    own.map(|item| item["PK"].as_s().unwrap()["ORG#".len()..].to_owned()).collect()
}

fn names(parts: &Value) -> Vec<&str> {
    parts.as_array().unwrap().iter().map(|part| part["name"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn a_copy_has_the_pipelines_with_types_and_the_agents_under_ids_of_its_own() {
    let app = TestApp::start().await;
    let sam = app.token(SAM);
    let pk = format!("ORG#{ACME}");
    let mut agent = app.item(&pk, "AGENT#64eea1110000000000000061").await.unwrap();
    let AttributeValue::M(document) = agent.get_mut("document").unwrap() else { panic!("no document") };
    document.insert("apiKey".to_owned(), text("sk_live_1"));
    app.store(agent).await;
    app.put_item([("PK", text(&pk)), ("SK", text("AGENT#odd")), ("type", text("agent"))]).await;

    let created = app.create_organization(&sam, &json!({"name": "Initech", "copyFrom": ACME})).await;
    let organization = created.expect(201)["organization"].clone();
    let id = organization["_id"].as_str().unwrap();
    assert_eq!(organization["leftOut"][0]["key"], "odd");
    let shown = app.organization(&sam, id).await;
    let mut expected = organization.clone();
    expected.as_object_mut().unwrap().remove("leftOut");
    assert_eq!(shown.expect(200)["organization"], expected);
    assert_eq!(shown.header("etag"), created.header("etag"));

    let source = app.organization(&sam, ACME).await.expect(200)["organization"].clone();
    for (part, fields) in [("pipelines", &["name", "type", "stages"][..]), ("agents", &["name", "description"])] {
        let (copies, sources) = (organization[part].as_array().unwrap(), source[part].as_array().unwrap());
        assert_eq!(copies.len(), sources.len());
        for copy in copies {
            let of = sources.iter().find(|of| of["name"] == copy["name"]).unwrap();
            assert!(fields.iter().all(|field| copy[field] == of[field]), "{copy} {of}");
            assert_ne!(copy["_id"], of["_id"]);
        }
    }
    let items = app.items().await;
    let own: Vec<_> = items.iter().filter(|item| item["PK"].as_s().unwrap() == &format!("ORG#{id}")).collect();
    assert_eq!(own.len(), 3);
    assert!(!format!("{own:?}").contains("sk_live_1"), "what else the CRM keeps is not copied");
}

#[tokio::test]
async fn a_request_under_a_key_makes_one_organization() {
    let app = TestApp::start().await;
    let (sam, before) = (app.token(SAM), stored(&app).await.len());
    let body = json!({"name": "Initech", "copyFrom": ACME});
    let (first, second) =
        tokio::join!(app.create_organization_once(&sam, "k", &body), app.create_organization_once(&sam, "k", &body));
    let id = first.expect(201)["organization"]["_id"].as_str().unwrap().to_owned();
    assert_eq!(second.expect(201), &first.body);
    let replays = [&first, &second].map(|answer| answer.header("idempotent-replayed").is_some());
    assert_eq!(replays.iter().filter(|it| **it).count(), 1, "{replays:?}");
    app.change_organization(&sam, &id, &json!({"name": "Initrode"})).await.expect(200);
    let again = app.create_organization_once(&sam, "k", &body).await;
    assert_eq!(again.expect(201)["organization"]["name"], "Initrode");
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    let other = json!({"name": "Another", "copyFrom": ACME});
    app.create_organization_once(&sam, "k", &other).await.expect_problem(422, "idempotency_key_reused");
    app.create_organization(&sam, &body).await.expect(201);
    assert_eq!(stored(&app).await.len(), before + 2);
}

#[tokio::test]
async fn a_copy_of_more_than_99_parts_is_refused_and_nothing_is_written() {
    for (count, status) in [(98, 201), (99, 201), (100, 422)] {
        let app = TestApp::start().await;
        let (sam, source) = (app.token(SAM), with_agents(&app, count).await);
        let before = app.items().await.len();
        let answer = app.create_organization(&sam, &json!({"name": "Copy", "copyFrom": source})).await;
        assert_eq!(answer.status, status, "{count}: {}", answer.text);
        let written = app.items().await.len() - before;
        assert_eq!(written, if status == 201 { usize::from(count) + 1 } else { 0 });
        if status == 422 {
            assert_eq!(answer.pointers(), ["/copyFrom"]);
            let detail = answer.body["errors"][0]["detail"].as_str().unwrap();
            assert_eq!(detail, "the organization has 100 pipelines and agents; at most 99 are copied");
        }
    }
}

#[tokio::test]
async fn what_is_not_there_or_not_allowed_is_refused_with_its_place() {
    let app = TestApp::start().await;
    let (sam, before) = (app.token(SAM), app.items().await.len());
    for (body, status, pointers) in [
        (json!({"name": "A", "copyFrom": NOBODY}), 422, vec!["/copyFrom"]),
        (json!({"name": "x".repeat(121)}), 422, vec!["/name"]),
        (json!({"name": " ", "copyFrom": "x"}), 400, vec!["/name", "/copyFrom"]),
        (json!({}), 400, vec!["/name"]),
        (json!({"name": "A", "users": []}), 400, vec!["/users"]),
    ] {
        let answer = app.create_organization(&sam, &body).await;
        assert_eq!((answer.status, answer.pointers()), (status, pointers), "{body}: {}", answer.text);
    }
    let long = "x".repeat(401);
    let many: Vec<_> = (0..201).map(|number| format!("https://h{number}.example")).collect();
    for (body, status, pointers) in [
        (json!({}), 400, vec![""]),
        (json!({"name": null}), 400, vec![""]),
        (
            json!({"trustedDestinations": ["a", long, ""]}),
            422,
            vec!["/trustedDestinations/1", "/trustedDestinations/2"],
        ),
        (json!({"trustedDestinations": many}), 422, vec!["/trustedDestinations"]),
        (json!({"trustedDestinations": "a"}), 400, vec!["/trustedDestinations"]),
    ] {
        let answer = app.change_organization(&sam, ACME, &body).await;
        assert_eq!((answer.status, answer.pointers()), (status, pointers), "{body}: {}", answer.text);
    }
    assert_eq!(app.items().await.len(), before);
    let most = json!({"trustedDestinations": vec!["é".repeat(400); 200]});
    app.change_organization(&sam, ACME, &most).await.expect(200);
    app.change_organization(&sam, NOBODY, &most).await.expect_problem(404, "organization_not_found");
    app.organization(&sam, NOBODY).await.expect_problem(404, "organization_not_found");
}

#[tokio::test]
async fn an_admin_reaches_its_own_organization_alone_and_is_refused_before_anything_is_read() {
    let app = TestApp::start().await;
    let body = json!({"name": "Renamed"});
    for (email, own) in [(PAT, true), (GIL, false), (DANA, false), (ALEX, false), (SAM, true)] {
        let token = app.token(email);
        app.forget_calls();
        let (shown, changed) =
            (app.organization(&token, ACME).await, app.change_organization(&token, ACME, &body).await);
        if own {
            shown.expect(200);
            assert_eq!(changed.expect(200)["organization"]["name"], "Renamed");
        } else {
            shown.expect_problem(403, "forbidden");
            changed.expect_problem(403, "forbidden");
        }
        if email != SAM {
            app.forget_calls();
            app.list_organizations(&token, "").await.expect_problem(403, "forbidden");
            app.create_organization(&token, &body).await.expect_problem(403, "forbidden");
            app.organization(&token, GLOBEX).await.expect(if email == GIL { 200 } else { 403 });
        }
        assert!(own || email == GIL || app.recorded().calls.is_empty(), "{email} is refused before anything is read");
    }
}

#[tokio::test]
async fn a_trusted_destination_leaves_an_automation_on_and_a_change_is_held_to_what_was_seen() {
    let app = TestApp::start().await;
    let (sam, gil, id) = (app.token(SAM), app.token(GIL), snapshot(&app).await);
    let body = apply_body();
    let plan = app.plan(&sam, &id, &body).await.expect(200)["plan"].clone();
    assert_eq!(
        (&plan["destinations"][0]["destination"], &plan["destinations"][0]["accepted"]),
        (&json!(BILLING), &json!(false))
    );
    let tag = app.organization(&gil, GLOBEX).await.header("etag").unwrap().to_owned();
    let patch = async |tag: &str, body: &Value| {
        let path = format!("/api/organizations/{GLOBEX}");
        let request = app.request(http::Method::PATCH, &path).bearer_auth(&gil).header("if-match", tag);
        app.send(request.json(body)).await
    };
    let changed = patch(&tag, &json!({"trustedDestinations": [BILLING]})).await;
    assert_eq!(changed.expect(200)["organization"]["trustedDestinations"], json!([BILLING]));
    assert_eq!(app.organization(&gil, GLOBEX).await.header("etag"), changed.header("etag"));
    patch(&tag, &json!({"trustedDestinations": []})).await.expect_problem(412, "precondition_failed");
    let plan = app.plan(&sam, &id, &body).await.expect(200)["plan"].clone();
    assert_eq!(plan["destinations"][0]["accepted"], true);
    patch(changed.header("etag").unwrap(), &json!({"trustedDestinations": []})).await.expect(200);
    let plan = app.plan(&sam, &id, &body).await.expect(200)["plan"].clone();
    assert_eq!(plan["destinations"][0]["accepted"], false);
}

/// The first change is held until the second is answered. Both hold in the end, because the first reads again.
#[tokio::test]
async fn two_changes_at_once_both_hold() {
    let app = TestApp::start().await;
    let sam = app.token(SAM);
    let gate = Gate::closed();
    app.faults().hold_request(&gate).of("TransactWriteItems").nth(1);
    let destinations = json!({"trustedDestinations": [BILLING]});
    let second = async {
        gate.arrived(1).await;
        app.faults().clear();
        let answer = app.change_organization(&sam, ACME, &destinations).await;
        gate.open();
        answer
    };
    let name = json!({"name": "Acme"});
    let (first, second) = tokio::join!(app.change_organization(&sam, ACME, &name), second);
    second.expect(200);
    let organization = &first.expect(200)["organization"];
    assert_eq!((&organization["name"], &organization["trustedDestinations"]), (&json!("Acme"), &json!([BILLING])));
    let shown = app.organization(&sam, ACME).await;
    assert_eq!((&shown.expect(200)["organization"], shown.header("etag")), (organization, first.header("etag")));
}

#[tokio::test]
async fn an_organization_of_another_system_is_shown_changed_and_then_listed() {
    let app = TestApp::start().await;
    let sam = app.token(SAM);
    let odd = [("PK", text(&format!("ORG#{NOBODY}"))), ("SK", text("#META")), ("type", text("organization"))];
    let [pk, sk, kind] = odd.clone();
    let (name, trusted) = (AttributeValue::Bool(true), AttributeValue::N("5".to_owned()));
    app.put_item([pk, sk, kind, ("name", name), ("trustedDestinations", trusted)]).await;
    let listed = async || names(&app.list_organizations(&sam, "").await.expect(200)["organizations"]).join(", ");
    assert_eq!(listed().await, "Globex, Acme Corp");
    let shown = app.organization(&sam, NOBODY).await;
    assert_eq!(shown.expect(200)["organization"]["name"], NOBODY);
    app.change_organization(&sam, NOBODY, &json!({"name": "Odd"})).await.expect(200);
    assert_eq!(listed().await, "Odd, Globex, Acme Corp");

    app.put_item(odd).await;
    assert_eq!(listed().await, "Globex, Acme Corp");
    for expected in [1, 0] {
        assert_eq!(OrganizationListing::new(app.table()).run().await.unwrap(), expected);
    }
    assert_eq!(listed().await, format!("{NOBODY}, Globex, Acme Corp"));
}

#[tokio::test]
async fn the_list_comes_in_pages_and_a_created_organization_is_in_it() {
    let app = TestApp::start().await;
    let sam = app.token(SAM);
    let mut ids: BTreeSet<String> = organizations(&app, 5).await.into_iter().collect();
    ids.extend([ACME.to_owned(), GLOBEX.to_owned()]);
    let created = app.create_organization(&sam, &json!({"name": "Initech"})).await;
    ids.insert(created.expect(201)["organization"]["_id"].as_str().unwrap().to_owned());
    for limit in [1, 3, 7, 8, 9] {
        let (mut paged, mut query) = (Vec::new(), String::new());
        loop {
            let page = app.list_organizations(&sam, &format!("limit={limit}{query}")).await;
            let rows = page.expect(200)["organizations"].as_array().unwrap();
            assert!(rows.len() <= limit);
            paged.extend(rows.iter().map(|row| row["_id"].as_str().unwrap().to_owned()));
            let Some(next) = page.body["nextCursor"].as_str() else { break };
            query = format!("&cursor={next}");
        }
        let expected: Vec<String> = ids.iter().rev().cloned().collect();
        assert_eq!(paged, expected, "{limit}");
    }
    assert!(app.recorded().of("Scan").is_empty());
}

#[tokio::test]
async fn a_change_whose_answer_is_lost_is_no_change_of_somebody_else() {
    let app = TestApp::start().await;
    let sam = app.token(SAM);
    let tag = app.organization(&sam, ACME).await.header("etag").unwrap().to_owned();
    let lost = app.faults().drop_answer().of("TransactWriteItems").nth(1);
    let request = app.request(http::Method::PATCH, &format!("/api/organizations/{ACME}")).bearer_auth(&sam);
    let changed = app.send(request.header("if-match", tag).json(&json!({"name": "Renamed"}))).await;
    assert_eq!(changed.expect(200)["organization"]["name"], "Renamed");
    assert_eq!(lost.count(), 1);
}
