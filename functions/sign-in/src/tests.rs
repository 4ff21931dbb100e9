//! Signing in against the embedded database.

mod limits;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use lambda_http::http::{HeaderMap, Method};
use lambda_http::{Body, Request, http};
use serde_json::{Value, json};
use shared::call::serve;
use shared::capacity::ConsumedUnits;
use shared::clock::Clock;
use shared::config::client_for_endpoint;
use shared::domain::{Email, FullName, ObjectId, Password, Role, Setup, Timestamp, TokenCredentials, User};
use shared::http::{Caller, CorsOrigins, Edge, SigningKey, TokenSigner, TokenVerifier, TrustedHops};
use shared::ids::SystemRandomness;
use shared::password_hash::{PasswordHasher, SALT_BYTES};
use shared::store::{Callers, CreateUserOutcome, SetupWriter, Table, create_table};

use super::{App, Call, answer, handle};

const PASSWORD: &str = "Demo-Pass-2026!";
const BAD_TOKEN: &str = "Invalid or expired token";

struct TestClock(AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

/// The function with its own database and a clock that the test moves.
struct TestApp {
    app: App,
    clock: Arc<TestClock>,
    client: Client,
    hash: String,
}

impl TestApp {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(dynoxide::server::serve_on(listener, dynoxide::Database::memory().unwrap()));
        let client = client_for_endpoint(&endpoint);
        create_table(&client, "snapshots").await.unwrap();

        let keys = SigningKey::generate(&SystemRandomness).unwrap();
        let verifier = TokenVerifier::new(&keys.jwks, "https://issuer.example", "snapshots").unwrap();
        let signer = TokenSigner::new(&keys.private_jwk, "https://issuer.example", "snapshots").unwrap();
        let clock = Arc::new(TestClock(AtomicI64::new(1_778_835_600_000)));
        let randomness = Arc::new(SystemRandomness);
        let edge = Edge { verifier, clock: clock.clone(), randomness, cors_origins: CorsOrigins::None };
        let hasher = PasswordHasher::new();
        let hash = hasher.hash(&Password::new(PASSWORD.to_owned()), [7; SALT_BYTES]).await.unwrap();
        let table = Table::new(client.clone(), "snapshots");
        let app = App { edge, table, hasher, signer, trusted_hops: TrustedHops::default() };
        Self { app, clock, client, hash }
    }

    fn advance(&self, by: Duration) {
        self.clock.0.fetch_add(i64::try_from(by.as_millis()).unwrap(), Ordering::Relaxed);
    }

    async fn user(&self, user: &User) {
        let made = SetupWriter::new(&self.app.table).create_user(user, Some(&self.hash), &Setup::default()).await;
        assert_eq!(made.unwrap(), CreateUserOutcome::Created);
    }

    async fn send(&self, request: Request) -> (u16, HeaderMap, Value) {
        let Ok(response) = handle(&self.app, request).await;
        let Body::Text(body) = response.body() else { panic!("the body is not text") };
        (response.status().as_u16(), response.headers().clone(), serde_json::from_str(body).unwrap())
    }

    async fn login(&self, email: &str, password: &str) -> (u16, HeaderMap, Value) {
        self.send(login_request(email, password)).await
    }

    async fn verify_token(&self, token: Option<&str>) -> (u16, HeaderMap, Value) {
        let mut request = http::Request::builder().method(Method::GET).uri("/api/auth/verify-token");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        self.send(request.body(Body::Empty).unwrap()).await
    }

    /// Returns the capacity that a login with these credentials consumes.
    async fn consumed(&self, email: &str, password: &str) -> ConsumedUnits {
        let consumed = Cell::default();
        let App { edge, table, .. } = &self.app;
        let answered = async |call: &Call<'_>, operation| {
            let outcome = answer(call, operation).await;
            consumed.set(call.table.consumed());
            outcome
        };
        let Ok(_) = serve(&self.app, edge, table, login_request(email, password), answered).await;
        consumed.get()
    }

    fn token(&self, user: &User) -> String {
        let User { id, organization, role, .. } = *user;
        let credentials = TokenCredentials::default();
        let caller = Caller { user: id, organization, role, name: "x".to_owned(), credentials };
        self.app.signer.sign(&caller, self.clock.now()).unwrap()
    }
}

