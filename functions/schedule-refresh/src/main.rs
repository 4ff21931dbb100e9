//! The Lambda function around [`schedule_refresh::handle`].

use std::sync::Arc;

use lambda_runtime::{Error, run, service_fn};
use schedule_refresh::{App, SHARE, SqsQueue, handle};
use shared::clock::SystemClock;
use shared::config::{QueueConfig, StoreConfig, dynamodb_client};
use shared::logging;
use shared::store::Table;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init();
    let config = StoreConfig::from_env()?;
    let table = Table::new(dynamodb_client(&config).await, &config.table_name);
    let queue = SqsQueue::connect(&QueueConfig::from_env()?).await;
    let app = App { clock: Arc::new(SystemClock), table, queue: Arc::new(queue), share: SHARE };
    run(service_fn(|event| handle(&app, event))).await
}
