//! Public keys: a JSON Web Key Set (RFC 7517) in which every key is pinned to one algorithm.

use std::collections::HashMap;

use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED, ED25519, ParsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

use super::strict_json::{self, NotStrict, Object};

/// The fewest and the most bits of an RSA modulus: less is breakable (NIST SP 800-131A), more is not verified by the
/// cryptographic library.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// Why a key or a set of keys is not used. Says what to change, and never repeats key material.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct KeyError(pub(super) String);

impl KeyError {
    pub(super) fn new(detail: impl Into<String>) -> Self {
        Self(detail.into())
    }
}

/// A public key and the one algorithm it is for.
#[derive(Clone)]
pub(super) struct PublicKey {
    pub(super) algorithm: Algorithm,
    pub(super) key: DecodingKey,
}

/// The members of a key that count here. Others (`x5c`, `x5t`, `alg` parameters of providers) are of no consequence.
#[derive(Deserialize)]
struct Jwk {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    r#use: Option<String>,
    key_ops: Option<Vec<String>>,
    crv: Option<String>,
    x: Option<String>,
    y: Option<String>,
    n: Option<String>,
    e: Option<String>,
    /// Private parts and shared secrets. A key set is public, so each of them is a leak, and the set is refused.
    d: Option<serde::de::IgnoredAny>,
    p: Option<serde::de::IgnoredAny>,
    q: Option<serde::de::IgnoredAny>,
    k: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
struct Jwks {
    keys: Vec<Object<Jwk>>,
}

/// Reads a set of at least one key, each usable, each with a `kid` of its own.
pub(super) fn parse(json: &str) -> Result<HashMap<String, PublicKey>, KeyError> {
    strict_json::check_small(json.as_bytes()).map_err(|refusal| match refusal {
        NotStrict::Syntax(why) => KeyError::new(format!("the key set is not JSON: {why}")),
        NotStrict::DuplicateKey(pointer) => KeyError::new(format!("the key set has the member {pointer} twice")),
    })?;
    let Object(set): Object<Jwks> = serde_json::from_str(json)
        .map_err(|_| KeyError::new("a key set is {\"keys\": [...]} with public keys in JWK form"))?;
    if set.keys.is_empty() {
        return Err(KeyError::new("the key set has no keys"));
    }
    let mut keys = HashMap::new();
    for (index, Object(jwk)) in set.keys.into_iter().enumerate() {
        let in_place = |error: KeyError| KeyError(format!("key {index} of the set: {error}"));
        let kid = jwk.kid.clone().filter(|kid| !kid.is_empty());
        let kid = kid.ok_or_else(|| in_place(KeyError::new("it needs a kid")))?;
        let key = public_key(&jwk).map_err(in_place)?;
        if keys.insert(kid, key).is_some() {
            return Err(in_place(KeyError::new("its kid is another key's too")));
        }
    }
    Ok(keys)
}

fn public_key(jwk: &Jwk) -> Result<PublicKey, KeyError> {
    if jwk.d.is_some() || jwk.p.is_some() || jwk.q.is_some() || jwk.k.is_some() || jwk.kty == "oct" {
        return Err(KeyError::new("it is a private or shared key; only public keys belong here"));
    }
    if jwk.r#use.as_deref().is_some_and(|purpose| purpose != "sig") {
        return Err(KeyError::new("its use is not sig"));
    }
    if jwk.key_ops.as_ref().is_some_and(|operations| !operations.iter().any(|operation| operation == "verify")) {
        return Err(KeyError::new("its key_ops do not have verify"));
    }
    let (name, algorithm, key) = match (jwk.kty.as_str(), jwk.crv.as_deref()) {
        ("OKP", Some("Ed25519")) => ("EdDSA", Algorithm::EdDSA, ed25519(jwk)?),
        ("EC", Some("P-256")) => ("ES256", Algorithm::ES256, p256(jwk)?),
        ("RSA", None) => ("RS256", Algorithm::RS256, rsa(jwk)?),
        _ => return Err(KeyError::new("it is neither OKP with Ed25519, nor EC with P-256, nor RSA")),
    };
    if jwk.alg.as_deref().is_some_and(|alg| alg != name) {
        return Err(KeyError(format!("its alg is not {name}, the one algorithm for such a key here")));
    }
    Ok(PublicKey { algorithm, key })
}

fn ed25519(jwk: &Jwk) -> Result<DecodingKey, KeyError> {
    let x = coordinate(jwk.x.as_ref(), "x")?;
    ParsedPublicKey::new(&ED25519, x).map_err(|_| KeyError::new("its x is not a point of Ed25519"))?;
    Ok(DecodingKey::from_ed_der(&x))
}

fn p256(jwk: &Jwk) -> Result<DecodingKey, KeyError> {
    let (x, y) = (coordinate(jwk.x.as_ref(), "x")?, coordinate(jwk.y.as_ref(), "y")?);
    // SEC 1, section 2.3.3: an uncompressed point.
    let point = [&[0x04], &x[..], &y[..]].concat();
    ParsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point)
        .map_err(|_| KeyError::new("its x and y are not a point of P-256"))?;
    Ok(DecodingKey::from_ec_der(&point))
}

