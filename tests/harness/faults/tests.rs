//! Each fault, as a plain SDK client and the table see it.

mod lost;
mod refused;
mod stripped;

use std::collections::HashMap;
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ConditionCheck, Delete, Put, TransactWriteItem};
use local::database::{Database, Storage};
use local::guard::{Credentials, Guard};
use serde_json::json;
use tokio::net::TcpListener;

use super::*;
use crate::determinism::unit_interval;
use crate::recording::RecordedCalls;

const TABLE: &str = "snapshots";

struct FaultBench {
    /// Keeps it running.
    _database: Database,
    client: Client,
    faults: Faults,
    recording: Recording,
}

async fn bench() -> FaultBench {
    let (faults, recording) = (Faults::default(), Recording::default());
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let client = faults.http_client(&recording);
    let guard = Guard::new(listener.local_addr().unwrap(), &[], Credentials::generate());
    let database = Database::start(listener, guard, &Storage::Memory, TABLE, Some(client)).await.unwrap();
    recording.clear();
    // A client that tries three times, with pauses of milliseconds, and whose retries are its own.
    let retries = RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(1));
    let config = database.client().config().to_builder().retry_config(retries);
    let partition = RetryPartition::new(database.endpoint().to_owned());
    let client = Client::from_conf(config.retry_partition(partition).build());
    FaultBench { _database: database, client, faults, recording }
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

impl FaultBench {
    /// Puts an item that must not exist.
    async fn put(&self, pk: &str) -> Result<(), SdkError<PutItemError>> {
        let put = self.client.put_item().table_name(TABLE).set_item(Some(item(pk, "user")));
        put.condition_expression("attribute_not_exists(PK)").send().await.map(drop)
    }

    /// Changes an item that must have this type.
    async fn update(&self, pk: &str, expected: &str) -> Result<(), SdkError<UpdateItemError>> {
        let update = self.client.update_item().table_name(TABLE).set_key(Some(key(pk)));
        let update = update.update_expression("SET #n = :n").condition_expression("#name = :name");
        let update = update.expression_attribute_names("#n", "n").expression_attribute_names("#name", "type");
        let update = update.expression_attribute_values(":n", text("1"));
        update.expression_attribute_values(":name", text(expected)).send().await.map(drop)
    }

    async fn transact(&self, items: Vec<TransactWriteItem>) -> Result<(), SdkError<TransactWriteItemsError>> {
        self.client.transact_write_items().set_transact_items(Some(items)).send().await.map(drop)
    }

    /// Reads the item from the table without faults.
    async fn stored(&self, pk: &str) -> Option<HashMap<String, AttributeValue>> {
        self.faults.clear();
        let get = self.client.get_item().table_name(TABLE).set_key(Some(key(pk)));
        get.consistent_read(true).send().await.unwrap().item
    }

    async fn is_stored(&self, pk: &str) -> bool {
        self.stored(pk).await.is_some()
    }

    /// Returns the attempts so far as they went over the wire.
    fn attempts(&self) -> Vec<(String, u16)> {
        let RecordedCalls { calls } = self.recording.recorded();
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
async fn a_call_is_hit_by_its_number_its_operation_and_what_it_writes() {
    let bench = bench().await;
    let second_call = bench.faults.fail(500).of("PutItem").nth_call(2);
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

/// Returns the wire's record of 60 puts and the SDK's repetitions under this seed.
async fn course_of(seed: u64) -> Vec<u16> {
    let bench = bench().await;
    let lost = Fault::DropRequest(Loss::Io);
    let answered = Fault::DropAnswer(Loss::Timeout);
    let hits = bench.faults.any_of(seed, [(0.15, lost), (0.15, answered), (0.1, Fault::Fail(500))]).always();
    for number in 0..60 {
        let _ = bench.put(&format!("item {number}")).await;
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
fn a_seed_hits_with_its_probability() {
    for seed in 0..20 {
        let below = |limit| (0..10_000).filter(|n| unit_interval(seed, *n) < limit).count();
        assert!((2_850..3_150).contains(&below(0.3)), "{seed}: {}", below(0.3));
        assert_eq!((below(0.0), below(1.0)), (0, 10_000));
    }
}
