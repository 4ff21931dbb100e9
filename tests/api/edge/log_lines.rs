//! What the log says of requests: one line for each, with the promised fields, and nothing of what people sent or stored.

mod audit;
mod people;
mod prices;

use std::collections::BTreeSet;

use crate::snapshots::revisions::change_prompt;
use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::{Value, json};
use shared::function::HttpFunction;
use shared::http::{ROUTES, Route, Tag};
use tests::{
    ACME, ALEX, Answer, DANA, GIL, Logs, NAMESPACE, PASSWORD, PAT, SAM, TestApp, apply_body, create_body, samples,
};

/// What every line has.
const ALWAYS: [&str; 15] = [
    "timestamp",
    "level",
    "target",
    "message",
    "service",
    "version",
    "cold_start",
    "aws_request_id",
    "api_request_id",
    "route",
    "duration_ms",
    "status",
    "read_units",
    "write_units",
    "table_calls",
];

/// Checks the metrics of a line: what each request has, with the function of the route and no id as dimensions.
fn check_metrics(line: &Value, route: &str, answer: &Answer) {
    let found = samples(line);
    let function =
        ROUTES.iter().find(|other| other.name() == route).map_or(HttpFunction::DEFAULT, |route| route.function);
    assert_eq!(line["service"], function.package(), "{line}");
    let dimensions = |name: &str| -> Vec<(String, String)> {
        let sample = found.iter().find(|sample| sample.name == name);
        sample.map(|sample| sample.dimensions.clone().into_iter().collect()).unwrap_or_default()
    };
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(dimensions("duration_ms"), [pair("route", route), pair("service", function.package())], "{line}");
    let problems = answer.body["code"].as_str().filter(|_| answer.status >= 400);
    assert_eq!(
        dimensions("problems"),
        problems.map(|code| pair("code", code)).into_iter().collect::<Vec<_>>(),
        "{line}"
    );
    for name in ["read_units", "write_units", "table_calls"] {
        let is_sent = found.iter().any(|sample| sample.name == name);
        assert_eq!(is_sent, line[name].as_f64().unwrap() > 0.0, "{name}: {line}");
    }
    assert!(found.iter().all(|sample| sample.namespace == NAMESPACE), "{line}");
}

/// A service whose every request is checked for its one line.
struct LoggedApp {
    app: TestApp,
    logs: Logs,
    lines: Vec<Value>,
    answered: BTreeSet<(String, u16)>,
    count: usize,
    /// The ids of our own so far: none comes twice.
    own_ids: BTreeSet<String>,
}

