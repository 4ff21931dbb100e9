//! Tokens: JSON Web Tokens (RFC 7519) read as strictly as RFC 8725 asks for, and more.
//!
//! `jsonwebtoken` checks the signature, the algorithm, `iss` and `aud`. The rest is checked here: it reads the system
//! clock itself, passes over header fields that change a token's meaning, and takes claims of several types.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::Validation;
use serde::de::{DeserializeOwned, Deserializer};
use serde::{Deserialize, Serialize};

use super::jwks::{self, KeyError, PublicKey};
use super::strict_json::{self, Object};
use crate::domain::{ObjectId, Role, Timestamp, TokenCredentials};

/// The longest token that is looked at, in bytes: what a server takes as one header line, usually.
const MAX_BYTES: usize = 8192;
/// By how many seconds the issuer's clock may differ from ours.
const LEEWAY: u64 = 5;
/// The longest life of a token, in seconds, and that of those signed here.
pub(super) const MAX_LIFETIME: u64 = 3600;

/// Who sends a request, as an accepted token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The user's id.
    pub user: ObjectId,
    /// The organization that the user belongs to.
    pub organization: ObjectId,
    /// What the user may do.
    pub role: Role,
    /// The user's name, for records.
    pub name: String,
    /// The credentials for which the token was issued.
    pub credentials: TokenCredentials,
}

/// A token that is not accepted. Carries why, for the log: never a part of the token, and never for the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token is not accepted: {0}")]
pub struct InvalidToken(pub &'static str);

/// Judges tokens by a set of public keys.
#[derive(Clone)]
pub struct TokenVerifier {
    keys: HashMap<String, PublicKey>,
    issuer: String,
    audience: String,
}

/// The header fields that a token may have. Any other is refused: some change what the signature means (`crit`, `b64`,
/// `zip`, `enc`), some bring a key along (`jwk`, `jku`, `x5u`, `x5c`), and none is needed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    alg: String,
    kid: String,
    #[serde(default, deserialize_with = "present")]
    typ: Option<String>,
    /// Thumbprints that some providers add. Keys are found by `kid` alone.
    #[serde(default, rename = "x5t")]
    _x5t: serde::de::IgnoredAny,
    #[serde(default, rename = "x5t#S256")]
    _x5t_s256: serde::de::IgnoredAny,
}

/// The claims of a token, each of one type: `iss` is no list, though `jsonwebtoken` takes one. Further claims are of no
/// consequence.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Claims {
    pub(super) sub: ObjectId,
    pub(super) organization_id: ObjectId,
    #[serde(deserialize_with = "role")]
    pub(super) access_role: Role,
    pub(super) name: String,
    pub(super) iss: String,
    pub(super) aud: Audience,
    pub(super) iat: u64,
    pub(super) exp: u64,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(super) nbf: Option<u64>,
    /// Another issuer's tokens have none.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(super) credential_version: Option<u64>,
}

impl Claims {
    fn credentials(&self) -> TokenCredentials {
        let second = i64::try_from(self.iat).unwrap_or(0).saturating_mul(1000);
        self.credential_version
            .map_or(TokenCredentials::IssuedAt(Timestamp::from_millis(second)), TokenCredentials::Version)
    }
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum Audience {
    One(String),
    Several(Vec<String>),
}

impl TokenVerifier {
    /// Takes the public keys as a JWKS, and the exact `iss` and `aud` that tokens must carry.
    pub fn new(jwks: &str, issuer: impl Into<String>, audience: impl Into<String>) -> Result<Self, KeyError> {
        Ok(Self { keys: jwks::parse(jwks)?, issuer: issuer.into(), audience: audience.into() })
    }

    /// Who sends `token`, if it is good at `now`.
    pub fn verify(&self, token: &str, now: Timestamp) -> Result<Caller, InvalidToken> {
        if token.len() > MAX_BYTES {
            return Err(InvalidToken("it is too long"));
        }
        let mut parts = token.split('.');
        let (Some(header), Some(unverified_claims), Some(_signature), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(InvalidToken("it does not have three parts"));
        };
        let header: Header = decode(header, "its header is not as it should be")?;
        if header.typ.is_some_and(|typ| typ != "JWT") {
            return Err(InvalidToken("its typ is not JWT"));
        }
        let key = self.keys.get(&header.kid).ok_or(InvalidToken("its kid is unknown"))?;
        if header.alg != algorithm_name(key) {
            return Err(InvalidToken("its alg is not its key's"));
        }
        self.check_signature(token, key)?;
        let signed_claims: Claims = decode(unverified_claims, "its claims are not as they should be")?;
        check_times(&signed_claims, u64::try_from(now.as_seconds()).unwrap_or(0))?;
        let credentials = signed_claims.credentials();
        Ok(Caller {
            user: signed_claims.sub,
            organization: signed_claims.organization_id,
            role: signed_claims.access_role,
            name: signed_claims.name,
            credentials,
        })
    }

    fn check_signature(&self, token: &str, key: &PublicKey) -> Result<(), InvalidToken> {
        let mut validation = Validation::new(key.algorithm);
        // `Claims` asks for exp: the library cannot read a number that keeps all its digits, as serde_json gives it here.
        validation.set_required_spec_claims(&["iss", "aud", "sub"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.validate_exp = false; // By the system's clock; check_times does it by ours.
        jsonwebtoken::decode::<serde::de::IgnoredAny>(token, &key.key, &validation)
            .map_err(|_| InvalidToken("its signature, iss or aud is wrong"))?;
        Ok(())
    }
}

fn check_times(claims: &Claims, now: u64) -> Result<(), InvalidToken> {
    match claims.exp.checked_sub(claims.iat) {
        Some(1..=MAX_LIFETIME) => {}
        _ => return Err(InvalidToken("it does not live for 1 to 3600 seconds")),
    }
    if claims.iat > now + LEEWAY {
        return Err(InvalidToken("it is issued in the future"));
    }
    if claims.nbf.is_some_and(|not_before| not_before > now + LEEWAY) {
        return Err(InvalidToken("it is not valid yet"));
    }
    // RFC 7519, section 4.1.4: on exp itself it has expired.
    if now >= claims.exp.saturating_add(LEEWAY) {
        return Err(InvalidToken("it has expired"));
    }
    Ok(())
}

fn algorithm_name(key: &PublicKey) -> &'static str {
    match key.algorithm {
        jsonwebtoken::Algorithm::EdDSA => "EdDSA",
        jsonwebtoken::Algorithm::ES256 => "ES256",
        jsonwebtoken::Algorithm::RS256 => "RS256",
        // No key set gives another; an empty name equals no token's.
        _ => "",
    }
}

/// One part of a token, in the only encoding that it may have, with no key twice.
fn decode<T: DeserializeOwned>(part: &str, otherwise: &'static str) -> Result<T, InvalidToken> {
    let json = URL_SAFE_NO_PAD.decode(part).map_err(|_| InvalidToken(otherwise))?;
    strict_json::check_small(&json).map_err(|_| InvalidToken(otherwise))?;
    serde_json::from_slice(&json).map(|Object(part)| part).map_err(|_| InvalidToken(otherwise))
}

/// For an optional field: null is not as absent in a token.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// A role by its name; an enum's own reader takes `{"ADMIN": null}` as well.
fn role<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Role, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
}

#[cfg(test)]
mod forged;
#[cfg(test)]
mod tests;
