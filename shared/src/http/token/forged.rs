//! Forged and odd tokens. Unless a case is about the signature, it is signed with the right key, so that nothing but
//! the check under test refuses it.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::tests::{
    EC, ED, FOREIGN, RSA, accepted, cases, claims, good, header, now, signed, text, verifier, with_claim, with_claims,
    with_header, without_claim, without_header,
};
use super::*;
use crate::http::testing::keys::{TestKey, b64};
use crate::http::testing::{AUDIENCE, ISSUER, NOW};

/// Names every case, fails with all that were accepted, and tells how many there were.
fn none_is_accepted(cases: &[(String, String)]) -> usize {
    let verifier = verifier();
    let wrong: Vec<_> = cases.iter().filter(|(_, token)| verifier.verify(token, *NOW).is_ok()).collect();
    assert!(wrong.is_empty(), "accepted: {wrong:?}");
    let names: HashSet<_> = cases.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), cases.len(), "every case has a name of its own");
    cases.len()
}

#[test]
fn no_token_of_another_form_is_accepted() {
    let good = good();
    let parts: Vec<&str> = good.split('.').collect();
    let [header_part, claims_part, signature] = parts[..] else { panic!("three parts") };
    let long = |bytes: usize| {
        let padding = "x".repeat((bytes - good.len()) * 3 / 4 - 16);
        with_claim("padding", json!(padding))
    };
    assert!(accepted(&long(8000)).is_ok());
    let count = none_is_accepted(&cases([
        ("nothing", String::new()),
        ("dots", "..".to_owned()),
        ("one part", header_part.to_owned()),
        ("two parts", format!("{header_part}.{claims_part}")),
        ("a fourth part", format!("{good}.x")),
        ("an empty fourth part", format!("{good}.")),
        ("five parts, as an encrypted one has", format!("{header_part}.x.y.z.{signature}")),
        ("a dot before", format!(".{good}")),
        ("no header", format!(".{claims_part}.{signature}")),
        ("no claims", format!("{header_part}..{signature}")),
        ("no signature", format!("{header_part}.{claims_part}.")),
        ("a line break after", format!("{good}\n")),
        ("a space before", format!(" {good}")),
        ("a space within", format!("{header_part}. {claims_part}.{signature}")),
        ("a NUL after", format!("{good}\0")),
        ("padding after the header", format!("{header_part}=.{claims_part}.{signature}")),
        ("padding after the signature", format!("{header_part}.{claims_part}.{signature}==")),
        ("a signature in base64's other alphabet", format!("{header_part}.{claims_part}.{}", "+/".repeat(43))),
        ("a signature with stray last bits", format!("{header_part}.{claims_part}.{}", stray_bits(signature))),
        ("a percent-encoded dot", good.replace('.', "%2E")),
        ("more than 8 kB", long(9000)),
        (
            "the JSON form of a signature",
            json!({"payload": claims_part, "protected": header_part, "signature": signature}).to_string(),
        ),
    ]));
    assert_eq!(count, 22);
}

/// The same bytes in another spelling: an Ed25519 signature leaves four unused bits in its last character.
fn stray_bits(signature: &str) -> String {
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (rest, last) = signature.split_at(signature.len() - 1);
    let index = alphabet.find(last).unwrap();
    format!("{rest}{}", alphabet.chars().nth(index + 1).unwrap())
}

