//! What the service answers, and what a test expects of it.

use http::HeaderMap;
use serde_json::Value;

/// An answer of the service.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body as JSON; null when it is none.
    pub body: Value,
    /// The body as it came.
    pub text: String,
}

impl Answer {
    /// The body of an answer that has this status. Fails the test, with the whole body, when it has another.
    #[track_caller]
    pub fn expect(&self, status: u16) -> &Value {
        assert_eq!(self.status, status, "{}", self.text);
        &self.body
    }

    /// The body of a problem with this status and code, which has the form that every problem has.
    #[track_caller]
    pub fn expect_problem(&self, status: u16, code: &str) -> &Value {
        let body = self.expect(status);
        assert_eq!(body["code"], code, "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{}", self.text);
        assert_eq!(body["status"], status, "{}", self.text);
        assert_eq!(body["error"], body["detail"], "{}", self.text);
        assert_eq!(body["requestId"].as_str(), self.header("x-request-id"), "{}", self.text);
        body
    }

    /// The pointers of a problem's errors, in order.
    pub fn pointers(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        errors.iter().filter_map(|error| error["pointer"].as_str()).collect()
    }

    /// A header's value.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}
