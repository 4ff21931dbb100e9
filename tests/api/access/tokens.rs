//! Tokens as somebody would forge them who holds a good one.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::{Value, json};

fn part(token: &str, index: usize) -> Value {
    let text = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).unwrap()).unwrap()
}

fn encode(value: &Value) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(value.to_string())
}

/// The same token with another role in it, and the signature that it had.
pub(crate) fn with_role(token: &str, role: &str) -> String {
    let mut claims = part(token, 1);
    claims["accessRole"] = json!(role);
    let parts: Vec<&str> = token.split('.').collect();
    format!("{}.{}.{}", parts[0], encode(&claims), parts[2])
}

/// The same claims under a header that asks for no signature.
pub(crate) fn with_no_algorithm(token: &str) -> String {
    let mut header = part(token, 0);
    header["alg"] = json!("none");
    format!("{}.{}.", encode(&header), encode(&part(token, 1)))
}

/// The `iss` and the `aud` of a token.
pub(crate) fn issuer_and_audience(token: &str) -> (String, String) {
    let claims = part(token, 1);
    let text = |name: &str| claims[name].as_str().unwrap().to_owned();
    (text("iss"), text("aud"))
}
