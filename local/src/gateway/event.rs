//! An HTTP request as the event that an HTTP API sends to a function: payload format 2.0.
//!
//! It copies AWS's surprises too: `rawPath` arrives decoded while `rawQueryString` does not, and only a few content types count
//! as text.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use percent_encoding::percent_decode;
use serde::Serialize;
use shared::domain::Timestamp;
use shared::http::route::RouteMatch;

/// What the gateway itself knows about a request.
pub(super) struct Arrival<'a> {
    /// The gateway's own name. An HTTP API answers only to its own name, so a function always sees this as `host`.
    pub(super) host: &'a str,
    pub(super) peer: SocketAddr,
    pub(super) request_id: String,
    pub(super) at: Timestamp,
}

/// The event, field by field.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Event {
    version: &'static str,
    route_key: String,
    raw_path: String,
    raw_query_string: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    cookies: Vec<String>,
    headers: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    query_string_parameters: BTreeMap<String, String>,
    request_context: RequestContext,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    path_parameters: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    is_base64_encoded: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    account_id: &'static str,
    api_id: &'static str,
    domain_name: String,
    domain_prefix: &'static str,
    http: HttpDescription,
    request_id: String,
    route_key: String,
    stage: &'static str,
    time: String,
    time_epoch: i64,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct HttpDescription {
    method: String,
    path: String,
    protocol: &'static str,
    source_ip: String,
    user_agent: String,
}

impl Event {
    /// Returns the event for a request with its whole body.
    pub(super) fn new(parts: &Parts, body: &[u8], matched: Option<&RouteMatch>, arrival: &Arrival<'_>) -> Self {
        let raw_path = decoded_path(parts.uri.path());
        let route_key = matched
            .map_or_else(|| "$default".to_owned(), |found| format!("{} {}", found.route.method, found.route.path));
        let raw_query_string = parts.uri.query().unwrap_or_default();
        let (text, is_base64_encoded) = body_text(&parts.headers, body);
        let headers = event_headers(&parts.headers, body.len(), arrival);
        Self {
            version: "2.0",
            route_key: route_key.clone(),
            raw_query_string: raw_query_string.to_owned(),
            cookies: cookies(&parts.headers),
            query_string_parameters: query_parameters(raw_query_string),
            path_parameters: matched.map(path_parameters).unwrap_or_default(),
            request_context: RequestContext {
                account_id: "123456789012",
                api_id: "local",
                domain_name: arrival.host.to_owned(),
                domain_prefix: "local",
                http: HttpDescription {
                    method: parts.method.to_string(),
                    path: raw_path.clone(),
                    protocol: "HTTP/1.1",
                    source_ip: arrival.peer.ip().to_string(),
                    user_agent: headers.get("user-agent").cloned().unwrap_or_default(),
                },
                request_id: arrival.request_id.clone(),
                route_key,
                stage: "$default",
                time: common_log_time(arrival.at),
                time_epoch: arrival.at.as_millis(),
            },
            raw_path,
            headers,
            body: text,
            is_base64_encoded,
        }
    }
}

/// Returns the path as functions see it: decoded once and cut at an encoded question mark, as AWS does.
pub fn decoded_path(path: &str) -> String {
    let decoded = percent_decode(path.as_bytes()).decode_utf8_lossy();
    decoded.split('?').next().unwrap_or_default().to_owned()
}

/// Returns the path parameters. Matching uses the decoded path, so they are decoded too.
fn path_parameters(found: &RouteMatch) -> BTreeMap<String, String> {
    found.parameters.iter().map(|(name, segment)| ((*name).to_owned(), segment.clone())).collect()
}

/// Returns headers with lower-case names (hyper does that) and the values of a repeated one joined by commas. Cookies have a field of
/// their own. Headers about the connection are left out.
fn event_headers(headers: &HeaderMap, body_length: usize, arrival: &Arrival<'_>) -> BTreeMap<String, String> {
    const OF_THE_CONNECTION: [HeaderName; 6] =
        [header::CONNECTION, header::EXPECT, header::TE, header::TRAILER, header::TRANSFER_ENCODING, header::UPGRADE];
    let mut joined: BTreeMap<String, String> = headers
        .keys()
        .filter(|name| **name != header::COOKIE && !OF_THE_CONNECTION.contains(name))
        .map(|name| (name.to_string(), joined_values(headers, name, ",")))
        .collect();
    let peer = arrival.peer.ip().to_string();
    let forwarded_for = match joined.get("x-forwarded-for") {
        Some(before) => format!("{before}, {peer}"),
        None => peer,
    };
    joined.insert("x-forwarded-for".to_owned(), forwarded_for);
    joined.insert("x-forwarded-port".to_owned(), arrival.host.rsplit(':').next().unwrap_or_default().to_owned());
    joined.insert("x-forwarded-proto".to_owned(), "http".to_owned());
    joined.insert("host".to_owned(), arrival.host.to_owned());
    joined.insert("content-length".to_owned(), body_length.to_string());
    joined
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    joined_values(headers, &header::COOKIE, "; ")
        .split(';')
        .map(|cookie| cookie.trim().to_owned())
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

fn joined_values(headers: &HeaderMap, name: &HeaderName, separator: &str) -> String {
    headers.get_all(name).iter().map(latin1).collect::<Vec<_>>().join(separator)
}

/// Reads a header value as ISO-8859-1 (RFC 9110, section 5.5), because it may hold any byte above 0x7f.
fn latin1(value: &HeaderValue) -> String {
    value.as_bytes().iter().copied().map(char::from).collect()
}

/// Returns decoded names and values, the values of a repeated name joined by commas.
fn query_parameters(query: &str) -> BTreeMap<String, String> {
    let mut parameters = BTreeMap::<String, String>::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = decoded_query(value);
        parameters
            .entry(decoded_query(name))
            .and_modify(|values| {
                values.push(',');
                values.push_str(&value);
            })
            .or_insert(value);
    }
    parameters
}

