//! Conditions that were taken away.

use super::*;

#[tokio::test]
async fn a_condition_that_was_taken_away_refuses_nothing() {
    let bench = bench().await;
    bench.put("A").await.unwrap();
    assert!(bench.put("A").await.is_err() && bench.update("A", "claim").await.is_err());
    let hits = bench.faults.strip_condition(0).always();
    bench.put("A").await.unwrap();
    bench.update("A", "claim").await.unwrap();
    assert_eq!(hits.count(), 2);
    assert_eq!(bench.recording.recorded().of("PutItem")[2].request.get("ConditionExpression"), None);
    assert_eq!(bench.stored("A").await.unwrap()["n"], text("1"));
}

#[tokio::test]
async fn in_a_transaction_one_condition_goes_and_the_others_stay() {
    let bench = bench().await;
    bench.put("A").await.unwrap();
    let delete = Delete::builder().table_name(TABLE).set_key(Some(key("A")));
    let delete = delete.condition_expression("#t = :t").expression_attribute_names("#t", "type");
    let delete = delete.expression_attribute_values(":t", text("claim")).build().unwrap();
    let items = vec![put_new("B", "user"), TransactWriteItem::builder().delete(delete).build(), check("none")];

    let hits = bench.faults.strip_condition(1).of("TransactWriteItems").nth(1);
    let error = bench.transact(items.clone()).await.unwrap_err();
    assert_eq!(cancelled(error).0, ["None", "None", "ConditionalCheckFailed"]);
    assert_eq!(hits.count(), 1);

    let both = bench.faults.strip_conditions(|element| element.action != "Put").always();
    bench.transact(items).await.unwrap();
    assert_eq!(both.count(), 1);
    assert!(!bench.is_stored("A").await && bench.is_stored("B").await);
}
