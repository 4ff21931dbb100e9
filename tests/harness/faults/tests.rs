//! Each fault, as a plain SDK client and the table see it.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem};
use local::database::{Database, Storage};
use serde_json::json;
use tokio::net::TcpListener;

use super::*;
use crate::determinism::unit_interval;
use crate::recording::Recorded;

const TABLE: &str = "snapshots";

struct Bench {
    database: Database,
    faults: Faults,
    recording: Recording,
}

async fn bench() -> Bench {
    let (faults, recording) = (Faults::default(), Recording::default());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let client = faults.http_client(&recording);
    let database = Database::start(listener, &Storage::Memory, TABLE, Some(client)).await.unwrap();
    recording.clear();
    Bench { database, faults, recording }
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn key(pk: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("PK".to_owned(), text(pk)), ("SK".to_owned(), text("#META"))])
}

fn item(pk: &str, item_type: &str) -> HashMap<String, AttributeValue> {
    let mut item = key(pk);
    item.insert("type".to_owned(), text(item_type));
    item
}

fn put_new(pk: &str, item_type: &str) -> TransactWriteItem {
    let put = Put::builder().table_name(TABLE).set_item(Some(item(pk, item_type)));
    TransactWriteItem::builder().put(put.condition_expression("attribute_not_exists(PK)").build().unwrap()).build()
}

fn check(pk: &str) -> TransactWriteItem {
    let check = ConditionCheck::builder().table_name(TABLE).set_key(Some(key(pk)));
    let check = check.condition_expression("#t = :t").expression_attribute_names("#t", "type");
    let check = check.expression_attribute_values(":t", text("user")).build().unwrap();
    TransactWriteItem::builder().condition_check(check).build()
}

impl Bench {
    fn client(&self) -> &Client {
        self.database.client()
    }

    /// Puts an item that must not be there.
    async fn put(&self, pk: &str) -> Result<(), SdkError<PutItemError>> {
        let put = self.client().put_item().table_name(TABLE).set_item(Some(item(pk, "user")));
        put.condition_expression("attribute_not_exists(PK)").send().await.map(drop)
    }

    /// Changes an item that must have this type.
    async fn update(&self, pk: &str, expected: &str) -> Result<(), SdkError<UpdateItemError>> {
        let update = self.client().update_item().table_name(TABLE).set_key(Some(key(pk)));
        let update = update.update_expression("SET #n = :n").condition_expression("#name = :name");
        let update = update.expression_attribute_names("#n", "n").expression_attribute_names("#name", "type");
        let update = update.expression_attribute_values(":n", text("1"));
        update.expression_attribute_values(":name", text(expected)).send().await.map(drop)
    }

    async fn transact(&self, items: Vec<TransactWriteItem>) -> Result<(), SdkError<TransactWriteItemsError>> {
        self.client().transact_write_items().set_transact_items(Some(items)).send().await.map(drop)
    }

    /// The item as the table has it, whatever the faults are.
    async fn stored(&self, pk: &str) -> Option<HashMap<String, AttributeValue>> {
        self.faults.clear();
        let get = self.client().get_item().table_name(TABLE).set_key(Some(key(pk)));
        get.consistent_read(true).send().await.unwrap().item
    }

    async fn is_stored(&self, pk: &str) -> bool {
        self.stored(pk).await.is_some()
    }

    /// The attempts so far as the wire saw them.
    fn attempts(&self) -> Vec<(String, u16)> {
        let Recorded { calls } = self.recording.recorded();
        calls.into_iter().map(|call| (call.operation, call.status)).collect()
    }

    fn statuses(&self) -> Vec<u16> {
        self.attempts().into_iter().map(|(_, status)| status).collect()
    }
}

/// The codes of a cancelled transaction's reasons, and its message.
fn cancelled(error: SdkError<TransactWriteItemsError>) -> (Vec<String>, String) {
    match error.into_service_error() {
        TransactWriteItemsError::TransactionCanceledException(cancelled) => {
            let codes = cancelled.cancellation_reasons().iter().map(|it| it.code().unwrap().to_owned()).collect();
            (codes, cancelled.message().unwrap().to_owned())
        }
        other => panic!("not cancelled: {other:?}"),
    }
}

