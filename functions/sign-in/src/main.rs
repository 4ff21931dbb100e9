//! The Lambda function around [`sign_in::handle`].

use lambda_http::{Error, run, service_fn};
use shared::config::{Config, SigningKeySource, dynamodb_client, trusted_hops};
use shared::http::TokenSigner;
use shared::logging;
use shared::password_hash::PasswordHasher;
use shared::store::Table;
use sign_in::{App, handle, signing_key};
use tokio::task::spawn_blocking;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init();
    let prepared = spawn_blocking(PasswordHasher::prepare);
    let config = Config::from_env()?;
    let (key_source, trusted_hops) = (SigningKeySource::from_env()?, trusted_hops()?);
    let table = Table::new(dynamodb_client(&config.store).await, &config.store.table_name);
    let ((), private_jwk) = tokio::join!(table.warm_up(), signing_key::load(key_source));
    let signer = TokenSigner::new(&private_jwk?, &config.token_issuer, &config.token_audience)?;
    prepared.await?;
    let app = App { edge: config.edge()?, table, hasher: PasswordHasher::new(), signer, trusted_hops };
    run(service_fn(|request| handle(&app, request))).await
}
