//! The Lambda function around [`manage_snapshots::handle`].

use lambda_http::{Error, run, service_fn};
use manage_snapshots::{App, handle};
use shared::config::{Config, dynamodb_client, revisions_kept};
use shared::logging;
use shared::store::Table;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init();
    let config = Config::from_env()?;
    let table = Table::new(dynamodb_client(&config.store).await, &config.store.table_name);
    table.warm_up().await;
    let app = App { edge: config.edge()?, table, revisions_kept: revisions_kept()? };
    run(service_fn(|request| handle(&app, request))).await
}
