//! Cross-origin requests (the CORS protocol of the Fetch standard): which web pages may call this API and read its answers.
//!
//! This only tells browsers which pages the operator trusts. Outside a browser, everybody with a token may call the API.
//! Cookies and the like are never asked for (no `Access-Control-Allow-Credentials`): a token travels in a header of its own.

use std::fmt;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN, VARY,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use lambda_http::Request;

use super::{Answer, route};

/// What a page may send beyond what it always may.
const ALLOWED_HEADERS: &str = "Authorization, Content-Type, If-Match, Idempotency-Key, X-Request-Id";
/// What a page may read beyond what it always may: every header by which an answer tells a client something. The others are for
/// browsers.
const EXPOSED_HEADERS: &str = "ETag, X-Request-Id, Retry-After, Allow, WWW-Authenticate, Idempotent-Replayed";
/// How long, in seconds, a browser may remember what it may do; Chromium remembers no longer than this.
const MAX_AGE: &str = "7200";

/// The origins whose pages may call this API from a browser.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum CorsOrigins {
    /// None: answers say nothing about other origins.
    #[default]
    None,
    /// These, as browsers write them.
    These(Vec<String>),
    /// Every one there is.
    Any,
}

/// A text that is no list of origins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub struct InvalidOrigins;

impl InvalidOrigins {
    /// What it should be.
    pub const PROBLEM: &'static str = "leave it out, set it to *, or list origins as browsers send them, separated by commas, such as \
         https://app.example or http://localhost:5173: scheme, host in small letters and any port that is not the \
         scheme's own; no path and no slash at the end";
}

impl fmt::Display for InvalidOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Self::PROBLEM)
    }
}

impl CorsOrigins {
    /// Reads a list of origins separated by commas, with white space around them or not; `*` stands alone or not at all.
    pub fn parse(text: &str) -> Result<Self, InvalidOrigins> {
        match text.trim() {
            "" => Ok(Self::None),
            "*" => Ok(Self::Any),
            list => list.split(',').map(|origin| origin_of(origin.trim())).collect::<Result<_, _>>().map(Self::These),
        }
    }

    /// What the answer to `request` says about other origins.
    pub(super) fn headers(&self, request: &Request) -> HeaderMap {
        let mut headers = HeaderMap::new();
        if *self == Self::None {
            return headers;
        }
        // An answer to one origin must not be shown to another, whether this one was listed or not.
        headers.insert(VARY, HeaderValue::from_static("Origin"));
        if let Some(origin) = self.allowed(request) {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED_HEADERS));
        }
        headers
    }

    /// The answer to a preflight: what a browser asks before it sends what a page wants to send. `None` for everything
    /// else, a preflight from an origin that is not listed or for a path that does not exist among it.
    pub(super) fn preflight(&self, request: &Request) -> Option<Answer> {
        let asks = request.method() == Method::OPTIONS && request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !asks || self.allowed(request).is_none() {
            return None;
        }
        let methods = route::allowed_methods(route::path_of(request));
        let methods = methods.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ");
        let methods = HeaderValue::from_str(&methods).ok().filter(|methods| !methods.is_empty())?;
        let headers = HeaderMap::from_iter([
            (ACCESS_CONTROL_ALLOW_METHODS, methods),
            (ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED_HEADERS)),
            (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE)),
        ]);
        Some(Answer { status: StatusCode::NO_CONTENT, headers, body: String::new() })
    }

    /// What `Access-Control-Allow-Origin` says to the origin of `request`.
    fn allowed(&self, request: &Request) -> Option<HeaderValue> {
        let mut origins = request.headers().get_all(ORIGIN).iter();
        let (Some(origin), None) = (origins.next(), origins.next()) else { return None };
        match self {
            Self::None => None,
            Self::Any => Some(HeaderValue::from_static("*")),
            Self::These(listed) => listed.iter().any(|it| it.as_bytes() == origin.as_bytes()).then(|| origin.clone()),
        }
    }
}

/// `text`, where it is an origin in the one form that browsers send, so that it can be compared byte by byte.
fn origin_of(text: &str) -> Result<String, InvalidOrigins> {
    let url = url::Url::parse(text).map_err(|_| InvalidOrigins)?;
    // A star within a name would look like a pattern, and patterns are not supported.
    let is_web = matches!(url.scheme(), "http" | "https") && !text.contains('*');
    if is_web && url.origin().ascii_serialization() == text { Ok(text.to_owned()) } else { Err(InvalidOrigins) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_origins_is_taken_as_browsers_write_them() {
        let these = |origins: &[&str]| Ok(CorsOrigins::These(origins.iter().map(|it| (*it).to_owned()).collect()));
        for (text, expected) in [
            ("", Ok(CorsOrigins::None)),
            (" ", Ok(CorsOrigins::None)),
            ("*", Ok(CorsOrigins::Any)),
            ("https://app.example", these(&["https://app.example"])),
            (" https://app.example , http://localhost:5173", these(&["https://app.example", "http://localhost:5173"])),
            ("http://127.0.0.1:3000", these(&["http://127.0.0.1:3000"])),
            ("http://[::1]:3000", these(&["http://[::1]:3000"])),
            ("https://xn--bcher-kva.example", these(&["https://xn--bcher-kva.example"])),
        ] {
            assert_eq!(CorsOrigins::parse(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_no_browser_sends_as_an_origin_is_refused() {
        for text in [
            "app.example",
            "https://app.example/",
            "https://app.example/path",
            "https://app.example?q",
            "https://app.example#f",
            "https://ops@app.example",
            "https://App.example",
            "HTTPS://app.example",
            "https://app.example:443",
            "http://app.example:80",
            "https://app.example:99999",
            "https://*.app.example",
            "https://bücher.example",
            "https://",
            "ftp://app.example",
            "file:///app",
            "null",
            ",",
            "https://app.example,",
            "*,https://app.example",
            "https://app.example,*",
            "https://app.example https://b.example",
            "https://app.example;https://b.example",
        ] {
            assert_eq!(CorsOrigins::parse(text), Err(InvalidOrigins), "{text:?}");
        }
    }
}