fn rsa(jwk: &Jwk) -> Result<DecodingKey, KeyError> {
    let (n, e) = (member(jwk.n.as_ref(), "n")?, member(jwk.e.as_ref(), "e")?);
    let bits = n.first().map_or(0, |first| n.len() * 8 - first.leading_zeros() as usize);
    if !RSA_BITS.contains(&bits) {
        return Err(KeyError(format!("its n has {bits} bits; it needs {} to {}", RSA_BITS.start(), RSA_BITS.end())));
    }
    // RFC 8017, section 3.1: an odd exponent from 3 on. Below 65537 signatures of sloppy padding have been forged.
    let exponent = e.iter().try_fold(0_u64, |value, byte| Some(value.checked_mul(256)? | u64::from(*byte)));
    if !exponent.is_some_and(|value| value >= 65_537 && value % 2 == 1 && value <= u64::from(u32::MAX)) {
        return Err(KeyError::new("its e is not an odd number from 65537 to 2^32"));
    }
    Ok(DecodingKey::from_rsa_raw_components(&n, &e))
}

fn coordinate(value: Option<&String>, name: &str) -> Result<[u8; 32], KeyError> {
    member(value, name)?.try_into().map_err(|_| KeyError(format!("its {name} does not have 32 bytes")))
}

fn member(value: Option<&String>, name: &str) -> Result<Vec<u8>, KeyError> {
    let value = value.ok_or_else(|| KeyError(format!("it has no {name}")))?;
    URL_SAFE_NO_PAD.decode(value).map_err(|_| KeyError(format!("its {name} is not base64url without padding")))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::http::testing::keys::{TestKey, b64};

    fn refusal(keys: Value) -> String {
        match parse(&json!({"keys": keys}).to_string()) {
            Ok(_) => panic!("accepted: {keys}"),
            Err(error) => error.to_string(),
        }
    }

    fn changed(key: &Value, name: &str, value: Value) -> Value {
        let mut key = key.clone();
        key[name] = value;
        key
    }

    #[test]
    fn a_set_of_all_three_kinds_is_read_with_their_algorithms() {
        let keys = json!([TestKey::ed25519("a").public(), TestKey::p256("b").public(), TestKey::rsa("c").public()]);
        let keys = parse(&json!({"keys": keys}).to_string()).unwrap();
        let algorithms = ["a", "b", "c"].map(|kid| keys[kid].algorithm);
        assert_eq!(algorithms, [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256]);
    }

    #[test]
    fn what_providers_add_to_their_keys_does_no_harm() {
        let mut key = TestKey::rsa("a").public();
        key["x5c"] = json!(["MIIB"]);
        key["x5t"] = json!("abc");
        key["issuer"] = json!("https://issuer.example");
        key["key_ops"] = json!(["verify"]);
        assert!(parse(&json!({"keys": [key], "more": 1}).to_string()).is_ok());
    }

    #[test]
    fn a_key_that_is_not_public_and_usable_is_refused_with_its_place() {
        let (ed, ec, rsa) = (TestKey::ed25519("a").public(), TestKey::p256("b").public(), TestKey::rsa("c").public());
        let modulus = |bits: usize| {
            let mut bytes = vec![0xff; bits.div_ceil(8)];
            bytes[0] >>= bytes.len() * 8 - bits;
            json!(b64(&bytes))
        };
        for (key, told) in [
            (changed(&ed, "d", json!("AAAA")), "private or shared"),
            (json!({"kty": "oct", "kid": "a", "k": "c2VjcmV0", "alg": "HS256"}), "private or shared"),
            (changed(&rsa, "p", json!("AAAA")), "private or shared"),
            (changed(&ed, "kid", json!(null)), "needs a kid"),
            (changed(&ed, "kid", json!("")), "needs a kid"),
            (changed(&ed, "alg", json!("HS256")), "alg is not EdDSA"),
            (changed(&ed, "alg", json!("none")), "alg is not EdDSA"),
            (changed(&ec, "alg", json!("ES384")), "alg is not ES256"),
            (changed(&rsa, "alg", json!("PS256")), "alg is not RS256"),
            (changed(&ed, "use", json!("enc")), "use is not sig"),
            (changed(&ed, "key_ops", json!(["sign"])), "verify"),
            (changed(&ed, "crv", json!("X25519")), "neither"),
            (changed(&ec, "crv", json!("P-384")), "neither"),
            (changed(&ed, "kty", json!("AKP")), "neither"),
            (changed(&ed, "x", json!(null)), "has no x"),
            (changed(&ed, "x", json!("====")), "base64url"),
            (changed(&ed, "x", json!(b64(&[1; 31]))), "32 bytes"),
            (changed(&ec, "y", json!(b64(&[1; 32]))), "not a point of P-256"),
            (changed(&ec, "y", json!(b64(&[1; 33]))), "32 bytes"),
            (changed(&rsa, "n", modulus(1024)), "1024 bits"),
            (changed(&rsa, "n", modulus(2047)), "2047 bits"),
            (changed(&rsa, "n", modulus(8193)), "8193 bits"),
            (changed(&rsa, "n", json!("")), "0 bits"),
            (changed(&rsa, "e", json!("Aw")), "its e is not"),
            (changed(&rsa, "e", json!("AQAA")), "its e is not"),
            (changed(&rsa, "e", json!("AQAC")), "its e is not"),
            (changed(&rsa, "e", json!(b64(&[0xff; 16]))), "its e is not"),
        ] {
            let error = refusal(json!([TestKey::ed25519("first").public(), key]));
            assert!(error.starts_with("key 1 of the set: ") && error.contains(told), "{told}: {error}");
        }
    }

    #[test]
    fn two_keys_of_one_kid_are_refused() {
        let error = refusal(json!([TestKey::ed25519("a").public(), TestKey::p256("a").public()]));
        assert!(error.contains("another key's too"), "{error}");
    }

    #[test]
    fn what_is_no_key_set_is_refused() {
        for text in ["", "[]", "{}", "{\"keys\":{}}", "{\"keys\":[1]}", "{\"keys\":[]}", "{\"keys\":[],\"keys\":[]}"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
