//! Reads settings from the environment, and makes clients with them.

use std::sync::Arc;
use std::time::Duration;

use aws_config::environment::{EnvironmentVariableCredentialsProvider, EnvironmentVariableRegionProvider};
use aws_config::meta::region::ProvideRegion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use secrecy::SecretString;

use crate::clock::SystemClock;
use crate::http::{CorsOrigins, Edge, InvalidOrigins, KeyError, TokenVerifier, TrustedHops};
use crate::ids::SystemRandomness;
use crate::refresh::REVISIONS_KEPT;

/// The most tries of one call to AWS. Calls to DynamoDB are tried once here: `store::table::retry` repeats them, since
/// it knows how much time a request has left.
const ATTEMPTS: u32 = 3;
/// An answer takes single milliseconds, so a call that waits this long has lost its connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);

/// The highest setting: the contents of revisions share one partition with the snapshot.
const MAX_REVISIONS_KEPT: u32 = 1_000;

/// The settings of every function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// The DynamoDB table: `TABLE_NAME`.
    pub table_name: String,
    /// The endpoint of DynamoDB, if it is not AWS: `DYNAMODB_ENDPOINT`.
    pub dynamodb_endpoint: Option<String>,
}

/// The settings of every function that answers HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// The table.
    pub store: StoreConfig,
    /// The `iss` of tokens: `TOKEN_ISSUER`.
    pub token_issuer: String,
    /// The `aud` of tokens: `TOKEN_AUDIENCE`.
    pub token_audience: String,
    /// The public keys of tokens, as a JWKS: `JWKS`.
    pub jwks: String,
    /// The origins whose web pages may call the API: `CORS_ORIGINS`.
    pub cors_origins: CorsOrigins,
}

/// The settings of the schedule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueConfig {
    /// The queue: `REFRESH_QUEUE_URL`.
    pub url: String,
    /// The endpoint of SQS, if it is not AWS: `SQS_ENDPOINT`.
    pub sqs_endpoint: Option<String>,
}

/// The source of the private key that signs tokens. Only sign-in reads it.
#[derive(Debug)]
pub enum SigningKeySource {
    /// The secret of this id in Secrets Manager, whose string is the private JWK: `SIGNING_KEY_SECRET_ID`.
    Secret {
        /// A name or an ARN.
        id: String,
    },
    /// The private JWK itself: `SIGNING_KEY`, which is allowed under `AWS_SAM_LOCAL=true` alone.
    Given(SecretString),
}

/// A setting that is missing or invalid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {problem}")]
pub struct ConfigError {
    variable: &'static str,
    problem: &'static str,
}

/// Reads one variable; `None` if it is not set.
pub type Environment<'e> = &'e dyn Fn(&str) -> Option<String>;

impl StoreConfig {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&process_environment)
    }

    /// Reads `environment`.
    pub fn read(environment: Environment<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            table_name: required(environment, "TABLE_NAME", "set it to the name of the DynamoDB table")?,
            dynamodb_endpoint: endpoint(environment, "DYNAMODB_ENDPOINT")?,
        })
    }
}

impl QueueConfig {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&process_environment)
    }

    /// Reads `environment`.
    pub fn read(environment: Environment<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            url: required(environment, "REFRESH_QUEUE_URL", "set it to the URL of the SQS queue")?,
            sqs_endpoint: endpoint(environment, "SQS_ENDPOINT")?,
        })
    }
}

impl Config {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&process_environment)
    }

    /// Reads `environment`.
    pub fn read(environment: Environment<'_>) -> Result<Self, ConfigError> {
        Ok(Self {
            store: StoreConfig::read(environment)?,
            token_issuer: required(environment, "TOKEN_ISSUER", "set it to the iss that tokens carry")?,
            token_audience: required(environment, "TOKEN_AUDIENCE", "set it to the aud that tokens carry")?,
            jwks: required(environment, "JWKS", "set it to the public keys, {\"keys\": [...]}")?,
            cors_origins: cors_origins(environment)?,
        })
    }

    /// Returns the edge of a function on Lambda: keys from the settings, the machine's clock and generator.
    pub fn edge(&self) -> Result<Edge, KeyError> {
        Ok(Edge {
            verifier: TokenVerifier::new(&self.jwks, &self.token_issuer, &self.token_audience)?,
            clock: Arc::new(SystemClock),
            randomness: Arc::new(SystemRandomness),
            cors_origins: self.cors_origins.clone(),
        })
    }
}

impl SigningKeySource {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&process_environment)
    }

    /// Reads `environment`. Under `AWS_SAM_LOCAL=true`, `SIGNING_KEY` takes precedence over `SIGNING_KEY_SECRET_ID`.
    /// Elsewhere `SIGNING_KEY` is refused, because it would be readable in the function's settings.
    pub fn read(environment: Environment<'_>) -> Result<Self, ConfigError> {
        let is_sam_local = present(environment, "AWS_SAM_LOCAL").is_some_and(|value| value == "true");
        match present(environment, "SIGNING_KEY") {
            Some(jwk) if is_sam_local => Ok(Self::Given(SecretString::from(jwk))),
            Some(_) => Err(ConfigError {
                variable: "SIGNING_KEY",
                problem: "only for sam local; elsewhere put the key into Secrets Manager and set SIGNING_KEY_SECRET_ID",
            }),
            None => {
                let problem = "set it to the id of the secret that holds the private JWK";
                Ok(Self::Secret { id: required(environment, "SIGNING_KEY_SECRET_ID", problem)? })
            }
        }
    }
}

