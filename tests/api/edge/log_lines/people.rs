//! The log lines of the routes about people.

use http::Method;
use serde_json::{Value, json};
use tests::{ACME, ALEX, DANA, GIL, NO_INVITATION, PASSWORD, PAT, SAM, TestApp};

use super::{LOGIN, LoggedApp};

/// Sign-ins, good and bad, malformed and too many.
pub(super) async fn sign_in(watched: &mut LoggedApp) {
    let login = |app: &TestApp, body: Value| app.request(Method::POST, "/api/auth/login").json(&body);
    for (email, password, status) in [
        (PAT, PASSWORD, 200),
        (PAT, "Marked-Wrong-2026!", 401),
        ("Nobody.Marked@acme.example", PASSWORD, 401),
        ("marked address", PASSWORD, 422),
        (PAT, "", 401),
    ] {
        let request = login(&watched.app, json!({"email": email, "password": password}));
        watched.send(LOGIN, request, status).await;
    }
    let request = login(&watched.app, json!({"email": PAT, "marked-field": PASSWORD}));
    watched.send(LOGIN, request, 400).await;
    for attempt in 0..11 {
        let request = login(&watched.app, json!({"email": DANA, "password": "Marked-Wrong-2026!"}));
        watched.send(LOGIN, request, if attempt < 10 { 401 } else { 429 }).await;
    }
    let token = watched.app.token(PAT);
    for (token, status) in [(token.as_str(), 200), ("marked.bad.token", 401)] {
        let request = watched.of(Method::GET, "/api/auth/verify-token", token);
        watched.send("GET /api/auth/verify-token", request, status).await;
    }
}

/// Users, invitations and passwords, each well and badly.
pub(super) async fn people(watched: &mut LoggedApp) {
    let (pat, alex) = (watched.app.token(PAT), watched.app.member(ALEX).user.id);
    let (of_user, user) = ("/api/users/{userId}", format!("/api/users/{alex}"));
    let setup = format!("{user}/setup");
    for (route, path, bad) in [
        ("/api/users", "/api/users", "limit=marked"),
        (of_user, &user, "marked=1"),
        ("/api/users/{userId}/setup", &setup, "kind=marked"),
    ] {
        let route = format!("GET {route}");
        watched.send(&route, watched.of(Method::GET, path, &pat), 200).await;
        watched.send(&route, watched.of(Method::GET, &format!("{path}?{bad}"), &pat), 400).await;
    }
    let route = format!("PATCH {of_user}");
    for (body, status) in [
        (json!({"designation": "Marked head", "fullName": "Marked name"}), 200),
        (json!({"accessRole": "DEPARTMENT_HEAD", "loginDisabled": true}), 200),
        (json!({"accessRole": "SALES_REP", "loginDisabled": false}), 200),
        (json!({"email": "marked"}), 422),
        (json!({"email": "marked@acme.example"}), 200),
        (json!({"email": ALEX}), 200),
        (json!({"email": PAT}), 409),
        (json!({"marked": "marked"}), 400),
    ] {
        watched.send(&route, watched.of(Method::PATCH, &user, &pat).json(&body), status).await;
    }
    let (route, path) = (format!("POST {of_user}/invitation"), format!("{user}/invitation"));
    let invited = watched.send(&route, watched.of(Method::POST, &path, &pat), 201).await;
    watched.send(&route, watched.of(Method::POST, &path, "marked"), 401).await;
    let token = invited.body["invitation"]["token"].as_str().unwrap().to_owned();
    let route = "POST /api/auth/accept-invitation";
    for (token, password, status) in [
        ("marked.marked.marked", "Marked-Pass-2026!", 401),
        (NO_INVITATION, "Marked-Pass-2026!", 401),
        (&token, "marked", 422),
        (&token, "Marked-Pass-2026!", 200),
        (&token, "Marked-Pass-2026!", 401),
    ] {
        let body = json!({"token": token, "password": password});
        watched
            .send(route, watched.app.request(Method::POST, route.trim_start_matches("POST ")).json(&body), status)
            .await;
    }
    let route = "POST /api/auth/password";
    for (current, new, status) in [
        ("Marked-Wrong-2026!", "Marked-Pass-2026!", 422),
        (PASSWORD, "marked", 422),
        (PASSWORD, "Marked-Pass-2026!", 200),
    ] {
        let body = json!({"currentPassword": current, "newPassword": new});
        watched.send(route, watched.post("/api/auth/password", &watched.app.token(GIL), &body), status).await;
    }
    let route = format!("DELETE {of_user}");
    watched.send(&route, watched.of(Method::DELETE, &format!("{user}?marked=1"), &pat), 400).await;
    watched.send(&route, watched.of(Method::DELETE, &user, "marked"), 401).await;
    watched.send(&route, watched.of(Method::DELETE, &user, &pat), 200).await;
    watched.send(&route, watched.of(Method::DELETE, &user, &pat), 404).await;
    let line = json!(watched.lines).to_string();
    let secret = token.rsplit('.').next().unwrap();
    assert!(!line.contains(secret), "the token of an invitation is in the log");
}

/// Organizations, each well and badly.
pub(super) async fn organizations(watched: &mut LoggedApp) {
    let (all, one) = ("/api/organizations", "/api/organizations/{orgId}");
    let (sam, dana) = (watched.app.token(SAM), watched.app.token(DANA));
    let of_acme = format!("{all}/{ACME}");
    for (token, body, status) in [
        (&sam, json!({"name": "Marked organization", "copyFrom": ACME}), 201),
        (&sam, json!({"name": "x".repeat(121) + "marked"}), 422),
        (&sam, json!({"marked": "marked"}), 400),
        (&dana, json!({"name": "Marked"}), 403),
    ] {
        watched.send(&format!("POST {all}"), watched.post(all, token, &body), status).await;
    }
    for (path, route, bad) in [(all, all, "limit=marked"), (&of_acme, one, "marked=1")] {
        let route = format!("GET {route}");
        watched.send(&route, watched.of(Method::GET, path, &sam), 200).await;
        watched.send(&route, watched.of(Method::GET, &format!("{path}?{bad}"), &sam), 400).await;
        watched.send(&route, watched.of(Method::GET, path, &dana), 403).await;
    }
    let route = format!("PATCH {one}");
    for (token, body, status) in [
        (&sam, json!({"name": "Marked organization", "trustedDestinations": ["https://marked.example"]}), 200),
        (&sam, json!({"trustedDestinations": ["marked\n"]}), 422),
        (&dana, json!({"name": "Marked"}), 403),
    ] {
        watched.send(&route, watched.of(Method::PATCH, &of_acme, token).json(&body), status).await;
    }
}
