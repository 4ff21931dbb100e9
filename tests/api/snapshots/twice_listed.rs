//! An index may show one item twice, at its old place and at its new one, while it is being moved. What is read for such a page names
//! each key once, since DynamoDB refuses a batch that names one twice.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::json;
use tests::{GIL, GLOBEX, Item, PAT, RecordedCalls, SAM, TestApp, snapshot};

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

/// Stores `item` once more under another sort key, with these attributes changed.
async fn store_again(app: &TestApp, item: &Item, changed: &[(&str, &str)]) {
    let mut twin = item.clone();
    twin.insert("SK".to_owned(), text("TWIN"));
    twin.extend(changed.iter().map(|(name, value)| ((*name).to_owned(), text(value))));
    app.store(twin).await;
}

/// Fails where a batch names a key twice.
fn assert_distinct(recorded: &RecordedCalls) {
    let batches: Vec<_> = recorded.of("BatchGetItem");
    assert!(!batches.is_empty(), "a batch is read");
    for call in batches {
        let keys = call.request["RequestItems"]["snapshots"]["Keys"].as_array().unwrap();
        let mut distinct: Vec<_> = keys.iter().map(ToString::to_string).collect();
        distinct.sort();
        distinct.dedup();
        assert_eq!(distinct.len(), keys.len(), "{keys:?}");
    }
}

#[tokio::test]
async fn a_snapshot_that_is_due_twice_is_sent_once() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    app.rename(&app.token(PAT), &id, &json!({"refresh": {"every": "PT6H"}})).await.expect(200);
    let item = app.item(&format!("SNAPSHOT#{id}"), "REFRESH").await.unwrap();
    let place = item["ALLSK"].as_s().unwrap().clone();
    store_again(&app, &item, &[("ALLSK", &place.replace("T15:", "T14:"))]).await;
    app.clock().advance(Duration::from_secs(7 * 60 * 60));
    app.forget_calls();
    let run = app.run_schedule().await;
    assert_eq!((&run["sent"], &run["moved"]), (&json!(1), &json!(1)), "{run}");
    assert_distinct(&app.recorded());
}

#[tokio::test]
async fn a_snapshot_that_a_list_points_to_twice_is_shown_once() {
    let app = TestApp::start().await;
    let id = snapshot(&app).await;
    app.assign(&app.token(SAM), &id, &json!({"assignedOrgIds": [GLOBEX]})).await.expect(200);
    // As rows were stored before they showed anything by themselves.
    let mut pointer = app.item(&format!("SNAPSHOT#{id}"), &format!("ORG#{GLOBEX}")).await.unwrap();
    pointer.retain(|name, _| ["PK", "SK", "type", "LISTPK", "LISTSK"].contains(&name.as_str()));
    app.store(pointer.clone()).await;
    let place = pointer["LISTSK"].as_s().unwrap().clone();
    store_again(&app, &pointer, &[("LISTSK", &place.replace("T09:", "T08:"))]).await;
    app.forget_calls();
    let listed = app.list_snapshots(&app.token(GIL), "").await;
    assert_eq!(listed.expect(200)["snapshots"].as_array().unwrap().len(), 1);
    assert_distinct(&app.recorded());
}
