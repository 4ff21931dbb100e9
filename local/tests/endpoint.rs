//! The DynamoDB endpoint, as programs and web pages meet it.
#![expect(clippy::unwrap_used, reason = "all of this is tests, the functions that they share included")]

use http::Method;
use local::database::{Database, Storage};
use serde_json::{Value, json};

async fn database() -> Database {
    Database::start_here(&Storage::Memory, "snapshots").await.unwrap()
}

/// What the endpoint answers to a request with these headers, and the headers of the answer that let web pages read it.
async fn ask(database: &Database, method: Method, headers: &[(&str, &str)]) -> (u16, String, bool) {
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut request = http.request(method, database.endpoint());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.json(&json!({})).send().await.unwrap();
    let status = answer.status().as_u16();
    let is_open = answer.headers().keys().any(|name| name.as_str().starts_with("access-control-"));
    let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
    let kind = body["__type"].as_str().unwrap_or_default().rsplit('#').next().unwrap_or_default().to_owned();
    (status, kind, is_open)
}

fn signed(id: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={id}/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=0"
    )
}

#[tokio::test]
async fn it_answers_programs_with_its_access_key_and_nobody_else() {
    let database = database().await;
    let (ours, theirs) = (signed(database.credentials().access_key_id()), signed("x"));
    let target = ("x-amz-target", "DynamoDB_20120810.ListTables");
    let key = ("authorization", ours.as_str());
    for (headers, status, kind) in [
        (vec![target, key], 200, ""),
        (vec![target, key, ("host", "localhost:1")], 200, ""),
        (vec![target], 403, "MissingAuthenticationTokenException"),
        (vec![target, ("authorization", "Bearer x")], 403, "MissingAuthenticationTokenException"),
        (vec![target, ("authorization", &theirs)], 403, "UnrecognizedClientException"),
        (vec![target, key, ("origin", "https://evil.example")], 403, "AccessDeniedException"),
        (vec![target, key, ("origin", "null")], 403, "AccessDeniedException"),
        (vec![target, key, ("host", "evil.example")], 403, "AccessDeniedException"),
        (vec![target, key, ("host", "127.0.0.1.evil.example:8000")], 403, "AccessDeniedException"),
        (vec![key], 400, "UnknownOperationException"),
        (vec![key, ("x-amz-target", "ListTables")], 400, "UnknownOperationException"),
        (vec![key, ("x-amz-target", "DynamoDB_20120810.Nothing")], 400, "ValidationException"),
    ] {
        let answer = ask(&database, Method::POST, &headers).await;
        assert_eq!(answer, (status, kind.to_owned(), false), "{headers:?}");
    }
    database.stop().await.unwrap();
}

/// What a browser asks before it sends a request of a page to another origin: without a yes it sends none.
#[tokio::test]
async fn no_page_learns_that_it_may_call() {
    let database = database().await;
    let page = [("origin", "https://evil.example"), ("access-control-request-method", "POST")];
    for method in [Method::OPTIONS, Method::GET, Method::HEAD, Method::PUT] {
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut request = http.request(method.clone(), database.endpoint());
        for (name, value) in page {
            request = request.header(name, value);
        }
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 403, "{method}");
        assert!(answer.headers().keys().all(|name| !name.as_str().starts_with("access-control-")), "{method}");
    }
    database.stop().await.unwrap();
}

#[tokio::test]
async fn a_request_has_at_most_16_mb_and_a_broken_one_is_an_error_of_dynamodb() {
    let database = database().await;
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let ours = signed(database.credentials().access_key_id());
    let send = async |body: Vec<u8>| {
        let request = http.post(database.endpoint()).header("authorization", &ours);
        let request = request.header("x-amz-target", "DynamoDB_20120810.GetItem").body(body);
        request.send().await.map(|answer| answer.status().as_u16())
    };
    for body in
        ["", "{", "7", "{}", r#"{"TableName": 7}"#, r#"{"TableName": "snapshots", "Key": {"PK": {"NULL": false}}}"#]
    {
        assert_eq!(send(body.into()).await.unwrap(), 400, "{body}");
    }
    let max = 16 << 20;
    let whole = |length: usize| [vec![b' '; length - 2], b"{}".to_vec()].concat();
    assert_eq!((send(whole(max - 1)).await.unwrap(), send(whole(max)).await.unwrap()), (400, 400));
    // The connection may break before all of it is sent.
    assert!(send(whole(max + 1)).await.map_or(true, |status| status == 413));
    database.stop().await.unwrap();
}

#[tokio::test]
async fn a_database_that_is_stopped_is_closed_although_a_client_keeps_half_a_request() {
    let database = database().await;
    let address = database.endpoint().trim_start_matches("http://").to_owned();
    let mut client = std::net::TcpStream::connect(&address).unwrap();
    std::io::Write::write_all(&mut client, b"POST / HTTP/1.1\r\nHost: local").unwrap();
    database.stop().await.unwrap();
}