impl LoggedApp {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let logs = Logs::new();
        Self { app, logs, lines: Vec::new(), answered: BTreeSet::new(), count: 0, own_ids: BTreeSet::new() }
    }

    /// Sends a request under an id of its own and checks its line against the answer.
    async fn send(&mut self, route: &str, request: reqwest::RequestBuilder, status: u16) -> Answer {
        self.count += 1;
        let id = format!("log-{}", self.count);
        let sent = audit::SentRequest::of(&request);
        let answer = self.app.send(request.header("x-request-id", &id)).await;
        answer.expect(status);
        assert_eq!(answer.header("x-request-id"), Some(id.as_str()), "{route}");
        self.check(route, &answer);
        let operation = ROUTES.iter().find(|other| other.name() == route).map(|route| route.id);
        audit::check(self.lines.last().unwrap(), operation, &sent, &answer);
        answer
    }

    fn check(&mut self, route: &str, answer: &Answer) {
        let lines = self.logs.take();
        assert_eq!(lines.len(), 1, "{route} {}: {lines:?}", answer.status);
        let line = &lines[0];
        assert_eq!(line["route"], route, "{line}");
        assert_eq!(line["status"], answer.status, "{line}");
        let mut expected: BTreeSet<&str> = ALWAYS.into_iter().collect();
        check_metrics(line, route, answer);
        expected.insert("_aws");
        // A test's process starts once for many tests.
        assert_eq!(line.get("ColdStart").is_some(), line["cold_start"] == true, "{line}");
        expected.extend(line.get("ColdStart").map(|_| "ColdStart"));
        // The client's id, where it sent a good one, beside ours.
        let name = if line.get("client_request_id").is_some() { "client_request_id" } else { "api_request_id" };
        assert_eq!(line[name].as_str(), answer.header("x-request-id"), "{line}");
        expected.insert(name);
        let own = line["api_request_id"].as_str().unwrap();
        assert!(own.parse::<shared::domain::ObjectId>().is_ok() && self.own_ids.insert(own.to_owned()), "{line}");
        assert_eq!(line["level"], if answer.status >= 500 { "ERROR" } else { "INFO" }, "{line}");
        assert_eq!((&line["message"], &line["target"]), (&json!("request"), &json!("shared::http::respond")));
        if answer.status >= 400 {
            assert_eq!(line["code"], answer.body["code"], "{line}");
            assert_eq!(line[name], answer.body["requestId"], "{line}");
            expected.extend(["code", "problems"]);
        }
        if answer.status >= 500 || answer.body["code"] == "unauthenticated" {
            assert!(line["cause"].is_string(), "{line}");
            expected.insert("cause");
        }
        expected.extend(line.get("audit").map(|_| "audit"));
        expected.extend(line.get("acting_in").map(|_| "acting_in"));
        if line.get("user").is_some() {
            expected.extend(["user", "organization"]);
        }
        for (name, made) in
            [("snapshot", &answer.body["snapshot"]["_id"]), ("apply", &answer.body["result"]["applyId"])]
        {
            let Some(id) = line.get(name) else { continue };
            assert!(id.as_str().unwrap().parse::<shared::domain::ObjectId>().is_ok(), "{line}");
            assert!(made.is_null() || id == made, "{line}: {made}");
            expected.insert(name);
        }
        let makes =
            [(CREATE, "snapshot"), (APPLY, "apply")].into_iter().find(|made| made.0 == route && answer.status == 201);
        assert!(makes.is_none_or(|(_, name)| line.get(name).is_some()), "{line}");
        let is_good = answer.status < 300;
        assert!(!is_good || !route.contains("{id}") || line.get("snapshot").is_some(), "{line}");
        assert!(!is_good || !route.contains("{applyId}") || line.get("apply").is_some(), "{line}");
        let fields: BTreeSet<&str> = line.as_object().unwrap().keys().map(String::as_str).collect();
        assert_eq!(fields, expected, "{line}");
        self.answered.insert((route.to_owned(), answer.status));
        self.lines.extend(lines);
    }

    fn post(&self, path: &str, token: &str, body: &Value) -> reqwest::RequestBuilder {
        self.app.request(Method::POST, path).bearer_auth(token).json(body)
    }

    fn of(&self, method: Method, path: &str, token: &str) -> reqwest::RequestBuilder {
        self.app.request(method, path).bearer_auth(token)
    }
}

const LOGIN: &str = "POST /api/auth/login";
const CREATE: &str = "POST /api/user-snapshots";
const APPLY: &str = "POST /api/user-snapshots/{id}/apply";
const PLAN: &str = "POST /api/user-snapshots/{id}/plan";
const APPLIES: &str = "GET /api/user-snapshots/{id}/applies";
const HISTORY: &str = "GET /api/applies";
const APPLY_DETAIL: &str = "GET /api/user-snapshots/{id}/applies/{applyId}";
const UNDO: &str = "POST /api/user-snapshots/{id}/applies/{applyId}/undo";
const SNAPSHOT: &str = "/api/user-snapshots/{id}";
const UNKNOWN: &str = "/api/user-snapshots/64ee9a8b1e7f2a00112233ff";

