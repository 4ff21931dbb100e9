//! Bodies, passwords and addresses at the edges of what is taken: encodings, normal forms, and which rule is broken.

use aws_sdk_dynamodb::types::AttributeValue;
use http::Method;
use serde_json::{Value, json};
use tests::{
    LEASE, PASSWORD, PAT, SAM, TestApp, apply_body, create_body, mapped_body, setup_of, snapshot, snapshot_of,
};

const CASEY: &str = "casey@acme.example";
const COMPOSED: &str = "Caf\u{e9}-Pass-2026!";
const DECOMPOSED: &str = "Cafe\u{301}-Pass-2026!";
/// The hash of the bytes of [`DECOMPOSED`], as it was made before passwords were normalized.
const HASH_OF_DECOMPOSED: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$MDEyMzQ1Njc4OWFiY2RlZg$UkuH1Hf1PbUnZisrbWnmYseMFbnslfU/yZcRfV4xymg";

/// What the record of an apply keeps of that hash.
const MARK: &str = "ef36bbbfd750dac7ad63dde87b55c8c2";

/// Stores a claim, and the record of the apply that made it where there is one, as they were before.
async fn store_hash_of_decomposed(app: &TestApp, email: &str) {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let mut claim = app.claim(email).await;
    claim.insert("passwordHash".to_owned(), text(HASH_OF_DECOMPOSED));
    let mut records = app.items().await;
    records.retain(|item| email == CASEY && item.contains_key("passwordMark"));
    app.store(claim).await;
    for mut record in records {
        record.insert("passwordMark".to_owned(), text(MARK));
        app.store(record).await;
    }
}

fn with_password(mut body: Value, password: &str) -> Value {
    body["newUser"]["password"] = json!(password);
    body
}

