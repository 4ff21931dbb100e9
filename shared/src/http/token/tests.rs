//! Tokens that are accepted, and the builders of those that are not.

use std::sync::LazyLock;

use serde_json::{Map, Value, json};

use super::*;
use crate::http::testing::keys::TestKey;
use crate::http::testing::{AUDIENCE, ISSUER, NOW, signer, signing_key};

pub(super) static ED: LazyLock<TestKey> = LazyLock::new(|| TestKey::ed25519("ed"));
pub(super) static EC: LazyLock<TestKey> = LazyLock::new(|| TestKey::p256("ec"));
pub(super) static RSA: LazyLock<TestKey> = LazyLock::new(|| TestKey::rsa("rsa"));
/// Nobody knows this one.
pub(super) static FOREIGN: LazyLock<TestKey> = LazyLock::new(|| TestKey::ed25519("ed"));

pub(super) fn verifier() -> TokenVerifier {
    let jwks = json!({"keys": [ED.public(), EC.public(), RSA.public()]}).to_string();
    TokenVerifier::new(&jwks, ISSUER, AUDIENCE).unwrap()
}

pub(super) fn now() -> i64 {
    NOW.as_seconds()
}

pub(super) fn header() -> Map<String, Value> {
    json!({"alg": "EdDSA", "kid": "ed", "typ": "JWT"}).as_object().cloned().unwrap()
}

pub(super) fn claims() -> Map<String, Value> {
    let claims = json!({
        "sub": "64ee9a8b1e7f2a001122339b", "organizationId": "64ee9a8b1e7f2a0011223344", "accessRole": "ADMIN",
        "name": "Pat Admin", "iss": ISSUER, "aud": AUDIENCE, "iat": now(), "exp": now() + 3600,
    });
    claims.as_object().cloned().unwrap()
}

pub(super) fn text(map: &Map<String, Value>) -> String {
    Value::Object(map.clone()).to_string()
}

/// The good token with other text in one or both parts.
pub(super) fn signed(header: &str, claims: &str) -> String {
    ED.sign(header.as_bytes(), claims.as_bytes())
}

pub(super) fn with_header(name: &str, value: Value) -> String {
    let mut header = header();
    header.insert(name.to_owned(), value);
    signed(&text(&header), &text(&claims()))
}

pub(super) fn without_header(name: &str) -> String {
    let mut header = header();
    header.remove(name);
    signed(&text(&header), &text(&claims()))
}

pub(super) fn with_claim(name: &str, value: Value) -> String {
    with_claims(&[(name, value)])
}