/// Captures and applies, good and refused.
async fn create_and_apply(watched: &mut LoggedApp) -> String {
    let (pat, sam, dana) = (watched.app.token(PAT), watched.app.token(SAM), watched.app.token(DANA));
    let mut body = create_body();
    body["description"] = json!("A marked description");
    let answer = watched.send(CREATE, watched.post("/api/user-snapshots", &pat, &body), 201).await;
    let id = answer.body["snapshot"]["_id"].as_str().unwrap().to_owned();
    body["name"] = json!("x".repeat(121) + "marked");
    for (token, body, status) in
        [("marked", &body, 401), (&dana, &create_body(), 403), (&pat, &body, 422), (&pat, &json!({"marked": 1}), 400)]
    {
        watched.send(CREATE, watched.post("/api/user-snapshots", token, body), status).await;
    }
    let text = watched.app.request(Method::POST, "/api/user-snapshots").bearer_auth(&pat).body("marked");
    watched.send(CREATE, text, 415).await;
    let huge = watched.of(Method::POST, "/api/user-snapshots", &pat).header("content-type", "application/json");
    watched.send(CREATE, huge.body(" ".repeat(1_048_577)), 413).await;

    let mut weak = apply_body();
    weak["newUser"] = json!({"email": "marked", "password": "marked"});
    for (route, last) in [(PLAN, "plan"), (APPLY, "apply")] {
        let path = format!("/api/user-snapshots/{id}/{last}");
        let (good, taken) = if last == "plan" { (200, 200) } else { (201, 409) };
        for (token, body, status) in
            [(&sam, &apply_body(), good), (&sam, &apply_body(), taken), (&dana, &apply_body(), 403)]
        {
            watched.send(route, watched.post(&path, token, body), status).await;
        }
        watched.send(route, watched.post(&path, &sam, &json!({"newUser": {"marked": 1}})), 400).await;
        watched.send(route, watched.post(&format!("{UNKNOWN}/{last}"), &sam, &apply_body()), 404).await;
        watched
            .send(route, watched.post(&format!("/api/user-snapshots/marked/{last}"), &sam, &apply_body()), 400)
            .await;
        watched.send(route, watched.post(&path, "marked", &apply_body()), 401).await;
    }
    watched.send(APPLY, watched.post(&format!("/api/user-snapshots/{id}/apply"), &sam, &weak), 422).await;
    id
}

/// The history of the applies of a snapshot and of an organization, and the undo of one, each well and badly.
async fn undo(watched: &mut LoggedApp, id: &str) {
    let (sam, dana) = (watched.app.token(SAM), watched.app.token(DANA));
    let list = format!("/api/user-snapshots/{id}/applies");
    let listed = watched.send(APPLIES, watched.of(Method::GET, &list, &sam), 200).await;
    watched.send(APPLIES, watched.of(Method::GET, &format!("{list}?limit=marked"), &sam), 400).await;
    watched.send(APPLIES, watched.of(Method::GET, &list, &dana), 403).await;
    watched.send(HISTORY, watched.of(Method::GET, "/api/applies", &sam), 200).await;
    watched.send(HISTORY, watched.of(Method::GET, "/api/applies?userEmail=marked", &sam), 400).await;
    watched.send(HISTORY, watched.of(Method::GET, "/api/applies", &dana), 403).await;
    let one = format!("{list}/{}", listed.body["applies"][0]["_id"].as_str().unwrap());
    watched.send(APPLY_DETAIL, watched.of(Method::GET, &one, &sam), 200).await;
    watched.send(APPLY_DETAIL, watched.of(Method::GET, &format!("{list}/marked"), &sam), 400).await;
    watched.send(APPLY_DETAIL, watched.of(Method::GET, &one, "marked"), 401).await;
    let undo = format!("{one}/undo");
    watched.send(UNDO, watched.post(&undo, &sam, &json!({"marked": "marked"})), 400).await;
    watched.send(UNDO, watched.post(&undo, &dana, &json!({})), 403).await;
    for (query, status) in [("dryRun=true", 200), ("dryRun=marked", 400)] {
        watched.send(UNDO, watched.of(Method::POST, &format!("{undo}?{query}"), &sam), status).await;
    }
    watched.send(UNDO, watched.post(&undo, &sam, &json!({"force": true})), 200).await;
    watched.send(UNDO, watched.of(Method::POST, &undo, &sam), 200).await;
}

