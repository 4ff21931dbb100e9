//! The log lines of the routes about people.

use http::Method;
use serde_json::json;
use tests::{ALEX, GIL, NO_INVITATION, PASSWORD, PAT};

use super::LoggedApp;

/// Users, invitations and passwords, each well and badly.
pub(super) async fn people(watched: &mut LoggedApp) {
    let (pat, alex) = (watched.app.token(PAT), watched.app.member(ALEX).user.id);
    let (of_user, user) = ("/api/users/{userId}", format!("/api/users/{alex}"));
    for (route, path, bad) in [("/api/users", "/api/users", "limit=marked"), (of_user, &user, "marked=1")] {
        let route = format!("GET {route}");
        watched.send(&route, watched.of(Method::GET, path, &pat), 200).await;
        watched.send(&route, watched.of(Method::GET, &format!("{path}?{bad}"), &pat), 400).await;
    }
    let route = format!("PATCH {of_user}");
    for (body, status) in [
        (json!({"designation": "Marked head", "fullName": "Marked name"}), 200),
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
