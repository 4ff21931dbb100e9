//! Settings from the environment, and the clients that are made with them.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, ConfigLoader, Region, SdkConfig};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Credentials;
use secrecy::SecretString;

use crate::http::{CorsOrigins, InvalidOrigins, TrustedHops};
use crate::refresh::REVISIONS_KEPT;

/// Tries of one call to AWS, the first included. Those to DynamoDB are tried once: how often they are repeated is decided in
/// `store::retry`, where it is known how much time a request has left.
const ATTEMPTS: u32 = 3;
/// An answer takes single milliseconds; whoever waits this long has lost the connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(3);
const OPERATION_TIMEOUT: Duration = Duration::from_secs(10);

/// The most revisions that a setting keeps: their contents share one partition with the snapshot.
const MAX_REVISIONS_KEPT: u32 = 1_000;

/// What every function is told: where the table is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreConfig {
    /// The DynamoDB table: `TABLE_NAME`.
    pub table_name: String,
    /// Where DynamoDB is, if not at AWS: `DYNAMODB_ENDPOINT`.
    pub dynamodb_endpoint: Option<String>,
}

/// What every function is told that answers HTTP.
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

/// What the schedule is told: where the queue is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueConfig {
    /// The queue: `REFRESH_QUEUE_URL`.
    pub url: String,
    /// Where SQS is, if not at AWS: `SQS_ENDPOINT`.
    pub sqs_endpoint: Option<String>,
}

/// Where the private key for signing tokens comes from. Sign-in alone asks.
#[derive(Debug)]
pub enum SigningKeySource {
    /// The secret of this id in Secrets Manager, whose string is the private JWK: `SIGNING_KEY_SECRET_ID`.
    Secret {
        /// A name or an ARN.
        id: String,
    },
    /// The private JWK itself: `SIGNING_KEY`, which counts under `AWS_SAM_LOCAL=true` alone.
    Given(SecretString),
}

/// A setting that is missing or wrong. Names it and says what it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{variable}: {problem}")]
pub struct ConfigError {
    variable: &'static str,
    problem: &'static str,
}

/// Reads one variable; nothing where it is not set.
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
}

impl SigningKeySource {
    /// Reads the process's environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(&process_environment)
    }

    /// Reads `environment`. Under `AWS_SAM_LOCAL=true` a `SIGNING_KEY` comes before a `SIGNING_KEY_SECRET_ID`;
    /// elsewhere a `SIGNING_KEY` is refused, because whoever may read a function's settings could read it, too.
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

/// How many revisions of a snapshot are kept, the current one counted: `REVISIONS_KEPT`, 30 where it is not set.
pub fn revisions_kept() -> Result<u32, ConfigError> {
    read_revisions_kept(&process_environment)
}

fn read_revisions_kept(environment: Environment<'_>) -> Result<u32, ConfigError> {
    let variable = "REVISIONS_KEPT";
    let Some(value) = present(environment, variable) else { return Ok(REVISIONS_KEPT) };
    let number = value.parse().ok().filter(|number| (1..=MAX_REVISIONS_KEPT).contains(number));
    number.ok_or(ConfigError { variable, problem: "leave it out, or set it to a whole number from 1 to 1000" })
}

/// How many proxies in front of the API add to `X-Forwarded-For`: `TRUSTED_HOPS`, none where it is not set.
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

/// A variable that is empty is as absent: a template cannot leave one out.
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

/// The client for the table, with the credentials and the region of the environment.
pub async fn dynamodb_client(config: &StoreConfig) -> Client {
    let loader = loader_for(config.dynamodb_endpoint.as_deref()).retry_config(RetryConfig::disabled());
    Client::new(&loader.load().await)
}

/// What other clients of AWS are made with: the same timeouts, the SDK's own retries, and the endpoints of AWS unless there
/// is another one.
pub async fn sdk_config(endpoint: Option<&str>) -> SdkConfig {
    loader_for(endpoint).retry_config(retries()).load().await
}

fn loader_for(endpoint: Option<&str>) -> ConfigLoader {
    let loader = aws_config::defaults(behavior()).timeout_config(timeouts());
    match endpoint {
        Some(endpoint) if is_plain(endpoint) => loader.endpoint_url(endpoint).http_client(plain_http()),
        Some(endpoint) => loader.endpoint_url(endpoint),
        None => loader,
    }
}

