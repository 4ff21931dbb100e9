//! Reads, writes and checks whole tables past every rule.

use std::collections::{BTreeMap, HashMap};

use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, WriteRequest};
use shared::clock::Clock;
use shared::store::{CheckReport, RepairReport, TableCheck, TableRepair};
use tests::{Item, TestApp};

/// The items of a table by key.
pub(crate) type TableCopy = BTreeMap<(String, String), Item>;

pub(crate) fn key(item: &Item) -> (String, String) {
    let text = |name: &str| item[name].as_s().unwrap().clone();
    (text("PK"), text("SK"))
}

/// Returns all items.
pub(crate) async fn copy(app: &TestApp) -> TableCopy {
    app.items().await.into_iter().map(|item| (key(&item), item)).collect()
}

/// Makes the table equal to a copy.
pub(crate) async fn paste(app: &TestApp, wanted: &TableCopy) {
    let now = copy(app).await;
    let deletes = now.iter().filter(|(key, _)| !wanted.contains_key(*key)).map(|(_, item)| {
        let request = DeleteRequest::builder().key("PK", item["PK"].clone()).key("SK", item["SK"].clone());
        WriteRequest::builder().delete_request(request.build().unwrap()).build()
    });
    let puts = wanted.iter().filter(|(key, item)| now.get(*key) != Some(*item)).map(|(_, item)| {
        WriteRequest::builder().put_request(PutRequest::builder().set_item(Some(item.clone())).build().unwrap()).build()
    });
    for batch in deletes.chain(puts).collect::<Vec<_>>().chunks(10) {
        let requests = HashMap::from([("snapshots".to_owned(), batch.to_vec())]);
        app.database().client().batch_write_item().set_request_items(Some(requests)).send().await.unwrap();
    }
}

/// Deletes one item.
pub(crate) async fn delete(app: &TestApp, (pk, sk): &(String, String)) {
    let text = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let delete = app.database().client().delete_item().table_name("snapshots");
    delete.key("PK", text(pk)).key("SK", text(sk)).send().await.unwrap();
}

pub(crate) async fn check(app: &TestApp) -> CheckReport {
    TableCheck::new(app.table()).without_lag().run(&mut |_| {}).await.unwrap()
}

pub(crate) async fn repair(app: &TestApp, may_drop: bool) -> RepairReport {
    let report = check(app).await;
    TableRepair::new(app.table(), may_drop, app.clock().now()).run(report).await.unwrap()
}

/// Returns the names of the broken relations, each once, sorted.
pub(crate) fn names(defects: &[shared::store::Defect]) -> Vec<&'static str> {
    let mut names: Vec<_> = defects.iter().map(|defect| defect.relation.rule().name).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Returns each defect as a line, for the message of a failure.
pub(crate) fn lines(defects: &[shared::store::Defect]) -> String {
    let line = |defect: &shared::store::Defect| {
        let name = defect.relation.rule().name;
        format!("\n  {name} {} {}: {}", defect.partition_key(), defect.sort_key(), defect.detail)
    };
    defects.iter().map(line).collect()
}
