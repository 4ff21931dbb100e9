//! Passwords: secret from the first byte on.

use std::fmt;
use std::sync::LazyLock;

use std::collections::HashSet;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use super::{Email, Violation};

/// The fewest code points that a new password may have (NIST SP 800-63B, section 5.1.1.2).
const MIN_LENGTH: usize = 8;
/// The most code points that a password may have: more only costs hashing time.
const MAX_LENGTH: usize = 128;

/// Passwords that everybody tries first, in lower case, one a line. `common-passwords.md` beside it tells its source.
static COMMON: LazyLock<HashSet<&'static str>> =
    LazyLock::new(|| include_str!("common-passwords.txt").lines().collect());

/// A password in Normalization Form C, so that two keyboards type one password (NIST SP 800-63B, section 5.1.1.2). It has no
/// output of any kind.
#[derive(Clone)]
pub struct Password {
    text: SecretString,
    /// As it was typed, where that is another text.
    typed: Option<SecretString>,
}

impl Password {
    /// Takes any text.
    pub fn new(text: String) -> Self {
        if is_nfc(&text) {
            return Self { text: SecretString::from(text), typed: None };
        }
        let normalized: String = text.nfc().collect();
        Self { text: SecretString::from(normalized), typed: Some(SecretString::from(text)) }
    }

    /// The bytes of the normalized password, for the hash alone.
    pub fn expose(&self) -> &[u8] {
        self.text.expose_secret().as_bytes()
    }

    /// The bytes as they were typed, where those are others: hashes that were made before passwords were normalized are of them.
    pub fn expose_typed(&self) -> Option<&[u8]> {
        self.typed.as_ref().map(|typed| typed.expose_secret().as_bytes())
    }

    /// Whether it is short enough to be anybody's password at all.
    pub fn is_hashable(&self) -> bool {
        let forms = [Some(&self.text), self.typed.as_ref()];
        forms.into_iter().flatten().any(|form| form.expose_secret().chars().count() <= MAX_LENGTH)
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// A password good enough for a new user: 8 to 128 code points, not a common one, not the user's own e-mail address.
#[derive(Debug, Clone)]
pub struct NewPassword(Password);

impl NewPassword {
    /// Reads the list of common passwords. Call it while the function starts.
    pub fn prepare() {
        LazyLock::force(&COMMON);
    }

    /// Judges `password` for the user of `email`, where the address is known.
    pub fn parse(password: Password, email: Option<&Email>) -> Result<Self, Violation> {
        let text = password.text.expose_secret();
        let length = text.chars().count();
        if !(MIN_LENGTH..=MAX_LENGTH).contains(&length) {
            return Err(Violation::refused(format!(
                "the password has {length} characters; it needs {MIN_LENGTH} to {MAX_LENGTH}"
            )));
        }
        let folded = text.to_lowercase();
        if COMMON.contains(folded.as_str()) {
            return Err(Violation::refused("the password is one of the most common ones; choose another"));
        }
        if email.is_some_and(|email| folded == email.as_str().to_lowercase() || folded == email.key().as_str()) {
            return Err(Violation::refused("the password is the e-mail address; choose another"));
        }
        Ok(Self(password))
    }

    /// The password itself.
    pub fn password(&self) -> &Password {
        &self.0
    }
}

fn secret() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::String)
        .format(Some(SchemaFormat::KnownFormat(KnownFormat::Password)))
        .write_only(true)
}

impl PartialSchema for Password {
    fn schema() -> RefOr<Schema> {
        secret().description(Some("A password as somebody typed it. No answer and no log ever has it.")).into()
    }
}

impl ToSchema for Password {}

impl PartialSchema for NewPassword {
    fn schema() -> RefOr<Schema> {
        secret()
            .description(Some(format!(
                "The password of a new user, normalized to NFC: {MIN_LENGTH} to {MAX_LENGTH} code points, not one of the most \
                 common passwords, not the user's own e-mail address."
            )))
            .min_length(Some(MIN_LENGTH))
            .max_length(Some(MAX_LENGTH))
            .examples(["TempPass!2026"])
            .into()
    }
}

impl ToSchema for NewPassword {}

#[cfg(test)]
mod tests {
    use super::*;

    fn judge(text: &str) -> Result<NewPassword, Violation> {
        let email = Email::parse("Casey@acme.example").unwrap();
        NewPassword::parse(Password::new(text.to_owned()), Some(&email))
    }

    #[test]
    fn a_password_has_8_to_128_code_points() {
        for (length, good) in [(7, false), (8, true), (9, true), (127, true), (128, true), (129, false)] {
            assert_eq!(judge(&"ü~".repeat(length).chars().take(length).collect::<String>()).is_ok(), good, "{length}");
        }
    }

    #[test]
    fn a_password_is_normalized_before_it_is_judged() {
        // "é" in one code point and in two.
        let length = |text: &str| judge(text).is_ok();
        assert!(!length(&"e\u{301}".repeat(7)) && length(&"e\u{301}".repeat(8)) && length(&"e\u{301}".repeat(128)));
        assert!(!length(&"e\u{301}".repeat(129)));
        // The Kelvin sign is a K.
        assert!(COMMON.contains("monkey123") && judge("mon\u{212a}ey123").is_err());
        let (composed, decomposed) = (Password::new("Caf\u{e9}".into()), Password::new("Cafe\u{301}".into()));
        assert_eq!(composed.expose(), decomposed.expose());
        assert_eq!((composed.expose_typed(), decomposed.expose_typed()), (None, Some("Cafe\u{301}".as_bytes())));
    }

    #[test]
    fn a_password_is_hashed_where_one_of_its_forms_is_short_enough() {
        // Composed it has half as many code points; the Hebrew letter has one more in its normal form.
        for (typed, good) in [
            ("e\u{301}".repeat(128), true),
            ("e\u{301}".repeat(129), false),
            ("\u{fb2c}".repeat(128), true),
            ("\u{fb2c}".repeat(129), false),
        ] {
            assert_eq!(Password::new(typed.clone()).is_hashable(), good, "{typed}");
        }
    }

    #[test]
    fn a_common_password_is_refused_in_any_case() {
        assert!(judge("password1").is_err());
        assert!(judge("PassWord1").is_err());
        assert!(COMMON.len() >= 1000, "{}", COMMON.len());
    }

    #[test]
    fn the_passwords_of_the_demo_pass() {
        assert!(judge("TempPass!2026").is_ok());
        assert!(judge("Demo-Pass-2026!").is_ok());
    }

    #[test]
    fn a_password_is_not_the_address() {
        assert!(judge("casey@ACME.example").is_err());
    }

    #[test]
    fn a_password_shows_itself_nowhere() {
        let shown = format!("{:?} {:?}", Password::new("TempPass!2026".into()), judge("TempPass!2026").unwrap());
        assert!(!shown.contains("TempPass"), "{shown}");
    }
}