#[test]
fn no_token_with_a_wrong_signature_is_accepted() {
    let good = good();
    let (message, signature) = good.rsplit_once('.').unwrap();
    let other_claims = with_claim("accessRole", json!("SUPERADMIN"));
    let other_message = other_claims.rsplit_once('.').unwrap().0;
    let changed = |index: usize| {
        let mut bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        bytes[index] ^= 1;
        format!("{message}.{}", b64(&bytes))
    };
    let (header, claims) = (text(&header()), text(&claims()));
    let es256 = json!({"alg": "ES256", "kid": "ec"}).to_string();
    let ec = EC.sign(es256.as_bytes(), claims.as_bytes());
    let (ec_message, ec_signature) = ec.rsplit_once('.').unwrap();
    let ec_signature = URL_SAFE_NO_PAD.decode(ec_signature).unwrap();
    let count = none_is_accepted(&cases([
        ("a foreign key under our kid", FOREIGN.sign(header.as_bytes(), claims.as_bytes())),
        ("other claims under the signature", format!("{other_message}.{signature}")),
        ("a bit changed at the start", changed(0)),
        ("a bit changed at the end", changed(63)),
        ("zeros", format!("{message}.{}", b64(&[0; 64]))),
        ("one byte short", format!("{message}.{}", b64(&URL_SAFE_NO_PAD.decode(signature).unwrap()[..63]))),
        (
            "one byte more",
            format!("{message}.{}", b64(&[&URL_SAFE_NO_PAD.decode(signature).unwrap()[..], &[0]].concat())),
        ),
        ("the signature twice", format!("{message}.{signature}{signature}")),
        ("ES256 with zeros for r and s", format!("{ec_message}.{}", b64(&[0; 64]))),
        ("ES256 in ASN.1", format!("{ec_message}.{}", b64(&asn1(&ec_signature)))),
        ("ES256 without s", format!("{ec_message}.{}", b64(&ec_signature[..32]))),
    ]));
    assert_eq!(count, 11);
}

/// An ECDSA signature as X9.62 writes it, not as a token does.
fn asn1(fixed: &[u8]) -> Vec<u8> {
    let integer = |half: &[u8]| [&[2, 33, 0], half].concat();
    let (r, s) = fixed.split_at(32);
    let body = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(body.len()).unwrap()], &body[..]].concat()
}

#[test]
fn no_token_of_another_algorithm_than_its_keys_is_accepted() {
    let claims = text(&claims());
    let unsigned = |alg: &str| {
        let header = json!({"alg": alg, "kid": "ed"}).to_string();
        format!("{}.{}.", b64(header.as_bytes()), b64(claims.as_bytes()))
    };
    let hmac = |secret: &[u8], kid: &str| {
        let header = json!({"alg": "HS256", "kid": kid, "typ": "JWT"}).to_string();
        let message = format!("{}.{}", b64(header.as_bytes()), b64(claims.as_bytes()));
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
        format!("{message}.{}", b64(aws_lc_rs::hmac::sign(&key, message.as_bytes()).as_ref()))
    };
    let by = |key: &TestKey, alg: &str, kid: &str| {
        key.sign(json!({"alg": alg, "kid": kid}).to_string().as_bytes(), claims.as_bytes())
    };
    let rsa_by = |alg: &str, padding| {
        RSA.sign_rsa(json!({"alg": alg, "kid": "rsa"}).to_string().as_bytes(), claims.as_bytes(), padding)
    };
    let x = ED.public()["x"].as_str().unwrap().to_owned();
    let count = none_is_accepted(&cases([
        ("none", unsigned("none")),
        ("None", unsigned("None")),
        ("NONE", unsigned("NONE")),
        ("nOnE", unsigned("nOnE")),
        ("an empty alg", unsigned("")),
        ("none with the signature of the good one", with_header("alg", json!("none"))),
        ("HS256 with the public key as its secret", hmac(&URL_SAFE_NO_PAD.decode(&x).unwrap(), "ed")),
        ("HS256 with the key's text as its secret", hmac(x.as_bytes(), "ed")),
        ("HS256 with the whole JWK as its secret", hmac(ED.public().to_string().as_bytes(), "ed")),
        (
            "HS256 with the modulus as its secret",
            hmac(&URL_SAFE_NO_PAD.decode(RSA.public()["n"].as_str().unwrap()).unwrap(), "rsa"),
        ),
        ("HS256 with an empty secret", hmac(b"", "ed")),
        ("ES256 named, signed with Ed25519", by(&ED, "ES256", "ed")),
        ("EdDSA named, kid of the EC key", by(&ED, "EdDSA", "ec")),
        ("EdDSA named, signed with the EC key", by(&EC, "EdDSA", "ec")),
        ("ES256 by the EC key under the Ed25519 key's kid", by(&EC, "ES256", "ed")),
        ("ES384 named", by(&EC, "ES384", "ec")),
        ("ES256K named", by(&EC, "ES256K", "ec")),
        ("RS256 named, signed with Ed25519", by(&ED, "RS256", "rsa")),
        ("RS512 by the RSA key", rsa_by("RS512", &aws_lc_rs::signature::RSA_PKCS1_SHA512)),
        ("RS384 by the RSA key", rsa_by("RS384", &aws_lc_rs::signature::RSA_PKCS1_SHA384)),
        ("PS256 by the RSA key", rsa_by("PS256", &aws_lc_rs::signature::RSA_PSS_SHA256)),
        ("RS256 named, PS256 done", rsa_by("RS256", &aws_lc_rs::signature::RSA_PSS_SHA256)),
        ("RS256 named, RS512 done", rsa_by("RS256", &aws_lc_rs::signature::RSA_PKCS1_SHA512)),
        ("eddsa in lower case", with_header("alg", json!("eddsa"))),
        ("Ed25519 for EdDSA", with_header("alg", json!("Ed25519"))),
        ("EdDSA and a space", with_header("alg", json!("EdDSA "))),
        ("no alg", without_header("alg")),
        ("alg null", with_header("alg", json!(null))),
        ("alg a number", with_header("alg", json!(1))),
        ("alg a list", with_header("alg", json!(["EdDSA"]))),
    ]));
    assert_eq!(count, 30);
}