fn login_request(email: &str, password: &str) -> Request {
    let body = json!({"email": email, "password": password}).to_string();
    let request = http::Request::builder().method(Method::POST).uri("/api/auth/login");
    request.header("content-type", "application/json").body(Body::from(body)).unwrap()
}

fn id(text: &str) -> ObjectId {
    text.parse().unwrap()
}

fn pat() -> User {
    let at = Timestamp::from_millis(1_778_000_000_000);
    User {
        id: id("64ee9a8b1e7f2a001122339b"),
        organization: id("64ee9a8b1e7f2a0011223344"),
        department: None,
        email: Email::parse("Pat@acme.example").unwrap(),
        full_name: Some(FullName::parse("Pat Admin").unwrap()),
        phone_number: None,
        designation: None,
        role: Role::Admin,
        login_disabled: false,
        created_at: at,
        updated_at: at,
    }
}

fn disabled() -> User {
    User {
        id: id("64ee9a8b1e7f2a00112233ff"),
        email: Email::parse("gone@acme.example").unwrap(),
        login_disabled: true,
        ..pat()
    }
}

#[tokio::test]
async fn the_right_password_gives_a_token_that_is_good() {
    let test = TestApp::start().await;
    test.user(&pat()).await;
    let (status, headers, body) = test.login("pat@ACME.example", PASSWORD).await;
    let token = body["token"].as_str().unwrap_or_default().to_owned();
    let expected = json!({
        "token": token,
        "user": {
            "id": "64ee9a8b1e7f2a001122339b", "email": "Pat@acme.example", "fullName": "Pat Admin",
            "organizationId": "64ee9a8b1e7f2a0011223344", "accessRole": "ADMIN",
        },
    });
    assert_eq!((status, body), (200, expected));
    assert_eq!(headers["cache-control"], "no-store");
    let (status, _, body) = test.verify_token(Some(&token)).await;
    assert_eq!((status, body), (200, json!({"message": "Token is good"})));
}

#[tokio::test]
async fn a_token_lives_for_an_hour_and_our_clocks_leeway() {
    let test = TestApp::start().await;
    test.user(&pat()).await;
    let token = test.token(&pat());
    test.advance(Duration::from_secs(3604));
    assert_eq!(test.verify_token(Some(&token)).await.0, 200);
    test.advance(Duration::from_secs(1));
    assert_eq!(test.verify_token(Some(&token)).await.0, 401);
}

#[tokio::test]
async fn a_user_without_a_name_signs_in_too() {
    let test = TestApp::start().await;
    test.user(&User { full_name: None, ..pat() }).await;
    let (status, _, body) = test.login("pat@acme.example", PASSWORD).await;
    assert_eq!(status, 200);
    assert!(body["user"].get("fullName").is_none(), "{body}");
    assert_eq!(test.verify_token(body["token"].as_str()).await.0, 200);
}

#[tokio::test]
async fn nobody_learns_whether_an_address_has_a_user() {
    let test = TestApp::start().await;
    test.user(&pat()).await;
    test.user(&disabled()).await;
    test.reserve("casey@acme.example").await;
    let attempts = [
        ("pat@acme.example", "Demo-Pass-2026"),
        ("nobody@acme.example", PASSWORD),
        ("gone@acme.example", PASSWORD),
        ("casey@acme.example", PASSWORD),
    ];
    let mut answers = Vec::new();
    for (email, password) in attempts {
        let (status, headers, mut body) = test.login(email, password).await;
        body["requestId"] = Value::Null;
        let names: Vec<_> = headers.keys().map(ToString::to_string).collect();
        answers.push((status, names, body, test.consumed(email, password).await));
    }
    let [first, others @ ..] = &answers[..] else { panic!("four answers") };
    assert_eq!(first.0, 401);
    assert_eq!(first.2["code"], "invalid_credentials");
    assert_eq!(first.2["error"], "The e-mail address or the password is wrong");
    assert_eq!((first.3.calls, first.3.write_units), (7, 3.0));
    for other in others {
        assert_eq!(other, first);
    }
}

