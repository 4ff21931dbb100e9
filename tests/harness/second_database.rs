//! Another DynamoDB than the embedded one, which `tests/second-dynamodb/run` names by a variable.

use std::env;

use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

/// The URL of the other DynamoDB, such as `http://127.0.0.1:4566`. It must give each access key id tables of its own.
const VARIABLE: &str = "SECOND_DYNAMODB";

/// Returns a connector to the other DynamoDB, if there is one, and else `embedded`.
pub(crate) fn connector(embedded: SharedHttpConnector) -> SharedHttpConnector {
    match env::var(VARIABLE) {
        Ok(url) if !url.is_empty() => SharedHttpConnector::new(RedirectingConnector { inner: embedded, url }),
        _ => embedded,
    }
}

#[derive(Debug)]
struct RedirectingConnector {
    inner: SharedHttpConnector,
    url: String,
}

impl HttpConnector for RedirectingConnector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        request.set_uri(self.url.as_str()).expect("the variable is a URL");
        let signed = request.headers().get("authorization").map(with_account);
        if let Some(signed) = signed {
            request.headers_mut().insert("authorization", signed);
        }
        self.inner.call(request)
    }
}

/// Replaces the access key id of a signature by twelve digits: emulators take those for an account, and each test has its own id. They do
/// not verify the signature.
fn with_account(signed: &str) -> String {
    let Some((before, rest)) = signed.split_once("Credential=") else { return signed.to_owned() };
    let (id, after) = rest.split_once('/').unwrap_or((rest, ""));
    let number = id.bytes().fold(0_u64, |number, byte| (number * 31 + u64::from(byte)) % 1_000_000_000_000);
    format!("{before}Credential={number:012}/{after}")
}
