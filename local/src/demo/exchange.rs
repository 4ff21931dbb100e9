//! One request and its answer, sent over HTTP and shown without what is secret.

use std::fmt;
use std::io::Write;

use http::Method;
use http::header::CONTENT_TYPE;
use serde_json::Value;

use super::ordered::OrderedJson;

/// A request of the demo.
pub(super) struct Request<'a> {
    pub(super) method: Method,
    pub(super) path: String,
    /// Whose token goes along, and the token.
    pub(super) bearer: Option<(&'a str, &'a str)>,
    /// JSON, sent as it is.
    pub(super) body: Option<String>,
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) text: String,
    /// Null when the text is not JSON.
    pub(super) body: Value,
}

/// The service did not answer.
#[derive(Debug, thiserror::Error)]
#[error("{method} {path}: {source}")]
pub struct ExchangeError {
    method: Method,
    path: String,
    source: reqwest::Error,
}

/// Sends requests to one service.
pub(super) struct Client {
    http: reqwest::Client,
    url: String,
}

impl Client {
    pub(super) fn new(url: String) -> Result<Self, ExchangeError> {
        // A proxy in the environment has no part in a talk on this machine.
        match reqwest::Client::builder().no_proxy().build() {
            Ok(http) => Ok(Self { http, url }),
            Err(source) => Err(ExchangeError { method: Method::GET, path: url, source }),
        }
    }

    pub(super) async fn send(&self, request: &Request<'_>) -> Result<Answer, ExchangeError> {
        let failed = |source| ExchangeError { method: request.method.clone(), path: request.path.clone(), source };
        let mut call = self.http.request(request.method.clone(), format!("{}{}", self.url, request.path));
        if let Some((_, token)) = request.bearer {
            call = call.bearer_auth(token);
        }
        if let Some(body) = &request.body {
            call = call.header(CONTENT_TYPE, "application/json").body(body.clone());
        }
        let response = call.send().await.map_err(failed)?;
        let status = response.status().as_u16();
        let text = response.text().await.map_err(failed)?;
        Ok(Answer { status, body: serde_json::from_str(&text).unwrap_or_default(), text })
    }
}

/// Writes an exchange down for a person.
pub(super) fn show(output: &mut dyn Write, request: &Request<'_>, answer: &Answer) -> std::io::Result<()> {
    writeln!(output, "   {} {}", request.method, request.path)?;
    if let Some((whose, _)) = request.bearer {
        writeln!(output, "   Authorization: Bearer ({whose}'s token)")?;
    }
    if let Some(body) = &request.body {
        writeln!(output, "{}", IndentedJson(body))?;
    }
    writeln!(output, "\n   answers {}", answer.status)?;
    writeln!(output, "{}\n", IndentedJson(&answer.text))
}

/// JSON on lines of its own, with placeholders for secrets.
struct IndentedJson<'a>(&'a str);

impl fmt::Display for IndentedJson<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pretty = serde_json::from_str::<OrderedJson>(self.0)
            .and_then(|json| serde_json::to_string_pretty(&json.without_secrets()))
            // What is not JSON may be anything, so it is not shown either.
            .unwrap_or_else(|_| format!("({} bytes that are not JSON)", self.0.len()));
        let lines: Vec<_> = pretty.lines().map(|line| format!("   {line}")).collect();
        f.write_str(&lines.join("\n"))
    }
}
