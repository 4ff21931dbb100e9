//! Who sees a snapshot, and the items that make it so.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Value, json};
use shared::domain::{ObjectId, Organization};
use shared::store::OrganizationWriter;
use tests::{ACME, GIL, GLOBEX, PAT, SAM, TestApp, counts, json, snapshot};

/// An id that nothing has.
const NOBODY: &str = "64ee9a8b1e7f2a00112233ff";

/// Makes this many organizations and gives their ids.
pub(crate) async fn organizations(app: &TestApp, count: u16) -> Vec<String> {
    let mut ids = Vec::new();
    for number in 0..count {
        let mut bytes = [0xcc; 12];
        bytes[10..].copy_from_slice(&number.to_be_bytes());
        let id = ObjectId::from_bytes(bytes);
        let organization = Organization {
            id,
            name: format!("Organization {number}"),
            pipelines: vec![],
            agents: vec![],
            trusted_destinations: vec![],
            left_out: Vec::new(),
        };
        assert!(OrganizationWriter::new(app.table()).create(&organization).await.unwrap());
        ids.push(id.to_string());
    }
    ids
}

/// The sort keys of the items that make a snapshot visible.
pub(crate) async fn visibility(app: &TestApp, id: &str) -> BTreeSet<String> {
    let items = app.items().await;
    let of_it = items.iter().filter(|item| item["PK"].as_s().unwrap() == &format!("SNAPSHOT#{id}"));
    let keys = of_it.map(|item| item["SK"].as_s().unwrap().clone());
    keys.filter(|sk| sk == "GLOBAL" || sk.starts_with("ORG#")).collect()
}

fn keys(ids: &[&str]) -> BTreeSet<String> {
    ids.iter().map(|id| if *id == "GLOBAL" { (*id).to_owned() } else { format!("ORG#{id}") }).collect()
}

#[tokio::test]
async fn an_assignment_replaces_the_list_to_the_letter() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let sam = app.token(SAM);
    let others = organizations(&app, 2).await;
    let answer =
        app.assign(&sam, &id, &json!({"assignedOrgIds": [GLOBEX, ACME, GLOBEX.to_uppercase(), others[0]]})).await;
    assert_eq!(
        *answer.expect(200),
        json!({"message": "Snapshot access updated",
               "snapshot": {"_id": id, "name": "Top performer baseline 2026-05", "version": "2.1",
                            "assignedOrgIds": [GLOBEX, ACME, others[0]], "isGlobal": false,
                            "sharedRevision": 1, "sharedAt": "2026-05-15T09:00:00.000Z"}})
    );
    assert_eq!(visibility(&app, &id).await, keys(&[GLOBEX, &others[0]]));
    app.snapshot(&app.token(GIL), &id).await.expect(200);

    // Without the source organization, which then does not see it any more; what is global stays as it is.
    let answer = app.assign(&sam, &id, &json!({"assignedOrgIds": [others[1]]})).await;
    assert_eq!(answer.expect(200)["snapshot"]["assignedOrgIds"], json!([others[1]]));
    assert_eq!(visibility(&app, &id).await, keys(&[&others[1]]));
    for email in [PAT, GIL] {
        app.snapshot(&app.token(email), &id).await.expect_problem(404, "snapshot_not_found");
        assert_eq!(app.list_snapshots(&app.token(email), "").await.body["snapshots"], json!([]));
    }
    let meta = app.item(&format!("SNAPSHOT#{id}"), "#META").await.unwrap();
    assert!(!meta.contains_key("LISTPK") && !meta.contains_key("LISTSK"));

    // Global shows it to all; the list stays as it is.
    let answer = app.assign(&sam, &id, &json!({"isGlobal": true})).await;
    let shown = answer.expect(200)["snapshot"].clone();
    assert_eq!((&shown["assignedOrgIds"], &shown["isGlobal"]), (&json!([others[1]]), &json!(true)));
    assert_eq!(visibility(&app, &id).await, keys(&[&others[1], "GLOBAL"]));
    for email in [PAT, GIL] {
        let listed = app.list_snapshots(&app.token(email), "").await;
        assert_eq!(listed.body["snapshots"][0]["isGlobal"], true);
    }

    let answer = app.assign(&sam, &id, &json!({"assignedOrgIds": [], "isGlobal": false})).await;
    assert_eq!(answer.expect(200)["snapshot"]["assignedOrgIds"], json!([]));
    assert_eq!(visibility(&app, &id).await, keys(&[]));
    let answer = app.assign(&sam, &id, &json!({"assignedOrgIds": [ACME]})).await;
    let shown = json!({"_id": id, "name": "Top performer baseline 2026-05", "version": "6.1",
                       "assignedOrgIds": [ACME], "isGlobal": false});
    assert_eq!(answer.expect(200)["snapshot"], shown);
    let meta = app.item(&format!("SNAPSHOT#{id}"), "#META").await.unwrap();
    assert_eq!(meta["LISTPK"].as_s().unwrap(), &format!("ORG#{ACME}"));
    assert_eq!(meta["version"].as_n().unwrap(), "6");
}

