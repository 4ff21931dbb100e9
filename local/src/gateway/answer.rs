//! A function's answer, and the gateway's own answers, as HTTP.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue, SET_COOKIE};
use http::{Response, StatusCode};
use serde::Deserialize;

/// A function's answer to an HTTP API, in payload format 2.0.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FunctionAnswer {
    status_code: u16,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    cookies: Vec<String>,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

impl FunctionAnswer {
    /// Converts the answer to HTTP; `None` if its status, a header or its base64 text is malformed.
    pub(super) fn into_response(self) -> Option<Response<Vec<u8>>> {
        let body = self.body.unwrap_or_default();
        let body = if self.is_base64_encoded { STANDARD.decode(body).ok()? } else { body.into_bytes() };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status_code).ok().filter(|status| status.as_u16() >= 200)?;
        for (name, value) in &self.headers {
            response
                .headers_mut()
                .insert(HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value).ok()?);
        }
        for cookie in &self.cookies {
            response.headers_mut().append(SET_COOKIE, HeaderValue::from_str(cookie).ok()?);
        }
        Some(response)
    }
}

/// An answer of the HTTP API itself, without a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The request line has no path.
    BadRequest,
    /// The request names another machine.
    ForeignHost,
    /// The body has more than 10 MB, or its event is larger than Lambda allows.
    EntityTooLarge,
    /// Request line and headers have more than 10,240 bytes.
    HeadersTooLarge,
    /// The function failed, was ended by Lambda, or gave an answer that is malformed or too large for Lambda.
    InternalServerError,
    /// The function did not answer in the time that an HTTP API waits.
    ServiceUnavailable,
}

/// [`crate::guard::GuardRefusal::ForeignHost`] in the gateway's own form.
const FOREIGN_HOST: &str = "Forbidden: the Host header does not name this machine. Use its address or localhost, or start with --allow-host NAME.";

impl Refusal {
    pub(super) fn into_response(self) -> Response<Vec<u8>> {
        let (status, message) = match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "Bad Request"),
            Self::ForeignHost => (StatusCode::FORBIDDEN, FOREIGN_HOST),
            Self::EntityTooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "Request Entity Too Large"),
            Self::HeadersTooLarge => (StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "Request Header Fields Too Large"),
            Self::InternalServerError => (StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
            Self::ServiceUnavailable => (StatusCode::SERVICE_UNAVAILABLE, "Service Unavailable"),
        };
        let mut response = Response::new(format!(r#"{{"message":"{message}"}}"#).into_bytes());
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(json: serde_json::Value) -> Option<Response<Vec<u8>>> {
        serde_json::from_value::<FunctionAnswer>(json).unwrap().into_response()
    }

    #[test]
    fn an_answer_keeps_its_status_headers_cookies_and_body() {
        let response = answer(serde_json::json!({
            "statusCode": 201,
            "headers": {"content-type": "application/json", "x-request-id": "r"},
            "multiValueHeaders": {},
            "cookies": ["a=1", "b=2"],
            "body": "{}",
            "isBase64Encoded": false,
        }))
        .unwrap();
        assert_eq!(response.status(), 201);
        assert_eq!(response.headers()["x-request-id"], "r");
        assert_eq!(response.headers().get_all("set-cookie").iter().collect::<Vec<_>>(), ["a=1", "b=2"]);
        assert_eq!(response.body(), b"{}");
    }

    #[test]
    fn a_base64_body_is_decoded() {
        let response = answer(serde_json::json!({"statusCode": 200, "body": "//4=", "isBase64Encoded": true})).unwrap();
        assert_eq!(response.body(), b"\xff\xfe");
    }

    #[test]
    fn a_malformed_answer_is_refused() {
        for json in [
            serde_json::json!({"statusCode": 99}),
            serde_json::json!({"statusCode": 101}),
            serde_json::json!({"statusCode": 1000}),
            serde_json::json!({"statusCode": 200, "headers": {"bad name": "x"}}),
            serde_json::json!({"statusCode": 200, "headers": {"x": "a\nb"}}),
            serde_json::json!({"statusCode": 200, "cookies": ["a\r\nb"]}),
            serde_json::json!({"statusCode": 200, "body": "not base64", "isBase64Encoded": true}),
        ] {
            assert!(answer(json.clone()).is_none(), "{json}");
        }
    }
}
