//! The Lambda function around [`apply_snapshot::handle`].

use apply_snapshot::{App, handle};
use lambda_http::{Error, run, service_fn};
use shared::config::{Config, dynamodb_client};
use shared::domain::NewPassword;
use shared::logging;
use shared::password_hash::PasswordHasher;
use shared::store::Table;
use tokio::task::spawn_blocking;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init();
    let prepared = spawn_blocking(|| (PasswordHasher::prepare(), NewPassword::prepare()));
    let config = Config::from_env()?;
    let table = Table::new(dynamodb_client(&config.store).await, &config.store.table_name);
    table.warm_up().await;
    prepared.await?;
    let app = App { edge: config.edge()?, table, hasher: PasswordHasher::new() };
    run(service_fn(|request| handle(&app, request))).await
}