#[tokio::test]
async fn an_item_that_makes_a_snapshot_visible_has_what_a_list_shows_of_what_is_shared() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    app.assign(&app.token(SAM), &id, &json!({"assignedOrgIds": [ACME, GLOBEX], "isGlobal": true})).await.expect(200);
    for (sk, listed) in [(format!("ORG#{GLOBEX}"), format!("ORG#{GLOBEX}")), ("GLOBAL".to_owned(), "GLOBAL".to_owned())]
    {
        let item = app.item(&format!("SNAPSHOT#{id}"), &sk).await.unwrap();
        let shown: Value =
            item.iter().map(|(name, value)| (name.clone(), json(value))).collect::<serde_json::Map<_, _>>().into();
        assert_eq!(
            shown,
            json!({"PK": format!("SNAPSHOT#{id}"), "SK": sk, "type": "visibility", "LISTPK": listed,
                   "LISTSK": format!("2026-05-15T09:00:00.000Z#{id}"), "name": "Top performer baseline 2026-05",
                   "sourceOrgName": "Acme Corp", "sourceUserEmail": "alex@acme.example",
                   "counts": counts(5, 8, 12), "revision": 1,
                   "sharedAt": "2026-05-15T09:00:00.000Z", "since": "2026-05-15T09:00:00.000Z"})
        );
    }
}

#[tokio::test]
async fn an_assignment_names_organizations_that_exist_in_a_shape_that_is_right() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let sam = app.token(SAM);
    let before = app.items().await.len();
    for (body, status, pointers) in [
        (json!({}), 422, vec![""]),
        (json!({"assignedOrgIds": null, "isGlobal": null}), 422, vec![""]),
        (
            json!({"assignedOrgIds": [ACME, NOBODY, GLOBEX, "64ee9a8b1e7f2a00112233fe"]}),
            422,
            vec!["/assignedOrgIds/1", "/assignedOrgIds/3"],
        ),
        (json!({"assignedOrgIds": [ACME, "nope", 7]}), 400, vec!["/assignedOrgIds/2"]),
        (json!({"assignedOrgIds": [ACME, "nope", ""]}), 400, vec!["/assignedOrgIds/1", "/assignedOrgIds/2"]),
        (json!({"assignedOrgIds": ACME}), 400, vec!["/assignedOrgIds"]),
        (json!({"isGlobal": "true"}), 400, vec!["/isGlobal"]),
        (json!({"name": "x"}), 400, vec!["/name"]),
        // The id of a user is no organization's.
        (json!({"assignedOrgIds": [app.member(PAT).user.id.to_string()]}), 422, vec!["/assignedOrgIds/0"]),
    ] {
        let answer = app.assign(&sam, &id, &body).await;
        answer.expect(status);
        assert_eq!(answer.pointers(), pointers, "{body}");
    }
    assert_eq!(app.items().await.len(), before);
    assert_eq!(app.snapshot(&sam, &id).await.header("etag"), Some("\"1.1\""));
}

/// The organizations whose lists show a snapshot, by the items that make it so.
async fn assigned(app: &TestApp, id: &str, ids: &[String], is_global: bool) {
    let mut expected: BTreeSet<String> = ids.iter().map(|id| format!("ORG#{id}")).collect();
    expected.extend(is_global.then(|| "GLOBAL".to_owned()));
    assert_eq!(visibility(app, id).await, expected);
    let marker = app.item(&format!("SNAPSHOT#{id}"), "SHARING").await.unwrap();
    assert!(!marker.contains_key("ALLPK"), "its rows are all there: {marker:?}");
}

#[tokio::test]
async fn any_number_of_500_organizations_is_changed_at_once() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let sam = app.token(SAM);
    let others = organizations(&app, 502).await;
    let assign = async |ids: &[String], is_global: bool| {
        app.assign(&sam, &id, &json!({"assignedOrgIds": ids, "isGlobal": is_global})).await
    };
    // A transaction has 100 items; the snapshot's own and the one that names the sharing are two of them.
    for (count, is_global) in
        [(97, false), (98, false), (99, false), (97, true), (98, true), (0, false), (499, true), (500, false)]
    {
        assign(&others[..count], is_global).await.expect(200);
        assigned(&app, &id, &others[..count], is_global).await;
        let meta = app.item(&format!("SNAPSHOT#{id}"), "#META").await.unwrap();
        assert_eq!(meta["assignedOrgIds"].as_l().unwrap().len(), count);
    }
    assign(&others[2..502], false).await.expect(200);
    assigned(&app, &id, &others[2..502], false).await;
    let answer = assign(&others[..501], false).await;
    answer.expect_problem(422, "refused");
    assert_eq!(answer.pointers(), ["/assignedOrgIds"]);
    // The same 500 with doubles are still 500.
    assign(&[&others[..500], &others[..500]].concat(), false).await.expect(200);
    assigned(&app, &id, &others[..500], false).await;
}

#[tokio::test]
async fn an_organization_that_is_gone_stays_in_the_list_without_keeping_others_from_changing() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    let sam = app.token(SAM);
    let gone = organizations(&app, 1).await.remove(0);
    app.assign(&sam, &id, &json!({"assignedOrgIds": [ACME, gone]})).await.expect(200);
    let client = app.database().client();
    let key = |text: &str| AttributeValue::S(text.to_owned());
    let delete =
        client.delete_item().table_name("snapshots").key("PK", key(&format!("ORG#{gone}"))).key("SK", key("#META"));
    delete.send().await.unwrap();
    app.assign(&sam, &id, &json!({"assignedOrgIds": [ACME, gone, GLOBEX]})).await.expect(200);
    app.assign(&sam, &id, &json!({"assignedOrgIds": [ACME]})).await.expect(200);
    app.assign(&sam, &id, &json!({"assignedOrgIds": [gone]})).await.expect_problem(422, "refused");
}