/// Everything that manage-snapshots answers, each well and badly.
async fn manage(watched: &mut LoggedApp, id: &str) {
    let (pat, sam, gil) = (watched.app.token(PAT), watched.app.token(SAM), watched.app.token(GIL));
    // So that the refresh makes a revision, and the restore another.
    change_prompt(&watched.app, &watched.app.member(ALEX).user.id, 1).await;
    let of_snapshot = |last: &str| (format!("{SNAPSHOT}{last}"), format!("/api/user-snapshots/{id}{last}"));
    for (method, last, named) in [
        (Method::GET, "", ""),
        (Method::GET, "/items", "/items"),
        (Method::GET, "/apply-refs", "/apply-refs"),
        (Method::POST, "/refresh", "/refresh"),
        (Method::GET, "/revisions", "/revisions"),
        (Method::GET, "/revisions/1", "/revisions/{revision}"),
        (Method::POST, "/revisions/1/restore", "/revisions/{revision}/restore"),
        (Method::GET, "/diff", "/diff"),
    ] {
        let (route, path) = (format!("{method} {SNAPSHOT}{named}"), of_snapshot(last).1);
        watched.send(&route, watched.of(method.clone(), &path, &pat), 200).await;
        watched.send(&route, watched.of(method.clone(), &format!("{path}?marked=1"), &pat), 400).await;
        watched.send(&route, watched.of(method.clone(), &path, &gil), 404).await;
        watched.send(&route, watched.of(method, &path, "marked"), 401).await;
    }
    for (path, route, bad) in [
        ("/api/user-snapshots".to_owned(), "GET /api/user-snapshots", "limit=marked"),
        (
            format!("/api/user-snapshots/orgs/{ACME}/users"),
            "GET /api/user-snapshots/orgs/{orgId}/users",
            "cursor=marked",
        ),
    ] {
        watched.send(route, watched.of(Method::GET, &path, &pat), 200).await;
        watched.send(route, watched.of(Method::GET, &format!("{path}?{bad}"), &pat), 400).await;
        watched.send(route, watched.of(Method::GET, &path, "marked"), 401).await;
    }
    for (last, body, bad) in [
        ("", json!({"name": "A marked name"}), json!({"marked": 1})),
        (
            "/assign",
            json!({"assignedOrgIds": [ACME], "revision": 1, "isGlobal": false, "follow": false}),
            json!({"assignedOrgIds": ["marked"]}),
        ),
    ] {
        let (route, path) = of_snapshot(last);
        let route = format!("PATCH {route}");
        watched.send(&route, watched.of(Method::PATCH, &path, &sam).json(&body), 200).await;
        watched.send(&route, watched.of(Method::PATCH, &path, &sam).json(&bad), 400).await;
        let stale = watched.of(Method::PATCH, &path, &sam).header("if-match", "\"99\"").json(&body);
        watched.send(&route, stale, 412).await;
        watched.send(&route, watched.of(Method::PATCH, &path, "marked").json(&body), 401).await;
    }
    for route in ["GET /health", "GET /openapi.json", "GET /openapi-3.0.json", "GET /docs", "GET /"] {
        let request = watched.app.request(Method::GET, &route["GET ".len()..]);
        watched.send(route, request, 200).await;
    }
    let lost = watched.of(Method::GET, "/api/marked/casey@acme.example?token=marked", &sam);
    watched.send("$default", lost, 404).await;
    watched.send("$default", watched.app.request(Method::PUT, "/health"), 405).await;
    let (route, path) = of_snapshot("");
    watched.send(&format!("DELETE {route}"), watched.of(Method::DELETE, &path, &gil), 404).await;
    watched.send(&format!("DELETE {route}"), watched.of(Method::DELETE, &path, &pat), 200).await;
    watched.send(&format!("DELETE {route}"), watched.of(Method::DELETE, &path, &pat), 404).await;
}

/// What is stored is not what it should be, in ways that make an error quote it.
async fn inside(watched: &mut LoggedApp) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let broken = "64ee9a8b1e7f2a00112233ee";
    let [kind, name, version] =
        [("type", text("snapshot")), ("name", text("A marked name")), ("version", text("casey@acme.example"))];
    watched
        .app
        .put_item([("PK", text(&format!("SNAPSHOT#{broken}"))), ("SK", text("#META")), kind, name, version])
        .await;
    watched
        .app
        .put_item([("PK", text(&format!("EMAIL#{GIL}"))), ("SK", text("#META")), ("userId", text("marked"))])
        .await;
    let sam = watched.app.token(SAM);
    let request = watched.of(Method::GET, &format!("/api/user-snapshots/{broken}"), &sam);
    watched.send("GET /api/user-snapshots/{id}", request, 500).await;
    let path = format!("/api/user-snapshots/{broken}/apply");
    watched.send(APPLY, watched.post(&path, &sam, &apply_body()), 500).await;
    let request =
        watched.app.request(Method::POST, "/api/auth/login").json(&json!({"email": GIL, "password": PASSWORD}));
    watched.send(LOGIN, request, 500).await;
}

