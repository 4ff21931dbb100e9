//! Web pages of other origins: those that the operator lists may call, and nobody else sees a difference.

use http::Method;
use shared::function::HttpFunction;
use shared::http::ROUTES;
use tests::{Answer, PAT, SAM, TestApp, create_body, recorded_event};

const APP: &str = "https://app.example";
const OTHER: &str = "https://evil.example";
const ALLOW_ORIGIN: &str = "access-control-allow-origin";

/// The headers of CORS in an answer, `Vary` among them.
fn cors_headers(answer: &Answer) -> Vec<(&str, &str)> {
    let is_cors = |name: &str| name.starts_with("access-control-") || name == "vary";
    let mut headers: Vec<_> =
        answer.headers.keys().map(http::HeaderName::as_str).filter(|name| is_cors(name)).collect();
    headers.sort_unstable();
    headers.into_iter().map(|name| (name, answer.header(name).unwrap())).collect()
}

async fn preflight(app: &TestApp, origin: &str, path: &str) -> Answer {
    let request = app.request(Method::OPTIONS, path).header("origin", origin);
    app.send(request.header("access-control-request-method", "POST")).await
}

#[tokio::test]
async fn every_answer_to_a_listed_origin_can_be_read_by_its_page_errors_too() {
    let app = TestApp::with_cors_origins("https://app.example, http://localhost:5173").await;
    let created = app.request(Method::POST, "/api/user-snapshots").bearer_auth(app.token(PAT)).json(&create_body());
    for (request, status) in [
        (created, 201),
        (app.request(Method::GET, "/health"), 200),
        (app.request(Method::GET, "/api/user-snapshots"), 401),
        (app.request(Method::GET, "/nowhere"), 404),
        (app.request(Method::PUT, "/health"), 405),
        (app.request(Method::POST, "/api/auth/login").body("{"), 415),
        (app.request(Method::POST, "/api/user-snapshots/x/apply").bearer_auth(app.token(SAM)), 400),
    ] {
        let answer = app.send(request.header("origin", APP)).await;
        answer.expect(status);
        let expected = [
            (ALLOW_ORIGIN, APP),
            (
                "access-control-expose-headers",
                "ETag, X-Request-Id, Retry-After, Allow, WWW-Authenticate, Idempotent-Replayed",
            ),
            ("vary", "Origin"),
        ];
        assert_eq!(cors_headers(&answer), expected, "{status}");
    }
}

#[tokio::test]
async fn a_preflight_gets_the_methods_of_the_path() {
    let app = TestApp::with_cors_origins(APP).await;
    for route in ROUTES {
        let path =
            route.path.split('/').map(|part| if part.starts_with('{') { "64ee9a8b1e7f2a00112233ff" } else { part });
        let path = path.collect::<Vec<_>>().join("/");
        let answer = preflight(&app, APP, &path).await;
        answer.expect(204);
        assert_eq!(answer.text, "");
        assert_eq!(answer.header("content-type"), None);
        assert!(answer.header("x-request-id").is_some());
        assert_eq!(answer.header(ALLOW_ORIGIN), Some(APP));
        assert_eq!(answer.header("access-control-max-age"), Some("7200"));
        assert_eq!(answer.header("access-control-allow-credentials"), None);
        let headers = answer.header("access-control-allow-headers").unwrap();
        assert_eq!(headers, "Authorization, Content-Type, If-Match, Idempotency-Key, X-Request-Id");
        let methods: Vec<_> = answer.header("access-control-allow-methods").unwrap().split(", ").collect();
        let expected: Vec<_> =
            ROUTES.iter().filter(|other| other.path == route.path).map(|other| other.method.as_str()).collect();
        assert_eq!(methods, expected, "{path}");
    }
    assert_eq!(preflight(&app, APP, "/nowhere").await.expect_problem(404, "not_found")["status"], 404);
}

#[tokio::test]
async fn an_origin_that_is_not_listed_is_answered_as_always() {
    let app = TestApp::with_cors_origins(APP).await;
    for origin in
        [OTHER, "http://app.example", "https://app.example:8443", "https://app.example.evil.example", "null", ""]
    {
        let answer = app.send(app.request(Method::GET, "/health").header("origin", origin)).await;
        answer.expect(200);
        assert_eq!(cors_headers(&answer), [("vary", "Origin")], "{origin}");
        let answer = preflight(&app, origin, "/api/auth/login").await;
        answer.expect_problem(405, "method_not_allowed");
        assert_eq!((answer.header("allow"), cors_headers(&answer)), (Some("POST"), vec![("vary", "Origin")]));
    }
    // No browser, or one on the API's own origin.
    assert_eq!(cors_headers(&app.health().await), [("vary", "Origin")]);
    let twice = app.request(Method::GET, "/health").header("origin", APP).header("origin", OTHER);
    assert_eq!(cors_headers(&app.send(twice).await), [("vary", "Origin")]);
    // An OPTIONS that asks for no method is no preflight.
    let plain = app.send(app.request(Method::OPTIONS, "/health").header("origin", APP)).await;
    plain.expect_problem(405, "method_not_allowed");
}

#[tokio::test]
async fn a_star_lets_every_page_call() {
    let app = TestApp::with_cors_origins("*").await;
    for origin in [APP, OTHER, "null"] {
        let answer = app.send(app.request(Method::GET, "/health").header("origin", origin)).await;
        assert_eq!(answer.header(ALLOW_ORIGIN), Some("*"));
        assert_eq!(preflight(&app, origin, "/health").await.expect(204), &serde_json::Value::Null);
    }
}

#[tokio::test]
async fn without_the_setting_nothing_is_said_about_origins() {
    let app = TestApp::start().await;
    let answer = app.send(app.request(Method::GET, "/health").header("origin", APP)).await;
    assert_eq!(cors_headers(&answer), []);
    let answer = preflight(&app, APP, "/api/auth/login").await;
    answer.expect_problem(405, "method_not_allowed");
    assert_eq!((answer.header("allow"), cors_headers(&answer)), (Some("POST"), vec![]));
}

#[tokio::test]
async fn a_preflight_arrives_as_an_event_of_the_default_route() {
    let app = TestApp::with_cors_origins(APP).await;
    let answer = app.invoke(HttpFunction::ManageSnapshots, &recorded_event("manage-snapshots-preflight", "", "")).await;
    answer.expect(204);
    assert_eq!(answer.header(ALLOW_ORIGIN), Some(APP));
    assert_eq!(answer.header("access-control-allow-methods"), Some("POST, GET"));
    assert_eq!(answer.text, "");
}
