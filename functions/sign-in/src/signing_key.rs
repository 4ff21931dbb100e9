//! Reads the private key once, when the function starts.

use aws_sdk_secretsmanager::Client;
use aws_sdk_secretsmanager::error::DisplayErrorContext;
use secrecy::SecretString;
use shared::config::{SigningKeySource, function_settings};

/// Why the private key cannot be read. Never contains a part of the key.
#[derive(Debug, thiserror::Error)]
#[error("the secret {id} gives no signing key: {cause}")]
pub struct SigningKeyError {
    id: String,
    cause: String,
}

/// Returns the private JWK from `source`. The function cannot start without it.
pub async fn load(source: SigningKeySource) -> Result<SecretString, SigningKeyError> {
    match source {
        SigningKeySource::Given(jwk) => Ok(jwk),
        SigningKeySource::Secret { id } => fetch(&Client::new(&function_settings(None).await), id).await,
    }
}

async fn fetch(client: &Client, id: String) -> Result<SecretString, SigningKeyError> {
    let answer = client.get_secret_value().secret_id(&id).send().await;
    let secret = match answer {
        Ok(secret) => secret,
        Err(error) => return Err(SigningKeyError { cause: DisplayErrorContext(error).to_string(), id }),
    };
    let jwk = secret.secret_string.map(SecretString::from);
    jwk.ok_or_else(|| SigningKeyError { cause: "it is binary; store the JWK as text".to_owned(), id })
}
