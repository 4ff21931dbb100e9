//! `GET /openapi.json`, `GET /openapi-3.0.json` and `GET /docs`: the API's description, for programs and for people; and `GET /`,
//! which leads there.
//!
//! They are files of this repository; `cargo run -- openapi` generates the description. A test fails if it differs from the code.

use std::sync::LazyLock;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use lambda_http::http::header::{CONTENT_SECURITY_POLICY, ETAG, HeaderName};
use lambda_http::http::{HeaderValue, StatusCode};
use sha2::{Digest, Sha256};
use shared::http::{Answer, IfNoneMatch, etag};

use crate::Call;

/// How long a client may cache an answer. A deployment may change every file at any time.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// A file and the headers that depend on its content alone.
struct File {
    content_type: &'static str,
    text: &'static str,
    tag: HeaderValue,
    headers: Vec<(HeaderName, HeaderValue)>,
}

static DESCRIPTION: LazyLock<File> =
    LazyLock::new(|| File::new("application/json", include_str!("../../../docs/openapi.json"), Vec::new()));

static DESCRIPTION_3_0: LazyLock<File> =
    LazyLock::new(|| File::new("application/json", include_str!("../../../docs/openapi-3.0.json"), Vec::new()));

static PAGE: LazyLock<File> = LazyLock::new(|| File::html(include_str!("../../../docs/api.html")));

static INDEX: LazyLock<File> = LazyLock::new(|| File::html(include_str!("../../../docs/index.html")));

pub(crate) fn description(call: &Call<'_>) -> Answer {
    DESCRIPTION.answer(call)
}

pub(crate) fn description_3_0(call: &Call<'_>) -> Answer {
    DESCRIPTION_3_0.answer(call)
}

pub(crate) fn page(call: &Call<'_>) -> Answer {
    PAGE.answer(call)
}

pub(crate) fn index(call: &Call<'_>) -> Answer {
    INDEX.answer(call)
}

impl File {
    fn html(text: &'static str) -> Self {
        let headers = vec![
            (CONTENT_SECURITY_POLICY, policy(text)),
            (HeaderName::from_static("referrer-policy"), HeaderValue::from_static("no-referrer")),
        ];
        Self::new("text/html; charset=utf-8", text, headers)
    }

    fn new(content_type: &'static str, text: &'static str, headers: Vec<(HeaderName, HeaderValue)>) -> Self {
        let hash: String = Sha256::digest(text).iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self { content_type, text, tag: etag(hash), headers }
    }

    fn answer(&self, call: &Call<'_>) -> Answer {
        let answer = match IfNoneMatch::of(call.request).names(&self.tag) {
            true => Answer::empty(StatusCode::NOT_MODIFIED),
            false => Answer::text(self.content_type, self.text.to_owned()),
        };
        let answer = answer.cached(CACHE).with_header(ETAG, self.tag.clone());
        self.headers.iter().fold(answer, |answer, (name, value)| answer.with_header(name.clone(), value.clone()))
    }
}

/// Returns the page's content security policy: its own style and script, and calls of this service.
fn policy(page: &str) -> HeaderValue {
    let hash = |tag: &str| {
        let content = page.split_once(&format!("<{tag}>")).and_then(|(_, rest)| rest.split_once(&format!("</{tag}>")));
        content.map_or("'none'".to_owned(), |(content, _)| {
            format!("'sha256-{}'", BASE64_STANDARD.encode(Sha256::digest(content)))
        })
    };
    let policy = format!(
        "default-src 'none'; style-src {}; script-src {}; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'",
        hash("style"),
        hash("script")
    );
    // These characters are always a valid header value; if not, everything is forbidden.
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_may_use_its_own_style_and_script_and_nothing_else() {
        let policy = policy("<head><style>a{}</style></head><body><script>b()</script><script>c()</script></body>");
        let hash = |text: &str| BASE64_STANDARD.encode(Sha256::digest(text));
        assert_eq!(
            policy,
            format!(
                "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; connect-src 'self'; base-uri 'none'; \
                 form-action 'none'; frame-ancestors 'none'",
                hash("a{}"),
                hash("b()")
            )
        );
        assert!(super::policy("<p>").to_str().unwrap().contains("style-src 'none'; script-src 'none';"));
    }
}