#[tokio::test]
async fn a_body_is_utf8_with_or_without_a_byte_order_mark_and_uncompressed() {
    let app = TestApp::start().await;
    let login = json!({"email": PAT, "password": PASSWORD}).to_string();
    let create = create_body().to_string();
    for (path, text) in [("/api/auth/login", &login), ("/api/user-snapshots", &create)] {
        let good = if path.ends_with("login") { 200 } else { 201 };
        let utf16 = |to_bytes: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(to_bytes).collect::<Vec<u8>>();
        let latin1 = [text.as_bytes(), b"\xe9"].concat();
        for (bytes, coding, status) in [
            (format!("\u{feff}{text}").into_bytes(), None, good),
            (text.clone().into_bytes(), Some("identity"), good),
            (utf16(u16::to_le_bytes), None, 400),
            (utf16(u16::to_be_bytes), None, 400),
            ([&b"\xff\xfe"[..], &utf16(u16::to_le_bytes)].concat(), None, 400),
            ([&b"\xfe\xff"[..], &utf16(u16::to_be_bytes)].concat(), None, 400),
            (latin1, None, 400),
            (text.clone().into_bytes(), Some("gzip"), 415),
            (text.clone().into_bytes(), Some("br"), 415),
        ] {
            let request = app.request(Method::POST, path).bearer_auth(app.token(PAT));
            let request = request.header("content-type", "application/json").body(bytes);
            let request = match coding {
                Some(coding) => request.header("content-encoding", coding),
                None => request,
            };
            let answer = app.send(request).await;
            assert_eq!(answer.status, status, "{path} {coding:?}: {}", answer.text);
            assert!(status == good || answer.text.contains("send UTF-8, uncompressed"), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn a_password_is_one_whichever_form_a_keyboard_sends() {
    let app = TestApp::start().await;
    let (id, sam) = (snapshot(&app).await, app.token(SAM));
    let first = app.apply_once(&sam, "k", &id, &with_password(apply_body(), DECOMPOSED)).await;
    first.expect(201);
    let again = app.apply_once(&sam, "k", &id, &with_password(apply_body(), COMPOSED)).await;
    assert_eq!((again.status, &again.text), (201, &first.text));
    for form in [COMPOSED, DECOMPOSED] {
        app.login(CASEY, form).await.expect(200);
    }
    app.login(CASEY, "Cafe-Pass-2026!").await.expect_problem(401, "invalid_credentials");
}

#[tokio::test]
async fn a_password_is_normalized_before_its_length_and_the_blocklist() {
    let app = TestApp::start().await;
    let (id, sam) = (snapshot(&app).await, app.token(SAM));
    let accent = "e\u{301}";
    for (password, said) in [
        (accent.repeat(7), "7 characters"),
        (accent.repeat(129), "129 characters"),
        ("mon\u{212a}ey123".to_owned(), "most common"),
    ] {
        let refused = app.apply(&sam, &id, &with_password(apply_body(), &password)).await;
        assert!(refused.expect_problem(422, "refused").to_string().contains(said), "{}", refused.text);
    }
    app.apply(&sam, &id, &with_password(apply_body(), &accent.repeat(64))).await.expect(201);
    for form in [accent, "\u{e9}"] {
        app.login(CASEY, &form.repeat(64)).await.expect(200);
    }
}

#[tokio::test]
async fn a_password_that_was_stored_as_typed_still_signs_in_and_is_known_at_a_replay() {
    let app = TestApp::start().await;
    let (id, sam) = (snapshot(&app).await, app.token(SAM));
    let body = with_password(apply_body(), DECOMPOSED);
    let first = app.apply_once(&sam, "k", &id, &body).await;
    first.expect(201);
    for email in [CASEY, PAT] {
        store_hash_of_decomposed(&app, email).await;
        app.login(email, DECOMPOSED).await.expect(200);
        app.login(email, "Cafe\u{301}-Pass-2027!").await.expect_problem(401, "invalid_credentials");
    }
    assert_eq!(app.apply_once(&sam, "k", &id, &body).await.text, first.text);
    let other = with_password(apply_body(), "Cafe\u{301}-Pass-2027!");
    app.apply_once(&sam, "k", &id, &other).await.expect_problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn an_apply_that_was_admitted_with_a_password_as_typed_is_carried_on() {
    let app = TestApp::start().await;
    let (id, sam) = (snapshot_of(&app, 300).await, app.token(SAM));
    let body = with_password(mapped_body(CASEY, setup_of(300).items.automations.len()), DECOMPOSED);
    app.faults().drop_request().of("TransactWriteItems").writing("user").always();
    app.apply_once(&sam, "k", &id, &body).await.expect(503);
    app.faults().clear();
    store_hash_of_decomposed(&app, CASEY).await;
    app.clock().advance(LEASE);
    let other = with_password(body.clone(), "Cafe\u{301}-Pass-2027!");
    app.apply_once(&sam, "k", &id, &other).await.expect_problem(422, "idempotency_key_reused");
    app.apply_once(&sam, "k", &id, &body).await.expect(201);
    app.login(CASEY, DECOMPOSED).await.expect(200);
}

#[tokio::test]
async fn an_address_that_is_refused_says_which_rule_it_breaks() {
    let app = TestApp::start().await;
    let (id, sam) = (snapshot(&app).await, app.token(SAM));
    let (local, label) = ("c".repeat(65), "d".repeat(64));
    let long = format!("{}@{}example", "c".repeat(64), "acme.".repeat(37));
    for (email, rule) in [
        ("casey", "it has no @"),
        (" casey@acme.example", "begins or ends with white space"),
        ("@acme.example", "nothing stands before the @"),
        ("casey@", "nothing stands after the @"),
        ("\"casey\"@acme.example", "quoted"),
        ("casey@home@acme.example", "more than one @"),
        ("ca..sey@acme.example", "a dot at its beginning, at its end, or beside another dot"),
        (&format!("{local}@acme.example"), "65 characters; at most 64"),
        (&long, "at most 254"),
        ("casey@[127.0.0.1]", "an IP address stands after the @"),
        ("casey@ac_me.example", "is not a domain name"),
        ("casey@-acme.example", "hyphen"),
        (&format!("casey@{label}.example"), "longer than 63"),
        ("casey @acme.example", "the part before the @ may have letters, digits, dots"),
        ("\u{e9}@acme.example", "beyond ASCII"),
        ("casey@acme", "the domain has no dot"),
        ("casey@acme..example", "the domain has a dot"),
        ("casey@127.0.0.1", "is a number"),
    ] {
        let mut body = apply_body();
        body["newUser"]["email"] = json!(email);
        for answer in [app.apply(&sam, &id, &body).await, app.login(email, PASSWORD).await] {
            assert!(answer.expect_problem(422, "refused").to_string().contains(rule), "{email}: {}", answer.text);
        }
    }
}
