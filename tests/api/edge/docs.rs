//! What the service serves of its own description, and the routes that the documents name.

use std::collections::BTreeSet;

use http::Method;
use shared::http::{ROUTES, Route};
use tests::{Answer, TestApp};

async fn fetch(app: &TestApp, path: &str, known: Option<&str>) -> Answer {
    let request = app.request(Method::GET, path);
    app.send(match known {
        Some(tag) => request.header("if-none-match", tag),
        None => request,
    })
    .await
}

fn committed(name: &str) -> String {
    std::fs::read_to_string(format!("{}/../docs/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

#[tokio::test]
async fn the_description_and_the_page_are_served_as_they_are_committed_and_may_be_kept() {
    let app = TestApp::start().await;
    for (path, file, content_type) in [
        ("/openapi.json", "openapi.json", "application/json"),
        ("/openapi-3.0.json", "openapi-3.0.json", "application/json"),
        ("/docs", "api.html", "text/html; charset=utf-8"),
        ("/", "index.html", "text/html; charset=utf-8"),
    ] {
        let answer = fetch(&app, path, None).await;
        answer.expect(200);
        assert_eq!(answer.text, committed(file), "{path}");
        assert_eq!(answer.header("content-type"), Some(content_type));
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
        // Lambda takes 6 MB of JSON, in which this is one text.
        assert!(serde_json::to_string(&answer.text).unwrap().len() < 1_000_000, "{path}");
        let tag = answer.header("etag").unwrap().to_owned();
        for known in [tag.clone(), format!("W/{tag}"), format!("\"other\", {tag}"), "*".to_owned()] {
            let answer = fetch(&app, path, Some(&known)).await;
            answer.expect(304);
            assert_eq!((answer.header("etag"), answer.text.as_str()), (Some(tag.as_str()), ""), "{path} {known}");
            assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
        }
        for other in ["\"other\"", "nonsense", ""] {
            fetch(&app, path, Some(other)).await.expect(200);
        }
    }
    assert!(app.recorded().calls.is_empty(), "it asks the table for nothing");
}

#[tokio::test]
async fn the_page_alone_has_a_policy_and_it_allows_nothing_but_asking_this_service() {
    let app = TestApp::start().await;
    let page = fetch(&app, "/docs", None).await;
    let policy = page.header("content-security-policy").unwrap();
    let parts: Vec<&str> = policy.split("; ").collect();
    assert_eq!(parts[0], "default-src 'none'");
    assert!(parts[1].starts_with("style-src 'sha256-") && parts[2].starts_with("script-src 'sha256-"), "{policy}");
    let rest = ["connect-src 'self'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'"];
    assert_eq!(parts[3..], rest);
    let index = fetch(&app, "/", None).await;
    let policy = index.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'none'; script-src 'none'; "), "{policy}");
    for path in ["/openapi.json", "/openapi-3.0.json", "/health", "/nowhere"] {
        assert_eq!(fetch(&app, path, None).await.header("content-security-policy"), None, "{path}");
    }
}

/// A document of the repository.
fn document(path: &str) -> String {
    std::fs::read_to_string(format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The texts in backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

#[test]
fn the_table_of_the_readme_has_every_route_and_nothing_else() {
    let readme = document("README.md");
    let rows: String = readme.lines().filter(|line| line.starts_with("| `")).collect();
    let named: BTreeSet<&str> = quoted(&rows).filter(|text| text.contains(" /")).collect();
    let routes: Vec<String> = ROUTES.iter().map(Route::name).collect();
    let routes: BTreeSet<&str> = routes.iter().map(String::as_str).collect();
    let left_out: Vec<_> = routes.difference(&named).collect();
    assert!(left_out.is_empty(), "README.md has no row for {left_out:?}");
    let unknown: Vec<_> = named.difference(&routes).collect();
    assert!(unknown.is_empty(), "README.md has {unknown:?}, which is not a route");
}

#[test]
fn the_walk_through_requests_or_names_every_route() {
    let text = document("docs/API.md").replace("…/", "/api/user-snapshots/{id}/");
    let text = text.replace("$SNAPSHOT", "{id}").replace("$APPLY", "{applyId}").replace("$ACME", "{orgId}");
    for route in ROUTES {
        let ends = |rest: &str| !rest.starts_with(|next: char| next.is_alphanumeric() || "/{-".contains(next));
        let is_there = text.split(route.path).skip(1).any(ends);
        assert!(is_there, "docs/API.md does not have {}", route.name());
    }
    let names: Vec<String> = ROUTES.iter().map(Route::name).collect();
    for name in quoted(&text).filter(|text| text.split_once(" /api/").is_some_and(|(method, _)| method.len() < 7)) {
        let name = name.split('?').next().unwrap();
        assert!(names.iter().any(|known| known == name), "docs/API.md has {name}, which is not a route");
    }
}
