//! The key pair that signs and verifies tokens.

use std::fmt;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::value::RawValue;
use shared::http::{KeyError, SigningKey};
use shared::ids::Randomness;

use crate::database::file::{make_private, private};

/// A private key and its public set.
#[derive(Clone)]
pub struct Keys {
    /// The private key as a JWK, for sign-in only.
    pub private_jwk: SecretString,
    /// The public keys as a JWKS, for every function.
    pub jwks: String,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("jwks", &self.jwks).finish_non_exhaustive()
    }
}

/// Why keys cannot be read or created.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read or written.
    #[error("the keys in {file}: {source}")]
    File {
        /// The file.
        file: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The file does not hold keys.
    #[error(
        "the keys in {0} cannot be read: move the file away, and the next start creates new ones (tokens signed so far become invalid)"
    )]
    Foreign(PathBuf),
    /// No key could be created.
    #[error(transparent)]
    Key(#[from] KeyError),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KeysFile {
    private_key: Box<RawValue>,
    jwks: Box<RawValue>,
}

impl Keys {
    /// Creates a new pair.
    pub fn generate(randomness: &dyn Randomness) -> Result<Self, KeysError> {
        let SigningKey { private_jwk, jwks } = SigningKey::generate(randomness)?;
        Ok(Self { private_jwk, jwks })
    }

    /// Reads the pair in `file`. Creates the file with a new pair if it does not exist; only its owner can read it.
    pub fn kept_in(file: &Path, randomness: &dyn Randomness) -> Result<Self, KeysError> {
        let failed = |source| KeysError::File { file: file.to_owned(), source };
        match std::fs::read_to_string(file) {
            Ok(text) => {
                let keys = Self::from_json(&text).ok_or_else(|| KeysError::Foreign(file.to_owned()))?;
                make_private(file).map_err(failed)?;
                Ok(keys)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let keys = Self::generate(randomness)?;
                write_private(file, &keys.to_json()).map_err(failed)?;
                Ok(keys)
            }
            Err(error) => Err(failed(error)),
        }
    }

    /// Returns both as `{"privateKey": {..}, "jwks": {"keys": [..]}}`. A secret: only for a file or a pipe.
    pub fn to_json(&self) -> String {
        format!("{{\"privateKey\": {}, \"jwks\": {}}}\n", self.private_jwk.expose_secret(), self.jwks)
    }

    fn from_json(text: &str) -> Option<Self> {
        let file: KeysFile = serde_json::from_str(text).ok()?;
        Some(Self { private_jwk: SecretString::from(file.private_key.get()), jwks: file.jwks.get().to_owned() })
    }
}

/// Returns the file of a database's keys: beside it, named after it.
pub fn file_beside(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".keys.json");
    PathBuf::from(name)
}

fn write_private(file: &Path, text: &str) -> io::Result<()> {
    private(OpenOptions::new().write(true).create_new(true)).open(file)?.write_all(text.as_bytes())
}

#[cfg(test)]
mod tests {
    use shared::ids::SystemRandomness;

    use super::*;

    fn fresh_directory(name: &str) -> PathBuf {
        let directory = std::env::temp_dir().join(format!("local-keys-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&directory);
        std::fs::create_dir_all(&directory).unwrap();
        directory
    }

    #[test]
    fn keys_are_made_once_and_then_kept() {
        let directory = fresh_directory("kept");
        let file = file_beside(&directory.join("crm.db"));
        assert!(file.ends_with("crm.db.keys.json"));
        let made = Keys::kept_in(&file, &SystemRandomness).unwrap();
        let kept = Keys::kept_in(&file, &SystemRandomness).unwrap();
        assert_eq!(made.jwks, kept.jwks);
        assert_eq!(made.private_jwk.expose_secret(), kept.private_jwk.expose_secret());
        assert_ne!(made.jwks, Keys::generate(&SystemRandomness).unwrap().jwks);
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn only_the_owner_can_read_the_keys() {
        use std::os::unix::fs::PermissionsExt;

        let directory = fresh_directory("mode");
        let file = directory.join("keys.json");
        for _ in 0..2 {
            Keys::kept_in(&file, &SystemRandomness).unwrap();
            assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
            // A copy may have such permissions.
            std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
        }
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn a_file_with_something_else_is_left_alone() {
        let directory = fresh_directory("foreign");
        let file = directory.join("keys.json");
        for text in ["", "{}", "[1]", r#"{"privateKey": {}, "jwks": {}, "more": 1}"#] {
            std::fs::write(&file, text).unwrap();
            let error = Keys::kept_in(&file, &SystemRandomness).unwrap_err();
            assert!(matches!(error, KeysError::Foreign(_)), "{error}");
            assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
        }
        std::fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn debug_output_has_no_private_key() {
        let keys = Keys::generate(&SystemRandomness).unwrap();
        assert!(!format!("{keys:?}").contains("\"d\""));
    }
}
