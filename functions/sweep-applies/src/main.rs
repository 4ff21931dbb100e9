//! The Lambda function around [`sweep_applies::handle`].

use std::sync::Arc;

use lambda_runtime::{Error, run, service_fn};
use shared::clock::SystemClock;
use shared::config::{StoreConfig, dynamodb_client};
use shared::logging;
use shared::store::Table;
use sweep_applies::{App, handle};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init();
    let config = StoreConfig::from_env()?;
    let table = Table::new(dynamodb_client(&config).await, &config.table_name);
    let app = App { clock: Arc::new(SystemClock), table };
    run(service_fn(|event| handle(&app, event))).await
}
