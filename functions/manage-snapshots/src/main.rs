//! The Lambda function around [`manage_snapshots::handle`].

use lambda_http::{Error, run, service_fn};
use manage_snapshots::{App, handle};
use shared::config::Config;
use shared::http::Edge;
use shared::logging;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    logging::init();
    let config = Config::from_env()?;
    let app = App { edge: Edge::from_config(&config)? };
    run(service_fn(|request| handle(&app, request))).await
}