/// Whether a route is the same for everybody, and so has nothing to refuse.
fn is_always_there(route: &Route) -> bool {
    route.tag == Tag::Service
}

#[tokio::test]
async fn every_request_is_one_line_with_the_promised_fields_and_nothing_of_what_was_sent() {
    let mut watched = LoggedApp::start().await;
    people::sign_in(&mut watched).await;
    let id = create_and_apply(&mut watched).await;
    undo(&mut watched, &id).await;
    manage(&mut watched, &id).await;
    people::people(&mut watched).await;
    people::organizations(&mut watched).await;
    inside(&mut watched).await;

    for route in ROUTES {
        let name = route.name();
        let statuses: Vec<u16> = watched.answered.iter().filter(|(route, _)| *route == name).map(|it| it.1).collect();
        let (succeeds, is_refused) = (statuses.iter().any(|it| *it < 300), statuses.iter().any(|it| *it >= 400));
        assert!(succeeds, "send a good request to {name} here; it answered {statuses:?}");
        assert!(is_always_there(route) || is_refused, "send a bad request to {name} here; it answered {statuses:?}");
    }
    prices::check(&watched.lines);
    let log = json!(watched.lines).to_string().to_lowercase();
    let tokens = [PAT, SAM, DANA, GIL].map(|email| watched.app.token(email));
    let signatures = tokens.iter().flat_map(|token| token.split('.')).map(str::to_owned);
    let addresses = [PAT, SAM, DANA, GIL, ALEX, "casey@acme.example", "nobody.marked@acme.example"];
    let percent_encoded = addresses.map(|address| address.replace('@', "%40"));
    let passwords = [PASSWORD, "TempPass!2026"].map(str::to_owned);
    let rest = ["marked", "argon2", "bearer", "casey", "top performer", "senior ae"].map(str::to_owned);
    for forbidden in
        addresses.map(str::to_owned).into_iter().chain(percent_encoded).chain(passwords).chain(rest).chain(signatures)
    {
        assert!(!log.contains(&forbidden.to_lowercase()), "{forbidden} is in the log");
    }
}

#[tokio::test]
async fn a_request_without_a_good_id_gets_one_that_header_body_and_log_share() {
    let mut watched = LoggedApp::start().await;
    for id in [None, Some("with space"), Some("")] {
        let mut request = watched.app.request(Method::GET, "/nowhere");
        if let Some(id) = id {
            request = request.header("x-request-id", id);
        }
        let answer = watched.app.send(request).await;
        answer.expect_problem(404, "not_found");
        assert_ne!(answer.header("x-request-id"), id);
        watched.check("$default", &answer);
    }
}

#[tokio::test]
async fn an_id_that_a_client_sends_again_tells_its_requests_apart_by_ours() {
    let mut watched = LoggedApp::start().await;
    for _ in 0..3 {
        let request = watched.app.request(Method::GET, "/nowhere").header("x-request-id", "somebody-elses");
        let answer = watched.app.send(request).await;
        assert_eq!(answer.expect_problem(404, "not_found")["requestId"], "somebody-elses");
        watched.check("$default", &answer);
    }
    assert!(watched.lines.iter().all(|line| line["client_request_id"] == "somebody-elses"));
    assert_eq!(watched.own_ids.len(), 3);
}

#[tokio::test]
async fn a_caller_is_named_by_ids_and_the_units_are_those_of_the_table() {
    let mut watched = LoggedApp::start().await;
    let token = watched.app.token(PAT);
    watched.app.forget_calls();
    watched.send(CREATE, watched.post("/api/user-snapshots", &token, &create_body()), 201).await;
    let (recorded, line) = (watched.app.recorded(), &watched.lines[0]);
    assert_eq!(line["user"], watched.app.member(PAT).user.id.to_string());
    assert_eq!(line["organization"], ACME);
    assert_eq!(line["read_units"].as_f64(), Some(recorded.read_units()));
    assert_eq!(line["write_units"].as_f64(), Some(recorded.write_units()));
    assert_eq!(line["table_calls"], recorded.operations().len());
}