#[test]
fn no_token_with_an_odd_header_is_accepted() {
    let claims = text(&claims());
    let raw = |header: &str| signed(header, &claims);
    let count = none_is_accepted(&cases([
        ("no kid", without_header("kid")),
        ("kid null", with_header("kid", json!(null))),
        ("kid a number", with_header("kid", json!(0))),
        ("kid a list", with_header("kid", json!(["ed"]))),
        ("an empty kid", with_header("kid", json!(""))),
        ("an unknown kid", with_header("kid", json!("other"))),
        ("a kid in another case", with_header("kid", json!("ED"))),
        ("a kid with a path", with_header("kid", json!("../../dev/null"))),
        ("a kid with a query", with_header("kid", json!("ed' OR '1'='1"))),
        ("a kid with a NUL", with_header("kid", json!("ed\0"))),
        ("typ in lower case", with_header("typ", json!("jwt"))),
        ("an access token's typ", with_header("typ", json!("at+jwt"))),
        ("an encrypted token's typ", with_header("typ", json!("JWE"))),
        ("a security event's typ", with_header("typ", json!("secevent+jwt"))),
        ("an empty typ", with_header("typ", json!(""))),
        ("typ null", with_header("typ", json!(null))),
        ("typ a list", with_header("typ", json!(["JWT"]))),
        ("an empty crit", with_header("crit", json!([]))),
        ("crit of exp", with_header("crit", json!(["exp"]))),
        ("crit null", with_header("crit", json!(null))),
        ("b64 false", with_header("b64", json!(false))),
        ("b64 true", with_header("b64", json!(true))),
        ("zip", with_header("zip", json!("DEF"))),
        ("enc", with_header("enc", json!("A256GCM"))),
        ("cty", with_header("cty", json!("JWT"))),
        ("jku", with_header("jku", json!("https://evil.example/keys"))),
        ("jwk null", with_header("jwk", json!(null))),
        ("x5u", with_header("x5u", json!("https://evil.example/chain"))),
        ("x5c", with_header("x5c", json!(["MIIB"]))),
        ("its own key, jwk", embedded_key(FOREIGN.kid)),
        ("its own key under another kid", embedded_key("mine")),
        ("a claim in the header", with_header("exp", json!(now() + 9000))),
        ("an unknown field", with_header("nonce", json!("1"))),
        ("alg twice", raw(r#"{"alg":"none","alg":"EdDSA","kid":"ed"}"#)),
        ("alg twice alike", raw(r#"{"alg":"EdDSA","alg":"EdDSA","kid":"ed"}"#)),
        ("alg twice, once in escapes", raw(r#"{"alg":"EdDSA","\u0061lg":"EdDSA","kid":"ed"}"#)),
        ("kid twice", raw(r#"{"alg":"EdDSA","kid":"other","kid":"ed"}"#)),
        ("a list in place of the header", raw(r#"["EdDSA","ed"]"#)),
        ("a list of all the header's fields", raw(r#"["EdDSA","ed","JWT",null,null]"#)),
        ("a text in place of the header", raw(r#""EdDSA""#)),
        ("null in place of the header", raw("null")),
        ("an empty header", raw("{}")),
        ("a header that is not JSON", raw("{alg:EdDSA,kid:ed}")),
        ("a comment in the header", raw(r#"{"alg":"EdDSA","kid":"ed"/**/}"#)),
        ("text after the header", raw(r#"{"alg":"EdDSA","kid":"ed"}{}"#)),
        ("a byte order mark", raw("\u{feff}{\"alg\":\"EdDSA\",\"kid\":\"ed\"}")),
        (
            "a header that is not UTF-8",
            ED.sign(b"{\"alg\":\"EdDSA\",\"kid\":\"ed\",\"typ\":\"\xff\"}", claims.as_bytes()),
        ),
    ]));
    assert_eq!(count, 47);
}

/// Brings its key along and is rightly signed with it.
fn embedded_key(kid: &str) -> String {
    let header = json!({"alg": "EdDSA", "kid": kid, "typ": "JWT", "jwk": FOREIGN.public()}).to_string();
    FOREIGN.sign(header.as_bytes(), text(&claims()).as_bytes())
}

#[test]
fn every_claim_is_needed_and_of_one_type() {
    let mut all = Vec::new();
    for name in ["sub", "organizationId", "accessRole", "name", "iss", "aud", "iat", "exp"] {
        all.push((format!("no {name}"), without_claim(name)));
        for odd in [json!(null), json!(true), json!({}), json!([]), json!(1.5), json!(-1), json!("")] {
            // A name may be anything that is a text.
            if name != "name" || !odd.is_string() {
                all.push((format!("{name} {odd}"), with_claim(name, odd)));
            }
        }
    }
    for odd in [json!(null), json!(true), json!({}), json!([]), json!(1.5), json!(-1), json!("0")] {
        all.push((format!("nbf {odd}"), with_claim("nbf", odd)));
    }
    assert_eq!(none_is_accepted(&all), 70);
}

#[test]
fn no_token_with_odd_claims_is_accepted() {
    let header = text(&header());
    let raw = |claims: &str| signed(&header, claims);
    let appended = |more: &str| raw(&format!("{}{more}}}", text(&claims()).strip_suffix('}').unwrap()));
    let deep = format!(",\"a\":{}{}", "[".repeat(65), "]".repeat(65));
    let values: Vec<Value> = claims().values().cloned().collect();
    let count = none_is_accepted(&cases([
        ("a sub in another form than an id", with_claim("sub", json!("pat@acme.example"))),
        ("a sub one digit short", with_claim("sub", json!("64ee9a8b1e7f2a001122339"))),
        ("a sub with a key's separator", with_claim("sub", json!("64ee9a8b1e7f2a00112233#b"))),
        ("an organization in another form than an id", with_claim("organizationId", json!("acme"))),
        ("an unknown role", with_claim("accessRole", json!("OWNER"))),
        ("a role in lower case", with_claim("accessRole", json!("admin"))),
        ("a role as an object", with_claim("accessRole", json!({"SUPERADMIN": null}))),
        ("a list of roles", with_claim("accessRole", json!(["ADMIN"]))),
        ("a role and a space", with_claim("accessRole", json!("ADMIN "))),
        ("another issuer", with_claim("iss", json!("https://evil.example"))),
        ("our issuer and a slash", with_claim("iss", json!(format!("{ISSUER}/")))),
        ("our issuer in upper case", with_claim("iss", json!(ISSUER.to_uppercase()))),
        ("a list of issuers with ours", with_claim("iss", json!([ISSUER, "https://evil.example"]))),
        ("a list of our issuer alone", with_claim("iss", json!([ISSUER]))),
        ("another audience", with_claim("aud", json!("elsewhere"))),
        ("our audience and more", with_claim("aud", json!(format!("{AUDIENCE}2")))),
        ("our audience in upper case", with_claim("aud", json!(AUDIENCE.to_uppercase()))),
        ("audiences in one text", with_claim("aud", json!(format!("{AUDIENCE} elsewhere")))),
        ("a list without our audience", with_claim("aud", json!(["elsewhere", "elsewhere2"]))),
        ("a list with ours and a number", with_claim("aud", json!([AUDIENCE, 1]))),
        ("a list with ours and null", with_claim("aud", json!([AUDIENCE, null]))),
        ("a list within a list", with_claim("aud", json!([[AUDIENCE]]))),
        ("exp twice", appended(&format!(",\"exp\":{}", now() + 10))),
        ("sub twice alike", appended(",\"sub\":\"64ee9a8b1e7f2a001122339b\"")),
        ("accessRole twice, once in escapes", appended(",\"access\\u0052ole\":\"SUPERADMIN\"")),
        ("an unknown claim twice", appended(",\"x\":1,\"x\":2")),
        ("a key twice within a claim", appended(",\"x\":{\"a\":1,\"a\":2}")),
        ("nesting without end", appended(&deep)),
        ("a list of all the claims", raw(&Value::Array(values).to_string())),
        ("a text in place of the claims", raw("\"claims\"")),
        ("null in place of the claims", raw("null")),
        ("empty claims", raw("{}")),
        ("claims that are not JSON", raw("{'sub':'x'}")),
        ("text after the claims", raw(&format!("{}x", text(&claims())))),
        ("a byte order mark", raw(&format!("\u{feff}{}", text(&claims())))),
        ("claims that are not UTF-8", ED.sign(header.as_bytes(), &[text(&claims()).as_bytes(), b"\xff"].concat())),
        ("a token as the claims", raw(&good())),
    ]));
    assert_eq!(count, 37);
}

#[test]
fn no_token_of_another_time_is_accepted() {
    let life = |from: i64, to: i64| with_claims(&[("iat", json!(now() + from)), ("exp", json!(now() + to))]);
    let count = none_is_accepted(&cases([
        ("expired beyond the leeway", life(-100, -5)),
        ("expired an hour ago", life(-7200, -3600)),
        ("issued in the future beyond the leeway", life(6, 100)),
        ("a life of an hour and a second", life(0, 3601)),
        ("a life of a year", life(0, 31_536_000)),
        ("issued long ago, for long", life(-86_400, 60)),
        ("a life of nothing", life(0, 0)),
        ("expiring before it is issued", life(0, -1)),
        ("iat 0", with_claim("iat", json!(0))),
        ("exp without end", with_claim("exp", json!(u64::MAX))),
        ("iat and exp without end", with_claims(&[("iat", json!(u64::MAX - 1)), ("exp", json!(u64::MAX))])),
        (
            "exp beyond 64 bits",
            signed(&text(&header()), &text(&claims()).replace(&(now() + 3600).to_string(), "18446744073709551616")),
        ),
        (
            "exp in exponents",
            signed(&text(&header()), &text(&claims()).replace(&(now() + 3600).to_string(), "1.7788392e9")),
        ),
        ("exp in milliseconds", with_claim("exp", json!((now() + 3600) * 1000))),
        ("exp as a text", with_claim("exp", json!((now() + 3600).to_string()))),
        ("exp as a date", with_claim("exp", json!("2026-05-15T10:00:00Z"))),
        ("nbf beyond the leeway", with_claim("nbf", json!(now() + 6))),
        ("nbf without end", with_claim("nbf", json!(u64::MAX))),
    ]));
    assert_eq!(count, 18);
}

#[test]
fn no_claim_of_another_type_is_accepted_whichever_it_is() {
    let texts = [json!(""), json!(" "), json!("null"), json!("1778835600")];
    let numbers = [json!(0), json!(-1), json!(1.5)];
    let others =
        [json!(null), json!(true), json!(false), json!([]), json!({}), json!([""]), json!([null]), json!({"a": 1})];
    let of_all = || texts.iter().chain(&numbers).chain(&others);
    let mut cases = Vec::new();
    for claim in ["sub", "organizationId", "accessRole", "iss", "aud", "iat", "exp"] {
        cases.extend(of_all().map(|value| (format!("{claim} as {value}"), with_claim(claim, value.clone()))));
    }
    // Any text is a name, and a token may lack `nbf` or have one long past.
    cases.extend(
        numbers.iter().chain(&others).map(|value| (format!("name as {value}"), with_claim("name", value.clone()))),
    );
    let not_null = others.iter().filter(|value| !value.is_null());
    cases.extend(
        texts.iter().chain(not_null).map(|value| (format!("nbf as {value}"), with_claim("nbf", value.clone()))),
    );
    let count = none_is_accepted(&cases);
    assert!(count > 100, "{count}");
    println!("{count} claims of another type");
}