/// Returns the number of revisions that are kept, the current one included: `REVISIONS_KEPT`, or 30.
pub fn revisions_kept() -> Result<u32, ConfigError> {
    read_revisions_kept(&process_environment)
}

fn read_revisions_kept(environment: Environment<'_>) -> Result<u32, ConfigError> {
    let variable = "REVISIONS_KEPT";
    let Some(value) = present(environment, variable) else { return Ok(REVISIONS_KEPT) };
    let number = value.parse().ok().filter(|number| (1..=MAX_REVISIONS_KEPT).contains(number));
    number.ok_or(ConfigError { variable, problem: "leave it out, or set it to a whole number from 1 to 1000" })
}

/// Returns the number of proxies that add to `X-Forwarded-For`: `TRUSTED_HOPS`, or none.
pub fn trusted_hops() -> Result<TrustedHops, ConfigError> {
    read_trusted_hops(&process_environment)
}

fn read_trusted_hops(environment: Environment<'_>) -> Result<TrustedHops, ConfigError> {
    let variable = "TRUSTED_HOPS";
    let Some(value) = present(environment, variable) else { return Ok(TrustedHops::default()) };
    let hops = value.parse().ok().and_then(TrustedHops::new);
    hops.ok_or(ConfigError { variable, problem: "leave it out, or set it to a whole number from 0 to 8" })
}

fn process_environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Returns a variable; `None` if it is empty, because a template cannot leave one out.
fn present(environment: Environment<'_>, name: &str) -> Option<String> {
    environment(name).filter(|value| !value.is_empty())
}

fn required(
    environment: Environment<'_>,
    variable: &'static str,
    problem: &'static str,
) -> Result<String, ConfigError> {
    present(environment, variable).ok_or(ConfigError { variable, problem })
}

fn endpoint(environment: Environment<'_>, variable: &'static str) -> Result<Option<String>, ConfigError> {
    let Some(value) = present(environment, variable) else { return Ok(None) };
    let is_http = url::Url::parse(&value).is_ok_and(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
    let problem = "leave it out, or set it to a URL such as http://127.0.0.1:8000";
    if is_http { Ok(Some(value)) } else { Err(ConfigError { variable, problem }) }
}

fn cors_origins(environment: Environment<'_>) -> Result<CorsOrigins, ConfigError> {
    let variable = "CORS_ORIGINS";
    let text = present(environment, variable).unwrap_or_default();
    CorsOrigins::parse(&text).map_err(|InvalidOrigins| ConfigError { variable, problem: InvalidOrigins::PROBLEM })
}

/// Returns a function's client for the table.
pub async fn dynamodb_client(config: &StoreConfig) -> Client {
    let settings = function_settings(config.dynamodb_endpoint.as_deref()).await;
    Client::new(&settings.into_builder().retry_config(RetryConfig::disabled()).build())
}

/// Returns the settings of a function's AWS clients: region and credentials of the variables that Lambda sets, timeouts, the SDK's
/// retries, and another endpoint if there is one. The SDK's chain of providers would also look into files and ask other services, none of
/// which Lambda has.
pub async fn function_settings(endpoint: Option<&str>) -> SdkConfig {
    let settings = SdkConfig::builder()
        .behavior_version(behavior())
        .region(EnvironmentVariableRegionProvider::new().region().await)
        .credentials_provider(SharedCredentialsProvider::new(EnvironmentVariableCredentialsProvider::new()))
        .timeout_config(timeouts())
        .retry_config(retries());
    match endpoint {
        Some(endpoint) if is_plain(endpoint) => settings.endpoint_url(endpoint).http_client(plain_http()),
        Some(endpoint) => settings.endpoint_url(endpoint),
        None => settings,
    }
    .build()
}

/// Returns the settings of an operator's command: everything that the AWS CLI reads, and the timeouts and retries of the functions.
pub async fn operator_settings() -> SdkConfig {
    aws_config::defaults(behavior()).timeout_config(timeouts()).retry_config(retries()).load().await
}

/// Returns a client for the embedded database, which takes any credentials: the same retries and timeouts.
pub fn client_for_endpoint(endpoint: &str) -> Client {
    let builder = aws_sdk_dynamodb::Config::builder()
        .behavior_version(behavior())
        .region(Region::from_static("local"))
        .credentials_provider(Credentials::new("local", "local", None, None, "the embedded database"))
        .endpoint_url(endpoint)
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts());
    let builder = if is_plain(endpoint) { builder.http_client(plain_http()) } else { builder };
    Client::from_conf(builder.build())
}

/// Returns the pinned version of the SDK's defaults: a newer one changes retries and timeouts.
fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(ATTEMPTS)
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT)
        .operation_timeout(OPERATION_TIMEOUT)
        .build()
}

fn is_plain(endpoint: &str) -> bool {
    endpoint.starts_with("http://")
}

/// Returns an HTTP client without TLS, so that a local run needs no root certificates.
fn plain_http() -> aws_smithy_runtime_api::client::http::SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

#[cfg(test)]
mod tests;