#[tokio::test]
async fn without_a_rule_everything_passes_as_it_is() {
    let bench = bench().await;
    bench.put("A").await.unwrap();
    assert_eq!(bench.attempts(), [("PutItem".to_owned(), 200)]);
    assert!(bench.is_stored("A").await);
}

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
    let hits = bench.faults.duplicate(Answered::First).of("PutItem").nth(1);
    bench.put("A").await.unwrap();
    assert_eq!((hits.count(), bench.statuses()), (1, vec![200, 400]));
    let hits = bench.faults.duplicate(Answered::Second).of("PutItem").nth(1);
    let error = bench.put("B").await.unwrap_err();
    assert_eq!(error.code(), Some("ConditionalCheckFailedException"));
    assert_eq!((hits.count(), bench.statuses()), (1, vec![200, 400, 200, 400]));
    assert!(bench.is_stored("B").await);
}

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
async fn a_conflict_is_told_in_dynamodbs_words() {
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
    assert_eq!(bench.client().get_item().table_name(TABLE).set_key(Some(key("A"))).send().await.unwrap().item, None);
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
    let hits = bench.faults.cancel([Reason::None, Reason::Conflict]).always();
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

#[tokio::test]
async fn a_call_is_hit_by_its_number_its_operation_and_what_it_writes() {
    let bench = bench().await;
    let second_call = bench.faults.fail(500).nth_call(2);
    let claims = bench.faults.conflict().writing("claim").nth(2);
    let of_c = bench.faults.conflict().with_element(|element| element.key() == ("C", "#META")).first(2);
    let by_json = bench.faults.in_progress().when(|request| request["TransactItems"][2].is_object()).always();
    bench.transact(vec![put_new("A", "claim")]).await.unwrap();
    bench.put("B").await.unwrap();
    assert!(bench.transact(vec![put_new("C", "claim")]).await.is_err());
    assert!(bench.transact(vec![put_new("C", "user")]).await.is_err());
    bench.transact(vec![put_new("C", "user")]).await.unwrap();
    let three = ["D", "E", "F"].map(|pk| put_new(pk, "user")).to_vec();
    assert_eq!(bench.transact(three).await.unwrap_err().code(), Some("TransactionInProgressException"));
    assert_eq!([second_call.count(), claims.count(), of_c.count(), by_json.count()], [1, 1, 1, 3]);
}

#[tokio::test]
async fn several_rules_compose_on_one_call() {
    let bench = Arc::new(bench().await);
    bench.put("A").await.unwrap();
    let gate = Gate::closed();
    let stripped = bench.faults.strip_condition(0).of("PutItem").always();
    let held = bench.faults.hold_request(&gate).of("PutItem").always();
    let dropped = bench.faults.drop_answer().of("PutItem").always();
    let too_late = bench.faults.fail(500).of("PutItem").always();
    let putting = tokio::spawn({
        let bench = bench.clone();
        async move { bench.put("A").await }
    });
    gate.open();
    assert!(matches!(putting.await.unwrap().unwrap_err(), SdkError::DispatchFailure(_)));
    assert_eq!([stripped.count(), held.count(), dropped.count(), too_late.count()], [3, 3, 3, 0]);
    assert_eq!(bench.statuses(), [200; 4]);
}

/// What happens to 200 calls under this seed.
async fn course_of(seed: u64) -> Vec<u16> {
    let bench = bench().await;
    let lost = Fault::DropRequest(Loss::Io);
    let answered = Fault::DropAnswer(Loss::Timeout);
    let hits = bench.faults.any_of(seed, [(0.15, lost), (0.15, answered), (0.1, Fault::Fail(500))]).always();
    // One attempt for each call: the pauses between attempts take a second.
    let config = bench.client().config().to_builder().retry_config(RetryConfig::disabled());
    let client = Client::from_conf(config.build());
    for number in 0..200 {
        let put = client.put_item().table_name(TABLE).set_item(Some(item(&number.to_string(), "user")));
        let _ = put.send().await;
    }
    let statuses = bench.statuses();
    let seen = statuses.iter().filter(|status| matches!(status, 0 | 500)).count();
    assert!(hits.count() > seen as u64, "no answer was dropped: {statuses:?}");
    statuses
}

#[tokio::test]
async fn a_seed_repeats_its_faults() {
    assert_eq!(course_of(1).await, course_of(1).await);
    assert_ne!(course_of(1).await, course_of(2).await);
}

#[test]
fn a_seed_hits_as_often_as_it_is_told_to() {
    for seed in 0..20 {
        let below = |limit| (0..10_000).filter(|n| unit_interval(seed, *n) < limit).count();
        assert!((2_850..3_150).contains(&below(0.3)), "{seed}: {}", below(0.3));
        assert_eq!((below(0.0), below(1.0)), (0, 10_000));
    }
}