pub(super) fn with_claims(changes: &[(&str, Value)]) -> String {
    let mut claims = claims();
    claims.extend(changes.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
    signed(&text(&header()), &text(&claims))
}

pub(super) fn without_claim(name: &str) -> String {
    let mut claims = claims();
    claims.remove(name);
    signed(&text(&header()), &text(&claims))
}

pub(super) fn good() -> String {
    signed(&text(&header()), &text(&claims()))
}

pub(super) fn accepted(token: &str) -> Result<Caller, InvalidToken> {
    verifier().verify(token, *NOW)
}

pub(super) fn cases<const N: usize>(cases: [(&str, String); N]) -> Vec<(String, String)> {
    cases.into_iter().map(|(name, token)| (name.to_owned(), token)).collect()
}

#[test]
fn a_good_token_names_its_caller() {
    let expected = Caller {
        user: "64ee9a8b1e7f2a001122339b".parse().unwrap(),
        organization: "64ee9a8b1e7f2a0011223344".parse().unwrap(),
        role: Role::Admin,
        name: "Pat Admin".to_owned(),
        credentials: TokenCredentials::IssuedAt(*NOW),
    };
    assert_eq!(accepted(&good()), Ok(expected.clone()));
    let counted = with_claim("credentialVersion", json!(7));
    assert_eq!(accepted(&counted), Ok(Caller { credentials: TokenCredentials::Version(7), ..expected }));
}

#[test]
fn each_algorithm_is_accepted_with_its_own_key() {
    for (key, alg) in [(&*ED, "EdDSA"), (&*EC, "ES256"), (&*RSA, "RS256")] {
        let header = json!({"alg": alg, "kid": key.kid, "typ": "JWT"}).to_string();
        assert!(accepted(&key.sign(header.as_bytes(), text(&claims()).as_bytes())).is_ok(), "{alg}");
    }
}

#[test]
fn what_is_within_the_limits_is_accepted() {
    for (name, token) in cases([
        ("no typ", without_header("typ")),
        ("a thumbprint", with_header("x5t", json!("dGh1bWI"))),
        ("a SHA-256 thumbprint", with_header("x5t#S256", json!("dGh1bWI"))),
        ("a list of audiences with ours", with_claim("aud", json!(["elsewhere", AUDIENCE]))),
        ("a list of our audience alone", with_claim("aud", json!([AUDIENCE]))),
        ("nbf now", with_claim("nbf", json!(now()))),
        ("nbf at the leeway", with_claim("nbf", json!(now() + 5))),
        ("further claims", with_claims(&[("jti", json!("1")), ("scope", json!({"a": [1, null]}))])),
        ("iat at the leeway", with_claims(&[("iat", json!(now() + 5)), ("exp", json!(now() + 3605))])),
        ("a life of one second", with_claim("exp", json!(now() + 1))),
        ("exp passed within the leeway", with_claims(&[("iat", json!(now() - 100)), ("exp", json!(now() - 4))])),
        ("an upper-case id", with_claim("sub", json!("64EE9A8B1E7F2A001122339B"))),
        ("white space around the claims", signed(&text(&header()), &format!(" \n{}\t", text(&claims())))),
    ]) {
        assert!(accepted(&token).is_ok(), "{name}: {:?}", accepted(&token));
    }
}

#[test]
fn a_token_is_good_for_its_hour_by_our_clock() {
    let (verifier, token) = (verifier(), good());
    for (seconds, good) in
        [(-6, false), (-5, true), (0, true), (3600, true), (3604, true), (3605, false), (9000, false)]
    {
        let at = Timestamp::from_millis((now() + seconds) * 1000);
        assert_eq!(verifier.verify(&token, at).is_ok(), good, "{seconds}");
    }
    assert!(verifier.verify(&token, Timestamp::from_millis(0)).is_err());
}

#[test]
fn keys_rotate_without_anybody_signing_in_again() {
    let (old, new) = (TestKey::ed25519("2026-04"), TestKey::ed25519("2026-05"));
    let by = |key: &TestKey| {
        let header = json!({"alg": "EdDSA", "kid": key.kid}).to_string();
        key.sign(header.as_bytes(), text(&claims()).as_bytes())
    };
    let accepted_with = |keys: &[&TestKey]| {
        let jwks = json!({"keys": keys.iter().map(|key| key.public()).collect::<Vec<_>>()}).to_string();
        let verifier = TokenVerifier::new(&jwks, ISSUER, AUDIENCE).unwrap();
        [by(&old), by(&new)].map(|token| verifier.verify(&token, *NOW).is_ok())
    };
    assert_eq!(accepted_with(&[&old]), [true, false]);
    assert_eq!(accepted_with(&[&old, &new]), [true, true]);
    assert_eq!(accepted_with(&[&new]), [false, true]);
}

#[test]
fn what_the_signer_signs_is_accepted_for_an_hour() {
    let verifier = TokenVerifier::new(&signing_key().jwks, ISSUER, AUDIENCE).unwrap();
    let caller = Caller {
        user: ObjectId::from_bytes([1; 12]),
        organization: ObjectId::from_bytes([2; 12]),
        role: Role::SalesRep,
        name: "Zoë \"Z\" O'Neil".to_owned(),
        credentials: TokenCredentials::Version(u64::MAX),
    };
    let token = signer().sign(&caller, *NOW).unwrap();
    assert_eq!(verifier.verify(&token, *NOW), Ok(caller));
    let elsewhere = TokenVerifier::new(&signing_key().jwks, ISSUER, "elsewhere").unwrap();
    assert!(elsewhere.verify(&token, *NOW).is_err());
}

#[test]
fn why_a_token_is_refused_is_never_a_part_of_it() {
    for token in ["s3cret.s3cret.s3cret", &with_header("kid", json!("s3cret")), &with_claim("iss", json!("s3cret"))] {
        let why = accepted(token).unwrap_err().to_string();
        assert!(!why.contains("s3cret"), "{why}");
    }
}

#[test]
fn the_log_says_why_a_token_is_refused() {
    let why = |token: &str| accepted(token).unwrap_err().0;
    assert_eq!(why("x"), "it does not have three parts");
    assert_eq!(why(&with_header("alg", json!("ES256"))), "its alg is not its key's");
    assert_eq!(why(&with_header("kid", json!("other"))), "its kid is unknown");
    assert_eq!(why(&with_header("typ", json!("JWE"))), "its typ is not JWT");
    assert_eq!(why(&with_header("crit", json!([]))), "its header is not as it should be");
    assert_eq!(why(&with_claim("iss", json!("elsewhere"))), "its signature, iss or aud is wrong");
    assert_eq!(why(&with_claim("sub", json!("pat"))), "its claims are not as they should be");
    assert_eq!(why(&with_claims(&[("iat", json!(now() - 100)), ("exp", json!(now() - 90))])), "it has expired");
}

#[test]
fn no_part_of_a_token_is_read_by_position() {
    let list = crate::http::testing::keys::b64(br#"["EdDSA","ed"]"#);
    assert!(decode::<Header>(&list, "no object").is_err());
}
