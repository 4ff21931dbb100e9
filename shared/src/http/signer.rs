//! Signing tokens, and making the keys for it. Sign-in alone holds a private key.

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use sha2::{Digest, Sha256};

use super::ApiError;
use super::jwks::KeyError;
use super::network::NetworkMarks;
use super::strict_json::Object;
use super::token::{Audience, Caller, Claims, MAX_LIFETIME};
use crate::domain::{Timestamp, TokenCredentials};
use crate::ids::Randomness;

/// Signs tokens that live for one hour.
#[derive(Clone)]
pub struct TokenSigner {
    key: EncodingKey,
    kid: String,
    issuer: String,
    audience: String,
    network_marks: NetworkMarks,
}

/// A private Ed25519 key in JWK form (RFC 8037).
#[derive(Deserialize)]
struct PrivateJwk {
    kty: String,
    crv: String,
    kid: String,
    alg: Option<String>,
    x: String,
    #[serde(deserialize_with = "secret")]
    d: SecretString,
}

impl TokenSigner {
    /// Takes the private key as a JWK with `kty` OKP, `crv` Ed25519, `kid`, `x` and `d`, as [`SigningKey`] makes it,
    /// and the `iss` and `aud` of the tokens.
    pub fn new(
        private_jwk: &SecretString,
        issuer: impl Into<String>,
        audience: impl Into<String>,
    ) -> Result<Self, KeyError> {
        // Serde's messages may repeat what they found, so they go no further.
        let Object(jwk): Object<PrivateJwk> = serde_json::from_str(private_jwk.expose_secret())
            .map_err(|_| KeyError::new("a signing key is a JWK with kty, crv, kid, x and d"))?;
        if jwk.kty != "OKP" || jwk.crv != "Ed25519" || jwk.alg.is_some_and(|alg| alg != "EdDSA") {
            return Err(KeyError::new("a signing key has kty OKP, crv Ed25519 and alg EdDSA"));
        }
        if jwk.kid.is_empty() {
            return Err(KeyError::new("the signing key needs a kid, the one of its public key"));
        }
        let decode = |text: &str| URL_SAFE_NO_PAD.decode(text).map_err(|_| KeyError::new("x and d are base64url"));
        let seed = decode(jwk.d.expose_secret())?;
        let pair = Ed25519KeyPair::from_seed_and_public_key(&seed, &decode(&jwk.x)?)
            .map_err(|_| KeyError::new("x and d are not the two halves of one Ed25519 key"))?;
        let pkcs8 = pair.to_pkcs8().map_err(|_| KeyError::new("the signing key cannot be encoded"))?;
        Ok(Self {
            key: EncodingKey::from_ed_der(pkcs8.as_ref()),
            kid: jwk.kid,
            issuer: issuer.into(),
            audience: audience.into(),
            network_marks: NetworkMarks::derive(&seed),
        })
    }

    /// What marks the networks that sign in, by a key derived from the signing key.
    pub fn network_marks(&self) -> &NetworkMarks {
        &self.network_marks
    }

    /// A token for `caller`, good from `now` on for one hour.
    pub fn sign(&self, caller: &Caller, now: Timestamp) -> Result<String, ApiError> {
        let issued_at = u64::try_from(now.as_seconds()).map_err(ApiError::internal)?;
        let claims = Claims {
            sub: caller.user,
            organization_id: caller.organization,
            access_role: caller.role,
            name: caller.name.clone(),
            iss: self.issuer.clone(),
            aud: Audience::One(self.audience.clone()),
            iat: issued_at,
            exp: issued_at + MAX_LIFETIME,
            nbf: None,
            credential_version: match caller.credentials {
                TokenCredentials::Version(version) => Some(version),
                TokenCredentials::IssuedAt(_) => None,
            },
        };
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &self.key).map_err(ApiError::internal)
    }
}

fn secret<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SecretString, D::Error> {
    String::deserialize(deserializer).map(SecretString::from)
}

/// A new Ed25519 key pair.
pub struct SigningKey {
    /// The private key as a JWK, for [`TokenSigner::new`]: into Secrets Manager, or into a file that only its owner
    /// reads.
    pub private_jwk: SecretString,
    /// The public key as a JWKS, for [`super::TokenVerifier::new`].
    pub jwks: String,
}

