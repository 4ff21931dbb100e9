//! The one-time token of an invitation: `<organization>.<user>.<secret>`, all of it in the letters of base64url. It names its user, so
//! accepting it needs no item that leads from the token to the user. The table has its SHA-256.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use std::time::Duration;

use crate::domain::ObjectId;
use crate::ids::Randomness;

/// How long an invitation can be accepted.
pub const INVITATION_LIFETIME: Duration = Duration::from_secs(72 * 60 * 60);
/// The random bytes of a token: 256 bits.
const SECRET_BYTES: usize = 32;
/// The length of a token: two ids, two dots, and the secret.
const TOKEN_LENGTH: usize = 24 + 1 + 24 + 1 + 43;

/// A token. It has no output but [`InvitationToken::expose`].
pub struct InvitationToken {
    organization: ObjectId,
    user: ObjectId,
    text: SecretString,
}

/// The SHA-256 of a token, as hex digits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvitationHash(String);

impl InvitationToken {
    /// Makes a new token for a user.
    pub fn generate(organization: ObjectId, user: ObjectId, randomness: &dyn Randomness) -> Self {
        let mut secret = [0; SECRET_BYTES];
        randomness.fill(&mut secret);
        let text = format!("{organization}.{user}.{}", URL_SAFE_NO_PAD.encode(secret));
        Self { organization, user, text: SecretString::from(text) }
    }

    /// Reads a token. Returns `None` for any text that [`InvitationToken::generate`] cannot give.
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != TOKEN_LENGTH {
            return None;
        }
        let mut parts = text.split('.');
        let (organization, user, secret) = (parts.next()?, parts.next()?, parts.next()?);
        let decoded = URL_SAFE_NO_PAD.decode(secret).ok()?;
        let (organization, user): (ObjectId, ObjectId) = (organization.parse().ok()?, user.parse().ok()?);
        let is_whole = parts.next().is_none() && decoded.len() == SECRET_BYTES;
        let is_plain = format!("{organization}.{user}.{secret}") == text;
        (is_whole && is_plain).then(|| Self { organization, user, text: SecretString::from(text) })
    }

    /// Returns the organization that the token names.
    pub fn organization(&self) -> ObjectId {
        self.organization
    }

    /// Returns the user whom the token names.
    pub fn user(&self) -> ObjectId {
        self.user
    }

    /// Returns the text, for the answer to the caller who made the invitation.
    pub fn expose(&self) -> &str {
        self.text.expose_secret()
    }

    /// Returns the hash.
    pub fn hash(&self) -> InvitationHash {
        InvitationHash(hex::encode(Sha256::digest(self.text.expose_secret())))
    }
}

impl InvitationHash {
    /// Returns a stored hash.
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// Returns the hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether the stored hash is this one. Takes the same time whatever is stored, and if nothing is.
    pub fn is(&self, stored: Option<&Self>) -> bool {
        let nothing = "0".repeat(self.0.len());
        let other = stored.map_or(nothing.as_str(), Self::as_str);
        verify_slices_are_equal(self.0.as_bytes(), other.as_bytes()).is_ok() && stored.is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SystemRandomness;

    fn token() -> InvitationToken {
        InvitationToken::generate(ObjectId::from_bytes([1; 12]), ObjectId::from_bytes([0xab; 12]), &SystemRandomness)
    }

    #[test]
    fn a_token_names_its_user_and_reads_as_it_is_written() {
        let made = token();
        assert_eq!(made.expose().len(), TOKEN_LENGTH);
        assert!(
            made.expose().starts_with("010101010101010101010101.abababababababababababab."),
            "its parts are in order"
        );
        let read = InvitationToken::parse(made.expose()).unwrap();
        assert_eq!((read.organization(), read.user()), (made.organization(), made.user()));
        assert!(read.hash().is(Some(&made.hash())) && !read.hash().is(Some(&token().hash())) && !read.hash().is(None));
        assert_ne!(token().expose(), made.expose());
    }

    #[test]
    fn a_hash_is_64_hex_digits_and_no_part_of_the_token() {
        let made = token();
        assert_eq!(made.hash().as_str().len(), 64);
        assert!(!made.expose().contains(made.hash().as_str()));
        for other in ["", "00", &"0".repeat(64), &made.hash().as_str().to_uppercase()] {
            assert!(!made.hash().is(Some(&InvitationHash::stored(other.to_owned()))), "{other}");
        }
    }

    #[test]
    fn no_other_text_is_a_token() {
        let good = token().expose().to_owned();
        let (ids, secret) = good.split_at(50);
        let changed = |at: usize, to: &str| format!("{}{to}{}", &good[..at], &good[at + 1..]);
        for bad in [
            String::new(),
            good[1..].to_owned(),
            format!("{good}A"),
            format!("{good}="),
            format!(" {}", &good[1..]),
            good.to_uppercase(),
            good.replace('.', "-"),
            changed(0, "g"),
            changed(24, "_"),
            changed(30, "."),
            changed(60, "."),
            changed(60, "+"),
            changed(60, "/"),
            changed(60, "\n"),
            changed(25, "A"),
            format!("{ids}{}", secret.replace(&secret[42..], "B")),
        ] {
            assert!(InvitationToken::parse(&bad).is_none(), "{bad:?}");
        }
    }
}