fn decoded_query(text: &str) -> String {
    percent_decode(text.replace('+', " ").as_bytes()).decode_utf8_lossy().into_owned()
}

/// Returns the body for the event, and whether it is base64. An empty body is absent.
fn body_text(headers: &HeaderMap, body: &[u8]) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    match std::str::from_utf8(body) {
        Ok(text) if is_text(headers) => (Some(text.to_owned()), false),
        _ => (Some(STANDARD.encode(body)), true),
    }
}

/// Returns whether an HTTP API passes this content type as text. A missing type and `application/x-www-form-urlencoded`, the
/// default of `curl --data`, are not text.
fn is_text(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).map(latin1).unwrap_or_default().to_ascii_lowercase();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.starts_with("text/")
        || ["application/json", "application/xml", "application/javascript"].contains(&media_type)
}

/// Formats a time as an access log does: `15/May/2026:09:00:00 +0000`.
fn common_log_time(at: Timestamp) -> String {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let text = at.to_string();
    let number: usize = text[5..7].parse().unwrap_or(1);
    let month = MONTHS.get(number.saturating_sub(1)).copied().unwrap_or_default();
    format!("{}/{month}/{}:{} +0000", &text[8..10], &text[..4], &text[11..19])
}

#[cfg(test)]
mod tests {
    use shared::http::route;

    use super::*;

    fn parts(builder: http::request::Builder) -> Parts {
        builder.body(()).unwrap().into_parts().0
    }

    fn event(builder: http::request::Builder, body: &[u8]) -> serde_json::Value {
        let parts = parts(builder);
        let matched = route::find(&parts.method, &decoded_path(parts.uri.path()));
        let arrival = Arrival {
            host: "127.0.0.1:3000",
            peer: "10.1.2.3:49152".parse().unwrap(),
            request_id: "the-request".to_owned(),
            at: Timestamp::from_millis(1_778_835_600_123),
        };
        serde_json::to_value(Event::new(&parts, body, matched.as_ref(), &arrival)).unwrap()
    }

    fn request(path: &str) -> http::request::Builder {
        http::Request::post(path).header("content-type", "application/json")
    }

    #[test]
    fn the_event_of_an_ordinary_request_is_what_an_http_api_sends() {
        let event = event(
            request("/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/apply?dry=1&tag=a&tag=b%20c")
                .header("Authorization", "Bearer t")
                .header("User-Agent", "curl/8"),
            br#"{"newUser":{}}"#,
        );
        let expected = serde_json::json!({
            "version": "2.0",
            "routeKey": "POST /api/user-snapshots/{id}/apply",
            "rawPath": "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/apply",
            "rawQueryString": "dry=1&tag=a&tag=b%20c",
            "queryStringParameters": {"dry": "1", "tag": "a,b c"},
            "pathParameters": {"id": "665f1a0c0e0a4b001a2c9f80"},
            "headers": {
                "authorization": "Bearer t",
                "content-length": "14",
                "content-type": "application/json",
                "host": "127.0.0.1:3000",
                "user-agent": "curl/8",
                "x-forwarded-for": "10.1.2.3",
                "x-forwarded-port": "3000",
                "x-forwarded-proto": "http",
            },
            "requestContext": {
                "accountId": "123456789012",
                "apiId": "local",
                "domainName": "127.0.0.1:3000",
                "domainPrefix": "local",
                "http": {
                    "method": "POST",
                    "path": "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/apply",
                    "protocol": "HTTP/1.1",
                    "sourceIp": "10.1.2.3",
                    "userAgent": "curl/8",
                },
                "requestId": "the-request",
                "routeKey": "POST /api/user-snapshots/{id}/apply",
                "stage": "$default",
                "time": "15/May/2026:09:00:00 +0000",
                "timeEpoch": 1_778_835_600_123_i64,
            },
            "body": "{\"newUser\":{}}",
            "isBase64Encoded": false,
        });
        assert_eq!(event, expected);
    }