impl TestApp {
    /// Reserves the address for an unfinished apply.
    async fn reserve(&self, email: &str) {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let put = self.client.put_item().table_name("snapshots");
        put.item("PK", text(&format!("EMAIL#{email}")))
            .item("SK", text("#META"))
            .item("type", text("email"))
            .item("organizationId", text("64ee9a8b1e7f2a0011223344"))
            .item("reservedBy", text("665f1a0c0e0a4b001a2c9f80"))
            .send()
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn ten_failures_lock_an_address_for_the_rest_of_15_minutes() {
    let test = TestApp::start().await;
    test.user(&pat()).await;
    for _ in 0..10 {
        assert_eq!(test.login("pat@acme.example", "wrong").await.0, 401);
    }
    test.advance(Duration::from_secs(60));
    let (status, headers, body) = test.login("PAT@acme.example", PASSWORD).await;
    assert_eq!((status, &body["code"]), (429, &json!("too_many_attempts")));
    assert_eq!(headers["retry-after"], "840");
    assert_eq!(test.login("nobody@acme.example", PASSWORD).await.0, 401, "another address is not locked");
    test.advance(Duration::from_secs(840));
    assert_eq!(test.login("pat@acme.example", PASSWORD).await.0, 200);
}

#[tokio::test]
async fn no_number_of_attempts_at_once_gets_past_the_limit() {
    let test = TestApp::start().await;
    test.user(&pat()).await;
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..25 {
        let app = test.app.clone();
        attempts.spawn(async move {
            let Ok(response) = handle(&app, login_request("pat@acme.example", "wrong")).await;
            response.status().as_u16()
        });
    }
    let mut statuses = attempts.join_all().await;
    statuses.sort_unstable();
    assert_eq!(statuses, [[401; 10].as_slice(), &[429; 15]].concat());
}

#[tokio::test]
async fn an_unknown_address_is_locked_as_a_known_one() {
    let test = TestApp::start().await;
    for _ in 0..10 {
        assert_eq!(test.login("nobody@acme.example", "wrong").await.0, 401);
    }
    assert_eq!(test.login("nobody@acme.example", "wrong").await.0, 429);
}

#[tokio::test]
async fn a_success_is_not_counted_and_nine_failures_lock_nothing() {
    let test = TestApp::start().await;
    test.user(&pat()).await;
    for _ in 0..9 {
        assert_eq!(test.login("pat@acme.example", "wrong").await.0, 401);
    }
    for _ in 0..3 {
        assert_eq!(test.login("pat@acme.example", PASSWORD).await.0, 200);
    }
    assert_eq!(test.login("pat@acme.example", "wrong").await.0, 401);
    assert_eq!(test.login("pat@acme.example", PASSWORD).await.0, 429);
}

#[tokio::test]
async fn a_password_longer_than_any_is_wrong_and_not_counted() {
    let test = TestApp::start().await;
    test.user(&pat()).await;
    let none = ConsumedUnits::default();
    assert_eq!(test.consumed("pat@acme.example", &"x".repeat(129)).await, none);
    assert_ne!(test.consumed("pat@acme.example", &"x".repeat(128)).await, none);
    assert_eq!(test.login("pat@acme.example", &"x".repeat(129)).await.2["code"], "invalid_credentials");
}

#[tokio::test]
async fn the_answer_to_a_malformed_body_says_what_is_wrong() {
    let test = TestApp::start().await;
    let (status, _, body) = test.login("not an address", PASSWORD).await;
    assert_eq!((status, &body["errors"][0]["pointer"]), (422, &json!("/email")));
    assert!(!body.to_string().contains(PASSWORD));
    for (sent, pointer) in [
        (json!({"email": "a@acme.example"}), "/password"),
        (json!({"email": 1, "password": "x"}), "/email"),
        (json!({"email": "a@acme.example", "password": null}), "/password"),
        (json!({"email": "a@acme.example", "password": "x", "remember": true}), "/remember"),
    ] {
        let mut request = login_request("", "");
        *request.body_mut() = Body::from(sent.to_string());
        let (status, _, body) = test.send(request).await;
        assert_eq!((status, &body["errors"][0]["pointer"]), (400, &json!(pointer)), "{sent}");
    }
}

#[tokio::test]
async fn the_first_sign_in_is_noted_once() {
    let test = TestApp::start().await;
    test.user(&pat()).await;
    let first = test.clock.now();
    test.login("pat@acme.example", "wrong").await;
    assert_eq!(test.first_sign_in().await, None);
    test.login("pat@acme.example", PASSWORD).await;
    assert_eq!(test.first_sign_in().await, Some(first));
    test.advance(Duration::from_secs(60));
    test.login("pat@acme.example", PASSWORD).await;
    assert_eq!(test.first_sign_in().await, Some(first));
}

impl TestApp {
    async fn first_sign_in(&self) -> Option<Timestamp> {
        let stored = Callers::new(&self.app.table).load(pat().organization, pat().id).await;
        stored.unwrap().unwrap().first_sign_in_at
    }
}

#[tokio::test]
async fn a_token_is_no_longer_good_once_the_stored_user_differs() {
    let test = TestApp::start().await;
    test.user(&pat()).await;
    test.user(&disabled()).await;
    let changed = [
        ("disabled", disabled()),
        ("another role", User { role: Role::Superadmin, ..pat() }),
        ("another organization", User { organization: id("64ee9a8b1e7f2a0011223345"), ..pat() }),
        ("gone", User { id: id("64ee9a8b1e7f2a0011223300"), ..pat() }),
    ];
    assert_eq!(test.verify_token(Some(&test.token(&pat()))).await.0, 200);
    for (what, user) in changed {
        let (status, headers, body) = test.verify_token(Some(&test.token(&user))).await;
        assert_eq!((status, &body["error"]), (401, &json!(BAD_TOKEN)), "{what}");
        assert_eq!(headers["www-authenticate"], "Bearer");
    }
}

#[tokio::test]
async fn a_bad_token_and_a_missing_one_get_the_same_answer() {
    let test = TestApp::start().await;
    test.user(&pat()).await;
    let good = test.token(&pat());
    for token in [None, Some(""), Some("nonsense"), Some("a.b.c"), good.strip_suffix(&good[good.len() - 4..])] {
        let (status, _, body) = test.verify_token(token).await;
        assert_eq!(
            (status, &body["error"], &body["code"]),
            (401, &json!(BAD_TOKEN), &json!("unauthenticated")),
            "{token:?}"
        );
    }
}

#[tokio::test]
async fn other_paths_and_methods_are_refused_here_too() {
    let test = TestApp::start().await;
    let get = http::Request::builder().method(Method::GET).uri("/api/auth/login").body(Body::Empty).unwrap();
    let (status, headers, _) = test.send(get).await;
    assert_eq!((status, &headers["allow"]), (405, &http::HeaderValue::from_static("POST")));
    let elsewhere = http::Request::builder().uri("/api/auth").body(Body::Empty).unwrap();
    assert_eq!(test.send(elsewhere).await.0, 404);
}

#[tokio::test]
async fn the_handler_can_be_served_by_the_runtime() {
    fn served<S>(_: S)
    where
        S: lambda_http::Service<Request, Response = lambda_http::Response<Body>>,
        S::Future: Send,
    {
    }
    let test = TestApp::start().await;
    served(lambda_http::service_fn(|request| handle(&test.app, request)));
}
