//! What a function answers when all went well.

use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use super::ApiError;
use super::bounded::written;
use crate::domain::Work;

/// Tells an answer that is given again from a first one.
pub(super) const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A status, a body, and headers beyond those that every answer has.
#[derive(Debug)]
pub struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Answer {
    /// `body` as compact JSON under `status`, written under a meter. For every body that grows with a content, a page or what a
    /// request says. Fails with 500 where `body` has no JSON form.
    pub fn metered(status: StatusCode, body: &impl Serialize, work: &Work) -> Result<Self, ApiError> {
        Ok(Self::json_text(status, written(body, work)?))
    }

    /// `body`, which is small whatever a content or a request has, as compact JSON under `status`. Fails with 500 where `body` has
    /// no JSON form.
    pub fn json(status: StatusCode, body: &impl Serialize) -> Result<Self, ApiError> {
        Ok(Self::json_text(status, serde_json::to_string(body).map_err(ApiError::internal)?))
    }

    /// `body`, which is JSON already, under `status`.
    pub fn json_text(status: StatusCode, body: String) -> Self {
        Self { status, ..Self::text("application/json", body) }
    }

    /// 200 with a body of any kind.
    pub fn text(content_type: &'static str, body: String) -> Self {
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(content_type))]);
        Self { status: StatusCode::OK, headers, body }
    }

    /// `status` without a body.
    pub fn empty(status: StatusCode) -> Self {
        Self { status, headers: HeaderMap::new(), body: String::new() }
    }

    /// 200 with `body`, which is small.
    pub fn ok(body: &impl Serialize) -> Result<Self, ApiError> {
        Self::json(StatusCode::OK, body)
    }

    /// 201 with `body`, which is small.
    pub fn created(body: &impl Serialize) -> Result<Self, ApiError> {
        Self::json(StatusCode::CREATED, body)
    }

    /// The same, to be kept as `how` says; without this, nobody keeps an answer.
    #[must_use]
    pub fn cached(self, how: HeaderValue) -> Self {
        self.with_header(CACHE_CONTROL, how)
    }

    /// The same, marked as given again to a request that repeats an Idempotency-Key: `Idempotent-Replayed: true`.
    #[must_use]
    pub fn replayed(self) -> Self {
        self.with_header(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"))
    }

    /// The same with one header more, in place of one of that name.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }
}