    #[test]
    fn a_path_without_a_route_goes_to_default_without_parameters() {
        let event = event(request("/api/nothing"), b"");
        assert_eq!(event["routeKey"], "$default");
        assert_eq!(event["requestContext"]["routeKey"], "$default");
        assert_eq!(event.get("pathParameters"), None);
    }

    #[test]
    fn an_empty_body_is_absent() {
        let event = event(request("/api/user-snapshots"), b"");
        assert_eq!(event.get("body"), None);
        assert_eq!(event["isBase64Encoded"], false);
        assert_eq!(event["headers"]["content-length"], "0");
    }

    #[test]
    fn a_body_is_text_only_under_a_text_type_and_in_utf_8() {
        let sent = |content_type: Option<&str>, body: &[u8]| {
            let mut builder = http::Request::post("/api/user-snapshots");
            if let Some(content_type) = content_type {
                builder = builder.header("content-type", content_type);
            }
            let event = event(builder, body);
            (event["body"].as_str().unwrap().to_owned(), event["isBase64Encoded"].as_bool().unwrap())
        };
        for text in ["application/json", "Application/JSON; charset=utf-8", "text/plain", "application/xml"] {
            assert_eq!(sent(Some(text), b"{}"), ("{}".to_owned(), false), "{text}");
        }
        for binary in
            [None, Some("application/x-www-form-urlencoded"), Some("image/png"), Some("application/problem+json")]
        {
            assert_eq!(sent(binary, b"{}"), ("e30=".to_owned(), true), "{binary:?}");
        }
        assert_eq!(sent(Some("application/json"), b"\xff\xfe"), ("//4=".to_owned(), true));
    }

    #[test]
    fn a_path_is_decoded_once_and_cut_at_an_encoded_question_mark() {
        for (sent, seen) in [
            ("/api/user-snapshots/caf%C3%A9/apply", "/api/user-snapshots/café/apply"),
            ("/api/a%2Fb", "/api/a/b"),
            ("/api/a%252Fb", "/api/a%2Fb"),
            ("/api/a%3Fadmin=true", "/api/a"),
            ("/api/%", "/api/%"),
            ("/api/%ff", "/api/\u{fffd}"),
        ] {
            assert_eq!(event(request(sent), b"")["rawPath"], seen, "{sent}");
        }
    }

    #[test]
    fn a_path_parameter_arrives_decoded() {
        let event = event(request("/api/user-snapshots/%36%35x%20y/apply"), b"");
        assert_eq!(event["pathParameters"]["id"], "65x y");
    }

    #[test]
    fn a_repeated_header_is_joined_and_cookies_stand_apart() {
        let event = event(
            request("/health")
                .header("X-Tag", "a")
                .header("x-tag", "b, c")
                .header("Cookie", "one=1; two=2")
                .header("cookie", "three=3")
                .header("Connection", "keep-alive")
                .header("X-Forwarded-For", "192.0.2.7")
                .header("X-Forwarded-Proto", "%%%")
                .header("Host", "::not a host::"),
            b"",
        );
        assert_eq!(event["headers"]["x-tag"], "a,b, c");
        assert_eq!(event["cookies"], serde_json::json!(["one=1", "two=2", "three=3"]));
        assert_eq!(event["headers"].get("cookie"), None);
        assert_eq!(event["headers"].get("connection"), None);
        assert_eq!(event["headers"]["x-forwarded-for"], "192.0.2.7, 10.1.2.3");
        assert_eq!(event["headers"]["x-forwarded-proto"], "http");
        assert_eq!(event["headers"]["host"], "127.0.0.1:3000");
    }

    #[test]
    fn header_bytes_beyond_ascii_are_read_one_character_each() {
        let value = HeaderValue::from_bytes(b"caf\xe9 \xff\t!").unwrap();
        let event = event(request("/health").header("x-odd", value).header("x-empty", ""), b"");
        assert_eq!(event["headers"]["x-odd"], "café ÿ\t!");
        assert_eq!(event["headers"]["x-empty"], "");
    }

    #[test]
    fn query_parameters_are_decoded_and_odd_ones_survive() {
        let event = event(request("/health?a=1+2&b&=c&d=%zz&&e=x=y&%C3%A9=%ff"), b"");
        assert_eq!(event["rawQueryString"], "a=1+2&b&=c&d=%zz&&e=x=y&%C3%A9=%ff");
        let expected = serde_json::json!({"a": "1 2", "b": "", "": "c", "d": "%zz", "e": "x=y", "é": "\u{fffd}"});
        assert_eq!(event["queryStringParameters"], expected);
    }
}