/// A client for the embedded database at `endpoint`, which takes any credentials: the same retries and timeouts.
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

/// Pinned: a newer one changes retries and timeouts.
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

/// Without TLS, so that a local run neither reads the system's root certificates nor needs any.
fn plain_http() -> aws_smithy_runtime_api::client::http::SharedHttpClient {
    aws_smithy_http_client::Builder::new().build_http()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [(&str, &str); 6] = [
        ("TABLE_NAME", "snapshots"),
        ("TOKEN_ISSUER", "https://issuer.example"),
        ("TOKEN_AUDIENCE", "snapshots"),
        ("JWKS", "{\"keys\":[]}"),
        ("DYNAMODB_ENDPOINT", "http://127.0.0.1:8000"),
        ("CORS_ORIGINS", "https://app.example,http://localhost:5173"),
    ];

    fn read(change: (&str, &str)) -> Result<Config, ConfigError> {
        Config::read(&|name| {
            let all = ALL.iter().find(|(variable, _)| *variable == name).map(|(_, value)| *value);
            let value = if change.0 == name { Some(change.1) } else { all };
            value.map(str::to_owned)
        })
    }

    #[test]
    fn a_full_environment_is_a_config() {
        let config = read(("", "")).unwrap();
        assert_eq!(config.store.table_name, "snapshots");
        assert_eq!(config.store.dynamodb_endpoint.as_deref(), Some("http://127.0.0.1:8000"));
    }

    #[test]
    fn up_to_1000_revisions_are_kept_and_30_where_nothing_is_said() {
        let read = |value: &str| read_revisions_kept(&|_| Some(value.to_owned()));
        assert_eq!((read(""), read_revisions_kept(&|_| None)), (Ok(30), Ok(30)));
        assert_eq!((read("1"), read("999"), read("1000")), (Ok(1), Ok(999), Ok(1_000)));
        for bad in ["0", "1001", "-1", "many"] {
            assert!(read(bad).unwrap_err().to_string().starts_with("REVISIONS_KEPT: "), "{bad}");
        }
    }

    #[test]
    fn an_empty_endpoint_is_none_and_so_are_empty_origins() {
        assert_eq!(read(("DYNAMODB_ENDPOINT", "")).unwrap().store.dynamodb_endpoint, None);
        assert_eq!(read(("CORS_ORIGINS", "")).unwrap().cors_origins, CorsOrigins::None);
    }

    #[test]
    fn origins_are_listed_as_browsers_send_them_and_a_wrong_one_stops_the_start() {
        let origins = ["https://app.example", "http://localhost:5173"].map(str::to_owned).to_vec();
        assert_eq!(read(("", "")).unwrap().cors_origins, CorsOrigins::These(origins));
        assert_eq!(read(("CORS_ORIGINS", "*")).unwrap().cors_origins, CorsOrigins::Any);
        let error = read(("CORS_ORIGINS", "https://app.example/")).unwrap_err().to_string();
        assert!(error.starts_with("CORS_ORIGINS: ") && error.contains("https://app.example"), "{error}");
    }

    #[test]
    fn a_missing_setting_is_named_with_what_it_should_be() {
        for variable in ["TABLE_NAME", "TOKEN_ISSUER", "TOKEN_AUDIENCE", "JWKS"] {
            let error = read((variable, "")).unwrap_err().to_string();
            assert!(error.starts_with(&format!("{variable}: set it to ")), "{error}");
        }
        for bad in ["127.0.0.1:8000", "ftp://127.0.0.1", "http://", "nonsense"] {
            assert!(
                read(("DYNAMODB_ENDPOINT", bad)).unwrap_err().to_string().starts_with("DYNAMODB_ENDPOINT: "),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_queue_has_a_url_and_an_endpoint_only_where_one_is_set() {
        let read = |url: &str, endpoint: &str| {
            QueueConfig::read(&|name| match name {
                "REFRESH_QUEUE_URL" => Some(url.to_owned()),
                "SQS_ENDPOINT" => Some(endpoint.to_owned()),
                _ => None,
            })
        };
        let config = read("https://sqs.example/1/q", "").unwrap();
        assert_eq!((config.url.as_str(), config.sqs_endpoint), ("https://sqs.example/1/q", None));
        assert_eq!(read("q", "http://queue:5000").unwrap().sqs_endpoint.as_deref(), Some("http://queue:5000"));
        assert_eq!(read("", "").unwrap_err().variable, "REFRESH_QUEUE_URL");
        assert_eq!(read("q", "queue:5000").unwrap_err().variable, "SQS_ENDPOINT");
    }

    fn source(variables: &[(&str, &str)]) -> Result<SigningKeySource, ConfigError> {
        SigningKeySource::read(&|name| {
            variables.iter().find(|(variable, _)| *variable == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn a_signing_key_in_the_environment_counts_under_sam_local_alone() {
        let key = ("SIGNING_KEY", "{\"d\":\"secret\"}");
        let id = ("SIGNING_KEY_SECRET_ID", "signing-key");
        assert!(matches!(source(&[key, ("AWS_SAM_LOCAL", "true")]), Ok(SigningKeySource::Given(_))));
        assert!(matches!(source(&[id]), Ok(SigningKeySource::Secret { id }) if id == "signing-key"));
        assert!(matches!(source(&[id, ("AWS_SAM_LOCAL", "true")]), Ok(SigningKeySource::Secret { .. })));
        for variables in [&[key][..], &[key, id], &[key, ("AWS_SAM_LOCAL", "1")], &[key, ("AWS_SAM_LOCAL", "")]] {
            assert_eq!(source(variables).unwrap_err().variable, "SIGNING_KEY");
        }
        assert_eq!(source(&[]).unwrap_err().variable, "SIGNING_KEY_SECRET_ID");
        let shown = format!("{:?}", source(&[key, ("AWS_SAM_LOCAL", "true")]));
        assert!(!shown.contains("secret\""), "{shown}");
    }

    #[test]
    fn retries_and_timeouts_are_ours_and_not_the_sdks() {
        let client = client_for_endpoint("http://127.0.0.1:8000");
        assert_eq!(client.config().retry_config().unwrap().max_attempts(), 1);
        assert_eq!((retries().mode(), retries().max_attempts()), (aws_config::retry::RetryMode::Standard, 3));
        let timeouts = client.config().timeout_config().unwrap();
        assert_eq!(timeouts.connect_timeout(), Some(Duration::from_secs(1)));
        assert_eq!(timeouts.operation_attempt_timeout(), Some(Duration::from_secs(3)));
        assert_eq!(timeouts.operation_timeout(), Some(Duration::from_secs(10)));
    }

    /// Answers every connection with 500 and counts them.
    fn failing_server() -> (String, std::sync::Arc<std::sync::atomic::AtomicU32>) {
        use std::io::{Read, Write};
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let count = std::sync::Arc::<std::sync::atomic::AtomicU32>::default();
        let counted = count.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let mut connection = connection.unwrap();
                let _ = connection.read(&mut [0; 4096]);
                counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                let _ = connection.write_all(b"HTTP/1.1 500 x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            }
        });
        (endpoint, count)
    }

    #[test]
    fn trusted_hops_are_none_unless_they_are_set() {
        let read = |value: &str| read_trusted_hops(&|name| (name == "TRUSTED_HOPS").then(|| value.to_owned()));
        assert_eq!(read("").unwrap(), TrustedHops::default());
        for hops in [0, 1, TrustedHops::MAX] {
            assert_eq!(read(&hops.to_string()).unwrap(), TrustedHops::new(hops).unwrap());
        }
        for wrong in ["9", "-1", "1.5", "one", "256"] {
            assert!(read(wrong).unwrap_err().to_string().starts_with("TRUSTED_HOPS: leave it out"), "{wrong}");
        }
    }

    #[test]
    fn a_call_to_dynamodb_is_made_once_by_the_sdk() {
        let (endpoint, count) = failing_server();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let outcome = runtime.block_on(client_for_endpoint(&endpoint).list_tables().send());
        assert!(outcome.is_err());
        assert_eq!(count.load(std::sync::atomic::Ordering::Relaxed), 1);
    }
}
