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
        assert!(read(("DYNAMODB_ENDPOINT", bad)).unwrap_err().to_string().starts_with("DYNAMODB_ENDPOINT: "), "{bad}");
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
