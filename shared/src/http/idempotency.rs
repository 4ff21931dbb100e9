//! The `Idempotency-Key` header: a client that got no answer repeats its request under the same key, and what it asked for
//! happens once.

use http::HeaderName;
use lambda_http::Request;
use sha2::{Digest, Sha256};

use super::{ApiError, route};
use crate::domain::{ObjectId, Principal};

/// The longest key, in characters, as the decisions of the design set it.
pub const MAX_KEY: usize = 255;

/// The header.
pub(super) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// What the header may hold, as a regular expression: a key of up to [`MAX_KEY`] characters, in quotes or without.
pub(super) const PATTERN: &str = r#"^(?:[!#-\[\]-~]{1,255}|"[!#-\[\]-~]{1,255}")$"#;

/// A client's own name for one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Reads the header: quoted or bare, 1 to [`MAX_KEY`] visible ASCII characters without quotes and backslashes. Returns
    /// `None` where the header is absent. Fails with 400 `invalid_header` where it is anything else.
    pub fn of(request: &Request) -> Result<Option<Self>, ApiError> {
        let mut values = request.headers().get_all(IDEMPOTENCY_KEY).iter();
        let value = match (values.next(), values.next()) {
            (None, _) => return Ok(None),
            (Some(value), None) => value.to_str().map_err(|_| malformed())?.trim(),
            (Some(_), Some(_)) => return Err(malformed()),
        };
        let key = match value.strip_prefix('"') {
            Some(quoted) => quoted.strip_suffix('"').ok_or_else(malformed)?,
            None => value,
        };
        let is_plain = key.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
        if (1..=MAX_KEY).contains(&key.len()) && is_plain { Ok(Some(Self(key.to_owned()))) } else { Err(malformed()) }
    }

    /// The id of what this request makes: the same for the same caller, method, path and key, and no other.
    pub fn derive_id(&self, principal: &Principal, request: &Request) -> ObjectId {
        // Ids in the path may be written in either case and name the same thing.
        let path = route::path_of(request).to_ascii_lowercase();
        let mut digest =
            Sha256::new().chain_update(principal.organization.as_bytes()).chain_update(principal.user.as_bytes());
        for part in [request.method().as_str(), &path, &self.0] {
            // The length first, so that no two lists of parts read the same.
            digest.update(part.len().to_be_bytes());
            digest.update(part);
        }
        let mut bytes = [0; 12];
        bytes.copy_from_slice(&digest.finalize()[..12]);
        ObjectId::from_bytes(bytes)
    }
}

pub(super) fn malformed() -> ApiError {
    ApiError::InvalidHeader(format!(
        "Idempotency-Key stands once, with 1 to {MAX_KEY} visible ASCII characters, in quotes or without; quotes and \
         backslashes are not among them"
    ))
}

#[cfg(test)]
mod tests {
    use http::Method;
    use lambda_http::Body;

    use super::*;
    use crate::domain::Role;

    fn request(method: Method, path: &str, keys: &[&str]) -> Request {
        let mut request = http::Request::builder().method(method).uri(path).body(Body::Empty).unwrap();
        for key in keys {
            request.headers_mut().append("idempotency-key", key.parse().unwrap());
        }
        request
    }

    fn key(keys: &[&str]) -> Result<Option<IdempotencyKey>, ApiError> {
        IdempotencyKey::of(&request(Method::POST, "/", keys))
    }

    #[test]
    fn a_key_is_quoted_or_bare_and_has_1_to_255_characters() {
        assert_eq!(key(&[]), Ok(None));
        let longest = "k".repeat(255);
        for good in ["a", "8e03978e-40d5-43e8-bc93-6894a57f9324", "a,b;c=d", &longest] {
            assert_eq!(key(&[good]).unwrap().unwrap().0, good);
            assert_eq!(key(&[&format!("\"{good}\"")]).unwrap().unwrap().0, good);
        }
        let too_long = "k".repeat(256);
        for bad in ["", "\"\"", "\"a", "a\"", "a b", "a\\b", &too_long, &format!("\"{too_long}\"")] {
            assert!(matches!(key(&[bad]), Err(ApiError::InvalidHeader(_))), "{bad}");
        }
        assert!(key(&["a", "a"]).is_err());
    }

    #[test]
    fn the_id_depends_on_caller_method_path_and_key_and_on_nothing_else() {
        let principal = |organization, user| Principal {
            organization: ObjectId::from_bytes([organization; 12]),
            user: ObjectId::from_bytes([user; 12]),
            role: Role::Admin,
        };
        let id = |principal: &Principal, method: Method, path: &str, text: &str| {
            let request = request(method, path, &[text]);
            IdempotencyKey::of(&request).unwrap().unwrap().derive_id(principal, &request)
        };
        let first = id(&principal(1, 2), Method::POST, "/api/user-snapshots/665F1a0c0e0a4b001a2c9f80/apply", "k");
        assert_eq!(
            first,
            id(&principal(1, 2), Method::POST, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/apply", "\"k\"")
        );
        for other in [
            id(&principal(1, 3), Method::POST, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/apply", "k"),
            id(&principal(3, 2), Method::POST, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/apply", "k"),
            id(&principal(1, 2), Method::PUT, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/apply", "k"),
            id(&principal(1, 2), Method::POST, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f81/apply", "k"),
            id(&principal(1, 2), Method::POST, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/apply", "K"),
            id(&principal(1, 2), Method::POST, "/api/user-snapshots/665f1a0c0e0a4b001a2c9f80/appl", "yk"),
        ] {
            assert_ne!(first, other);
        }
    }
}
