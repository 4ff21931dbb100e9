//! Answers that the database did not give.

use super::*;

#[tokio::test]
async fn a_throttled_write_is_refused_in_dynamodbs_words() {
    for (throttling, code) in [
        (Throttling::Provisioned, "ProvisionedThroughputExceededException"),
        (Throttling::OnDemand, "ThrottlingException"),
    ] {
        let bench = bench().await;
        let hits = bench.faults.throttle(throttling).of("PutItem").always();
        let error = bench.put("A").await.unwrap_err();
        assert_eq!((error.code(), hits.count()), (Some(code), 3), "{error:?}");
        assert_eq!(bench.statuses(), [400; 3]);
        assert!(!bench.is_stored("A").await);
    }
}

#[tokio::test]
async fn a_throttled_transaction_is_cancelled_by_its_last_item() {
    for (throttling, code) in
        [(Throttling::Provisioned, "ProvisionedThroughputExceeded"), (Throttling::OnDemand, "ThrottlingError")]
    {
        let bench = bench().await;
        let hits = bench.faults.throttle(throttling).of("TransactWriteItems").nth(1);
        let error = bench.transact(vec![put_new("A", "user"), put_new("B", "user")]).await.unwrap_err();
        assert_eq!((cancelled(error).0, hits.count()), (vec!["None".to_owned(), code.to_owned()], 1));
        assert!(!bench.is_stored("A").await);
    }
}

#[tokio::test]
async fn a_conflict_has_dynamodbs_words() {
    let bench = bench().await;
    let hits = bench.faults.conflict().always();
    assert_eq!(bench.put("A").await.unwrap_err().code(), Some("TransactionConflictException"));
    let error = bench.transact(vec![put_new("A", "user"), put_new("B", "user")]).await.unwrap_err();
    let (codes, message) = cancelled(error);
    assert_eq!(codes, ["TransactionConflict", "None"]);
    let expected =
        "Transaction cancelled, please refer cancellation reasons for specific reasons [TransactionConflict, None]";
    assert_eq!(message, expected);
    // A plain read never meets one.
    assert_eq!(bench.client.get_item().table_name(TABLE).set_key(Some(key("A"))).send().await.unwrap().item, None);
    assert_eq!(hits.count(), 2);
}

#[tokio::test]
async fn a_cancellation_has_a_reason_for_every_item() {
    let bench = bench().await;
    let met = json!({"PK": {"S": "B"}});
    let reasons = [Reason::None, Reason::ConditionFailed(Some(met)), Reason::Conflict];
    let _ = bench.faults.cancel(reasons).nth(1);
    let items = ["A", "B", "C", "D"].map(|pk| put_new(pk, "user"));
    let error = bench.transact(items.to_vec()).await.unwrap_err().into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(error) = error else { panic!("{error:?}") };
    let reasons = error.cancellation_reasons();
    let codes = reasons.iter().map(|reason| reason.code().unwrap()).collect::<Vec<_>>();
    assert_eq!(codes, ["None", "ConditionalCheckFailed", "TransactionConflict", "None"]);
    assert_eq!(reasons[1].item().unwrap()["PK"], text("B"));
    assert_eq!((reasons[0].message(), reasons[1].message()), (None, Some("The conditional request failed")));
}

#[tokio::test]
async fn a_cancellation_that_does_not_fit_the_transaction_is_none() {
    let bench = bench().await;
    let hits = bench.faults.cancel([Reason::Conflict, Reason::None]).always();
    bench.transact(vec![put_new("A", "user")]).await.unwrap();
    assert_eq!(hits.count(), 0);
    bench.faults.clear();
    let by_type = |element: Element<'_>| match element.item_type() {
        Some("claim") => Reason::Throttled(Throttling::OnDemand),
        _ => Reason::None,
    };
    let hits = bench.faults.cancel_by(by_type).always();
    bench.transact(vec![put_new("B", "user")]).await.unwrap();
    assert_eq!(hits.count(), 0);
    let error = bench.transact(vec![put_new("C", "user"), put_new("D", "claim")]).await.unwrap_err();
    assert_eq!((cancelled(error).0[1].as_str(), hits.count()), ("ThrottlingError", 1));
}

#[tokio::test]
async fn a_transaction_in_progress_and_a_failure_are_tried_again() {
    let bench = bench().await;
    let hits = bench.faults.in_progress().always();
    let error = bench.transact(vec![put_new("A", "user")]).await.unwrap_err();
    assert_eq!((error.code(), hits.count()), (Some("TransactionInProgressException"), 3));
    bench.faults.clear();
    for (status, code) in [(500, "InternalServerError"), (503, "ServiceUnavailable")] {
        let hits = bench.faults.fail(status).always();
        let error = bench.put("A").await.unwrap_err();
        assert_eq!((error.code(), hits.count()), (Some(code), 3));
        assert_eq!(error.raw_response().unwrap().status().as_u16(), status);
        bench.faults.clear();
    }
    assert_eq!(bench.statuses(), [400, 400, 400, 500, 500, 500, 503, 503, 503]);
    assert!(!bench.is_stored("A").await);
}