impl SigningKey {
    /// Makes a pair. Its `kid` is its thumbprint (RFC 7638), so that two pairs never share one.
    pub fn generate(randomness: &dyn Randomness) -> Result<Self, KeyError> {
        let mut seed = [0; 32];
        randomness.fill(&mut seed);
        let pair = Ed25519KeyPair::from_seed_unchecked(&seed).map_err(|_| KeyError::new("no key came of the seed"))?;
        let x = URL_SAFE_NO_PAD.encode(pair.public_key().as_ref());
        // RFC 7638, section 3: the required members in alphabetical order, without white space.
        let kid = URL_SAFE_NO_PAD.encode(Sha256::digest(format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#)));
        let public = format!(r#""kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"{kid}","x":"{x}""#);
        let d = URL_SAFE_NO_PAD.encode(seed);
        Ok(Self {
            private_jwk: SecretString::from(format!(r#"{{{public},"d":"{d}"}}"#)),
            jwks: format!(r#"{{"keys":[{{{public}}}]}}"#),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::http::testing::{AUDIENCE, ISSUER, NOW, signer, signing_key};

    /// The key of RFC 8037, appendix A.1.
    struct Rfc8037;

    impl Randomness for Rfc8037 {
        fn fill(&self, bytes: &mut [u8]) {
            let seed = URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
            bytes.copy_from_slice(&seed);
        }
    }

    #[test]
    fn a_pair_has_the_public_key_and_the_thumbprint_of_its_rfc() {
        let pair = SigningKey::generate(&Rfc8037).unwrap();
        let jwks: Value = serde_json::from_str(&pair.jwks).unwrap();
        assert_eq!(jwks["keys"][0]["x"], "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
        assert_eq!(jwks["keys"][0]["kid"], "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
        assert!(jwks["keys"][0].get("d").is_none());
        let private: Value = serde_json::from_str(pair.private_jwk.expose_secret()).unwrap();
        assert_eq!(private["d"], "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");
        assert_eq!(private["kid"], jwks["keys"][0]["kid"]);
    }

    #[test]
    fn a_token_says_who_for_whom_and_how_long() {
        let caller = Caller {
            user: "64ee9a8b1e7f2a001122339b".parse().unwrap(),
            organization: "64ee9a8b1e7f2a0011223344".parse().unwrap(),
            role: crate::domain::Role::Admin,
            name: "Pat Admin".to_owned(),
            credentials: TokenCredentials::Version(3),
        };
        let token = signer().sign(&caller, *NOW).unwrap();
        let part = |index: usize| -> Value {
            let part = token.split('.').nth(index).unwrap();
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
        };
        let jwks: Value = serde_json::from_str(&signing_key().jwks).unwrap();
        assert_eq!(part(0), json!({"typ": "JWT", "alg": "EdDSA", "kid": jwks["keys"][0]["kid"]}));
        let claims = json!({
            "sub": "64ee9a8b1e7f2a001122339b", "organizationId": "64ee9a8b1e7f2a0011223344", "accessRole": "ADMIN",
            "name": "Pat Admin", "iss": ISSUER, "aud": AUDIENCE, "iat": NOW.as_seconds(), "exp": NOW.as_seconds() + 3600,
            "credentialVersion": 3,
        });
        assert_eq!(part(1), claims);
    }

    #[test]
    fn a_key_that_cannot_sign_is_refused_without_being_shown() {
        let good: Value = serde_json::from_str(signing_key().private_jwk.expose_secret()).unwrap();
        let other: Value =
            serde_json::from_str(SigningKey::generate(&Rfc8037).unwrap().private_jwk.expose_secret()).unwrap();
        let secret = good["d"].as_str().unwrap();
        for (name, value) in [
            ("kty", json!("EC")),
            ("crv", json!("X25519")),
            ("alg", json!("HS256")),
            ("kid", json!("")),
            ("kid", json!(null)),
            ("x", other["x"].clone()),
            ("x", json!("AAAA")),
            ("d", json!("not base64url!")),
            ("d", json!({"secret": secret})),
        ] {
            let mut jwk = good.clone();
            jwk[name] = value;
            let error = TokenSigner::new(&SecretString::from(jwk.to_string()), ISSUER, AUDIENCE).err().unwrap();
            assert!(!error.to_string().contains(secret), "{error}");
        }
        for text in ["", "null", "[]", "-----BEGIN PRIVATE KEY-----"] {
            assert!(TokenSigner::new(&SecretString::from(text), ISSUER, AUDIENCE).is_err(), "{text}");
        }
    }
}
