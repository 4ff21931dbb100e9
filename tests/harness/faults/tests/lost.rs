//! Requests and answers that are lost, late, held or doubled.

use super::*;

#[tokio::test]
async fn a_dropped_request_is_never_carried_out() {
    for rule in [Rule::timing_out, |rule| rule] {
        let bench = bench().await;
        let hits = rule(bench.faults.drop_request().of("PutItem")).always();
        let error = bench.put("A").await.unwrap_err();
        assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
        assert_eq!((hits.count(), bench.statuses()), (3, vec![0; 3]));
        assert!(!bench.is_stored("A").await);
    }
}

#[tokio::test]
async fn the_sdk_sends_a_dropped_request_again() {
    let bench = bench().await;
    let hits = bench.faults.drop_request().of("PutItem").first(2);
    bench.put("A").await.unwrap();
    assert_eq!((hits.count(), bench.statuses()), (2, vec![0, 0, 200]));
    assert!(bench.is_stored("A").await);
}

#[tokio::test]
async fn a_loss_is_of_the_kind_that_was_asked_for() {
    let bench = bench().await;
    for is_timeout in [false, true] {
        let rule = bench.faults.drop_request().of("PutItem");
        let _ = if is_timeout { rule.timing_out() } else { rule }.always();
        let SdkError::DispatchFailure(failure) = bench.put("A").await.unwrap_err() else { panic!("no loss") };
        assert_eq!((failure.is_timeout(), failure.is_io()), (is_timeout, !is_timeout));
        bench.faults.clear();
    }
}

#[tokio::test]
async fn a_dropped_answer_leaves_the_write_behind() {
    let bench = bench().await;
    let hits = bench.faults.drop_answer().of("PutItem").always();
    let error = bench.put("A").await.unwrap_err();
    assert!(matches!(error, SdkError::DispatchFailure(_)), "{error:?}");
    // The SDK's own repetitions met the item of the first attempt.
    assert_eq!((hits.count(), bench.statuses()), (3, vec![200, 400, 400]));
    assert!(bench.is_stored("A").await);
}

#[tokio::test]
async fn a_transaction_whose_answer_was_dropped_succeeds_again_by_its_token() {
    let bench = bench().await;
    let hits = bench.faults.drop_answer().of("TransactWriteItems").nth(1);
    bench.transact(vec![put_new("A", "user")]).await.unwrap();
    assert_eq!((hits.count(), bench.statuses()), (1, vec![200, 200]));
}

#[tokio::test]
async fn a_late_request_lands_after_its_caller_gave_up() {
    let bench = bench().await;
    let gate = Gate::closed();
    let hits = bench.faults.land_late(&gate).of("PutItem").always();
    assert!(matches!(bench.put("A").await.unwrap_err(), SdkError::DispatchFailure(_)));
    gate.arrived(3).await;
    assert!(!bench.is_stored("A").await);
    gate.release_one();
    gate.landed(1).await;
    assert!(bench.is_stored("A").await);
    gate.open();
    gate.landed(3).await;
    assert_eq!(hits.count(), 3);
}

#[tokio::test]
async fn a_held_request_is_written_only_when_the_gate_opens() {
    let bench = Arc::new(bench().await);
    let gate = Gate::closed();
    let hits = bench.faults.hold_request(&gate).of("PutItem").nth(1);
    let putting = tokio::spawn({
        let bench = bench.clone();
        async move { bench.put("A").await }
    });
    gate.arrived(1).await;
    assert!(!bench.is_stored("A").await);
    gate.open();
    putting.await.unwrap().unwrap();
    assert!(bench.is_stored("A").await);
    assert_eq!(hits.count(), 1);
}

#[tokio::test]
async fn a_held_request_lands_also_where_nobody_waits_any_more() {
    let bench = Arc::new(bench().await);
    let gate = Gate::closed();
    let _ = bench.faults.hold_request(&gate).of("PutItem").nth(1);
    let putting = tokio::spawn({
        let bench = bench.clone();
        async move { bench.put("A").await }
    });
    gate.arrived(1).await;
    putting.abort();
    assert!(putting.await.unwrap_err().is_cancelled());
    assert!(!bench.is_stored("A").await);
    gate.open();
    gate.landed(1).await;
    assert!(bench.is_stored("A").await);
}

#[tokio::test]
async fn a_held_answer_comes_after_the_write() {
    let bench = Arc::new(bench().await);
    let gate = Gate::closed();
    let _ = bench.faults.hold_answer(&gate).of("PutItem").nth(1);
    let putting = tokio::spawn({
        let bench = bench.clone();
        async move { bench.put("A").await }
    });
    gate.arrived(1).await;
    assert!(bench.is_stored("A").await);
    assert!(!putting.is_finished());
    gate.open();
    putting.await.unwrap().unwrap();
}

#[tokio::test]
async fn of_a_duplicate_the_second_meets_the_item_of_the_first() {
    let bench = bench().await;
    let hits = bench.faults.duplicate(AnswerChoice::First).of("PutItem").nth(1);
    bench.put("A").await.unwrap();
    assert_eq!((hits.count(), bench.statuses()), (1, vec![200, 400]));
    let hits = bench.faults.duplicate(AnswerChoice::Second).of("PutItem").nth(1);
    let error = bench.put("B").await.unwrap_err();
    assert_eq!(error.code(), Some("ConditionalCheckFailedException"));
    assert_eq!((hits.count(), bench.statuses()), (1, vec![200, 400, 200, 400]));
    assert!(bench.is_stored("B").await);
}

#[tokio::test]
async fn what_a_gate_loses_is_a_broken_connection() {
    for (is_sent, statuses) in [(false, [0; 3]), (true, [200, 400, 400])] {
        let bench = bench().await;
        let gate = Gate::closed();
        let held = if is_sent { bench.faults.hold_answer(&gate) } else { bench.faults.hold_request(&gate) };
        let _ = held.of("PutItem").always();
        gate.lose();
        assert!(matches!(bench.put("A").await.unwrap_err(), SdkError::DispatchFailure(_)));
        assert_eq!(bench.statuses(), statuses);
        assert_eq!(bench.is_stored("A").await, is_sent);
    }
}
