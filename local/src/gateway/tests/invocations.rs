//! Invocations by name, as of Lambda's Invoke API.

use super::*;

#[tokio::test]
async fn a_function_is_invoked_by_its_logical_name_on_any_event() {
    for (event, seen) in [(r#"{"a": [1]}"#, json!({"a": [1]})), ("", json!({})), ("7", json!(7))] {
        let response = invoke("MirrorFunction", None, event).await;
        assert_eq!(response.status(), 200);
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body, json!({"event": seen, "deadline": 1_778_835_629_000_u64}));
        assert_eq!(header(&response, "x-amz-function-error"), None);
    }
}

#[tokio::test]
async fn a_function_that_fails_is_distinguished_from_one_that_cannot_be_invoked() {
    for (name, error_type) in [("FailingFunction", "Tired"), ("PanickingFunction", "Panic")] {
        let response = invoke(name, None, "{}").await;
        assert_eq!((response.status().as_u16(), header(&response, "x-amz-function-error")), (200, Some("Unhandled")));
        let body: Value = serde_json::from_slice(response.body()).unwrap();
        assert_eq!(body["errorType"], error_type);
    }
    let unknown = invoke("NoFunction", None, "{}").await;
    assert_eq!(unknown.status(), 404);
    assert_eq!(header(&unknown, "x-amzn-errortype"), Some("ResourceNotFoundException"));
    assert!(String::from_utf8_lossy(unknown.body()).contains("MirrorFunction, FailingFunction"));
    assert_eq!(invoke("MirrorFunction", None, "{").await.status(), 400);
    assert_eq!(invoke("MirrorFunction", Some("Whatever"), "{}").await.status(), 400);
}

#[tokio::test]
async fn a_function_is_invoked_by_a_program_that_has_the_access_key_and_by_nobody_else() {
    let refused = async |headers: &[(&'static str, &str)], replaced: (&str, &str)| {
        let response = invoke_with("MirrorFunction", "{}", |key| {
            let key = key.replace(replaced.0, replaced.1);
            let key = (!key.is_empty()).then_some(("authorization", key));
            key.into_iter().chain(headers.iter().copied().map(own)).collect()
        });
        let response = response.await;
        let error_type = header(&response, "x-amzn-errortype").unwrap_or_default().to_owned();
        assert_eq!(header(&response, "access-control-allow-origin"), None);
        (response.status().as_u16(), error_type)
    };
    let (as_it_is, other) = (("", ""), ("Credential=", "Credential=0"));
    let denied = || (403, "AccessDeniedException".to_owned());
    assert_eq!(refused(&[], as_it_is).await, (200, String::new()));
    assert_eq!(refused(&[("host", "localhost")], as_it_is).await, (200, String::new()));
    for origin in ["https://evil.example", "null", "http://127.0.0.1:3000"] {
        assert_eq!(refused(&[("origin", origin)], as_it_is).await, denied(), "{origin}");
    }
    assert_eq!(refused(&[], other).await, (403, "UnrecognizedClientException".to_owned()));
    assert_eq!(refused(&[], ("AWS4", "Bearer")).await, (403, "MissingAuthenticationTokenException".to_owned()));
}

#[tokio::test]
async fn a_request_to_another_name_is_refused_on_every_route() {
    let message = "Forbidden: the Host header does not name this machine. Use its address or localhost, or start with \
                   --allow-host NAME.";
    for path in ["/health", "/docs", "/api/auth/login", "/nothing", "/2015-03-31/functions/MirrorFunction/invocations"]
    {
        for host in ["evil.example", "evil.example:3000", "localhost.evil.example", ""] {
            let request = Request::post(path).header("host", host);
            assert_eq!(send(&mirror(), request, "").await, (403, json!({"message": message})), "{path} {host}");
        }
    }
    let request = || Request::post("/api/auth/login").header("host", "table:3000");
    let named = Guard::new(HOST.parse().unwrap(), &["table".to_owned()], Credentials::generate());
    assert_eq!(send(&mirror().with_guard(named), request(), "").await.0, 200);
    assert_eq!(send(&mirror(), request(), "").await.0, 403);
}

#[tokio::test]
async fn health_is_503_until_the_service_can_do_its_work() {
    let gateway = mirror();
    for (is_ready, expected) in [(false, 503), (true, 200)] {
        gateway.set_ready(is_ready);
        assert_eq!(send(&gateway, Request::get("/health"), "").await.0, expected);
        assert_eq!(send(&gateway, Request::get("/docs"), "").await.0, 200);
    }
}

#[tokio::test]
async fn an_event_is_accepted_and_a_dry_run_runs_nothing() {
    assert_eq!(invoke("MirrorFunction", Some("Event"), "{}").await.status(), 202);
    assert_eq!(invoke("PanickingFunction", Some("DryRun"), "{}").await.status(), 204);
    assert_eq!(invoke("NoFunction", Some("DryRun"), "{}").await.status(), 404);
    assert_eq!(invoke("MirrorFunction", Some("RequestResponse"), "{}").await.status(), 200);
}

#[tokio::test]
async fn only_a_post_to_an_invocations_path_is_an_invocation() {
    let request = Request::get("/2015-03-31/functions/MirrorFunction/invocations");
    assert_eq!(send(&mirror(), request, "").await.1["function"], "ManageSnapshots");
    let request = Request::post("/2015-03-31/functions/MirrorFunction");
    assert_eq!(send(&mirror(), request, "").await.1["function"], "ManageSnapshots");
}
