//! The Lambda function around [`refresh_snapshot::handle`].

use std::sync::Arc;

use lambda_runtime::{Error, run, service_fn};
use refresh_snapshot::{App, handle};
use shared::clock::SystemClock;
use shared::config::{StoreConfig, dynamodb_client, revisions_kept};
use shared::logging;
use shared::store::Table;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init();
    let config = StoreConfig::from_env()?;
    let table = Table::new(dynamodb_client(&config).await, &config.table_name);
    table.warm_up().await;
    let app = App { clock: Arc::new(SystemClock), table, revisions_kept: revisions_kept()? };
    run(service_fn(|event| handle(&app, event))).await
}
